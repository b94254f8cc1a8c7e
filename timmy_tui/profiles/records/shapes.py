"""The shape of a record: what stays when figures, ids and words of a talk are taken out."""

import re

from timmy_tui.profiles.records.reader import Record

LONGEST = 100
_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
_ID = re.compile(r"\b(?=[0-9a-fA-F-]*\d)[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*\b|\b[0-9A-HJKMNP-TV-Z]{26}\b")
_QUOTED = re.compile(r"(?<!\w)(\"[^\"]*\"|'[^']*'|\[[^\]]{24,}\])")
_LEVELS = 2


def shape_of(record: Record) -> str:
    """Of a line, its words with ``#`` for figures; of JSON, its keys with the values that name its kind."""
    if record.fields and not record.text:
        return ", ".join(_keys(record.fields, 0))[:LONGEST]
    text = _QUOTED.sub("…", record.text)
    return _NUMBER.sub("#", _ID.sub("#", text)).strip()[:LONGEST]


def _keys(fields: object, level: int) -> list[str]:
    if not isinstance(fields, dict):
        return []
    shown = []
    for key, value in fields.items():
        if isinstance(value, dict) and level < _LEVELS:
            shown.append(f"{key}({', '.join(_keys(value, level + 1))})")
        elif key in ("type", "event", "kind", "label", "name", "level") and isinstance(value, str):
            shown.append(f"{key}={value[:40]}")
        else:
            shown.append(str(key))
    return shown
