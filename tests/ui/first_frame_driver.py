"""A driver of Textual that ends the process with its first frame and leaves what had been loaded for it.

Named in TEXTUAL_DRIVER, for a dashboard as it is started by a user; the file is named in FIRST_FRAME_FILE.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from textual.drivers.linux_driver import LinuxDriver

OPENED: list[str] = []
"""Files, from the import of this module on, which comes ahead of the first theme."""


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        OPENED.append(str(arguments[0]))


sys.addaudithook(_note)


class FirstFrame(LinuxDriver):
    """Ends with the first picture of the screen."""

    def write(self, data: str) -> None:
        """Sequences that set the terminal up are short; a picture has a row's worth of cells at least."""
        if len(data) < 200:
            super().write(data)
            return
        left = {
            "picture": data,
            "modules": sorted(sys.modules),
            "opened": OPENED,
            "threads": [thread.name for thread in threading.enumerate()],
        }
        Path(os.environ["FIRST_FRAME_FILE"]).write_text(json.dumps(left))
        os._exit(0)
