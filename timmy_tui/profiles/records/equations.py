"""Equations between captures, by which an event finds its turn: ``perf.lag + audio.overrun = audio.lag``."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from timmy_tui.profiles.records.matching import Capture

_SIDE = re.compile(r"\s*([+-]?)\s*([\w.-]+)\s*")


class Equation(NamedTuple):
    """Left and right side: captures with their signs."""

    left: tuple[tuple[int, str], ...]
    right: tuple[tuple[int, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Captures in it."""
        return tuple(name for _, name in (*self.left, *self.right))

    def holds(self, captures: Mapping[str, Capture], within: float) -> bool | None:
        """Whether both sides are the same, within a tolerance; None where only one side is known.

        Two sides of which nothing is known are the same.
        """
        left, right = _value(self.left, captures), _value(self.right, captures)
        if left is None or right is None:
            return None if left is not right else True
        if isinstance(left, str) or isinstance(right, str):
            return left == right
        return abs(left - right) <= within


def equation(text: str) -> Equation:
    """Read one. Raises ValueError for a text that is none."""
    left, equals, right = text.partition("=")
    if not equals or "=" in right:
        raise ValueError(f"{text!r} is not an equation: two sides with one = between them")
    return Equation(_terms(left, text), _terms(right, text))


def _terms(side: str, text: str) -> tuple[tuple[int, str], ...]:
    terms: list[tuple[int, str]] = []
    at = 0
    while at < len(side):
        found = _SIDE.match(side, at)
        if found is None or (terms and not found[1]) or "." not in found[2]:
            raise ValueError(f"{text!r} is not an equation of captures: event.name, + and - between them")
        terms.append((-1 if found[1] == "-" else 1, found[2]))
        at = found.end()
    if not terms:
        raise ValueError(f"{text!r} is not an equation: a side is empty")
    return tuple(terms)


def _value(terms: tuple[tuple[int, str], ...], captures: Mapping[str, Capture]) -> float | str | None:
    """The value of a side; None where a capture of it is not known. A text stands alone."""
    if len(terms) == 1 and isinstance(text := captures.get(terms[0][1]), str):
        return text
    total = 0.0
    for sign, name in terms:
        value = captures.get(name)
        if value is None or isinstance(value, str):
            return None
        total += sign * value
    return total
