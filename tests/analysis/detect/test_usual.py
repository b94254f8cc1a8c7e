"""What each value of a turn is set against: levels that are worked out in the head, and what sessions differ by."""

import math
from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.detect.usual import Judged, Usual
from timmy_tui.analysis.stats.session_noise import GROUPS, Noise, SessionNoise
from timmy_tui.model.turn import Span, Turn

TIMES = {"endpointing": 500.0, "classify": 30.0, "retrieve": 50.0}


def turn(number: int, times: dict[str, float | None] | None = None, **more: Any) -> Turn:
    """Of a pause of half a second, stages that are always the same, and 4 ms that no stage explains."""
    stages: dict[str, float | None] = {**TIMES, **(times or {})}
    fields: dict[str, Any] = {
        "session": 1, "span": Span.V2V, "stages": stages, "unattributed_ms": 4.0,
        "headline_ms": sum(ms or 0.0 for ms in stages.values()) + 4.0,
    }  # fmt: skip
    return complete_turn(number, **{**fields, **more})


def after(count: int, **more: Any) -> Usual:
    usual = Usual()
    for number in range(count):
        usual.take(turn(number, **more), turn(number))
    return usual


def judged(usual: Usual, one: Turn) -> dict[str, Judged]:
    usual.take(one, one)
    return {value.series: value for value in usual.judged}


def test_twelve_turns_make_a_usual_and_the_next_is_set_against_it() -> None:
    early = after(11)
    assert judged(early, turn(11)) == {} and not early.has_judged
    usual = after(12)
    assert not usual.has_judged
    found = judged(usual, turn(12, {"classify": 60.0}))
    assert usual.has_judged
    assert set(found) == {"classify", "retrieve"}
    # Half a millisecond is added to both before their ratio is taken.
    assert found["classify"].ms == pytest.approx(60.0)
    assert found["classify"].expected_ms == pytest.approx(30.0)
    assert found["classify"].residual == pytest.approx(math.log(60.5 / 30.5))
    assert found["retrieve"].residual == pytest.approx(0.0, abs=1e-9)


def test_what_was_judged_once_stays_true_where_a_turn_has_nothing_to_judge() -> None:
    usual = after(13)
    assert usual.has_judged
    assert judged(usual, complete_turn(13)) == {} and usual.has_judged


@pytest.mark.parametrize(("before", "is_judged"), [(29, False), (30, True)])
def test_the_whole_is_judged_behind_thirty_turns_whose_parts_have_a_usual(before: int, is_judged: bool) -> None:
    """The first twelve turns give the stages their level; V2V counts from the thirteenth on."""
    found = judged(after(12 + before), turn(99, {"classify": 60.0}))
    assert ("V2V" in found) is is_judged
    if is_judged:
        # The pause is a setting: 60 + 50 + 4 ms were measured where 30 + 50 + 4 are usual.
        whole = found["V2V"]
        assert (whole.ms, whole.expected_ms) == pytest.approx((114.0, 84.0))
        assert whole.residual == pytest.approx(math.log(114 / 84))


@pytest.mark.parametrize(
    "odd",
    [
        {"typed": True}, {"logs": "kv_stats"}, {"headline_ms": None}, {"headline_ms": 500.0}, {"load_ms": 501.0},
        # A stage that is new has no usual: the whole would seem to be slower by it.
        {"times": {"prompt": 20.0}},
    ],
)  # fmt: skip
def test_a_whole_that_cannot_be_compared_is_not(odd: dict[str, Any]) -> None:
    """Nobody waited for a typed turn; nothing was measured of 500 ms that are the pause; a load is no level."""
    assert "V2V" in judged(after(60), turn(99))
    assert "V2V" not in judged(after(60), turn(99, **odd))


def test_of_a_turn_without_a_gap_nothing_unattributed_is_expected() -> None:
    assert judged(after(60), turn(99, unattributed_ms=None))["V2V"].expected_ms == pytest.approx(80.0)


