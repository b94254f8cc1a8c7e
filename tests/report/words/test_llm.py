"""The words for prompt reuse and for the guide's criteria: one table, for the screen and for every command."""

from typing import Any

import pytest

from timmy_tui.model.llm import BROKE, FAIL, NOT_JUDGED, PASS, Certainty, Criterion, OllamaFacts, Reuse, ServedPrompt
from timmy_tui.report.words.llm import (
    known_by_words,
    request_words,
    share_words,
    source_words,
    value_words,
    verdict_words,
)


def reuse(share: float | None, certainty: Certainty, **fields: Any) -> Reuse:
    known = {"ordinal": 0, "prompt_tokens": 100, "reused": None, "reason": "why", **fields}
    return Reuse(share=share, certainty=certainty, **known)


@pytest.mark.parametrize(
    ("share", "certainty", "words", "source"),
    [
        (0.734, Certainty.MEASURED, "73%", "measured: why"),
        (0.734, Certainty.ESTIMATED, "~73%", "estimated: why"),
        (0.0, Certainty.ESTIMATED, "~0%", "estimated: why"),
        (0.0, Certainty.MEASURED, "0%", "measured: why"),
        (0.0, Certainty.KNOWN, "cut", "known: why"),
        (None, Certainty.UNKNOWN, "—", "why"),
        (None, Certainty.ESTIMATED, "—", "why"),
        (0.7, Certainty.UNKNOWN, "—", "why"),
    ],
)
def test_a_share_says_how_it_is_known(share: float | None, certainty: Certainty, words: str, source: str) -> None:
    item = reuse(share, certainty)
    assert (share_words(item), source_words(item)) == (words, source)


def test_a_turn_that_nothing_was_computed_for_is_unknown_and_not_empty() -> None:
    assert (share_words(None), request_words(None)) == ("—", "")
    assert source_words(None) == "nothing is known of this turn's prompt"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""), ({"cold": True, "broken": "why", "cut": True}, "cut"), ({"cold": True}, "cold"),
        ({"cold": True, "broken": "raw changed"}, "broken"),
        ({"cold": True, "broken": "raw changed", "loaded": True}, "load"),
    ],
)  # fmt: skip
def test_the_gravest_state_of_a_request_is_named(fields: dict[str, Any], words: str) -> None:
    assert request_words(reuse(0.1, Certainty.MEASURED, **fields)) == words


@pytest.mark.parametrize(
    ("verdict", "of_guide", "of_signs"),
    [(PASS, "pass", "not seen"), (FAIL, "fail", "seen"), (NOT_JUDGED, "not judged", "not judged")],
)
def test_a_sign_that_something_broke_is_seen_or_not(verdict: str, of_guide: str, of_signs: str) -> None:
    assert verdict_words(Criterion("k", "l", "Phase 1", verdict, "v")) == of_guide
    assert verdict_words(Criterion("k", "l", BROKE, verdict, "v")) == of_signs


def test_what_is_not_judged_says_why_ahead_of_its_figure() -> None:
    def words(value: str, because: str = "") -> str:
        return value_words(Criterion("k", "l", "g", NOT_JUDGED if because else PASS, value, "note", because))

    assert words("3 of 3 turns") == "3 of 3 turns"
    assert words("", "there is no turn yet") == "because there is no turn yet"
    assert words("p50 1.00s", "tail mode is off") == "because tail mode is off; p50 1.00s"


def test_a_range_is_shown_as_one() -> None:
    item = reuse(0.55, Certainty.ESTIMATED, least=0.396, most=0.704)
    assert (share_words(item), source_words(item)) == ("~40–70%", "estimated: why")


def test_what_happened_is_shown_instead_of_a_figure() -> None:
    assert share_words(reuse(0.0, Certainty.KNOWN, loaded=True)) == "loaded"
    busy = reuse(None, Certainty.UNKNOWN, busy=True)
    assert (share_words(busy), source_words(busy)) == ("busy", "why")


# -- what would make it known


def advice(version: str | None, unknown: int, known: int = 0, **fields: Any) -> str:
    facts = OllamaFacts(url="", reachable=True, since=None, version=version, **fields.pop("facts", {}))
    items = [reuse(0.5, Certainty.ESTIMATED)] * known + [reuse(None, Certainty.UNKNOWN, **fields)] * unknown
    return known_by_words(facts, items)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.12.11", "timmy-tui probe (ten seconds of GPU), or OLLAMA_DEBUG=1 and [paths] ollama_log, or Ollama 0.33.3"),
        ("0.24.0", "timmy-tui probe (ten seconds of GPU), or OLLAMA_DEBUG=1 and [paths] ollama_log, or Ollama 0.33.3"),
        ("0.30.0", "timmy-tui probe (ten seconds of GPU), or [paths] ollama_log, or Ollama 0.33.3 or later"),
        ("0.33.3", "timmy-tui probe (ten seconds of GPU), or [paths] ollama_log"),
        (None, "timmy-tui probe (ten seconds of GPU), or OLLAMA_DEBUG=1 and [paths] ollama_log, or Ollama 0.33.3"),
    ],
)
def test_each_version_has_its_ways_to_know(version: str | None, words: str) -> None:
    said = advice(version, 3)
    assert said.startswith(f"to know it: {words}")
    assert ("0.33.3" in said) is ("0.33.3" in words)


@pytest.mark.parametrize(
    ("unknown", "known", "said"), [(0, 0, False), (1, 1, False), (2, 1, True), (4, 4, False), (5, 4, True)]
)
def test_it_is_said_where_most_of_the_newest_turns_are_not_known(unknown: int, known: int, said: bool) -> None:
    assert bool(advice("0.12.11", unknown, known)) is said


@pytest.mark.parametrize(("most", "said"), [(0.59, False), (0.61, True)])
def test_a_range_of_more_than_thirty_points_is_not_known_either(most: float, said: bool) -> None:
    ranges = [reuse(0.5, Certainty.ESTIMATED, least=0.3, most=most)]
    assert bool(known_by_words(None, ranges)) is said


def test_a_followed_log_needs_no_advice() -> None:
    served = (ServedPrompt(number=1, prompt=10, reused=5, evaluated=5),)
    assert advice("0.12.11", 3, facts={"served": served}) == ""


def test_on_a_busy_machine_a_probe_would_not_help() -> None:
    assert "probe" not in advice("0.12.11", 3, busy=True)
