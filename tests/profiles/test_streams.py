"""Journals, addresses and documents as the commands and the dashboard read them, each in a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.profiles.test_choice import JOURNAL, call
from tests.profiles.worlds import PROFILE, line, whole_turn
from tests.programs import needs
from tests.sources.services.servers import as_json, serving
from tests.sources.streams.journals import OwnJournal
from tests.started import run_python

pytestmark = [needs("journalctl"), needs("systemd-journal-remote")]
V2 = ("--profile", "little-timmy-v2", "--source", "journal:little-timmy")
EVERY = ("history", "--turns", "--days", "36500", "--json")


@pytest.fixture
def own(tmp_path: Path) -> OwnJournal:
    """The journal of little_timmy_v2, in a journal's own files; its times are others."""
    own = OwnJournal(tmp_path / "journal")
    messages = [json.loads(entry)["MESSAGE"] for entry in JOURNAL.read_text().splitlines()]
    own.write(*(bytes(one) if isinstance(one, list) else one for one in messages), unit="little-timmy.service")
    return own


@pytest.fixture
def path(own: OwnJournal, tmp_path: Path) -> str:
    """A PATH whose journalctl reads it."""
    return f"{own.program(tmp_path / 'bin')}:{os.environ['PATH']}"


def headlines(printed: str) -> list[object]:
    return [turn["headline_ms"] for turn in json.loads(printed)["turns"]]


def test_a_journal_tells_the_same_turns_as_its_export(tmp_path: Path, path: str) -> None:
    live = call(tmp_path, "report", *V2, "--json", PATH=path)
    exported = call(tmp_path, "report", "--log", str(JOURNAL), "--json")
    assert (live.returncode, live.stderr) == (0, "")
    assert headlines(live.stdout) == headlines(exported.stdout)
    assert len(headlines(live.stdout)) == 37


def test_the_status_and_the_history_of_a_journal(tmp_path: Path, path: str) -> None:
    assert "V2V 2.12s" in call(tmp_path, "status", *V2, PATH=path).stdout
    for _ in range(2):
        assert call(tmp_path, "report", *V2, PATH=path).returncode == 0
    assert len(json.loads(call(tmp_path, *EVERY, *V2, PATH=path).stdout)["turns"]) == 37
    other = ("--profile", "little-timmy-v2", "--source", "journal:user:little-timmy")
    assert json.loads(call(tmp_path, *EVERY, *other, PATH=path).stdout)["turns"] == []


def test_a_journal_without_a_word_is_explained(tmp_path: Path, path: str) -> None:
    nothing = ("--profile", "little-timmy-v2", "--source", "journal:other")
    done = call(tmp_path, "report", *nothing, PATH=path)
    assert done.returncode == 1
    assert "journal:other.service cannot be read: it has no entries" in done.stderr
    assert "journal:other.service cannot" in call(tmp_path, "status", *nothing, PATH=path).stdout


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("journal:-f", "'-f' is not the name of a unit"),
        ("http:/box", "is not an HTTP address"),
        ("http://me:pass@127.0.0.1:1/", "http://127.0.0.1:1/ is fetched, and little-timmy-v2 reads lines"),
    ],
)
def test_a_source_that_does_not_fit_is_explained(tmp_path: Path, source: str, said: str) -> None:
    done = call(tmp_path, "report", "--profile", "little-timmy-v2", "--source", source)
    assert done.returncode == 1
    assert said in done.stderr
    assert "pass@" not in done.stderr and "Traceback" not in done.stderr


def test_the_check_of_an_export_and_of_a_document(tmp_path: Path, box: Path) -> None:
    done = call(tmp_path, "profile", "check", "little-timmy-v2", str(JOURNAL))
    assert (done.returncode, "wrong:" in done.stdout) == (0, False), done.stdout
    turns = [json.loads(one) for number in range(5) for one in whole_turn(1_789_000_000 + 60 * number, f"t{number}")]
    document = tmp_path / "runs.json"
    document.write_text(json.dumps({"items": turns}, indent=1))
    done = call(tmp_path, "profile", "check", str(box), str(document), "--json")
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["turns"], verdict["with_headline"], verdict["other"]) == (0, 5, 5, 0)
    document.write_text(document.read_text()[:-20])
    done = call(tmp_path, "profile", "check", str(box), str(document))
    assert done.returncode == 1
    assert "wrong: no record is an event of this profile" in done.stdout


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A profile that fetches its records, or reads them from a document."""
    return box_of(tmp_path, 'kind = "poll"\nurl = "http://127.0.0.1:1/"\nevery_s = 0.2\nitems = "items"')


def box_of(folder: Path, source: str) -> Path:
    path = folder / "box.toml"
    path.write_text(PROFILE.replace('kind = "jsonl"', source))
    return path


def runs(*keys: str) -> dict[str, object]:
    events = [one for at, key in enumerate(keys) for one in whole_turn(1_789_000_000 + 60 * at, key)]
    return {"items": [json.loads(one) for one in events]}


def test_an_address_by_every_command(tmp_path: Path, box: Path) -> None:
    with serving(lambda path: as_json(runs("a", "b", "c"))) as (url, _):
        source = ("--profile", str(box), "--source", url.replace("//", "//me:secret@") + "/turns?token=hidden")
        for _ in range(2):
            done = call(tmp_path, "report", *source, "--json")
            assert (done.returncode, headlines(done.stdout)) == (0, [1500, 1500, 1500]), done.stderr
        assert "V2V 1.50s" in call(tmp_path, "status", *source).stdout
        stored = call(tmp_path, *EVERY, *source).stdout
        assert len(json.loads(stored)["turns"]) == 3
        assert "secret" not in stored and "hidden" not in stored
    gone = call(tmp_path, "report", *source)
    assert gone.returncode == 1
    assert f"{url}/turns cannot be read: connection refused" in gone.stderr
    assert "secret" not in gone.stderr and "hidden" not in gone.stderr
    history = tmp_path / ".local/state/timmy_tui/history.db"
    kept = b"".join(one.read_bytes() for one in history.parent.rglob("*") if one.is_file())
    assert history.exists()
    assert b"secret" not in kept and b"hidden" not in kept


def test_a_document_by_every_command(tmp_path: Path, box: Path) -> None:
    """Without a line end at its end, and all on one line of more than a MiB."""
    document = tmp_path / "runs.json"
    content = {**runs("a", "b"), "padding": "x" * (2 << 20)}
    document.write_text(json.dumps(content))
    source = ("--profile", str(box), "--source", str(document))
    assert headlines(call(tmp_path, "report", *source, "--json").stdout) == [1500, 1500]
    assert "V2V 1.50s" in call(tmp_path, "status", *source).stdout
    assert headlines(call(tmp_path, "report", "--profile", str(box), "--log", str(document), "--json").stdout) == [
        1500, 1500,
    ]  # fmt: skip


WATCH = """
import sys, threading
from timmy_tui.profiles.choice import choose_for
choose_for(sys.argv[1:], {})
from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.bootstrap.wiring import SourceOptions, live_source
seen = []
def show(snapshot):
    (state,) = snapshot.sources
    now = f"{len(snapshot.turns)} turns, {state.condition}: {state.detail}"
    if seen[-1:] != [now]:
        seen.append(now)
        print(now, flush=True)
