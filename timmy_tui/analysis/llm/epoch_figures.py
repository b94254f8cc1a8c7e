"""Figures over a run of turns that the guide's criteria are judged by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.turn import Turn, TurnState

BROKEN_REPLY = frozenset(("empty_reply", "canned_reply", "template_leak"))
FAILED = frozenset((TurnState.FAILED, TurnState.TIMED_OUT))


@dataclass(frozen=True)
class Figures:
    """One epoch, or what is left of it once unheard turns are put aside."""

    turns: tuple[Turn, ...]
    later: tuple[Turn, ...]
    """Requests 2 and up of each session."""

    @property
    def n(self) -> int:
        """Turns with words in them."""
        return len(self.turns)

    def median(self, of: Callable[[Turn], float | None], later: bool = False) -> tuple[float | None, int]:
        """Median and n of what is known."""
        values = [value for turn in (self.later if later else self.turns) if (value := of(turn)) is not None]
        return (median(values) if values else None), len(values)

    @property
    def failed(self) -> int:
        """Turns that failed, timed out or hold an error line."""
        return sum(turn.state in FAILED or bool(turn.errors) or "error" in turn.signals for turn in self.turns)

    def signs(self, names: Iterable[str]) -> int:
        """Turns with any of the quality signals."""
        wanted = frozenset(names)
        return sum(bool(turn.signals & wanted) for turn in self.turns)


def figures(turns: Sequence[Turn]) -> Figures:
    """Lone pauses and open turns are no requests; the first request of a session is told apart."""
    heard = tuple(turn for turn in turns if turn.state not in (TurnState.LONE_PAUSE, TurnState.OPEN))
    seen: set[object] = set()
    later: list[Turn] = []
    for turn in heard:
        session = turn.session_id or turn.session
        if session in seen:
            later.append(turn)
        seen.add(session)
    return Figures(heard, tuple(later))


def llm_ms(turn: Turn) -> float | None:
    """v34's wait for the model; Ollama's own total where v34 did not time it."""
    wall = turn.stages.get("llm")
    return wall if wall is not None else turn.ollama_total_ms


def total_ms(turn: Turn) -> float | None:
    """First to last event, speech included: what the guide calls total latency."""
    if turn.logs in ("kv_stats", "v34") or turn.started is None or turn.ended is None:
        return None
    return max(turn.ended - turn.started, 0.0) * 1000


def known_shares(turns: Sequence[Turn], reuse: Mapping[int, Reuse]) -> tuple[list[float], bool]:
    """Reuse of the turns where it is known, and whether any of it is an estimate."""
    items = [reuse[turn.ordinal] for turn in turns if turn.ordinal in reuse]
    known = [item for item in items if item.share is not None]
    return [item.share for item in known if item.share is not None], any(
        item.certainty is Certainty.ESTIMATED for item in known
    )
