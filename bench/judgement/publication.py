"""A report in parts: the grade of each method in each world is stored when it is there, and a later run goes on.

A table for the page takes hours of a core. Its logs are those of one round, its code is that of its first part; once
all parts are there the tables are printed, and the file stays beside them.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from bench.judgement.grade import Effort, Found, Grade, grade
from bench.judgement.score import Method
from bench.judgement.worlds import WORLDS, Seeds, report_seeds

FILE = Path(__file__).with_name("publication.jsonl")
ROOT = Path(__file__).resolve().parents[2]
CODE = ("timmy_tui/analysis/**/*.py", "timmy_tui/model/**/*.py", "bench/judgement/*.py")
"""What the figures depend on."""
ONLY_PRINTS = ("__main__.py", "tables.py", "pair_tables.py", "publication.py")


class OtherCode(Exception):
    """The unfinished report was begun with other code."""


class Part(NamedTuple):
    """One method in every world."""

    name: str
    method: Method
    effort: Effort


class Publication:
    """The newest report; ``file`` holds a line for what it is, then one for each grade."""

    def __init__(self, share: float, file: Path = FILE, new_seeds: Callable[[], Seeds] = report_seeds) -> None:
        """Go on with the report of the file where it is not finished, else begin one. Raises OtherCode."""
        self._file = file
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        if not lines or lines[0]["finished"]:
            lines = [{"round": new_seeds().round, "share": share, "code": code_digest(), "finished": False}]
            self._write(lines)
        if lines[0]["code"] != code_digest():
            raise OtherCode(f"round {lines[0]['round']} was begun with other code: remove {file.name} to begin anew")
        self._lines = lines
        self.seeds = Seeds("report", lines[0]["round"])
        self.share: float = lines[0]["share"]
        """Of what is asked of a table for the page."""

    def go_on(self, parts: Iterable[Part], until: float) -> bool:
        """Grade what is not there yet; no further world is begun after ``until`` (monotonic). True: all is there."""
        for part in parts:
            for world in WORLDS:
                if self._stored(part.name, world) is not None:
                    continue
                if time.monotonic() >= until:
                    return False
                began = time.monotonic()
                one = grade(part.method, world, part.effort, self.seeds)
                minutes = round((time.monotonic() - began) / 60, 1)
                self._lines.append({"method": part.name, "world": world, "minutes": minutes, "grade": _to_store(one)})
                self._write(self._lines)
        return True

    def grades(self, method: str) -> dict[str, Grade]:
        """By world, in the order of the table; those that are there."""
        stored = {world: self._stored(method, world) for world in WORLDS}
        return {world: one for world, one in stored.items() if one is not None}

    @property
    def minutes(self) -> float:
        """Of a core, for all parts that are there."""
        return sum(float(line["minutes"]) for line in self._lines[1:])

    def finish(self) -> None:
        """The next report begins a new round."""
        self._lines[0]["finished"] = True
        self._write(self._lines)

    def _stored(self, method: str, world: str) -> Grade | None:
        found = (line["grade"] for line in self._lines[1:] if (line["method"], line["world"]) == (method, world))
        one = next(found, None)
        return _grade(one) if one is not None else None

    def _write(self, lines: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        temp = self._file.with_suffix(".tmp")
        temp.write_text(text)
        temp.replace(self._file)


def code_digest() -> str:
    """Of the files that the figures depend on."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in CODE for path in ROOT.glob(pattern)}):
        if path.name not in ONLY_PRINTS:
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _to_store(one: Grade) -> dict[str, Any]:
    return {**vars(one), "changes": {name: vars(found) for name, found in one.changes.items()}}


def _grade(stored: dict[str, Any]) -> Grade:
    return Grade(
        clean={size: (alarms, turns) for size, (alarms, turns) in stored["clean"].items()},
        work=(stored["work"][0], stored["work"][1]),
        changes={name: _found(**one) for name, one in stored["changes"].items()},
        stages=stored["stages"],
        mistaken=stored["mistaken"],
    )


def _found(**stored: Any) -> Found:
    counters = {name: Counter(value) for name, value in stored.items() if isinstance(value, dict)}
    return Found(**{**stored, **counters})
