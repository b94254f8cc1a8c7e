"""Tests and benches use what is public: a test that reads a private attribute holds the code to how it is written."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("tests", "bench") for path in (REPOSITORY / folder).rglob("*.py"))
PUBLIC_BY_DOCUMENTATION = {"_exit", "_replace"}
"""``os._exit`` and a named tuple's ``_replace`` are public, whatever their names look like."""
NO_PUBLIC_WAY = {("tests/ui/running.py", "_compositor")}
"""Textual paints a screen into its compositor and offers only an SVG of it, which takes ten times as long to make."""
PRIVATE = re.compile(r"_(?!_)\w+")
PRIVATE_TARGET = re.compile(r"(?:[\w.]+\.)?(_(?!_)\w+)")
"""Of a name in a string: ``_name`` or ``package.module._name``."""
PATCHES = {"setattr", "delattr", "getattr", "hasattr"}


def private_uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of every private name that the module takes from an object or a module that is not its own."""
    own = own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and PRIVATE.fullmatch(node.attr) and not is_own(node, own):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names if PRIVATE.fullmatch(alias.name))
        elif isinstance(node, ast.Call) and called(node) in PATCHES:
            texts = [one.value for one in node.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from ((node.lineno, found[1]) for text in texts if (found := PRIVATE_TARGET.fullmatch(text)))


def own_names(tree: ast.Module) -> set[str]:
    """Private attributes and methods that the module's own classes define."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if PRIVATE.fullmatch(name)}


def is_own(node: ast.Attribute, own: set[str]) -> bool:
    """``self._name`` where this module defines it: a helper class with a private part of its own."""
    return node.attr in PUBLIC_BY_DOCUMENTATION or (is_self(node.value) and node.attr in own)


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def called(node: ast.Call) -> str:
    """Last part of the name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_no_test_and_no_bench_reaches_into_what_is_private() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {name}"
        for path in SOURCES
        for line, name in private_uses(ast.parse(path.read_text()))
        if (str(path.relative_to(REPOSITORY)), name) not in NO_PUBLIC_WAY
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("room._planner.plan()", ["_planner"]),
        ("a.b._c", ["_c"]),
        ("held[0]._started", ["_started"]),
        ("from x import _y, z", ["_y"]),
        ("monkeypatch.setattr(thing, '_x', 1)", ["_x"]),
        ("monkeypatch.setattr('a.b._x', 1)", ["_x"]),
        ("getattr(thing, '_x')", ["_x"]),
        ("class A(Theirs):\n    def f(self):\n        return self._theirs", ["_theirs"]),
        ("class A:\n    def f(self):\n        self._own = 1\n        return self._own", []),
        ("class A:\n    def _f(self):\n        return self._f()", []),
        (
            "class A:\n    def f(self):\n        self._own = 1\n    def g(self, other):\n        return other._own",
            ["_own"],
        ),
        ("os._exit(1)", []),
        ("thing.__class__", []),
        ("monkeypatch.setattr(thing, 'x', 1)", []),
    ],
)
def test_what_counts_as_private(text: str, names: list[str]) -> None:
    assert [name for _, name in private_uses(ast.parse(text))] == names
