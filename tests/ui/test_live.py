"""The live screen as lines, at every size."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ui.snapshots import (
    NOW,
    TICK,
    control_state,
    conversation,
    finding,
    judgement,
    open_turn,
    snapshot,
    troubled,
    turn,
)
from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats
from timmy_tui.model.change import ControlState
from timmy_tui.model.snapshot import ClockOffset, Snapshot, SourceCondition, SourceState
from timmy_tui.model.stages.watched import CRITICAL, OUTSIDE, label
from timmy_tui.model.turn import FlagChange, Gap, Span, TurnState
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.paint.wording import row_name
from timmy_tui.ui.panels.headline import headline_line, usual_parts
from timmy_tui.ui.panels.live import said
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.panels.live.stage_rows import count_rows, ledger_lines
from timmy_tui.ui.panels.row_columns import columns_for
from timmy_tui.ui.view import Notice, View

FOOTERS = {"live": (("space", "freeze"), ("?", "help"), ("q", "quit"))}


def view(snap: Snapshot, **changes: Any) -> View:
    return replace(View(snap, now=NOW, tick=TICK, footers=FOOTERS), **changes)


def text(snap: Snapshot, width: int, height: int, **changes: Any) -> str:
    return "\n".join(plain(row) for row in live_lines(view(snap, **changes), width, height))


@given(st.integers(0, 210), st.integers(0, 60), st.sampled_from(["full", "troubled", "empty", "few"]))
@settings(max_examples=150, deadline=None)
def test_every_size_is_filled_exactly(width: int, height: int, kind: str) -> None:
    snap = {"full": snapshot(), "troubled": troubled(), "empty": snapshot(0), "few": snapshot(2)}[kind]
    lines = live_lines(view(snap, control=control_state()), width, height)
    assert len(lines) == (height if width else 0)
    assert {cells(row) for row in lines} <= {width}


@pytest.mark.parametrize(("width", "height"), [(39, 24), (80, 7), (10, 2), (40, 1)])
def test_below_the_least_size_it_is_one_line(width: int, height: int) -> None:
    rows = [plain(row).strip() for row in live_lines(view(snapshot()), width, height)]
    assert rows[0].startswith("● V2V"[:width]) and not any(rows[1:])


def test_40x10_has_headline_flight_stages_and_the_two_lines_that_matter_most() -> None:
    shown = text(snapshot(), 40, 10)
    assert "V2V ≥3.14s" in shown and "idle" in shown and "verdict LLM faster" in shown and "+640ms over" in shown
    assert "+3 lines i" in shown.split("\n")[-1]
    assert all(label(key) in shown for key in ("store", "llm", "tts"))
    assert "more rows" in shown and "turns, newest" not in shown and "freeze" not in shown
    calm = text(snapshot(judgement=None), 40, 10)
    assert "cache ~74%" in calm


def test_the_layout_counts_the_rows_that_the_rows_show_first() -> None:
    """A gap with a finding, and a stage that a flip moved, are loud; an acknowledged one is quiet."""
    snap = snapshot(judgement=None)
    newest = snap.turns[-1]
    quiet, inside, outside = count_rows(view(snap), newest)
    assert (inside, outside) == (len(CRITICAL) + 2, len(OUTSIDE)), "a gap of 12 ms and the sum"
    small = finding(stage="classify", key="classify:20", before_ms=20.0, after_ms=30.0)
    for one, more in ((small, 1), (replace(small, acknowledged=True), 0), (replace(small, notable=False), 0)):
        found = count_rows(view(replace(snap, judgement=judgement(30, one))), newest)
        # The verdict of the snapshot moves the LLM, which is loud anyway.
        assert found == (quiet + more, inside, outside)
    assert count_rows(view(snap, row="playback"), newest) == (quiet + 1, inside + 1, outside - 1)
    # With a heading and a count, so many lines show all of them.
    shown = [plain(row) for row in ledger_lines(view(snap), 120, quiet + 2, newest)]
    assert len(shown) == quiet + 2 and "more rows" in shown[-1]


def test_what_the_clocks_do_not_change_is_made_once_a_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(name: str, real: Any) -> Any:
        def call(*arguments: Any) -> Any:
            made.append(name)
            return real(*arguments)

        return call

    for name in ("finding_line", "verdict_line", "diagnosis_line", "forecast_line"):
        monkeypatch.setattr(said, name, counted(name, getattr(said, name)))
    snap = snapshot()
    first = view(snap)
    live_lines(first, 120, 30)
    live_lines(replace(first, now=NOW + 1, tick=TICK + 1), 120, 30)
    assert sorted(made) == ["diagnosis_line", "finding_line", "forecast_line", "verdict_line"]
    live_lines(replace(first, cached_lines={}), 120, 30)
    assert len(made) == 8


def test_60x15_adds_skyline_waterfall_and_footer() -> None:
    shown = text(snapshot(), 60, 15)
    assert "▇" in shown and "▒" in shown and "freeze" in shown
    assert sum(bool(re.match(r" *[\d.]+s ", row)) for row in shown.split("\n")[2:6]) >= 2
    assert all(any(row.startswith(label(key)) for row in shown.split("\n")) for key in ("store", "llm", "tts"))
    assert "more rows" in shown and "+4 panels" in shown


def test_80x24_adds_percentiles_the_waterfalls_axis_and_status_lines() -> None:
    shown = text(snapshot(), 80, 24)
    assert "▚ late" in shown and "usual" in shown and "space freeze" in shown
    assert "+4 panels" in shown


def test_120x30_has_a_ruler_and_120x40_every_stage_with_its_name() -> None:
    assert "╵−20" in text(snapshot(), 120, 30)
    rows = text(snapshot(), 120, 40).split("\n")
    assert all(any(row.startswith(row_name(key, label(key), 11)) for row in rows) for key in CRITICAL)


def test_200x50_shows_the_lists_side_by_side() -> None:
    shown = text(snapshot(), 200, 50, control=control_state())
    heads = next(row for row in shown.split("\n") if "turns, newest first" in row)
    assert "log " in heads and "last prompt" in heads and "flags" in heads
    assert all(words in shown for words in ("flask_handler_en", "+500ms", "tail mode"))
    assert "{" not in shown and "panels on" not in shown


def test_the_same_view_gives_the_same_screen() -> None:
    snap = troubled()
    assert live_lines(view(snap), 120, 30) == live_lines(view(snap), 120, 30)


def test_before_the_first_turn_it_says_so() -> None:
    shown = text(snapshot(0), 80, 24)
    assert "○ V2V —" in shown and "waiting for the first turn" in shown
    assert " 0ms" not in shown


def test_the_turn_in_flight_has_phase_clock_and_usual_time() -> None:
    shown = text(snapshot(open_turn=open_turn()), 100, 24)
    assert "LLM 2.1s late" in shown and "usual 901ms" in shown and "turn 3.4s" in shown and "and tomorrow?" in shown


def test_a_phase_that_no_event_names_is_waiting() -> None:
    assert "waiting 2.1s" in text(snapshot(open_turn=open_turn(phase="")), 80, 24)


def test_a_skipped_stage_is_not_a_missing_one() -> None:
    shown = text(snapshot(30), 120, 40)
    store = next(row for row in shown.split("\n") if row.startswith("store"))
    assert "skipped" in store
    unknown = turn(31, stages=dict(turn(31).stages) | {"retrieve": None}, skipped=frozenset({"store"}))
    shown = text(snapshot(31, turns=(*snapshot(31).turns, unknown)), 120, 40)
    assert "—" in next(row for row in shown.split("\n") if row.startswith("retrieval"))


def test_a_lasting_finding_has_glyph_word_and_ratio_and_the_headline_names_it() -> None:
    shown = text(troubled(), 200, 50)
    headline, llm = shown.split("\n")[0], next(r for r in shown.split("\n") if r.startswith("LLM "))
    assert "▲ LLM +290ms ×1.38 since" in headline and "· 11 turns" in headline and "▲+290ms ×1.38" in llm
    spans = next(row for row in live_lines(view(troubled()), 120, 30) if plain(row).startswith("LLM "))
    assert any(role == "spark.slower" for _, role in spans)


def test_the_verdict_names_the_flag_and_leaves_room_for_its_sentence() -> None:
    """Where the flag is not known, or what differs is no flag, it is a verdict."""
    plain_verdict = judgement(30)
    assert plain_verdict.verdict is not None
    assert "verdict LLM faster ×0.41 (0.36–0.47)" in text(snapshot(judgement=plain_verdict), 80, 24)
    moved = (FlagChange(flag="retrieval", label="retrieval", before=True, after=False),)
    named = replace(plain_verdict, verdict=replace(plain_verdict.verdict, changes=moved))
    shown = text(snapshot(judgement=named), 80, 24)
    assert "retrieval on→off: LLM faster ×0.41 (0.36–0.47)" in shown and "verdict LLM" not in shown
    long = (FlagChange(flag="mine", label="a flag of a very long name indeed", before="x" * 60, after="y" * 60),)
    wide = replace(named, verdict=replace(plain_verdict.verdict, changes=long))
    (row,) = [row for row in text(snapshot(judgement=wide), 80, 24).split("\n") if "a flag of a very long" in row]
    assert ": LLM faster ×0.41" in row and len(row) <= 80


def test_a_finding_that_was_seen_is_quiet() -> None:
    snap = snapshot(judgement=judgement(30, finding(acknowledged=True)))
    assert live_lines(view(snap), 80, 24)[0][0][1] == "good"
    assert "(seen)" in text(snap, 80, 24)


def test_a_failed_turn_shows_in_the_headline_with_its_reason() -> None:
    failed = turn(31, state=TurnState.FAILED, reason="LLM answered 500", headline_ms=None)
    snap = snapshot(31)
    shown = text(replace(snap, turns=(*snap.turns, failed)), 120, 50)
    assert shown.startswith("✗ failed: LLM answered 500")
    assert "failed LLM answered" in shown


def test_trouble_is_named_worst_first_and_what_does_not_fit_is_counted() -> None:
    row = next(row for row in text(troubled(), 80, 24).split("\n") if "pipeline" in row)
    assert row.startswith("✗ pipeline: ValueError in analysis") and "+9 sources i" in row
    wide = text(troubled(), 200, 50)
    for words in ("v34.log denied permission denied", "ollama down unreachable 14s", "latency.log reading 12 MB behind",
                  "2 lost parts", "1 missed file", "3 dropped lines", "tts incomplete line",
                  "15 unparsed lines (not json)"):  # fmt: skip
        assert words in wide


def test_clocks_that_differ_hatch_the_hops_and_say_by_how_much() -> None:
    snap = snapshot(clock=ClockOffset(312.0, 330.0, 9, skewed=True, stepped=False))
    *others, last = snap.turns
    apart = dict.fromkeys(("hop_in", "hop_out"))
    last = replace(last, stages={**last.stages, **apart}, unmeasured=dict.fromkeys(apart, "clocks differ"))
    shown = text(replace(snap, turns=(*others, last)), 120, 40)
    assert "clocks differ ≥ 312ms" in shown
    (row,) = (line for line in shown.splitlines() if line.startswith("→NET"))
    # No figure of its own: no time, share, percentiles or Δ.
    row = row.partition("setting")[0]
    assert "╱" in row and "clocks differ" in row and not any(char.isdigit() for char in row)


def test_clocks_that_differed_once_hatch_no_other_turn() -> None:
    snap = snapshot(clock=ClockOffset(312.0, 330.0, 9, skewed=True, stepped=True))
    assert "╱" not in text(snap, 120, 30)


def test_a_turn_with_a_step_has_no_figure_where_it_shows() -> None:
    *others, last = snapshot().turns
    gone = dict.fromkeys(("llm", "wait", "hop_in", "hop_out", "network"))
    stepped = replace(
        last, stages={**last.stages, **gone}, headline_ms=None, v2v_ms=None, unattributed_ms=None, gaps=(),
        unmeasured=dict.fromkeys((*gone, "V2V"), "a clock stepped"),
    )  # fmt: skip
    turns = (*others, stepped)
    shown = text(snapshot(turns=turns, stages=stage_stats(turns, 20), headline=headline_stat(turns, 20)), 120, 40)
    assert "V2V —" in shown and "largest" not in shown
    (row,) = (line for line in shown.splitlines() if line.startswith("LLM "))
    assert "clock step" in row and row.split()[1] == "—"


def test_frozen_shows_how_many_turns_were_missed_and_what_is_now() -> None:
    shown = text(snapshot(27), 120, 30, live_snapshot=snapshot(31))
    assert "FROZEN +4 turns" in shown and "now 3.14s" in shown
    assert "FROZEN +0 turns" in text(snapshot(31), 120, 30, live_snapshot=snapshot(31))


def test_the_change_has_one_line_and_hides_nothing_of_the_waterfall() -> None:
    with_change = text(snapshot(), 80, 24, control=control_state())
    assert "tail mode off→on verifying 12s  evidence 1/2  keep  undo  pid 4242" in with_change
    assert "▚ late ─≥3.14s" in with_change


SLEPT = Notice(NOW - 3, "asleep 7h 12m", lasts_s=60.0)


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (80, 24), (120, 30), (200, 50)])
@pytest.mark.parametrize("later", [SLEPT, Notice(NOW - 1, "theme ansi16")], ids=["newest", "behind another"])
@pytest.mark.parametrize("control", [None, control_state()], ids=["calm", "a change"])
def test_a_sleep_is_said_once_for_its_time_whatever_else_there_is(
    size: tuple[int, int], later: Notice, control: ControlState | None
) -> None:
    def said(age: float) -> str:
        slept = replace(SLEPT, at=NOW - age)
        newest = slept if later is SLEPT else later
        return text(troubled(), *size, control=control, notice=newest, interruption=slept)

    assert said(60.0).count("asleep 7h 12m") == 1
    assert "asleep" not in said(60.1)
    if size >= (80, 24):
        assert ("theme ansi16" in said(60.0)) is (later is not SLEPT)
    else:
        assert said(60.0).split("\n")[1].startswith("asleep 7h 12m  ")


def test_a_notice_goes_by_itself() -> None:
    notice = Notice(NOW - 3, "theme ansi16")
    assert "theme ansi16" in text(snapshot(), 80, 24, notice=notice)
    assert "theme ansi16" not in text(snapshot(), 80, 24, notice=replace(notice, at=NOW - 60))


def test_p95_over_few_turns_is_grey() -> None:
    few = live_lines(view(snapshot(8)), 80, 24)[0]
    assert ("p95 ", "muted") in few and few[few.index(("p95 ", "muted")) + 1][1] == "faint"
    many = live_lines(view(snapshot(31)), 80, 24)[0]
    assert many[many.index(("p95 ", "muted")) + 1][1] == "text"


def test_another_span_than_v2v_is_named() -> None:
    turns = tuple(turn(n, span=Span.V34, v2v_ms=None) for n in range(3))
    snap = snapshot(3, turns=turns, headline=headline_stat(turns, 20), stages=stage_stats(turns, 20))
    assert text(snap, 80, 24).startswith("● v34 ")


def test_a_flip_is_named_over_the_sparklines() -> None:
    header = next(row for row in text(snapshot(), 200, 50).split("\n") if row.startswith("stage"))
    assert "┃tail mode off→on" in header


@pytest.mark.parametrize(("n", "said"), [(1, False), (2, True)])
def test_the_usual_of_one_turn_is_not_said(n: int, said: bool) -> None:
    """p50 and p95 of it are the headline once more."""
    snap = snapshot(31)
    assert snap.headline is not None
    words = [plain(part) for part in usual_parts(replace(snap, headline=replace(snap.headline, n=n)))]
    assert (len(words) == 3 and words[0].startswith("p50")) is said and words[-1] == f"n {n}"


def test_what_the_size_hides_is_counted_and_is_no_warning() -> None:
    footer = next(row for row in live_lines(view(snapshot()), 120, 30) if "+4 panels" in plain(row))
    assert next(role for text, role in footer if "+4 panels" in text) == "muted"


@pytest.mark.parametrize(("width", "name", "total"), [(120, "unnamed gap", "unnamed"), (80, "gap", "gaps")])
def test_a_gap_is_named_as_in_the_legend(width: int, name: str, total: str) -> None:
    """``?`` is a turn that was not measured, in the legend of the same screen."""
    one = turn(30)
    gap = Gap("start", "stt_final", 400.0)
    changed = replace(one, gaps=(gap,), unattributed_ms=400.0)
    columns = columns_for(width).name
    names = [plain(row)[:columns].strip() for row in ledger_lines(view(snapshot()), width, 40, changed)]
    assert name in names and total in names and not any("?" in text for text in names)


def test_the_largest_part_is_a_gap_where_that_is_unnamed() -> None:
    one = turn(30)
    slow = replace(one, gaps=(Gap("start", "stt_final", 9000.0),), unattributed_ms=9000.0)
    shown = text(snapshot(31, turns=(*snapshot(31).turns[:-1], slow)), 120, 30)
    assert "largest gap 9.00s" in shown.split("\n")[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
@pytest.mark.parametrize("typed", [(), (22,), (21, 24, 27)])
def test_how_long_ago_a_change_began_is_one_number(size: tuple[int, int], typed: tuple[int, ...]) -> None:
    """Its turns were counted without typed ones in the headline, and with them in its row and under the skyline."""
    turns = tuple(replace(one, typed=True) if one.ordinal in typed else one for one in conversation())
    one = finding(since=20, n=11 - len(typed))
    shown = text(snapshot(turns=turns, judgement=judgement(30, one)), *size)
    head, line = shown.split("\n")[0], next(row for row in shown.split("\n") if "LLM slower" in row)
    assert ("11 turns" if size[0] >= 100 else " 11t ago") in head
    assert ("  11 turns" in line) is (size[0] >= 120)
    assert not typed or f" {11 - len(typed)} turns" not in line


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (0.0, "0s"), (9.9, "9s"), (10.0, "10s"), (15.0, "15s"), (59.9, "55s"), (60.0, "1m"), (99.9, "1m"),
        (7261.0, "2h01m"),
    ],
)  # fmt: skip
def test_an_age_of_ten_seconds_or_more_goes_by_fives(age: float, said: str) -> None:
    """Of a quiet room the age was all that changed, once a second, and the whole row was sent for it."""
    snap = snapshot()
    ended = snap.turns[-1].ended
    assert ended is not None
    lines = [plain(live_lines(view(snap, now=ended + age + more), 120, 30)[0]) for more in (0.0, 0.001)]
    assert lines[0] == lines[1] and lines[0].rstrip().endswith(f" {said} ago")


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
def test_turns_that_did_not_leave_are_said_also_while_all_is_well_and_ahead_of_the_reason(
    size: tuple[int, int],
) -> None:
    ok = SourceState("otel", SourceCondition.OK, "2 turns dropped, 3 spans refused", notable=True)
    assert "otel 2 turns dropped, 3 spans refused" in text(snapshot(sources=(ok,)), *size)
    reason = "415 Unsupported Media Type and more"
    bad = SourceState("otel", SourceCondition.ERROR, f"1234 turns dropped, {reason}")
    assert "otel error 1234 turns dropped, 415 Unsupp" in text(snapshot(sources=(bad,)), *size)
    silent = SourceState("otel", SourceCondition.OK, "a detail")
    assert "a detail" not in text(snapshot(sources=(silent,)), *size)


@pytest.mark.parametrize(
    ("excess", "said"),
    [
        (19.0, "as usual at"),
        (40.0, "+40ms at"),
        (-250.0, "−250ms at"),
        (640.0, "▲+640ms"),
        (-640.0, "▼−640"),
    ],
)
def test_the_headline_has_no_arrow_for_what_is_ordinary(excess: float, said: str) -> None:
    """``▲+26ms`` stood beside 2.25 s, which was less than its median."""
    snap = snapshot(31)
    assert snap.judgement is not None and snap.judgement.diagnosis is not None
    told = replace(snap.judgement.diagnosis, excess_ms=excess)
    state = replace(snap.judgement, diagnoses=(told,), findings=())
    head = plain(headline_line(view(replace(snap, judgement=state)), 120))
    assert f"  {said}" in head and ("▲" in head[1:]) == (excess > 600)


def test_a_narrow_headline_has_the_stage_that_moved_and_by_how_much() -> None:
    """At 40 columns 20 blanks stood there."""
    told = snapshot(judgement=judgement(30, finding()))
    assert "  LLM +290ms " in plain(headline_line(view(told), 40))


def test_beside_lost_lines_the_sources_are_not_well() -> None:
    """``latency.log 2 gaps  6 unparsed lines  ● 7 sources ok`` warned and soothed in one line."""
    ok = SourceState("v34.log", SourceCondition.OK, newest=NOW)
    assert "2 sources ok" in text(snapshot(sources=(ok, replace(ok, name="latency.log"))), 120, 30)
    for torn in (replace(ok, name="latency.log", gaps=2), replace(ok, name="latency.log", dropped=1)):
        shown = text(snapshot(sources=(ok, torn)), 120, 30)
        assert " ok" not in shown and ("2 lost parts" in shown or "1 dropped line" in shown)
    assert "2 sources ok" in text(snapshot(sources=(ok, replace(ok, name="latency.log", newest=NOW - 4000))), 120, 30)
