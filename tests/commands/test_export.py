"""``timmy-tui export``: from logs and from the history, and the way back into ``report`` and ``compare``."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.commands.reporting import LATENCY, V34, run
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from timmy_tui.analysis.columns import COLUMNS, EXPORTED_COLUMNS, REUSE_COLUMNS, Column
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs

LOGS = ("--log", LATENCY, "--log", V34)
MARKER = "xyzzy-what-was-said"
pytestmark = pytest.mark.timeout(180)  # Up to ten processes in a test, half a second each; on a busy machine five.


def environment(folder: TimmyFolder) -> dict[str, str]:
    return {**os.environ, **folder.environment}


def parquet_rows(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("day=*/*.parquet"))
    return [row for path in files for row in pq.read_table(path, partitioning=None).to_pylist()]


@pytest.fixture
def timmy(tmp_path: Path) -> TimmyFolder:
    return make_timmy(tmp_path)


def test_csv_has_the_columns_of_the_report_with_the_machine_in_front(tmp_path: Path) -> None:
    exported = list(csv.DictReader(io.StringIO(run("export", *LOGS, "--machine", "laptop", "--csv", "-"))))
    reported = list(csv.DictReader(io.StringIO(run("report", *LOGS, "--csv"))))
    assert list(exported[0])[0] == "machine" and {row["machine"] for row in exported} == {"laptop"}
    assert list(exported[0]) == [column.name for column in EXPORTED_COLUMNS if isinstance(column, Column)]
    # Of a failure only the report says what v34's exception said; and pandas cuts times to µs, which are rounded here.
    same = [column.name for column in (*COLUMNS, *REUSE_COLUMNS) if column.name not in ("reason", "started")]
    for told, report in zip(exported, reported, strict=True):
        assert {name: told[name] for name in same} == {name: report[name] for name in same}
        rounded, cut = (datetime.fromisoformat(row["started"]) for row in (told, report))
        assert timedelta(0) <= rounded - cut <= timedelta(microseconds=1) and rounded.utcoffset() == timedelta(0)


def test_the_three_formats_say_the_same(tmp_path: Path) -> None:
    run("export", *LOGS, "--machine", "a", "--parquet", tmp_path / "turns", "--jsonl", tmp_path / "t.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    rows = parquet_rows(tmp_path / "turns")
    assert len(lines) == len(rows) == 14
    for line, row in zip(lines, rows, strict=True):
        assert list(line) == list(row) == [column.name for column in EXPORTED_COLUMNS]
        for name in ("started", "ended", "answered"):
            shown = row.pop(name)
            assert line.pop(name) == (None if shown is None else shown.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        assert line == {**row, **{name: dict(row[name]) for name in ("switches", "unmeasured")}}


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    for name in ("csv", "jsonl"):
        path = tmp_path / name
        path.write_text("mine")
        assert f"{path} exists already" in run("export", *LOGS, f"--{name}", path, code=1)
        assert path.read_text() == "mine"
    assert "exists" in run("export", *LOGS, "--parquet", tmp_path / "csv", code=1)


@pytest.mark.parametrize("target", ["--parquet", "--csv", "--jsonl"])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path: Path, target: str) -> None:
    """The kernel's own refusal, of a file above 4 KiB."""
    call = [sys.executable, "-m", "timmy_tui", "export", *map(str, LOGS), "--machine", "a", target, str(tmp_path / "x")]
    limited = ["bash", "-c", 'ulimit -f 4; exec "$@"', "bash", *call]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"timmy-tui: {tmp_path}/x(/day=2025-11-28/a\.parquet)?: File too large\.\n", done.stderr)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_usage(tmp_path: Path) -> None:
    assert "--parquet, --csv, --jsonl" in run("export", *LOGS, code=2)
    for name in ("../x", "x" * 64, "a\n"):
        assert "is not a valid name" in run("export", *LOGS, "--csv", "-", "--machine", name, code=2)
    for when in ("yesterday", "2026-13-01"):
        assert "is not a date or time" in run("export", *LOGS, "--csv", "-", "--since", when, code=2)
    assert "/proc/none/x" in run("export", *LOGS, "--jsonl", "/proc/none/x", code=1)


