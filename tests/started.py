"""Runs Python programs to their end, each in a process of its own, from one that has loaded the libraries.

A command takes 0.3 s of CPU, or more, and most of that is numpy, pyarrow and their like being loaded: some five hundred
times in a run of all tests. Of ``timmy_tui`` nothing is loaded beforehand: each process imports it anew, watches its
own system, and fails where an import is missing. ``python -m tests.started`` is it, ``run_python`` asks it.
"""

import atexit
import gc
import importlib
import importlib.util
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    "click", "ctypes", "email.message", "http.client", "httpx", "importlib.metadata", "msgspec", "numpy", "pandas",
    "psutil", "pyarrow.parquet", "regex", "rich.console", "scipy.special", "scipy.stats", "sqlite3", "statistics",
    "tomllib", "urllib.request", "uuid", "watchfiles", "zoneinfo",
)  # fmt: skip
"""What is loaded beforehand, where it is installed. Not textual: it reads the environment while it is imported."""
OF_THE_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC")
"""Variables that the interpreter, or C, reads when a process starts: a call that has others is started on its own."""
LONGEST_S = 110


def run_python(
    arguments: Sequence[str], env: Mapping[str, str] | None = None, cwd: str | Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What ``python ARGUMENTS`` (``-m MODULE …`` or ``-c CODE …``) ends with and prints; its input is empty."""
    environment = dict(os.environ if env is None else env)
    where = str(cwd or Path.cwd())
    if _of_the_start(environment) != _of_the_start(os.environ):
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env=environment, cwd=where, timeout=LONGEST_S,
        )  # fmt: skip
    return _starter().run(arguments, environment, where)


def _of_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    # Unbuffered output is what the started process can do for itself.
    return {name: environment[name] for name in environment if name.startswith(OF_THE_START) and name != UNBUFFERED}


UNBUFFERED = "PYTHONUNBUFFERED"


class Starter:
    """The process that has loaded the libraries."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.started", str(its.fileno())],
                stdin=subprocess.DEVNULL, cwd=ROOT, pass_fds=[its.fileno()],
            )  # fmt: skip
        self._one_at_a_time = threading.Lock()

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], cwd: str
    ) -> subprocess.CompletedProcess[str]:
        """Start one, and wait for its end."""
        job = json.dumps({"arguments": [*arguments], "environment": dict(environment), "cwd": cwd}).encode()
        with self._one_at_a_time, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            socket.send_fds(self._socket, [len(job).to_bytes(4, "big")], [out.fileno(), err.fileno()])
            self._socket.sendall(job)
            ended = self._socket.recv(4)
            assert len(ended) == 4, "the process that starts the others has ended"
            code = int.from_bytes(ended, "big", signed=True)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(["python", *arguments], code, *texts)

    def close(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.wait(10)


@cache
def _starter() -> Starter:
    starter = Starter()
    atexit.register(starter.close)
    return starter


def _serve(own: socket.socket) -> dict[str, Any]:
    """Fork for each job; return in the child, with the job."""
    for name in LIBRARIES:
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)
    assert not [name for name in sys.modules if name.startswith("timmy_tui")]
    gc.collect()
    gc.freeze()  # A child that collects would copy every page of what is loaded.
    while True:
        length, streams, _, _ = socket.recv_fds(own, 4, 2)
        if not length:
            os._exit(0)
        data = b""
        while len(data) < int.from_bytes(length, "big"):
            data += own.recv(1 << 20)
        child = os.fork()
        if child == 0:
            own.close()
            for number, descriptor in enumerate(streams, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            return dict(json.loads(data))
        for descriptor in streams:
            os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        own.sendall(code.to_bytes(4, "big", signed=True))


def _call(job: dict[str, Any]) -> int:
    """What the interpreter does: the environment, streams, the program."""
    signal.alarm(LONGEST_S)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["environment"])
    time.tzset()
    sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)
    return _ended(job["arguments"])


def _end(code: Sequence[int]) -> None:
    """Registered before the program runs, so called last: after its threads, and what it registered itself.

    To take down all that is loaded, as the interpreter would, copies every page of it.
    """
    last = code[-1]
    try:
        sys.stdout.flush()
    except OSError as error:
        print(f"Exception ignored while flushing sys.stdout: {error}", file=sys.stderr)
        last = 120
    sys.stderr.flush()
    os._exit(last)


def _stream(number: int, like: TextIO) -> TextIO:
    unbuffered = bool(os.environ.get(UNBUFFERED))
    file = open(number, "wb", 0 if unbuffered else -1, closefd=False)  # noqa: SIM115  Until the end of the process.
    return io.TextIOWrapper(
        file, like.encoding, like.errors, line_buffering=number == 2, write_through=unbuffered
    )  # fmt: skip


def _ended(arguments: Sequence[str]) -> int:
    how, what, *words = arguments
    try:
        if how == "-m":
            sys.path[0] = str(Path.cwd())
            sys.argv = [what, *words]
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = ""
            sys.argv = ["-c", *words]
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001  As the interpreter does.
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    told = _serve(socket.socket(fileno=int(sys.argv[1])))
    codes = [1]
    atexit.register(_end, codes)
    codes.append(_call(told))
