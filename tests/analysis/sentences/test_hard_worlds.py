"""Every cause, in hard worlds: what is said names it, with its direction and its size, or is not said."""

from functools import cache
from typing import NamedTuple

import pytest

from bench.judgement.changes import OTHERS, STEPS, Change
from bench.judgement.scenarios import Labelled
from bench.judgement.score import NAMES
from bench.judgement.worlds import WORLDS, Request, Seeds, draw
from tests.analysis.sentences.worlds import judged
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.words import stage_words
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.stages.watched import GAP, PROMPT_CACHE, UNATTRIBUTED, V2V

CAUSES = tuple(change for change in (*STEPS[1:], *OTHERS) if "drift" not in change.name)
EACH = 4
"""Logs of each cause, each of another world."""
MOST_UNKNOWN = 0.15
MOST_FALSE = 0.08
"""Of the pairs, with a stage named by chance."""
TOLERANCE = 1.12


class World(NamedTuple):
    """A log, and what is true of it."""

    log: Labelled
    change: Change
    findings: tuple[Finding, ...]
    """That last, and were raised since the change."""
    told: Comparison

    @property
    def slower(self) -> bool:
        return self.change.factor > 1

    @property
    def right(self) -> set[str]:
        """Names of the cause."""
        names = {self.log.stage, *NAMES.get(self.log.stage, ()), *({"tts", "wait", "load"} & {self.log.stage})}
        return names | {PROMPT_CACHE} if "cache" in self.change.name else names


@cache
def worlds() -> tuple[World, ...]:
    names, found = list(WORLDS), []
    for place, change in enumerate(CAUSES):
        for number in range(EACH):
            world = names[(place * EACH + number) % len(names)]
            (log,) = draw(Request(world, "middle", change, 1, 600 + place), Seeds("tune", 9100))
            assert log.at is not None
            findings = tuple(one for one in judged(log.turns).findings if not one.ended and one.raised >= log.at)
            before = [turn for turn in log.turns if turn.ordinal < log.at]
            found.append(World(log, change, findings, compare(before, log.turns[len(before) :])))
    return tuple(found)


def of_cause(world: World) -> list[Finding]:
    way = "slower" if world.slower else "faster"
    return [one for one in world.findings if one.stage in world.right and one.direction == way]


def test_a_finding_names_the_cause_or_there_is_none() -> None:
    unknown = [(world.log.kind, world.change.name) for world in worlds() if not of_cause(world)]
    assert len(unknown) <= MOST_UNKNOWN * len(worlds()), unknown
    for world in worlds():
        backwards = [one for one in world.findings if one.stage in world.right and one not in of_cause(world)]
        assert not [one for one in backwards if abs(one.since - (world.log.at or 0)) < 15], (
            world.change.name,
            backwards,
        )


def test_the_size_of_a_step_is_within_what_is_said() -> None:
    steps = [world for world in worlds() if world.change.name.startswith("×")]
    named = [(world, one) for world in steps for one in of_cause(world) if one.stage == world.log.stage]
    assert len(named) >= len(steps) / 2
    off = [
        (world.log.kind, world.change.name, one.stage, one.low, one.high)
        for world, one in named
        if not one.low / TOLERANCE <= world.change.factor <= one.high * TOLERANCE
    ]
    assert off == []


def test_a_comparison_names_the_cause_or_says_that_it_cannot_tell() -> None:
    unknown, false = [], []
    for world in worlds():
        moved = {row.stage for row in world.told.stages if row.verdict in ("faster", "slower")}
        named = {UNATTRIBUTED if one.startswith(GAP) else one for one in moved} | {
            share.stage for share in world.told.shares
        }
        if not named & world.right:
            unknown.append((world.log.kind, world.change.name, world.told.sentence))
        others = named - world.right - {V2V, "llm", "wait", "load", UNATTRIBUTED}
        false += [(world.log.kind, world.change.name, world.told.sentence)] if others else []
        for one in world.told.stages:
            if one.low is not None and one.high is not None:
                assert (one.verdict == "unchanged") is (one.low <= 1 <= one.high)
    assert len(unknown) <= MOST_UNKNOWN * len(worlds()), unknown
    assert len(false) <= MOST_FALSE * len(worlds()), false


@pytest.mark.parametrize("change", CAUSES, ids=lambda change: change.name)
def test_the_sentence_of_a_comparison_has_the_words_of_its_cause(change: Change) -> None:
    own = [world for world in worlds() if world.change is change]
    words = {"unattributed": "gap ", "store": "memory store in "}
    if change.name == "a stage vanishes":
        assert all(" is not in the turns any more" in world.told.sentence for world in own)
        return
    for world in own:
        names = [
            words.get(change.name.partition(" ")[0], words.get(world.log.stage, "")) or stage_words(world.log.stage)
        ]
        names += [stage_words(name) for name in world.right]
        moved = {row.stage for row in world.told.stages if row.verdict in ("faster", "slower")}
        if moved & world.right:
            assert any(name in world.told.sentence for name in names), world.told.sentence
