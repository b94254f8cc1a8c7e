"""Which alarm is raised when several stages move, and what ends a finding: on both sides of each rule."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Gap, Turn, TurnState


def wobble(n: int) -> float:
    """A hundredth up and down."""
    return 1 + 0.01 * (n % 3 - 1)


def turn(n: int, times: Callable[[str, int], float] = lambda stage, n: 1.0, **more: Any) -> Turn:
    """A whole turn whose stages are as usual, each times its own factor."""
    base = {"classify": 30.0, "retrieve": 50.0, "network": 20.0, "mute": 200.0, "tts": 700.0}
    stages = {stage: ms * wobble(n) * times(stage, n) for stage, ms in base.items()}
    hops = {stage: 10.0 * wobble(n) * times(stage, n) for stage in ("hop_in", "hop_out")}
    parts = {
        stage: ms * wobble(n) * times(stage, n) for stage, ms in (("prefill", 150.0), ("decode", 450.0), ("wait", 95.0))
    }
    whole = sum(stages.values()) + sum(parts.values())
    fields: dict[str, Any] = {
        "session": 1, "request_id": f"{n:08x}", "stages": {**stages, **hops, **parts, "llm": sum(parts.values())},
        "prefill_ms": parts["prefill"], "decode_ms": parts["decode"], "load_ms": 90.0, "prompt_tokens": 1000 + 50 * n,
        "cached_tokens": 700 + 50 * n, "output_tokens": 50, "reply_length": 80, "headline_ms": whole,
        "unattributed_ms": 0.0, "num_ctx": 8000,
    }  # fmt: skip
    return complete_turn(n, **{**fields, **more})


def after(turns: Sequence[Turn]) -> list[Finding]:
    detector = RegressionDetector()
    for one in turns:
        detector.add(one)
    return list(detector.findings)


def moved(factors: dict[str, float], since: int = 50, count: int = 80) -> list[Turn]:
    return [turn(n, lambda stage, n: factors.get(stage, 1.0) if n >= since else 1.0) for n in range(count)]


def names(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(one.stage, one.direction) for one in findings]


@pytest.mark.parametrize(
    ("factors", "named"),
    [
        ({}, []),
        ({"classify": 2.0}, [("classify", "slower")]),
        ({"classify": 0.5}, [("classify", "faster")]),
        ({"decode": 1.6}, [("decode", "slower")]),
        ({"prefill": 2.0}, [("prefill", "slower")]),
        ({"wait": 3.0}, [("llm", "slower")]),
        ({"tts": 2.0}, [("tts", "slower")]),
        ({"prefill": 2.0, "decode": 2.0}, [("llm", "slower")]),
        ({"prefill": 2.0, "decode": 2.0, "tts": 2.0}, [("gpu", "slower")]),
        ({"decode": 0.5, "tts": 0.5}, [("gpu", "faster")]),
        ({"network": 3.0}, [("network", "slower")]),
        ({"network": 0.3}, [("network", "faster")]),
        # One hop longer by what the other one is shorter: a clock that was set, or nothing.
        ({"hop_in": 1.9, "hop_out": 0.1}, []),
        ({"classify": 2.0, "retrieve": 0.5}, [("classify", "slower"), ("retrieve", "faster")]),
    ],
)
def test_one_cause_has_one_name(factors: dict[str, float], named: list[tuple[str, str]]) -> None:
    """Hops are judged as their sum; parts of the request share a name, with the voice the card's."""
    assert sorted(names(after(moved(factors)))) == sorted(named)


@pytest.mark.parametrize(("apart", "findings"), [(8, 1), (14, 1), (24, 2)])
def test_a_related_stage_joins_within_fifteen_turns(apart: int, findings: int) -> None:
    turns = [
        turn(
            n, lambda stage, n: 2.0 if (stage == "decode" and n >= 50) or (stage == "tts" and n >= 50 + apart) else 1.0
        )
        for n in range(50 + apart + 20)
    ]
    found = after(turns)
    assert len(found) == findings
    assert {one.stage for one in found} == ({"gpu"} if findings == 1 else {"decode", "tts"})


def test_another_way_joins_nothing() -> None:
    found = after(moved({"decode": 2.0, "tts": 0.5}))
    assert sorted(names(found)) == [("decode", "slower"), ("tts", "faster")]


def test_a_gap_between_stages_is_unattributed_time() -> None:
    turns = []
    for n in range(80):
        ms = (20.0 if n < 50 else 60.0) * wobble(n)
        turns.append(turn(n, gaps=(Gap("classify", "retrieve", ms),), unattributed_ms=ms))
    (found,) = after(turns)
    assert (found.stage, found.gap, found.direction) == ("unattributed", "classify→retrieve", "slower")
    assert (found.before_ms, found.after_ms, found.ratio) == pytest.approx((20.0, 60.0, 3.0), rel=0.02)


@pytest.mark.parametrize("flag", [{"num_ctx": 4096}, {"model": "other"}, {"raw": True}, {"tail_mode": True}])
def test_a_flag_that_changes_ends_findings_of_the_request_and_of_no_other(flag: dict[str, Any]) -> None:
    old = {"num_ctx": 8000, "model": "m", "raw": False, "tail_mode": False}
    turns = [
        turn(
            n,
            lambda stage, n: 2.0 if n >= 50 and stage in ("decode", "classify") else 1.0,
            **{**old, **(flag if n >= 70 else {})},
        )
        for n in range(90)
    ]
    found = {one.stage: one.ended for one in after(turns)}
    assert found == {"decode": "new epoch", "classify": ""}


