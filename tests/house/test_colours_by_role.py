"""A colour has its place in a theme: what is drawn names a role, and the toolkit's styles a variable of the theme."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "timmy_tui/ui"
WITH_COLOURS = {"paint/themes.py", "exports/compact_svg.py", "exports/trends.py"}
"""Where themes are read, and where pictures get the colours of a terminal that has its own."""
LITERAL = re.compile(
    r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b|\brgba?\(|\bhsla?\(|\bansi_(?!color\b)\w+|Color\.parse|Style\.parse"
)
CSS_NAME = re.compile(
    r"(?:color|background|border(?:-\w+)?|tint):[^;$}]*\b(?:red|green|blue|yellow|cyan|magenta|white|black|gr[ae]y)\b"
)
FILES = sorted(path.relative_to(UI).as_posix() for path in UI.rglob("*.py"))


def literals(text: str) -> list[str]:
    return [*LITERAL.findall(text), *CSS_NAME.findall(text)]


@pytest.mark.parametrize("file", sorted(set(FILES) - WITH_COLOURS))
def test_no_colour_stands_outside_of_the_themes(file: str) -> None:
    found = [
        one for one in literals((UI / file).read_text()) if (file, one) != ("paint/theme_choice.py", "Style.parse")
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        '"#12151c"',
        "color: #abc;",
        "background: rgb(1,2,3)",
        "color: ansi_red",
        "background: red;",
        "border: none black;",
    ],
)
def test_a_colour_would_be_found(text: str) -> None:
    assert literals(text)


@pytest.mark.parametrize("text", ["color: $muted;", "border: none;", "# a comment #n", "the red line", "issue #12"])
def test_what_is_no_colour_is_let_through(text: str) -> None:
    assert not literals(text)
