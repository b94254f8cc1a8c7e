"""Whether the turns since a change show that it is in effect."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.control.flags.evidence import WANTED, evidence
from timmy_tui.control.progress import LiveState
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.turn import FlagValue, Turn, TurnState


@dataclass(frozen=True)
class Verification:
    """Checks the requested values against the turns of a session that began after the change."""

    requested: tuple[tuple[Flag, FlagValue], ...]
    since: int | None
    """Number of the newest session before the change; None: not known, or there was none."""
    resumed_at: float | None = None
    """When an earlier run of the program began the change, in seconds since the epoch; None: it was this run.

    Session numbers of another run mean nothing here: this time separates old sessions from new ones.
    """

    def turns(self, turns: Sequence[Turn]) -> list[Turn]:
        """The turns of the newest session, if it began after the change; else none."""
        if not turns:
            return []
        since = self.since
        if self.resumed_at is not None:
            earlier = [turn for turn in turns if turn.started is not None and turn.started < self.resumed_at]
            since = max((turn.session for turn in earlier), default=None)
        newest = turns[-1].session
        return [turn for turn in turns if turn.session == newest] if since is None or newest > since else []

    def weigh(self, turns: Sequence[Turn]) -> tuple[int, str]:
        """(number of turns that agree with every requested value, label of a flag that they contradict or "").

        For a flag that turns never show, the complete turns count.
        """
        weighed = [(flag, evidence(flag, value, turns)) for flag, value in self.requested]
        complete = sum(turn.state is TurnState.COMPLETE for turn in turns)
        agreeing = min((one.agreeing if one.possible else complete for _, one in weighed), default=complete)
        return min(agreeing, WANTED), next((flag.label for flag, one in weighed if one.contradicts), "")

    def unproven(self, turns: Sequence[Turn]) -> str:
        """Why the one turn there is proves nothing; else empty."""
        labels = [flag.label for flag, _ in self.requested if flag.first_turn is not None]
        if len(turns) != 1 or not labels:
            return ""
        return f"the first turn of a session proves nothing for {' and '.join(labels)}"


def newest_session(live_state: LiveState) -> int:
    """Number of the newest session, including that of a turn in flight: the v34 before the change serves it."""
    return max((live_state.session, *(turn.session for turn in live_state.turns)))
