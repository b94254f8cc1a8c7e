"""The picture in the README is drawn by the program, from a real conversation of the demo."""

import html
import re
from pathlib import Path

from click.testing import CliRunner

from timmy_tui.commands.screenshot import screenshot


def test_the_picture_shows_turns_and_fetches_nothing(tmp_path: Path) -> None:
    picture = tmp_path / "live.svg"
    done = CliRunner().invoke(screenshot, [str(picture), "--turns", "30", "--size", "80x24"])
    assert done.exit_code == 0, done.output
    svg = picture.read_text()
    text = html.unescape(" ".join(re.findall(r">([^<]+)</text>", svg))).replace("\xa0", " ")
    assert re.search(r"V2V ≥\d\.\d\ds", text)
    assert "waiting for the first turn" not in text
    # Not a year, which is how old the conversation is; the last column is a text of its own.
    assert re.search(r"\b\d+s ag ?o", text)
    assert "@font-face" not in svg
