"""The guide's criteria, each evaluated on the running epoch against the epoch before, with a note on what it means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from timmy_tui.analysis.llm.epoch_figures import (
    BAD_REPLY_SIGNALS,
    EpochFigures,
    epoch_figures,
    known_reuse_shares,
    llm_ms,
    total_ms,
)
from timmy_tui.core.formatting import duration, percent
from timmy_tui.model.llm import Criterion, Reuse
from timmy_tui.model.turn import Turn

MIN_TURNS = 3
"""Turns before a median is judged; the guide asks for a conversation of 3–5."""
LLM_GOAL_MS = 350.0
"""“~300 ms”, with the variation within one run."""
TOTAL_GOAL_MS = 10_000.0
"""“~9–10 s”."""
TOTAL_GAIN_MS = 500.0
"""“improves by 500 ms+”."""
SLOWER_FACTOR = 1.1
"""A median more than this much above the one before is more than normal variation."""
REPLY_LENGTH_RATIO = (0.5, 2.0)
"""Median reply length over that of the epoch before; outside this range the replies have changed."""
WORKING_SHARE = 0.5
"""From this reused share of the prompt on, the cache is working."""

PASS, FAIL, NOT_YET = "pass", "fail", "not yet"
METRICS, PHASE_1, PHASE_2, BROKE = "Success Metrics", "Phase 1", "Phase 2", "Something broke"


@dataclass(frozen=True)
class Epochs:
    """What a criterion is evaluated on: the running epoch, the one before it, and the reuse by ordinal."""

    current: EpochFigures
    before: EpochFigures
    reuse: Mapping[int, Reuse]


Outcome = tuple[str, str, str]
"""Verdict, value, note."""


@dataclass(frozen=True)
class CriterionRow:
    """One criterion of the guide, and how it is evaluated."""

    key: str
    label: str
    group: str
    evaluate: Callable[[Epochs], Outcome]


def evaluate(current: Sequence[Turn], before: Sequence[Turn], reuse: Mapping[int, Reuse]) -> tuple[Criterion, ...]:
    """Every criterion of the guide; ``reuse`` by ordinal. ``before`` is empty where no epoch came before."""
    epochs = Epochs(epoch_figures(current), epoch_figures(before), reuse)
    criteria: list[Criterion] = []
    for row in CRITERIA:
        verdict, value, note = row.evaluate(epochs)
        criteria.append(Criterion(row.key, row.label, row.group, verdict, value, note))
    return tuple(criteria)


def _context_returned(epochs: Epochs) -> Outcome:
    current = epochs.current
    known = [turn for turn in current.turns if turn.context_returned is not None]
    with_ids = [count for turn in known if (count := turn.context_returned)]
    note = "token ids, sent back as text; not the cache: with raw=True there are none, and the cache works without them"
    if not known:
        return NOT_YET, _progress(0, current.n), note
    newest = f", newest {with_ids[-1]} ids" if with_ids else ""
    return (PASS if with_ids else FAIL), f"{len(with_ids)} of {len(known)} turns{newest}", note


def _count_zero(epochs: Epochs) -> Outcome:
    later = epochs.current.after_first
    counts = [turn.prompt_tokens for turn in later if turn.prompt_tokens is not None]
    note = "Ollama 0.2 and later count the whole prompt, cached or not: it is never 0, even when the cache works"
    if not counts:
        return NOT_YET, _progress(0, len(later)), note
    shares, estimated = known_reuse_shares(later, epochs.reuse)
    reused = f", but {_reused_text(shares, estimated)}" if shares else ""
    zero = sum(count == 0 for count in counts)
    value = f"median {median(counts):.0f} tok, 0 in {zero} of {len(counts)}{reused}"
    return (PASS if zero == len(counts) else FAIL), value, note


def _prompt_reuse(epochs: Epochs) -> Outcome:
    later = epochs.current.after_first
    shares, estimated = known_reuse_shares(later, epochs.reuse)
    note = "this is what the two lines above should show"
    if len(shares) < MIN_TURNS:
        return NOT_YET, _progress(len(shares), len(later)), note
    verdict = PASS if median(shares) >= WORKING_SHARE else FAIL
    return verdict, f"{_reused_text(shares, estimated)} · {len(shares)}t", note


def _llm_time(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(llm_ms, after_first=True)
    before, _ = epochs.before.median(llm_ms, after_first=True)
    note = "decoding alone takes about 9 ms per token: in 300 ms only replies of about 20 tokens are possible"
    if current is None or n < MIN_TURNS:
        return NOT_YET, _progress(n, len(epochs.current.after_first)), note
    verdict = PASS if current <= LLM_GOAL_MS else FAIL
    return verdict, f"p50 {duration(current)} · {n}t{_before_text(before)}, goal ~300ms", note


def _total_time(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(total_ms)
    before, _ = epochs.before.median(total_ms)
    note = "the guide's total includes Timmy's speech; how long you waited is V2V"
    if current is None or n < MIN_TURNS:
        return NOT_YET, _progress(n, epochs.current.n), note
    verdict = PASS if current <= TOTAL_GOAL_MS else FAIL
    return verdict, f"p50 {duration(current)} · {n}t{_before_text(before)}, goal ≤10s", note


def _total_gain(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(total_ms)
    before, n_before = epochs.before.median(total_ms)
    note = "longer replies and prompts change it too: compare V2V and the stages"
    if current is None or before is None or min(n, n_before) < MIN_TURNS:
        return NOT_YET, f"{_progress(n, epochs.current.n)}, before {n_before}t", note
    verdict = PASS if before - current >= TOTAL_GAIN_MS else FAIL
    return verdict, f"{duration(current)}{_before_text(before)} · {n}t/{n_before}t", note


def _not_slower(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(llm_ms)
    before, n_before = epochs.before.median(llm_ms)
    note = "the guide expects no gain here: the full prompt still changes each turn"
    if current is None or before is None or min(n, n_before) < MIN_TURNS:
        return NOT_YET, f"{_progress(n, epochs.current.n)}, before {n_before}t", note
    verdict = PASS if current <= before * SLOWER_FACTOR else FAIL
    return verdict, f"p50 {duration(current)}{_before_text(before)} · {n}t/{n_before}t", note


def _reply_quality(epochs: Epochs) -> Outcome:
    current = epochs.current
    if current.n < MIN_TURNS:
        return NOT_YET, _progress(current.n, current.n), ""
    bad = current.with_signals(BAD_REPLY_SIGNALS)
    length, changed = _reply_length(epochs)
    value = f"{bad} of {current.n} bad{length}"
    note = "bad: empty, canned or with template tokens; whether a reply is good, only you can hear"
    return (FAIL if bad or changed else PASS), value, note


def _no_errors(epochs: Epochs) -> Outcome:
    current = epochs.current
    if not current.n:
        return NOT_YET, _progress(0, 0), ""
    return (FAIL if current.failed else PASS), f"{current.failed} of {current.n} turns", ""


def _phase_1(epochs: Epochs) -> Outcome:
    verdicts = [criterion(epochs)[0] for criterion in (_reply_quality, _context_returned, _no_errors)]
    value = f"{verdicts.count(PASS)} of 3 pass"
    if FAIL in verdicts:
        return FAIL, value, ""
    return (PASS if verdicts.count(PASS) == 3 else NOT_YET), value, ""


def _tail_mode(epochs: Epochs) -> Outcome:
    later = epochs.current.after_first
    known = [turn.tail_mode for turn in later if turn.tail_mode is not None]
    on = sum(known)
    note = "the first turn of a session never uses tail mode"
    if not known:
        return NOT_YET, _progress(0, len(later)), note
    return (PASS if on * 2 > len(known) else NOT_YET), f"on in {on} of {len(known)} turns", note


def _in_tail_mode(criterion: Callable[[Epochs], Outcome]) -> Callable[[Epochs], Outcome]:
    """The same criterion with tail mode on. Phase 2 needs it: without tail mode there is a value, but no verdict."""

    def evaluate_in_tail_mode(epochs: Epochs) -> Outcome:
        verdict, value, note = criterion(epochs)
        if _tail_mode(epochs)[0] == PASS:
            return verdict, value, note
        return NOT_YET, f"{value} (tail mode off)", note

    return evaluate_in_tail_mode


def _degraded(epochs: Epochs) -> Outcome:
    current = epochs.current
    leaks, empty = current.with_signals(("template_leak",)), current.with_signals(("empty_reply", "canned_reply"))
    if not current.n:
        return NOT_YET, _progress(0, 0), ""
    value = f"{leaks} with template tokens, {empty} empty of {current.n}"
    note = "empty: no text, or the canned text that replaces a missing reply"
    return (FAIL if leaks or empty else PASS), value, note


def _context_lost(epochs: Epochs) -> Outcome:
    current = epochs.current
    lost = [turn for turn, before in zip(current.turns[1:], current.turns, strict=False) if _array_lost(turn, before)]
    reuse = [item for turn in current.turns if (item := epochs.reuse.get(turn.ordinal)) is not None]
    cut = sum("cut" in item.broken for item in reuse)
    note = "the logs show only cut prompts and lost context arrays; the rest, only you can hear"
    if not current.n:
        return NOT_YET, _progress(0, 0), note
    return (FAIL if cut or lost else PASS), f"{cut} prompts cut, array lost {len(lost)}× in {current.n} turns", note


def _array_lost(turn: Turn, before: Turn) -> bool:
    """The context array was dropped, within a session that was sending it."""
    same_session = turn.session_id == before.session_id and turn.session == before.session
    return same_session and bool(before.context_sent) and turn.context_sent == 0


def _personality(epochs: Epochs) -> Outcome:
    length, changed = _reply_length(epochs)
    note = "no figure shows the personality; a change in the length of replies is the nearest sign"
    if not length:
        return NOT_YET, _progress(epochs.current.n, epochs.current.n), note
    return (FAIL if changed else PASS), length.removeprefix(", "), note


def _reply_length(epochs: Epochs) -> tuple[str, bool]:
    """(what is known of the replies' length, whether it changed)."""
    current, n = epochs.current.median(lambda turn: turn.reply_length)
    before, n_before = epochs.before.median(lambda turn: turn.reply_length)
    if current is None or n < MIN_TURNS:
        return "", False
    if not before or n_before < MIN_TURNS:
        return f", reply {current:.0f} chars · {n}t", False
    low, high = REPLY_LENGTH_RATIO
    return f", reply {current:.0f} chars, was {before:.0f}", not low <= current / before <= high


def _reused_text(shares: Sequence[float], estimated: bool) -> str:
    return f"{'~' if estimated else ''}{percent(median(shares))} reused"


def _before_text(ms: float | None) -> str:
    return "" if ms is None else f", was {duration(ms)}"


def _progress(known: int, of: int) -> str:
    return f"{known} of {of} turns known, {MIN_TURNS} needed"


CRITERIA: tuple[CriterionRow, ...] = (
    CriterionRow("context_returned", "context_length > 0", METRICS, _context_returned),
    CriterionRow("count_zero", "prompt_eval_count = 0, requests 2+", METRICS, _count_zero),
    CriterionRow("prefix_reuse", "prompt reused, requests 2+", METRICS, _prompt_reuse),
    CriterionRow("llm_time", "Ollama ~800 → ~300ms", METRICS, _llm_time),
    CriterionRow("total_time", "total ~11s → ~9–10s", METRICS, _total_time),
    CriterionRow("phase1_quality", "replies keep their quality", PHASE_1, _reply_quality),
    CriterionRow("phase1_context", "context arrays returned", PHASE_1, _context_returned),
    CriterionRow("phase1_errors", "no errors", PHASE_1, _no_errors),
    CriterionRow("phase1_latency", "latency may stay the same", PHASE_1, _not_slower),
    CriterionRow("phase2_phase1", "everything from Phase 1", PHASE_2, _phase_1),
    CriterionRow("phase2_tail", "tail mode on", PHASE_2, _tail_mode),
    CriterionRow("phase2_llm", "Ollama ~300ms, requests 2+", PHASE_2, _in_tail_mode(_llm_time)),
    CriterionRow("phase2_total", "total better by 500ms+", PHASE_2, _in_tail_mode(_total_gain)),
    CriterionRow("phase2_quality", "replies still keep quality", PHASE_2, _in_tail_mode(_reply_quality)),
    CriterionRow("broke_quality", "response quality degrades", BROKE, _degraded),
    CriterionRow("broke_context", "confused, loses context", BROKE, _context_lost),
    CriterionRow("broke_persona", "does not follow personality", BROKE, _personality),
    CriterionRow("broke_errors", "errors in logs", BROKE, _no_errors),
)
"""In the guide's order. Under “Something broke”, pass means: not observed."""
