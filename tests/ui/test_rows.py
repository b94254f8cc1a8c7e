"""The stage rows: widths, figures, changes and words."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, TICK, finding, judgement, snapshot
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import (
    FLIP_SHOWN_TURNS,
    RATIO_KEYS,
    Diagnosis,
    Finding,
    StageRatios,
    StageVerdict,
    TurnRatios,
)
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Epoch, FlagChange
from timmy_tui.report.words.findings import ratio_words
from timmy_tui.ui.paint.glyphs import UNICODE
from timmy_tui.ui.paint.lines import Line, cells, plain
from timmy_tui.ui.paint.wording import Change, change_words
from timmy_tui.ui.panels.against_usual import level_change, moved_level, row_points, usual_ms
from timmy_tui.ui.panels.headline import turns_since
from timmy_tui.ui.panels.lists import state_mark
from timmy_tui.ui.panels.live.rows_axis import rows_axis
from timmy_tui.ui.panels.live.said import finding_line
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.panels.live.stage_rows import ledger_lines
from timmy_tui.ui.panels.row_columns import Columns, columns_for, spark_columns
from timmy_tui.ui.panels.skyline.notes import verdict_words
from timmy_tui.ui.view import View

NAMES = ("p95", "n", "share", "usual", "bar", "change", "spark")
"""As DROPS has them, the words of the change and the long names aside."""


def view(snap: Snapshot, **changes: Any) -> View:
    return replace(View(snap, now=NOW, tick=TICK), **changes)


def with_ratios(snap: Snapshot, key: str, *ratios: float) -> Snapshot:
    """The newest turns with these ratios to the usual in one stage, every other stage as usual."""
    newest = snap.turns[-len(ratios) :]
    at = RATIO_KEYS.index(key)
    rows = tuple(
        TurnRatios(turn.ordinal, tuple(math.log(ratio) if i == at else 0.0 for i in range(len(RATIO_KEYS))))
        for turn, ratio in zip(newest, ratios, strict=True)
    )
    state = snap.judgement or judgement(30)
    return replace(snap, judgement=replace(state, ratios=StageRatios(rows, (0.0,) * len(RATIO_KEYS))))


def over_by(excess: float) -> Snapshot:
    """The newest turn is over its usual by so many ms."""
    snap = snapshot(31)
    assert snap.judgement is not None and snap.judgement.diagnosis is not None
    told = replace(snap.judgement.diagnosis, excess_ms=excess)
    return replace(snap, judgement=replace(snap.judgement, diagnoses=(told,)))


def rows(snap: Snapshot, width: int = 120, **changes: Any) -> dict[str, Line]:
    lines = ledger_lines(view(snap, **changes), width, 40)
    return {plain(line).split()[0]: line for line in lines if plain(line).strip()}


# -- widths


@pytest.mark.parametrize(("width", "columns"), [(80, 24), (120, 44), (200, 80)])
def test_a_row_has_at_least_so_many_columns(width: int, columns: int) -> None:
    assert columns_for(width).spark >= columns


def test_a_wider_pane_never_has_fewer_columns() -> None:
    widths = [columns_for(width).spark for width in range(40, 251)]
    assert widths == sorted(widths)
    assert [spark_columns(width) for width in range(20, 300)] == sorted(spark_columns(w) for w in range(20, 300))


def test_all_columns_fit_at_every_width() -> None:
    for width in range(20, 251):
        for line in ledger_lines(view(snapshot()), width, 40):
            assert cells(line) == width
            assert not plain(line).rstrip().endswith("…"), (width, plain(line))


def test_columns_give_way_in_the_documented_order() -> None:
    found = [columns_for(width) for width in range(250, 20, -1)]
    gone = [next((i for i, c in enumerate(found) if not getattr(c, name)), 999) for name in NAMES]
    assert gone == sorted(gone) and gone[-1] < 999
    words = next(i for i, c in enumerate(found) if c.change < 40)
    names = next(i for i, c in enumerate(found) if c.name < 11)
    assert words < gone[0] < names < gone[1]
    assert columns_for(20) == Columns()


def test_bars_are_capped_where_wider_says_no_more() -> None:
    assert columns_for(400).bar <= 80


def test_names_are_written_out_where_there_is_room() -> None:
    wide, narrow = rows(snapshot(), 120), rows(snapshot(), 80)
    assert {"endpointing", "retrieval", "store", "LLM"} <= {*wide}
    assert {"ENDPT", "RAG", "STORE", "LLM"} <= {*narrow} and "endpointing" not in narrow


# -- columns and bars


def test_a_row_shows_the_ratio_to_the_usual_in_exact_cells() -> None:
    turns = snapshot(60).turns
    full = replace(snapshot(judgement=None), turns=turns)
    text = plain(rows(with_ratios(full, "llm", 0.5, 1.0, 1.1, 1.25, 2.0))["LLM"])
    assert "▁▄▅▆█ " in text


def test_raw_ms_are_on_a_scale_from_zero_and_the_screen_says_which_it_is() -> None:
    snap = with_ratios(snapshot(judgement=None), "llm", *[1.0] * 20)
    usual, raw = rows(snap), rows(snap, raw_rows=True)
    assert "= usual" in plain(usual["stage"]) and " ms " in plain(raw["stage"])
    assert "▄" * 15 in plain(usual["LLM"]) and "▄" * 15 not in plain(raw["LLM"])


def test_a_flip_above_the_rows_has_its_words_or_is_left_out_and_leaves_what_the_heights_are() -> None:
    """An epoch's number beside a line was a riddle."""
    turns = snapshot(31).turns
    moved = (FlagChange(flag="tail-mode", label="tail mode", before=False, after=True),)
    for back in range(1, len(turns) + 1):
        began = Epoch(number=2, session_id="b", started=None, first=turns[-back].ordinal, turns=back, changes=moved)
        ruler = plain(rows_axis(view(snapshot(31, epochs=(began,))), 31))
        assert len(ruler) == 31 and "tail mode" in ruler and UNICODE.flip in ruler
        restarted = replace(began, changes=(), restarted=True)
        # The finding's sign and a tick stand there too.
        assert "half = usual" in plain(rows_axis(view(snapshot(31, epochs=(restarted,))), 31))
    narrow = plain(rows_axis(view(snapshot(31, epochs=(began,))), 8))
    assert UNICODE.flip not in narrow and len(narrow) == 8


