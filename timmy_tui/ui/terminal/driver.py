"""Makes Textual's driver safe against a SIGCONT that no stop of its own came before, and minds the pane's title.

Textual begins its application mode at every SIGCONT. After a stop that it was not asked for (``kill -STOP``, a
debugger) it would begin a second time: two more threads each time, and at the end the terminal would be left without
echo, because the second beginning takes the program's own modes for those of the shell.
"""

from textual.driver import Driver

from timmy_tui.ui.terminal.title import GIVE_BACK, SAVE, title_sequence


class BeginsOnce(Driver):
    """Comes before a driver of a platform: ends a running application mode before another is begun.

    The title that ``show_title`` sets is shown while the mode runs, and the one before it is given back at its end.
    """

    _running = False
    _title = ""
    _busy = False
    _asked_again = False

    def start_application_mode(self) -> None:
        if self._busy:
            # A signal interrupted a beginning or an end. Begun in the middle of it, the mode would take the program's
            # own modes for those of the shell. After a beginning it is done once more, after an end never.
            self._asked_again = True
            return
        self._busy, self._asked_again = True, False
        try:
            self._begin()
            while self._asked_again:
                self._asked_again = False
                self._begin()
        finally:
            self._busy = False

    def _begin(self) -> None:
        again = self._running
        if again:
            self.suspend_application_mode()
        super().start_application_mode()  # type: ignore[safe-super]
        self._running = True
        if self._title:
            self.write(SAVE + title_sequence(self._title))
        if again:
            # Whoever stopped the program may have drawn over the screen.
            self.send_message(self.SignalResume())

    def show_title(self, text: str) -> None:
        """Show a title from now on; nothing is written where it is the same."""
        if text == self._title:
            return
        if self._running:
            self.write(("" if self._title else SAVE) + title_sequence(text))
        self._title = text

    def stop_application_mode(self) -> None:
        interrupted, self._busy = self._busy, True
        try:
            if self._running and self._title:
                self.write(GIVE_BACK)
            self._running = False
            super().stop_application_mode()  # type: ignore[safe-super]
        finally:
            self._busy = interrupted


def begins_once(driver: type[Driver]) -> type[Driver]:
    """The driver class with this care taken."""
    return type(driver.__name__, (BeginsOnce, driver), {})
