"""Rules of the whole repository that no linter has: how many parameters a function may take."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("timmy_tui", "tests", "bench")
MOST = 5
"""Parameters of a function, ``self`` aside. A bare ``*`` is no parameter, and no cure; ``*args`` is one."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def functions(tree: ast.Module) -> Iterator[tuple[str, Function, bool]]:
    """Every function with its name, outer names first, and whether it is a method."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        outer, inside = waiting.pop()
        for node in ast.iter_child_nodes(outer):
            name = inside
            if isinstance(node, Function | ast.ClassDef):
                name = f"{inside}.{getattr(node, 'name', 'lambda')}".lstrip(".")
            if isinstance(node, Function):
                yield name, node, isinstance(outer, ast.ClassDef)
            waiting.append((node, name))


def parameters(function: Function, method: bool) -> int:
    """How many it takes, without the object or the class that a method belongs to."""
    taken = function.args
    count = len(taken.posonlyargs) + len(taken.args) + len(taken.kwonlyargs)
    count += (taken.vararg is not None) + (taken.kwarg is not None)
    decorators = [] if isinstance(function, ast.Lambda) else function.decorator_list
    static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in decorators)
    return count - (method and not static and not isinstance(function, ast.Lambda))


def too_many(source: str) -> list[str]:
    """Names of the functions that take more than ``MOST``."""
    return [name for name, function, method in functions(ast.parse(source)) if parameters(function, method) > MOST]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(a, b, c, d, e): ...", []),
        ("def f(a, b, c, d, e, g): ...", ["f"]),
        ("async def f(a, /, b, c, *, d, e, g): ...", ["f"]),
        ("def f(a, b, c, *rest, **more): ...", []),
        ("def f(a, b, c, d, *rest, **more): ...", ["f"]),
        ("class C:\n    def f(self, a, b, c, d, e): ...", []),
        ("class C:\n    def f(self, a, b, c, d, e, *, g): ...", ["C.f"]),
        ("class C:\n    @classmethod\n    def f(cls, a, b, c, d, e): ...", []),
        ("class C:\n    @staticmethod\n    def f(a, b, c, d, e, g): ...", ["C.f"]),
        ("def f():\n    def g(a, b, c, d, e, h): ...", ["f.g"]),
        ("f = lambda a, b, c, d, e, g: a", ["lambda"]),
    ],
)
def test_parameters_are_counted(source: str, found: list[str]) -> None:
    assert too_many(source) == found


def test_no_function_takes_more_than_five_parameters() -> None:
    found = {
        f"{path.relative_to(ROOT)} {name}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in too_many(path.read_text(encoding="utf-8"))
    }
    assert sorted(found) == []