def test_turns_that_were_not_judged_claim_nothing() -> None:
    spans = rows(snapshot(judgement=None))["LLM"]
    assert {role for _, role in spans if role.startswith("spark")} <= {"spark.unjudged", "spark.gap", "spark"}


def test_a_turn_over_its_usual_has_a_coloured_end_of_the_bar() -> None:
    slow = with_ratios(snapshot(judgement=None), "tts", *[1.0] * 10, 2.0)
    roles = {role for _, role in rows(slow)["TTS"]}
    assert "bar.over" in roles
    quick = with_ratios(snapshot(judgement=None), "llm", *[1.0] * 10, 0.7)
    roles = {role for _, role in rows(quick)["LLM"]}
    assert "bar.ghost" in roles and "bar.over" not in roles


def test_the_usual_of_a_turn_is_that_of_its_work() -> None:
    snap = with_ratios(snapshot(judgement=None), "tts", 2.0)
    newest = snap.turns[-1]
    assert usual_ms(view(snap), newest, "tts") == pytest.approx((newest.stages["tts"] or 0.0) / 2, abs=0.5)
    assert usual_ms(view(snap), newest, "endpointing") is None


def diagnosed(snap: Snapshot, **usuals: float) -> Snapshot:
    """The newest turn has a diagnosis with these usuals."""
    state = snap.judgement or judgement(30)
    one = Diagnosis(ordinal=snap.turns[-1].ordinal, excess_ms=0.0, sentence="as usual for that work", usuals=usuals)
    return replace(snap, judgement=replace(state, diagnoses=(one,)))


def test_with_a_diagnosis_the_usual_is_that_of_its_sentence() -> None:
    """A row and the sentence below it had a figure each."""
    snap = diagnosed(with_ratios(snapshot(judgement=None), "tts", 2.0), tts=600.0)
    newest, of_snap = snap.turns[-1], view(snap)
    assert usual_ms(of_snap, newest, "tts") == 600.0
    assert usual_ms(of_snap, newest, "llm") is None, "the diagnosis had nothing to set it against"
    assert usual_ms(of_snap, newest, "playback") == 3300.0, "no part of a diagnosis"
    before = replace(newest, ordinal=99)
    assert usual_ms(of_snap, before, "tts") == 1.0, "without a diagnosis it is the detector's"


