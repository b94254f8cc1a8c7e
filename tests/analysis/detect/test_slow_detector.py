"""Evidence, level, scale and fit of one series against slow ones, written from analysis/detect/STATISTICS.md.

The numbers are that page's, written out here: what the package runs with is not asked.
"""

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timmy_tui.analysis.detect.cusum import Bank, confidence
from timmy_tui.analysis.detect.level import Level
from timmy_tui.analysis.stats.series import Value, soft_of, values_of
from timmy_tui.analysis.stats.workload import features_of, fit_work, robust_scale
from timmy_tui.model.turn import Gap, Turn, TurnState

SHIFTS = (0.15, 0.30, 0.60, 1.20, -0.15, -0.30, -0.60, -1.20)


def density(value: float, mean: float, sd: float) -> float:
    """Of a normal; scipy's takes a hundred times longer for one value."""
    return math.exp(-((value - mean) ** 2) / (2 * sd**2)) / (sd * math.sqrt(2 * math.pi))


def slow_gain(shift: float, residual: float, scale: float, error: float) -> float:
    """Log likelihood ratio of two contaminated normals, a tenth of each wide, at most 1.5 either way."""
    value = max(-1.3, min(1.3, residual)) - math.copysign(1.5 * error, shift)
    wide = max(0.5, 4 * scale)
    band = math.sqrt(scale**2 + (0.2 * shift) ** 2)
    moved = 0.9 * density(value, shift, band) + 0.1 * density(value, shift, wide)
    still = 0.9 * density(value, 0, scale) + 0.1 * density(value, 0, wide)
    return max(-1.5, min(1.5, float(math.log(moved / still))))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_evidence_is_pages_sum_of_log_likelihood_ratios(seed: int) -> None:
    chance = random.Random(seed)
    bank, sums, lengths = Bank(), [0.0] * 8, [0] * 8
    for _ in range(25):
        residual, scale, error = chance.gauss(0.1, 0.4), chance.choice([0.02, 0.1, 0.3]), chance.choice([0.0, 0.03])
        bank.add(residual, scale, error)
        for place, shift in enumerate(SHIFTS):
            total = sums[place] + slow_gain(shift, residual, scale, error)
            sums[place], lengths[place] = (total, lengths[place] + 1) if total > 0 else (0.0, 0)
        assert bank.evidence == pytest.approx(sums, abs=1e-9)
        assert bank.lengths == lengths
        strongest = max(range(8), key=lambda place: sums[place])
        assert bank.strongest() == pytest.approx((sums[strongest], lengths[strongest]))
        assert bank.direction == (1 if SHIFTS[strongest] > 0 else -1)
        assert bank.longest == max(lengths)
        for direction, places in ((1, range(4)), (-1, range(4, 8))):
            best = max(places, key=lambda place: sums[place])
            assert bank.strongest(direction) == pytest.approx((sums[best], lengths[best]))
    bank.reset()
    assert (bank.evidence, bank.lengths, bank.strongest(), bank.longest) == ([0.0] * 8, [0] * 8, (0.0, 0), 0)


def test_a_value_far_out_adds_no_more_than_its_cap() -> None:
    """Ten scales and more: one turn gives 1.5 at most, and takes 1.5 at most."""
    bank = Bank()
    for turn, residual in enumerate((0.6, 50.0, 1e9), start=1):
        bank.add(residual, 0.02, 0.0)
        assert bank.strongest()[0] == pytest.approx(1.5 * turn)
    bank.add(-1e9, 0.02, 0.0)
    assert bank.strongest(1)[0] == pytest.approx(3.0)
    assert bank.strongest(-1)[0] == pytest.approx(1.5)


@pytest.mark.parametrize(("evidence", "told"), [(0.0, 0.0), (3.0, 1 - math.exp(-1)), (7.0, 1 - math.exp(-7 / 3))])
def test_confidence_is_a_display(evidence: float, told: float) -> None:
    assert confidence(evidence) == pytest.approx(told)


# --- how time follows work ---


def slow_mad(values: Sequence[float]) -> float:
    return 1.4826 * float(np.median(np.abs(np.array(values) - np.median(values))))


