"""The latency log: one JSON object per line, written by several processes without a lock."""

from collections import Counter
from collections.abc import Sequence

from timmy_tui.core.foreign.decode import TOO_DEEP, Unreadable, decode_json, decode_lines, number, without_mark
from timmy_tui.core.running.failures import Failures
from timmy_tui.model.log_format import EventLog
from timmy_tui.model.turn import LATEST, Event

_MARK = b'{"timestamp"'
"""The beginning of every line that the tracker writes: a torn line is read again from the next one of these."""


class LatencyParser:
    """Lines in, events out. Whatever is not an event is counted by its reason in ``unparsed``."""

    def __init__(self) -> None:
        self.lines = 0
        self._unparsed: Counter[str] = Counter()
        self._failures = Failures()

    @property
    def unparsed(self) -> Counter[str]:
        """Lines, or parts of one, that are not an event, by reason."""
        return self._unparsed + self._failures.counts

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        """Events of whole lines, in file order. Never raises, whatever the bytes."""
        self.lines += len(lines)
        return decode_lines(lines, Event, self._recover_guarded)

    def _recover_guarded(self, line: bytes) -> list[Event]:
        try:
            return self._recover(line)
        except Exception as error:  # noqa: BLE001  One line is lost, and it is said which.
            self._failures.note(error, f"a line of {len(line)} bytes in the latency log")
            return []

    def _recover(self, line: bytes) -> list[Event]:
        """Events in a line that is not a valid event: decoded leniently, else read again from each later ``_MARK``."""
        text = without_mark(line.replace(b"\0", b"")).strip()
        if not text:
            if line:
                self._unparsed["empty or NUL"] += 1
            return []
        whole = decode_json(text.decode("utf-8", "replace"))
        if not isinstance(whole, Unreadable):
            return self._take(_event(whole))
        events: list[Event] = []
        for part in _parts(text):
            value = whole if part == text else decode_json(part.decode("utf-8", "replace"))
            events += self._take(_reason(part, value) if isinstance(value, Unreadable) else _event(value))
        return events

    def _take(self, result: Event | str) -> list[Event]:
        if isinstance(result, str):
            self._unparsed[result] += 1
            return []
        if not isinstance(result.metadata, dict):
            self._unparsed["metadata is not an object"] += 1
            result = Event(result.timestamp, result.request_id, result.event, result.service)
        return [result]


def _parts(text: bytes) -> list[bytes]:
    """The line split before every ``_MARK``: when two processes write at once, one line can begin inside the other."""
    head, *rest = text.split(_MARK)
    return [part for part in (head, *(_MARK + part for part in rest)) if part.strip()]


def _reason(text: bytes, unreadable: Unreadable) -> str:
    """Why a part of a line is no JSON."""
    if unreadable.reason == TOO_DEEP:
        return TOO_DEEP
    return "torn line" if _MARK[:5] in text or b'"event"' in text else unreadable.reason


def _event(fields: object) -> Event | str:
    """An event with metadata of any type, or the reason why it is not an event."""
    if not isinstance(fields, dict):
        return "not an object"
    stamp = number(fields.get("timestamp"))
    request_id, name, service = fields.get("request_id"), fields.get("event"), fields.get("service")
    if stamp is None:
        return "timestamp is not a number"
    if not 0 < stamp < LATEST:
        return "timestamp out of range"
    if not isinstance(request_id, str) or not isinstance(name, str) or not request_id or not name:
        return "no request_id or event"
    return Event(stamp, request_id, name, service if isinstance(service, str) else "", fields.get("metadata", {}))


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
