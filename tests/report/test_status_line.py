"""The one line of at most 40 cells."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ui.snapshots import NOW, open_turn, snapshot, sources, turn
from timmy_tui.analysis.stats.percentiles import headline_stat
from timmy_tui.model.judgement import Contribution, Diagnosis, JudgementState
from timmy_tui.model.turn import Span, TurnState
from timmy_tui.parse.latency_log import FORMAT
from timmy_tui.report.status_line.file import for_tmux
from timmy_tui.report.status_line.line import LineValues, line_values, status_line, turn_values
from timmy_tui.report.status_line.newest import quiet_time

VALUES = LineValues("V2V", 1830.0, 410.0, 812.0, 0.34, 17)
BOUND = replace(VALUES, bound=True, age_s=12.0)


def test_it_says_how_long_against_what_is_usual_llm_context_and_n() -> None:
    assert status_line(VALUES) == "● V2V 1.83s ▲+0.4 LLM 812ms ctx 34% n=17"


def test_it_gives_up_n_first_and_the_headline_last() -> None:
    assert status_line(VALUES, 38) == "● V2V 1.83s ▲+0.4 LLM 812ms ctx 34%"
    assert status_line(VALUES, 30) == "● V2V 1.83s ▲+0.4 LLM 812ms"
    assert status_line(VALUES, 22) == "● V2V 1.83s LLM 812ms"
    assert status_line(VALUES, 12) == "● V2V 1.83s"
    assert status_line(VALUES, 5) == "● V2…"


def test_a_bound_says_so_and_the_line_says_how_old_it_is() -> None:
    assert status_line(BOUND) == "● V2V ≥1.83s ▲+0.4 LLM 812ms ctx 34% 12s"
    assert status_line(BOUND, 35) == "● V2V ≥1.83s ▲+0.4 LLM 812ms 12s"
    assert status_line(BOUND, 16) == "● V2V ≥1.83s 12s"
    assert status_line(BOUND, 13) == "● V2V ≥1.83s"


def test_old_figures_say_their_age_first_and_are_grey_in_tmux() -> None:
    line = status_line(replace(BOUND, age_s=86_400.0 * 371, stale=True))
    assert line == "○ 371d old V2V ≥1.83s ▲+0.4 LLM 812ms"
    assert for_tmux(line) == f"#[fg=colour244]{line}#[default]"
    assert for_tmux(status_line(BOUND)).startswith("● V2V")


@pytest.mark.parametrize(("quiet_s", "stale"), [(599.0, False), (600.0, False), (601.0, True)])
def test_a_dashboards_line_is_old_ten_minutes_after_the_newest_line(quiet_s: float, stale: bool) -> None:
    shown = snapshot(31)
    newest = tuple(replace(source, newest=shown.taken - quiet_s - number) for number, source in enumerate(sources()))
    values = line_values(replace(shown, sources=newest))
    assert values.stale is stale
    assert not line_values(replace(shown, sources=newest, stale_s=9999.0)).stale


@pytest.mark.parametrize(
    ("state", "word"),
    [(TurnState.TIMED_OUT, "✗ timed out"), (TurnState.FAILED, "✗ failed"), (TurnState.ABORTED, "✗ aborted")],
)
def test_a_turn_that_did_not_complete_lends_no_figure_of_the_one_before(state: TurnState, word: str) -> None:
    before = snapshot(31).turns
    bad = turn(31, state=state, headline_ms=None, v2v_ms=None, stages={}, ended=NOW - 4)
    turns = (*before, bad)
    shown = replace(snapshot(31), turns=turns, headline=headline_stat(turns, 20), taken=NOW)
    line = status_line(line_values(shown))
    assert line.startswith(word)
    assert "V2V" not in line and "LLM" not in line and "▲" not in line
    assert line.endswith(" 4s")


def test_a_typed_turn_is_not_the_lines_turn() -> None:
    before = snapshot(31)
    typed = turn(31, typed=True, span=Span.V34, headline_ms=99_000.0, v2v_ms=None)
    turns = (*before.turns, typed)
    shown = replace(before, turns=turns, headline=headline_stat(turns, 20))
    assert line_values(shown).headline_ms == before.turns[-1].headline_ms
    assert line_values(shown).span == "V2V"


def test_unknown_is_a_dash_and_never_zero() -> None:
    assert status_line(LineValues("V2V", None, None, None, None, 3)) == "● V2V — ctx — n=3"
    assert status_line(LineValues("V2V", None, None, None, None, 0, "waiting")) == "○ no turns yet"
    assert status_line(LineValues("V2V", None, None, None, None, 0, age_s=5.0)) == "● V2V — ctx — n=0 5s"


def test_small_differences_are_no_news() -> None:
    assert "▲" not in status_line(LineValues("V2V", 1830.0, 30.0, None, None, 17))
    assert "▼-0.2" in status_line(LineValues("V2V", 1830.0, -180.0, None, None, 17))


def test_a_difference_from_the_median_says_that_it_is_none_from_the_usual() -> None:
    assert "▲+0.4/p50 LLM" in status_line(replace(VALUES, against="p50"))
    why = Diagnosis(ordinal=30, excess_ms=640.0, sentence="+640ms over your usual")
    judged, unjudged = (snapshot(31, judgement=JudgementState(diagnoses=one)) for one in ((why,), ()))
    assert line_values(judged).against == "" and "▲+0.6 " in status_line(line_values(judged))
    assert line_values(unjudged).against == "p50"
    # As without a dashboard, where nothing is judged.
    assert turn_values(judged.headline, judged.turns[-1], None).against == "p50"


def test_it_is_made_of_a_snapshot() -> None:
    values = line_values(snapshot(31))
    assert values.n == 20 and values.fill == 0.34 and values.llm_ms is not None and values.state == ""
    assert line_values(snapshot(31, open_turn=open_turn())).state == "turn"
    failed = turn(31, state=TurnState.TIMED_OUT)
    assert line_values(snapshot(31, turns=(*snapshot(31).turns, failed))).state == "timed out"
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
    values = line_values(snapshot(31, judgement=JudgementState(diagnoses=(why,))))
    assert values.cause == "STORE +410ms"
    assert status_line(replace(VALUES, cause=values.cause)) == "● V2V 1.83s ▲+0.4 STORE +410ms ctx 34%"
    usual = msgspec.structs.replace(why, slow=False)
    assert line_values(snapshot(31, judgement=JudgementState(diagnoses=(usual,)))).cause == ""


DAY = 86_400.0


@pytest.mark.parametrize(
    ("written", "stamped", "quiet"),
    [
        (5.0, 5.0, 5.0),
        (5.0, 605.0, 5.0),  # the writer's clock is ten minutes behind ours
        (5.0, -595.0, 5.0),  # or ahead
        (700.0, 100.0, 700.0),
        (5.0, 3605.0, 5.0),
        (5.0, 3606.0, 3606.0),  # a copy of an old log
        (5.0, 365 * DAY, 365 * DAY),
        (-3.0, -3.0, 0.0),
    ],
)
def test_how_long_nothing_was_written(tmp_path: Path, written: float, stamped: float, quiet: float) -> None:
    log = tmp_path / "latency.log"
    log.touch()
    os.utime(log, (NOW - written, NOW - written))
    assert quiet_time([(log, FORMAT), (tmp_path / "none", FORMAT)], NOW - stamped, NOW) == pytest.approx(quiet)


def test_without_a_log_or_a_stamp_the_files_alone_tell(tmp_path: Path) -> None:
    assert quiet_time([(tmp_path / "none", FORMAT)], None, NOW) == 0.0
    log = tmp_path / "v34.log"
    log.touch()
    os.utime(log, (NOW - 900, NOW - 900))
    assert quiet_time([(log, FORMAT)], None, NOW) == pytest.approx(900)
