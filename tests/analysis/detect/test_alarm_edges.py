"""Which findings are one, what a finding of the whole says, how long ended ones lasted: both sides of each edge."""

from collections.abc import Callable

import pytest

from tests.analysis.detect import test_occurrence as occurrence
from tests.analysis.detect.test_alarm_rules import after, moved, names, turn, wobble
from tests.analysis.detect.test_findings import finding, finding_of, store
from timmy_tui.analysis.detect.cusum import Bank
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.findings import BACK, NEW_EPOCH
from timmy_tui.analysis.detect.moves import Move
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.flags.table import WrittenValue
from timmy_tui.model.stages.watched import V2V
from timmy_tui.model.turn import Turn


def factors(**since: int) -> Callable[[str, int], float]:
    """Each stage takes twice as long from its turn on."""
    return lambda stage, n: 2.0 if n >= since.get(stage, 1000) else 1.0


def raised(**since: int) -> dict[str, int]:
    """Name of each finding → the turn that raised it."""
    return {one.stage: one.raised for one in after([turn(n, factors(**since)) for n in range(85)])}


@pytest.mark.parametrize(("apart", "findings"), [(15, {"gpu"}), (16, {"decode", "tts"})])
def test_a_related_stage_joins_up_to_fifteen_turns_after_the_alarm_and_not_later(
    apart: int, findings: set[str]
) -> None:
    """Counted from alarm to alarm: the second one comes by itself at the turn that is wanted here."""
    first = raised(decode=50)["decode"]
    wanted = first + apart
    begins = next(at for at in range(wanted - 8, wanted) if raised(tts=at)["tts"] == wanted)
    assert raised(decode=50, tts=begins).keys() == findings


def test_a_stage_joins_its_related_one_whatever_stands_before_that() -> None:
    """The stage that got faster has an older finding; it is of no concern here."""
    turns = [
        turn(n, lambda stage, n: 0.5 if stage == "retrieve" and n >= 35 else factors(decode=50, tts=56)(stage, n))
        for n in range(90)
    ]
    assert sorted(names(after(turns))) == [("gpu", "slower"), ("retrieve", "faster")]


def test_a_stage_of_the_card_joins_none_that_is_not_and_the_other_way_round() -> None:
    """Both move at the same time and the same way."""
    for other, of_card in (("classify", "tts"), ("retrieve", "decode")):
        for at in (50, 55):
            for stages in ({other: 50, of_card: at}, {of_card: 50, other: at}):
                assert raised(**stages).keys() == {other, of_card}


# -- the whole


def longer(ms: float, since: int = 50, count: int = 80) -> list[Turn]:
    """The whole takes so much longer from a turn on, and no stage says where."""
    usual = [turn(n) for n in range(count)]
    return [
        turn(n, headline_ms=(one.headline_ms or 0.0) + (ms * wobble(n) if n >= since else 0.0))
        for n, one in enumerate(usual)
    ]


def test_a_whole_that_is_slower_by_itself_is_told_in_its_own_milliseconds() -> None:
    usual = sorted(one.headline_ms or 0.0 for one in longer(0.0)[1:50])[24]
    for ms, direction in ((600.0, "slower"), (-600.0, "faster")):
        (found,) = after(longer(ms))
        assert (found.stage, found.direction) == (V2V, direction)
        assert found.before_ms == pytest.approx(usual, rel=0.005)
        assert found.after_ms == pytest.approx(usual + ms, rel=0.01)
        assert found.cost_ms == pytest.approx(ms, rel=0.05)


def test_the_usual_whole_is_what_stood_ahead_of_the_move_and_nothing_since() -> None:
    """Six hundred ms more in the last turns ahead of the alarm are no part of it."""
    (found,) = after(longer(600.0, since=20 + 30, count=64))
    assert found.before_ms < 1.02 * (turn(1).headline_ms or 0.0)


# -- the bank


@pytest.mark.parametrize("residual", [0.9, -0.9, 0.2, -0.2])
def test_evidence_for_one_way_is_none_for_the_other(residual: float) -> None:
    bank = Bank()
    for _ in range(4):
        bank.add(residual, 0.03, 0.02)
    way = 1 if residual > 0 else -1
    assert bank.direction == way
    assert bank.strongest(way) == bank.strongest() and bank.strongest()[0] > 1.0
    assert bank.strongest(-way) == (0.0, 0)


def test_the_stronger_of_both_ways_is_the_direction() -> None:
    """A burst the other way leaves some evidence; each way tells its own."""
    bank = Bank()
    for residual in (0.6, 0.6, 0.6, -0.6):
        bank.add(residual, 0.03, 0.02)
    slower, faster = bank.strongest(1), bank.strongest(-1)
    assert slower[0] > faster[0] > 0.0 and bank.strongest() == slower and bank.direction == 1
    assert (slower[1], faster[1]) == (4, 1)


# -- how long


@pytest.mark.parametrize(("n", "lasted"), [(3, 1), (14, 1), (15, 1), (16, 2), (17, 3), (40, 26)])
def test_a_finding_that_is_where_it_was_lasted_at_least_one_turn(n: int, lasted: int) -> None:
    """The newest fifteen turns, this one among them, are not counted to it."""
    findings = store()
    one = Move(60.5, 90.5, (), 0.05, 5)
    findings.add({"classify": one}, finding(n=n))
    one.after = 60.5
    findings.count_turn(9)
    assert [(ended.ended, ended.lasted) for ended in findings.ended] == [(BACK, lasted)]


