"""The same run as ``journalctl -o json`` prints it: systemd's own tools make the journal and the JSON."""

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.golden.v2.log import Line

REMOTE = Path("/lib/systemd/systemd-journal-remote")
BOOT = "5f0c1b7a9d2e4f6183a4c5d6e7f80912"
UNIT = "little-timmy.service"
BOOTED = 1_795_400_000.0
"""Unix time, s, of the machine's start in the story."""


def version() -> str:
    """Of systemd's tools; empty where they are missing (Debian: systemd-journal-remote)."""
    if not (REMOTE.exists() and shutil.which("journalctl")):
        return ""
    return subprocess.run(["journalctl", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]


def write(path: Path, written: Sequence[tuple[Line, str]]) -> int:
    """Write the JSON lines; returns how many. Raises OSError, CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        export, journal = Path(folder, "run.export"), Path(folder, "run.journal")
        export.write_bytes(b"".join(_entries(written)))
        subprocess.run([REMOTE, "-o", journal, export], check=True, capture_output=True)
        command = ["journalctl", "--file", journal, "-o", "json", "--no-pager"]
        path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return path.read_bytes().count(b"\n")


def _entries(written: Sequence[tuple[Line, str]]) -> Iterator[bytes]:
    """In the journal's export format. journald takes each line of stderr for itself and drops the empty ones."""
    last = 0
    for line, text in written:
        for part in text.split("\n"):
            if not part:
                continue
            # A pipe and a wake-up later: some 0.2 ms, more for each further line; never the same time twice.
            last = max(int(line.at * 1e6) + 200, last + 40)
            yield _entry(line, part, last)


def _entry(line: Line, text: str, microseconds: int) -> bytes:
    fields = {
        "__CURSOR": f"s=golden;i={microseconds:x}",
        "__REALTIME_TIMESTAMP": str(microseconds),
        "__MONOTONIC_TIMESTAMP": str(microseconds - int(BOOTED * 1e6)),
        "_BOOT_ID": BOOT,
        "PRIORITY": "6",
        "_HOSTNAME": "okdemerzel",
        "_PID": str(line.pid),
        "MESSAGE": text,
    }
    if line.pid == 1:
        fields |= {"_TRANSPORT": "journal", "SYSLOG_IDENTIFIER": "systemd", "_SYSTEMD_UNIT": "init.scope", "UNIT": UNIT}
    else:
        fields |= {"_TRANSPORT": "stdout", "SYSLOG_IDENTIFIER": "python", "_COMM": "python", "_SYSTEMD_UNIT": UNIT}
    return b"".join(_field(name, value) for name, value in fields.items()) + b"\n"


def _field(name: str, value: str) -> bytes:
    data = value.encode()
    if all(byte >= 32 or byte == 9 for byte in data):
        return f"{name}={value}\n".encode()
    return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
