"""Outcomes as lines of JSON while the run goes on, and as a table once it is over."""

import json
import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.mutants.groups import GROUPS, sizes
from bench.mutants.mutant import Mutant, Outcome

KILLED = ("killed", "time-out")
EQUIVALENT = Path(__file__).parent / "equivalent.toml"
MOST_EQUIVALENT = 0.05
"""Of the sample."""


@dataclass(frozen=True)
class Head:
    """First line of a file of results."""

    seed: int
    tree: str
    """Hash of the code and its tests."""
    began: str
    share: float
    only: str
    populations: Mapping[str, int]


def row(group: str, number: int, mutant: Mutant, outcome: Outcome, texts: tuple[str, str]) -> dict[str, Any]:
    """One line of the results; ``texts`` is the module without and with the mutant."""
    old, new = changed_lines(*texts)
    return {"group": group, "number": number, **asdict(mutant), "old": old, "new": new, **asdict(outcome)}


def changed_lines(before: str, after: str) -> tuple[str, str]:
    """What stood there and what stands there now, with what is around it on its lines."""
    old, new = before.splitlines(), after.splitlines()
    top = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    bottom = 0
    while bottom < min(len(old), len(new)) - top and old[-1 - bottom] == new[-1 - bottom]:
        bottom += 1
    old, new = ([*lines[top : len(lines) - bottom]] for lines in (old, new))
    return _one_line(old), _one_line(new)


def _one_line(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())


def read(path: Path) -> tuple[Head, list[dict[str, Any]]]:
    """A file of results; a last line that was cut off is left out."""
    rows: list[dict[str, Any]] = []
    head, *rest = path.read_text("utf-8").splitlines()
    for line in rest:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return Head(**json.loads(head)), rows


def counted(rows: Iterable[dict[str, Any]], share: float) -> list[dict[str, Any]]:
    """The sample: of each group the first that are mutants at all, as many as it is to have."""
    wanted = sizes(share)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in rows:
        if one["word"] != "no mutant":
            groups[one["group"]].append(one)
    return [
        one
        for name, found in groups.items()
        for one in sorted(found, key=lambda one: int(one["number"]))[: wanted[name]]
    ]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z = 1.959964
    share, square = hits / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def equivalents() -> dict[tuple[str, str, str], str]:
    """File, old and new line → why no test can tell them apart."""
    if not EQUIVALENT.exists():
        return {}
    told = tomllib.loads(EQUIVALENT.read_text("utf-8")).get("mutant", [])
    return {(one["file"], one["old"], one["new"]): one["reason"] for one in told}


def markdown(head: Head, rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    """The published page."""
    sample = counted(rows, head.share)
    told = equivalents()
    survivors = [one for one in sample if one["word"] not in KILLED]
    excused = [one for one in survivors if _place(one) in told]
    killed = len(sample) - len(survivors)
    yield "# Mutants"
    yield ""
    yield (
        f"`make mutants SEED={head.seed}`, {head.began}; code and tests `{head.tree[:12]}`. {len(sample)} mutants "
        f"drawn from {sum(head.populations.values())}. A survivor counts as a survivor, also where no test could tell "
        f"it apart ({len(excused)}, with their reasons below)."
    )
    yield ""
    yield "| part | mutants | drawn | killed | survived | rate | 95 % interval |"
    yield "|---|---|---|---|---|---|---|"
    estimate = 0.0
    for group in GROUPS:
        of_group = [one for one in sample if one["group"] == group.name]
        if not of_group:
            continue
        dead = sum(one["word"] in KILLED for one in of_group)
        estimate += head.populations[group.name] * dead / len(of_group)
        yield _line(group.name, head.populations[group.name], dead, len(of_group))
    yield _line("**all**", sum(head.populations.values()), killed, len(sample))
    yield ""
    share = estimate / max(sum(head.populations.values()), 1)
    yield f"Weighted by the number of mutants in each part: {share:.1%}. How they died: {_ends(sample)}."
    yield ""
    files: dict[str, Counter[bool]] = defaultdict(Counter)
    for one in sample:
        files[one["path"]][one["word"] in KILLED] += 1
    yield "| module | killed | survived |"
    yield "|---|---|---|"
    for path, count in sorted(files.items()):
        yield f"| {path.removeprefix('timmy_tui/')} | {count[True]} | {count[False]} |"
    yield ""
    yield "## Survivors"
    yield ""
    for one in survivors:
        reason = told.get(_place(one))
        note = f" — equivalent: {reason}" if reason else ""
        place = f"`{one['path']}:{one['line']}` ({one['tests']} tests)"
        yield f"- {place} `{one['old']}` → `{one['new'] or '(gone)'}`{note}"
    if len(excused) > MOST_EQUIVALENT * len(sample):
        yield f"- {len(excused)} are called equivalent: more than {MOST_EQUIVALENT:.0%} of the sample."


def _place(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return one["path"], one["old"], one["new"]


def _line(name: str, population: int, killed: int, drawn: int) -> str:
    low, high = wilson(killed, drawn)
    counts = f"{population} | {drawn} | {killed} | {drawn - killed}"
    return f"| {name} | {counts} | {killed / drawn:.1%} | {low:.1%}–{high:.1%} |"


def _ends(sample: Sequence[Mapping[str, Any]]) -> str:
    words = Counter("by a test" if one["word"] == "killed" else one["word"] for one in sample if one["word"] in KILLED)
    return ", ".join(f"{word} {count}" for word, count in words.most_common())
