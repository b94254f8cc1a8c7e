"""What the README shows is what the commands print today."""

import re
from pathlib import Path

import pytest

from tests.commands.reporting import LATENCY, V34, run

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SHOWN = dict(
    re.findall(r"^\$ timmy-tui (explain .*|compare .*)\n((?:(?!\$ |```).*\n)+)", README, re.MULTILINE),
)


def test_both_examples_are_found() -> None:
    assert [command.split()[0] for command in SHOWN] == ["explain", "compare"]


@pytest.mark.parametrize("command", SHOWN)
def test_an_example_is_what_the_command_prints(command: str) -> None:
    """Its bounds were those of a detector that has changed since."""
    printed = run(*command.split(), "--log", LATENCY, "--log", V34)
    assert " ".join(printed.split()).startswith(" ".join(SHOWN[command].split()))
