"""Who listens, by the kernel: no service notices the question."""

from __future__ import annotations

import socket
import sys

import pytest

from timmy_tui.sources.services import listening
from timmy_tui.sources.services.listening import PortWatch, listening_ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
FAMILIES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


@pytest.mark.parametrize(("family", "address"), FAMILIES)
def test_a_port_is_there_as_long_as_somebody_listens(family: socket.AddressFamily, address: str) -> None:
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        ports = listening_ports()
        assert ports is not None and port in ports
        with socket.create_connection((address, port)) as client:
            assert client.getsockname()[1] not in (listening_ports() or ()), "a connection is no listener"
    ports = listening_ports()
    assert ports is not None and port not in ports


def test_only_what_was_open_can_close(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = f"http://127.0.0.1:{server.getsockname()[1]}"
        watch = PortWatch(
            {"tts": here, "stt": "http://192.0.2.1:9", "v34": "https://elsewhere", "ollama": "no address"}
        )
        assert watch.closed() == frozenset() and watch.closed() == frozenset()
    assert watch.closed() == {"tts"} and watch.closed() == frozenset(), "said once"
    monkeypatch.setattr(listening, "listening_ports", lambda: None)
    assert watch.closed() == frozenset()


def test_a_system_without_that_question_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK")
    assert listening_ports() is None
