"""``timmy-tui watch`` as a process: recording, killing, rotating, two at once, signals, pipes."""

import datetime
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from tests.commands.reporting import run
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from tests.commands.watchers import Watching
from tests.programs import needs
from tests.waiting import wait_for
from timmy_tui.core.settings import TailSettings
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs, write_logs
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.pipeline.read_logs import named_logs, read_logs
from timmy_tui.storage.history import History
from timmy_tui.storage.known_turns import KnownTurns

pytestmark = pytest.mark.timeout(180)  # Real processes at the demo's speed, on a machine that may be busy.
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def started() -> Iterator[list[Watching]]:
    """Watchers that the test starts; those that still run are ended."""
    running: list[Watching] = []
    yield running
    for one in running:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def timmy(tmp_path: Path) -> TimmyFolder:
    folder = make_timmy(tmp_path, turns=6)
    folder.settings.write_text("[services]\npoll = false\n")
    return folder


def watch(started: list[Watching], folder: TimmyFolder, *options: str) -> Watching:
    started.append(Watching(folder.base, folder.root, "--no-services", *options))
    return started[-1]


def in_history(folder: TimmyFolder) -> list[Turn]:
    history = History(folder.state / "history.db", str(folder.root.resolve()))
    try:
        return history.turns()
    finally:
        history.close()


def in_logs(*logs: Path) -> list[Turn]:
    turns = read_logs(named_logs(logs), TailSettings(), keep_events=False).turns
    return [turn for turn in turns if turn.state is not TurnState.OPEN]


def assert_each_once(stored: Sequence[Turn], logged: Sequence[Turn]) -> None:
    known, found = KnownTurns(logged), set[Hashable]()
    unknown = []
    for turn in stored:
        one = next((one for one in known.alike(turn) if one.key not in found), None)
        found |= {one.key} if one is not None else set()
        unknown += [turn] if one is None else []
    assert (len(stored), unknown) == (len(logged), [])
    assert sorted(turn.number or 0 for turn in stored) == list(range(1, len(stored) + 1))


def both_logs(root: Path) -> tuple[Path, Path]:
    return root / "shared/latency.log", root / "testing-interface/logs/v34.log"


# ---- recording


def test_a_conversation_with_the_watcher_killed_and_restarted_is_whole_in_the_history(
    tmp_path: Path, started: list[Watching]
) -> None:
    (tmp_path / "demo").mkdir()
    options = DemoOptions(speed=40, work_speed=10, import_s=0.0, history=12)
    with Demo(options, tmp_path / "demo") as demo:
        root = demo.root
        assert root is not None
        for how, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
            started.append(Watching(tmp_path, root, "--json"))
            told = started[-1].wait_for("turn", 3)
            assert all(one["number"] is not None for one in told)
            assert started[-1].end(how) == code
        logs = both_logs(root)
        count = len(in_logs(*logs))
        wait_for(lambda: len(in_logs(*logs)) > count, lambda: "turns while nobody watches")
    folder = TimmyFolder(tmp_path)
    last = Watching(tmp_path, root, "--json", "--no-services")
    started.append(last)
    last.wait_for("ready")
    logged = in_logs(*logs)
    history = tmp_path / "state/timmy_tui/history.db"

    def stored() -> list[Turn]:
        opened = History(history, str(root.resolve()))
        try:
            return opened.turns()
        finally:
            opened.close()

    wait_for(lambda: len(stored()) >= len(logged), lambda: f"{len(stored())} of {len(logged)}")
    assert last.end() == 0
    assert_each_once(stored(), logged)
    assert_same_figures_everywhere(folder, root)