@pytest.mark.parametrize("told", [True, False])
def test_column_and_bar_of_a_row_have_one_usual_where_a_part_of_it_moved(told: bool) -> None:
    """The column had the median of now, the bar the level before the change."""
    part = finding(stage="decode", key="decode:20", before_ms=400.0, after_ms=520.0, ratio=1.3)
    snap = with_ratios(snapshot(judgement=judgement(30, part)), "llm", *[1.0] * 21, *[1.3] * 10)
    snap = diagnosed(snap, llm=777.0) if told else snap
    usual = usual_ms(view(snap), snap.turns[-1], "llm")
    p50 = next(row.p50 for row in snap.stages if row.key == "llm")
    assert usual is not None and duration(usual) != duration(p50)
    found = rows(snap)
    assert f" {duration(usual)} " in plain(found["LLM"]) and f" {duration(p50)} " not in plain(found["LLM"])
    assert "its usual" in plain(found["stage"])


def test_a_single_hop_is_not_over_its_usual() -> None:
    """More of one and less of the other is a difference of the clocks."""
    snap = snapshot(judgement=None)
    newest = snap.turns[-1]
    late = replace(newest, stages={**newest.stages, "hop_in": 400.0})
    lines = [plain(line) for line in ledger_lines(view(replace(snap, turns=(*snap.turns[:-1], late))), 120, 40)]
    (row,) = [text for text in lines if "400ms" in text]
    assert "turn +" not in row


# -- changes


def slower(**changes: Any) -> Snapshot:
    fields: dict[str, Any] = {
        "stage": "retrieve",
        "key": "retrieve:20",
        "ratio": 1.8,
        "before_ms": 52.0,
        "after_ms": 93.0,
    }
    return snapshot(judgement=judgement(30, finding(**(fields | changes))))


def measured_since(snap: Snapshot, ms: float, key: str = "llm") -> Snapshot:
    """The stage took this in every turn since turn 20."""
    turns = tuple(replace(turn, stages={**turn.stages, key: ms}) if turn.ordinal >= 20 else turn for turn in snap.turns)
    return replace(snap, turns=turns)


def test_a_change_is_ms_first_then_the_ratio_and_units_are_never_cut() -> None:
    assert "▲+41ms ×1.80" in plain(rows(slower())["retrieval"])
    same = measured_since(slower(), 93.0, "retrieve")
    assert "▲+41ms ×1.80  was 52ms → now 93ms" in plain(rows(same, 200)["retrieval"])
    assert "ms ▲+41ms " in plain(rows(slower(), 40)["RAG"])
    for width in range(1, 45):
        text = change_words(Change(1000.0, 2240.0, 2.24), UNICODE, width)
        assert len(text) <= width and (text == "▲" or text.startswith("▲+1.24s"))
        assert "×" not in text or "×2.24" in text


def test_a_ratio_is_written_in_one_way_everywhere_and_a_large_one_in_ms() -> None:
    assert [ratio_words(ratio) for ratio in (0.11, 0.4, 1.38, 5.24, 9.94)] == [
        "×0.11", "×0.40", "×1.38", "×5.24", "×9.94",
    ]  # fmt: skip
    assert [ratio_words(ratio) for ratio in (0.1, 10.0, 2134.0)] == ["", "", ""]
    snap = slower(ratio=2.24, before_ms=100.0, after_ms=224.0)
    lines = live_lines(view(snap), 120, 30)
    said = [plain(line) for line in lines if "×2." in plain(line)]
    assert len(said) == 4, "headline, note below the skyline, row, finding"
    assert all("×2.24" in text for text in said)
    large = [plain(line) for line in live_lines(view(slower(ratio=12.4, before_ms=20.0, after_ms=248.0)), 120, 30)]
    assert sum("+228ms" in text for text in large) == 4 and not any("×12" in text for text in large)


def test_the_usual_beside_a_change_is_the_level_ahead_of_it() -> None:
    assert " 52ms " in plain(rows(slower())["retrieval"]) and " 52ms " not in plain(rows(snapshot())["retrieval"])


