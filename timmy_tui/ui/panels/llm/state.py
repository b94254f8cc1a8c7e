"""What screen 4 says first: does the prompt cache work, which model is loaded, and how full its context window is."""

from collections.abc import Mapping

from timmy_tui.core.formatting import MISSING, ago, percent
from timmy_tui.model.judgement import Finding
from timmy_tui.model.llm import FAIL, NOT_JUDGED, PASS, ContextState, LlmState, OllamaFacts
from timmy_tui.model.stages.watched import PROMPT_CACHE
from timmy_tui.report.words.llm import value_words
from timmy_tui.ui.charts.stack import gauge_line
from timmy_tui.ui.paint.lines import Line, cells, fit, foreign, join_fitting, line
from timmy_tui.ui.paint.wording import finding_role, signed, tokens
from timmy_tui.ui.view import View

CACHE_CRITERION = "prefix_reuse"
"""The criterion that tells whether the cache works; the signs of the guide do not."""


_NOT_KNOWN = ("whether the prompt cache works is not known", "cache: not known yet")
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    PASS: ("the prompt cache works", "cache works"),
    FAIL: ("less than half of each prompt comes from the cache", "less than half is cached", "cache: little"),
}
"""Verdict → what it says, from the longest to the shortest."""


def answer_line(state: LlmState, view: View, width: int) -> Line:
    """Whether the prompt cache works, as the criterion says it; why that is not known."""
    item = next((one for one in state.criteria if one.key == CACHE_CRITERION), None)
    stopped = next((one for one in view.findings if one.stage == PROMPT_CACHE and one.direction == "slower"), None)
    if stopped is not None:
        return _stopped_line(stopped, view, width)
    glyph, role = {PASS: (view.glyphs.ok, "good"), FAIL: (view.glyphs.fail, "warn")}.get(
        item.verdict if item is not None else NOT_JUDGED, (view.glyphs.none, "muted")
    )
    if item is None or item.because:
        reason = item.because if item is not None else "no turn shows it"
        return _not_known(f"{glyph} ", reason, width)
    value = line((value_words(item), "text"))
    for text in _ANSWERS.get(item.verdict if item is not None else NOT_JUDGED, _NOT_KNOWN):
        answer = line((f"{glyph} {text}", role))
        if cells(answer) + 2 + cells(value) <= width:
            return (*answer, *line("  "), *value)
    return fit((*answer, *line("  "), *value), width)


def _not_known(head: str, reason: str, width: int) -> Line:
    """With the reason, which is whole or not there: ``because no…`` is none."""
    answers = [line((f"{head}{text}", "muted")) for text in _NOT_KNOWN]
    why = [line((text, "text")) for text in (f"because {reason}", reason)]
    whole = [(*answer, *line("  "), *words) for words in why for answer in answers]
    return next((one for one in (*whole, *answers) if cells(one) <= width), fit(answers[-1], width))


def _stopped_line(finding: Finding, view: View, width: int) -> Line:
    """The criterion is of all turns of the epoch, most of which were reused: the finding is of now."""
    lost = f"{signed(finding.after_ms - finding.before_ms, view.glyphs)} a turn"
    since = f"since {view.turn_name(finding.since, finding.since_id)}"
    words = line((f"{view.glyphs.fail} the prompt cache stopped helping", finding_role(finding)))
    return join_fitting([words, line(lost), line((since, "muted"))], width)


def model_lines(state: LlmState, view: View, width: int) -> list[Line]:
    """Server, model, its share on the GPU and when it is unloaded; warnings below."""
    facts = state.facts
    if facts is None:
        lines = [line(("Ollama ", "title"), ("not asked", "muted"))]
    elif facts.reachable is False:
        since = f" for {ago(view.now - facts.since)}" if facts.since is not None else ""
        lines = [line(("Ollama ", "title"), (f"unreachable{since} {foreign(facts.problem, 60)}", "bad"))]
    else:
        lines = [join_fitting(_residency(facts, view), width)]
    lines.extend(line((f"{view.glyphs.warn} {foreign(text, width - 2)}", "warn")) for text in state.warnings[:2])
    return lines


def _residency(facts: OllamaFacts, view: View) -> list[Line]:
    version = f" {foreign(facts.version, 16)}" if facts.version else ""
    parts = [line((f"Ollama{version}", "title")), line((foreign(facts.model or MISSING, 32), "value"))]
    detail = " ".join(foreign(text, 12) for text in (facts.parameters, facts.quantization) if text)
    if detail:
        parts.append(line((detail, "muted")))
    on_gpu = facts.gpu_share
    if facts.size and on_gpu is not None:
        role = "good" if on_gpu > 0.995 else "warn"
        parts.append(line((f"{facts.size / 1e9:.1f} GB, {percent(on_gpu)} GPU", role)))
    if facts.cloud:
        parts.append(line(("runs in the cloud", "muted")))
    elif facts.loaded is False:
        parts.append(line(("not loaded: the next turn is cold", "warn")))
    elif facts.expires is not None:
        forever = facts.expires == float("inf")
        remaining_s = facts.expires - view.now
        text = "stays loaded" if forever else f"unloads in {ago(remaining_s)}"
        parts.append(line((text, "muted" if forever or remaining_s > 60 else "warn")))
    if facts.last_activity is not None:
        parts.append(line((f"last request {ago(view.now - facts.last_activity)} ago", "muted")))
    return parts


def context_line(state: LlmState, view: View, width: int) -> Line:
    """How full the window is, with a forecast."""
    bar = max(8, min(40, width // 5))
    return join_fitting(_context(state.context, bar, view), width)


def _context(context: ContextState | None, bar: int, view: View) -> list[Line]:
    """What is used first, then what it will come to."""
    head = line(("context ", "muted"))
    if context is None:
        return [(*head, *line((MISSING, "faint")))]
    source = f" ({context.window_source})" if context.window_source else ""
    about = "~" if context.used_estimated else ""
    parts = [
        (*head, *gauge_line(context.fill, bar, view.glyphs), *line((f" {percent(context.fill)}", "value"))),
        line(f"{about}{tokens(context.used)} of {tokens(context.window)}{source}"),
    ]
    if context.truncated:
        parts.append(line(("the newest prompt was cut", "bad")))
    if context.turns_left is not None:
        parts.append(line((f"≈{context.turns_left} turns left", "warn" if context.turns_left < 5 else "muted")))
    if context.growth is not None:
        parts.append(line((f"{context.growth:+.0f} tok a turn", "muted")))
    if context.note:
        parts.append(line((foreign(context.note, 60), "muted")))
    return parts
