"""Turns as the user names them in a command: by number or by request id."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec.structs import replace as with_fields

from timmy_tui.bootstrap.startup import find_timmy
from timmy_tui.commands.shared.options import LogOptions
from timmy_tui.commands.shared.parquet_logs import names_parquet, read_one_machine
from timmy_tui.core.errors import HistoryError, NotFound
from timmy_tui.core.foreign.decode import whole_number
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.output import say
from timmy_tui.core.settings import load_settings, state_dir
from timmy_tui.model.same_turn import is_same_exchange
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import LogReading, logs_of, named_logs, read_logs, with_lost_turns
from timmy_tui.sources.timmy import Timmy

if TYPE_CHECKING:
    from timmy_tui.storage.history import History


@contextmanager
def open_history(timmy: Timmy, wait_s: float | None = None) -> Iterator["History"]:
    """The history of this Timmy. What is wrong with its file or its rows is printed to stderr. Raises HistoryError.

    ``wait_s``: longest wait for another process that writes, by default a short one.
    """
    from timmy_tui.storage.history import History
    from timmy_tui.storage.schema import WAIT_S

    try:
        folder = state_dir()
    except OSError as error:
        raise HistoryError(f"the state folder cannot be used: {error.filename}: {error.strerror}.") from None
    history = History(
        folder / "history.db", timmy.key, timmy.settings.history.text, WAIT_S if wait_s is None else wait_s
    )
    if history.warning:
        say(f"timmy-tui: {history.warning}", err=True)
    try:
        yield history
    finally:
        history.close()
        if history.unreadable:
            rows = ", ".join(f"{number} of {table}" for table, number in sorted(history.unreadable.items()))
            say(f"timmy-tui: rows of the history that cannot be read, and stay as they are: {rows}", err=True)


def read_numbered(options: LogOptions, keep_events: bool = False) -> LogReading:
    """The logs that the options name, their turns numbered as everywhere else.

    Those of an installation are stored in its history, as the dashboard does, and have the numbers and the times that
    it knows. Those of ``--log``, or where the history is off or cannot be used, are numbered by their place, from 1.
    Those of Parquet files have the numbers that they had. Raises NotFound where these are of several machines and none
    of them is chosen.
    """
    if names_parquet(options):
        return read_one_machine(options)
    if options.logs:
        return read_logs(named_logs(options.logs), load_settings(options.settings_path).tail, keep_events)
    timmy = find_timmy(options)
    reading = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events)
    if not timmy.settings.history.enabled:
        return reading
    try:
        with open_history(timmy) as history:
            return numbered_by(history, reading)
    except (HistoryError, OSError) as error:
        problem = error.message if isinstance(error, HistoryError) else f"{error.strerror}."
        say(f"timmy-tui: turns are numbered by their place in these logs: {problem}", err=True)
        return reading


def numbered_by(history: "History", reading: LogReading) -> LogReading:
    """The reading, stored, with what the history knows of its turns. Raises HistoryError."""
    from timmy_tui.storage.remembered import Remembered

    stored = history.store(reading.turns).turns
    turns = [
        # An open turn is not stored: it has no number yet.
        Remembered(turn.ordinal, stored[turn.ordinal], None).completed(turn)
        if turn.ordinal in stored
        else with_fields(turn, number=None)
        for turn in reading.turns
    ]
    lost: dict[int, list[Turn]] = {}
    for before, turn in history.lost_turns({turn.number for turn in turns if turn.number is not None}):
        if not any(is_same_exchange(turn, one) for one in turns):
            lost.setdefault(before, []).append(turn)
    return with_lost_turns(replace(reading, turns=tuple(turns)), lost) if lost else replace(reading, turns=tuple(turns))


def turns_named(turns: Sequence[Turn], name: str) -> list[Turn]:
    """The turns with this number (``17`` or ``#17``) or request id; several only for an id that came again.

    Raises NotFound. Eight digits can be both: then they are an id, which has eight characters.
    """
    named = [turn for turn in turns if name and turn.request_id == name]
    if not named:
        digits = name.removeprefix("#")
        number = whole_number(digits) if digits.isascii() and digits.isdigit() else None
        named = [turn for turn in turns if turn.number == number and number is not None]
    if not named:
        raise NotFound(
            f"no turn has the number or the id {name!r}.", "timmy-tui report --tail 5 shows the newest numbers and ids."
        )
    return named


def turn_named(turns: Sequence[Turn], name: str) -> Turn:
    """The one turn with this number or id. Raises NotFound for none, and for an id that several turns have."""
    named = turns_named(turns, name)
    if len(named) > 1:
        numbers = _in_words(turn.number for turn in named)
        raise NotFound(f"{len(named)} turns have the id {clean(name)}: {numbers}.", "Name one of them by its number.")
    return named[0]


def _in_words(numbers: Iterable[int | None]) -> str:
    *first, last = ["—" if number is None else str(number) for number in numbers]
    return f"{', '.join(first)} and {last}"
