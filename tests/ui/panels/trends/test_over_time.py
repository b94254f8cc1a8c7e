"""Charts over hours, days and weeks; before and after; prompt tokens; what is exported."""

from __future__ import annotations

import csv
import io
import time
from datetime import datetime
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from tests.ui.panels.trends.test_screen import WIDTH, bare, epoch, slower, slower_since, texts, view
from tests.ui.snapshots import NOW, llm_state
from timmy_tui.model.trend_history import HEADLINE, Bucket, Figures, TimeBuckets
from timmy_tui.model.turn import Span
from timmy_tui.report.trend_buckets import buckets_of
from timmy_tui.ui.exports.trends import chart_csv, chart_svg, chart_text
from timmy_tui.ui.paint.lines import plain
from timmy_tui.ui.panels.skyline.window import GUTTER
from timmy_tui.ui.panels.trends.compare import changes_of, spread_lines, spread_of
from timmy_tui.ui.panels.trends.over_time import Range, TimeChart, axis_lines, bucket_lines, edges_of, plot_lines
from timmy_tui.ui.panels.trends.screen import Options, draw_charts
from timmy_tui.ui.panels.trends.tokens import prompts_of, tokens_lines

DAY = 86_400.0


def buckets(*p50s: float | None, start: float = 0.0, step: float = 3600.0) -> TimeBuckets:
    """One stretch after the other; None: without a turn."""
    made = []
    for at, ms in enumerate(p50s):
        ends = (start + at * step, start + (at + 1) * step)
        if ms is None:
            made.append(Bucket(*ends))
        else:
            figures = {HEADLINE: Figures(9, ms - 50, ms, ms + 50), "llm": Figures(9, 1.0, ms / 2, 9e3)}
            made.append(Bucket(*ends, 9, 0, figures))
    return TimeBuckets(tuple(made), Span.V2V, 9 * len(made))


# -- stretches of time


def test_hours_end_with_the_stretch_that_holds_now_and_leave_each_a_column() -> None:
    edges = edges_of("hours", 24, NOW, 114)
    assert edges[-2] <= NOW < edges[-1] and edges[-1] - edges[0] == DAY
    assert {round(b - a) for a, b in pairwise(edges)} == {900}
    assert {round(b - a) for a, b in pairwise(edges_of("hours", 24, NOW, 95))} == {1800}
    assert len(edges_of("hours", 96, NOW, 34)) - 1 <= 34


def test_days_begin_at_midnight_of_the_calendar() -> None:
    edges = edges_of("days", 28, NOW, 114)
    assert len(edges) == 29 and edges[-2] <= NOW < edges[-1]
    assert {time.localtime(edge)[3:6] for edge in edges} == {(0, 0, 0)}


def test_two_weeks_begin_with_monday_and_have_the_same_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the clocks go back between them: 26 October 2025 has 25 hours."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        edges = edges_of("weeks", 0, datetime(2025, 10, 29, 12).timestamp(), 84)
        half = (len(edges) - 1) // 2
        starts = [time.localtime(edge) for edge in edges[:-1]]
        assert [one[6] for one in starts[:half]] == [one[6] for one in starts[half:]]
        assert [one[3] for one in starts[:half]] == [one[3] for one in starts[half:]]
        assert starts[0][:4] == (2025, 10, 20, 0) and len(starts) == 2 * 7 * 12
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_stretch_without_a_turn_is_a_gap_and_not_zero() -> None:
    chart = TimeChart("hours", HEADLINE, buckets(1000.0, None, 1000.0))
    rows = texts(plot_lines(view(()), chart, 66, 8))
    assert all(row[26:46].strip() == "" for row in rows)
    assert any(row[6:26].strip() for row in rows) and any(row[46:].strip() for row in rows)


def test_this_week_is_drawn_over_the_last_on_one_axis() -> None:
    both = buckets(*[1000.0] * 7, *[2000.0] * 3, *[None] * 4, step=DAY)
    chart = TimeChart("weeks", HEADLINE, both)
    rows = texts(plot_lines(view(()), chart, 76, 10))
    heights = {column: [10 - at for at, row in enumerate(rows) if row[column] != " "] for column in (10, 60)}
    assert len(heights[10]) >= 2 and max(heights[10]) > min(heights[10]) and len(heights[60]) == 1
    drawn = "\n".join(texts(draw_charts(view(()), Options(range="weeks"), both, WIDTH, 28)))
    assert "this week p50 ~2.00s n 27  last week p50 ~1.00s n 63  ▲+1.00s" in drawn
    assert "this week over last week" in drawn and "last week, dotted" in drawn


def test_where_both_weeks_meet_the_cell_is_this_weeks() -> None:
    chart = TimeChart("weeks", HEADLINE, buckets(*[1000.0] * 14, step=DAY))
    roles = {role for row in plot_lines(view(()), chart, 76, 10) for text, role in row[1:] if text.strip()}
    assert roles == {"text"}


