"""What several tests of the control room begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import Harness
from tests.control.silent import silence


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Harness]:
    """A demo whose v34 runs and to which nobody talks."""
    with silence(tmp_path) as held:
        yield held
