"""The checklist of living in a pane has every row, and each row names tests that exist."""

import re
from pathlib import Path

from tests.named_tests import missing_tests, rows_of

PAGE = Path(__file__).parents[2] / "docs/pane-checklist.md"
ROWS = "L1 L2 L3 L4 L5 T1 T2 T3 T4 T5 R1 R2 R3 R4 R5 K1 K2 K3 C1 C2 C3 H1 H2 H3 D1 D2 D3 D4 D5"


def test_every_row_has_tests_that_exist() -> None:
    rows = rows_of(PAGE, r"[A-Z]\d")
    assert list(rows) == ROWS.split()
    assert missing_tests(rows) == []


def test_what_is_refused_has_a_reason() -> None:
    refused = re.findall(r"\*\*Not\*\* ([^|]+)\|", PAGE.read_text())
    assert len(refused) == 5
    assert [one for one in refused if ": " not in one] == []
