"""Files of the program's own: wholly written or not at all, and never readable by others."""

import os
from pathlib import Path

import pytest

from timmy_tui.core.private_file import replace_private


def test_it_is_replaced_and_its_user_alone_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        replace_private(path, b"new")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_put_the_old_one_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    (path / "a folder in its place").mkdir(parents=True)
    with pytest.raises(OSError):
        replace_private(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_waits_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Else another user of a shared folder could have the program write over a file of their choosing."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".kept.json.{os.getpid()}.tmp").symlink_to(victim)
    with pytest.raises(OSError):
        replace_private(tmp_path / "kept.json", b"new")
    assert victim.read_bytes() == b"precious"
