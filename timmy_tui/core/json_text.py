"""JSON as it is printed: what a terminal or a web page would obey is escaped, so that it reads back unchanged."""

import codecs
import re
from functools import cache
from typing import Any

import msgspec

from timmy_tui.core.foreign.sanitize import UNSAFE

_LAYOUT = "\n"
"""The only control character outside of JSON's strings, and never inside one."""


def json_text(value: Any, encoding: str = "utf-8") -> str:
    """Indented JSON of a value that msgspec knows. NaN and infinity are null.

    Escaped are control and bidi characters, ``<`` (a page ends a script at ``</script>``, also within a string), and
    in another ``encoding`` than UTF-8 whatever is not ASCII.
    """
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
    except UnicodeEncodeError:
        text = _with_surrogates(value, 1)
    return _escaped(text, encoding)


def json_line(value: Any, encoding: str = "utf-8") -> str:
    """The same on one line, without its end."""
    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        text = _with_surrogates(value, None)
    return _escaped(text, encoding)


def _with_surrogates(value: Any, indent: int | None) -> str:
    """For a lone surrogate, such as of a file name that is not UTF-8: msgspec refuses it, the library escapes it."""
    import json

    return json.dumps(_without_nan(msgspec.to_builtins(value)), indent=indent)


def _escaped(text: str, encoding: str) -> str:
    pattern = _unsafe() if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else _UNSAFE_OR_FOREIGN
    return pattern.sub(_escape, text)


_UNSAFE_OR_FOREIGN = re.compile(r"[<\x00-\x09\x0b-\x1f\x7f-\U0010ffff]")


@cache
def _unsafe() -> re.Pattern[str]:
    # As ranges: a set of 2 500 single characters is searched 25 times slower.
    codes = sorted(UNSAFE - {ord(_LAYOUT)})
    starts = [code for code in codes if code - 1 not in UNSAFE or chr(code - 1) == _LAYOUT]
    ends = [code for code in codes if code + 1 not in UNSAFE or chr(code + 1) == _LAYOUT]
    ranges = (f"\\U{start:08x}-\\U{end:08x}" for start, end in zip(starts, ends, strict=True))
    return re.compile(f"[<{''.join(ranges)}]")


def _escape(found: re.Match[str]) -> str:
    """``\\u202e``; a character above U+FFFF is two of them."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value
