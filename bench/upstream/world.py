"""The simulated room in which both listening loops run: its clock, what is said in it, how long a pass takes."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CHUNK_S = 0.256


@dataclass(frozen=True)
class Sentence:
    """What the user says next."""

    text: str
    after_s: float
    """Pause before it: since the start, or since the microphone was opened again."""
    seconds: float
    """How long the user speaks."""


@dataclass(frozen=True)
class Experiment:
    """One run of a loop."""

    pass_s: float
    """T, the time of one whisper pass."""
    threshold_s: float = 0.5
    silent_pass_s: float | None = None
    """T of a pass over silence, which is filtered before the model; None: as long as any other."""
    sentences: Sequence[Sentence] = ()
    quiet_s: float = 0.0
    """Silence after the last sentence."""
    statuses: Sequence[int | None] = ()
    """HTTP status of v34's answer to each sentence; None: no answer in time. Missing: 200."""
    seed: int = 0
    answer_s: float = 1.0
    speech_s: float = 3.0
    """Time until v34 answers, and from there until TTS opens the microphone."""
    limit_s: float = 600.0
    """End of the run, should a sentence never be sent."""


@dataclass
class Event:
    """A line of the latency log."""

    at: float
    """Seconds since the start."""
    name: str
    request_id: str
    metadata: dict[str, object]
    fields: tuple[str, ...] = ()
    """Names in the line, in order."""


def read_event(line: dict[str, Any]) -> Event:
    """An event from its decoded line."""
    return Event(line["timestamp"], line["event"], line["request_id"], line["metadata"], tuple(line))


@dataclass
class Room:
    """The state of one run. Moments are seconds since the start."""

    experiment: Experiment
    now: float = 0.0
    opens_at: float | None = None
    """Moment at which TTS will open the microphone; None: it is open, or stays closed."""
    last_sounds: list[float] = field(default_factory=list)
    """End of each sentence that has been said."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.experiment.seed)
        self._waiting = list(self.experiment.sentences)
        self._statuses = list(self.experiment.statuses)
        self._said: tuple[float, float, str] | None = None
        self._ends_at = math.inf
        self._plan_next(0.0)

    def pass_seconds(self, is_spoken: bool) -> float:
        """Duration of the next whisper pass: T and up to 2 % more or less, the same in both runs."""
        silent_s = self.experiment.silent_pass_s
        mean = self.experiment.pass_s if is_spoken or silent_s is None else silent_s
        return mean * self._random.uniform(0.98, 1.02)

    def heard(self, chunk: int) -> str:
        """What of the current sentence has been said at the end of a chunk; empty if nobody speaks in the chunk."""
        if self._said is None:
            return ""
        started, ended, text = self._said
        begin = chunk * CHUNK_S
        if begin + CHUNK_S <= started or begin >= ended:
            return ""
        return text[: max(1, math.floor(min((begin + CHUNK_S - started) / (ended - started), 1.0) * len(text)))]

    def answer(self) -> int | None:
        """v34 is asked now: the time passes, and TTS will speak if the answer is good. Returns the HTTP status."""
        self.now += self.experiment.answer_s
        status = self._statuses.pop(0) if self._statuses else 200
        self.opens_at = self.now + self.experiment.speech_s
        return status

    def open(self) -> None:
        """TTS has opened the microphone; the user goes on."""
        assert self.opens_at is not None
        self._plan_next(self.opens_at)
        self.opens_at = None

    def check_end(self) -> bool:
        """Whether the run is over."""
        return self.now >= min(self._ends_at, self.experiment.limit_s)

    @property
    def said(self) -> tuple[float, float, str] | None:
        """Start, end and text of the current sentence."""
        return self._said

    def _plan_next(self, moment: float) -> None:
        if not self._waiting:
            self._ends_at = moment + self.experiment.quiet_s
            return
        sentence = self._waiting.pop(0)
        started = moment + sentence.after_s
        self._said = (started, started + sentence.seconds, sentence.text)
        self.last_sounds.append(started + sentence.seconds)
