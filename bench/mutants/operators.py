"""The faults: the operators of cosmic-ray that a hand could have slipped into, and our own where it has none.

cosmic-ray knows no strings, patterns or containers. A place that cannot change what the program does (annotations,
imports, decorators and class headers, docstrings, sentences for people) is left out, whoever would mutate it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

LIBRARY = tuple(
    f"core/{name}"
    for name in (
        *(f"ReplaceComparisonOperator_{one}" for one in (
            "Lt_LtE", "Lt_Gt", "LtE_Lt", "LtE_GtE", "Gt_GtE", "Gt_Lt", "GtE_Gt", "GtE_LtE",
            "Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is",
        )),
        *(f"ReplaceBinaryOperator_{one}" for one in (
            "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_FloorDiv", "BitAnd_BitOr",
        )),
        "ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Not", "AddNot",
        "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd",
        "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer", "NumberReplacer",
        "ZeroIterationForLoop",
    )
)  # fmt: skip
"""Left out: what raises at once in any test (``a - b`` as ``a << b``), which would only flatter the rate."""


@dataclass(frozen=True)
class Edit:
    """``source[start:end]`` becomes ``text``."""

    start: int
    end: int
    text: str


class Source:
    """A module's text, its tree, and where in the text a node stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Character offset of a line (from 1) and a column in characters."""
        return self._starts[line - 1] + column

    def span(self, node: ast.AST) -> tuple[int, int]:
        """First and last-but-one character; ast counts columns in UTF-8 bytes."""
        at = node.lineno, node.col_offset, node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
        first, column, last, end = at
        return self._characters(first, column), self._characters(last, end)

    def _characters(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def line_of(self, offset: int) -> int:
        """Number of the line, from 1."""
        return self.text.count("\n", 0, offset) + 1

    @cached_property
    def functions(self) -> list[tuple[int, int]]:
        """First and last line of every function's body; what lies outside runs when the module is imported."""
        return [
            (node.body[0].lineno, node.end_lineno or node.lineno)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def in_function(self, line: int) -> bool:
        """The line runs when a function is called."""
        return any(first <= line <= last for first, last in self.functions)

    @cached_property
    def without_effect(self) -> list[tuple[int, int]]:
        """Spans that nothing is mutated in."""
        return [self.span(node) for top in ast.walk(self.tree) for node in _without_effect(top)]

    def has_effect(self, offset: int) -> bool:
        """A change at this place can change what the program does."""
        return not any(start <= offset < end for start, end in self.without_effect)


def _without_effect(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
        yield node.annotation
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from ([node.returns] if node.returns else [])
        yield from node.decorator_list
    elif isinstance(node, ast.ClassDef):
        yield from (*node.decorator_list, *node.bases, *(one.value for one in node.keywords))
    elif _says_nothing(node):
        yield node


def _says_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        # Nothing is imported by a star; whether a name may be imported from a module is for mypy to notice.
        return _names(node) in (["__slots__"], ["__all__"]) or _is_alias(node.value)
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _names(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _is_alias(value: ast.expr) -> bool:
    """The name of a type: ``tuple[str, int]``, ``Literal["a"]``, ``TypeVar("T")``."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in ("TypeVar", "NewType")
    if not isinstance(value, ast.Subscript):
        return False
    name = ast.unparse(value.value).rpartition(".")[2]
    return name[:1].isupper() or name in ("tuple", "list", "dict", "set", "frozenset", "type", "ndarray")


Finder = Callable[[Source], Iterator[Edit]]

_SWAPS = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor",
          "startswith": "endswith", "endswith": "startswith", "lower": "upper", "popleft": "pop"}  # fmt: skip


def swapped_calls(source: Source) -> Iterator[Edit]:
    """``min`` for ``max``, ``any`` for ``all`` and the like."""
    for node in ast.walk(source.tree):
        name = node.func if isinstance(node, ast.Call) else None
        word = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
        if name is not None and word in _SWAPS:
            end = source.span(name)[1]
            yield Edit(end - len(word), end, _SWAPS[word])


def membership(source: Source) -> Iterator[Edit]:
    """``in`` for ``not in``, and the other way round."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Compare):
            continue
        left = node.left
        for word, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(word, ast.In | ast.NotIn):
                start, end = source.span(left)[1], source.span(right)[0]
                between = source.text[start:end]
                old, new = ("not in", "in") if isinstance(word, ast.NotIn) else ("in", "not in")
                yield Edit(start, end, re.sub(rf"\b{old}\b", new, between, count=1))
            left = right


def turned_filters(source: Source) -> Iterator[Edit]:
    """``if`` of a comprehension, the other way round."""
    for node in ast.walk(source.tree):
        for one in node.ifs if isinstance(node, ast.comprehension) else ():
            start, end = source.span(one)
            yield Edit(start, end, f"not ({source.text[start:end]})")


def counted_down(source: Source) -> Iterator[Edit]:
    """``-=`` for ``+=`` and the like."""
    swaps = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AugAssign):
            start, end = source.span(node.target)[1], source.span(node.value)[0]
            between = source.text[start:end]
            if between.strip() in swaps:
                yield Edit(start, end, between.replace(between.strip(), swaps[between.strip()]))


def dropped_statements(source: Source) -> Iterator[Edit]:
    """A call for its effect, an attribute or item that is set, an early return or an error: gone."""
    for parent in ast.walk(source.tree):
        for body in (getattr(parent, "body", []), getattr(parent, "orelse", []), getattr(parent, "finalbody", [])):
            if not isinstance(body, list):
                continue
            for node in body:
                if _can_go(node, isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and node is body[-1]):
                    yield Edit(*source.span(node), "pass")


def _can_go(node: ast.AST, closing: bool) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await | ast.YieldFrom | ast.Yield)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
    if isinstance(node, ast.Return):
        return not closing
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Delete)


def dropped_entries(source: Source) -> Iterator[Edit]:
    """A row of a table, or one of the values that something is looked up in: gone."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            rows: list[tuple[ast.AST, ast.AST]] = [(one, one) for one in node.elts]
        elif isinstance(node, ast.Dict):
            rows = [(key or value, value) for key, value in zip(node.keys, node.values, strict=True)]
        else:
            continue
        if len(rows) < 2 or (source.in_function(node.lineno) and not _is_constant(node)):
            continue
        for first, last in rows:
            start, end = source.span(first)[0], source.span(last)[1]
            if isinstance(node, ast.Dict) and source.text[:start].endswith("**"):
                start -= 2
            comma = re.match(r"\s*,", source.text[end:])
            if comma is not None:
                yield Edit(start, end + comma.end(), "")
            elif len(rows) > 2 or not isinstance(node, ast.Tuple):
                yield Edit(start, end, "")


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Tuple | ast.List | ast.Set) and all(isinstance(one, ast.Constant) for one in node.elts)


def nudged_numbers(source: Source) -> Iterator[Edit]:
    """A tenth more and a tenth less; the library moves every number by one, which a share or a rate never survives."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value:
            for factor in (1.1, 0.9):
                yield Edit(*source.span(node), repr(float(f"{node.value * factor:.12g}")))


_MEANT = frozenset((
    "get", "pop", "startswith", "endswith", "split", "rsplit", "partition", "rpartition", "removeprefix",
    "removesuffix", "count", "find", "replace", "strip", "lstrip", "rstrip", "join", "setdefault", "strptime",
    "index", "encode", "decode", "getattr",
))  # fmt: skip
_PROSE = re.compile(r"[A-Za-z“~*][^=]* [^=]*")


def changed_strings(source: Source) -> Iterator[Edit]:
    """A word of a table, or one that something is compared with or looked up by. Sentences for people are left out."""
    for parent in ast.walk(source.tree):
        for node in ast.iter_child_nodes(parent):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
                continue
            start, end = source.span(node)
            literal = source.text[start:end]
            if isinstance(parent, ast.JoinedStr) or _body(literal) is None or not _is_meant(source, parent, node):
                continue
            closing = 3 if literal.endswith(('"""', "'''")) else 1
            yield Edit(end - closing, end - closing, "~")


def _is_meant(source: Source, parent: ast.AST, node: ast.Constant) -> bool:
    if source.in_function(node.lineno):
        if isinstance(parent, ast.Call):
            word = parent.func
            return isinstance(word, ast.Attribute | ast.Name) and (
                (word.attr if isinstance(word, ast.Attribute) else word.id) in _MEANT
            )
        return isinstance(parent, ast.Compare | ast.Subscript | ast.Dict | ast.Tuple | ast.Set)
    text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")  # type: ignore[union-attr]
    return isinstance(parent, ast.Assign) or not _PROSE.fullmatch(text)


_TOKEN = re.compile(r"\\.|\[\^|(?<![\[(|])[+*](?!\?)|(?<=[\])\w.])\?|\^|\$|\||\{\d+")
_TURNED = {"\\d": "\\D", "\\D": "\\d", "\\w": "\\W", "\\S": "\\s", "\\s": "\\S", "\\b": "", "[^": "[",
           "+": "*", "*": "+", "?": "", "^": "", "$": "", "|": ""}  # fmt: skip
_CALLS = ("compile", "search", "match", "fullmatch", "sub", "findall", "split", "finditer")


def bent_patterns(source: Source) -> Iterator[Edit]:
    """An anchor, a class, a repetition or an alternative of a regular expression."""
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            continue
        start, end = source.span(node)
        body = _body(source.text[start:end])
        if body is None or not _is_pattern(source, node, source.text[start:end]):
            continue
        for found in _TOKEN.finditer(source.text[start:end], *body):
            word = found[0]
            new = f"{{{int(word[1:]) + 1}" if word[0] == "{" else _TURNED.get(word)
            if new is not None:
                yield Edit(start + found.start(), start + found.end(), new)


def _is_pattern(source: Source, node: ast.Constant, literal: str) -> bool:
    if "r" in literal[:2].lower():
        return True
    before = source.text[: source.span(node)[0]]
    called = re.search(r"\bre\.(\w+)\($", before)
    return called is not None and called[1] in _CALLS


def _body(literal: str) -> tuple[int, int] | None:
    """Where the content of a plain string literal begins and ends; None for one of several pieces."""
    found = re.fullmatch(r"([rRbBuU]*)(\"\"\"|'''|\"|')(.*)\2", literal, re.DOTALL)
    if found is None or re.search(rf"(?<!\\){re.escape(found[2])}", found[3]):
        return None
    return found.span(3)


OWN: dict[str, Finder] = {
    one.__name__: one
    for one in (
        swapped_calls, membership, turned_filters, counted_down, dropped_statements, dropped_entries, nudged_numbers,
        changed_strings, bent_patterns,
    )
}  # fmt: skip