def test_the_stretch_at_the_cursor_has_its_figures_and_the_medians_of_its_stages() -> None:
    start = datetime(2025, 11, 28, 14).timestamp()
    chart = TimeChart("hours", HEADLINE, buckets(1000.0, 1200.0, None, start=start), cursor=0)
    words, bar, labels = texts(bucket_lines(view(()), chart, WIDTH))
    assert words.startswith("Fri 28 Nov 14:00–15:00  9 turns  p50 1.00s  p5–p95 950ms–1.05s n 9")
    assert "LLM 500ms" in labels and bar.strip()
    newest = texts(bucket_lines(view(()), replace(chart, cursor=None), WIDTH))[0]
    assert newest.startswith("Fri 28 Nov 15:00–16:00")
    assert "no turn in this time" in texts(bucket_lines(view(()), TimeChart("hours", HEADLINE, buckets(None)), 80))[0]


def test_of_one_turn_no_p5_is_told() -> None:
    """``p50 2.11s  p5–p95 2.11s–2.11s n 1``."""
    start = datetime(2025, 11, 28, 14).timestamp()
    one = TimeBuckets((Bucket(start, start + 3600, 1, 0, {HEADLINE: Figures(1, 1e3, 1e3, 1e3)}),), Span.V2V, 1)
    words = texts(bucket_lines(view(()), TimeChart("hours", HEADLINE, one), WIDTH))[0]
    assert words.rstrip().endswith("1 turn  p50 1.00s  n 1")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize(("kind", "length"), [("hours", 24), ("hours", 96), ("days", 28), ("days", 112), ("weeks", 0)])
def test_every_tick_has_its_word_and_all_are_as_far_apart(kind: Range, length: int, width: int) -> None:
    """``╵01 Nov ╵ ╵``: which had a word was chance."""
    edges = edges_of(kind, length, NOW, width - GUTTER)
    chart = TimeChart(kind, HEADLINE, buckets_of((), edges))
    ticks = plain(axis_lines(view(()), chart, width)[1])
    assert "╵" in ticks and not any(word == "╵" for word in ticks.split())
    places = [at for at, char in enumerate(ticks) if char == "╵"]
    apart = [b - a for a, b in pairwise(places)]
    assert not apart or max(apart) - min(apart) <= 2


@pytest.mark.parametrize("kind", ["hours", "days", "weeks"])
def test_the_narrowest_heading_has_its_figure(kind: Range) -> None:
    """With ``this week over last week`` there was no room for any."""
    edges = edges_of(kind, 24, NOW, 34)
    turns = tuple(replace(one, started=NOW - 60) for one in slower_since(40))
    options = Options(range=kind)
    heading = texts(draw_charts(view(()), options, buckets_of(turns, edges), 40, 9))[0]
    assert "p50 ~" in heading
    own = texts(draw_charts(view(()), replace(options, from_zero=False), buckets_of(turns, edges), 40, 9))[0]
    assert own.endswith("not from zero"), "that is always said"


def test_without_a_ground_p5_and_p95_of_a_side_are_uprights() -> None:
    """They were dots along the top and the foot of a chart whose range lies across."""
    v = view(slower_since(30, ms=300.0), epochs=(epoch(30),), monochrome=True)
    turns = tuple(
        replace(one, stages={**one.stages, "llm": (one.stages["llm"] or 0.0) + 20.0 * (at % 7)})
        for at, one in enumerate(v.turns)
    )
    spread = spread_of(replace(v, snapshot=replace(v.snapshot, turns=turns)), "llm")
    rows = texts(spread_lines(v, spread, 80, 19, True))[1:9]
    top = [at for at, char in enumerate(rows[0]) if at >= GUTTER and char not in " ┃"]
    columns = [[row[at] for row in rows].count(" ") for at in (top[0], top[-1])]
    assert columns == [0, 0]


def test_a_flip_stands_at_its_hour() -> None:
    edges = edges_of("hours", 24, NOW, 114)
    turns = tuple(replace(one, started=NOW - 60) for one in slower_since(40))
    v = view(turns, epochs=(replace(epoch(20), started=NOW - 7200.0),))
    drawn = texts(draw_charts(v, Options(range="hours"), buckets_of(turns, edges), WIDTH, 28))
    assert any("┊tail mode" in row for row in drawn)


