"""Mark, age and figures of the headline, the column last and the waterfall are of one turn."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, snapshot, turn
from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.ui.panels.headline import headline_line
from timmy_tui.ui.panels.lists import turn_rows
from timmy_tui.ui.panels.live.stage_rows import ledger_lines
from timmy_tui.ui.panels.turns.cells import turn_cells
from timmy_tui.ui.view import View

BAD = [TurnState.FAILED, TurnState.TIMED_OUT, TurnState.ABORTED]


def after(*newest: Turn) -> Snapshot:
    """Thirty usual turns, and these behind them."""
    turns = (*snapshot(31).turns, *newest)
    return replace(snapshot(31), turns=turns, headline=headline_stat(turns, 20), stages=stage_stats(turns, 20))


def words(line: Any) -> str:
    return "".join(text for text, _ in line)


def rows(picture: Snapshot) -> dict[str, str]:
    view = View(snapshot=picture, now=NOW)
    return {text.split()[0]: text for text in map(words, ledger_lines(view, 100, 40)) if text.strip()}


@pytest.mark.parametrize("state", BAD)
def test_a_turn_that_did_not_complete_shows_its_state_and_no_figure_of_the_one_before(state: TurnState) -> None:
    stages = {"stt_final": 61.0, "llm": None}
    bad = turn(31, state=state, reason="no further event", headline_ms=None, v2v_ms=None, stages=stages, ended=NOW - 4)
    picture = after(bad)
    line = words(headline_line(View(snapshot=picture, now=NOW), 120))
    assert line.startswith(f"✗ {str(state).replace('_', ' ')}: no further event")
    assert "V2V" not in line and "largest" not in line and "▲+" not in line
    assert line.rstrip().endswith("4s ago")
    shown = rows(picture)
    assert "61ms" in shown["STT"].split("%")[0]
    assert shown["LLM"].split()[1] == "—"
    assert "▲" not in shown["STT"] and "▼" not in shown["STT"]
    # The percentiles beside it are of the complete turns, as they say.
    assert picture.headline is not None and picture.headline.n == 20


def test_a_typed_turn_is_no_headline_and_enters_no_voice_to_voice() -> None:
    typed = turn(31, typed=True, request_id="", span=Span.V34, headline_ms=99_000.0, v2v_ms=None, stages={"llm": 77.0})
    before, behind = after(), after(typed)
    assert words(headline_line(View(snapshot=before, now=NOW), 120)) == words(
        headline_line(View(snapshot=behind, now=NOW), 120)
    )
    assert rows(behind)["LLM"].split()[1] == rows(before)["LLM"].split()[1]
    assert behind.headline is not None and before.headline is not None
    assert (behind.headline.p95, behind.headline.n) == (before.headline.p95, before.headline.n)


def test_a_typed_turn_is_called_so_where_turns_are_listed() -> None:
    typed = turn(31, typed=True, started=None, span=Span.V34, headline_ms=990.0, v2v_ms=None)
    view = View(snapshot=after(typed), now=NOW)
    assert "typed" in words(turn_rows(view, 60, 5)[1])
    assert [text.strip() for text, _ in turn_cells(typed, view)].count("typed") == 1
    timed = replace(typed, started=NOW)
    assert [text.strip() for text, _ in turn_cells(timed, view)].count("typed") == 1
    spoken = view.turns[-2]
    assert all("typed" not in text for text, _ in turn_cells(spoken, view))


def test_an_unknown_headline_says_why() -> None:
    stepped = turn(31, headline_ms=None, v2v_ms=None, unmeasured={"V2V": "a clock stepped"})
    line = words(headline_line(View(snapshot=after(stepped), now=NOW), 120))
    assert line.startswith("● V2V — a clock stepped")
    assert "largest" not in line
    view = View(snapshot=after(stepped), now=NOW)
    assert "clock" in words(turn_rows(view, 60, 5)[1])
    assert "a clock stepped" in [text for text, _ in turn_cells(stepped, view)]


def test_the_headline_is_a_bound_and_the_setting_in_it_no_measurement() -> None:
    picture = after()
    assert words(headline_line(View(snapshot=picture, now=NOW), 120)).startswith("● V2V ≥")
    endpointing = rows(picture)["ENDPT"]
    assert "setting" in endpointing and "▇" not in endpointing
    assert endpointing.count("500ms") == 1
    measured = turn(31, span=Span.PAUSE_TO_SOUND, stages={"llm": 800.0}, v2v_ms=None)
    assert "≥" not in words(headline_line(View(snapshot=after(measured), now=NOW), 120))
