"""The estimate of prompt reuse compared with the ground truth, as `python -m bench reuse` measures it."""

from statistics import median

import pytest

from bench.reuse import INVALID, VERSIONS, Tally, from_logs, with_server_log


@pytest.mark.parametrize("version", ["0.3.14", "0.12.11", "0.30.11"])
def test_estimates_are_within_ten_points(version: str) -> None:
    tally = Tally()
    from_logs(version, "cold-start", 3, tally)
    assert tally.estimated > 60
    assert median(tally.errors) <= 0.10


@pytest.mark.parametrize("version", sorted(INVALID))
def test_nothing_is_estimated_where_the_table_forbids_it(version: str) -> None:
    tally = Tally()
    from_logs(version, "cold-start", 3, tally)
    assert tally.estimated == 0


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "0.12.4"])
@pytest.mark.parametrize("overflow", [False, True])
def test_with_the_server_log_exactly_the_cold_and_cut_turns_are_detected(version: str, overflow: bool) -> None:
    tally = with_server_log(version, overflow)
    assert tally.measured == 24
    assert max(tally.errors) == 0
    assert (tally.cold.wrong, tally.cold.missed, tally.cut.wrong, tally.cut.missed) == (0, 0, 0, 0)
    assert tally.cold.right >= 2


@pytest.mark.parametrize("scenario", ["overflow", "cold-start"])
def test_the_two_logs_alone_are_enough_in_these_scenarios(scenario: str) -> None:
    tally = Tally()
    from_logs("0.12.11", scenario, 3, tally)
    assert (tally.cold.wrong, tally.cut.wrong, tally.cut.missed) == (0, 0, 0)
    # Until a second turn is certainly cold, a session that begins may have shared its persona: not called cold.
    assert tally.cold.missed <= 3
    assert tally.cold.right > 10
