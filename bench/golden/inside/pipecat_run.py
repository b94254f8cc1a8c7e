"""Writes pipecat's recordings and text log. Called with the folder to write to and a checkout of pipecat-ai/tail.

Tail (the version with the recordings) is not on PyPI: its code is taken from the checkout. All of it runs on a clock of
its own (``virtual_time``), so the truth is exact to the microsecond.
"""

import os
import sys
import time
from datetime import timedelta, timezone
from pathlib import Path

from bench.golden.inside.virtual_time import VirtualClock

OSLO = timezone(timedelta(hours=1), "CET")
CLOCK = VirtualClock(1795532645.25)
"""2026-11-24 16:04:05.250 in Oslo."""
os.environ["TZ"] = "Europe/Oslo"
time.tzset()
CLOCK.install()

import asyncio  # noqa: E402
import json  # noqa: E402
import random  # noqa: E402
from collections.abc import Awaitable, Callable, Iterator  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from importlib.metadata import version  # noqa: E402
from typing import Any  # noqa: E402

from loguru import logger  # noqa: E402


def stamp(record: Any) -> None:
    """The time of a line, of loguru's own type."""
    record["time"] = type(record["time"]).fromtimestamp(CLOCK.now(), OSLO)


logger.configure(patcher=stamp)

from pipecat.frames.frames import EndFrame  # noqa: E402
from pipecat.observers.loggers.metrics_log_observer import MetricsLogObserver  # noqa: E402
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineParams, PipelineWorker  # noqa: E402
from pipecat.processors.aggregators.llm_context import LLMContext  # noqa: E402
from pipecat.processors.aggregators.llm_response_universal import (  # noqa: E402
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy  # noqa: E402
from pipecat.turns.user_turn_strategies import UserTurnStrategies  # noqa: E402
from pipecat.workers.runner import WorkerRunner  # noqa: E402

from bench.golden.inside import pipecat_bot as bot  # noqa: E402
from bench.golden.inside.pipecat_story import (  # noqa: E402
    SPEECH_TIMEOUT,
    Session,
    Story,
    long_story,
    short_story,
    text_story,
)
from bench.golden.truth import Turn, write_truth  # noqa: E402

Tell = Callable[[Story], Awaitable[None]]


class Bot:
    """One pipeline, from the microphone to the loudspeaker."""

    def __init__(self, name: str) -> None:
        self.microphone, self.stt, self.memory = bot.Microphone(), bot.WhisperSTTService(), bot.MemoryProcessor()
        self.llm = bot.OLLamaLLMService(settings=bot.OLLamaLLMService.Settings(model="llama3.2:3b"))
        self.tts, self.transport = bot.PiperTTSService(), bot.LocalAudioOutputTransport()
        self.llm.register_function("get_weather", self._weather)
        ends = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=SPEECH_TIMEOUT)])
        pair = LLMContextAggregatorPair(
            LLMContext(), user_params=LLMUserAggregatorParams(audio_idle_timeout=0, user_turn_strategies=ends)
        )
        self.worker = PipelineWorker(
            Pipeline([
                self.microphone, self.stt, pair.user(), self.memory, self.llm, self.tts, self.transport,
                pair.assistant(),
            ]),
            name=name, enable_rtvi=False, enable_tracing=True, cancel_on_idle_timeout=False,
            params=PipelineParams(
                enable_metrics=True, enable_usage_metrics=True, audio_in_sample_rate=bot.RATE,
                audio_out_sample_rate=bot.RATE,
            ),
        )  # fmt: skip

    def prepare(self, plan: bot.Plan) -> None:
        """What the next turn shall take."""
        for part in (self.stt, self.memory, self.llm, self.tts):
            part.plan = plan

    async def _weather(self, call: Any) -> None:
        await asyncio.sleep(self.llm.plan.tool or 0)
        await call.result_callback({"sky": "clear"})

    async def run(self, tell: Tell, seed: int) -> list[Turn]:
        """Play a story; its turns."""
        microphone = self.microphone
        session = Session(
            CLOCK.now, self.prepare, microphone.connect, microphone.start, microphone.stop, self.worker.queue_frame
        )

        async def play() -> None:
            await asyncio.sleep(1)
            await tell(Story(session, random.Random(seed)))
            await self.worker.queue_frame(EndFrame())

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self.worker)
        await asyncio.gather(runner.run(), play())
        return session.turns


@contextmanager
def recording(path: Path, worker: PipelineWorker, every_push: bool) -> Iterator[None]:
    """Tail's observer and its writer of sessions."""
    from pipecat_tail.observer import TailObserver, default_rtvi_params
    from pipecat_tail.session import SessionWriter
    from pipecat_tail.sink import CallbackSink

    writer = SessionWriter(path)

    async def emit(message: dict[str, Any]) -> None:
        writer.write(message)

    parameters = default_rtvi_params()
    parameters.bot_audio_level_enabled = every_push  # seven lines a second
    worker.add_observer(
        TailObserver(
            sink=CallbackSink(emit), worker=worker, log_level="WARNING", params=parameters,
            observe_every_push=every_push,
        )
    )  # fmt: skip
    yield
    writer.close()


def made(folder: Path, name: str, turns: list[Turn], **more: Any) -> None:
    """Write the truth and say so."""
    versions = {"pipecat": version("pipecat-ai"), "loguru": version("loguru"), "python": sys.version.split()[0]}
    write_truth(folder / "truth.json", {"system": "pipecat", "log": name, **versions, **more}, turns)
    print(f"{name}: {len(turns)} turns, {json.dumps(versions)}")


async def tail(folder: Path, tell: Tell, seed: int, every_push: bool) -> None:
    """A recording of one session."""
    folder.mkdir(parents=True, exist_ok=True)
    one = Bot("bot-1")
    with recording(folder / "tail.jsonl", one.worker, every_push):
        turns = await one.run(tell, seed)
    made(folder, "tail.jsonl", turns, every_push=every_push)


async def text(folder: Path) -> None:
    """The text log, with the observer that says every figure again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pipecat.log"
    path.unlink(missing_ok=True)
    sink = logger.add(path, level="DEBUG")
    one = Bot("bot-1")
    one.worker.add_observer(MetricsLogObserver())
    turns = await one.run(text_story, 3)
    logger.remove(sink)
    made(folder, "pipecat.log", turns, zone="Europe/Oslo", stop_secs=bot.STOP_SECS)


async def main() -> None:
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        source = Path(sys.argv[2])
        sys.path.insert(0, str(source / "src" if (source / "src").exists() else source))
        await tail(folder, long_story, 1, every_push=False)
        await tail(folder / "every-push", short_story, 2, every_push=True)
    else:
        print("no recordings: --source, a checkout of pipecat-ai/tail, is missing")
    await text(folder / "text")
    for path in (*folder.glob("**/*.jsonl"), *folder.glob("**/*.log")):
        # pipecat names the file that raised: not where it lies on this machine.
        path.write_text(path.read_text("utf-8").replace(f"{Path.cwd()}/", ""), "utf-8")


if __name__ == "__main__":
    logger.remove()
    CLOCK.run(main)
