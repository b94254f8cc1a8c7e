"""Mean, shortest and longest of what upstream's two scripts time too: whole turns, steps between events, sessions.

How each figure compares with theirs: docs/upstream-scripts.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from timmy_tui.model.stages.events import IN_ORDER
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import SPOILED, Event, Reason, Turn, TurnState

SPEECH = ("tts_audio_playback_start", "tts_audio_playback_complete")
"""The one step that is the length of the speech, and no processing."""
_ORDER = {event: place for place, event in enumerate(IN_ORDER)}


class Spread(NamedTuple):
    """Of ``n`` values, in ms or tokens."""

    mean: float
    low: float
    high: float
    n: int


class Trend(NamedTuple):
    """The same of one session, with its first and its last value in the order of the turns."""

    first: float
    last: float
    spread: Spread

    @property
    def first_to_others(self) -> float | None:
        """The first value over the mean of the others; None without others. It proves nothing of a cache."""
        others = (self.spread.mean * self.spread.n - self.first) / (self.spread.n - 1) if self.spread.n > 1 else 0.0
        return self.first / others if others > 0 else None


def spread(values: Iterable[float | None]) -> Spread | None:
    """Of the known values; None without any."""
    known = [value for value in values if value is not None]
    return Spread(sum(known) / len(known), min(known), max(known), len(known)) if known else None


def trend(values: Iterable[float | None]) -> Trend | None:
    """Of the known values of one session, in order; None without any."""
    known = [value for value in values if value is not None]
    of_all = spread(known)
    return None if of_all is None else Trend(known[0], known[-1], of_all)


def llm_trend(session: Sequence[Turn]) -> Trend | None:
    """The LLM time in ms, of the spoken turns of a session that are over."""
    return trend(turn.stages.get("llm") for turn in session if _is_over(turn))


def prompt_trend(session: Sequence[Turn]) -> Trend | None:
    """v34's estimate of the prompt in tokens, of the same turns."""
    return trend(turn.prompt_tokens_est for turn in session if _is_over(turn))


def turn_times(turns: Sequence[Turn]) -> dict[str, Spread | None]:
    """``processing``, ``playback`` and ``end_to_end`` in ms, of the spoken turns that are over, however they ended."""
    over = [turn for turn in turns if _is_over(turn)]
    return {
        "processing": spread(turn.processing_ms for turn in over),
        "playback": spread(turn.stages.get("playback") for turn in over),
        "end_to_end": spread(turn.end_to_end_ms for turn in over),
    }


def mean_steps(turns: Sequence[Turn]) -> dict[str, Spread]:
    """Each step ``event → next event`` of the turns that are over, in ms; the speech is not among them.

    In the order of a turn.
    """
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for turn in turns:
        for before, after, ms in steps_of(turn) if _is_over(turn) else ():
            if (before, after) != SPEECH:
                found[before, after].append(ms)
    ordered = sorted(found, key=lambda step: [(_ORDER.get(event, len(_ORDER)), event) for event in step])
    return {f"{before} → {after}": of for before, after in ordered if (of := spread(found[before, after])) is not None}


def steps_of(turn: Turn) -> Iterator[tuple[str, str, float]]:
    """The steps of one turn in the order of its stamps, in ms; each time that a step comes it counts.

    Where the clocks differ, only those between events of one service; none where a clock stepped, or where stamps only
    order the events.
    """
    reasons = set(turn.unmeasured.values())
    if SPOILED & reasons:
        return
    groups: Iterable[list[Event]] = [list(turn.events)]
    if Reason.CLOCKS_DIFFER in reasons:
        services = dict.fromkeys(event.service for event in turn.events)
        groups = [[event for event in turn.events if event.service == service] for service in services]
    for events in groups:
        for before, after in pairwise(sorted(events, key=lambda event: event.timestamp)):
            step_ms = watched().step_ms(before.timestamp, after.timestamp)
            if step_ms is not None:
                yield before.event, after.event, step_ms


def _is_over(turn: Turn) -> bool:
    return turn.is_spoken and turn.state is not TurnState.OPEN
