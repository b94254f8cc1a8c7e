"""The voice system that this process watches: its name and its stages. It is chosen once, before anything uses it.

A process watches one system, so that its table of stages is a constant for all that judge and draw. Who starts the
process chooses (``profiles/choice.py``); who chooses nothing watches Little Timmy.
"""

from typing import Literal

from msgspec import Struct

from timmy_tui.model.stages.table import StageTable
from timmy_tui.model.stages.v34 import TABLE

BUILT_IN = "v34"
"""Name of the system that is read without a profile."""


Taken = Literal["live", "start"]
"""When a system takes a value of its file over: at each use, or when it starts."""


class Switch(Struct, frozen=True, kw_only=True):
    """A flag of a system that a profile reads; its log tells the values, and perhaps a file has them."""

    key: str
    label: str
    type: type[bool] | type[int] | type[float] | type[str]
    meaning: str = ""
    touches: tuple[str, ...] = ()
    """Stages that get new usual times when it changes. Empty: it may be any."""
    stored: str = ""
    """Its name in the system's file; empty where the file does not have it."""
    default: bool | int | float | str | None = None
    """What the system runs with where the file does not say it."""
    taken: Taken = "live"
    choices: tuple[bool | int | float | str, ...] = ()
    least: float | None = None
    most: float | None = None
    read_only: str = ""
    """Why it is never changed from here; empty when it may be."""


class SwitchFile(Struct, frozen=True, kw_only=True):
    """Where a system keeps its switches, and how it is started again."""

    path: str
    """A JSON object, ``~`` is the user's home."""
    unit: str = ""
    """The unit of systemd that runs it; empty: not known."""


class System(Struct, frozen=True, eq=False, kw_only=True):
    """What analysis, reports and screens need to know of a voice system."""

    name: str
    """Name of its profile."""
    title: str
    """Its name in a sentence."""
    stages: StageTable
    switches: tuple[Switch, ...] = ()
    """Of another system than Little Timmy, whose flags have a table of their own (model/flags/table.py)."""
    switch_file: SwitchFile | None = None
    """None: its switches are only read."""
    counts_tokens: bool = True
    """Its log has what the language model counted."""
    stamps_measure: bool = True
    """Its stamps are fine enough to measure a step between two events; else they only order them."""
    counts: frozenset[str] = frozenset()
    """What of its events is a number of something, as ``event.name``; all other figures of them are times in ms."""

    @property
    def is_built_in(self) -> bool:
        """It is Little Timmy, read without a profile: only then v34's own words and switches mean anything."""
        return self.name == BUILT_IN

    def step_ms(self, before: float | None, at: float | None) -> float | None:
        """Time between two of its stamps, in ms. None where one is not known (also as 0), or where they only order."""
        return 1000 * (at - before) if self.stamps_measure and before and at else None


LITTLE_TIMMY = System(name=BUILT_IN, title="Little Timmy", stages=TABLE)

_chosen: list[System] = []
_used: list[System] = []


def choose(system: System) -> None:
    """Watch this system. Raises RuntimeError once another one is in use."""
    if _used and _used[0] is not system:
        raise RuntimeError(f"{_used[0].name} is watched already, {system.name} cannot be chosen any more")
    _chosen[:] = [system]


def watched() -> System:
    """The system that was chosen, from now on for good."""
    if not _used:
        _used.append(_chosen[0] if _chosen else LITTLE_TIMMY)
    return _used[0]
