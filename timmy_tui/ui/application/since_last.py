"""What happened since the dashboard was last open, in one line."""

from collections.abc import Iterator

from timmy_tui.core.formatting import moment, plural
from timmy_tui.model.change import ControlState
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.last_view import LastView

AWAY_S = 600.0
"""Seconds. After a shorter time in which nothing happened, nothing is said."""
MOST_CHANGES = 2
"""Changes that are named; more are counted."""


def turns_since(last: LastView, snapshot: Snapshot) -> int | None:
    """Turns that began later than the newest one that was seen; None where the snapshot does not reach back to it."""
    if last.newest is None:
        return len(snapshot.turns)
    known = [turn.started for turn in snapshot.turns if turn.started is not None]
    if known and snapshot.counts.complete > len(snapshot.turns) and min(known) > last.newest:
        return None
    return sum(started > last.newest for started in known)


def since_words(last: LastView, snapshot: Snapshot, control: ControlState | None, turns: str, now: float) -> str:
    """``since 09:12 yesterday: 41 turns, 1 finding, tail mode off→on elsewhere``; empty where that is no news.

    ``turns``: how many, in words or ``0``; ``now``: time.time().
    """
    started = {turn.ordinal: turn.started for turn in snapshot.turns}
    findings = snapshot.judgement.findings if snapshot.judgement is not None else ()
    raised = sum(_is_later(started.get(one.raised), last.newest) for one in findings)
    changes = list(dict.fromkeys(_changes(last, snapshot, control)))
    if turns == "0" and not raised and not changes and now - last.seen < AWAY_S:
        return ""
    parts = [f"{turns} turn{'' if turns == '1' else 's'}"]
    if raised:
        parts.append(plural(raised, "finding"))
    if changes:
        words = ", ".join(changes) if len(changes) <= MOST_CHANGES else plural(len(changes), "change")
        parts.append(f"{words} elsewhere")
    return f"since {moment(last.seen, now, names_yesterday=True)}: {', '.join(parts)}"


def _changes(last: LastView, snapshot: Snapshot, control: ControlState | None) -> Iterator[str]:
    """Of the journal (a shell, another dashboard), and flags that moved in the turns (a hand, an editor)."""
    yield from (one.label for one in (control.journal if control is not None else ()) if one.at > last.seen)
    started = {turn.ordinal: turn.started for turn in snapshot.turns}
    for epoch in snapshot.epochs:
        if epoch.changes and _is_later(started.get(epoch.first), last.newest):
            yield changes_words(epoch.changes)


def _is_later(at: float | None, than: float | None) -> bool:
    return at is not None and (than is None or at > than)
