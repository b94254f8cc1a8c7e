"""The pictures of the themes: one of each at both sizes, small, in the theme's colours, and all on the page."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.dashboard.theme_pictures import WANTED
from timmy_tui.ui.paint.themes import load_themes, packaged_folder

DOCS = Path(__file__).parents[2] / "docs"
THEMES = load_themes([packaged_folder()])[0]
LARGEST = 40_000
"""Bytes of a picture."""


@pytest.mark.parametrize("name", sorted(THEMES))
@pytest.mark.parametrize("size", WANTED)
def test_every_theme_stands_in_the_documentation(name: str, size: str) -> None:
    file = DOCS / "themes" / f"{name}-{size}.svg"
    page = (DOCS / "themes.md").read_text()
    assert f"](themes/{file.name})" in page and f"| {name} |" in page
    picture = file.read_text()
    assert len(picture) < LARGEST and "http" not in picture.replace('xmlns="http://www.w3.org/2000/svg"', "")
    words = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert "V2V ≥" in words and ("RAG" in words or "retrieval" in words)


@pytest.mark.parametrize("name", sorted(set(THEMES) - {"ansi16"}))
def test_a_picture_has_the_colours_that_its_theme_has_now(name: str) -> None:
    picture = (DOCS / "themes" / f"{name}-120x30.svg").read_text()
    styles = THEMES[name].styles
    roles = ("muted", "good", "stage.llm", "stage.tts", "spark.slower.slightly")
    colours = [styles["text"].bgcolor, *(styles[role].color for role in roles)]
    assert [one for one in colours if one is None or one.get_truecolor().hex not in picture] == []


def test_no_picture_is_of_a_theme_that_is_gone() -> None:
    assert {file.stem.rsplit("-", 1)[0] for file in (DOCS / "themes").glob("*.svg")} == set(THEMES)
