"""A virtual environment for each system whose package is run, with its versions pinned.

The scripts in ``inside/`` run there, not here: they import what this project does not have. Each is called with the
folder to write to, and prints what it made.
"""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSIDE = Path(__file__).parent / "inside"


@dataclass(frozen=True, slots=True)
class System:
    """What one system needs to run."""

    requirements: tuple[str, ...]
    python: tuple[str, ...]
    """Names of interpreters, the first one found is taken."""
    script: str
    arguments: tuple[str, ...] = ()
    """Of ``pip install``."""


SYSTEMS = {
    "pipecat": System(("pipecat-ai[tracing]==1.14.0",), ("python3.12", "python3.13", "python3.11"), "pipecat_run.py"),
    "livekit": System(("livekit-agents==1.8.9",), ("python3.12", "python3.13", "python3.11"), "livekit_run.py"),
    "home-assistant": System(
        # It asks for 3.13.2 or later; the modules that are run work with any 3.13. All that they import is in the file.
        ("-r", str(INSIDE / "home_assistant_requirements.txt")), ("python3.13",), "home_assistant_run.py",
        ("--no-deps", "--ignore-requires-python", "--prefer-binary"),
    ),
}  # fmt: skip


def run(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Make the system's logs in ``folder``; returns the script's lines. Raises CalledProcessError."""
    system = SYSTEMS[arguments.name]
    python = _environment(arguments.venvs.resolve() / arguments.name, system)
    command = [str(python), str(INSIDE / system.script), str(folder)]
    if arguments.source:
        command.append(str(arguments.source.resolve()))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    return done.stdout.splitlines()


def _environment(place: Path, system: System) -> Path:
    python = place / "bin" / "python"
    if not python.exists():
        base = next((found for name in system.python if (found := shutil.which(name))), sys.executable)
        subprocess.run([base, "-m", "venv", str(place)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", *system.arguments, *system.requirements]
        subprocess.run(pip, check=True)
    return python
