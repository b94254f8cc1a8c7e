"""Werkzeug's stat reloader as upstream's ``debug=True`` brings it, for a stand-in without Flask.

A parent without a port starts a child with the same command line and WERKZEUG_RUN_MAIN=true, and starts it again each
time that it leaves with code 3. The child polls the modification times of all .py files once a second, from the moment
that its imports are done: an edit made before that is never noticed. Any other exit code ends the parent as well.
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
RELOAD = 3
INTERVAL_S = 1.0


def run_with_reloader(serve: Callable[[], None], folders: Iterable[Path]) -> None:
    """In the parent: keep a child running, never returns. In the child: serve in a thread, watch in this one."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.environ.get(RUN_MAIN) != "true":
        sys.exit(_restart_for_ever())
    threading.Thread(target=serve, name="server", daemon=True).start()
    _watch(list(folders))


def _restart_for_ever() -> int:
    while True:
        print(" * Restarting with stat", file=sys.stderr, flush=True)
        environment = {**os.environ, RUN_MAIN: "true"}
        # close_fds=False as Werkzeug does it; it also hands the demo's lifeline down
        code = subprocess.call([sys.executable, *sys.argv], env=environment, close_fds=False)
        if code != RELOAD:
            return code


def _watch(folders: list[Path]) -> None:
    seen: dict[Path, float] = {}
    while True:
        for path in _sources(folders):
            try:
                mtime = path.stat().st_mtime
            except OSError:
                continue
            if mtime > seen.setdefault(path, mtime):
                print(f" * Detected change in {str(path)!r}, reloading", file=sys.stderr, flush=True)
                sys.stdout.flush()
                # Not sys.exit: the interpreter's end can abort while the server's thread writes, and the parent would
                # take that for a v34 that died.
                os._exit(RELOAD)
        if not any(folder.exists() for folder in folders):
            sys.exit(0)
        time.sleep(INTERVAL_S)


def _sources(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*.py")]
