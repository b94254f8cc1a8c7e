"""One member of a JSON file's outermost object: where its bytes are, and the same file with another value there."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from timmy_tui.control.edit.places import Seen, Value
from timmy_tui.control.errors import Refused
from timmy_tui.core.foreign.decode import Unreadable, decode_json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
"""Of a text that is JSON; only then these are its tokens."""
_SIGNS = frozenset("{}[],:")
_INDENT = "  "
"""Of a member in an object that has none to show the file's own style."""


class _Found(NamedTuple):
    """A member; offsets count characters."""

    name: str
    start: int
    """Of its name."""
    value: int
    """Of its value."""
    end: int


class _Object(NamedTuple):
    """The outermost object of a file."""

    text: str
    value: dict[str, Any]
    members: Sequence[_Found]
    opens: int
    """Behind its opening brace."""
    closes: int
    """Of its closing brace."""

    def line(self, at: int) -> int:
        """1-based."""
        return self.text.count("\n", 0, at) + 1


@dataclass(frozen=True)
class Member:
    """A ``Place`` (edit/places.py): ``"name": value`` in the object that the file is. It may be missing."""

    name: str

    def __str__(self) -> str:
        return json.dumps(self.name)

    def look(self, data: bytes) -> Seen:
        """What stands there. Raises Refused for a file that is not one JSON object, and for a value that is no plain
        one."""
        whole = _read(data)
        found = self._find(whole)
        if found is None:
            last = whole.members[-1].end if whole.members else whole.opens
            return Seen(None, "", whole.line(last), "")
        text = whole.text[found.value : found.end]
        value = whole.value[self.name]
        if not isinstance(value, bool | int | float | str):
            raise Refused(f"{self} is not a plain value.", [whole.line(found.value)])
        return Seen(value, text, whole.line(found.value), f"{self}: {text}")

    def put(self, data: bytes, value: Value | None) -> bytes:
        """The file with another value there, and every byte outside of it as it was; proved by reading it again.

        A new member comes last, in the style of the one before it. Raises Refused.
        """
        self.look(data)
        whole = _read(data)
        found = self._find(whole)
        if found is None:
            new = whole.text if value is None else self._with_new(whole, value)
        elif value is None:
            new = _without(whole, found)
        else:
            new = whole.text[: found.value] + value_text(value) + whole.text[found.end :]
        changed = new.encode()
        wanted = {**whole.value, self.name: value}
        if value is None:
            del wanted[self.name]
        if not _same(_read(changed).value, wanted):
            raise Refused(f"The new value of {self} does not read back as requested.")
        return changed

    def read(self, text: str) -> Value | None:
        """A value from its text. Raises Refused."""
        value = decode_json(text) if text else None
        if text and not isinstance(value, bool | int | float | str):
            raise Refused("That is not a plain value of JSON.")
        return value

    def _find(self, whole: _Object) -> _Found | None:
        found = [member for member in whole.members if member.name == self.name]
        if len(found) > 1:
            raise Refused(f"{self} stands there more than once.", [whole.line(one.start) for one in found])
        return found[0] if found else None

    def _with_new(self, whole: _Object, value: Value) -> str:
        text, members = whole.text, whole.members
        if not members:
            end = "\r\n" if "\r\n" in text else "\n"
            inner = f"{end}{_INDENT}{self}: {value_text(value)}{end}"
            return text[: whole.opens] + inner + text[whole.closes :]
        last = members[-1]
        colon = text[last.start : last.value].partition('"')[2].rpartition('"')[2]
        # Between a comma and a name where the file shows that, else between the brace and the first name.
        gap = text[whole.opens : last.start]
        if len(members) > 1:
            gap = text[members[-2].end : last.start].partition(",")[2]
        elif "\n" not in gap:
            gap = colon.partition(":")[2]
        return f"{text[: last.end]},{gap}{self}{colon}{value_text(value)}{text[last.end :]}"


def member_of(text: str) -> Member:
    """The member that ``str`` gave this text. Raises Refused."""
    name = decode_json(text)
    if not isinstance(name, str):
        raise Refused(f"{text[:40]} is not the name of a value.")
    return Member(name)


def value_text(value: Value) -> str:
    """A value as JSON has it. Raises Refused for a number that it cannot have."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("A number must be finite.")
    return json.dumps(value)


def _without(whole: _Object, found: _Found) -> str:
    text, members = whole.text, whole.members
    at = members.index(found)
    if len(members) == 1:
        return text[: whole.opens] + text[whole.closes :]
    if at:
        return text[: members[at - 1].end] + text[found.end :]
    return text[: found.start] + text[members[1].start :]


@lru_cache(maxsize=4)
def _read(data: bytes) -> _Object:
    """Raises Refused unless the file is one JSON object in UTF-8. Every switch of a file asks for the same bytes."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Refused("The file is not UTF-8.", [data[: error.start].count(b"\n") + 1]) from None
    if text.startswith("\ufeff"):
        raise Refused("The file begins with a byte order mark, which JSON does not have.", [1])
    value = decode_json(text)
    if isinstance(value, Unreadable):
        raise Refused(f"The file is {value.reason}.")
    if not isinstance(value, dict):
        raise Refused("The file is not a JSON object.")
    members, opens, closes = _members(text)
    return _Object(text, value, members, opens, closes)


def _members(text: str) -> tuple[list[_Found], int, int]:
    """The members of the outermost object, and where it opens and closes."""
    members: list[_Found] = []
    name: re.Match[str] | None = None
    value = end = opens = closes = depth = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if depth == 1 and (sign not in _SIGNS or sign in "{["):
            if name is None:
                name, value = token, 0
            else:
                value = value or token.start()
        depth += (sign in ("{", "[")) - (sign in ("}", "]"))
        if depth == 1 and sign == "{" and not opens:
            opens = token.end()
        elif depth == 0:
            closes = token.start()
        if name is not None and ((depth == 1 and sign == ",") or depth == 0):
            members.append(_Found(str(decode_json(name[0])), name.start(), value, end))
            name = None
        elif depth == 1:
            end = token.end()
    return members, opens, closes


def _same(a: object, b: object) -> bool:
    """Equal, where true is not 1 and 1 is not 1.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b