def slow_fit(
    y: np.ndarray, x: np.ndarray, prior: Sequence[float], sd: Sequence[float]
) -> tuple[list[float], list[float], float]:
    """Ridge towards the prior with Huber's weights, four rounds of reweighting, by the normal equations."""
    beta, weights = np.array(prior, dtype=float), np.ones(len(y))
    penalty = np.diag([1 / one**2 for one in sd])
    for _ in range(4):
        yc = y - np.average(y, weights=weights)
        xc = x - np.average(x, axis=0, weights=weights)
        residual = yc - xc @ beta
        scale = max(slow_mad(residual), 0.02)
        weights = np.array([min(1.0, 1.5 * scale / max(abs(one), 1e-12)) for one in residual])
        left = xc.T @ np.diag(weights) @ xc / scale**2 + penalty
        right = xc.T @ np.diag(weights) @ yc / scale**2 + penalty @ np.array(prior)
        beta = np.linalg.solve(left, right)
    errors = np.sqrt(np.diag(np.linalg.inv(left)))
    return list(beta), [max(one, 0.5 * least) for one, least in zip(errors, sd, strict=True)], slow_mad(yc - xc @ beta)


PRIORS = {
    "decode": ((1.0, 0.05), (0.05, 0.05)),
    "wait": ((0.2, 0.2),),
    "llm": ((0.55, 0.2), (0.2, 0.15)),
    "tts": ((0.6, 0.2),),
    "store": ((0.15, 0.12),),
}


def made(stage: str, n: int, seed: int) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    chance = random.Random(seed)
    work = [tuple(chance.gauss(4, 0.6) for _ in PRIORS[stage]) for _ in range(n)]
    noise = [chance.gauss(0, 0.1) if chance.random() < 0.9 else chance.gauss(0, 1.0) for _ in work]
    return np.array([3 + 0.7 * sum(one) + off for one, off in zip(work, noise, strict=True)]), work


@pytest.mark.parametrize("stage", PRIORS)
@pytest.mark.parametrize("n", [5, 6, 40])
def test_the_fit_solves_its_normal_equations(stage: str, n: int) -> None:
    y, work = made(stage, n, seed=n)
    prior, sd = zip(*PRIORS[stage], strict=True)
    found = fit_work(stage, y, work)
    slopes, errors, scale = slow_fit(y, np.array(work), prior, sd)
    assert list(found.slopes) == pytest.approx(slopes)
    assert list(found.errors) == pytest.approx(errors)
    assert found.scale == pytest.approx(scale)


@pytest.mark.parametrize("stage", PRIORS)
def test_with_fewer_than_five_values_the_slopes_are_the_prior(stage: str) -> None:
    y, work = made(stage, 4, seed=1)
    found = fit_work(stage, y, work)
    prior, sd = zip(*PRIORS[stage], strict=True)
    assert (list(found.slopes), list(found.errors), found.scale) == (list(prior), list(sd), 0.0)


OFFSETS = (1.0, 30.0, 100.0, 200.0, 350.0, 600.0, 1000.0)


def grown(n: int, offset: float, seed: int = 5) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    chance = random.Random(seed)
    work: list[tuple[float, ...]] = [(chance.uniform(5, 900),) for _ in range(n)]
    return np.array([1 + 0.9 * math.log(one[0] + offset) + chance.gauss(0, 0.001) for one in work]), work


@pytest.mark.parametrize("offset", OFFSETS)
def test_what_is_evaluated_beside_the_growth_is_the_offset_that_leaves_least(offset: float) -> None:
    y, work = grown(40, offset)
    fits = {one: slow_fit(y, np.log(np.array(work) + one), (0.9,), (0.1,)) for one in OFFSETS}
    best = min(OFFSETS, key=lambda one: fits[one][2])
    found = fit_work("prefill", y, work)
    assert found.offsets == (best,)
    assert list(found.slopes) == pytest.approx(fits[best][0])
    assert best == offset


