"""One request to the model is told once, whatever system it is of, and none where no stage is the request."""

import json
from pathlib import Path

import pytest

from tests.profiles.test_screens import DATA, LOGS
from tests.started import run_python
from timmy_tui.model.stages.table import StageTable
from timmy_tui.model.stages.v34 import TABLE
from timmy_tui.profiles.load import load, names
from timmy_tui.profiles.spec import stage_row


@pytest.mark.parametrize("name", names())
def test_only_v34_has_a_stage_that_is_the_request_to_its_last_token(name: str) -> None:
    """Of the others a log tells the first token, the first sentence, or the answer with all tools."""
    table = StageTable([stage_row(rule, place) for place, rule in enumerate(load(name).stage, 1)])
    assert table.request == ("llm" if name == "v34" else "")
    assert TABLE.request == "llm"


@pytest.mark.parametrize("name", LOGS)
def test_tokens_stand_once_in_a_trace_and_no_part_of_a_request_is_told_as_one(name: str) -> None:
    done = run_python(
        ["-m", "tests.profiles.telemetry_of", name, str(DATA / LOGS[name][0])], cwd=Path(__file__).parents[2]
    )
    done.check_returncode()
    told = json.loads(done.stdout)
    assert len(told) > 10
    for turn in told:
        assert turn["tokens"] == ([] if turn["counted"] is None else [turn["counted"]])
        assert (turn["requests"], turn["times"], turn["streamed"]) == (0, 0, 0)
    assert any(turn["counted"] for turn in told) is name.startswith("pipecat")
