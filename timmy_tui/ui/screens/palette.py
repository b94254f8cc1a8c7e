"""The command palette: commands by name, and why one does not work here."""

from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import Command, key_names, where, works_on
from timmy_tui.ui.messages import BeginFlagTest, Requested
from timmy_tui.ui.paint.lines import foreign
from timmy_tui.ui.screens.base import SparingScreen

ROOM_FOR_BLANKS = 20
"""Rows of a pane from which the palette has blank ones."""


class CommandPicker(CommandPalette, SparingScreen[None]):
    """Textual's palette of commands; in a low pane without its blank rows, which left room for one command."""

    def on_resize(self) -> None:
        """Low or not."""
        self.set_class(self.app.size.height < ROOM_FOR_BLANKS, "-low")


MOST_ELSEWHERE = 4
"""Commands of other screens that are named where none of this one matches."""
FLAG_TEST = "Guided test of this flag: measure, change, measure, verdict"


class CommandList(Provider):
    """The commands of the palette: those that work on the screen below, and why another one does not."""

    @property
    def _commands(self) -> list[Command]:
        host = cast(Host, self.app)
        return [c for c in host.commands if works_on(c, host.current_mode)]

    @property
    def _elsewhere(self) -> list[Command]:
        """Those of other screens and pages: it is not true of them that there is no such command."""
        host = cast(Host, self.app)
        return [c for c in host.commands if not works_on(c, host.current_mode)]

    def _reason(self, command: Command) -> str:
        host = cast(Host, self.app)
        if not works_on(command, host.current_mode):
            return f"not here: {'' if command.not_on else 'works on '}{where(command)}"
        reason = host.unavailable.get(command.id)
        return f"not here: {reason}" if reason else ""

    def _run(self, command: Command) -> Any:
        if reason := self._reason(command):
            return partial(cast(Host, self.app).say, f"{command.label}: {reason}", "warn")
        action = command.action or command.id
        if not action.startswith("app."):
            action = f"screen.{action}" if command.screens else f"app.do('{command.id}')"
        return partial(self.app.run_action, action)

    def _shown(self, command: Command) -> str:
        return f"{command.label}  {key_names(command.keys)}"

    def _flag_tests(self) -> dict[str, Any]:
        """``test retrieval`` …: a guided test of each flag that can be changed."""
        host = cast(Host, self.app)
        control = host.view.control
        flags = control.flags if control is not None and "test_flag" not in host.unavailable else ()
        return {
            f"test {foreign(flag.label, 40)}": partial(self.app.post_message, Requested(BeginFlagTest(flag.key)))
            for flag in flags
            if flag.editable
        }

    async def discover(self) -> Hits:
        """All commands that work, before the user types."""
        for command in self._commands:
            if not self._reason(command):
                yield DiscoveryHit(self._shown(command), self._run(command), help=command.help)
        for name, run in self._flag_tests().items():
            yield DiscoveryHit(Content(name), run, name, FLAG_TEST)

    async def search(self, query: str) -> Hits:
        """Commands that match what the user typed; where none does, the nearest names."""
        matcher = self.matcher(query)
        found = self._found(query, self._commands)
        for score, command in found:
            yield Hit(score, self._shown(command), self._run(command), help=self._reason(command) or command.help)
        tests = [(score, name, run) for name, run in self._flag_tests().items() if (score := matcher.match(name)) > 0]
        for score, name, run in tests:
            yield Hit(score, Content(name), run, name, FLAG_TEST)
        if found or tests:
            return
        elsewhere = sorted(self._found(query, self._elsewhere), key=lambda one: -one[0])[:MOST_ELSEWHERE]
        for score, command in elsewhere:
            yield Hit(score, self._shown(command), self._run(command), help=self._reason(command))
        meant = [] if elsewhere else nearest_commands(query, self._commands) or nearest_commands(query, self._elsewhere)
        for place, command in enumerate(meant):
            shown = f"no such command, did you mean: {self._shown(command)}"
            yield Hit(0.5 - place / 10, shown, self._run(command), help=self._reason(command) or command.help)
        if not (elsewhere or meant):
            yield Hit(0.1, "no such command", _do_nothing, help="Esc leaves; `?` lists every command")

    def _found(self, query: str, commands: Iterable[Command]) -> list[tuple[float, Command]]:
        """Letters in order, with others between, only in the label: in a sentence of help any letters are found so."""
        matcher, text = self.matcher(query), query.lower()
        scores = [(matcher.match(c.label) or 0.2 * (text in f"{c.id} {c.help}".lower()), c) for c in commands]
        return [(score, command) for score, command in scores if score > 0]


def nearest_commands(typed: str, commands: Iterable[Command]) -> list[Command]:
    """At most three commands whose id, label or a word of it is nearly what was typed, the nearest first."""
    from difflib import get_close_matches

    names: dict[str, Command] = {}
    for command in commands:
        for name in (command.label.lower(), command.id.replace("_", " "), *command.label.lower().split()):
            names.setdefault(name, command)
    close = get_close_matches(typed.strip().lower(), names, n=6, cutoff=0.55)
    unique = {names[name].id: names[name] for name in close}
    return list(unique.values())[:3]


def _do_nothing() -> None:
    """What an entry does that only says something."""
