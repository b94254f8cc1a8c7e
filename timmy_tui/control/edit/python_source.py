"""A Python file as bytes: parsed without being run, with the byte offset of every node."""

import ast
import codecs
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

from timmy_tui.control.errors import Refused
from timmy_tui.core.foreign.python import check_compiles, parse_python

_LINE_END = re.compile(rb"\r\n|\r|\n")
_TEXT_LINE_END = re.compile(r"\r\n|\r|\n")
_ASCII = range(0x20, 0x7F)


@dataclass(frozen=True)
class Source:
    """A file that parses."""

    data: bytes = field(repr=False)
    text: str = field(repr=False)
    """Decoded, without the byte order mark, line ends as they are."""
    encoding: str
    mark: int
    """Length of the byte order mark."""
    tree: ast.Module
    starts: tuple[int, ...]
    """Offset in ``text`` of each line, as Python counts lines: \\n, \\r\\n and \\r alone end one."""

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Byte offsets of an expression. Raises Refused when they cannot be told."""
        if node.end_lineno is None or node.end_col_offset is None:
            raise Refused("The position of the value is not known.", [node.lineno])
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def line(self, number: int) -> str:
        """One line (1-based) without its end; empty beyond the last."""
        if not 1 <= number <= len(self.starts):
            return ""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end].rstrip("\r\n")

    def _offset(self, line: int, column: int) -> int:
        """``column`` counts bytes of UTF-8, whatever the file's own encoding is."""
        start = self.starts[line - 1]
        head = self.text[start : start + column].encode()[:column]
        return self.mark + len(self.text[: start + len(head.decode())].encode(self.encoding))


def read_source(data: bytes) -> Source:
    """Decode and parse. Raises Refused with the line of the error; nothing of the file is run."""
    if b"\0" in data:
        raise Refused("The file holds a NUL byte.", [data[: data.index(b"\0")].count(b"\n") + 1])
    encoding, mark = _encoding(data)
    try:
        text = data[mark:].decode(encoding)
        same = text.encode(encoding) == data[mark:]
    except UnicodeError as error:
        start = getattr(error, "start", 0) + mark
        raise Refused(f"The file is not {encoding}.", [len(_LINE_END.findall(data[:start])) + 1]) from None
    if not same:
        raise Refused(f"The file does not survive being read and written as {encoding}.")
    starts = (0, *(found.end() for found in _TEXT_LINE_END.finditer(text)))
    return Source(data, text, encoding, mark, parse(data), starts)


def parse(data: bytes) -> ast.Module:
    """The tree, compiled as well to find what only the compiler refuses. Complaints become Refused, none is printed."""
    try:
        tree = parse_python(data)
        check_compiles(tree)
        return tree
    except SyntaxError as error:
        lines = [error.lineno] if error.lineno else []
        raise Refused(f"The file is not valid Python: {error.msg}.", lines) from None


def _encoding(data: bytes) -> tuple[str, int]:
    """Name of the codec and length of the byte order mark, by the cookie in the first two lines."""
    try:
        encoding, _ = tokenize.detect_encoding(_lines(data).__next__)
        plain = all(bytes([code]).decode(encoding) == chr(code) for code in _ASCII)
    except SyntaxError as error:
        raise Refused(f"The encoding of the file is not known: {error.msg}.", [1]) from None
    except (UnicodeError, LookupError):
        plain = False
    if not plain:
        raise Refused("The encoding of the file is not one that writes ASCII as it is.", [1])
    if encoding == "utf-8-sig":
        return "utf-8", len(codecs.BOM_UTF8)
    return encoding, 0


def _lines(data: bytes) -> Iterator[bytes]:
    """Lines as Python splits them; ``readline`` of a file would take a file with \\r alone for one line."""
    start = 0
    for found in _LINE_END.finditer(data):
        yield data[start : found.start()] + b"\n"
        start = found.end()
    yield data[start:]
