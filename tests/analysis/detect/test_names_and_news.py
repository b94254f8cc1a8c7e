"""What a finding is called, and which ones are worth a user's attention: on both sides of each limit."""

from typing import Any

import pytest

from timmy_tui.analysis.detect.names import direction_word, finding_name, gap_name, is_same_gap
from timmy_tui.analysis.detect.news import News, is_notable, leading
from timmy_tui.model.judgement import Finding


@pytest.mark.parametrize(
    ("series", "partners", "name"),
    [
        ("classify", [], "classify"), ("decode", [], "decode"), ("raw tts", [], "tts"), ("V2V", [], "V2V"),
        ("gap:classify→store", [], "unattributed"),
        # Parts of the request, and the request with one of its parts.
        ("decode", ["prefill"], "llm"), ("llm", ["decode"], "llm"), ("llm", [], "llm"),
        # The rest of the request has no name of its own; the load in it has.
        ("wait", [], "llm"), ("load", [], "load"), ("wait", ["load"], "load"), ("load", ["wait"], "load"),
        ("load", ["decode"], "llm"), ("wait", ["load", "decode"], "llm"),
        # The request and the voice are both on the card.
        ("decode", ["tts"], "gpu"), ("tts", ["decode", "prefill"], "gpu"), ("tts", ["load"], "gpu"),
    ],
)  # fmt: skip
def test_the_name_of_what_moved_together(series: str, partners: list[str], name: str) -> None:
    assert finding_name(series, partners) == name


def test_up_is_slower() -> None:
    assert (direction_word(1), direction_word(-1)) == ("slower", "faster")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gap:classify→store", "gap:classify→retrieve", True),
        ("gap:store→retrieve", "gap:classify→retrieve", True),
        ("gap:classify→store", "gap:classify→store", True),
        ("gap:classify→store", "gap:store→retrieve", False),
        ("gap:classify→store", "gap:retrieve→prompt", False),
        ("gap:classify→store", "classify", False),
        ("classify", "gap:classify→store", False),
        ("classify", "classify", False),
    ],
)
def test_gaps_that_begin_or_end_at_the_same_stage_are_one(one: str, other: str, same: bool) -> None:
    assert is_same_gap(one, other) is same


@pytest.mark.parametrize(
    ("series", "name"),
    [
        (["gap:classify→store"], "classify→store"), (["classify"], ""), ([], ""),
        (["gap:classify→retrieve", "gap:classify→store"], "classify→store/retrieve"),
        (["gap:store→retrieve", "gap:classify→retrieve", "V2V"], "classify/store→retrieve"),
    ],
)  # fmt: skip
def test_a_gap_is_named_by_what_it_lies_between(series: list[str], name: str) -> None:
    assert gap_name(series) == name


NEWS = News(felt_ms=100.0, large_ratio=1.5, large_ms=20.0, young_turns=50)


def finding(**more: Any) -> Finding:
    known: dict[str, Any] = {
        "key": "classify:1", "stage": "classify", "direction": "slower", "raised": 1, "raised_id": "", "since": 1,
        "since_id": "", "ratio": 1.0, "before_ms": 0.0, "after_ms": 0.0, "n": 9, "confidence": 1.0, "notable": True,
        **more,
    }  # fmt: skip
    return Finding(**known)


@pytest.mark.parametrize(
    ("more", "notable"),
    [
        ({"cost_ms": 100.0}, True), ({"cost_ms": 99.9}, False), ({"cost_ms": -100.0}, True),
        ({"cost_ms": -99.9}, False),
        ({"ratio": 1.5, "before_ms": 40.0, "after_ms": 60.0}, True),
        ({"ratio": 1.49, "before_ms": 40.0, "after_ms": 60.0}, False),
        ({"ratio": 1.5, "before_ms": 40.0, "after_ms": 59.9}, False),
        ({"ratio": 0.5, "before_ms": 40.0, "after_ms": 20.0}, True),
        ({"ratio": 0.7, "before_ms": 70.0, "after_ms": 49.0}, False),
        ({"ratio": 0.5, "before_ms": 39.8, "after_ms": 19.9}, False),
    ],
)  # fmt: skip
def test_what_is_felt_or_large_for_its_stage_is_news(more: dict[str, Any], notable: bool) -> None:
    assert is_notable(finding(**more), NEWS) is notable
    assert is_notable(finding(**more), None)


@pytest.mark.parametrize(
    ("more", "leads"),
    [
        ({}, True), ({"age": 49}, True), ({"age": 50}, False), ({"direction": "faster"}, False),
        ({"ended": "accepted"}, False), ({"notable": False}, False),
    ],
)  # fmt: skip
def test_one_that_is_slower_young_and_notable_is_said_first(more: dict[str, Any], leads: bool) -> None:
    one = finding(cost_ms=5.0, **more)
    assert (leading([one], NEWS) is one) is leads
    assert (leading([one], None) is one) is (leads or more == {"age": 50})


def test_the_one_that_costs_most_a_turn_leads() -> None:
    small, large = finding(cost_ms=5.0), finding(cost_ms=6.0)
    assert leading([small, large], NEWS) is leading([large, small], NEWS) is large
    assert leading([], NEWS) is None