def assert_same_figures_everywhere(folder: TimmyFolder, root: Path) -> None:
    """In the report and, by DuckDB, in Parquet."""
    environment = {**os.environ, **folder.environment}
    run("export", "--root", root, "--parquet", folder.base / "turns", env=environment)
    report = json.loads(run("report", "--root", root, "--json", env=environment))
    query = f"FROM '{folder.base}/turns/*/*.parquet' ORDER BY number"
    result = duckdb.connect().execute(
        f"SELECT number, request_id, state, v2v_ms, llm_ms, tts_ms, prompt_tokens {query}"
    )
    turns = [turn for turn in report["turns"] if turn["state"] != "open"]
    rows = [
        (turn["number"], turn["request_id"], turn["state"], turn["v2v_ms"], turn["stages"]["llm"],
         turn["stages"]["tts"], turn["prompt_tokens"])
        for turn in turns
    ]  # fmt: skip
    assert result.fetchall() == sorted(rows) and len(rows) > 15
    quantiles = duckdb.connect().execute(
        f"SELECT quantile_cont(v2v_ms, [0.5, 0.95]) {query.partition(' ORDER')[0]} WHERE state = 'complete'"
    )
    assert quantiles.fetchall()[0][0] == pytest.approx([report["headline"]["p50"], report["headline"]["p95"]])


def test_a_log_with_more_turns_than_a_snapshot_has_is_stored_whole(timmy: TimmyFolder, started: list[Watching]) -> None:
    timmy.settings.write_text("[view]\nturns = 10\n[services]\npoll = false\n")
    write_logs(timmy.root, ConversationPlan(60, start=time.time() - 3600))
    logged = in_logs(*both_logs(timmy.root))
    watching = watch(started, timmy, "--json")
    watching.wait_for("ready")
    # Said when they are stored, which is a moment after they can be read there.
    wait_for(lambda: says(watching, "older turns of the logs stored"), watching.out.read_text)
    assert watching.end() == 0
    assert_each_once(in_history(timmy), logged)


def says(watching: Watching, words: str) -> bool:
    return any(words in one["words"] for one in watching.events("notice"))


def test_turns_go_on_through_a_rotation(timmy: TimmyFolder, started: list[Watching]) -> None:
    latency, v34 = both_logs(timmy.root)
    v34.unlink()
    lines = generate_logs(ConversationPlan(9, seed=4, start=time.time() - 600)).latency
    cut = [at for at, line in enumerate(lines) if "tts_resume_sent" in line][4] + 1
    latency.write_text("")
    watching = watch(started, timmy, "--json")
    watching.wait_for("ready")
    write_on(latency, lines[: cut - 3])
    wait_for(lambda: len(watching.events("turn")) >= 4, watching.out.read_text)
    write_on(latency, lines[cut - 3 : cut])
    latency.rename(latency.with_name("latency.log.1"))
    write_on(latency, lines[cut:])
    logged = in_logs_of(timmy, lines)
    told = watching.wait_for("turn", len(logged))
    assert watching.end() == 0
    assert [one["request_id"] for one in told] == [turn.request_id for turn in logged]
    assert_each_once(in_history(timmy), logged)


def write_on(path: Path, lines: Sequence[str]) -> None:
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def in_logs_of(folder: TimmyFolder, lines: Sequence[str]) -> list[Turn]:
    """The turns that these lines tell of."""
    whole = folder.base / "latency.log"
    write_on(whole, lines)
    return in_logs(whole)


def test_a_turn_is_told_with_the_figures_of_the_report(timmy: TimmyFolder, started: list[Watching]) -> None:
    latency, v34 = both_logs(timmy.root)
    v34.unlink()
    lines = generate_logs(ConversationPlan(3, seed=8, start=time.time() - 600)).latency
    watching = watch(started, timmy, "--json")
    watching.wait_for("ready")
    write_on(latency, lines)
    new = in_logs_of(timmy, lines)
    told = watching.wait_for("turn", len(new))
    watching.end()
    environment = {**os.environ, **timmy.environment}
    reported = json.loads(run("report", "--root", timmy.root, "--json", env=environment))["turns"][-len(new) :]
    concluded = ("reuse", "diagnosis", "session")
    for one, turn in zip(told, reported, strict=True):
        assert {key: one[key] for key in turn if key not in concluded} == {
            key: value for key, value in turn.items() if key not in concluded
        }
        assert isinstance(one["at"], float) and one["event"] == "turn"


