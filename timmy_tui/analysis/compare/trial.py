"""The guide's tests, step by step: measure, change, measure again, judge. Pure: turns and a time in, a trial out.

A trial is a list of phases, each with the windows of time in which its turns were taken, so that it can be left and
resumed: what lies between two windows does not count.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.equal_work import usable
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.formatting import plural
from timmy_tui.model.flag_words import by_key, word
from timmy_tui.model.judgement import Comparison, TrialState
from timmy_tui.model.turn import Turn

SCHEMA = 1

Flags = tuple[tuple[str, str], ...]

TESTS: Mapping[str, tuple[str, Flags, Flags]] = {
    "test-1": ("Test 1: raw off", (("raw", "off"),), (("raw", "on"),)),
    "test-2": ("Test 2: tail mode", (("tail-mode", "on"), ("raw", "off")), (("tail-mode", "off"), ("raw", "on"))),
}
"""Name → label, what is changed, and what it is changed back to for A B A where the flags before are not known."""
GUIDE = ("test-1", "test-2")


class Phase(Struct, frozen=True, kw_only=True):
    """One part of a trial."""

    kind: str
    """``measure``, ``change`` or ``verdict``."""
    test: str
    side: str = ""
    """``A``, ``B`` or ``A again``."""
    flags: Flags = ()
    """For ``change``: what the turns must show."""
    windows: tuple[tuple[float, float | None], ...] = ()
    """Seconds since the epoch; the last one is open while the phase runs."""
    answer: str = ""
    """For ``verdict``: ``keep`` or ``undo``."""
    sentence: str = field(default="", name="said")
    """For ``verdict``: the sentence it was answered on."""


class Trial(Struct, frozen=True, kw_only=True):
    """A guided test, as the state folder keeps it."""

    name: str
    turns: int
    phases: tuple[Phase, ...]
    at: int = 0
    left: bool = False
    schema: int = SCHEMA


def make_trial(name: str, turns: int, aba: bool, now: float) -> Trial:
    """``test-1``, ``test-2`` or ``guide`` (both). ``turns``: measured on each side, first ones of a session apart."""
    phases: list[Phase] = []
    for test in GUIDE if name == "guide" else (name,):
        _, there, back = TESTS[test]
        phases.append(Phase(kind="measure", test=test, side="A"))
        phases.append(Phase(kind="change", test=test, side="B", flags=there))
        phases.append(Phase(kind="measure", test=test, side="B"))
        if aba:
            phases.append(Phase(kind="change", test=test, side="A again", flags=back))
            phases.append(Phase(kind="measure", test=test, side="A again"))
        phases.append(Phase(kind="verdict", test=test))
    return _open_window(Trial(name=name, turns=turns, phases=tuple(phases)), now)


def is_possible(trial: Trial) -> bool:
    """``make_trial`` could have begun it: a file that somebody edited can name tests, sides and flags that are none."""
    if trial.name not in (*TESTS, "guide") or trial.turns < 1 or not 0 <= trial.at <= len(trial.phases):
        return False
    answers = {phase.answer for phase in trial.phases}
    values = {value for phase in trial.phases for _, value in phase.flags}
    begun = [make_trial(trial.name, trial.turns, aba, 0.0) for aba in (False, True)]
    return _shape(trial) in map(_shape, begun) and answers <= {"", "keep", "undo"} and values <= {"on", "off"}


def _shape(trial: Trial) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(phase.kind, phase.test, phase.side, tuple(flag for flag, _ in phase.flags)) for phase in trial.phases]


def advance(trial: Trial, turns: Sequence[Turn], now: float) -> Trial:
    """Advance a trial as far as ``turns`` (oldest first) allow; the same turns again change nothing."""
    while not trial.left and trial.at < len(trial.phases):
        trial = _replace_phase(trial, _with_flags_of_a(trial, turns))
        phase = trial.phases[trial.at]
        if phase.kind == "measure" and phase.side == "A" and _is_already_set(trial, turns):
            trial = _skip_test(trial, now)
        elif phase.kind == "measure" and len(usable(_inside(phase, turns))) >= trial.turns:
            trial = _next_phase(trial, now)
        elif phase.kind == "change" and (since := _shown_since(phase, turns)) is not None:
            trial = _next_phase(trial, since)
        else:
            break
    return trial


def _with_flags_of_a(trial: Trial, turns: Sequence[Turn]) -> Phase:
    """The current phase; one that goes back to A asks for the flags that A's turns show."""
    phase = trial.phases[trial.at]
    if phase.kind != "change" or phase.side != "A again":
        return phase
    first = next(other for other in trial.phases if other.test == phase.test and other.side == "A")
    before = _inside(first, turns)
    flags = tuple(
        (flag, next((word for other in reversed(before) for word in ("on", "off") if shows(other, flag, word)), value))
        for flag, value in phase.flags
    )
    return replace(phase, flags=flags)


def _is_already_set(trial: Trial, turns: Sequence[Turn]) -> bool:
    """Whether the flags are already as the test would set them: A and B would be the same."""
    change = trial.phases[trial.at + 1]
    inside = _inside(trial.phases[trial.at], turns)
    session = [turn for turn in inside if turn.session == inside[-1].session]
    return bool(session) and all(any(shows(turn, flag, value) for turn in session) for flag, value in change.flags)


