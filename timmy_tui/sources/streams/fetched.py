"""A JSON document that is fetched by HTTP again and again, or once."""

import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.source_address import SourceAddress
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.services.http import HttpClient, HttpResponse
from timmy_tui.sources.streams.document import BEGINS
from timmy_tui.sources.streams.stream import Pause, Stream

ANSWER_S = 2.5
"""For connecting and for each read: less than what counts as stalled."""
LONGEST_PAUSE_S = 10.0
"""Time between two tries of an address that does not answer, unless more is between two polls."""


class Fetched(Stream):
    """Asks every few seconds. A document that is the same as the last one is not delivered again."""

    def __init__(
        self,
        source: SourceAddress,
        every_s: float,
        age_of: Callable[[list[bytes]], float] = lambda lines: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``age_of``: how long ago the newest record of a document was written, in seconds."""
        super().__init__("http", source.place)
        self._client = _Client(source)
        self._every_s = every_s
        self._age_of = age_of
        self._clock = clock
        self._next = float("-inf")
        self._pause = Pause(clock, every_s, max(every_s, LONGEST_PAUSE_S))
        self._document: object = None
        self.condition.set(SourceCondition.WAITING, "no answer yet")

    def poll(self) -> list[TailBatch]:
        """The document, if it is time to ask and it is another one than before."""
        if self.closed or self._clock() < self._next or not self._pause.over:
            return []
        condition, detail, document = self._client.get()
        self._next = self._clock() + self._every_s
        self.condition.set(condition, detail)
        if condition is not SourceCondition.OK:
            self._pause.fail()
            return []
        self._pause.succeed()
        if document == self._document:
            return []
        lines = [as_line(document)]
        # What the first answer has was there before; what comes later is new.
        age_s = self._age_of(lines) if self._document is None else 0.0
        self._document = document
        return [self.batch(lines, age_s)]

    def close(self) -> None:
        """Close the connection."""
        super().close()
        self._client.http.close()


def fetch(source: SourceAddress) -> list[bytes]:
    """The lines of the document, once. Raises SourceError."""
    client = _Client(source)
    try:
        condition, detail, document = client.get()
    finally:
        client.http.close()
    if condition is not SourceCondition.OK:
        raise SourceError(f"{source.shown} cannot be read: {detail}.")
    return [as_line(document)]


def as_line(document: object) -> bytes:
    """A document in one line, which says that a document begins."""
    return BEGINS + json.dumps(document).encode()


class _Client:
    """Asks for one address, and says in words what comes of it."""

    def __init__(self, source: SourceAddress) -> None:
        parts = urlsplit(source.name)
        self.http = HttpClient(f"{parts.scheme}://{parts.netloc}", ANSWER_S)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secrets = [one for one in (parts.netloc.rpartition("@")[0], parts.password, parts.query) if one]

    def get(self) -> tuple[SourceCondition, str, object]:
        """The condition of the source, its words, and the document."""
        response = self.http.request(self._path)
        condition, detail = _condition(response)
        for secret in self._secrets:
            detail = detail.replace(secret, "…")
        return condition, detail, response.body


def _condition(response: HttpResponse) -> tuple[SourceCondition, str]:
    if response.timed_out:
        return SourceCondition.BUSY, response.problem
    if response.status is None:
        return SourceCondition.DOWN, response.problem
    if response.status in (401, 403):
        return SourceCondition.DENIED, response.problem
    if 300 <= response.status < 400:
        return SourceCondition.ERROR, f"{response.problem}: a redirect, which is not followed"
    if response.problem:
        return SourceCondition.ERROR, response.problem
    if not isinstance(response.body, dict | list):
        return SourceCondition.ERROR, "the answer is neither a list nor an object"
    return SourceCondition.OK, ""
