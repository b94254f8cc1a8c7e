"""One sentence for a turn, whose figures sum."""

import re

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import Truth, make_turns
from timmy_tui.analysis.detect.diagnosis import Diagnoser
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.turn import Turn, TurnState


def told(turns: list[Turn]) -> list[Diagnosis]:
    diagnoser = Diagnoser()
    return [diagnoser.add(turn) for turn in turns]


TURNS = make_turns(70, seed=2)
LEAST = TUNING.diagnosis.least_turns
WARM = next(turn.ordinal for turn in TURNS[40:] if turn.session == TURNS[turn.ordinal - 1].session)


def with_slow(stage: str, factor: float) -> Diagnosis:
    turns = [slowed(turn, stage, factor) if turn.ordinal == WARM else turn for turn in TURNS]
    return told(turns[: WARM + 1])[-1]


def test_contributions_sum_to_the_excess_in_every_turn() -> None:
    spoken = [one for one in told(TURNS) if one.excess_ms is not None]
    assert len(spoken) > 50
    for one in spoken:
        assert sum(part.ms for part in one.contributions) == pytest.approx(one.excess_ms)
        assert one.contributions[-1].stage == "rest"


@pytest.mark.parametrize(("stage", "factor"), [("retrieve", 30.0), ("tts", 4.0), ("decode", 4.0)])
def test_the_stage_that_made_it_slow_comes_first(stage: str, factor: float) -> None:
    one = with_slow(stage, factor)
    assert one.slow
    assert one.contributions[0].stage == stage
    assert one.excess_ms is not None and one.contributions[0].ms > 0.6 * one.excess_ms
    assert f" over your usual ({TURNS[WARM].output_tokens} tokens): " in one.sentence


def test_one_token_is_one() -> None:
    """``(with a memory store, 1 tokens)`` stood on the live screen."""
    short = replace(TURNS[WARM], output_tokens=1)
    assert "1 token)" in told([*TURNS[:WARM], short])[-1].sentence


def test_a_hop_that_made_it_slow_is_the_network() -> None:
    one = with_slow("hop_in", 800.0)
    assert one.slow and one.contributions[0].stage == "network"
    assert " tokens): network both ways +" in one.sentence
    assert not {"hop_in", "hop_out"} & {part.stage for part in one.contributions}


def test_a_turn_without_a_headline_says_why_and_teaches_nothing() -> None:
    """A clock stepped in it: the one behind it is set against the same usual as if it had not been."""
    stepped = replace(
        TURNS[WARM], headline_ms=None, v2v_ms=None, unattributed_ms=None, gaps=(),
        stages={**TURNS[WARM].stages, "llm": None, "wait": None}, unmeasured={"V2V": "a clock stepped"},
    )  # fmt: skip
    *_, one, after = told([*TURNS[:WARM], stepped, TURNS[WARM + 1]])
    assert (one.sentence, one.excess_ms, one.slow) == ("not measured: a clock stepped", None, False)
    *_, plain = told([*TURNS[:WARM], replace(TURNS[WARM], state=TurnState.FAILED), TURNS[WARM + 1]])
    assert after == plain


def test_an_ordinary_turn_is_not_slow() -> None:
    quiet = [one for one in told(make_turns(60, seed=8)) if one.excess_ms is not None and not one.slow]
    assert len(quiet) > 40


def test_a_longer_answer_is_not_over_the_usual_for_that_work() -> None:
    longer = Truth(workload=lambda number: (3.0 if number == WARM else 1.0, 1.0))
    turns = make_turns(WARM + 1, seed=2, truth=longer)
    usual, one = told(TURNS[: WARM + 1])[-1], told(turns)[-1]
    longest, plain = turns[-1].headline_ms, TURNS[WARM].headline_ms
    assert longest is not None and plain is not None
    grown = longest - plain
    assert grown > 500
    assert one.excess_ms is not None and usual.excess_ms is not None
    assert one.excess_ms - usual.excess_ms < 0.3 * grown


def test_a_first_store_in_many_turns_says_so() -> None:
    def stored(turn: Turn) -> Turn:
        keep = turn.ordinal % 9 == 0 or turn.ordinal == WARM
        return turn if keep and turn.stages["store"] else slowed(_bare(turn), "classify", 1.0)

    def _bare(turn: Turn) -> Turn:
        return replace(turn, stages={**turn.stages, "store": None}, skipped=frozenset({"store"}))

    turns = [stored(turn) for turn in make_turns(WARM, seed=2)]
    last = slowed(replace(TURNS[WARM], stages={**TURNS[WARM].stages, "store": 600.0}, skipped=frozenset()), "tts", 1.0)
    one = told([*turns, last])[-1]
    part = next(part for part in one.contributions if part.stage == "store")
    found = re.fullmatch(r"first store in (\d+) turns", part.why)
    assert found is not None
    since = next(back for back, turn in enumerate(reversed(turns), 1) if turn.stages["store"] is not None)
    assert int(found[1]) == since
    assert "memory store +" in one.sentence


def test_a_prompt_that_was_cut_says_so() -> None:
    cut = replace(slowed(TURNS[WARM], "prefill", 8.0), prompt_tokens=(TURNS[WARM - 1].prompt_tokens or 0) - 5)
    assert "prefix broken" in told([*TURNS[:WARM], cut])[-1].sentence


def test_a_model_that_was_loaded_says_so() -> None:
    loaded = replace(slowed(TURNS[WARM], "wait", 40.0), load_ms=5000.0)
    assert "the model was loaded" in told([*TURNS[:WARM], loaded])[-1].sentence


def test_a_turn_without_a_store_is_no_first_store() -> None:
    said = [
        (turn, part)
        for turn, one in zip(TURNS, told(TURNS), strict=True)
        for part in one.contributions
        if part.stage == "store" and part.why
    ]
    assert [turn.ordinal for turn, _ in said if turn.stages["store"] is None] == []


def test_too_little_history_says_how_much_more() -> None:
    first = told(TURNS[: LEAST + 1])
    assert [one.excess_ms for one in first[:LEAST]] == [None] * LEAST
    assert first[0].sentence == f"too few turns: {LEAST} more"
    assert first[LEAST].excess_ms is not None


@pytest.mark.parametrize("state", [TurnState.FAILED, TurnState.ABORTED, TurnState.TIMED_OUT])
def test_a_turn_that_did_not_end_says_how(state: TurnState) -> None:
    one = told([*TURNS[:30], replace(TURNS[30], state=state, reason="Ollama did not answer")])[-1]
    assert (one.excess_ms, one.slow) == (None, False)
    assert "Ollama did not answer" in one.sentence


def test_stages_that_are_not_measured_make_no_figure() -> None:
    bare = [replace(turn, stages=dict.fromkeys(turn.stages), unattributed_ms=None, gaps=()) for turn in TURNS]
    for one in told(bare):
        # It was "as usual for that work", also of a turn that was three seconds longer.
        assert (one.contributions, one.excess_ms, one.sentence) == ((), None, "not judged: no stage of it is measured")
