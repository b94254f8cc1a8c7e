"""Percentiles, shift, interval, Holm's step-down and the fit of work against slow ones, written from their formulas.

Nothing here reads the package's own settings: the numbers are those of analysis/detect/STATISTICS.md.
"""

import math
import random
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy import stats

from tests.turn_makers import complete_turn
from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.percentiles import headline_stat, newest_complete, percentile, stage_stats, summarize
from timmy_tui.analysis.stats.rank_shift import holm, shift_between
from timmy_tui.model.turn import Span, Turn, TurnState

Z95 = stats.norm.ppf(0.975)


def slow_shift(a: list[float], b: list[float], noise: float) -> tuple[float, float, float, float, float]:
    """Hodges and Lehmann's shift, Lehmann's interval by counting pairs, and Student's t, one pair after another."""
    pairs = sorted(right - left for left in a for right in b)
    m, n = len(a), len(b)
    shift = median(pairs)
    # The rank sum's normal approximation: so many of the ordered differences lie outside the 95 % interval a side.
    outside = math.floor(m * n / 2 - Z95 * math.sqrt(m * n * (m + n + 1) / 12))
    outside = max(outside, 0)
    low, high = pairs[outside], pairs[-1 - outside]
    # A tenth wider, because turns of a session resemble each other.
    low, high = shift - 1.1 * (shift - low), shift + 1.1 * (high - shift)
    error = (high - low) / (2 * Z95)
    spread = math.sqrt(error**2 + 2 * noise**2)
    p = 2 * stats.t.sf(abs(shift) / spread, m + n - 2) if spread else (1.0 if not shift else 0.0)
    margin = Z95 * noise * math.sqrt(2)
    wide = shift - math.sqrt((shift - low) ** 2 + margin**2), shift + math.sqrt((high - shift) ** 2 + margin**2)
    return shift, wide[0], wide[1], p, error


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40), st.integers(2, 40), st.sampled_from([0.0, 0.02, 0.3]))
def test_the_shift_and_its_interval_are_the_slow_ones(seed: int, m: int, n: int, noise: float) -> None:
    chance = random.Random(seed)
    a, b = ([chance.gauss(mean, 0.3) for _ in range(count)] for mean, count in ((3.0, m), (3.2, n)))
    found = shift_between(np.array(a), np.array(b), noise)
    slow = (*slow_shift(a, b, noise), noise * math.sqrt(2))
    assert tuple(found) == pytest.approx(slow, rel=1e-6, abs=1e-9)
    assert found.low <= found.shift <= found.high


def test_an_interval_worked_out_by_hand() -> None:
    """5 and 5 values: 12.5 − 1.96·√(25·11/12) = 3.1, so three of the 25 differences go on each side.

    a = 0 1 2 3 4 and b = 10 11 12 13 14: the differences are 6 (once), 7 (twice), 8 (three times) … 14 (once). The
    fourth from below is 8, from above 12; the shift is 10. A tenth wider: 7.8 and 12.2.
    """
    found = shift_between(np.arange(5.0), np.arange(10.0, 15.0), 0.0)
    assert found[:3] == pytest.approx((10.0, 7.8, 12.2))
    assert found.error == pytest.approx(4.4 / 3.919928)


def test_an_interval_is_not_the_same_on_both_sides() -> None:
    """Of 4 and 4 values 8 − 1.96·√(12) = 1.2, so that one of 16 differences goes on each side."""
    a, b = np.zeros(4), np.array([0.0, 1.0, 2.0, 9.0])
    found = shift_between(a, b, 0.0)
    assert found[:3] == pytest.approx((1.5, 1.5 - 1.65, 1.5 + 8.25))


def test_one_sample_twice_is_no_shift() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    found = shift_between(values, values, 0.02)
    assert (found.shift, found.p) == (0.0, 1.0)
    assert found.low == -found.high


def test_without_any_spread_a_shift_is_certain() -> None:
    found = shift_between(np.full(5, 1.0), np.full(5, 2.0), 0.0)
    assert (found.shift, found.low, found.high, found.error) == (1.0, 1.0, 1.0, 0.0)
    assert found.p == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.sampled_from([0.0, 0.01, 0.025, 0.05, 0.1, 0.2, 0.21, 0.9]), max_size=7))
def test_holms_step_down_is_that_of_its_definition(p_values: dict[str, float]) -> None:
    """A name stands when its p and every smaller one is at most level / (how many are left)."""
    ordered = sorted(p_values.values())
    wanted = {
        name
        for name, p in p_values.items()
        if all(one <= 0.2 / (len(ordered) - rank) for rank, one in enumerate(ordered) if one <= p)
    }
    assert holm(p_values, 0.2) == wanted


