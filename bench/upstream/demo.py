"""Runs the demo's listening loop in the same simulated room as upstream's."""

import json

from bench.upstream.world import CHUNK_S, Event, Experiment, Room, read_event
from timmy_tui.demo.clock import KernelClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.voice.microphone import Microphone, Utterance
from timmy_tui.demo.voice.speech import SpeechToText, SttSetup


class _Clock:
    def __init__(self, room: Room) -> None:
        self._room = room

    def now(self) -> float:
        return self._room.now

    def work(self, ms: float, stage: str = "") -> None:
        self._room.now += ms / 1000

    def idle(self, ms: float) -> None:
        self._room.now += ms / 1000


class _Latencies(Latencies):
    """Passes of the room's length; nothing else takes time, as in the run of upstream."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room

    def draw(self, key: str) -> float:
        return 0.0

    def transcribe(self, spoken_chunks: int) -> float:
        return 1000 * self._room.pass_seconds(spoken_chunks > 0)


def run_demo(experiment: Experiment) -> tuple[Room, list[Event]]:
    """The events that the demo writes."""
    room = Room(experiment)
    lines: list[str] = []
    clock = KernelClock(_Clock(room))
    microphone = Microphone(0.0, CHUNK_S)
    setup = SttSetup("http://localhost:5000/api/webhook", lambda *_: room.answer(), 0, experiment.threshold_s)
    loop = SpeechToText(clock, _Latencies(room), EventWriter("stt", clock.now, lines.append), microphone, setup)
    while not room.check_end():
        if room.said is not None:
            microphone.say(Utterance(*room.said))
        loop.run_pass()
        if room.opens_at is not None and room.now >= room.opens_at:
            microphone.open(room.opens_at)
            room.open()
    events = [json.loads(line) for line in lines]
    return room, [read_event(line) for line in events]
