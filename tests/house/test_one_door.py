"""What is printed goes through one door, core/output.py, which cleans it and minds the stream."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

PACKAGE = Path(__file__).parents[2] / "timmy_tui"
DOOR = "core/output.py"
OTHER_PROCESSES = ("demo/", "core/foreign/pattern_child.py")
"""The stand-ins of v34 and Ollama print as those do; the process that searches answers over a pipe."""
PRINTERS = {"print", "echo", "secho", "print_exc", "print_exception"}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
HARMLESS = {"isatty", "fileno", "encoding", "flush"}


def ways_round(source: str) -> Iterator[tuple[int, str]]:
    """(line, name) of what prints by itself: a printing function, or a stream that is not only asked something."""
    tree = ast.parse(source)
    asked = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in HARMLESS and isinstance(node.value, ast.Attribute)
    }
    discarded = {id(one) for node in ast.walk(tree) if is_call(node, "discard") for one in getattr(node, "args", ())}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in PRINTERS:
            yield node.lineno, called(node)
        elif is_stream(node) and id(node) not in asked | discarded:
            yield node.lineno, ast.unparse(node)


def is_stream(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """``sys.stdout`` and the like."""
    owner = node.value if isinstance(node, ast.Attribute) and node.attr in STREAMS else None
    return isinstance(owner, ast.Name) and owner.id == "sys"


def is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and called(node) == name


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_everything_printed_goes_through_the_door() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if (inside := str(path.relative_to(PACKAGE))) != DOOR and not inside.startswith(OTHER_PROCESSES)
        for line, name in ways_round(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("print(1)", ["print"]),
        ("click.echo(1)", ["echo"]),
        ("sys.stdout.write(x)", ["sys.stdout"]),
        ("data.to_csv(sys.stdout)", ["sys.stdout"]),
        ("out = sys.stderr", ["sys.stderr"]),
        ("sys.stdout.isatty()", []),
        ("discard(sys.stdout)", []),
        ("say(1)", []),
    ],
)
def test_what_counts_as_a_way_round(source: str, names: list[str]) -> None:
    assert [name for _, name in ways_round(source)] == names
