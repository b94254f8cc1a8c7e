"""What a stage is, and what follows from a table of them: the order, the critical path, the parts of each."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

CROSS = "cross"
"""Clock of a stage that begins on one clock and ends on another."""
NONE = "none"
"""Group of a stage that has none."""
Owner = Literal["setting", "service", "hop", "code", "speech", "none"]
Measured = Literal["events", "setting", "pairs", "reported", "rest", "sum"]
Fill = Literal["owner", "service", "setting", "code", "hole"]

SOFT_MS = 0.5
"""``soft_ms`` of what has no row, or says nothing else."""


class Covariate(Struct, frozen=True):
    """A measure of a stage's work, and how the stage's time is expected to follow it."""

    work: str
    """In the words of the screen; what it is of a turn says ``analysis/stats/workload.py``."""
    slope: float
    """Log ms per log work: 1 is in proportion. Not measured by a bench."""
    spread: float
    """Standard deviation of the slope: how far the turns may move it. Not measured by a bench."""


class Stage(Struct, frozen=True, kw_only=True):
    """A named span of a turn."""

    key: str
    label: str
    """At most six cells, for rows and bars."""
    name: str = ""
    """In a sentence; empty: the label."""
    starts: tuple[str, ...] = ()
    """Events that open it; the first one present counts. At most two."""
    ends: tuple[str, ...] = ()
    """Events that close it; the first one present counts. At most two."""
    clock: str
    """Whose clock stamps it; ``cross`` is two clocks."""
    owner: Owner
    """What it depends on; also the look of its bar."""
    meaning: str

    critical: bool = False
    """Part of voice-to-voice: these and the unattributed time sum to it."""
    request: bool = False
    """It is the request to the language model, to its last token; a critical stage. Of several the first counts."""
    optional: bool = False
    """May be left out of a turn: then it is *skipped*, not *not measured*."""
    parent: str = ""
    """Key of the stage that this one is a part of."""
    measured: Measured = "events"
    """Between its events, or as its log says; a setting; as the sum of its pairs of events; reported by Ollama; as what
    its siblings leave of the parent; or as the sum of the stages across two clocks."""

    judged: bool = True
    """The detector reports when its level moves."""
    compared: bool = True
    """A comparison of two sets of turns has a verdict on it."""
    group: str
    """Stages whose sessions differ by chance for the same reason: model and GPU, the voice services, the network, one
    process. ``none``: not learned, assumed."""
    sleep_ms: float | None = None
    """ms. The fixed sleep in upstream's code that is a part of it; None: there is none. Not measured: a constant."""
    teaches: bool = True
    """What its sessions differ by is learned for its group. Not: sums of others, and sleeps."""
    on_gpu: bool = False
    """Stages that move the same way at the same time are then one finding."""
    covariates: tuple[Covariate, ...] = ()
    """What its time follows; empty: nothing that is logged."""
    soft_ms: float = SOFT_MS
    """ms. Added to a time before its logarithm: below it there are only clocks and schedulers. Network: a local one
    takes 1–5 ms, and the scheduler as much again. Not measured."""
    least_move_ms: float = 1.5
    """ms. A level that moved by less is not reported. Network: a busy machine's scheduler. Not measured by
    itself."""

    trend: int = 50
    """Place on the trends screen, lowest first; 0 is not shown."""
    fill: Fill = "owner"
    """Look of its bar where it is drawn as a part of another stage."""


UNATTRIBUTED = "unattributed"
"""Key of the time between the named critical stages."""
UNATTRIBUTED_LABEL = "?"
GAP = "gap:"
"""Prefix of the key of one stretch of it: ``gap:classify→retrieve``."""
V2V = "V2V"
"""Key of the whole, as a series that is judged and compared."""
PROMPT_CACHE = "prompt cache"
"""What is named when prompts are not reused any more, which shows in the prefill."""
GPU = "gpu"
"""What is named when several stages on the GPU moved as one."""
NO_NETWORK = "network"
"""``StageTable.network`` where the table has no such row: a key that no turn has."""


class StageTable:
    """The stages of one system, in the order of a turn, parts behind the top level; and what follows from them."""

    def __init__(self, rows: Sequence[Stage]) -> None:
        self.rows = tuple(rows)
        self.by_key = {stage.key: stage for stage in rows}
        self.keys = tuple(self.by_key)
        self.critical = tuple(stage.key for stage in rows if stage.critical)
        """The stages that, with the unattributed time, sum to voice-to-voice."""
        self.top = tuple(stage.key for stage in rows if not stage.parent)
        self.settings = tuple(stage.key for stage in rows if stage.measured == "setting")
        """Parts of a headline that are a setting, ahead of the first event, and no measurement."""
        self.outside = tuple(stage.key for stage in rows if not stage.parent and not stage.critical)
        """Behind the first sound, or across everything: no part of voice-to-voice."""
        self.hops = tuple(stage.key for stage in rows if stage.clock == CROSS and stage.critical)
        """Across two clocks: where these differ, no hop is a duration, only the sum of all is."""
        self.network = next((stage.key for stage in rows if stage.measured == "sum"), NO_NETWORK)
        """Key of that sum: of all hops, and known where all are in the span. It stands for them wherever time is
        judged."""
        self.gpu = tuple(key for key in self.top if self.by_key[key].on_gpu)
        """Top stages that share the GPU."""
        self.request = next((stage.key for stage in rows if stage.request and stage.critical), "")
        """The request to the language model; empty where no stage is that."""
        self.groups = tuple(dict.fromkeys(stage.group for stage in rows if stage.group != NONE))
        self.parts = {whole: tuple(stage.key for stage in rows if stage.parent == whole) for whole in self.keys}
        """Stage → its own parts, without theirs."""
        self.split = {
            whole: parts
            for whole, parts in self.parts.items()
            if any(self.by_key[part].measured == "rest" and self.by_key[part].judged for part in parts)
        }
        """Stages that are judged in their parts where all of these are known: the parts sum to the whole."""
        self.trends = tuple(stage.key for stage in sorted(rows, key=lambda stage: stage.trend) if stage.trend)
        """Charts of the trends screen."""

    @cached_property
    def in_order(self) -> tuple[str, ...]:
        """All stages in the order of a turn, parts behind their whole."""
        return tuple(key for top in self.top for key in self.with_parts(top))

    def label(self, key: str) -> str:
        """Short label of a stage, of the unattributed time, or the key itself where it is neither."""
        if key == UNATTRIBUTED:
            return UNATTRIBUTED_LABEL
        stage = self.by_key.get(key)
        return stage.label if stage else key

    def top_of(self, key: str) -> str:
        """The top stage that a stage is, or is a part of."""
        while self.by_key[key].parent:
            key = self.by_key[key].parent
        return key

    def parts_of_headline(self, stages: Mapping[str, float | None]) -> Iterator[tuple[str, float]]:
        """Key and ms of what the headline is made of, in order, but for the unattributed time.

        These are the measured critical stages, with the sum of the hops, where it is known, in the place of the first.
        """
        whole = stages.get(self.network)
        for key in self.critical:
            if whole is not None and key in self.hops:
                if key == self.hops[0]:
                    yield self.network, whole
                continue
            ms = stages.get(key)
            if ms is not None:
                yield key, ms

    def with_parts(self, key: str) -> Iterator[str]:
        """A stage, its parts behind it, theirs behind each."""
        yield key
        for part in self.parts[key]:
            yield from self.with_parts(part)