@pytest.mark.parametrize(("known_since", "shown"), [(None, True), (NOW - 60.0, True), (NOW - 80_000.0, False)])
def test_a_restart_that_is_older_than_the_known_epochs_stands_at_its_hour(
    known_since: float | None, shown: bool
) -> None:
    """A thousand epochs are known; the turns of the history tell of those before."""
    edges = edges_of("hours", 24, NOW, 114)
    names = ("a", "b") * 2
    turns = tuple(
        replace(one, started=NOW - 40_000 + 900 * at, session_id=name)
        for at, (one, name) in enumerate(zip(slower_since(40), names, strict=False))
    )
    epochs = () if known_since is None else (replace(epoch(20), started=known_since, changes=(), restarted=False),)
    drawn = texts(draw_charts(view(turns, epochs=epochs), Options(range="hours"), buckets_of(turns, edges), WIDTH, 28))
    assert any("┊restart" in row for row in drawn) is shown


def test_what_was_not_read_is_said() -> None:
    cut = replace(buckets(1000.0, 1000.0), cut=True)
    assert "only the newest 18 turns" in texts(draw_charts(view(()), Options(range="days"), cut, WIDTH, 20))[0]
    assert "reading the history" in texts(draw_charts(view(()), Options(range="days"), None, WIDTH, 20))[1]


# -- before and after


def test_before_and_after_are_cut_at_the_newest_finding() -> None:
    spread = spread_of(view(slower_since(40), slower(40), epochs=(epoch(20),)), "llm")
    assert spread.change is not None and spread.change.index == 40
    assert [(side.name, side.figures.n, side.figures.p50) for side in spread.sides] == [
        ("before", 20, 700.0), ("after", 20, 1200.0),
    ]  # fmt: skip


def test_a_change_with_too_few_turns_behind_it_is_not_the_one() -> None:
    v = view(slower_since(40), epochs=(epoch(20), epoch(58, 2)))
    spread = spread_of(v, "llm")
    assert spread.change is not None and spread.change.index == 20
    assert [side.figures.n for side in spread.sides] == [20, 38]


def test_a_finding_of_another_stage_is_no_change_of_this_one_and_restarts_count_where_nothing_else_does() -> None:
    restart = replace(epoch(30), changes=())
    v = view(slower_since(40), slower(40), epochs=(restart,))
    assert [change.index for change in changes_of(v, "llm")] == [40]
    assert [(change.index, change.words) for change in changes_of(v, "tts")] == [(30, "restart")]


def test_both_are_on_one_scale() -> None:
    v = view(slower_since(40), slower(40))
    rows = texts(spread_lines(v, spread_of(v, "llm"), WIDTH, 21, True))
    assert rows[0].startswith("before  p50 700ms") and rows[11].startswith(" after  p50 1.20s")
    middles = [rows[at].index("┃") for at in (1, 12)]
    low, high = (float(column - 6) / 114 * 1500.0 for column in middles)
    assert low == pytest.approx(700.0, abs=15) and high == pytest.approx(1200.0, abs=15)
    assert "┊0" in rows[10] and "ms" in rows[10]


@pytest.mark.parametrize("width", range(60, 121, 7))
def test_a_tick_without_room_for_its_value_has_none(width: int) -> None:
    """``3.5s`` was cut to ``3`` at the right edge, which is another time."""
    v = view(slower_since(40), slower(40))
    rows = texts(spread_lines(v, spread_of(v, "llm"), width, 21, True))
    values = [text.strip("─ ") for text in rows[10].split("┊")[1:]]
    assert all(value == "0" or value.endswith(("ms", "s")) for value in values) and len(values) > 2


def test_without_a_change_it_says_so() -> None:
    options = Options("llm", "before and after")
    assert "no flip, finding or restart yet" in texts(draw_charts(view(()), options, None, 80, 20))[1]
    few = view(slower_since(2, 4), slower(2))
    assert "three turns on each side" in texts(draw_charts(few, options, None, 80, 20))[1]


# -- prompt tokens


def tokens_view(**changes: Any) -> Any:
    turns = slower_since(99, 30)
    turns = tuple(replace(one, prompt_tokens=500 + 100 * at) for at, one in enumerate(turns))
    return replace(view(turns), snapshot=bare(turns, llm=llm_state(turns)), **changes)


def test_cold_and_reused_prompts_are_apart() -> None:
    v = tokens_view()
    prompts = prompts_of(v, 120)
    assert [one.number for one in prompts if one.group == "cold"] == [400, 420]
    assert {one.group for one in prompts} == {"cold", "reused"}
    beside = texts(tokens_lines(v, prompts, WIDTH, 20, True))
    assert beside[0].index("cold 2 turns") < 60 < beside[0].index("reused 28 turns")
    below = texts(tokens_lines(v, prompts, 50, 20, True))
    assert "cold" in below[0] and "reused" in below[10] and "reused" not in below[0]


