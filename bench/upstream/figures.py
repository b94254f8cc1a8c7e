"""Every figure that upstream's two scripts print, and where ``timmy-tui report`` has it, or why it has no equal.

The one table: ``python -m bench upstream PATH`` holds the report against it, and docs/upstream-scripts.md is printed
from it (``python -m bench.upstream.figures > docs/upstream-scripts.md``).
"""

from typing import NamedTuple

LATENCY, SESSIONS = "analyze_latency.py", "analyze_sessions.py"

REASONS: dict[str, str] = {
    "lone pause": "An id with one event is a request of 0 s. STT writes 75–100 such pauses a minute in a quiet room. "
    "Here they are counted (`pauses without text`) and are in no mean.",
    "in flight": "A turn that is not over counts as far as it has come. Here it counts when it is over.",
    "no speech": "A request without a logged speech counts as a speech of 0 s. Here it is in no mean of the playback.",
    "half a speech": "Where one of the two events of the speech is missing, nothing is taken off. Here the processing "
    "time is unknown then.",
    "event between": "The speech is taken off only if no other event has its stamp between its two. Here it always is.",
    "came twice": "Of an event that came twice in a turn, or of a step of the same name, the last counts. Here the "
    "first event counts, and every step.",
    "clocks": "The outermost stamps count, of whichever clock, and events are sorted across clocks. Here STT's and "
    "TTS's clock times a turn; what spans a step of a clock, a sleep or two clocks that differ is unknown.",
    "not logged": "0, or No, stands for what was not logged. Here it is `—` and null.",
    "own group": "Only `v34_webhook_received` names its session, and each event is grouped by its own: that event "
    "stands in a group by itself, and every other one in the group `unknown`.",
    "whole log": "The group `unknown` holds all sessions of the log, in the order of the file. Here each session has "
    "its own figures, in the order of the turns.",
    "rounded down": "The mean of the prompt sizes is rounded down, and is of requests with an Ollama time alone.",
}
"""What makes a figure another one there than here, in one sentence each."""


class Figure(NamedTuple):
    """One figure, or one group of alike ones."""

    script: str
    key: str
    theirs: str
    """As the script names it."""
    ours: str
    """Where the report has it: in the text · in the JSON. Empty: nowhere."""
    reasons: tuple[str, ...] = ()
    """Keys of REASONS: what alone may make it differ."""
    means_else: str = ""
    """Why it has no equal here; empty: it means the same."""


