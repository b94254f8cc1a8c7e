"""A dashboard in a process of its own, for tests that kill it or look at it from outside.

``python -m tests.control.dashboard look|flip ROOT STATE``: a line with what it may do; then, for ``flip``, the state of
its change each time that it is another one, until it is killed.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.control.harness import ControlHarness, controller_on
from tests.control.services import Service
from timmy_tui.core.settings import Settings
from timmy_tui.model.user_requests import Flip

REPOSITORY = Path(__file__).parents[2]
ASKED = ("tail-mode", "on")
"""The flag and its new value."""


def start_dashboard(act: str, root: Path, state: Path) -> subprocess.Popen[str]:
    """This module in a process of its own; whoever starts it ends it."""
    argv = [sys.executable, "-m", "tests.control.dashboard", act, str(root), str(state)]
    return subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def main(act: str, root: Path, state: Path) -> None:
    """As the module says."""
    key, value = ASKED
    with controller_on(Service(root), state, Settings(), watch=True) as harness:
        plan = harness.plan(Flip(((key, value),)))
        answers = {"read_only": harness.controller.state().read_only, "refusal": plan.refusal}
        print(json.dumps(answers), flush=True)
        if act == "flip":
            harness.controller.start(plan)
            print_states(harness)
            time.sleep(60)


def print_states(harness: ControlHarness) -> None:
    """Each state of the running change once, until it ends."""
    printed = ""
    while not harness.controller.idle:
        state = str(harness.state)
        if state != printed:
            print(state, flush=True)
            printed = state
        time.sleep(0.001)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
