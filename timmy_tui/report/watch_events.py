"""What ``timmy-tui watch`` says: each thing that is new in a snapshot, as a line and as an object."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from timmy_tui.core.formatting import duration, local_time, plural
from timmy_tui.core.sanitize import clean
from timmy_tui.model.flag_words import epoch_words
from timmy_tui.model.flags import KnownFlags
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.model.turn import Turn
from timmy_tui.report.backlog import SETTLED_S, Backlog
from timmy_tui.report.epochs import change_objects
from timmy_tui.report.finding_rows import finding_line, finding_row
from timmy_tui.report.json import source_object, turn_object
from timmy_tui.report.text import turn_name

SCHEMA = 1
"""Of the objects; docs/watch.md."""
NUMBER_S = 10.0
"""So long a turn waits for the number that the history gives it; with a disk that takes longer it is said without."""
MOST_KNOWN = 5000
"""Turns, findings and epochs of which is known that they were said: ten times as many as a snapshot has turns."""
_WORKING = (SourceCondition.OK, SourceCondition.BUSY, SourceCondition.READING)
"""One state, for who is told of changes: a service is busy in each turn."""


class Happening(NamedTuple):
    """One thing to be said."""

    kind: str
    """``turn``, ``finding``, ``epoch``, ``verdict``, ``source``, ``trouble``, ``ready``, ``notice``, ``watching``."""
    words: str
    """The line, without its time."""
    facts: Mapping[str, Any]
    """The object, without kind and time."""

    def line(self, at: float) -> str:
        """``14:30:05  turn 41 · 2bfc7ffd complete …``. ``at``: time.time()."""
        return f"{local_time(at, '%H:%M:%S')}  {self.words}"

    def object(self, at: float) -> dict[str, Any]:
        """``{"event": "turn", "at": 1764350000.0, …}``."""
        return {"event": self.kind, "at": at, **self.facts}


def notice(words: str, **facts: Any) -> Happening:
    """Words for people, with what a program may want of them."""
    return Happening("notice", clean(words, 500), {"words": words, **facts})


class Once:
    """Remembers keys, at most MOST_KNOWN of them."""

    def __init__(self) -> None:
        self._keys: dict[object, None] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def add(self, key: object) -> bool:
        """True the first time."""
        if key in self._keys:
            return False
        self._keys[key] = None
        while len(self._keys) > MOST_KNOWN:
            del self._keys[next(iter(self._keys))]
        return True


class WatchEvents:
    """Compares snapshots. What was in the logs before the start is not said, only how much it was."""

    def __init__(self, numbered: bool) -> None:
        """``numbered``: a history gives the turns their numbers."""
        self._numbered = numbered
        self._backlog = Backlog()
        self._begun = False
        self._first: float | None = None
        """Tick of the first snapshot."""
        self._known = Once()
        self._waiting: deque[tuple[float, int]] = deque()
        """(tick at which it was first seen, ordinal) of turns that wait for their number."""
        self._conditions: dict[str, SourceCondition] = {}
        self._trouble: dict[str, str] = {}

    def look(self, snapshot: Snapshot, tick: float) -> Iterator[Happening]:
        """What is new. ``tick``: ``elapsed()``."""
        yield from self._sources(snapshot)
        yield from self._health(snapshot)
        if not self._begun:
            self._first = tick if self._first is None else self._first
            nothing = tick - self._first >= SETTLED_S and not any(source.lines for source in snapshot.sources)
            self._begun = nothing or self._backlog.is_over(snapshot, tick)
            if not self._begun:
                return
            self._take_as_known(snapshot)
            yield _ready(snapshot)
            return
        if not snapshot.preview:
            yield from self._epochs(snapshot)
            yield from self._turns(snapshot, tick)
            if not self._waiting:  # a finding names turns by their numbers
                yield from self._judgement(snapshot)

    def _take_as_known(self, snapshot: Snapshot) -> None:
        for turn in snapshot.turns:
            self._known.add(("turn", turn.ordinal))
        for _ in self._epochs(snapshot):
            pass
        for _ in self._judgement(snapshot):
            pass

    def _turns(self, snapshot: Snapshot, tick: float) -> Iterator[Happening]:
        """Each turn once, when it is over and has its number."""
        for turn in snapshot.turns:
            if self._known.add(("turn", turn.ordinal)):
                self._waiting.append((tick, turn.ordinal))
        by_ordinal = {turn.ordinal: turn for turn in snapshot.turns} if self._waiting else {}
        missed = 0
        while self._waiting:
            seen, ordinal = self._waiting[0]
            found = by_ordinal.get(ordinal)
            if found is not None and found.number is None and self._numbered and tick - seen < NUMBER_S:
                break
            self._waiting.popleft()
            missed += found is None
            if found is not None:
                yield _turn(snapshot, found)
        if missed:
            yield notice(f"{plural(missed, 'turn')} came too fast to be said", missed=missed)

    def _epochs(self, snapshot: Snapshot) -> Iterator[Happening]:
        for epoch in snapshot.epochs[-3:]:
            if epoch.number > 1 and self._known.add(("epoch", epoch.number, epoch.changes)):
                facts = {
                    "number": epoch.number, "session_id": epoch.session_id, "restarted": epoch.restarted,
                    "changes": change_objects(epoch.changes, KnownFlags()), "reason": epoch_words(epoch),
                }  # fmt: skip
                yield Happening("epoch", f"epoch {epoch.number}: {clean(epoch_words(epoch), 200)}", facts)

    def _judgement(self, snapshot: Snapshot) -> Iterator[Happening]:
        if snapshot.judgement is None:
            return
        numbers = {turn.ordinal: turn.number for turn in snapshot.turns}
        for finding in reversed(snapshot.judgement.findings):
            if self._known.add((finding.key, finding.ended)):
                yield _finding(finding, numbers)
        verdict = snapshot.judgement.verdict
        if verdict is not None and not verdict.wanted and self._known.add(_told_by(verdict)):
            words = f"verdict: {verdict.b} against {verdict.a}: {verdict.sentence}"
            yield Happening("verdict", clean(words, 1000), msgspec.to_builtins(verdict))

    def _sources(self, snapshot: Snapshot) -> Iterator[Happening]:
        for source in snapshot.sources:
            condition = SourceCondition.OK if source.condition in _WORKING else source.condition
            if self._conditions.get(source.name) is not condition:
                self._conditions[source.name] = condition
                words = f"{clean(source.name)}: {condition} {clean(source.detail)}".rstrip()
                yield Happening("source", words, {**source_object(source), "condition": str(condition)})

    def _health(self, snapshot: Snapshot) -> Iterator[Happening]:
        now = {one.where: one.message for one in snapshot.health}
        for where, message in now.items():
            if where not in self._trouble:
                facts = {"where": where, "message": message, "over": False}
                yield Happening("trouble", f"trouble in {clean(where)}: {clean(message)}", facts)
        for where in self._trouble.keys() - now.keys():
            facts = {"where": where, "message": self._trouble[where], "over": True}
            yield Happening("trouble", f"{clean(where)}: works again", facts)
        self._trouble = now


def _ready(snapshot: Snapshot) -> Happening:
    words = f"{plural(len(snapshot.turns), 'turn')} in the logs; what comes now is said"
    lasting = [finding for finding in snapshot.judgement.findings if not finding.ended] if snapshot.judgement else []
    if lasting:
        words += f"; {plural(len(lasting), 'finding')} lasting"
    return Happening("ready", words, {"turns": len(snapshot.turns), "lasting": len(lasting)})


def _turn(snapshot: Snapshot, turn: Turn) -> Happening:
    diagnoses = snapshot.judgement.diagnoses if snapshot.judgement is not None else ()
    why = next((one for one in reversed(diagnoses) if one.ordinal == turn.ordinal), None)
    reuses = snapshot.llm.reuse if snapshot.llm is not None else ()
    reuse = next((one for one in reversed(reuses) if one.ordinal == turn.ordinal), None)
    words = [f"turn {turn_name(turn)} {str(turn.state).replace('_', ' ')}"]
    if turn.headline_ms is not None:
        words.append(f"{turn.span} {duration(turn.headline_ms, '≥' if turn.is_lower_bound else '')}")
    if turn.stages.get("llm") is not None:
        words.append(f"LLM {duration(turn.stages['llm'])}")
    if why is not None and why.slow:
        words.append(clean(why.sentence, 300))
    return Happening("turn", "  ".join(words), turn_object(turn, why, reuse))


def _finding(finding: Finding, numbers: Mapping[int, int | None]) -> Happening:
    over = "over: " if finding.ended else ""
    facts = {**finding_row(finding, numbers), "notable": finding.notable}
    return Happening("finding", f"{over}{finding_line(finding, numbers)}", facts)


def _told_by(verdict: Comparison) -> tuple[object, ...]:
    """What of a verdict is news when it changes."""
    return verdict.a, verdict.b, *((stage.stage, stage.verdict) for stage in verdict.stages)
