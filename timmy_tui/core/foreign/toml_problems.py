"""What is wrong with a TOML file that a person wrote: unknown keys, wrong values, their lines, the nearest valid keys.

Imported when a file has been refused, or to check one.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeGuard, get_args, get_origin

import msgspec
from msgspec import Struct

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]")
_SETTING = re.compile(rf"\s*({_KEYS})\s*=")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_AT = re.compile(r" - at `\$[^`]*`$")
Key = tuple[str, ...]


class Problem(Struct, frozen=True):
    """One thing that is wrong."""

    key: Key
    """``("view", "theme")``."""
    text: str
    hint: str = ""

    @property
    def name(self) -> str:
        """``view.theme``."""
        return ".".join(self.key)


def problems(data: Mapping[str, Any], struct: type[Struct]) -> Iterator[Problem]:
    """Everything in the table that ``struct`` does not take, in the order of the file."""
    yield from _problems(data, struct, (), _places(struct, ()))


def line_of(text: str, key: Sequence[str]) -> int | None:
    """The line, from 1, in which a key is set; of an inline table or a missing key, that of the table around it."""
    wanted, best, line = tuple(key), 0, None
    table: Key = ()
    quotes = ""
    for number, content in enumerate(text.splitlines(), 1):
        if quotes:
            quotes = "" if quotes in content else quotes
            continue
        if found := _HEADER.match(content):
            table = _parts(found[1])
            here = table
        elif found := _SETTING.match(content):
            here = (*table, *_parts(found[1]))
            rest = content[found.end() :]
            quotes = next((kind for kind in ('"""', "'''") if rest.count(kind) % 2), "")
        else:
            continue
        if here == wanted:
            return number
        if wanted[: len(here)] == here and len(here) > best:
            best, line = len(here), number
    return line


def line_of_fault(reason: str) -> int | None:
    """The line that the TOML reader names in its message."""
    found = _TOML_LINE.search(reason)
    return int(found[1]) if found else None


def nearest(name: str, names: Sequence[str]) -> str:
    """The most similar of the names; empty where none is."""
    near = difflib.get_close_matches(name, names, n=1)
    return near[0] if near else ""


def _parts(keys: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, keys))


def _problems(data: Mapping[str, Any], struct: type[Struct], at: Key, places: Mapping[str, Key]) -> Iterator[Problem]:
    fields = {field.name: field.type for field in msgspec.structs.fields(struct)}
    found = False
    for name, value in data.items():
        for problem in _of_field(name, value, fields, at, places):
            found = True
            yield problem
    if not found and (text := _refusal(data, struct)):  # A key that must be there and is not.
        yield Problem(at, f"{'.'.join(at)}: {text}" if at else text)


def _of_field(
    name: str, value: object, fields: Mapping[str, Any], at: Key, places: Mapping[str, Key]
) -> Iterator[Problem]:
    key = (*at, name)
    kind = fields.get(name)
    if name not in fields:
        near = nearest(name, list(fields))
        right = (*at, near) if near else places.get(name, ())
        yield Problem(key, f"unknown key {'.'.join(key)}", f"Did you mean {'.'.join(right)}?" if right else "")
    elif isinstance(value, Mapping) and _is_struct(kind):
        yield from _problems(value, kind, key, places)
    elif isinstance(value, Mapping) and get_origin(kind) is not None and _is_struct(inner := get_args(kind)[-1]):
        for one, table in value.items():
            if isinstance(table, Mapping):
                yield from _problems(table, inner, (*key, one), places)
            else:
                yield Problem((*key, one), f"{'.'.join(key)}.{one}: expected a table")
    elif text := _refusal(value, kind):
        near = nearest(value, _choices(kind)) if isinstance(value, str) else ""
        yield Problem(key, f"{'.'.join(key)}: {text}", f'Did you mean "{near}"?' if near else "")


def _refusal(value: object, kind: Any) -> str:
    """Why a value is not of a type, without a full stop; empty where it is."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text = _AT.sub("", str(error))
        return text[:1].lower() + text[1:]
    return ""


def _choices(kind: Any) -> list[str]:
    return [choice for choice in get_args(kind) if isinstance(choice, str)] if get_origin(kind) is Literal else []


def _is_struct(kind: Any) -> TypeGuard[type[Struct]]:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _places(struct: type[Struct], at: Key) -> dict[str, Key]:
    """Name of a key → where it belongs, for one that stands in the wrong table."""
    places: dict[str, Key] = {}
    for field in msgspec.structs.fields(struct):
        if _is_struct(field.type):
            places = {**_places(field.type, (*at, field.name)), **places}
        else:
            places.setdefault(field.name, (*at, field.name))
    return places
