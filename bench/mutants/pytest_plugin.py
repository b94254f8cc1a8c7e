"""Loaded into pytest: times each test, tells coverage which one runs, runs chosen ones in a chosen order.

Everything is asked for by environment variables, because a run may be spread over processes.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

ORDER = "MUTANTS_ORDER"
"""File with the tests to run, one a line, in this order; everything else that was collected is left out."""
TIMES = "MUTANTS_TIMES"
"""Folder that gets one file a process: test → seconds, and whether it passed."""
FAILED = "MUTANTS_FAILED"
"""File that gets the name of the first test that failed."""
CONTEXT = "MUTANTS_CONTEXT"
"""The running test, for the coverage of what it starts."""

# A failing property is all there is to know: to look for its smallest example would take most of the time.
settings.register_profile("mutants", phases=(Phase.explicit, Phase.generate), database=None, deadline=None)
settings.load_profile("mutants")

_times: dict[str, tuple[float, bool]] = {}
_failed: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Around one test with its fixtures."""
    if TIMES not in os.environ:
        return (yield)
    from coverage import Coverage

    measured = Coverage.current()
    os.environ[CONTEXT] = item.nodeid
    if measured is not None:
        measured.switch_context(item.nodeid)
    began = time.perf_counter()
    try:
        return (yield)
    finally:
        _times[item.nodeid] = (time.perf_counter() - began, item.nodeid not in _failed)
        os.environ[CONTEXT] = ""
        if measured is not None:
            measured.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what failed, and say the first of it."""
    if report.failed:
        _note(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A test file that cannot be imported fails as a whole."""
    if report.failed:
        _note(report.nodeid)


def _note(nodeid: str) -> None:
    if not _failed and FAILED in os.environ:
        Path(os.environ[FAILED]).write_text(nodeid, "utf-8")
    _failed.append(nodeid)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only what is wanted, in the order in which it is wanted."""
    if ORDER not in os.environ:
        return
    wanted = Path(os.environ[ORDER]).read_text("utf-8").splitlines()
    place = {name: number for number, name in enumerate(wanted)}
    chosen = [item for item in items if item.nodeid in place]
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in place])
    items[:] = sorted(chosen, key=lambda item: place[item.nodeid])


def pytest_sessionfinish() -> None:
    """Leave the times for who asked."""
    if TIMES in os.environ and _times:
        Path(os.environ[TIMES], f"{os.getpid()}.json").write_text(json.dumps(_times), "utf-8")
