"""Real files in, snapshots out: live lines, a backlog behind a preview, faults that become words."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.reading.logs import TURN, event_line, turn_lines, write_log
from tests.pipeline.conftest import Watch, following
from tests.pipeline.watcher import Watcher
from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.model.turn import Marker, TurnState
from timmy_tui.pipeline.live_source import LiveSource, play_logs
from timmy_tui.pipeline.snapshot_builder import SnapshotBuilder
from timmy_tui.pipeline.thread import Pipeline

DATA = Path(__file__).parents[1] / "data"
NOW = 1_764_350_000.0


@pytest.fixture
def timmy(tmp_path: Path) -> Installation:
    for folder in ("v34", "shared", "testing-interface/logs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "v34/config.py").touch()
    return find_installation(Settings(), root=tmp_path)


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_nothing_there_yet_then_turns_arrive(watch: Watch, timmy: Installation) -> None:
    watcher = watch(following(timmy))
    empty = watcher.wait(lambda snapshot: True)
    assert empty.turns == ()
    assert {source.condition for source in empty.sources} == {SourceCondition.WAITING}
    lines = turn_lines(1, time.time())
    append(timmy.latency_log, "".join(lines[:18]))
    flying = watcher.wait(lambda snapshot: snapshot.open_turn is not None and snapshot.open_turn.phase == "llm")
    assert flying.open_turn is not None
    assert flying.open_turn.turn.state is TurnState.OPEN
    append(timmy.latency_log, "".join(lines[18:]))
    done = watcher.wait(lambda snapshot: len(snapshot.turns) == 1)
    assert done.open_turn is None
    assert done.counts.complete == 1
    assert done.headline is not None
    assert done.headline.last == pytest.approx(2617.0, abs=0.01)  # stamps are rounded to 1 µs
    assert next(row for row in done.stages if row.key == "llm").last == pytest.approx(716.0, abs=0.01)


def test_a_line_in_halves_is_one_line(watch: Watch, timmy: Installation) -> None:
    watcher = watch(following(timmy))
    line = event_line("aaaaaaaa", time.time(), "stt", "stt_transcript_finalized", "{}")
    append(timmy.latency_log, line[:40])
    watcher.wait(lambda snapshot: snapshot.sources[0].condition is SourceCondition.OK)
    append(timmy.latency_log, line[40:])
    snapshot = watcher.wait(lambda snapshot: snapshot.open_turn is not None)
    assert snapshot.unparsed == {}


def test_both_logs_are_joined_live(watch: Watch, timmy: Installation) -> None:
    settings = Settings()
    settings = replace(settings, tail=replace(settings.tail, turn_timeout_s=1e9))
    watcher = watch(following(timmy, settings))
    timmy.latency_log.write_bytes((DATA / "latency.log").read_bytes())
    watcher.wait(lambda snapshot: any(turn.request_id == "3f8de0e1" for turn in snapshot.turns))
    timmy.v34_log.write_bytes((DATA / "v34.log").read_bytes())
    snapshot = watcher.wait(lambda snapshot: sum(turn.logs == "both" for turn in snapshot.turns) == 14)
    assert snapshot.counts.failed == 1
    assert [turn.request_id for turn in snapshot.turns][-1] == "3f8de0e1"
    assert any("Tail mode active=True" in line for name, line in snapshot.log_tail if name == "v34.log")


def test_the_newest_turns_show_before_the_backlog_and_nothing_counts_twice(watch: Watch, timmy: Installation) -> None:
    turns = write_log(timmy.latency_log, 60_000, time.time() - 30)
    settings = Settings()
    settings = replace(settings, tail=replace(settings.tail, head_kib=256))
    watcher = watch(following(timmy, settings))
    first = watcher.wait(lambda snapshot: bool(snapshot.turns))
    assert first.counts.complete < 100
    assert first.sources[0].condition is SourceCondition.READING
    live = turn_lines(turns + 1, time.time() - 10)
    append(timmy.latency_log, "".join(live))
    whole = watcher.wait(lambda snapshot: snapshot.counts.complete == turns + 1)
    assert whole.turns[-1].request_id == f"{((turns + 1) * 2654435761) & 0xFFFFFFFF:08x}"
    assert whole.sources[0].behind == 0
    assert len(whole.turns) == settings.view.turns
    assert [turn.ordinal for turn in whole.turns] == list(range(turns + 1 - settings.view.turns, turns + 1))
    completed = [snapshot.counts.complete for snapshot in watcher.all if snapshot.turns]
    assert max(completed) == turns + 1


def test_a_turn_that_straddles_the_head_is_whole_afterwards(watch: Watch, timmy: Installation) -> None:
    turns = write_log(timmy.latency_log, 6_000, time.time() - 30)
    settings = Settings()
    for kib in (64, 65, 66, 67):
        short = replace(settings, tail=replace(settings.tail, head_kib=kib))
        watcher = watch(following(timmy, short))
        whole = watcher.wait(lambda snapshot: snapshot.counts.complete == turns)
        assert whole.counts.timed_out == whole.counts.aborted == 0
        assert all(len(turn.events) in (0, len(TURN)) for turn in whole.turns)


def test_an_unreadable_log_is_a_word_and_the_other_goes_on(watch: Watch, timmy: Installation) -> None:
    timmy.latency_log.mkdir()
    timmy.v34_log.write_bytes((DATA / "v34.log").read_bytes())
    watcher = watch(following(timmy))
    snapshot = watcher.wait(lambda snapshot: len(snapshot.turns) == 14)
    assert snapshot.sources[0].condition is SourceCondition.NOT_A_FILE
    assert {turn.logs for turn in snapshot.turns} == {"v34"}


def test_any_bytes_are_counted_and_the_rest_works(watch: Watch, timmy: Installation) -> None:
    watcher = watch(following(timmy))
    junk = b"\x00\xff\xfe{]\x1b]0;x\x07\n" * 50
    timmy.latency_log.write_bytes(junk + "".join(turn_lines(1, time.time() - 8)).encode() + junk)
    snapshot = watcher.wait(lambda snapshot: len(snapshot.turns) == 1)
    assert sum(snapshot.unparsed.values()) >= 50
    assert all("\x1b" not in line and "\x00" not in line for _, line in snapshot.log_tail)


def test_an_exception_is_a_health_line_and_the_thread_lives(
    watch: Watch, timmy: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SnapshotBuilder.feed
    broken = threading.Event()

    def feed(builder: SnapshotBuilder, *arguments: Any) -> bool:
        if not broken.is_set():
            broken.set()
            raise RuntimeError("a bug \x1b[31m")
        return real(builder, *arguments)

    monkeypatch.setattr(SnapshotBuilder, "feed", feed)
    watcher = watch(following(timmy))
    append(timmy.latency_log, "".join(turn_lines(1, time.time() - 30)))
    sick = watcher.wait(lambda snapshot: bool(snapshot.health))
    assert "RuntimeError: a bug ␛[31m (27 lines of latency.log)" in sick.health[0].message
    append(timmy.latency_log, "".join(turn_lines(2, time.time() - 8)))
    watcher.wait(lambda snapshot: len(snapshot.turns) >= 1)


def test_snapshots_of_the_same_state_are_few(watch: Watch, timmy: Installation) -> None:
    watcher = watch(following(timmy))
    watcher.wait(lambda snapshot: True)
    write_log(timmy.latency_log, 27_000, time.time() - 30)
    watcher.wait(lambda snapshot: snapshot.counts.complete == 1000)
    assert len(watcher.all) < 200


def test_replay_shows_the_whole_conversation(watch: Watch) -> None:
    source = LiveSource(Pipeline(Settings(), play_logs([DATA / "latency.log", DATA / "v34.log"], None), replayed=True))
    snapshot = watch(source).wait(lambda snapshot: sum(turn.logs == "both" for turn in snapshot.turns) == 14)
    assert snapshot.counts.complete == 13
    assert {source.detail for source in snapshot.sources} == {"replay ended"}


def test_stop_is_quick_and_ends_every_thread(timmy: Installation) -> None:
    source = following(timmy)
    watcher = Watcher()
    source.start(watcher.publish)
    watcher.wait(lambda snapshot: True)
    source.stop()
    names = {thread.name for thread in threading.enumerate()}
    assert not {name for name in names if name.startswith(("pipeline", "tail", "wake"))}


def test_marks_from_outside_are_on_the_next_snapshot(timmy: Installation) -> None:
    pipeline = Pipeline(Settings(), [])
    watcher = Watcher()
    pipeline.start(watcher.publish)
    pipeline.add_marker(Marker(at=NOW, ordinal=3, kind="change", label="tail mode off→on"))
    assert watcher.wait(lambda snapshot: bool(snapshot.marks)).marks[0].label == "tail mode off→on"
    pipeline.stop()
