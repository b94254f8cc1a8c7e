"""Comparison, crossover, noise across restarts and selections: slow oracles, and both sides of each limit."""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.analysis.stats.test_slow_statistics import slow_shift
from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.restart_noise import Difference, estimate, learn, unchanged_restarts
from timmy_tui.analysis.compare.selections import select
from timmy_tui.analysis.stats.session_noise import Noise, SessionNoise
from timmy_tui.core.errors import NotFound
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.turn import Span, Turn, TurnState

DAY = 86_400.0
EXPECTED = 2 * stats.norm.cdf(1.5) - 1 - 3 * stats.norm.pdf(1.5) + 2.25 * 2 * stats.norm.sf(1.5)
"""Mean of min(z², 1.5²) for a normal z: the integral of z² up to 1.5, by parts, and the corner beyond it."""


def side(values: Sequence[float | None], first: int = 0, stage: str = "classify", **more: Any) -> list[Turn]:
    """A session whose first turn is cold, and then one turn a value, of 1000 ms each."""
    fields: dict[str, Any] = {"session": 1, "span": Span.V2V, "headline_ms": 1000.0} | more
    turns = [complete_turn(first, stages={stage: 1e9}, **{**fields, "headline_ms": 1e9})]
    return turns + [complete_turn(first + 1 + n, stages={stage: value}, **fields) for n, value in enumerate(values)]


def verdict(told: Comparison, stage: str = "classify") -> StageVerdict:
    return next(one for one in told.stages if one.stage == stage)


def lognormal(seed: int, count: int, mean: float, spread: float = 0.1) -> list[float]:
    chance = random.Random(seed)
    return [math.exp(chance.gauss(math.log(mean), spread)) for _ in range(count)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 30), st.integers(5, 30), st.sampled_from(["classify", "retrieve", "mute"]))
def test_a_stage_is_compared_by_its_softened_log_times(seed: int, m: int, n: int, stage: str) -> None:
    a, b = lognormal(seed, m, 30.0), lognormal(seed + 1, n, 36.0)
    told = verdict(compare(side(a, stage=stage), side(b, 100, stage=stage)), stage)
    before, after = ([math.log(one + 0.5) for one in values] for values in (a, b))
    shift, low, high, p, _ = slow_shift(before, after, noise=0.025)
    # Around the middle of both levels, in plain times: 30 → 60 ms are ×2, not the ×1.98 of times with 0.5 ms added.
    middle = (float(np.median(before)) + float(np.median(after))) / 2
    ratios = [(math.exp(middle + s / 2) - 0.5) / (math.exp(middle - s / 2) - 0.5) for s in (shift, low, high)]
    assert (told.ratio, told.low, told.high, told.p) == pytest.approx((*ratios, p))
    assert (told.n_a, told.n_b, told.wanted) == (m, n, 0)
    assert (told.before_ms, told.after_ms) == pytest.approx((float(np.median(a)), float(np.median(b))))
    assert told.raw_ratio == pytest.approx(float(np.median(b)) / float(np.median(a)))


@pytest.mark.parametrize(("count", "wanted"), [(3, 2), (4, 1), (5, 0), (6, 0)])
def test_five_values_a_side_are_compared(count: int, wanted: int) -> None:
    """The first turn of each session is cold and is not one of them."""
    few, many = side([30.0] * count), side([30.0] * 9, 100)
    for told in (compare(few, many), compare(many, few)):
        assert told.wanted == wanted
        assert (verdict(told).ratio is None) is (wanted > 0)
        assert verdict(told).wanted == wanted
        assert verdict(told).verdict == ("too few turns" if wanted else "unchanged")
    assert told.sentence.startswith("too few turns: " if wanted else "no change beyond ±10 %: V2V ×1.00 [")


def test_the_newest_two_hundred_of_a_side_are_compared() -> None:
    told = compare(side([1000.0] * 100 + [30.0] * 200), side([30.0] * 9, 1000))
    assert (told.n_a, verdict(told).before_ms) == (200, 30.0)
    told = compare(side([1000.0] + [30.0] * 199), side([30.0] * 9, 1000))
    assert told.n_a == 200


def test_what_is_not_usable_is_not_compared() -> None:
    """Failed turns, the first of a session, and negative or skipped stages."""
    good = side([30.0] * 9)
    more = [
        complete_turn(50, session=1, state=TurnState.FAILED, stages={"classify": 999.0}),
        complete_turn(52, session=2, stages={"classify": 999.0}),
        complete_turn(53, session=1, stages={"classify": -1.0}),
        complete_turn(54, session=1, stages={"classify": 999.0}, skipped=frozenset({"classify"})),
        complete_turn(55, session=1, stages={"classify": 0.0}),
    ]
    told = compare([*good, *more], side([30.0] * 9, 100))
    assert (verdict(told).n_a, verdict(told).before_ms) == (10, 30.0)
    assert told.n_a == 12


