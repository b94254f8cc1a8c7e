"""Every turn has one number: on the screen, in the report, in the history, and after restarts of either program."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.pipeline.conftest import Watch
from tests.pipeline.test_order_of_turns import KINDS, Exchange, exchanges, told
from tests.pipeline.watcher import Watcher
from tests.turns.debug_lines import SERVING
from timmy_tui.bootstrap.wiring import make_analyzer
from timmy_tui.commands import history as history_commands
from timmy_tui.commands import judgement as judgement_commands
from timmy_tui.commands import report as report_commands
from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.settings import Settings, state_dir
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import MarkTurn
from timmy_tui.pipeline.inputs import Feed
from timmy_tui.pipeline.live_source import LiveSource, follow_logs
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.sources.files.tail import TailBatch
from timmy_tui.sources.services.v34 import StatsReader
from timmy_tui.storage.recorder import Recorder

NAMES = [one.name for one in exchanges()]
SESSIONS = ("session 0", "session 1", "session 2")


class Statistics:
    """v34's statistics of some sessions, as the poller hands them on: once."""

    facts = None
    states = ()

    def __init__(self, sessions: Sequence[str]) -> None:
        stats = [one.statistic() for name in sessions for one in exchanges() if one.session == name]
        self._turns = StatsReader().read({"count": len(stats), "stats": stats})

    def start(self, notify: Callable[[], None]) -> None: ...

    def stop(self) -> None: ...

    def on_turn_closed(self) -> None: ...

    def set_busy(self, busy: bool) -> None: ...

    def set_running_model(self, model: str | None) -> None: ...

    def take_typed_turns(self) -> Sequence[Turn]:
        taken, self._turns = self._turns, []
        return taken


@pytest.fixture
def timmy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("timmy_tui.turns.typed_turns.HOLD_S", 0.2)
    for folder in ("v34", "shared", "testing-interface/logs"):
        (tmp_path / "timmy" / folder).mkdir(parents=True)
    (tmp_path / "timmy/v34/app.py").write_text("")
    return find_installation(Settings(), tmp_path / "timmy")


def write_logs(timmy: Installation, spoken: Sequence[str], debugged: Sequence[str]) -> None:
    """The latency log of some sessions; the debug log of others, because its writer holds back up to 8 KiB."""
    made = [one for one in exchanges() if one.session in spoken]
    events = [line for one in made for line in one.events()]
    (timmy.root / "shared/latency.log").write_text("".join(f"{line}\n" for line in events))
    lines: list[str] = []
    session, made = -1, exchanges()
    for kind in KINDS:
        session += kind == "r"
        here: list[str] = [SERVING] if kind == "r" else made.pop(0).debug()
        lines += here if max(session + 1, 0) == 0 or SESSIONS[session] in debugged else []
    (timmy.root / "testing-interface/logs/v34.log").write_text("".join(f"{line}\n" for line in lines))


def dashboard(timmy: Installation, statistics: Sequence[str] = ()) -> LiveSource:
    settings = Settings()
    feeds, waker = follow_logs(settings, timmy)
    pipeline = Pipeline(settings, feeds, Statistics(statistics), make_analyzer())
    return LiveSource(pipeline, waker=waker, recorder=recorder(timmy))


def recorder(timmy: Installation) -> Recorder:
    return Recorder(state_dir() / "history.db", str(timmy.root), 0, False, lambda message: None)


def all_numbered(count: int, timed: bool = True) -> Callable[[Snapshot], bool]:
    def fits(snapshot: Snapshot) -> bool:
        turns = snapshot.turns
        known = [turn for turn in turns if turn.number and (turn.started or not timed)]
        return len(turns) == len(known) == count

    return fits