@pytest.mark.parametrize(("near", "among"), [(1.0, OFFSETS[:2]), (200.0, OFFSETS[2:5]), (1000.0, OFFSETS[5:])])
def test_a_search_beside_the_last_offset(near: float, among: Sequence[float]) -> None:
    for offset in (1.0, 1000.0):
        y, work = grown(40, offset)
        wanted = min(among, key=lambda one: slow_fit(y, np.log(np.array(work) + one), (0.9,), (0.1,))[2])
        assert fit_work("prefill", y, work, near=(near,)).offsets == (wanted,)


def test_two_groups_have_levels_of_their_own() -> None:
    """The second group takes three times as long at twice the work: with one level the slope would follow it."""
    chance = random.Random(2)
    work = [(chance.gauss(3 if n < 20 else 3.7, 0.3),) for n in range(40)]
    y = np.array([0.6 * one + (0.0 if n < 20 else 1.1) + chance.gauss(0, 0.03) for n, (one,) in enumerate(work)])
    groups = np.repeat([0, 1], 20)
    found = fit_work("tts", y, work, groups)
    x, weights, beta = np.array(work), np.ones(40), np.array([0.6])
    for _ in range(4):
        yc, xc = y.copy(), x.copy()
        for group in (0, 1):
            at = groups == group
            yc[at] -= np.average(y[at], weights=weights[at])
            xc[at] -= np.average(x[at], axis=0, weights=weights[at])
        residual = yc - xc @ beta
        scale = max(slow_mad(residual), 0.02)
        weights = np.minimum(1.0, 1.5 * scale / np.abs(residual))
        beta = np.array(
            [(xc[:, 0] * weights @ yc / scale**2 + 0.6 / 0.04) / (xc[:, 0] ** 2 @ weights / scale**2 + 1 / 0.04)]
        )
    assert list(found.slopes) == pytest.approx(list(beta))
    assert found.slopes[0] == pytest.approx(0.6, abs=0.08)
    assert fit_work("tts", y, work).slopes[0] > 0.8


def test_a_stage_without_features_has_nothing_to_fit() -> None:
    found = fit_work("classify", np.arange(10.0), [()] * 10)
    assert (len(found.slopes), found.offsets, found.scale) == (0, (), 0.0)


def test_the_scale_is_that_of_the_middle() -> None:
    """Of 1 2 3 4 100 the median is 3 and the middle distance 1."""
    assert robust_scale([1.0, 2.0, 3.0, 4.0, 100.0]) == pytest.approx(1.4826)
    assert robust_scale([1.0, 2.0, 3.0, 5.0]) == pytest.approx(1.4826 * 1.0)
    assert (robust_scale([]), robust_scale([7.0])) == (0.0, 0.0)


# --- the work of a turn ---


def turn(**more: object) -> Turn:
    fields: dict[str, object] = {
        "ordinal": 1, "state": TurnState.COMPLETE, "prompt_tokens": 1200, "output_tokens": 50, "reply_length": 80,
        "text_length": 30, "prefill_ms": 100.0, "decode_ms": 400.0, "load_ms": 90.0,
        "stages": {"wait": 95.0, "llm": 600.0, "tts": 700.0, "store": 300.0, "classify": 30.0,
                   "hop_in": 2.0, "hop_out": 5.0, "network": 7.0},
    }  # fmt: skip
    return Turn(**{**fields, **more})  # type: ignore[arg-type]


BEFORE = turn(ordinal=0, prompt_tokens=1000)


@pytest.mark.parametrize(
    ("stage", "work"),
    [
        ("prefill", (200.0,)), ("decode", (math.log(50), math.log(1200))), ("wait", (math.log(50),)),
        ("llm", (math.log(50), math.log(1200))), ("tts", (math.log(80),)), ("store", (math.log(30),)), ("classify", ()),
        ("V2V", ()),
    ],
)  # fmt: skip
def test_what_a_stages_time_follows(stage: str, work: tuple[float, ...]) -> None:
    assert features_of(stage, turn(), BEFORE) == pytest.approx(work)


