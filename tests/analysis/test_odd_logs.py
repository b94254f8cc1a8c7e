"""Detector, diagnosis and judge together on logs that nobody planned for: no error, no untrue word, no growing cost."""

import gc
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.detect import level
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.judge import REMEMBERED, Judge
from timmy_tui.analysis.stats.workload import Fit, fit_work
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.turn import Turn

DAY_S = 86_400.0


def judged(turns: Sequence[Turn]) -> JudgementState:
    """The state is asked for after every turn, as the screen does."""
    judge = Judge()
    state = judge.state()
    for turn in turns:
        judge.add(turn)
        state = judge.state()
        assert state.diagnosis is not None and state.diagnosis.ordinal == turn.ordinal
    return state


def constant(n: int, **more: Any) -> Turn:
    """Every figure of every turn is the same."""
    parts = {"prefill": 120.0, "decode": 450.0, "wait": 95.0}
    stages = {"stt_final": 6.0, "classify": 30.0, "retrieve": 50.0, "prompt": 4.0, "llm": 665.0, **parts, "tts": 700.0}
    whole = 6.0 + 30.0 + 50.0 + 4.0 + 665.0 + 700.0
    fields: dict[str, Any] = {
        "session": 1, "request_id": f"{n:08x}", "stages": stages, "headline_ms": whole, "v2v_ms": whole,
        "unattributed_ms": 0.0, "prompt_tokens": 1000 + 60 * n, "output_tokens": 50, "prefill_ms": 120.0,
        "decode_ms": 450.0, "reply_length": 215, "text_length": 40, "started": 1.7e9 + 20 * n,
    }  # fmt: skip
    return complete_turn(n, **{**fields, **more})


def scaled(turn: Turn, stage: str, factor: float) -> Turn:
    ms = turn.stages[stage] or 0.0
    whole = (turn.headline_ms or 0.0) + (factor - 1) * ms
    return replace(turn, stages={**turn.stages, stage: ms * factor}, headline_ms=whole, v2v_ms=whole)


def test_three_turns_are_too_few_and_it_is_said() -> None:
    state = judged(make_turns(3, seed=1))
    assert (state.findings, state.verdict) == ((), None)
    assert state.diagnosis is not None and state.diagnosis.sentence == "too few turns: 6 more"


def test_constants_are_as_usual() -> None:
    state = judged([constant(n) for n in range(120)])
    assert state.findings == ()
    assert state.diagnosis is not None and state.diagnosis.sentence.startswith("as usual for that work")
    assert state.diagnosis.excess_ms == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize(("factor", "said"), [(1.03, False), (1.3, True)])
def test_a_log_without_noise_is_taken_to_have_two_per_cent(factor: float, said: bool) -> None:
    """A step of any size is many scales of nothing; 3 % of a stage is no news."""
    state = judged([scaled(constant(n), "classify", factor if n >= 60 else 1.0) for n in range(90)])
    assert [one.stage for one in state.findings] == ["classify"] * said
    for one in state.findings:
        assert one.since == 60 and one.ratio == pytest.approx(factor, rel=0.01)


def test_a_gap_of_a_day_is_no_change() -> None:
    """The machine was off: nothing became slower, and what is usual is still usual."""
    turns = make_turns(160, seed=5)
    rested = [replace(turn, started=(turn.started or 0.0) + (DAY_S if turn.ordinal >= 80 else 0.0)) for turn in turns]
    assert [one.key for one in judged(rested).findings] == [one.key for one in judged(turns).findings] == []
    slower = [scaled(turn, "classify", 2.0 if turn.ordinal >= 80 else 1.0) for turn in rested]
    assert [one.stage for one in judged(slower).findings] == ["classify"]


def test_sessions_of_one_turn_have_no_finding_and_a_usual_of_their_own() -> None:
    """Each is the first of its session, which is cold: the detector is silent, the diagnosis is not."""
    turns = [replace(turn, session=turn.ordinal, session_id=f"s{turn.ordinal}") for turn in make_turns(60, seed=6)]
    slow = [*turns[:-1], scaled(turns[-1], "classify", 300.0)]
    state = judged(slow)
    assert (state.findings, state.verdict) == ((), None)
    assert state.diagnosis is not None and state.diagnosis.slow
    assert "(first turn of a session" in state.diagnosis.sentence and "CLASS +" in state.diagnosis.sentence


