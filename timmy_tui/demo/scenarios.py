"""What happens in a demo and when, and the record of it that judges can be judged by."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGRESSION_FACTOR = 1.6
TRUTH = "demo/truth.jsonl"
"""Below the root: one JSON line per thing that was done, with the live turn that it came before."""


@dataclass(frozen=True)
class Act:
    """Something that happens before a live turn."""

    name: str
    stage: str = ""
    factor: float = 1.0


@dataclass(frozen=True)
class Scenario:
    """A play: what Timmy starts with, and what happens to it."""

    summary: str
    acts: Mapping[int, Act]
    """By number of the live turn, counted from 1."""
    every: int = 0
    """The acts begin anew after this many turns; 0: they happen once."""
    raw: bool = True
    clock_offset_s: float = 0.002
    """STT/TTS clock minus v34's."""

    def act_before(self, turn: int) -> Act | None:
        """What happens before live turn ``turn``, if anything."""
        return self.acts.get((turn - 1) % self.every + 1 if self.every else turn)


SCENARIOS: Mapping[str, Scenario] = {
    "steady": Scenario("nothing happens but conversation", {}),
    "regression": Scenario(
        "after twelve turns retrieval takes 60 % longer", {13: Act("slow", "retrieve", REGRESSION_FACTOR)}
    ),
    "overflow": Scenario("raw is off and the full prompt is sent: the context grows past num_ctx", {}, raw=False),
    "cold-start": Scenario(
        "the model is unloaded, another client takes its slot",
        {4: Act("unload"), 8: Act("steal")},
        every=10,
    ),
    "clock-skew": Scenario("STT and TTS are 5 s ahead, later 3 s", {9: Act("step", factor=-2.0)}, clock_offset_s=5.0),
    "faults": Scenario(
        "torn lines, truncation, rotation, a crash of v34, failing calls, evil strings",
        {
            2: Act("torn"),
            3: Act("llm 500"),
            4: Act("evil"),
            5: Act("truncate"),
            6: Act("empty"),
            7: Act("rotate"),
            8: Act("crash"),
            9: Act("garbage"),
            10: Act("leak"),
            11: Act("tts down"),
            12: Act("duplicate"),
            13: Act("torn"),
            14: Act("evil"),
        },
        every=14,
    ),
}


class Truth:
    """Appends what was done to a file, or keeps it."""

    def __init__(self, path: Path | None, now: Callable[[], float]) -> None:
        self.path = path
        self.now = now
        self.entries: list[dict[str, Any]] = []

    def note(self, what: str, **facts: object) -> None:
        """One entry."""
        entry = {"at": self.now(), "what": what, **facts}
        self.entries.append(entry)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
