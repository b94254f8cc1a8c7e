"""What several commands put together from the rooms."""

from timmy_tui.analyst import Conclusions
from timmy_tui.track import Analyst


def make_analyst() -> Analyst:
    """Everything that is concluded from turns."""
    return Conclusions()
