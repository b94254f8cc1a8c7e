"""A diff for the user's own screen, with whatever looks like a secret taken out."""

import ast
import difflib
import re
from collections.abc import Iterator

from timmy_tui.control.edit.python_source import Source, read_source
from timmy_tui.control.errors import Refused

MASK = "‹masked›"
SECRET = re.compile(r"pass|secret|token|key|dsn|cred", re.IGNORECASE)
"""Names whose values are never shown or listed, whatever they hold."""
_USERINFO = re.compile(r"(://)[^/@\s'\"]+@")


def masked_diff(old: bytes, new: bytes, name: str) -> tuple[str, ...]:
    """Unified diff of two Python files, line by line; foreign text, to be cleaned before it is shown.

    A file that does not parse is not shown at all: without its structure no secret can be told from other text.
    """
    try:
        before, after = masked_lines(read_source(old)), masked_lines(read_source(new))
    except Refused as refused:
        return (f"{name} is not shown: {refused.message}",)
    lines = list(difflib.unified_diff(before, after, f"{name} (on disk)", f"{name} (restored)", lineterm=""))
    if not lines and old != new:
        return (f"{name} differs only in masked lines or in line ends.",)
    return tuple(lines)


def masked_lines(source: Source) -> list[str]:
    """The lines of a file; every line of a statement or value that names a secret is one mask."""
    secret = {
        line for node in _secrets(source.tree) for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = []
    for number in range(1, len(source.starts) + 1):
        text = source.line(number)
        if number in secret:
            text = text[: len(text) - len(text.lstrip())] + MASK
        lines.append(_USERINFO.sub(rf"\1{MASK}@", text))
    return lines


def _secrets(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """Statements and values that a name, a key, a keyword or an argument marks as secret."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets) if any(_named(target) for target in targets):
                yield node
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target) if _named(target):
                yield node
            case ast.NamedExpr(target=target) if _named(target):
                yield node
            case ast.Dict(keys=keys) if any(key is not None and _named(key) for key in keys):
                yield node
            case ast.Call(args=arguments, keywords=keywords):
                spoken = any(_named(argument) for argument in arguments if isinstance(argument, ast.Constant))
                if spoken or any(SECRET.search(keyword.arg or "") for keyword in keywords):
                    yield node
            case ast.arguments():
                yield from _defaults(node)


def _named(node: ast.expr) -> bool:
    """The last name in ``node`` is that of a secret: ``x.password``, ``x["token"]``, ``"api_key"``, ``(a, pass_)``."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return SECRET.search(name) is not None
        case ast.Constant(value=str() as name):
            return SECRET.search(name) is not None
        case ast.Subscript(slice=part):
            return _named(part) or _named(node.value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return any(_named(part) for part in parts)
    return False


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        if default is not None and SECRET.search(argument.arg):
            yield default
