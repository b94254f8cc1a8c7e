"""A quiet room costs little: what came without news waits for the clock, and what is the same is not drawn again."""

from __future__ import annotations

import os
import pty
import threading

import pytest
from msgspec.structs import replace
from textual.drivers import linux_driver

from tests.ui.running import running_dashboard
from tests.ui.snapshots import NOW, snapshot
from tests.ui.terminal.test_driver import Terminal
from tests.ui.test_live import view
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.application.snapshot_inbox import SnapshotInbox
from timmy_tui.ui.messages import SnapshotArrived
from timmy_tui.ui.paint import lines
from timmy_tui.ui.paint.lines import FittedRows
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.terminal.driver import StopsAndGoesOn
from timmy_tui.ui.terminal.patient_input import EndEvent, PatientSelector


def test_a_quiet_snapshot_is_not_announced_and_the_next_one_with_news_is() -> None:
    posted: list[SnapshotArrived] = []

    def post(message: SnapshotArrived) -> bool:
        posted.append(message)
        return True

    inbox = SnapshotInbox(post)
    quiet, news = Snapshot(quiet=True), Snapshot()
    inbox.put(quiet)
    assert posted == [] and inbox.waiting
    assert inbox.take() is quiet and not inbox.waiting
    inbox.put(news)
    assert len(posted) == 1
    newer = Snapshot(quiet=True)
    inbox.put(newer)
    assert len(posted) == 1 and inbox.take() is newer, "the newest, with what the one before announced"
    inbox.put(Snapshot())
    assert len(posted) == 2


async def test_the_clock_takes_a_quiet_snapshot() -> None:
    async with running_dashboard(snapshot(3)) as dashboard:
        quiet = snapshot(3, quiet=True)
        dashboard.source.publish(quiet)
        await dashboard.until(lambda: dashboard.app.snapshot is quiet and dashboard.app.view.snapshot is quiet)


def test_a_row_that_is_the_same_is_not_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    fit = lines.fit

    def count(spans: lines.Line, width: int) -> lines.Line:
        measured.append(lines.plain(spans))
        return fit(spans, width)

    monkeypatch.setattr(lines, "fit", count)
    rows = FittedRows()
    one, two, other = lines.line("one"), lines.line("two"), lines.line("other")
    assert [lines.cells(row) for row in rows.of([one, two], 20)] == [20, 20]
    assert [lines.plain(row).strip() for row in rows.of([one, other, two], 20)] == ["one", "other", "two"]
    assert measured == ["one", "two", "other", "two"]
    rows.of([one, other, two], 30)
    assert measured[4:] == ["one", "other", "two"], "another width"


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
def test_a_tick_of_the_clocks_draws_few_rows_of_the_live_screen_anew(size: tuple[int, int]) -> None:
    """Headline, state line and what is said; skyline, stage rows, lists and footer are the rows of before."""
    now = view(snapshot(40))
    before = live_lines(now, *size)
    later = replace(now, now=NOW + 1, tick=now.tick + 1)
    again = live_lines(later, *size)
    assert sum(old is not new for old, new in zip(before, again, strict=True)) <= 8
    assert again == live_lines(replace(later, cached_lines={}, memory={}), *size)


@pytest.fixture
def typed() -> tuple[int, int]:
    return os.pipe()


def selected(selector: PatientSelector) -> tuple[threading.Thread, list[int]]:
    """A thread that waits for input, and how many keys each of its looks found."""
    looks: list[int] = []
    thread = threading.Thread(target=lambda: looks.append(len(selector.select(0.0))), daemon=True)
    thread.start()
    return thread, looks


def test_who_reads_the_keys_looks_only_when_there_is_one_and_again_behind_it(typed: tuple[int, int]) -> None:
    end = EndEvent()
    selector = PatientSelector(end, lambda: False, lambda: None)
    selector.register(typed[0], 1)
    thread, looks = selected(selector)
    thread.join(0.2)
    assert thread.is_alive() and looks == [], "asked for no time at all, it waits for a key"
    os.write(typed[1], b"\x1b")
    thread.join()
    assert looks == [1]
    os.read(typed[0], 1)
    # An Escape may be the beginning of a longer key: it is looked at again without one.
    thread, looks = selected(selector)
    thread.join()
    assert looks == [0]
    selector.close()


def test_the_end_wakes_who_waits_for_keys_and_is_no_key(typed: tuple[int, int]) -> None:
    end = EndEvent()
    selector = PatientSelector(end, lambda: False, lambda: None)
    selector.register(typed[0], 1)
    thread, looks = selected(selector)
    end.set()
    end.set()
    thread.join()
    assert looks == [0] and end.is_set()
    selector.unregister(typed[0])
    assert selector.select(0.1) == [], "Textual's last look, at a terminal that it has let go"
    end.clear()
    assert not end.is_set()
    selector.close()
    again = PatientSelector(end, lambda: False, lambda: None)
    thread, looks = selected(again)
    thread.join(0.2)
    assert thread.is_alive(), "the end before is over"
    end.set()
    thread.join()
    again.close()


def test_a_terminal_that_is_gone_is_told_once_and_read_no_more() -> None:
    """Reading it returns at once with nothing: the thread took two thirds of a core."""
    master, slave = pty.openpty()
    end, told = EndEvent(), threading.Event()
    times: list[int] = []

    def tell() -> None:
        times.append(1)
        told.set()

    selector = PatientSelector(end, lambda: not os.isatty(slave), tell)
    selector.register(slave, 1)
    thread, looks = selected(selector)
    os.close(master)
    assert told.wait(20)
    thread.join(0.2)
    assert thread.is_alive(), "it sleeps until the end"
    end.set()
    thread.join()
    assert (looks, times) == ([0], [1])
    selector.close()
    os.close(slave)


class Reads(Terminal):
    """What Textual's driver does in the thread that reads the keys, as far as it concerns us."""

    can_suspend = False

    def __init__(self) -> None:
        super().__init__()
        self.exit_event = threading.Event()
        self.made: object = None

    def run_input_thread(self) -> None:
        self.made = linux_driver.selectors.SelectSelector()  # type: ignore[attr-defined]


def test_the_dashboards_driver_reads_keys_so() -> None:
    driver = type("Opened", (StopsAndGoesOn, Reads), {})()
    driver.run_input_thread()
    assert isinstance(driver.exit_event, EndEvent) and isinstance(driver.made, PatientSelector)
    driver.made.close()
