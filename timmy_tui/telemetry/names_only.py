"""What logs and settings call things may hold anything: only what looks like a name leaves this program."""

import re

_NAME = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,127}", re.ASCII)
"""An id, a model with its tag, a number: no blank, so no sentence."""


def name_or_none(value: str | None) -> str | None:
    """The value if it is a name, else None."""
    return value if value and _NAME.fullmatch(value) else None


def flag_text(value: bool | int | float | str) -> str | None:
    """A flag's value as a label: ``true``, ``8000``, ``llama3.2:3b``; None for any other text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return name_or_none(value) if isinstance(value, str) else f"{value:g}"
