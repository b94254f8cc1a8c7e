"""The microphone of the demo: chunks of 256 ms while it is open, and what a user says into it."""

import math
import threading
from dataclasses import dataclass

CHUNK_S = 4096 / 16_000
"""Upstream reads 4096 samples at 16 kHz at a time."""
SPEECH_S_PER_CHARACTER = 0.065
"""How long a user takes to say a character of text. Assumption: about 150 words a minute."""


@dataclass(frozen=True)
class Utterance:
    """A sentence that is said between two moments of the clock (s since 1970)."""

    started: float
    ended: float
    text: str


@dataclass(frozen=True)
class Chunk:
    """256 ms of sound."""

    heard: str = ""
    """The part of the utterance up to the end of this chunk; empty when nobody speaks in it."""


class Microphone:
    """Computes the chunks that upstream's recording thread would have put into its queue.

    The sound card never stops; a chunk that completes while the microphone is closed is dropped. ``open`` and ``close``
    come from other threads than ``take``.
    """

    def __init__(self, started: float, chunk_s: float = CHUNK_S) -> None:
        """``started``: moment of the first sample; ``chunk_s``: shorter when a live demo runs faster than real time."""
        self.chunk_s = chunk_s
        self.is_open = True
        self._started = started
        self._from = started
        """No chunk that completed before this moment is in the queue."""
        self._utterance: Utterance | None = None
        self._lock = threading.Lock()

    def say(self, utterance: Utterance) -> None:
        """Somebody speaks; the utterance before it is over."""
        with self._lock:
            self._utterance = utterance

    def close(self) -> None:
        """Drop what is in the queue and everything that follows."""
        with self._lock:
            self.is_open = False

    def open(self, moment: float) -> None:
        """Let chunks into the queue that complete after ``moment``. An open microphone stays as it is."""
        with self._lock:
            if not self.is_open:
                self.is_open, self._from = True, moment

    def take(self, moment: float) -> list[Chunk]:
        """Empty the queue: the chunks that have completed until ``moment`` since the last call."""
        with self._lock:
            if not self.is_open:
                return []
            first = math.floor((self._from - self._started) / self.chunk_s)
            last = math.floor((moment - self._started) / self.chunk_s)
            self._from = max(moment, self._from)
            return [self._chunk(number) for number in range(first, last)]

    def _chunk(self, number: int) -> Chunk:
        begin = self._started + number * self.chunk_s
        end = begin + self.chunk_s
        said = self._utterance
        if said is None or end <= said.started or begin >= said.ended:
            return Chunk()
        # Assumption: every chunk with speech in it changes the text. (A model may know the last word a chunk earlier.)
        share = min((end - said.started) / max(said.ended - said.started, 1e-9), 1.0)
        return Chunk(said.text[: max(1, math.floor(share * len(said.text)))])
