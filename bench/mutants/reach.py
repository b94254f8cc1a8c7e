"""Which tests run which line, measured once with coverage.py, and how long each takes."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from coverage import CoverageData
from coverage.exceptions import DataError

from bench.mutants import importers as importing
from bench.mutants import pytest_plugin as plugin
from bench.mutants.groups import TESTS, group_of
from bench.mutants.population import source_of
from bench.mutants.selection import Reach

_COVERAGE = """\
[run]
source = {root}/timmy_tui
data_file = {folder}/coverage
parallel = true
context = ${{{context}-}}
concurrency = thread
disable_warnings = no-data-collected, module-not-imported, module-not-measured, couldnt-parse
"""


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
    at_import: dict[str, set[int]] = defaultdict(set)
    for file in folder.glob("coverage.*"):
        data = CoverageData(str(file))
        try:
            data.read()
        except DataError:
            continue  # Of a process that a test killed while it wrote: what it ran is not known.
        for name in data.measured_files():
            path = Path(name).relative_to(root).as_posix()
            if group_of(path) is None:
                continue
            functions = source_of((root / path).read_text("utf-8")).in_function
            for line, contexts in data.contexts_by_lineno(name).items():
                tests = {context for context in contexts if context in seconds}
                if tests and functions(line):
                    lines[path][line] |= tests
                if "" in contexts:
                    at_import[path].add(line)
    # Fastest first, so that the file reads well and a number is a rank.
    seconds = dict(sorted(seconds.items(), key=lambda item: item[1]))
    importers = importing.read(root)
    return Reach(
        {path: {line: sorted(tests) for line, tests in found.items()} for path, found in lines.items()},
        {test: round(spent, 4) for test, spent in seconds.items()},
        {path: list(one.own) for path, one in importers.items()},
        {path: list(one.by_way) for path, one in importers.items()},
        {path: sorted(found) for path, found in at_import.items()},
        sorted(test for test, (_, passed) in told.items() if not passed),
    )
