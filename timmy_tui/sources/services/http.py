"""One question over HTTP to a service nearby; every failure is an answer, too."""

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from timmy_tui.core.sanitize import clean

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 1.0
"""For connecting and for each read."""
WHOLE_S = 3.0
"""For a whole answer: a server that trickles is not waited for."""
LIMIT = 4 << 20
"""Bytes of an answer; /api/show with its licence has some 50 KiB."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int | None = None
    """None when nothing came."""
    body: Any = None
    """Decoded JSON; None when there is none that can be used."""
    problem: str = ""
    """Why not; cleaned. Empty when all is well."""
    late: bool = False
    """The server took the question and did not answer in time."""


class HttpClient:
    """A connection to one base URL. Not for two threads at once; ``close`` it."""

    def __init__(self, base_url: str, timeout_s: float = TIMEOUT_S, whole_s: float = WHOLE_S) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._whole_s = whole_s
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Give the sockets back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def ask(self, path: str, post: object = None, lines: bool = False) -> Answer:
        """GET ``path``, or POST ``post`` as JSON. Never raises for anything that the network or the server does.

        ``lines``: the answer is a stream of one object a line; its body is the list of them.
        """
        import httpx

        try:
            return self._ask(path, post, lines)
        except httpx.TimeoutException as error:
            late = not isinstance(error, httpx.ConnectTimeout)
            return Answer(problem="no answer in time" if late else "cannot be reached in time", late=late)
        except httpx.ConnectError as error:
            return Answer(problem=clean(_plain(str(error)), 120))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            return Answer(problem=clean(f"{type(error).__name__}: {error}", 120))
        except UnicodeError:
            return Answer(problem="the URL is not valid")

    def _ask(self, path: str, post: object, lines: bool) -> Answer:
        import httpx

        if self._client is None:
            # A proxy in the environment is not for services nearby, and no certificates are needed for http.
            secure = self.base_url.startswith("https:")
            # Nothing is kept open between questions: a service that was restarted is met anew.
            self._client = httpx.Client(
                trust_env=False,
                follow_redirects=False,
                timeout=self._timeout_s,
                verify=secure,
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        deadline = time.monotonic() + self._whole_s
        method = "GET" if post is None else "POST"
        with self._client.stream(method, self.base_url + path, json=post) as response:
            data = bytearray()
            for chunk in response.iter_bytes(1 << 16):
                data += chunk
                if len(data) > LIMIT:
                    return Answer(response.status_code, problem=f"an answer of more than {LIMIT >> 20} MiB")
                if time.monotonic() > deadline:
                    return Answer(response.status_code, problem="no whole answer in time", late=True)
            return _read(response.status_code, bytes(data), lines)


def _read(status: int, data: bytes, lines: bool) -> Answer:
    try:
        several = lines and status < 300
        body = [json.loads(line) for line in data.splitlines() if line.strip()] if several else json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if status >= 300:
        said = body.get("error") if isinstance(body, dict) else None
        return Answer(status, body, clean(f"HTTP {status}" + (f": {said}" if isinstance(said, str) else ""), 120))
    if body is not None:
        return Answer(status, body)
    head = data[:200].lstrip().lower()
    what = "HTML" if head.startswith((b"<!doctype", b"<html")) else "something" if data else "nothing"
    return Answer(status, None, f"answers {what} instead of JSON")


def _plain(text: str) -> str:
    """``[Errno 111] Connection refused`` → ``connection refused``."""
    text = text.rpartition("] ")[2]
    return text[:1].lower() + text[1:] if text else "cannot be reached"


def text_of(value: object, limit: int = 80) -> str | None:
    """A string as one cleaned line; None for anything else, and for an empty one."""
    return clean(value, limit) if isinstance(value, str) and value else None


def whole_of(value: object) -> int | None:
    """A count of zero or more; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 53:
        return None
    return int(value)
