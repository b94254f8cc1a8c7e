"""The filter language of the turns: ``llm>1s failed tail:on``. Every word must hold; ``-`` before one turns it round.

A word that is no field is searched in id, text, reason, model and errors, as it was typed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches

from msgspec import Struct

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.stages.watched import BY_KEY, UNATTRIBUTED
from timmy_tui.model.turn import FAILED_STATES, Turn, TurnState

HINT = "text, id, reason · llm>1s · v2v>=2s · failed · typed · tail:on · epoch:3 · mark:bad · time:14:30-15:00"
"""Below the line that is typed into."""

Test = Callable[[Turn, "TurnFacts"], bool]


class TurnFacts(Struct, frozen=True):
    """What is known of a turn beside the turn itself."""

    epoch: int | None = None
    mark: str = ""


class FilterProblem(ValueError):
    """What is typed is not a filter; the message says what may be meant."""


class TurnFilter(Struct, frozen=True):
    """A filter that was understood."""

    tests: tuple[Test, ...] = ()

    def passes(self, turn: Turn, facts: TurnFacts) -> bool:
        """All of it holds."""
        return all(test(turn, facts) for test in self.tests)


def parse_filter(text: str) -> TurnFilter:
    """Raises FilterProblem."""
    return TurnFilter(tuple(_test(word) for word in text.split()))


def filter_problem(text: str) -> str:
    """Why it is not a filter; empty when it is one."""
    try:
        parse_filter(text)
    except FilterProblem as problem:
        return str(problem)
    return ""


def _test(word: str) -> Test:
    if len(word) > 1 and word[0] in "-!":
        inner = _test(word[1:])
        return lambda turn, facts: not inner(turn, facts)
    if comparison := _COMPARISON.fullmatch(word):
        return _compare(*comparison.groups())
    if word.lower() in _STATES:
        return _STATES[word.lower()]
    name, colon, value = word.partition(":")
    if colon and name.lower() in _FIELDS:
        return _FIELDS[name.lower()](value)
    if colon and name.isalpha():
        raise FilterProblem(f"there is no field {name}{_meant(name, [*_FIELDS], ':')}")
    return _contains(word)


def _meant(typed: str, known: list[str], behind: str = "") -> str:
    close = get_close_matches(typed.lower(), known, n=1, cutoff=0.5)
    return f", did you mean {close[0]}{behind}" if close else f"; there are {', '.join(known)}"


# -- figures

_COMPARISON = re.compile(r"([\w?→]+)(>=|<=|>|<|=)(.*)")
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}  # fmt: skip
_AMOUNT = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s)?")
_COUNTS: Mapping[str, Callable[[Turn], int | None]] = {
    "turn": lambda turn: turn.number, "tok": lambda turn: turn.prompt_tokens, "out": lambda turn: turn.output_tokens,
    "memories": lambda turn: turn.chunks,
}  # fmt: skip
"""Fields that are counts, not times."""


def _stage_names() -> dict[str, str]:
    """What may be typed for a stage → its key: the key itself, and its label."""
    names = {stage.label.lower(): stage.key for stage in BY_KEY.values()}
    return names | {key: key for key in BY_KEY} | {"v2v": "v2v", "?": UNATTRIBUTED, "gap": UNATTRIBUTED}


def _compare(name: str, sign: str, amount: str) -> Test:
    compare, names = _COMPARE[sign], _stage_names()
    key = name.lower()
    if key not in names and key not in _COUNTS:
        raise FilterProblem(f"there is no stage {name}{_near_stage(key, [*names, *_COUNTS])}")
    found = _AMOUNT.fullmatch(amount.lower())
    if key in _COUNTS:
        if found is None or found[2]:
            raise FilterProblem(f"{name}{sign} wants a number, as in {name}{sign}400")
        wanted, count = float(found[1]), _COUNTS[key]
        return lambda turn, facts: (value := count(turn)) is not None and compare(value, wanted)
    if found is None or not found[2]:
        raise FilterProblem(f"{name}{sign} wants a time with its unit, as in {name}{sign}1s or {name}{sign}400ms")
    ms = float(found[1]) * (1000 if found[2] == "s" else 1)
    return lambda turn, facts: (value := stage_ms(turn, names[key])) is not None and compare(value, ms)


def _near_stage(typed: str, known: list[str]) -> str:
    close = get_close_matches(typed, known, n=1, cutoff=0.5)
    return f", did you mean {close[0]}" if close else "; ? in help lists them"


def stage_ms(turn: Turn, key: str) -> float | None:
    """A stage, ``v2v`` or the unattributed time; None where it was not measured."""
    if key == "v2v":
        return turn.v2v_ms
    return turn.unattributed_ms if key == UNATTRIBUTED else turn.stages.get(key)


# -- words

_STATES: Mapping[str, Test] = {
    "failed": lambda turn, facts: turn.state in FAILED_STATES,
    "complete": lambda turn, facts: turn.state is TurnState.COMPLETE,
    "aborted": lambda turn, facts: turn.state is TurnState.ABORTED,
    "typed": lambda turn, facts: bool(turn.typed),
    "spoken": lambda turn, facts: not turn.typed,
    "marked": lambda turn, facts: bool(facts.mark),
}


def _contains(word: str) -> Test:
    wanted = word.lower()
    return lambda turn, facts: wanted in _searchable(turn)


def _searchable(turn: Turn) -> str:
    fields = (turn.request_id, turn.state, turn.reason, turn.session_id, turn.model, turn.text, *turn.errors)
    return clean(" ".join(str(field) for field in fields if field)).lower()


# -- fields


def _choice(name: str, choices: Mapping[str, Test]) -> Callable[[str], Test]:
    def field(value: str) -> Test:
        if value.lower() not in choices:
            raise FilterProblem(f"{name}: is one of {', '.join(choices)}, not {clean(value, 20) or 'empty'}")
        return choices[value.lower()]

    return field


def _switch(name: str, value_of: Callable[[Turn], bool | None]) -> Callable[[str], Test]:
    return _choice(
        name, {"on": lambda turn, facts: value_of(turn) is True, "off": lambda turn, facts: value_of(turn) is False}
    )


def _part(value_of: Callable[[Turn], str | None]) -> Callable[[str], Test]:
    def field(value: str) -> Test:
        wanted = value.lower()
        return lambda turn, facts: wanted in clean(value_of(turn) or "").lower()

    return field


def _range(name: str, value_of: Callable[[Turn, TurnFacts], int | None]) -> Callable[[str], Test]:
    def field(value: str) -> Test:
        first, dash, last = value.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise FilterProblem(f"{name}: wants a number or a range, as in {name}:3 or {name}:3-5")
        low, high = int(first), int(last or first)
        return lambda turn, facts: (number := value_of(turn, facts)) is not None and low <= number <= high

    return field


_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def _seconds(text: str) -> int | None:
    """Seconds of the day; None where it is no time of day."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    return None if hour > 23 or minute > 59 or second > 59 else 3600 * hour + 60 * minute + second