def run(command: Any, timmy: Installation, *arguments: str) -> Result:
    done = CliRunner().invoke(command, ["--root", str(timmy.root), *arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


Facts = list[tuple[int | None, float | None]]


def facts(turns: Sequence[Turn]) -> Facts:
    return [(turn.number, turn.started) for turn in turns]


def reported(timmy: Installation) -> Facts:
    printed = json.loads(run(report_commands.report, timmy, "--json").stdout)
    return [(turn["number"], turn["started"]) for turn in printed["turns"]]


def remembered(timmy: Installation) -> Facts:
    days = str((time.time() - exchanges()[0].answered) / 86_400 + 2)
    printed = json.loads(run(history_commands.history, timmy, "--json", "--turns", "--days", days).stdout)
    return [(turn["number"], turn["started"]) for turn in printed["turns"]]


def test_each_turn_once_in_order_with_its_number_and_its_time_across_restarts(
    timmy: Installation, watch: Watch
) -> None:
    """The first dashboard hears of typed turns from the statistics, the second from the log that came late."""
    write_logs(timmy, SESSIONS[:2], SESSIONS[:1])
    source = dashboard(timmy, SESSIONS[:2])
    first = watch(source).wait(all_numbered(9))
    source.stop()
    assert told_by_figures(first.turns) == NAMES[:9]
    write_logs(timmy, SESSIONS, SESSIONS)
    source = dashboard(timmy, SESSIONS[2:])
    second = watch(source).wait(all_numbered(12))
    source.stop()
    assert told_by_figures(second.turns) == NAMES
    assert facts(second.turns)[:9] == facts(first.turns)
    third = watch(dashboard(timmy)).wait(all_numbered(12))
    assert told_by_figures(third.turns) == NAMES
    assert facts(third.turns) == facts(second.turns) == reported(timmy) == remembered(timmy)
    assert sorted(number or 0 for number, _ in facts(third.turns)) == list(range(1, 13))


def test_typed_turns_that_v34s_statistics_alone_tell_of_are_numbered_among_the_others(
    timmy: Installation, watch: Watch
) -> None:
    """v34 holds back the lines of its newest ones. They were stored two seconds behind the turns of the logs."""
    write_logs(timmy, SESSIONS[:2], SESSIONS[:1])
    shown = watch(dashboard(timmy, SESSIONS[:2])).wait(all_numbered(9))
    assert told_by_figures(shown.turns) == NAMES[:9]
    assert [turn.number for turn in shown.turns] == [*range(1, 10)]


def test_a_mark_that_is_set_while_the_logs_are_read_is_remembered(timmy: Installation, watch: Watch) -> None:
    """Numbers are given when all of them have been read: what is asked before waits for that."""
    write_logs(timmy, SESSIONS, SESSIONS)
    feeds, _ = follow_logs(Settings(), timmy)
    late = LateFeed(feeds[1])
    source = LiveSource(Pipeline(Settings(), [feeds[0], late]), recorder=recorder(timmy))
    watcher = watch(source)
    early = watcher.wait(lambda shown: len(shown.turns) == 5)
    assert not early.opened and all(turn.number is None for turn in early.turns)
    source.request(MarkTurn(early.turns[1].ordinal, "bad"))
    late.comes.set()
    source.pipeline.submit(lambda builder: None)
    shown = watcher.wait(all_numbered(12, timed=False))
    source.stop()
    marked = json.loads(run(history_commands.history, timmy, "--json").stdout)["marks"]
    wanted = next(turn for turn in shown.turns if turn.ordinal == early.turns[1].ordinal)
    assert [(one["number"], one["quality"]) for one in marked] == [(wanted.number, "bad")]


class LateFeed:
    """A log that is not there before the test says so."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.comes = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    @property
    def opened(self) -> bool:
        return self.comes.is_set() and self._feed.opened

    def drain(self) -> list[TailBatch]:
        return self._feed.drain() if self.comes.is_set() else []


def test_turns_whose_debug_log_a_restart_lost_are_still_there(timmy: Installation, watch: Watch) -> None:
    """Typed turns of the second session are in no log: only its statistics told of them, to the first dashboard."""
    write_logs(timmy, SESSIONS[:2], SESSIONS[:1])
    source = dashboard(timmy, SESSIONS[:2])
    first = watch(source).wait(all_numbered(9))
    source.stop()
    write_logs(timmy, SESSIONS, (SESSIONS[0], SESSIONS[2]))
    second = watch(dashboard(timmy, SESSIONS[2:])).wait(all_numbered(12))
    assert told_by_figures(second.turns) == NAMES
    assert facts(second.turns)[:9] == facts(first.turns)
    assert facts(second.turns) == reported(timmy) == remembered(timmy)


def told_by_figures(turns: Sequence[Turn]) -> list[str]:
    return [f"{round(turn.prefill_ms or 0) - 100:08x}" for turn in turns]


def test_the_report_that_reads_first_numbers_in_order_and_the_dashboard_follows(
    timmy: Installation, watch: Watch
) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    first = reported(timmy)
    assert [number for number, _ in first] == list(range(1, 13))
    assert [time is None for _, time in first] == [one.is_typed for one in exchanges()]
    live = watch(dashboard(timmy)).wait(all_numbered(12, timed=False))
    assert facts(live.turns) == first == remembered(timmy)
    days = json.loads(run(history_commands.history, timmy, "--json", "--days", "100000").stdout)["days"]
    assert sum(day["turns"] for day in days) == 12, "also those whose time is not known"


def test_the_time_of_a_typed_turn_comes_later_and_makes_no_second_row(timmy: Installation, watch: Watch) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    numbers = [number for number, _ in reported(timmy)]
    source = dashboard(timmy, SESSIONS)
    live = watch(source).wait(all_numbered(12))
    source.stop()
    assert [turn.number for turn in live.turns] == numbers
    assert facts(live.turns) == reported(timmy) == remembered(timmy)


def test_a_mark_on_a_typed_turn_is_there_after_a_restart(timmy: Installation, watch: Watch) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    typed = next(one.place for one in exchanges() if one.is_typed)
    source = dashboard(timmy)
    live = watch(source).wait(all_numbered(12, timed=False))
    source.request(MarkTurn(live.turns[typed].ordinal, "bad"))
    source.stop()
    number = live.turns[typed].number
    other = next(one.place for one in exchanges() if one.is_typed and one.place != typed)
    marked = run(history_commands.mark, timmy, f"#{reported(timmy)[other][0]}", "good", "--note", "brief")
    assert "(no id): good" in marked.output
    watcher: Watcher = watch(dashboard(timmy))
    again = watcher.wait(lambda snapshot: bool(snapshot.judgement and len(snapshot.judgement.quality) == 2))
    assert again.judgement is not None
    ordinals = {turn.ordinal: turn.number for turn in again.turns}
    quality = {ordinals[ordinal]: quality for ordinal, quality in again.judgement.quality}
    assert quality == {number: "bad", live.turns[other].number: "good"}
    assert [note for _, note in again.judgement.notes] == ["brief"]


def test_a_turn_whose_logs_are_gone_can_be_marked(timmy: Installation) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    reported(timmy)
    (timmy.root / "shared/latency.log").unlink()
    (timmy.root / "testing-interface/logs/v34.log").unlink()
    assert "turn 2 (no id): bad" in run(history_commands.mark, timmy, "2", "bad").output
    printed = json.loads(run(history_commands.history, timmy, "--json").stdout)
    assert printed["marks"] == [{"number": 2, "quality": "bad", "note": "", "request_id": ""}]


def test_explain_and_report_take_a_number(timmy: Installation) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    for place, one in enumerate(exchanges(), 1):
        (turn,) = json.loads(run(report_commands.report, timmy, "--json", "--request", str(place)).stdout)["turns"]
        assert (turn["number"], turn["request_id"]) == (place, "" if one.is_typed else one.name)
        assert json.loads(run(judgement_commands.explain, timmy, "--json", f"#{place}").stdout)["number"] == place
    one = next(one for one in exchanges() if not one.is_typed)
    assert json.loads(run(judgement_commands.explain, timmy, "--json", one.name).stdout)["number"] == one.place + 1


@pytest.mark.parametrize("name", ["0", "13", "#", "", "-1", "1.0", "²", "no-such-id", "99999999999999999999999"])
def test_a_name_that_no_turn_has_is_said(timmy: Installation, name: str) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    for command in (judgement_commands.explain, history_commands.mark):
        arguments = ["--root", str(timmy.root), "--", name, *(["good"] * (command is history_commands.mark))]
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code != 0 and "no turn" in str(done.exception)


def repeated_id(timmy: Installation) -> None:
    """Two spoken turns with one id, a day apart."""
    one, two = Exchange(3, "a", False), Exchange(3, "a", False)
    two.answered += 86_400.0
    two.tokens += 1
    lines = [f"{line}\n" for exchange in (one, Exchange(4, "a", False), two) for line in exchange.events()]
    (timmy.root / "shared/latency.log").write_text("".join(lines))


def test_an_id_that_came_again_names_the_numbers(timmy: Installation) -> None:
    repeated_id(timmy)
    for command in (judgement_commands.explain, history_commands.mark):
        arguments = ["--root", str(timmy.root), "00000003", *(["good"] * (command is history_commands.mark))]
        done = CliRunner().invoke(command, arguments)
        assert "2 turns have the id 00000003: 1 and 3." in str(done.exception)
    printed = json.loads(run(report_commands.report, timmy, "--json", "--request", "00000003").stdout)
    assert [turn["number"] for turn in printed["turns"]] == [1, 3]


def test_without_a_history_a_number_is_a_place_and_mark_asks(timmy: Installation) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    logs = [
        "--log",
        str(timmy.root / "shared/latency.log"),
        "--log",
        str(timmy.root / "testing-interface/logs/v34.log"),
    ]
    printed = json.loads(run(report_commands.report, timmy, "--json", *logs).stdout)
    assert [turn["number"] for turn in printed["turns"]] == list(range(1, 13))
    assert not (state_dir() / "history.db").exists()
    place = next(one.place for one in exchanges() if one.is_typed) + 1
    refused = CliRunner().invoke(history_commands.mark, ["--root", str(timmy.root), *logs, str(place), "good"])
    assert refused.exit_code != 0 and f"place {place} in these logs: no id" in refused.output
    assert "--yes" in refused.output and exchanges()[place - 1].name not in refused.output
    done = run(history_commands.mark, timmy, *logs, str(place), "good", "--yes")
    assert "turn 1 (no id): good" in done.output
    # The history, which now knows one of them, keeps its number.
    assert dict(enumerate(number for number, _ in reported(timmy)))[place - 1] == 1


def test_without_a_history_the_screen_and_the_report_have_the_same_places(
    timmy: Installation, watch: Watch, tmp_path: Path
) -> None:
    write_logs(timmy, SESSIONS, SESSIONS)
    settings = tmp_path / "settings.toml"
    settings.write_text("[history]\nenabled = false\n")
    printed = json.loads(run(report_commands.report, timmy, "--json", "--settings", str(settings)).stdout)
    places = [(turn["number"], turn["request_id"]) for turn in printed["turns"]]
    feeds, waker = follow_logs(Settings(), timmy)
    live = watch(LiveSource(Pipeline(Settings(), feeds), waker=waker)).wait(all_numbered(12, timed=False))
    assert [(turn.number, turn.request_id) for turn in live.turns] == places
    assert told(live.turns) == NAMES
    assert not (state_dir() / "history.db").exists()
