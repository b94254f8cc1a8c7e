"""What several commands put together from the rooms."""

from timmy_tui.track import Analyst


def make_analyst() -> Analyst | None:
    """Everything that is concluded from turns; None where nothing is."""
    return None
