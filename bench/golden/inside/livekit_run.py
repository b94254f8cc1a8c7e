"""Writes livekit's session reports and its production log. Called with the folder to write to.

The report is livekit's own ``SessionReport`` with its own chat history and a real session's options; the log lines are
of its own ``log_metrics`` and formatter. The figures in them are put in here, as the session would have measured them
(which figure spans what: ``voice/agent_activity.py`` and ``voice/audio_recognition.py``).
"""

import os
import time

NOW = [1795532645.25]
time.time = lambda: NOW[0]
os.getpid = lambda: 4242  # it stands in each line of the log

import asyncio  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import livekit.agents  # noqa: E402
from livekit.agents import AgentSession, ChatContext, metrics  # noqa: E402
from livekit.agents.cli.log import JsonFormatter  # noqa: E402
from livekit.agents.llm import FunctionCall, FunctionCallOutput  # noqa: E402
from livekit.agents.metrics.base import Metadata  # noqa: E402
from livekit.agents.metrics.usage import ModelUsageCollector  # noqa: E402
from livekit.agents.voice.events import CloseEvent, CloseReason  # noqa: E402
from livekit.agents.voice.report import SessionReport  # noqa: E402

from bench.golden.truth import Turn, rest, write_truth  # noqa: E402

LLM = Metadata(model_name="llama3.2:3b", model_provider="ollama")


@dataclass
class Plan:
    """Seconds of one exchange."""

    text: str = "What is the weather?"
    reply: str = "It is fine today."
    kind: str = "speech"
    """speech, unknown (the end of speech was not detected), interrupted, unheard (interrupted before any sound), typed,
    tool, failed, own tts (the application's own tts_node)."""
    transcription: float = 0.15
    end_of_turn: float = 0.55
    callback: float = 0.004
    ttft: float = 0.36
    sentence: float = 0.09
    ttfb: float = 0.18
    playback: float = 0.002
    hop: float = 0.006
    """What nothing measures: from the reply's scheduling to the first frame."""
    tool: float = 0.41
    prompt: int = 400
    cached: int = 300
    completion: int = 30


