"""A transport whose requests end in time, whatever the server does. Imported with httpx, for the first request.

httpx limits each read. A server that sends a byte within each of them, of the head as well as of the body, could hold
a request for ever: here every read, and every write, has at most the time that is left of the whole.
"""

import ssl
import time
from collections.abc import Iterable, Iterator

import httpcore
import httpx


class TooSlow(httpcore.ReadTimeout):
    """It answered, and was not done in time."""


class BoundedTransport(httpx.BaseTransport):
    """HTTP/1.1 without a proxy; no connection is kept open between requests, because the service may restart."""

    def __init__(self, total_s: float, secure: bool) -> None:
        """``total_s``: for a whole request with its answer. ``secure``: certificates are loaded, for https only."""
        self._total_s = total_s
        self._backend = _Backend()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False) if secure else None,
            max_keepalive_connections=0,
            network_backend=self._backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises the exceptions of httpcore, and TooSlow."""
        self._backend.deadline = time.monotonic() + self._total_s
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    """Connections whose every step ends by ``deadline`` (time.monotonic())."""

    def __init__(self) -> None:
        self.deadline = float("inf")
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, self.left(timeout), local_address, socket_options)
        return _Connection(stream, self)

    def left(self, timeout: float | None) -> float:
        """Of a limit, what is left of the whole; never 0, which would mean not to wait at all."""
        left = max(self.deadline - time.monotonic(), 0.001)
        return left if timeout is None else min(timeout, left)

    @property
    def over(self) -> bool:
        """Nothing is left."""
        return time.monotonic() >= self.deadline


class _Connection(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream, limit: _Backend) -> None:
        self._stream = stream
        self._limit = limit
        self._answered = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._answered and self._limit.over:
            raise TooSlow
        try:
            data = self._stream.read(max_bytes, self._limit.left(timeout))
        except httpcore.ReadTimeout:
            if self._answered and self._limit.over:
                raise TooSlow from None
            raise
        self._answered = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._limit.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._limit.left(timeout))
        return _Connection(stream, self._limit)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
