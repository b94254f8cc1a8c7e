"""Each command on each golden log, as its user calls it: the log alone says whose it is."""

import json
from pathlib import Path

import pytest

from tests.profiles.test_choice import call

DATA = Path(__file__).parents[1] / "data"
LOGS = {
    "little-timmy-v2": ("profiles/little-timmy-v2/little_timmy.log", "endpoint", "1", 37),
    "pipecat": ("profiles/pipecat/tail.jsonl", "turn_detection", "2", 33),
    "pipecat-log": ("profiles/pipecat/text/pipecat.log", "answer", "2", 28),
    "livekit": ("profiles/livekit/session_report.json", "answer", "2", 33),
    "home-assistant": ("profiles/home-assistant/runs.jsonl", "intent", "2", 24),
}
"""Profile → its log, a stage that it has, a turn that can be explained, its turns."""
FOREIGN = ("v34", "Ollama", "tail mode", "context array", "the guide", "Traceback")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", LOGS)
def test_report_regressions_compare_explain_and_history(tmp_path: Path, name: str) -> None:
    file, stage, turn, turns = LOGS[name]
    log = str(DATA / file)
    half = turns // 2
    said = ""
    for command in (
        ("report", "--log", log, "--tail", "2"),
        ("report", "--log", log, "--sessions"),
        ("regressions", "--log", log),
        ("compare", "--log", log, f"turns:1-{half}", f"turns:{half + 1}-{turns}"),
        ("explain", "--log", log, turn),
        ("history", "--profile", name, "--source", log, "--log", log, "--turns", "--days", "36500"),
    ):
        done = call(tmp_path, *command)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout.strip(), command
        said += done.stdout
    assert [word for word in FOREIGN if word in said] == []
    assert stage in said
    report = json.loads(call(tmp_path, "report", "--log", log, "--json").stdout)
    assert len(report["turns"]) == turns
    for one in report["turns"]:
        assert stage in one["stages"]
