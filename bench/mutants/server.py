"""Runs pytest again and again in children of one process that has the libraries loaded: that is most of a short run.

Reads a line of JSON from its standard input and answers with one. It loads nothing of the tree under test, so that each
child imports the mutant.
"""

import importlib
import json
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

LIBRARIES = (
    "_pytest.assertion.rewrite", "_pytest.fixtures", "_pytest.python", "asyncio", "click", "httpx", "hypothesis",
    "hypothesis.strategies", "hypothesis.internal.conjecture.engine", "hypothesis.stateful", "msgspec", "numpy",
    "pandas", "psutil", "pytest", "scipy.special", "tomlkit", "watchfiles",
)  # fmt: skip


def main() -> None:
    """Serve until the standard input ends."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_run(asked["command"], asked["environment"], asked["limit_s"])), flush=True)


def _run(command: list[str], environment: dict[str, str], limit_s: float) -> int | None:
    """Exit code of one child; None when it had to be ended, with everything that it started."""
    child = os.fork()
    if child == 0:
        _be_child(command, environment)
    deadline = time.monotonic() + limit_s
    pause = 0.002
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended or time.monotonic() > deadline:
            # What a test left running would be found by the tests of the next mutant.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            if ended:
                return os.waitstatus_to_exitcode(status)
            os.waitpid(child, 0)
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def _be_child(command: list[str], environment: dict[str, str]) -> None:
    """``pytest`` with arguments, or ``import`` with the name of a module; never returns."""
    code: Any = 70
    try:
        os.setsid()
        os.environ.update(environment)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        what, *arguments = command
        if what == "import":
            importlib.import_module(arguments[0])
            code = 0
        else:
            import pytest

            # The libraries are loaded already: pytest cannot look into their asserts, and nobody asks it to.
            code = pytest.main(["-W", "ignore::pytest.PytestAssertRewriteWarning", *arguments])
    finally:
        os._exit(int(code))


if __name__ == "__main__":
    main()
