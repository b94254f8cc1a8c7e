"""The cold rate that the dashboard has kept, in the commands that read the same logs: what it shows, they say."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.commands.reporting import run
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from timmy_tui.model.llm import LearnedRate, PrefillKey
from timmy_tui.storage.learned_rates import RateFile

MODEL = "llama3.2:3b-instruct-q4_K_M"


@pytest.fixture
def timmy(tmp_path: Path) -> TimmyFolder:
    """Six turns, none of them after a load, and the rate of an earlier run; Ollama cannot be asked."""
    folder = make_timmy(tmp_path, turns=6)
    folder.state.mkdir(parents=True, mode=0o700)
    key = PrefillKey(MODEL, 8000, "Q4_K_M", "0.12.11")
    RateFile(folder.state).update([LearnedRate(key=key, ms_per_token=0.25, depth_cost=6.7e-5, samples=4, step_ms=9.2)])
    return folder


def reasons(timmy: TimmyFolder, *more: str | Path) -> list[str]:
    named = more if more else ("--root", timmy.root, "--settings", timmy.settings)
    said = json.loads(run("report", "--json", *named, env=environment(timmy)))
    return [turn["reuse"]["reason"] for turn in said["turns"] if turn["prefill_ms"] is not None]


def environment(timmy: TimmyFolder) -> dict[str, Any]:

    return {**os.environ, **timmy.environment}


def test_report_compares_a_short_log_with_what_the_dashboard_has_kept(timmy: TimmyFolder) -> None:
    """Its version and quantisation are not in the logs: the only rate of the model and window is the one."""
    found = reasons(timmy)
    assert found
    assert all("compared with 4 cold turns" in reason or "loaded" in reason for reason in found)


def test_without_what_was_kept_nothing_cold_is_known(timmy: TimmyFolder) -> None:
    (timmy.state / "learned-rates.json").unlink()
    assert not any("compared with 4 cold turns" in reason for reason in reasons(timmy))


def test_named_logs_can_be_of_another_machine(timmy: TimmyFolder) -> None:
    logs = sorted(timmy.root.rglob("*.log"))
    assert len(logs) >= 2
    named = [part for path in logs for part in ("--log", path)]
    assert not any("compared with 4 cold turns" in reason for reason in reasons(timmy, *named))


def test_a_history_that_is_off_gives_no_rate(timmy: TimmyFolder) -> None:
    timmy.settings.write_text(timmy.settings.read_text() + "[history]\nenabled = false\n")
    assert not any("compared with 4 cold turns" in reason for reason in reasons(timmy))


def test_criteria_judges_reuse_with_the_kept_rate(timmy: TimmyFolder) -> None:
    arguments = ("criteria", "--json", "--no-services", "--root", timmy.root, "--settings", timmy.settings)

    def reused() -> Any:
        criteria = json.loads(run(*arguments, env=environment(timmy)))["criteria"]
        return next(item for item in criteria if item["key"] == "prefix_reuse")

    assert reused()["verdict"] in ("pass", "fail")
    (timmy.state / "learned-rates.json").unlink()
    assert reused()["verdict"] == "not judged"