def test_holm_by_hand() -> None:
    """Levels 0.05, 0.0667, 0.1, 0.2: the third is over its own, so the fourth falls with it."""
    assert holm({"a": 0.05, "b": 0.0666, "c": 0.11, "d": 0.12}, 0.2) == {"a", "b"}
    assert holm({"a": 0.0501, "b": 0.06}, 0.1) == set()
    assert holm({"a": 0.05, "b": 0.1}, 0.1) == {"a", "b"}
    assert holm({}, 0.2) == set()


def test_holm_with_weights_by_hand() -> None:
    """Three of weight 1 and one of 0.1: 0.1 / 3.1 for the first, and a tenth of it for the small one."""
    small = {"d": 0.1}
    assert holm({"a": 0.0322, "b": 0.5, "c": 0.5, "d": 0.5}, 0.1, small) == {"a"}
    assert holm({"a": 0.0323, "b": 0.5, "c": 0.5, "d": 0.5}, 0.1, small) == set()
    assert holm({"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.0032}, 0.1, small) == {"d"}
    assert holm({"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.0033}, 0.1, small) == set()
    # What is told leaves its weight to the others: 0.1 / 2.1 for the second.
    assert holm({"a": 0.01, "b": 0.0476, "c": 0.5, "d": 0.5}, 0.1, small) == {"a", "b"}
    assert holm({"a": 0.01, "b": 0.0477, "c": 0.5, "d": 0.5}, 0.1, small) == {"a"}


def test_what_is_not_known_of_the_work_widens_both_interval_and_test() -> None:
    a, b = np.arange(9.0) / 10, np.arange(9.0) / 10 + 0.5
    plain, unsure = shift_between(a, b, 0.03), shift_between(a, b, 0.03, work_error=0.2)
    assert (plain.shift, plain.error) == (unsure.shift, unsure.error)
    assert unsure.fixed == pytest.approx(math.hypot(0.03 * math.sqrt(2), 0.2))
    inner = math.sqrt((plain.shift - plain.low) ** 2 - (Z95 * plain.fixed) ** 2)
    assert unsure.shift - unsure.low == pytest.approx(math.hypot(inner, Z95 * unsure.fixed))
    assert unsure.p > plain.p


# --- percentiles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "value"),
    [(0.0, 1.0), (1.0, 8.0), (0.5, 3.0), (1 / 3, 2.0), (2 / 3, 4.0), (0.95, 7.4), (0.25, 1.75), (0.999, 7.988)],
)
def test_percentiles_between_ranks(share: float, value: float) -> None:
    """1, 2, 4, 8: rank 2.85 is 4 and 85 hundredths of the 4 up to 8."""
    assert percentile([1.0, 2.0, 4.0, 8.0], share) == pytest.approx(value)


def test_a_percentile_of_one_and_of_none() -> None:
    assert [percentile([7.0], share) for share in (0.0, 0.5, 1.0)] == [7.0] * 3
    assert percentile([], 0.5) is None


def test_a_row_by_hand() -> None:
    row = summarize("llm", [5.0, None, 1.0, 3.0, 9.0])
    # Known are 5, 1, 3, 9; before the newest the median is 3.
    assert (row.key, row.last, row.p50, row.max, row.n, row.delta) == ("llm", 9.0, 4.0, 9.0, 4, 6.0)
    assert row.p95 == pytest.approx(8.4)
    assert row.spark == (5.0, None, 1.0, 3.0, 9.0)
    assert not row.skipped


@pytest.mark.parametrize(("values", "delta"), [([1.0, 9.0], None), ([1.0, 3.0, 9.0], 7.0), ([None, 1.0, 9.0], None)])
def test_a_difference_needs_two_values_before_it(values: list[float | None], delta: float | None) -> None:
    assert summarize("llm", values).delta == delta


def test_a_row_without_a_newest_value_has_no_difference() -> None:
    row = summarize("llm", [1.0, 3.0, 9.0, None])
    assert (row.last, row.delta, row.p50, row.n) == (None, None, 3.0, 3)
    assert summarize("llm", []).last is None


def test_a_sparkline_holds_the_newest_sixty() -> None:
    values = [float(number) for number in range(61)]
    assert summarize("llm", values).spark == tuple(values[1:])
    assert summarize("llm", values[:60]).spark == tuple(values[:60])


def headline(ordinal: int, span: Span, ms: float, **more: object) -> Turn:
    return complete_turn(ordinal, span=span, headline_ms=ms, **more)


@pytest.mark.parametrize("span", [span for span in Span if span is not Span.NONE])
@pytest.mark.parametrize("other", [Span.V2V, Span.V34, Span.NONE])
def test_the_headline_is_of_the_newest_turns_span_alone(span: Span, other: Span) -> None:
    """Where the newest turn has no sound, those that have any are another figure."""
    turns = [headline(0, span, 1.0), headline(1, other, 50.0), headline(2, span, 3.0), headline(3, span, 8.0)]
    row = headline_stat(turns, window=10)
    assert row is not None
    values = [1.0, 50.0, 3.0, 8.0] if other is span else [1.0, 3.0, 8.0]
    assert (row.key, row.last, row.n, row.p50, row.max) == (str(span), 8.0, len(values), median(values), max(values))


def test_a_turn_without_a_span_is_not_in_the_window_of_headlines() -> None:
    turns = [headline(0, Span.V2V, 1.0), headline(1, Span.V2V, 2.0), headline(2, Span.NONE, 9.0)]
    row = headline_stat(turns, window=2)
    assert row is not None
    assert (row.n, row.last, row.p50) == (2, None, 1.5)
    assert headline_stat(turns[2:], window=2) is None
    assert headline_stat([], window=2) is None


def test_the_window_counts_complete_turns() -> None:
    states = [
        TurnState.COMPLETE,
        TurnState.FAILED,
        TurnState.COMPLETE,
        TurnState.ABORTED,
        TurnState.COMPLETE,
        TurnState.OPEN,
    ]
    turns = [complete_turn(n, state=state) for n, state in enumerate(states)]
    assert [turn.ordinal for turn in newest_complete(turns, 2)] == [2, 4]
    assert [turn.ordinal for turn in newest_complete(turns, 3)] == [0, 2, 4]
    assert [turn.ordinal for turn in newest_complete(turns, 9)] == [0, 2, 4]


def test_rows_of_stages() -> None:
    turns = [
        complete_turn(0, stages={"store": 5.0, "llm": 1.0}, unattributed_ms=2.0),
        complete_turn(1, stages={"store": None, "llm": 3.0}, unattributed_ms=4.0, skipped=frozenset({"store"})),
    ]
    rows = {row.key: row for row in stage_stats(turns, window=9)}
    assert (rows["store"].skipped, rows["store"].n, rows["store"].last) == (True, 1, None)
    assert (rows["llm"].skipped, rows["llm"].p50) == (False, 2.0)
    assert (rows["unattributed"].p50, rows["unattributed"].last) == (3.0, 4.0)
    assert not {row.key: row for row in stage_stats(turns[:1], window=9)}["store"].skipped
    assert all(row.n == 0 and not row.skipped for row in stage_stats([], window=9))


# --- two clocks ---


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        ([(-5.0, 5.0), (-2.0, None), (None, 3.0)], (-2.0, 3.0, 3, False, False)),
        ([(0.0, 5.0)], (0.0, 5.0, 1, False, False)),
        ([(0.999, 5.0)], (0.999, 5.0, 1, False, False)),
        ([(1.0, 5.0)], (1.0, 5.0, 1, True, False)),
        ([(-5.0, 0.0)], (-5.0, 0.0, 1, False, False)),
        ([(-5.0, -0.999)], (-5.0, -0.999, 1, False, False)),
        ([(-5.0, -1.0)], (-5.0, -1.0, 1, True, False)),
        ([(2.0, 2.0)], (2.0, 2.0, 1, True, False)),
        ([(2.1, 2.0)], (2.1, 2.0, 1, True, False)),
        ([(-5.0, 1.0), (2.0, 9.0)], (2.0, 1.0, 2, True, False)),
        ([(-5.0, 0.5), (1.501, 9.0)], (1.501, 0.5, 2, True, True)),
        ([(None, None), (None, 4.0)], (None, 4.0, 1, False, False)),
        ([(-4.0, None)], (-4.0, None, 1, False, False)),
    ],
)
def test_what_all_turns_together_allow(
    bounds: list[tuple[float | None, float | None]], found: tuple[float | None, float | None, int, bool, bool]
) -> None:
    offset = offset_over(Turn(ordinal=n, offset_bounds=both) for n, both in enumerate(bounds))
    assert offset is not None
    assert (offset.low_ms, offset.high_ms, offset.turns, offset.skewed, offset.stepped) == found


def test_a_turn_in_which_a_clock_stepped_bounds_nothing_and_is_told() -> None:
    one = Turn(ordinal=0, unmeasured={"llm": "a clock stepped"})
    offset = offset_over([one, Turn(ordinal=1, offset_bounds=(-4.0, 2.0)), Turn(ordinal=2)])
    assert offset is not None
    assert (offset.low_ms, offset.high_ms, offset.turns, offset.skewed, offset.stepped) == (-4.0, 2.0, 2, False, True)
    assert offset_over([replace(one, unmeasured={"llm": "ends before it begins"})]) is None
