"""The scenarios of the demo: what happens when, and a record of it against which detectors are tested."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGRESSION_FACTOR = 1.6
GROUND_TRUTH_FILE = "demo/truth.jsonl"
"""Below the root: one JSON line per turn and per incident, with the number of the live turn."""


@dataclass(frozen=True)
class Incident:
    """Something that happens before a live turn: a fault, a slowdown, a clock step."""

    name: str
    stage: str = ""
    """Key of the stage that ``slow`` slows down."""
    factor: float = 1.0
    """For ``slow``: factor of the duration; for ``step``: seconds added to the STT/TTS clock."""


@dataclass(frozen=True)
class Scenario:
    """How the demo starts, and what happens in it."""

    summary: str
    incidents: Mapping[int, Incident]
    """By number of the live turn, counted from 1."""
    repeat_after: int = 0
    """The incidents start again after this many turns; 0: they happen once."""
    raw: bool = True
    clock_offset_s: float = 0.002
    """STT/TTS clock minus v34's clock."""

    def incident_before(self, turn: int) -> Incident | None:
        """The incident before live turn ``turn``, counted from 1, or None."""
        return self.incidents.get((turn - 1) % self.repeat_after + 1 if self.repeat_after else turn)


SCENARIOS: Mapping[str, Scenario] = {
    "steady": Scenario("nothing happens but conversation", {}),
    "regression": Scenario(
        "after twelve turns retrieval takes 60 % longer", {13: Incident("slow", "retrieve", REGRESSION_FACTOR)}
    ),
    "overflow": Scenario("raw is off and the full prompt is sent: the context grows past num_ctx", {}, raw=False),
    "cold-start": Scenario(
        "the model is unloaded, another client takes its slot",
        {4: Incident("unload"), 8: Incident("steal")},
        repeat_after=10,
    ),
    "clock-skew": Scenario(
        "STT and TTS are 5 s ahead, later 3 s", {9: Incident("step", factor=-2.0)}, clock_offset_s=5.0
    ),
    "faults": Scenario(
        "torn lines, truncation, rotation, a crash of v34, failing calls, hostile text",
        {
            2: Incident("torn"),
            3: Incident("llm 500"),
            4: Incident("evil"),
            5: Incident("truncate"),
            6: Incident("empty"),
            7: Incident("rotate"),
            8: Incident("crash"),
            9: Incident("garbage"),
            10: Incident("leak"),
            11: Incident("tts down"),
            12: Incident("duplicate"),
            13: Incident("torn"),
            14: Incident("evil"),
        },
        repeat_after=14,
    ),
}


class GroundTruth:
    """Records what was done, in memory and, if ``path`` is given, as lines of a file."""

    def __init__(self, path: Path | None, now: Callable[[], float]) -> None:
        self.path = path
        self.now = now
        self.entries: list[dict[str, Any]] = []

    def record(self, what: str, **facts: object) -> None:
        """Add one entry with the current time. ``what``: ``turn`` or the name of an incident."""
        entry = {"at": self.now(), "what": what, **facts}
        self.entries.append(entry)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