def test_a_moved_row_is_coloured_from_where_it_began() -> None:
    """Turn 20 of 31: eleven turns."""
    spans = rows(slower(after_ms=252.0), monochrome=True)["retrieval"]
    began = [text for text, role in spans if role == "spark.slower.began"]
    behind = "".join(text for text, role in spans if role.startswith("spark.slower") or role == "spark.gap")
    assert [len(text) for text in began] == [1] and "+200ms" in plain(spans)
    assert sum(len(text) for text, role in spans if role == "spark.slower") >= 8 and behind
    assert any(role == "spark.slower.slightly.began" for _, role in rows(slower(), monochrome=True)["retrieval"])


def test_colours_alone_say_where_a_level_began() -> None:
    """In reverse video a column has a height that is not its own."""
    spans = rows(slower(after_ms=252.0))["retrieval"]
    assert not any(role.endswith(".began") for _, role in spans)
    without = rows(slower(after_ms=252.0), monochrome=True)["retrieval"]
    moved = [sum(len(text) for text, role in one if role.startswith("spark.slower")) for one in (spans, without)]
    assert moved[0] == moved[1] > 8


def test_a_start_ahead_of_the_first_column_is_counted_at_the_edge() -> None:
    snap = slower(since=2, n=29)
    assert "◂29t" in plain(rows(snap, 80)["RAG"]) and "◂29t" not in plain(rows(snap, 120)["retrieval"])


def test_an_acknowledged_finding_has_its_words_and_no_colour() -> None:
    spans = rows(slower(acknowledged=True))["retrieval"]
    assert "▲+41ms" in plain(spans) and not any(role.startswith("spark.slower") for _, role in spans)


def test_a_finding_on_a_part_shows_on_the_whole_with_the_name_of_the_part() -> None:
    part = finding(stage="decode", key="decode:20", before_ms=400.0, after_ms=520.0, ratio=1.3)
    snap = snapshot(judgement=judgement(30, part))
    assert "▲+120ms ×1.30  was 400ms → now 520ms" not in plain(rows(snap, 120)["LLM"])
    change = level_change(view(snap), "llm")
    assert change is not None and change.part == "decode" and change.ms == 120.0
    assert level_change(view(snap), "tts") is None


def test_a_finding_on_the_gpu_shows_on_llm_and_tts_in_their_own_ms() -> None:
    both = finding(stage="gpu", key="gpu:20", ratio=1.25)
    snap = snapshot(judgement=judgement(30, both))
    for key in ("llm", "tts"):
        change = level_change(view(snap), key)
        row = next(row for row in snap.stages if row.key == key)
        assert change is not None and change.after_ms == row.p50
        assert change.before_ms == pytest.approx((row.p50 or 0.0) / 1.25)


def test_what_a_finding_on_a_part_costs_the_whole_is_what_the_row_of_the_whole_shows_since_then() -> None:
    part = finding(stage="wait", key="wait:21", before_ms=120.0, after_ms=150.0, ratio=1.25, since=21)
    turns = [1.0] * 21 + [1.25] * 10
    snap = with_ratios(snapshot(judgement=judgement(30, part)), "llm", *turns)
    change = level_change(view(snap), "llm")
    assert change is not None and change.ratio == pytest.approx(1.25)
    lost = [ms - (ms + 0.5) / 1.25 + 0.5 for turn in snap.turns[21:] if (ms := turn.stages["llm"])]
    assert change.ms == pytest.approx(statistics.median(lost)) and change.ms > 100
    young = with_ratios(snapshot(judgement=judgement(30, replace(part, since=29))), "llm", *turns)
    change = level_change(view(young), "llm")
    assert change is not None and change.ms == 30.0


def test_gaps_of_several_names_are_one_change_that_began_with_the_first() -> None:
    gaps = [
        finding(stage="unattributed", key=f"unattributed:{since}", since=since, n=31 - since, before_ms=0.2)
        for since in (24, 22)
    ]
    change = level_change(view(snapshot(judgement=judgement(30, *gaps))), "unattributed")
    assert change is not None and (change.since, change.turns) == (22, 9)


def test_a_level_of_next_to_nothing_has_no_ratio() -> None:
    assert change_words(Change(0.9, 4.9, 5.4), UNICODE, 14) == "▲+4ms"
    assert change_words(Change(1.0, 5.0, 5.0), UNICODE, 14) == "▲+4ms ×5.00"
    assert change_words(Change(1.0, 401.0, 401.0), UNICODE, 14) == "▲+400ms"


