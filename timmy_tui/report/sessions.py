"""One table for each session: prompt size, LLM time, prompt reuse and tail mode of its turns, then their trends."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from timmy_tui.analysis.stats.turn_times import Trend, llm_trend, prompt_trend
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, count, duration, on_off
from timmy_tui.model.llm import Reuse
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import CRITICAL, label
from timmy_tui.model.turn import Session, Turn
from timmy_tui.report.words.llm import share_words

MOST_STAGES = 6
"""Stages of another system in its table of a session."""
_HEAD = (
    f"{'turn':>4} {'request':8} {'state':9} {'total':>6} {'V2V':>6} {'LLM':>6} {'est':>4} {'prompt':>6} {'prefill':>7} "
    f"{'reuse':>5} {'ctx':>4} tail"
)


def session_lines(sessions: Sequence[Session], turns: Sequence[Turn], reuse: Mapping[int, Reuse]) -> Iterator[str]:
    """Turns in the order in which they happened. ``reuse``: by ordinal. 80 columns, while nothing takes a minute."""
    by_session = turns_by_session(turns)
    for session in sessions:
        members = by_session.get(session.number, [])
        if not members:
            continue
        yield f"== session {session.number} · {clean(session.session_id or MISSING)} · {len(members)} turns"
        if watched().is_built_in:
            yield _HEAD
            for turn in members:
                yield _row(turn, reuse.get(turn.ordinal))
            yield from _trend_lines(members)
        else:
            yield from _stage_table(members)
        yield ""


def _stage_table(members: Sequence[Turn]) -> Iterator[str]:
    """State, headline and as many critical stages as 80 columns have room for, those that take longest first chosen."""
    spent = {key: sum(turn.stages.get(key) or 0.0 for turn in members) for key in CRITICAL}
    chosen = sorted(sorted(CRITICAL, key=spent.__getitem__)[-MOST_STAGES:], key=CRITICAL.index)
    yield f"{'turn':>4} {'request':8} {'state':9} {'total':>6} " + " ".join(f"{label(key):>6}" for key in chosen)
    for turn in members:
        times = " ".join(f"{duration(turn.stages.get(key)):>6}" for key in chosen)
        total = duration(turn.headline_ms, "≥" if turn.is_lower_bound else "")
        yield f"{count(turn.number):>4} {clean(turn.request_id, 8):8} {turn.state:9} {total:>6} {times}"


def turns_by_session(turns: Iterable[Turn]) -> Mapping[int, Sequence[Turn]]:
    """Turns by the number of their session, in their order."""
    by_session: dict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        by_session[turn.session].append(turn)
    return by_session


def _row(turn: Turn, reuse: Reuse | None) -> str:
    bound = "≥" if turn.is_lower_bound else ""
    # A range is two cells wider than a share, and a prefill has them to spare.
    prefill_and_reuse = f"{duration(turn.prefill_ms)} {share_words(reuse):>5}"
    return (
        f"{count(turn.number):>4} {clean(turn.request_id, 8) or 'typed':8} {turn.state:9} "
        f"{duration(turn.end_to_end_ms):>6} {duration(turn.v2v_ms, bound):>6} {duration(turn.stages.get('llm')):>6} "
        f"{count(turn.prompt_tokens_est):>4} {count(turn.prompt_tokens):>6} {prefill_and_reuse:>13} "
        f"{count(turn.context_returned):>4} {on_off(turn.tail_mode)}"
    )


def _trend_lines(members: Sequence[Turn]) -> Iterator[str]:
    llm = llm_trend(members)
    if llm is not None:
        yield _trend_line("LLM", llm, duration)
        if llm.spread.n > 1:
            ratio = MISSING if llm.first_to_others is None else f"×{llm.first_to_others:.2f}"
            yield f"       first against mean of the others {ratio}: no proof of a cache, see reuse"
    sizes = prompt_trend(members)
    if sizes is not None:
        yield _trend_line("prompt", sizes, lambda tokens: f"{tokens:.0f}", " tokens (est)")


def _trend_line(name: str, of: Trend, write: Callable[[float], str], unit: str = "") -> str:
    mean, low, high, n = of.spread
    return (
        f"{name:6} first {write(of.first)}, last {write(of.last)}, mean {write(mean)}, min {write(low)}, "
        f"max {write(high)}{unit}, n={n}"
    )
