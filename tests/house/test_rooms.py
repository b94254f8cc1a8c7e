"""Rooms stay small enough to find one's way in, say what they are for, and stand in ARCHITECTURE."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "timmy_tui"
AT_THE_ROOT, IN_A_ROOM = 8, 17
"""Most modules (``.py`` files); a room that outgrows this is two."""
ROOMS = sorted(
    path.parent.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("__init__.py")
    if not path.is_relative_to(PACKAGE / "demo/timmy")
)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_holds_few_modules_and_says_what_it_is_for(room: str) -> None:
    modules = list((PACKAGE / room).glob("*.py"))
    assert len(modules) <= (AT_THE_ROOT if room == "." else IN_A_ROOM)
    assert ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text()))


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "."])
def test_architecture_names_every_room(room: str) -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    top, *below = room.split("/")
    row = next((line for line in text.splitlines() if line.startswith("|") and f"| `{top}/` |" in line), "")
    assert row, "the table of rooms has a row for it"
    assert not below or f"{below[-1]}/" in row
