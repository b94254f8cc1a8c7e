"""One literal in a Python file: where its bytes are, and the same file with another value there."""

import ast
import math
import re
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass

from timmy_tui.control.edit.assignments import collect
from timmy_tui.control.edit.places import Seen, Value
from timmy_tui.control.edit.python_source import Source, read_source
from timmy_tui.control.errors import Refused
from timmy_tui.core.foreign.python import literal

_NUMBER = re.compile(r"(?:[+-][ \t]*)?[0-9.][0-9A-Za-z_.]*(?:(?<=[eE])[+-][0-9_]+)?")
_STRING = re.compile(
    r"""([rRuU]?)(?:'''(?:[^\\]|\\.)*?'''|\"""(?:[^\\]|\\.)*?\"""|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL
)
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class PythonPlace(ABC):
    """A place in a Python file: the ``Place`` of edit/places.py, for literals."""

    @abstractmethod
    def node(self, tree: ast.Module) -> ast.expr:
        """The value's node. Raises Refused with the reason and the lines unless it is certain."""

    def look(self, data: bytes) -> Seen:
        """What stands there. Raises Refused."""
        source = read_source(data)
        found = _literal(source, self.node(source.tree), self)
        return Seen(found.value, found.text, found.line, source.line(found.line))

    def put(self, data: bytes, value: Value | None) -> bytes:
        """The file with another value there, proved. Raises Refused."""
        if value is None:
            raise Refused(f"{self} cannot be taken out of the file.")
        return patch(data, self, value)

    def read(self, text: str) -> Value:
        """A value from its text. Raises Refused."""
        return literal_value(text)


@dataclass(frozen=True)
class Constant(PythonPlace):
    """``NAME = literal`` at the top level of the module."""

    name: str

    def node(self, tree: ast.Module) -> ast.expr:
        return _constant(tree, self)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Keyword(PythonPlace):
    """``function(…, keyword=literal)``: the one call of ``function`` in the file."""

    function: str
    keyword: str

    def node(self, tree: ast.Module) -> ast.expr:
        return _keyword(tree, self).value

    def __str__(self) -> str:
        return f"{self.function}({self.keyword}=)"


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


def find_literal(source: bytes, selector: PythonPlace) -> Literal:
    """The literal that ``selector`` names. Raises Refused with the reason and the lines unless it is certain."""
    parsed = read_source(source)
    return _literal(parsed, selector.node(parsed.tree), selector)


def patch(source: bytes, selector: PythonPlace, value: Value) -> bytes:
    """``source`` with another value in that one literal, proved by parsing it again. Raises Refused.

    The proof: both files parse to the same tree once that literal is blanked, and the literal reads as ``value``.
    """
    before = read_source(source)
    old = _literal(before, selector.node(before.tree), selector)
    if type(value) is not old.type:
        wanted = type(value).__name__
        raise Refused(f"{selector} holds {_a(old.type.__name__)}; {_a(wanted)} would change its type.", [old.line])
    new = source[: old.start] + literal_text(value, old, before.encoding).encode(before.encoding) + source[old.end :]
    after = read_source(new)
    found = _literal(after, selector.node(after.tree), selector)
    same = found.value == value and found.type is old.type and found.start == old.start
    if not same or _blanked(before.tree, selector) != _blanked(after.tree, selector):
        raise Refused(f"The new value of {selector} does not read back as requested.", [old.line])
    return new


def selector_of(text: str) -> Selector:
    """The selector that ``str`` gave this text."""
    function, bracket, keyword = text.removesuffix("=)").partition("(")
    return Keyword(function, keyword) if bracket else Constant(text)


def literal_value(text: str) -> Value:
    """The value of a literal from its text. Raises Refused when it is none."""
    with suppress(SyntaxError):
        value = literal(text)
        if isinstance(value, bool | int | float | str):
            return value
    raise Refused("That is not a literal.")


def _constant(tree: ast.Module, selector: Constant) -> ast.expr:
    """The value of the one plain assignment at the top level that is the name's only binding."""
    name, bindings = selector.name, collect(tree, selector.name)
    if not bindings.found:
        raise Refused(f"{name} is not in the file.", bindings.stars)
    if len(bindings.found) > 1:
        raise Refused(f"{name} is set more than once.", [binding.line for binding in bindings.found])
    (line, kind, statement) = bindings.found[0]
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        raise Refused(f"{name} is not set by one plain assignment at the top level, but by {kind}.", [line])
    later = [star for star in bindings.stars if star >= line]
    if later:
        raise Refused(f"A later import * may set {name} again.", later)
    if bindings.unseen:
        raise Refused(f"The file can set {name} without writing it.", sorted(set(bindings.unseen)))
    return statement.value


def _keyword(tree: ast.Module, selector: Keyword) -> ast.keyword:
    """The one keyword of the one call; a function that is also handed on may be called elsewhere, unseen."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _names(node.func, selector.function)]
    called = {id(call.func) for call in calls}
    handed = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and _names(node, selector.function) and id(node) not in called
    ]
    lines = [call.lineno for call in calls]
    if len(calls) != 1:
        count = "nowhere" if not calls else f"{len(calls)} times"
        raise Refused(f"{selector.function} is called {count}, not once.", lines)
    if handed:
        raise Refused(f"{selector.function} is also used without being called.", handed)
    found = [keyword for keyword in calls[0].keywords if keyword.arg == selector.keyword]
    if len(found) != 1:
        raise Refused(f"The call of {selector.function} has no keyword {selector.keyword}.", lines)
    return found[0]


def _names(node: ast.expr, function: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == function) or (
        isinstance(node, ast.Attribute) and node.attr == function
    )


def _literal(source: Source, node: ast.expr, selector: PythonPlace) -> Literal:
    """``node`` as a literal of one token, a sign allowed."""
    value = _plain_value(node)
    if value is None:
        computed = any(isinstance(part, ast.Call | ast.Name | ast.Attribute) for part in ast.walk(node))
        why = "is computed, and may come from the environment" if computed else "is not a plain literal"
        raise Refused(f"{selector} {why}; it is shown, not changed.", [node.lineno])
    start, end = source.span(node)
    text = source.data[start:end].decode(source.encoding)
    if not _one_token(text, value):
        raise Refused(f"{selector} is not written as one token.", [node.lineno])
    return Literal(start, end, value, type(value), node.lineno, text)


def _plain_value(node: ast.expr) -> Value | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(inner, bool) or not isinstance(inner, int | float):
            return None
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
        return node.value
    return None


def _one_token(text: str, value: Value) -> bool:
    """Adjacent strings, continued lines and parentheses inside the span are more than one token."""
    if isinstance(value, bool):
        return text == str(value)
    if not isinstance(value, str):
        return _NUMBER.fullmatch(text) is not None
    token = _STRING.match(text)
    return token is not None and token.end() == len(text)


def literal_text(value: Value, old: Literal, encoding: str) -> str:
    """The new value in the style of the old one."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("A number must be finite.", [old.line])
    if not isinstance(value, str):
        return repr(value)
    body = old.text.lstrip("rRuU")
    prefix, quote = old.text[: -len(body)], body[:3] if body[:3] in ("'''", '"""') else body[:1]
    escaped = [_escaped(char, quote[0], encoding) for char in value]
    if prefix in ("r", "R"):
        if value[-1:] == "\\" or any(new != char != "\\" for char, new in zip(value, escaped, strict=True)):
            raise Refused("The value cannot be written in a raw string.", [old.line])
        escaped = list(value)
    return prefix + quote + "".join(escaped) + quote


def _escaped(char: str, quote: str, encoding: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == quote:
        return "\\" + char
    if char.isprintable():
        try:
            char.encode(encoding)
        except UnicodeError:
            pass
        else:
            return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class _Blank(ast.NodeTransformer):
    """Takes one node out of a tree."""

    def __init__(self, node: ast.expr) -> None:
        self.node = node

    def visit(self, node: ast.AST) -> ast.AST:
        """The tree below ``node`` without it."""
        if node is self.node:
            return ast.Constant(value=None)
        found: ast.AST = super().visit(node)
        return found


def _blanked(tree: ast.Module, selector: PythonPlace) -> str:
    return ast.dump(_Blank(selector.node(tree)).visit(tree))


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
