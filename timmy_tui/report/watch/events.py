"""What ``timmy-tui watch`` says: each thing that is new in a snapshot, as a line and as an object."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import duration, local_time, plural
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.flags.words import epoch_words
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.model.turn import Epoch, FlagChange, Turn
from timmy_tui.report.backlog import Backlog
from timmy_tui.report.epochs import change_objects
from timmy_tui.report.finding_rows import finding_line, finding_row
from timmy_tui.report.json import source_object, turn_object
from timmy_tui.report.text import turn_name
from timmy_tui.report.watch.said_before import SaidBefore, outcome, said_before
from timmy_tui.report.words.losses import NewLosses, counted_losses
from timmy_tui.storage.parquet.turn_table import plain_name, plain_reason

SCHEMA = 1
"""Of the objects; docs/watch.md."""
NUMBER_S = 10.0
"""So long a turn waits for the number that the history gives it; with a disk that takes longer it is said without."""
MOST_KNOWN = 5000
"""Turns, findings and epochs of which is known that they were said, beyond those of the newest snapshot."""
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


class DatedLines:
    """Happenings as lines for people, with the date before the first of each day."""

    def __init__(self) -> None:
        self._date = ""

    def lines(self, one: Happening, at: float) -> list[str]:
        """One line, or two. ``at``: time.time()."""
        date, before = local_time(at, "%Y-%m-%d"), self._date
        self._date = date
        return [one.line(at)] if date == before else [date, one.line(at)]


def notice(words: str, **facts: Any) -> Happening:
    """Words for people, with what a program may want of them."""
    return Happening("notice", clean(words, 500), {"words": words, **facts})


class Once:
    """Remembers keys: those that were asked for last, MOST_KNOWN of them."""

    def __init__(self) -> None:
        self._keys: OrderedDict[object, None] = OrderedDict()

    def add(self, key: object) -> bool:
        """True the first time. A key that is asked for again is not forgotten before one that is not."""
        known = key in self._keys
        self._keys[key] = None
        self._keys.move_to_end(key)
        return not known

    def trim(self, more: int) -> None:
        """Forget the oldest beyond MOST_KNOWN and so many more."""
        while len(self._keys) > MOST_KNOWN + more:
            self._keys.popitem(last=False)


class WatchEvents:
    """Compares snapshots. What was in the logs before the start is not said, only how much it was.

    Nothing of it has a word of what was said: ids, names and reasons are as in the files for other systems.
    """

    def __init__(self, numbered: bool) -> None:
        """``numbered``: a history gives the turns their numbers."""
        self._conditions: dict[str, SourceCondition] = {}
        self._trouble: dict[str, str] = {}
        self._losses = NewLosses()
        self._before: SaidBefore | None = None
        """The reading before this one; None where this is the first."""
        self._begin_reading(numbered)

    def _begin_reading(self, numbered: bool) -> None:
        self._numbered = numbered
        self._backlog = Backlog()
        self._begun = False
        self._known = Once()
        self._newest = Snapshot()
        """The last one that was looked at; its turns are known."""
        self._waiting: deque[tuple[float, int]] = deque()
        """(tick at which it was first seen, ordinal) of turns that wait for their number."""
        self._verdict: object = None

    def begin_again(self, numbered: bool) -> None:
        """The same logs are read again from here on: what was said of them is not said again."""
        if self._begun:
            waiting = frozenset(ordinal for _, ordinal in self._waiting)
            self._before = said_before(self._newest, waiting, self._verdict)
        self._begin_reading(numbered)

    def look(self, snapshot: Snapshot, tick: float) -> Iterator[Happening]:
        """What is new. ``tick``: ``elapsed()``."""
        yield from self._sources(snapshot, tick)
        yield from self._health(snapshot)
        if not self._begun:
            self._begun = self._backlog.is_over(snapshot, tick)
            if not self._begun:
                return
            self._take_as_known(snapshot, tick)
            yield _ready(snapshot)
            return
        if not snapshot.preview:
            yield from self._epochs(snapshot)
            yield from self._turns(snapshot, tick)
            if not self._waiting:  # a finding names turns by their numbers
                yield from self._judgement(snapshot)
            self._newest = snapshot
            self._known.trim(len(snapshot.turns))

    def _take_as_known(self, snapshot: Snapshot, tick: float) -> None:
        """All of it, or what the reading before had; the rest is said soon."""
        before = self._before or SaidBefore()
        unsaid = frozenset[int]() if self._before is None else before.unsaid(snapshot.turns)
        self._newest = snapshot
        for turn in snapshot.turns:
            self._known.add(("turn", turn.ordinal))
            if turn.ordinal in unsaid:
                self._waiting.append((tick, turn.ordinal))
        for epoch in snapshot.epochs:
            if epoch.first not in unsaid:
                self._known.add(_epoch_key(epoch))
        if snapshot.judgement is None:
            return
        for finding in snapshot.judgement.findings:
            if not before.is_news(finding, unsaid):
                self._known.add((finding.key, finding.ended))
        verdict = snapshot.judgement.verdict
        if verdict is not None and not verdict.wanted and (not unsaid or outcome(verdict) == before.verdict):
            self._verdict = outcome(verdict)
            self._known.add(_told_by(verdict))

    def _turns(self, snapshot: Snapshot, tick: float) -> Iterator[Happening]:
        """Each turn once, when it is over and has its number."""
        if snapshot.turns is not self._newest.turns:
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
            if epoch.number > 1 and self._known.add(_epoch_key(epoch)):
                plain = replace(epoch, changes=tuple(map(_plain_change, epoch.changes)))
                facts = {
                    "number": epoch.number, "session_id": plain_name(epoch.session_id), "restarted": epoch.restarted,
                    "changes": change_objects(plain.changes, KnownFlags()), "reason": epoch_words(plain),
                }  # fmt: skip
                yield Happening("epoch", f"epoch {epoch.number}: {clean(epoch_words(plain), 200)}", facts)

    def _judgement(self, snapshot: Snapshot) -> Iterator[Happening]:
        if snapshot.judgement is None:
            return
        numbers = {turn.ordinal: turn.number for turn in snapshot.turns}
        for finding in reversed(snapshot.judgement.findings):
            if self._known.add((finding.key, finding.ended)):
                yield _finding(finding, numbers)
        verdict = snapshot.judgement.verdict
        if verdict is not None and not verdict.wanted and self._known.add(_told_by(verdict)):
            self._verdict = outcome(verdict)
            verdict = replace(verdict, changes=tuple(map(_plain_change, verdict.changes)))
            words = f"verdict: {verdict.b} against {verdict.a}: {verdict.sentence}"
            yield Happening("verdict", clean(words, 1000), msgspec.to_builtins(verdict))

    def _sources(self, snapshot: Snapshot, tick: float) -> Iterator[Happening]:
        """States that changed, and what was lost since the logs were read."""
        for source in snapshot.sources:
            condition = SourceCondition.OK if source.condition in _WORKING else source.condition
            if self._conditions.get(source.name) is not condition:
                self._conditions[source.name] = condition
                more = ", ".join(filter(None, (clean(source.detail), *counted_losses(source))))
                words = f"{condition} {more}".rstrip()
                self._losses.take_as_known(source)
            elif not self._begun:
                words = ""
                self._losses.take_as_known(source)
            else:
                words = self._losses.words(source, tick)
            if words:
                facts = {**source_object(source), "condition": str(condition)}
                yield Happening("source", f"{clean(source.name)}: {words}", facts)

    def _health(self, snapshot: Snapshot) -> Iterator[Happening]:
        now = {one.where: one.kind or one.message for one in snapshot.health}
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
    turn = _plain_turn(turn)
    why = next((one for one in reversed(diagnoses) if one.ordinal == turn.ordinal), None)
    reuses = snapshot.llm.reuse if snapshot.llm is not None else ()
    reuse = next((one for one in reversed(reuses) if one.ordinal == turn.ordinal), None)
    words = [f"turn {turn_name(turn)} {turn.state.words}"]
    if turn.headline_ms is not None:
        words.append(f"{turn.span} {duration(turn.headline_ms, '≥' if turn.is_lower_bound else '')}")
    if turn.stages.get("llm") is not None:
        words.append(f"LLM {duration(turn.stages['llm'])}")
    if why is not None and why.slow:
        words.append(clean(why.sentence, 300))
    return Happening("turn", "  ".join(words), turn_object(turn, why, reuse))


def _finding(finding: Finding, numbers: Mapping[int, int | None]) -> Happening:
    over = "over: " if finding.ended else ""
    finding = replace(finding, since_id=plain_name(finding.since_id), raised_id=plain_name(finding.raised_id))
    facts = {**finding_row(finding, numbers), "notable": finding.notable}
    return Happening("finding", f"{over}{finding_line(finding, numbers)}", facts)


def _plain_turn(turn: Turn) -> Turn:
    """Its names and its reason as they leave in files (storage/parquet/turn_table.py)."""
    names = {name: plain_name(getattr(turn, name)) for name in ("request_id", "session_id", "model", "logs")}
    return replace(turn, reason=plain_reason(turn), **names)


def _plain_change(change: FlagChange) -> FlagChange:
    values = {"before": change.before, "after": change.after}
    return replace(change, **{key: plain_name(one) if isinstance(one, str) else one for key, one in values.items()})


def _epoch_key(epoch: Epoch) -> tuple[object, ...]:
    return "epoch", epoch.number, epoch.changes


def _told_by(verdict: Comparison) -> tuple[object, ...]:
    """What of a verdict is news when it changes."""
    return verdict.a, verdict.b, outcome(verdict)
