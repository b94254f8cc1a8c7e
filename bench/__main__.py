"""``python -m bench [NAME…]``: runs measurements and prints their tables.

``python -m bench upstream PATH`` runs one of them against a checkout of upstream.
"""

import compileall
import importlib
import sys
from pathlib import Path

import timmy_tui

ROOMS = {
    "dashboard": ("append", "keys", "frames", "idle", "room", "turn", "repaints", "picture"),
    "reading": ("rotations", "ingest", "status", "profiles"),
    "changes": ("flip", "killed", "control"),
    "ways_out": ("telemetry",),
}
"""Room of this package → modules of it that have ``measure() -> list[str]``, which returns the lines of a table."""
WHERE = {
    **{name: f"bench.{room}.{name}" for room, names in ROOMS.items() for name in names},
    "reuse": "bench.reuse", "engine": "bench.engine", "upstream": "bench.upstream.check",
    "shapes": "bench.reading.shapes", "steady": "bench.dashboard.steady", "watch": "bench.ways_out.watch",
}  # fmt: skip
"""Name of a measurement → its module."""
NAMES = (*(name for names in ROOMS.values() for name in names), "reuse", "engine", "upstream")
"""What is run where nothing is named."""
ELSEWHERE = (
    ("python -m bench.judgement", "alarms, delays and verdicts against labelled turns"),
    (
        "python -m bench shapes",
        "a million lines of every shape: is the time to read them linear? (ten minutes)",
    ),
    ("python -m bench.golden NAME", "the golden logs of another voice pipeline, by its own package (minutes)"),
    ("python -m bench steady", "an hour of the demo: is every headline borne out by the stage's own durations?"),
    (
        "python -m bench watch",
        "a day of `timmy-tui watch` in six minutes: is every turn in the history once? its memory",
    ),
    ("make fuzz", "inputs that nobody wrote: what must hold whatever is read (two CPU minutes for each of 12)"),
    ("make soak", "the real dashboard while everything goes wrong at once, against a ledger (ten minutes)"),
    ("make mutants", "faults put into the core one at a time: which ones no test notices (an hour)"),
)
"""Runs of their own: command, what it measures."""


def main() -> None:
    """Run the named measurements, or all of them. Exits with 1 where the demo differs from upstream."""
    first, following = next(iter(sys.argv[1:]), ""), sys.argv[2:]
    if first == "upstream":
        sys.exit(importlib.import_module(WHERE[first]).main(following))
    if first in ("steady", "watch", "engine") or (first == "picture" and following):
        importlib.import_module(WHERE[first]).main(following)
        return
    # As after an installation. A checkout may be compiled at each start (PYTHONDONTWRITEBYTECODE).
    compileall.compile_dir(Path(timmy_tui.__file__).parent, quiet=1)
    for name in sys.argv[1:] or NAMES:
        module = importlib.import_module(WHERE[name])
        print(f"\n## {name}\n\n{(module.__doc__ or '').strip()}\n", flush=True)
        for line in module.measure():
            print(line, flush=True)
    if not sys.argv[1:]:
        print("\n## Runs of their own\n")
        for command, what in ELSEWHERE:
            print(f"- `{command}`: {what}")


if __name__ == "__main__":
    main()
