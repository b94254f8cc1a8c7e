"""A Little Timmy v2 and a controller on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.switches.world import Room, World
from timmy_tui.control.switches import change as switch_change


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "v2")


@pytest.fixture
def room(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """Nothing here may restart anything: there is no systemctl."""
    empty = world.folder / "no programs"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.setattr(switch_change, "VERIFY_S", 0.2)
    with world.opened(monkeypatch) as room:
        yield room
