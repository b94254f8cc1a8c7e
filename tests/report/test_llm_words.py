"""The words for prompt reuse and for the guide's criteria: one table, for the screen and for every command."""

from typing import Any

import pytest

from timmy_tui.model.llm import BROKE, FAIL, NOT_JUDGED, PASS, Certainty, Criterion, Reuse
from timmy_tui.report.llm_words import request_words, share_words, source_words, value_words, verdict_words


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
        ({}, ""), ({"cold": True}, "cold"), ({"cold": True, "broken": "raw changed"}, "broken"),
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
