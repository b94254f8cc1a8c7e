"""The latency log: one JSON object a line, from several processes that do not lock each other out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from timmy_tui.model.log_format import EventLog
from timmy_tui.model.turn import LATEST, Event

_MARK = b'{"timestamp"'
"""How every line of the tracker begins: where a torn line is taken up again."""

_decode = msgspec.json.Decoder(Event).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode


class LatencyParser:
    """Lines in, events out; what is not an event is counted by reason."""

    def __init__(self) -> None:
        self.unparsed: Counter[str] = Counter()
        self.lines = 0

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        """Events of whole lines, in file order. Never raises, whatever the bytes."""
        events: list[Event] = []
        rest = iter(lines)
        at = 0
        while True:
            known = len(events)
            try:
                # No bytecode between two lines (a fifth of the time). Up to a bad line, what was decoded stays.
                events.extend(map(_decode, rest))
                break
            except (msgspec.DecodeError, UnicodeDecodeError):
                at += len(events) - known
                events.extend(self._mend(lines[at]))
                at += 1
        self.lines += len(lines)
        return events

    def _mend(self, line: bytes) -> Iterator[Event]:
        """The events that can be saved from a line that is not one: decoded loosely, else resumed at a later mark."""
        text = line.replace(b"\0", b"").strip()
        if not text:
            if line:
                self.unparsed["empty or NUL"] += 1
            return
        text = text.decode("utf-8", "replace").encode()
        for part in [text] if _is_object(text) else _parts(text):
            told = _loose(part)
            if isinstance(told, str):
                self.unparsed[told] += 1
            else:
                if not isinstance(told.metadata, dict):
                    self.unparsed["metadata is not an object"] += 1
                    told = Event(told.timestamp, told.request_id, told.event, told.service)
                yield told


def _is_object(text: bytes) -> bool:
    try:
        _decode_any(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _parts(text: bytes) -> list[bytes]:
    """The line cut at every mark: a writer that was overtaken leaves a head, and the other's line follows it."""
    head, *rest = text.split(_MARK)
    return [part for part in (head, *(_MARK + part for part in rest)) if part.strip()]


def _loose(text: bytes) -> Event | str:
    """An event with whatever metadata it has, or the reason why it is none."""
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


def _recognizes(lines: Sequence[bytes]) -> bool:
    """Torn lines and NULs may stand before the first whole one."""
    return any(_MARK in line or (line.lstrip().startswith(b"{") and b'"event"' in line) for line in lines)


FORMAT = EventLog(
    kind="latency",
    file_name="latency.log",
    order=10,  # first: the debug log then tells more of turns that are known
    recognizes=_recognizes,
    place=lambda places: places.latency_log,
    parser=LatencyParser,
)