def test_the_first_turn_of_a_session_shows_no_tail_mode() -> None:
    """It never is a tail turn, whatever the flag says."""
    turns = [
        turn(n, lambda stage, n: 2.0 if n >= 50 and stage == "decode" else 1.0, tail_mode=n not in (0, 70),
             session=1 if n < 70 else 2)
        for n in range(90)
    ]  # fmt: skip
    assert [one.ended for one in after(turns)] == [""]


@pytest.mark.parametrize(("load_ms", "judged"), [(90.0, True), (270.0, True), (271.0, False), (501.0, False)])
def test_a_turn_that_loaded_the_model_says_nothing_of_the_request(load_ms: float, judged: bool) -> None:
    """More than three times the usual 90 ms, or than half a second."""
    turns = [
        turn(n, lambda stage, n: 2.0 if n >= 50 and stage == "decode" else 1.0, load_ms=load_ms if n >= 50 else 90.0)
        for n in range(60)
    ]
    assert ("decode" in {one.stage for one in after(turns)} or "llm" in {one.stage for one in after(turns)}) is judged


@pytest.mark.parametrize("state", [TurnState.FAILED, TurnState.ABORTED, TurnState.TIMED_OUT])
def test_only_complete_turns_are_judged(state: TurnState) -> None:
    turns = [
        turn(n, lambda stage, n: 2.0 if n >= 50 else 1.0, **({"state": state} if n >= 50 else {})) for n in range(80)
    ]
    assert after(turns) == []


def test_the_first_turn_of_a_session_is_not_judged() -> None:
    """Twenty sessions of one slow turn, and then of two: the second of each is judged."""
    turns = [turn(n) for n in range(50)]
    turns += [turn(50 + n, lambda stage, n: 3.0, session=2 + n) for n in range(20)]
    assert after(turns) == []
    turns = [turn(n) for n in range(50)]
    turns += [turn(50 + n, lambda stage, n: 3.0 if stage == "classify" else 1.0, session=2 + n // 2) for n in range(20)]
    assert names(after(turns)) == [("classify", "slower")]


def test_a_turn_that_was_judged_is_not_judged_again() -> None:
    detector = RegressionDetector()
    turns = moved({"classify": 2.0}, count=54)
    for one in [*turns, *turns[-3:], *turns[-3:]]:
        detector.add(one)
    assert detector.findings == ()
    (found,) = detector.add(turn(54, lambda stage, n: 2.0 if stage == "classify" else 1.0))
    assert (found.stage, found.since, found.n) == ("classify", 50, 5)


def test_the_whole_is_slower_where_no_stage_says_why() -> None:
    """Time that no stage and no gap shows."""
    turns = [
        replace(one, headline_ms=(one.headline_ms or 0.0) * (1.6 if one.ordinal >= 50 else 1.0))
        for one in map(turn, range(90))
    ]
    (found,) = after(turns)
    assert (found.stage, found.direction, found.since) == ("V2V", "slower", 50)
    assert found.ratio == pytest.approx(1.6, rel=0.02)


# --- findings ---


def detector_with(factors: dict[str, float]) -> RegressionDetector:
    detector = RegressionDetector()
    for one in moved(factors):
        detector.add(one)
    return detector


def test_the_answers_of_the_user() -> None:
    detector = detector_with({"classify": 2.0, "retrieve": 2.0})
    classify = next(one for one in detector.findings if one.stage == "classify")
    detector.acknowledge(classify.key)
    assert {one.stage: one.acknowledged for one in detector.findings} == {"classify": True, "retrieve": False}
    detector.acknowledge("nothing")
    detector.accept(classify.key)
    assert [(one.stage, one.ended) for one in detector.findings] == [("retrieve", ""), ("classify", "accepted")]
    detector.accept(classify.key)
    detector.mute("retrieve")
    assert [(one.stage, one.ended) for one in detector.findings] == [("retrieve", "muted"), ("classify", "accepted")]


def test_a_muted_stage_raises_nothing_until_it_is_heard_again() -> None:
    def findings(calls: int) -> int:
        detector = RegressionDetector()
        for _ in range(calls):
            detector.mute("classify")
        for one in moved({"classify": 2.0}):
            detector.add(one)
        return len(detector.findings)

    assert [findings(calls) for calls in range(4)] == [1, 0, 1, 0]


def test_a_finding_counts_its_turns() -> None:
    detector = RegressionDetector()
    counts = []
    for one in moved({"classify": 2.0}, count=60):
        detector.add(one)
        counts += [finding.n for finding in detector.findings]
    assert counts == [5, 6, 7, 8, 9, 10]


def test_fifty_ended_findings_are_remembered() -> None:
    detector = RegressionDetector()
    for n in range(1700):
        level = 60.0 if (n // 15) % 2 else 30.0
        detector.add(complete_turn(n, session=1, stages={"classify": level * wobble(n)}))
    ended = [one for one in detector.findings if one.ended]
    assert len(ended) == 50
    assert [one.raised for one in ended] == sorted((one.raised for one in ended), reverse=True)


@pytest.mark.parametrize("stage", ["prefill", "classify"])
def test_a_stage_that_moves_again_and_again_is_judged_all_the_while(stage: str) -> None:
    """Prefill needs twenty values for a first level, six behind a move: between these nothing is forgotten."""
    turns = [turn(n, lambda one, n: 2.0 ** (n // 17 % 2) if one == stage else 1.0) for n in range(260)]
    assert any(one.ended == "back to usual" for one in after(turns))
