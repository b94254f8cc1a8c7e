"""Serves the dashboard as a web page of this machine. Needs the extra ``serve``; imported by that command alone.

Three things keep others out: the socket listens on a loopback address; a request must name that address as its host, so
that no foreign name which was made to point here is answered; and a page of another address cannot open the web
socket. The page loads nothing from elsewhere, and tells the browser to refuse it if it would.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp_jinja2
import psutil
from aiohttp import web
from textual_serve.server import Server, to_int

from timmy_tui.core.errors import TimmyError
from timmy_tui.core.foreign.sanitize import clean_lines
from timmy_tui.core.output import say, say_lines

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = Path(__file__).parent / "web_page"
FONT_SIZES = (6, 60)
"""Pixels that ``/?fontsize=`` can ask for."""
SHUTDOWN_S, END_S = 0.5, 3.0
"""Seconds at the end: for the web sockets to close, then for the dashboards to end."""
CLIENT_GONE = ("TMUX", "TMUX_PANE", "WAYLAND_DISPLAY", "DISPLAY", "SSH_CONNECTION")
"""Environment variables of the terminal that the server runs in, of which the browser knows nothing."""


class ServeError(TimmyError):
    """The page cannot be served."""

    title = "Serve"


def loopback_address(host: str) -> str:
    """The address to listen on. Raises ServeError for any that another machine could reach."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ServeError(
            f"{host} is not an address of this machine alone, and the page shows what was said to Timmy.",
            "Serve on 127.0.0.1; from another machine: ssh -L 8000:127.0.0.1:8000 THIS-MACHINE",
        )
    return str(address)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a loopback address. ``port`` 0: any free one. Raises ServeError."""
    address = loopback_address(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise ServeError(f"port {port} of {address}: {error.strerror}.", "Choose another one with --port.") from None


def page_address(listening: socket.socket) -> str:
    """``127.0.0.1:8000``: what stands behind ``http://``."""
    address, port = listening.getsockname()[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def security_headers(host: str, nonce: str) -> dict[str, str]:
    """What the browser is told: load from ``host`` alone, show it in no other page's frame."""
    policy = (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        f"img-src 'self' data:; connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


class PageServer(Server):
    """textual-serve's server with a page of our own, and answers for a browser on this machine alone."""

    def __init__(self, arguments: Sequence[str], listening: socket.socket) -> None:
        """``arguments``: of the program, for the dashboard that every page gets."""
        # exec: no shell stays between the server and the dashboard, which notices when its parent is gone.
        command = "exec " + shlex.join([sys.executable, "-m", "timmy_tui", *arguments])
        self.address = page_address(listening)
        host, _, port = self.address.rpartition(":")
        super().__init__(command, host, int(port), title="Timmy", templates_path=PAGE)
        self._listening = listening
        self._hosts = {self.address, f"localhost:{port}"}

    def initialize_logging(self) -> None:
        """What the library reports goes to standard error, a warning at least, and is made safe to print."""
        logging.basicConfig(level=logging.WARNING, handlers=[_Printed()], force=True)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._only_this_page)
        app.on_cleanup.append(self._wait_for_dashboards)
        return app

    @web.middleware
    async def _only_this_page(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if request.host not in self._hosts or origin not in (None, f"http://{request.host}"):
            raise web.HTTPForbidden(text="This page is for a browser on its own machine.\n")
        return await handler(request)

    async def on_startup(self, app: web.Application) -> None:
        """Say where the page is."""
        say(f"the dashboard, read-only, is at http://{self.address} until Ctrl+C")

    async def on_shutdown(self, app: web.Application) -> None:
        """Say nothing; the dashboards end with their sockets."""

    async def _wait_for_dashboards(self, app: web.Application) -> None:
        """Until none runs: the library ends them, and its loop must still be there when they have ended."""
        deadline = time.monotonic() + END_S
        while (children := psutil.Process().children()) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        await asyncio.sleep(0.05)

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """Our page. It names the host as the browser does: else its parts would come from another address."""
        nonce = os.urandom(16).hex()
        smallest, largest = FONT_SIZES
        size = min(max(to_int(request.query.get("fontsize", ""), 16), smallest), largest)
        socket_url = f"ws://{request.host}{request.app.router['websocket'].url_for()}"
        context = {"title": self.title, "socket": socket_url, "font_size": size, "nonce": nonce}
        page = aiohttp_jinja2.render_template("app_index.html", request, context)
        page.headers.update(security_headers(request.host, nonce))
        return page

    def serve(self, debug: bool = False) -> None:
        """Serve until Ctrl+C or SIGTERM."""
        self.initialize_logging()
        loop = asyncio.new_event_loop()
        for kind in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(kind, self.request_exit)
        web.run_app(
            self._make_app(),
            sock=self._listening,
            handle_signals=False,
            loop=loop,
            shutdown_timeout=SHUTDOWN_S,
            print=lambda *_: None,
        )


class _Printed(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say_lines(clean_lines(self.format(record)), err=True)


def serve(arguments: Sequence[str], host: str, port: int) -> None:
    """Serve the dashboard of these arguments on a loopback address, until Ctrl+C. Raises ServeError."""
    for name in CLIENT_GONE:
        os.environ.pop(name, None)
    # A browser has every character, whatever the server's terminal can show.
    os.environ.update(LC_ALL="C.UTF-8", TERM="xterm-256color")
    PageServer(arguments, listen(host, port)).serve()
