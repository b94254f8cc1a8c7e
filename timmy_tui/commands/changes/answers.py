"""Answers the questions of a change that runs from the shell: by its options, or as the user types at a terminal."""

import select
import sys
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from timmy_tui.core.errors import ControlError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.output import say, say_while_working
from timmy_tui.model.change import ChangeProgress, ChangeState

if TYPE_CHECKING:
    from timmy_tui.control.controller import Controller

Then = Literal["keep", "undo", "ask"]


class ChangeAnswers(Struct, kw_only=True):
    """One per change."""

    wait: bool = False
    """Wait for two turns; else the change is kept, not verified, as soon as v34 answers. What is verified without
    turns, within seconds, is waited for in any case."""
    then: Then = "ask"
    """What to do when something is wrong."""
    now: bool = False
    """Do not wait for a turn in flight."""
    offered: tuple[str, ...] = ()
    """What the user was last told to type."""

    def answer(self, controller: "Controller", progress: ChangeProgress) -> bool:
        """Answer what ``progress`` asks, if anything. False: only a user at a terminal could."""
        from timmy_tui.control.progress import NOW

        choice: str | None = ""
        if NOW in progress.choices:
            choice = NOW if self.now else self._typed(progress, usual=NOW)
        elif progress.asks and progress.choices:
            choice = self._decision(progress)
        elif progress.state is ChangeState.VERIFYING and progress.limit is None:
            choice = self._typed(progress) if self.wait else "keep"
        else:
            self.offered = ()
        if choice:
            self._pass_on(controller, progress, choice)
        return choice is not None

    def _decision(self, progress: ChangeProgress) -> str | None:
        """What is to be done now that something is wrong; None: nobody is here to say it."""
        if self.then in progress.choices:
            return self.then
        if progress.state is ChangeState.VERIFYING and not self.wait:
            return "keep"
        return self._typed(progress) if sys.stdin.isatty() else None

    def _typed(self, progress: ChangeProgress, usual: str = "") -> str:
        """A choice that the user has typed since the last look; ``usual`` for an empty line. Empty: none."""
        if not sys.stdin.isatty():
            return ""
        choices = progress.choices
        if choices != self.offered:
            self.offered = choices
            say_while_working(f"  type {' or '.join(choices)}" + (f"; Enter alone: {usual}" if usual else ""))
        if not select.select([sys.stdin], [], [], 0.0)[0]:
            return ""
        line = sys.stdin.readline()
        typed = line.strip().lower()
        if not line or (not typed and not usual):
            return ""
        fitting = [choice for choice in choices if choice.startswith(typed)] if typed else [usual]
        if len(fitting) != 1:
            say_while_working(f"  {clean(typed, 40)}: type {' or '.join(choices)}")
            return ""
        return fitting[0]

    def _pass_on(self, controller: "Controller", progress: ChangeProgress, choice: str) -> None:
        try:
            message = controller.answer(choice)
        except ControlError as error:
            # The change went on by itself meanwhile: the next look shows how.
            now = controller.progress
            if not controller.idle and now is not None and now.state is progress.state:
                say(error.message, err=True)
            return
        if choice == "resume listening":
            say_while_working(message)
