"""A unit's journal, followed and read once: the real journalctl on journals of our own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.programs import needs
from tests.sources.streams.journals import NEXT_BOOT, UNIT, OwnJournal
from tests.waiting import wait_for
from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.source_address import source_address
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.streams.journal import Journal, read_journal

pytestmark = [needs("journalctl"), needs("systemd-journal-remote")]
SOURCE = source_address(f"journal:{UNIT}")
LIMIT = 1 << 20


@pytest.fixture
def own(tmp_path: Path) -> OwnJournal:
    return OwnJournal(tmp_path / "journal")


class Follower:
    """Collects what a followed journal delivers."""

    def __init__(self, own: OwnJournal, source: str = f"journal:{UNIT}", limit: int = LIMIT) -> None:
        self.journal = Journal(source_address(source), limit, own.options)
        self.lines: list[bytes] = []
        self.ages: list[float] = []

    def poll(self) -> None:
        for batch in self.journal.poll():
            self.lines += batch.lines
            self.ages.append(batch.age_s)

    def messages(self, number: int) -> list[object]:
        """The messages, once there are so many."""

        def look() -> bool:
            self.poll()
            return len(self.lines) >= number

        wait_for(look, lambda: (self.journal.state.condition, self.journal.state.detail, self.lines))
        return messages(self.lines)


def messages(lines: list[bytes]) -> list[object]:
    return [json.loads(line)["MESSAGE"] for line in lines]


@pytest.fixture
def follower(own: OwnJournal) -> Iterator[Follower]:
    follower = Follower(own)
    yield follower
    follower.journal.close()


def journalctls(folder: Path) -> list[int]:
    """Processes that read the journals in this folder."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            command, state = (entry / "cmdline").read_bytes(), (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, IndexError):
            continue
        if entry.name.isdigit() and b"journalctl" in command and str(folder).encode() in command and state[0] != "Z":
            found.append(int(entry.name))
    return found


def test_the_newest_entries_come_first_and_then_what_is_written(own: OwnJournal, follower: Follower) -> None:
    own.write("one", "two")
    own.write("of another", unit="other.service")
    assert follower.messages(2) == ["one", "two"]
    own.write("three")
    assert follower.messages(3) == ["one", "two", "three"]
    state = follower.journal.state
    assert (state.condition, state.detail, state.lines) == (SourceCondition.OK, "", 3)
    assert follower.ages[0] > 0


def test_a_message_of_bytes_and_a_long_one(own: OwnJournal, follower: Follower) -> None:
    own.write(b"\xff\x01 hi", "x" * 10_000)
    first, second = follower.messages(2)
    assert first == [255, 1, 32, 104, 105]
    assert second == "x" * 10_000


def test_an_entry_over_the_limit_is_dropped_and_counted(own: OwnJournal) -> None:
    follower = Follower(own, limit=5000)
    try:
        own.write("x" * 10_000, "short")
        assert follower.messages(1) == ["short"]
        assert follower.journal.state.dropped == 1
    finally:
        follower.journal.close()


def test_a_journalctl_that_dies_costs_no_entry_and_doubles_none(own: OwnJournal, follower: Follower) -> None:
    own.write("one", "two")
    follower.messages(2)
    for number in range(3, 6):
        for process in journalctls(own.folder):
            os.kill(process, signal.SIGKILL)

        def has_failed() -> bool:
            follower.poll()
            return follower.journal.state.condition is SourceCondition.ERROR

        wait_for(has_failed)
        assert follower.journal.state.detail == "journalctl has ended with -9"
        own.write(f"entry {number}", boot=NEXT_BOOT if number > 3 else "0123456789abcdef0123456789abcdef")
        follower.messages(number)
    assert messages(follower.lines) == ["one", "two", "entry 3", "entry 4", "entry 5"]
    assert follower.journal.state.condition is SourceCondition.OK


def test_one_that_was_started_again_works_also_while_nothing_is_written(own: OwnJournal, follower: Follower) -> None:
    own.write("one")
    follower.messages(1)
    (process,) = journalctls(own.folder)
    os.kill(process, signal.SIGKILL)
    for wanted in (SourceCondition.ERROR, SourceCondition.OK):

        def is_so(wanted: SourceCondition = wanted) -> bool:
            follower.poll()
            return follower.journal.state.condition is wanted

        wait_for(is_so)
    assert messages(follower.lines) == ["one"]


def test_a_journal_that_is_rotated(own: OwnJournal, follower: Follower) -> None:
    own.write("one")
    follower.messages(1)
    own.rotate()
    own.write("two")
    assert follower.messages(2) == ["one", "two"]


def test_entries_of_an_earlier_boot_are_there_too(own: OwnJournal, follower: Follower) -> None:
    own.write("yesterday")
    own.write("today", boot=NEXT_BOOT)
    assert follower.messages(2) == ["yesterday", "today"]


def test_no_entry_yet_is_waiting(own: OwnJournal, follower: Follower) -> None:
    own.write("of another", unit="other.service")
    follower.poll()
    state = follower.journal.state
    assert (state.condition, state.detail) == (SourceCondition.WAITING, "no entry yet")


def test_no_journal_at_all_is_explained(tmp_path: Path, own: OwnJournal) -> None:
    own.options[0] = f"--directory={tmp_path / 'none'}"
    follower = Follower(own)

    def has_failed() -> bool:
        follower.poll()
        return follower.journal.state.condition is SourceCondition.ERROR

    try:
        wait_for(has_failed)
        assert "No such file or directory" in follower.journal.state.detail
    finally:
        follower.journal.close()