def test_lines_for_people_have_date_and_time_and_nothing_that_was_said(
    timmy: TimmyFolder, started: list[Watching]
) -> None:
    watching = watch(started, timmy)
    wait_for(lambda: "in the logs; what comes now is said" in watching.out.read_text())
    write_logs(timmy.root, ConversationPlan(20, start=time.time() - 600))
    wait_for(lambda: "turn " in watching.out.read_text(), watching.out.read_text)
    watching.end()
    date, *lines = watching.out.read_text().splitlines()
    assert datetime.date.fromisoformat(date) >= datetime.date.today() - datetime.timedelta(days=1)
    timed = [line for line in lines if line[2] == line[5] == ":"]
    assert timed[0].endswith(f"watching {timmy.root}") and len(timed) >= len(lines) - 1, "but for a midnight"
    said = {turn.text for turn in in_logs(*both_logs(timmy.root)) if turn.text}
    assert said and not [text for text in said if text in watching.out.read_text()]


def test_no_object_has_what_an_error_line_says(timmy: TimmyFolder, started: list[Watching]) -> None:
    said = "my password is swordfish"
    watching = watch(started, timmy, "--json")
    watching.wait_for("ready")
    head = ["*" * 45 + "BEGIN" + "*" * 45, f"*** Debug: Received user_message via WebSocket: {said} [request_id=None]"]
    errors = [f"Generate API call failed: bad prompt '{said}'", f"Error in handle_user_message: no column {said}"]
    for error in errors:
        write_on(both_logs(timmy.root)[1], [*head, f"*** Debug: {error}", "--- Total process_user_message took: 0.50s"])
    write_on(both_logs(timmy.root)[1], [head[0]])
    told = watching.wait_for("turn", 2)
    watching.end()
    assert [one["reason"] for one in told] == ["Generate API call failed", "Error in handle_user_message"]
    assert "swordfish" not in watching.out.read_text()


def test_it_needs_no_textual_and_no_pandas(timmy: TimmyFolder) -> None:
    code = (
        "import sys, threading; sys.argv = ['timmy-tui', 'watch', '--for', '2', '--root', sys.argv[1]]\n"
        "import timmy_tui.cli\n"
        "try: timmy_tui.cli.main()\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "sys.stderr.write(' '.join(name for name in ('textual', 'pandas', 'pyarrow') if name in sys.modules))\n"
        "sys.stderr.write(' '.join(one.name for one in threading.enumerate() if one is not threading.main_thread()))\n"
    )
    environment = {**os.environ, **timmy.environment}
    done = subprocess.run(
        [sys.executable, "-c", code, str(timmy.root)], capture_output=True, text=True, timeout=50, env=environment
    )
    assert (done.returncode, done.stderr) == (0, ""), "no thread is left behind"
    assert "watching" in done.stdout


# ---- two at once


def test_a_second_watcher_only_prints_until_the_first_has_ended(timmy: TimmyFolder, started: list[Watching]) -> None:
    first = watch(started, timmy, "--json")
    assert first.wait_for("watching")[0]["records"] is True
    second = watch(started, timmy, "--json")
    (watching,) = second.wait_for("watching")
    assert watching["records"] is False and f"another watcher (pid {first.process.pid}" in watching["why_not"]
    first.wait_for("ready"), second.wait_for("ready")
    count = len(in_history(timmy))
    first.end(signal.SIGKILL)
    (notice,) = second.wait_for("notice")
    assert notice["records"] is True
    second.wait_for("ready", 2)
    lines = generate_logs(ConversationPlan(2, seed=5, start=time.time() - 60)).latency
    write_on(both_logs(timmy.root)[0], lines)
    told = second.wait_for("turn", 2)
    assert second.end() == 0
    stored = in_history(timmy)
    assert [turn.request_id for turn in stored[count:]] == [one["request_id"] for one in told]


def test_two_that_record_the_same_logs_store_each_turn_once(timmy: TimmyFolder, started: list[Watching]) -> None:
    """As a dashboard beside a watcher: both have the history open; here the other one is a report at every moment."""
    write_logs(timmy.root, ConversationPlan(30, start=time.time() - 3600))
    watching = watch(started, timmy, "--json")
    environment = {**os.environ, **timmy.environment}
    for _ in range(3):
        run("history", "--import", "--root", timmy.root, env=environment)
    watching.wait_for("ready")
    watching.end()
    assert_each_once(in_history(timmy), in_logs(*both_logs(timmy.root)))


