"""The sentence of a comparison, from rows whose figures a test writes: order, signs, and what is left out."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.trial import Trial, make_trial
from timmy_tui.analysis.compare.trial_state import state
from timmy_tui.analysis.compare.trial_steps import advance, answer, leave, resume
from timmy_tui.analysis.compare.words import sentence_of
from timmy_tui.model.judgement import StageVerdict
from timmy_tui.model.turn import Span, Turn


def row(stage: str, before: float, after: float, verdict: str = "slower", **more: Any) -> StageVerdict:
    """Medians as given; the ratio at equal work is 2 [1.5, 3] and agrees with the plain one unless a test says more."""
    known: dict[str, Any] = {
        "ratio": 2.0,
        "low": 1.5,
        "high": 3.0,
        "raw_ratio": 2.0,
        "n_a": 12,
        "n_b": 9,
        "adjusted_for": ("output tokens",),
        "to_tell": 4,
        **more,
    }
    return StageVerdict(stage=stage, before_ms=before, after_ms=after, verdict=verdict, **known)


def said(*rows: StageVerdict, whole: StageVerdict | None = None, wanted: int = 0) -> str:
    """Of these stages beside a whole that did not move."""
    return sentence_of((whole or row("V2V", 1000.0, 1000.0, "unchanged"), *rows), 12, 9, wanted)


def test_stages_that_could_not_be_judged_are_named_and_the_whole_is_none_of_them() -> None:
    few = row("store", 20.0, 40.0, "too few turns", ratio=None, low=None, high=None)
    unclear = row("retrieve", 20.0, 40.0, "cannot tell")
    sentence = said(row("classify", 20.0, 40.0), few, unclear, whole=row("V2V", 1000.0, 1000.0, "cannot tell"))
    assert sentence.endswith(
        "n = 9 against 12, too few of STORE; RAG ×2.00 [1.50, 3.00] may be chance; other stages unchanged"
    )
    assert said(whole=row("V2V", 1000.0, 1000.0, "too few turns", ratio=None)) == "no change found, n = 9 against 12"


def test_the_sides_are_counted_the_new_one_first() -> None:
    assert said(row("classify", 20.0, 40.0)) == "CLASS ×2.00 [1.50, 3.00], n = 9 against 12, other stages unchanged"
    assert said(row("classify", 20.0, 40.0, "unchanged")) == (
        "cannot tell yet: V2V ×2.00 [1.50, 3.00], ~4 turns a side would tell ±10 %, n = 9 against 12"
    )
    assert said(wanted=3) == "too few turns: 3 more"


@pytest.mark.parametrize(
    ("classify", "retrieve", "first"),
    [
        ((0.0, 10.0), (20.0, 29.5), "CLASS"),
        ((0.0, 10.0), (20.0, 30.5), "RAG"),
        ((10.0, 0.0), (20.0, 29.5), "CLASS"),
        ((10.0, 0.0), (20.0, 30.5), "RAG"),
        ((20.0, 0.5), (20.0, 39.0), "CLASS"),
    ],
)
def test_what_moved_most_in_milliseconds_is_first_also_from_and_to_nothing(
    classify: tuple[float, float], retrieve: tuple[float, float], first: str
) -> None:
    assert said(row("classify", *classify), row("retrieve", *retrieve)).startswith(f"{first} ")
    assert said(row("retrieve", *retrieve), row("classify", *classify)).startswith(f"{first} ")


@pytest.mark.parametrize(
    ("count", "end"),
    [
        (1, "other stages unchanged"),
        (3, "other stages unchanged"),
        (4, "1 more stage moved"),
        (5, "2 more stages moved"),
    ],
)
def test_three_stages_are_named_and_the_others_counted(count: int, end: str) -> None:
    moved = [row(stage, 20.0, 40.0) for stage in ("classify", "retrieve", "prompt", "mute", "reply")[:count]]
    sentence = said(*moved)
    assert sentence.endswith(end) and sentence.count("×") == min(count, 3)


def test_a_part_of_a_stage_has_its_own_name() -> None:
    assert said(row("decode", 20.0, 40.0)).startswith("decode ×")


@pytest.mark.parametrize(
    ("ratio", "low", "high", "words"),
    [
        (2.0, 1.5, 3.0, "V2V +1.00s [+500ms, +2.00s]"),
        (0.5, 0.25, 1.0, "V2V −500ms [−750ms, +0.0ms]"),
        (1.25, 1.0, 1.5, "V2V +250ms [+0.0ms, +500ms]"),
    ],
)
def test_the_whole_is_said_in_milliseconds_of_what_was_usual(ratio: float, low: float, high: float, words: str) -> None:
    """No difference is written with a plus sign."""
    verdict = "slower" if ratio > 1 else "faster"
    whole = row("V2V", 1000.0, 1000.0 * ratio, verdict, ratio=ratio, low=low, high=high)
    assert words in said(whole=whole)


def test_a_whole_of_nothing_moved_by_nothing() -> None:
    whole = row("V2V", 0.0, 0.0)
    assert "V2V +0.0ms [+0.0ms, +0.0ms]" in said(whole=whole)


@pytest.mark.parametrize(
    ("raw", "apart"),
    [
        (2.0 * math.exp(0.249), False), (2.0 * math.exp(0.251), True), (2.0 * math.exp(-0.249), False),
        (2.0 * math.exp(-0.251), True), (None, False), (0.0, False),
    ],
)  # fmt: skip
def test_plain_medians_are_given_where_the_work_explains_a_quarter(raw: float | None, apart: bool) -> None:
    sentence = said(row("classify", 20.0, 40.0, raw_ratio=raw))
    assert (" at equal work (measured 20ms→40ms)" in sentence) is apart


# --- sides of unequal length ---


def side(count: int, first: int) -> list[Turn]:
    """A cold turn, then so many of 30 ms."""
    fields: dict[str, Any] = {"session": 1, "span": Span.V2V, "headline_ms": 1000.0, "stages": {"classify": 30.0}}
    return [complete_turn(first + number, **fields) for number in range(count + 1)]


def test_two_sides_have_names_and_numbers_of_their_own() -> None:
    told = compare(side(12, 0), side(9, 100))
    assert (told.a, told.b, told.n_a, told.n_b) == ("before", "after", 12, 9)
    assert told.sentence.endswith("n = 9 against 12")


@pytest.mark.parametrize(("load_ms", "counts"), [(200.0, True), (270.0, True), (271.0, False)])
def test_the_usual_load_is_the_one_in_the_middle(load_ms: float, counts: bool) -> None:
    """Four loads of 30 ms and six of 90: three times the middle are 270."""
    loads = [30.0] * 4 + [90.0] * 5 + [load_ms]
    turns = [replace(turn, load_ms=load) for turn, load in zip(side(9, 0), loads, strict=True)]
    assert compare(turns, side(9, 100)).n_a == (9 if counts else 8)


def test_what_does_not_come_back_has_not_moved() -> None:
    """B is slower than both A together; but the second A, five unsteady turns, is slower still."""

    def stretch(first: int, *times: float) -> list[Turn]:
        cold, *turns = side(len(times), first)
        return [cold, *(replace(turn, stages={"classify": ms}) for turn, ms in zip(turns, times, strict=True))]

    steady = [30.0 + 0.1 * (number % 5) for number in range(20)]
    b = [36.0 + 0.1 * (number % 5) for number in range(20)]
    unsteady = (20.0, 22.0, 38.0, 90.0, 100.0)
    told = compare_crossover((stretch(0, *steady), stretch(100, *b), stretch(200, *unsteady)))
    pooled = compare([*stretch(0, *steady), *stretch(200, *unsteady)], stretch(100, *b))
    assert next(one.verdict for one in pooled.stages if one.stage == "classify") == "slower"
    assert next(one.verdict for one in told.stages if one.stage == "classify") == "cannot tell"
    # Its interval leaves 1 out: "unchanged" beside it would be untrue.
    assert "may be chance" in told.sentence


# --- a guided test ---


def test_a_verdict_is_on_the_turns_of_its_own_test() -> None:
    """The second test of the guide has measured nothing yet."""
    made = [complete_turn(n, started=float(n), session=1, tail_mode=False, raw=True) for n in range(6)]
    trial = advance(make_trial("guide", 3, False, 0.0), made, 10.0)
    made += [complete_turn(n, started=float(n), session=2, tail_mode=False, raw=False) for n in range(12, 17)]
    told = state(advance(trial, made, 20.0), made, {})
    assert told.phase == "verdict" and told.verdict is not None
    assert (told.verdict.n_a, told.verdict.n_b) == (5, 4)
    assert (told.verdict.a, told.verdict.b) == ("as it was", "changed")


def finished() -> Trial:
    trial = make_trial("test-1", 3, False, 0.0)
    for _ in trial.phases:
        trial = advance(trial, [], 1.0)
    made = [complete_turn(n, started=float(n), session=1, tail_mode=False, raw=True) for n in range(6)]
    trial = advance(trial, made, 10.0)
    made += [complete_turn(n, started=float(n), session=2, tail_mode=False, raw=False) for n in range(12, 20)]
    trial = advance(trial, made, 20.0)
    return answer(trial, "keep", made, 30.0)


def test_a_trial_that_is_over_stays_as_it_is() -> None:
    trial = finished()
    assert trial.at == len(trial.phases) and state(trial, [], {}).phase == "done"
    assert advance(trial, [], 40.0) == trial
    assert answer(trial, "undo", [], 40.0) == trial
    assert resume(trial, 40.0) == trial
    away = leave(trial, 40.0)
    assert away.left and away.phases == trial.phases
    assert resume(away, 50.0) == trial


def test_a_trial_that_is_left_twice_is_left_once() -> None:
    trial = make_trial("test-1", 3, False, 5.0)
    away = leave(trial, 10.0)
    assert away.phases[0].windows == ((5.0, 10.0),) and leave(away, 20.0) == away
    assert resume(away, 30.0).phases[0].windows == ((5.0, 10.0), (30.0, None))
    assert resume(trial, 30.0) == trial


# --- what is not known of a stage that moved


def test_a_stage_without_a_ratio_is_told_by_its_times() -> None:
    assert said(row("classify", 20.0, 40.0, ratio=None, low=None, high=None)).startswith(
        "CLASS 20ms→40ms, n = 9 against 12"
    )


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(9.99, "×9.99"), (10.0, "20ms→40ms"), (0.1001, "×0.10"), (0.1, "20ms→40ms"), (0.0, "20ms→40ms")],
)
def test_from_ten_times_on_and_from_a_tenth_down_both_times_are_said(ratio: float, words: str) -> None:
    assert said(row("classify", 20.0, 40.0, ratio=ratio, raw_ratio=ratio)).startswith(f"CLASS {words}")


def test_a_large_ratio_that_the_work_explains_is_not_said_in_times_that_do_not_show_it() -> None:
    """Twelve times as slow with answers a twelfth as long: "decode 500ms→510ms" said nothing of it."""
    sentence = said(row("decode", 500.0, 510.0, ratio=12.0, low=11.0, high=13.0, raw_ratio=1.02))
    assert sentence.startswith("decode ×12.00 [11.00, 13.00] at equal work (measured 500ms→510ms)")


@pytest.mark.parametrize(("verdict", "last"), [("faster", True), ("slower", False)])
def test_a_part_of_what_is_said_gives_way_to_another_stage(verdict: str, last: bool) -> None:
    """Three parts of the LLM hid that retrieval was slower; one that moved against its whole is another cause."""
    parts = [row(stage, 500.0, 200.0, verdict) for stage in ("decode", "prefill", "wait")]
    sentence = said(row("llm", 2000.0, 500.0, "faster"), *parts, row("retrieve", 40.0, 100.0))
    assert ("RAG" in sentence) is last
    assert sentence.startswith("LLM ×2.00")


def test_one_turn_is_one() -> None:
    one = row("V2V", 1000.0, 1000.0, "unchanged", to_tell=1)
    assert ", ~1 turn a side would tell" in said(whole=one)
    assert ", ~1 more turn would tell" in said(whole=replace(one, more=1))


@pytest.mark.parametrize("unknown", ["before_ms", "after_ms"])
def test_a_time_that_is_not_known_counts_as_none_in_the_order(unknown: str) -> None:
    """20 ms are more than 19.5, and less than 20.5."""
    classify = replace(row("classify", 20.0, 20.0), **{unknown: None})
    for took, first in ((39.5, "CLASS "), (40.5, "RAG ")):
        assert said(classify, row("retrieve", 20.0, took)).startswith(first)
        assert said(row("retrieve", 20.0, took), classify).startswith(first)
