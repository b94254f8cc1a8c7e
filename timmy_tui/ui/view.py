"""The view: what panels draw from. One snapshot, the clocks, and the dashboard's own state."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import astuple, replace
from rich.style import Style

from timmy_tui.core.formatting import MISSING
from timmy_tui.model.change import ControlState
from timmy_tui.model.judgement import Diagnosis, Finding, TrialState
from timmy_tui.model.llm import LlmState, Reuse
from timmy_tui.model.snapshot import Health, Snapshot
from timmy_tui.model.turn import Epoch, Turn, TurnState, newest_spoken
from timmy_tui.ui.paint.glyphs import UNICODE, Glyphs
from timmy_tui.ui.paint.lines import foreign

Result = TypeVar("Result")


class Notice(Struct, frozen=True):
    """A message of the dashboard to its user, in one line; the event log has all of them."""

    at: float
    """time.time()."""
    text: str
    """Sanitized text."""
    role: str = "info"
    lasts_s: float = 15.0
    """How long it is shown."""

    def is_shown(self, now: float) -> bool:
        """Its time is not over. ``now``: time.time()."""
        return now - self.at <= self.lasts_s


class Cursor(Struct, frozen=True):
    """The turn that the user chose to look at. The id as well: the full reading of a log has other ordinals."""

    ordinal: int
    request_id: str


class View(Struct, frozen=True, eq=False, dict=True):
    """Input of every panel. The same view gives the same lines."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    now: float = 0.0
    """time.time()."""
    tick: float = 0.0
    """``core.interruptions.elapsed()``."""
    glyphs: Glyphs = UNICODE
    live_snapshot: Snapshot | None = None
    """The newest snapshot while an older one is frozen on the screen; else None."""
    control: ControlState | None = None
    notice: Notice | None = None
    interruption: Notice | None = None
    """Of the newest sleep of the machine, or stop: it is shown for its time, whatever notice comes behind it."""
    footers: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Screen → (key, label) of the commands that work there."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Command id → the name of its first key on the screen; empty without a key."""
    styles: Mapping[str, Style] = field(default_factory=dict)
    """Role → style of the theme."""
    cached_lines: dict[Hashable, Any] = field(default_factory=dict)
    """Lines that depend on the turns that are over and what is made of them; empty again when one of these changes."""
    faults: tuple[Health, ...] = ()
    """Panels that could not be drawn."""
    read_only: str = ""
    """Why nothing can be changed; empty when it can."""
    cursor: Cursor | None = None
    """The turn that the live screen shows; None: the newest."""
    monochrome: bool = False
    """Nothing may be told by colour alone."""
    memory: dict[str, tuple[tuple[object, ...], Any]] = field(default_factory=dict)
    """Results of ``remembered``, one for each key: they outlive a snapshot."""
    row: str = ""
    """Key of the stage row that the user has chosen; empty without one."""
    raw_rows: bool = False
    """The columns of the stage rows are ms from zero, not the time over the usual."""

    def cached(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """The result of ``make``, called again only when the snapshot is not ``alike``: a pause without a turn, a line
        or a service's answer makes a snapshot too, and the clocks repaint four times a second.
        """
        if key not in self.cached_lines:
            self.cached_lines[key] = make()
        result: Result = self.cached_lines[key]
        return result

    def remembered(self, key: str, inputs: tuple[object, ...], make: Callable[[], Result]) -> Result:
        """The result of ``make``, called again only when one of its inputs is another object, or another number.

        A turn of 27 events makes 27 snapshots that share one tuple of closed turns.
        """
        known = self.memory.get(key)
        if known is None or len(known[0]) != len(inputs) or not all(map(_same, known[0], inputs)):
            known = self.memory[key] = (inputs, make())
        result: Result = known[1]
        return result

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The newest turns that are over, oldest first."""
        return self.snapshot.turns

    @cached_property
    def newest_prompted(self) -> Turn | None:
        """The newest turn whose prompt has figures, spoken or typed: prompt, cache and context window are told of it.

        The newest complete one where no turn has any.
        """
        complete = (turn for turn in reversed(self.turns) if turn.state is TurnState.COMPLETE)
        return next((turn for turn in reversed(self.turns) if turn.ordinal in self.reuse), None) or next(complete, None)

    @cached_property
    def headline_turn(self) -> Turn | None:
        """The turn that headline, waterfall and ``last`` show: the newest spoken one, in whatever state it ended."""
        return newest_spoken(self.turns)

    @cached_property
    def newest_turn(self) -> Turn | None:
        """The newest turn in any state."""
        return self.turns[-1] if self.turns else None

    def with_cursor(self, index: int | None) -> "View":
        """The cursor on the turn of this index in ``turns``; None, or an index behind the newest, takes it away."""
        turn = self.turns[index] if index is not None and index < len(self.turns) else None
        return replace(self, cursor=Cursor(turn.ordinal, turn.request_id) if turn is not None else None)

    @cached_property
    def cursor_index(self) -> int | None:
        """Index in ``turns`` of the turn under the cursor; None without one, or when it is not there any more."""
        wanted = self.cursor
        if wanted is None:
            return None
        same = [i for i, turn in enumerate(self.turns) if turn.request_id == wanted.request_id]
        exact = next((i for i in same if self.turns[i].ordinal == wanted.ordinal), None)
        return exact if exact is not None or not wanted.request_id else next(reversed(same), None)

    @cached_property
    def index_by_ordinal(self) -> dict[int, int]:
        """Ordinal → index in ``turns``."""
        return {turn.ordinal: index for index, turn in enumerate(self.turns)}

    @cached_property
    def cursor_turn(self) -> Turn | None:
        """The turn under the cursor; None while the screen shows the newest."""
        return None if self.cursor_index is None else self.turns[self.cursor_index]

    @cached_property
    def shown_turn(self) -> Turn | None:
        """The turn of stage rows, waterfall and diagnosis: the cursor's, else the headline's."""
        return self.cursor_turn or self.headline_turn

    @cached_property
    def missed(self) -> int:
        """Turns that ended while the screen was frozen."""
        if self.live_snapshot is None:
            return 0
        shown = max((turn.ordinal for turn in self.turns), default=-1)
        return sum(turn.ordinal > shown for turn in self.live_snapshot.turns)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Findings that have not ended."""
        judgement = self.snapshot.judgement
        return tuple(f for f in judgement.findings if not f.ended) if judgement else ()

    @cached_property
    def leading(self) -> Finding | None:
        """The finding that headline and status speak of; None where none is young, slower and worth it."""
        judgement = self.snapshot.judgement
        return judgement.leading if judgement else None

    @cached_property
    def excess_ms(self) -> float | None:
        """How far the turn of the headline is over its usual: one figure, wherever it is shown; None if unknown."""
        turn = self.headline_turn
        diagnosis = self.diagnosis_of(turn.ordinal) if turn is not None else None
        return diagnosis.excess_ms if diagnosis is not None else None

    def over_usual(self, turn: Turn) -> tuple[float, float] | None:
        """(ms over the usual of a turn like it, that usual in ms): the figure of its diagnosis; None where unknown."""
        diagnosis = self.diagnosis_of(turn.ordinal)
        if diagnosis is None or diagnosis.excess_ms is None or turn.measured_ms is None:
            return None
        return diagnosis.excess_ms, turn.measured_ms - diagnosis.excess_ms

    @cached_property
    def tried(self) -> Epoch | None:
        """The epoch that began with the flip that the verdict is on: after an undo the one before the newest flip."""
        judgement = self.snapshot.judgement
        verdict = judgement.verdict if judgement else None
        if verdict is None:
            return None
        _, _, numbers = verdict.b.partition(":")
        first = numbers.partition("-")[0]
        return next((one for one in self.snapshot.epochs if first == str(one.number)), None)

    @cached_property
    def notes(self) -> dict[int, str]:
        """The user's notes on marked turns, by ordinal."""
        judgement = self.snapshot.judgement
        return dict(judgement.notes) if judgement else {}

    @cached_property
    def trial(self) -> TrialState | None:
        """The guided test, or None."""
        judgement = self.snapshot.judgement
        return judgement.trial if judgement else None

    @cached_property
    def reuse(self) -> dict[int, Reuse]:
        """Prompt reuse by ordinal."""
        llm = self.snapshot.llm
        return {item.ordinal: item for item in llm.reuse} if llm else {}

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {turn.ordinal: turn.number for turn in self.turns if turn.number is not None}

    def turn_name(self, ordinal: int, request_id: str = "") -> str:
        """``turn 17``, which commands take too; by its id where no number is known, as of a turn that is gone."""
        number = self._numbers.get(ordinal)
        return f"turn {(foreign(request_id, 12) or MISSING) if number is None else number}"

    @cached_property
    def marks(self) -> dict[int, str]:
        """The user's marks by ordinal: ``good`` or ``bad``."""
        judgement = self.snapshot.judgement
        return dict(judgement.quality) if judgement else {}

    @cached_property
    def epoch_starts(self) -> dict[int, int]:
        """Ordinal of an epoch's first turn → the epoch's number."""
        return {epoch.first: epoch.number for epoch in self.snapshot.epochs}

    @cached_property
    def _diagnoses(self) -> dict[int, Diagnosis]:
        judgement = self.snapshot.judgement
        return {one.ordinal: one for one in judgement.diagnoses} if judgement else {}

    def diagnosis_of(self, ordinal: int) -> Diagnosis | None:
        """The diagnosis of a turn; None for one that was not judged, or long ago."""
        return self._diagnoses.get(ordinal)


def alike(before: Snapshot, now: Snapshot) -> bool:
    """The same turns are over, and all that is made of them is the same: ``cached`` may be kept.

    Not among it: the turn in flight, the log's lines, sources, counts, and the rhythm of the pauses.
    """
    return (
        before.turns is now.turns
        and before.judgement is now.judgement
        and before.headline is now.headline
        and before.stages is now.stages
        and (before.window, before.preview) == (now.window, now.preview)
        and _each_same(before.epochs, now.epochs)
        and _each_same(before.marks, now.marks)
        and _same_llm(before.llm, now.llm)
    )


def _each_same(before: Sequence[object], now: Sequence[object]) -> bool:
    return len(before) == len(now) and all(map(_same, before, now))


def _same_llm(before: LlmState | None, now: LlmState | None) -> bool:
    if before is None or now is None:
        return before is now
    was, context = before.context, now.context
    same = was is context or (was is not None and context is not None and astuple(was) == astuple(context))
    return same and before.reuse is now.reuse and before.criteria is now.criteria and before.warnings == now.warnings


def _same(before: object, now: object) -> bool:
    return before is now or (isinstance(now, (int, float, str)) and before == now)


def index_from(turns: Sequence[Turn], ordinal: int) -> int | None:
    """Index of the turn with this ordinal, or of the first one behind it.

    A turn that was told of late has a place of its own: there its ordinal says nothing of the turns around.
    """
    reached = (
        i for i, turn in enumerate(turns) if turn.ordinal == ordinal or (turn.ordinal > ordinal and not turn.place)
    )
    return next(reached, None)
