"""Evidence, level, scale and fit of one series against slow ones, written from analysis/detect/STATISTICS.md.

The numbers are that page's, written out here: what the package runs with is not asked.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timmy_tui.analysis.detect.cusum import Bank, Runs, confidence
from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.stats.series import Value, soft_of, values_of
from timmy_tui.analysis.stats.workload import FIRST, MIXES, Mix, features_of, fit_work, log_works, robust_scale
from timmy_tui.model.turn import Gap, Turn, TurnState

SHIFTS = (0.15, 0.30, 0.60, 1.20, -0.15, -0.30, -0.60, -1.20)


def density(value: float, mean: float, sd: float) -> float:
    """Of a normal; scipy's takes a hundred times longer for one value."""
    return math.exp(-((value - mean) ** 2) / (2 * sd**2)) / (sd * math.sqrt(2 * math.pi))


def slow_gain(shift: float, allowed: float, scale: float) -> float:
    """Log likelihood ratio of two contaminated normals, a tenth of each wide."""
    wide = max(0.5, 4 * scale)
    band = math.sqrt(scale**2 + (0.2 * shift) ** 2)
    moved = 0.9 * density(allowed, shift, band) + 0.1 * density(allowed, shift, wide)
    still = 0.9 * density(allowed, 0, scale) + 0.1 * density(allowed, 0, wide)
    return math.log(moved / still)


@dataclass
class SlowBank:
    """Sums of the page, with the run that caps what a turn adds."""

    sums: list[float] = field(default_factory=lambda: [0.0] * 8)
    lengths: list[int] = field(default_factory=lambda: [0] * 8)
    runs: list[int] = field(default_factory=lambda: [0] * 8)

    def add(self, residual: float, scale: float, error: float, rarity: float = 1.0, cap: float = 2.1) -> None:
        for place, shift in enumerate(SHIFTS):
            sign = math.copysign(1, shift)
            allowed = max(-1.3, min(1.3, residual)) - sign * 1.5 * error
            if not self.sums[place] and sign * allowed < sign * 0.25 * shift:
                continue
            gain = slow_gain(shift, allowed, scale)
            if gain > 0:
                most = min(1.1 + 0.25 * self.runs[place], cap if shift > 0 else 2.1)
                gain, run = min(gain, rarity * most), self.runs[place] + 1
            else:
                gain, run = max(gain, -1.5), max(self.runs[place] - 2, 0)
            total = self.sums[place] + gain
            self.sums[place], self.lengths[place], self.runs[place] = (
                (total, self.lengths[place] + 1, run) if total > 0 else (0.0, 0, 0)
            )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_evidence_is_pages_sum_of_log_likelihood_ratios(seed: int) -> None:
    chance = random.Random(seed)
    bank, slow = Bank(), SlowBank()
    for _ in range(25):
        residual, scale, error = chance.gauss(0.1, 0.4), chance.choice([0.02, 0.1, 0.3]), chance.choice([0.0, 0.03])
        rarity, cap = chance.choice([1.0, 0.4]), chance.choice([2.1, 0.8])
        bank.add(residual, scale, error, rarity, cap)
        slow.add(residual, scale, error, rarity, cap)
        assert bank.evidence == pytest.approx(slow.sums, abs=1e-9)
        assert bank.lengths == slow.lengths
        strongest = max(range(8), key=lambda place: slow.sums[place])
        assert bank.strongest() == pytest.approx((slow.sums[strongest], slow.lengths[strongest]))
        assert bank.direction == (1 if SHIFTS[strongest] > 0 else -1)
        assert bank.longest == max(slow.lengths)
        for direction, places in ((1, range(4)), (-1, range(4, 8))):
            best = max(places, key=lambda place: slow.sums[place])
            assert bank.strongest(direction) == pytest.approx((slow.sums[best], slow.lengths[best]))
    bank.reset()
    assert (bank.evidence, bank.lengths, bank.strongest(), bank.longest) == ([0.0] * 8, [0] * 8, (0.0, 0), 0)


def test_a_run_of_values_far_out_adds_more_and_more_up_to_a_cap() -> None:
    """Ten scales and more: 1.1 for the first turn, a quarter more for each behind it, 2.1 at most."""
    bank = Bank()
    for residual, told in ((0.6, 1.1), (50.0, 2.45), (1e9, 4.05), (0.9, 5.9), (0.9, 8.0), (0.9, 10.1)):
        bank.add(residual, 0.02, 0.0)
        assert bank.strongest()[0] == pytest.approx(told)
    bank.add(-1e9, 0.02, 0.0)
    assert bank.strongest(1)[0] == pytest.approx(8.6)
    assert bank.strongest(-1)[0] == pytest.approx(1.1)