@pytest.mark.parametrize(
    ("fields", "before", "evaluated"),
    [
        ({"cached_tokens": 900}, BEFORE, (300.0,)), ({"cached_tokens": 1200}, BEFORE, (1.0,)),
        ({"cached_tokens": 900}, None, (300.0,)), ({"cached_tokens": 1500}, None, (1.0,)),
        ({}, None, None), ({}, turn(prompt_tokens=None), None), ({"prompt_tokens": None}, BEFORE, None),
        ({"prompt_tokens": 1000}, BEFORE, (0.0,)), ({"prompt_tokens": 999}, BEFORE, None),
        ({"prompt_tokens": None, "cached_tokens": 5}, BEFORE, None),
    ],
)  # fmt: skip
def test_tokens_that_were_evaluated(
    fields: dict[str, object], before: Turn | None, evaluated: tuple[float, ...] | None
) -> None:
    assert features_of("prefill", turn(**fields), before) == evaluated


@pytest.mark.parametrize(
    ("stage", "field"),
    [("decode", "output_tokens"), ("decode", "prompt_tokens"), ("wait", "output_tokens"), ("llm", "output_tokens"),
     ("llm", "prompt_tokens"), ("tts", "reply_length"), ("store", "text_length")],
)  # fmt: skip
@pytest.mark.parametrize("value", [None, 0])
def test_work_that_is_not_known(stage: str, field: str, value: int | None) -> None:
    assert features_of(stage, turn(**{field: value}), BEFORE) is None
    assert features_of(stage, turn(**{field: 1}), BEFORE) is not None


def series(one: Turn, before: Turn | None = BEFORE, loaded: bool = False) -> dict[str, Value]:
    return {value.series: value for value in values_of(one, before, loaded)}


def test_values_are_softened_logarithms() -> None:
    gaps = (
        Gap("classify", "retrieve", 3.0),
        Gap("start", "hop_in", 9.0),
        Gap("reply", "end", 9.0),
        Gap("store", "llm", -1.0),
    )
    found = series(turn(gaps=gaps))
    told = {name: math.exp(value.log_ms) for name, value in found.items()}
    assert told == pytest.approx(
        {
            "classify": 30.5, "store": 300.5, "tts": 700.5, "network": 9.0, "prefill": 100.5,
            "decode": 400.5, "wait": 95.5, "load": 90.5, "gap:classify→retrieve": 8.0, "gap:reply→end": 14.0,
        }
    )  # fmt: skip
    assert [soft_of(name) for name in ("gap:a→b", "network", "llm", "store")] == [5.0, 2.0, 0.5, 0.5]


@pytest.mark.parametrize("unknown", ["prefill_ms", "decode_ms"])
def test_the_whole_request_stands_in_for_parts_that_are_not_known(unknown: str) -> None:
    assert {"prefill", "decode", "wait", "llm", "load"} & set(series(turn(**{unknown: None}))) == {"llm"}


def test_no_part_of_the_request_is_judged_when_the_model_was_loaded() -> None:
    assert not {"prefill", "decode", "wait", "llm", "load"} & set(series(turn(), loaded=True))
    stages = {**turn().stages, "wait": None}
    assert "llm" in series(turn(stages=stages))


@pytest.mark.parametrize(("network", "judged"), [(0.0, True), (7.0, True), (None, False)])
def test_the_network_is_judged_and_no_single_hop(network: float | None, judged: bool) -> None:
    found = series(turn(stages={"hop_in": 2.0, "hop_out": 5.0, "network": network}))
    assert set(found) & {"hop_in", "hop_out", "network"} == ({"network"} if judged else set())


@pytest.mark.parametrize("stage", ["prefill", "decode", "load"])
def test_what_is_known_to_be_no_measurement_is_not_read_from_the_turn(stage: str) -> None:
    assert stage not in series(turn(unmeasured={stage: "longer than the whole it is part of"}))
    assert stage in series(turn(unmeasured={"classify": "a clock stepped"}))


def test_what_did_not_happen_is_not_judged() -> None:
    assert "store" not in series(turn(skipped=frozenset({"store"})))
    assert "classify" not in series(turn(stages={"classify": -0.1}))
    assert "classify" in series(turn(stages={"classify": 0.0}))


# --- the level of a series ---


def tag(number: int) -> tuple[int, str]:
    return number, f"{number:08x}"


def level_of(values: Sequence[float], **options: float) -> Level:
    level = Level("classify", **options)  # type: ignore[arg-type]
    for number, value in enumerate(values):
        level.add(value, (), tag(number))
    return level


