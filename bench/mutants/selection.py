"""Which tests may notice a mutant, from what each test runs, and in which order they are tried."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BUDGET_S = 45.0
"""Tests for one mutant, by their measured time. What only a later one would notice counts as survived."""

STRANGER_S = 0.3
"""A test of the same room is likelier to notice, and is on a file that is loaded anyway."""


@dataclass(frozen=True)
class Reach:
    """For every file its lines, and for every test its seconds. Tests that fail without any mutant are not in it."""

    lines: Mapping[str, Mapping[int, Sequence[str]]]
    """Path → line → tests."""
    seconds: Mapping[str, float]
    importers: Mapping[str, Sequence[str]]
    """Path → files that import it, those with tests among them."""
    by_way: Mapping[str, Sequence[str]]
    """Path → files that import a module which passes its values on, as a table of its rows does."""
    at_import: Mapping[str, Sequence[int]]
    """Path → lines that run when it is imported: a table that is built then is read by tests that run none of them."""
    failed: Sequence[str]

    def tests_for(self, path: str, line: int) -> list[str]:
        """Tests in the order to try: the fastest first, where those of another room count as ``STRANGER_S`` slower.

        What runs at import is looked at by the tests whose file imports the module, then by those that import what
        passes it on, then by those that call one of its functions, and after them by those that call one of a module
        that imports it. Those that run it themselves start a process each: they have no place of their own, or they
        would use up the budget ahead of all others.
        """
        own, importers = self.lines.get(path, {}), self.importers.get(path, ())
        wanted = [set(own.get(line, ()))]
        if not wanted[0] or line in self.at_import.get(path, ()):
            wanted = [
                self._tests_of(importers), self._tests_of(self.by_way.get(path, ())), self._callers(path),
                set().union(*map(self._callers, importers)),
            ]  # fmt: skip
        room = _room(path)
        found: dict[str, None] = {}
        for tests in wanted:
            known = [test for test in tests if test in self.seconds]
            for test in sorted(known, key=lambda test: self.seconds[test] + STRANGER_S * (_room_of_test(test) != room)):
                found.setdefault(test)
        return list(self._within_budget(found))

    def _tests_of(self, files: Sequence[str]) -> set[str]:
        wanted = set(files)
        return {test for test in self.seconds if test.partition("::")[0] in wanted}

    def _callers(self, path: str) -> set[str]:
        return set().union(*self.lines.get(path, {}).values())

    def _within_budget(self, tests: Iterable[str]) -> Iterable[str]:
        spent = 0.0
        for test in tests:
            spent += self.seconds[test]
            if spent > BUDGET_S and spent != self.seconds[test]:
                return
            yield test

    def save(self, path: Path) -> None:
        """As JSON, the names of tests by number."""
        names = list(self.seconds)
        number = {name: at for at, name in enumerate(names)}
        lines = {
            file: {line: [number[test] for test in tests if test in number] for line, tests in lines.items()}
            for file, lines in self.lines.items()
        }
        told = {
            "tests": self.seconds, "lines": lines, "importers": self.importers, "by_way": self.by_way,
            "at_import": self.at_import, "failed": self.failed,
        }  # fmt: skip
        path.write_text(json.dumps(told), "utf-8")


def load(path: Path) -> Reach:
    """What was saved."""
    told = json.loads(path.read_text("utf-8"))
    names = list(told["tests"])
    lines = {
        file: {int(line): [names[at] for at in tests] for line, tests in lines.items()}
        for file, lines in told["lines"].items()
    }
    return Reach(lines, told["tests"], told["importers"], told["by_way"], told["at_import"], told["failed"])


def _room(path: str) -> str:
    return path.removeprefix("timmy_tui/").rpartition("/")[0]


def _room_of_test(test: str) -> str:
    return test.partition("::")[0].removeprefix("tests/").rpartition("/")[0]
