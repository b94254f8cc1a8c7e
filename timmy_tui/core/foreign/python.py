"""Parses Python source of somebody else: never run, and what Python warns of in it reaches no screen."""

import ast
import re
import threading
import warnings

NAME = "<source of v34>"
"""Python attributes its warnings to the name of the file, so that the filter is for these alone."""
_FILTERS = threading.Lock()
"""The list of filters belongs to the whole process."""


def parse_python(source: str | bytes) -> ast.Module:
    """The tree. Raises SyntaxError, whatever is wrong: also for a NUL byte, and for what is nested too deep."""
    # Added each time, because others replace the list; a filter that is there already is not added again.
    with _FILTERS:
        warnings.filterwarnings("ignore", module=re.escape(NAME))
    try:
        return ast.parse(source, NAME)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(type(error).__name__) from None


def check_compiles(tree: ast.Module) -> None:
    """Raises SyntaxError for what only the compiler refuses, such as ``return`` outside of a function."""
    with _FILTERS:
        warnings.filterwarnings("ignore", module=re.escape(NAME))
    try:
        compile(tree, NAME, "exec", dont_inherit=True)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(type(error).__name__) from None


def literal(text: str) -> object:
    """The value of one literal. Raises SyntaxError for anything else."""
    body = parse_python(text.lstrip(" \t")).body
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        raise SyntaxError("not one expression")
    try:
        return ast.literal_eval(body[0].value)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from None


def called_name(function: ast.expr) -> str:
    """The last two names of what is called: ``environ.get`` of ``os.environ.get``; empty for anything but names.

    ``ast.unparse`` would follow a chain of any length, to a RecursionError.
    """
    if isinstance(function, ast.Name):
        return function.id
    if not isinstance(function, ast.Attribute):
        return ""
    owner = function.value
    before = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return f"{before}.{function.attr}"
