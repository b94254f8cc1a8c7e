"""Turns to cells: heights, colours in order, cuts, signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from tests.ui.snapshots import TICK, open_turn, turn
from timmy_tui.model.snapshot import OpenTurn
from timmy_tui.model.stages.watched import CRITICAL
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.ui.charts.skyline import (
    OUTLINED,
    STEPS,
    Column,
    column_cells,
    is_cut,
    join_cells,
    runs,
    skyline_rows,
    top_of_scale,
)
from timmy_tui.ui.charts.skyline_columns import column_of, flight_column, parts_of, what_is_shown
from timmy_tui.ui.paint.glyphs import UNICODE
from timmy_tui.ui.paint.themes import GAP_KEY, OVER

GAP = f"stage.{GAP_KEY}"
PARTS = st.lists(
    st.tuples(st.sampled_from([*CRITICAL, GAP_KEY]), st.floats(0, 20_000)), min_size=1, max_size=14
).filter(lambda parts: sum(ms for _, ms in parts) > 0)
ROWS = st.integers(1, 30)


def cells(*parts: tuple[str, float], top: float = 800.0, rows: int = 2) -> list[tuple[str, str]]:
    """The cells of a column on a scale where a step is 50 ms with two rows."""
    return column_cells(Column(parts), top, rows, UNICODE)


def height(column: list[tuple[str, str]]) -> int:
    """Drawn height in steps, of a column that is not cut."""
    steps = 0
    for glyph, role in column:
        if glyph == " " and not role:
            break
        steps += STEPS if OVER in role or glyph not in UNICODE.ramp else UNICODE.ramp.index(glyph) + 1
    return steps


def test_a_column_of_one_stage_ends_within_a_step() -> None:
    assert cells(("llm", 400.0)) == [("█", "stage.llm"), (" ", "")]
    assert cells(("llm", 450.0)) == [("█", "stage.llm"), ("▁", "stage.llm")]
    assert cells(("llm", 424.0)) == [("█", "stage.llm"), (" ", "")]
    assert cells(("llm", 426.0)) == [("█", "stage.llm"), ("▁", "stage.llm")]
    assert cells(("llm", 800.0)) == [("█", "stage.llm"), ("█", "stage.llm")]


def test_two_stages_share_a_cell_in_two_colours_the_lower_is_the_glyph() -> None:
    assert cells(("llm", 250.0), ("tts", 300.0)) == [("▅", "stage.llm over stage.tts"), ("▃", "stage.tts")]


def test_the_silence_threshold_is_hollow() -> None:
    assert cells(("endpointing", 450.0), ("llm", 350.0)) == [
        (UNICODE.outline, OUTLINED),
        ("▁", "stage.endpointing over stage.llm"),
    ]


def test_of_three_stages_in_a_cell_the_two_largest_are_shown() -> None:
    assert cells(("llm", 200.0), ("reply", 50.0), ("tts", 550.0))[0] == ("▄", "stage.llm over stage.tts")
    assert cells(("llm", 50.0), ("reply", 250.0), ("tts", 500.0))[0][1] == "stage.reply over stage.tts"


def test_the_unnamed_time_is_not_hidden_by_its_larger_neighbours() -> None:
    assert cells(("llm", 150.0), (GAP_KEY, 100.0), ("tts", 550.0))[0] == ("▃", "stage.llm over stage.gap")


@pytest.mark.parametrize(
    ("parts", "drawn"),
    [
        ([("llm", 149.9), (GAP_KEY, 0.2), ("tts", 550.0)], [("stage.llm", 2), ("stage.tts", 7)]),
        ([("llm", 149.9), (GAP_KEY, 99.0), ("tts", 551.1)], [("stage.llm", 2), ("stage.tts", 8)]),
        ([("llm", 149.9), (GAP_KEY, 100.0), ("tts", 550.1)], [("stage.llm", 1), ("stage.gap", 2), ("stage.tts", 8)]),
        ([(GAP_KEY, 60.0), ("llm", 240.0)], [("stage.llm", 3)]),
        ([("llm", 340.0), (GAP_KEY, 60.0)], [("stage.llm", 4)]),
    ],
)
def test_unnamed_time_of_less_than_a_step_is_not_drawn_as_one(
    parts: list[tuple[str, float]], drawn: list[tuple[str, int]]
) -> None:
    """Rounded up and loud, a gap of 0.2 ms was seen as one of 190 in a pane of 80 columns."""
    assert runs(Column(tuple(parts)), 800.0, 8) == drawn


@given(PARTS, ROWS, st.floats(1, 30_000))
def test_a_gap_shorter_than_a_step_is_drawn_nowhere(parts: list[tuple[str, float]], rows: int, top: float) -> None:
    gap = (GAP_KEY, top / (rows * STEPS) * 0.99)
    stages = [part for part in parts if part[0] != GAP_KEY]
    drawn = runs(Column((*stages, gap, ("tts", top), gap)), top, rows * STEPS)
    assert GAP not in [role for role, _ in drawn]


def test_the_top_stays_where_it_is_though_three_stages_meet_there() -> None:
    assert cells(("llm", 100.0), ("reply", 50.0), ("tts", 150.0)) == [("▆", "stage.tts"), (" ", "")]


def test_what_is_shorter_than_half_a_step_is_a_step_high_all_the_same() -> None:
    assert cells(("llm", 1.0), ("tts", 2.0)) == [("▁", "stage.tts"), (" ", "")]
    assert cells(("llm", 0.0001), top=0.0) == [("▁", "stage.llm"), (" ", "")]


def test_ends_are_rounded_each_by_itself_so_that_no_error_adds_up() -> None:
    twelve = tuple((key, 70.0) for key in CRITICAL)
    assert runs(Column(twelve), 1600.0, 16)[-1][1] == round(840 / 100)


def test_a_turn_beyond_the_scale_is_cut_and_says_so() -> None:
    column = Column((("llm", 500.0), ("tts", 400.0)))
    assert is_cut(column, 800.0) and not is_cut(column, 900.0)
    assert column_cells(column, 800.0, 2, UNICODE)[-1] == ("▴", "skyline.cut over stage.tts")
    assert column_cells(column, 900.0, 2, UNICODE)[-1][0] != "▴"
    assert column_cells(replace(column, parts=(("llm", 9000.0),)), 800.0, 1, UNICODE) == [
        ("▴", "skyline.cut over stage.llm")
    ]


def test_the_scale_ends_at_one_and_a_quarter_of_the_ninetieth_percentile() -> None:
    columns = [Column((("llm", float(ms)),)) for ms in (*range(100, 1000, 100), 50_000)]
    assert top_of_scale(columns) == 1.25 * 900
    assert top_of_scale([*columns, Column(sign="✗")]) == 1.25 * 900
    assert top_of_scale(columns[:1]) == 125.0
    assert top_of_scale([]) == top_of_scale([Column(sign="t")]) == 0.0


def test_a_sign_stands_on_the_ground() -> None:
    assert column_cells(Column(sign="✗", role="bad"), 800.0, 3, UNICODE) == [("✗", "bad"), (" ", ""), (" ", "")]


@given(PARTS, ROWS, st.floats(1, 30_000))
def test_heights_are_those_of_the_scale_within_a_step(parts: list[tuple[str, float]], rows: int, top: float) -> None:
    column = Column(tuple(parts))
    drawn = runs(column, top, rows * STEPS)
    wanted = min(column.total_ms / top, 1.0) * rows * STEPS
    assert drawn[-1][1] >= 1 and abs(drawn[-1][1] - wanted) <= 1
    if not is_cut(column, top):
        assert height(column_cells(column, top, rows, UNICODE)) == drawn[-1][1]


@given(PARTS, ROWS, st.floats(1, 30_000))
def test_stages_are_stacked_in_their_order(parts: list[tuple[str, float]], rows: int, top: float) -> None:
    order = [f"stage.{key}" for key, _ in parts]
    shown: list[str] = []
    for _, role in column_cells(Column(tuple(parts)), top, rows, UNICODE):
        shown += [one for one in role.split(OVER) if one.startswith("stage.")]
    at = 0
    for role in shown:
        assert role in order[at:]
        at += order[at:].index(role)


@given(PARTS, ROWS, st.floats(1, 30_000), st.floats(0, 10_000))
def test_a_longer_turn_is_never_lower(parts: list[tuple[str, float]], rows: int, top: float, more: float) -> None:
    shorter = Column(tuple(parts))
    longer = Column((*parts, ("tts", more)))
    assert runs(longer, top, rows * STEPS)[-1][1] >= runs(shorter, top, rows * STEPS)[-1][1] >= 1


@given(st.lists(PARTS, max_size=12), st.integers(1, 6))
def test_joining_changes_no_cell(many: list[list[tuple[str, float]]], rows: int) -> None:
    """Whether glyph or ground has the colour, a solid cell looks the same."""

    def looks(glyph: str, role: str) -> tuple[str, str]:
        front, _, ground = role.partition(OVER)
        if glyph == "█":
            return "solid", front
        if glyph == " ":
            return ("solid", ground) if ground else ("sky", "")
        return glyph, role

    columns = [column_cells(Column(tuple(parts)), 15_000.0, rows, UNICODE) for parts in many]
    for number, line in enumerate(skyline_rows(columns, rows)):
        wanted = [looks(*column[rows - 1 - number]) for column in columns]
        assert [looks(glyph, role) for text, role in line for glyph in text] == wanted


def test_solid_cells_join_the_span_before_them() -> None:
    joined = join_cells([("▅", "a over b"), ("█", "b"), ("█", "a"), ("█", "c"), (" ", "")], "text")
    assert joined == (("▅ █", "a over b"), ("█", "c"), (" ", "text"))


# -- turns


def shown_of(*turns: Turn) -> list[Column]:
    shown = what_is_shown(turns)
    return [column_of(one, shown, UNICODE) for one in turns]


def test_the_parts_of_a_turn_sum_to_its_headline_with_each_gap_at_its_place() -> None:
    one = turn(3)
    (column,) = shown_of(one)
    assert column.total_ms == pytest.approx(one.headline_ms)
    keys = [key for key, _ in column.parts]
    assert [key for key in keys if key != GAP_KEY] == [key for key in CRITICAL if one.stages[key] is not None]
    assert keys[keys.index("classify") + 1] == GAP_KEY and keys[keys.index("reply") + 1] == GAP_KEY


def test_what_no_gap_tells_of_is_unnamed_time() -> None:
    (column,) = shown_of(replace(turn(3), gaps=()))
    key, ms = column.parts[-1]
    assert key == GAP_KEY and ms == pytest.approx(12.2)


def test_hops_between_clocks_that_differ_are_half_of_their_sum_each() -> None:
    apart = dict.fromkeys(("hop_in", "hop_out"))
    one = replace(turn(3), stages={**turn(3).stages, **apart, "network": 9.0})
    assert dict(parts_of(one))["hop_in"] == dict(parts_of(one))["hop_out"] == 4.5


@pytest.mark.parametrize(
    ("changes", "sign", "role", "meaning"),
    [
        ({"state": TurnState.FAILED}, "✗", "failed", "failed"),
        ({"state": TurnState.TIMED_OUT}, "✗", "failed", "failed"),
        ({"state": TurnState.ABORTED}, "○", "muted", "aborted"),
        ({"typed": True}, "t", "muted", "typed"),
        ({"headline_ms": None}, "?", "muted", "not measured"),
        ({"span": Span.V34}, "?", "muted", "other span"),
        ({"logs": "kv_stats"}, "?", "muted", "other span"),
    ],
)
def test_a_turn_without_a_comparable_figure_has_a_sign(
    changes: dict[str, object], sign: str, role: str, meaning: str
) -> None:
    """``not measured`` stood under a turn whose figure the headline had in full."""
    columns = shown_of(turn(3), turn(4), replace(turn(5), **changes))
    assert columns[2] == Column(sign=sign, role=role, meaning=meaning) and columns[0].parts


def test_where_all_turns_are_typed_they_are_stacked() -> None:
    typed = [replace(turn(n), typed=True, span=Span.V34, headline_ms=900.0) for n in range(3)]
    assert all(column.parts for column in shown_of(*typed))


def test_the_span_that_most_turns_have_is_shown_and_of_equals_the_newest() -> None:
    v2v, v34 = turn(1), replace(turn(2), span=Span.V34)
    assert what_is_shown([v34, v2v, v2v]).span is Span.V2V
    assert what_is_shown([v2v, v34]).span is Span.V34
    assert what_is_shown([]).spoken and what_is_shown([complete_turn(1)]).span is Span.V2V


def test_a_conversation_of_unknown_figures_has_signs_only() -> None:
    assert [column.sign for column in shown_of(complete_turn(1), complete_turn(2))] == ["?", "?"]


# -- the turn in flight


def in_flight(phase: str, **stages: float | None) -> OpenTurn:
    """Only these stages are over."""
    running = open_turn(phase=phase)
    return OpenTurn(replace(running.turn, stages=stages, gaps=()), phase, running.phase_since, running.since)


def test_the_turn_in_flight_grows_by_its_phase() -> None:
    running = in_flight("llm", endpointing=500.0, stt_final=40.0)
    *over, (phase, ms) = flight_column(running, TICK).parts
    assert over == [("endpointing", 500.0), ("stt_final", 40.0)]
    assert phase == "llm" and ms == pytest.approx(2100.0)
    assert flight_column(running, TICK + 1).total_ms == pytest.approx(3640.0)
    assert flight_column(running, TICK - 100).total_ms == 540.0


def test_between_two_stages_it_is_the_unnamed_time_that_grows() -> None:
    phase, ms = flight_column(in_flight("", classify=30.0), TICK).parts[-1]
    assert phase == GAP_KEY and ms == pytest.approx(2100.0)


def test_with_the_first_sound_the_wait_is_over() -> None:
    speaking = in_flight("playback", llm=800.0, tts=700.0)
    assert (
        flight_column(speaking, TICK) == flight_column(speaking, TICK + 60) == Column((("llm", 800.0), ("tts", 700.0)))
    )
