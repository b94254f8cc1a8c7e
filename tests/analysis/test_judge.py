"""All of it together, turn by turn: a flip opens a verdict, which waits until it can speak."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.scenarios import one_step
from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.turn import Turn


def conversation(before: int, after: int, stage: str = "llm", factor: float = 1.0) -> list[Turn]:
    """``before`` turns, a restart with tail mode on, ``after`` turns."""
    turns = []
    for turn in make_turns(before + after, seed=14):
        later = turn.ordinal >= before
        one = replace(turn, session=2 if later else 1, session_id="two" if later else "one")
        one = slowed(one, stage, factor if later else 1.0)
        turns.append(replace(one, tail_mode=turn.ordinal > before))
    return turns


def fed(turns: Sequence[Turn]) -> tuple[Judge, JudgementState]:
    judge = Judge()
    for turn in turns:
        judge.add(turn)
    return judge, judge.state()


def test_nothing_is_judged_before_a_flip() -> None:
    _, state = fed(conversation(20, 0))
    assert state.verdict is None
    assert state.diagnosis is not None


def test_a_flip_waits_until_it_can_speak_and_then_does() -> None:
    turns = conversation(30, 20, factor=0.4)
    judge = Judge()
    verdicts = []
    for turn in turns:
        judge.add(turn)
        verdict = judge.state().verdict
        if verdict is not None:
            verdicts.append((verdict.wanted, verdict.sentence))
    waiting = [wanted for wanted, _ in verdicts if wanted]
    assert waiting == sorted(waiting, reverse=True)
    assert waiting[-1] == 1
    wanted, sentence = verdicts[-1]
    assert wanted == 0
    assert "LLM ×" in sentence and "V2V −" in sentence
    state = judge.state()
    assert state.verdict is not None
    assert (state.verdict.a, state.verdict.b) == ("epoch:1", "epoch:2")
    assert {one.stage: one.verdict for one in state.verdict.stages}["V2V"] == "faster"
    assert state.findings == ()


def test_a_flip_that_changes_nothing_says_that() -> None:
    _, state = fed(conversation(30, 25))
    assert state.verdict is not None
    assert {one.verdict for one in state.verdict.stages} <= {"unchanged", "too few turns", "cannot tell"}
    assert state.verdict.sentence.startswith("cannot tell yet: V2V ×")


def test_marks_enter_the_verdict_and_can_be_taken_back() -> None:
    turns = conversation(20, 12, factor=0.4)
    judge, _ = fed(turns)
    judge.mark(turns[-1], "bad")
    state = judge.state()
    assert state.quality == ((turns[-1].ordinal, "bad"),)
    assert state.verdict is not None and "marked bad" in state.verdict.sentence
    judge.mark(turns[-1], "bad")
    assert judge.state().quality == ()


def test_a_finding_is_answered() -> None:
    judge, state = fed(one_step("classify", 2.0, seed=15).turns)
    (finding,) = state.findings
    judge.answer(finding.key, "acknowledge")
    assert judge.state().findings[0].acknowledged
    judge.answer(finding.key, "accept")
    assert [one.ended for one in judge.state().findings] == ["accepted"]
    judge.answer("no such key", "accept")


def test_mute_by_the_key_of_a_finding() -> None:
    judge, state = fed(one_step("classify", 2.0, seed=15).turns)
    judge.answer(state.findings[0].key, "mute")
    assert [one.ended for one in judge.state().findings] == ["muted"]


def test_a_revision_is_not_judged_twice_but_the_verdict_sees_it() -> None:
    turns = conversation(20, 12, factor=0.4)
    judge, state = fed(turns)
    assert state.verdict is not None and state.verdict.signals == (0, 0)
    judge.add(replace(turns[-1], signals=frozenset({"error"})))
    again = judge.state()
    assert again.diagnosis is state.diagnosis
    assert again.verdict is not None and again.verdict.signals == (0, 1)


def test_the_state_is_the_same_object_until_something_happens() -> None:
    judge, state = fed(conversation(10, 0))
    assert judge.state() is state


def test_two_sessions_interleaved_do_not_crash_and_make_no_flip() -> None:
    turns = [replace(turn, session=turn.ordinal % 2) for turn in make_turns(60, seed=3)]
    _, state = fed(turns)
    assert (state.verdict, state.findings) == (None, ())


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_turns_give_no_finding_and_no_verdict(count: int) -> None:
    _, state = fed(make_turns(count, seed=1))
    assert (state.findings, state.verdict) == ((), None)
