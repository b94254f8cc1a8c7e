"""Each screen has its page in docs/, and the keys that a page names work where it says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from timmy_tui.ui.key_commands import COMMANDS, MOVES, OVERLAYS, SCREENS, key_names, works_on

DOCS = Path(__file__).parents[2] / "docs"
ROW = re.compile(r"^\| (\w+) \| (.+?) \| (.+) \|$", re.MULTILINE)
PAGE = re.compile(r"\]\(([\w-]+\.md)\)")
IN_CODE = re.compile(r"`([^`\n]+)`")
EVERYWHERE = {"Esc", "Ctrl+C", "Ctrl+Q"}
"""Bound by the app itself, or by Textual."""
GENERAL = "keys-and-pages.md"
"""Names keys of all places."""


def index() -> dict[str, tuple[str, list[str]]]:
    """Screen or overlay → (its key, its pages)."""
    text = (DOCS / "README.md").read_text()
    return {place: (key, PAGE.findall(pages)) for place, key, pages in ROW.findall(text)}


def keys_of(place: str) -> set[str]:
    """Names of the keys that do something there."""
    moves = (move for move in MOVES if place in move.screens)
    here = (command for command in COMMANDS if works_on(command, place))
    return EVERYWHERE.union(*(key_names(command.keys).split() for command in (*here, *moves)))


def named_keys(page: str) -> Iterator[str]:
    """Keys in the first column of the page's tables of keys."""
    heading = ""
    for line in (DOCS / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            heading = ""
        elif not heading:
            heading = cells[0]
        elif heading == "key":
            yield from IN_CODE.findall(cells[0])


def pages() -> dict[str, list[str]]:
    """Page → the screens and overlays that it tells of."""
    found: dict[str, list[str]] = {}
    for place, (_, names) in index().items():
        for name in names:
            found.setdefault(name, []).append(place)
    return found


def test_each_screen_and_page_of_the_program_has_a_page_in_the_docs() -> None:
    assert list(index()) == [*SCREENS, *OVERLAYS]
    for place, (_, names) in index().items():
        assert names, place
        assert all((DOCS / name).is_file() for name in names), place


@pytest.mark.parametrize("screen", SCREENS)
def test_the_index_names_the_key_of_each_screen(screen: str) -> None:
    (command,) = (command for command in COMMANDS if command.id == screen)
    assert index()[screen][0] == f"`{key_names(command.keys)}`"


@pytest.mark.parametrize("page", sorted(pages()))
def test_each_key_of_a_page_works_where_the_page_says(page: str) -> None:
    places = (*SCREENS, *OVERLAYS) if page == GENERAL else pages()[page]
    known = set().union(*(keys_of(place) for place in places))
    named = list(named_keys(page))
    assert [key for key in named if key not in known] == []
    if page in (GENERAL, "changes-screen.md", "log-screen.md", "trends.md"):
        assert len(named) > 5


def test_the_page_of_keys_says_of_each_overlay_what_works_there() -> None:
    rows = re.findall(r"^\| (\w+) \| .+ \| (.*) \|$", (DOCS / GENERAL).read_text(), re.MULTILINE)
    told = {place: IN_CODE.findall(keys) for place, keys in rows if place in OVERLAYS}
    assert sorted(told) == sorted(OVERLAYS)
    for place, keys in told.items():
        assert [key for key in keys if key not in keys_of(place)] == [], place


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_a_page_links_to_pages_that_exist(page: str) -> None:
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", (DOCS / page).read_text())
    assert [name for name in linked if not (DOCS / name).exists()] == []
