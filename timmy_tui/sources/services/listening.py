"""On which ports this machine listens, without a word to anybody who does: the kernel is asked (sock_diag).

A process that dies closes its sockets, however it dies. A connection would tell as much, and v34's web server prints a
line for each; /proc/net/tcp tells the same for 7 ms, because the kernel walks through all connections for it.
"""

import socket
import struct
from collections.abc import Mapping
from urllib.parse import urlsplit

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
REQUEST_DUMP = 0x301
DONE, ERROR = 3, 2
LISTEN = 10
TCP = 6
HEADER = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port id of a netlink message."""
QUERY = struct.Struct("=BBBBI48s")
"""Family, protocol, extensions, padding, states, and an id that is not used."""
PORT_AT = HEADER.size + 4
"""Offset of the source port in an answer, in network order: behind family, state, timer and retransmits."""
TIMEOUT_S = 1.0
RECEIVED = 1 << 16
MOST_MESSAGES = 200
"""Some hundred sockets each: a kernel that never ends its answer does not hold the poller."""


def listening_ports() -> frozenset[int] | None:
    """TCP ports in the state LISTEN, of both families; None where the kernel does not say. 40 µs."""
    family = getattr(socket, "AF_NETLINK", None)
    if family is None:
        return None
    ports: set[int] = set()
    try:
        with socket.socket(family, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(TIMEOUT_S)
            for one in (socket.AF_INET, socket.AF_INET6):
                query = QUERY.pack(one, TCP, 0, 0, 1 << LISTEN, b"")
                kernel.send(HEADER.pack(HEADER.size + len(query), SOCK_DIAG_BY_FAMILY, REQUEST_DUMP, 1, 0) + query)
                if not _read_answer(kernel, ports):
                    return None
    except OSError:
        return None
    return frozenset(ports)


def _read_answer(kernel: socket.socket, ports: set[int]) -> bool:
    """Add what one query is answered with; False where it is refused."""
    for _ in range(MOST_MESSAGES):
        data = kernel.recv(RECEIVED)
        at = 0
        while at + HEADER.size <= len(data):
            length, kind, *_ = HEADER.unpack_from(data, at)
            if kind == DONE:
                return True
            if kind == ERROR or length < HEADER.size:
                return False
            if kind == SOCK_DIAG_BY_FAMILY and at + PORT_AT + 2 <= len(data):
                ports.add(int.from_bytes(data[at + PORT_AT : at + PORT_AT + 2], "big"))
            at += (length + 3) & ~3
    return False


class PortWatch:
    """Whose port was open and is not any more. What listens on another machine is never missed here."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """``urls``: of each service."""
        self._ports = {name: port for name, url in urls.items() if (port := _port(url)) is not None}
        self._open: frozenset[str] = frozenset()

    def closed(self) -> frozenset[str]:
        """Services whose port was open at the last look and is closed now."""
        ports = listening_ports()
        if ports is None:
            return frozenset()
        before, self._open = self._open, frozenset(name for name, port in self._ports.items() if port in ports)
        return before - self._open


def _port(url: str) -> int | None:
    try:
        parts = urlsplit(url)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
