"""A log, and tails on it that are closed at the end of a test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.sources.files.follower import Follower
from timmy_tui.core.settings import TailSettings


class Follow(Protocol):
    """The type of ``follow``."""

    def __call__(
        self,
        path: Path,
        limits: TailSettings | None = None,
        hold: bool = True,
        from_end: bool = True,
        document: bool = False,
    ) -> Follower:
        """A tail on this file."""
        ...


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the log is, or will be."""
    return tmp_path / "latency.log"


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Opens tails, and closes them at the end of the test."""
    opened: list[Follower] = []

    def begin(
        path: Path,
        limits: TailSettings | None = None,
        hold: bool = True,
        from_end: bool = True,
        document: bool = False,
    ) -> Follower:
        opened.append(Follower(path, limits, hold, from_end, document))
        return opened[-1]

    yield begin
    for follower in opened:
        follower.tail.close()