def test_a_request_whose_parts_are_known_is_usual_as_their_sum() -> None:
    """Upstream's request: its wait, prefill and decode have a level each."""

    def spoken(number: int, factor: float = 1.0) -> Turn:
        times = {"wait": 90.0, "prefill": 100.0, "decode": 400.0 * factor}
        stages = {"llm": sum(times.values()), **times}
        return turn(
            number, dict(stages), headline_ms=584.0 + stages["llm"], prefill_ms=100.0, decode_ms=times["decode"],
            prompt_tokens=1000, cached_tokens=700, output_tokens=50,
        )  # fmt: skip

    usual = Usual()
    for number in range(60):
        usual.take(spoken(number), spoken(number))
    found = judged(usual, spoken(60, 1.5))
    assert found["decode"].expected_ms == pytest.approx(400.0)
    assert found["V2V"].expected_ms == pytest.approx(84.0 + 590.0)
    assert found["V2V"].ms == pytest.approx(84.0 + 790.0)


@pytest.mark.parametrize(
    ("usual_ms", "load_ms", "loaded"),
    [
        (90.0, 270.0, False), (90.0, 270.1, True), (200.0, 500.0, False), (200.0, 500.1, True),
        (None, 500.0, False), (None, 500.1, True), (90.0, None, False),
    ],
)  # fmt: skip
def test_half_a_second_or_three_times_the_usual_is_a_load(
    usual_ms: float | None, load_ms: float | None, loaded: bool
) -> None:
    """Nothing is expected of a request then; the other stages are judged as ever."""
    usual = after(14, times={"llm": 600.0}, prompt_tokens=1000, output_tokens=50, load_ms=usual_ms)
    found = judged(usual, turn(20, {"llm": 600.0}, prompt_tokens=1000, output_tokens=50, load_ms=load_ms))
    assert ("llm" in found) is not loaded
    assert "classify" in found


def test_the_usual_load_is_that_of_the_newest_twenty_ordinary_ones() -> None:
    usual = after(20, load_ms=100.0)
    for number in range(11):
        assert judged(usual, turn(30 + number, load_ms=40.0))
    # Eleven of the newest twenty are 40 ms: 130 ms are more than three times as long.
    kept = judged(usual, turn(50, {"llm": 600.0}, prompt_tokens=1000, output_tokens=50, load_ms=130.0))
    assert "V2V" not in kept


# --- how far sessions differ ---


def noise_of(usual: Usual, stage: str) -> float:
    return usual.levels[stage].session


def loud(share: float) -> SessionNoise:
    return SessionNoise(dict.fromkeys(GROUPS, Noise(share, 12)))


@pytest.mark.parametrize(("learned", "used"), [(0.01, 0.02), (0.02, 0.02), (0.05, 0.05)])
def test_what_the_history_taught_is_used_but_never_less_than_what_is_assumed(learned: float, used: float) -> None:
    """By levels that are there, and by those that come later."""
    usual = after(13)
    usual.learn(loud(learned))
    usual.take(turn(20, {"prompt": 20.0}), turn(20))
    assert noise_of(usual, "classify") == pytest.approx(used)
    assert noise_of(usual, "prompt") == pytest.approx(used)


def sessions(*factors: float, values: int = 12) -> Usual:
    """A session of thirty turns, and then some of so many turns that take so many times as long."""
    usual = after(30)
    usual.end_session()
    number = 100
    for factor in factors:
        for _ in range(values):
            number += 1
            usual.take(turn(number, {"classify": 30.0 * factor, "retrieve": 50.0 * factor}), turn(number))
        usual.end_session()
    return usual


def test_sessions_that_are_alike_teach_that() -> None:
    assert noise_of(sessions(*[1.0] * 6), "classify") == 0.02


def test_a_session_that_is_off_is_one_that_sessions_differ_by() -> None:
    """Each counts as at most 8 %, and only as far as single values do not explain it."""
    some, more = sessions(1.04, 0.96), sessions(1.04, 0.96, 1.04, 0.96)
    assert 0.02 < noise_of(some, "classify") < noise_of(more, "classify") < 0.04
    # Stages of one group are learned of together.
    assert noise_of(some, "classify") == noise_of(some, "retrieve")
    wild = sessions(2.0)
    # Five times the assumption and once at most 8 %: √((5·0.02² + 2·0.08²) / 7).
    assert noise_of(wild, "classify") < math.sqrt((5 * 0.02**2 + 2 * 0.08**2) / 7)


