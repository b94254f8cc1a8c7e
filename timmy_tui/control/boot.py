"""Which boot of the machine this is: times on its boot clock are compared within one boot only."""

from contextlib import suppress
from pathlib import Path


def boot_id() -> str:
    """The kernel's id of the running boot; empty where the system has none."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""
