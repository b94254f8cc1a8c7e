"""What the first frame does not need and a key soon will: the other screens, and the themes that are not in use.

It is read in a thread once there is data, which it would delay: whoever presses a key before that waits for it there.
"""

from timmy_tui.ui.host import Host
from timmy_tui.ui.paint.themes import load_themes
from timmy_tui.ui.screens.table import import_screens
from timmy_tui.ui.threads import in_thread


class BehindFirstFrame:
    """For one dashboard."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._begun = False

    def begin(self) -> None:
        """Load it, once."""
        if not self._begun:
            self._begun = True
            self._host.run_task(self._load(), "other screens and themes", "behind")

    async def _load(self) -> None:
        await in_thread(import_screens)
        self._host.themes.take_all(*await in_thread(load_themes))
