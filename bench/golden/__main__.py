"""``python -m bench.golden NAME [--into FOLDER] [--venvs FOLDER] [--source CHECKOUT]``: one system's logs, anew."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench.golden import environments

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data" / "profiles"


def little_timmy_v2(arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Needs ``--source``: a checkout of little_timmy_v2."""
    from bench.golden.v2.story import make

    if arguments.source is None:
        raise SystemExit(
            "--source: a checkout of little_timmy_v2 (its text is read from there; nothing of it is in this repository)"
        )
    return make(arguments.source, folder)


MAKERS: dict[str, Callable[[argparse.Namespace, Path], list[str]]] = {
    "little-timmy-v2": little_timmy_v2,
    **dict.fromkeys(environments.SYSTEMS, environments.run),
}


def main() -> None:
    """Make the logs of one system; prints the versions that made them."""
    parser = argparse.ArgumentParser(prog="python -m bench.golden", description=__doc__)
    parser.add_argument("name", choices=sorted(MAKERS))
    parser.add_argument("--into", type=Path, help="folder to write to (default: tests/data/profiles/NAME)")
    parser.add_argument("--venvs", type=Path, default=ROOT / "build" / "golden", help="folder for virtual environments")
    parser.add_argument("--source", type=Path, help="checkout or git directory of the system's source")
    arguments = parser.parse_args()
    folder = arguments.into or DATA / arguments.name
    folder.mkdir(parents=True, exist_ok=True)
    for line in MAKERS[arguments.name](arguments, folder.resolve()):
        print(line)
    for path in sorted(folder.iterdir()):
        print(f"{path.stat().st_size:>8} {path.name}")


if __name__ == "__main__":
    sys.exit(main())
