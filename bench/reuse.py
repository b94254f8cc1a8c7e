"""What the screen says of the prompt cache beside what really happened, on the stand-in that knows the truth.

First table: from the two logs alone, as a user without Ollama's own log sees it; errors are in points of the share of
the prompt that was reused, from the third cold turn on. A turn is cold if its model was loaded for it, if it is the
first of a session, or if its prompt was cut or its slot taken and hardly anything was left; the second and third turn
of a session, which have little to share, are left out of that judgement. Contention makes some warm turns as slow as
cold ones (one in twenty takes 1.3 to 2 times as long): no figure of Ollama's answer can tell them apart.

Second table: the same with Ollama's server log followed, as in the demo.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace
from msgspec.structs import replace as replace_struct

from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.summary import LlmSummary
from timmy_tui.demo.generate import ConversationPlan, GeneratedLogs, generate_logs
from timmy_tui.demo.ollama.engine import ServedRequest
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.model.llm import Certainty, OllamaFacts, Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.v34 import turn_from_stats
from timmy_tui.turns.ingest import Ingest, LogKind

VERSIONS = ("0.1.48", "0.3.14", "0.12.4", "0.12.5", "0.12.11", "0.30.0", "0.30.1", "0.30.11", "0.33.3")
"""One for each row of the version table."""
INVALID = frozenset(("0.1.48", "0.12.5", "0.30.0"))
"""Versions whose answers allow no estimate."""
SCENARIOS = ("steady", "overflow", "cold-start")
SEEDS = (5, 6, 7)
"""None of those that thresholds were chosen on (3 and 4)."""
TURNS = 80
SESSION = 33
COLD = 0.2


@dataclass
class Hits:
    """Detections against the truth."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, said: bool, true: bool) -> None:
        """One turn."""
        self.right += said and true
        self.wrong += said and not true
        self.missed += true and not said

    def __str__(self) -> str:
        """Precision and recall with their numbers."""
        if not self.right + self.wrong + self.missed:
            return "—"
        precision = self.right / max(self.right + self.wrong, 1)
        recall = self.right / max(self.right + self.missed, 1)
        return f"{precision:.2f} / {recall:.2f} ({self.right + self.missed})"


@dataclass
class Tally:
    """Everything counted over some runs."""

    estimated: int = 0
    measured: int = 0
    unknown: int = 0
    errors: list[float] = field(default_factory=list)
    """Absolute, 0…1, from the third cold turn on."""
    cold: Hits = field(default_factory=Hits)
    cut: Hits = field(default_factory=Hits)

    def take(self, said: Reuse, truth: dict[str, Any], after: int) -> None:
        """One turn; ``after`` is the number of cold turns before it."""
        self.estimated += said.certainty is Certainty.ESTIMATED
        self.measured += said.certainty is Certainty.MEASURED
        self.unknown += said.certainty is Certainty.UNKNOWN
        if said.share is not None and after >= 3:
            self.errors.append(abs(said.share - truth["reused"] / truth["prompt_tokens"]))


def from_logs(version: str, scenario: str, seed: int, tally: Tally) -> None:
    """One run judged from the two logs."""
    logs = generate_logs(ConversationPlan(TURNS, scenario, seed, version=version))
    turns = _turns(logs)
    tracker = ReuseTracker()
    facts = OllamaFacts(url="", reachable=True, since=None, version=version)
    for turn in turns:
        tracker.add(turn, facts)
    said = {item.ordinal: item for item in tracker.reuse}
    ordinals = {turn.request_id: turn.ordinal for turn in turns}
    stolen = {entry["turn"] for entry in logs.ground_truth if entry["what"] == "steal"}
    cold_before = 0
    for entry in logs.ground_truth:
        truth = entry.get("llm")
        if entry["what"] != "turn" or truth is None:
            continue
        item = said[ordinals[entry["request_id"]]]
        tally.take(item, truth, cold_before)
        tally.cut.count(tracker.cut(item.ordinal), truth["truncated"])
        nth = (entry["turn"] - 1) % SESSION + 1
        empty = truth["reused"] < COLD * truth["prompt_tokens"]
        cold = truth["loaded"] or (empty and (nth == 1 or truth["truncated"] or entry["turn"] in stolen))
        cold_before += bool(truth["loaded"] or (empty and nth == 1) or (empty and truth["truncated"]))
        if nth not in (2, 3) or truth["loaded"]:
            tally.cold.count(item.cold, bool(cold))


