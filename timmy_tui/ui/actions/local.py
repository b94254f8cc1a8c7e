"""What the app does on the keys that change nothing but the screen, and the table from command to deed."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from timmy_tui.ui.actions.theme_choice import remember_theme
from timmy_tui.ui.commands import SCREENS

if TYPE_CHECKING:
    from timmy_tui.ui.app import TimmyApp


def deeds(app: "TimmyApp") -> Mapping[str, Callable[[], object]]:
    """Command id → what is done; every command that is not a screen's own has a row."""
    desk = app.desk
    screens = {name: (lambda name=name: show(app, name)) for name in SCREENS}
    return {
        **screens,
        "freeze": lambda: freeze(app),
        "help": lambda: push(app, "help"),
        "quit": lambda: leave(app),
        "palette": lambda: push(app, "palette"),
        "tail_mode": desk.flip_tail_mode,
        "restart": lambda: desk.change("restart", "restart"),
        "restore_point": lambda: desk.change("restore_point", "create", name=""),
        "undo": lambda: desk.change("undo", "undo", op=""),
        "warm": desk.warm,
        "probe": desk.probe,
        "keep": lambda: desk.answer("keep", "keep"),
        "go_now": lambda: desk.answer("go_now", "go now"),
        "stop": lambda: desk.answer("stop", "stop waiting"),
        "listen": lambda: desk.answer("listen", "resume listening"),
        "note": desk.note,
        "guided": desk.guided.next,
        "good": lambda: desk.mark("good"),
        "bad": lambda: desk.mark("bad"),
        "accept": lambda: desk.answer_finding("accept"),
        "findings": lambda: push(app, "findings"),
        "events": lambda: push(app, "events"),
        "theme": lambda: next_theme(app),
        "mouse": lambda: toggle_mouse(app),
        "copy": lambda: copy(app),
        "save": lambda: save(app),
    }


def show(app: "TimmyApp", name: str) -> None:
    """Go to a screen; what was open over the present one is closed."""
    leave_dialogs(app)
    app.switch_mode(name)


def leave_dialogs(app: "TimmyApp") -> None:
    """Close what lies over the screen."""
    for _ in range(len(app.screen_stack) - 1):
        app.pop_screen()


def leave(app: "TimmyApp") -> None:
    """One step back: from a page over the screen, from a screen to the live one, from there out."""
    if len(app.screen_stack) > 1:
        app.pop_screen()
    elif app.current_mode != "live":
        app.switch_mode("live")
    else:
        app.exit()


def push(app: "TimmyApp", name: str) -> None:
    """Open a page over the screen, unless it is open already."""
    from timmy_tui.ui.screens.overlays import open_page

    if len(app.screen_stack) == 1:
        app.push_screen(open_page(name, app))


def freeze(app: "TimmyApp") -> None:
    """Hold the picture, or let it go on; nothing is lost meanwhile."""
    if app.view.newest is None:
        app.view = replace(app.view, newest=app.snapshot)
    else:
        app.view = replace(app.view, newest=None)
        app.renew()


def next_theme(app: "TimmyApp") -> None:
    """The next theme by name, remembered."""
    names = sorted(app.palettes)
    name = names[(names.index(app.theme) + 1) % len(names)]
    app.use_theme(name)
    try:
        remember_theme(name, app.settings.view.theme)
    except OSError as error:
        app.say(f"theme {name}; it cannot be remembered: {error.strerror}", "warn")
    else:
        app.say(f"theme {name}")


def toggle_mouse(app: "TimmyApp") -> None:
    """Mouse reporting on or off."""
    from timmy_tui.ui.terminal.clipboard import set_mouse

    app.mouse = set_mouse(app, not app.mouse)
    app.say(f"mouse {'on: hold shift to select text' if app.mouse else 'off'}")


def copy(app: "TimmyApp") -> None:
    """The screen's text to wherever the terminal can paste from; the route is named."""
    from timmy_tui.ui.terminal.clipboard import copy_text, screen_text
    from timmy_tui.ui.threads import in_thread

    async def work() -> None:
        route, sequence = await in_thread(copy_text, screen_text(app.screen))
        if sequence:
            app.copy_to_clipboard(sequence)
        app.say(f"copied by {route}")

    app.run_worker(work(), name="copy", group="copy", exit_on_error=False)


def save(app: "TimmyApp") -> None:
    """The same into a file of the user's state folder."""
    from timmy_tui.ui.terminal.clipboard import save_text, screen_text

    try:
        path = save_text(screen_text(app.screen), time.time())
    except OSError as error:
        app.say(f"not written: {error.strerror}", "bad")
    else:
        app.say(f"written: {path}")
