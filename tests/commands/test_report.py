"""`timmy-tui report` on the golden logs: upstream's numbers, the ledger, the contract, and manners in a pipe."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.reporting import DATA, LATENCY, V34, run, upstream_groups
from tests.started import run_python
from timmy_tui.model.stages.watched import CRITICAL, KEYS


@pytest.fixture(scope="module")
def both() -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(run("report", "--log", LATENCY, "--log", V34, "--json"))
    return printed


def test_the_json_has_every_field_that_is_promised(both: dict[str, Any]) -> None:
    assert both["schema"] == 2
    assert len(both["turns"]) == 14
    assert set(both["stages"]) == {*KEYS, "unattributed"}
    promised = {
        "request_id", "session_id", "state", "started", "v2v_ms", "stages", "unattributed_ms", "prompt_tokens",
        "output_tokens", "prefill_ms", "decode_ms", "context_returned", "context_sent", "tail_mode", "raw",
    }  # fmt: skip
    for turn in both["turns"]:
        assert promised <= set(turn)
        assert set(turn["stages"]) == set(KEYS)
    assert {source["name"] for source in both["sources"]} == {"latency.log", "v34.log"}
    assert both["unparsed"] == {}


def test_nothing_that_was_said_is_in_the_report(both: dict[str, Any]) -> None:
    text = json.dumps(both)
    assert "cats" not in text
    assert "solenoids" not in text


def test_the_ledger_sums_on_every_turn(both: dict[str, Any]) -> None:
    spans = [turn for turn in both["turns"] if turn["headline_ms"] is not None]
    assert len(spans) == 14
    for turn in spans:
        named = sum(turn["stages"][key] or 0.0 for key in CRITICAL)
        assert named + turn["unattributed_ms"] == pytest.approx(turn["headline_ms"], abs=1e-6)
        assert turn["v2v_ms"] == turn["headline_ms"]


def test_same_numbers_as_upstream_where_they_mean_the_same(both: dict[str, Any]) -> None:
    groups = {name: events for name, events in upstream_groups().items() if len(events) > 1}
    assert {turn["request_id"] for turn in both["turns"]} == set(groups), "a pause without a turn is none"
    for turn in both["turns"]:
        events = groups[turn["request_id"]]
        total = events[-1]["timestamp"] - events[0]["timestamp"]
        assert turn["ended"] - turn["started"] == pytest.approx(total, abs=2e-6)
        stamps = {event["event"]: event["timestamp"] for event in events}
        if "v34_ollama_received" in stamps:
            spent = stamps["v34_ollama_received"] - stamps["v34_ollama_sent"]
            assert turn["stages"]["llm"] == pytest.approx(1000 * spent, abs=0.002)


def test_percentiles_look_at_complete_turns_only(both: dict[str, Any]) -> None:
    complete = sorted(turn["stages"]["llm"] for turn in both["turns"] if turn["state"] == "complete")
    row = both["stages"]["llm"]
    assert (row["n"], row["max"]) == (len(complete), complete[-1])
    assert row["n"] == 13
    assert complete[6] == row["p50"]


def test_tail_is_the_newest_turns_not_the_highest_ids() -> None:
    printed = json.loads(run("report", "--log", LATENCY, "--tail", "3", "--json"))
    assert [turn["request_id"] for turn in printed["turns"]] == ["ed6897d8", "2bfc7ffd", "3f8de0e1"]


def test_one_request_shows_timeline_deltas_and_ledger() -> None:
    text = run("report", "--log", LATENCY, "--request", "21636369")
    groups = upstream_groups()["21636369"]
    assert text.count("→") >= len(groups) - 1
    assert "v34_ollama_sent → v34_ollama_received" in text
    assert "652ms" in text
    assert "2.54s        V2V" in text
    assert "summary" not in text


def test_a_slow_turn_is_explained_in_its_own_report_in_the_summary_and_in_the_json(both: dict[str, Any]) -> None:
    # The store took 545 ms; stores take 82 as a rule, and a turn without one is not what this one is set against.
    why = "memory store +463ms (first store in 5 turns), rest −32ms"
    sentence = f"+431ms over your usual (with a memory store, 12 tokens): {why}"
    alone = run("report", "--log", LATENCY, "--log", V34, "--request", "2bfc7ffd")
    assert alone.rstrip().endswith(sentence)
    summary = run("report", "--log", LATENCY, "--log", V34)
    assert f"slow 13 · 2bfc7ffd: {sentence}" in summary
    diagnoses = {turn["request_id"]: turn["diagnosis"] for turn in both["turns"]}
    assert diagnoses["2bfc7ffd"]["slow"] is True and diagnoses["2bfc7ffd"]["sentence"] == sentence
    assert diagnoses["2bfc7ffd"]["excess_ms"] == pytest.approx(430.8, abs=1)
    assert any(one is None for one in diagnoses.values())


def test_sessions_table_has_prompt_llm_tail_mode_and_trends() -> None:
    text = run("report", "--log", LATENCY, "--sessions")
    assert "session 1 · 3ceb3ffd-0000-4000-8000-8b5297b75092" in text
    assert "session 2 · 775c303c-0000-4000-8000-ade55a58b185" in text
    assert "LLM    first 652ms, last 880ms" in text
    assert "prompt first 674, last 1115, mean 880, min 674, max 1115 tokens (est), n=7" in text
    assert "first against mean of the others ×0.63: no proof of a cache, see reuse" in text
    tables = text[: text.index("== epochs")].splitlines()
    assert max(map(len, tables)) <= 80
    columns = ["turn", "request", "state", "total", "V2V", "LLM", "est", "prompt", "prefill", "reuse", "ctx", "tail"]
    assert tables[1].split() == columns
    first = dict(zip(columns, tables[2].split(), strict=True))
    assert (first["request"], first["total"], first["V2V"], first["reuse"]) == ("21636369", "6.14s", "≥2.54s", "—")
    failed = dict(zip(columns, tables[6].split(), strict=True))
    assert (failed["request"], failed["state"], failed["reuse"]) == ("c4cf8b96", "failed", "—")


def test_csv_has_a_row_a_turn_and_ids_stay_text() -> None:
    rows = list(csv.DictReader(io.StringIO(run("report", "--log", LATENCY, "--csv"))))
    assert len(rows) == 14
    assert rows[0]["request_id"] == "21636369"
    assert float(rows[0]["llm_ms"]) == pytest.approx(652.326)


def test_exit_codes_and_words() -> None:
    assert "does not exist" in run("report", "--log", "/none/such.log", code=1)
    assert "no turn has the number or the id 'zzz'" in run("report", "--log", LATENCY, "--request", "zzz", code=1)
    assert "is a directory, not a log" in run("report", "--log", DATA, code=1)
    assert "Usage" in run("report", "--json", "--csv", "--log", LATENCY, code=2)
    assert "No such option" in run("report", "--nonsense", code=2)
    assert "is not a folder" in run("report", "--root", "/none", code=1)


def test_formats_for_programs_exclude_each_other_and_come_before_layouts_for_people(tmp_path: Path) -> None:
    for two in (("--json", "--csv"), ("--csv", "--parquet", "x"), ("--json", "--csv", "--parquet", "x")):
        assert "--json, --csv and --parquet exclude each other." in run("report", "--log", LATENCY, *two, code=2)
    for name in ("--json", "--csv"):
        assert run("report", "--log", LATENCY, "--sessions", name) == run("report", "--log", LATENCY, name)


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "turns.parquet"
    path.write_text("mine")
    assert f"{path} exists already." in run("report", "--log", LATENCY, "--parquet", path, code=2)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("command", ["report", "export"])
def test_parquet_without_its_library_says_what_to_install(tmp_path: Path, command: str) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError\n")
    path = tmp_path / "turns.parquet"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    printed = run(command, "--log", LATENCY, "--parquet", path, code=1, env=environment)
    assert printed == "timmy-tui: Parquet: Parquet needs pyarrow.\npip install 'timmy-tui[parquet]'\n"
    assert not path.is_file()


def test_a_format_that_is_in_the_table_is_an_option_of_the_command(tmp_path: Path) -> None:
    """One to standard output and one to a file; nothing else knows them."""
    code = (
        "import sys\n"
        "from timmy_tui.report.report_formats import EXPORTERS, ExportError\n"
        "class Ids:\n"
        "    name, help, for_programs, to_file = 'ids', 'The ids alone.', True, False\n"
        "    def write(self, data, path):\n"
        "        print(*(turn.request_id for turn in data.turns if turn.request_id))\n"
        "class Count(Ids):\n"
        "    name, help, to_file = 'count', 'How many.', True\n"
        "    def write(self, data, path):\n"
        "        if path.suffix != '.txt':\n"
        "            raise ExportError('Only text files.')\n"
        "        path.write_text(str(len(data.turns)))\n"
        "EXPORTERS['ids'], EXPORTERS['count'] = Ids(), Count()\n"
        "import timmy_tui.cli\n"
        "sys.argv[0] = 'timmy-tui'\n"
        "timmy_tui.cli.main()\n"
    )

    def with_two_more(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return run_python(["-c", code, "report", "--log", str(LATENCY), *map(str, arguments)])

    assert with_two_more("--tail", "3", "--ids").stdout == "ed6897d8 2bfc7ffd 3f8de0e1\n"
    assert with_two_more("--count", tmp_path / "n.txt").stdout == ""
    assert (tmp_path / "n.txt").read_text() == "14"
    assert "Error: Only text files." in with_two_more("--count", tmp_path / "n.bin").stderr
    assert "--json, --csv, --parquet, --ids and --count exclude" in with_two_more("--ids", "--json").stderr
    shown = with_two_more("--help").stdout
    assert "--ids" in shown and "The ids alone." in shown and "--count FILE" in shown


def test_any_bytes_are_a_report(tmp_path: Path) -> None:
    log = tmp_path / "latency.log"
    log.write_bytes(b"\0\xff\n" + b"x" * 3_000_000 + b"\n" + LATENCY.read_bytes()[:5000] + b'{"timestamp": NaN}\r\n')
    printed = json.loads(run("report", "--log", log, "--json"))
    assert len(printed["turns"]) >= 1
    assert printed["sources"][0]["dropped"] == 1
    assert sum(printed["unparsed"].values()) >= 2
    log.write_bytes(b"")
    assert json.loads(run("report", "--log", log, "--json"))["turns"] == []
    assert "no turns" in run("report", "--log", log)


def test_no_colour_no_textual_and_a_closed_pipe() -> None:
    code = (
        "import sys; sys.argv = ['timmy-tui', 'report', '--log', sys.argv[1]]\n"
        "import timmy_tui.cli\n"
        "try: timmy_tui.cli.main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(' '.join(name for name in ('textual', 'pandas', 'scipy') if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(LATENCY)], capture_output=True, text=True, timeout=50)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    piped = subprocess.run(
        f"{sys.executable} -m timmy_tui report --log {LATENCY} | head -n 1", shell=True, capture_output=True, text=True
    )
    assert piped.stdout.startswith("== 1 · 21636369")
    assert "Traceback" not in piped.stderr
    assert "Exception" not in piped.stderr


def test_the_root_is_found_and_both_logs_are_read(tmp_path: Path) -> None:
    root = tmp_path / "timmy"
    for folder in ("v34", "shared", "testing-interface/logs"):
        (root / folder).mkdir(parents=True)
    (root / "v34/config.py").touch()
    (root / "shared/latency.log").write_bytes(LATENCY.read_bytes())
    (root / "testing-interface/logs/v34.log").write_bytes(V34.read_bytes())
    printed = json.loads(run("report", "--json", cwd=root / "v34"))
    assert {turn["logs"] for turn in printed["turns"]} == {"both"}


def test_schema_2_says_what_is_a_bound_what_is_reused_and_how_often_nobody_spoke(both: dict[str, Any]) -> None:
    complete = [turn for turn in both["turns"] if turn["state"] == "complete"]
    assert complete and {turn["headline_bound"] for turn in complete} == {"lower"}
    assert all(turn["measured_ms"] == pytest.approx(turn["headline_ms"] - 500.0) for turn in complete)
    assert {turn["state"] for turn in both["turns"]} <= {"complete", "failed", "aborted", "timed_out", "open"}
    assert {turn["reuse"]["certainty"] for turn in both["turns"]} == {"estimated", "unknown"}
    assert all((turn["reuse"]["share"] is None) == (turn["reuse"]["certainty"] == "unknown") for turn in both["turns"])
    assert all(turn["reuse"]["reason"] for turn in both["turns"])
    listening = both["listening"]
    assert listening["pauses"] > 50 and 75 <= listening["per_minute"] <= 100 and listening["threshold_s"] == 0.5


def test_a_hop_that_its_clocks_contradict_is_null_in_the_json_and_their_sum_is_not(tmp_path: Path) -> None:
    skewed = tmp_path / "latency.log"
    lines = [json.loads(line) for line in LATENCY.read_text("utf-8", "replace").splitlines() if line.startswith("{")]
    for event in lines:
        event["timestamp"] += 5.0 * (event["service"] == "v34")
    skewed.write_text("".join(json.dumps(event) + "\n" for event in lines))
    for turn in json.loads(run("report", "--json", "--log", skewed))["turns"]:
        if turn["state"] == "complete":
            assert (turn["stages"]["hop_in"], turn["stages"]["hop_out"]) == (None, None)
            assert 0 < turn["stages"]["network"] < 100
            assert turn["unmeasured"]["hop_in"] == "clocks differ"
            assert turn["headline_ms"] is not None


def test_the_text_says_that_voice_to_voice_is_a_bound() -> None:
    text = run("report", "--log", LATENCY, "--tail", "1")
    assert "V2V ≥" in text and "a lower bound: the wait is longer than the setting" in text
    assert "a lower bound: it begins with the silence threshold" in text


def test_pauses_without_text_are_a_line_of_the_summary_and_no_turn() -> None:
    text = run("report", "--log", LATENCY)
    assert re.search(r"^pauses without text: \d+, 8\d a minute while it listened$", text, re.M)
    assert "== summary of 14 turns, 13 complete" in text