@pytest.mark.parametrize(
    ("usual", "load", "counts"),
    [(90.0, 270.0, True), (90.0, 270.1, False), (400.0, 500.0, True), (400.0, 500.1, False), (90.0, None, True)],
)
def test_a_turn_that_loaded_the_model_is_not_compared(usual: float, load: float | None, counts: bool) -> None:
    """Half a second, or three times the usual load."""
    turns = side([30.0] * 9, load_ms=usual)
    turns.append(complete_turn(50, session=1, stages={"classify": 30.0}, load_ms=load))
    assert verdict(compare(turns, side([30.0] * 9, 100))).n_a == (10 if counts else 9)


def test_the_load_is_compared_as_a_stage() -> None:
    told = verdict(compare(side([1.0] * 9, load_ms=90.0), side([1.0] * 9, 100, load_ms=120.0)), "load")
    assert told.ratio == pytest.approx(120 / 90)


def test_work_is_taken_out_with_one_slope_and_two_levels() -> None:
    """Twice the answers, in proportion twice as long: no slower at equal work."""

    def turns(first: int, mean: float) -> list[Turn]:
        chance = random.Random(first)
        found = side([], first)
        for n in range(20):
            tokens = round(mean * chance.uniform(0.7, 1.4))
            found.append(complete_turn(first + 1 + n, session=1, output_tokens=tokens, prompt_tokens=1000,
                                       decode_ms=9.3 * tokens, stages={"decode": 9.3 * tokens}))  # fmt: skip
        return found

    told = verdict(compare(turns(0, 50.0), turns(100, 100.0)), "decode")
    assert told.ratio == pytest.approx(1.0, abs=0.02)
    assert told.raw_ratio == pytest.approx(2.0, abs=0.5)
    assert told.adjusted_for == ("output tokens", "prompt tokens")
    assert verdict(compare(turns(0, 50.0), turns(100, 50.0)), "decode").verdict == "unchanged"


def test_the_whole_has_its_work_taken_out_in_milliseconds() -> None:
    """1000 ms beside the voice, and ten a character of the reply: 100 characters more are 1000 ms, and no slower."""

    def turns(first: int, mean: int) -> list[Turn]:
        found = side([], first)
        for n in range(20):
            length = mean + 7 * (n % 5)
            found.append(complete_turn(first + 1 + n, session=1, reply_length=length, span=Span.V2V,
                                       headline_ms=1000.0 + 10 * length, stages={"tts": 10.0 * length}))  # fmt: skip
        return found

    told = verdict(compare(turns(0, 100), turns(100, 200)), "V2V")
    assert told.raw_ratio == pytest.approx((1000 + 10 * 214) / (1000 + 10 * 114))
    assert told.ratio == pytest.approx(1.0, abs=0.2)
    assert told.verdict == "unchanged"


# --- words ---


def test_a_sentence_names_what_moved_most_in_milliseconds() -> None:
    def turns(first: int, factors: dict[str, float]) -> list[Turn]:
        base = {"classify": 30.0, "retrieve": 50.0, "prompt": 4.0, "mute": 200.0, "stt_final": 6.0}
        chance = random.Random(first)
        found = side([], first)
        for n in range(12):
            stages = {key: ms * factors.get(key, 1.0) * chance.uniform(0.99, 1.01) for key, ms in base.items()}
            found.append(
                complete_turn(first + 1 + n, session=1, span=Span.V2V, headline_ms=sum(stages.values()), stages=stages)
            )
        return found

    plain = turns(0, {})
    three = compare(plain, turns(100, {"classify": 2.0, "retrieve": 2.0, "mute": 2.0}))
    assert three.sentence.startswith("MUTE ×2.00 [")
    assert three.sentence.index("MUTE") < three.sentence.index("RAG") < three.sentence.index("CLASS")
    assert three.sentence.endswith("n = 12 against 12, other stages unchanged")
    assert "V2V +" in three.sentence
    four = compare(plain, turns(100, {"classify": 2.0, "retrieve": 2.0, "mute": 2.0, "stt_final": 2.0}))
    assert four.sentence.endswith("1 more stage moved")
    assert "STT" not in four.sentence
    faster = compare(plain, turns(100, {"mute": 0.5}))
    assert verdict(faster, "mute").verdict == "faster"
    assert "V2V −" in faster.sentence


