"""In tmux and over ssh the screen is drawn at most 15 times a second, without animations: a frame is bytes there."""

import os
import subprocess
import sys

import pytest

CODE = "import timmy_tui.bootstrap.dashboard, textual.constants as c; print(c.MAX_FPS, c.TEXTUAL_ANIMATIONS)"


@pytest.mark.parametrize(
    ("name", "printed"), [("TMUX", "15 none"), ("SSH_CONNECTION", "15 none"), ("NEITHER", "240 full")]
)
def test_the_rate_is_low_where_each_frame_is_sent_on(name: str, printed: str) -> None:
    others = ("TMUX", "SSH_CONNECTION", "TEXTUAL_FPS", "TEXTUAL_ANIMATIONS")
    environ = {key: value for key, value in os.environ.items() if key not in others} | {name: "x"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environ, capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout.strip() == printed
