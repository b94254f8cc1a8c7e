"""STT and TTS: upstream's listening loop, and the events around a reply that is spoken."""

import random
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from timmy_tui.demo.clock import LLM_CALL, SYNTHESIS, KernelClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.voice.microphone import Chunk, Microphone
from timmy_tui.demo.voice.transcripts import Transcripts

PAUSE_THRESHOLD_S = 0.5
BUFFER_CHUNKS = 156
LOOP_SLEEP_MS = 100.0
"""Upstream sleeps this long at the end of a pass, and once more in its ``finally``."""
FORCE_CHARACTERS, FORCE_SILENCE_S = 80, 0.3
"""A longer text is set aside when no chunk has come for this time, which only a slow pass can bring about."""
MUTE_MS, REARM_MS = 200.0, 300.0
"""Upstream's fixed sleeps before playback and before listening again."""
MUTED_LIMIT_S = 20.0
"""A turn that v34 does not answer leaves the microphone closed for good, in upstream too. After this time the demo
opens it (as a client of /resume-listening may) and goes on."""

Send = Callable[[str, str], int | None]
"""(text, request id) → HTTP status of v34's answer, or None when there was none in time."""


@dataclass(frozen=True)
class SttSetup:
    """What is fixed while STT runs."""

    endpoint: str
    send: Send
    seed: int
    pause_threshold_s: float = PAUSE_THRESHOLD_S
    speed: float = 1.0
    """Divides the threshold and every other wait of the loop; the logged setting stays."""


class SpeechToText:
    """The loop that listens, pass by pass, and sends what was said to v34."""

    def __init__(
        self, clock: KernelClock, latencies: Latencies, events: EventWriter, microphone: Microphone, setup: SttSetup
    ) -> None:
        self.clock = clock
        self.latencies = latencies
        self.events = events
        self.microphone = microphone
        self.setup = setup
        self.transcripts = Transcripts()
        self._ids = random.Random(f"request ids {setup.seed}")
        self._buffer: deque[Chunk] = deque(maxlen=BUFFER_CHUNKS)
        self._spoken = 0
        """Chunks with speech in the buffer."""
        self._text_changed = self._chunk_came = clock.now()
        self._was_closed = False

    def run_pass(self) -> bool:
        """One round of upstream's endless loop. True if a text was sent to v34, whether or not v34 answered.

        The microphone is closed from that moment on; TTS opens it after the reply.
        """
        is_closed = not self.microphone.is_open
        if is_closed and not self._was_closed:
            self._clear_buffer()
        self._was_closed = is_closed
        if is_closed:
            self.clock.work(LOOP_SLEEP_MS)
            return False
        chunks = self.microphone.take(self.clock.hardware.now())
        if chunks:
            self._buffer_chunks(chunks)
            self._chunk_came = self.clock.now()
        if not self._buffer:
            self.clock.work(2 * LOOP_SLEEP_MS)
            return False
        text = self._transcribe()
        if (text.startswith("(") and text.endswith(")")) or (text.startswith("[") and text.endswith("]")):
            self.clock.work(LOOP_SLEEP_MS)
            return False
        if self.transcripts.update(text):
            self._text_changed = self.clock.now()
        was_sent = self._look_for_pause()
        self._set_long_text_aside()
        self.clock.work(2 * LOOP_SLEEP_MS)
        return was_sent

    def _buffer_chunks(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            dropped = self._buffer[0] if len(self._buffer) == BUFFER_CHUNKS else Chunk()
            self._buffer.append(chunk)
            self._spoken += bool(chunk.heard) - bool(dropped.heard)

    def _clear_buffer(self) -> None:
        self._buffer.clear()
        self._spoken = 0

    def _transcribe(self) -> str:
        """Run the model over the whole buffer. Without speech its filter leaves nothing, and the text is empty."""
        self.clock.work(self.latencies.transcribe(self._spoken))
        if not self._spoken:
            return ""
        return next(chunk.heard for chunk in reversed(self._buffer) if chunk.heard).strip()

    def _look_for_pause(self) -> bool:
        if self.clock.now() - self._text_changed <= self.setup.pause_threshold_s / self.setup.speed:
            return False
        request_id = new_request_id(self._ids)
        self.events.record(request_id, "stt_pause_detected", pause_threshold=self.setup.pause_threshold_s)
        has_text = self.transcripts.finish()
        if has_text:
            self.microphone.close()
            self._send(self.transcripts.latest, request_id)
            self._clear_buffer()
        self._text_changed = self.clock.now()
        return has_text

    def _send(self, text: str, request_id: str) -> None:
        self.clock.work(self.latencies.draw("stt_final"))
        self.events.record(request_id, "stt_transcript_finalized", text_length=len(text))
        self.clock.work(self.latencies.draw("stt_send"))
        self.events.record(request_id, "stt_sending_to_v34", text_length=len(text))
        self.events.record(request_id, "stt_http_request_start", endpoint=self.setup.endpoint)
        status = self.setup.send(text, request_id)
        # Upstream checks the status first, so an error or a time-out leaves no event.
        if status is not None and status < 400:
            self.events.record(request_id, "stt_http_response_received", status_code=status)

    def _set_long_text_aside(self) -> None:
        silence = self.clock.now() - self._chunk_came
        is_long = len(self.transcripts.current) > FORCE_CHARACTERS
        if is_long and silence > FORCE_SILENCE_S / self.setup.speed and self.transcripts.set_aside():
            self._clear_buffer()


class MicrophoneSwitch(Protocol):
    """What TTS does with the microphone, by a request to STT."""

    def close(self) -> None:
        """Drop what is said from now on."""

    def open(self, moment: float) -> None:
        """Listen to what completes after ``moment``, s since 1970."""


class TextToSpeech:
    """TTS: from the arrival of the request to the microphone being open again."""

    def __init__(
        self, clock: KernelClock, latencies: Latencies, events: EventWriter, microphone: MicrophoneSwitch
    ) -> None:
        self.clock = clock
        self.latencies = latencies
        self.events = events
        self.microphone = microphone
        self._voice = threading.Lock()

    def receive(self, request_id: str | None, text: str) -> None:
        """The request has arrived. Without an id nothing is logged, here and in ``speak``."""
        self.clock.reach(LLM_CALL)
        self.events.record(request_id, "tts_request_received", text_length=len(text))

    def speak(self, request_id: str | None, text: str) -> None:
        """Close the microphone, synthesise, play, open the microphone."""
        self.clock.work(1.5)
        self.events.record(request_id, "tts_pause_sent")
        self.microphone.close()
        self.clock.work(MUTE_MS + self.latencies.draw("mute"))
        self.events.record(request_id, "tts_synthesis_start")
        with self._voice:
            self.clock.work(self.latencies.tts(len(text)))
            self.clock.reach(SYNTHESIS)
            self.events.record(request_id, "tts_audio_playback_start")
            self.clock.idle(self.latencies.playback(len(text)))
            # Assumption: the voice gives one block a sentence, as the Piper library does.
            sentences = len(re.findall(r"[.!?]+", text)) or 1
            self.events.record(request_id, "tts_audio_playback_complete", chunks_written=sentences)
        self.clock.work(REARM_MS)
        self.events.record(request_id, "tts_resume_sent")
        self.microphone.open(self.clock.hardware.now())


def new_request_id(random_: random.Random) -> str:
    """The first eight characters of a UUID4."""
    return f"{random_.getrandbits(32):08x}"
