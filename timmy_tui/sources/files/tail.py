"""Follow one file through rotation, truncation, rewriting and absence. Polled; it decides by itself what is new."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.backlog import Backlog
from timmy_tui.sources.files.condition import Condition, PartialWatch
from timmy_tui.sources.files.content import Content, open_regular
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.files.rename_watch import RenameWatch

__all__ = ["Backlog", "Tail", "TailBatch"]

POLL_BYTES = 1 << 23
"""Most that one poll reads: 50 ms of work."""
HOLD = os.name != "nt"
"""Windows does not let a file be deleted or renamed while a reader holds it: there it is opened for each poll."""


class Tail:
    """One followed file. ``poll`` never raises and reads at most 8 MiB; the descriptor is kept between polls."""

    def __init__(
        self,
        path: Path,
        name: str,
        limits: TailSettings,
        *,
        from_end: bool = True,
        clock: Callable[[], float] = time.monotonic,
        hold: bool = HOLD,
    ) -> None:
        """``from_end``: a big file's last ``limits.head_kib`` come first, the rest through ``backlog``.

        Without ``hold`` the file is opened for each poll; everything is then read from its first byte on.
        """
        self.path = path
        self.name = name
        self._line_limit = limits.line_kib * 1024
        self._head = min(limits.head_kib * 1024, POLL_BYTES) if from_end and hold else None
        self._hold = hold
        self._content: Content | None = None
        self._backlog: Backlog | None = None
        self._asked = False
        self._twin: Content | None = None
        self._anew = False
        self._name_watch = RenameWatch(path, clock)
        self._partial = PartialWatch(clock)
        self._closed = False
        self._condition = Condition()
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
                # A stale handle of a network mount never recovers; a new one goes on where this one was.
                self._content.close()
        if not self._hold and self._content is not None:
            self._content.close()
        self._partial.look(self._content.lines if self._content is not None else None)
        if batches:
            self._lines += sum(len(batch.lines) for batch in batches)
            self._newest = time.time()
        return batches

    def _poll(self, batches: list[TailBatch]) -> None:
        content = self._content
        if content is not None and not content.is_open:
            content = self._open_again(content)
        if content is None:
            content = self._open()
        grew = self._read(content, batches)
        naming = self._name_watch.look(content.identity, grew)
        self._condition.set(naming.condition, naming.detail)
        if naming.over:
            if naming.unfinished:
                self._gaps += 1
            else:
                self._add(content.finish(), batches)
            self._forget(content)
            self._read(self._open(), batches)

    def _open(self) -> Content:
        descriptor, info = open_regular(self.path)
        if self._head is None or info.st_size <= self._head:
            self._content = Content(descriptor, info, self._line_limit)
        else:
            # One byte more than asked: when it is a line end, the first line of the head is whole.
            begin = info.st_size - self._head - 1
            self._content = Content(descriptor, info, self._line_limit, begin, skip=True)
            self._backlog = Backlog(self._content.twin())
        self._head = None
        self._name_watch.reset()
        self._condition.set(SourceCondition.OK)
        return self._content

    def _open_again(self, content: Content) -> Content | None:
        """After an error, or without ``hold``: go on if it is the same file; ``is_intact`` proves the content."""
        descriptor, info = open_regular(self.path)
        if (info.st_dev, info.st_ino) == content.identity:
            content.attach(descriptor)
            self._condition.set(SourceCondition.OK)
            return content
        os.close(descriptor)
        # What was still unread in the other file, half a line included, is out of reach.
        self._gaps += 1
        self._forget(content)
        return None

    def _read(self, content: Content, batches: list[TailBatch]) -> bool:
        """Append what is new to ``batches``; True when there was anything."""
        if not content.is_intact():
            self._gaps += 1
            if content.rewind():
                self._anew = True
                self._drop_unread_head()
                if self._backlog is not None:
                    self._backlog.destroy(content.identity)
        if content.size == content.position:
            return False
        if self._anew and self._twin is None and self._backlog is not None and not self._backlog.closed:
            self._twin = content.twin()
        self._add(content.read(POLL_BYTES), batches)
        self.more = content.size > content.position
        return True

    def _drop_unread_head(self) -> None:
        """A content that ended before the first line of its head was seen has no backlog either."""
        if self._backlog is not None and self._backlog.is_new:
            self._backlog.close()
            self._backlog = None

    def _add(self, batch: TailBatch | None, batches: list[TailBatch]) -> None:
        if batch is None:
            return
        if self._anew:
            self._anew = False
            batch = batch._replace(restarted=True)
            if self._twin is not None and self._backlog is not None:
                self._backlog.begin(self._twin)
                self._twin = None
        elif self._backlog is not None and self._backlog.is_new:
            self._backlog.head = batch.offset
        batches.append(batch)

    def _forget(self, content: Content) -> None:
        self._dropped += content.lines.dropped
        self._nuls += content.lines.nuls
        content.close()
        self._content = None
        self._anew = True
        self._drop_unread_head()
        if self._twin is not None:
            self._twin.close()
            self._twin = None

    @property
    def unread(self) -> int:
        """Bytes after the read position, when the file was last looked at."""
        content = self._content
        return max(0, content.size - content.position) if content is not None else 0

    @property
    def state(self) -> SourceState:
        """As the last poll left it; asks nothing of the file system."""
        backlog = self._backlog
        splitter = self._content.lines if self._content is not None else None
        behind = self.unread + (backlog.behind if backlog is not None and self._asked else 0)
        word = self._condition.word
        if behind and word is SourceCondition.OK:
            word = SourceCondition.READING
        nuls = self._nuls + (splitter.nuls if splitter is not None else 0)
        return SourceState(
            name=self.name,
            condition=word,
            detail=self._condition.detail or (f"{nuls} NUL bytes" if nuls else ""),
            since=self._condition.since,
            lines=self._lines + (backlog.lines if backlog is not None else 0),
            newest=self._newest,
            behind=behind,
            partial=self._partial.is_long,
            gaps=self._gaps + (backlog.gaps if backlog is not None else 0),
            dropped=self._dropped
            + (splitter.dropped if splitter is not None else 0)
            + (backlog.dropped if backlog is not None else 0),
        )

    @property
    def opened_backlog(self) -> Backlog | None:
        """The backlog, asked for or not; whoever hands batches to a consumer tells it so by ``deliver``."""
        return self._backlog

    def backlog(self) -> Backlog | None:
        """Everything before the end that was read first, once; None for a file that was read from its first byte."""
        backlog = self._backlog
        if backlog is None or self._asked or backlog.is_new:
            return None
        self._asked = True
        return backlog

    def close(self) -> None:
        """Give every descriptor back; polls return nothing from now on."""
        self._closed = True
        if self._content is not None:
            self._forget(self._content)
        if self._backlog is not None:
            self._backlog.close()
