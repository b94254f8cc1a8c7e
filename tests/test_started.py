"""A program that is started from one that has loaded the libraries is as one that Python starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.started import run_python


def as_python(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=50, stdin=subprocess.DEVNULL, cwd=cwd,
        env={**os.environ, "A": "b", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


ENDS = {
    "what it is told": "import os, sys, time; print(sys.argv, os.environ['A'], os.getcwd(), time.tzname, __name__)",
    "its input": "import sys; print(repr(sys.stdin.read()))",
    "a number": "import sys; print('é'); sys.exit(3)",
    "words": "import sys; sys.exit('words')",
    "nothing": "import sys; sys.exit()",
    "a signal": "import os, signal; print('lost'); os.kill(os.getpid(), signal.SIGKILL)",
    "at the end": "import atexit; atexit.register(print, 'the end')",
    "a thread": "import threading, time; threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()",
    "streams": "import sys; [print(one.encoding, one.errors, one.isatty()) for one in (sys.stdout, sys.stderr)]",
    "nothing of the program": "import sys; print([name for name in sys.modules if name.startswith('timmy_tui')])",
    "a place that is not there": "import nosuch",
}


@pytest.mark.parametrize("code", ENDS.values(), ids=ENDS.keys())
def test_it_is_told_and_ends_as_any_other(code: str, tmp_path: Path) -> None:
    expected = as_python("-c", code, "x", "--y", cwd=tmp_path)
    done = run_python(["-c", code, "x", "--y"], {**os.environ, "A": "b", "TZ": "Asia/Tokyo"}, tmp_path)
    assert (done.returncode, done.stdout) == expected[:2]
    assert done.stderr.splitlines()[-1:] == expected[2].splitlines()[-1:]


def test_a_module_is_that_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import sys\nprint(__name__, sys.argv)\n")
    assert run_python(["-m", "mine", "a"], cwd=tmp_path).stdout == as_python("-m", "mine", "a", cwd=tmp_path)[1]


def test_what_the_interpreter_reads_when_it_starts_is_heard() -> None:
    code = "import sys; print(sys.flags.utf8_mode, sys.stdout.encoding)"
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    assert run_python(["-c", code], environment).stdout.endswith("iso8859-1\n")


def test_what_one_did_the_next_does_not_know() -> None:
    run_python(["-c", "import os, numpy; os.environ['MINE'] = '1'; numpy.mine = 1; os.chdir('/')"])
    code = "import os, numpy; print('MINE' in os.environ, hasattr(numpy, 'mine'), os.getcwd() == '/')"
    assert run_python(["-c", code]).stdout == "False False False\n"