def _turns(logs: GeneratedLogs) -> list[Turn]:
    ingest, found = Ingest(60.0), dict[int, Turn]()
    pairs: tuple[tuple[LogKind, list[str]], ...] = (("latency", logs.latency), ("v34", logs.v34))
    for kind, lines in pairs:
        for turn in ingest.feed(kind, [line.encode("utf-8", "surrogateescape") for line in lines]):
            found[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        found[turn.ordinal] = turn
    return [found[ordinal] for ordinal in sorted(found)]


def with_server_log(version: str, overflow: bool, turns: int = 24) -> Tally:
    """A conversation over HTTP, judged with the server log: the model unloaded, its slot taken, the window overrun."""
    tally, room = Tally(), LlmSummary()
    facts = OllamaFacts(url="", reachable=True, since=None, version=version)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with OllamaStandIn(StandInOptions(version, seed=5, speed=1000, log_path=log)) as stand_in:
            truths: list[tuple[ServedRequest, bool]] = []
            for turn, cold in _talk(stand_in, overflow, turns):
                served = tuple(OllamaLogParser().feed(log.read_bytes().splitlines()))
                room.add(turn, replace(facts, served=served))
                truths.append((stand_in.requests[-1], cold))
    said = {item.ordinal: item for item in room.state(facts, (), (), 0.0).reuse}
    for number, (truth, cold) in enumerate(truths):
        item = said[number]
        tally.take(item, {"reused": truth.reused, "prompt_tokens": truth.prompt_tokens}, 3)
        tally.cold.count(item.cold, cold)
        tally.cut.count("cut" in item.broken, truth.truncated and truth.reused < COLD * truth.prompt_tokens)
    return tally


def _talk(stand_in: OllamaStandIn, overflow: bool, turns: int) -> Iterator[tuple[Turn, bool]]:
    """Each turn as the logs would tell it, and whether it really was cold."""
    client = HttpClient(stand_in.url, timeout_s=20, total_timeout_s=20)
    persona = " ".join(f"Rule {number}: be brief and kind." for number in range(90))
    talk, context, num_ctx = "", list[int](), 2600 if overflow else 8000
    for number in range(turns):
        act = {} if overflow else {8: "unload", 14: "steal"}
        if act.get(number) == "unload":
            client.request("/api/generate", {"model": MODEL, "prompt": "", "keep_alive": 0})
        elif act.get(number) == "steal":
            body = {"model": MODEL, "prompt": "Something else.", "raw": True, "stream": False}
            client.request("/api/generate", body | {"options": {"num_ctx": num_ctx}})
        prompt = f"{talk}{persona}\nuser {number}: and what about the {number}th lamp?\n"
        body = {"model": MODEL, "prompt": prompt, "stream": False, "options": {"num_ctx": num_ctx}}
        body |= {"context": context} if overflow else {"raw": True}
        answer = client.request("/api/generate", body).body
        sent, context = len(context), answer.get("context") or []
        talk += f"user {number}: and what about the {number}th lamp?\n{answer['response']}\n" * 3
        served = stand_in.requests[-1]
        empty = served.reused < COLD * served.prompt_tokens
        cold = served.loaded or (empty and (served.truncated or number in act))
        yield _as_turn(number, answer, sent, len(context), num_ctx), cold
    client.close()


def _as_turn(number: int, answer: dict[str, Any], sent: int, returned: int, num_ctx: int) -> Turn:
    turn = turn_from_stats({**answer, "session_id": "one"})
    assert turn is not None
    return replace_struct(turn, ordinal=number, num_ctx=num_ctx, context_sent=sent, context_returned=returned)


def measure() -> list[str]:
    """Both tables."""
    head = [
        "| Ollama | turns | estimated | measured | unknown | median error | p90 | cold | cut |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines = [f"{len(SEEDS)} seeds × {TURNS} turns a scenario; cold and cut: precision / recall (cases)", "", *head]
    for version in VERSIONS:
        for scenario in SCENARIOS if version == "0.12.11" else ("all",):
            tally = Tally()
            for one in SCENARIOS if scenario == "all" else (scenario,):
                for seed in SEEDS:
                    from_logs(version, one, seed, tally)
            lines.append(_row(version if scenario == "all" else f"{version} {scenario}", tally))
    lines += ["", "With the server log:", "", *head]
    for version in VERSIONS:
        for overflow in (False, True):
            tally = with_server_log(version, overflow)
            lines.append(_row(f"{version} {'overflow' if overflow else 'cold-start'}", tally))
    return lines


def _row(name: str, tally: Tally) -> str:
    errors = sorted(tally.errors)
    middle = f"{median(errors) * 100:.1f}" if errors else "—"
    high = f"{errors[int(len(errors) * 0.9)] * 100:.1f}" if errors else "—"
    total = tally.estimated + tally.measured + tally.unknown
    counts = f"{total} | {tally.estimated} | {tally.measured} | {tally.unknown}"
    return f"| {name} | {counts} | {middle} | {high} | {tally.cold} | {tally.cut} |"
