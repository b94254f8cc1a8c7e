"""Writes fetched debug documents of Home Assistant's voice pipeline. Called with the folder to write to.

Each run is a real ``PipelineInput.execute`` of a real ``PipelineRun``, with its own segmenter for the end of speech, on
an event loop whose clock jumps; the answer of ``assist_pipeline/pipeline_debug/get`` is made by the real WebSocket
code. The microphone, STT, agent and the TTS stream are stand-ins.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.golden.inside.virtual_time import VirtualClock

CLOCK = VirtualClock(1795532645.0)
"""2026-11-24 15:04:05 UTC, a whole second: the first event has no fraction."""
CLOCK.install()

import asyncio  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
from collections.abc import AsyncIterator  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from importlib.metadata import version  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import homeassistant.util.dt as dt_util  # noqa: E402

dt_util.utcnow = lambda: datetime.fromtimestamp(CLOCK.now(), UTC)

from homeassistant.components import stt  # noqa: E402
from homeassistant.components.assist_pipeline import pipeline as real  # noqa: E402
from homeassistant.components.assist_pipeline import websocket_api  # noqa: E402
from homeassistant.components.assist_pipeline.audio_enhancer import EnhancedAudioChunk  # noqa: E402
from homeassistant.components.assist_pipeline.const import DATA_CONFIG, DATA_LAST_WAKE_UP  # noqa: E402
from homeassistant.components.conversation import ConversationResult  # noqa: E402
from homeassistant.components.websocket_api import messages  # noqa: E402
from homeassistant.core import Context  # noqa: E402
from homeassistant.helpers.intent import IntentResponse  # noqa: E402
from homeassistant.helpers.json import json_bytes  # noqa: E402
from homeassistant.util import ulid as ulid_util  # noqa: E402

from bench.golden.truth import Turn, write_truth  # noqa: E402

real.ulid_util = SimpleNamespace(ulid_now=lambda: ulid_util.ulid_at_time(CLOCK.now()))
CHUNK_S = 0.01


@dataclass
class Plan:
    """Seconds of one run."""

    text: str = "What is the weather?"
    reply: str = "It is fine today."
    kind: str = "speech"
    """speech, streamed, no text, stt failed, no reply, text (typed: begins at the intent), wake (by wake word)."""
    quiet: float = 0.4
    """Before the first sound."""
    spoken: float = 1.6
    silence: float = 0.7
    """The setting of the end of speech, s of silence: 0.25, 0.7 or 1.25; it is not in the record."""
    stt: float = 0.42
    agent: float = 0.63
    """Until the answer is whole; streamed: until its first 60 characters."""
    stream: float = 0.5
    """Streamed: from there to the end."""
    fetched: tuple[float, ...] = (57.318,)
    """Seconds after its begin at which the run is fetched."""
    local: bool = False
    stamps: dict[str, float] = field(default_factory=dict)


class Enhancer:
    """The chance of speech in a chunk, from the plan instead of a model."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def enhance_chunk(self, audio: bytes, timestamp_ms: int) -> EnhancedAudioChunk:
        """As the real one."""
        speaks = self.plan.quiet <= timestamp_ms / 1000 < self.plan.quiet + self.plan.spoken
        if speaks:
            self.plan.stamps["silent"] = CLOCK.now()
        return EnhancedAudioChunk(audio, timestamp_ms, 0.95 if speaks else 0.02)


class Stt(stt.Provider):
    """Takes the stream to its end, then ``stt`` seconds."""

    name = "faster_whisper"
    plan = Plan()
    supported_languages = supported_formats = supported_codecs = ()
    supported_bit_rates = supported_sample_rates = supported_channels = ()

    async def async_process_audio_stream(self, metadata: stt.SpeechMetadata, stream: Any) -> stt.SpeechResult:
        """As any provider."""
        async for _ in stream:
            pass
        self.plan.stamps["vad end"] = CLOCK.now()
        await asyncio.sleep(self.plan.stt)
        if self.plan.kind == "stt failed":
            return stt.SpeechResult(None, stt.SpeechResultState.ERROR)
        text = "" if self.plan.kind == "no text" else self.plan.text
        return stt.SpeechResult(text, stt.SpeechResultState.SUCCESS)


