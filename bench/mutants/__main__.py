"""``make mutants [SEED=…]``: draw a sample, measure which tests reach it, try each mutant, write the table.

A run that was ended goes on where it was when it is started again on the same code; ``--new`` begins another.
"""

import argparse
import hashlib
import json
import secrets
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.mutants import reach as reaching
from bench.mutants.groups import TESTS, sizes
from bench.mutants.mutant import Mutant
from bench.mutants.population import apply, draw, is_valid
from bench.mutants.results import Head, counted, markdown, read, row
from bench.mutants.selection import Reach, load
from bench.mutants.trial import Bench, copy_tree

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "mutants"
"""Unfinished runs, and what was measured; not checked in."""
PUBLISHED = ROOT / "bench" / "mutants"
WORKERS = 2


@dataclass
class Queue:
    """Mutants still to be tried, by group; a group is done once it has as many as it is to have."""

    groups: dict[str, deque[tuple[int, Mutant]]]
    open: dict[str, int]
    """How many each group still lacks, those under way left out."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[str, int, Mutant] | None:
        """The next one of the group that lacks most, so that a run that is ended early is still a sample of all."""
        with self.lock:
            lacking = [name for name, count in self.open.items() if count > 0 and self.groups[name]]
            if not lacking:
                return None
            name = max(lacking, key=lambda name: self.open[name])
            self.open[name] -= 1
            return name, *self.groups[name].popleft()

    def give_back(self, group: str) -> None:
        """It was none: another one takes its place."""
        with self.lock:
            self.open[group] += 1


def main() -> None:
    """Command line."""
    asked = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    asked.add_argument("--seed", type=int, help="without one a run that was ended goes on, else a new one is made up")
    asked.add_argument("--new", action="store_true", help="do not go on with a run that was ended")
    asked.add_argument("--share", type=float, default=1.0, help="of the published sample (0.1: some 40 mutants)")
    asked.add_argument("--only", default="", help="groups whose name begins so; such a run is not published")
    asked.add_argument("--tests", nargs="*", default=TESTS, help="folders of tests to use; such a run is not published")
    asked.add_argument("--list", action="store_true", help="only say what would be drawn")
    options = asked.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    tree = _hash()
    head, results = _start(options, tree)
    drawn = _draw(head)
    if options.list:
        for name, mutants in drawn.items():
            for number, mutant in list(enumerate(mutants))[: sizes(head.share)[name]]:
                print(name, number, mutant.key)
        if not read(results)[1]:
            results.unlink()
        return
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        # Some tests become another user, who must be able to read the copies.
        Path(place).chmod(0o755)
        _run(drawn, results, Path(place), tuple(options.tests))
    lines = list(markdown(*read(results)))
    print("\n".join(lines))
    if head.share == 1.0 and not head.only and tuple(options.tests) == TESTS:
        (PUBLISHED / "RESULTS.md").write_text("\n".join(lines) + "\n", "utf-8")
        (PUBLISHED / "results.jsonl").write_bytes(results.read_bytes())


def _start(options: argparse.Namespace, tree: str) -> tuple[Head, Path]:
    """Go on with the newest unfinished run of this code, or begin one."""
    for path in () if options.new else sorted(WORK.glob("run-*.jsonl"), key=lambda path: -path.stat().st_mtime):
        head, rows = read(path)
        same = (head.tree, head.share, head.only) == (tree, options.share, options.only)
        wanted = sum(count for name, count in sizes(head.share).items() if name.startswith(head.only))
        if same and options.seed in (None, head.seed) and len(counted(rows, head.share)) < wanted:
            print(f"going on with {path.name}: {len(rows)} tried")
            return head, path
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    began = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    populations = {name: population for name, population, _ in draw(ROOT, seed)}
    head = Head(seed, tree, began, options.share, options.only, populations)
    path = WORK / f"run-{seed}-{datetime.now(UTC):%H%M%S}.jsonl"
    path.write_text(json.dumps(asdict(head)) + "\n", "utf-8")
    return head, path


def _draw(head: Head) -> dict[str, list[Mutant]]:
    """Group → its mutants in the order of the draw, those that do not compile left out."""
    texts: dict[str, str] = {}
    found: dict[str, list[Mutant]] = {}
    for name, _, mutants in draw(ROOT, head.seed):
        if not name.startswith(head.only):
            continue
        enough = 2 * sizes(head.share)[name] + 10
        found[name] = []
        for mutant in mutants:
            text = texts.setdefault(mutant.path, (ROOT / mutant.path).read_text("utf-8"))
            if is_valid(mutant, text):
                found[name].append(mutant)
            if len(found[name]) == enough:
                break
    return found


def _run(drawn: dict[str, list[Mutant]], results: Path, place: Path, rooms: Sequence[str]) -> None:
    copies = [place / f"copy-{number}" for number in range(WORKERS)]
    for copy in copies:
        copy_tree(ROOT, copy)
    head, rows = read(results)
    reach = _reach(head.tree, copies[0], place, rooms)
    tried = {(one["group"], one["number"]) for one in rows}
    queue = Queue(
        {
            name: deque((number, one) for number, one in enumerate(mutants) if (name, number) not in tried)
            for name, mutants in drawn.items()
        },
        {
            name: count - sum(one["group"] == name and one["word"] != "no mutant" for one in rows)
            for name, count in sizes(head.share).items()
            if name in drawn
        },
    )
    writing = threading.Lock()

    def work(copy: Path) -> None:
        folder = copy.with_name(copy.name + "-run")
        folder.mkdir()
        with closing(Bench(copy, folder, reach)) as bench:
            while (taken := queue.take()) is not None:
                group, number, mutant = taken
                outcome = bench.try_out(mutant)
                if outcome.word == "no mutant":
                    queue.give_back(group)
                text = (copy / mutant.path).read_text("utf-8")
                line = row(group, number, mutant, outcome, (text, apply(mutant, text)))
                with writing, results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
                print(f"{outcome.word:9} {outcome.seconds:5.1f}s {group}: {mutant.key}", flush=True)

    workers = [threading.Thread(target=work, args=(copy,)) for copy in copies]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def _reach(tree: str, copy: Path, place: Path, rooms: Sequence[str]) -> Reach:
    """As measured before on the same code, or measured now."""
    part = "" if tuple(rooms) == TESTS else "-" + "-".join(rooms).replace("/", ".")
    kept = WORK / f"reach-{tree[:12]}{part}.json"
    if not kept.exists():
        folder = place / "reach"
        folder.mkdir()
        found = reaching.measure(copy, folder, rooms)
        if found.failed:
            print(f"{len(found.failed)} tests failed without any mutant and are left out: {', '.join(found.failed)}")
        found.save(kept)
    return load(kept)


def _hash() -> str:
    """Of everything that a result depends on."""
    parts = ("timmy_tui", "tests", *(f"bench/mutants/{name}.py" for name in ("groups", "operators", "population")))
    told = hashlib.sha256()
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *parts],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    for name in sorted(filter(None, names.split("\0"))):
        path = ROOT / name
        if path.is_file():
            told.update(name.encode() + b"\0" + path.read_bytes())
    return told.hexdigest()


if __name__ == "__main__":
    main()
