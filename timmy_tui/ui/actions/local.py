"""What happens on the keys that change nothing but the screen."""

import time

from msgspec.structs import replace

from timmy_tui.ui.actions.theme_choice import remember_theme
from timmy_tui.ui.host import Host


def show(host: Host, name: str) -> None:
    """Go to a screen; what was open over the present one is closed."""
    leave_dialogs(host)
    host.switch_mode(name)


def leave_dialogs(host: Host) -> None:
    """Close what lies over the screen."""
    for _ in range(len(host.screen_stack) - 1):
        host.pop_screen()


def leave(host: Host) -> None:
    """One step back: from a page over the screen, from a screen to the live one, from there out."""
    if len(host.screen_stack) > 1:
        host.pop_screen()
    elif host.current_mode != "live":
        host.switch_mode("live")
    else:
        host.exit()


def push(host: Host, name: str) -> None:
    """Open a page over the screen, unless it is open already."""
    from timmy_tui.ui.screens.overlays import open_overlay

    if len(host.screen_stack) == 1:
        host.push_screen(open_overlay(name, host))


def freeze(host: Host) -> None:
    """Hold the picture, or let it go on; nothing is lost meanwhile."""
    if host.view.newest is None:
        host.view = replace(host.view, newest=host.snapshot)
    else:
        host.view = replace(host.view, newest=None)
        host.renew()


def next_theme(host: Host) -> None:
    """The next theme by name, remembered."""
    names = sorted(host.palettes)
    name = names[(names.index(host.theme) + 1) % len(names)]
    host.use_theme(name)
    try:
        remember_theme(name, host.settings.view.theme)
    except OSError as error:
        host.say(f"theme {name}; it cannot be remembered: {error.strerror}", "warn")
    else:
        host.say(f"theme {name}")


def toggle_mouse(host: Host) -> None:
    """Mouse reporting on or off."""
    host.mouse = host.report_mouse(not host.mouse)
    host.say(f"mouse {'on: hold shift to select text' if host.mouse else 'off'}")


def copy(host: Host) -> None:
    """The screen's text to wherever the terminal can paste from; the route is named."""
    from timmy_tui.ui.terminal.clipboard import copy_text, screen_text
    from timmy_tui.ui.threads import in_thread

    async def work() -> None:
        route, sequence = await in_thread(copy_text, screen_text(host.screen))
        if sequence:
            host.copy_to_clipboard(sequence)
        host.say(f"copied by {route}")

    host.run_task(work(), "copy", "copy")


def save(host: Host) -> None:
    """The same into a file of the user's state folder."""
    from timmy_tui.ui.terminal.clipboard import save_text, screen_text

    try:
        path = save_text(screen_text(host.screen), time.time())
    except OSError as error:
        host.say(f"not written: {error.strerror}", "bad")
    else:
        host.say(f"written: {path}")
