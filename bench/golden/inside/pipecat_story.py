"""The conversations of the pipecat logs: what is asked, what an answer takes, what goes wrong; and the truth."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import InterruptionTaskFrame, LLMRunFrame, TTSSpeakFrame

from bench.golden.inside.pipecat_bot import STOP_SECS, Plan
from bench.golden.truth import Turn

SPEECH_TIMEOUT = 0.3
"""The setting of the turn's end: nothing more is said for so long after the VAD's stop."""


@dataclass
class Session:
    """What a story may do with a running bot."""

    clock: Callable[[], float]
    prepare: Callable[[Plan], None]
    connect: Callable[[], Awaitable[None]]
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    queue: Callable[[Any], Awaitable[None]]
    turns: list[Turn] = field(default_factory=list)


def stages(plan: Plan) -> dict[str, float | None]:
    """Milliseconds of each part, in order, of a turn that goes well; ``turn_detection`` has the bot's look-up in it."""
    waited = max(0.0, SPEECH_TIMEOUT - plan.transcription)
    parts: list[tuple[str, float]] = [
        ("endpointing_wait", STOP_SECS),
        ("transcription", plan.transcription),
        ("turn_detection", waited + plan.memory),
        ("llm_inference", plan.first_token),
    ]
    if plan.tool is not None:
        parts += [
            ("llm_tool_call", plan.tool_call),
            ("function_handler", plan.tool),
            ("llm_inference_2", plan.second_token),
        ]
    parts += [
        ("sentence_aggregation", plan.sentence),
        ("speech_synthesis", plan.synthesis),
        ("output_transport", plan.transport),
    ]
    return {key: round(seconds * 1000, 3) for key, seconds in parts if seconds}


class Story:
    """Plays exchanges one after the other on a session."""

    def __init__(self, session: Session, rng: random.Random) -> None:
        self.session, self.rng = session, rng

    def plan(self, **changed: Any) -> Plan:
        """A turn like any other, but for what is named."""
        drawn = {
            "spoken": self.rng.uniform(0.8, 2.5), "transcription": self._ms(0.14, 0.3),
            "first_token": self._ms(0.36, 0.25), "sentence": self._ms(0.09, 0.3), "stream": self._ms(0.9, 0.3),
            "synthesis": self._ms(0.21, 0.2), "transport": self._ms(0.014, 0.2),
            "prompt": 300 + 45 * len(self.session.turns), "cached": 270 + 45 * len(self.session.turns),
            "completion": self.rng.randint(8, 60),
        }  # fmt: skip
        return Plan(**(drawn | changed))

    def _ms(self, median: float, spread: float) -> float:
        return round(median * self.rng.lognormvariate(0, spread), 3)

    async def greet(self) -> None:
        """A client comes, the bot speaks first: no voice to voice."""
        plan = self.plan(reply=("Hello", " there. Ask", " me something."))
        self.session.prepare(plan)
        self._note("greeting", plan, self.session.clock(), None)
        await self.session.connect()
        await self.session.queue(LLMRunFrame())
        await asyncio.sleep(8)

    async def remark(self) -> None:
        """The bot says something that nobody asked for: no turn."""
        self.session.prepare(self.plan())
        await self.session.queue(TTSSpeakFrame("The kettle has boiled."))
        await asyncio.sleep(6)

    async def ask(self, kind: str = "speech", **changed: Any) -> None:
        """An exchange that goes well, or fails in the LLM (``error``), and silence after it."""
        plan = self.plan(**changed)
        await self._speak(plan)
        failed = bool(plan.error)
        self._note(
            "failed" if failed else kind, plan, self.session.clock() - STOP_SECS, None if failed else stages(plan)
        )
        await asyncio.sleep(9 + self.rng.uniform(0, 4))

    async def ask_and_interrupt(self, after: float) -> None:
        """The user speaks again ``after`` seconds: before any sound, the answer is never heard."""
        plan = self.plan()
        await self._speak(plan)
        parts = stages(plan)
        heard = sum(value or 0 for value in parts.values()) / 1000 - STOP_SECS < after
        kind = "interrupted" if heard else "unheard"
        self._note(kind, plan, self.session.clock() - STOP_SECS, parts if heard else None)
        await asyncio.sleep(after)

    async def cough(self, answered: bool = False) -> None:
        """A sound without words: the VAD hears it, the STT does not. pipecat answers it where it broke off a turn."""
        plan = self.plan(text="", spoken=0.3)
        await self._speak(plan)
        parts = {key: value for key, value in stages(plan).items() if key not in ("transcription", "turn_detection")}
        timeout: dict[str, float | None] = {"endpointing_wait": parts.pop("endpointing_wait"), "turn_timeout": 5000.0}
        kind = "no words, answered" if answered else "no words"
        self._note(kind, plan, self.session.clock() - STOP_SECS, timeout | parts if answered else None)
        await asyncio.sleep(12)

    async def pause_inside(self) -> None:
        """Two pieces of speech, one turn: what counts is the silence after the second."""
        await self._speak(self.plan(text="I wanted to ask", spoken=0.9))
        await asyncio.sleep(0.2)
        await self.ask("pause inside", text="how warm it is")

    async def cleared(self) -> None:
        """An interruption by the application after the VAD's stop clears pipecat's cycle: the parts no longer fit."""
        plan = self.plan()
        await self._speak(plan)
        begun = self.session.clock() - STOP_SECS
        await asyncio.sleep(0.05)
        await self.session.queue(InterruptionTaskFrame())
        self._note("cleared", plan, begun, stages(plan))
        await asyncio.sleep(10)

    async def _speak(self, plan: Plan) -> None:
        self.session.prepare(plan)
        await self.session.start()
        await asyncio.sleep(plan.spoken + STOP_SECS)
        await self.session.stop()

    def _note(self, kind: str, plan: Plan, at: float, parts: dict[str, float | None] | None) -> None:
        headline = None if parts is None else round(sum(value or 0 for value in parts.values()), 3)
        tools = plan.tool is not None
        answered = kind not in ("failed", "unheard", "no words")
        self.session.turns.append({
            "n": len(self.session.turns) + 1, "kind": kind, "at": round(at, 6), "text": plan.text,
            "headline_ms": headline, "stages_ms": parts or {}, "rest_ms": None if headline is None else 0.0,
            "requests": (2 if tools else 1) if kind != "no words" else 0,
            "prompt": plan.prompt if answered else None, "cached": plan.cached if answered else None,
            "completion": plan.completion if answered else None,
        })  # fmt: skip