def quiet(n: int, seed: int = 3) -> list[float]:
    chance = random.Random(seed)
    return [3.0 + chance.uniform(-0.05, 0.05) for _ in range(n)]


@pytest.mark.parametrize(("n", "ready"), [(11, False), (12, True)])
def test_twelve_values_make_a_level(n: int, ready: bool) -> None:
    assert level_of(quiet(n)).ready is ready


@pytest.mark.parametrize(("n", "fitted"), [(5, 5), (9, 5), (10, 10), (14, 10), (15, 15), (59, 55), (60, 60), (64, 60)])
def test_the_level_is_fitted_after_every_fifth_value(n: int, fitted: int) -> None:
    """Nothing here is an excursion for long: a value that waits is part of the reference with the next."""
    values = [3.0 + 0.01 * (number % 3) for number in range(n)]
    level = level_of(values)
    assert level.usual_ms == pytest.approx(math.exp(np.median(values[:fitted])))
    scale = (1 + (10 / fitted) ** 2) * slow_mad(values[:fitted])
    assert level.scale == pytest.approx(max(scale, 0.02))


def test_before_the_first_fit_the_scale_is_a_tenth() -> None:
    assert level_of([3.0] * 4).scale == 0.1
    assert level_of([3.0] * 5).scale == 0.02


def test_a_long_reference_is_fitted_a_third_as_often() -> None:
    values = [3.0] * 61 + [3.01] * 300
    fits = []
    level = Level("classify")
    for number, value in enumerate(values[:200]):
        before = (level.usual_ms, level.scale)
        level.add(value, (), tag(number))
        if (level.usual_ms, level.scale) != before:
            fits.append(number + 1)
    # At 125 half of the values are the new ones, and fits come at 60 and then every fifteen: 75, 90, 105, 120, 135.
    assert fits[-1] == 135


def test_two_hundred_values_are_remembered() -> None:
    level = level_of([1.0] * 0 + [3.0] * 101 + [3.01] * 99)
    assert level.usual_ms == pytest.approx(math.exp(3.0))
    for number in range(15):
        level.add(3.01, (), tag(200 + number))
    assert level.usual_ms == pytest.approx(math.exp(3.01))


def slow_error(scale: float, n: int, session: float) -> float:
    return math.sqrt(1.57 * scale**2 / n + session**2 * (1 + min(35 / n, 1)))


@pytest.mark.parametrize("session", [0.02, 0.05])
@pytest.mark.parametrize("n", [15, 35, 40, 100])
def test_the_allowance_is_the_error_of_a_median_and_of_two_sessions(n: int, session: float) -> None:
    """What a value far out adds shows the error that was allowed for."""
    values = [3.0 + 0.04 * (number % 3 - 1) for number in range(n)]
    level = level_of(values, session=session)
    reference = n if n <= 60 else 60 + (n - 60) // 15 * 15
    scale = max((1 + (10 / reference) ** 2) * slow_mad(values[:reference]), 0.02)
    assert level.scale == pytest.approx(scale)
    assert level.bank.longest == 0
    level.add(3.0 + 0.21, (), tag(n))
    assert level.residual == pytest.approx(0.21)
    gains = [max(0.0, slow_gain(shift, 0.21, scale, slow_error(scale, n, session))) for shift in SHIFTS]
    assert level.bank.evidence == pytest.approx(gains, abs=1e-6)


def test_an_excursion_waits_outside_the_reference() -> None:
    level = level_of([3.0 + 0.01 * (number % 3 - 1) for number in range(30)])
    for number in range(10):
        level.add(3.5, (), tag(30 + number))
    shift, since = level.excursion(10)
    assert shift == pytest.approx(0.5, abs=1e-6)
    assert since == tag(30)
    assert level.usual_ms == pytest.approx(math.exp(3.0))
    assert level.bank.direction == 1
    assert level.bank.longest == 10


def test_forty_values_wait_at_most() -> None:
    """The evidence of a level that stays gathers on; the forty-first is the first that goes in."""
    level = level_of([3.0 + 0.01 * (number % 3 - 1) for number in range(30)])
    for number in range(50):
        level.add(3.5, (), tag(30 + number))
        assert level.excursion(1000)[1] == tag(30 + max(number - 39, 0))


