"""When a journal has been read for the first time: with a journalctl of our own, which prints what it is told to."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.waiting import wait_for
from timmy_tui.core.foreign.source_address import source_address
from timmy_tui.core.settings import TailSettings
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.streams.journal import FIRST_ENTRY_S, Journal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a shell script")
ENTRIES = [json.dumps({"MESSAGE": word, "__CURSOR": f"s={word}"}) for word in ("one", "two")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    yield tmp_path


def journal(folder: Path, *entries: str, now: list[float] | None = None) -> Journal:
    """Of a journalctl that prints these and goes on."""
    (folder / "entries").write_text("".join(f"{entry}\n" for entry in entries))
    program = folder / "journalctl"
    program.write_text(f"#!/bin/sh\ncat {folder}/entries\nexec sleep 60\n")
    program.chmod(0o755)
    times = [0.0] if now is None else now
    return Journal(source_address("journal:voice.service"), 1 << 20, clock=lambda: times[0])


def test_it_has_been_read_once_nothing_comes_behind_its_entries(folder: Path) -> None:
    """It is asked again at once, so that it seemed never to be read: its turns were judged ten seconds late."""
    thread = TailThread(journal(folder, *ENTRIES), "voice", TailSettings())
    thread.start(lambda: None)
    try:
        wait_for(lambda: thread.opened)
        lines = [line for batch in thread.drain() for line in batch.lines]
    finally:
        thread.stop()
    assert [json.loads(line)["MESSAGE"] for line in lines] == ["one", "two"]


def test_where_nothing_comes_for_two_seconds_nothing_was_there(folder: Path) -> None:
    now = [0.0]
    with closing(journal(folder, now=now)) as silent:
        for at, caught_up in ((0.0, False), (FIRST_ENTRY_S - 0.01, False), (FIRST_ENTRY_S, True)):
            now[0] = at
            assert silent.poll() == []
            assert silent.caught_up is caught_up


def test_one_that_cannot_be_read_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(journal(folder)) as absent:
        monkeypatch.setenv("PATH", "")
        assert absent.poll() == []
        assert absent.caught_up
