"""The name of this machine in files that may stand beside those of another one."""

import re
import socket

from timmy_tui.core.settings import MACHINE_PATTERN

_OTHER = re.compile(r"[^A-Za-z0-9._-]+")
UNKNOWN = "timmy"
"""Of a machine that has no name."""


def is_machine_name(text: str) -> bool:
    """It can be one: not empty, and as the settings allow it."""
    return bool(text) and re.fullmatch(MACHINE_PATTERN, text) is not None


def machine_name(chosen: str = "") -> str:
    """``chosen``, else the host name up to its first dot, with a dash for whatever no file name has everywhere."""
    if chosen:
        return chosen
    host = _OTHER.sub("-", socket.gethostname().partition(".")[0])[:63].strip("-_")
    return host if is_machine_name(host) else UNKNOWN
