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
        ({"logs": "v34", "session": 2, "started": None}, True),
        ({"logs": "v34", "session": 4, "started": None}, False),
        ({"logs": "v34", "started": START - 60}, True),
        ({"logs": "v34", "started": START + 60}, False),
        ({"logs": "v34", "started": START - 0.5}, False),
        ({"logs": "v34", "started": None, "prompt_tokens": 700}, True),
        ({"logs": "v34", "started": None, "prompt_tokens": 950}, False),
        ({"logs": "v34", "started": None, "prompt_tokens": None}, False),
        ({"logs": "latency", "session": 2, "started": START - 60}, False),
        ({"logs": "kv_stats", "started": START - 60}, True),
    ],
)
def test_a_turn_is_late_when_its_session_its_time_or_its_prompt_says_so(late: dict[str, Any], wanted: bool) -> None:
    assert is_late(turn(**late), turn()) is wanted


def test_the_first_turn_is_never_late() -> None:
    assert not is_late(turn(logs="v34", started=None), None)


def test_what_comes_late_begins_no_epoch_and_raises_no_alarm() -> None:
    """In either order of the two logs the same is concluded: the debug log's own turns do not count as new ones."""
    made = [replace(one, logs="both", started=START + 10.0 * one.ordinal) for one in make_turns(400, 5)]
    chance = random.Random(3)
    typed = [one for one in made if chance.random() < 0.12]
    voice = [one for one in made if one not in typed]
    late = [replace(one, ordinal=1000 + place, logs="v34", started=None) for place, one in enumerate(typed)]
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
