"""The table of faults in README.md has every row, and every test that it names exists."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def test_every_fault_has_tests_that_exist() -> None:
    rows = {
        found[1]: re.findall(r"`(test_\w+)::(test_\w+)`", line)
        for line in (HERE / "README.md").read_text().splitlines()
        if (found := re.match(r"\| ([CRS]\d+) \|", line))
    }
    assert sorted(rows) == sorted(
        [f"C{number}" for number in range(1, 22)] + ["R1", "R2", "R3", "R4"] + ["S1", "S2", "S3", "S4"]
    )
    files = {path.stem: path.read_text() for path in HERE.parent.rglob("test_*.py")}
    missing = [
        f"{row}: {file}::{test}"
        for row, tests in rows.items()
        for file, test in tests or [("no", "test")]
        if not re.search(rf"^(async )?def {test}\(", files.get(file, ""), re.MULTILINE)
    ]
    assert missing == []
