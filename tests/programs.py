"""Programs that tests need and pip does not install: skipped without them, except on CI, where each is there."""

import os
import shutil

import pytest

ON_CI = os.environ.get("TIMMY_TUI_CI") == "1"
"""Set by ``.ci/run``, which installs all of PROGRAMS."""
PROGRAMS = {
    "chromium": "chromium",
    "fish": "fish",
    "journalctl": "systemd",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
    "systemd-journal-remote": "systemd-journal-remote",
    "tmux": "tmux",
    "zsh": "zsh",
}
"""Program → Debian's package."""
OWN_FOLDERS = {"systemd-journal-remote": "/usr/lib/systemd:/lib/systemd"}
"""Of programs that are in no folder of PATH."""


def where(program: str) -> str | None:
    """The path of a program; None where it is not installed."""
    return shutil.which(program, path=OWN_FOLDERS.get(program))


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where the program is missing; on CI it fails instead."""
    missing = where(program) is None and not ON_CI
    return pytest.mark.skipif(missing, reason=f"{program} is not installed (package {PROGRAMS[program]})")
