"""Actions of the keys that change the screen only."""

import time
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from timmy_tui.model.turn import Turn
from timmy_tui.ui.host import Host
from timmy_tui.ui.remembered_theme import remember_theme

LEAP = 5
"""Turns of a longer step of the cursor."""
LONG_S = 60.0
"""A notice that is shown for so many seconds can be taken away: it says what happened while nobody looked."""


def show(host: Host, name: str) -> None:
    """Go to a screen; overlays are closed."""
    close_overlays(host)
    host.switch_mode(name)


def close_overlays(host: Host) -> None:
    """Close all overlays."""
    for _ in range(len(host.screen_stack) - 1):
        host.pop_screen()


def step_back(host: Host) -> None:
    """One step back: close the overlay, else go to the live screen, else quit."""
    if len(host.screen_stack) > 1:
        host.pop_screen()
    elif host.current_mode != "live":
        host.switch_mode("live")
    else:
        host.exit()


def escape(host: Host) -> None:
    """Close an overlay, or take away what is said for long, or leave the stage rows, or the turn under the cursor."""
    said = host.view.notice, host.view.interruption
    now = host.now()
    if len(host.screen_stack) > 1:
        host.pop_screen()
    elif any(one is not None and one.lasts_s >= LONG_S and one.is_shown(now) for one in said):
        host.view = replace(host.view, notice=None, interruption=None)
    elif host.view.row:
        leave_rows(host)
    else:
        look_at(host, None)


def show_overlay(host: Host, name: str) -> None:
    """Open an overlay, unless one is open."""
    from timmy_tui.ui.screens.overlays import open_overlay

    if len(host.screen_stack) == 1:
        host.push_screen(open_overlay(name, host))


def toggle_across(host: Host) -> None:
    """Open the view that is read from across the room, or close it."""
    if host.screen.name == "across":
        host.pop_screen()
    else:
        show_overlay(host, "across")


def choose_row(host: Host, step: int) -> None:
    """The stage row ``step`` below the chosen one, around the ends; the first or the last where none is chosen."""
    from timmy_tui.ui.panels.live.stage_rows import row_keys

    keys = row_keys()
    at = keys.index(host.view.row) + step if host.view.row in keys else min(step, 0)
    host.view = replace(host.view, row=keys[at % len(keys)], cached_lines={})


def leave_rows(host: Host) -> None:
    """No stage row is chosen any more."""
    host.view = replace(host.view, row="", cached_lines={})


def log_of_row(host: Host) -> None:
    """The log with only the lines of the chosen stage row, in the turn that the screen shows."""
    turn = chosen_turn(host)
    if not host.view.row:
        host.say(f"choose a row with {host.view.keys.get('row_down', '↓')} first")
    elif turn is None:
        host.say("there is no turn yet", "warn")
    else:
        host.show_log(turn, host.view.row)


def explain(host: Host) -> None:
    """What the chosen stage row is; the help page where none is chosen."""
    show_overlay(host, "stage" if host.view.row and host.current_mode == "live" else "help")


def toggle_row_scale(host: Host) -> None:
    """Columns of the stage rows: the time over the usual, or ms from zero."""
    raw = not host.view.raw_rows
    host.view = replace(host.view, raw_rows=raw, cached_lines={})
    host.say("rows: ms from zero, each on its own scale" if raw else "rows: time over the usual at equal work")


def log_of_turn(host: Host) -> None:
    """The log with only the lines of the turn that the screen has under its cursor, or else of the newest."""
    turn = chosen_turn(host)
    if turn is None:
        host.say("there is no turn yet", "warn")
    else:
        host.show_log(turn)


@runtime_checkable
class HasTurn(Protocol):
    """A screen with a turn under its cursor."""

    def selected(self) -> Turn | None:
        """The turn; None while there is none."""


def chosen_turn(host: Host) -> Turn | None:
    """The turn under the cursor of the screen, or else the newest one that was spoken, or any."""
    chosen = host.screen.selected() if isinstance(host.screen, HasTurn) else None
    return chosen or host.view.headline_turn or host.view.newest_turn