@pytest.mark.parametrize("factor", [1.0, 20.0])
def test_a_stage_in_one_turn_of_fifty_makes_no_level_and_no_alarm(factor: float) -> None:
    """Ten values in 500 turns; the last of them as usual, or twenty times as long."""
    turns = [constant(n, skipped=frozenset({"store"})) for n in range(501)]
    for n in range(0, 501, 50):
        turns[n] = with_store(turns[n], 300.0 * (factor if n == 500 else 1.0))
    state = judged(turns)
    assert state.findings == ()
    assert state.diagnosis is not None and "with a memory store" in state.diagnosis.sentence
    assert state.diagnosis.slow is (factor > 1)


def with_store(turn: Turn, ms: float) -> Turn:
    whole = (turn.headline_ms or 0.0) + ms
    return replace(turn, stages={**turn.stages, "store": ms}, headline_ms=whole, v2v_ms=whole, skipped=frozenset())


def test_turns_of_which_only_the_headline_is_known() -> None:
    """Nothing is made of nothing; the whole is as long as it is."""
    bare = [
        complete_turn(n, session=1, request_id=f"{n:08x}", headline_ms=2000.0 + n % 3, v2v_ms=2000.0 + n % 3)
        for n in range(100)
    ]
    slower = [replace(turn, headline_ms=5000.0, v2v_ms=5000.0) if turn.ordinal >= 80 else turn for turn in bare]
    for turns in (bare, slower):
        state = judged(turns)
        assert state.verdict is None
        assert state.diagnosis is not None and "as usual" not in state.diagnosis.sentence
        assert all(one.stage == "V2V" for one in state.findings)


def test_turns_that_took_no_time_are_compared() -> None:
    """A comparison of them raised IndexError."""
    nothing = [
        constant(n, stages=dict.fromkeys(constant(0).stages, 0.0), headline_ms=0.0, v2v_ms=0.0) for n in range(40)
    ]
    some = [one if one.ordinal % 2 else constant(one.ordinal) for one in nothing]
    for turns in (nothing, some):
        assert judged(turns).findings == ()
        told = compare(turns[:20], turns[20:])
        assert {row.verdict for row in told.stages} <= {"unchanged", "cannot tell"}


def test_turns_of_which_nothing_is_known() -> None:
    state = judged([complete_turn(n, session=1, request_id=f"{n:08x}") for n in range(60)])
    assert (state.findings, state.verdict) == ((), None)
    assert state.diagnosis is not None and state.diagnosis.sentence == "not measured: too few events"


@pytest.mark.parametrize(("count", "sessions", "told"), [(13, 1, False), (14, 1, True), (60, 60, False)])
def test_a_log_in_which_nothing_could_be_judged_is_known(count: int, sessions: int, told: bool) -> None:
    """The first turn of a session is cold, twelve make a level, and the next is judged."""
    detector = RegressionDetector()
    for n in range(count):
        detector.add(constant(n, session=n * sessions // count))
    assert detector.has_judged is told


# --- a log without end ---

SPAN = 1000
"""Turns between two looks."""


def endless(n: int) -> Turn:
    """Sessions of 400 turns, a level that moves now and then, a memory that is stored now and then."""
    ms = 30.0 * (1.0, 1.0, 2.0)[n // 350 % 3] * (1 + 0.01 * (n * 7 % 5 - 2))
    one = constant(n % 40, ordinal=n, request_id=f"{n:08x}", session=n // 400, started=1.7e9 + 20 * n)
    one = scaled(one, "classify", ms / 30.0)
    return with_store(one, 300.0) if n % 9 == 0 else replace(one, skipped=frozenset({"store"}))


def held(judge: Judge) -> int:
    """Objects that the judge holds, whatever they are."""
    seen: set[int] = set()
    left: list[Any] = [judge]
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, type) or callable(one):
            continue
        seen.add(id(one))
        left += gc.get_referents(one)
    return len(seen)


def test_neither_memory_nor_cost_grows_with_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard runs for months. Counted are objects, and fits, which are most of what a turn costs.

    What is held of each restart, some twenty objects of its epoch, is not counted: there are few.
    """
    fits = 0

    def counted(*given: Any, **more: Any) -> Fit:
        nonlocal fits
        fits += 1
        return fit_work(*given, **more)

    monkeypatch.setattr(level, "fit_work", counted)
    judge = Judge()
    objects, costs = [], []
    for n in range(6 * SPAN):
        judge.add(endless(n))
        if n % SPAN == SPAN - 1:
            judge.state()
            objects.append(held(judge))
            costs.append(fits)
            fits = 0
    assert len(judge.turns) == REMEMBERED == 500
    # Behind the first two thousand every reference is full.
    assert max(objects[3:]) < 1.05 * objects[2]
    assert max(costs[3:]) < 1.1 * costs[2]
    assert any(one.ended for one in judge.state().findings)
