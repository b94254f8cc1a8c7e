"""The dashboard's reading of recorded conversations, compared with what the engine itself said."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

from bench.engine.forms import BUSY
from bench.engine.model import SHAPES
from bench.engine.record import DEFAULTS
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.model.llm import Certainty, LearnedRate, OllamaFacts, PrefillKey, Reuse
from timmy_tui.model.turn import Turn

WALL, CORE = 0, 1
"""Index of the clock in a recording."""
VERSION = "0.12.11"
COLD = 0.2
"""Reused share below which a turn counts as cold."""
FAR = 0.15
VAGUE = 0.3
"""A wider range tells little."""
UNREPORTED_MS = (3.0, 0.84)


@dataclass
class Recording:
    """One form, as recorded."""

    form: str
    seed: int
    shape: str
    lines: list[dict[str, Any]]
    overhead_ms: float = 0.0
    """Time with a core beside each evaluation; not measured with the first recordings."""


def read(path: Path) -> Recording:
    """A file that bench.engine.record wrote."""
    head, *lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return Recording(head["form"], head["seed"], head["shape"], lines, head.get("overhead", 0.0))


def turns_of(recording: Recording, clock: int) -> list[tuple[Turn, dict[str, Any]]]:
    """Each turn as v34's figures show it, with its truth. Other clients' requests are in no figures."""
    pairs: list[tuple[Turn, dict[str, Any]]] = []
    other = False
    for short in recording.lines:
        if "other" in short:
            other = True
            continue
        line = {**DEFAULTS, **short}
        prefill, decode = line["ms"][clock], line["decode"][clock]
        if clock == CORE:
            prefill = max(prefill - recording.overhead_ms, 0.01)
        unreported = UNREPORTED_MS[0] + UNREPORTED_MS[1] * line["out"]
        turn = Turn(
            ordinal=len(pairs), prompt_tokens=line["n"], output_tokens=line["out"], prefill_ms=prefill,
            decode_ms=decode, load_ms=line["load"], ollama_total_ms=line["load"] + prefill + decode + unreported,
            num_ctx=line["num_ctx"], prompt_tokens_est=line["est"], tail_mode=line["tail"], context_sent=line["sent"],
            context_returned=line["returned"], session_id=f"session {line['session']}",
            model=f"random-{recording.shape}",
        )  # fmt: skip
        pairs.append((turn, {**line, "other": other}))
        other = False
    return pairs


@dataclass
class Score:
    """How one form was read. Errors are shares of the prompt, 0…1; above 0: more reuse was shown than there was."""

    turns: int = 0
    unknown: int = 0
    busy: int = 0
    known: int = 0
    facts_missed: int = 0
    """Turns loaded or cut that were not called so, or the reverse."""
    errors: list[float] = field(default_factory=list)
    ranges: list[tuple[float, bool]] = field(default_factory=list)
    """(width, whether the truth is inside), the wide ones too."""
    vague: int = 0
    """Ranges that are wider than VAGUE."""
    false_cold: int = 0
    missed_cold: int = 0
    cold: int = 0
    far: list[str] = field(default_factory=list)
    """Which turns were beyond 15 points."""

    def add(self, reuse: Reuse, truth: dict[str, Any]) -> None:
        """Count one turn."""
        share = 1 - truth["evaluated"] / truth["n"]
        self.turns += 1
        self.busy += reuse.busy
        self.unknown += reuse.certainty is Certainty.UNKNOWN and not reuse.busy
        self.known += reuse.certainty is Certainty.KNOWN
        self.facts_missed += (reuse.loaded, reuse.cut) != (truth["loaded"], truth["cut"])
        cold = share < COLD
        self.cold += cold
        self.false_cold += reuse.cold and not cold
        self.missed_cold += (
            cold
            and not reuse.cold
            and reuse.share is not None
            and (reuse.share if reuse.least is None else reuse.least) >= COLD
        )
        if reuse.certainty is not Certainty.ESTIMATED or reuse.share is None:
            return
        error = reuse.share - share
        if reuse.least is not None and reuse.most is not None:
            width = reuse.most - reuse.least
            self.ranges.append((width, reuse.least - 0.005 <= share <= reuse.most + 0.005))
            self.vague += width > VAGUE
            return
        self.errors.append(error)
        if abs(error) > FAR:
            self.far.append(f"turn {reuse.ordinal}: {reuse.share:.2f} for {share:.2f}")

    def merge(self, other: "Score") -> None:
        """Add the counts of another one."""
        for name in ("turns", "unknown", "vague", "busy", "known", "facts_missed", "false_cold", "missed_cold", "cold"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.errors += other.errors
        self.ranges += other.ranges
        self.far += other.far


def score(recording: Recording, clock: int, kept: dict[PrefillKey, LearnedRate] | None = None) -> Score:
    """Read one recording, as it is shown in the end, with what was learned.

    ``kept``: what earlier runs learned; this one's is added. None: nothing is known at its begin.
    """
    depth_cost = SHAPES[recording.shape].depth_cost
    facts = OllamaFacts(url="", reachable=True, since=None, version=VERSION, depth_cost=depth_cost)
    tracker = ReuseTracker()
    if kept is not None:
        tracker.remember(kept.values())
    result, pairs = Score(), turns_of(recording, clock)
    for turn, _ in pairs:
        tracker.add(turn, facts)
    for reuse, (_, truth) in zip(tracker.reuse, pairs, strict=True):
        result.add(reuse, truth)
    if kept is not None:
        kept.update((learned.key, learned) for learned in tracker.learned)
    return result


HEADER = (
    "| form | turns | loaded, cut | figures | median | p90 | worst | bias | beyond 15 | ranges | false cold |"
    " missed cold | nothing shown | wide range | busy |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def row(name: str, score: Score) -> str:
    """One line of the table."""
    sizes = sorted(abs(error) for error in score.errors)

    def points(value: float) -> str:
        return f"{value * 100:.1f}"

    if sizes:
        far = sum(size > FAR for size in sizes)
        spread = [points(median(sizes)), points(sizes[int(len(sizes) * 0.9)]), points(sizes[-1])]
        errors = [*spread, f"{mean(score.errors) * 100:+.1f}", f"{far} ({far / len(sizes):.0%})"]
    else:
        errors = ["—"] * 5
    held = sum(inside for _, inside in score.ranges)
    wrong = f", {score.facts_missed} wrong" if score.facts_missed else ""
    cells = [
        name, score.turns, f"{score.known}{wrong}", len(sizes), *errors,
        f"{held} of {len(score.ranges)}, {points(median(width for width, _ in score.ranges))}" if score.ranges else "—",
        score.false_cold, f"{score.missed_cold} of {score.cold}",
        *(f"{count} ({count / max(score.turns, 1):.0%})" for count in (score.unknown, score.vague, score.busy)),
    ]  # fmt: skip
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(recordings: Iterable[Recording], clock: int, kept: dict[PrefillKey, LearnedRate] | None = None) -> list[str]:
    """One line a form, and one over all."""
    scores: dict[str, Score] = {}
    total = Score()
    for recording in recordings:
        one = score(recording, WALL if recording.form in BUSY else clock, kept)
        scores.setdefault(recording.form, Score()).merge(one)
        total.merge(one)
    return [*HEADER, *(row(name, one) for name, one in scores.items()), row("all", total)]
