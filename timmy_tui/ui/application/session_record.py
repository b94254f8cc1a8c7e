"""What happened while the dashboard was open, for the lines that it leaves in the terminal."""

from collections import Counter
from collections.abc import Iterable, Iterator

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, ago, duration, moment, plural
from timmy_tui.core.quantile import quantile
from timmy_tui.model.change import ControlState, JournalEntry
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Finding
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import NOT_COMPLETED, Turn, TurnState
from timmy_tui.report.backlog import Backlog
from timmy_tui.report.words.findings import end_words, level_words, what_words
from timmy_tui.ui.paint.wording import stage_name

MOST_LINES = 12
MOST_FINDINGS, MOST_CHANGES = 4, 4
"""Lines of each; the others are counted."""


class SessionRecord:
    """Sees every snapshot; a turn is kept as two numbers, so that a month of them is no burden."""

    def __init__(self, started: float) -> None:
        """``started``: time.time()."""
        self._started = started
        self._backlog = Backlog()
        self._before: int | None = None
        """Ordinal of the newest turn that was in the logs before; None while these are read."""
        self._seen: tuple[Turn, ...] = ()
        self._states: dict[int, TurnState] = {}
        self._v2v_ms: dict[int, float] = {}
        self._bound = False
        self._findings: dict[str, Finding] = {}
        self._verdicts: dict[str, str] = {}

    @property
    def has_begun(self) -> bool:
        """What was in the logs before is read."""
        return self._before is not None

    def see(self, snapshot: Snapshot, tick: float) -> None:
        """Take a snapshot. ``tick``: ``elapsed()``."""
        if self._before is None:
            if self._backlog.is_over(snapshot, tick):
                self._before = max((turn.ordinal for turn in snapshot.turns), default=-1)
            return
        if snapshot.turns is not self._seen:
            self._seen = snapshot.turns
            for turn in snapshot.turns:
                if turn.ordinal > self._before:
                    self._add(turn)
        judgement = snapshot.judgement
        if judgement is None:
            return
        self._findings |= {one.key: one for one in judgement.findings if one.raised > self._before}
        verdict = judgement.verdict
        if verdict is not None and verdict.changes:
            self._verdicts[changes_words(verdict.changes)] = verdict.sentence

    def _add(self, turn: Turn) -> None:
        """A turn, or what is known of it now."""
        self._states[turn.ordinal] = turn.state
        if turn.state is TurnState.COMPLETE and turn.v2v_ms is not None:
            self._v2v_ms[turn.ordinal] = turn.v2v_ms
            self._bound |= turn.is_lower_bound
        else:
            self._v2v_ms.pop(turn.ordinal, None)

    def lines(self, now: float, control: ControlState | None) -> list[str]:
        """At most MOST_LINES plain lines. ``now``: time.time()."""
        changes = [one for one in (control.journal if control is not None else ()) if one.at >= self._started]
        lines = [
            f"timmy_tui: {ago(now - self._started)}, {moment(self._started, now)} to {moment(now, now)}",
            self._turns_line(),
            self._v2v_line(),
            *_some(self._finding_lines(), MOST_FINDINGS, "finding"),
            *_some(self._change_lines(changes, now), MOST_CHANGES, "change"),
        ]
        return [clean(text) for text in lines[:MOST_LINES]]

    def _turns_line(self) -> str:
        counts = Counter(self._states.values())
        wrong = [f"{counts[state]} {state.words}" for state in NOT_COMPLETED if counts[state]]
        return f"turns: {', '.join([str(len(self._states)), *wrong])}"

    def _v2v_line(self) -> str:
        ordered = sorted(self._v2v_ms.values())
        if not ordered:
            return f"V2V: {MISSING}, n 0"
        p50, p95 = (duration(quantile(ordered, share), "≥" if self._bound else "") for share in (0.5, 0.95))
        return f"V2V: p50 {p50}, p95 {p95}, n {len(ordered)}"

    def _finding_lines(self) -> list[str]:
        """The costliest first, those that ended behind."""
        ordered = sorted(self._findings.values(), key=lambda one: (bool(one.ended), -abs(one.cost_ms)))
        return [
            f"finding: {stage_name(one.stage)} {what_words(one)}, {level_words(one)}"
            + (f"; ended: {end_words(one)}" if one.ended else f", {plural(one.n, 'turn')}")
            for one in ordered
        ]

    def _change_lines(self, changes: Iterable[JournalEntry], now: float) -> list[str]:
        verdicts = dict(self._verdicts)
        lines = []
        for one in changes:
            words = f"change: {one.label}, {one.state} {moment(one.at, now)}"
            verdict = verdicts.pop(one.label, "")
            lines.append(f"{words}; {verdict}" if verdict else words)
        return lines if not changes else [*lines, *(f"verdict on {words}: {text}" for words, text in verdicts.items())]


def _some(lines: list[str], most: int, word: str) -> Iterator[str]:
    """The first lines, with a count of the others; one line says that there are none."""
    if not lines:
        yield f"{word}s: none"
    over = len(lines) - most
    yield from lines if over <= 0 else lines[: most - 1]
    if over > 0:
        yield f"… {plural(over + 1, f'more {word}')}"
