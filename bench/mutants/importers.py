"""Which files import a module, themselves or by way of modules that pass its values on."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGE = "timmy_tui"


class Importers(NamedTuple):
    """Of one module, as paths, each once."""

    own: tuple[str, ...]
    """Files that name it in an import."""
    by_way: tuple[str, ...]
    """Files that import what passes it on, the nearest first, without those above."""


class _Imports(NamedTuple):
    """What one file imports of the program."""

    modules: frozenset[str]
    """Paths."""
    passed_on: frozenset[str]
    """Those of which a value of this file is made while it is imported, or which are imported to be exported."""


def read(root: Path) -> dict[str, Importers]:
    """Of all modules of the program in ``root``; its tests are among the files that import."""
    files = sorted([*(root / PACKAGE).rglob("*.py"), *(root / "tests").rglob("*.py")])
    return importers({file.relative_to(root).as_posix(): file.read_text("utf-8") for file in files})


def importers(texts: Mapping[str, str]) -> dict[str, Importers]:
    """Path → who imports it. ``texts``: of every file, by path."""
    own: dict[str, list[str]] = defaultdict(list)
    passing: dict[str, list[str]] = defaultdict(list)
    for path, text in texts.items():
        imports = _imports(ast.parse(text), texts)
        for module in imports.modules - {path}:
            own[module].append(path)
        # What a test imports of another one does things with the program for it: makes turns, starts a dashboard.
        for module in (imports.modules if path.startswith("tests/") else imports.passed_on) - {path}:
            passing[module].append(path)
    return {path: Importers(tuple(files), tuple(_by_way(path, own, passing))) for path, files in own.items()}


def _by_way(path: str, own: Mapping[str, Sequence[str]], passing: Mapping[str, Sequence[str]]) -> Iterator[str]:
    seen, way = {path, *own[path]}, [path]
    for module in way:
        way += [one for one in passing.get(module, ()) if one not in way]
        found = [file for file in own.get(module, ()) if file not in seen]
        seen.update(found)
        yield from found


def _imports(tree: ast.Module, texts: Mapping[str, str]) -> _Imports:
    modules: set[str] = set()
    passed_on: set[str] = set()
    names: dict[str, str] = {}
    """Name in this file → the module that it comes from, of imports that are done when the file is imported."""
    at_import = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for alias in node.names:
            module = _module(node, alias, texts)
            if module is None:
                continue
            modules.add(module)
            if id(node) in at_import:
                names[alias.asname or alias.name.partition(".")[0]] = module
                if isinstance(node, ast.ImportFrom) and alias.asname == alias.name:
                    passed_on.add(module)
    values = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value]
    for value in values:
        passed_on |= {names[one.id] for one in ast.walk(value) if isinstance(one, ast.Name) and one.id in names}
    return _Imports(frozenset(modules), frozenset(passed_on))


def _module(node: ast.Import | ast.ImportFrom, alias: ast.alias, texts: Mapping[str, str]) -> str | None:
    """Path of the module that is imported, or of the one that a name is imported from; None for a library."""
    if isinstance(node, ast.Import):
        return _path(alias.name, texts)
    if node.module is None or node.level:
        return None  # The house has no relative imports.
    return _path(f"{node.module}.{alias.name}", texts) or _path(node.module, texts)


def _path(name: str, texts: Mapping[str, str]) -> str | None:
    stem = name.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in texts), None)