def test_a_turn_between_makes_a_run_two_turns_shorter() -> None:
    bank = Bank()
    for residual in (0.6, 0.6, 0.6, 0.0, 0.6):
        bank.add(residual, 0.02, 0.0)
    # 1.1 + 1.35 + 1.6 - 1.5, and then what the second of a run adds.
    assert bank.strongest()[0] == pytest.approx(4.05 - 1.5 + 1.35)


def test_followers_count_less_where_slow_turns_come_in_runs() -> None:
    """Fifteen turns of which a tenth are followed are assumed; each run of four adds four, three of them followed."""
    runs = Runs()
    assert runs.cap == pytest.approx(-0.75 * math.log(0.1))
    for count in range(1, 6):
        runs.add(4)
        assert runs.cap == pytest.approx(min(2.1, -0.75 * math.log((1.5 + 3 * count) / (15 + 4 * count))))
    before = runs.cap
    runs.add(9)
    assert runs.cap == before, "a run of nine was a level"
    runs.add(8)
    assert runs.cap < before


@pytest.mark.parametrize(("evidence", "told"), [(0.0, 0.0), (3.0, 1 - math.exp(-1)), (7.0, 1 - math.exp(-7 / 3))])
def test_confidence_is_a_display(evidence: float, told: float) -> None:
    assert confidence(evidence) == pytest.approx(told)


# --- how time follows work ---


def slow_mad(values: Sequence[float]) -> float:
    return 1.4826 * float(np.median(np.abs(np.array(values) - np.median(values))))


def slow_fit(
    y: np.ndarray, x: np.ndarray, prior: Sequence[float], sd: Sequence[float]
) -> tuple[list[float], list[float]]:
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
    return list(beta), [max(one, 0.5 * least) for one, least in zip(errors, sd, strict=True)]


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
    found = fit_work(stage, y, log_works(stage, work))
    slopes, errors = slow_fit(y, np.array(work), prior, sd)
    assert list(found.slopes) == pytest.approx(slopes)
    assert list(found.errors) == pytest.approx(errors)


@pytest.mark.parametrize("stage", PRIORS)
def test_with_fewer_than_five_values_the_slopes_are_the_prior(stage: str) -> None:
    y, work = made(stage, 4, seed=1)
    found = fit_work(stage, y, log_works(stage, work))
    prior, sd = zip(*PRIORS[stage], strict=True)
    assert (list(found.slopes), list(found.errors)) == (list(prior), list(sd))


def mixed(n: int, mix: Mix, seed: int = 5) -> tuple[np.ndarray, list[tuple[float, ...]]]:
    """Growth, memories of the turn before and prompt of ``n`` turns, and the time that the mix gives them."""
    chance = random.Random(seed)
    work = [(chance.uniform(5, 900), float(chance.randint(0, 9)), chance.uniform(800, 3000)) for _ in range(n)]
    tokens = [mix.grown * g + mix.chunk * c + mix.prompt * p + mix.rest for g, c, p in work]
    return np.array([1 + 0.9 * math.log(one) + chance.gauss(0, 0.001) for one in tokens]), list(work)


@pytest.mark.parametrize("mix", MIXES)
def test_the_tokens_come_about_as_leaves_least(mix: Mix) -> None:
    y, work = mixed(60, mix)
    found = fit_work("prefill", y, log_works("prefill", work))
    x = np.array([[math.log(max(mix.tokens(*one), 1))] for one in work])
    assert found.mix == mix
    assert list(found.slopes) == pytest.approx(slow_fit(y, x, (0.9,), (0.1,))[0])


def test_a_mix_is_a_sum_and_never_less_than_a_token() -> None:
    assert Mix(1, 50, 0, 350).tokens(100.0, 4.0, 2000.0) == 650.0
    assert Mix(0, 0, 1, -450).tokens(100.0, 4.0, 2000.0) == 1550.0
    assert Mix(0, 0, 1, -450).tokens(100.0, 4.0, 300.0) == 1.0


def test_a_later_fit_goes_on_from_the_one_before() -> None:
    y, work = made("tts", 80, seed=3)
    whole = fit_work("tts", y, log_works("tts", work))
    assert list(fit_work("tts", y, log_works("tts", work), near=whole).slopes) == pytest.approx(
        list(whole.slopes), abs=0.002
    )


def test_two_groups_have_levels_of_their_own() -> None:
    """The second group takes three times as long at twice the work: with one level the slope would follow it."""
    chance = random.Random(2)
    work = [(chance.gauss(3 if n < 20 else 3.7, 0.3),) for n in range(40)]
    y = np.array([0.6 * one + (0.0 if n < 20 else 1.1) + chance.gauss(0, 0.03) for n, (one,) in enumerate(work)])
    groups = np.repeat([0, 1], 20)
    found = fit_work("tts", y, log_works("tts", work), groups)
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
    assert fit_work("tts", y, log_works("tts", work)).slopes[0] > 0.8


