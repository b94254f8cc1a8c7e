"""What the turns since a change prove of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.control.flags.evidence import WANTED, evidence
from timmy_tui.control.progress import LiveState
from timmy_tui.model.flags import Flag
from timmy_tui.model.turn import FlagValue, Turn, TurnState


@dataclass(frozen=True)
class Verification:
    """Of the wished values, by turns of a session that began after the change."""

    requested: tuple[tuple[Flag, FlagValue], ...]
    since: int
    """Newest session of before."""
    resumed_at: float | None = None
    """When an earlier run of the program began the change, seconds since the epoch: then sessions are told by it."""

    def turns(self, turns: Sequence[Turn]) -> list[Turn]:
        """Those of the newest session, when that began since."""
        since = self.since
        if self.resumed_at is not None:
            earlier = [one for one in turns if one.started is not None and one.started < self.resumed_at]
            since = max((one.session for one in earlier), default=-1)
        newest = turns[-1].session if turns else since
        return [turn for turn in turns if turn.session == newest] if newest > since else []

    def weigh(self, turns: Sequence[Turn]) -> tuple[int, str]:
        """How many turns agree with every requested value, and the label of a flag that they contradict.

        A flag that no turn can show counts the turns that v34 has served since.
        """
        found = [(flag, evidence(flag, value, turns)) for flag, value in self.requested]
        served = sum(turn.state is TurnState.COMPLETE for turn in turns)
        seen = min((one.seen if one.possible else served for _, one in found), default=served)
        return min(seen, WANTED), next((flag.label for flag, one in found if one.contradicts), "")


def newest_session(live_state: LiveState) -> int:
    """Also that of a turn which has not ended: it was begun by the v34 of before."""
    return max((live_state.session, *(turn.session for turn in live_state.turns)))
