"""The latency log: one JSON object per line, written by several processes without a lock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from timmy_tui.model.log_format import EventLog
from timmy_tui.model.turn import LATEST, Event

_MARK = b'{"timestamp"'
"""The beginning of every line that the tracker writes: a torn line is read again from the next one of these."""

_decode = msgspec.json.Decoder(Event).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode


class LatencyParser:
    """Lines in, events out. Whatever is not an event is counted by its reason in ``unparsed``."""

    def __init__(self) -> None:
        self.unparsed: Counter[str] = Counter()
        self.lines = 0

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        """Events of whole lines, in file order. Never raises, whatever the bytes."""
        events: list[Event] = []
        remaining = iter(lines)
        index = 0
        while True:
            before = len(events)
            try:
                # A fifth faster than a loop in Python. The events before a bad line stay in the list.
                events.extend(map(_decode, remaining))
                break
            except (msgspec.DecodeError, UnicodeDecodeError):
                index += len(events) - before
                events.extend(self._recover(lines[index]))
                index += 1
        self.lines += len(lines)
        return events

    def _recover(self, line: bytes) -> Iterator[Event]:
        """Events in a line that is not a valid event: decoded leniently, else read again from each later ``_MARK``."""
        text = line.replace(b"\0", b"").strip()
        if not text:
            if line:
                self.unparsed["empty or NUL"] += 1
            return
        text = text.decode("utf-8", "replace").encode()
        for part in [text] if _is_object(text) else _parts(text):
            result = _decode_leniently(part)
            if isinstance(result, str):
                self.unparsed[result] += 1
            else:
                if not isinstance(result.metadata, dict):
                    self.unparsed["metadata is not an object"] += 1
                    result = Event(result.timestamp, result.request_id, result.event, result.service)
                yield result


def _is_object(text: bytes) -> bool:
    try:
        _decode_any(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _parts(text: bytes) -> list[bytes]:
    """The line split before every ``_MARK``: when two processes write at once, one line can begin inside the other."""
    head, *rest = text.split(_MARK)
    return [part for part in (head, *(_MARK + part for part in rest)) if part.strip()]


def _decode_leniently(text: bytes) -> Event | str:
    """An event with metadata of any type, or the reason why it is not an event."""
    try:
        fields = _decode_any(text)
    except (msgspec.DecodeError, RecursionError):
        return "torn line" if _MARK[:5] in text or b'"event"' in text else "not JSON"
    stamp = fields.get("timestamp")
    request_id, name, service = fields.get("request_id"), fields.get("event"), fields.get("service")
    if not isinstance(stamp, int | float) or isinstance(stamp, bool):
        return "timestamp is not a number"
    if not 0 < stamp < LATEST:
        return "timestamp out of range"
    if not isinstance(request_id, str) or not isinstance(name, str) or not request_id or not name:
        return "no request_id or event"
    return Event(
        float(stamp), request_id, name, service if isinstance(service, str) else "", fields.get("metadata", {})
    )


def _recognizes(line: bytes) -> bool:
    """Only a whole line: a torn one does not begin like this."""
    text = line.lstrip()
    return text.startswith(_MARK) or (text.startswith(b"{") and b'"event"' in text)


FORMAT = EventLog(
    kind="latency",
    file_name="latency.log",
    order=10,  # first: the debug log then tells more of turns that are known
    recognizes=_recognizes,
    place=lambda places: places.latency_log,
    parser=LatencyParser,
)