def test_since_is_a_local_time_and_takes_the_turns_that_began_then(tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", *LOGS, "--csv", "-"))))
    at = rows[9]["started"].replace(" ", "T")
    after = list(csv.DictReader(io.StringIO(run("export", *LOGS, "--csv", "-", "--since", at))))
    assert [row["request_id"] for row in after] == [row["request_id"] for row in rows[9:]]
    zone = {**os.environ, "TZ": "Asia/Tokyo"}
    local = run("export", *LOGS, "--csv", "-", "--since", "2025-11-29T02:15:00", env=zone)
    assert len(list(csv.DictReader(io.StringIO(local)))) == sum(row["started"] >= "2025-11-28 17:15" for row in rows)


def test_the_history_is_exported_also_when_the_logs_are_gone(timmy: TimmyFolder, tmp_path: Path) -> None:
    folder, env = tmp_path / "turns", environment(timmy)
    first = run("export", "--root", timmy.root, "--parquet", folder, env=env)
    before = parquet_rows(folder)
    assert re.search(rf"^{folder}: \d+ turns of \S+: \d days? written, 0 as they were$", first) and len(before) > 20
    for log in (timmy.root / "shared/latency.log", timmy.root / "testing-interface/logs/v34.log"):
        log.unlink()
    run("export", "--root", timmy.root, "--parquet", folder, env=env)
    assert parquet_rows(folder) == before
    run("export", "--root", timmy.root, "--parquet", tmp_path / "again", env=env)
    assert [row["number"] for row in parquet_rows(tmp_path / "again")] == [row["number"] for row in before]


def test_new_logs_come_on_top_of_the_old_turns(timmy: TimmyFolder, tmp_path: Path) -> None:
    folder, env = tmp_path / "turns", environment(timmy)
    run("export", "--root", timmy.root, "--parquet", folder, env=env)
    old = [row["number"] for row in parquet_rows(folder)]
    write_logs(timmy.root, ConversationPlan(7, seed=9))  # rotated away: the logs begin anew
    run("export", "--root", timmy.root, "--parquet", folder, env=env)
    now = [row["number"] for row in parquet_rows(folder)]
    assert len(now) == len(old) + 7 and set(old) < set(now) and len(set(now)) == len(now)


def test_without_logs_and_history_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "timmy").mkdir()
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    assert "exists yet" in run("export", "--root", tmp_path / "timmy", "--csv", "-", code=1, env=env)


def test_the_turn_in_flight_is_not_exported(timmy: TimmyFolder, tmp_path: Path) -> None:
    log = timmy.root / "shared/latency.log"
    lines = log.read_text().splitlines(keepends=True)
    at = max(number for number, line in enumerate(lines) if "v34_ollama_sent" in line)
    log.write_text("".join(lines[:at]))
    (timmy.root / "testing-interface/logs/v34.log").unlink()
    for source in (("--root", timmy.root), ("--log", log)):
        states = csv.DictReader(io.StringIO(run("export", *source, "--csv", "-", env=environment(timmy))))
        assert "open" not in {row["state"] for row in states}


def test_the_machine_is_that_of_the_settings_else_the_hosts(timmy: TimmyFolder, tmp_path: Path) -> None:
    env = environment(timmy)
    run("export", "--root", timmy.root, "--parquet", tmp_path / "a", env=env)
    (name,) = {path.stem for path in (tmp_path / "a").glob("*/*.parquet")}
    assert name and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
    timmy.settings.write_text("[export]\nmachine = 'desk.top'\n")
    run("export", "--root", timmy.root, "--parquet", tmp_path / "b", env=env)
    assert {path.stem for path in (tmp_path / "b").glob("*/*.parquet")} == {"desk.top"}
    run("export", "--root", timmy.root, "--parquet", tmp_path / "c", "--machine", "mine", env=env)
    assert {path.stem for path in (tmp_path / "c").glob("*/*.parquet")} == {"mine"}
    timmy.settings.write_text("[export]\nmachine = '../x'\n")
    assert "export.machine" in run("export", "--root", timmy.root, "--csv", "-", code=1, env=env)


