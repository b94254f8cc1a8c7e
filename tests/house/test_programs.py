"""On CI no test is skipped for want of a program."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ON_CI, PROGRAMS, where

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not ON_CI, reason="not on CI")
@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_is_there_on_ci(program: str) -> None:
    assert where(program) is not None


def test_ci_installs_each_package_and_says_that_it_is_ci() -> None:
    run = (ROOT / ".ci/run").read_text()
    (packages,) = re.findall(r"apt-get install .*--no-install-recommends (.+)", run)
    assert set(packages.split()) == set(PROGRAMS.values())
    assert "export TIMMY_TUI_CI=1" in run


ASK = "from tests.programs import needs; mark = needs('tmux').mark; print(mark.args, mark.kwargs['reason'])"


@pytest.mark.parametrize(("on_ci", "skipped"), [("", True), ("1", False)])
def test_without_its_program_a_test_is_skipped_with_the_packages_name_but_on_ci_it_runs_and_fails(
    on_ci: str, skipped: bool, tmp_path: Path
) -> None:
    environ = {"PATH": str(tmp_path), "TIMMY_TUI_CI": on_ci}
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout.strip() == f"({skipped},) tmux is not installed (package tmux)"


USES = {
    "tmux": re.compile(r"\bPane\(|\[\"tmux\""),
    "chromium": re.compile(r"sync_playwright\("),
    "prometheus": re.compile(r"\bscraping\("),
    "promtool": re.compile(r"\bpromtool\("),
    "systemd-journal-remote": re.compile(r"\bOwnJournal\("),
}


@pytest.mark.parametrize("program", USES)
def test_whoever_uses_a_program_says_so(program: str) -> None:
    """Else a test would fail, or skip itself by a way of its own that CI does not know."""
    users = [
        path for path in (ROOT / "tests").rglob("test_*.py")
        if USES[program].search(path.read_text()) and path.name != Path(__file__).name
    ]  # fmt: skip
    assert users
    silent = [path.name for path in users if f'needs("{program}")' not in path.read_text()]
    assert silent == []
    own_ways = [path.name for path in users if re.search(r"importorskip|pytest\.skip\(", path.read_text())]
    assert own_ways == []
