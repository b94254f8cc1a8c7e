"""Journals of a test's own, written by systemd-journal-remote and read by the real journalctl."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.programs import where

UNIT = "voice.service"
BOOT, NEXT_BOOT = "0123456789abcdef0123456789abcdef", "1123456789abcdef0123456789abcdef"
MACHINE = "abcdef0123456789abcdef0123456789"


class OwnJournal:
    """A folder of journal files. Entries get the times 1789000001, 1789000002 … in seconds since 1970."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.options = [f"--directory={folder}"]
        """For journalctl."""
        self._written = 0

    def write(self, *messages: str | bytes, unit: str = UNIT, boot: str = BOOT, field: str = "_SYSTEMD_UNIT") -> None:
        """Append an entry for each message."""
        writer = where("systemd-journal-remote")
        assert writer is not None
        target = self.folder / "own.journal"
        data = b"".join(self._entry(message, unit, boot, field) for message in messages)
        subprocess.run([writer, "-o", str(target), "-"], input=data, check=True, capture_output=True, timeout=30)

    def rotate(self) -> None:
        """What is written from now on is in another file."""
        (self.folder / "own.journal").rename(self.folder / f"own@{self._written:032x}-0000000000000001-0006.journal")

    def program(self, folder: Path) -> Path:
        """A folder for PATH with a journalctl that reads these files."""
        folder.mkdir(exist_ok=True)
        script = folder / "journalctl"
        script.write_text(f'#!/bin/sh\nexec {where("journalctl")} --directory={self.folder} "$@"\n')
        script.chmod(0o755)
        return folder

    def _entry(self, message: str | bytes, unit: str, boot: str, field: str) -> bytes:
        self._written += 1
        text = message.encode() if isinstance(message, str) else message
        length = len(text).to_bytes(8, "little")
        fields: Iterable[str] = (
            f"__REALTIME_TIMESTAMP={1_789_000_000_000_000 + 1_000_000 * self._written}",
            f"__MONOTONIC_TIMESTAMP={1_000_000 * self._written}", f"_BOOT_ID={boot}", f"_MACHINE_ID={MACHINE}",
            f"{field}={unit}", f"_UID={os.getuid()}",
        )  # fmt: skip
        return "\n".join(fields).encode() + b"\nMESSAGE\n" + length + text + b"\n\n"
