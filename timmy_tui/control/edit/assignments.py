"""Every place where a module binds a name, and every way in which it could do so unseen."""

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

UNSEEN = frozenset({"globals", "locals", "vars", "exec", "eval", "setattr", "delattr"})
"""Names through which a module can bind any other without writing it."""
UNSEEN_ATTRIBUTES = frozenset({"modules", "__dict__", "__setattr__"})

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Binding(NamedTuple):
    """One place that binds the name."""

    line: int
    kind: str
    """As a reason says it: ``an assignment``, ``a loop`` …"""
    statement: ast.stmt | None
    """The plain assignment at the top level that may be edited; None for every other kind."""


@dataclass
class Bindings:
    """Of one name in one module."""

    found: list[Binding] = field(default_factory=list)
    stars: list[int] = field(default_factory=list)
    """Lines of ``from x import *``."""
    unseen: list[int] = field(default_factory=list)
    """Lines that could bind it without writing it."""

    def add(self, node: ast.AST, kind: str, statement: ast.stmt | None = None) -> None:
        """Note one place."""
        self.found.append(Binding(getattr(node, "lineno", 0), kind, statement))


def collect(module: ast.Module, name: str) -> Bindings:
    """All bindings of ``name`` at module level, wherever they are written, in the order of their lines."""
    bindings = Bindings()
    for statement in module.body:
        if _is_plain(statement, name):
            bindings.add(statement, "an assignment", statement)
            for part in ("annotation", "value"):
                if (node := getattr(statement, part, None)) is not None:
                    _scan(node, name, bindings)
        else:
            _scan(statement, name, bindings)
    for node in ast.walk(module):
        if isinstance(node, ast.Global) and name in node.names:
            bindings.add(node, "a global statement")
        elif isinstance(node, ast.Name | ast.Attribute) and _is_unseen(node):
            bindings.unseen.append(node.lineno)
    bindings.found.sort(key=lambda binding: binding.line)
    return bindings


def _is_unseen(node: ast.Name | ast.Attribute) -> bool:
    return node.id in UNSEEN if isinstance(node, ast.Name) else node.attr in UNSEEN_ATTRIBUTES


def _is_plain(statement: ast.stmt, name: str) -> bool:
    """``NAME = value`` or ``NAME: T = value``, alone."""
    if isinstance(statement, ast.Assign):
        targets: list[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return False
    return len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == name


def _scan(node: ast.AST, name: str, bindings: Bindings) -> None:
    """Note what ``node`` binds in the scope it stands in, and go down without entering inner scopes."""
    kind = _kind(node, name)
    if kind:
        bindings.add(node, kind)
    if isinstance(node, ast.ImportFrom) and "*" in [alias.name for alias in node.names]:
        bindings.stars.append(node.lineno)
    for child in _outer_parts(node):
        _scan(child, name, bindings)


def _outer_parts(node: ast.AST) -> list[ast.AST]:
    """The children that run in the scope of ``node`` itself."""
    if isinstance(node, _FUNCTIONS):
        hints = [argument for argument in ast.walk(node.args) if isinstance(argument, ast.arg)]
        parts: list[ast.AST | None] = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, node.returns]
        return [part for part in [*parts, *(hint.annotation for hint in hints)] if part is not None]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords]
    if isinstance(node, ast.Lambda):
        return [part for part in [*node.args.defaults, *node.args.kw_defaults] if part is not None]
    if isinstance(node, ast.comprehension):
        return [node.iter, *node.ifs]
    return list(ast.iter_child_nodes(node))


def _kind(node: ast.AST, name: str) -> str:
    """How ``node`` itself binds ``name``; empty when it does not."""
    match node:
        case ast.Name(id=found, ctx=ast.Store()) if found == name:
            return "an assignment"
        case ast.Name(id=found, ctx=ast.Del()) if found == name:
            return "a del"
        case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) | ast.ClassDef(name=found):
            return "a definition" if found == name else ""
        case ast.ExceptHandler(name=found) if found == name:
            return "an except"
        case ast.alias(name=found, asname=alias) if (alias or found.partition(".")[0]) == name:
            return "an import"
        case ast.MatchAs(name=found) | ast.MatchStar(name=found) if found == name:
            return "a match"
        case ast.MatchMapping(rest=found) if found == name:
            return "a match"
    return ""
