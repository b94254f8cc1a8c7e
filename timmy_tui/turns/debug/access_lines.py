"""Access lines of v34's web server, joined with the turns that they answered.

An access line carries the local time at which the request ended, and mostly its duration. stdout is captured in blocks
of 8 KiB and the access lines at once, so that a line can stand before the total of its turn, even before its BEGIN, or
behind it. Both are in order. So the pairs are the best alignment of the newest turns and lines by their durations.
"""

import time
from contextlib import suppress
from datetime import datetime
from itertools import product
from typing import NamedTuple

from timmy_tui.model.log_format import DebugFact
from timmy_tui.turns.debug_record import DebugRecord
from timmy_tui.turns.draft import Draft

WINDOW = 6
"""Turns, and lines, that can still be paired otherwise: two buffers of 8 KiB hold three turns of 5 KiB."""
ROUNDING_S = 0.005
"""A total is printed with two decimals."""
LONGEST_REST_S = 2.1
"""A request ends so long after the total: the call to the TTS (given up after 2 s) and 0.1 s for the server itself."""
USUAL_REST_S = 0.1
"""With this rest a pair counts half as much as with none. In a real log of five turns the rest is 0 to 8 ms."""
NO_DURATION_SCORE = 0.5
CLOSE_SCORE = 0.5
HEAD_COST = 0.1
"""Of a turn or a line without a partner where the capture begins, which can be in mid-turn."""
LOST_COST = 1.0
"""The same elsewhere: a line was lost."""
_SLACK_S = 1e-6
_FORMS = ("%d/%b/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
_WITH_ZONE = "%d/%b/%Y:%H:%M:%S %z"
"""gunicorn's form."""


class AccessLine(NamedTuple):
    """One answered request."""

    ended: float | None
    """Seconds since 1970; None if the stamp cannot be read."""
    seconds: float | None
    """Its duration; None where the server does not tell it."""
    status: int


def access_line(fact: DebugFact) -> AccessLine:
    """The line of an ``access`` fact. Its stamp is local time, in the form of eventlet or gevent, or has a zone."""
    return AccessLine(_ended(str(fact.values["stamp"])), fact.values.get("seconds"), fact.values["code"])


def _ended(stamp: str) -> float | None:
    for form in _FORMS:
        try:
            return time.mktime(time.strptime(stamp, form))
        except (ValueError, OverflowError):
            continue
    with suppress(ValueError, OverflowError):
        return datetime.strptime(stamp, _WITH_ZONE).timestamp()
    return None


class AccessLines:
    """Takes turns of the webhook and access lines, each in file order."""

    def __init__(self) -> None:
        self._turns: list[Draft] = []
        self._lines: list[AccessLine] = []
        self._pairs: dict[int, int] = {}
        """Index of a turn → index of its line."""
        self._usual = True
        """All pairs are close, and the first turn has the first line, the second the second, and so on."""
        self._first_cost = HEAD_COST

    def add_turn(self, draft: Draft) -> list[Draft]:
        """A turn that v34 has ended. Returns the turns that have another line now, or one at last."""
        self._turns.append(draft)
        return self._align()

    def add_line(self, line: AccessLine) -> list[Draft]:
        """An access line. v34 refuses a request without a text (400) before it prints anything of a turn."""
        if 400 <= line.status < 500:
            return []
        self._lines.append(line)
        return self._align()

    def pair_again(self) -> list[Draft]:
        """Something else is known of a turn's duration. Returns the turns that have changed."""
        self._usual = False
        return self._align()

    def restart(self) -> None:
        """Another process of v34 writes from here on: nothing before can belong to anything behind."""
        self._turns, self._lines, self._pairs = [], [], {}
        self._first_cost = LOST_COST

    def _align(self) -> list[Draft]:
        if not (self._usual and self._pair_next()):
            records = [_record(draft) for draft in self._turns]
            self._pairs = _best_pairs(records, self._lines, self._first_cost)
            self._usual = all(
                turn == line and _is_close(records[turn], self._lines[line]) for turn, line in self._pairs.items()
            ) and len(self._pairs) == min(len(self._turns), len(self._lines))
        changed = []
        for index, draft in enumerate(self._turns):
            paired = self._pairs.get(index)
            if _set_line(_record(draft), None if paired is None else self._lines[paired]):
                changed.append(draft)
        while len(self._turns) > WINDOW or len(self._lines) > WINDOW:
            self._drop_oldest()
        return changed

    def _pair_next(self) -> bool:
        """Pair the next turn with the next line without a search. False if they are not close."""
        paired = len(self._pairs)
        if paired < min(len(self._turns), len(self._lines)):
            if not _is_close(_record(self._turns[paired]), self._lines[paired]):
                return False
            self._pairs[paired] = paired
        return True

    def _drop_oldest(self) -> None:
        """What is out of the window keeps its partner. A pair goes together, with everything before it."""
        turns = 1 if len(self._turns) > WINDOW else 0
        lines = 0 if turns else 1
        for turn, line in self._pairs.items():
            if turn < turns or line < lines:
                turns, lines = max(turns, turn + 1), max(lines, line + 1)
                self._first_cost = LOST_COST
        self._usual &= turns == lines
        del self._turns[:turns], self._lines[:lines]
        self._pairs = {
            turn - turns: line - lines for turn, line in self._pairs.items() if turn >= turns and line >= lines
        }


def _record(draft: Draft) -> DebugRecord:
    assert draft.debug is not None, "only turns of the debug log are paired"
    return draft.debug


def _set_line(record: DebugRecord, line: AccessLine | None) -> bool:
    """Give the record what the line tells. True if that is news."""
    before = (record.started, record.ended, record.http_status, record.total_ms, record.reply)
    record.started = record.ended = record.http_status = None
    if record.ends:
        fitting = [end for end in record.ends if line is not None and _fits(end[0], line.seconds)]
        record.total_ms, record.reply = fitting[0] if len(fitting) == 1 else (None, None)
    if line is not None:
        record.ended, record.http_status = line.ended, line.status
        seconds = line.seconds if line.seconds is not None else _total_s(record)
        record.started = None if line.ended is None or seconds is None else line.ended - seconds
    return before != (record.started, record.ended, record.http_status, record.total_ms, record.reply)


def _fits(total_ms: float | None, seconds: float | None) -> bool:
    """A request of so many seconds can be that of a turn with this total."""
    if total_ms is None or seconds is None:
        return False
    return -ROUNDING_S - _SLACK_S <= seconds - total_ms / 1000 <= LONGEST_REST_S + _SLACK_S


def _total_s(record: DebugRecord) -> float | None:
    return None if record.total_ms is None else record.total_ms / 1000


def _score(record: DebugRecord, line: AccessLine) -> float | None:
    """How well both fit together, from 0 to 1; None: they cannot."""
    if not record.finished and line.status < 500:
        return None
    total_s = None if record.ends else _total_s(record)
    if line.seconds is None:
        return NO_DURATION_SCORE
    if record.ends and not any(_fits(total_ms, line.seconds) for total_ms, _ in record.ends):
        return None
    if total_s is None:
        steps_s = sum(record.steps.values()) / 1000
        return NO_DURATION_SCORE if line.seconds >= steps_s - ROUNDING_S * (len(record.steps) + 1) else None
    if not _fits(record.total_ms, line.seconds):
        return None
    rest_s = line.seconds - total_s
    return USUAL_REST_S / (max(rest_s, 0.0) + USUAL_REST_S)


def _is_close(record: DebugRecord, line: AccessLine) -> bool:
    score = _score(record, line)
    return score is not None and score >= CLOSE_SCORE


def _best_pairs(records: list[DebugRecord], lines: list[AccessLine], first_cost: float) -> dict[int, int]:
    """Index of a record → index of its line: the alignment with the highest score.

    What stands behind the last pair costs nothing: its partner can still come.
    """
    rows, columns = len(records), len(lines)
    best: dict[tuple[int, int], float] = {}
    """(Records, lines) of those that are behind → the highest score of them."""
    steps: dict[tuple[int, int], tuple[int, int]] = {}
    for place in product(range(rows + 1), range(columns + 1)):
        row, column = place
        if not (row and column):
            best[place] = -first_cost * (row + column)
            continue
        options = [
            (best[row - 1, column] - LOST_COST, (row - 1, column)),
            (best[row, column - 1] - LOST_COST, (row, column - 1)),
        ]
        score = _score(records[row - 1], lines[column - 1])
        if score is not None:
            options.append((best[row - 1, column - 1] + score, (row - 1, column - 1)))
        best[place], steps[place] = max(options)
    _, place = max((score, end) for end, score in best.items() if end[0] == rows or end[1] == columns)
    pairs: dict[int, int] = {}
    while place in steps:
        before = steps[place]
        if before == (place[0] - 1, place[1] - 1):
            pairs[before[0]] = before[1]
        place = before
    return pairs
