"""Level alarms: the right stage, the right way, once; and silence where nothing moved."""

import math
from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.scenarios import one_step
from bench.judgement.score import NAMES, detect, looks_ahead
from bench.judgement.shapes import slowed, without
from bench.judgement.turns import Truth, make_turns
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import CRITICAL
from timmy_tui.model.turn import Gap, Turn, TurnState


def fed(turns: Sequence[Turn]) -> RegressionDetector:
    detector = RegressionDetector()
    for turn in turns:
        detector.add(turn)
    return detector


def lasting(detector: RegressionDetector) -> list[Finding]:
    return [finding for finding in detector.findings if not finding.ended]


@pytest.mark.parametrize("stage", ["classify", "decode", "tts", "prefill"])
def test_a_doubled_stage_is_named_within_ten_turns_and_nothing_else_is(stage: str) -> None:
    log = one_step(stage, 2.0, seed=33)
    assert log.at is not None
    first, *rest = [alarm for alarm in detect(log.turns) if alarm.at >= log.at]
    assert first.stage in NAMES.get(stage, (stage,))
    assert first.slower
    assert first.at < log.at + 10
    assert rest == []


def test_a_finding_says_when_it_began_and_by_how_much() -> None:
    log = one_step("classify", 2.0, seed=7)
    (finding,) = lasting(fed(log.turns))
    assert log.at is not None
    assert abs(finding.since - log.at) <= 3
    assert log.turns[finding.since].request_id == finding.since_id
    assert log.turns[finding.raised].request_id == finding.raised_id
    assert 1.6 < finding.ratio < 2.5
    assert finding.after_ms == pytest.approx(finding.before_ms * finding.ratio)
    # The least evidence of an alarm is 5.9.
    assert 1 - math.exp(-5.9 / 3) <= finding.confidence <= 1.0
    assert finding.n >= len(log.turns) - log.at - 10


def test_a_finding_says_what_it_was_adjusted_for() -> None:
    (finding,) = lasting(fed(one_step("decode", 2.0, seed=3).turns))
    assert "output tokens" in finding.adjusted_for


def test_a_faster_stage_is_a_finding_too() -> None:
    alarms = detect(one_step("retrieve", 0.5, seed=5).turns)
    assert [(alarm.stage, alarm.slower) for alarm in alarms] == [("retrieve", False)]


def test_nothing_is_said_of_a_steady_hour_of_300_turns() -> None:
    assert detect(make_turns(300, seed=11)) == []


def test_longer_answers_are_not_slower() -> None:
    longer = Truth(workload=lambda number: (2.2, 1.6) if number >= 100 else (1.0, 1.0))
    assert detect(make_turns(220, seed=12, truth=longer)) == []


def test_single_slow_turns_are_not_a_level() -> None:
    turns = [slowed(turn, "retrieve", 15.0 if turn.ordinal % 29 == 0 else 1.0) for turn in make_turns(240, seed=13)]
    assert detect(turns) == []


def test_llm_and_tts_together_are_the_gpu() -> None:
    detector = fed(one_step("gpu", 2.0, seed=4).turns)
    assert {finding.stage for finding in lasting(detector)} == {"gpu"}


def test_a_new_gap_is_named_by_its_place() -> None:
    log = one_step("unattributed", 640.0, seed=9)
    (finding,) = lasting(fed([replace(one, skipped=one.skipped) for one in log.turns if one.stages["store"] is None]))
    assert (finding.stage, finding.gap, finding.direction) == ("unattributed", "classify→retrieve", "slower")


@pytest.mark.parametrize("cut", [40, 101, 120])
def test_a_log_cut_short_gives_the_same_alarms(cut: int) -> None:
    log = one_step("tts", 1.6, seed=21)
    assert detect(log.turns)
    assert looks_ahead(detect, log.turns, [cut]) == 0


def test_a_turn_told_again_changes_nothing() -> None:
    turns = make_turns(60, seed=2)
    once, twice = RegressionDetector(), RegressionDetector()
    for turn in turns:
        once.add(turn)
        twice.add(turn)
        assert twice.add(slowed(turn, "retrieve", 50.0)) == ()
    assert once.findings == twice.findings


def test_a_level_that_returns_ends_its_finding_with_a_reason() -> None:
    turns = make_turns(260, seed=14)
    detector = fed([slowed(turn, "classify", 2.0 if 100 <= turn.ordinal < 160 else 1.0) for turn in turns])
    assert lasting(detector) == []
    assert [finding.ended for finding in detector.findings] == ["back to usual"]


def test_accepted_acknowledged_and_muted() -> None:
    log = one_step("classify", 2.0, seed=15)
    detector = fed(log.turns)
    (finding,) = lasting(detector)
    detector.acknowledge(finding.key)
    assert lasting(detector)[0].acknowledged
    detector.accept(finding.key)
    assert [one.ended for one in detector.findings] == ["accepted"]

    quiet = RegressionDetector()
    quiet.mute("classify")
    for turn in log.turns:
        quiet.add(turn)
    assert quiet.findings == ()