def verdict_of(first: int, **changes: Any) -> Snapshot:
    snap = snapshot()
    state = judgement(30)
    assert state.verdict is not None
    fields: dict[str, Any] = {
        "stage": "llm", "ratio": 0.4, "low": 0.36, "high": 0.47, "raw_ratio": 0.41, "n_a": 18, "n_b": 11,
        "verdict": "faster", "before_ms": 800.0, "after_ms": 330.0,
    }  # fmt: skip
    verdict = replace(state.verdict, b="epoch:1", stages=(StageVerdict(**(fields | changes)),))
    epochs = tuple(replace(epoch, first=first) if epoch.number == 1 else epoch for epoch in snap.epochs)
    return replace(snap, judgement=replace(state, verdict=verdict), epochs=epochs)


@pytest.mark.parametrize("width", [60, 80, 120, 160, 200, 250])
def test_a_row_after_a_flip_contradicts_no_figure_beside_it(width: int) -> None:
    """At equal work 772 ms became 612 ms; as the work changed too, 312 ms are measured."""
    snap = measured_since(verdict_of(20, ratio=0.793, before_ms=772.0, after_ms=312.0), 312.0)
    found = rows(snap, width)
    text = plain(found["LLM"])
    assert "312ms" in text and "▼−160ms" in text
    assert "equal work" in plain(found["stage"]) or columns_for(width).change < 14, "the heading says it"
    assert "612ms" not in text or "now 612ms at equal work" in text
    if columns_for(width).change >= 40:
        assert "at equal work" in text, "and so does the row where it has room for more than ms and ratio"


@pytest.mark.parametrize(
    ("measured", "unlike"), [(612.0, False), (560.0, False), (550.0, True), (670.0, False), (674.0, True)]
)
def test_a_level_is_called_that_of_equal_work_where_the_measured_one_is_another(measured: float, unlike: bool) -> None:
    snap = measured_since(verdict_of(20, ratio=612 / 772, before_ms=772.0, after_ms=measured), measured)
    change = level_change(view(snap), "llm")
    assert change is not None and change.measured_ms == measured and change.words.unlike_measured is unlike
    small = measured_since(verdict_of(20, ratio=0.5, before_ms=20.0, after_ms=19.0), 19.9)
    change = level_change(view(small), "llm")
    assert change is not None and change.words.unlike_measured is False, "9.9 ms are none"


def test_a_finding_with_its_work_taken_out_says_so() -> None:
    for adjusted, words in ((("output tokens",), "now 1.01s at equal work"), ((), "now 1.01s  11 turns")):
        snap = snapshot(judgement=judgement(30, finding(adjusted_for=adjusted)))
        assert words in plain(finding_line(view(snap), 120))


def test_a_verdict_colours_its_row_from_the_flip_on() -> None:
    snap = verdict_of(20)
    assert "▼−480ms ×0.40" in plain(rows(snap)["LLM"])
    assert any(role == "spark.faster" for _, role in rows(snap)["LLM"])


@pytest.mark.parametrize("word", ["unchanged", "too few turns"])
def test_a_verdict_without_a_difference_colours_nothing(word: str) -> None:
    assert level_change(view(verdict_of(20, verdict=word)), "llm") is None


def test_a_flip_leaves_its_row_when_it_is_long_ago() -> None:
    turns = snapshot(FLIP_SHOWN_TURNS + 20).turns
    first = turns[-FLIP_SHOWN_TURNS].ordinal
    assert level_change(view(replace(verdict_of(first), turns=turns)), "llm") is not None
    assert level_change(view(replace(verdict_of(first - 1), turns=turns)), "llm") is None


def test_where_a_change_began_is_an_index_only_inside_the_window() -> None:
    snap = slower(since=20)
    inside, outside = (moved_level(view(snap), "retrieve", columns) for columns in (11, 10))
    assert inside is not None and inside.start == 0
    assert outside is not None and outside.start is None


# -- the mark of a turn


@pytest.mark.parametrize(
    ("excess", "role"),
    [(0.0, "good"), (199.0, "good"), (400.0, "slower.slightly"), (900.0, "slower"), (-500.0, "good")],
)
def test_the_mark_of_a_turn_is_coloured_by_how_far_it_is_over_its_usual(excess: float, role: str) -> None:
    snap = over_by(excess)
    newest = snap.turns[-1]
    assert view(snap).over_usual(newest) == (excess, (newest.measured_ms or 0.0) - excess)
    assert state_mark(newest, view(snap)) == ("●", role)
    over = role != "good"
    assert state_mark(newest, view(snap, monochrome=True)) == ("▲" if over else "●", role), "a colour is not seen there"


