"""Why a turn was slow, of turns with a known cause: the usual is a turn like this one, and unknown is not usual."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.analysis.sentences.test_comparison_sentences import stored, without_tokens
from tests.analysis.sentences.worlds import with_extra
from timmy_tui.analysis.detect.diagnosis import Diagnoser
from timmy_tui.analysis.stats.workload import features_of
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.turn import Turn

AT = 60


def told(turns: Sequence[Turn]) -> list[Diagnosis]:
    diagnoser = Diagnoser()
    return [diagnoser.add(turn) for turn in turns]


def newest(turns: Sequence[Turn]) -> Diagnosis:
    return told(turns)[-1]


def test_a_second_more_of_a_request_without_token_counts_is_said() -> None:
    """It was "as usual for that work", or under the usual: unknown was taken for usual."""
    bare = [without_tokens(turn) for turn in make_turns(AT + 1, 5)]
    one = newest([*bare[:AT], with_extra(bare[AT], 1500.0, llm=(bare[AT].stages["llm"] or 0.0) + 1500.0)])
    assert one.excess_ms is not None and one.excess_ms > 1000.0
    assert "LLM +1." in one.sentence and "(its work is not known)" in one.sentence


@pytest.mark.parametrize("sessions", [2, 3])
def test_of_interleaved_sessions_each_turn_has_the_one_ahead_of_it(sessions: int) -> None:
    """Decode ×3 was "as usual for that work"."""
    turns = [replace(turn, session=turn.ordinal % sessions) for turn in make_turns(AT + 1, 3)]
    one = newest([*turns[:AT], slowed(turns[AT], "decode", 3.0)])
    assert one.slow
    assert one.contributions[0].stage == "decode"


def test_one_turn_sessions_are_set_against_first_turns() -> None:
    turns = [replace(turn, session=turn.ordinal) for turn in make_turns(AT + 1, 8)]
    one = newest([*turns[:AT], slowed(turns[AT], "decode", 8.0)])
    assert one.contributions[0].stage == "decode"
    assert "over your usual (first turn of a session" in one.sentence


def test_what_nothing_can_be_set_against_is_not_usual() -> None:
    """The first turn that has a stage of 400 ms: no figure, and no "as usual"."""
    turns = [with_extra(turn, -(turn.stages["retrieve"] or 0.0), retrieve=None) for turn in make_turns(AT + 1, 9)]
    one = newest([*turns[:AT], with_extra(turns[AT], 400.0, retrieve=400.0)])
    assert one.sentence.endswith("; not judged: retrieval 400ms (too few turns like it)")


@pytest.mark.parametrize("share", [3, 5, 8])
def test_a_normal_store_is_as_usual(share: int) -> None:
    """It was "+240ms over your usual", which was an average over turns with and without a store."""
    turns = [stored(turn, share) for turn in make_turns(AT + 1, 6)]
    with_store = [one for turn, one in zip(turns, told(turns), strict=True) if turn.stages["store"] is not None]
    for one in with_store[3 + share :]:
        # 330 ms in every store here, whatever the length of the text, which usually has a part in it.
        assert all(abs(part.ms) < 100.0 for part in one.contributions if part.stage == "store")
        if one.excess_ms is not None:
            assert "(with a memory store, " in one.sentence


def test_a_diagnosis_without_what_it_was_compared_with_is_the_rest_of_its_sentence() -> None:
    """Also where a part has words in parentheses of its own, ``(first store in 5 turns)``."""
    all_told = told([stored(turn, 5) for turn in make_turns(AT + 1, 6)])
    compared = [one for one in all_told if one.compared_with]
    assert any(") " in one.brief or one.brief.endswith(")") for one in compared)
    for one in compared:
        ahead, behind = one.sentence.split(f" ({one.compared_with})")
        assert one.brief == ahead + behind and behind[:1] in (":", "", ";")
    assert all(one.brief == one.sentence for one in all_told if not one.compared_with)


def test_a_slow_store_is_over_that_of_stores() -> None:
    turns = [stored(turn, 5) for turn in make_turns(AT + 1, 6)]
    one = newest([*turns[:AT], with_extra(turns[AT], 700.0, store=1030.0)])
    assert {part.stage: part.ms for part in one.contributions}["store"] == pytest.approx(700.0, abs=5.0)


def test_a_store_of_known_length_is_set_against_stores_whose_length_is_not_known() -> None:
    """Of turns without STT's lines nobody knows how long the text was: it was "memory store +370ms", usual 0.0 ms."""
    turns = [replace(stored(turn, 5), text_length=None) for turn in make_turns(AT + 1, 6)]
    whole = stored(make_turns(AT + 1, 6)[AT], 10)
    assert features_of("store", whole, None) and features_of("store", turns[AT - 1], None) is None
    one = newest([*turns[:AT], whole])
    assert one.usuals["store"] == pytest.approx(330.0, abs=20.0)
    assert all(part.stage != "store" for part in one.contributions)


@pytest.mark.parametrize(("count", "words"), [(1, "1 token)"), (2, "2 tokens)"), (0, "0 tokens)")])
def test_one_token_is_one(count: int, words: str) -> None:
    turns = make_turns(AT + 1, 5)
    assert words in newest([*turns[:AT], replace(turns[AT], output_tokens=count)]).sentence