@pytest.mark.parametrize(("after_ms", "over"), [(60.4, True), (60.5, True), (60.6, False)])
def test_a_finding_is_over_where_its_level_is_what_it_was_or_beyond(after_ms: float, over: bool) -> None:
    findings = store()
    one = Move(60.5, 90.5, (), 0.05, 5)
    findings.add({"classify": one}, finding())
    one.after = after_ms
    findings.count_turn(9)
    assert bool(findings.ended) is over
    if not over:
        assert finding_of(findings).after_ms == pytest.approx(after_ms - 0.5)


def vanished() -> list[Turn]:
    return [occurrence.turn(n, *(("retrieve",) if n >= occurrence.AT else ())) for n in range(occurrence.AT + 10)]


@pytest.mark.parametrize("how", ["accept", "mute", "flag"])
def test_a_share_that_ends_by_the_user_or_a_flag_lasted_all_its_turns(how: str) -> None:
    detector = RegressionDetector()
    for one in vanished():
        detector.add(one)
    (found,) = detector.findings
    if how == "accept":
        detector.accept(found.key)
    elif how == "mute":
        detector.mute("retrieve")
    else:
        detector.update_written((WrittenValue(at=0.5, flag="retrieval", value=False, before=True),))
        detector.add(occurrence.turn(90, session=2, session_id="two", started=1.0))
    (ended,) = detector.findings
    assert ended.ended == {"accept": "accepted", "mute": "muted", "flag": NEW_EPOCH}[how]
    assert ended.lasted == found.n == 10


# -- through the judge


@pytest.mark.parametrize("told", [False, True])
def test_the_judge_tells_its_detector_what_journal_and_files_say(told: bool) -> None:
    """Turns do not show how many memories are asked for: the journal ends the finding of their retrieval."""
    judge = Judge()
    for n in range(80):
        judge.add(turn(n, factors(retrieve=50), started=1000.0 + n, session_id="one"))
    if told:
        judge.update_written((WrittenValue(at=1080.5, flag="retrieved-chunks", value=20, before=5),))
    for n in range(81, 84):
        judge.add(turn(n, factors(retrieve=50), started=1000.0 + n, session=2, session_id="two"))
    (found,) = judge.state().findings
    assert (found.stage, found.ended) == ("retrieve", NEW_EPOCH if told else "")


@pytest.mark.parametrize(("ms", "said"), [(1.4, []), (-1.4, []), (1.7, ["prompt"]), (-1.7, ["prompt"])])
def test_a_move_below_a_millisecond_and_a_half_is_said_of_no_stage(ms: float, said: list[str]) -> None:
    """No ear hears it."""
    turns = [
        turn(n, stages={**turn(n).stages, "prompt": 3.0 * wobble(n) + (ms if n >= 50 else 0.0)}) for n in range(80)
    ]
    assert [one.stage for one in after(turns)] == said


@pytest.mark.parametrize(("left", "ended"), [(1.25, BACK), (1.45, "moved again")])
def test_a_level_is_back_that_is_within_two_fifths_of_what_it_was(left: float, ended: str) -> None:
    """A level doubled, and then fell: the logarithm of 1.25 is 0.32 of that of 2, the one of 1.45 is 0.54 of it."""
    turns = [
        turn(n, lambda stage, n: 1.0 if stage != "classify" or n < 50 else 2.0 if n < 75 else left) for n in range(110)
    ]
    assert [one.ended for one in after(turns) if one.ended] == [ended]


def test_a_stage_that_moved_is_no_other_stages_finding() -> None:
    assert sorted(names(after(moved({"classify": 2.0, "retrieve": 2.0})))) == [
        ("classify", "slower"), ("retrieve", "slower"),
    ]  # fmt: skip


@pytest.mark.parametrize("since", [50, 54, 58])
def test_a_whole_that_moves_on_behind_a_stage_is_not_told_again(since: int) -> None:
    """The stage was told of a few turns before: what is left of the whole is its new usual, and stays so."""
    stage = [turn(n, lambda stage, n: 2.0 if stage == "classify" and n >= 50 else 1.0) for n in range(100)]
    turns = [
        turn(n, lambda stage, n: 2.0 if stage == "classify" and n >= 50 else 1.0,
             headline_ms=(one.headline_ms or 0.0) + (600.0 if n >= since else 0.0))
        for n, one in enumerate(stage)
    ]  # fmt: skip
    assert [one.stage for one in after(turns)] == ["classify"]


def test_of_stages_that_alarm_in_the_same_turn_the_clearest_comes_first() -> None:
    """CLASS scatters and is ×1.4 from turn 50 on, retrieval is ×3 from turn 53 on; both are seen at turn 57."""

    def times(stage: str, n: int) -> float:
        if stage == "classify":
            return (1 + 0.1 * (n * 7 % 5 - 2)) * (1.4 if n >= 50 else 1.0)
        return 3.0 if stage == "retrieve" and n >= 53 else 1.0

    detector = RegressionDetector()
    raised = [
        (one.stage, one.raised, one.confidence)
        for n in range(60)
        for one in detector.add(turn(n, times))
        if one.raised == n
    ]
    assert [(stage, at) for stage, at, _ in raised] == [("retrieve", 57), ("classify", 57)]
    assert raised[0][2] > raised[1][2]
