"""The order of turns: those that are reported late, and which one is ahead of another in its session."""

from collections import OrderedDict

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.turn import Turn, TurnState


class NewestOfSessions:
    """The newest turn of each session, of the sessions that were last seen: two may run at the same time."""

    def __init__(self, asked: bool = False) -> None:
        """``asked``: only turns that asked the LLM. One that was given up before left its prompt and caches alone."""
        self._asked = asked
        self._turns: OrderedDict[int, Turn] = OrderedDict()

    def take(self, turn: Turn) -> Turn | None:
        """The turn ahead of this one in its session, whose newest turn it is from now on; None for the first."""
        ahead = self._turns.pop(turn.session, None)
        newest = ahead if self._asked and not _has_asked(turn) else turn
        if newest is not None:
            self._turns[turn.session] = newest
        if len(self._turns) > TUNING.detector.sessions_at_once:
            self._turns.popitem(last=False)
        return ahead


def _has_asked(turn: Turn) -> bool:
    return turn.state is not TurnState.ABORTED or turn.prompt_tokens is not None or turn.stages.get("llm") is not None


def is_late(turn: Turn, newest: Turn | None) -> bool:
    """``turn`` came before ``newest``, which has been judged already: it is shown, and no longer judged.

    The latency log is in order. The debug log is buffered, and v34's statistics are asked now and then.
    """
    return newest is not None and turn.logs != "latency" and turn.position < newest.position
