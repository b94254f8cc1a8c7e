"""One page over HTTP for one reader at a time, on a loopback address."""

import socketserver
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from timmy_tui.telemetry.prometheus.exposition import CONTENT_TYPE

PATH = "/metrics"
HOSTS = ("127.0.0.1", "localhost")
"""Names by which it may be asked: a foreign name that was made to point here is a web page's trick."""
READ_S = 1.0
"""So long a reader may take for a step; only one is served at a time."""


class MetricsPage(HTTPServer):
    """Serves what ``text`` returns, made anew for each reader."""

    def __init__(self, host: str, port: int, text: Callable[[], str]) -> None:
        """``port`` 0: any free one. Raises OSError where the port cannot be had."""
        super().__init__((host, port), _Handler)
        self.text = text
        self.failure: Exception | None = None
        """What this program did wrong in the last answer."""

    def server_bind(self) -> None:
        """Without HTTPServer's question for the name of the address, which can wait for a name server."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()

    def answer(self, wait_s: float) -> None:
        """Answer one reader, if one comes in this time. Raises what ``text`` raised: that reader got a 500."""
        self.timeout, self.failure = wait_s, None
        self.handle_request()
        if self.failure is not None:
            raise self.failure

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that went away, or anything else; what the base class does is to print on the screen."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.failure = error


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_S
    server: MetricsPage

    def do_GET(self) -> None:
        """The metrics."""
        host = self.headers.get("Host", HOSTS[0]).rpartition("@")[2].partition(":")[0]
        if host not in HOSTS:
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path.partition("?")[0] != PATH:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"The metrics are at {PATH}.")
        else:
            try:
                content = self.server.text().encode()
            except Exception as error:  # noqa: BLE001  Raised by ``answer``, in the thread that shows it.
                self.server.failure = error
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: it would be printed over the screen."""

    def version_string(self) -> str:
        """What the answer says of the server."""
        return "timmy_tui"
