"""Stops and goes on with the program when the shell says so, between two steps of its loop, and minds the pane's title.

Textual answers SIGTSTP and SIGCONT where they come. Two faults follow:

- They can come while a frame is handed to the thread that writes it. The answer writes too, waits for a lock that the
  interrupted code holds, and the screen never changes again. (``queue.Queue`` cannot be entered twice.)
- Textual begins its application mode at every SIGCONT. After a stop that it was not asked for (``kill -STOP``, a
  debugger) it would begin a second time: two more threads each time, and at the end the terminal would be left without
  echo, because the second beginning takes the program's own modes for those of the shell.
"""

import asyncio
import os
import signal
import threading
from typing import Any

from textual.driver import Driver

from timmy_tui.ui.terminal.title import GIVE_BACK, SAVE, title_sequence


class StopsAndGoesOn(Driver):
    """Comes before a driver of a platform.

    The title that ``show_title`` sets is shown while the application mode runs; the one before it is given back.
    """

    _running = False
    _stopped = False
    """By SIGTSTP: the terminal was given back, and will be taken again."""
    _title = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.can_suspend and threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTSTP, self.stop)
            loop.add_signal_handler(signal.SIGCONT, self.go_on)

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
            # Nobody asked for that stop, so the mode still runs; whoever stopped it may have drawn over the screen.
            self.suspend_application_mode()
        self._stopped = False
        self.resume_application_mode()
        self.send_message(self.SignalResume())

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[safe-super]
        self._running = True
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
