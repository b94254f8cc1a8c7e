"""Each of the demo's worlds of clocks leaves percentiles, alarms, comparisons and explanations as they are without."""

from functools import cache
from pathlib import Path

import pytest

from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.diagnosis import diagnose_newest
from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats
from timmy_tui.core.settings import TailSettings
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import named_logs, read_logs

WORLDS = ["v34-clock-step", "voice-clock-step", "sleep", "writer-behind", "clock-skew"]
TURNS = 60


@cache
def turns_of(scenario: str, folder: Path) -> tuple[Turn, ...]:
    write_logs(folder, ConversationPlan(TURNS, scenario, seed=5))
    logs = [folder / "shared/latency.log", folder / "testing-interface/logs/v34.log"]
    return read_logs(named_logs(logs), TailSettings()).turns


@pytest.fixture
def steady(tmp_path_factory: pytest.TempPathFactory) -> tuple[Turn, ...]:
    return turns_of("steady", tmp_path_factory.getbasetemp() / "steady")


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Turn, ...]:
    return turns_of(request.param, tmp_path_factory.getbasetemp() / request.param)


def test_no_percentile_holds_a_step_or_a_sleep(world: tuple[Turn, ...], steady: tuple[Turn, ...]) -> None:
    """The same conversation: no figure can be above the largest of the steady one by a second, or below zero."""
    assert len(world) == len(steady)
    usual = {row.key: row.max for row in stage_stats(steady, TURNS)}
    for row in stage_stats(world, TURNS):
        if row.max is not None and row.key not in ("playback", "deaf"):
            assert 0 <= row.max <= (usual[row.key] or 0.0) + 100.0, row.key
    headline, quiet = headline_stat(world, TURNS), headline_stat(steady, TURNS)
    assert headline is not None and quiet is not None and headline.p50 is not None and quiet.p50 is not None
    assert abs(headline.p50 - quiet.p50) < 250.0
    assert headline.max is not None and quiet.max is not None and headline.max <= quiet.max + 1.0
    assert headline.n >= TURNS // 2


def test_nothing_is_alarming(world: tuple[Turn, ...]) -> None:
    detector = RegressionDetector()
    for turn in world:
        detector.add(turn)
    assert [finding.stage for finding in detector.findings] == []


def test_halves_are_compared_without_a_word_on_clocks(world: tuple[Turn, ...]) -> None:
    middle = len(world) // 2
    verdicts = {row.stage: row.verdict for row in compare(world[:middle], world[middle:]).stages}
    assert verdicts["network"] in ("unchanged", "too few turns")
    assert verdicts["V2V"] in ("unchanged", "too few turns")


def test_no_turn_is_explained_by_a_clock(world: tuple[Turn, ...], steady: tuple[Turn, ...]) -> None:
    """No turn is over or under its usual by more than the slowest of the steady conversation."""
    most = max(abs(one.excess_ms) for one in diagnose_newest(steady, steady).values() if one.excess_ms is not None)
    for diagnosis in diagnose_newest(world, world).values():
        if diagnosis.excess_ms is not None:
            assert abs(diagnosis.excess_ms) <= most + 100.0, diagnosis.sentence
            assert all(abs(part.ms) < 100.0 for part in diagnosis.contributions if part.stage == "network")
