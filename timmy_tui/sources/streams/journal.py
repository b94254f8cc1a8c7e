"""The journal of a systemd unit, by ``journalctl -o json``: followed, or read once."""

import os
import select
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.decode import decode_json
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.foreign.source_address import SourceAddress
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.lines import LineSplitter, TailBatch
from timmy_tui.sources.streams.stream import Pause, Stream

PROGRAM = "journalctl"
FOLLOW = ("--follow",)
MERGE = "--merge"
"""``--follow`` alone shows the newest boot only, and nothing at all behind a cursor of an older one. With it also the
journals of other machines are read that are collected here: so it is used where all is read once, too."""
NEWEST = 10_000
"""Entries that are read first: some 700 turns of little_timmy_v2, a second or two of work."""
POLL_BYTES = 1 << 20
WAIT_S = 0.2
"""A poll waits so long for the next entry."""
MORE_S = 0.005
"""What comes so soon behind it is read with it: a pipe holds only 64 KiB of the first entries."""
END_S = 0.4
"""For a journalctl that is told to end."""
FIRST_ENTRY_S = 2.0
"""A journalctl that has printed nothing for so long has no entry. With a disk that is asleep it needs longer: then what
it prints is taken for new."""
WORKS_S = 1.0
"""A journalctl that was started again and runs for so long does not end at once."""
ANSWER_S = 10.0
"""Longest silence of one that only reads what is there."""
SAID_BYTES = 4096
NO_ENTRY = "no entry yet"
NO_PROGRAM = f"there is no {PROGRAM} here"
_DENIED = ("insufficient permissions", "not seeing messages from other users", "Permission denied", "Access denied")


def command(source: SourceAddress, more: Sequence[str] = ()) -> list[str]:
    """The call that prints the entries of a unit as JSON lines.

    ``--all``: without it a message of more than 4096 bytes is printed as null. The name of the unit stands in one
    argument with its option, so that it cannot be another option.
    """
    unit = f"--user-unit={source.name}" if source.user else f"--unit={source.name}"
    fields = "--output-fields=MESSAGE"
    return [PROGRAM, "--output=json", "--all", fields, "--no-pager", MERGE, unit, *more]


