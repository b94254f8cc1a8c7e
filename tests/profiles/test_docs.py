"""The pages on profiles: the example is a profile that reads a log, and every shipped one has its page."""

import re
from pathlib import Path

import pytest

from tests.profiles.worlds import line
from timmy_tui.profiles.check import check
from timmy_tui.profiles.load import load, names, read
from timmy_tui.profiles.switches import switches_of

DOCS = Path(__file__).parents[2] / "docs/profiles"
PAGE = (DOCS / "README.md").read_text()


def test_the_example_reads_a_log_as_it_says(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(spec = 1.*?)```", PAGE, re.S)
    own = tmp_path / "box.toml"
    own.write_text(text)
    log = tmp_path / "box.log"
    events = (("heard", 0.0), ("asked", 0.3), ("answered", 1.1), ("sound", 1.4))
    lines = [line(1e9 + 9 * n + at, f"t{n}", name, usage={"prompt": 80}) for n in range(5) for name, at in events]
    switched = line(1e9 - 1, "", "switched", switch="quiet_mode", value="true")
    log.write_bytes(b"\n".join([switched, *lines]) + b"\n")
    verdict = check(read(own), log)
    (quiet,) = switches_of(read(own))
    assert (quiet.stored, quiet.default, quiet.read_only) == ("quiet_mode", False, "")
    assert (verdict.turns, verdict.with_headline, verdict.problems, verdict.never) == (5, 5, [], [])


@pytest.mark.parametrize("name", sorted({*names()} - {"v34"}))
def test_every_shipped_profile_has_its_page_and_its_row(name: str) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    (target,) = re.findall(r"\]\(([\w-]+\.md)\)", row)
    page = (DOCS / target).read_text()
    cells = [re.sub(r"\(.*?\)", "", line.split("|")[1]) for line in page.splitlines() if line.startswith("| ")]
    labels = {label.strip() for cell in cells for label in cell.split(",")}
    if name == "pipecat-log":  # In sentences, beside the table of Tail's.
        labels = {*re.findall(r"(?<=[ (])[A-Z]{2,6}(?=[ ,;.(])", page.partition("loguru")[2])}
    assert {stage.label for stage in load(name).stage} <= labels
