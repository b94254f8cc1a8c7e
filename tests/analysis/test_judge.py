"""All of it together, turn by turn: a flip opens a verdict, which waits until it can speak."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.scenarios import one_step
from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.analysis.detect.test_alarm_rules import moved
from tests.turn_makers import complete_turn
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.turn import Span, Turn


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


def test_of_two_findings_the_one_with_the_key_is_muted() -> None:
    for stage, other in (("classify", "retrieve"), ("retrieve", "classify")):
        judge, state = fed(moved({"classify": 2.0, "retrieve": 2.0}))
        judge.answer(next(one.key for one in state.findings if one.stage == stage), "mute")
        assert {one.stage: one.ended for one in judge.state().findings} == {stage: "muted", other: ""}


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


# --- which turns a flip is judged by ---


def run(*sessions: tuple[bool | None, bool], turns: int = 9) -> tuple[Judge, JudgementState]:
    """Sessions of so many turns, each under (tail mode, raw)."""
    return fed([
        complete_turn(100 * number + at, session=number, session_id=f"s{number}", tail_mode=tail if at else None,
                      raw=raw, span=Span.V2V, headline_ms=1000.0 + at, stages={"classify": 30.0})
        for number, (tail, raw) in enumerate(sessions, 1)
        for at in range(turns)
    ])  # fmt: skip


OFF, ON = (False, False), (True, False)


@pytest.mark.parametrize(
    ("sessions", "a", "b", "counts"),
    [
        ([OFF, ON], "epoch:1", "epoch:2", (8, 8)),
        # A restart is no change: what ran under the same flags is one side, on either.
        ([OFF, OFF, ON], "epochs:1-2", "epoch:3", (16, 8)),
        ([OFF, ON, ON], "epoch:1", "epochs:2-3", (8, 16)),
        ([OFF, OFF, ON, ON, ON], "epochs:1-2", "epochs:3-5", (16, 24)),
        # The newest change counts, and what ran ahead of the one before it is not its other side.
        ([OFF, ON, (True, True)], "epoch:2", "epoch:3", (8, 8)),
        ([OFF, ON, ON, (True, True), (True, True)], "epochs:2-3", "epochs:4-5", (16, 16)),
    ],
)
def test_a_flip_is_judged_by_what_ran_under_the_same_flags_around_it(
    sessions: list[tuple[bool, bool]], a: str, b: str, counts: tuple[int, int]
) -> None:
    _, state = run(*sessions)
    verdict = state.verdict
    assert verdict is not None and not verdict.undone
    assert (verdict.a, verdict.b, (verdict.n_a, verdict.n_b)) == (a, b, counts)


@pytest.mark.parametrize(
    ("sessions", "undone", "a", "b", "changed"),
    [
        ([OFF, ON, OFF], True, "epoch:1", "epoch:2", {"tail-mode"}),
        ([OFF, OFF, ON, ON, OFF, OFF], True, "epochs:1-2", "epochs:3-4", {"tail-mode"}),
        ([OFF, (True, True), OFF], True, "epoch:1", "epoch:2", {"tail-mode", "raw"}),
        ([OFF, ON, OFF, ON], True, "epoch:2", "epoch:3", {"tail-mode"}),
        # One of two flags that were changed together is as it was, or another one changed as well.
        ([OFF, (True, True), (True, False)], False, "epoch:2", "epoch:3", {"raw"}),
        ([OFF, ON, (False, True)], False, "epoch:2", "epoch:3", {"tail-mode", "raw"}),
    ],
)
def test_a_change_that_was_taken_back_is_judged_while_it_ran(
    sessions: list[tuple[bool, bool]], undone: bool, a: str, b: str, changed: set[str]
) -> None:
    _, state = run(*sessions)
    verdict = state.verdict
    assert verdict is not None
    assert (verdict.undone, verdict.a, verdict.b) == (undone, a, b)
    assert verdict.sentence.startswith("undone; while it ran: ") is undone
    assert {one.flag for one in verdict.changes} == changed


def test_turns_of_an_epoch_are_counted_back_from_the_running_one() -> None:
    judge, _ = run(OFF, ON, OFF, turns=3)
    assert [[turn.session for turn in judge.of_epoch(back)] for back in range(4)] == [[3] * 3, [2] * 3, [1] * 3, []]


def test_marks_and_notes() -> None:
    judge, _ = run(OFF, turns=3)
    first, second, third = judge.turns
    judge.mark(first, "good")
    judge.mark(second, "bad")
    judge.note(second, "too curt")
    judge.note(third, "of no marked turn")
    state = judge.state()
    assert state.quality == ((first.ordinal, "good"), (second.ordinal, "bad"))
    assert state.notes == ((second.ordinal, "too curt"),)
    # Another mark takes the place of the first and leaves the note; an empty note takes it away.
    judge.mark(second, "good")
    assert judge.state().notes == ((second.ordinal, "too curt"),)
    judge.note(second, "")
    assert (judge.state().quality, judge.state().notes) == (((first.ordinal, "good"), (second.ordinal, "good")), ())
    judge.note(second, "again")
    judge.mark(second, None)
    judge.mark(first, "good")
    assert (judge.state().quality, judge.state().notes) == ((), ())


def test_turns_are_given_in_the_order_in_which_they_happened() -> None:
    judge = Judge()
    for ordinal, place in ((0, (0, 0, 0)), (1, (2, 0, 0)), (2, (1, 0, 0))):
        judge.add(complete_turn(ordinal, place=place))
    assert [turn.ordinal for turn in judge.turns] == [0, 2, 1]


def test_a_verdict_is_the_same_where_the_oldest_epochs_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart every ten turns, and a flip at turn 560 of 600: a judge has the newest 500."""
    turns = [
        replace(
            slowed(turn, "llm", 0.4 if turn.ordinal > 560 else 1.0),
            session=1 + turn.ordinal // 10, session_id=f"s{turn.ordinal // 10}", tail_mode=turn.ordinal > 560,
        )
        for turn in make_turns(600, seed=15)
    ]  # fmt: skip
    judge, all_of_them = fed(turns)
    monkeypatch.setattr("timmy_tui.analysis.stats.epochs.MOST_EPOCHS", 5)
    short, few_of_them = fed(turns)
    assert len(short.epochs) < len(judge.epochs) and short.epochs[-1].number == judge.epochs[-1].number
    assert all_of_them.verdict is not None and all_of_them.verdict == few_of_them.verdict
    for back in range(4):
        assert short.of_epoch(back) == judge.of_epoch(back) != []