def test_a_stage_without_features_has_nothing_to_fit() -> None:
    found = fit_work("classify", np.arange(10.0), log_works("classify", [()] * 10))
    assert (len(found.slopes), found.mix) == (0, FIRST)


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


BEFORE = turn(ordinal=0, prompt_tokens=1000, chunks=3)


@pytest.mark.parametrize(
    ("stage", "work"),
    [
        ("prefill", (200.0, 3.0, 1200.0)), ("decode", (math.log(50), math.log(1200))), ("wait", (math.log(50),)),
        ("llm", (math.log(50), math.log(1200))), ("tts", (math.log(80),)), ("store", (math.log(30),)), ("classify", ()),
        ("V2V", ()),
    ],
)  # fmt: skip
def test_what_a_stages_time_follows(stage: str, work: tuple[float, ...]) -> None:
    assert features_of(stage, turn(), BEFORE) == pytest.approx(work)


@pytest.mark.parametrize(
    ("fields", "before", "evaluated"),
    [
        ({"cached_tokens": 900}, BEFORE, (300.0, 0.0, 300.0)), ({"cached_tokens": 1200}, BEFORE, (1.0, 0.0, 1.0)),
        ({"cached_tokens": 900}, None, (300.0, 0.0, 300.0)), ({"cached_tokens": 1500}, None, (1.0, 0.0, 1.0)),
        ({}, None, None), ({}, turn(prompt_tokens=None), None), ({"prompt_tokens": None}, BEFORE, None),
        ({"prompt_tokens": 1000}, BEFORE, (0.0, 3.0, 1000.0)), ({}, turn(prompt_tokens=1000), (200.0, 0.0, 1200.0)),
        # Three memories of ninety tokens at most may have gone; a prompt that shrank by more was trimmed.
        ({"prompt_tokens": 730}, BEFORE, (-270.0, 3.0, 730.0)), ({"prompt_tokens": 729}, BEFORE, None),
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
    known = {"reply_length": None} if field == "output_tokens" else {}
    assert features_of(stage, turn(**{**known, field: value}), BEFORE) is None
    assert features_of(stage, turn(**{**known, field: 1}), BEFORE) is not None


def test_without_ollamas_counts_characters_stand_in() -> None:
    bare = turn(output_tokens=None, prompt_tokens=None, prompt_tokens_est=1100, reply_length=86)
    assert features_of("llm", bare, BEFORE) == pytest.approx((math.log(20), math.log(1100)))
    assert features_of("llm", turn(output_tokens=None, reply_length=0), BEFORE) is None


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


def level_of(values: Sequence[float], **options: float) -> JudgedLevel:
    level = JudgedLevel("classify", **options)  # type: ignore[arg-type]
    for number, value in enumerate(values):
        level.add(value, (), tag(number))
    return level


def quiet(n: int, seed: int = 3) -> list[float]:
    chance = random.Random(seed)
    return [3.0 + chance.uniform(-0.05, 0.05) for _ in range(n)]


@pytest.mark.parametrize(("n", "ready"), [(11, False), (12, True)])
def test_twelve_values_make_a_level(n: int, ready: bool) -> None:
    assert level_of(quiet(n)).ready is ready


@pytest.mark.parametrize(
    ("n", "fitted"), [(5, 5), (9, 5), (10, 10), (14, 10), (15, 15), (50, 50), (55, 50), (56, 56), (62, 56), (63, 63)]
)
def test_the_level_is_fitted_after_every_fifth_value_and_every_tenth_of_it(n: int, fitted: int) -> None:
    """Nothing here is an excursion for long: a value that waits is part of the reference with the next."""
    values = [3.0 + 0.01 * (number % 3) for number in range(n)]
    level = level_of(values)
    assert level.usual_ms == pytest.approx(math.exp(np.median(values[:fitted])))
    scale = (1 + (10 / fitted) ** 2) * slow_mad(values[:fitted])
    assert level.scale == pytest.approx(max(scale, 0.02))


def test_before_the_first_fit_the_scale_is_a_tenth() -> None:
    assert level_of([3.0] * 4).scale == 0.1
    assert level_of([3.0] * 5).scale == 0.02


def test_two_hundred_values_are_remembered() -> None:
    level = level_of([3.0] * 101 + [3.01] * 99)
    assert level.usual_ms == pytest.approx(math.exp(3.0))
    for number in range(40):
        level.add(3.01, (), tag(200 + number))
    assert level.usual_ms == pytest.approx(math.exp(3.01))


def slow_error(scale: float, n: int, session: float, kept: float) -> float:
    return math.sqrt(kept**2 * 1.57 * scale**2 / n + session**2 * (1 + min(35 / n, 1)))


@pytest.mark.parametrize("session", [0.02, 0.05])
@pytest.mark.parametrize("n", [15, 35, 40, 100])
def test_the_allowance_is_the_error_of_a_median_and_of_two_sessions(n: int, session: float) -> None:
    """What a value far out adds shows the error that was allowed for."""
    values = [3.0 + 0.04 * (number % 3 - 1) for number in range(n)]
    level = level_of(values, session=session)
    reference = {15: 15, 35: 35, 40: 40, 100: 97}[n]
    scale = max((1 + (10 / reference) ** 2) * slow_mad(values[:reference]), 0.02)
    assert level.scale == pytest.approx(scale)
    assert level.bank.longest == 0
    level.session_offset()
    level.add(3.0 + 0.21, (), tag(n))
    assert level.residual == pytest.approx(0.21)
    slow = SlowBank()
    # Neighbours here are unlike each other, and bursts are taken to be there by a chance of 1 / (1 + e).
    slow.add(0.21, scale, slow_error(scale, n, session, 1 - 0.25 * (1 - 1 / (1 + math.e))))
    assert level.bank.evidence == pytest.approx(slow.sums, abs=1e-6)


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
    level = JudgedLevel("tts")
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
    level = JudgedLevel("tts")
    work = [(chance.gauss(4.0, 0.5),) for _ in range(40)]
    y = [2.0 + 0.6 * one + 0.05 * (number % 3 - 1) for number, (one,) in enumerate(work)]
    for number, (one, ms) in enumerate(zip(work, y, strict=True)):
        level.add(ms, one, tag(number))
    slopes, errors = slow_fit(np.array(y), np.array(work), (0.6,), (0.2,))
    middle = float(np.median([one for (one,) in work]))
    kept = 1 - 0.25 * (1 - 1 / (1 + math.e))
    base = slow_error(level.scale, 40, 0.02, kept)
    far = 3.0
    level.bank.reset()
    level.add(math.log(level.usual_ms) + slopes[0] * far + 0.4, (middle + far,), tag(41))
    error = math.sqrt(base**2 + (kept * far * errors[0]) ** 2)
    slow = SlowBank()
    slow.add(0.4, level.scale, error)
    assert level.residual == pytest.approx(0.4)
    assert level.bank.evidence == pytest.approx(slow.sums, abs=1e-6)


# --- what a level knows of its noise ---


def test_a_far_value_counts_less_where_many_are_as_far() -> None:
    """A third of the values are three times as long: one more is no evidence to speak of."""
    two_levels = [3.0 + (1.1 if number % 3 == 0 else 0.0) + 0.01 * (number % 2) for number in range(60)]
    often, never = level_of(two_levels), level_of([3.0 + 0.01 * (number % 2) for number in range(60)])
    gained = []
    for level in (often, never):
        level.bank.reset()
        level.add(4.1, (), tag(60))
        gained.append(level.bank.strongest(1)[0])
    assert gained[1] == pytest.approx(1.1)
    assert gained[0] < 0.65 * gained[1]


def test_of_neighbours_that_are_alike_only_what_is_new_counts() -> None:
    """The same values, in waves and shuffled: the second of two high ones is expected in waves."""
    waves = [3.0 + 0.1 * math.sin(number / 2) for number in range(120)]
    shuffled = random.Random(1).sample(waves, 120)
    gained = []
    for values in (waves, shuffled):
        level = level_of(values)
        level.bank.reset()
        level.session_offset()
        for number in range(4):
            level.add(3.16, (), tag(120 + number))
        gained.append(level.bank.strongest(1)[0])
    assert gained[0] < 0.6 * gained[1]


def test_a_clock_that_moves_in_steps_is_a_softening_term() -> None:
    """0 and 15.6 ms are one step apart, and no factor of thirty."""
    level = level_of([math.log((15.6 if number % 4 == 0 else 0.0) + 0.5) for number in range(40)])
    for number in range(6):
        level.add(math.log(15.6 + 0.5), (), tag(40 + number))
    assert level.bank.strongest(1)[0] < 6.0
    assert level.usual_ms == pytest.approx(0.5, abs=0.01)
    for number in range(6):
        level.add(math.log(62.4 + 0.5), (), tag(60 + number))
    assert level.bank.strongest(1)[0] > 8.3


def test_ranks_know_how_few_values_a_level_rests_on() -> None:
    """Six of fifteen values were as long; of thirty-two now are twenty, by chance, or all."""
    reference = [3.0 + (1.2 if number % 5 < 2 else 0.01 * (number % 3)) for number in range(15)]
    found = []
    for far in (20, 32):
        level = level_of(reference)
        for number in range(32):
            level.add(4.3 if number % 8 < far / 4 else 3.0, (), tag(15 + number))
        found.append(level.separation(level.bank.strongest(1)[1]))
    assert found[0] < 3.5 < found[1]
