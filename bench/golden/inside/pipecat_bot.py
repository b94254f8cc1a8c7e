"""A pipecat bot on stand-ins for what hears, thinks and speaks. All that measures, decides and logs is pipecat's own.

The stand-ins have the names of the services that a local bot has, because a processor's name stands in its records.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from openai.types.chat import ChatCompletionChunk
from pipecat.frames.frames import (
    ClientConnectedFrame,
    Frame,
    LLMContextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.ollama import llm as ollama
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

RATE = 16000
STOP_SECS = 0.2
"""Silence that the VAD waits for: pipecat's default."""


@dataclass
class Plan:
    """What the next turn shall take, in seconds, and say."""

    text: str = "What is the weather?"
    reply: tuple[str, ...] = ("It is ", "fine today. Take", " a hat.")
    """Pieces as the LLM streams them; a sentence is over when the next one begins."""
    spoken: float = 1.5
    transcription: float = 0.15
    memory: float = 0.0
    """Something of the application's own between the turn's end and the LLM."""
    first_token: float = 0.35
    sentence: float = 0.08
    """From the first piece to the one that shows that the sentence is over."""
    stream: float = 0.9
    """From there to the last piece."""
    synthesis: float = 0.22
    transport: float = 0.012
    """From the first audio of the TTS to the first chunk that is played."""
    audio: float = 1.6
    """Length of what is spoken, for each sentence."""
    tool: float | None = None
    """Duration of the tool that the LLM asks for first; None: it asks for none."""
    tool_call: float = 0.12
    second_token: float = 0.4
    error: str = ""
    prompt: int = 400
    cached: int | None = 300
    completion: int = 30
    calls: int = field(default=0)
    """Requests so far."""


class Microphone(FrameProcessor):
    """Head of the pipeline: what a transport and its VAD push."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def connect(self) -> None:
        """A client has connected."""
        await self.push_frame(ClientConnectedFrame())

    async def start(self) -> None:
        """The VAD is sure that somebody speaks."""
        await self.push_frame(VADUserStartedSpeakingFrame(start_secs=0.2))

    async def stop(self) -> None:
        """The VAD has heard its silence."""
        await self.push_frame(VADUserStoppedSpeakingFrame(stop_secs=STOP_SECS))


class WhisperSTTService(STTService):
    """Its final text comes ``transcription`` seconds after the VAD's stop."""

    plan = Plan()

    def __init__(self) -> None:
        super().__init__(settings=STTSettings(model="base", language=None), ttfs_p99_latency=0.35, sample_rate=RATE)

    def can_generate_metrics(self) -> bool:
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """No audio comes here."""
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame) and self.plan.text:
            self.create_task(self._hear(self.plan), "hear")

    async def _hear(self, plan: Plan) -> None:
        await asyncio.sleep(plan.transcription)
        await self.push_frame(TranscriptionFrame(plan.text, "user", "", finalized=True))


class MemoryProcessor(FrameProcessor):
    """A bot's own look-up in front of the LLM."""

    plan = Plan()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame) and self.plan.memory:
            await asyncio.sleep(self.plan.memory)
        await self.push_frame(frame, direction)


class OLLamaLLMService(ollama.OLLamaLLMService):
    """pipecat's own service; only the stream of chunks is made here."""

    plan = Plan()

    async def get_chat_completions(self, context: LLMContext) -> AsyncIterator[ChatCompletionChunk]:
        """As the OpenAI client gives it."""
        return self._chunks(self.plan)

    async def _chunks(self, plan: Plan) -> AsyncGenerator[ChatCompletionChunk, None]:
        plan.calls += 1
        first = plan.calls == 1
        await asyncio.sleep(plan.first_token if first else plan.second_token)
        if plan.error:
            raise ConnectionError(plan.error)
        if plan.tool is not None and first:
            function = {"name": "get_weather", "arguments": '{"city": "Trondheim"}'}
            yield _chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
            await asyncio.sleep(plan.tool_call)
        else:
            for number, piece in enumerate(plan.reply):
                if number == 1:
                    await asyncio.sleep(plan.sentence)
                elif number > 1:
                    await asyncio.sleep(plan.stream / max(1, len(plan.reply) - 2))
                yield _chunk({"content": piece})
        usage: dict[str, Any] = {"prompt_tokens": plan.prompt, "completion_tokens": plan.completion}
        if plan.cached is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": plan.cached}
        yield _chunk(None, usage | {"total_tokens": plan.prompt + plan.completion})


class PiperTTSService(TTSService):
    """Silence of the wanted length, in two pieces: the first is shorter than the transport's chunk."""

    plan = Plan()

    def __init__(self) -> None:
        settings = TTSSettings(model=None, voice="en_US-ryan-high", language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=settings, sample_rate=RATE)

    def can_generate_metrics(self) -> bool:
        return True

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """As pipecat's service for Piper does it."""
        plan = self.plan
        await self.start_tts_usage_metrics(text)
        await asyncio.sleep(plan.synthesis)
        await self.stop_ttfb_metrics()
        yield TTSAudioRawFrame(_tone(0.01), RATE, 1, context_id=context_id)
        await asyncio.sleep(plan.transport)
        yield TTSAudioRawFrame(_tone(plan.audio), RATE, 1, context_id=context_id)


class LocalAudioOutputTransport(BaseOutputTransport):
    """A loudspeaker that takes as long as the sound."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))

    async def start(self, frame: Any) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: Any) -> bool:
        await asyncio.sleep(len(frame.audio) / 2 / RATE)
        return True


def _chunk(delta: dict[str, Any] | None, usage: dict[str, Any] | None = None) -> ChatCompletionChunk:
    choices = [] if delta is None else [{"index": 0, "delta": delta}]
    whole = {"id": "1", "created": 0, "model": "llama3.2:3b", "object": "chat.completion.chunk", "choices": choices}
    return ChatCompletionChunk.model_validate(whole | {"usage": usage})


def _tone(seconds: float) -> bytes:
    """Not silent: a quiet frame would count as the end of speech."""
    return b"\x00\x10\x00\xf0" * int(seconds * RATE / 2)
