"""Runs ``timmy-tui`` in a process of its own, on the golden logs."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.started import run_python

DATA = Path(__file__).parents[1] / "data"
LATENCY, V34 = DATA / "latency.log", DATA / "v34.log"


def run(*arguments: str | Path, code: int = 0, **options: Any) -> str:
    done = run_python(["-m", "timmy_tui", *map(str, arguments)], **options)
    assert done.returncode == code, done.stderr
    return str(done.stdout if code == 0 else done.stderr)


def upstream_groups() -> dict[str, list[dict[str, Any]]]:
    """Requests as upstream's scripts group and sort them."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in LATENCY.read_text().splitlines():
        event = json.loads(line)
        groups[event["request_id"]].append(event)
    return {name: sorted(events, key=lambda event: float(event["timestamp"])) for name, events in groups.items()}