def _skip_test(trial: Trial, now: float) -> Trial:
    test = trial.phases[trial.at].test
    trial = _close_window(trial, now)
    while trial.at < len(trial.phases) and trial.phases[trial.at].test == test:
        phase = trial.phases[trial.at]
        if phase.kind == "verdict":
            trial = _replace_phase(trial, replace(phase, answer="keep", sentence="already set"))
        trial = replace(trial, at=trial.at + 1)
    return _open_window(trial, now)


def leave(trial: Trial, now: float) -> Trial:
    """Leave a trial: turns do not count from now on."""
    return trial if trial.left else replace(_close_window(trial, now), left=True)


def resume(trial: Trial, now: float) -> Trial:
    """Resume a trial: turns count again, in a new window."""
    return _open_window(replace(trial, left=False), now) if trial.left else trial


def answer(trial: Trial, choice: str, turns: Sequence[Turn], now: float, noise: SessionNoise | None = None) -> Trial:
    """The user's ``keep`` or ``undo`` to the verdict; the next test begins."""
    if trial.left or trial.at >= len(trial.phases) or trial.phases[trial.at].kind != "verdict":
        return trial
    verdict = _verdict(trial, turns, {}, noise)
    answered = replace(trial.phases[trial.at], answer=choice, sentence=verdict.sentence)
    return _next_phase(_replace_phase(trial, answered), now)


def state(
    trial: Trial, turns: Sequence[Turn], marks: Mapping[int, str], noise: SessionNoise | None = None
) -> TrialState:
    """For the screen and the shell."""
    steps = len(trial.phases)
    if trial.at >= steps:
        sentence = "; ".join(
            f"{TESTS[phase.test][0]}: {phase.sentence} ({phase.answer})" for phase in trial.phases if phase.answer
        )
        return TrialState(label=_label(trial), step=steps, steps=steps, phase="done", sentence=sentence)
    phase = trial.phases[trial.at]
    seen = len(usable(_inside(phase, turns))) if phase.kind == "measure" else 0
    verdict = _verdict(trial, turns, marks, noise) if phase.kind == "verdict" else None
    wish = phase.flags if phase.kind == "change" else ()
    return TrialState(
        label=TESTS[phase.test][0],
        step=trial.at + 1,
        steps=steps,
        phase=phase.kind,
        sentence="left; it continues where it stopped" if trial.left else _sentence(phase, trial.turns - seen, verdict),
        wish=wish,
        seen=seen,
        wanted=trial.turns if phase.kind == "measure" else 0,
        verdict=verdict,
        left=trial.left,
    )


def _sentence(phase: Phase, missing: int, verdict: Comparison | None) -> str:
    if verdict is not None:
        return f"{verdict.sentence}. Keep it, or undo?"
    if phase.kind == "change":
        return "now change " + " and ".join(f"{flag} to {value}" for flag, value in phase.flags)
    how = {"A": "as it is", "B": "with the change", "A again": "as it was"}[phase.side]
    return f"{plural(missing, 'more turn')} {how}"


def _label(trial: Trial) -> str:
    return "the guide's tests" if trial.name == "guide" else TESTS[trial.name][0]


def _inside(phase: Phase, turns: Sequence[Turn]) -> list[Turn]:
    return [
        turn
        for turn in turns
        if turn.started is not None
        and any(begin <= turn.started and (end is None or turn.started < end) for begin, end in phase.windows)
    ]


def _shown_since(phase: Phase, turns: Sequence[Turn]) -> float | None:
    """Start of the first turn, after the phase began, whose session shows all the flags; None before that."""
    inside = _inside(phase, turns)
    for turn in inside:
        session = [other for other in inside if other.session == turn.session]
        if all(any(shows(other, flag, value) for other in session) for flag, value in phase.flags):
            return session[0].started
    return None


def shows(turn: Turn, flag: str, value: str) -> bool:
    """The turn itself shows that the flag has this value, in the user's words."""
    known = by_key(flag)
    return known is not None and known.turn is not None and word(known, known.turn(turn)) == value


def _verdict(trial: Trial, turns: Sequence[Turn], marks: Mapping[int, str], noise: SessionNoise | None) -> Comparison:
    test = trial.phases[trial.at].test
    sides = {
        phase.side: _inside(phase, turns) for phase in trial.phases if phase.test == test and phase.kind == "measure"
    }
    if "A again" in sides:
        return compare_crossover((sides["A"], sides["B"], sides["A again"]), ("A", "B", "A again"), marks, noise)
    return compare(sides["A"], sides["B"], ("as it was", "changed"), marks, noise)


def _next_phase(trial: Trial, now: float) -> Trial:
    return _open_window(replace(_close_window(trial, now), at=trial.at + 1), now)


def _open_window(trial: Trial, now: float) -> Trial:
    if trial.at >= len(trial.phases):
        return trial
    phase = trial.phases[trial.at]
    return _replace_phase(trial, replace(phase, windows=(*phase.windows, (now, None))))


def _close_window(trial: Trial, now: float) -> Trial:
    if trial.at >= len(trial.phases) or not trial.phases[trial.at].windows:
        return trial
    phase = trial.phases[trial.at]
    *earlier, (begin, end) = phase.windows
    return _replace_phase(trial, replace(phase, windows=(*earlier, (begin, now if end is None else end))))


def _replace_phase(trial: Trial, phase: Phase) -> Trial:
    return replace(trial, phases=(*trial.phases[: trial.at], phase, *trial.phases[trial.at + 1 :]))
