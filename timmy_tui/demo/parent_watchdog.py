"""Ends every process of the demo when the demo ends, also when the demo is killed.

One socket pair. Only the demo holds one end; every process that it starts, and every process that those start,
inherits the other end. When the demo exits, by whatever signal, the kernel closes its end, and each of the others
reads the end of the stream and exits. In the other direction the demo reads the end of the stream when the last of
them has exited.
"""

import os
import socket
import threading

VARIABLE = "TIMMY_DEMO_PARENT_WATCHDOG"
"""Environment variable with the number of the inherited file descriptor."""


class ParentWatchdog:
    """The socket pair, as the demo holds it."""

    def __init__(self) -> None:
        self._own_end, self._inherited_end = socket.socketpair()

    @property
    def fd(self) -> int:
        """The file descriptor for ``pass_fds`` of a child."""
        return self._inherited_end.fileno()

    def stop_children(self, limit_s: float) -> bool:
        """Make all processes of the demo exit. True if the last one has exited within ``limit_s`` seconds."""
        self._inherited_end.close()
        self._own_end.shutdown(socket.SHUT_WR)
        self._own_end.settimeout(limit_s)
        try:
            return self._own_end.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        finally:
            self._own_end.close()


def start_parent_watchdog() -> None:
    """In a process of the demo: exit at once when the demo has ended. Does nothing outside a demo."""
    descriptor = os.environ.get(VARIABLE)
    if descriptor:
        threading.Thread(target=_exit_with_parent, args=(int(descriptor),), name="parent watchdog", daemon=True).start()


def _exit_with_parent(fd: int) -> None:
    try:
        os.read(fd, 1)
    finally:
        os._exit(0)
