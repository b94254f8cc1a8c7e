"""Which files are mutated, in which group they are counted, and how many mutants each group gives to the sample."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Group:
    """A part of the core that has a rate of its own."""

    name: str
    files: tuple[str, ...]
    """Globs as ``PurePath.match`` reads them; the first group with a match counts."""
    size: int
    """Mutants in the sample."""


GROUPS: tuple[Group, ...] = (
    Group("ledger", ("timmy_tui/turns/account/ledger.py",), 45),
    Group(
        "stage table",
        ("timmy_tui/model/stages/v34.py", "timmy_tui/model/stages/table.py", "timmy_tui/model/stages/events.py"),
        20,
    ),
    Group("turns", ("timmy_tui/turns/*.py", "timmy_tui/turns/account/*.py", "timmy_tui/turns/debug/*.py"), 55),
    Group(
        "prompt reuse",
        tuple(
            f"timmy_tui/analysis/llm/{name}.py"
            for name in ("prompt_reuse", "prefill/cold_rate", "request_chain", "llm_requests", "prompt_split")
        ),
        50,
    ),
    Group("parse", ("timmy_tui/parse/*.py",), 45),
    Group("detector", ("timmy_tui/analysis/detect/*.py",), 35),
    Group("comparison", ("timmy_tui/analysis/compare/*.py",), 35),
    Group("statistics", ("timmy_tui/analysis/stats/*.py", "timmy_tui/analysis/*.py"), 35),
    Group("language model", ("timmy_tui/analysis/llm/*.py", "timmy_tui/analysis/llm/prefill/*.py"), 35),
    Group(
        "control",
        (
            "timmy_tui/control/change/*.py",
            "timmy_tui/control/edit/*.py",
            "timmy_tui/control/flags/*.py",
            "timmy_tui/control/journal/*.py",
            "timmy_tui/control/service/restart_strategies.py",
            "timmy_tui/control/service/health_wait.py",
        ),
        60,
    ),
)

TESTS = (
    "analysis", "commands", "control", "model", "parse", "pipeline", "profiles", "report", "storage", "turns",
    "ui/charts",
)  # fmt: skip
"""Folders of ``tests`` that may notice. Of the screen the charts alone: the rest is slow, and looks at other things."""


def group_of(path: str) -> Group | None:
    """The group that counts a file, given as a POSIX path below the root; None for one that is not mutated."""
    pure = PurePosixPath(path)
    return next((group for group in GROUPS if any(pure.match(glob) for glob in group.files)), None)


def sizes(share: float) -> dict[str, int]:
    """Group → how many of its mutants are wanted, where ``share`` of the published sample is."""
    return {group.name: max(round(group.size * share), 1) for group in GROUPS}


def files_of(root: Path) -> dict[str, list[str]]:
    """Group → its files, sorted. Raises ValueError when a group has none: it was renamed, and its row with it."""
    found: dict[str, list[str]] = {group.name: [] for group in GROUPS}
    for path in _sources(root):
        group = group_of(path)
        if group is not None:
            found[group.name].append(path)
    empty = [name for name, files in found.items() if not files]
    if empty:
        raise ValueError(f"no file in the groups: {', '.join(empty)} (bench/mutants/groups.py)")
    return found


def _sources(root: Path) -> Iterable[str]:
    for path in sorted((root / "timmy_tui").rglob("*.py")):
        yield path.relative_to(root).as_posix()
