"""Connections of the OTLP exporter on which an answer is there in time, or the connection ends.

requests limits each read: a server that sends a byte of its head within each could hold the exporter for ever.
"""

import socket
import threading
from contextlib import suppress
from functools import partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from timmy_tui.core.running.threads import start_timer

LATER_S = 0.2
"""By so much later than a single read: a server that says nothing is told from one that says it slowly."""


class _Timed(HTTPConnection):
    """The time of a request is also that for the whole head of its answer; the body's is counted by who reads it."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # As urllib3 has it.
        """Raises OSError where the time is over."""
        limit_s = self.timeout
        if self.sock is None or not isinstance(limit_s, int | float):
            return super().getresponse()
        is_over = threading.Event()
        clock = start_timer("otlp answer", limit_s + LATER_S, partial(_end, self.sock, is_over))
        try:
            response = super().getresponse()
        finally:
            clock.cancel()
        if is_over.is_set():  # The end of the connection looks like the end of the head, and no body like one.
            response.close()
            raise OSError("answered too slowly")
        return response


def _end(connected: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


class _TimedSecure(_Timed, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _TimedSecure


class TimedAdapter(HTTPAdapter):
    """For ``requests.Session.mount``."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Of such connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