def test_what_was_said_leaves_in_no_format_and_from_no_field(timmy: TimmyFolder, tmp_path: Path) -> None:
    """A log whose every text field is what was said, and a debug log with it, exported in every way."""
    log = tmp_path / "latency.log"
    events = [json.loads(line) for line in LATENCY.read_text().splitlines() if line.startswith("{")]
    said = f"{MARKER} and more"
    for event in events:
        event["metadata"] = {
            **{key: said if isinstance(value, str) else value for key, value in event["metadata"].items()},
            "text": said, "response": said, "reply": said, "error": said,
        }  # fmt: skip
        event["service"] = event["service"] or said
    log.write_text("".join(json.dumps(event) + "\n" for event in events))
    debug = tmp_path / "v34.log"
    text = V34.read_text("utf-8", "replace")
    debug.write_text(re.sub(r"(User message: |Response: |failed: |Model=)[^,\n]*", rf"\1{said}", text))
    assert MARKER in debug.read_text()
    timmy.settings.write_text("[history]\ntext = true\n")
    (timmy.root / "shared/latency.log").write_bytes(log.read_bytes())
    (timmy.root / "testing-interface/logs/v34.log").write_bytes(debug.read_bytes())
    for number, source in enumerate((("--log", log, "--log", debug), ("--root", timmy.root))):
        to = {name: tmp_path / f"{number}.{name}" for name in ("parquet", "csv", "jsonl")}
        formats = [word for name, path in to.items() for word in (f"--{name}", path)]
        run("export", *source, *formats, env=environment(timmy))
        run("report", *source, "--parquet", tmp_path / f"{number}.one", env=environment(timmy))
        files = [to["csv"], to["jsonl"], tmp_path / f"{number}.one", *to["parquet"].glob("*/*.parquet")]
        assert len(files) == 4
        for path in files:
            assert MARKER.encode() not in path.read_bytes(), path
            assert len(path.read_bytes()) > 3000
        tables = [pq.read_table(path, partitioning=None) for path in files[2:]]
        assert all(MARKER not in str(table.to_pylist()) for table in tables)


# ---- the way back