def test_a_turn_that_was_not_judged_is_not_coloured() -> None:
    snap = snapshot(judgement=None)
    assert view(snap).over_usual(snap.turns[-1]) is None
    assert state_mark(snap.turns[-1], view(snap)) == ("●", "good")


def test_the_chosen_row_is_marked_and_always_shown() -> None:
    lines = ledger_lines(view(snapshot(), row="hop_in"), 80, 6)
    (row,) = [line for line in lines if plain(line).startswith("NET→")]
    assert "◂" in plain(row) and row[0][1] == "cursor"
    assert not any(plain(line).startswith("NET→") for line in ledger_lines(view(snapshot()), 80, 6))


def test_every_finding_has_its_words_in_its_row() -> None:
    stages = ("stt_final", "classify", "retrieve", "tts")
    found: list[Finding] = [
        finding(stage=key, key=f"{key}:20", before_ms=100.0, after_ms=200.0, ratio=2.0) for key in stages
    ]
    shown = rows(snapshot(judgement=judgement(30, *found)))
    assert all("▲+100ms ×2.0" in plain(shown[name]) for name in ("STT", "classify", "retrieval", "TTS"))


def test_row_points_leave_out_what_did_not_complete() -> None:
    snap = with_ratios(snapshot(judgement=None), "llm", *[1.0] * 20)
    points = row_points(view(snap), "llm", 31)
    states = [turn.state for turn in snap.turns]
    assert [point is None for point in points] == [str(state) != "complete" for state in states]


def test_where_rows_are_few_those_that_were_late_come_first_and_settings_last() -> None:
    """The diagnosis named STT, +95 ms, and its row was among the smaller ones that were only counted."""
    v = view(snapshot(judgement=None))
    newest = v.turns[-1]
    usual = {row.key: row.p50 for row in v.snapshot.stages}
    assert usual["stt_final"] is not None
    slow = replace(newest, stages={**newest.stages, "stt_final": usual["stt_final"] + 95.0})
    rows = [plain(row).split()[0] for row in ledger_lines(v, 80, 6, slow)]
    assert "STT" in rows and "ENDPT" not in rows
    assert "STT" not in [plain(row).split()[0] for row in ledger_lines(v, 80, 6, newest)]
    whole = [plain(row).split()[0] for row in ledger_lines(v, 120, 12, newest)]
    assert "endpointing" in whole, "it is worth more than a row of 3 ms"


# -- what stands beside what


@pytest.mark.parametrize(
    ("changes", "cells_more", "words"),
    [
        ({}, 22, "▲+290ms ×1.38  was 720ms → now 1.01s"),
        ({"before_ms": 20.0, "after_ms": 40.0, "ratio": 2.0}, 14, "▲+20ms ×2.00 at equal work  "),
        ({"before_ms": 100.0, "after_ms": 200.0, "ratio": 2.0}, 14, "▲+100ms ×2.00 at equal work "),
    ],
)
def test_bars_have_the_room_of_words_that_no_row_has_to_say(
    changes: dict[str, float], cells_more: int, words: str
) -> None:
    """Up to 26 blank cells stood between the figures and their bars, on every row; a digit more moves no column."""
    quiet, told = replace(snapshot(), judgement=None), snapshot(judgement=judgement(31, finding(**changes)))
    heads = [plain(rows(snap, 200)["stage"]) for snap in (quiet, told)]
    axis = [len(head[head.index("0─") : head.index("≥")]) for head in heads]
    assert axis[0] - axis[1] == cells_more
    assert words in plain(rows(told, 200)["LLM"])


def test_beside_a_change_stands_no_p95_of_both_its_sides() -> None:
    """``usual 450ms  p95 354ms`` looked like a fault."""
    row = next(one for one in snapshot().stages if one.key == "llm")
    assert row.p95 is not None
    quiet = replace(snapshot(), judgement=None)
    assert duration(row.p95) in plain(rows(quiet, 200)["LLM"])
    assert duration(row.p95) not in plain(rows(snapshot(judgement=judgement(31, finding())), 200)["LLM"])


