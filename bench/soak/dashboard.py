"""``python -m bench.soak.dashboard ROOT FOLDER``: the dashboard as ``timmy-tui`` opens it, and its figures.

What its feeds return and what its snapshots say is noted down, into files of FOLDER, for the process that soaks it.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from unittest.mock import patch

import psutil

from bench.soak.ledger import FIGURES, RECORD, SHOWN, checksum
from timmy_tui.bootstrap import wiring
from timmy_tui.bootstrap.dashboard import open_live
from timmy_tui.bootstrap.startup import DashboardOptions, find_timmy
from timmy_tui.bootstrap.wiring import SourceOptions
from timmy_tui.core.installation import Installation
from timmy_tui.core.running.threads import start_thread
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import newest_spoken
from timmy_tui.pipeline.inputs import Feed
from timmy_tui.pipeline.live_source import LiveSource, follow_logs
from timmy_tui.sources.files.tail import TailBatch
from timmy_tui.sources.files.wake import Waker
from timmy_tui.sources.timmy import Timmy

EVERY_S = 1.0


class NotedFeed:
    """A feed that also writes down every line that it returns."""

    def __init__(self, feed: Feed, file: BinaryIO) -> None:
        self._feed = feed
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def drain(self) -> list[TailBatch]:
        """See Feed."""
        batches = self._feed.drain()
        if batches:
            now = time.time()
            for batch in batches:
                self._file.write(b"".join(RECORD.pack(checksum(line), now) for line in batch.lines))
            self._file.flush()
        return batches


class Notes:
    """The figures, once a second, and when each turn was first shown."""

    def __init__(self, folder: Path) -> None:
        self._figures = (folder / FIGURES).open("w", buffering=1)
        self._shown = (folder / SHOWN).open("w", buffering=1)
        self._newest = ""
        self._snapshot = Snapshot()
        self._snapshots = 0
        self._stopping = threading.Event()
        self._health: set[str] = set()

    def observe(self, snapshot: Snapshot) -> None:
        """Called from the pipeline's thread with each snapshot."""
        self._snapshot = snapshot
        self._snapshots += 1
        self._health.update(f"{one.where}: {one.message}" for one in snapshot.health)
        turn = newest_spoken(snapshot.turns)
        if turn is not None and turn.request_id != self._newest:
            self._newest = turn.request_id
            self._shown.write(json.dumps([time.time(), turn.request_id]) + "\n")

    def run(self) -> None:
        """Until the process ends."""
        process = psutil.Process()
        while not self._stopping.wait(EVERY_S):
            snapshot = self._snapshot
            figures = {
                "at": time.time(),
                "rss": process.memory_info().rss,
                "cpu": sum(process.cpu_times()[:2]),
                "files": process.num_fds(),
                "threads": process.num_threads(),
                "snapshots": self._snapshots,
                "turns": sum((snapshot.counts.complete, snapshot.counts.failed, snapshot.counts.aborted)),
                "timed_out": snapshot.counts.timed_out,
                "unparsed": dict(snapshot.unparsed),
                "sources": {
                    one.name: {"lines": one.lines, "missed": one.missed, "gaps": one.gaps, "dropped": one.dropped}
                    for one in snapshot.sources
                },
                "health": sorted(self._health),
            }
            self._figures.write(json.dumps(figures) + "\n")


def take_notes(folder: Path) -> None:
    """Let the next live source write down the lines of its feeds, and its snapshots."""
    live_source = wiring.live_source
    notes = Notes(folder)
    start_thread("notes", notes.run)

    def follow(settings: Settings, installation: Installation) -> tuple[list[NotedFeed], Waker | None]:
        feeds, waker = follow_logs(settings, installation)
        noted = [NotedFeed(feed, (folder / f"{feed.kind}.lines").open("ab")) for feed in feeds]
        return noted, waker

    def source(
        timmy: Timmy,
        options: SourceOptions,
        notify: Callable[[str], None],
        on_snapshot: Callable[[Snapshot], None] | None = None,
    ) -> LiveSource:
        def observe(snapshot: Snapshot) -> None:
            notes.observe(snapshot)
            if on_snapshot is not None:
                on_snapshot(snapshot)

        return live_source(timmy, options, notify, observe)

    patch.object(wiring, "follow_logs", follow).start()
    patch.object(wiring, "live_source", source).start()


def main(root: Path, folder: Path) -> None:
    """Run the dashboard until it is told to quit."""
    options = DashboardOptions(root=root)
    take_notes(folder)
    open_live(find_timmy(options), options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
