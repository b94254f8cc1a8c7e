"""Makes Textual's driver safe against a SIGCONT that no stop of its own came before.

Textual begins its application mode at every SIGCONT. After a stop that it was not asked for (``kill -STOP``, a
debugger) it would begin a second time: two more threads each time, and at the end the terminal would be left without
echo, because the second beginning takes the program's own modes for those of the shell.
"""

from textual.driver import Driver


class _BeginsOnce(Driver):
    """Comes before a driver of a platform: ends a running application mode before another is begun."""

    _running = False

    def start_application_mode(self) -> None:
        again = self._running
        if again:
            self.suspend_application_mode()
        self._running = True
        super().start_application_mode()  # type: ignore[safe-super]
        if again:
            # Whoever stopped the program may have drawn over the screen.
            self.send_message(self.SignalResume())

    def stop_application_mode(self) -> None:
        self._running = False
        super().stop_application_mode()  # type: ignore[safe-super]


def begins_once(driver: type[Driver]) -> type[Driver]:
    """The driver class with this care taken."""
    return type(driver.__name__, (_BeginsOnce, driver), {})
