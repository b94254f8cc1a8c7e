"""On CI no test is skipped for want of a program."""

import re
import shutil
from pathlib import Path

import pytest

from tests.programs import ON_CI, PROGRAMS

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not ON_CI, reason="not on CI")
@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_is_there_on_ci(program: str) -> None:
    assert shutil.which(program) is not None


def test_ci_installs_each_package_and_says_that_it_is_ci() -> None:
    run = (ROOT / ".ci/run").read_text()
    (packages,) = re.findall(r"apt-get install .*--no-install-recommends (.+)", run)
    assert set(packages.split()) == set(PROGRAMS.values())
    assert "export TIMMY_TUI_CI=1" in run
