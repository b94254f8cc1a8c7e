"""Epochs and the flags behind them, as lines and as JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import local_time
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.flags.words import epoch_words, exported_value, word
from timmy_tui.model.turn import Epoch, FlagChange, FlagValue

WIDTH = 200
"""Most characters of a line with foreign text."""


def not_visible(known: KnownFlags, epochs: Sequence[Epoch]) -> tuple[Flag, ...]:
    """Flags whose value is not known in any of these epochs, without those that nothing can ever show."""
    visible = {key for epoch in epochs for key in epoch.flags}
    return tuple(flag for flag in known.flags if flag.shown_by and flag.key not in visible)


def epoch_lines(epochs: Sequence[Epoch], known: KnownFlags) -> Iterator[str]:
    """One line per epoch, the flags of the newest epoch, and the flags that are not visible."""
    if not epochs:
        return
    yield "== epochs"
    for epoch in epochs:
        words = clean(epoch_words(epoch), WIDTH)
        yield f"{epoch.number:4}  {local_time(epoch.started):19}  {epoch.turns:5} turns  {words}"
    newest = epochs[-1].flags
    shown = [f"{flag.label} {word(flag, newest[flag.key])}" for flag in known.flags if flag.key in newest]
    if shown:
        yield clean(f"flags of the newest: {', '.join(shown)}", WIDTH)
    hidden = [flag.label for flag in not_visible(known, epochs)]
    if hidden:
        yield clean(f"not visible in these logs: {', '.join(hidden)}", WIDTH)
    yield ""


def epoch_objects(epochs: Sequence[Epoch], known: KnownFlags) -> dict[str, Any]:
    """``epochs`` and ``flags_not_visible`` of the JSON report."""
    return {
        "epochs": [_object(epoch, known) for epoch in epochs],
        "flags_not_visible": [flag.key for flag in not_visible(known, epochs)],
    }


def change_objects(changes: Iterable[FlagChange], known: KnownFlags) -> list[dict[str, Any]]:
    """Changes in the user's values: ``{"flag": "tail-mode", "before": "off", "after": "on"}``."""
    table = {flag.key: flag for flag in known.flags}
    return [
        {
            "flag": change.flag,
            "before": exported_value(table.get(change.flag), change.before),
            "after": exported_value(table.get(change.flag), change.after),
        }
        for change in changes
    ]


def _object(epoch: Epoch, known: KnownFlags) -> dict[str, Any]:
    table = {flag.key: flag for flag in known.flags}
    return {
        "number": epoch.number,
        "session_id": epoch.session_id,
        "started": epoch.started,
        "turns": epoch.turns,
        "reason": epoch_words(epoch),
        "restarted": epoch.restarted,
        "changes": change_objects(epoch.changes, known),
        "flags": _values(epoch.flags, table),
    }


def _values(flags: Mapping[str, FlagValue], table: Mapping[str, Flag]) -> dict[str, FlagValue]:
    """In the order of the table."""
    return {key: exported_value(flag, flags[key]) for key, flag in table.items() if key in flags}
