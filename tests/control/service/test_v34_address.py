"""Where v34 is: on this machine by either protocol, or on another one, which is left alone."""

import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness
from tests.control.services import Service
from timmy_tui.control.service.listeners import (
    Answer,
    ask,
    describe,
    is_here,
    port_of,
    refusal,
    serving_at,
)
from timmy_tui.core.settings import Control, Services, Settings
from timmy_tui.model.user_requests import Flip


class Empty(BaseHTTPRequestHandler):
    """Answers every request with nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_service_on_ipv6_is_found_and_asked() -> None:
    class Six(HTTPServer):
        address_family = socket.AF_INET6

    try:
        server = Six(("::1", 0), Empty)
    except OSError:
        pytest.skip("no IPv6 here")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://[::1]:{server.server_address[1]}"
        (found,) = serving_at(url).listeners
        assert found.pid == os.getpid() and ask(url, 5.0) is Answer.ANSWERS
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_listens_here_is_not_taken_for_a_v34_on_another_machine() -> None:
    server = HTTPServer(("127.0.0.1", 0), Empty)
    try:
        port = server.server_address[1]
        there = serving_at(f"http://192.0.2.7:{port}")
        assert there.listeners == () and "another machine (192.0.2.7)" in refusal(there, Path("/x"))
        assert "another machine" in describe(there, 0.0)
        assert serving_at(f"http://localhost:{port}").listeners[0].pid == os.getpid()
        assert is_here("0.0.0.0") and is_here("::1") and not is_here("no-such-host.invalid") and not is_here("a..b")
        assert (port_of("http://x"), port_of("https://x"), port_of("http://x:5000")) == (80, 443, 5000)
        assert ask("http://a..b:5000", 0.2) is Answer.REFUSED
    finally:
        server.server_close()


def test_a_v34_on_another_machine_is_not_changed_from_here(service: Service, tmp_path: Path) -> None:
    for strategy in ("reload", "panel", "command", "manual"):
        settings = Settings(
            services=Services(v34="http://192.0.2.7:5000", panel="http://127.0.0.1:9"),
            control=Control(strategy=strategy, command=("true",)),
        )
        harness = ControlHarness(service, tmp_path / strategy, settings)
        assert "another machine (192.0.2.7)" in harness.plan(Flip((("tail-mode", "on"),))).refusal
        harness.controller.poll()
        shown = harness.controller.state().service
        assert "another machine" in shown and "pid" not in shown