async def long_story(story: Story) -> None:
    """For the recording of Tail."""
    await story.greet()
    await story.ask()
    await story.ask("short", reply=("Yes.",), sentence=0.0, stream=0.0)
    await story.ask("tool", tool=0.41)
    await story.ask_and_interrupt(4.0)
    await story.ask(text="No, the other one")
    await story.ask("small parts", sentence=0.003, transport=0.002, transcription=0.004)
    await story.ask_and_interrupt(0.7)
    await story.ask(text="Go on")
    await story.ask("failed", error="connection refused")
    await story.cough(answered=True)
    await story.ask("slow transcript", transcription=0.85)
    await story.cough()
    await story.pause_inside()
    await story.ask("memory", memory=0.35)
    await story.remark()
    await story.cleared()
    await story.ask("no cache reported", cached=None)
    await story.ask("nothing cached", cached=0)
    await story.ask("quick tool", tool=0.002, tool_call=0.003)
    for _ in range(11):
        await story.ask()
    for _ in range(4):
        await story.ask("slow llm", first_token=1.2, prompt=4000, cached=0)


async def short_story(story: Story) -> None:
    """For the recording with every push."""
    await story.greet()
    await story.ask()
    await story.ask("tool", tool=0.41)
    await story.ask_and_interrupt(4.0)
    await story.ask(text="No, the other one")


async def text_story(story: Story) -> None:
    """For the text log."""
    await short_story(story)
    await story.ask_and_interrupt(0.7)
    await story.ask(text="Go on")
    await story.ask("failed", error="connection refused")
    await story.cough(answered=True)
    await story.remark()
    await story.pause_inside()
    await story.ask("no cache reported", cached=None)

    await story.ask("short", reply=("Yes.",), sentence=0.0, stream=0.0)
    for _ in range(14):
        await story.ask()
    await story.ask("markup", text="Say [bold]that[/bold] \x1b[31mred\x1b[0m again")
