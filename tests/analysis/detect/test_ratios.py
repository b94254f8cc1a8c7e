"""What the rows of the screen draw: every stage at one amount of work, and what is usual for it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.turns import Truth, make_turns
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.model.judgement import FLIP_SHOWN_TURNS, RATIO_KEYS
from timmy_tui.model.stages.watched import HOPS, NETWORK, SETTINGS, UNATTRIBUTED
from timmy_tui.model.turn import Turn, TurnState


def ratios(detector: RegressionDetector, key: str) -> dict[int, float | None]:
    """Ordinal → ratio to the usual."""
    at = RATIO_KEYS.index(key)
    state = detector.ratios
    usual = state.usual[at]
    return {
        turn.ordinal: None if usual is None or (log := turn.logs[at]) is None else math.exp(log - usual)
        for turn in state.turns
    }


def judged(turns: Sequence[Turn]) -> RegressionDetector:
    detector = RegressionDetector()
    for turn in turns:
        detector.add(turn)
    return detector


def median_of(values: dict[int, float | None], first: int, last: int) -> float:
    return statistics.median(value for at, value in values.items() if first <= at < last and value is not None)


def test_settings_and_single_hops_have_none() -> None:
    assert not {*SETTINGS, *HOPS} & {*RATIO_KEYS} and {NETWORK, UNATTRIBUTED, "llm", "retrieve"} <= {*RATIO_KEYS}


@pytest.mark.parametrize(("stage", "factor"), [("retrieve", 1.8), ("llm", 1.25), ("tts", 1.4), ("llm", 0.6)])
def test_a_changed_stage_is_off_by_its_factor_and_the_turns_before_are_usual(stage: str, factor: float) -> None:
    """Also behind the alarm, after which the detector measures from the new level."""
    detector = judged(make_turns(120, seed=8, truth=Truth(stage=stage, factor=factor, at=80)))
    assert any(finding.since in range(78, 84) for finding in detector.findings)
    values = ratios(detector, stage)
    assert median_of(values, 20, 80) == pytest.approx(1.0, abs=0.07)
    assert median_of(values, 82, 120) == pytest.approx(factor, rel=0.08)


def test_more_work_is_no_change() -> None:
    """Answers twice as long from turn 80 on."""
    turns = make_turns(120, seed=8, truth=Truth(workload=lambda number: (2.0 if number >= 80 else 1.0, 1.0)))
    raw = [turn.stages["llm"] or 0.0 for turn in turns]
    assert statistics.median(raw[80:]) > 1.4 * statistics.median(raw[:80])
    assert median_of(ratios(judged(turns), "llm"), 80, 120) == pytest.approx(1.0, abs=0.08)


def test_an_accepted_level_is_the_usual_from_then_on() -> None:
    detector = judged(make_turns(120, seed=8, truth=Truth(stage="retrieve", factor=1.8, at=80)))
    detector.accept(next(finding.key for finding in detector.findings if finding.stage == "retrieve"))
    values = ratios(detector, "retrieve")
    assert median_of(values, 82, 120) == pytest.approx(1.0, abs=0.1)
    assert median_of(values, 20, 80) == pytest.approx(1 / 1.8, rel=0.1)


def flipped(after: int) -> list[Turn]:
    turns = make_turns(80 + after, seed=8, truth=Truth(stage="llm", factor=0.4, at=80))
    return [*turns[:80], *(replace(turn, tail_mode=True, session=999, session_id="new") for turn in turns[80:])]


def test_a_flip_is_measured_by_the_level_before_it_as_long_as_it_is_shown() -> None:
    """The series begins anew with a flip; its columns do not."""
    for shown in (8, 60):
        values = ratios(judged(flipped(shown)), "llm")
        assert median_of(values, 81, 80 + shown) == pytest.approx(0.4, rel=0.15)
    late = ratios(judged(flipped(FLIP_SHOWN_TURNS + 10)), "llm")
    assert median_of(late, 100, 170) == pytest.approx(1.0, abs=0.1)


def test_an_unnamed_gap_stands_out_of_the_usual_ones() -> None:
    detector = judged(make_turns(110, seed=8, truth=Truth(stage="unattributed", factor=400.0, at=90)))
    values = ratios(detector, UNATTRIBUTED)
    assert median_of(values, 20, 90) == pytest.approx(1.0, abs=0.1) and median_of(values, 90, 110) > 20


def test_what_was_usual_ahead_of_a_gap_that_lasts_is_usual_as_long_as_its_finding() -> None:
    """Sixty gaps make the usual one; here the newest sixty are long."""
    detector = judged(make_turns(165, seed=8, truth=Truth(stage="unattributed", factor=400.0, at=90)))
    assert median_of(ratios(detector, UNATTRIBUTED), 100, 165) > 20


def test_the_first_turns_and_turns_that_did_not_complete_have_no_ratio() -> None:
    turns = make_turns(40, seed=8)
    broken = replace(turns[30], state=TurnState.FAILED, headline_ms=None)
    values = ratios(judged([*turns[:30], broken, *turns[31:]]), "retrieve")
    known = [at for at, value in values.items() if value is not None]
    assert min(known) in range(11, 16) and 30 not in values and 31 in known


def test_a_skipped_stage_has_none_in_that_turn() -> None:
    turns = make_turns(80, seed=8)
    values = ratios(judged(turns), "store")
    skipped = [turn.ordinal for turn in turns[60:] if "store" in turn.skipped]
    assert skipped and all(values[at] is None for at in skipped)
