"""A guided test as it is stored: measure, change, measure again, judge. Pure; trial_steps.py carries it on.

A trial is a list of phases, each with the windows of time in which its turns were taken, so that it can be left and
resumed: what lies between two windows does not count.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.flags.words import by_key, word
from timmy_tui.model.judgement import TrialRecipe
from timmy_tui.model.turn import Turn

SCHEMA = 1

Flags = tuple[tuple[str, str], ...]

RECIPES: Mapping[str, TrialRecipe] = {
    "test-1": TrialRecipe(name="test-1", label="Test 1: raw off", there=(("raw", "off"),), back=(("raw", "on"),)),
    "test-2": TrialRecipe(
        name="test-2",
        label="Test 2: tail mode",
        there=(("tail-mode", "on"), ("raw", "off")),
        back=(("tail-mode", "off"), ("raw", "on")),
    ),
}
"""The guide's two, ready-made; ``back`` is for A B A where the flags before are not known."""
GUIDE = ("test-1", "test-2")
ONE_FLAG = "flag"
"""Name of a test of any flag."""


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
    recipe: TrialRecipe | None = None
    """Of a test of any flag; None for the guide's."""
    on_trouble: str = "ask"
    """``ask`` or ``undo``."""
    stopped: str = ""
    """Why it stopped by itself; empty while it runs, and when it ended otherwise."""
    elsewhere: bool = False
    """It stopped because a flag was changed elsewhere: there is nothing of its own to undo."""
    unguarded: bool = False
    """The user has let it go on after it had stopped."""


FlagWords = Callable[[Turn, str], str | None]
"""The value of a flag (by key) that a turn ran under, in the user's words; None if it is not known."""


def shown_word(turn: Turn, key: str) -> str | None:
    """As far as the turn itself shows it."""
    flag = by_key(key)
    value = flag.turn(turn) if flag is not None and flag.turn is not None else None
    return None if value is None else word(flag, value)


class Limits(Struct, frozen=True, kw_only=True):
    """So many turns that go wrong with the change stop a trial, as the settings say; 0: none do."""

    bad: int = 0
    failed: int = 0
    empty: int = 0
    leaking: int = 0


class Watch(Struct, frozen=True):
    """What a trial goes by besides its turns."""

    marks: Mapping[int, str] = {}
    """Ordinal → ``good`` or ``bad``, the user's own."""
    runs: FlagWords = shown_word
    limits: Limits = Limits()
    changeable: Mapping[str, str] = field(
        default_factory=lambda: {flag.key: flag.label for flag in FLAGS if not flag.read_only}
    )
    """Key → label of every flag that may not change while another one is tested."""


def make_trial(name: str, turns: int, aba: bool, now: float, recipe: TrialRecipe | None = None) -> Trial:
    """``test-1``, ``test-2``, ``guide`` (both), or ``flag`` with its recipe.

    ``turns``: measured on each side, first ones of a session apart.
    """
    trial = Trial(name=name, turns=turns, phases=(), recipe=recipe)
    tests = GUIDE if name == "guide" else (recipe.name if recipe is not None else name,)
    phases = tuple(phase for test in tests for phase in _phases(recipe_in(trial, test), aba))
    return open_window(replace(trial, phases=phases), now)


def _phases(recipe: TrialRecipe, aba: bool) -> list[Phase]:
    test = recipe.name
    phases = [
        Phase(kind="measure", test=test, side="A"),
        Phase(kind="change", test=test, side="B", flags=recipe.there),
        Phase(kind="measure", test=test, side="B"),
    ]
    if aba:
        phases.append(Phase(kind="change", test=test, side="A again", flags=recipe.back))
        phases.append(Phase(kind="measure", test=test, side="A again"))
    return [*phases, Phase(kind="verdict", test=test)]


def recipe_in(trial: Trial, test: str) -> TrialRecipe:
    """The recipe of one of its tests."""
    return trial.recipe if trial.recipe is not None else RECIPES[test]


def is_possible(trial: Trial) -> bool:
    """``make_trial`` could have begun it: a file that somebody edited can name tests, sides and flags that are none."""
    if trial.turns < 1 or not 0 <= trial.at <= len(trial.phases) or trial.on_trouble not in ("ask", "undo"):
        return False
    if trial.name == ONE_FLAG:
        if trial.recipe is None or not _is_of_one_flag(trial.recipe):
            return False
    elif trial.name not in (*RECIPES, "guide") or trial.recipe is not None:
        return False
    answers = {phase.answer for phase in trial.phases}
    values = {value for phase in trial.phases for _, value in phase.flags}
    begun = [make_trial(trial.name, trial.turns, aba, 0.0, trial.recipe) for aba in (False, True)]
    known = values <= {"on", "off"} if trial.recipe is None else all(map(_is_word, values))
    return _shape(trial) in map(_shape, begun) and answers <= {"", "keep", "undo"} and known


def _is_of_one_flag(recipe: TrialRecipe) -> bool:
    if len(recipe.there) != 1 or len(recipe.back) != 1:
        return False
    (key, there), (same, back) = *recipe.there, *recipe.back
    return key == same == recipe.name and there != back and all(map(_is_word, (key, there, back, recipe.label)))


def _is_word(text: str) -> bool:
    """The file is a private one of at most a megabyte: its length is bounded there."""
    return text != "" and text.isprintable()


def _shape(trial: Trial) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(phase.kind, phase.test, phase.side, tuple(flag for flag, _ in phase.flags)) for phase in trial.phases]


def inside(phase: Phase, turns: Sequence[Turn]) -> list[Turn]:
    """The turns that began in its windows."""
    return [
        turn
        for turn in turns
        if turn.started is not None
        and any(begin <= turn.started and (end is None or turn.started < end) for begin, end in phase.windows)
    ]


def side_of(trial: Trial, side: str, turns: Sequence[Turn]) -> list[Turn]:
    """The measured turns of ``A``, ``B`` or ``A again`` of the test that is at hand; none before it began."""
    test = trial.phases[min(trial.at, len(trial.phases) - 1)].test
    return [
        turn
        for phase in trial.phases
        if (phase.kind, phase.test, phase.side) == ("measure", test, side)
        for turn in inside(phase, turns)
    ]


def open_window(trial: Trial, now: float) -> Trial:
    """Turns count in the phase at hand from now on."""
    if trial.at >= len(trial.phases):
        return trial
    phase = trial.phases[trial.at]
    return replace_phase(trial, replace(phase, windows=(*phase.windows, (now, None))))


def close_window(trial: Trial, now: float) -> Trial:
    """Turns do not count any more in the phase at hand."""
    if trial.at >= len(trial.phases) or not trial.phases[trial.at].windows:
        return trial
    phase = trial.phases[trial.at]
    *earlier, (begin, end) = phase.windows
    return replace_phase(trial, replace(phase, windows=(*earlier, (begin, now if end is None else end))))


def replace_phase(trial: Trial, phase: Phase) -> Trial:
    """With this phase in place of the one at hand."""
    return replace(trial, phases=(*trial.phases[: trial.at], phase, *trial.phases[trial.at + 1 :]))
