"""Searching lines with a pattern that a user has typed, which may take for ever: in a process that can be ended.

``re`` holds the interpreter while it matches: in a thread, ``(a+)+$`` on thirty letters would stop every other thread
for minutes. A process of its own costs 15 ms once, and is killed at the limit.
"""

import re
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from timmy_tui.core.errors import TimmyError

LIMIT_S = 2.0
"""For one call of ``matches``: a page of some hundred lines takes about 1 ms, on a busy machine up to a hundred."""


class PatternProblem(TimmyError):
    """The pattern cannot be used: it is not valid, or it takes too long."""

    title = "search"


def pattern_problem(pattern: str) -> str:
    """Why it is not a valid regular expression; empty when it is one."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a valid pattern: {error}"
    return ""


def ignores_case(pattern: str) -> bool:
    """A pattern in lower case matches both; one with a capital letter is meant as it is written (``\\S`` is none)."""
    letters = re.sub(r"\\.", "", pattern)
    return letters == letters.lower()


class PatternSearch:
    """One pattern in a process of its own, until ``close``. From one thread at a time."""

    def __init__(self, pattern: str, limit_s: float | None = None) -> None:
        """Raises PatternProblem if the pattern is not valid, or no process can be started."""
        if problem := pattern_problem(pattern):
            raise PatternProblem(problem)
        self._limit_s = LIMIT_S if limit_s is None else limit_s
        child = Path(__file__).with_name("pattern_child.py")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", str(child)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise PatternProblem(f"no process for the search: {error.strerror}") from None
        self._send([pattern, "1" if ignores_case(pattern) else "0"])

    def matches(self, texts: Sequence[str]) -> list[int]:
        """Indexes of the texts that match. Raises PatternProblem after ``limit_s``; the process is gone then."""
        if not texts:
            return []
        self._send([str(len(texts)), *texts])
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], self._limit_s)
        answer = self._process.stdout.readline() if ready else b""
        if not answer:
            self.close()
            raise PatternProblem(f"stopped, the pattern takes longer than {self._limit_s:g}s on one page")
        return [int(index) for index in answer.split()]

    def _send(self, lines: Sequence[str]) -> None:
        assert self._process.stdin is not None
        try:
            text = "".join(line.replace("\n", " ") + "\n" for line in lines)
            self._process.stdin.write(text.encode("utf-8", "replace"))
            self._process.stdin.flush()
        except (OSError, ValueError):
            self.close()
            raise PatternProblem("the search has ended") from None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
