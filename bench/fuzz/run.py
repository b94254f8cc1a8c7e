"""Runs one fuzzer until its CPU time is used up, or until it has found something."""

import resource
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.database import DirectoryBasedExampleDatabase

from bench.fuzz.table import Fuzzer

CORPUS = Path(__file__).parents[2] / ".hypothesis" / "fuzz"
"""Where hypothesis keeps what failed, and the inputs that came furthest; both are tried first in the next run."""
SLOWEST_S = 10.0
"""CPU time of one input, from which it is a finding: a line, a file or an answer takes milliseconds."""
MOST_GROWTH_MIB = 64.0
"""Growth of the memory after the first quarter, from which it is a finding."""
PHASES = (Phase.reuse, Phase.generate, Phase.target, Phase.shrink)


class Budget(NamedTuple):
    """How long a fuzzer runs."""

    cpu_s: float
    """It stops behind the round in which this is used up; there is at least one round."""
    seed: int | None = None
    """Repeats a run; hypothesis then takes nothing from the corpus, and keeps nothing."""
    inputs: int = 250
    """Of one round."""


@dataclass
class Outcome:
    """What one shard of a fuzzer did."""

    name: str
    inputs: int = 0
    cpu_s: float = 0.0
    slowest_ms: float = 0.0
    """CPU time of the slowest input."""
    rss_mib: float = 0.0
    """At the end."""
    growth_mib: float = 0.0
    """Since the first quarter."""
    finding: str = ""
    """What went wrong, with the smallest input; else empty."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class TooSlow(AssertionError):
    """One input took too long."""


def rss_mib() -> float:
    """Resident memory of this process; its peak where the system tells no more."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / (1 << 20)


def run(name: str, fuzzer: Fuzzer, budget: Budget, corpus: Path = CORPUS) -> Outcome:
    """Rounds of inputs."""
    outcome = Outcome(name)
    began = time.process_time()
    first_mib: float | None = None
    number = 0
    while not outcome.finding and (number == 0 or time.process_time() - began < budget.cpu_s):
        outcome.finding = _round(fuzzer, outcome, _nth(budget, number), corpus)
        number += 1
        if first_mib is None and time.process_time() - began >= budget.cpu_s / 4:
            first_mib = rss_mib()
    outcome.cpu_s = time.process_time() - began
    outcome.rss_mib = rss_mib()
    outcome.growth_mib = outcome.rss_mib - (outcome.rss_mib if first_mib is None else first_mib)
    if outcome.growth_mib > MOST_GROWTH_MIB and not outcome.finding:
        outcome.finding = f"memory grew by {outcome.growth_mib:.0f} MiB"
    return outcome


def _nth(budget: Budget, number: int) -> Budget:
    return budget if budget.seed is None else budget._replace(seed=budget.seed + number)


def _round(fuzzer: Fuzzer, outcome: Outcome, budget: Budget, corpus: Path) -> str:
    """One round; what it found, or empty."""

    def check(value: Any) -> None:
        began = time.process_time()
        fuzzer.check(value)
        took = time.process_time() - began
        outcome.inputs += 1
        outcome.slowest_ms = max(outcome.slowest_ms, 1000 * took)
        if took > SLOWEST_S:
            raise TooSlow(f"{took:.1f} s of CPU time")

    test = hypothesis.given(fuzzer.inputs())(check)
    if budget.seed is not None:
        test = hypothesis.seed(budget.seed)(test)
    test = hypothesis.settings(
        max_examples=budget.inputs,
        # A folder for each: the name under which an input is kept is this function's, which is the same for all.
        database=DirectoryBasedExampleDatabase(corpus / outcome.name.replace(" ", "-")),
        deadline=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )(test)
    try:
        test()
    except Exception as error:  # noqa: BLE001  Whatever it is, it is what is looked for.
        return _described(error)
    return ""


def _described(error: Exception) -> str:
    """The traceback, and behind it hypothesis's note with the smallest input."""
    return "".join(traceback.format_exception(error)).strip()
