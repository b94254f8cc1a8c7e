"""Programs that tests need and pip does not install: skipped without them, except on CI, where each is there."""

import os
import shutil

import pytest

ON_CI = os.environ.get("TIMMY_TUI_CI") == "1"
"""Set by ``.ci/run``, which installs all of PROGRAMS."""
PROGRAMS = {
    "chromium": "chromium", "fish": "fish", "prometheus": "prometheus", "promtool": "prometheus",
    "systemd-analyze": "systemd", "tmux": "tmux", "zsh": "zsh",
}  # fmt: skip
"""Program → Debian's package."""


def needs(program: str) -> pytest.MarkDecorator:
    """Skip a test where the program is missing; on CI it fails instead."""
    missing = shutil.which(program) is None and not ON_CI
    return pytest.mark.skipif(missing, reason=f"{program} is not installed (package {PROGRAMS[program]})")
