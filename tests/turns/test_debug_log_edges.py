"""Lines of v34's debug log that only look like the ones of a turn, and figures of which a part is missing."""

import pytest

from tests.turns.account.test_debug_doubts import STEPPED, doubts
from tests.turns.debug_lines import BEGIN, Reading, access, message, read, stamp, step, total
from tests.turns.events import event
from timmy_tui.model.turn import TurnState
from timmy_tui.turns.assembler import TurnAssembler

D = "*** Debug: "
ADDED = f"{D}Assistant response added to conversation history only"
SAID = f"{D}LLM response received: "
STEPS = [step(1, 0.03), step(3, 0.37), step(4, 0.07), step(5, 0.93)]
WHOLE = [BEGIN, message(), *STEPS, f"{SAID}well", ADDED, total(1.41)]


def test_an_answer_of_its_own_is_no_second_end_of_the_one_before() -> None:
    """Of a turn whose beginning is lost: its total would fit the steps of the turn before as well."""
    (turn,) = read(*WHOLE, f"{SAID}fine", ADDED, total(1.42))
    assert (turn.reply, turn.headline_ms) == ("well", 1410.0)
    # The same end again, without another answer, is one of the first answer, and then neither is known.
    (turn,) = read(*WHOLE, ADDED, total(1.42))
    assert (turn.reply, turn.headline_ms) == (None, None)


@pytest.mark.parametrize(("query_ms", "gone"), [(40.0, set()), (40.1, {"retrieve", "merge", "V2V"})])
def test_a_part_that_is_not_known_takes_no_time(query_ms: float, gone: set[str]) -> None:
    """Retrieval took 30 ms, which is rounded by 10."""
    assert doubts(embed=None, query=query_ms) == dict.fromkeys(gone, STEPPED)


@pytest.mark.parametrize(("parts_ms", "gone"), [(940.0, set()), (940.1, {"llm", "wait", "V2V"})])
def test_where_ollama_says_no_total_its_parts_are_looked_at(parts_ms: float, gone: set[str]) -> None:
    told = {"load": None, "prefill": None, "decode": parts_ms}
    assert doubts(ollama_ms=None, wait=None, **told) == dict.fromkeys(gone, STEPPED)


@pytest.mark.parametrize(("seconds", "state"), [(60.0, TurnState.ABORTED), (60.001, TurnState.TIMED_OUT)])
def test_how_long_a_turn_was_silent_is_told_by_the_text_of_the_next_one(seconds: float, state: TurnState) -> None:
    """In one portion of a backlog; the pause ahead of that text came in time."""
    later = [event("stt_pause_detected", 59_900_000, {}, "bbbbbbbb"),
             event("stt_transcript_finalized", round(seconds * 1e6), {}, "bbbbbbbb")]  # fmt: skip
    (turn,) = TurnAssembler().add_events([event("stt_transcript_finalized", 0), *later])
    assert (turn.request_id, turn.state) == ("aaaaaaaa", state)


def test_a_second_end_that_takes_the_line_of_another_turn_revises_that_one_too() -> None:
    """A request of 1.45 s is the first turn's, until the second one, of 3.3 s, may have taken 1.41."""
    reading = Reading()
    reading.feed(BEGIN, message("hi", "bbbbbbbb"), total(1.0), access("01:34:47", 1.45))
    assert reading.turns[0].ended == stamp("01:34:47")
    reading.feed(BEGIN, message(), *STEPS, f"{SAID}well", ADDED, total(3.3))
    assert (reading.turns[0].ended, reading.turns[1].ended) == (stamp("01:34:47"), None)
    changed = reading.feed("so.", ADDED, total(1.41))
    assert sorted((turn.ordinal, turn.ended, turn.headline_ms) for turn in changed) == [
        (0, None, 1000.0), (1, stamp("01:34:47"), 1410.0),
    ]  # fmt: skip


def test_what_is_no_turn_at_all_leaves_nothing() -> None:
    reading = Reading()
    assert reading.feed(ADDED, total(1.0))[0].state is TurnState.COMPLETE
    assert reading.feed(ADDED, f"{SAID}x", ADDED, "--- Total process_user_message took: soon") == []
    assert len(reading.end()) == 1
