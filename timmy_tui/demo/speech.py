"""The events of STT and TTS around a turn, on their own clock."""

import random
from collections.abc import Callable

from timmy_tui.demo.clock import Clock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies

PAUSE_THRESHOLD_S = 0.5
MUTE_MS, REARM_MS = 200.0, 300.0
"""Upstream's fixed sleeps before playback and before listening again."""


class SpeechToText:
    """STT: from the pause after a sentence to the request leaving for v34."""

    def __init__(self, clock: Clock, latencies: Latencies, events: EventWriter, endpoint: str) -> None:
        self.clock = clock
        self.latencies = latencies
        self.events = events
        self.endpoint = endpoint

    def detect_pause(self, request_id: str) -> None:
        """The silence threshold has passed. After a lone pause nothing follows."""
        self.clock.work(PAUSE_THRESHOLD_S * 1000)
        self.events.record(request_id, "stt_pause_detected", pause_threshold=PAUSE_THRESHOLD_S)

    def recognize(self, request_id: str, text: str) -> None:
        """A whole sentence, up to the request that is sent to v34."""
        self.detect_pause(request_id)
        self.clock.work(self.latencies.draw("stt_final"))
        self.events.record(request_id, "stt_transcript_finalized", text_length=len(text))
        self.clock.work(1.0)
        self.events.record(request_id, "stt_sending_to_v34", text_length=len(text))
        self.events.record(request_id, "stt_http_request_start", endpoint=self.endpoint)
        self.clock.work(self.latencies.draw("hop"), "hop")


class TextToSpeech:
    """TTS: from the arrival of the request to the microphone being open again."""

    def __init__(self, clock: Clock, latencies: Latencies, events: EventWriter) -> None:
        self.clock = clock
        self.latencies = latencies
        self.events = events

    def receive(self, request_id: str, text: str) -> None:
        """The request has arrived."""
        self.events.record(request_id, "tts_request_received", text_length=len(text))

    def speak(self, request_id: str, text: str, mute: Callable[[], None], unmute: Callable[[], None]) -> None:
        """Mute the microphone, synthesise, play, open the microphone."""
        self.clock.work(1.5)
        mute()
        self.events.record(request_id, "tts_pause_sent")
        self.clock.work(MUTE_MS + self.latencies.draw("mute"))
        self.events.record(request_id, "tts_synthesis_start")
        self.clock.work(self.latencies.tts(len(text)))
        self.events.record(request_id, "tts_audio_playback_start")
        self.clock.idle(self.latencies.playback(len(text)))
        self.events.record(request_id, "tts_audio_playback_complete", chunks_written=len(text))
        self.clock.work(REARM_MS)
        unmute()
        self.events.record(request_id, "tts_resume_sent")


def new_request_id(random_: random.Random) -> str:
    """The first eight characters of a UUID4."""
    return f"{random_.getrandbits(32):08x}"
