"""The dashboard's estimate of prompt reuse, compared with the ground truth of the stand-in for Ollama.

First table: from the two logs alone, without Ollama's own log. Errors are in percentage points of the reused share of
the prompt, from the third cold turn on. A turn counts as cold if the model was loaded for it, if it is the first of a
session, or if its prompt was cut or its cache slot was taken and less than 20 % was reused. The second and third turn
of a session share little with the turn before and are not counted. Contention makes some warm turns as slow as cold
ones (one in twenty takes 1.3 to 2 times as long); no figure in Ollama's response distinguishes them.

Second table: the same with Ollama's server log.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.structs import replace

from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.summary import LlmSummary
from timmy_tui.demo.generated.conversation import ConversationPlan, GeneratedLogs, generate_logs
from timmy_tui.demo.ollama.engine import ServedRequest
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.model.llm import Certainty, OllamaFacts, Reuse
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.turn import Turn
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.v34 import turn_from_stats
from timmy_tui.turns.ingest import Ingest

VERSIONS = ("0.1.48", "0.3.14", "0.12.4", "0.12.5", "0.12.11", "0.30.0", "0.30.1", "0.30.11", "0.33.3")
"""One version for each row of the version table."""
INVALID = frozenset(("0.1.48", "0.12.5", "0.30.0"))
"""Versions whose responses allow no estimate."""
SCENARIOS = ("steady", "overflow", "cold-start")
SEEDS = (5, 6, 7)
"""Other seeds than those with which the thresholds were chosen (3 and 4)."""
TURNS = 80
SESSION = 33
"""Turns of a session."""
COLD = 0.2
"""Reused share below which a turn counts as cold."""


@dataclass
class Detections:
    """Detections compared with the ground truth."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, detected: bool, expected: bool) -> None:
        """Count one turn."""
        self.right += detected and expected
        self.wrong += detected and not expected
        self.missed += expected and not detected

    def __str__(self) -> str:
        """Precision, recall and the number of cases."""
        if not self.right + self.wrong + self.missed:
            return "—"
        precision = self.right / max(self.right + self.wrong, 1)
        recall = self.right / max(self.right + self.missed, 1)
        return f"{precision:.2f} / {recall:.2f} ({self.right + self.missed})"


@dataclass
class Tally:
    """The counts of one or more runs."""

    estimated: int = 0
    measured: int = 0
    unknown: int = 0
    errors: list[float] = field(default_factory=list)
    """Absolute errors of the reused share, 0…1, from the third cold turn on."""
    cold: Detections = field(default_factory=Detections)
    cut: Detections = field(default_factory=Detections)

    def add(self, reuse: Reuse, truth: dict[str, Any], cold_before: int) -> None:
        """Count one turn; ``cold_before``: number of cold turns before it."""
        self.estimated += reuse.certainty is Certainty.ESTIMATED
        self.measured += reuse.certainty is Certainty.MEASURED
        self.unknown += reuse.certainty is Certainty.UNKNOWN
        if reuse.share is not None and cold_before >= 3:
            self.errors.append(abs(reuse.share - truth["reused"] / truth["prompt_tokens"]))


def from_logs(version: str, scenario: str, seed: int, tally: Tally) -> None:
    """Add one run, judged from the two logs, to ``tally``."""
    logs = generate_logs(ConversationPlan(TURNS, scenario, seed, version=version))
    turns = _turns(logs)
    tracker = ReuseTracker()
    facts = OllamaFacts(url="", reachable=True, since=None, version=version)
    for turn in turns:
        tracker.add(turn, facts)
    reuse_by_ordinal = {reuse.ordinal: reuse for reuse in tracker.reuse}
    ordinals = {turn.request_id: turn.ordinal for turn in turns}
    stolen = {entry["turn"] for entry in logs.ground_truth if entry["what"] == "steal"}
    cold_before = 0
    for entry in logs.ground_truth:
        truth = entry.get("llm")
        if entry["what"] != "turn" or truth is None:
            continue
        reuse = reuse_by_ordinal[ordinals[entry["request_id"]]]
        tally.add(reuse, truth, cold_before)
        tally.cut.count(tracker.is_truncated(reuse.ordinal), truth["truncated"])
        position = (entry["turn"] - 1) % SESSION + 1
        little_reuse = truth["reused"] < COLD * truth["prompt_tokens"]
        cold = truth["loaded"] or (little_reuse and (position == 1 or truth["truncated"] or entry["turn"] in stolen))
        cold_before += bool(truth["loaded"] or (little_reuse and (position == 1 or truth["truncated"])))
        if position not in (2, 3) or truth["loaded"]:
            tally.cold.count(reuse.cold, bool(cold))


