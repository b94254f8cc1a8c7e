"""Before and after: the ratio, its interval, and a word only where there is enough to say."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.pairs import dashboard, judge_pairs, make_pairs
from bench.judgement.shapes import slowed
from bench.judgement.turns import Truth, make_turns
from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.stats.rank_shift import holm
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.turn import Turn, TurnState


def two_sides(n: int, stage: str = "", factor: float = 1.0, seed: int = 4) -> tuple[list[Turn], list[Turn]]:
    pair = next(make_pairs(n, 1, 1.0, seed))
    return pair.a, [slowed(turn, stage, factor) for turn in pair.b] if stage else pair.b


def stage_of(told: Comparison, stage: str) -> StageVerdict:
    return next(one for one in told.stages if one.stage == stage)


def test_a_slower_stage_is_called_and_the_others_are_not() -> None:
    told = compare(*two_sides(30, "classify", 1.6))
    words = {one.stage: one.verdict for one in told.stages}
    assert words.pop("classify") == "slower"
    assert set(words.values()) <= {"unchanged", "too few turns", "cannot tell"}
    one = stage_of(told, "classify")
    assert one.ratio is not None and one.low is not None and one.high is not None
    assert one.low < one.ratio < one.high
    assert one.low < 1.6 < one.high
    assert one.raw_ratio == pytest.approx((one.after_ms or 0.0) / (one.before_ms or 1.0))
    assert "CLASS ×" in told.sentence


def test_an_improvement_of_the_model_is_said_in_milliseconds_too() -> None:
    a, b = two_sides(30, "llm", 0.4)
    told = compare(a, b)
    assert stage_of(told, "llm").verdict == "faster"
    assert stage_of(told, "V2V").verdict == "faster"
    assert "V2V −" in told.sentence
    assert "n = 30 against 30" in told.sentence


@pytest.mark.parametrize(("n", "wanted"), [(2, 3), (4, 1)])
def test_too_few_turns_says_how_many_more(n: int, wanted: int) -> None:
    a, b = two_sides(n, "classify", 3.0)
    told = compare(a, b)
    assert told.wanted == wanted
    assert told.sentence == f"too few turns: {wanted} more"
    assert {one.verdict for one in told.stages} == {"too few turns"}
    assert {one.ratio for one in told.stages} == {None}


def test_five_are_enough_to_say_something() -> None:
    told = compare(*two_sides(6, "tts", 6.0))
    assert told.wanted == 0
    assert stage_of(told, "tts").verdict == "slower"


def test_a_stage_that_is_often_absent_has_fewer_values_than_turns() -> None:
    a, b = two_sides(10)
    rare = [replace(turn, stages={**turn.stages, "store": None}) if turn.ordinal % 3 else turn for turn in b]
    one = stage_of(compare(a, rare), "store")
    assert one.n_b < 5
    assert (one.verdict, one.wanted) == ("too few turns", 5 - min(one.n_a, one.n_b))


def test_cold_turns_and_failed_turns_do_not_count() -> None:
    a, b = two_sides(12)
    loaded = [replace(turn, load_ms=9000.0 if number == 3 else 95.0) for number, turn in enumerate(b)]
    failed = [
        replace(turn, state=TurnState.FAILED if number == 5 else turn.state) for number, turn in enumerate(loaded)
    ]
    told = compare(a, failed)
    assert (told.n_a, told.n_b) == (12, 10)


def test_longer_answers_are_taken_out_and_the_raw_ratio_shows_them() -> None:
    longer = make_turns(140, seed=6, truth=Truth(workload=lambda number: (2.5, 1.0) if number >= 70 else (1.0, 1.0)))
    told = compare(longer[:70], longer[70:])
    one = stage_of(told, "decode")
    assert one.raw_ratio is not None and one.raw_ratio > 1.8
    assert one.ratio is not None and 0.9 < one.ratio < 1.1
    assert one.verdict == "unchanged"
    assert "output tokens" in one.adjusted_for


def test_nothing_at_all_and_one_side_empty() -> None:
    a, _ = two_sides(10)
    for told in (compare([], []), compare(a, []), compare([], a)):
        assert told.wanted >= 5
        assert told.sentence.startswith("too few turns")


def test_constant_times_give_no_difference() -> None:
    a, _ = two_sides(10)
    same = [replace(turn, stages={**a[0].stages, "classify": 30.0}) for turn in a]
    one = stage_of(compare(same, same), "classify")
    assert (one.ratio, one.verdict) == (1.0, "unchanged")


def test_marks_and_signals_are_part_of_the_verdict() -> None:
    a, b = two_sides(10, "llm", 0.4)
    b = [replace(turn, signals=frozenset({"empty_reply"})) if number == 2 else turn for number, turn in enumerate(b)]
    marks = {b[1].ordinal: "bad", b[4].ordinal: "bad", a[3].ordinal: "good"}
    told = compare(a, b, ("epoch:1", "epoch:2"), marks)
    assert (told.good, told.bad, told.signals) == ((1, 0), (0, 2), (0, 1))
    assert "but 2 of 11 turns marked bad" in told.sentence
    assert (told.a, told.b) == ("epoch:1", "epoch:2")


def test_holm_steps_down() -> None:
    assert holm({"a": 0.03, "b": 0.04, "c": 0.9}, 0.10) == {"a", "b"}
    assert holm({"a": 0.04, "b": 0.04, "c": 0.04}, 0.10) == set()
    assert holm({}, 0.10) == set()


@pytest.mark.parametrize("n", [10, 30])
def test_over_fresh_pairs_intervals_hold_the_truth_and_false_verdicts_are_rare(n: int) -> None:
    """130 pairs: 1 800 tests; the limits leave three standard errors to the figures that are asked for."""
    same = judge_pairs(dashboard, n, 130, 1.0, seed=77)
    assert same.false / same.tests < 0.017
    assert 0.91 < same.covered / same.intervals < 0.995
    faster = judge_pairs(dashboard, n, 65, 0.5, seed=78)
    assert faster.backwards == 0
    assert faster.called / faster.pairs > 0.5


def sides_of(turns: Sequence[Turn]) -> tuple[Sequence[Turn], Sequence[Turn]]:
    return turns[: len(turns) // 2], turns[len(turns) // 2 :]


def test_both_ways_round_are_each_other_s_inverse() -> None:
    a, b = sides_of(make_turns(80, seed=5))
    there, back = compare(a, b), compare(b, a)
    for one in there.stages:
        other = stage_of(back, one.stage)
        if one.ratio is not None:
            assert other.ratio is not None
            assert one.ratio * other.ratio == pytest.approx(1.0, rel=1e-6)


def answers(first: int, tokens: Sequence[int], grown: Sequence[int]) -> list[Turn]:
    """Turns of one session on a model that does not change: 10 ms a token of answer, 0.8 a token of prompt."""
    turns, prompt = [], 1000
    for number, (answer, more) in enumerate(zip(tokens, grown, strict=True)):
        prompt += more
        prefill, decode = 5 + 0.8 * more, 10.0 * answer
        turns.append(
            complete_turn(
                first + number, session=first, prompt_tokens=prompt, output_tokens=answer, text_length=4 * more,
                prefill_ms=prefill, decode_ms=decode,
                stages={"llm": prefill + decode + 40, "wait": 40.0, "prefill": prefill, "decode": decode},
            )
        )  # fmt: skip
    return turns


def test_the_work_of_a_stage_is_that_of_its_parts() -> None:
    """Long prompts and short answers, then the other way round: the LLM as a whole follows no law, its parts do."""
    before = answers(0, [10 + 7 * n % 25 for n in range(30)], [200 + 61 * n % 300 for n in range(30)])
    after = answers(100, [40 + 37 * n % 90 for n in range(30)], [20 + 17 * n % 60 for n in range(30)])
    llm = stage_of(compare(before, after), "llm")
    assert llm.raw_ratio == pytest.approx(1.77, abs=0.01)
    assert llm.ratio == pytest.approx(1.0, abs=0.03) and llm.verdict == "unchanged"
    assert llm.low is not None and llm.high is not None and llm.low < 1 < llm.high
