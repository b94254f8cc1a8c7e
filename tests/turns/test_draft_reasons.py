"""Why a turn ended as it did, in words; and the turn that is left when its figures cannot be computed."""

import pytest

from tests.turns.debug_lines import BEGIN, SERVING, access, message, read, step, total
from tests.turns.events import at, event, read_all
from timmy_tui.model.stages.watched import KEYS
from timmy_tui.model.turn import Event, Turn, TurnState
from timmy_tui.turns import draft
from timmy_tui.turns.assembler import TurnAssembler
from timmy_tui.turns.debug_record import DebugRecord

D = "*** Debug: "


@pytest.mark.parametrize("length", [1, 199, 200, 201, 500])
def test_the_reason_is_the_first_error_up_to_200_characters(length: int) -> None:
    first = "Generate API call failed: " + "x" * max(length - 26, 0)
    (turn,) = read(BEGIN, message(), f"{D}{first}", f"{D}Empty streamed response received", total(1.0))
    assert turn.errors == (first, "Empty streamed response received")
    assert (turn.state, turn.reason) == (TurnState.FAILED, first[:200])


@pytest.mark.parametrize(
    ("heard", "answered", "reason"),
    [
        (None, 500, "v34 answered with status 500"), (400, None, "v34 answered with status 400"),
        (200, 503, "v34 answered with status 503"), (502, 500, "v34 answered with status 502"),
        (399, 399, ""), (None, 399, ""), (200, None, ""),
    ],
)  # fmt: skip
def test_a_status_that_means_a_failure_is_that_of_the_recognizer_or_of_v34(
    heard: int | None, answered: int | None, reason: str
) -> None:
    turn = draft.Draft(0, "aaaaaaaa", closed=True, state=TurnState.COMPLETE)
    turn.http_status = None if heard is None else float(heard)
    turn.debug = DebugRecord()
    turn.debug.http_status = answered
    built = turn.build(keep_events=False)
    assert (built.reason, built.state is TurnState.FAILED, "error" in built.signals) == (
        reason,
        bool(reason),
        bool(reason),
    )


def test_what_v34_says_counts_before_its_status() -> None:
    (turn,) = read(
        BEGIN, message(), step(1, 0.1), f"{D}Error in handle_user_message: boom", access(seconds=0.2, code=500)
    )
    assert turn.reason == "Error in handle_user_message: boom"


def text(number: int, request_id: str) -> Event:
    return event("stt_transcript_finalized", number * 1_000_000, None, request_id)


def test_who_began_before_a_turn_ended() -> None:
    first, second = read_all([text(0, "aaaaaaaa"), text(1, "bbbbbbbb")])
    assert (first.state, first.reason) == (TurnState.ABORTED, "turn bbbbbbbb began before it ended")
    assert (second.state, second.reason) == (TurnState.OPEN, "")
    assert [one.reason for one in read(BEGIN, message(), step(1, 0.1), BEGIN)] == [
        "a new turn began before it ended",
        "",
    ]
    (only,) = read(BEGIN, message(), step(1, 0.1), SERVING)
    assert (only.state, only.reason) == (TurnState.ABORTED, "v34 was restarted before it ended")


def test_the_turn_whose_figures_cannot_be_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and costs no other; what needs no computing is there."""

    def fail(*arguments: object, **named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(draft, "settle", fail)
    assembler = TurnAssembler()
    (turn,) = assembler.add_events(
        [
            text(0, "aaaaaaaa"), event("v34_webhook_received", 1000, {"session_id": "one"}),
            event("tts_resume_sent", 2_000_000),
        ]
    )  # fmt: skip
    assert turn == Turn(
        ordinal=0, request_id="aaaaaaaa", session_id="one", session=1, state=TurnState.COMPLETE, started=at(0.0),
        ended=at(2.0), stages=dict.fromkeys(KEYS),
    )  # fmt: skip
    ((reason, count),) = assembler.unparsed.items()
    assert count == 1
    assert "ZeroDivisionError" in reason and "turn aaaaaaaa" in reason
