"""Findings by themselves: what a turn changed of them, and how long a level that is back explains others that are."""

import math

import pytest

from timmy_tui.analysis.detect.findings import BACK, NEW_EPOCH, Findings
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.detect.moves import Move
from timmy_tui.model.judgement import Finding

SERIES = ("classify", "retrieve", "prompt")


def level(stage: str) -> JudgedLevel:
    made = JudgedLevel(stage, least=5)
    for number in range(10):
        made.add(math.log(60.5), (), (number, ""))
    return made


def store() -> Findings:
    return Findings({stage: level(stage) for stage in SERIES})


def move() -> Move:
    """From 30 to 60 ms."""
    return Move(30.5, 60.5, (), 0.05, 5)


def finding(stage: str = "classify", raised: int = 7, since: int = 3, n: int = 5) -> Finding:
    return Finding(
        key=f"{stage}:{since}", stage=stage, direction="slower", raised=raised, raised_id="", since=since, since_id="",
        ratio=1.0, before_ms=0.0, after_ms=0.0, n=n, confidence=1.0,
    )  # fmt: skip


def changed(findings: Findings) -> list[tuple[str, str]]:
    return [(one.stage, one.ended) for one in findings.changed]


def test_what_is_new_wider_or_over_is_told_with_its_turn_and_not_again() -> None:
    findings = store()
    findings.add({"classify": move()}, finding())
    assert changed(findings) == [("classify", "")]
    findings.begin_turn()
    assert changed(findings) == []
    findings.widen(finding_of(findings), {"retrieve": move()}, "retrieve")
    assert changed(findings) == [("retrieve", "")]
    findings.begin_turn()
    findings.count_turn(8)
    assert changed(findings) == [], "one more turn is no news"
    findings.end("retrieve", NEW_EPOCH)
    assert changed(findings) == [("retrieve", NEW_EPOCH)]
    findings.begin_turn()
    findings.announce(finding("prompt"))
    assert changed(findings) == [("prompt", "")]


def finding_of(findings: Findings) -> Finding:
    (one,) = findings.lasting
    return one


def test_a_finding_has_the_figures_of_its_series() -> None:
    findings = store()
    findings.add({"classify": move()}, finding())
    one = finding_of(findings)
    assert (one.before_ms, one.after_ms, one.ratio) == pytest.approx((30.0, 60.0, 2.0))
    assert one.low < 2.0 < one.high
    # All five turns since then have had the stage: 30 ms a turn.
    assert one.cost_ms == pytest.approx(30.0)


@pytest.mark.parametrize(("n", "cost"), [(5, 30.0), (10, 15.0), (3, 30.0), (0, 30.0)])
def test_a_stage_that_few_turns_have_costs_that_much_less_a_turn(n: int, cost: float) -> None:
    """Five values at the new level, in so many turns since then."""
    findings = store()
    findings.add({"classify": move()}, finding(n=n))
    assert finding_of(findings).cost_ms == pytest.approx(cost)


def test_series_that_share_a_finding_end_together() -> None:
    findings = store()
    findings.add({"classify": move(), "retrieve": move()}, finding())
    assert len(findings.lasting) == 1 and {series for series, _ in findings.active} == {"classify", "retrieve"}
    findings.end("retrieve", BACK)
    assert findings.active == () and findings.move("classify") is None
    assert [one.ended for one in findings.ended] == [BACK]
    findings.end("classify", BACK)
    assert len(findings.ended) == 1


def test_another_move_of_the_same_series_ends_the_finding_before_it() -> None:
    findings = store()
    findings.add({"classify": move()}, finding())
    findings.add({"classify": move()}, finding(since=9, raised=12))
    assert finding_of(findings).key == "classify:9"
    assert [(one.key, one.ended) for one in findings.ended] == [("classify:3", "moved again")]


def test_each_turn_is_counted_but_the_one_that_raised_it() -> None:
    findings = store()
    findings.add({"classify": move()}, finding())
    findings.count_turn(7)
    assert (finding_of(findings).n, finding_of(findings).age) == (5, 0)
    findings.count_turn(8)
    findings.count_turn(9)
    assert (finding_of(findings).n, finding_of(findings).age) == (7, 2)
    findings.end("classify", NEW_EPOCH)
    assert findings.ended[0].lasted == 7
    findings.add({"classify": move()}, finding())
    findings.end("classify", BACK, 4)
    assert findings.ended[0].lasted == 4


@pytest.mark.parametrize(("later", "known"), [(0, True), (15, True), (16, False)])
def test_a_level_that_is_back_explains_others_for_fifteen_turns(later: int, known: bool) -> None:
    findings = store()
    findings.add({"classify": move(), "retrieve": move()}, finding())
    assert findings.went_back("retrieve") is None
    findings.end("classify", BACK)
    for number in range(later):
        findings.count_turn(20 + number)
    shift = findings.went_back("retrieve")
    assert shift == (pytest.approx(math.log(60.5 / 30.5)) if known else None)
    assert findings.went_back("prompt") is None


def test_what_ended_otherwise_explains_nothing() -> None:
    findings = store()
    findings.add({"classify": move()}, finding())
    findings.end("classify", NEW_EPOCH)
    assert findings.went_back("classify") is None


def test_a_level_that_is_where_it_was_ends_its_finding_by_itself() -> None:
    """The newest fifteen values tell: that many turns are not counted to it."""
    findings = store()
    one = Move(60.5, 90.5, (), 0.05, 5)
    findings.add({"classify": one}, finding(n=40))
    findings.count_turn(8)
    assert findings.lasting
    one.after = 60.5
    findings.count_turn(9)
    assert findings.lasting == ()
    (ended,) = findings.ended
    assert (ended.ended, ended.lasted) == (BACK, 42 - 15)
    # Its figures are those of the alarm: of what it was while it lasted.
    assert ended.after_ms == pytest.approx(90.0)


def test_a_stage_that_is_muted_has_no_finding_until_it_is_heard_again() -> None:
    findings = store()
    findings.add({"classify": move()}, finding())
    findings.mute("classify")
    assert findings.lasting == () and findings.is_muted("classify")
    findings.add({"classify": move()}, finding())
    assert findings.lasting == ()
    findings.mute("classify")
    findings.add({"classify": move()}, finding())
    assert findings.lasting != () and not findings.is_muted("classify")
