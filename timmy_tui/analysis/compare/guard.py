"""What stops a guided test by itself: answers that go wrong with the change, and flags that are changed elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from timmy_tui.analysis.compare.trial import Limits, Trial, Watch, recipe_in, side_of
from timmy_tui.core.formatting import plural
from timmy_tui.model.flags.words import by_key, word
from timmy_tui.model.turn import Turn, TurnState

TIMES_BEFORE = 2.0
"""Times as frequent as before the change: what went wrong as often before is not its doing."""


def went_wrong(before: Sequence[Turn], during: Sequence[Turn], marks: Mapping[int, str], limits: Limits) -> str:
    """``2 of 5 turns failed``: what there is too much of since the change; empty while all is well."""
    ended = [[turn for turn in side if turn.state is not TurnState.OPEN] for side in (before, during)]
    for is_wrong, limit, words in _signs(marks, limits):
        count_before, count = (sum(map(is_wrong, side)) for side in ended)
        share_before = count_before / len(ended[0]) if ended[0] else 0.0
        if limit and count >= limit and count / len(ended[1]) > TIMES_BEFORE * share_before:
            return f"{count} of {plural(len(ended[1]), 'turn')} {words}"
    return ""


def _signs(marks: Mapping[int, str], limits: Limits) -> Iterator[tuple[Callable[[Turn], bool], int, str]]:
    """The gravest first."""
    yield lambda turn: "template_leak" in turn.signals, limits.leaking, "with template text in the reply"
    yield lambda turn: turn.went_wrong, limits.failed, "failed"
    yield lambda turn: bool(turn.signals & {"empty_reply", "canned_reply"}), limits.empty, "without a reply"
    yield lambda turn: marks.get(turn.ordinal) == "bad", limits.bad, "marked bad"


def changed_elsewhere(trial: Trial, turns: Sequence[Turn], watch: Watch) -> str:
    """``retrieval is on again, which was not changed here``: a flag that is not as this test has it."""
    recipe = recipe_in(trial, trial.phases[trial.at].test)
    sides = {side: side_of(trial, side, turns) for side in ("A", "B", "A again")}
    for key, wanted in recipe.there:
        found = _values(sides["B"], key, watch) - {wanted}
        if found:
            return f"{watch.changeable.get(key, key)} is {min(found)} and not {wanted}: it was changed elsewhere"
    tried = {key for key, _ in recipe.there}
    for key in dict.fromkeys([*tried, *watch.changeable]):
        measured = [sides["A"], sides["A again"]] if key in tried else [*sides.values()]
        found = {value for side in measured for value in _values(side, key, watch)}
        if len(found) > 1:
            return f"{watch.changeable.get(key, key)} was changed elsewhere ({', '.join(sorted(found))})"
    return ""


def _values(turns: Sequence[Turn], key: str, watch: Watch) -> set[str]:
    """What the sessions of these turns ran under; the first turn of each may show another value than that."""
    flag = by_key(key)
    misleading = word(flag, flag.first_turn) if flag is not None and flag.first_turn is not None else None
    seen: set[int] = set()
    found = set()
    for turn in turns:
        value = watch.runs(turn, key)
        if value is not None and (turn.session in seen or value != misleading):
            found.add(value)
        seen.add(turn.session)
    return found
