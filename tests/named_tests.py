"""Tables in Markdown that name tests: which rows they have, and which of their tests there are not."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).parent


def rows_of(page: Path, key: str) -> dict[str, list[tuple[str, str]]]:
    """Key of a row → (file, test) of all that it names. ``key``: a regular expression."""
    return {
        found[1]: re.findall(r"`(test_\w+)::(test_\w+)`", line)
        for line in page.read_text().splitlines()
        if (found := re.match(rf"\| ({key}) \|", line))
    }


def missing_tests(rows: Mapping[str, Sequence[tuple[str, str]]]) -> list[str]:
    """Named tests that do not exist, and rows that name none."""
    files: dict[str, str] = {}
    for path in TESTS.rglob("test_*.py"):
        files[path.stem] = files.get(path.stem, "") + path.read_text()
    return [
        f"{row}: {file}::{test}"
        for row, tests in rows.items()
        for file, test in tests or [("no", "test")]
        if not re.search(rf"^(async )?def {test}\(", files.get(file, ""), re.MULTILINE)
    ]
