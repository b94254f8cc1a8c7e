"""The scenarios of the demo: what happens when, and a record of it against which detectors are tested."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timmy_tui.demo.clock import LLM_CALL, SYNTHESIS

REGRESSION_FACTOR = 1.6
QUIET_S, SLEEP_S, BEHIND_S = 600.0, 3 * 3600.0, 90.0
"""Sizes of what is known to happen: minutes of quiet, a sleep, a clock behind. They, and the seconds of a step, are
assumptions."""
GROUND_TRUTH_FILE = "demo/truth.jsonl"
"""Below the root: one JSON line per turn and per incident, with the number of the live turn."""


@dataclass(frozen=True)
class Incident:
    """Something that happens before a live turn: a fault, a slowdown, a clock step."""

    name: str
    stage: str = ""
    """Key of the stage that ``slow`` slows down; place in the turn at which ``voice step`` happens."""
    factor: float = 1.0
    """For ``slow``: factor of the duration; for ``quiet``: seconds without a word; for the others: seconds that a clock
    steps, STT's and TTS's before the turn (``step``) or in it (``voice step``), v34's (``v34 step``) or all (``sleep``)
    """


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
    """STT/TTS clock minus true time, s. Assumption: two kernels that agree to a few milliseconds."""
    v34_offset_s: float = 0.0
    """v34's clock minus true time, s."""
    dies_in_reload: bool = False
    """A reload of v34 while it serves a turn ends it for good."""

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
            15: Incident("v34 500"),
        },
        repeat_after=15,
    ),
    "quiet": Scenario(
        "before every third turn the user says nothing for ten minutes",
        {3: Incident("quiet", factor=QUIET_S)},
        repeat_after=3,
    ),
    "v34-clock-step": Scenario(
        "v34's clock steps in mid-turn, inside the LLM call: 4 s ahead, later 4 s back",
        {3: Incident("v34 step", factor=4.0), 6: Incident("v34 step", factor=-4.0)},
        repeat_after=6,
    ),
    "voice-clock-step": Scenario(
        "STT's and TTS's clock steps in mid-turn by 3 s, ahead and back, while v34 works or in the synthesis",
        {
            3: Incident("voice step", LLM_CALL, 3.0),
            5: Incident("voice step", SYNTHESIS, -3.0),
            7: Incident("voice step", LLM_CALL, -3.0),
            9: Incident("voice step", SYNTHESIS, 3.0),
        },
        repeat_after=10,
    ),
    "sleep": Scenario(
        "the machine sleeps for three hours inside the LLM call of the fourth turn",
        {4: Incident("sleep", factor=SLEEP_S)},
        clock_offset_s=0.002 - SLEEP_S,
        v34_offset_s=-SLEEP_S,
    ),
    "death-in-reload": Scenario(
        "from the fourth turn on somebody saves v34's config in each turn: a reload in mid-turn ends v34 for good",
        # Each time with odds of about four in five: the reloader looks once a second, and v34's part takes 0.8–1.3 s.
        dict.fromkeys(range(4, 12), Incident("save config")),
        dies_in_reload=True,
    ),
    "writer-behind": Scenario(
        "v34's clock is 90 s behind STT's and TTS's, and behind true time", {}, v34_offset_s=-BEHIND_S
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