@pytest.fixture(scope="module")
def two_machines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of two Timmys, and a folder with the turns of both."""
    base = tmp_path_factory.mktemp("two")
    for seed, (name, scenario) in enumerate((("laptop", "steady"), ("desktop", "regression"))):
        write_logs(base / name, ConversationPlan(60, scenario, seed, start=1_795_950_000.0 + 10 * seed))
        run("export", *logs_of(base, name), "--machine", name, "--parquet", base / "turns")
    return base


def in_micros(value: Any) -> Any:
    """The value with its times as files have them."""
    if isinstance(value, list):
        return [in_micros(one) for one in value]
    if not isinstance(value, dict):
        return value
    times = ("started", "ended")
    return {key: round(one * 1e6) if key in times and one else in_micros(one) for key, one in value.items()}


def logs_of(base: Path, name: str) -> tuple[str | Path, ...]:
    return "--log", base / name / "shared/latency.log", "--log", base / name / "testing-interface/logs/v34.log"


@pytest.mark.parametrize("name", ["laptop", "desktop"])
def test_the_report_is_that_of_the_logs(two_machines: Path, name: str) -> None:
    of_logs = json.loads(run("report", *logs_of(two_machines, name), "--json"))
    of_files = json.loads(run("report", "--log", two_machines / "turns", "--machine", name, "--json"))
    for key in ("headline", "stages", "clock_offset", "epochs", "sessions", "flags_not_visible", "turns"):
        assert in_micros(of_files[key]) == in_micros(of_logs[key]), key
    assert of_logs["headline"]["n"] > 40
    assert "no events" in of_files["sources"][0]["detail"]


@pytest.mark.parametrize("sides", [("turns:1-30", "turns:31-60"), ("session:1", "last:30")])
def test_a_comparison_is_that_of_the_logs(two_machines: Path, sides: tuple[str, str]) -> None:
    of_logs = run("compare", *logs_of(two_machines, "desktop"), *sides, "--json")
    of_files = run(
        "compare", "--log", two_machines / "turns", *(f"machine:desktop/{side}" for side in sides), "--json"
    ).replace("machine:desktop/", "")
    told, logged = json.loads(of_files), json.loads(of_logs)
    assert told["stages"] == logged["stages"] and any(row["ratio"] for row in logged["stages"])
    assert {**told, "a": "", "b": "", "sentence": ""} == {**logged, "a": "", "b": "", "sentence": ""}


def test_findings_and_explanations_are_those_of_the_logs(two_machines: Path) -> None:
    machine = ("--log", two_machines / "turns", "--machine", "desktop")
    of_logs = run("regressions", *logs_of(two_machines, "desktop"))
    assert run("regressions", *machine) == of_logs and "no level change" not in of_logs
    assert run("explain", *machine, "41") == run("explain", *logs_of(two_machines, "desktop"), "41")


def test_laptop_against_desktop(two_machines: Path) -> None:
    text = run("compare", "--log", two_machines / "turns", "machine:laptop", "machine:desktop")
    assert text.startswith("machine:desktop against machine:laptop: ")
    both = json.loads(run("compare", "--log", two_machines / "turns", "machine:laptop", "machine:desktop", "--json"))
    assert both["compared"] == [66, 66], "with those that were typed"


def test_machines_are_never_mixed(two_machines: Path) -> None:
    folder = ("--log", two_machines / "turns")
    for command in (("report", "--json"), ("regressions",), ("explain", "3"), ("criteria",)):
        problem = run(command[0], *folder, *command[1:], code=1)
        assert "2 machines: desktop, laptop" in problem and "--machine NAME" in problem
    for counted in ("last:5", "epochs:1-2", "turns:1-9", "session:1", "days:0-9", "flag:tail-mode=on"):
        problem = run("compare", *folder, counted, "machine:laptop", code=1)
        assert f"machine:desktop/{counted}" in problem
    assert "There is desktop, laptop" in run("compare", *folder, "machine:phone", "machine:laptop", code=1)
    assert "There is desktop, laptop" in run("report", *folder, "--machine", "phone", code=1)
    text = run("report", *folder)
    assert [line for line in text.splitlines() if line.startswith("== machine")] == [
        "== machine desktop", "== machine laptop",
    ]  # fmt: skip
    assert text.count("== summary of 66 turns") == 2


def test_one_of_several_machines_is_exported(two_machines: Path, tmp_path: Path) -> None:
    folder = ("--log", two_machines / "turns")
    rows = list(csv.DictReader(io.StringIO(run("export", *folder, "--machine", "laptop", "--csv", "-"))))
    assert {row["machine"] for row in rows} == {"laptop"} and len(rows) == 66
    run("export", *folder, "--machine", "laptop", "--parquet", tmp_path / "copy")
    assert {path.stem for path in (tmp_path / "copy").glob("*/*.parquet")} == {"laptop"}
    assert "There is desktop, laptop" in run("export", *folder, "--machine", "phone", "--csv", "-", code=1)


def test_what_parquet_does_not_hold_is_said(two_machines: Path) -> None:
    argv = [sys.executable, "-m", "timmy_tui", "report", "--log", str(two_machines / "turns"), "--machine", "laptop"]
    done = subprocess.run([*argv, "--request", "3"], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0 and "no events, so no timelines" in done.stderr
    assert "sum of the above" in done.stdout


def test_logs_and_parquet_files_are_not_read_together(two_machines: Path) -> None:
    folder = ("--log", two_machines / "turns")
    assert "not read together" in run("report", *folder, *logs_of(two_machines, "laptop"), code=1)
    assert "--machine chooses" in run("report", *logs_of(two_machines, "laptop"), "--machine", "laptop", code=1)


def test_parquet_is_exported_again_with_its_machines(two_machines: Path, tmp_path: Path) -> None:
    run("export", "--log", two_machines / "turns", "--parquet", tmp_path / "copy")
    names = {path.stem for path in (tmp_path / "copy").glob("*/*.parquet")}
    assert names == {"laptop", "desktop"}
    rows, copied = parquet_rows(two_machines / "turns"), parquet_rows(tmp_path / "copy")
    without = [{**row, "reuse_share": 0, "reuse_certainty": 0, "reuse_reason": 0} for row in rows]
    assert [{**row, "reuse_share": 0, "reuse_certainty": 0, "reuse_reason": 0} for row in copied] == without
