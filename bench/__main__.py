"""``python -m bench [NAME…]``: runs measurements and prints their tables.

``python -m bench upstream PATH`` runs one of them against a checkout of upstream.
"""

import compileall
import importlib
import sys
from pathlib import Path

import timmy_tui

NAMES = (
    "append", "keys", "rotations", "frames", "ingest", "idle", "room", "turn", "repaints", "status",
    "reuse", "engine", "flip", "killed", "control", "picture", "upstream", "telemetry", "profiles",
)  # fmt: skip
"""Modules of this package; each has ``measure() -> list[str]``, which returns the lines of its table."""
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
    if sys.argv[1:2] == ["upstream"]:
        from bench import upstream

        sys.exit(upstream.main(sys.argv[2:]))
    if sys.argv[1:2] == ["picture"] and sys.argv[2:]:
        from bench import picture

        picture.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["steady"]:
        from bench import steady

        steady.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["watch"]:
        from bench import watch

        watch.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["engine"]:
        from bench import engine

        engine.main(sys.argv[2:])
        return
    # As after an installation. A checkout may be compiled at each start (PYTHONDONTWRITEBYTECODE).
    compileall.compile_dir(Path(timmy_tui.__file__).parent, quiet=1)
    for name in sys.argv[1:] or NAMES:
        module = importlib.import_module(f"bench.{name}")
        print(f"\n## {name}\n\n{(module.__doc__ or '').strip()}\n", flush=True)
        for line in module.measure():
            print(line, flush=True)
    if not sys.argv[1:]:
        print("\n## Runs of their own\n")
        for command, what in ELSEWHERE:
            print(f"- `{command}`: {what}")


if __name__ == "__main__":
    main()
