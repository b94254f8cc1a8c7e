"""Values to glyphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ui.snapshots import turn
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.stages.watched import CRITICAL, KEYS
from timmy_tui.model.turn import Gap, Turn
from timmy_tui.ui.charts.spark import spark_glyph, spark_text, top_of
from timmy_tui.ui.charts.stack import gauge_line, stack_line
from timmy_tui.ui.charts.waterfall import Bar, bar_line, bar_role, place_bars
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE, Glyphs, choose_glyphs, to_ascii
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.panels.headline import largest_part

VALUES = st.lists(st.none() | st.floats(0, 1e7), max_size=80)


def test_a_sparkline_starts_at_zero_so_that_a_level_looks_level() -> None:
    assert len(set(spark_text([498.0, 500.0, 502.0], 3, UNICODE))) == 1
    assert spark_text([100.0, 50.0, 0.0], 3, UNICODE) == "█▄▁"


def test_one_value_is_not_a_full_bar() -> None:
    assert spark_text([700.0], 1, UNICODE) == "▇"


def test_a_missing_turn_is_a_gap_and_few_turns_are_not_stretched() -> None:
    assert spark_text([10.0, None, 10.0], 5, UNICODE) == "  ▇·▇"
    assert spark_text([], 4, UNICODE) == "    "
    assert spark_text([None], 2, UNICODE) == " ·"
    assert spark_text([1.0], 0, UNICODE) == ""


def test_the_newest_values_are_shown() -> None:
    assert spark_text([8.0, 1.0, 1.0], 2, UNICODE) == spark_text([1.0, 1.0], 2, UNICODE)


@given(VALUES, st.integers(0, 90), st.sampled_from([UNICODE, ASCII]))
def test_a_sparkline_is_as_wide_as_asked(values: list[float | None], width: int, glyphs: Glyphs) -> None:
    assert len(spark_text(values, width, glyphs)) == width
    assert glyphs is UNICODE or spark_text(values, width, glyphs).isascii()


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_higher_values_are_never_drawn_lower(low: float, high: float) -> None:
    low, high = sorted((low, high))
    ramp = UNICODE.ramp
    top = top_of([low, high])
    assert ramp.index(spark_glyph(low, top, UNICODE)) <= ramp.index(spark_glyph(high, top, UNICODE))


def test_bars_lie_one_behind_the_other_and_end_where_the_headline_does() -> None:
    shown = turn(6)
    bars = place_bars(shown)
    ends = [bar.start + (bar.length or 0.0) for bar in bars if bar.length is not None]
    assert max(ends) == pytest.approx(shown.headline_ms, abs=0.5)
    assert ends == sorted(ends)
    assert [bar.key for bar in bars if not bar.key.startswith("gap:")] == list(CRITICAL)


def test_a_gap_is_drawn_where_it_sits_and_tiny_ones_are_not() -> None:
    keys = [bar.key for bar in place_bars(turn(6))]
    assert keys.index("gap:reply→hop_out") == keys.index("reply") + 1
    assert "gap:classify→store" not in keys


def test_a_skipped_stage_is_said_to_be_skipped_and_takes_no_room() -> None:
    store = next(bar for bar in place_bars(turn(7)) if bar.key == "store")
    assert store.skipped and store.length is None


def clocks_differ(one: Turn, network: float) -> Turn:
    apart = dict.fromkeys(("hop_in", "hop_out"))
    stages = dict(one.stages) | apart | {"network": network}
    return replace(one, stages=stages, unmeasured=dict.fromkeys(apart, "clocks differ"))


def test_hops_that_the_clocks_make_untrue_are_hatched_and_v34_stays_within_the_turn() -> None:
    bars = {bar.key: bar for bar in place_bars(clocks_differ(turn(6), network=8.0))}
    assert bars["hop_in"].kind == bars["hop_out"].kind == "hatch"
    assert bars["hop_in"].reason == bars["hop_out"].reason == "clocks differ"
    assert (bars["hop_in"].value, bars["hop_out"].value) == (None, None)
    assert bars["hop_in"].length == bars["hop_out"].length == 4.0
    assert bars["classify"].start == pytest.approx(bars["hop_in"].start + 4.0)
    drawn = plain(bar_line(bars["hop_in"], 2000.0, 40, UNICODE))
    assert drawn.count("╱") == 1 and len(drawn) == 40


def test_the_largest_part_is_the_network_both_ways_and_never_a_hop() -> None:
    part = largest_part(clocks_differ(turn(6), network=8.0))
    assert part is not None and part[0] == "llm"
    assert largest_part(clocks_differ(turn(6), network=5000.0)) == ("network", 5000.0)
    slow = dict(turn(6).stages) | {"hop_in": 5000.0, "network": 5006.0}
    assert largest_part(turn(6, stages=slow)) == ("network", 5006.0)


def test_a_turn_without_a_headline_has_no_largest_part() -> None:
    assert largest_part(turn(6, headline_ms=None, unmeasured={"V2V": "a clock stepped"})) is None


def test_only_hops_that_the_clocks_contradict_are_hatched() -> None:
    """A turn in which one stepped has no time for them at all."""
    kinds = {bar.key: bar.kind for bar in place_bars(turn(6))}
    assert kinds["hop_in"] == kinds["hop_out"] == "hop"
    gone = dict.fromkeys(("hop_in", "hop_out", "network", "llm"))
    stepped = turn(6, stages=dict(turn(6).stages) | gone, unmeasured=dict.fromkeys(gone, "a clock stepped"))
    bars = {bar.key: bar for bar in place_bars(stepped)}
    assert (bars["hop_in"].kind, bars["hop_in"].length, bars["hop_in"].reason) == ("hop", None, "a clock stepped")
    assert (bars["llm"].value, bars["llm"].reason) == (None, "a clock stepped")


BARS = st.builds(
    Bar, st.just("llm"), st.just("LLM"), st.floats(-1e6, 1e6), st.none() | st.floats(-1e6, 1e6),
    st.sampled_from(["service", "setting", "code", "hop", "hatch", "hole"]),
)  # fmt: skip


@given(BARS, st.floats(0, 1e6), st.integers(1, 80), st.sampled_from([UNICODE, ASCII]), st.none() | st.floats(0, 1e6))
def test_a_bar_never_leaves_its_cells(bar: Bar, total: float, width: int, glyphs: Glyphs, usual: float | None) -> None:
    assert cells(bar_line(bar, total, width, glyphs, usual)) == width


def is_over(drawn: list[tuple[str, str]]) -> bool:
    return any("bar.over" in role for _, role in drawn)


def drawn_bar(length: float, usual: float | None) -> list[tuple[str, str]]:
    """A bar from 200 ms on, on an axis of 2 s over 20 cells: 100 ms a cell."""
    return list(bar_line(Bar("tts", "TTS", 200.0, length, "service"), 2000.0, 20, UNICODE, usual))


def test_a_bar_shorter_than_the_usual_shows_the_rest_of_it_as_a_thin_ghost() -> None:
    assert drawn_bar(500.0, 800.0) == [
        ("  ", "bar.track"), ("█████", "stage.tts"), ("▁▁▁", "bar.ghost"), ("          ", "bar.track"),
    ]  # fmt: skip


def test_what_goes_beyond_the_usual_is_coloured() -> None:
    assert drawn_bar(800.0, 500.0)[1:3] == [("█████", "stage.tts"), ("▚▚▚", "bar.over")]
    assert drawn_bar(800.0, 550.0)[1:4] == [
        ("█████", "stage.tts"), ("▌", "stage.tts over bar.over"), ("▚▚", "bar.over"),
    ]  # fmt: skip
    assert drawn_bar(800.0, 795.0)[1] == ("████████", "stage.tts")
    assert drawn_bar(800.0, 0.0)[1:3] == [("█", "stage.tts"), ("▚▚▚▚▚▚▚", "bar.over")], "whose it is stays"


def test_half_of_a_bar_of_a_cell_is_coloured_where_half_of_it_is_over_its_usual() -> None:
    """Retrieval took 111 ms, usual 55: at 80 columns all of it was red, at 200 nearly nothing."""
    bar = Bar("retrieve", "RAG", 200.0, 111.0, "service")
    for width in (10, 20):
        drawn = [span for span in bar_line(bar, 2000.0, width, UNICODE, 55.0) if span[1] != "bar.track"]
        assert drawn[0][1] == "stage.retrieve over bar.over" and drawn[0][0] in ("▎", "▌", "▍"), drawn
    without = [text for text, _ in bar_line(bar, 2000.0, 20, replace(UNICODE, grounds=False), 55.0)]
    assert "▚" in "".join(without)


@pytest.mark.parametrize(("usual", "coloured"), [(727.0, True), (728.0, False)])
def test_a_tenth_of_the_usual_is_where_it_begins(usual: float, coloured: bool) -> None:
    assert is_over(drawn_bar(800.0, usual)) is coloured


def test_less_than_twenty_ms_over_is_never_coloured() -> None:
    assert not is_over(drawn_bar(22.0, 2.1)) and is_over(drawn_bar(22.1, 2.0))


def test_without_a_usual_nothing_is_claimed() -> None:
    assert {role for _, role in drawn_bar(800.0, None)} == {"bar.track", "stage.tts"}


@given(st.lists(st.none() | st.floats(-500, 5000), min_size=len(KEYS), max_size=len(KEYS)), st.floats(0, 900))
def test_any_turn_can_be_placed(values: list[float | None], gap: float) -> None:
    odd = turn(6, stages=dict(zip(KEYS, values, strict=True)), gaps=(Gap("start", "classify", gap),))
    for bar in place_bars(odd):
        assert cells(bar_line(bar, odd.headline_ms or 0.0, 30, UNICODE)) == 30


def test_the_llm_bar_shows_wait_prefill_and_decode() -> None:
    llm = next(bar for bar in place_bars(turn(6)) if bar.key == "llm")
    spans = [(text[0], role) for text, role in bar_line(llm, 1500.0, 60, UNICODE) if role != "bar.track"]
    assert spans == [("┄", "bar.wait"), ("▒", "stage.llm"), ("█", "stage.llm")]


def test_a_bar_has_the_colour_that_its_stage_has_in_the_skyline() -> None:
    """Blue was LLM in the skyline and every service under it, TTS and retrieval among them."""
    gap = Gap("llm", "reply", 40.0)
    bars = place_bars(turn(6, gaps=(gap,)))
    stages = [bar for bar in bars if bar.kind not in ("hole", "hatch")]
    assert [bar_role(bar) for bar in stages] == [f"stage.{bar.key}" for bar in stages]
    assert [bar_role(bar) for bar in bars if bar.kind == "hole"] == ["stage.gap"]


@given(st.lists(st.tuples(st.sampled_from(["wait", "prefill", "decode"]), st.floats(0, 1e5))), st.integers(1, 60))
def test_a_stack_is_as_wide_as_asked(parts: list[tuple[str, float]], width: int) -> None:
    top = sum(value for _, value in parts)
    assert cells(stack_line(parts, top, width, UNICODE)) == width


def test_the_gauge_turns_bad_at_the_cliff() -> None:
    assert "bad" in [role for _, role in gauge_line(1.02, 20, UNICODE)]
    assert "bad" not in [role for _, role in gauge_line(0.5, 20, UNICODE)]
    assert "█" not in plain(gauge_line(None, 20, UNICODE))


def test_ascii_where_the_locale_is_not_utf8_or_the_terminals_font_has_no_blocks() -> None:
    assert choose_glyphs(False, {"LANG": "en_US.UTF-8"}) is UNICODE
    assert choose_glyphs(False, {"LANG": "C"}) is ASCII
    assert choose_glyphs(False, {}) is ASCII
    assert choose_glyphs(False, {"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}) is ASCII
    assert choose_glyphs(False, {"LANG": "C.UTF-8", "TERM": "dumb"}) is ASCII
    assert choose_glyphs(False, {"LANG": "C.UTF-8", "TERM": "linux"}) is ASCII, "its fonts lack most heights of a bar"
    assert choose_glyphs(False, {"LANG": "C.UTF-8", "TERM": "screen"}) is UNICODE
    assert choose_glyphs(True, {"LANG": "C.UTF-8"}) is ASCII


@given(st.text())
def test_ascii_text_keeps_its_width(text: str) -> None:
    from rich.cells import cell_len

    shown = clean(text)
    assert to_ascii(shown).isascii() and len(to_ascii(shown)) == cell_len(shown)
