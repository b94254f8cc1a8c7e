"""All six screens on a log of another system: ``python screens_of.py PROFILE LOG [SIZE…]`` prints them as JSON.

In a process of its own: a process watches one system.
"""

import json
import re
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

SCREENS = {"live": "1", "turns": "2", "trends": "3", "llm": "4", "changes": "5", "log": "6"}
OVERLAYS = {"postcard": "1 c", "findings": "1 i", "turn": "2 enter", "stage": "1 down enter"}


def main(name: str, log: Path, sizes: Sequence[tuple[int, int]]) -> None:
    """Print name of the screen and size → its text."""
    from timmy_tui.profiles.choice import watch
    from timmy_tui.profiles.load import load

    watch(load(name), log)
    from timmy_tui.bootstrap.wiring import make_analyzer
    from timmy_tui.core.settings import Settings, View
    from timmy_tui.model.snapshot import Snapshot
    from timmy_tui.pipeline.live_source import LiveSource, play_logs
    from timmy_tui.pipeline.thread import Pipeline
    from timmy_tui.ui.application.screenshot import Picture, screenshot

    settings = Settings(view=View(title=False))
    source = LiveSource(Pipeline(settings, play_logs([log], None), analyzer=make_analyzer(), replayed=True))
    complete = threading.Event()
    newest = [Snapshot()]

    def publish(snapshot: Snapshot) -> None:
        newest[0] = snapshot
        if all(state.detail == "replay ended" for state in snapshot.sources):
            complete.set()

    source.start(publish)
    complete.wait(30)
    source.stop()
    shown = {}
    for size in sizes:
        for screen, keys in {**SCREENS, **OVERLAYS}.items():
            if screen in SCREENS or (size == sizes[-1] and len(sizes) > 1):
                svg = screenshot(newest[0], Picture(size=size, settings=settings, keys=keys.split()))
                shown[f"{screen} {size[0]}x{size[1]}"] = _text(svg)
    print(json.dumps({"turns": len(newest[0].turns), "screens": shown}))


def _text(svg: str) -> str:
    from html import unescape

    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", svg, flags=re.S))))


if __name__ == "__main__":
    columns_and_rows = [size.split("x") for size in sys.argv[3:]]
    main(sys.argv[1], Path(sys.argv[2]), [(int(columns), int(rows)) for columns, rows in columns_and_rows])
