"""Lines of a file as Python counts them, and where a file that cannot be read is broken."""

import pytest

from timmy_tui.control.edit.python_source import read_source
from timmy_tui.control.errors import Refused


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"A = 1\nB = 2\n", ("A = 1", "B = 2", "")),
        (b"A = 1\nB = 2", ("A = 1", "B = 2")),
        (b"A = 1\r\nB = 2\r\r\nC = 3\rD = 4", ("A = 1", "B = 2", "", "C = 3", "D = 4")),
        (b"\xef\xbb\xbfA = 1\n# \xc3\xa9\n", ("A = 1", "# é", "")),
        (b"# coding: latin-1\nA = '\xe9'", ("# coding: latin-1", "A = 'é'")),
        (b"A = '\x0b\x0c'; B = 2", ("A = '\x0b\x0c'; B = 2",)),
        (b"", ("",)),
    ],
)
def test_every_line_is_found_by_its_number(data: bytes, lines: tuple[str, ...]) -> None:
    """The last one is what stands behind the last line end; \\v and \\f end no line."""
    source = read_source(data)
    assert tuple(source.line(number) for number in range(1, len(lines) + 1)) == lines
    assert len(source.starts) == len(lines)


@pytest.mark.parametrize("number", [-1, 0, 3, 4])
def test_a_line_that_is_not_there_is_empty(number: int) -> None:
    assert read_source(b"A = 1\nB = 2").line(number) == ""


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"A = '\xff'\n", 1),
        (b"A = 1\nB = '\xff'\n", 2),
        (b"A = 1\r\nB = 2\rC = '\xff'\n", 3),
        (b"\xef\xbb\xbfA = 1\nB = '\xff'\n", 2),
    ],
)
def test_a_byte_that_is_none_of_the_encoding_is_named_by_its_line(data: bytes, line: int) -> None:
    with pytest.raises(Refused) as refused:
        read_source(data)
    assert refused.value.lines == (line,)


@pytest.mark.parametrize(("data", "line"), [(b"\0", 1), (b"A = 1\n\0", 2), (b"A = 1\nB = 2\n# \0\n", 3)])
def test_a_null_byte_is_named_by_its_line(data: bytes, line: int) -> None:
    with pytest.raises(Refused, match="NUL") as refused:
        read_source(data)
    assert refused.value.lines == (line,)


def test_an_encoding_that_is_not_known_is_named() -> None:
    with pytest.raises(Refused, match="not known: unknown encoding: no-such") as refused:
        read_source(b"# coding: no-such\n")
    assert refused.value.lines == (1,)


@pytest.mark.parametrize("encoding", ["utf-7", "hz", "shift_jisx0213", "cp037"])
def test_an_encoding_that_writes_most_of_ascii_as_it_is_does_not_do(encoding: str) -> None:
    with pytest.raises(Refused, match="not one that writes ASCII as it is") as refused:
        read_source(f"# coding: {encoding}\nA = 1\n".encode("ascii"))
    assert refused.value.lines == (1,)


def test_the_mark_of_the_byte_order_is_none_of_the_text() -> None:
    plain, marked = read_source(b"A = 1\n"), read_source(b"\xef\xbb\xbfA = 1\n")
    assert (plain.encoding, plain.mark, plain.text) == ("utf-8", 0, "A = 1\n")
    assert (marked.encoding, marked.mark, marked.text) == ("utf-8", 3, "A = 1\n")