def test_one_that_takes_over_has_what_the_first_left_unwritten_and_says_it_once(
    timmy: TimmyFolder, started: list[Watching]
) -> None:
    """The first does nothing any more before it ends, and the file that had the turns is gone by then."""
    latency, v34 = both_logs(timmy.root)
    v34.unlink()
    first = watch(started, timmy, "--json")
    first.wait_for("watching")
    second = watch(started, timmy, "--json")
    second.wait_for("ready")
    count = len(in_history(timmy))
    first.process.send_signal(signal.SIGSTOP)
    lines = generate_logs(ConversationPlan(5, seed=5, start=time.time() - 600, typed_every=0)).latency
    ends = [at + 1 for at, line in enumerate(lines) if "tts_resume_sent" in line]
    write_on(latency, lines[: ends[2]])
    second.wait_for("turn", 3)
    latency.unlink()
    write_on(latency, lines[ends[2] : ends[3]])
    second.wait_for("turn", 4)
    first.process.kill()
    second.wait_for("ready", 2)
    write_on(latency, lines[ends[3] :])
    told = second.wait_for("turn", 5)
    logged = in_logs_of(timmy, lines)
    wait_for(lambda: len(in_history(timmy)) >= count + 5, second.out.read_text)
    assert second.end() == 0
    ids = [turn.request_id for turn in logged]
    assert [one["request_id"] for one in told] == [turn.request_id for turn in in_history(timmy)[count:]] == ids


def test_without_a_history_one_that_takes_over_says_so(timmy: TimmyFolder, started: list[Watching]) -> None:
    timmy.settings.write_text("[services]\npoll = false\n[history]\nenabled = false\n")
    first = watch(started, timmy, "--json")
    first.wait_for("watching")
    second = watch(started, timmy, "--json")
    assert second.wait_for("watching")[0]["why_not"] == "the settings keep no history"
    first.end(signal.SIGKILL)
    (notice,) = second.wait_for("notice")
    assert second.end() == 0
    assert notice["records"] is False
    assert notice["words"] == "the other watcher has ended: nothing is recorded: the settings keep no history"


def test_turns_that_no_snapshot_had_wait_for_a_history_that_is_locked(
    timmy: TimmyFolder, started: list[Watching]
) -> None:
    timmy.settings.write_text("[view]\nturns = 10\n[services]\npoll = false\n")
    write_logs(timmy.root, ConversationPlan(60, start=time.time() - 3600))
    logged = in_logs(*both_logs(timmy.root))
    in_history(timmy)
    other = sqlite3.connect(timmy.state / "history.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    watching = watch(started, timmy, "--json")
    wait_for(lambda: says(watching, "locked"), watching.out.read_text)
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: len(in_history(timmy)) >= len(logged), watching.out.read_text)
    assert watching.end() == 0
    assert_each_once(in_history(timmy), logged)


def test_a_verdict_that_two_conclude_is_stored_once(tmp_path: Path) -> None:
    told = Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(), sentence="LLM faster")
    for at, opened in enumerate([History(tmp_path / "history.db", "/timmy") for _ in range(2)]):
        opened.put_comparison(told, 100.0 + at)
        opened.close()
    history = History(tmp_path / "history.db", "/timmy")
    history.put_comparison(Comparison(a="epoch:2", b="epoch:3", n_a=9, n_b=9, stages=(), sentence="LLM faster"), 200.0)
    assert [at for at, _ in history.comparisons()] == [100.0, 200.0]
    history.close()


def test_without_a_history_it_says_so_and_watches(timmy: TimmyFolder, started: list[Watching]) -> None:
    timmy.settings.write_text("[history]\nenabled = false\n")
    watching = watch(started, timmy, "--json")
    (first,) = watching.wait_for("watching")
    assert (first["records"], first["why_not"]) == (False, "the settings keep no history")
    watching.wait_for("ready")
    assert watching.end() == 0
    assert not (timmy.state / "history.db").exists()


