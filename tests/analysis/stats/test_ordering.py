"""Typed turns that the debug log tells of after everything else: shown, and not judged."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from tests.turn_makers import complete_turn
from timmy_tui.analysis.stats.ordering import is_late
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.turn_analyzer import TurnAnalyzer

START = 1_700_000_000.0


def turn(**fields: Any) -> Turn:
    known = {"session": 3, "started": START, "prompt_tokens": 900, "logs": "both"}
    return complete_turn(5, **{**known, **fields})


@pytest.mark.parametrize(
    ("late", "wanted"),
    [
        ({"place": (4, 1, 1)}, True),
        ({"place": (5, -1, 9)}, True),
        ({"place": (5, 0)}, False),
        ({"place": (5, 1, 1)}, False),
        ({"place": (5, 1, 1), "started": START - 3600, "session": 2, "prompt_tokens": 1}, False),
        ({"place": (4, 1, 1), "started": START + 3600, "session": 4, "prompt_tokens": 9999}, True),
        ({"place": (4, 1, 1), "logs": "kv_stats"}, True),
        ({"place": (4, 1, 1), "logs": "latency"}, False),
    ],
)
def test_a_turn_is_late_by_its_place_alone(late: dict[str, Any], wanted: bool) -> None:
    """No clock tells, no session, and no length of a prompt."""
    assert is_late(turn(**{"logs": "v34", **late}), turn()) is wanted


def test_the_first_turn_is_never_late() -> None:
    assert not is_late(turn(logs="v34", started=None), None)


def test_what_comes_late_begins_no_epoch_and_raises_no_alarm() -> None:
    """In either order of the two logs the same is concluded: the debug log's own turns do not count as new ones."""
    made = [replace(one, logs="both", started=START + 10.0 * one.ordinal) for one in make_turns(400, 5)]
    chance = random.Random(3)
    typed = [one for one in made if chance.random() < 0.12]
    voice = [one for one in made if one not in typed]
    typed = [one for one in typed if one.ordinal < voice[-1].ordinal]
    late = [
        replace(one, ordinal=1000 + number, place=(one.ordinal, 0), logs="v34", started=None)
        for number, one in enumerate(typed)
    ]
    alone, after = TurnAnalyzer(), TurnAnalyzer()
    for one in voice:
        alone.add(one, None)
        after.add(one, None)
    for one in late:
        after.add(one, None)
        after.add(replace(one, started=START), None)  # the access line gives its time later
    expected, found = alone.judgement(), after.judgement()
    assert expected is not None and found is not None
    newest = max(one.session for one in voice)
    assert [epoch.first for epoch in after.epochs if epoch.first < 1000] == [epoch.first for epoch in alone.epochs]
    assert all(epoch.first < 1000 for epoch in after.epochs)
    assert found.findings == expected.findings
    assert all(one.session <= newest for one in late)