class Run(real.PipelineRun):
    """The real run, but for the agent behind the intent stage."""

    plan = Plan()

    async def recognize_intent(self, intent_input: str, conversation_id: str, extra: str | None) -> tuple[str, bool]:
        """The events of the real one, with a stand-in for ``conversation.async_converse``."""
        plan, kind = self.plan, real.PipelineEventType
        asked = {
            "engine": "conversation.ollama", "language": "en", "intent_input": intent_input,
            "conversation_id": conversation_id, "device_id": None, "satellite_id": None,
            "prefer_local_intents": self.pipeline.prefer_local_intents,
        }  # fmt: skip
        self.process_event(real.PipelineEvent(kind.INTENT_START, asked))
        await asyncio.sleep(plan.agent)
        if plan.kind == "streamed":
            self._delta({"role": "assistant"})
            self._delta({"content": plan.reply[:60]})
            self._streamed_response_text = True
            self.process_event(real.PipelineEvent(kind.INTENT_PROGRESS, {"tts_start_streaming": True}))
            plan.stamps["tts"] = CLOCK.now()
            await asyncio.sleep(plan.stream)
            self._delta({"content": plan.reply[60:]})
        response = IntentResponse("en")
        speech = "" if plan.kind == "no reply" else plan.reply
        response.async_set_speech(speech)
        result = ConversationResult(response=response, conversation_id=conversation_id)
        said = {"processed_locally": plan.local, "intent_output": result.as_dict()}
        self.process_event(real.PipelineEvent(kind.INTENT_END, said))
        plan.stamps.setdefault("tts", CLOCK.now())
        return speech, False

    def _delta(self, delta: dict[str, str]) -> None:
        self.process_event(real.PipelineEvent(real.PipelineEventType.INTENT_PROGRESS, {"chat_log_delta": delta}))


class Home:
    """As much of Home Assistant as a run needs."""

    def __init__(self) -> None:
        store = SimpleNamespace(async_add_listener=lambda listener: None)
        self.data = real.PipelineData(store)  # type: ignore[arg-type]
        self.hass: Any = SimpleNamespace(
            data={real.KEY_ASSIST_PIPELINE: self.data, DATA_CONFIG: {}, DATA_LAST_WAKE_UP: {}},
            config=SimpleNamespace(language="en"),
        )
        self.pipeline = real.Pipeline(
            conversation_engine="conversation.ollama", conversation_language="en", language="en", name="Kitchen",
            stt_engine="faster_whisper", stt_language="en", tts_engine="tts.piper", tts_language="en",
            tts_voice="en_US-ryan-high", wake_word_entity=None, wake_word_id=None, prefer_local_intents=True,
        )  # fmt: skip

    async def run(self, plan: Plan) -> Run:
        """One run, to its end."""
        typed = plan.kind == "text"
        run = Run(
            self.hass, Context(), self.pipeline, real.PipelineStage.INTENT if typed else real.PipelineStage.STT,
            real.PipelineStage.TTS, lambda event: None,
            audio_settings=real.AudioSettings(silence_seconds=plan.silence),
            audio_enhancer=Enhancer(plan),  # type: ignore[arg-type]
        )  # fmt: skip
        run.plan, provider = plan, Stt()
        run.stt_provider, provider.plan = provider, plan
        run.tts_stream = _tts(plan)
        entry = real.PipelineInput(
            run=run, session=SimpleNamespace(conversation_id="01KATALK"),  # type: ignore[arg-type]
            stt_metadata=None if typed else METADATA, stt_stream=None if typed else microphone(),
            intent_input=plan.text if typed else None,
        )  # fmt: skip
        await entry.execute()
        return run

    def fetch(self, run_id: str) -> dict[str, Any]:
        """What ``/get`` answers, as it goes over the wire; our own wrapper says which run was asked for."""
        sent: list[bytes] = []
        connection = SimpleNamespace(
            send_result=lambda iden, result: sent.append(messages.construct_result_message(iden, json_bytes(result))),
            send_error=lambda iden, code, text: sent.append(
                messages.message_to_json_bytes(messages.error_message(iden, code, text))
            ),
        )
        asked = {"id": 7, "type": "assist_pipeline/pipeline_debug/get"}
        asked |= {"pipeline_id": self.pipeline.id, "pipeline_run_id": run_id}
        websocket_api.websocket_get_run.__wrapped__(self.hass, connection, asked)  # behind the check for an admin
        wrapper = {"pipeline_id": self.pipeline.id, "pipeline_run_id": run_id, "fetched_at": round(CLOCK.now(), 3)}
        return wrapper | {"answer": json.loads(sent[0])}


