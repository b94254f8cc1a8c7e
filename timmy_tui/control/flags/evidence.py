"""What the turns themselves show of the running flags: the file only says what the next start will read."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.model.flags import Flag, newest_shown, shown_by_session
from timmy_tui.model.turn import FlagValue, Turn

WANTED = 2
"""Turns of a new session that must agree: the first one never is a tail turn, so one alone proves nothing."""


@dataclass(frozen=True)
class Evidence:
    """What the turns of one session say of a wished value."""

    seen: int
    """Turns that agree, at most ``wanted``."""
    wanted: int = WANTED
    contradicts: bool = False
    """The newest turn that shows the flag shows another value."""
    possible: bool = True
    """False: no turn can ever show this flag."""


def running_value(flag: Flag, turns: Sequence[Turn]) -> FlagValue | None:
    """What the newest session's turns show, in the file's terms; None without evidence. ``turns``: oldest first."""
    return newest_shown(flag, [turn for turn in turns if turn.session == turns[-1].session])


def evidence(flag: Flag, value: FlagValue, turns: Sequence[Turn]) -> Evidence:
    """How far ``turns`` (all those of one new session, oldest first) agree with ``value``."""
    if flag.turn is None:
        return Evidence(0, possible=False)
    agree = sum(shown == value or not believed for shown, believed in shown_by_session(flag, turns))
    newest = newest_shown(flag, turns)
    return Evidence(min(agree, WANTED), contradicts=newest is not None and newest != value)
