"""The name of this machine in files that may stand beside those of another one, and what tells it from another."""

import hashlib
import re
import socket
from contextlib import suppress
from pathlib import Path

from timmy_tui.core.settings import MACHINE_PATTERN

_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
UNKNOWN = "timmy"
"""Of a machine that has no name."""
ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
"""Made when the system was installed (machine-id(5)); it is not to leave the machine as it is."""


def is_machine_name(text: str) -> bool:
    """It can be one: not empty, and as the settings allow it."""
    return bool(text) and re.fullmatch(MACHINE_PATTERN, text) is not None


def machine_name(chosen: str = "") -> str:
    """``chosen``, else the host name up to its first dot, with a dash for whatever no file name has everywhere."""
    if chosen:
        return chosen
    host = _OTHER.sub("-", socket.gethostname().partition(".")[0])[:63].strip("-_")
    return host if is_machine_name(host) else UNKNOWN


def hash_on_machine(text: str) -> str:
    """Twelve digits that are the same on this machine alone. Without an id of the machine, wherever ``text`` is."""
    own = b""
    for path in ID_FILES:
        with suppress(OSError):
            own = own or path.read_bytes().strip()
    return _digits(own + b"\0" + _bytes(text))


def hash_anywhere(text: str) -> str:
    """Twelve digits that are the same on every machine."""
    return _digits(_bytes(text))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _digits(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