def test_without_a_state_folder_it_says_so_and_watches(timmy: TimmyFolder, started: list[Watching]) -> None:
    (timmy.base / "state").write_text("a file")
    watching = watch(started, timmy, "--json")
    (first,) = watching.wait_for("watching")
    assert first["records"] is False and "state folder" in first["why_not"]
    watching.wait_for("ready")
    assert watching.end() == 0


# ---- ends


@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)])
def test_it_ends_on_signals_without_a_word(timmy: TimmyFolder, started: list[Watching], how: int, code: int) -> None:
    watching = watch(started, timmy, "--json")
    watching.wait_for("watching")
    assert watching.end(how) == code


def test_it_ends_when_nobody_reads_any_more_also_while_it_has_nothing_to_say(timmy: TimmyFolder) -> None:
    argv = [sys.executable, "-m", "timmy_tui", "watch", "--no-services", "--root", str(timmy.root)]
    environment = {**os.environ, **timmy.environment}
    running = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert running.stdout is not None and running.stderr is not None
    assert "watching" in running.stdout.readline() + running.stdout.readline()
    running.stdout.close()
    assert running.wait(20) == 1
    assert running.stderr.read() == ""
    running.stderr.close()


class Blocked:
    """A watcher in front of a pipe that is full from the beginning."""

    def __init__(self, folder: TimmyFolder) -> None:
        argv = [sys.executable, "-m", "timmy_tui", "watch", "--json", "--no-services", "--root", str(folder.root)]
        self._reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with pytest.raises(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        environment = {**os.environ, **folder.environment}
        self.process = subprocess.Popen(argv, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment)
        os.close(writer)
        wait_for(self.is_in_write, lambda: "it is in write(1, …)")

    def is_in_write(self) -> bool:
        with open(f"/proc/{self.process.pid}/syscall") as call:
            return call.read().startswith("1 0x1 ")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        assert self.process.stderr is not None and self.process.stderr.read() == ""
        self.process.stderr.close()
        os.close(self._reader)
        return code


def new_turns(folder: TimmyFolder, number: int, seed: int) -> list[str]:
    """Write so many; their ids."""
    plan = ConversationPlan(number, seed=seed, start=time.time() - 60, typed_every=0)
    lines = generate_logs(plan).latency
    write_on(both_logs(folder.root)[0], lines)
    return [turn.request_id for turn in in_logs_of(folder, lines)]


def test_it_records_and_ends_on_sigterm_while_its_reader_takes_nothing(timmy: TimmyFolder) -> None:
    """A pipe that is full holds up the lines, from the first on, and neither the turns nor the end."""
    watching = Blocked(timmy)
    ids = new_turns(timmy, 2, seed=5)
    wait_for(lambda: [turn.request_id for turn in in_history(timmy)][-2:] == ids, lambda: in_history(timmy))
    assert watching.is_in_write()
    assert watching.end() == 0


def test_a_second_one_whose_reader_takes_nothing_takes_over_all_the_same(
    timmy: TimmyFolder, started: list[Watching]
) -> None:
    first = watch(started, timmy, "--json")
    first.wait_for("watching")
    second = Blocked(timmy)
    wait_for(lambda: in_history(timmy))
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    ids = new_turns(timmy, 2, seed=6)
    wait_for(lambda: [turn.request_id for turn in in_history(timmy)][-2:] == ids, lambda: in_history(timmy))
    assert second.is_in_write()
    assert second.end() == 0


@needs("systemd-analyze")
def test_the_unit_in_the_docs_is_one(tmp_path: Path) -> None:
    text = (DOCS / "timmy-tui-watch.service").read_text()
    program = shutil.which("true")
    assert program is not None and "%h/.local/bin/timmy-tui watch" in text
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}

    def problems(unit: str) -> str:
        path = tmp_path / "timmy-tui-watch.service"
        path.write_text(unit.replace("%h/.local/bin/timmy-tui", program))
        argv = ["systemd-analyze", "verify", "--user", str(path)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=50, env=environment)
        return done.stderr if not done.returncode else f"{done.returncode} {done.stderr}"

    assert problems(text) == ""
    assert problems(text.replace("RestartSec", "RestartSek")) != ""
