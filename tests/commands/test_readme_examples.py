"""What the README shows is what the commands print today."""

import re
from pathlib import Path

import pytest

from tests.commands.reporting import LATENCY, V34, run
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SHOWN = dict(
    re.findall(r"^\$ timmy-tui (regressions|explain .*|compare .*)\n((?:(?!\$ |```).*\n)+)", README, re.MULTILINE),
)


def test_all_examples_are_found() -> None:
    assert [command.split()[0] for command in SHOWN] == ["regressions", "explain", "compare"]


@pytest.mark.parametrize("command", SHOWN)
def test_an_example_is_what_the_command_prints(command: str, tmp_path: Path) -> None:
    """Its bounds were those of a detector that has changed since."""
    logs: list[str | Path] = ["--log", LATENCY, "--log", V34]
    if command == "regressions":
        write_logs(tmp_path, ConversationPlan(120, "regression", 5))
        logs = ["--root", tmp_path]
    printed = run(*command.split(), *logs)
    assert " ".join(printed.split()).startswith(" ".join(SHOWN[command].split()))
