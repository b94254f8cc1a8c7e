"""Writes lines of ``shared/latency.log`` as upstream's tracker does: the file is opened again for each line."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_lock = threading.Lock()


def event_line(stamp: float, request_id: str, service: str, event: str, metadata: Mapping[str, Any]) -> str:
    """One event as JSON, without the line break. ``stamp``: seconds since 1970."""
    line = {
        "timestamp": stamp,
        "iso_time": datetime.fromtimestamp(stamp).isoformat(),
        "request_id": request_id,
        "service": service,
        "event": event,
        "metadata": metadata,
    }
    return json.dumps(line)


def append_to(path: Path) -> Callable[[str], None]:
    """A sink that appends whole lines to a file, which other processes may append to or delete."""

    def append(line: str) -> None:
        with _lock, path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    return append


class EventWriter:
    """Writes the events of one service with timestamps of its clock. An event without request id is not written."""

    def __init__(self, service: str, now: Callable[[], float], sink: Callable[[str], None]) -> None:
        self.service = service
        self.now = now
        self.sink = sink

    def record(self, request_id: str | None, event: str, **metadata: object) -> None:
        """Write one event with the current time."""
        if request_id:
            self.sink(event_line(self.now(), request_id, self.service, event, metadata))