class Journal(Stream):
    """Follows it. A journalctl that ends is started again behind the last entry that was read."""

    def __init__(
        self,
        source: SourceAddress,
        line_limit: int,
        more: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``line_limit``: of an entry as JSON, bytes; ``more``: arguments, as ``--directory=…``."""
        super().__init__("journal", source.place)
        self._command = command(source, more)
        self._limit = line_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._clock = clock
        self._splitter = LineSplitter(line_limit)
        self._said = b""
        self._cursor = ""
        self._started = 0.0
        self._has_failed = self._is_quiet = False
        self._pause = Pause(clock)
        self._work()

    @property
    def caught_up(self) -> bool:
        """A poll has found nothing behind the entries that were there, or for two seconds there was none."""
        return not self.more or self._is_quiet

    def poll(self) -> list[TailBatch]:
        """New entries, oldest first; waits up to 0.2 s for them."""
        self.more = False
        if self.closed or (self._process is None and not self._start()):
            return []
        self.more = True
        data, has_ended = self._read()
        dropped = self._splitter.dropped
        lines = [line for line in self._splitter.feed(data) if line.startswith(b"{")]
        self.dropped += self._splitter.dropped - dropped
        batches = [self._batch(lines)] if lines else []
        self._is_quiet = not data and (bool(self._cursor) or self._clock() - self._started >= FIRST_ENTRY_S)
        if has_ended:
            self._end()
        elif self._has_failed and self._clock() - self._started >= WORKS_S:
            self._work()
        return batches

    def _batch(self, lines: list[bytes]) -> TailBatch:
        self._pause.succeed()
        cursor, stamp = _place_of(lines[-1])
        self._cursor = cursor or self._cursor
        self._work()
        return self.batch(lines, max(time.time() - stamp, 0.0) if stamp is not None else 0.0)

    def _work(self) -> None:
        """It runs, whether or not anything is written."""
        self._has_failed = False
        if self._cursor:
            self.condition.set(SourceCondition.OK)
        else:
            self.condition.set(SourceCondition.WAITING, NO_ENTRY)

    def _start(self) -> bool:
        if not self._pause.over:
            return False
        where = [f"--lines={NEWEST}"] if not self._cursor else ["--no-tail", f"--after-cursor={self._cursor}"]
        try:
            self._process = subprocess.Popen(
                [*self._command, *FOLLOW, *where],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            self._fail(_not_started(error))
            return False
        self._said, self._started = b"", self._clock()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
        return True

    def _read(self) -> tuple[bytes, bool]:
        """What has come, and whether nothing more will."""
        assert self._process is not None and self._process.stdout is not None and self._process.stderr is not None
        out, err = self._process.stdout.fileno(), self._process.stderr.fileno()
        select.select([out], [], [], WAIT_S)
        with suppress(BlockingIOError):
            self._said = (self._said + os.read(err, SAID_BYTES))[-SAID_BYTES:]
        if self._said:
            self._note_what_it_says()
        data = bytearray()
        while len(data) < POLL_BYTES and select.select([out], [], [], MORE_S if data else 0.0)[0]:
            piece = os.read(out, POLL_BYTES)
            if not piece:
                return bytes(data), True
            data += piece
        return bytes(data), False

    def _note_what_it_says(self) -> None:
        """While no entry has come, a complaint explains why."""
        if self.condition.condition is SourceCondition.WAITING:
            denied = is_denied(self._said)
            self.condition.set(SourceCondition.DENIED if denied else SourceCondition.WAITING, complaint(self._said))

    def _end(self) -> None:
        code = self._stop_process(at_once=False)
        said = f": {complaint(self._said)}" if self._said else ""
        self._fail(f"{PROGRAM} has ended with {code}{said}", is_denied(self._said))

    def _fail(self, problem: str, denied: bool = False) -> None:
        self.condition.set(SourceCondition.DENIED if denied else SourceCondition.ERROR, problem)
        self._has_failed = True
        self._pause.fail()

    def _stop_process(self, at_once: bool) -> int:
        """End it; its code. An entry whose end it did not print comes again with the next one."""
        process = self._process
        assert process is not None and process.stdout is not None and process.stderr is not None
        self._process = None
        self._splitter = LineSplitter(self._limit)
        code = end(process, at_once)
        with suppress(OSError):
            self._said = (self._said + os.read(process.stderr.fileno(), SAID_BYTES))[-SAID_BYTES:]
        process.stdout.close()
        process.stderr.close()
        return code

    def close(self) -> None:
        """End journalctl."""
        super().close()
        if self._process is not None:
            self._stop_process(at_once=True)


def read_journal(
    source: SourceAddress, line_limit: int, newest: int | None = None, more: Sequence[str] = ()
) -> Generator[tuple[list[bytes], int], None, None]:
    """All entries, or the newest, once: batches, and how many entries were dropped because they are too long.

    Raises SourceError where there are none, with what journalctl says about that.
    """
    argv = [*command(source, more), f"--lines={'all' if newest is None else newest}"]
    splitter, entries = LineSplitter(line_limit), 0
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise SourceError(f"{source.shown} cannot be read: {_not_started(error)}.") from None
    assert process.stdout is not None and process.stderr is not None
    with process.stdout, process.stderr:
        is_over = False
        try:
            while data := _next_piece(process.stdout.fileno(), source):
                dropped = splitter.dropped
                lines = [line for line in splitter.feed(data) if line.startswith(b"{")]
                entries += len(lines)
                yield lines, splitter.dropped - dropped
            is_over = True
        finally:
            code = end(process, at_once=not is_over)
        os.set_blocking(process.stderr.fileno(), False)
        said = b""
        with suppress(BlockingIOError):
            said = os.read(process.stderr.fileno(), SAID_BYTES)
    if code or not entries:
        problem = complaint(said) if said else f"{PROGRAM} has ended with {code}" if code else "it has no entries"
        raise SourceError(f"{source.shown} cannot be read: {problem.rstrip('.')}.", _hint(source, said))


def _next_piece(descriptor: int, source: SourceAddress) -> bytes:
    if not select.select([descriptor], [], [], ANSWER_S)[0]:
        raise SourceError(f"{source.shown} cannot be read: {PROGRAM} prints nothing for {ANSWER_S:.0f} s.")
    return os.read(descriptor, POLL_BYTES)


def _hint(source: SourceAddress, said: bytes) -> str:
    if is_denied(said):
        return "Members of the groups systemd-journal and adm can read all journals."
    user = "" if source.user else "; a unit of the user's own is journal:user:NAME"
    return f"Is the name right?{user}"


def end(process: "subprocess.Popen[bytes]", at_once: bool) -> int:
    """End a process, or wait until it has ended by itself, within a second; its code."""
    for stop in (process.terminate, process.kill) if at_once else (lambda: None, process.terminate, process.kill):
        stop()
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=END_S)
    return process.wait()


def complaint(said: bytes) -> str:
    """The line that a program printed of why it cannot, cleaned: that of a lack of rights, else the last one."""
    lines = said.decode("utf-8", "replace").strip().split("\n")
    return clean(next((line for line in lines if any(part in line for part in _DENIED)), lines[-1]), 120)


def is_denied(said: bytes) -> bool:
    """It says that it may not read."""
    text = said.decode("utf-8", "replace")
    return any(part in text for part in _DENIED)


def _not_started(error: OSError) -> str:
    missing = isinstance(error, FileNotFoundError)
    return NO_PROGRAM if missing else f"{PROGRAM} cannot be run: {error.strerror}"


def stamp_of(entry: Any) -> int | None:
    """When the journal took an entry of ``journalctl -o json``, in µs since 1970; None where it does not say it."""
    stamp = entry.get("__REALTIME_TIMESTAMP") if isinstance(entry, dict) else None
    valid = isinstance(stamp, str) and stamp.isascii() and stamp.isdecimal() and len(stamp) <= 17
    return int(stamp) if valid and isinstance(stamp, str) else None


def _place_of(line: bytes) -> tuple[str, float | None]:
    """Cursor and time of an entry, in seconds since 1970."""
    entry = decode_json(line)
    cursor, stamp_us = entry.get("__CURSOR") if isinstance(entry, dict) else None, stamp_of(entry)
    return cursor if isinstance(cursor, str) else "", stamp_us / 1e6 if stamp_us is not None else None
