"""How everything that the demo starts ends with it, also when it is killed.

One socket pair. The demo alone holds one end, every process that it starts (and those that they start) inherits the
other. When the demo is gone, by whatever signal, its end is closed by the kernel and each of them reads the end of
the stream and leaves. The other way round the demo reads the end of the stream when the last of them is gone.
"""

import os
import socket
import threading

VARIABLE = "TIMMY_DEMO_LIFELINE"


class Lifeline:
    """The demo's end, and the end to hand down."""

    def __init__(self) -> None:
        self._mine, self._theirs = socket.socketpair()

    @property
    def fd(self) -> int:
        """For ``pass_fds`` of a child."""
        return self._theirs.fileno()

    def cut(self, limit_s: float) -> bool:
        """Tell all to leave; True when the last one is gone within the limit."""
        self._theirs.close()
        self._mine.shutdown(socket.SHUT_WR)
        self._mine.settimeout(limit_s)
        try:
            return self._mine.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True
        finally:
            self._mine.close()


def follow_lifeline() -> None:
    """In a process of the demo: leave at once when the demo is gone. Does nothing outside a demo."""
    name = os.environ.get(VARIABLE)
    if name:
        threading.Thread(target=_watch, args=(int(name),), name="lifeline", daemon=True).start()


def _watch(fd: int) -> None:
    try:
        os.read(fd, 1)
    finally:
        os._exit(0)
