"""Carries a guided test on: turns and a time in, the trial one or more steps further out. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from timmy_tui.analysis.compare.equal_work import usable
from timmy_tui.analysis.compare.guard import changed_elsewhere, went_wrong
from timmy_tui.analysis.compare.trial import (
    Phase,
    Trial,
    Watch,
    close_window,
    inside,
    open_window,
    replace_phase,
    side_of,
)
from timmy_tui.analysis.compare.trial_state import verdict_of
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.model.turn import Turn


def is_under_way(trial: Trial) -> bool:
    """Turns count."""
    return not trial.left and not trial.stopped and trial.at < len(trial.phases)


def advance(trial: Trial, turns: Sequence[Turn], now: float, watch: Watch | None = None) -> Trial:
    """Advance a trial as far as ``turns`` (oldest first) allow; the same turns again change nothing."""
    watch = watch or Watch()
    while is_under_way(trial):
        trial = replace_phase(trial, _with_flags_of_a(trial, turns, watch))
        phase = trial.phases[trial.at]
        if phase.kind == "measure" and phase.side == "A" and _is_already_set(trial, turns, watch):
            trial = _skip_test(trial, now)
        elif phase.kind != "verdict" and (reason := changed_elsewhere(trial, turns, watch)):
            trial = replace(close_window(trial, now), stopped=reason, elsewhere=True)
        elif phase.side == "B" and not trial.unguarded and (reason := _trouble(trial, turns, watch)):
            trial = replace(close_window(trial, now), stopped=reason)
        elif phase.kind == "measure" and len(usable(inside(phase, turns))) >= trial.turns:
            trial = _next_phase(trial, now)
        elif phase.kind == "change" and (since := _shown_since(phase, turns, watch)) is not None:
            trial = _next_phase(trial, since)
        else:
            break
    return trial


def _trouble(trial: Trial, turns: Sequence[Turn], watch: Watch) -> str:
    """What goes wrong with the change; empty while all is well."""
    phase = trial.phases[trial.at]
    before = side_of(trial, "A", turns)
    sessions = {turn.session for turn in before}
    during = inside(phase, turns)
    if phase.kind == "change":
        # A change that makes every turn fail may never be shown by one.
        during = [turn for turn in during if turn.session not in sessions]
    return went_wrong(before, during, watch.marks, watch.limits)


def _with_flags_of_a(trial: Trial, turns: Sequence[Turn], watch: Watch) -> Phase:
    """The current phase; one that goes back to A asks for the flags that A's turns show."""
    phase = trial.phases[trial.at]
    if phase.kind != "change" or phase.side != "A again":
        return phase
    before = side_of(trial, "A", turns)
    shown = {flag: [word for turn in before if (word := watch.runs(turn, flag))] for flag, _ in phase.flags}
    return replace(phase, flags=tuple((flag, shown[flag][-1] if shown[flag] else value) for flag, value in phase.flags))


def _is_already_set(trial: Trial, turns: Sequence[Turn], watch: Watch) -> bool:
    """Whether the flags are already as the test would set them: A and B would be the same."""
    change = trial.phases[trial.at + 1]
    measured = inside(trial.phases[trial.at], turns)
    session = [turn for turn in measured if turn.session == measured[-1].session]
    return bool(session) and _show(session, change, watch)


def _skip_test(trial: Trial, now: float) -> Trial:
    test = trial.phases[trial.at].test
    trial = close_window(trial, now)
    while trial.at < len(trial.phases) and trial.phases[trial.at].test == test:
        phase = trial.phases[trial.at]
        if phase.kind == "verdict":
            trial = replace_phase(trial, replace(phase, answer="keep", sentence="already set"))
        trial = replace(trial, at=trial.at + 1)
    return open_window(trial, now)


def _shown_since(phase: Phase, turns: Sequence[Turn], watch: Watch) -> float | None:
    """Start of the first turn, after the phase began, whose session shows all the flags; None before that."""
    measured = inside(phase, turns)
    for turn in measured:
        session = [other for other in measured if other.session == turn.session]
        if _show(session, phase, watch):
            return session[0].started
    return None


def _show(session: Sequence[Turn], change: Phase, watch: Watch) -> bool:
    """One of these turns at least shows each flag as the change has it."""
    return all(any(watch.runs(turn, flag) == value for turn in session) for flag, value in change.flags)


def leave(trial: Trial, now: float) -> Trial:
    """Leave a trial: turns do not count from now on."""
    return trial if trial.left or trial.stopped else replace(close_window(trial, now), left=True)


def resume(trial: Trial, now: float) -> Trial:
    """Resume a trial that was left, or one that stopped by itself, which answers that went wrong stop no more."""
    if not trial.left and not trial.stopped:
        return trial
    unguarded = trial.unguarded or (bool(trial.stopped) and not trial.elsewhere)
    return open_window(replace(trial, left=False, stopped="", elsewhere=False, unguarded=unguarded), now)


def answer(trial: Trial, choice: str, turns: Sequence[Turn], now: float, noise: SessionNoise | None = None) -> Trial:
    """The user's ``keep`` or ``undo``: to the verdict, and the next test begins; or to a stop, which ends it."""
    if trial.left or trial.at >= len(trial.phases):
        return trial
    if trial.stopped:
        return _end_stopped(trial, choice)
    if trial.phases[trial.at].kind != "verdict":
        return trial
    verdict = verdict_of(trial, turns, {}, noise)
    answered = replace(trial.phases[trial.at], answer=choice, sentence=verdict.sentence)
    return _next_phase(replace_phase(trial, answered), now)


def _end_stopped(trial: Trial, choice: str) -> Trial:
    test = trial.phases[trial.at].test
    at = next(place for place, phase in enumerate(trial.phases) if (phase.test, phase.kind) == (test, "verdict"))
    answered = replace(trial.phases[at], answer=choice, sentence=f"stopped: {trial.stopped}")
    trial = replace_phase(replace(trial, at=at), answered)
    return replace(trial, at=len(trial.phases), stopped="")


def _next_phase(trial: Trial, now: float) -> Trial:
    return open_window(replace(close_window(trial, now), at=trial.at + 1), now)
