"""Every command of the program, found in its click group, with arguments for each: a new one needs no row here."""

import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click

from timmy_tui.commands.shared.lazy_group import make_group
from timmy_tui.commands.table import COMMANDS

EXAMPLES = {
    "flip": (("retrieved-chunks", "4"), ("tail-mode", "perhaps")),
    "compare": (("turns:1-10", "turns:11-20"), ("epoch:1", "epoch:2", "epoch:1")),
    "restore-points create": (("one",), ()),
    "restore-points show": (("one",), ("none-such",)),
}
"""Arguments that lead further than the words that any argument gets."""
ANSWERS = ("--yes",)
"""Always given where a command takes it: else it would only ask."""

ENDLESS = {"serve": ("--host=0.0.0.0",), "watch": ("--for=0.1",)}
"""A command that would go on until it is ended, and an option that it refuses, or that ends it."""

SHORT = {"screenshot": ("--turns=2", "--size=80x24")}
"""Less of the same, for what would take ten times as long as the rest."""

JSON_LINES = {"watch"}
"""With ``--json`` these print an object a line."""


class Call(NamedTuple):
    """One call without the options that say where Timmy is."""

    command: str
    arguments: tuple[str, ...]
    takes: frozenset[str]
    """Every option of the command."""

    def line(self, **places: object) -> list[str]:
        """The whole call. ``places``: values for ``--root``, ``--settings`` and ``--log``, where the command has it."""
        options = [
            word for name, value in places.items() if f"--{name}" in self.takes for word in (f"--{name}", str(value))
        ]
        return [*self.command.split(), *options, *self.arguments]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    waiting: list[tuple[str, click.Command]] = [("", make_group(COMMANDS))]
    while waiting:
        name, command = waiting.pop(0)
        if isinstance(command, click.Group):
            context = click.Context(command)
            inner = [(one, command.get_command(context, one)) for one in command.list_commands(context)]
            waiting += [(f"{name} {one}".strip(), found) for one, found in inner if found is not None]
        else:
            yield name, command


def calls(words: tuple[str, ...], file: str = "") -> Iterator[Call]:
    """Each command with each of its switches alone, and with arguments: of EXAMPLES, and each of ``words``.

    ``file``: for what takes the path of a file that is written.
    """
    for name, command in commands():
        options = [one for one in command.params if isinstance(one, click.Option)]
        takes = frozenset(long for one in options for long in one.opts)
        always = (*(answer for answer in ANSWERS if answer in takes), *ENDLESS.get(name, ()), *SHORT.get(name, ()))
        switches: list[tuple[str, ...]] = [
            (long,) for one in options if one.is_flag for long in one.opts if long not in ANSWERS
        ]
        switches += [
            (one.opts[0], file) for one in options if one.name and one.name.startswith("format_") and not one.is_flag
        ]
        variants = dict.fromkeys(_arguments(name, command, words, file))
        for at, arguments in enumerate(variants):
            # Every switch with the first arguments, the others without: the switches change how it is printed.
            for chosen in [(), *switches] if at == 0 else [()]:
                words_of_call = ("--", *arguments) if arguments else ()
                yield Call(name, (*always, *chosen, *words_of_call), takes)


def remove_written(path: Path) -> None:
    """What a call before wrote: a file, or a folder of files."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _arguments(name: str, command: click.Command, words: tuple[str, ...], file: str) -> Iterator[tuple[str, ...]]:
    yield from EXAMPLES.get(name, ())
    values = [_values(one, words, file) for one in command.params if isinstance(one, click.Argument)]
    # The first argument takes each of its values, the others their first: all pairs would be many times as many calls.
    each = [found if at == 0 else found[:1] for at, found in enumerate(values)]
    yield from (tuple(word for one in chosen for word in one) for chosen in product(*each))


def _values(argument: click.Argument, words: tuple[str, ...], file: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]]
    if isinstance(argument.type, click.Choice):
        found = [(str(choice),) for choice in argument.type.choices]
    elif isinstance(argument.type, click.Path):
        found = [(file,)]
    elif argument.nargs == -1:
        found = [(word, word) for word in words]
    else:
        found = [(word,) for word in words]
    return found if argument.required else [(), *found]