def show_postcard(host: Host) -> None:
    """Twelve lines of a turn on a page, and in the clipboard."""
    from timmy_tui.ui.panels.turns.postcard import postcard
    from timmy_tui.ui.screens.turn_pages import PostcardPage

    turn = chosen_turn(host)
    if turn is None:
        host.say("there is no turn yet", "warn")
        return
    copy_lines(host, "\n".join(postcard(turn, host.view)) + "\n", "postcard")
    host.push_screen(PostcardPage(turn))


def toggle_freeze(host: Host) -> None:
    """Freeze the view, or resume it; turns are read meanwhile."""
    if host.view.live_snapshot is None:
        host.view = replace(host.view, live_snapshot=host.snapshot)
    else:
        host.view = replace(host.view, live_snapshot=None)
        host.refresh_view()


@runtime_checkable
class HasColumns(Protocol):
    """A screen whose cursor can be on something else than a turn: an hour, a day."""

    def move_column(self, step: int | None) -> bool:
        """Move it by so many; None: to the newest. False where the cursor is on turns."""


def move_cursor(host: Host, step: int) -> None:
    """Move the cursor by so many turns; it comes from behind the newest, where the screen shows what is now."""
    if isinstance(host.screen, HasColumns) and host.screen.move_column(step):
        return
    count = len(host.view.turns)
    at = host.view.cursor_index
    look_at(host, max((count if at is None else at) + step, 0))


def look_at(host: Host, index: int | None) -> None:
    """Put the cursor on a turn by its index in ``View.turns``; None, or one behind the newest, is now."""
    if index is None and isinstance(host.screen, HasColumns):
        host.screen.move_column(None)
    moved = host.view.with_cursor(index)
    if moved.cursor != host.view.cursor:
        host.view = moved


def next_theme(host: Host) -> None:
    """Switch to the next theme by name and remember it."""
    names = sorted(host.themes.palettes)
    name = names[(names.index(host.theme) + 1) % len(names)]
    host.themes.use(name)
    try:
        remember_theme(name, host.settings.view.theme, host.themes.colours.few)
    except OSError as error:
        host.say(f"theme {name}, not saved: {error.strerror}", "warn")
    else:
        host.say(f"theme {name}")


def toggle_mouse(host: Host) -> None:
    """Switch mouse reporting on or off."""
    host.mouse = host.report_mouse(not host.mouse)
    host.say(f"mouse {'on: hold shift to select text' if host.mouse else 'off'}")


def copy(host: Host) -> None:
    """Copy the screen's text to the clipboard and say by which route."""
    from timmy_tui.ui.terminal.clipboard import screen_text

    copy_lines(host, screen_text(host.screen))


def copy_lines(host: Host, text: str, what: str = "", written: str = "") -> None:
    """Copy a text to the clipboard and say by which route. ``what``: its name; ``written``: a file that has it too."""
    from timmy_tui.ui.terminal.clipboard import copy_text
    from timmy_tui.ui.threads import in_thread

    async def copy_text_and_say() -> None:
        try:
            copied = await in_thread(copy_text, text, written)
        except OSError as error:
            host.say(f"{what} neither copied nor written: {error.strerror}".strip(), "bad")
            return
        if copied.for_terminal:
            host.copy_to_clipboard(copied.for_terminal)
        host.say(f"{what} {copied.words}".strip())

    host.run_task(copy_text_and_say(), "copy", "copy")


def save(host: Host) -> None:
    """Copy the screen's text, and write it into a file in the user's state folder in any case."""
    from timmy_tui.ui.terminal.clipboard import save_text, screen_text

    text = screen_text(host.screen)
    try:
        path = save_text(text, time.time())
    except OSError as error:
        host.say(f"not written: {error.strerror}", "bad")
    else:
        copy_lines(host, text, written=str(path))
