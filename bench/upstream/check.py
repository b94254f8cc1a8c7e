"""Upstream's own code against the demo and the report.

``python -m bench upstream PATH``: PATH is a checkout of upstream (never part of this repository). Its listening loop
and latency tracker run beside the demo's, in the same simulated room: both loops hear the same sentences with the same
whisper passes; pauses per minute in quiet, their spacing, the wait from the last sound to ``stt_pause_detected``, and
the order of events must agree. Then its two scripts for the latency log run beside ``timmy-tui report``: each figure
must be equal, or another one for a reason that docs/upstream-scripts.md names.
"""

import itertools
import random
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.upstream.demo import run_demo
from bench.upstream.loop import run_upstream
from bench.upstream.scripts import compare
from bench.upstream.world import Event, Experiment, Room, Sentence

EXPERIMENTS = (
    *(Experiment(pass_s) for pass_s in (0.05, 0.1, 0.2, 0.4)),
    Experiment(0.2, 0.3),
    Experiment(0.2, 1.0),
    Experiment(0.15, silent_pass_s=0.04),
)
RATE_TOLERANCE = 0.03
SPACING_TOLERANCE_S, WAIT_TOLERANCE_S = 0.005, 0.02
"""Largest differences of the two: of the rate as a share, of the median spacing and of the median wait."""
MOMENT_TOLERANCE_S = 0.005
"""Largest difference of any event's time in the runs of the other branches."""
QUIET_S, SENTENCES = 300.0, 150

Runs = Sequence[tuple[Room, list[Event]]]


class Differs(Exception):
    """The demo or the report differs from upstream by more than the tolerances."""


def measure(path: Path | None = None) -> list[str]:
    """Lines of the table. Raises Differs, which carries the same lines, and FileNotFoundError."""
    if path is None:
        return ["skipped: no PATH of a checkout of upstream was given"]
    rows, failures = [], []
    for experiment in EXPERIMENTS:
        name = f"pass {1000 * experiment.pass_s:.0f} ms, threshold {experiment.threshold_s:g} s"
        if experiment.silent_pass_s is not None:
            name += f", silent pass {1000 * experiment.silent_pass_s:.0f} ms"
        cells, differs = _compare(path, experiment)
        rows.append(f"| {name} | {cells[0]} | {cells[1]} | {'differs' if differs else 'agrees'} |")
        failures += [f"{name}: {what}" for what in differs]
    for name, experiment in BRANCHES.items():
        theirs, ours = run_upstream(path, experiment)[1], run_demo(experiment)[1]
        first = _first_difference(theirs, ours)
        rows.append(f"| {name} | {len(theirs)} events | {len(ours)} events | {'differs' if first else 'agrees'} |")
        failures += [f"{name}: {first}"] if first else []
    fields = _fields(path)
    names = [", ".join(names) for names in fields]
    rows.append(f"| fields of a line | {names[0]} | {names[1]} | {'agrees' if fields[0] == fields[1] else 'differs'} |")
    failures += ["the fields of a line"] if fields[0] != fields[1] else []
    lines = ["| what | upstream | demo | |", "|---|---|---|---|", *rows]
    if failures:
        raise Differs("\n".join([*lines, "", "Differences above the tolerances:", *failures]))
    return lines


def measure_scripts(path: Path) -> list[str]:
    """Lines of the table of figures. Raises Differs, which carries the same lines, and FileNotFoundError."""
    lines, failures = compare(path)
    if failures:
        raise Differs("\n".join([*lines, "", "Differences that no row of the table of figures explains:", *failures]))
    return lines


def main(arguments: Sequence[str]) -> int:
    """Print the tables; returns the exit code: 0 also without a PATH, 1 for a difference, 2 for a wrong PATH."""
    if not arguments:
        print("\n".join(measure()))
        return 0
    codes = set()
    for measure_part in (measure, measure_scripts):
        try:
            lines = measure_part(Path(arguments[0]))
        except Differs as differences:
            lines = [str(differences)]
            codes.add(1)
        except FileNotFoundError as error:
            lines = [f"not a checkout of upstream: {error}"]
            codes.add(2)
        print("\n".join(lines), flush=True)
        print()
    return min(codes, default=0)


BRANCHES = {
    "v34 answers 500": Experiment(0.1, sentences=(Sentence("Is anybody there?", 0.7, 1.1),), statuses=(500,)),
    "v34 does not answer": Experiment(0.1, sentences=(Sentence("Is anybody there?", 0.7, 1.1),), statuses=(None,)),
    "a noise in parentheses": Experiment(0.1, sentences=(Sentence("(a door closes)", 1.0, 0.2),), limit_s=60.0),
    "said again, longer and shorter": Experiment(
        0.1,
        sentences=tuple(
            Sentence(text, 1.3, 1.5)
            for text in ("The door is green.", "The door is green now.", "Something quite different.", "Something")
        ),
        limit_s=40.0,
    ),
    "more than 80 characters, slow passes": Experiment(
        0.4, sentences=(Sentence("a word " * 30, 1.0, 14.0),), quiet_s=5.0
    ),
    "more than 80 characters, fast passes": Experiment(
        0.1, sentences=(Sentence("a word " * 30, 1.0, 14.0),), quiet_s=5.0
    ),
}
"""The other ways through the loop."""


