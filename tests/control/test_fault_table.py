"""The table of faults in README.md has every row, and every test that it names exists."""

from tests.named_tests import TESTS, missing_tests, rows_of


def test_every_fault_has_tests_that_exist() -> None:
    rows = rows_of(TESTS / "control/README.md", r"[CRSV]\d+")
    assert sorted(rows) == sorted(
        [f"C{number}" for number in range(1, 22)]
        + ["R1", "R2", "R3", "R4"]
        + ["S1", "S2", "S3", "S4"]
        + [f"V{number}" for number in range(1, 6)]
    )
    assert missing_tests(rows) == []
