"""Stops and goes on with the program when the shell says so, between two steps of its loop, and minds the pane's title.

Textual answers SIGTSTP and SIGCONT where they come. Three faults follow:

- They can come while a frame is handed to the thread that writes it. The answer writes too, waits for a lock that the
  interrupted code holds, and the screen never changes again. (``queue.Queue`` cannot be entered twice.)
- Textual begins its application mode at every SIGCONT. After a stop that it was not asked for (``kill -STOP``, a
  debugger) it would begin a second time: two more threads each time, and at the end the terminal would be left without
  echo, because the second beginning takes the program's own modes for those of the shell.
- Where it ends before it begins again, it throws away what is typed meanwhile: most keys that are pressed 20 to 200 ms
  behind a SIGCONT were lost.
"""

import asyncio
import os
import signal
import termios
import threading
from contextlib import suppress
from typing import Any

from textual.driver import Driver

from timmy_tui.ui.terminal.patient_input import EndEvent, read_patiently
from timmy_tui.ui.terminal.title import GIVE_BACK, SAVE, title_sequence

LEAVE = "\x1b[<u\x1b[?1049l"
"""Takes back the modes that would be there twice if they were set again: the keyboard's and the alternate screen."""


MOUSE = frozenset({"\x1b[?1000h", "\x1b[?1003h", "\x1b[?1015h", "\x1b[?1006h"})
"""Switches the mouse on, as it may have been at the beginning; the application knows whether it still is."""


class StopsAndGoesOn(Driver):
    """Comes before a driver of a platform.

    The title that ``show_title`` sets is shown while the application mode runs; the one before it is given back.
    """

    exit_event: EndEvent
    """Of drivers with a thread that reads the keys."""
    _running = False
    _stopped = False
    """By SIGTSTP: the terminal was given back, and will be taken again."""
    _title = ""
    _beginning = False
    _first_writes: tuple[str, ...] = ()
    """What set the terminal up when the mode began."""
    _modes: list[Any] | None = None
    """Of the terminal since then, as termios has them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if hasattr(self, "exit_event"):
            self.exit_event = EndEvent()
        if self.can_suspend and threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTSTP, self.stop)
            loop.add_signal_handler(signal.SIGCONT, self.go_on)

    def run_input_thread(self) -> None:
        """Read what is typed, without looking for it ten times a second."""
        read_patiently(super().run_input_thread, self.exit_event)  # type: ignore[misc]

    def stop(self) -> None:
        """Give the terminal back and stop the process, as Ctrl+Z asks."""
        if self._auto_restart and self._running:
            self.suspend_application_mode()
            self._stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on(self) -> None:
        """The process goes on: take the terminal, if it was given back for a stop; draw everything."""
        if not self._auto_restart or not (self._running or self._stopped):
            return
        if self._running:
            self._set_up_again()
        else:
            self._stopped = False
            self.resume_application_mode()
        self.send_message(self.SignalResume())

    def _set_up_again(self) -> None:
        """Nobody asked for that stop, so the mode still runs; but the terminal may have been another's meanwhile."""
        if self._modes is not None:
            with suppress(termios.error):
                termios.tcsetattr(self._terminal(), termios.TCSANOW, self._modes)
        title = (title_sequence(self._title),) if self._title else ()
        for data in (LEAVE, *self._first_writes, *title):
            self.write(data)
        signal.raise_signal(signal.SIGWINCH)  # The size of a terminal that was another's is told to that one only.

    def _terminal(self) -> int:
        """File descriptor of what is typed; -1 where there is none."""
        number: int = getattr(self, "fileno", -1)
        return number

    def write(self, data: str) -> None:
        if self._beginning and data not in MOUSE:
            self._first_writes = (*self._first_writes, data)
        super().write(data)  # type: ignore[safe-super]

    def start_application_mode(self) -> None:
        self._beginning, self._first_writes = True, ()
        super().start_application_mode()  # type: ignore[safe-super]
        self._beginning, self._running = False, True
        try:
            self._modes = termios.tcgetattr(self._terminal())
        except (termios.error, ValueError):
            self._modes = None
        if self._title:
            self.write(SAVE + title_sequence(self._title))

    def show_title(self, text: str) -> None:
        """Show a title from now on; nothing is written where it is the same."""
        if text == self._title:
            return
        if self._running:
            self.write(("" if self._title else SAVE) + title_sequence(text))
        self._title = text

    def stop_application_mode(self) -> None:
        if self._running and self._title:
            self.write(GIVE_BACK)
        self._running = False
        super().stop_application_mode()  # type: ignore[safe-super]


def stops_and_goes_on(driver: type[Driver]) -> type[Driver]:
    """The driver class with this care taken."""
    return type(driver.__name__, (StopsAndGoesOn, driver), {})