def _turns(logs: GeneratedLogs) -> list[Turn]:
    ingest, turns = Ingest(60.0), dict[int, Turn]()
    pairs: tuple[tuple[LogKind, list[str]], ...] = (("latency", logs.latency), ("v34", logs.v34))
    for kind, lines in pairs:
        for turn in ingest.feed(kind, [line.encode("utf-8", "surrogateescape") for line in lines]):
            turns[turn.ordinal] = turn
    for turn in ingest.assembler.finish():
        turns[turn.ordinal] = turn
    return [turns[ordinal] for ordinal in sorted(turns)]


def with_server_log(version: str, overflow: bool, turns: int = 24) -> Tally:
    """A conversation over HTTP, judged with the server log. ``overflow``: with a context window that is too small; else
    the model is unloaded once and its cache slot is taken once.
    """
    tally, summary = Tally(), LlmSummary()
    facts = OllamaFacts(url="", reachable=True, since=None, version=version)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with OllamaStandIn(StandInOptions(version, seed=5, speed=1000, log_path=log)) as stand_in:
            truths: list[tuple[ServedRequest, bool]] = []
            for turn, cold in _converse(stand_in, overflow, turns):
                served = tuple(OllamaLogParser().feed(log.read_bytes().splitlines()))
                summary.add(turn, replace(facts, served=served))
                truths.append((stand_in.requests[-1], cold))
    reuse_by_ordinal = {reuse.ordinal: reuse for reuse in summary.state(facts, (), (), 0.0).reuse}
    for number, (truth, cold) in enumerate(truths):
        reuse = reuse_by_ordinal[number]
        tally.add(reuse, {"reused": truth.reused, "prompt_tokens": truth.prompt_tokens}, 3)
        tally.cold.count(reuse.cold, cold)
        tally.cut.count("cut" in reuse.broken, truth.truncated and truth.reused < COLD * truth.prompt_tokens)
    return tally


def _converse(stand_in: OllamaStandIn, overflow: bool, turns: int) -> Iterator[tuple[Turn, bool]]:
    """Each turn as the logs would contain it, and whether it was really cold."""
    client = HttpClient(stand_in.url, timeout_s=20, total_timeout_s=20)
    persona = " ".join(f"Rule {number}: be brief and kind." for number in range(90))
    conversation, context, num_ctx = "", list[int](), 2600 if overflow else 8000
    for number in range(turns):
        incidents = {} if overflow else {8: "unload", 14: "steal"}
        if incidents.get(number) == "unload":
            client.request("/api/generate", {"model": MODEL, "prompt": "", "keep_alive": 0})
        elif incidents.get(number) == "steal":
            body = {"model": MODEL, "prompt": "Something else.", "raw": True, "stream": False}
            client.request("/api/generate", body | {"options": {"num_ctx": num_ctx}})
        prompt = f"{conversation}{persona}\nuser {number}: and what about the {number}th lamp?\n"
        body = {"model": MODEL, "prompt": prompt, "stream": False, "options": {"num_ctx": num_ctx}}
        body |= {"context": context} if overflow else {"raw": True}
        response = client.request("/api/generate", body).body
        sent, context = len(context), response.get("context") or []
        conversation += f"user {number}: and what about the {number}th lamp?\n{response['response']}\n" * 3
        served = stand_in.requests[-1]
        little_reuse = served.reused < COLD * served.prompt_tokens
        cold = served.loaded or (little_reuse and (served.truncated or number in incidents))
        turn = turn_from_stats({**response, "session_id": "one"})
        assert turn is not None
        turn = replace(turn, ordinal=number, num_ctx=num_ctx, context_sent=sent, context_returned=len(context))
        yield turn, cold
    client.close()


def measure() -> list[str]:
    """Lines of both tables."""
    header = [
        "| Ollama | turns | estimated | measured | unknown | median error | p90 | cold | cut |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines = [f"{len(SEEDS)} seeds × {TURNS} turns a scenario; cold and cut: precision / recall (cases)", "", *header]
    for version in VERSIONS:
        for scenario in SCENARIOS if version == "0.12.11" else ("all",):
            tally = Tally()
            for each in SCENARIOS if scenario == "all" else (scenario,):
                for seed in SEEDS:
                    from_logs(version, each, seed, tally)
            lines.append(_row(version if scenario == "all" else f"{version} {scenario}", tally))
    lines += ["", "With the server log:", "", *header]
    for version in VERSIONS:
        for overflow in (False, True):
            tally = with_server_log(version, overflow)
            lines.append(_row(f"{version} {'overflow' if overflow else 'cold-start'}", tally))
    return lines


def _row(name: str, tally: Tally) -> str:
    errors = sorted(tally.errors)
    median_error = f"{median(errors) * 100:.1f}" if errors else "—"
    p90 = f"{errors[int(len(errors) * 0.9)] * 100:.1f}" if errors else "—"
    total = tally.estimated + tally.measured + tally.unknown
    counts = f"{total} | {tally.estimated} | {tally.measured} | {tally.unknown}"
    return f"| {name} | {counts} | {median_error} | {p90} | {tally.cold} | {tally.cut} |"
