"""``python -m bench.soak [--minutes M]``: soaks the real dashboard, compares it with the ledger, prints the figures.

Exits with 1 when something was found.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.soak.figures import Soaked, table
from bench.soak.world import SoakOptions, World


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="length (default 10)")
    parser.add_argument("--speed", type=float, default=20.0, help="times real time (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="another order of troubles")
    parser.add_argument("--no-notify", action="store_true", help="as on a file system that reports no changes")
    given = parser.parse_args(arguments)
    options = SoakOptions(60 * given.minutes, given.speed, given.seed, not given.no_notify)
    soaked = soak(options)
    events = "with" if options.notify else "without"
    print(f"{given.minutes:g} minutes at {given.speed:g} × real time, {events} file system events, seed {given.seed}\n")
    print("\n".join(table(soaked)))
    findings = soaked.findings()
    print("\nFound: " + ("nothing" if not findings else "\n".join(["", *findings])))
    return bool(findings)


def soak(options: SoakOptions) -> Soaked:
    """One soak in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="timmy-soak-") as folder:
        world = World(Path(folder), options)
        return Soaked(world, world.run())


if __name__ == "__main__":
    sys.exit(main())
