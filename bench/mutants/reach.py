"""Which tests run which line, measured once with coverage.py, and how long each takes."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from coverage import CoverageData

from bench.mutants import pytest_plugin as plugin
from bench.mutants.groups import TESTS, group_of
from bench.mutants.population import source_of

BUDGET_S = 45.0
"""Tests for one mutant, by their measured time. What only a later one would notice counts as survived."""

STRANGER_S = 0.3
"""A test of the same room is likelier to notice, and is on a file that is loaded anyway."""

_COVERAGE = """\
[run]
source = {root}/timmy_tui
data_file = {folder}/coverage
parallel = true
context = ${{{context}-}}
concurrency = thread
disable_warnings = no-data-collected, module-not-imported, module-not-measured, couldnt-parse
"""


@dataclass(frozen=True)
class Reach:
    """For every file its lines, and for every test its seconds. Tests that fail without any mutant are not in it."""

    lines: Mapping[str, Mapping[int, Sequence[str]]]
    """Path → line → tests."""
    seconds: Mapping[str, float]
    importers: Mapping[str, Sequence[str]]
    """Path → files that import it."""
    failed: Sequence[str]

    def tests_for(self, path: str, line: int) -> list[str]:
        """Tests in the order to try: the fastest first, where those of another room count as ``STRANGER_S`` slower.

        What runs at import alone is looked at by all tests that call a function of the module, and after them by
        those that call one of a module that imports it.
        """
        own = self.lines.get(path, {})
        if own.get(line):
            wanted = [set(own[line])]
        else:
            wanted = [self._callers(path), set().union(*(self._callers(one) for one in self.importers.get(path, ())))]
        room = _room(path)
        found: dict[str, None] = {}
        for tests in wanted:
            known = [test for test in tests if test in self.seconds]
            for test in sorted(known, key=lambda test: self.seconds[test] + STRANGER_S * (_room_of_test(test) != room)):
                found.setdefault(test)
        return list(self._within_budget(found))

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
        told = {"tests": self.seconds, "lines": lines, "importers": self.importers, "failed": self.failed}
        path.write_text(json.dumps(told), "utf-8")


def load(path: Path) -> Reach:
    """What was saved."""
    told = json.loads(path.read_text("utf-8"))
    names = list(told["tests"])
    lines = {
        file: {int(line): [names[at] for at in tests] for line, tests in lines.items()}
        for file, lines in told["lines"].items()
    }
    return Reach(lines, told["tests"], told["importers"], told["failed"])


def measure(root: Path, folder: Path, rooms: Sequence[str] = TESTS, processes: int = 2) -> Reach:
    """Run the tests in these folders of the copy in ``root`` once; raw data goes into ``folder``."""
    for old in folder.glob("coverage*"):
        old.unlink()
    times = folder / "times"
    times.mkdir(exist_ok=True)
    for old in times.iterdir():
        old.unlink()
    config = folder / "coveragerc"
    config.write_text(_COVERAGE.format(root=root, folder=folder, context=plugin.CONTEXT), "utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(root),
        "COVERAGE_PROCESS_START": str(config),
        plugin.TIMES: str(times),
        plugin.CONTEXT: "",
    }
    tests = [f"tests/{name}" for name in rooms if (root / "tests" / name).is_dir()]
    # Native tracebacks, because a frame deep in a recursion cannot be parsed again; measured tests take longer.
    command = [sys.executable, "-m", "pytest", "-q", "--tb=native", "--timeout=300",
               "-n", str(processes), "--dist", "loadfile",
               "-p", "bench.mutants.pytest_plugin", "-p", "no:cacheprovider", *tests]  # fmt: skip
    ended = subprocess.run(command, cwd=root, env=environment, check=False).returncode
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"the tests did not run to their end: pytest ended with {ended}")
    return _read(root, folder, times)


def _read(root: Path, folder: Path, times: Path) -> Reach:
    told: dict[str, tuple[float, bool]] = {}
    for file in times.iterdir():
        told |= json.loads(file.read_text("utf-8"))
    seconds = {test: spent for test, (spent, passed) in told.items() if passed}
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for file in folder.glob("coverage.*"):
        data = CoverageData(str(file))
        data.read()
        for name in data.measured_files():
            path = Path(name).relative_to(root).as_posix()
            if group_of(path) is None:
                continue
            functions = source_of((root / path).read_text("utf-8")).in_function
            for line, contexts in data.contexts_by_lineno(name).items():
                tests = {context for context in contexts if context in seconds}
                if tests and functions(line):
                    lines[path][line] |= tests
    # Fastest first, so that the file reads well and a number is a rank.
    seconds = dict(sorted(seconds.items(), key=lambda item: item[1]))
    return Reach(
        {path: {line: sorted(tests) for line, tests in found.items()} for path, found in lines.items()},
        {test: round(spent, 4) for test, spent in seconds.items()},
        _importers(root),
        sorted(test for test, (_, passed) in told.items() if not passed),
    )


def _importers(root: Path) -> dict[str, list[str]]:
    """Path → files of the core that import it."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted((root / "timmy_tui").rglob("*.py")):
        text = file.read_text("utf-8")
        for words in (line.split() for line in text.splitlines() if line.lstrip().startswith("from timmy_tui.")):
            found[words[1].replace(".", "/") + ".py"].append(file.relative_to(root).as_posix())
    return dict(found)


def _room(path: str) -> str:
    return path.removeprefix("timmy_tui/").rpartition("/")[0]


def _room_of_test(test: str) -> str:
    return test.partition("::")[0].removeprefix("tests/").rpartition("/")[0]
