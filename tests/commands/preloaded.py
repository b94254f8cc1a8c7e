"""Runs many calls of ``timmy-tui``, each as a process of its own with its own streams, from one that has imported it.

A call takes some 50 ms of CPU instead of 700, so that every command can be tried on every stream.
``python preloaded.py`` is the one process; ``Preloaded`` is how tests talk to it.
"""

import collections
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

STREAMS = ("utf-8", "ascii", "latin-1", "closed", "full", "ended")
"""What standard output can be: three encodings; closed; a full disk; a pipe whose reader has ended."""
LONGEST_S = 60


class Done(NamedTuple):
    """How a call ended."""

    code: int
    """Exit code, also that which the interpreter gives when it cannot flush at the end (120); negative: a signal."""
    out: bytes
    err: str


class Preloaded:
    """The process that has imported everything."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self._folder = tempfile.TemporaryDirectory()

    def run(
        self, arguments: Sequence[str], stream: str = "utf-8", environment: Mapping[str, str] | None = None
    ) -> Done:
        """Run one call; ``environment`` is added to that of the tests."""
        out, err = (Path(self._folder.name) / name for name in ("out", "err"))
        job = {"arguments": [*arguments], "stream": stream, "out": str(out), "err": str(err)}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({**job, "environment": dict(environment or {})}) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Done(code, out.read_bytes() if out.exists() else b"", err.read_text(errors="backslashreplace"))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._folder.cleanup()


def _serve() -> None:
    sys.path.insert(0, os.getcwd())
    _import_everything()
    gc.collect()
    gc.freeze()  # A child that collects would copy every page of what is imported.
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            signal.alarm(LONGEST_S)
            os._exit(_call(job))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


LAZY = (
    "anyio", "click._textwrap", "google.protobuf.descriptor_pool", "h11", "httpcore", "httpx._client", "httpx._main",
    "importlib.metadata", "numpy", "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk.metrics.export",
    "opentelemetry.sdk.trace.export", "psutil", "pyarrow.parquet", "requests", "scipy.special", "scipy.stats",
    "stringprep", "textual.drivers.headless_driver", "textual.layouts.factory", "textual.layouts.horizontal",
    "textual.layouts.stream", "textual.pilot", "textual_serve.server", "tomllib",
)  # fmt: skip
"""What commands import when they need it."""


def _import_everything() -> None:
    import pandas as pd

    import timmy_tui

    for module in pkgutil.walk_packages(timmy_tui.__path__, "timmy_tui."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in LAZY:
        importlib.import_module(name)
    pd.DataFrame({"a": [1]}).to_csv()
    _ask_for_kinds()


def _ask_for_kinds() -> None:
    """What click asks in each call, and Python remembers: of a thousand classes, whether a list is of one of them."""
    nothing: list[str] = []
    collections.Counter(nothing)
    collections.Counter(one for one in nothing)


def _call(job: dict[str, Any]) -> int:
    """What the interpreter does: streams, the program, its end."""
    os.environ.update(job["environment"])
    sys.argv = ["timmy-tui", *job["arguments"]]
    os.umask(0)  # so that what is private is so by the program, not by whoever runs the tests
    _open_streams(job)
    code = 0
    try:
        from timmy_tui.cli import main

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # noqa: BLE001  As the interpreter does.
        traceback.print_exc()
        code = 1
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.write(2, f"Exception ignored while flushing sys.stdout: {error}\n".encode())
        code = 120
    return code


def _open_streams(job: dict[str, Any]) -> None:
    stream = job["stream"]
    _replace(0, os.open(os.devnull, os.O_RDONLY))
    _replace(2, os.open(job["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    sys.stdin = os.fdopen(0)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace")
    Path(job["out"]).unlink(missing_ok=True)
    if stream == "closed":
        os.close(1)
        setattr(sys, "stdout", None)  # noqa: B010  It is typed as always open.
        return
    if stream == "full":
        _replace(1, os.open("/dev/full", os.O_WRONLY))
    elif stream == "ended":
        reader, writer = os.pipe()
        os.close(reader)
        _replace(1, writer)
    else:
        _replace(1, os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    sys.stdout = os.fdopen(1, "w", encoding=stream if stream in ("ascii", "latin-1") else "utf-8")


def _replace(number: int, descriptor: int) -> None:
    if number != descriptor:
        os.dup2(descriptor, number)
        os.close(descriptor)


if __name__ == "__main__":
    _serve()