@pytest.mark.parametrize(("marks", "words"), [(0, ""), (1, ", but 1 of 10 turns marked bad")])
def test_marks_of_the_user_are_told(marks: int, words: str) -> None:
    b = side([30.0] * 9, 100)
    told = compare(side([30.0] * 9), b, marks={100 + n: "bad" for n in range(marks)} | {0: "good", 1: "bad", 2: "bad"})
    assert told.sentence.endswith(f"n = 9 against 9{words}")
    assert (told.good, told.bad) == ((1, 0), (2, marks))


def test_signals_of_the_logs_are_told() -> None:
    b = side([30.0] * 9, 100)
    b += [complete_turn(200, session=1, state=TurnState.FAILED, signals=frozenset({"error"}))]
    told = compare(side([30.0] * 9), b)
    assert told.sentence.endswith(", but 1 of 11 with an empty, canned or leaking reply or an error")
    assert told.signals == (0, 1)


def test_noise_that_was_learned_widens_the_interval() -> None:
    a, b = side(lognormal(1, 20, 30.0)), side(lognormal(2, 20, 40.0), 100)
    plain, wide = (verdict(compare(a, b, noise=noise)) for noise in (None, SessionNoise({"v34": Noise(0.08, 4)})))
    assert plain.high is not None and wide.high is not None and plain.low is not None and wide.low is not None
    assert wide.high > plain.high and wide.low < plain.low
    assert (plain.noise, plain.noise_restarts, wide.noise, wide.noise_restarts) == (0.025, 0, 0.08, 4)


# --- there and back again ---


def crossing(a: float, b: float, again: float) -> StageVerdict:
    there, changed, back = (side(lognormal(n, 20, mean, 0.02), 100 * n) for n, mean in enumerate((a, b, again)))
    return verdict(compare_crossover((there, changed, back)))


@pytest.mark.parametrize(
    ("a", "b", "again", "word"),
    [
        (30.0, 60.0, 30.0, "slower"), (60.0, 30.0, 60.0, "faster"), (30.0, 30.0, 30.0, "unchanged"),
        (30.0, 60.0, 60.0, "drifted"), (30.0, 40.0, 60.0, "drifted"), (30.0, 30.0, 60.0, "drifted"),
    ],
)  # fmt: skip
def test_what_moved_must_come_back(a: float, b: float, again: float, word: str) -> None:
    assert crossing(a, b, again).verdict == word


def test_two_baselines_that_differ_are_named() -> None:
    there, changed, back = (side(lognormal(n, 20, mean, 0.02), 100 * n) for n, mean in enumerate((30.0, 40.0, 60.0)))
    told = compare_crossover((there, changed, back), names=("x", "y", "z"))
    assert (told.a, told.b) == ("x and z", "y")
    assert "; the two baselines differ (CLASS ×" in told.sentence
    assert told.sentence.endswith("): something else moved")


def test_a_crossing_with_too_few_turns_says_nothing_of_a_drift() -> None:
    told = compare_crossover((side([30.0] * 9), side([30.0] * 2, 100), side([60.0] * 9, 200)))
    assert told.sentence == "too few turns: 3 more"


# --- noise across restarts ---


