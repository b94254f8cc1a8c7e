"""Reading a log backwards: every line once, whatever the size of the blocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from timmy_tui.sources.files.blocks import Line, LogText, Part

LINES = [b"first", b"", b"x" * 50, b"{}", b"last one"]


def text_of(path: Path, data: bytes) -> LogText:
    path.write_bytes(data)
    return LogText([Part(path, len(data))])


def backwards(text: LogText, size: int) -> list[Line]:
    """All lines, read in blocks of about this size."""
    lines: list[Line] = []
    end = text.end
    while block := text.lines_before(end, size):
        assert block[-1].offset < end
        lines[:0] = block
        end = block[0].offset
    return lines


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 51, 52, 1000])
def test_every_line_comes_once_and_at_its_byte(tmp_path: Path, size: int) -> None:
    data = b"".join(line + b"\n" for line in LINES)
    lines = backwards(text_of(tmp_path / "a", data), size)
    assert [line.data for line in lines] == LINES
    assert all(data[line.offset :].startswith(line.data + b"\n") for line in lines)


def test_line_ends_of_windows_and_nul_bytes_are_no_part_of_a_line(tmp_path: Path) -> None:
    assert [line.data for line in backwards(text_of(tmp_path / "a", b"one\r\ntw\0o\n"), 4)] == [b"one", b"two"]


def test_files_one_behind_the_other_are_one_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo\n")
    (tmp_path / "b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"three\n")
    text = LogText([Part(tmp_path / name, size) for name, size in (("a", 8), ("b", 0), ("c", 6))])
    assert backwards(text, 100) == [Line(0, b"one"), Line(4, b"two"), Line(8, b"three")]
    assert text.whole_line(4) == b"two" and text.whole_line(8) == b"three"
    assert text.find_before(b"o", text.end) == 6 and text.find_before(b"ree", text.end) == 10
    assert text.find_before(b"o", 6) == 0 and text.find_before(b"q", text.end) is None


def test_a_file_that_has_shrunk_gives_what_is_there(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a", b"one\ntwo\nthree\n")
    (tmp_path / "a").write_bytes(b"")
    assert text.lines_before(text.end, 100) == []
    (tmp_path / "a").unlink()
    with pytest.raises(OSError, match="No such file"):
        text.lines_before(text.end, 100)


def test_no_file_is_no_text() -> None:
    text = LogText([])
    assert text.end == 0 and text.lines_before(0, 10) == [] and text.find_before(b"x", 0) is None