def test_what_cold_and_reused_are_is_said_where_there_is_room() -> None:
    v = tokens_view()
    for width, said in ((WIDTH, True), (70, False)):
        head = texts(tokens_lines(v, prompts_of(v, 120), width, 20, True))[0]
        assert ("nothing of the prompt was in the cache" in head) is said and "…" not in head
        assert ("its beginning was in the cache" in head) is said


def test_a_turn_of_its_own_sign_has_no_dots_around_it() -> None:
    """Of the cursor's turn, and of one outside of the scale, some dots were left beside the sign."""
    v = tokens_view()
    v = v.with_cursor(12)
    alone = [one for one in prompts_of(v, 120) if one.ordinal == v.cursor_turn.ordinal]
    drawn = "".join(texts(tokens_lines(v, alone, WIDTH, 20, True))[1:-1])
    assert "●" in drawn and not any("⠀" < char <= "⣿" for char in drawn)
    prompts = [
        replace(one, group="reused", ms=9000.0 if at == 9 else one.ms) for at, one in enumerate(prompts_of(v, 120))
    ]
    top = texts(tokens_lines(v, prompts, WIDTH, 20, True))[1]
    assert top.split() == ["▴"]


def test_more_tokens_stand_further_right_and_axis_and_ticks_have_units() -> None:
    v = tokens_view()
    (chart,) = [[row[61:] for row in texts(tokens_lines(v, prompts_of(v, 120), WIDTH, 20, True))]]
    assert "tok" in chart[-1] and any("ms " in row for row in chart)
    columns = [at for row in chart[1:-1] for at, char in enumerate(row) if at > 6 and "⠀" < char <= "⣿"]
    assert max(columns) - min(columns) > 35


def test_a_turn_without_its_tokens_is_not_charted_and_what_is_not_known_is_said() -> None:
    turns = slower_since(99, 10)
    turns = (replace(turns[0], prompt_tokens=None), *turns[1:])
    v = view(turns)
    assert {one.group for one in prompts_of(v, 120)} == {"not known"} and len(prompts_of(v, 120)) == 9
    empty = texts(draw_charts(view(()), Options(kind="prompt tokens"), None, 80, 20))
    assert "no turn with prompt tokens" in empty[1]


# -- export


def rows_of(v: Any, options: Options, found: TimeBuckets | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(chart_csv(v, options, found, WIDTH))))


def test_the_csv_has_what_is_charted() -> None:
    turns = list(slower_since(40))
    turns[3] = replace(turns[3], headline_ms=None, v2v_ms=None)
    v = view(tuple(turns), slower(40))
    rows = rows_of(v, Options(turns=30))
    assert len(rows) == 30 and rows[0]["turn"] == "430" and float(rows[-1]["V2V_ms"]) == 2500.0
    assert float(rows[-1]["LLM_ms"]) == 1200.0
    assert rows_of(v, Options(turns=60))[3]["V2V_ms"] == ""
    sides = rows_of(v, Options("llm", "before and after"))
    assert [sum(row["side"] == side for row in sides) for side in ("before", "after")] == [40, 20]
    tokens = rows_of(tokens_view(), Options(kind="prompt tokens"))
    assert tokens[0] == {"turn": "400", "prompt_tokens": "500", "llm_ms": "700.0", "prompt_cache": "cold"}
    hours = rows_of(v, Options(range="hours"), buckets(1000.0, None))
    assert {row["series"] for row in hours} >= {"V2V", "LLM"}
    headline = [row for row in hours if row["series"] == "V2V"]
    assert [(row["n"], row["p50_ms"], row["p95_ms"]) for row in headline] == [("9", "1000.0", "1050.0")]


def test_the_text_has_no_control_characters_and_nothing_that_was_said() -> None:
    text = chart_text([(("V2V \x1b[2J", "title"), ("hello", "quote"))])
    assert "\x1b" not in text and "hello" not in text and text.startswith("V2V") and text.endswith("\n")


def test_the_picture_is_svg_of_the_right_size_with_the_words_and_the_dots() -> None:
    v = view(slower_since(40), slower(40))
    lines = draw_charts(v, Options(), None, 80, 22)
    picture = chart_svg([*lines, (("<&\x1b[2J>", "text"),)], v)
    tree = ElementTree.fromstring(picture)
    assert tree.get("width") == "800" and "\x1b" not in picture
    words = " ".join(element.text or "" for element in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "V2V" in words and "<&" in words and not any("⠀" <= char <= "⣿" for char in words)
    assert sum(1 for _ in tree.iter("{http://www.w3.org/2000/svg}path")) > 10


def test_a_snapshot_without_anything_can_be_exported() -> None:
    v = view(())
    for options in (Options(), Options(kind="before and after"), Options(kind="prompt tokens"), Options(range="days")):
        assert len(rows_of(v, options)) == 0
        assert chart_svg(draw_charts(v, options, None, 80, 20), v).startswith("<svg")
