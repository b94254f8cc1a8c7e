"""Finds files that had the name of a log between two looks, and have been renamed beside it since."""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from timmy_tui.sources.files.content import Content, Identity, identity_of, open_regular, read_head

PACKED = (".gz", ".xz", ".bz2", ".zst", ".zip", ".lz4")
MAX_NAMES = 4096
"""A folder with more files is not searched: a look must stay cheap."""
PASSES = 5
"""Names move on while the folder is read, where each rotation renames all older files."""
_NUMBER = re.compile(r"\.(\d{1,3})(?=\.|$)")


class Siblings:
    """The files beside a log whose names say that they were it: ``latency.log.1``, ``latency-20251119.log``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[Identity, bytes] = {}
        """The files that were not the log, each with its first bytes: the number of one that was deleted is free, and
        the file system gives it to the next log."""

    def remember(self) -> None:
        """What is beside the log now was not the log between two later looks."""
        for name, info in self._list():
            self._note(name, info)

    def _note(self, name: str, info: os.stat_result) -> None:
        """It was not the log. Of a file that cannot be read the number alone is known."""
        self._known[identity_of(info)] = self._head(name, info)

    def _head(self, name: str, wanted: os.stat_result) -> bytes:
        """The first bytes of the file; empty where the name is another file's by now."""
        with suppress(OSError):
            descriptor, info = open_regular(self._path.with_name(name))
            try:
                return read_head(descriptor) if identity_of(info) == identity_of(wanted) else b""
            finally:
                os.close(descriptor)
        return b""

    def _is_known(self, name: str, info: os.stat_result) -> bool:
        """It was there before: the same number, and it begins as it did."""
        head = self._known.get(identity_of(info))
        return head is not None and (not head or self._head(name, info).startswith(head))

    def appeared(self, newest: Content, own: Collection[Identity]) -> list[tuple[int, os.stat_result]]:
        """(descriptor, status) of files that were not there before, in the order in which they had the name.

        ``newest``: the file that had the name at the look before; what came behind it was written after it, and what
        begins like it is a copy of it. ``own``: files that are open already.
        """
        try:
            after_ns = newest.modified_ns() if newest.is_open else 0
        except OSError:
            return []
        opened: dict[Identity, tuple[int, os.stat_result]] = {}
        order: dict[Identity, tuple[int, int]] = {}
        for _ in range(PASSES):
            candidates = self._candidates(after_ns, {*own, *opened})
            if not candidates:
                break
            for info, name in candidates:
                order.setdefault(identity_of(info), (info.st_mtime_ns, _age_by_name(name)))
                self._open(name, newest, {*own, *opened}, opened)
        return [opened[identity] for identity in sorted(opened, key=lambda one: order.get(one, (0, 0)))]

    def _candidates(self, after_ns: int, own: Collection[Identity]) -> list[tuple[os.stat_result, str]]:
        """What is new beside the log; the rest is known from now on."""
        new = []
        for name, info in self._list():
            recent = info.st_size and info.st_mtime_ns >= after_ns and identity_of(info) not in own
            if recent and not self._is_known(name, info):
                new.append((info, name))
            elif identity_of(info) in own or identity_of(info) not in self._known:
                self._note(name, info)
        return new

    def _open(
        self, name: str, newest: Content, own: Collection[Identity], opened: dict[Identity, tuple[int, os.stat_result]]
    ) -> None:
        """Open it, unless it is one of ``own`` by now, or a copy: names move on while they are looked at."""
        with suppress(OSError):
            descriptor, info = open_regular(self._path.with_name(name))
            head = read_head(descriptor)
            is_copy = newest.is_open and newest.begins_with(head)
            if is_copy:
                self._known[identity_of(info)] = head
            known = self._known.get(identity_of(info))
            was_there = known is not None and head.startswith(known)
            if is_copy or was_there or identity_of(info) in own:
                os.close(descriptor)
            else:
                self._known[identity_of(info)] = head
                opened[identity_of(info)] = (descriptor, info)

    def _list(self) -> list[tuple[str, os.stat_result]]:
        name, stem, suffix = self._path.name, self._path.stem, self._path.suffix
        found = []
        with suppress(OSError), os.scandir(self._path.parent) as entries:
            for number, entry in enumerate(entries):
                if number >= MAX_NAMES:
                    return []
                other = entry.name
                is_renamed = other.startswith(name) or (other.startswith(stem) and other.endswith(suffix))
                if is_renamed and other != name and not other.endswith(PACKED):
                    with suppress(OSError):
                        found.append((other, entry.stat(follow_symlinks=False)))
        return found


def _age_by_name(name: str) -> int:
    """Ascending from old to new among files that were written at the same time: ``.2`` was the log before ``.1``."""
    number = _NUMBER.search(name)
    return -int(number[1]) if number is not None else 0
