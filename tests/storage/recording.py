"""A recorder that runs for the length of a ``with``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from timmy_tui.storage.recorder import Recorder

ROOT = "/timmy"


@contextmanager
def recording(path: Path, messages: list[str], days: int = 0) -> Iterator[Recorder]:
    """``messages`` gets what it tells the user; ``days``: for which turns stay."""
    recorder = Recorder(path, ROOT, days, False, messages.append)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()
