"""A copy of the behaviour of Werkzeug's stat reloader (``debug=True``), for a stand-in without Flask.

A parent, which listens on no port, starts a child with WERKZEUG_RUN_MAIN=true and its own arguments, behind the full
path of the interpreter. It starts the child again each time that it exits with code 3; any other exit code ends the
parent as well. The child polls the modification times of all .py files once a second, after its imports: an edit made
during them is never noticed.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

RUN_MAIN = "WERKZEUG_RUN_MAIN"
RELOAD_EXIT_CODE = 3
INTERVAL_S = 1.0


def run_with_reloader(serve: Callable[[], None], folders: Iterable[Path], before_exit: Callable[[], None]) -> None:
    """In the parent: keep a child running. In the child: serve in a thread and watch the files. Never returns.

    ``before_exit`` is called in the child when it has seen an edit, before it exits for the reload.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.environ.get(RUN_MAIN) != "true":
        sys.exit(_run_children())
    threading.Thread(target=serve, name="server", daemon=True).start()
    _watch(list(folders), before_exit)


def _run_children() -> int:
    """Run one child after another; returns the exit code of the last one."""
    while True:
        print(" * Restarting with stat", file=sys.stderr, flush=True)
        environment = {**os.environ, RUN_MAIN: "true"}
        # close_fds=False as in Werkzeug. The child so inherits the descriptor of the parent watchdog.
        code = subprocess.call([sys.executable, *sys.orig_argv[1:]], env=environment, close_fds=False)
        if code != RELOAD_EXIT_CODE:
            return code


def _watch(folders: list[Path], before_exit: Callable[[], None]) -> None:
    mtimes: dict[Path, float] = {}
    while True:
        for path in _sources(folders):
            try:
                mtime = path.stat().st_mtime
            except OSError:
                continue
            if mtime > mtimes.setdefault(path, mtime):
                print(f" * Detected change in {str(path)!r}, reloading", file=sys.stderr, flush=True)
                before_exit()
                sys.stdout.flush()
                # Not sys.exit: the interpreter can abort at its end while the server's thread writes (once in some
                # hundred restarts). The parent would then end, as if v34 had crashed.
                os._exit(RELOAD_EXIT_CODE)
        if not any(folder.exists() for folder in folders):
            sys.exit(0)
        time.sleep(INTERVAL_S)


def _sources(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*.py")]