def test_a_move_makes_the_excursion_the_reference() -> None:
    level = level_of([3.0 + 0.01 * (number % 3 - 1) for number in range(30)])
    old = level.scale
    for number in range(8):
        level.add(3.5 + 0.02 * (number % 2), (), tag(30 + number))
    level.move(5)
    assert level.ready is False
    assert level.bank.strongest() == (0.0, 0)
    # Of the newest five values 3.52 3.5 3.52 3.5 3.52 the median is 3.52; 5/12 of their own scale, the rest old.
    assert level.usual_ms == pytest.approx(math.exp(3.52))
    own = (1 + (10 / 5) ** 2) * slow_mad([3.52, 3.5, 3.52, 3.5, 3.52])
    assert level.scale == pytest.approx(max(5 / 12 * own + 7 / 12 * old, 0.02))
    level.add(3.52, (), tag(99))
    assert level.residual is None
    assert level.ready
    level.add(3.52, (), tag(100))
    assert level.residual == pytest.approx(0.0, abs=1e-9)


def test_a_value_is_judged_before_it_is_learned() -> None:
    level = level_of([3.0] * 12)
    level.add(3.2, (), tag(12))
    assert level.residual == pytest.approx(0.2)


def test_what_is_forgotten_leaves_no_trace() -> None:
    level = level_of([3.0 + 0.01 * (number % 3 - 1) for number in range(30)])
    for number in range(6):
        level.add(3.5, (), tag(30 + number))
    level.forget(4)
    assert level.bank.strongest() == (0.0, 0)
    assert level.excursion(10)[1] == tag(30)
    level.forget(400)
    level.add(3.0, (), tag(40))
    assert level.usual_ms == pytest.approx(math.exp(3.0))


def test_a_restart_forgets_the_level() -> None:
    level = level_of([3.0] * 30)
    level.restart()
    assert (level.ready, level.usual_ms, level.expected_ms(())) == (False, 1.0, None)
    for number in range(12):
        level.add(4.0, (), tag(number))
    assert level.usual_ms == pytest.approx(math.exp(4.0))


def test_the_usual_time_follows_the_work() -> None:
    """A level at the median work; twice the reply takes 2 to the slope as long."""
    chance = random.Random(4)
    level = Level("tts")
    work = [(chance.gauss(4.0, 0.5),) for _ in range(40)]
    y = [2.0 + 0.6 * one for (one,) in work]
    for number, (one, ms) in enumerate(zip(work, y, strict=True)):
        level.add(ms, one, tag(number))
    middle = float(np.median([one for (one,) in work]))
    slope = slow_fit(np.array(y), np.array(work), (0.6,), (0.2,))[0][0]
    assert level.usual_ms == pytest.approx(math.exp(2.0 + 0.6 * middle), rel=0.01)
    assert level.expected_ms((middle + math.log(2),)) == pytest.approx(level.usual_ms * 2**slope)


def test_slopes_that_are_not_certain_widen_the_allowance_far_out() -> None:
    chance = random.Random(4)
    level = Level("tts")
    work = [(chance.gauss(4.0, 0.5),) for _ in range(40)]
    y = [2.0 + 0.6 * one + chance.gauss(0, 0.05) for (one,) in work]
    for number, (one, ms) in enumerate(zip(work, y, strict=True)):
        level.add(ms, one, tag(number))
    slopes, errors, _ = slow_fit(np.array(y), np.array(work), (0.6,), (0.2,))
    middle = float(np.median([one for (one,) in work]))
    base = slow_error(level.scale, 40, 0.02)
    far = 3.0
    level.bank.reset()
    level.add(math.log(level.usual_ms) + slopes[0] * far + 0.4, (middle + far,), tag(41))
    error = math.sqrt(base**2 + (far * errors[0]) ** 2)
    gains = [max(0.0, slow_gain(shift, 0.4, level.scale, error)) for shift in SHIFTS]
    assert level.residual == pytest.approx(0.4)
    assert level.bank.evidence == pytest.approx(gains, abs=1e-6)