def waits(room: Room, events: Sequence[Event]) -> list[float]:
    """Seconds from the last sound of each sentence to the event of the pause after it."""
    starts = {event.request_id: event.at for event in events if event.name == "stt_pause_detected"}
    sent = [starts[event.request_id] for event in events if event.name == "stt_transcript_finalized"]
    return [at - sound for at, sound in zip(sent, room.last_sounds, strict=False)]


def spacings(events: Sequence[Event]) -> list[float]:
    """Seconds between two pauses without a turn."""
    ids = [event.request_id for event in events]
    lone = [event.at for event in events if ids.count(event.request_id) == 1]
    return [after - before for before, after in itertools.pairwise(lone)]


def conversation(experiment: Experiment, sentences: int = SENTENCES) -> Experiment:
    """The same room with sentences of random length at random moments."""
    draw = random.Random(f"{experiment.pass_s} {experiment.threshold_s}")
    said = tuple(
        Sentence(f"{number} {'abcdefghij' * 3}", draw.uniform(0.3, 3.0), draw.uniform(0.8, 3.0))
        for number in _different_words(draw, sentences)
    )
    return replace(experiment, sentences=said, limit_s=15.0 * sentences)


def _different_words(draw: random.Random, count: int) -> list[str]:
    """Texts so different that none is taken for a correction of the one before."""
    return ["".join(draw.choices("klmnopqrstuvwxyz", k=60)) for _ in range(count)]


def _compare(path: Path, experiment: Experiment) -> tuple[list[str], list[str]]:
    """The figures of upstream and of the demo, and what differs."""
    quiet, talk = replace(experiment, quiet_s=QUIET_S), conversation(experiment)
    quiet_runs: Runs = (run_upstream(path, quiet), run_demo(quiet))
    talk_runs: Runs = (run_upstream(path, talk), run_demo(talk))
    rates = [len(events) / QUIET_S * 60 for _, events in quiet_runs]
    gaps = [_median(spacings(events)) for _, events in quiet_runs]
    waited = [waits(*run) for run in talk_runs]
    medians = [_median(values) for values in waited]
    orders = [_orders(events) for _, events in talk_runs]
    differs = []
    if abs(rates[1] - rates[0]) > RATE_TOLERANCE * rates[0]:
        differs.append(f"{rates[0]:.0f} and {rates[1]:.0f} pauses a minute")
    if abs(gaps[1] - gaps[0]) > SPACING_TOLERANCE_S:
        differs.append(f"a spacing of {gaps[0]:.3f} and {gaps[1]:.3f} s")
    if abs(medians[1] - medians[0]) > WAIT_TOLERANCE_S:
        differs.append(f"a wait of {medians[0]:.2f} and {medians[1]:.2f} s")
    if orders[0] != orders[1]:
        differs.append(f"the order of events, or the number of turns: {len(orders[0])} and {len(orders[1])}")
    cells = [
        f"{rate:.0f}/min, every {gap:.3f} s, waits {median:.2f} ± {_deviation(values):.2f} s"
        for rate, gap, median, values in zip(rates, gaps, medians, waited, strict=True)
    ]
    return cells, differs


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _orders(events: Sequence[Event]) -> list[list[str]]:
    """The events of each turn, in their order."""
    turns: dict[str, list[str]] = {}
    for event in events:
        turns.setdefault(event.request_id, []).append(event.name)
    return [names for names in turns.values() if len(names) > 1]


def _first_difference(theirs: Sequence[Event], ours: Sequence[Event]) -> str:
    """The first event that differs in name, text length or, by more than MOMENT_TOLERANCE_S, in time; or empty."""
    for their, our in itertools.zip_longest(theirs, ours):
        if (
            their is None
            or our is None
            or their.name != our.name
            or their.metadata.get("text_length") != our.metadata.get("text_length")
            or abs(their.at - our.at) > MOMENT_TOLERANCE_S
        ):
            return f"{their} and {our}"
    return ""


def _fields(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names in a line of upstream's tracker, in order, and in a line of the demo's."""
    experiment = Experiment(0.1, quiet_s=2.0)
    theirs, ours = run_upstream(path, experiment)[1], run_demo(experiment)[1]
    return theirs[0].fields if theirs else (), ours[0].fields
