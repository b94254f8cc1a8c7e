"""The one line of at most 40 cells."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ui.snapshots import open_turn, snapshot, turn
from timmy_tui.model.judgement import Contribution, Diagnosis, JudgementState
from timmy_tui.model.turn import TurnState
from timmy_tui.report.line import LineValues, line_values, status_line

VALUES = LineValues("V2V", 1830.0, 410.0, 812.0, 0.34, 17)


def test_it_says_how_long_against_what_is_usual_llm_context_and_n() -> None:
    assert status_line(VALUES) == "● V2V 1.83s ▲+0.4 LLM 812ms ctx 34% n=17"


def test_it_gives_up_n_first_and_the_headline_last() -> None:
    assert status_line(VALUES, 38) == "● V2V 1.83s ▲+0.4 LLM 812ms ctx 34%"
    assert status_line(VALUES, 30) == "● V2V 1.83s ▲+0.4 LLM 812ms"
    assert status_line(VALUES, 22) == "● V2V 1.83s LLM 812ms"
    assert status_line(VALUES, 12) == "● V2V 1.83s"
    assert status_line(VALUES, 5) == "● V2…"


def test_unknown_is_a_dash_and_never_zero() -> None:
    assert status_line(LineValues("V2V", None, None, None, None, 3)) == "● V2V — ctx — n=3"
    assert status_line(LineValues("V2V", None, None, None, None, 0, "waiting")) == "○ no turns yet"


def test_small_differences_are_no_news() -> None:
    assert "▲" not in status_line(LineValues("V2V", 1830.0, 30.0, None, None, 17))
    assert "▼-0.2" in status_line(LineValues("V2V", 1830.0, -180.0, None, None, 17))


def test_it_is_made_of_a_snapshot() -> None:
    values = line_values(snapshot(31))
    assert values.n == 20 and values.fill == 0.34 and values.llm_ms is not None and values.state == ""
    assert line_values(snapshot(31, open_turn=open_turn())).state == "turn"
    failed = turn(31, state=TurnState.TIMED_OUT)
    assert line_values(snapshot(31, turns=(*snapshot(31).turns, failed))).state == "failed"
    assert status_line(line_values(snapshot(0))) == "○ no turns yet"


LINES = st.builds(
    LineValues, st.sampled_from(["V2V", "pause→sound", "speech→reply", "v34"]), st.none() | st.floats(0, 1e6),
    st.none() | st.floats(-1e5, 1e5), st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 3), st.integers(0, 10**6),
)  # fmt: skip


@given(LINES, st.integers(0, 60))
def test_it_is_never_wider_than_asked(values: LineValues, width: int) -> None:
    assert len(status_line(values, width)) <= min(width, 40)


def test_a_slow_turn_says_its_largest_reason_in_place_of_the_llm() -> None:
    why = Diagnosis(
        ordinal=30, excess_ms=640.0, sentence="+640ms over your usual", slow=True,
        contributions=(Contribution("prefill", 180.0), Contribution("store", 410.0), Contribution("tts", -20.0)),
    )  # fmt: skip
    values = line_values(snapshot(31, judgement=JudgementState(diagnosis=why)))
    assert values.cause == "STORE +410ms"
    assert status_line(replace(VALUES, cause=values.cause)) == "● V2V 1.83s ▲+0.4 STORE +410ms ctx 34%"
    usual = msgspec.structs.replace(why, slow=False)
    assert line_values(snapshot(31, judgement=JudgementState(diagnosis=usual))).cause == ""
