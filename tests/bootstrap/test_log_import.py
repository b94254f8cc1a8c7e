"""Turns that no snapshot had are stored by another reading of the logs, however long that takes."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.timmy_folder import TimmyFolder, make_timmy
from tests.waiting import wait_for
from timmy_tui.bootstrap.log_import import LogImport
from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
from timmy_tui.model.turn import Turn


class Store:
    """Takes readings, and calls back when the test wants it."""

    def __init__(self) -> None:
        self.readings: list[tuple[Sequence[Turn], Callable[[int], None]]] = []

    def __call__(self, turns: Sequence[Turn], done: Callable[[int], None]) -> None:
        self.readings.append((turns, done))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TimmyFolder:
    folder = make_timmy(tmp_path, turns=4)
    for name, value in folder.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("timmy_tui.bootstrap.log_import.RETRY_S", 0.02)
    return folder


@contextmanager
def importing(folder: TimmyFolder, store: Store, said: list[str]) -> Iterator[LogImport]:
    one = LogImport(find_timmy(Place(root=folder.root)), store, said.append)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def test_a_reading_that_is_asked_for_while_one_waits_to_be_stored_comes_after_it(folder: TimmyFolder) -> None:
    store, said = Store(), list[str]()
    with importing(folder, store, said) as one:
        one.ask()
        wait_for(lambda: store.readings)
        assert len(store.readings[0][0]) == 4
        one.ask()
        write_logs(folder.root, ConversationPlan(6, start=time.time() - 3600))
        store.readings[0][1](0)
        wait_for(lambda: len(store.readings) == 2)
        assert len(store.readings[1][0]) == 6
        store.readings[1][1](2)
    assert said == ["2 older turns of the logs stored"]


def test_logs_that_cannot_be_read_are_read_later(folder: TimmyFolder) -> None:
    store, said = Store(), list[str]()
    moved = folder.root / "shared", folder.root / "elsewhere"
    logs = folder.root / "testing-interface"
    with importing(folder, store, said) as one:
        moved[0].rename(moved[1])
        logs.rename(folder.root / "logs-elsewhere")
        one.ask()
        wait_for(lambda: said)
        assert store.readings == []
        moved[1].rename(moved[0])
        wait_for(lambda: store.readings)
        store.readings[0][1](0)
    assert len(said) == 1 and "it is tried again" in said[0], "the same reason is said once"


@pytest.mark.parametrize(("days", "turns"), [(0, 4), (1, 0), (3, 4)])
def test_what_the_history_would_delete_again_is_not_stored(folder: TimmyFolder, days: int, turns: int) -> None:
    folder.settings.write_text(f"[history]\ndays = {days}\n")
    write_logs(folder.root, ConversationPlan(4, start=time.time() - 2 * 86_400))
    store = Store()
    with importing(folder, store, []) as one:
        one.ask()
        wait_for(lambda: store.readings)
    assert len(store.readings[0][0]) == turns


def test_it_ends_while_a_reading_waits_to_be_stored(folder: TimmyFolder) -> None:
    store = Store()
    with importing(folder, store, []) as one:
        one.ask()
        wait_for(lambda: store.readings)
    one.ask()
    assert len(store.readings) == 1
