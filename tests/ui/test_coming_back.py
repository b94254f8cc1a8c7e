"""The next start shows what was shown, and says in one line what happened meanwhile; no file can stop it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.programs import needs
from tests.tmux_pane import Pane
from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, Start, running_dashboard
from tests.ui.snapshots import NOW, control_state, finding, judgement, snapshot, turn
from timmy_tui.model.change import ControlState, JournalEntry
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.trend_history import TimeBuckets
from timmy_tui.report import backlog
from timmy_tui.ui.application.since_last import AWAY_S, since_words, turns_since
from timmy_tui.ui.last_view import LARGEST, LastView, LastViewFile

SHOWN = replace(snapshot(), epochs=())
NEWEST = turn(30).started or 0.0
YESTERDAY = LastView(NOW - 86_400, newest=NEWEST)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "view.json"


def start(file: Path, **options: bool) -> Start:
    return Start(last_view=LastViewFile(file, **options))


async def leave_after(file: Path, *keys: str) -> None:
    """A dashboard in which these keys are pressed, and its end."""
    async with running_dashboard(SHOWN, start=start(file)) as dashboard:
        await dashboard.press(*keys)


# -- the view


async def test_screen_filter_and_order_are_there_again(file: Path) -> None:
    await leave_after(file, "2", "slash", *"llm>1s", "enter", "s", "S")
    assert file.stat().st_mode & 0o777 == 0o600
    async with running_dashboard(SHOWN, start=start(file)) as dashboard:
        await dashboard.until(lambda: "6 of 31 turns · llm>1s · by V2V, smallest first" in dashboard.text())
        heading = dashboard.rows()[1]
        assert dashboard.app.place == "turns" and "llm>1s" in dashboard.rows()[-1]
        await dashboard.press("escape")
        assert "31 turns · by " in dashboard.text()
        await dashboard.press("f")
    async with running_dashboard(SHOWN, start=start(file)) as dashboard:
        await dashboard.until(lambda: "31 turns" in dashboard.text() and "following" in dashboard.text())
        assert heading != dashboard.rows()[1]


async def test_the_chart_is_there_again(file: Path) -> None:
    await leave_after(file, "3", "s", "down", "minus", "z")
    before = json.loads(file.read_text())["choices"]["trends"]
    assert before["range"] == "hours" and before["hours"] == 48 and not before["from_zero"]
    async with running_dashboard(SHOWN, start=start(file)) as dashboard:
        await dashboard.until(lambda: dashboard.app.place == "trends" and "48 hours" in dashboard.text())
        await dashboard.press("plus")
    assert json.loads(file.read_text())["choices"]["trends"] == {**before, "hours": 24}


async def test_log_and_stage_rows_are_there_again(file: Path) -> None:
    await leave_after(file, "v", "6", "s", "E", "w")
    chosen = json.loads(file.read_text())["choices"]
    assert chosen["log"] == {"service": "events", "failures": True, "wrapped": True}
    assert chosen["live"] == {"raw_rows": True}
    async with running_dashboard(SHOWN, start=start(file)) as dashboard:
        await dashboard.until(lambda: "failures only" in dashboard.text())
        await dashboard.press("w")
    chosen = json.loads(file.read_text())["choices"]
    assert chosen["log"]["wrapped"] is False and chosen["live"] == {"raw_rows": True}


async def test_fresh_begins_with_the_usual_view(file: Path) -> None:
    await leave_after(file, "2", "slash", *"llm>1s", "enter")
    async with running_dashboard(SHOWN, start=start(file, fresh=True)) as dashboard:
        assert dashboard.app.place == "live"
        await dashboard.press("2")
        assert "31 turns" in dashboard.text()


async def test_a_second_dashboard_reads_it_and_leaves_it_to_the_first(file: Path) -> None:
    await leave_after(file, "2")
    written = file.read_bytes()
    async with running_dashboard(SHOWN, start=start(file, writes=False)) as dashboard:
        await dashboard.until(lambda: dashboard.app.place == "turns")
        await dashboard.press("3", "s")
    assert file.read_bytes() == written


async def test_nothing_of_the_conversation_is_in_it(file: Path) -> None:
    await leave_after(file, "2", "enter", "escape", "6", "slash", *"weather", "enter")
    assert "weather" not in file.read_text()


GOOD = {"version": 1, "seen": NOW, "screen": "turns", "choices": {}}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "damaged"),
        (b"\x00\xff{", "damaged"),
        (b"[" * 5000, "damaged"),
        (b"[1]", "damaged"),
        (json.dumps({**GOOD, "seen": "now"}).encode(), "damaged"),
        (json.dumps({**GOOD, "seen": float("inf")}).encode(), "damaged"),
        (json.dumps({**GOOD, "choices": [1]}).encode(), "damaged"),
        (json.dumps({**GOOD, "version": 2, "seen": "another form"}).encode(), "a newer timmy_tui has written it"),
        (b" " * (LARGEST + 1), "more than 64 KiB"),
    ],
)
async def test_a_bad_file_is_ignored_with_a_word_and_replaced(file: Path, content: bytes, word: str) -> None:
    file.write_bytes(content)
    async with running_dashboard(SHOWN, (120, 30), start=start(file)) as dashboard:
        assert "the view of the last time is not used: " in dashboard.text() and word in dashboard.text()
        assert dashboard.app.place == "live"
    assert LastViewFile(file).read()[1] == ""


def test_what_is_no_file_of_ours_is_ignored_with_a_word(file: Path) -> None:
    file.symlink_to("/dev/zero")
    assert LastViewFile(file).read()[1].startswith("it cannot be read")
    file.unlink()
    os.mkfifo(file)
    assert LastViewFile(file).read() == (None, "it is damaged")
    file.unlink()
    assert LastViewFile(file).read() == (None, "")


@pytest.mark.parametrize(
    "choices",
    [
        {"turns": {"filter": "llm>>", "sorted_by": "nothing"}, "trends": {"range": "years"}, "log": {"service": "x"}},
        {"turns": {"filter": 3}, "trends": {"hours": 10**9, "days": -5, "bucket": 7}, "log": {"wrapped": "yes"}},
        {"turns": {"filter": "\x1b[2J" * 3}, "trends": {"series": "none"}, "live": {"raw_rows": 3}, "who": {}},
    ],
)
async def test_choices_that_this_version_does_not_know_are_the_usual_ones(file: Path, choices: dict[str, Any]) -> None:
    file.write_text(json.dumps({**GOOD, "screen": "nowhere", "choices": choices}))
    async with running_dashboard(SHOWN, start=start(file)) as dashboard:
        for key in "123456":
            await dashboard.press(key)
            assert not dashboard.app.view.faults
        await dashboard.press("3", "minus")
        assert "\x1b" not in dashboard.text()


async def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    async with running_dashboard(SHOWN, start=start(tmp_path / "nowhere" / "view.json")) as dashboard:
        await dashboard.press("2")


# -- what happened since


def said(
    snap: Snapshot = SHOWN, last: LastView = YESTERDAY, journal: Sequence[JournalEntry] = (), turns: str = ""
) -> str:
    return since_words(last, snap, ControlState(journal=tuple(journal)), turns or str(turns_since(last, snap)), NOW)


def later(count: int) -> Snapshot:
    return replace(SHOWN, turns=(*SHOWN.turns, *(turn(31 + at) for at in range(count))))


def test_turns_findings_and_changes_are_counted_from_then_on() -> None:
    at = time.strftime("%H:%M", time.localtime(YESTERDAY.seen))
    assert said() == f"since {at} yesterday: 0 turns"
    assert said(later(1)) == f"since {at} yesterday: 1 turn"
    news = judgement(31, finding(raised=30), finding(key="b", raised=31), finding(key="c", raised=32, ended="accepted"))
    journal = [
        JournalEntry("a", YESTERDAY.seen, "raw on→off", "kept", True),
        JournalEntry("b", YESTERDAY.seen + 1, "tail mode off→on", "kept", True),
    ]
    assert said(replace(later(3), judgement=news), journal=journal) == (
        f"since {at} yesterday: 3 turns, 2 findings, tail mode off→on elsewhere"
    )


def test_a_flag_that_a_hand_moved_is_said_once() -> None:
    base = snapshot()
    (epoch,) = [epoch for epoch in base.epochs if epoch.changes]
    moved = replace(later(2), epochs=(replace(epoch, first=31),))
    words = "tail mode on→off" if "on→off" in said(moved) else "tail mode off→on"
    assert said(moved).endswith(f"2 turns, {words} elsewhere")
    both = [JournalEntry("b", NOW - 9, words, "kept", True)]
    assert said(moved, journal=both).endswith(f"2 turns, {words} elsewhere")
    assert said(replace(later(2), epochs=(replace(epoch, first=30),))).endswith(": 2 turns")


def test_many_changes_are_counted() -> None:
    journal = [JournalEntry(str(at), NOW, f"flag {at}", "kept", True) for at in range(3)]
    assert said(journal=journal).endswith("0 turns, 3 changes elsewhere")
    assert said(journal=journal[:2]).endswith("0 turns, flag 0, flag 1 elsewhere")


@pytest.mark.parametrize(("away_s", "silent"), [(AWAY_S - 1, True), (AWAY_S, False)])
def test_a_short_time_in_which_nothing_happened_is_not_spoken_of(away_s: float, silent: bool) -> None:
    last = replace(YESTERDAY, seen=NOW - away_s)
    assert (said(last=last) == "") is silent
    assert said(later(1), last=last) != ""


@pytest.mark.parametrize("seen", [NOW - 40 * 86_400, NOW + 40 * 86_400, -1e300, 1e300])
def test_other_days_have_their_date_and_no_time_is_too_odd(seen: float) -> None:
    words = said(last=replace(YESTERDAY, seen=seen), turns="5")
    assert words.startswith(("since 20", "since —")) and words.endswith(": 5 turns")


class ManyTurns:
    """A history that reaches further back than the snapshot."""

    asked: tuple[float, ...] = ()

    def buckets(self, edges: Sequence[float]) -> TimeBuckets:
        self.asked = tuple(edges)
        return TimeBuckets(turns=1234)


async def press_when_said(dashboard: RunningDashboard, words: str) -> None:
    await dashboard.until(lambda: words in dashboard.text())
    await dashboard.press("escape")
    assert words not in dashboard.text() and dashboard.app.place == "live"
    assert any(words in notice.text for notice in dashboard.app.events)


async def test_it_is_said_once_and_escape_takes_it_away(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "SETTLED_S", 0.0)
    LastViewFile(file).write(YESTERDAY)
    async with running_dashboard(SHOWN, (120, 30), FakeControl(control_state()), start=start(file)) as dashboard:
        await dashboard.publish(later(2))
        await press_when_said(dashboard, "yesterday: 0 turns, tail mode off→on elsewhere")
        await dashboard.publish(later(3))
        assert "yesterday" not in dashboard.text()


async def test_turns_beyond_the_snapshot_are_counted_in_the_history(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "SETTLED_S", 0.0)
    LastViewFile(file).write(replace(YESTERDAY, newest=NEWEST - 86_400))
    history = ManyTurns()
    many = replace(SHOWN, counts=replace(SHOWN.counts, complete=5000))
    asked = replace(start(file), history=history)
    async with running_dashboard(many, (120, 30), start=asked) as dashboard:
        await dashboard.publish(replace(many))
        await press_when_said(dashboard, "yesterday: 1234 turns")
    assert NEWEST - 86_400 < history.asked[0] < NEWEST - 86_399 and history.asked[1] > NOW


# -- the program


@needs("tmux")
def test_the_program_comes_back_to_what_was_left(tmp_path: Path) -> None:
    root, data = tmp_path / "timmy", Path(__file__).parents[1] / "data"
    for name in ("v34", "shared"):
        (root / name).mkdir(parents=True)
    (root / "v34" / "config.py").write_text("USE_FULL_MEGA_PROMPT = True\n")
    shutil.copy(data / "latency.log", root / "shared" / "latency.log")
    environment = {"XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "timmy_tui", "--root", str(root), "--no-services"]
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()  # A server of its own for each, as after another login.
        with Pane(command, tmp_path / str(number), environment=environment) as pane:
            if number == 1:
                pane.until("[1 Live]", "V2V")
                pane.press("2")
                pane.until("[2 Turns]")
                pane.press("/")
                pane.until("llm>1s failed")
                pane.press(*"tts>1ms", "Enter")
            pane.until("[2 Turns]", "· tts>1ms")
            pane.press("Q")
            pane.until("V2V: ")
    (written,) = (tmp_path / "state" / "timmy_tui").glob("control-*/view.json")
    assert written.stat().st_mode & 0o777 == 0o600
    assert json.loads(written.read_text())["choices"]["turns"]["filter"] == "tts>1ms"
