"""The table of public cases in tests/cases.md has every row, and every test that it names exists."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
_CASES = "J05 U03 N05 N06 N07 N02 S08 S09 S11 S13 T14 T16 T17 T19 T21 V13 W26 W27 W29 X22 X23 X25 X34 G30 G31"


def test_every_case_has_tests_that_exist() -> None:
    rows = {
        found[1]: re.findall(r"`(test_\w+)::(test_\w+)`", line)
        for line in (TESTS / "cases.md").read_text().splitlines()
        if (found := re.match(r"\| ([A-Z]\d\d) \|", line))
    }
    assert sorted(rows) == sorted(_CASES.split())
    files: dict[str, str] = {}
    for path in TESTS.rglob("test_*.py"):
        files[path.stem] = files.get(path.stem, "") + path.read_text()
    missing = [
        f"{row}: {file}::{test}"
        for row, tests in rows.items()
        for file, test in tests or [("no", "test")]
        if not re.search(rf"^(async )?def {test}\(", files.get(file, ""), re.MULTILINE)
    ]
    assert missing == []
