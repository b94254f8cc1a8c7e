"""Rules of the whole repository that no linter has: parameters of a function, and private names in tests."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("timmy_tui", "tests", "bench")
MOST = 5
"""Parameters of a function, ``self`` aside. A bare ``*`` is no parameter, and no cure; ``*args`` is one."""
OPEN = {
    "bench/judgement/turns.py _turn",
    "tests/analysis/llm/test_prompt_reuse.py turn",
    "tests/control/edit/corpus/cases.py refused",
    "tests/control/service/test_health_wait.py Watched.__init__",
    "tests/control/service/test_panel_client.py test_every_other_answer_of_the_panel_is_a_word_and_nothing_is_started",
    "timmy_tui/analysis/compare/comparison.py compare",
    "timmy_tui/analysis/compare/crossover.py balance",
    "timmy_tui/analysis/stats/workload.py _fit",
    "timmy_tui/demo/ollama/server.py OllamaStandIn.__init__",
    "timmy_tui/demo/run.py Demo.__init__",
    "timmy_tui/demo/v34/llm_call.py build_payload",
    "timmy_tui/demo/v34/server.py access_line",
    "timmy_tui/demo/v34/turn.py Preprocessor.__init__",
    "timmy_tui/parse/ollama_log.py OllamaLogParser._serve",
    "timmy_tui/sources/files/tail.py Tail.__init__",
    "timmy_tui/turns/ledger.py settle",
}
"""Still to be changed: a path and a name. A line that is not needed any more fails, too."""

PUBLIC_BY_DOCUMENTATION = {"_exit"}
"""``os._exit`` is public, whatever its name looks like."""
NO_PUBLIC_WAY = {("tests/ui/running.py", "_compositor")}
"""Textual paints a screen into its compositor and offers only an SVG of it, which takes ten times as long to make."""
PRIVATE = re.compile(r"_(?!_)\w+")
PRIVATE_TARGET = re.compile(r"(?:[\w.]+\.)?(_(?!_)\w+)")
"""Of a name in a string: ``_name`` or ``package.module._name``."""
PATCHES = {"setattr", "delattr", "getattr", "hasattr"}

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


@cache
def sources() -> dict[str, ast.Module]:
    """Every module of the repository by its path."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


# -- parameters


def too_many(tree: ast.Module) -> list[str]:
    """Names of the functions that take more than ``MOST``."""
    return [name for name, function, method in functions(tree) if parameters(function, method) > MOST]


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
    assert too_many(ast.parse(source)) == found


def test_no_function_takes_more_than_five_parameters() -> None:
    found = {f"{path} {name}" for path, tree in sources().items() for name in too_many(tree)}
    assert (sorted(found - OPEN), sorted(OPEN - found)) == ([], [])


# -- private names


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
        f"{path}:{line}: {name}"
        for path, tree in sources().items()
        if not path.startswith("timmy_tui/")
        for line, name in private_uses(tree)
        if (path, name) not in NO_PUBLIC_WAY
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
