"""A headline is set beside what the stage itself has written, not beside what the judge says of it."""

import pytest
from msgspec.structs import replace

from bench.dashboard.steady import is_borne_out, led, levels, table, written_ms
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Gap, Turn, TurnState

FINDING = Finding(
    key="retrieve:50", stage="retrieve", direction="slower", raised=55, raised_id="", since=50, since_id="",
    ratio=2.0, before_ms=100.0, after_ms=200.0, n=6, confidence=0.9,
)  # fmt: skip


def turn(ordinal: int, retrieve: float | None, llm: float = 800.0) -> Turn:
    return Turn(
        ordinal=ordinal, request_id=f"{ordinal:08x}", state=TurnState.COMPLETE, headline_ms=2000.0,
        stages={"retrieve": retrieve, "llm": llm, "tts": 300.0}, gaps=(Gap("classify", "retrieve", 7.0),),
    )  # fmt: skip


def conversation(before: float, after: float) -> list[Turn]:
    return [turn(number, before if number < 50 else after) for number in range(60)]


def test_levels_are_medians_before_the_change_and_from_it_until_it_was_raised() -> None:
    turns = conversation(100.0, 180.0)
    turns[3] = turn(3, 9000.0)  # More than 30 turns before it.
    turns[57] = turn(57, 9000.0)  # After it was raised.
    turns[52] = turn(52, None)
    assert levels(turns, FINDING, 55) == (100.0, 180.0)
    assert levels(turns[50:], FINDING, 55) == (None, 180.0)


def test_a_drift_says_where_the_level_is_now() -> None:
    turns = [turn(number, 100.0 + 20 * max(number - 49, 0)) for number in range(60)]
    assert levels(turns, FINDING, 59) == (100.0, 210.0)
    assert levels(turns, replace(FINDING, steps=2), 59) == (100.0, 260.0)


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [(100.0, 134.0, True), (100.0, 133.0, False), (100.0, 60.0, False), (None, 200.0, False), (100.0, None, False)],
)
def test_a_third_of_what_is_said_must_be_in_the_durations(
    before: float | None, after: float | None, right: bool
) -> None:
    assert is_borne_out(FINDING, before, after) is right
    faster = replace(FINDING, direction="faster", before_ms=200.0, after_ms=100.0)
    assert is_borne_out(faster, after, before) is right


def test_what_a_turn_writes_of_gaps_of_the_headline_and_of_both_on_the_gpu() -> None:
    one = turn(0, None)
    assert written_ms(one, FINDING) is None
    assert written_ms(one, replace(FINDING, stage="V2V")) == 2000.0
    assert written_ms(one, replace(FINDING, stage="gpu")) == 1100.0
    assert written_ms(replace(one, stages={"prefill": 90.0}), replace(FINDING, stage="prompt cache")) == 90.0
    assert written_ms(one, replace(FINDING, stage="unattributed", gap="classify→retrieve")) == 7.0
    assert written_ms(one, replace(FINDING, stage="unattributed", gap="end→start")) is None


def test_a_real_change_leads_and_is_borne_out_and_steady_turns_give_none() -> None:
    assert led(conversation(100.0, 100.0)) == []
    lines = table(conversation(100.0, 400.0), "changed")
    assert lines[2] == "| changed | 60 | 1 | 1 | 0 |"
    assert "retrieve" in lines[4] and "100 → 400 ms written" in lines[4]
