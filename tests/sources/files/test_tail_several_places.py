"""Where v34's output can stand in more than one file, the one that is written is followed."""

import os
from pathlib import Path

import pytest

from tests.descriptors import open_descriptors
from tests.sources.files.follower import Clock, append
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.file_chain import ROTATE_WAIT_S
from timmy_tui.sources.files.places import APART_S
from timmy_tui.sources.files.tail import Tail

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


class Followed:
    """A log with two places."""

    def __init__(self, folder: Path, limits: TailSettings | None = None) -> None:
        self.panel, self.app = folder / "v34.log", folder / "app_session.log"
        self.clock = Clock()
        self.limits = limits or TailSettings()
        self.tail: Tail | None = None

    def open(self) -> Tail:
        self.tail = Tail((self.panel, self.app), "v34.log", self.limits, clock=self.clock)
        return self.tail

    def poll(self, after: float = 0.0) -> list[bytes]:
        assert self.tail is not None
        self.clock.now += after
        return [line for batch in self.tail.poll() for line in batch.lines]


@pytest.fixture
def logs(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def age(path: Path, seconds: float) -> None:
    stamp = path.stat().st_mtime - seconds
    os.utime(path, (stamp, stamp))


@pytest.mark.parametrize("older", ["panel", "app"])
def test_the_one_that_was_written_last_is_followed_first(logs: Followed, older: str) -> None:
    append(logs.panel, b"panel\n")
    append(logs.app, b"app\n")
    age(getattr(logs, older), 60)
    tail = logs.open()
    assert logs.poll() == [b"app" if older == "panel" else b"panel"]
    assert tail.state.detail == ("followed: app_session.log" if older == "panel" else "")
    tail.close()


def test_another_that_is_written_is_followed_from_its_new_lines_on(logs: Followed) -> None:
    append(logs.app, b"of last week\nwithout an end")
    age(logs.app, 86400)
    append(logs.panel, b"panel\n")
    tail = logs.open()
    assert logs.poll() == [b"panel"]
    append(logs.app, b" that comes now\nnew run\n")
    assert logs.poll(ROTATE_WAIT_S) == [b"new run"]
    assert tail.state.detail == "followed: app_session.log"
    append(logs.app, b"next\n")
    assert logs.poll(0.1) == [b"next"]
    tail.close()


def test_and_back_again_without_a_line_twice_or_lost(logs: Followed) -> None:
    append(logs.panel, b"one\nhalf")
    tail = logs.open()
    assert logs.poll() == [b"one"]
    append(logs.app, b"two\n")
    assert logs.poll(60) == [b"two"]
    append(logs.panel, b" and half\nthree\n")
    assert logs.poll(60) == [b"half and half", b"three"]
    append(logs.app, b"four\n")
    assert logs.poll(60) == [b"four"]
    assert tail.state.gaps == 0
    tail.close()


@pytest.mark.parametrize("quiet_s", [ROTATE_WAIT_S - 0.1, ROTATE_WAIT_S])
def test_not_before_the_present_one_has_been_quiet_for_two_seconds(logs: Followed, quiet_s: float) -> None:
    append(logs.panel, b"one\n")
    tail = logs.open()
    logs.poll()
    append(logs.panel, b"two\n")
    assert logs.poll(1) == [b"two"]
    append(logs.app, b"other\n")
    expected = [b"other"] if quiet_s >= ROTATE_WAIT_S else []
    assert logs.poll(APART_S + 0.1) == []
    assert logs.poll(quiet_s - APART_S - 0.1) == expected
    tail.close()


def test_one_output_that_goes_to_both_is_read_once(logs: Followed) -> None:
    logs.panel.touch()
    logs.app.touch()
    tail = logs.open()
    logs.poll()
    read = []
    for number in range(20):
        append(logs.panel, b"%d\n" % number)
        read += logs.poll(APART_S / 2)
        append(logs.app, b"%d\n" % number)
        read += logs.poll(APART_S / 2)
        read += logs.poll(30)
    assert read == [b"%d" % number for number in range(20)]
    tail.close()


def test_the_first_that_appears_is_followed_where_there_was_none(logs: Followed) -> None:
    tail = logs.open()
    states = []
    for expected in ([], [b"one"]):
        assert logs.poll() == expected
        states.append(tail.state.condition)
        append(logs.app, b"one\n")
    assert states == [SourceCondition.WAITING, SourceCondition.OK]
    tail.close()


def test_the_panel_starts_v34_twice_while_another_place_is_followed(logs: Followed) -> None:
    append(logs.app, b"app\n")
    tail = logs.open()
    logs.poll()
    append(logs.app, b"more\n")
    assert logs.poll() == [b"more"]
    for number in range(2):
        logs.panel.unlink(missing_ok=True)
        append(logs.panel, b"panel %d\n" % number)
        assert logs.poll(0.3) == []
    read = logs.poll(ROTATE_WAIT_S) + logs.poll(ROTATE_WAIT_S)
    assert read == [b"panel 0", b"panel 1"]
    tail.close()


def test_a_big_log_that_is_still_read_from_its_beginning_keeps_its_order(tmp_path: Path) -> None:
    """As the pipeline reads it: the backlog ends where the consumer is, in another file by then."""
    logs = Followed(tmp_path, TailSettings(head_kib=4))
    old = [b"line %05d" % number for number in range(3000)]
    append(logs.panel, b"".join(line + b"\n" for line in old))
    append(logs.app, b"of last week\n")
    age(logs.app, 86400)
    tail = logs.open()
    shown: list[bytes] = []
    for after in (0.0, 60.0):
        logs.clock.now += after
        for batch in tail.poll():
            backlog = tail.opened_backlog
            assert backlog is not None
            backlog.record_delivery(batch)
            shown += batch.lines
        append(logs.app, b"new run\n")
    backlog = tail.take_backlog()
    assert backlog is not None
    full: list[bytes] = []
    while not backlog.finished:
        full += backlog.read(1000)
    backlog.close()
    assert shown[-1] == b"new run"
    assert full == [*old, b"new run"]
    tail.close()


def test_every_file_is_closed_at_the_end(logs: Followed) -> None:
    before = open_descriptors()
    append(logs.panel, b"panel\n")
    append(logs.app, b"app\n")
    tail = logs.open()
    logs.poll()
    assert len(open_descriptors() - before) == 2
    tail.close()
    assert open_descriptors() - before == set()