def test_a_p95_below_the_usual_of_more_work_is_left_out() -> None:
    snap = replace(snapshot(), judgement=None)

    def tts(p95: float) -> str:
        stages = tuple(replace(row, p95=p95) if row.key == "tts" else row for row in snap.stages)
        return plain(rows(replace(snap, stages=stages), 200)["TTS"])

    assert duration(7777.0) in tts(7777.0) and duration(1.5) not in tts(1.5)


def test_what_is_red_in_the_bars_is_said_above_them() -> None:
    """Red in a bar is of this turn, red in its row is a change for good."""
    snap = with_ratios(snapshot(judgement=None), "llm", *[1.0] * 19, 2.0)
    head = rows(snap, 120)["stage"]
    at = next(index for index, (text, role) in enumerate(head) if role == "bar.over")
    assert head[at][0] == UNICODE.over and head[at + 1][0].strip() in ("over its usual", "over usual", "late")
    assert any(role == "bar.over" for _, role in rows(snap, 120)["LLM"])
    as_usual = with_ratios(snapshot(judgement=None), "llm", *[1.0] * 20)
    assert not any(role == "bar.over" for line in rows(as_usual, 120).values() for _, role in line)


def test_what_is_over_its_usual_looks_like_no_level_that_moved() -> None:
    """Both were solid and red, and without colours it had no sign at all: readers took it for the change."""
    snap = with_ratios(snapshot(judgement=None), "llm", *[1.0] * 19, 2.0)
    for glyphs in (UNICODE, replace(UNICODE, grounds=False)):
        found = rows(snap, 120, glyphs=glyphs)
        assert "▚ late" in plain(found["stage"]) and "▚▚" in plain(found["LLM"])


def test_nothing_is_judged_ahead_of_its_verdict() -> None:
    """A stage that had its turns already said ``▼−420ms`` beside ``too few turns: 1 more``."""
    state = judgement(30)
    assert state.verdict is not None and level_change(view(snapshot(judgement=state)), "llm") is not None
    early = replace(state, verdict=replace(state.verdict, wanted=1))
    assert level_change(view(snapshot(judgement=early)), "llm") is None
    assert verdict_words(early.verdict) == ("verdict in 1 turn", "info")


def test_a_row_counts_the_turns_of_a_change_as_the_other_lists_do() -> None:
    """Row ``◂25t``, finding ``since turn 58`` of 77: the detector counts its own turns."""
    told = finding(n=25)
    v = view(snapshot(judgement=judgement(31, told)))
    change = level_change(v, "llm")
    assert change is not None and change.turns == turns_since(v, told) == 11


def test_a_large_stage_is_shown_ahead_of_a_few_ms_that_are_more_than_usual() -> None:
    """At 60×15 three rows of 20 ms more hid the LLM, which was a quarter of the turn."""
    snap = snapshot(31)
    assert snap.judgement is not None and snap.judgement.diagnosis is not None
    newest = snap.turns[-1]
    usuals = {key: ms - (21.0 if ms < 300 else 0.0) for key, ms in newest.stages.items() if ms is not None}
    told = replace(snap.judgement.diagnosis, usuals=usuals, ordinal=newest.ordinal)
    quiet = replace(snap, judgement=replace(snap.judgement, findings=(), verdict=None, diagnoses=(told,)))
    names = [plain(row).split()[0] for row in ledger_lines(view(quiet), 60, 6)]
    assert {"LLM", "TTS", "STORE"} <= {*names}, names


def test_the_heading_over_the_figures_says_last_of_the_last_turn_alone() -> None:
    """Under a cursor and on another turn's page it was ``last`` too."""
    snap = snapshot()
    assert plain(ledger_lines(view(snap), 120, 20)[0]).split()[1] == "last"
    assert plain(ledger_lines(view(snap), 120, 20, snap.turns[-4])[0]).split()[1] == "turn"


@pytest.mark.parametrize(("before", "ratio", "coloured"), [(6.0, 0.6, False), (24.0, 0.6, False), (26.0, 0.6, True)])
def test_a_flip_that_moved_a_stage_by_a_few_ms_colours_no_row(before: float, ratio: float, coloured: bool) -> None:
    """As of findings: ten ms are felt by nobody."""
    snap = verdict_of(20, ratio=ratio, before_ms=before, after_ms=before * ratio)
    change = level_change(view(snap), "llm")
    assert change is not None and change.seen is not coloured
    roles = {role for text, role in rows(snap)["LLM"] if text.startswith("▼")}
    assert roles == ({"faster.slightly"} if coloured else {"muted"})
