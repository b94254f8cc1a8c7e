"""One mutant against the tests that reach it, in a copy of the tree that belongs to one worker."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

from bench.mutants import pytest_plugin as plugin
from bench.mutants.mutant import Mutant, Outcome
from bench.mutants.population import apply
from bench.mutants.selection import Reach

FIRST_S = 6.0
"""Measured seconds of the tests that are tried first; most mutants need no more."""
START_S = 25.0
"""Python, pytest and pandas on a busy machine, before the first test."""
SLOWER = 5.0
"""A mutant may take so many times longer than the tests did without it."""
SHAKY_S = 0.3
"""A test that takes longer may wait for a process: its failure is looked at twice."""


def copy_tree(root: Path, target: Path) -> None:
    """What git knows of, and what it does not ignore; compiled so that only a changed module is compiled anew."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    # By content, not by time: a mutant is often as long as the original and written in the same second.
    compileall.compile_dir(target / "timmy_tui", quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)


class Bench:
    """A copy of the tree and the mutant that is in it."""

    def __init__(self, root: Path, folder: Path, reach: Reach) -> None:
        self._root = root
        self._folder = folder
        self._reach = reach
        environment = os.environ | {
            "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        }  # fmt: skip
        self._server = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("server.py"))],
            cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def try_out(self, mutant: Mutant) -> Outcome:
        """Put it in, run the tests that reach it, take it out again."""
        began = time.monotonic()
        file = self._root / mutant.path
        text = file.read_text("utf-8")
        try:
            file.write_text(apply(mutant, text), "utf-8")
            if not self._imports(mutant.path):
                return Outcome("no mutant", "", 0, round(time.monotonic() - began, 1))
            tests = self._reach.tests_for(mutant.path, mutant.line)
            word, by = self._run_all(tests)
        finally:
            file.write_text(text, "utf-8")
        return Outcome(word, by, len(tests), round(time.monotonic() - began, 1))

    def _imports(self, path: str) -> bool:
        name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        return self._call(["import", name], START_S) == 0

    def _run_all(self, tests: Sequence[str]) -> tuple[str, str]:
        """Some at first, then the rest. A failure that may be chance is repeated; what passes then is left out."""
        seconds = self._reach.seconds
        rest = list(tests)
        while rest:
            spent, now = 0.0, 0
            while now < len(rest) and (not now or spent + seconds[rest[now]] <= FIRST_S or len(rest) < len(tests)):
                spent += seconds[rest[now]]
                now += 1
            word, by = self._run(rest[:now])
            if not word:
                rest = rest[now:]
                continue
            if seconds.get(by, 0.0) < SHAKY_S or self._run([by])[0]:
                return word, by
            rest = [test for test in rest if test != by]
        return "survived", ""

    def _run(self, tests: Sequence[str]) -> tuple[str, str]:
        """How it ended, empty where all passed, and the first test that failed."""
        order, failed = self._folder / "order", self._folder / "failed"
        order.write_text("\n".join(tests), "utf-8")
        failed.unlink(missing_ok=True)
        seconds = [self._reach.seconds[test] for test in tests]
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        limit = max(15.0, SLOWER * max(seconds))
        command = ["pytest", "-x", "-q", "--tb=no", "--no-header", "-p", "no:cacheprovider",
                   "-p", "bench.mutants.pytest_plugin", f"--timeout={limit:.0f}", *files]  # fmt: skip
        names = {plugin.ORDER: str(order), plugin.FAILED: str(failed)}
        code = self._call(command, START_S + SLOWER * sum(seconds), names)
        by = failed.read_text("utf-8") if failed.exists() else ""
        if code is None:
            return "time-out", by
        return ("", "") if code == 0 else ("killed", by)

    def _call(self, command: Sequence[str], limit: float, names: dict[str, str] | None = None) -> int | None:
        """Exit code; None when it had to be ended, with everything that it started."""
        asked = {"command": command, "environment": names or {}, "limit_s": limit}
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        code = json.loads(self._server.stdout.readline())
        return None if code is None else int(code)

    def close(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.wait()
