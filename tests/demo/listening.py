"""STT's loop alone, on a virtual clock, with whisper passes of one length."""

import json
from dataclasses import dataclass
from typing import Any

from timmy_tui.demo.clock import KernelClock, VirtualClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.generated.speech import Listener
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.voice.microphone import Microphone
from timmy_tui.demo.voice.speech import SpeechToText, SttSetup

ANSWER_S, SPEECH_S = 1.0, 3.0


class EqualPasses(Latencies):
    """Each pass takes ``pass_ms``, or up to ``jitter`` (a share) more or less; nothing else takes time."""

    def __init__(self, pass_ms: float, jitter: float) -> None:
        super().__init__()
        self.pass_ms = pass_ms
        self.jitter = jitter
        self.spoken_passes = 0
        self.most_spoken = 0
        """Most chunks of speech that a pass had to transcribe."""

    def draw(self, key: str) -> float:
        return 0.0

    def transcribe(self, spoken_chunks: int) -> float:
        self.most_spoken = max(self.most_spoken, spoken_chunks)
        self.spoken_passes += spoken_chunks > 0
        return self.pass_ms * self.random.uniform(1 - self.jitter, 1 + self.jitter)


@dataclass(frozen=True)
class Event:
    """A line that STT has written."""

    at: float
    name: str
    request_id: str
    metadata: dict[str, Any]


class LoopAlone:
    """The loop, and what it has written and sent."""

    def __init__(self, pass_ms: float, threshold_s: float = 0.5, status: int | None = 200, jitter: float = 0.0) -> None:
        self.hardware = VirtualClock(0.0)
        self.clock = KernelClock(self.hardware)
        self.latencies = EqualPasses(pass_ms, jitter)
        self.microphone = Microphone(0.0)
        self.sent: list[str] = []
        self._status = status
        self._lines: list[str] = []
        setup = SttSetup("http://localhost:5000/api/webhook", self._answer, 0, threshold_s)
        events = EventWriter("stt", self.clock.now, self._lines.append)
        loop = SpeechToText(self.clock, self.latencies, events, self.microphone, setup)
        self.listener = Listener(loop, self.hardware)

    @property
    def events(self) -> list[Event]:
        """What is in the log."""
        lines = [json.loads(line) for line in self._lines]
        return [Event(line["timestamp"], line["event"], line["request_id"], line["metadata"]) for line in lines]

    def named(self, name: str) -> list[Event]:
        """The events of one name."""
        return [event for event in self.events if event.name == name]

    def take_turn(self, text: str, after_s: float) -> None:
        """Say a text; v34 answers it, and the reply is spoken for SPEECH_S before the microphone is open again."""
        self.listener.wait(after_s)
        assert self.listener.hear(text)
        self.hardware.move_to(self._answered_at + SPEECH_S)
        self.listener.open(self.hardware.now())

    def _answer(self, text: str, request_id: str) -> int | None:
        self.sent.append(text)
        self.hardware.work(1000 * ANSWER_S)
        self._answered_at = self.hardware.now()
        return self._status
