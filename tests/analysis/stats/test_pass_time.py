"""What the rhythm of a quiet room tells of a pass: all times that fit, and a word only where one is known to occur."""

import pytest

from bench.upstream.check import conversation, waits
from bench.upstream.demo import run_demo
from bench.upstream.world import Experiment
from timmy_tui.analysis.stats.pass_time import pass_bound, pass_times, shortest_wait
from timmy_tui.model.snapshot import Listening


def quiet(spacing_s: float, threshold_s: float | None = 0.5, count: int = 40) -> Listening:
    return Listening(
        pauses=count + 1, per_minute=60 / spacing_s, threshold_s=threshold_s, spacings_s=(spacing_s,) * count
    )


def spacing_of(pass_s: float, threshold_s: float) -> float:
    """Upstream's loop, one round after the other, in whole ms so that no rounding decides."""
    waited = round_ms = round(1000 * pass_s) + 200
    while waited <= round(1000 * threshold_s):
        waited += round_ms
    return waited / 1000


@pytest.mark.parametrize("threshold_s", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("pass_ms", range(10, 1000, 30))
def test_the_true_time_is_always_among_those_that_fit(pass_ms: int, threshold_s: float) -> None:
    fitting = pass_times(spacing_of(pass_ms / 1000, threshold_s), threshold_s)
    assert any(time == pytest.approx(pass_ms / 1000) for _, time in fitting)
    # And each of them gives that spacing.
    for rounds, time in fitting:
        assert rounds * (time + 0.2) == pytest.approx(spacing_of(pass_ms / 1000, threshold_s))
        assert (rounds - 1) * (time + 0.2) <= threshold_s + 1e-9


def test_several_times_fit_one_spacing() -> None:
    assert [time for _, time in pass_times(0.72, 0.5)] == pytest.approx([0.52, 0.16, 0.04])
    assert [k for k, _ in pass_times(0.76, 0.5)] == [1, 2]
    assert pass_times(0.5, 0.5) == []
    assert [k for k, _ in pass_times(0.501, 0.5)] == [1, 2]


@pytest.mark.parametrize(
    ("spacing_s", "pass_s"),
    [
        (0.76, 0.18), (0.80, 0.2), (0.95, 0.275), (1.0, 0.3), (0.72, None), (0.65, None), (0.60, None), (0.55, None),
        (1.01, None), (1.10, None), (0.751, 0.1755), (0.749, None),
    ],
)  # fmt: skip
def test_something_is_said_only_where_one_time_is_known_to_occur(spacing_s: float, pass_s: float | None) -> None:
    """At 0.5 s a spacing up to 0.75 s fits three rounds as well, of a pass as quick as silence makes it."""
    bound = pass_bound(quiet(spacing_s))
    assert (bound.pass_s if bound else None) == (None if pass_s is None else pytest.approx(pass_s))


def test_the_bound_names_the_setting_the_wait_and_how_many_pauses_it_is_from() -> None:
    bound = pass_bound(quiet(0.76, count=411))
    assert bound is not None
    assert (bound.threshold_s, bound.pauses) == (0.5, 412)
    assert bound.waited_s == pytest.approx(0.8 - 0.256)


@pytest.mark.parametrize("threshold_s", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("quiet_ms", [50, 100, 180, 250])
def test_no_run_of_the_loop_waits_less_than_the_bound(quiet_ms: int, threshold_s: float) -> None:
    """The demo's loop, which is held against upstream's own: passes over speech as quick as quiet ones, or slower."""
    least_s = shortest_wait(quiet_ms / 1000, spacing_of(quiet_ms / 1000, threshold_s), threshold_s)
    simulated = [
        wait
        for spoken_ms in range(quiet_ms, 401, 50)
        for wait in waits(*run_demo(conversation(Experiment(spoken_ms / 1000, threshold_s, quiet_ms / 1000), 60)))
    ]
    assert len(simulated) > 150
    # Passes vary by 2 %: a shorter one may need a round more or less.
    assert min(simulated) >= least_s - 0.02
    # And it is no idle bound: some run comes near to it.
    assert min(simulated) - least_s < 0.65


@pytest.mark.parametrize(("count", "said"), [(19, False), (20, True)])
def test_a_few_pauses_say_nothing(count: int, said: bool) -> None:
    assert (pass_bound(quiet(0.76, count=count)) is not None) is said


def test_without_the_setting_nothing_is_said() -> None:
    assert pass_bound(quiet(0.76, None)) is None


def test_a_rhythm_that_wanders_over_two_numbers_of_rounds_says_nothing() -> None:
    """A quarter of the spacings is of one round, a quarter of two."""
    mixed = Listening(threshold_s=0.3, spacings_s=(0.45,) * 20 + (0.70,) * 20)
    assert pass_bound(mixed) is None
    assert pass_bound(Listening(threshold_s=0.5, spacings_s=(0.77,) * 20 + (0.79,) * 20)) is not None
