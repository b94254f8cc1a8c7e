"""Follows one log by polling, through rotation, truncation, rewriting and deletion."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.backlog import Backlog
from timmy_tui.sources.files.condition import PARTIAL_S, ConditionTracker, PartialLineTimer
from timmy_tui.sources.files.content import Content, open_regular
from timmy_tui.sources.files.file_chain import FileChain
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.files.places import Places

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
    backlog: bool = True
    """What is before the end that is read first is read too; else never."""
    document: bool = False
    """It is written as a whole, not line by line: it is read from its first byte on, and its last line counts without
    a line end when nothing has come behind it for 5 s."""


USUAL = OpenMode()


class Tail:
    """One followed log. ``poll`` reads at most 8 MiB. Files stay open between polls."""

    def __init__(
        self,
        path: Path | Sequence[Path],
        name: str,
        limits: TailSettings,
        mode: OpenMode = USUAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``path``: the file, or the places where the log can be: of these, the one that is written is followed.

        ``name``: what the screen calls the log. ``clock``: seconds, for waits alone.
        """
        self.name = name
        self.count_births: Callable[[Path], int] = _none_reported
        """Files that got the name of a path since the start, as the file system has reported: those that were gone
        before they could be opened are counted. Set it before the first poll."""
        self._line_limit = limits.line_kib * 1024
        self._head = (
            min(limits.head_kib * 1024, POLL_BYTES) if mode.from_end and mode.hold and not mode.document else None
        )
        self._hold, self._has_backlog = mode.hold, mode.backlog
        self._is_document = mode.document
        paths = (path,) if isinstance(path, Path) else tuple(path)
        chains = [FileChain(one, clock, self._make, self._hold, self._births_of(one)) for one in paths]
        self._places = Places(chains, clock)
        self._backlog: Backlog | None = None
        self._backlog_taken = False
        self._backlog_content: Content | None = None
        """A duplicate of the current content for the backlog, until its first batch is returned."""
        self._is_restart = False
        """The next batch begins a new content."""
        self._partial_line = PartialLineTimer(clock)
        self._age_s: float | None = None
        """Time since the last write, for the lines that a first look at the file finds; 0 from then on."""
        self._closed = False
        self._condition = ConditionTracker()
        self.more = False
        """The last poll stopped at its limit: poll again at once."""
        self._unreturned: list[TailBatch] = []
        """What was read by a poll that raised."""
        self._lines = self._gaps = self._dropped = self._nuls = 0
        self._newest: float | None = None

    def _births_of(self, path: Path) -> Callable[[], int]:
        return lambda: self.count_births(path)

    @property
    def path(self) -> Path:
        """The place that is followed now."""
        return self._places.current.path

    @property
    def caught_up(self) -> bool:
        """What was there at the first poll has been returned, but for the backlog."""
        return not self.more

    def look(self) -> None:
        """Open what has the name of the log now, and read nothing: for a consumer that takes no more lines yet."""
        if not self._closed:
            self._places.look()

    def poll(self) -> list[TailBatch]:
        """What is new since the last poll, oldest first. Errors of the file system become the condition.

        Whatever else it raises, nothing is lost: the next poll returns what was read.
        """
        batches = self._unreturned
        self._unreturned = []
        self.more = False
        if self._closed:
            return []
        try:
            self._poll(batches)
        except (OSError, ValueError) as error:
            self._condition.set_error(error)
            if self._content is not None:
                # A stale handle of a network mount never recovers; a new one continues at the same position.
                self._content.close()
        except BaseException:
            self._unreturned = batches
            raise
        if not self._hold and self._content is not None:
            self._content.close()
        self._partial_line.observe(self._content.lines if self._content is not None else None)
        if self._is_document:
            self._end_document(batches)
        if batches:
            self._lines += sum(len(batch.lines) for batch in batches)
            self._newest = time.time() - batches[-1].age_s
        if batches and not self.more:
            self._age_s = 0.0
        return batches

    @property
    def _content(self) -> Content | None:
        return self._places.current.current

    def _poll(self, batches: list[TailBatch]) -> None:
        problem = self._places.look()
        if self._places.choose(self.unread):
            self._begin_content()
        chain = self._places.current
        content = chain.current
        if content is not None and not content.is_open:
            content = self._reopen(chain, content)
        if content is None:
            raise problem or FileNotFoundError()
        self._condition.set(chain.condition, chain.detail)
        left = POLL_BYTES
        while content is not None:
            before = content.position
            self._read(content, batches, left)
            left -= max(content.position - before, 0)
            if content.size > content.position or not chain.is_first_over:
                break
            self._finish(chain, content, batches)
            content = chain.current
            self.more = left <= 0
            if self.more:
                break

    def _make(self, descriptor: int, info: os.stat_result) -> Content:
        """The content of a file that was just opened: a big first one from its end on, one beside it from now on."""
        if self._age_s is None and self._places.is_looking_at_current:
            self._age_s = max(0.0, time.time() - info.st_mtime)
        if not self._places.is_first_look:
            return Content(descriptor, info, self._line_limit)
        # One byte more: if it is a line end, the first line after it is whole.
        if not self._places.is_looking_at_current:
            return Content(descriptor, info, self._line_limit, max(info.st_size - 1, 0), skip=info.st_size > 0)
        head, self._head = self._head, None
        if head is None or info.st_size <= head:
            return Content(descriptor, info, self._line_limit)
        content = Content(descriptor, info, self._line_limit, info.st_size - head - 1, skip=True)
        if self._has_backlog:
            self._backlog = Backlog(content.duplicate(from_start=True))
        return content

    def _reopen(self, chain: FileChain, content: Content) -> Content | None:
        """After an error, or without ``hold``: continue if it is the same file. ``is_intact`` checks the content."""
        try:
            descriptor, info = open_regular(chain.path)
        except OSError:
            if not chain.has_successor:
                raise
        else:
            if (info.st_dev, info.st_ino) == content.identity:
                content.attach(descriptor)
                return content
            os.close(descriptor)
        # The unread rest of the old file, including an unfinished line, is lost.
        self._gaps += 1
        self._drop(chain, content)
        if chain.current is None:
            chain.look()
        return chain.current

    def _read(self, content: Content, batches: list[TailBatch], limit: int) -> None:
        """Append what is new to ``batches``."""
        if not content.is_intact():
            self._gaps += 1
            if content.rewind():
                self._is_restart = True
                self._drop_backlog_without_head()
                if self._backlog is not None:
                    self._backlog.invalidate(content.identity)
        if content.size == content.position:
            return
        if (
            self._is_restart
            and self._backlog_content is None
            and self._backlog is not None
            and not self._backlog.closed
        ):
            self._backlog_content = content.duplicate()
        self._add(content.read(limit), batches)
        self.more = content.size > content.position

    def _end_document(self, batches: list[TailBatch]) -> None:
        """The last line of a document, if nothing has been written for a while; a JSON text has no line end there."""
        content = self._content
        if content is None or self.unread or not content.lines.partial:
            return
        if self._partial_line.is_overdue or (self._age_s or 0.0) >= PARTIAL_S:
            self._add(content.finish(), batches)
            self._partial_line.observe(content.lines)

    def _finish(self, chain: FileChain, content: Content, batches: list[TailBatch]) -> None:
        """The first file of the chain is over: the next one is read from now on."""
        if chain.is_first_quiet:
            self._add(content.finish(), batches)
        else:
            self._gaps += 1
        self._drop(chain, content)

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

    def _drop(self, chain: FileChain, content: Content) -> None:
        """Read no more of this content, the first of the chain."""
        self._dropped += content.lines.dropped
        self._nuls += content.lines.nuls
        chain.drop_first()
        self._begin_content()

    def _begin_content(self) -> None:
        """What is read next is another content than before."""
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
        contents = self._places.contents()
        unread = self.unread + (backlog.unread if backlog is not None and self._backlog_taken else 0)
        condition = self._condition.condition
        if unread and condition is SourceCondition.OK:
            condition = SourceCondition.READING
        return SourceState(
            name=self.name,
            condition=condition,
            detail=self._condition.detail or self._detail(contents),
            since=self._condition.since,
            lines=self._lines + (backlog.lines if backlog is not None else 0),
            newest=self._newest,
            behind=unread,
            partial=self._partial_line.is_overdue,
            gaps=self._gaps + self._places.gaps + (backlog.gaps if backlog is not None else 0),
            missed=self._places.missed,
            dropped=self._dropped
            + sum(content.lines.dropped for content in contents)
            + (backlog.dropped if backlog is not None else 0),
        )

    def _detail(self, contents: Sequence[Content]) -> str:
        """Which place is followed, where that is not the one that the name tells, and what its bytes are."""
        parts = [f"followed: {self.path.name}"] if self.path.name != self.name and self._places.are_several else []
        nuls = self._nuls + sum(content.lines.nuls for content in contents)
        if self._content is not None and self._content.is_utf16:
            parts.append("UTF-16")
        elif nuls:
            parts.append(f"{nuls} NUL bytes")
        return ", ".join(parts)

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
        self._places.close()
        self._begin_content()
        if self._backlog is not None:
            self._backlog.close()


def _none_reported(path: Path) -> int:
    """For a file system that reports nothing."""
    return 0