class Talk:
    """A chat history and a log that grow together."""

    def __init__(self, seed: int, preemptive: bool) -> None:
        self.rng, self.preemptive = random.Random(seed), preemptive
        self.history, self.turns, self.usage = ChatContext.empty(), list[Turn](), ModelUsageCollector()
        self.records: list[Any] = []
        self.replied = NOW[0]

    def plan(self, **changed: Any) -> Plan:
        """An exchange like any other, but for what is named."""
        more = 45 * len(self.turns)
        drawn = {
            "transcription": self._draw(0.14, 0.3), "callback": self._draw(0.004, 0.3), "ttft": self._draw(0.36, 0.25),
            "sentence": self._draw(0.09, 0.3), "ttfb": self._draw(0.17, 0.2), "hop": self._draw(0.006, 0.3),
            "prompt": 300 + more, "cached": 270 + more, "completion": self.rng.randint(8, 60),
        }  # fmt: skip
        return Plan(**(drawn | changed))

    def _draw(self, median: float, spread: float) -> float:
        return round(median * self.rng.lognormvariate(0, spread), 3)

    def greet(self) -> None:
        """The agent speaks first: times, but no latency."""
        report = {"llm_node_ttft": 0.412, "llm_node_ttfs": 0.5, "tts_node_ttfb": 0.21}
        self._assistant("Hello there.", report, NOW[0] + 0.72, Plan(kind="greeting"))
        self.turns.append({"n": 1, "kind": "greeting", "at": NOW[0], "headline_ms": None, "stages_ms": {}})
        NOW[0] += 8

    def ask(self, **changed: Any) -> None:
        """One exchange."""
        plan = self.plan(**changed)
        begun, spoken = NOW[0], round(self.rng.uniform(0.8, 2.5), 3)
        silent = round(begun + spoken, 3)
        user: dict[str, Any] = {"stt_metadata": {"model_name": "base", "model_provider": "whisper"}}
        if plan.kind not in ("unknown", "typed"):
            user |= {"started_speaking_at": begun, "stopped_speaking_at": silent}
            user |= {"transcription_delay": plan.transcription, "end_of_turn_delay": plan.end_of_turn}
        if plan.kind != "typed":
            user["on_user_turn_completed_delay"] = plan.callback
        NOW[0] = silent + plan.end_of_turn + plan.callback
        self.history.add_message(role="user", content=plan.text, metrics=user, created_at=NOW[0])
        self._log_user(plan)
        self.replied = NOW[0] + 0.001
        sounds = self._answer(plan, silent)
        self._note(plan, begun, silent, sounds)
        NOW[0] = (sounds or NOW[0]) + round(self.rng.uniform(6, 12), 3)

    def _answer(self, plan: Plan, silent: float) -> float | None:
        """When the agent is heard, Unix s."""
        if plan.kind in ("failed", "unheard"):
            self._log_llm(plan, ttft=-1.0 if plan.kind == "unheard" else None)
            return None
        asked = silent + plan.transcription if self._early(plan) else NOW[0]
        first_sentence = max(asked + plan.ttft + plan.sentence, NOW[0])
        if plan.kind == "tool":
            self._log_llm(plan, ttft=plan.ttft)
            self._tool(asked + plan.ttft + 0.1, plan)
            first_sentence = asked + plan.ttft + 0.1 + plan.tool + plan.ttft + plan.sentence
        sounds = round(first_sentence + plan.ttfb + plan.hop + plan.playback, 3)
        report = {"llm_node_ttft": plan.ttft, "llm_node_tps": 38.1, "llm_node_ttfs": plan.ttft + plan.sentence}
        if plan.kind == "own tts":
            del report["llm_node_ttfs"]
        report |= {"tts_node_ttfb": plan.ttfb, "playback_latency": plan.playback}
        if plan.kind not in ("unknown", "typed"):
            report["e2e_latency"] = sounds - silent
        self._log_llm(plan, ttft=plan.ttft)
        NOW[0] = sounds + 0.4
        self._log(metrics.TTSMetrics(
            label="tts", request_id="", timestamp=NOW[0], ttfb=plan.ttfb, duration=0.5, audio_duration=1.6,
            cancelled=plan.kind == "interrupted", characters_count=len(plan.reply), streamed=True,
        ))  # fmt: skip
        self._assistant(plan.reply, report, sounds, plan)
        return sounds

    def _early(self, plan: Plan) -> bool:
        return self.preemptive and plan.kind != "typed"

    def _assistant(self, text: str, report: dict[str, Any], sounds: float, plan: Plan) -> None:
        whole = {"llm_metadata": LLM.model_dump(), "tts_metadata": {"model_name": "ryan", "model_provider": "piper"}}
        whole |= report | {"started_speaking_at": sounds, "stopped_speaking_at": sounds + 1.6}
        cut = plan.kind == "interrupted"
        self.history.add_message(
            role="assistant", content=text, metrics=whole, interrupted=cut, created_at=self.replied
        )

    def _tool(self, at: float, plan: Plan) -> None:
        call = FunctionCall(call_id="call_1", name="get_weather", arguments='{"city": "Trondheim"}', created_at=at)
        output = FunctionCallOutput(
            call_id="call_1", name="get_weather", output="clear", is_error=False, created_at=at + plan.tool
        )
        self.history.insert([call, output])

    def _log_user(self, plan: Plan) -> None:
        if plan.kind == "typed":
            return
        unknown = plan.kind == "unknown"
        self._log(metrics.STTMetrics(
            label="stt", request_id="", timestamp=NOW[0], duration=0.0, audio_duration=2.0, streamed=True,
        ))  # fmt: skip
        self._log(metrics.EOUMetrics(
            timestamp=NOW[0], end_of_utterance_delay=0.0 if unknown else plan.end_of_turn,
            transcription_delay=0.0 if unknown else plan.transcription, on_user_turn_completed_delay=plan.callback,
        ))  # fmt: skip

    def _log_llm(self, plan: Plan, ttft: float | None) -> None:
        if ttft is None:
            return
        none = ttft < 0
        self._log(metrics.LLMMetrics(
            label="llm", request_id="", timestamp=NOW[0], duration=1.1, ttft=ttft, cancelled=none,
            completion_tokens=0 if none else plan.completion, prompt_tokens=0 if none else plan.prompt,
            prompt_cached_tokens=0 if none else plan.cached, total_tokens=0 if none else plan.prompt + plan.completion,
            tokens_per_second=0.0 if none else 38.123, metadata=LLM,
        ))  # fmt: skip

    def _log(self, record: Any) -> None:
        self.records.append((NOW[0], record))
        self.usage.collect(record)

    def _note(self, plan: Plan, begun: float, silent: float, sounds: float | None) -> None:
        known = plan.kind not in ("unknown", "typed", "failed", "unheard")
        headline = round((sounds - silent) * 1000, 3) if sounds is not None and known else None
        seconds = {
            "transcription": plan.transcription, "endpointing": plan.end_of_turn - plan.transcription,
            "callback": plan.callback, "llm_ttft": plan.ttft,
            "sentence": None if plan.kind == "own tts" else plan.sentence,
            "tts_ttfb": plan.ttfb, "playback": plan.playback,
        }  # fmt: skip
        stages = {key: None if value is None else round(value * 1000, 3) for key, value in seconds.items()}
        overlap = max(0.0, early(plan)) if self._early(plan) else 0.0
        self.turns.append({
            "n": len(self.turns) + 1, "kind": plan.kind, "at": begun, "silent": silent, "text": plan.text,
            "headline_ms": headline, "stages_ms": stages if headline is not None else {},
            "rest_ms": rest(headline, stages), "early_ms": round(overlap * 1000, 3),
            "prompt": plan.prompt, "cached": plan.cached, "completion": plan.completion,
        })  # fmt: skip


