"""What Timmy does now, in one word, and whether its microphone is open: only what the logs and the services show."""

from msgspec import Struct

from timmy_tui.core.formatting import ago
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.model.stages.v34 import PAUSE
from timmy_tui.model.turn import FAILED_STATES, Turn

LISTENING_S = 5.0
"""Longest wait for the next pause of a microphone that is open; the longest round of silence is 3 s. Nor is one
written while somebody speaks, so a longer wait does not show that it is closed."""
REOPENED = "tts_resume_sent"
"""With this event the microphone, closed when a text was finalized, is opened again. Nothing else opens it."""
NEEDED = ("v34", "stt", "tts", "ollama")
"""Services without which nobody is answered, in the order in which their absence is said."""


class Activity(Struct, frozen=True):
    """One word for a whole pane, and why."""

    word: str
    """``LISTENING``, ``THINKING``, ``SPEAKING``, ``IDLE`` (no sign of any), ``NO V34``, ``DEAF``, ``UNKNOWN``."""
    role: str
    glyph: str
    """Name of a glyph of the table in paint/glyphs.py."""
    why: str = ""


def is_listening(snapshot: Snapshot, tick: float) -> bool:
    """STT has written a pause without text just now, which it does as long as it hears. ``tick``: ``elapsed()``."""
    arrived = snapshot.listening.arrived
    return arrived is not None and tick - arrived <= LISTENING_S


def microphone_is_open(snapshot: Snapshot, tick: float) -> bool | None:
    """The microphone is open; None where nothing shows it. ``tick``: ``elapsed()``.

    It is closed from the end of a sentence until TTS sends its resume, also for good where that never comes because
    the turn failed. A pause without text proves that it is open. A typed turn closes nothing.
    """
    flight, arrived = snapshot.open_turn, snapshot.listening.arrived
    if flight is not None:
        if arrived is not None and arrived > flight.since and is_listening(snapshot, tick):
            return True
        return _left_by(flight.turn)
    if is_listening(snapshot, tick):
        return True
    newest = snapshot.turns[-1] if snapshot.turns else None
    if newest is None:
        return None
    left = _left_by(newest)
    # A log without the resumes of TTS does not show it; a turn that failed is where it would be missing.
    return None if left is False and newest.state not in FAILED_STATES else left


def _left_by(turn: Turn) -> bool | None:
    """Whether the microphone was open behind the newest event of a turn; None for a turn without events."""
    names = [event.event for event in turn.events]
    if REOPENED in names:
        return True
    if not names:
        return None
    return all(name == PAUSE for name in names)


def activity(snapshot: Snapshot, tick: float, now: float) -> Activity:
    """What to say across a room. ``tick``: ``elapsed()``, ``now``: time.time()."""
    flight = snapshot.open_turn
    if flight is not None and _left_by(flight.turn) is not True:
        if flight.phase == "playback":
            return Activity("SPEAKING", "info", "ok")
        if flight.phase == "rearm":
            return Activity("DEAF", "muted", "none", "the speech has ended; the microphone opens")
        return Activity("THINKING", "value", "spin")
    return _missing(snapshot, now) or _quiet(snapshot, tick, now)


def _missing(snapshot: Snapshot, now: float) -> Activity | None:
    """A service that does not answer, or a log that is not there: what is shown then is not of now."""
    by_name = {source.name: source for source in snapshot.sources}
    for name in NEEDED:
        source = by_name.get(name)
        if source is not None and source.condition is SourceCondition.DOWN:
            since = f" for {ago(now - source.since)}" if source.since is not None else ""
            return Activity(f"NO {name.upper()}", "bad", "fail", f"{name} does not answer{since}")
    log = by_name.get("latency.log")
    if log is not None and log.condition not in (SourceCondition.OK, SourceCondition.READING):
        return Activity("UNKNOWN", "warn", "none", f"latency.log: {log.condition}")
    return None


def _quiet(snapshot: Snapshot, tick: float, now: float) -> Activity:
    """Between two turns. IDLE is either that somebody speaks, or that STT does not listen: both write nothing."""
    is_open = microphone_is_open(snapshot, tick)
    if is_listening(snapshot, tick):
        rate = snapshot.listening.per_minute
        return Activity("LISTENING", "good", "ok", f"{rate:.0f} pauses a minute" if rate is not None else "")
    arrivals = [source.newest for source in snapshot.sources if source.newest is not None]
    if arrivals and now - max(arrivals) > snapshot.stale_s:
        return Activity("UNKNOWN", "warn", "none", f"no new line for {ago(now - max(arrivals))}")
    if is_open is False:
        return Activity("DEAF", "bad", "fail", "the turn failed and the microphone was not opened again")
    if not snapshot.turns and snapshot.listening.arrived is None:
        return Activity("UNKNOWN", "muted", "none", "waiting for the first turn")
    return Activity("IDLE", "muted", "none", "no sign of the microphone")
