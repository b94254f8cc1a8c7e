"""A guided test of any flag, in the file that screen and shell share: by turns, by the journal, by hand."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from tests.analysis.compare.trial_makers import EVERY_S, START, stretch
from timmy_tui.analysis.compare.trial import Trial, is_possible, make_trial
from timmy_tui.analysis.stats.epochs import EpochTracker, epochs_of
from timmy_tui.core.settings import Trials
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS, KnownFlags, WrittenValue
from timmy_tui.model.flags.words import by_key, word
from timmy_tui.model.judgement import TrialRecipe, TrialState
from timmy_tui.model.turn import FlagValue, Turn
from timmy_tui.model.user_requests import BeginTrial
from timmy_tui.storage.trial_file import NAME, TrialFile

OWN = Flag(key="top-k", label="top k", file="v34/config.py", constant="TOP_K", type=int)
"""One that the user has added; nothing but journal and file tells of it."""
VALUES: dict[str, tuple[FlagValue, FlagValue]] = {
    "tail-mode": (True, False), "raw": (True, False), "retrieval": (True, False), "context-size": (8000, 4096),
    "retrieved-chunks": (5, 3), "recency-weight": (0.75, 0.5), "model": ("a:3b", "b:1b"), "top-k": (40, 10),
}  # fmt: skip
SHOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tail-mode": ({"tail_mode": False}, {"tail_mode": True}), "raw": ({"raw": True}, {"raw": False}),
    "retrieval": ({}, {"off": True}), "context-size": ({"num_ctx": 8000}, {"num_ctx": 4096}),
    "model": ({"model": "a:3b"}, {"model": "b:1b"}),
}  # fmt: skip
"""What turns before and after show of a flag that they show."""
CHANGED = START + 25 * EVERY_S


class Clock:
    """The time of the newest turn that was read."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


CLOCK = Clock()


def flag_of(key: str) -> Flag:
    return OWN if key == OWN.key else next(flag for flag in FLAGS if flag.key == key)


def recipe(key: str) -> TrialRecipe:
    flag = flag_of(key)
    old, new = (word(flag, value) for value in VALUES[key])
    return TrialRecipe(name=key, label=f"{flag.label} {old}→{new}", there=((key, new),), back=((key, old),))


def sessions(key: str) -> tuple[list[Turn], list[Turn]]:
    """Eight turns under the old value, eight of another session under the new one, whose LLM takes half as long."""
    before, after = SHOWN.get(key, ({}, {}))
    changed = [slowed(turn, "llm", 0.5) for turn in (stretch(30, 9, 1, **after))]
    return (stretch(0, 9, 0, **before)), changed


def known(key: str, way: str) -> KnownFlags:
    """What journal and files say: ``flip`` from here, ``by hand``, or nothing at all (``turns``)."""
    old, new = VALUES[key]
    flags = (*FLAGS, OWN)
    if way == "flip":
        return KnownFlags(flags, (WrittenValue(CHANGED, key, new, old),))
    if way == "by hand":
        return KnownFlags(flags, (WrittenValue(START - 500, key, old), WrittenValue(CHANGED, key, new)))
    return KnownFlags(flags)


WAYS = [(key, way) for key in VALUES for way in (("turns",) if key == "raw" else ("flip", "by hand"))]
WAYS += [(key, "turns") for key in SHOWN if key != "raw"]


def test_every_flag_that_can_be_changed_is_here() -> None:
    assert {flag.key for flag in FLAGS if not flag.read_only} == VALUES.keys() - {OWN.key}


def told(trials: TrialFile, turns: list[Turn], tracker: EpochTracker) -> TrialState:
    CLOCK.at = (turns[-1].started or 0.0) + 1
    state = trials.update(turns, {}, tracker)
    assert state is not None
    return state


@pytest.mark.parametrize(("key", "way"), WAYS)
def test_any_flag_is_measured_changed_measured_and_judged(tmp_path: Path, key: str, way: str) -> None:
    trials, (before, after) = TrialFile(tmp_path, clock=CLOCK), sessions(key)
    trials.start(BeginTrial("flag", recipe(key), turns=6), before)
    state = told(trials, before, epochs_of(before, known(key, way)))
    value = recipe(key).there[0][1]
    assert (state.phase, state.wish, state.label) == ("change", ((key, value),), recipe(key).label)
    both = [*before, *after]
    state = told(trials, both, epochs_of(both, known(key, way)))
    assert state.phase == "verdict" and state.verdict is not None, state.sentence
    assert state.verdict.outcome == "helped" and state.sentence.startswith("helped: ")


