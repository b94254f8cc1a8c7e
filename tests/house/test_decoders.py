"""JSON and TOML come in by core/foreign/decode.py alone: a decoder called elsewhere raises for values it dislikes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "timmy_tui"
THE_WAY_IN = "core/foreign/decode.py"
ELSEWHERE = "demo/"
"""The stand-in Timmy is a program of its own: what it reads was written by itself or by the tests."""
READERS = frozenset({
    "json.load", "json.loads", "json.JSONDecoder", "json.decoder.JSONDecoder", "tomllib.load", "tomllib.loads",
    "msgspec.json.decode", "msgspec.json.Decoder", "msgspec.msgpack.decode", "msgspec.toml.decode",
    "msgspec.yaml.decode", "pickle.load", "pickle.loads", "marshal.loads",
})  # fmt: skip


def decoders(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, full name) of each use of a decoder, by whatever name the module has imported it."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0]: alias.asname and alias.name or alias.name.split(".")[0]
                      for alias in node.names}  # fmt: skip
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and (name := full_name(node, names)) in READERS:
            yield node.lineno, name


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{full_name(node.value, names)}.{node.attr}"
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import json\njson.loads(x)", ["json.loads"]),
        ("import json as j\nj.load(x)", ["json.load"]),
        ("from json import loads\nloads(x)", ["json.loads"]),
        ("from json import loads as read\nread(x)", ["json.loads"]),
        ("import msgspec\nmsgspec.json.Decoder(Turn).decode(x)", ["msgspec.json.Decoder"]),
        ("import msgspec\nread = msgspec.json.decode", ["msgspec.json.decode"]),
        ("import msgspec.json\nmsgspec.json.decode(x)", ["msgspec.json.decode"]),
        ("from msgspec.json import Decoder\nDecoder(x)", ["msgspec.json.Decoder"]),
        ("from msgspec import json\njson.decode(x)", ["msgspec.json.decode"]),
        ("def f():\n    import tomllib\n    tomllib.loads(x)", ["tomllib.loads"]),
        ("import json\njson.dumps(x)", []),
        ("import msgspec\nmsgspec.json.encode(x)", []),
        ("from timmy_tui.report import json\njson.loads", []),
    ],
)
def test_what_counts_as_a_decoder(source: str, found: list[str]) -> None:
    assert [name for _, name in decoders(ast.parse(source))] == found


def test_one_module_decodes_and_it_does() -> None:
    using = {
        f"{name}:{line} {decoder}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not (name := path.relative_to(PACKAGE).as_posix()).startswith(ELSEWHERE)
        for line, decoder in decoders(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {use for use in using if not use.startswith(f"{THE_WAY_IN}:")} == set()
    assert using
