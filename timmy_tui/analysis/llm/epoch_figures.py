"""Figures of one epoch, on which the guide's criteria are evaluated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.turn import Turn, TurnState

BAD_REPLY_SIGNALS = frozenset(("empty_reply", "canned_reply", "template_leak"))


@dataclass(frozen=True)
class EpochFigures:
    """The turns of one epoch, without lone pauses and open turns."""

    turns: tuple[Turn, ...]
    after_first: tuple[Turn, ...]
    """Requests 2 and up of each session."""

    @property
    def n(self) -> int:
        """Number of turns."""
        return len(self.turns)

    def median(self, figure: Callable[[Turn], float | None], after_first: bool = False) -> tuple[float | None, int]:
        """Median of the known values, None without any; and how many are known."""
        turns = self.after_first if after_first else self.turns
        values = [value for turn in turns if (value := figure(turn)) is not None]
        return (median(values) if values else None), len(values)

    @property
    def with_replies(self) -> int:
        """Turns that v34's log tells of: it alone has what was answered, and v34's errors."""
        return sum(turn.logs in ("v34", "both") for turn in self.turns)

    @property
    def failed(self) -> int:
        """Turns that failed, timed out or have an error line."""
        return sum(turn.went_wrong for turn in self.turns)

    def with_signals(self, names: Iterable[str]) -> int:
        """How many turns have any of these quality signals."""
        wanted = frozenset(names)
        return sum(bool(turn.signals & wanted) for turn in self.turns)


def epoch_figures(turns: Sequence[Turn]) -> EpochFigures:
    """From all turns of an epoch, in order. Lone pauses and open turns are left out."""
    closed = tuple(turn for turn in turns if turn.state is not TurnState.OPEN)
    known_sessions: set[object] = set()
    after_first: list[Turn] = []
    for turn in closed:
        session = turn.session_id or turn.session
        if session in known_sessions:
            after_first.append(turn)
        known_sessions.add(session)
    return EpochFigures(closed, tuple(after_first))


def llm_ms(turn: Turn) -> float | None:
    """v34's wait for the model in ms; Ollama's own total where v34 did not time it."""
    wall_ms = turn.stages.get("llm")
    return wall_ms if wall_ms is not None else turn.ollama_total_ms


def total_ms(turn: Turn) -> float | None:
    """First to last event in ms, speech included: what the guide calls total latency. None without the latency log."""
    return turn.end_to_end_ms


def known_reuse_shares(turns: Sequence[Turn], reuse: Mapping[int, Reuse]) -> tuple[list[float], bool]:
    """Reused shares (0…1) of the turns where they are known, and whether any of them is an estimate."""
    items = [reuse[turn.ordinal] for turn in turns if turn.ordinal in reuse]
    known = [item for item in items if item.share is not None]
    return [item.share for item in known if item.share is not None], any(
        item.certainty is Certainty.ESTIMATED for item in known
    )