source = live_source(find_timmy(Place()), SourceOptions(services=False), print)
source.start(show)
sys.stdin.readline()
source.stop()
"""


@contextmanager
def watching(home: Path, *arguments: str, path: str = os.environ["PATH"]) -> Iterator[Callable[[str], str]]:
    """The dashboard's pipeline in a process; yields a function that waits for a line that begins so."""
    environment = {**os.environ, "HOME": str(home), "PATH": path, "XDG_STATE_HOME": str(home / "state")}
    watcher = subprocess.Popen(
        [sys.executable, "-c", WATCH, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    printed: list[str] = []

    def wait(begin: str) -> str:
        assert watcher.stdout is not None
        for text in watcher.stdout:
            printed.append(text.rstrip())
            if text.startswith(begin):
                return text.rstrip()
        raise AssertionError((begin, printed))

    try:
        yield wait
        _, rest = watcher.communicate("\n", timeout=30)
        assert watcher.returncode == 0, (printed, rest)
    finally:
        watcher.kill()
        watcher.wait()


def test_a_document_that_grows_is_watched(tmp_path: Path, box: Path) -> None:
    document = tmp_path / "runs.json"
    with watching(tmp_path, "--profile", str(box), "--source", str(document)) as wait:
        wait("0 turns, waiting: does not exist yet")
        document.write_text(json.dumps(runs("a", "b")))
        wait("2 turns, ok: ")
        document.write_text(json.dumps(runs("a", "b", "c")))
        wait("3 turns, ok: ")
        document.unlink()
        wait("3 turns, waiting: does not exist yet")


def test_an_address_is_watched_through_every_answer(tmp_path: Path, box: Path) -> None:
    answer = [as_json(runs("a", "b"))]
    with (
        serving(lambda path: answer[0]) as (url, _),
        watching(tmp_path, "--profile", str(box), "--source", url) as wait,
    ):
        wait("2 turns, ok: ")
        answer[0] = (500, b"")
        wait("2 turns, error: HTTP 500")
        answer[0] = as_json(runs("a", "b", "c"))
        wait("3 turns, ok: ")
        answer[0] = (200, b"<html>")
        wait("3 turns, error: the answer is HTML")


def test_a_journal_is_watched(tmp_path: Path) -> None:
    own = OwnJournal(tmp_path / "journal")
    own.write("Started.", *(one.decode() for one in whole_turn(1_789_000_000, "a")))
    box = box_of(tmp_path, 'kind = "jsonl"\npath = "journal:voice"')
    path = f"{own.program(tmp_path / 'bin')}:{os.environ['PATH']}"
    with watching(tmp_path, "--profile", str(box), path=path) as wait:
        wait("1 turns, ok: ")
        own.write(*(one.decode() for one in whole_turn(1_789_000_060, "b")))
        wait("2 turns, ok: ")
        own.rotate()
        own.write(line(1_789_000_120, "c", "heard").decode(), line(1_789_000_121, "c", "sound").decode())
        wait("3 turns, ok: ")


AGE = """
import sys
import time
from timmy_tui.core.settings import TailSettings
from timmy_tui.profiles.choice import choose_for
choose_for(sys.argv[1:], {})
from timmy_tui.profiles.streams import followed
(batch,) = followed("box", TailSettings()).poll()
print(batch.age_s)
"""


def test_the_first_answer_of_an_address_is_as_old_as_its_newest_record(tmp_path: Path, box: Path) -> None:
    """The last stamp of its last turn, however the records stand in it."""
    answer = runs("a", "b", "c")
    answer["items"] = [*reversed(cast(list[object], answer["items"])), {"event": "heard"}]
    with serving(lambda path: as_json(answer)) as (url, _):
        done = run_python(["-c", AGE, "--profile", str(box), "--source", url])
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(time.time() - (1_789_000_120 + 1.5), abs=120)
