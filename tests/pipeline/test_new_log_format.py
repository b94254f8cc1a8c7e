"""A log format that is in the table is detected, reported, replayed, followed and checked; no other module knows it."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.reading.logs import TURN
from tests.pipeline.conftest import Watch, following
from timmy_tui.commands.report import report
from timmy_tui.core.installation import Installation, installation_at
from timmy_tui.core.settings import Paths, Settings
from timmy_tui.doctor.files import file_lines, sample_logs
from timmy_tui.model.log_format import DebugFact, EventLog, FactLog, LogPlaces
from timmy_tui.model.turn import Event
from timmy_tui.parse.table import FORMATS
from timmy_tui.pipeline.live_source import LiveSource, play_logs
from timmy_tui.pipeline.read_logs import detect_format, named_logs, read_logs
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.report.status_line.newest import newest_line


class TabParser:
    """``tab: stamp request service event``, tabs in between."""

    def __init__(self) -> None:
        self.unparsed: Counter[str] = Counter()

    def feed(self, lines: Sequence[bytes]) -> list[Event]:
        events: list[Event] = []
        for line in lines:
            fields = line.decode().split("\t")
            if len(fields) != 5:
                self.unparsed["not five fields"] += 1
                continue
            events.append(Event(float(fields[1]), fields[2], fields[4], fields[3]))
        return events


class WordParser:
    """``word: kind value``: a turn without stamps."""

    def __init__(self) -> None:
        self.unparsed: Counter[str] = Counter()

    def feed(self, lines: Sequence[bytes]) -> list[DebugFact]:
        facts = []
        for line in lines:
            _, kind, value = line.decode().split(" ")
            facts.append(DebugFact(kind, {"text": value, "ms": float(value) if kind == "total" else None}))
        return facts


def place(places: LogPlaces) -> Path:
    return places.root / "shared/tab.log"


TAB = EventLog(
    kind="tab",
    file_name="tab.log",
    order=30,
    recognizes=lambda line: line.startswith(b"tab:\t"),
    place=place,
    parser=TabParser,
)
WORD = FactLog(
    kind="word",
    file_name="word.log",
    order=40,
    recognizes=lambda line: line.startswith(b"word: "),
    place=lambda places: places.root / "shared/word.log",
    parser=WordParser,
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in (TAB, WORD):
        monkeypatch.setitem(FORMATS, row.kind, row)


def tab_lines(request_id: str, began: float) -> str:
    return "".join(f"tab:\t{began + ms / 1000:.6f}\t{request_id}\t{who}\t{event}\n" for who, event, ms, _ in TURN)


def doctor(installation: Installation, settings: Settings) -> dict[str, str]:
    sample = sample_logs(installation, settings)
    return {line.subject: line.text for line in file_lines(installation, sample, settings, 0.0)}


def test_it_is_detected_by_its_content_and_an_empty_file_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for content, kind in (("tab:\t1\ta\tv34\tx\n", "tab"), ("word: begin \n", "word"), ("nothing\n", "v34")):
        path.write_text(content)
        assert detect_format(path).kind == kind
    for name, kind in (("tab.log.1", "tab"), ("word.log", "word"), ("latency.log", "latency"), ("y.log", "v34")):
        (tmp_path / name).touch()
        assert detect_format(tmp_path / name).kind == kind


def test_the_report_and_the_status_line_read_it(tmp_path: Path) -> None:
    log = tmp_path / "any.log"
    log.write_text(tab_lines("aaaaaaaa", 1000.0) + "tab:\ttorn\n" + tab_lines("bbbbbbbb", 1020.0))
    shown = CliRunner().invoke(report, ["--log", str(log), "--json"], catch_exceptions=False)
    printed = json.loads(shown.output)
    assert [(turn["request_id"], turn["state"]) for turn in printed["turns"]] == [
        ("aaaaaaaa", "complete"), ("bbbbbbbb", "complete")
    ]  # fmt: skip
    assert printed["turns"][0]["stages"]["llm"] == pytest.approx(716)
    assert printed["unparsed"] == {"not five fields": 1}
    assert "LLM 716ms" in newest_line(None, None, [log], tmux=False)


def test_a_log_without_stamps_is_read_too(tmp_path: Path) -> None:
    log = tmp_path / "any.log"
    log.write_text("word: begin \nword: message hello\nword: total 1500\n")
    (turn,) = read_logs(named_logs([log]), Settings().tail).turns
    assert (turn.text, turn.headline_ms) == ("hello", 1500.0)
    (feed,) = play_logs([log], 1.0)
    assert feed.kind == "word"


def test_a_replay_plays_it(tmp_path: Path, watch: Watch) -> None:
    log = tmp_path / "any.log"
    log.write_text(tab_lines("aaaaaaaa", 1000.0) + tab_lines("bbbbbbbb", 1020.0))
    source = LiveSource(Pipeline(Settings(), play_logs([log], None), replayed=True))
    snapshot = watch(source).wait(lambda snapshot: len(snapshot.turns) == 2)
    assert [turn.request_id for turn in snapshot.turns] == ["aaaaaaaa", "bbbbbbbb"]
    assert snapshot.turns[0].stages["llm"] == pytest.approx(716)


def test_the_dashboard_follows_it_where_the_installation_has_it_and_the_doctor_checks_it(
    tmp_path: Path, watch: Watch
) -> None:
    (tmp_path / "shared").mkdir()
    installation, settings = installation_at(tmp_path, Paths()), Settings()
    log = place(installation)
    assert doctor(installation, settings)["tab.log"] == f"{log} does not exist"
    watcher = watch(following(installation, settings))
    names = [state.name for state in watcher.wait(lambda snapshot: True).sources]
    assert names == ["latency.log", "v34.log", "tab.log", "word.log"]
    log.write_text(tab_lines("aaaaaaaa", time.time()))
    assert watcher.wait(lambda snapshot: len(snapshot.turns) == 1).turns[0].request_id == "aaaaaaaa"
    assert [turn.request_id for turn in sample_logs(installation, settings).turns] == ["aaaaaaaa"]
    assert doctor(installation, settings)["tab.log"] == f"{log} can be read"
