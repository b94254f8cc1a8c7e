"""Follows one file by polling, through rotation, truncation, rewriting and deletion."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.backlog import Backlog
from timmy_tui.sources.files.condition import ConditionTracker, PartialLineTimer
from timmy_tui.sources.files.content import Content, open_regular
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.files.rename_watch import RenameWatch

__all__ = ["Backlog", "OpenMode", "Tail", "TailBatch"]

POLL_BYTES = 1 << 23
"""Most bytes that one poll reads, about 50 ms of work."""
HOLD = os.name != "nt"
"""On Windows a file cannot be deleted or renamed while it is open: there it is opened for each poll."""


@dataclass(frozen=True)
class OpenMode:
    """How a file is opened."""

    from_end: bool = True
    """A big file's last ``limits.head_kib`` come first, the rest through ``backlog``."""
    hold: bool = HOLD
    """Keep it open between polls; else it is opened for each, and everything is read from its first byte on."""


USUAL = OpenMode()


class Tail:
    """One followed file. ``poll`` never raises and reads at most 8 MiB. The file stays open between polls."""

    def __init__(
        self,
        path: Path,
        name: str,
        limits: TailSettings,
        mode: OpenMode = USUAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``name``: what the screen calls the file. ``clock``: seconds, for waits alone."""
        self.path = path
        self.name = name
        self._line_limit = limits.line_kib * 1024
        self._head = min(limits.head_kib * 1024, POLL_BYTES) if mode.from_end and mode.hold else None
        self._hold = mode.hold
        self._content: Content | None = None
        self._backlog: Backlog | None = None
        self._backlog_taken = False
        self._backlog_content: Content | None = None
        """A duplicate of the current content for the backlog, until its first batch is returned."""
        self._is_restart = False
        """The next batch begins a new content."""
        self._rename_watch = RenameWatch(path, clock)
        self._partial_line = PartialLineTimer(clock)
        self._age_s: float | None = None
        """Time since the last write, for the lines that a first look at the file finds; 0 from then on."""
        self._closed = False
        self._condition = ConditionTracker()
        self.more = False
        """The last poll stopped at its limit: poll again at once."""
        self._lines = self._gaps = self._dropped = self._nuls = 0
        self._newest: float | None = None

    def poll(self) -> list[TailBatch]:
        """What is new since the last poll, oldest first."""
        batches: list[TailBatch] = []
        self.more = False
        if self._closed:
            return batches
        try:
            self._poll(batches)
        except (OSError, ValueError) as error:
            self._condition.set_error(error)
            if self._content is not None:
                # A stale handle of a network mount never recovers; a new one continues at the same position.
                self._content.close()
        if not self._hold and self._content is not None:
            self._content.close()
        self._partial_line.observe(self._content.lines if self._content is not None else None)
        if batches:
            self._lines += sum(len(batch.lines) for batch in batches)
            self._newest = time.time() - batches[-1].age_s
        if batches and not self.more:
            self._age_s = 0.0
        return batches

    def _poll(self, batches: list[TailBatch]) -> None:
        content = self._content
        if content is not None and not content.is_open:
            content = self._reopen(content)
        if content is None:
            content = self._open()
        grew = self._read(content, batches)
        check = self._rename_watch.check(content.identity, grew)
        self._condition.set(check.condition, check.detail)
        if check.replaced:
            if check.still_growing:
                self._gaps += 1
            else:
                self._add(content.finish(), batches)
            self._drop(content)
            self._read(self._open(), batches)

    def _open(self) -> Content:
        descriptor, info = open_regular(self.path)
        if self._age_s is None:
            self._age_s = max(0.0, time.time() - info.st_mtime)
        if self._head is None or info.st_size <= self._head:
            self._content = Content(descriptor, info, self._line_limit)
        else:
            # One byte more: if it is a line end, the first line after it is whole.
            begin = info.st_size - self._head - 1
            self._content = Content(descriptor, info, self._line_limit, begin, skip=True)
            self._backlog = Backlog(self._content.duplicate())
        self._head = None
        self._rename_watch.reset()
        self._condition.set(SourceCondition.OK)
        return self._content

    def _reopen(self, content: Content) -> Content | None:
        """After an error, or without ``hold``: continue if it is the same file. ``is_intact`` checks the content."""
        descriptor, info = open_regular(self.path)
        if (info.st_dev, info.st_ino) == content.identity:
            content.attach(descriptor)
            self._condition.set(SourceCondition.OK)
            return content
        os.close(descriptor)
        # The unread rest of the old file, including an unfinished line, is lost.
        self._gaps += 1
        self._drop(content)
        return None

    def _read(self, content: Content, batches: list[TailBatch]) -> bool:
        """Append what is new to ``batches``; True when there was anything."""
        if not content.is_intact():
            self._gaps += 1
            if content.rewind():
                self._is_restart = True
                self._drop_backlog_without_head()
                if self._backlog is not None:
                    self._backlog.invalidate(content.identity)
        if content.size == content.position:
            return False
        if (
            self._is_restart
            and self._backlog_content is None
            and self._backlog is not None
            and not self._backlog.closed
        ):
            self._backlog_content = content.duplicate()
        self._add(content.read(POLL_BYTES), batches)
        self.more = content.size > content.position
        return True

    def _drop_backlog_without_head(self) -> None:
        """A content that was lost before a line of its end was read needs no backlog."""
        if self._backlog is not None and self._backlog.is_head_unknown:
            self._backlog.close()
            self._backlog = None

    def _add(self, batch: TailBatch | None, batches: list[TailBatch]) -> None:
        if batch is None:
            return
        batch = batch._replace(age_s=self._age_s or 0.0)
        if self._is_restart:
            self._is_restart = False
            batch = batch._replace(restarted=True)
            if self._backlog_content is not None and self._backlog is not None:
                self._backlog.add_content(self._backlog_content)
                self._backlog_content = None
        elif self._backlog is not None and self._backlog.is_head_unknown:
            self._backlog.head = batch.offset
        batches.append(batch)

    def _drop(self, content: Content) -> None:
        """Read no more of this content; the next file is a restart."""
        self._dropped += content.lines.dropped
        self._nuls += content.lines.nuls
        content.close()
        self._content = None
        self._is_restart = True
        self._drop_backlog_without_head()
        if self._backlog_content is not None:
            self._backlog_content.close()
            self._backlog_content = None

    @property
    def unread(self) -> int:
        """Bytes after the read position at the last poll."""
        content = self._content
        return max(0, content.size - content.position) if content is not None else 0

    @property
    def state(self) -> SourceState:
        """The state after the last poll; does not access the file system."""
        backlog = self._backlog
        splitter = self._content.lines if self._content is not None else None
        unread = self.unread + (backlog.unread if backlog is not None and self._backlog_taken else 0)
        condition = self._condition.condition
        if unread and condition is SourceCondition.OK:
            condition = SourceCondition.READING
        nuls = self._nuls + (splitter.nuls if splitter is not None else 0)
        return SourceState(
            name=self.name,
            condition=condition,
            detail=self._condition.detail or (f"{nuls} NUL bytes" if nuls else ""),
            since=self._condition.since,
            lines=self._lines + (backlog.lines if backlog is not None else 0),
            newest=self._newest,
            behind=unread,
            partial=self._partial_line.is_overdue,
            gaps=self._gaps + (backlog.gaps if backlog is not None else 0),
            dropped=self._dropped
            + (splitter.dropped if splitter is not None else 0)
            + (backlog.dropped if backlog is not None else 0),
        )

    @property
    def opened_backlog(self) -> Backlog | None:
        """The backlog, also before it is taken. Call its ``record_delivery`` for each batch that the consumer gets."""
        return self._backlog

    def take_backlog(self) -> Backlog | None:
        """Everything before the end that was read first. None if it has been taken, or if there is none."""
        backlog = self._backlog
        if backlog is None or self._backlog_taken or backlog.is_head_unknown:
            return None
        self._backlog_taken = True
        return backlog

    def close(self) -> None:
        """Close all descriptors; later polls return nothing."""
        self._closed = True
        if self._content is not None:
            self._drop(self._content)
        if self._backlog is not None:
            self._backlog.close()
