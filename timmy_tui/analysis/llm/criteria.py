"""The guide's own lines, each judged on the running epoch against the one before, with what its sign really means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from timmy_tui.analysis.llm.epoch_figures import BROKEN_REPLY, Figures, figures, known_shares, llm_ms, total_ms
from timmy_tui.core.formatting import duration, percent
from timmy_tui.model.llm import Criterion, Reuse
from timmy_tui.model.turn import Turn

LEAST = 3
"""Turns before a median is judged; the guide asks for a conversation of 3–5."""
GOAL_MS = 350.0
"""“~300 ms”, with the spread of one run."""
TOTAL_GOAL_MS = 10_000.0
"""“~9–10 s”."""
TOTAL_GAIN_MS = 500.0
"""“improves by 500 ms+”."""
WORSE = 1.1
"""A median this much above the one before is no spread any more."""
SHIFT = (0.5, 2.0)
"""Median reply length against the epoch before, below or above which the answers are others."""
WORKING = 0.5
"""Share of the prompt from which on the cache is doing its work."""

PASS, FAIL, NOT_YET = "pass", "fail", "not yet"
METRICS, PHASE_1, PHASE_2, BROKE = "Success Metrics", "Phase 1", "Phase 2", "Something broke"


@dataclass(frozen=True)
class Grounds:
    """What a line is judged on."""

    now: Figures
    before: Figures
    reuse: Mapping[int, Reuse]


Judged = tuple[str, str, str]
"""Verdict, value, note."""


@dataclass(frozen=True)
class Row:
    """One line of the guide."""

    key: str
    label: str
    group: str
    judge: Callable[[Grounds], Judged]


def evaluate(current: Sequence[Turn], before: Sequence[Turn], reuse: Mapping[int, Reuse]) -> tuple[Criterion, ...]:
    """Every line of the guide; ``reuse`` by ordinal. An empty ``before`` is an epoch without a predecessor."""
    grounds = Grounds(figures(current), figures(before), reuse)
    found: list[Criterion] = []
    for row in TABLE:
        verdict, value, note = row.judge(grounds)
        found.append(Criterion(row.key, row.label, row.group, verdict, value, note))
    return tuple(found)


def _context_returned(grounds: Grounds) -> Judged:
    now = grounds.now
    known = [turn for turn in now.turns if turn.context_returned is not None]
    with_ids = [turn.context_returned or 0 for turn in known if turn.context_returned]
    note = "token ids that are sent back as text, not the cache: with raw=True it never comes, and reuse works without"
    if not known:
        return NOT_YET, _progress(0, now.n), note
    newest = f", newest {with_ids[-1]} ids" if with_ids else ""
    return (PASS if with_ids else FAIL), f"{len(with_ids)} of {len(known)} turns{newest}", note


def _count_zero(grounds: Grounds) -> Judged:
    counts = [turn.prompt_tokens for turn in grounds.now.later if turn.prompt_tokens is not None]
    note = "Ollama 0.2 and later count the whole prompt, cached or not: never 0, and no sign against the cache"
    if not counts:
        return NOT_YET, _progress(0, len(grounds.now.later)), note
    shares, estimated = known_shares(grounds.now.later, grounds.reuse)
    hidden = f"; hides {_reused(shares, estimated)}" if shares else ""
    zero = sum(count == 0 for count in counts)
    value = f"median {median(counts):.0f} tok, 0 in {zero} of {len(counts)}{hidden}"
    return (PASS if zero == len(counts) else FAIL), value, note


def _prefix_reuse(grounds: Grounds) -> Judged:
    shares, estimated = known_shares(grounds.now.later, grounds.reuse)
    note = "what the two lines above were meant to show"
    if len(shares) < LEAST:
        return NOT_YET, _progress(len(shares), len(grounds.now.later)), note
    verdict = PASS if median(shares) >= WORKING else FAIL
    return verdict, f"{_reused(shares, estimated)} · {len(shares)}t", note


def _llm_time(grounds: Grounds) -> Judged:
    now, n = grounds.now.median(llm_ms, later=True)
    then, _ = grounds.before.median(llm_ms, later=True)
    note = "decoding alone takes about 9 ms a token: 300 ms needs answers of some 20 tokens"
    if now is None or n < LEAST:
        return NOT_YET, _progress(n, len(grounds.now.later)), note
    return (PASS if now <= GOAL_MS else FAIL), f"p50 {duration(now)} · {n}t{_was(then)}, goal ~300ms", note


def _total_time(grounds: Grounds) -> Judged:
    now, n = grounds.now.median(total_ms)
    then, _ = grounds.before.median(total_ms)
    note = "the guide's total includes Timmy's speech; how long you waited is V2V"
    if now is None or n < LEAST:
        return NOT_YET, _progress(n, grounds.now.n), note
    return (PASS if now <= TOTAL_GOAL_MS else FAIL), f"p50 {duration(now)} · {n}t{_was(then)}, goal ≤10s", note


def _total_gain(grounds: Grounds) -> Judged:
    now, n = grounds.now.median(total_ms)
    then, m = grounds.before.median(total_ms)
    note = "longer answers and prompts shift it, too: compare V2V and the stages"
    if now is None or then is None or min(n, m) < LEAST:
        return NOT_YET, f"{_progress(n, grounds.now.n)}, before {m}t", note
    gain = then - now
    return (PASS if gain >= TOTAL_GAIN_MS else FAIL), f"{duration(now)} after {duration(then)} · {n}t/{m}t", note


def _no_slower(grounds: Grounds) -> Judged:
    now, n = grounds.now.median(llm_ms)
    then, m = grounds.before.median(llm_ms)
    note = "the guide expects no gain here: the full prompt still changes each turn"
    if now is None or then is None or min(n, m) < LEAST:
        return NOT_YET, f"{_progress(n, grounds.now.n)}, before {m}t", note
    return (PASS if now <= then * WORSE else FAIL), f"p50 {duration(now)} after {duration(then)} · {n}t/{m}t", note


def _quality(grounds: Grounds) -> Judged:
    now = grounds.now
    if now.n < LEAST:
        return NOT_YET, _progress(now.n, now.n), ""
    bad = now.signs(BROKEN_REPLY)
    length, shifted = _length(grounds)
    value = f"{bad} empty, canned or leaking of {now.n}{length}"
    note = "only what figures show; whether an answer is good, you hear"
    return (FAIL if bad or shifted else PASS), value, note


def _no_errors(grounds: Grounds) -> Judged:
    now = grounds.now
    if not now.n:
        return NOT_YET, _progress(0, 0), ""
    return (FAIL if now.failed else PASS), f"{now.failed} of {now.n} turns", ""


def _phase_1(grounds: Grounds) -> Judged:
    verdicts = [judge(grounds)[0] for judge in (_quality, _context_returned, _no_errors)]
    value = f"{verdicts.count(PASS)} of 3 pass"
    if FAIL in verdicts:
        return FAIL, value, ""
    return (PASS if verdicts.count(PASS) == 3 else NOT_YET), value, ""


def _tail_mode(grounds: Grounds) -> Judged:
    known = [turn.tail_mode for turn in grounds.now.later if turn.tail_mode is not None]
    on = sum(known)
    note = "the first turn of a session never is one"
    if not known:
        return NOT_YET, _progress(0, len(grounds.now.later)), note
    return (PASS if on * 2 > len(known) else NOT_YET), f"on in {on} of {len(known)} turns", note


def _in_tail_mode(judge: Callable[[Grounds], Judged]) -> Callable[[Grounds], Judged]:
    """Phase 2 begins with tail mode: without it there is a figure, but no verdict."""

    def judged(grounds: Grounds) -> Judged:
        verdict, value, note = judge(grounds)
        if _tail_mode(grounds)[0] == PASS:
            return verdict, value, note
        return NOT_YET, f"{value} (tail mode off)", note

    return judged


def _degraded(grounds: Grounds) -> Judged:
    leaks, empty = grounds.now.signs(("template_leak",)), grounds.now.signs(("empty_reply", "canned_reply"))
    if not grounds.now.n:
        return NOT_YET, _progress(0, 0), ""
    value = f"{leaks} with template tokens, {empty} empty or canned of {grounds.now.n}"
    return (FAIL if leaks or empty else PASS), value, ""


def _confused(grounds: Grounds) -> Judged:
    now = grounds.now
    lost = [a for a, b in zip(now.turns[1:], now.turns, strict=False) if _lost_context(a, b)]
    cut = sum("cut" in item.broken for turn in now.turns if (item := grounds.reuse.get(turn.ordinal)) is not None)
    note = "seen only where the prompt was cut or the context array was lost; the rest, you hear"
    if not now.n:
        return NOT_YET, _progress(0, 0), note
    return (FAIL if cut or lost else PASS), f"{cut} prompts cut, array lost {len(lost)}× in {now.n} turns", note


def _lost_context(turn: Turn, before: Turn) -> bool:
    """The array was dropped within a session that was sending it."""
    same = turn.session_id == before.session_id and turn.session == before.session
    return same and bool(before.context_sent) and turn.context_sent == 0


def _personality(grounds: Grounds) -> Judged:
    length, shifted = _length(grounds)
    note = "no figure knows a persona; a shift in the length of answers is the nearest sign"
    if not length:
        return NOT_YET, _progress(grounds.now.n, grounds.now.n), note
    return (FAIL if shifted else PASS), length.removeprefix(", "), note


def _length(grounds: Grounds) -> tuple[str, bool]:
    """(what is known of the answers' length, whether it shifted)."""
    now, n = grounds.now.median(lambda turn: turn.reply_length)
    then, m = grounds.before.median(lambda turn: turn.reply_length)
    if now is None or n < LEAST:
        return "", False
    if not then or m < LEAST:
        return f", reply {now:.0f} chars · {n}t", False
    return f", reply {now:.0f} chars after {then:.0f}", not SHIFT[0] <= now / then <= SHIFT[1]


def _reused(shares: Sequence[float], estimated: bool) -> str:
    return f"{'~' if estimated else ''}{percent(median(shares))} reused"


def _was(ms: float | None) -> str:
    return "" if ms is None else f", was {duration(ms)}"


def _progress(known: int, of: int) -> str:
    return f"{known} of {of} turns known, {LEAST} needed"


TABLE: tuple[Row, ...] = (
    Row("context_returned", "context_length > 0", METRICS, _context_returned),
    Row("count_zero", "prompt_eval_count = 0, requests 2+", METRICS, _count_zero),
    Row("prefix_reuse", "prompt reused, requests 2+", METRICS, _prefix_reuse),
    Row("llm_time", "Ollama ~800 → ~300ms", METRICS, _llm_time),
    Row("total_time", "total ~11s → ~9–10s", METRICS, _total_time),
    Row("phase1_quality", "replies keep their quality", PHASE_1, _quality),
    Row("phase1_context", "context arrays returned", PHASE_1, _context_returned),
    Row("phase1_errors", "no errors", PHASE_1, _no_errors),
    Row("phase1_latency", "latency may stay", PHASE_1, _no_slower),
    Row("phase2_phase1", "everything from Phase 1", PHASE_2, _phase_1),
    Row("phase2_tail", "tail mode on", PHASE_2, _tail_mode),
    Row("phase2_llm", "Ollama ~300ms, requests 2+", PHASE_2, _in_tail_mode(_llm_time)),
    Row("phase2_total", "total better by 500ms+", PHASE_2, _in_tail_mode(_total_gain)),
    Row("phase2_quality", "replies still keep it", PHASE_2, _in_tail_mode(_quality)),
    Row("broke_quality", "response quality degrades", BROKE, _degraded),
    Row("broke_context", "confused, loses context", BROKE, _confused),
    Row("broke_persona", "does not follow personality", BROKE, _personality),
    Row("broke_errors", "errors in logs", BROKE, _no_errors),
)
"""In the guide's order. Under “Something broke”, pass is: not seen."""