METADATA = stt.SpeechMetadata(
    "en", stt.AudioFormats.WAV, stt.AudioCodecs.PCM, stt.AudioBitRates.BITRATE_16,
    stt.AudioSampleRates.SAMPLERATE_16000, stt.AudioChannels.CHANNEL_MONO,
)  # fmt: skip


def _tts(plan: Plan) -> Any:
    return SimpleNamespace(
        token="abc.mp3", url="/api/tts_proxy/abc.mp3", content_type="audio/mpeg", engine="tts.piper",
        media_source_id="media-source://tts/-stream-/abc.mp3", supports_streaming_input=plan.kind == "streamed",
        async_set_message=lambda message: None,
    )  # fmt: skip


async def microphone() -> AsyncIterator[bytes]:
    """Sound, chunk by chunk as it happens."""
    while True:
        await asyncio.sleep(CHUNK_S)
        yield bytes(int(CHUNK_S * 16000) * 2)


def plans(rng: random.Random) -> list[Plan]:
    """The story."""
    drawn = [
        Plan(
            spoken=round(rng.uniform(1.1, 2.5), 2), stt=round(0.4 * rng.lognormvariate(0, 0.25), 3),
            agent=round(0.6 * rng.lognormvariate(0, 0.3), 3),
        )
        for _ in range(24)
    ]  # fmt: skip
    long = "It is fine today, with a little wind from the west and no rain before the evening."
    special = {
        1: {"kind": "streamed", "reply": long}, 3: {"kind": "no text"}, 5: {"silence": 1.25}, 6: {"silence": 0.25},
        7: {"kind": "text"}, 8: {"fetched": (3.2, 60.0)}, 9: {"kind": "stt failed"}, 10: {"kind": "no reply"},
        11: {"local": True, "agent": 0.03}, 12: {"kind": "streamed", "reply": long, "fetched": (3.6, 60.0, 61.0)},
        13: {"text": "Say [bold]that[/bold] \x1b[31mred\x1b[0m again"}, 16: {"agent": 6.0}, 17: {"stt": 2.5},
    }  # fmt: skip
    for number, changed in special.items():
        for key, value in changed.items():
            setattr(drawn[number], key, value)
    return drawn


async def main() -> None:
    folder = Path(sys.argv[1])
    home, turns, fetched, runs = Home(), list[Turn](), list[dict[str, Any]](), list[str]()
    for number, plan in enumerate(plans(random.Random(8)), 1):
        begun = CLOCK.now()
        task = asyncio.ensure_future(home.run(plan))
        await asyncio.sleep(0)
        run_id = next(reversed(home.data.pipeline_debug[home.pipeline.id]))
        runs.append(run_id)
        for after in plan.fetched:
            await asyncio.sleep(begun + after - CLOCK.now())
            fetched.append(home.fetch(run_id))
        await task
        turns.append(truth(number, run_id, plan, begun))
    fetched.append(home.fetch(runs[0]))  # only ten are held: this one is gone
    (folder / "runs.jsonl").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in fetched), "utf-8")
    versions = {"homeassistant": version("homeassistant"), "python": sys.version.split()[0]}
    write_truth(folder / "truth.json", {"system": "home-assistant", **versions, "fetches": len(fetched)}, turns)
    print(f"home-assistant: {len(turns)} runs, {len(fetched)} fetches, {json.dumps(versions)}")


def truth(number: int, run_id: str, plan: Plan, begun: float) -> Turn:
    """Of one run: from the end of speech to the text that is handed to the TTS."""
    stamps, failed = plan.stamps, plan.kind in ("no text", "stt failed")
    silent, ended = stamps.get("silent"), stamps.get("vad end")
    spoken = not failed and plan.kind not in ("text", "no reply")
    headline = round((stamps["tts"] - silent) * 1000, 3) if spoken and silent is not None else None
    stages = {}
    if ended is not None and silent is not None:
        stages = {"end_of_speech": round((ended - silent) * 1000, 3), "stt": round(plan.stt * 1000, 3)}
    if not failed:
        stages["intent"] = round(plan.agent * 1000, 3)
    return {
        "n": number, "kind": plan.kind, "run_id": run_id, "at": round(begun, 3), "silent": silent, "vad_end": ended,
        "silence_s": plan.silence, "text": plan.text, "headline_ms": headline, "stages_ms": stages,
        "rest_ms": None if headline is None else round(headline - sum(stages.values()), 3),
    }  # fmt: skip


if __name__ == "__main__":
    CLOCK.run(main)
