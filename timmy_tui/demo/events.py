"""Lines of ``shared/latency.log``, as upstream's tracker writes them: the file is opened anew for each."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_lock = threading.Lock()


def event_line(stamp: float, request_id: str, service: str, event: str, metadata: Mapping[str, Any]) -> str:
    """One event as JSON, without the line break."""
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
    """A sink that appends whole lines to a file that others append to, and may delete, as well."""

    def append(line: str) -> None:
        with _lock, path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    return append


class EventWriter:
    """Stamps events of one service with its clock; an event without a request id is not written."""

    def __init__(self, service: str, now: Callable[[], float], sink: Callable[[str], None]) -> None:
        self.service = service
        self.now = now
        self.sink = sink

    def record(self, request_id: str | None, event: str, **metadata: object) -> None:
        """Write one event, now."""
        if request_id:
            self.sink(event_line(self.now(), request_id, self.service, event, metadata))