@pytest.mark.parametrize(("values", "teaches"), [(5, False), (6, True)])
def test_a_session_of_few_turns_teaches_nothing(values: int, teaches: bool) -> None:
    assert (noise_of(sessions(1.04, values=values), "classify") > 0.02) is teaches


def test_a_session_tells_its_distance_and_what_single_values_explain_of_it() -> None:
    """Six values 4 % above a level of thirty that do not differ: the scale is the least one, 2 %."""
    level = JudgedLevel("classify")
    for number in range(30):
        level.add(3.0, (), (number, ""))
    level.session_offset()
    assert level.session_offset() is None, "no value since"
    for number in range(6):
        level.add(3.04, (), (30 + number, ""))
    rest = level.values
    told = level.session_offset()
    assert told is not None
    squared, explained = told
    assert squared == pytest.approx(0.04**2)
    assert explained == pytest.approx(level.scale**2 * (1 / 6 + 1 / rest))
    assert level.session_offset() is None, "each session is told once"


def ticks(first: int, count: int = 20) -> JudgedLevel:
    """So many values of 0.5 ms, and then every fifth one a step of 15.6 ms later."""
    level = JudgedLevel("classify")
    for number in range(first + count):
        late = number >= first and number % 5 == 0
        level.add(math.log(0.5 + (15.6 if late else 0.0)), (), (number, ""))
    for number in range(12):
        level.add(math.log(0.5), (), (900 + number, ""))
    level.add(math.log(16.1), (), (1000, ""))
    return level


@pytest.mark.parametrize(("first", "noticed"), [(0, True), (14, True), (30, True), (80, False)])
def test_the_step_of_a_clock_is_looked_for_in_the_first_sixty_values(first: int, noticed: bool) -> None:
    """A value that is a step later is at most as far off as two steps are from one: log 2, and not log 32."""
    residual = ticks(first).residual
    assert residual is not None
    assert residual == pytest.approx(math.log(2) if noticed else math.log(32), rel=0.05)


def softened_by(level: JudgedLevel) -> float:
    """ms that stand beside a time in its logarithm: twice the level is so much more than twice the time."""
    return level.shifted_ms(math.log(2)) - 2 * level.usual_ms


def level_of(values: list[float]) -> JudgedLevel:
    level = JudgedLevel("classify")
    for number, ms in enumerate(values):
        level.learn(math.log(ms), (), (number, ""))
    return level


@pytest.mark.parametrize(("step", "noticed"), [(1.9, False), (2.0, True), (2.1, True)])
def test_a_step_below_two_milliseconds_is_none(step: float, noticed: bool) -> None:
    level = level_of([10.0 + (step if number % 4 == 0 else 0.0) for number in range(40)])
    assert softened_by(level) == pytest.approx(step if noticed else 0.0, abs=1e-9)
    # Two stamps of such a clock differ by chance: 1/√6 of its step is the least spread of what it measures.
    assert (level.scale >= 0.4 * step / (10 + step)) is noticed


@pytest.mark.parametrize(("kinds", "noticed"), [(1, False), (2, True), (8, True), (12, False)])
def test_as_few_values_as_a_fourth_show_a_clock_that_moves_in_steps(kinds: int, noticed: bool) -> None:
    level = level_of([100.0 + 5.0 * (number % kinds) for number in range(40)])
    assert softened_by(level) == pytest.approx(5.0 if noticed else 0.0, abs=1e-9)


def test_the_step_of_a_clock_is_the_least_of_those_between_its_values() -> None:
    level = level_of([(100.0, 105.0, 130.0)[number % 3] for number in range(40)])
    assert softened_by(level) == pytest.approx(5.0, abs=1e-9)
