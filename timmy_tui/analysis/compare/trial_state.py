"""A guided test for the screen and the shell: its step, what the user is to do now, and its verdict. Pure."""

from collections.abc import Mapping, Sequence

from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.equal_work import usable
from timmy_tui.analysis.compare.outcome import with_outcome
from timmy_tui.analysis.compare.trial import Phase, Trial, inside, recipe_in, side_of
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.formatting import plural
from timmy_tui.model.judgement import Comparison, TrialState
from timmy_tui.model.turn import Turn


def state(
    trial: Trial, turns: Sequence[Turn], marks: Mapping[int, str], noise: SessionNoise | None = None
) -> TrialState:
    """What there is to say of it."""
    steps = len(trial.phases)
    if trial.at >= steps:
        sentence = "; ".join(
            f"{recipe_in(trial, phase.test).label}: {phase.sentence} ({phase.answer})"
            for phase in trial.phases
            if phase.answer
        )
        return TrialState(label=_label(trial), step=steps, steps=steps, phase="done", sentence=sentence)
    phase = trial.phases[trial.at]
    verdict = verdict_of(trial, turns, marks, noise) if phase.kind == "verdict" else None
    measures = phase.kind == "measure" and not trial.stopped
    seen = len(usable(inside(phase, turns))) if measures else 0
    changed_since = _changed_since(trial)
    return TrialState(
        label=recipe_in(trial, phase.test).label,
        step=trial.at + 1,
        steps=steps,
        phase="stopped" if trial.stopped else phase.kind,
        sentence=_sentence(trial, trial.turns - seen, verdict),
        wish=phase.flags if phase.kind == "change" and not trial.stopped else (),
        seen=seen,
        wanted=trial.turns if measures else 0,
        verdict=verdict,
        left=trial.left,
        changed_since=changed_since,
        undo_now=bool(trial.stopped) and trial.on_trouble == "undo" and changed_since is not None,
    )


def _changed_since(trial: Trial) -> float | None:
    """Since when the change was asked for; None where it was not, or where it has been taken back."""
    here = trial.phases[trial.at]
    own = [phase for phase in trial.phases[: trial.at + 1] if phase.test == here.test and phase.kind == "change"]
    if trial.elsewhere or not own or own[-1].side != "B":
        return None
    return own[-1].windows[0][0] if own[-1].windows else None


def _sentence(trial: Trial, missing: int, verdict: Comparison | None) -> str:
    phase = trial.phases[trial.at]
    if trial.stopped:
        return f"stopped: {trial.stopped}"
    if trial.left:
        return "left; it continues where it stopped"
    if verdict is not None:
        return f"{verdict.sentence}. Keep it, or undo?"
    if phase.kind == "change":
        return "now change " + " and ".join(f"{flag} to {value}" for flag, value in phase.flags)
    return f"{plural(missing, 'more turn')} {_how(phase)}"


def _how(phase: Phase) -> str:
    return {"A": "as it is", "B": "with the change", "A again": "as it was"}[phase.side]


def _label(trial: Trial) -> str:
    return "the guide's tests" if trial.name == "guide" else recipe_in(trial, trial.name).label


def verdict_of(trial: Trial, turns: Sequence[Turn], marks: Mapping[int, str], noise: SessionNoise | None) -> Comparison:
    """Of the test at hand: B against A, or against both A. It is looked at once, at a number of turns set before."""
    a, b, again = (side_of(trial, side, turns) for side in ("A", "B", "A again"))
    if any(phase.side == "A again" for phase in trial.phases):
        return with_outcome(compare_crossover((a, b, again), ("A", "B", "A again"), marks, noise))
    return with_outcome(compare(a, b, ("as it was", "changed"), marks, noise))
