"""One literal in a Python file: where its bytes are, and the same file with another value there."""

from dataclasses import dataclass

Value = bool | int | float | str


@dataclass(frozen=True)
class Constant:
    """``NAME = literal`` at the top level of the module."""

    name: str


@dataclass(frozen=True)
class Keyword:
    """``function(…, keyword=literal)``: the one call of ``function`` in the file."""

    function: str
    keyword: str


Selector = Constant | Keyword


@dataclass(frozen=True)
class Literal:
    """A literal found in a file."""

    start: int
    """Offset of its first byte."""
    end: int
    """Offset behind its last byte."""
    value: Value
    type: type[Value]
    """bool, int, float or str: what it must stay."""
    line: int
    """1-based."""
    text: str
    """As it is written."""


def find_literal(source: bytes, selector: Selector) -> Literal:
    """The literal that ``selector`` names. Raises Refused with the reason and the lines unless it is certain."""
    raise NotImplementedError


def patch(source: bytes, selector: Selector, value: Value) -> bytes:
    """``source`` with another value in that one literal, proved by parsing it again. Raises Refused."""
    raise NotImplementedError
