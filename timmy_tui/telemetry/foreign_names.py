"""What logs and settings call things may hold anything: only what looks like a name leaves this program."""

import re

_NAME = re.compile(r"[A-Za-z0-9][\w.:/+-]{0,127}", re.ASCII)
"""An id, a model with its tag, a number. No blank, so no sentence; no ``@``, so neither an address of mail nor a user
with a password."""
_HOST = re.compile(r"[A-Za-z0-9][\w.-]{0,252}|[0-9A-Fa-f:.]{2,45}", re.ASCII)
"""The name of a machine, or its number, as ``::1``."""


def name_or_none(value: str | None) -> str | None:
    """The value if it is a name, else None."""
    return value if value and _NAME.fullmatch(value) and "://" not in value else None


def host_or_none(value: str | None) -> str | None:
    """The value if it is the name or the number of a machine, else None."""
    return value if value and _HOST.fullmatch(value) else None


def flag_text(value: bool | int | float | str, is_known: bool) -> str | None:
    """A flag's value as a label: ``true``, ``1048576``, ``llama3.2:3b``; None for any other text.

    ``is_known``: it is a flag of this program's own table. Only of these is a text told: what a flag of the user's own
    holds, an address with a password or a key, no pattern tells from a name.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return name_or_none(value) if is_known else None
    return str(value) if isinstance(value, int) else f"{value:.10g}"
