"""What the turns show of the flags that run. The file only says what the next start will read."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import newest_shown, shown_by_session
from timmy_tui.model.turn import FlagValue, Turn

WANTED = 2
"""Turns of a new session that must agree."""


@dataclass(frozen=True)
class Evidence:
    """What the turns of one session say of a requested value."""

    agreeing: int
    """Turns that show it, at most ``wanted``. The first turn of a session proves nothing where it is never another."""
    wanted: int = WANTED
    contradicts: bool = False
    """The newest turn that shows the flag shows another value."""
    possible: bool = True
    """False: turns never show this flag."""


def running_value(flag: Flag, turns: Sequence[Turn]) -> FlagValue | None:
    """What the turns of the newest session show, in the terms of the file; None if they show nothing.

    ``turns``: oldest first.
    """
    return newest_shown(flag, [turn for turn in turns if turn.session == turns[-1].session])


def of_running_process(turns: Sequence[Turn], started: float) -> Sequence[Turn]:
    """``turns`` if the process that runs since ``started`` answered one of the newest session, else none.

    ``started``: seconds since the epoch on the clock of v34's machine. After a restart the turns of before say nothing
    of what runs.
    """
    newest = [turn for turn in turns if turn.session == turns[-1].session]
    return turns if any(turn.answered is not None and turn.answered >= started for turn in newest) else ()


def evidence(flag: Flag, value: FlagValue, turns: Sequence[Turn]) -> Evidence:
    """How many of ``turns`` agree with ``value``. ``turns``: all of one new session, oldest first."""
    if flag.turn is None:
        return Evidence(0, possible=False)
    agree = sum(shown == value and certain for shown, certain in shown_by_session(flag, turns))
    newest = newest_shown(flag, turns)
    return Evidence(min(agree, WANTED), contradicts=newest is not None and newest != value)