def excess(differences: Sequence[Difference], noise: float) -> float:
    """Left side of the equation of Huber's proposal 2: above 0 while the differences are wider than this noise."""
    total = 0.0
    for one in differences:
        variance = 2 * noise**2 + one.error**2
        total += (min(one.shift**2 / variance, 1.5**2) - EXPECTED) / variance
    return total


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from([0.005, 0.03, 0.2]))
def test_the_noise_solves_hubers_equation(seed: int, count: int, spread: float) -> None:
    chance = random.Random(seed)
    told = [Difference(chance.gauss(0, spread), chance.uniform(0.005, 0.05), n // 2) for n in range(count)]
    found = estimate(told)
    assert found.restarts == (count + 1) // 2
    # Drawn towards the assumption by three restarts; taken back, it is where the equation changes its sign.
    held = 0.02 * (found.share / 0.02) ** ((found.restarts + 3) / found.restarts)
    assert 0.01 <= round(held, 9) <= 0.08
    if 0.01001 < held < 0.07999:
        assert excess(told, held * 0.995) > 0 > excess(told, held * 1.005)


@pytest.mark.parametrize(("shift", "held"), [(0.0, 0.01), (5.0, 0.08)])
def test_noise_is_held_between_one_and_eight_per_cent(shift: float, held: float) -> None:
    """A hundred restarts outweigh the assumption: 100 of 103."""
    told = [Difference(shift, 0.001, n) for n in range(100)]
    assert estimate(told).share == pytest.approx(0.02 * (held / 0.02) ** (100 / 103))


def session(number: int, level: float, first: int, **more: Any) -> list[Turn]:
    turns = side([level] * 6, first, session=number, session_id=f"s{number}", **more)
    return [complete_turn(one.ordinal, **{"stages": one.stages, "session": number, "session_id": f"s{number}",
            "started": 1000.0 * number + one.ordinal, **more}) for one in turns]  # fmt: skip


def test_restarts_that_changed_nothing_teach() -> None:
    turns = [turn for n in range(4) for turn in session(n + 1, 30.0, 10 * n)]
    assert len(list(unchanged_restarts(turns))) == 3
    noise = learn(turns)
    assert noise.of("classify") == Noise(pytest.approx(0.02 * 0.5 ** (3 / 6)), 3)  # type: ignore[arg-type]
    assert noise.of("tts") == Noise(0.02, 0)


@pytest.mark.parametrize(
    ("changed_at", "count"),
    [(999.0, 1), (1000.0, 0), (1500.0, 0), (2010.0, 0), (2010.1, 1)],
)
def test_a_known_change_between_two_sessions_is_no_restart_that_changed_nothing(changed_at: float, count: int) -> None:
    """From the first turn of the one, at 1000 s, to the first turn of the other, at 2010 s."""
    turns = [*session(1, 30.0, 0), *session(2, 30.0, 10)]
    assert len(list(unchanged_restarts(turns, [changed_at]))) == count


def test_a_flag_that_changed_is_no_restart_that_changed_nothing() -> None:
    turns = [*session(1, 30.0, 0, num_ctx=8000), *session(2, 30.0, 10, num_ctx=4000)]
    assert list(unchanged_restarts(turns)) == []


def test_the_newest_25_restarts_teach() -> None:
    def learned(count: int) -> int:
        turns = [turn for n in range(count + 1) for turn in session(n + 1, 30.0, 10 * n)]
        return learn(turns).of("classify").restarts

    assert (learned(24), learned(25), learned(26)) == (24, 25, 25)


# --- selections ---

NOW = 1_764_350_000.0
TURNS = [complete_turn(n, started=NOW - days * DAY) for n, days in enumerate((9.0, 3.0, 2.5, 1.0, 0.5, 0.0))]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        # From A days ago up to, and without, B: a turn of exactly a day ago is of days:1-2, not of days:0-1.
        ("days:0-1", [4, 5]), ("days:1-3", [2, 3]), ("days:1-0", [4, 5]), ("days:3-9", [1]), ("days:3-9.01", [0, 1]),
        ("days:0.5-1", [4]), ("days:0-0.5", [5]), ("days:2.5-3", [2]),
        ("turns:1-1", [0]), ("turns:2-3", [1, 2]), ("turns:0-2", [0, 1]), ("turns:6-6", [5]),
        ("last:1", [5]), ("last:6", [0, 1, 2, 3, 4, 5]),
    ],
)  # fmt: skip
def test_the_ends_of_a_selection(selection: str, found: list[int]) -> None:
    assert [turn.ordinal for turn in select(TURNS, selection, now=NOW)] == found


@pytest.mark.parametrize(
    "selection", ["days:1-1", "days:9.01-99", "turns:7-9", "turns:0-0", "turns:3-2", "last:0", "days:-1"]
)
def test_a_selection_without_a_turn(selection: str) -> None:
    with pytest.raises(NotFound):
        select(TURNS, selection, now=NOW)


def test_a_turn_without_a_time_is_of_no_day() -> None:
    turns = [complete_turn(0), complete_turn(1, started=NOW)]
    assert [turn.ordinal for turn in select(turns, "days:0-1", now=NOW)] == [1]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        ("epoch:1", [0, 1]), ("epoch:2", [2, 3]), ("epoch:-1", [2, 3]), ("epoch:-2", [0, 1]), ("session:1", [0, 1]),
        ("session:ab", [2, 3]), ("session:a", [0, 1, 2, 3]), ("session:2", [2, 3]),
    ],
)  # fmt: skip
def test_epochs_and_sessions(selection: str, found: list[int]) -> None:
    turns = [complete_turn(n, session=1 + n // 2, session_id=("aa" if n < 2 else "ab")) for n in range(4)]
    assert [turn.ordinal for turn in select(turns, selection, now=NOW)] == found
