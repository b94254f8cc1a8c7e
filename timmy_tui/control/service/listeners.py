"""Who serves v34: the processes that listen on its port, when they were started, and whether they answer.

A port that is open and a page that comes back prove nothing about which process did it: two instances share the port
without an error. Times are on the boot clock, because a laptop's wall clock steps.
"""

import contextlib
import functools
import http.client
import ipaddress
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from timmy_tui.control.boot import boot_id
from timmy_tui.control.service.start_command import StartCommand, command_of, script_of
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import ago
from timmy_tui.core.running.threads import start_timer

RUN_MAIN = "WERKZEUG_RUN_MAIN"
"""Set to ``true`` in the child of Werkzeug's reloader."""
ANSWER_LIMIT = 64 << 10
APP = "app.py"
RETRIES, RETRY_S = 3, 0.05
"""Further searches when no process seems to hold the port, and the seconds between them."""


class Answer(StrEnum):
    """The result of one request."""

    ANSWERS = "answers"
    REFUSED = "refused"
    SILENT = "silent"
    """It accepted the connection and sent nothing in time: busy with a turn, or hung."""
    GARBAGE = "garbage"
    """It sent something that is not HTTP."""


@dataclass(frozen=True)
class Listener:
    """A process that listens on v34's port."""

    pid: int
    started: float
    """Seconds on CLOCK_BOOTTIME, ±10 ms."""
    folder: Path | None
    """Its working directory; None: not permitted to read it."""
    reloader: bool | None
    """It is the child of a reloader; None: not permitted to read it."""
    parent: int | None = None
    """Pid of that reloader."""
    parent_started: float | None = None
    command: StartCommand | None = None
    """How it was started; None: not permitted to read it."""

    @property
    def started_at(self) -> float:
        """Seconds since the epoch, by the wall clock as it is now: where that has stepped, it is wrong by the step."""
        return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - self.started)

    @property
    def identity(self) -> str:
        """``<boot>:<pid>:<start>``, as the journal writes it."""
        return f"{boot_id()[:8]}:{self.pid}:{round(self.started * _ticks())}"


@dataclass(frozen=True)
class Serving:
    """Who listens on the port."""

    port: int
    listeners: tuple[Listener, ...] = ()
    hidden: bool = False
    """Connections are accepted, and no process that does it can be seen: another user's, or a container's."""
    elsewhere: str = ""
    """The host, when v34's URL leads to another machine: what listens on the same port here has nothing to do with it.
    """

    @property
    def identity(self) -> str:
        """Identity of the process that serves; empty when none does."""
        return self.listeners[0].identity if self.listeners else ""

    @property
    def only(self) -> Listener | None:
        """The process that serves; None where none does, or where several do."""
        return self.listeners[0] if len(self.listeners) == 1 else None


def serving_at(url: str) -> Serving:
    """Who serves v34's URL, as far as that is this machine."""
    parts = urlsplit(url)
    port = port_of(url)
    host = parts.hostname or "localhost"
    return who_serves(port) if is_here(host) else Serving(port, elsewhere=clean(host, 80))


def port_of(url: str) -> int:
    """The URL's port, or the usual one of its scheme."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def is_here(host: str) -> bool:
    """An address or a name of this machine; a name that cannot be resolved is not."""
    if host == "localhost":
        return True
    try:
        addresses = {ipaddress.ip_address(host)}
    except ValueError:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return False
        addresses = {ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found}
    if all(one.is_loopback or one.is_unspecified for one in addresses):
        return True
    own = {one.address.partition("%")[0] for addresses in psutil.net_if_addrs().values() for one in addresses}
    return any(str(one) in own for one in addresses)


def who_serves(port: int) -> Serving:
    """Read all sockets of the machine (37 ms): not for the screen's thread.

    A process that is just ending holds its socket for a moment after it disappears: then the search is repeated.
    """
    serving = _read_sockets(port)
    for _ in range(RETRIES):
        if not serving.hidden:
            break
        time.sleep(RETRY_S)
        serving = _read_sockets(port)
    return serving


def _read_sockets(port: int) -> Serving:
    try:
        found = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    except (psutil.Error, OSError, RuntimeError):
        # processes came and went while the list was read: it is not known who serves
        return Serving(port, (), True)
    here = [one for one in found if one.laddr and one.laddr.port == port]
    pids = sorted({one.pid for one in here if one.pid is not None})
    listeners = [one for one in map(_listener, pids) if one is not None]
    hidden = bool(here) and not listeners
    return Serving(port, tuple(_without_reloaders(listeners)), hidden or (not here and _accepts(port)))


def _without_reloaders(listeners: list[Listener]) -> Iterable[Listener]:
    """A reloader's parent may hold the socket as well, without ever answering on it."""
    parents = {one.parent for one in listeners if one.reloader}
    return [one for one in listeners if one.pid not in parents]


