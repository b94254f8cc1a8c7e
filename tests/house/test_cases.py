"""The table of public cases in tests/cases.md has every row, and every test that it names exists."""

from tests.named_tests import TESTS, missing_tests, rows_of

_CASES = "J05 U03 N05 N06 N07 N02 S08 S09 S11 S13 T14 T16 T17 T19 T21 V13 W26 W27 W29 X22 X23 X25 X34 G30 G31"


def test_every_case_has_tests_that_exist() -> None:
    rows = rows_of(TESTS / "cases.md", r"[A-Z]\d\d")
    assert sorted(rows) == sorted(_CASES.split())
    assert missing_tests(rows) == []