FIGURES: tuple[Figure, ...] = (
    Figure(LATENCY, "start", "Start Time", "`start` · `turns[].started`", ("clocks",)),
    Figure(
        LATENCY, "processing", "Processing Time", "`processing` · `turns[].processing_ms`",
        ("half a speech", "event between", "came twice", "clocks"),
    ),
    Figure(
        LATENCY, "playback", "Audio Playback", "`playback` · `turns[].stages.playback`",
        ("no speech", "half a speech", "event between", "came twice", "clocks"),
    ),
    Figure(
        LATENCY, "total", "Total Duration, TOTAL", "`end to end` · `turns[].end_to_end_ms`", ("came twice", "clocks")
    ),
    Figure(LATENCY, "timeline", "TIMELINE", "`at` (text)"),
    Figure(LATENCY, "deltas", "DELTAS", "`delta` (text)", ("came twice",)),
    Figure(
        LATENCY, "requests", "Total Requests Analyzed", "`summary of N turns` · `turns[]`",
        means_else="It counts ids, those of pauses without text too: turns + `pauses without text` = ids, where no id "
        "is typed or came again.",
    ),
    Figure(
        LATENCY, "mean processing", "Processing Time: Average, Minimum, Maximum", "`processing` · `times.processing`",
        ("lone pause", "in flight", "half a speech", "event between", "came twice", "clocks"),
    ),
    Figure(
        LATENCY, "mean playback", "Audio Playback Time: Average, Minimum, Maximum", "`playback` · `times.playback`",
        ("lone pause", "in flight", "no speech", "half a speech", "event between", "came twice", "clocks"),
    ),
    Figure(
        LATENCY, "mean total", "End-to-End Total: Average, Minimum, Maximum", "`end to end` · `times.end_to_end`",
        ("lone pause", "in flight", "came twice", "clocks"),
    ),
    Figure(
        LATENCY, "steps", "Average Processing Step Times", "`step between two events` · `steps[]`",
        ("in flight", "came twice", "clocks"),
    ),
    Figure(LATENCY, "one request", "`--request ID`", "`report --request ID`, also a number"),
    Figure(
        LATENCY, "tail", "`--tail N`", "`report --tail N`",
        means_else="It takes the N highest ids, which are random, not the N newest turns.",
    ),
    Figure(
        LATENCY, "clear", "`--clear`", "",
        means_else="It deletes the log. Nothing here does; a log that was deleted is read on when it comes back.",
    ),
    Figure(
        SESSIONS, "sessions", "Total Sessions Found", "`== session` · `sessions[]`",
        means_else="It counts groups: one for each v34 process that answered a turn, and `unknown`.",
    ),
    Figure(
        SESSIONS, "members", "Total Requests of a session", "`N turns` · `sessions[].turns`", ("own group",)
    ),
    Figure(
        SESSIONS, "members unknown", "Total Requests of `unknown`", "",
        means_else="It counts all ids of the log, pauses without text too; in the groups of the sessions every figure "
        "but this count is `N/A` or 0.",
    ),
    Figure(
        SESSIONS, "row total", "Total", "`total` · `turns[].end_to_end_ms`", ("own group", "came twice", "clocks")
    ),
    Figure(SESSIONS, "row ollama", "Ollama", "`LLM` · `turns[].stages.llm`", ("came twice", "clocks")),
    Figure(
        SESSIONS, "row prompt", "Prompt", "`est` · `turns[].prompt_tokens_est`", ("not logged",)
    ),
    Figure(
        SESSIONS, "row kv", "KV", "`reuse` · `turns[].reuse`",
        means_else="YES stands where `prompt_eval_count` is 0, which Ollama 0.2 and later never report for a cached "
        "prompt: it is where the model gave no answer. NO says nothing. `reuse` says what is known, and how.",
    ),
    Figure(
        SESSIONS, "row eval", "Eval", "`prompt` · `turns[].prompt_tokens`", ("not logged",),
    ),
    Figure(SESSIONS, "row tail", "Tail", "`tail` · `turns[].tail_mode`", ("not logged",)),
    Figure(
        SESSIONS, "ollama trend", "Ollama Processing Times: First, Last, Average, Min, Max",
        "`LLM` · `sessions[].llm`", ("whole log", "in flight", "came twice", "clocks"),
    ),
    Figure(
        SESSIONS, "prompt trend", "Prompt Sizes: First, Last, Average", "`est` · `sessions[].prompt_tokens_est`",
        ("whole log", "in flight", "not logged", "came twice", "clocks", "rounded down"),
    ),
    Figure(
        SESSIONS, "speedup", "KV Cache Impact: Speedup factor",
        "`first against mean of the others` · `sessions[].llm_first_to_others`",
        ("whole log", "in flight", "came twice", "clocks"),
    ),
    Figure(
        SESSIONS, "first no cache", "KV Cache Impact: First request (no cache), Avg with cache", "",
        means_else="Nothing says that the first had no cache, nor that the others had one: a warm model answers a "
        "first turn as fast. See `reuse`.",
    ),
)  # fmt: skip
BY_KEY = {figure.key: figure for figure in FIGURES}

_HEAD = """# Upstream's two scripts, figure by figure

`analyze_latency.py` and `analyze_sessions.py` print these figures. *The same* is the same number. What may make one
another one has a name, which is explained below; where none of them applies, both must be equal. `python -m bench
upstream PATH` holds that, with both scripts from a checkout of upstream at PATH, on the logs of the tests and on
generated ones; the tests hold it with a second reading of the log, which the bench holds against the scripts.

Here is `timmy-tui report`, its `--sessions`, and its `--json` ([report-json.md](report-json.md)).
"""
_TAIL = """
What ends upstream's scripts, and not the report: `analyze_latency.py` stops with a `KeyError` at the first id that has
one event, so at any pause without text, ahead of its summary (its functions work: the bench calls them one by one).
Both stop at a line that is JSON and no object, and at bytes that are not UTF-8. Typed turns have no events: neither
script has them; the report does, and of the figures above only in the number of a session's turns.
"""


def document() -> list[str]:
    """Lines of docs/upstream-scripts.md."""
    lines = [*_HEAD.splitlines(), "", "| there | here: text · JSON | |", "|---|---|---|"]
    script = ""
    for figure in FIGURES:
        if figure.script != script:
            script = figure.script
            lines.append(f"| **{script}** | | |")
        same = "the same" + (f"; apart from: {', '.join(figure.reasons)}" if figure.reasons else "")
        verdict = f"**means something else:** {figure.means_else}" if figure.means_else else same
        lines.append(f"| {figure.theirs} | {figure.ours or '—'} | {verdict} |")
    lines += ["", "| apart from | there, and here |", "|---|---|"]
    lines += [f"| {name} | {sentence} |" for name, sentence in REASONS.items()]
    return [*lines, *_TAIL.splitlines()]


if __name__ == "__main__":
    print("\n".join(document()))