def _time(value: str) -> Test:
    first, dash, last = value.partition("-")
    low, high = _seconds(first), _seconds(last) if last else 86_400
    if low is None or high is None or (dash and not last):
        raise FilterProblem("time: wants a time of day, or two: time:14:30 (and later), time:14:30-15:00")

    def test(turn: Turn, facts: TurnFacts) -> bool:
        at = _second_of_day(turn.started)
        # 23:00-01:00 goes over midnight.
        return at is not None and (low <= at <= high if low <= high else at >= low or at <= high)

    return test


def _second_of_day(at: float | None) -> int | None:
    try:
        clock = datetime.fromtimestamp(at) if at is not None else None
    except (ValueError, OverflowError, OSError):
        return None
    return None if clock is None else 3600 * clock.hour + 60 * clock.minute + clock.second


_FIELDS: Mapping[str, Callable[[str], Test]] = {
    "tail": _switch("tail", lambda turn: turn.tail_mode),
    "raw": _switch("raw", lambda turn: turn.raw),
    "mark": _choice("mark", {
        "good": lambda turn, facts: facts.mark == "good", "bad": lambda turn, facts: facts.mark == "bad",
        "none": lambda turn, facts: not facts.mark,
    }),
    "epoch": _range("epoch", lambda turn, facts: facts.epoch),
    "session": _range("session", lambda turn, facts: turn.session),
    "turn": _range("turn", lambda turn, facts: turn.number),
    "time": _time,
    "state": _choice("state", _STATES),
    "id": _part(lambda turn: turn.request_id),
    "text": _part(lambda turn: turn.text),
    "model": _part(lambda turn: turn.model),
    "reason": _part(lambda turn: turn.reason),
}  # fmt: skip
"""Name in front of a colon → its test of a value."""
