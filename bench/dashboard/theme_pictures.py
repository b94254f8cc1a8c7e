"""Every theme at two sizes, with a regression of the demo: ``python -m bench.dashboard.theme_pictures FOLDER``."""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.commands.screenshot import SIZES, Conversation, snapshot_of_demo
from timmy_tui.core.settings import Settings, View
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.application.screenshot import Picture, screenshot
from timmy_tui.ui.exports.compact_svg import compact_svg
from timmy_tui.ui.paint.themes import load_themes, packaged_folder

SHOWN = Conversation(turns=120, scenario="regression", seed=3)
WANTED = ("80x24", "120x30")
IN_FLIGHT_S = 1.5
"""Age of the turn in flight: the same in every picture and on every run."""


def at_age(snapshot: Snapshot) -> tuple[Snapshot, float]:
    """(the snapshot as if taken then, time.monotonic() of it)."""
    flight = snapshot.open_turn
    if flight is None or flight.turn.started is None:
        return snapshot, time.monotonic()
    return replace(snapshot, taken=flight.turn.started + IN_FLIGHT_S), flight.since + IN_FLIGHT_S


def pictures(folder: Path, conversation: Conversation) -> Iterator[Path]:
    """Write them; yields each file."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        snapshot, tick = at_age(snapshot_of_demo(Path(root), Settings(), conversation))
    for theme in load_themes([packaged_folder()])[0]:
        for size in WANTED:
            settings = Settings(view=View(theme=theme, title=False))
            svg = screenshot(snapshot, Picture(size=SIZES[size], settings=settings, tick=tick))
            file = folder / f"{theme}-{size}.svg"
            file.write_text(compact_svg(svg, SIZES[size]), encoding="utf-8")
            yield file


if __name__ == "__main__":
    for written in pictures(Path(sys.argv[1]), SHOWN):
        print(f"{written.stat().st_size / 1000:6.1f} kB {written}", flush=True)
