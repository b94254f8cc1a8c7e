"""Alarms set beside the truth."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from bench.judgement.scenarios import Labelled
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.model.turn import Turn, TurnState

SOON = 20
"""Turns within which a user would like to know."""
NAMES = {
    "prefill": ("prefill", "llm"),
    "decode": ("decode", "llm"),
    "wait": ("wait", "load", "llm"),
    "llm": ("llm", "prefill", "decode", "wait"),
    "hop_in": ("network",),
    "hop_out": ("network",),
    "gpu": ("gpu", "llm", "prefill", "decode", "tts"),
}
"""Names that are right for a cause: its own, and those of its parts and of the whole request."""


class Alarm(NamedTuple):
    """An alarm of a method: the turn at which it was raised, the stage it names, and the direction."""

    at: int
    stage: str
    slower: bool


Method = Callable[[Sequence[Turn]], list[Alarm]]
"""Turns in, alarms out; what it says of a turn must not depend on later ones."""


def detect(turns: Sequence[Turn]) -> list[Alarm]:
    """The detector of the dashboard."""
    detector = RegressionDetector()
    seen: set[str] = set()
    alarms = []
    for turn in turns:
        for finding in detector.add(turn):
            if finding.raised == turn.ordinal and finding.key not in seen:
                seen.add(finding.key)
                alarms.append(Alarm(turn.ordinal, finding.stage, finding.direction == "slower"))
    return alarms


@dataclass
class FalseAlarms:
    """On logs in which nothing became slower or faster."""

    turns: int = 0
    alarms: int = 0
    logs: int = 0
    alarmed: int = 0
    """Logs with any alarm."""
    stages: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Per 1000 turns."""
        return 1000 * self.alarms / self.turns if self.turns else 0.0


@dataclass
class Detections:
    """On logs with one change each."""

    logs: int = 0
    found: int = 0
    soon: int = 0
    delays: list[int] = field(default_factory=list)
    """Turns at the new level when the right alarm was raised, that turn included."""
    named: int = 0
    """Logs with any alarm behind the change."""
    wrong: int = 0
    """Logs in which the first of them named another stage."""
    backwards: int = 0
    """Logs in which an alarm named the right stage and the wrong direction."""
    missed: Counter[str] = field(default_factory=Counter)
    """Logs without the right alarm, by stage."""
    mistaken: Counter[str] = field(default_factory=Counter)
    """Stage→name, where the name was wrong."""

    @property
    def delay(self) -> float | None:
        """Median; None when nothing was found."""
        return median(self.delays) if self.delays else None


def count_false(method: Method, logs: Iterable[Labelled]) -> FalseAlarms:
    """Every alarm is a false one."""
    tally = FalseAlarms()
    for log in logs:
        alarms = method(log.turns)
        tally.turns += sum(turn.state is TurnState.COMPLETE for turn in log.turns)
        tally.alarms += len(alarms)
        tally.logs += 1
        tally.alarmed += bool(alarms)
        tally.stages.update(alarm.stage for alarm in alarms)
        tally.kinds[log.kind] += len(alarms)
    return tally


def count_found(method: Method, logs: Iterable[Labelled]) -> Detections:
    """The first alarm with the right stage and direction counts; alarms ahead of the change do not."""
    tally = Detections()
    for log in logs:
        assert log.at is not None
        right = NAMES.get(log.stage, (log.stage,))
        behind = [alarm for alarm in method(log.turns) if alarm.at >= log.at]
        tally.logs += 1
        if behind:
            tally.named += 1
            tally.wrong += behind[0].stage not in right
            if behind[0].stage not in right:
                tally.mistaken[f"{log.stage}→{behind[0].stage}"] += 1
        slower = log.factor > 1
        hits = [alarm for alarm in behind if alarm.stage in right and alarm.slower == slower]
        others = [alarm for alarm in behind if alarm.stage in right and alarm.slower != slower]
        tally.backwards += bool(others) and (not hits or others[0].at < hits[0].at)
        if not hits:
            tally.missed[log.stage] += 1
            continue
        delay = delay_of(log, hits[0])
        tally.found += 1
        tally.soon += delay <= SOON
        tally.delays.append(delay)
    return tally


def delay_of(log: Labelled, alarm: Alarm) -> int:
    """Complete turns from the change up to the alarm, both included."""
    assert log.at is not None
    return sum(log.at <= turn.ordinal <= alarm.at and turn.state is TurnState.COMPLETE for turn in log.turns)


def looks_ahead(method: Method, turns: Sequence[Turn], cuts: Iterable[int]) -> int:
    """How many of the cut logs give other alarms than the whole log had given up to there."""
    whole = method(turns)
    return sum(method(turns[:cut]) != [alarm for alarm in whole if alarm.at < turns[cut].ordinal] for cut in cuts)
