"""The day on which a log without dates begins: that of its last write, less the midnights in it."""

import time
from datetime import date, timedelta
from pathlib import Path

from timmy_tui.profiles.records import RecordReader
from timmy_tui.profiles.spec import Profile
from timmy_tui.profiles.times import StampReader

_CHUNK_LINES = 5000


def first_day(path: Path, profile: Profile) -> date:
    """The day of the first line; today where the file cannot be read. Reads it once: some 20 µs a line."""
    reader, stamps = RecordReader(profile.source), StampReader(profile.time)
    try:
        written = path.stat().st_mtime
        with path.open("rb") as file:
            while lines := file.readlines(_CHUNK_LINES * 100):
                for record in reader.feed(lines):
                    stamps(record)
    except OSError:
        written = time.time()
    return date.fromtimestamp(written) - timedelta(days=stamps.midnights)
