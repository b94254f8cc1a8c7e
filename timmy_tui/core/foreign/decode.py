"""The one way in for JSON, TOML and numbers that others wrote: logs, answers, and files that a hand can edit.

Nothing here raises for what it is given. Valid JSON with a value that no figure can be (NaN, Infinity, 1e400, a number
of 309 digits, half of a surrogate pair) comes in with that value as None, which is unknown; Python's own json writes
such values. What is not JSON, or is nested too deeply, comes back as an ``Unreadable`` with its reason.

Imports the standard library only, and the rest where it is needed: ``timmy-tui status`` has no time for more.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import length_hint
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T")

MOST_LEVELS = 200
"""Lists and objects inside each other. Python's own limit, about 900, depends on the caller; upstream writes 2."""
MOST_DIGITS = 308
"""Digits of a whole number: the largest float, 1.8e308, has 309."""
MAX_FIGURE = 1e15
"""A figure in a text from here on is not valid: no count, size, stamp or duration in ns (11 days) is that large."""
SHORTEST_ODD_LINE = 370
"""Bytes. A shorter line of the latency log is neither too deep nor has it room for a number of 309 digits."""

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""With which a text begins that PowerShell writes."""

NOT_JSON = "not JSON"
TOO_DEEP = f"nested more than {MOST_LEVELS} levels deep"
WRONG_SHAPE = "JSON of another form"

_SIX_DIGITS = re.compile(rb"\d{6}")
_LONG_NUMBER = re.compile(rb"(?<!\d)\d{%d}" % (MOST_DIGITS + 1))
_STEP = 50
"""Of a longer number, at least six digits stand at places that are a multiple of this."""


class Unreadable:
    """Why a text is not what it should be."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """One of a small set of words, by which such texts are counted; of a file, the place as well."""


def decode_json(text: bytes | str) -> Any:
    """The value of a JSON text, or an Unreadable. Bytes that are not valid in their encoding become U+FFFD."""
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "replace")
    try:
        value = _decoder().decode(text.removeprefix("\ufeff"))
    except RecursionError:
        return Unreadable(TOO_DEEP)
    except ValueError:
        return Unreadable(NOT_JSON)
    if text.count("[") + text.count("{") <= MOST_LEVELS and "\\u" not in text and text.isascii():
        return value
    return _without_odd_texts(value)


def decode_as(text: bytes | str, kind: type[T]) -> T | Unreadable:
    """A value of the type ``kind``, a msgspec Struct for instance; where a value is odd, the type must allow None."""
    import msgspec

    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    if not is_odd(data):
        try:
            return _typed_decoder(kind).decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
            pass
    value = decode_json(data)
    if isinstance(value, Unreadable):
        return value
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        return Unreadable(f"{WRONG_SHAPE}: {error}")


def decode_lines(lines: Sequence[bytes], kind: type[T], otherwise: Callable[[bytes], Iterable[T]]) -> list[T]:
    """One value of the type ``kind`` for each line, in order; what ``otherwise`` returns for a line that is not one.

    The fast way to read a log: a fifth faster than a loop in Python.
    """
    if max(map(len, lines), default=0) < SHORTEST_ODD_LINE:
        return _decode_usual(lines, kind, otherwise)
    values: list[T] = []
    start = 0
    for at, line in enumerate(lines):
        if len(line) >= SHORTEST_ODD_LINE and is_odd(line):
            values += _decode_usual(lines[start:at], kind, otherwise)
            values += otherwise(line)
            start = at + 1
    values += _decode_usual(lines[start:] if start else lines, kind, otherwise)
    return values


def _decode_usual(lines: Sequence[bytes], kind: type[T], otherwise: Callable[[bytes], Iterable[T]]) -> list[T]:
    decode = _typed_decoder(kind).decode
    values: list[T] = []
    remaining = iter(lines)
    while True:
        try:
            values.extend(map(decode, remaining))
            return values
        except Exception:  # noqa: BLE001  Whatever a line does to the decoder: it costs that line.
            # What was decoded before the line is in the list already.
            values.extend(otherwise(lines[len(lines) - length_hint(remaining) - 1]))


def is_odd(text: bytes) -> bool:
    """The text may be nested too deeply, or may have a number that no float can hold; else it has neither."""
    if len(text) < SHORTEST_ODD_LINE:
        return False
    if text.count(b"[") + text.count(b"{") > MOST_LEVELS:
        return True
    return _SIX_DIGITS.search(text[::_STEP]) is not None and _LONG_NUMBER.search(text) is not None


def decode_toml(text: bytes) -> Any:
    """The table of a TOML text, or an Unreadable whose reason goes behind the file's name.

    A number that is not finite, or above 2^53, makes it one.
    """
    import tomllib  # takes 3 ms, which only users with a settings file pay

    try:
        table = tomllib.loads(text.decode())
    except RecursionError:
        return Unreadable(f"is {TOO_DEEP}")
    except ValueError as error:
        return Unreadable(f"is not valid TOML: {error}")
    waiting: list[tuple[str, Any]] = [("", table)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{name}.{key}".lstrip("."), item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend((name, item) for item in value)
        elif isinstance(value, int | float) and not -(1 << 53) <= value <= 1 << 53:
            return Unreadable(f"sets {name} to a number that cannot be used")
    return table


def without_mark(line: bytes) -> bytes:
    """The first line of a text without its byte order mark, also of UTF-16 whose NUL bytes were taken out."""
    for mark in (codecs.BOM_UTF8, *UTF16_MARKS):
        line = line.removeprefix(mark)
    return line


def number(value: object) -> float | None:
    """A finite number of a decoded JSON as a float; None for anything else, a bool included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e308 < value < 1e308:
        return None
    return float(value)


def whole_number(text: str) -> int | None:
    """The whole number in a text; None where it is not a figure. Raises ValueError where it is no number."""
    if len(text) < 16:
        return int(text)
    if text.lstrip("+-").isdecimal() and len(text) > 16:
        return None
    value = int(text)
    return value if -MAX_FIGURE < value < MAX_FIGURE else None


def decimal_number(text: str) -> float | None:
    """The same for a number with decimals."""
    value = float(text)
    return value if -MAX_FIGURE < value < MAX_FIGURE else None


@lru_cache(maxsize=1)
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=lambda name: None)


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= MOST_DIGITS else None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if -1e308 < value < 1e308 else None


_typed_decoders: "dict[type, msgspec.json.Decoder[Any]]" = {}


def _typed_decoder(kind: type[T]) -> "msgspec.json.Decoder[T]":
    import msgspec

    decoder = _typed_decoders.get(kind)
    if decoder is None:
        decoder = _typed_decoders[kind] = msgspec.json.Decoder(kind)
    return decoder


def _without_odd_texts(value: Any) -> Any:
    """The value with None for every text that holds half of a surrogate pair; Unreadable where it is too deep."""
    root = [value]
    containers: list[Any] = [root]
    for _ in range(MOST_LEVELS + 1):
        inner: list[Any] = []
        for container in containers:
            if isinstance(container, dict):
                _replace_odd_keys(container)
            for key, item in list(container.items() if isinstance(container, dict) else enumerate(container)):
                if isinstance(item, list | dict):
                    inner.append(item)
                elif isinstance(item, str) and not _is_text(item):
                    container[key] = None
        if not inner:
            return root[0]
        containers = inner
    return Unreadable(TOO_DEEP)


def _replace_odd_keys(table: dict[str, Any]) -> None:
    for key in [key for key in table if not _is_text(key)]:
        table[key.encode("utf-8", "replace").decode()] = table.pop(key)


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