def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "bin/journalctl"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_without_the_right_to_read_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: OwnJournal) -> None:
    """Its own words; the superuser, as whom tests may run, can read everything."""
    fake(tmp_path, monkeypatch, "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1")
    follower = Follower(own)

    def is_denied() -> bool:
        follower.poll()
        return follower.journal.state.condition is SourceCondition.DENIED

    wait_for(is_denied)
    assert "insufficient permissions" in follower.journal.state.detail
    with pytest.raises(SourceError, match="insufficient permissions") as raised:
        list(read_journal(SOURCE, LIMIT))
    assert "systemd-journal" in raised.value.hint


def test_a_hint_beside_a_journal_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: OwnJournal) -> None:
    hint = "Hint: You are currently not seeing messages from other users and the system."
    fake(tmp_path, monkeypatch, f"echo '{hint}' >&2; echo '      Pass -q to turn off this notice.' >&2; exec sleep 50")
    follower = Follower(own)

    def is_denied() -> bool:
        follower.poll()
        return follower.journal.state.condition is SourceCondition.DENIED

    try:
        wait_for(is_denied)
        assert follower.journal.state.detail == hint
    finally:
        follower.journal.close()


def test_without_journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: OwnJournal) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    follower = Follower(own)
    follower.poll()
    state = follower.journal.state
    assert (state.condition, state.detail) == (SourceCondition.ERROR, "there is no journalctl here")
    with pytest.raises(SourceError, match="there is no journalctl here"):
        list(read_journal(SOURCE, LIMIT))


def test_no_process_is_left_behind(own: OwnJournal) -> None:
    own.write("one")
    follower = Follower(own)
    follower.messages(1)
    assert journalctls(own.folder)
    follower.journal.close()
    assert journalctls(own.folder) == []
    assert follower.journal.poll() == []


def test_in_its_thread_it_ends_with_it(own: OwnJournal) -> None:
    own.write("one")
    thread = TailThread(Journal(SOURCE, LIMIT, own.options), "voice", TailSettings())
    thread.start(lambda: None)
    lines: list[bytes] = []

    def look() -> list[bytes]:
        lines.extend(line for batch in thread.drain() for line in batch.lines)
        return lines

    try:
        assert messages(wait_for(look)) == ["one"]
        assert journalctls(own.folder)
    finally:
        thread.stop()
    wait_for(lambda: not journalctls(own.folder))


FOLLOW = """
import sys
from timmy_tui.core.foreign.source_address import source_address
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.streams.journal import Journal
journal = Journal(source_address("journal:voice"), 1 << 20, sys.argv[1:])
while True:
    for batch in journal.poll():
        print(len(batch.lines), flush=True)
"""


def test_none_is_left_behind_by_a_dashboard_that_is_killed(own: OwnJournal) -> None:
    own.write("one")
    reader = subprocess.Popen([sys.executable, "-c", FOLLOW, *own.options], stdout=subprocess.PIPE)
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"1\n"
        assert len(journalctls(own.folder)) >= 1
    finally:
        reader.kill()
        reader.communicate()
    wait_for(lambda: not journalctls(own.folder))


def test_read_once_all_and_the_newest(own: OwnJournal) -> None:
    own.write("one", "two", "x" * 10_000)
    own.write("four", boot=NEXT_BOOT)
    batches = [*read_journal(SOURCE, 5000, more=own.options)]
    assert messages([line for lines, _ in batches for line in lines]) == ["one", "two", "four"]
    assert sum(dropped for _, dropped in batches) == 1
    newest = [line for lines, _ in read_journal(SOURCE, LIMIT, 2, own.options) for line in lines]
    assert messages(newest) == ["x" * 10_000, "four"]
    assert journalctls(own.folder) == []


def test_a_reader_that_stops_early_ends_journalctl(own: OwnJournal) -> None:
    own.write(*["x" * 1000] * 2000)
    with closing(read_journal(SOURCE, LIMIT, more=own.options)) as batches:
        next(batches)
    assert journalctls(own.folder) == []


def test_a_users_unit(own: OwnJournal) -> None:
    own.write("of the system")
    own.write("of the user", field="_SYSTEMD_USER_UNIT", unit="mine.service")
    lines = [
        line for lines, _ in read_journal(source_address("journal:user:mine"), LIMIT, more=own.options)
        for line in lines
    ]  # fmt: skip
    assert messages(lines) == ["of the user"]
    with pytest.raises(SourceError, match="has no entries"):
        list(read_journal(source_address("journal:user:voice"), LIMIT, more=own.options))


def test_a_unit_without_entries_is_an_error(own: OwnJournal) -> None:
    own.write("of another", unit="other.service")
    with pytest.raises(SourceError, match=r"journal:voice.service cannot be read: it has no entries") as raised:
        list(read_journal(SOURCE, LIMIT, more=own.options))
    assert "journal:user:NAME" in raised.value.hint


def test_what_is_followed_and_what_is_read_once_are_of_the_same_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a report on a machine that collects other machines' journals has fewer turns than its dashboard."""
    script = tmp_path / "journalctl"
    script.write_text('#!/bin/sh\nprintf \'{"MESSAGE":"%s","__CURSOR":"c","__REALTIME_TIMESTAMP":"1"}\\n\' "$*"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ((once,),) = [lines for lines, _ in read_journal(SOURCE, LIMIT) if lines]
    with closing(Journal(SOURCE, LIMIT)) as followed:
        (first,) = wait_for(followed.poll)
    calls = [set(json.loads(line)["MESSAGE"].split()) for line in (once, first.lines[0])]
    assert calls[0] ^ calls[1] == {"--lines=all", "--lines=10000", "--follow"}
    assert "--merge" in calls[0]