@pytest.mark.parametrize("key", sorted(VALUES))
def test_any_flag_goes_there_and_back(tmp_path: Path, key: str) -> None:
    trials, (before, after) = TrialFile(tmp_path, clock=CLOCK), sessions(key)
    again = stretch(60, 9, 2, **SHOWN.get(key, ({}, {}))[0])
    old, new = VALUES[key]
    written = (
        WrittenValue(CHANGED, key, new, old), WrittenValue(CHANGED + 30 * EVERY_S, key, old, new),
    ) if key != "raw" else ()  # fmt: skip
    flags = KnownFlags((*FLAGS, OWN), written)
    trials.start(BeginTrial("flag", recipe(key), aba=True, turns=6), before)
    told(trials, before, epochs_of(before, flags))
    both = [*before, *after]
    state = told(trials, both, epochs_of(both, flags))
    assert (state.phase, state.wish) == ("change", recipe(key).back)
    state = told(trials, [*both, *again], epochs_of([*both, *again], flags))
    assert state.verdict is not None and (state.verdict.a, state.verdict.b) == ("A and A again", "B")
    assert state.verdict.outcome == "helped"


def test_the_settings_say_how_much_is_measured_and_what_trouble_does(tmp_path: Path) -> None:
    trials = TrialFile(tmp_path, Trials(turns=11, on_trouble="undo"))
    trials.start(BeginTrial("flag", recipe("retrieval")), [])
    assert trials.current is not None
    assert (trials.current.turns, trials.current.on_trouble) == (11, "undo")
    trials.act("stop", [])
    trials.start(BeginTrial("test-1", turns=7, on_trouble="ask"), [])
    assert (trials.current.turns, trials.current.on_trouble) == (7, "ask")


# -- a file that somebody edited


def test_a_test_of_a_flag_is_read_back(tmp_path: Path) -> None:
    TrialFile(tmp_path).start(BeginTrial("flag", recipe("model"), turns=6), [])
    trial = TrialFile(tmp_path).current
    assert trial is not None and trial.recipe == recipe("model")


BROKEN: list[dict[str, Any]] = [
    {"recipe": None}, {"name": "test-1"}, {"on_trouble": "shout"},
    {"recipe": replace(recipe("model"), there=())}, {"recipe": replace(recipe("model"), back=(("raw", "on"),))},
    {"recipe": replace(recipe("model"), there=(("model", "a:3b"),))}, {"recipe": replace(recipe("model"), name="raw")},
    {"recipe": replace(recipe("model"), label="\x1b[2J")},
    {"recipe": replace(recipe("model"), there=(("model", ""),))},
]  # fmt: skip


@pytest.mark.parametrize("fields", BROKEN)
def test_what_no_test_can_be_is_set_aside(tmp_path: Path, fields: dict[str, Any]) -> None:
    trial = make_trial("flag", 6, False, START, recipe("model"))
    assert is_possible(trial) and not is_possible(replace(trial, **fields))
    (tmp_path / NAME).write_bytes(msgspec.json.encode(replace(trial, **fields)))
    trials = TrialFile(tmp_path)
    assert trials.current is None and "it is not one of this version" in trials.warning


def test_a_file_of_before_is_read(tmp_path: Path) -> None:
    """Without the fields that a test of any flag has."""
    trial = msgspec.to_builtins(make_trial("test-2", 6, True, START))
    for name in ("recipe", "on_trouble", "stopped", "elsewhere", "unguarded"):
        del trial[name]
    (tmp_path / NAME).write_bytes(msgspec.json.encode(trial))
    assert TrialFile(tmp_path).current == make_trial("test-2", 6, True, START)


def test_a_built_in_flag_is_found_by_its_key() -> None:
    assert by_key("retrieval") is not None and by_key(OWN.key) is None
    assert isinstance(make_trial("guide", 6, False, START), Trial)
