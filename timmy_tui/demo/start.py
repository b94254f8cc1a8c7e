"""Writes an installation of Little Timmy into a folder and starts its processes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from timmy_tui.demo import parent_watchdog

TEMPLATE = Path(__file__).parent / "timmy"
FOLDERS = ("v34", "shared", "testing-interface/logs", "ollama", "demo")
V34_LOG = "testing-interface/logs/v34.log"


_SETS_RAW = '    if raw:\n        payload["raw"] = True\n'
"""Lines of ``llm.py``."""


def write_installation(root: Path, ports: Mapping[str, int], raw: bool = True, raw_removed: bool = False) -> None:
    """Copy the template into ``root`` and set the ports ``ollama``, ``tts``, ``stt`` and ``v34`` in its config.

    ``raw``: what ``app.py`` passes; ``raw_removed``: ``llm.py`` ignores it, as after the guide's first change.
    """
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for template in TEMPLATE.rglob("*.template"):
        shutil.copyfile(template, root / template.relative_to(TEMPLATE).with_suffix(""))
    config = root / "v34" / "config.py"
    text = config.read_text(encoding="utf-8")
    for name, default in (("ollama", 11434), ("tts", 5051), ("stt", 8888)):
        text = text.replace(f"127.0.0.1:{default}", f"127.0.0.1:{ports[name]}")
    config.write_text(text.replace("V34_PORT = 5000", f"V34_PORT = {ports['v34']}"), encoding="utf-8")
    if not raw:
        app = root / "v34" / "app.py"
        app.write_text(app.read_text(encoding="utf-8").replace("raw=True", "raw=False"), encoding="utf-8")
    if raw_removed:
        llm = root / "v34" / "llm.py"
        llm.write_text(llm.read_text(encoding="utf-8").replace(_SETS_RAW, ""), encoding="utf-8")


def start_v34(root: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """``python app.py --debug`` in v34/, with its output captured in one file as the control panel does it.

    ``environment``: variables to add (see ``process_environment``); a process of the demo has inherited them.
    """
    interpreter = Path(sys.executable)
    path = os.pathsep.join((str(interpreter.parent), os.environ.get("PATH", os.defpath)))
    added = {**(environment or {}), "PATH": path}
    with (root / V34_LOG).open("ab") as log:
        # As a user types it: without a folder, found in PATH.
        return _start([interpreter.name, "app.py", "--debug"], root / "v34", log.fileno(), environment=added)


def start_module(
    name: str, options: Mapping[str, object], root: Path, fds: tuple[int, ...], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """``python -m timmy_tui.demo.NAME OPTIONS``, which inherits ``fds``; its output goes to ``demo/NAME.log``."""
    with (root / "demo" / f"{name}.log").open("ab") as log:
        argv = [sys.executable, "-m", f"timmy_tui.demo.{name}", json.dumps(options)]
        return _start(argv, root, log.fileno(), fds, environment)


def process_environment(settings: Mapping[str, str], watchdog: parent_watchdog.ParentWatchdog) -> dict[str, str]:
    """Environment variables that the processes of a demo need in addition to their parent's."""
    return {parent_watchdog.VARIABLE: str(watchdog.fd), **settings}


def _start(
    argv: list[str], cwd: Path, output: int, fds: tuple[int, ...] = (), environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).resolve().parents[2])
    env = {**os.environ, **(environment or {})}
    env["PYTHONPATH"] = os.pathsep.join(part for part in (source, env.get("PYTHONPATH", "")) if part)
    env.pop("PYTHONUNBUFFERED", None)
    env.pop("WERKZEUG_RUN_MAIN", None)
    watchdog_fd = env.get(parent_watchdog.VARIABLE)
    return subprocess.Popen(
        argv,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=env,
        pass_fds=(*fds, int(watchdog_fd)) if watchdog_fd else fds,
        start_new_session=True,
    )