def early(plan: Plan) -> float:
    """Seconds of the answer that passed before the turn was over: they are in two figures."""
    return min(plan.end_of_turn + plan.callback - plan.transcription, plan.ttft + plan.sentence)


def tell(talk: Talk) -> None:
    """The main story."""
    talk.greet()
    talk.ask()
    for kind in ("unknown", "speech", "interrupted", "speech", "typed", "tool", "failed", "own tts", "unheard"):
        talk.ask(kind=kind)
    talk.ask(text="Say [bold]that[/bold] again", reply="I said \x1b[31mred\x1b[0m.")
    talk.ask(end_of_turn=2.51, text="I wanted to ask")
    talk.ask(callback=0.7)
    talk.ask(transcription=0.0, cached=0)
    for _ in range(13):
        talk.ask()
    for _ in range(5):
        talk.ask(ttft=1.2, prompt=4000, cached=0)


def tell_early(talk: Talk) -> None:
    """With preemptive generation: the LLM begins at the transcript, before the turn is over."""
    talk.greet()
    for ttft in (0.1, 0.2, 0.4, 0.8, 1.6, 0.3, 0.35, 0.5, 0.25, 0.45):
        talk.ask(ttft=ttft)


async def report(folder: Path, talk: Talk) -> None:
    """Write session_report.json as ``job.py`` does."""
    session: AgentSession = AgentSession(turn_handling={"preemptive_generation": {"enabled": talk.preemptive}})
    made = SessionReport(
        job_id="AJ_1", room_id="RM_1", room="kitchen", options=session.options,
        events=[CloseEvent(reason=CloseReason.JOB_SHUTDOWN)], chat_history=talk.history,
        duration=NOW[0] - 1795532645.25, started_at=1795532645.25, model_usage=talk.usage.flatten(), agent_name="timmy",
    )  # fmt: skip
    (folder / "session_report.json").write_text(json.dumps(made.to_dict(), indent=2), "utf-8")


def log(path: Path, talk: Talk) -> None:
    """Write the production log of a session that calls ``log_metrics``."""
    path.unlink(missing_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("livekit.agents")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    for at, record in talk.records:
        NOW[0] = at
        metrics.log_metrics(record)
    logger.removeHandler(handler)
    handler.close()
    home = str(Path(livekit.agents.__file__).parents[2])
    path.write_text(path.read_text("utf-8").replace(home, "site-packages"), "utf-8")


def main() -> None:
    """Both sessions."""
    folder = Path(sys.argv[1])
    versions = {"livekit-agents": version("livekit-agents"), "python": sys.version.split()[0]}
    for place, preemptive, story in ((folder, False, tell), (folder / "preemptive", True, tell_early)):
        place.mkdir(parents=True, exist_ok=True)
        NOW[0] = 1795532645.25
        talk = Talk(5, preemptive)
        story(talk)
        asyncio.run(report(place, talk))
        if not preemptive:
            log(place / "agent.log", talk)
        write_truth(place / "truth.json", {"system": "livekit", **versions, "preemptive": preemptive}, talk.turns)
        print(f"{place.name}: {len(talk.turns)} turns, {json.dumps(versions)}")


if __name__ == "__main__":
    main()