def _listener(pid: int) -> Listener | None:
    started = start_of(pid)
    if started is None:
        return None
    folder: Path | None = None
    reloader: bool | None = None
    parent: int | None = None
    command: StartCommand | None = None
    try:
        process = psutil.Process(pid)
        folder = Path(process.cwd())
        command = command_of(process)
        reloader = process.environ().get(RUN_MAIN) == "true"
        if reloader:
            above = process.parent()
            # Whatever a reloader starts inherits the variable; only its child runs the same script.
            reloader = above is not None and script_of(above.cmdline()) == script_of(process.cmdline()) != ""
            parent = above.pid if reloader and above is not None else None
    except psutil.NoSuchProcess:
        return None
    except (psutil.AccessDenied, OSError):
        reloader = None
    return Listener(pid, started, folder, reloader, parent, start_of(parent) if parent is not None else None, command)


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("localhost", port), timeout=0.5).close()
    except OSError:
        return False
    return True


@functools.cache
def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")


def start_of(pid: int) -> float | None:
    """Start of a living process on the boot clock; None for one that is gone, or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # the process name is in brackets, and may itself contain spaces and brackets
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return None
    return int(fields[19]) / _ticks()


def alive(pid: int, started: float) -> bool:
    """That process still lives; a later process with the same pid does not count."""
    return start_of(pid) == started


def starting(folder: Path) -> tuple[tuple[int, float], ...]:
    """(pid, start) of this user's processes in ``folder`` that run app.py: v34 while it imports, or its reloader."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.uids().real != os.getuid() or script_of(process.cmdline()) != APP:
                continue
            if Path(process.cwd()) == folder and (started := start_of(process.pid)) is not None:
                found.append((process.pid, started))
        except (psutil.Error, OSError):
            continue
    return tuple(found)


def ask(url: str, limit_s: float) -> Answer:
    """GET /api/kv_stats; any HTTP status is an answer. No redirects, no proxy, never longer than ``limit_s``."""
    parts = urlsplit(url)
    connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connection_class(parts.hostname or "127.0.0.1", port_of(url), timeout=limit_s)
    try:
        connection.connect()
    except (OSError, UnicodeError):
        connection.close()
        return Answer.REFUSED
    connected = connection.sock
    # a server that trickles a byte at a time never times out by itself
    clock = start_timer("health", limit_s, partial(_shut_down, connected))
    began = time.monotonic()
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/api/kv_stats?limit=1", headers={"Connection": "close"})
        connection.getresponse().read(ANSWER_LIMIT)
    except TimeoutError:
        return Answer.SILENT
    except (OSError, http.client.HTTPException):
        return Answer.SILENT if time.monotonic() - began >= limit_s * 0.9 else Answer.GARBAGE
    finally:
        clock.cancel()
        connection.close()
    return Answer.ANSWERS


def _shut_down(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def refusal(serving: Serving, folder: Path) -> str:
    """Why what serves must not be restarted from here; empty for exactly one in ``folder``, or none."""
    if serving.elsewhere:
        return f"v34 is on another machine ({serving.elsewhere}): what runs there is not seen from here"
    if serving.hidden:
        return f"port {serving.port} is served by a process that cannot be seen from here"
    if len(serving.listeners) > 1:
        pids = " and ".join(str(one.pid) for one in serving.listeners)
        return f"two at once serve port {serving.port} (pid {pids}): end one of them first"
    for one in serving.listeners:
        if one.folder is not None and one.folder.resolve() != folder.resolve():
            return f"the running service (pid {one.pid}) uses another copy: {clean(str(one.folder), 200)}"
    return ""


def describe(serving: Serving, boottime: float) -> str:
    """One line: ``pid 123 · up 4m · restarts itself after an edit``. ``boottime`` is CLOCK_BOOTTIME now."""
    if serving.elsewhere:
        return f"on another machine ({serving.elsewhere}), not seen from here"
    if serving.hidden:
        return f"port {serving.port}: served by a process that cannot be seen"
    if not serving.listeners:
        return f"port {serving.port}: not running"
    return " and ".join(_described(one, boottime) for one in serving.listeners)


_AFTER_EDIT = {
    True: "restarts itself after an edit",
    False: "does not restart itself",
    None: "whether it restarts itself is not known",
}
"""By whether Werkzeug's reloader started it."""


def _described(one: Listener, boottime: float) -> str:
    # In minutes from the hundredth second on: seconds that nobody asks for drew the screen every 2 s.
    return f"pid {one.pid} · up {ago(boottime - one.started)} · {_AFTER_EDIT[one.reloader]}"
