"""The picture in the README is drawn by the program, from a real conversation of the demo."""

import html
import re
from pathlib import Path

from click.testing import CliRunner

from timmy_tui.commands.screenshot import screenshot
from timmy_tui.core.errors import ThemeError
from timmy_tui.ui.paint.themes import load_theme, packaged_folder


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


def test_the_picture_is_in_the_theme_that_is_named(tmp_path: Path) -> None:
    picture = tmp_path / "ember.svg"
    done = CliRunner().invoke(screenshot, [str(picture), "--turns", "3", "--size", "80x24", "--theme", "ember"])
    assert done.exit_code == 0, done.output
    ground = load_theme(packaged_folder() / "ember.toml").styles["text"].bgcolor
    svg = picture.read_text()
    assert ground is not None and f'<path fill="{ground.get_truecolor().hex}" d="M0 0h800v480H0z"/>' in svg
    assert not set("▁▂▃▄▅▆▇█") & set(svg), "blocks are drawn"


def test_a_theme_that_is_not_there_makes_no_picture(tmp_path: Path) -> None:
    done = CliRunner().invoke(screenshot, [str(tmp_path / "no.svg"), "--theme", "nord"])
    assert isinstance(done.exception, ThemeError) and "There is no theme nord; there are ansi16, " in str(
        done.exception
    )
    assert not (tmp_path / "no.svg").exists()
