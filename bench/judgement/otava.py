"""Apache Otava on the same logs, in a virtual environment of its own: it pins older numpy and scipy.

Otava looks back over a whole series and says where it changed; it does not say when it would have noticed. It runs
with its defaults. The work is left in: it knows nothing of it.
"""

import json
import math
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from bench.judgement.score import Alarm
from timmy_tui.analysis.stats.series import soft_of, stage_of, values_of
from timmy_tui.model.stages.watched import GAP, UNATTRIBUTED
from timmy_tui.model.turn import Turn, TurnState

RELEASE = "apache-otava==0.8.0"
PLACE = Path(__file__).parents[2] / ".otava"
"""Of its environment; not part of the project."""
_SCRIPT = """
import json, sys
from otava.analysis import compute_change_points
for line in sys.stdin:
    points, _ = compute_change_points(json.loads(line))
    print(json.dumps([[int(one.index), bool(one.stats.mean_2 > one.stats.mean_1)] for one in points]), flush=True)
"""


class Otava:
    """A process of it, which is given one series a line."""

    def __init__(self) -> None:
        """Makes the environment where there is none. Raises OSError or CalledProcessError where that cannot be done."""
        python = PLACE / "bin" / "python"
        if not python.exists():
            venv.create(PLACE, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", RELEASE], check=True)
        command = [python, "-c", _SCRIPT]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, turns: Sequence[Turn]) -> list[Alarm]:
        """An alarm at each change that it sees, looking back over the whole log."""
        alarms: list[Alarm] = []
        for series, values in _series(turns).items():
            if len(values) < 12:
                continue
            stage = UNATTRIBUTED if series.startswith(GAP) else series
            alarms += [Alarm(values[index][0], stage, slower) for index, slower in self._ask([ms for _, ms in values])]
        return sorted(alarms)

    def _ask(self, values: Sequence[float]) -> list[tuple[int, bool]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(values), file=self._process.stdin, flush=True)
        return [(int(index), bool(slower)) for index, slower in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        """End its process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _series(turns: Sequence[Turn]) -> dict[str, list[tuple[int, float]]]:
    """Series → ordinal and ms of every value; the first turn of a session is left out."""
    found: dict[str, list[tuple[int, float]]] = {}
    last: dict[int, Turn] = {}
    for turn in turns:
        before = last.get(turn.session)
        last[turn.session] = turn
        if before is not None and turn.state is TurnState.COMPLETE:
            for series, log_ms, _ in values_of(turn, before, loaded=False):
                found.setdefault(stage_of(series), []).append((turn.ordinal, math.exp(log_ms) - soft_of(series)))
    return found


def otava_or_reason() -> Otava | str:
    """Otava, or why it cannot be run here."""
    try:
        return Otava()
    except (OSError, subprocess.CalledProcessError) as problem:
        return f"not run, because its environment cannot be made here ({type(problem).__name__})"


if __name__ == "__main__":
    print(otava_or_reason(), file=sys.stderr)
