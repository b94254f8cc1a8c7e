"""A room in which nobody speaks: the screen keeps its turns, and knows that Timmy listens."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from bench.reading.logs import event_line, turn_lines
from tests.pipeline.conftest import Watch, following
from tests.pipeline.test_pipeline import NOW, append, timmy
from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder
from timmy_tui.pipeline.turn_analyzer import TurnAnalyzer

__all__ = ["timmy"]


def pauses(first: int, count: int, start: float) -> str:
    return "".join(
        event_line(f"p{number:07d}", start + 0.75 * number, "stt", "stt_pause_detected", '{"pause_threshold": 0.5}')
        for number in range(first, first + count)
    )


def test_quiet_leaves_the_turns_on_the_screen(watch: Watch, timmy: Installation) -> None:
    watcher = watch(following(timmy))
    now = time.time()
    append(timmy.latency_log, "".join(turn_lines(1, now)))
    spoken = watcher.wait(lambda snapshot: len(snapshot.turns) == 1)
    append(timmy.latency_log, pauses(0, 800, now))
    quiet = watcher.wait(lambda snapshot: snapshot.listening.pauses == 800)
    assert quiet.turns == spoken.turns
    assert (quiet.counts.complete, quiet.counts.timed_out, quiet.open_turn) == (1, 0, None)
    assert quiet.headline is not None and spoken.headline is not None
    assert quiet.headline.last == spoken.headline.last
    assert quiet.listening.per_minute == pytest.approx(80.0, abs=0.01)
    assert quiet.listening.arrived is not None


def test_a_turn_that_ended_in_mid_air_last_night_is_over_when_the_dashboard_starts(
    watch: Watch, timmy: Installation
) -> None:
    """Nothing was written for eight hours: it does not get another minute."""
    append(timmy.latency_log, "".join(turn_lines(1, time.time() - 28_800)[:18]))
    os.utime(timmy.latency_log, (time.time() - 28_800,) * 2)
    snapshot = watch(following(timmy)).wait(lambda snapshot: len(snapshot.turns) == 1)
    assert snapshot.turns[0].state is TurnState.TIMED_OUT


def test_a_turn_is_in_flight_whatever_its_writers_clock_says(watch: Watch, timmy: Installation) -> None:
    """Its writer is an hour behind; the file was written just now."""
    append(timmy.latency_log, "".join(turn_lines(1, time.time() - 3600)[:18]))
    snapshot = watch(following(timmy)).wait(lambda snapshot: snapshot.open_turn is not None)
    assert snapshot.turns == ()


def test_a_day_of_quiet_changes_nothing_that_is_shown_or_stored(tmp_path: Path) -> None:
    """24 hours of the demo's own listening loop behind ten turns: 110 000 pauses, 24 MB of log."""
    builder = SnapshotBuilder(Settings(), TurnAnalyzer())
    spoken = [line.encode() for number in range(10) for line in turn_lines(number, NOW + 20 * number)]
    builder.feed(LogSource("latency", 0.0), spoken, None)
    before = builder.snapshot(Snapshot(taken=NOW), None)
    recorded: list[Turn] = []
    grown: list[int] = []
    tracemalloc.start()
    try:
        for hour in range(24):
            lines = pauses(4600 * hour, 4600, NOW + 300).encode().splitlines()
            assert not builder.feed(LogSource("latency", 10.0 + 3600 * hour), lines, None), "there is nothing to show"
            assert not builder.tick(11.0 + 3600 * hour, None)
            after = builder.snapshot(Snapshot(taken=NOW + 3600 * hour), None)
            recorded += [turn for turn in after.turns if turn not in before.turns]
            del lines
            grown.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert recorded == [] and after.turns is before.turns
    assert (after.counts.complete, after.counts.open, after.open_turn) == (10, 0, None)
    assert after.headline is not None and before.headline is not None
    assert (after.headline.last, after.headline.p95) == (before.headline.last, before.headline.p95)
    assert after.listening.pauses == 24 * 4600
    assert grown[-1] - grown[3] < 30_000, "memory of 20 hours"


ASKED = (
    b"(4499) accepted ('127.0.0.1', 49114)",
    b'127.0.0.1 - - [26/Nov/2026 21:19:24] "GET /api/kv_stats?limit=50 HTTP/1.1" 200 295',
)


def test_what_v34_prints_of_our_own_questions_is_nothing_to_show() -> None:
    """Each would be a snapshot and a drawing by itself: the dashboard would wake itself."""
    builder = SnapshotBuilder(Settings())
    live = LogSource("v34", 1.0)
    assert not builder.feed(live, list(ASKED), None)
    assert builder.feed(live, [*ASKED, b"Traceback (most recent call last):"], None)
    assert builder.feed(live, [b'127.0.0.1 - - [x] "GET /api/other HTTP/1.1" 200 1'], None)


def test_only_pauses_make_a_quiet_snapshot_and_whatever_else_comes_is_news(watch: Watch, timmy: Installation) -> None:
    watcher = watch(following(timmy))
    now = time.time()
    append(timmy.latency_log, "".join(turn_lines(1, now)))
    assert not watcher.wait(lambda snapshot: len(snapshot.turns) == 1).quiet
    append(timmy.latency_log, pauses(0, 1, now + 10))
    first = watcher.wait(lambda snapshot: snapshot.listening.pauses == 1)
    assert not first.quiet, "the microphone is open again"
    append(timmy.latency_log, pauses(1, 3, now + 10))
    assert watcher.wait(lambda snapshot: snapshot.listening.pauses == 4).quiet
    append(timmy.latency_log, "".join(turn_lines(2, now + 20)[:5]))
    flight = watcher.wait(lambda snapshot: snapshot.open_turn is not None)
    assert not flight.quiet
    os.unlink(timmy.latency_log)
    gone = watcher.wait(lambda snapshot: snapshot.sources[0].condition is SourceCondition.WAITING)
    assert not gone.quiet, "a source that is in another state is shown at once"
