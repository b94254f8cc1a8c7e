"""The guide's criteria, each evaluated on the running epoch against the epoch before, with a note on what it means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from timmy_tui.analysis.llm.epoch_figures import (
    BAD_REPLY_SIGNALS,
    EpochFigures,
    epoch_figures,
    known_reuse_shares,
    llm_ms,
    total_ms,
)
from timmy_tui.core.formatting import duration, percent, plural
from timmy_tui.model.llm import BROKE, FAIL, MISLEADING, NOT_JUDGED, PASS, Criterion, Reuse
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
LEAST_KNOWN = 0.5
"""Share of the turns whose reuse must be known: an estimate has none of a turn where little was reused, so that 5 of 13
said that the cache works, and all 13 that it does not.
"""

METRICS, PHASE_1, PHASE_2 = "Success Metrics", "Phase 1", "Phase 2"
NO_TURN, NO_LATER_TURN = "there is no turn yet", "no session has two turns yet"
NO_REPLIES = "v34's log, which has the replies, is not among these logs"


@dataclass(frozen=True)
class Epochs:
    """What a criterion is evaluated on: the running epoch, the one before it, and the reuse by ordinal."""

    current: EpochFigures
    before: EpochFigures
    reuse: Mapping[int, Reuse]


class Outcome(NamedTuple):
    """The result of one criterion; fields as in Criterion."""

    verdict: str
    value: str
    note: str = ""
    because: str = ""


def _not_judged(because: str, note: str = "", value: str = "") -> Outcome:
    return Outcome(NOT_JUDGED, value, note, because)


def _judged(passed: bool, value: str, note: str = "") -> Outcome:
    return Outcome(PASS if passed else FAIL, value, note)


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
    return tuple(Criterion(row.key, row.label, row.group, *row.evaluate(epochs)) for row in CRITERIA)


def _context_returned(epochs: Epochs) -> Outcome:
    current = epochs.current
    known = [turn for turn in current.turns if turn.context_returned is not None]
    with_ids = [count for turn in known if (count := turn.context_returned)]
    note = "token ids, sent back as text; not the cache: with raw=True there are none, and the cache works without them"
    if not known:
        return _not_judged("no turn shows its length" if current.n else NO_TURN, note)
    newest = f", newest {with_ids[-1]} ids" if with_ids else ""
    # That none came back is no failure of the cache, of which Phase 1 takes it for a sign.
    return Outcome(PASS if with_ids else MISLEADING, f"{len(with_ids)} of {plural(len(known), 'turn')}{newest}", note)


def _context_length(epochs: Epochs) -> Outcome:
    """The same as a sign of the cache, which it is in neither direction."""
    outcome = _context_returned(epochs)
    return outcome if outcome.verdict == NOT_JUDGED else outcome._replace(verdict=MISLEADING)


def _count_zero(epochs: Epochs) -> Outcome:
    later = epochs.current.after_first
    counts = [turn.prompt_tokens for turn in later if turn.prompt_tokens is not None]
    note = "Ollama 0.2 and later count the whole prompt, cached or not: it is never 0, even when the cache works"
    if not counts:
        return _not_judged("no turn after the first has a count" if later else NO_LATER_TURN, note)
    shares, estimated = known_reuse_shares(later, epochs.reuse)
    reused = f", {_reused_text(shares, estimated)}" if shares else ""
    zero = sum(count == 0 for count in counts)
    value = f"{zero} of {plural(len(counts), 'turn')}, median {median(counts):.0f} tok{reused}"
    return Outcome(PASS if zero == len(counts) else MISLEADING, value, note)


def _prompt_reuse(epochs: Epochs) -> Outcome:
    later = epochs.current.after_first
    shares, estimated = known_reuse_shares(later, epochs.reuse)
    note = "this is what the two lines above should show"
    if len(shares) < MIN_TURNS:
        return _not_judged(_too_few(len(shares), len(later), NO_LATER_TURN), note)
    few = f"{len(shares)} of {len(later)} turns"
    value = f"{_reused_text(shares, estimated)} · {f'{len(shares)}t' if len(shares) == len(later) else few}"
    if len(shares) < LEAST_KNOWN * len(later):
        return _not_judged(f"only {few} show it, half are needed", note, _reused_text(shares, estimated))
    return _judged(median(shares) >= WORKING_SHARE, value, note)


def _llm_time(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(llm_ms, after_first=True)
    before, _ = epochs.before.median(llm_ms, after_first=True)
    note = "decoding alone takes about 9 ms per token: in 300 ms only replies of about 20 tokens are possible"
    if current is None or n < MIN_TURNS:
        return _not_judged(_too_few(n, len(epochs.current.after_first), NO_LATER_TURN), note)
    value = f"p50 {duration(current)} · {n}t{_before_text(before)}, goal ~300ms"
    return _judged(current <= LLM_GOAL_MS, value, note)


def _total_time(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(total_ms)
    before, _ = epochs.before.median(total_ms)
    note = "the guide's total includes Timmy's speech; how long you waited is V2V"
    if current is None or n < MIN_TURNS:
        return _not_judged(_too_few(n, epochs.current.n), note)
    value = f"p50 {duration(current)} · {n}t{_before_text(before)}, goal ≤10s"
    return _judged(current <= TOTAL_GOAL_MS, value, note)


def _total_gain(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(total_ms)
    before, n_before = epochs.before.median(total_ms)
    note = "longer replies and prompts change it too: compare V2V and the stages"
    if current is None or before is None or min(n, n_before) < MIN_TURNS:
        return _not_judged(_too_few_to_compare(epochs, n, n_before), note)
    value = f"{duration(current)}{_before_text(before)} · {n}t/{n_before}t"
    return _judged(before - current >= TOTAL_GAIN_MS, value, note)


def _not_slower(epochs: Epochs) -> Outcome:
    current, n = epochs.current.median(llm_ms)
    before, n_before = epochs.before.median(llm_ms)
    note = "the guide expects no gain here: the full prompt still changes each turn"
    if current is None or before is None or min(n, n_before) < MIN_TURNS:
        return _not_judged(_too_few_to_compare(epochs, n, n_before), note)
    value = f"p50 {duration(current)}{_before_text(before)} · {n}t/{n_before}t"
    return _judged(current <= before * SLOWER_FACTOR, value, note)


def _reply_quality(epochs: Epochs) -> Outcome:
    current = epochs.current
    note = "bad: empty, canned or with template tokens; whether a reply is good, only you can hear"
    if current.n < MIN_TURNS:
        return _not_judged(_too_few(current.n, current.n), note)
    bad = current.with_signals(BAD_REPLY_SIGNALS)
    length, changed = _reply_length(epochs)
    value = f"{bad} of {current.n} bad{length}"
    if bad or changed or current.with_replies:
        return _judged(not (bad or changed), value, note)
    return _not_judged(NO_REPLIES, note, value)


def _no_errors(epochs: Epochs) -> Outcome:
    current = epochs.current
    if not current.n:
        return _not_judged(NO_TURN)
    note = "" if current.with_replies else "without v34's log only turns that failed are seen, not its error lines"
    return _judged(not current.failed, f"{current.failed} of {plural(current.n, 'turn')}", note)


def _phase_1(epochs: Epochs) -> Outcome:
    verdicts = [criterion(epochs).verdict for criterion in (_reply_quality, _context_returned, _no_errors)]
    value = f"{verdicts.count(PASS)} of 3 pass"
    open_ones = verdicts.count(NOT_JUDGED)
    if FAIL in verdicts:
        return Outcome(FAIL, value)
    if open_ones:
        return _not_judged(f"{open_ones} of the 3 {'is' if open_ones == 1 else 'are'} not judged", value=value)
    return Outcome(MISLEADING if MISLEADING in verdicts else PASS, value)


def _tail_mode(epochs: Epochs) -> Outcome:
    later = epochs.current.after_first
    known = [turn.tail_mode for turn in later if turn.tail_mode is not None]
    on = sum(known)
    note = "the first turn of a session never uses tail mode"
    if not known:
        return _not_judged("no turn after the first shows tail mode" if later else NO_LATER_TURN, note)
    value = f"on in {on} of {plural(len(known), 'turn')}"
    if on * 2 > len(known):
        return Outcome(PASS, value, note)
    return _not_judged("tail mode is on in too few turns" if on else "tail mode is off", note, value)


def _sign_of_cache(criterion: Callable[[Epochs], Outcome]) -> Callable[[Epochs], Outcome]:
    """The same criterion as a sign that the cache works: where the prompts show that it does, it cannot say no."""

    def evaluate_as_sign(epochs: Epochs) -> Outcome:
        outcome = criterion(epochs)
        works = outcome.verdict == FAIL and _prompt_reuse(epochs).verdict == PASS
        return outcome._replace(verdict=MISLEADING) if works else outcome

    return evaluate_as_sign


def _in_tail_mode(criterion: Callable[[Epochs], Outcome]) -> Callable[[Epochs], Outcome]:
    """The same criterion with tail mode on. Phase 2 needs it: without tail mode there is a value, but no verdict."""

    def evaluate_in_tail_mode(epochs: Epochs) -> Outcome:
        outcome, tail = criterion(epochs), _tail_mode(epochs)
        if tail.verdict == PASS:
            return outcome
        return _not_judged(tail.because, outcome.note, outcome.value)

    return evaluate_in_tail_mode


def _degraded(epochs: Epochs) -> Outcome:
    current = epochs.current
    leaks, empty = current.with_signals(("template_leak",)), current.with_signals(("empty_reply", "canned_reply"))
    note = "empty: no text, or the canned text that replaces a missing reply"
    if not current.n:
        return _not_judged(NO_TURN, note)
    if not current.with_replies and not empty:
        return _not_judged(NO_REPLIES, note, f"{empty} empty of {current.n}")
    tokens = f"{leaks} with template tokens, " if current.with_replies else ""
    return _judged(not (leaks or empty), f"{tokens}{empty} empty of {current.n}", note)


def _context_lost(epochs: Epochs) -> Outcome:
    current = epochs.current
    lost = [turn for turn, before in zip(current.turns[1:], current.turns, strict=False) if _array_lost(turn, before)]
    reuse = [item for turn in current.turns if (item := epochs.reuse.get(turn.ordinal)) is not None]
    cut = sum("cut" in item.broken for item in reuse)
    note = "the logs show only cut prompts and lost context arrays; the rest, only you can hear"
    if not current.n:
        return _not_judged(NO_TURN, note)
    value = f"{plural(cut, 'prompt')} cut, array lost {len(lost)}× in {plural(current.n, 'turn')}"
    return _judged(not (cut or lost), value, note)


def _array_lost(turn: Turn, before: Turn) -> bool:
    """The context array was dropped, within a session that was sending it."""
    same_session = turn.session_id == before.session_id and turn.session == before.session
    return same_session and bool(before.context_sent) and turn.context_sent == 0


def _personality(epochs: Epochs) -> Outcome:
    length, changed = _reply_length(epochs)
    note = "no figure shows the personality; a change in the length of replies is the nearest sign"
    if not length:
        known = sum(turn.reply_length is not None for turn in epochs.current.turns)
        return _not_judged(_too_few(known, epochs.current.n), note)
    if changed is None:
        return _not_judged("there are too few replies before to compare with", note, length.removeprefix(", "))
    return _judged(not changed, length.removeprefix(", "), note)


def _reply_length(epochs: Epochs) -> tuple[str, bool | None]:
    """(what is known of the replies' length, whether it changed; None: nothing to compare with)."""
    current, n = epochs.current.median(_length)
    before, n_before = epochs.before.median(_length)
    if current is None or n < MIN_TURNS:
        return "", None
    if not before or n_before < MIN_TURNS:
        return f", reply {current:.0f} chars · {n}t", None
    low, high = REPLY_LENGTH_RATIO
    ratio = current / before
    changed = " (under half)" if ratio < low else " (over twice)" if ratio > high else ""
    return f", reply {current:.0f} chars, was {before:.0f}{changed}", bool(changed)


def _length(turn: Turn) -> int | None:
    return turn.reply_length


def _reused_text(shares: Sequence[float], estimated: bool) -> str:
    return f"{'~' if estimated else ''}{percent(median(shares))} reused"


def _before_text(ms: float | None) -> str:
    return "" if ms is None else f", was {duration(ms)}"


def _too_few(known: int, of: int, no_turn: str = NO_TURN) -> str:
    """Why there is no verdict, in words that can follow ``because``."""
    if not of:
        return no_turn
    if known == of:
        few = f"{plural(of, 'turn')} {'is' if of == 1 else 'are'} too few"
    else:
        some = f"only {known} of {of} turns {'shows' if known == 1 else 'show'} it"
        few = some if known else f"none of {plural(of, 'turn')} shows it"
    return f"{few}, {MIN_TURNS} are needed"


def _too_few_to_compare(epochs: Epochs, n: int, n_before: int) -> str:
    if not epochs.before.n:
        return "there is no epoch before to compare with"
    return f"{plural(n, 'turn')} and {n_before} before are too few, {MIN_TURNS} of each are needed"


CRITERIA: tuple[CriterionRow, ...] = (
    CriterionRow("context_returned", "context_length > 0", METRICS, _context_length),
    CriterionRow("count_zero", "prompt_eval_count = 0, requests 2+", METRICS, _count_zero),
    CriterionRow("prefix_reuse", "prompt reused, requests 2+", METRICS, _prompt_reuse),
    CriterionRow("llm_time", "Ollama ~800 → ~300ms", METRICS, _sign_of_cache(_llm_time)),
    CriterionRow("total_time", "total ~11s → ~9–10s", METRICS, _sign_of_cache(_total_time)),
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
"""In the guide's order. Under “Something broke”, pass means: not seen."""
