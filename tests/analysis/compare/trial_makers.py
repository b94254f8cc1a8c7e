"""Turns and trials for the tests of guided tests: a session as it is, and one with the change."""

from typing import Any

from msgspec.structs import replace

from bench.judgement.turns import make_turns
from timmy_tui.analysis.compare.trial import Trial, Watch, make_trial
from timmy_tui.analysis.compare.trial_steps import advance
from timmy_tui.core.settings import Trials
from timmy_tui.model.judgement import TrialRecipe
from timmy_tui.model.turn import Turn
from timmy_tui.storage.trial_file import limits_of

EVERY_S = 10.0
START = 1_700_000_000.0
MADE = tuple(make_turns(120, 5))
LIMITS = limits_of(Trials())
RETRIEVAL = TrialRecipe(
    name="retrieval", label="retrieval on→off", there=(("retrieval", "off"),), back=(("retrieval", "on"),)
)
"""The turns of ``stretch`` show it: 50 ms and embeddings, or 0.1 ms and none."""


def stretch(first: int, count: int, session: int, **fields: Any) -> list[Turn]:
    """``count`` turns of one session, ten seconds apart, with retrieval on unless ``off=True``."""
    off = fields.pop("off", False)
    turns = []
    for number, turn in enumerate(MADE[first : first + count], start=first):
        took = 0.1 if off else turn.stages["retrieve"] or 0.0
        stages = {**turn.stages, "retrieve": took, "embed": None if off else 7.0}
        headline = (turn.headline_ms or 0.0) - (turn.stages["retrieve"] or 0.0) + took
        known: dict[str, Any] = {
            "ordinal": number, "session": session, "session_id": f"s{session}", "started": START + number * EVERY_S,
            "stages": stages, "headline_ms": headline, "load_ms": 95.0, "raw": True, "chunks": None,
        }  # fmt: skip
        turns.append(replace(turn, **{**known, **fields}))
    return turns


def begun(turns: int = 6, aba: bool = False) -> Trial:
    """A test of retrieval whose baseline begins with the first turn."""
    return make_trial("flag", turns, aba, START, RETRIEVAL)


def at_b(**fields: Any) -> tuple[Trial, list[Turn]]:
    """A test that measures with the change: eight turns before, three with it."""
    before, after = stretch(0, 8, 0), stretch(30, 3, 1, off=True, **fields)
    watch = Watch(limits=LIMITS)
    trial = advance(begun(), before, START + 200, watch)
    return advance(trial, [*before, *after], START + 400, watch), [*before, *after]