def test_a_flip_of_a_flag_is_no_alarm() -> None:
    """What a flag does is for the comparison to say."""
    turns = make_turns(200, seed=16)
    start = next(turn.session for turn in turns if turn.ordinal > 100) + 1
    sessions: set[int] = set()
    flipped = []
    for turn in turns:
        later = turn.session >= start
        first = turn.session not in sessions
        sessions.add(turn.session)
        one = slowed(turn, "prefill", 0.3 if later else 1.0)
        flipped.append(replace(one, tail_mode=later and not first))
    assert any(turn.tail_mode for turn in flipped)
    assert detect(flipped) == []


def test_the_first_turn_after_a_restart_is_not_judged() -> None:
    turns = [replace(turn, session=turn.ordinal, session_id=str(turn.ordinal)) for turn in make_turns(80, seed=17)]
    assert detect([slowed(turn, "retrieve", 30.0 if turn.ordinal > 40 else 1.0) for turn in turns]) == []


def _tokens_missing(turn: Turn) -> Turn:
    return replace(turn, prompt_tokens=None, output_tokens=None, prefill_ms=None, decode_ms=None, reply_length=None)


def _constant(turn: Turn) -> Turn:
    """The same work in the same time, turn after turn."""
    stages = {stage: None if ms is None else 50.0 for stage, ms in turn.stages.items()} | {"llm": 150.0}
    total = sum(stages[stage] or 0.0 for stage in CRITICAL) + 1.0
    return replace(
        turn,
        stages=stages,
        prefill_ms=50.0,
        decode_ms=50.0,
        headline_ms=total,
        v2v_ms=total,
        unattributed_ms=1.0,
        gaps=(Gap("classify", "retrieve", 1.0),),
        prompt_tokens=1000,
        output_tokens=50,
        text_length=40,
        reply_length=200,
    )


def _day_later(turn: Turn) -> Turn:
    return turn if turn.ordinal < 60 else replace(turn, started=(turn.started or 0.0) + 86_400)


def _clock_stepped(turn: Turn) -> Turn:
    if turn.ordinal < 60:
        return turn
    apart = dict.fromkeys(("hop_in", "hop_out"))
    if turn.ordinal > 60:
        return replace(turn, stages={**turn.stages, **apart}, unmeasured=dict.fromkeys(apart, "clocks differ"))
    stages = {**turn.stages, **apart, "network": None, "llm": None, "wait": None}
    unmeasured = dict.fromkeys((*apart, "network", "llm", "wait", "V2V"), "a clock stepped")
    return replace(
        turn, stages=stages, unmeasured=unmeasured, headline_ms=None, v2v_ms=None, unattributed_ms=None, gaps=()
    )


def _zero(turn: Turn) -> Turn:
    return replace(turn, stages=dict.fromkeys(turn.stages, 0.0), headline_ms=0.0, prefill_ms=0.0, decode_ms=0.0)


def _nothing(turn: Turn) -> Turn:
    return replace(turn, stages=dict.fromkeys(turn.stages), headline_ms=None, gaps=(), unattributed_ms=None)


def _interleaved(turn: Turn) -> Turn:
    number = turn.ordinal % 2
    return replace(turn, session=number, session_id=f"s{number}")


@pytest.mark.parametrize(
    "damage",
    [
        _tokens_missing,
        _constant,
        _day_later,
        _clock_stepped,
        _zero,
        _nothing,
        _interleaved,
        lambda turn: without(turn, "stt"),
        lambda turn: without(turn, "tts"),
        lambda turn: replace(turn, state=TurnState.ABORTED if turn.ordinal % 3 else TurnState.FAILED),
    ],
)
def test_a_log_in_a_bad_way_gives_no_made_up_alarm(damage: Callable[[Turn], Turn]) -> None:
    assert detect([damage(turn) for turn in make_turns(130, seed=18)]) == []


def test_three_turns_raise_no_alarm() -> None:
    assert detect([slowed(turn, "llm", 1.0 + 20 * turn.ordinal) for turn in make_turns(3, seed=1)]) == []


def test_only_complete_turns_count() -> None:
    log = one_step("classify", 3.0, seed=19)
    broken = [replace(turn, state=TurnState.TIMED_OUT) if turn.ordinal >= (log.at or 0) else turn for turn in log.turns]
    assert detect(broken) == []


def test_a_hop_that_takes_two_seconds_is_the_network_and_not_the_whole() -> None:
    turns = [slowed(turn, "hop_in", 600.0 if turn.ordinal >= 60 else 1.0) for turn in make_turns(120, seed=20)]
    (finding,) = lasting(fed(turns))
    assert (finding.stage, finding.direction) == ("network", "slower")
