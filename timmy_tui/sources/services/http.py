"""Requests over HTTP to the local services. A failure is returned as a response with a problem, never raised."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from timmy_tui.core.foreign.decode import Unreadable, decode_json
from timmy_tui.core.foreign.sanitize import clean

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 1.0
"""Limit for connecting and for each read."""
TOTAL_TIMEOUT_S = 3.0
"""Limit for a whole request with its answer, because each read of a slow one may be within its own limit."""
LIMIT = 4 << 20
"""Most bytes of a response; that of /api/show, with the licence, has about 50 KiB."""


@dataclass(frozen=True)
class HttpResponse:
    """The response to one request, or why there is none."""

    status: int | None = None
    """HTTP status; None without a response."""
    body: Any = None
    """Decoded JSON; None when the response has none."""
    problem: str = ""
    """What went wrong, as cleaned text; else empty."""
    timed_out: bool = False
    """The server accepted the connection and did not answer in time."""


class HttpClient:
    """Sends requests to one base URL. Use it from one thread at a time, and ``close`` it."""

    def __init__(self, base_url: str, timeout_s: float = TIMEOUT_S, total_timeout_s: float = TOTAL_TIMEOUT_S) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._total_timeout_s = total_timeout_s
        self._client: httpx.Client | None = None

    def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def request(self, path: str, json_body: object = None, json_lines: bool = False) -> HttpResponse:
        """GET ``path``, or POST ``json_body`` if it is not None. Never raises for errors of the network or the server.

        ``json_lines``: the response has one JSON object per line; its body is the list of them.
        """
        import httpcore
        import httpx

        from timmy_tui.sources.services.bounded import TooSlow

        try:
            return self._request(path, json_body, json_lines)
        except TooSlow:
            return HttpResponse(problem="answered too slowly", timed_out=True)
        except httpcore.ConnectTimeout:
            return HttpResponse(problem="no connection in time")
        except httpcore.TimeoutException:
            return HttpResponse(problem="no answer in time", timed_out=True)
        except httpcore.ConnectError as error:
            return HttpResponse(problem=clean(_without_errno(str(error)), 120))
        except (
            httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError,
            httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol,
        ) as error:  # fmt: skip
            return HttpResponse(problem=clean(f"{type(error).__name__}: {error}", 120))
        except UnicodeError:
            return HttpResponse(problem="the URL is not valid")

    def _request(self, path: str, json_body: object, json_lines: bool) -> HttpResponse:
        import httpx

        from timmy_tui.sources.services.bounded import BoundedTransport

        if self._client is None:
            transport = BoundedTransport(self._total_timeout_s, self.base_url.startswith("https:"))
            # A proxy of the environment is not used for local services.
            self._client = httpx.Client(
                trust_env=False, follow_redirects=False, timeout=self._timeout_s, transport=transport
            )
        method = "GET" if json_body is None else "POST"
        with self._client.stream(method, self.base_url + path, json=json_body) as response:
            data = bytearray()
            for chunk in response.iter_bytes():  # As they come: with a size it would wait until that is full.
                data += chunk
                if len(data) > LIMIT:
                    return HttpResponse(response.status_code, problem=f"an answer of more than {LIMIT >> 20} MiB")
            return _parse(response.status_code, bytes(data), json_lines)


def _parse(status: int, data: bytes, json_lines: bool) -> HttpResponse:
    decoded = _json_lines(data) if json_lines and status < 300 else decode_json(data)
    body = None if isinstance(decoded, Unreadable) else decoded
    if status >= 300:
        error = body.get("error") if isinstance(body, dict) else None
        return HttpResponse(
            status, body, clean(f"HTTP {status}" + (f": {error}" if isinstance(error, str) else ""), 120)
        )
    if body is not None:
        return HttpResponse(status, body)
    head = data[:200].lstrip().lower()
    reason = decoded.reason if isinstance(decoded, Unreadable) else "null"
    content = "HTML" if head.startswith((b"<!doctype", b"<html")) else reason if data else "empty"
    return HttpResponse(status, None, f"the answer is {content}")


def _json_lines(data: bytes) -> Any:
    """The value of each line, or the Unreadable of the first line that is one."""
    values = [decode_json(line) for line in data.splitlines() if line.strip()]
    return next((value for value in values if isinstance(value, Unreadable)), values)


def _without_errno(text: str) -> str:
    """``[Errno 111] Connection refused`` → ``connection refused``."""
    text = text.rpartition("] ")[2]
    return text[:1].lower() + text[1:] if text else "cannot be reached"


def clean_text(value: object, limit: int = 80) -> str | None:
    """A non-empty string as one cleaned line of at most ``limit`` characters; None for anything else."""
    return clean(value, limit) if isinstance(value, str) and value else None


def as_count(value: object) -> int | None:
    """A number from 0 on as an int; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 53:
        return None
    return int(value)
