"""The lines under the stage rows: each has its own, none hides another, and what is left out is counted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.ui.running import running_dashboard
from tests.ui.snapshots import NOW, TICK, control_state, finding, judgement, snapshot, sources, troubled
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL
from timmy_tui.model.turn import FlagChange
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.panels.facts import cache_line, footer_line
from timmy_tui.ui.panels.headline import headline_line, says_finding
from timmy_tui.ui.panels.live.diagnosis_line import diagnosis_line, fitting_diagnosis
from timmy_tui.ui.panels.live.said import (
    FULL,
    SOON_TURNS,
    forecast_line,
    said_lines,
    verdict_line,
)
from timmy_tui.ui.panels.live.said_page import said_rows
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.panels.live.stage_card import card_rows
from timmy_tui.ui.screens.overlays import SIGNS
from timmy_tui.ui.view import View

KEYS = {"findings": "i", "undo": "u"}


def view(snap: Snapshot, **changes: Any) -> View:
    return replace(View(snap, now=NOW, tick=TICK, keys=KEYS), **changes)


def with_context(fill: float, turns_left: int | None, **changes: Any) -> Snapshot:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.context is not None
    context = replace(snap.llm.context, fill=fill, turns_left=turns_left, **changes)
    return replace(snap, llm=replace(snap.llm, context=context, warnings=()))


def full() -> Snapshot:
    """Finding, verdict, a slow turn, a window that is nearly full and a stale source, all at once."""
    snap = with_context(0.91, 4)
    stale = replace(sources()[0], condition=SourceCondition.DENIED, detail="permission denied")
    return replace(snap, judgement=judgement(30, finding()), sources=(stale, *sources()[1:]))


WORDS = ("▲ LLM slower +290ms ×1.38", "verdict LLM faster", "+640ms over your usual", "context 91%", "denied")


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
def test_everything_that_has_something_to_say_has_its_own_line(size: tuple[int, int]) -> None:
    rows = [plain(row) for row in live_lines(view(full()), *size)]
    places = [next(at for at, row in enumerate(rows) if words in row and at) for words in WORDS]
    assert all(second > first for first, second in pairwise(places))


def test_what_has_nothing_to_say_takes_no_line() -> None:
    lines = said_lines(view(replace(with_context(0.3, 80), judgement=None)), 80, 9)
    assert [plain(row).split()[0] for row in lines] == ["cache", "●"]


def test_lines_that_do_not_fit_are_the_least_important_and_are_counted_with_their_key() -> None:
    everything = said_lines(view(full(), control=control_state()), 80, 9)
    for limit in range(1, len(everything)):
        lines = said_lines(view(full(), control=control_state()), 80, limit)
        assert len(lines) == limit and all(cells(row) <= 80 for row in lines)
        _, _, count = plain(lines[-1]).rpartition("+")
        assert count.endswith(" i") and not count[0].isdigit(), "it says what is left out"
    assert plain(said_lines(view(full(), control=control_state()), 80, len(everything) - 1)[-1]).endswith("+cache i")
    assert plain(said_lines(view(full(), control=control_state()), 40, 2)[-1]).endswith(" lines i"), "or how much"
    (one,) = said_lines(view(full(), control=control_state()), 80, 1)
    assert plain(one).startswith("tail mode off→on")
    first, second = said_lines(view(full()), 80, 2)
    assert plain(first).startswith("▲ LLM slower") and "denied" in plain(second)
    assert said_lines(view(full()), 80, 0) == []


def test_a_finding_says_how_many_more_there_are_and_which_key_lists_them() -> None:
    (line, *_) = said_lines(view(troubled()), 120, 9)
    assert plain(line).startswith("▲ LLM slower +290ms ×1.38") and plain(line).endswith("+1 finding i")
    assert "was 720ms → now 1.01s" in plain(line) and "11 turns" in plain(line)


@pytest.mark.parametrize(
    ("fill", "turns_left", "said"),
    [(FULL, None, True), (FULL - 0.01, None, False), (0.3, SOON_TURNS, True), (0.3, SOON_TURNS + 1, False)],
)
def test_the_context_speaks_when_it_is_nearly_full_or_soon_will_be(
    fill: float, turns_left: int | None, said: bool
) -> None:
    assert bool(forecast_line(view(with_context(fill, turns_left)), 80)) is said


def test_a_prompt_that_was_cut_is_said_whatever_the_window_holds() -> None:
    text = plain(forecast_line(view(with_context(0.3, 80, truncated=True)), 80))
    assert "the newest prompt was cut" in text


def test_the_page_behind_the_key_has_all_of_it_whole() -> None:
    text = "\n".join(plain(row) for row, _ in said_rows(view(full()), 40))
    for words in ("LLM faster", "over your", "context", "permission", "verdict of the newest flip"):
        assert words in text
    assert "…" not in text


# -- footer


def test_the_footer_names_the_screens_and_marks_the_current_one_without_colours() -> None:
    assert plain(footer_line(view(snapshot()), "trends", 80)) == "1 Live 2 Turns [3 Trends] 4 LLM 5 Changes 6 Log"
    assert plain(footer_line(view(snapshot()), "log", 63)) == "[6 Log] 1-6 screens"


async def test_frozen_is_visible_on_every_screen_and_page() -> None:
    async with running_dashboard(snapshot(27), size=(80, 24)) as dashboard:
        await dashboard.press("space")
        await dashboard.publish(snapshot(31))
        for key in ("1", "2", "3", "4", "5", "6"):
            await dashboard.press(key)
            assert "FROZEN +4 turns" in dashboard.text(), key
        for key in ("question_mark", "i", "e"):
            await dashboard.press(key)
            assert "FROZEN +4 turns" in dashboard.text(), key
            await dashboard.press("escape")


# -- a row and what it is


async def test_a_chosen_row_says_what_it_is() -> None:
    async with running_dashboard(snapshot(), size=(120, 30)) as dashboard:
        await dashboard.press("down", "down", "question_mark")
        text = dashboard.text()
        assert "STT: what this row is" in text and "stt_pause_detected" in text and "STT's clock" in text
        await dashboard.press("escape", "up", "question_mark")
        assert "endpointing: what this row is" in dashboard.text() and "setting of yours" in dashboard.text()
        await dashboard.press("escape", "down", "enter")
        assert "log · STT of turn" in dashboard.text()
        await dashboard.press("1")
        await dashboard.press("escape", "escape", "question_mark")
        assert "what this row is" not in dashboard.text() and "keys" in dashboard.text()


async def test_v_changes_what_the_columns_are_and_says_so() -> None:
    async with running_dashboard(snapshot(), size=(120, 30)) as dashboard:
        assert "ms from zero" not in dashboard.text()
        await dashboard.press("v")
        assert dashboard.text().count("ms from zero") == 2
        await dashboard.press("v")
        assert "rows: time over the usual" in dashboard.text()


@pytest.mark.parametrize("key", ["endpointing", "hop_in", "llm", "mute", "network", "unattributed", "store", "deaf"])
def test_every_row_has_a_card_with_its_ends_and_its_owner(key: str) -> None:
    text = "\n".join(plain(row) for row, _ in card_rows(key, view(snapshot()), 80))
    for words in ("what", "from", "whose", "in V2V", "last turn", "p50"):
        assert words in text, words
    assert all(cells(row) <= 80 for row, _ in card_rows(key, view(snapshot()), 80))


def test_a_changed_row_says_so_on_its_card() -> None:
    snap = snapshot(judgement=judgement(30, finding()))
    text = "\n".join(plain(row) for row, _ in card_rows("llm", view(snap), 120))
    assert "▲+290ms ×1.38 was 720ms → now 1.01s" in text.replace("  ", " ")


def test_a_source_that_is_down_is_ahead_of_the_cache_where_only_two_lines_fit() -> None:
    down = SourceState("ollama", SourceCondition.DOWN, "unreachable 14s", since=NOW - 14)
    snap = snapshot(judgement=None, sources=(down,))
    assert "unreachable 14s" in plain(said_lines(view(snap), 80, 1)[0])


def test_a_cut_prompt_is_told_once() -> None:
    snap = with_context(0.3, 80, truncated=True)
    assert snap.llm is not None
    words = "the newest prompt was cut silently: Timmy forgets"
    row = forecast_line(view(replace(snap, llm=replace(snap.llm, warnings=(words,)))), 120)
    assert plain(row).count("the newest prompt was cut") == 1 and words in plain(row)
    assert all(role == "bad" for text, role in row if "cut" in text)


@pytest.mark.parametrize("width", [20, 40, 80])
def test_the_way_out_of_a_page_is_in_its_footer_at_any_width(width: int) -> None:
    words = (("a", "accept"), ("c", "acknowledge"), ("s", "mute the stage"), ("Esc", "back"))
    shown = plain(footer_line(view(snapshot(), footers={"findings": words}), "findings", width))
    assert shown.endswith("Esc back") and len(shown) <= width and (width == 20 or shown.startswith("a accept"))


async def test_findings_that_are_over_stand_below_the_others_in_the_same_columns() -> None:
    over = finding(key="r", stage="retrieve", ended="back to usual")
    async with running_dashboard(snapshot(judgement=judgement(28, finding(), over)), size=(80, 24)) as dashboard:
        await dashboard.press("i")
        rows = [row for row in dashboard.rows() if "slower" in row]
        assert [row.index("▲") for row in rows] == [16, 16] and rows[1].startswith("  RAG")


@pytest.mark.parametrize("size", [(40, 10), (60, 15)])
def test_what_is_left_out_is_counted_as_a_warning_only_where_it_is_one(size: tuple[int, int]) -> None:
    """``+sources`` had the colour of a warning while all sources were ok."""
    calm = view(replace(with_context(0.3, 80), judgement=None))
    lines = said_lines(calm, size[0], 1)
    counted = next(role for text, role in lines[-1] if text.startswith("+"))
    assert counted == "muted"
    stale = replace(sources()[0], condition=SourceCondition.DENIED, detail="permission denied")
    ill = replace(calm.snapshot, judgement=judgement(30, finding()), sources=(stale, *sources()[1:]))
    urgent = said_lines(view(ill), size[0], 1)
    assert next(role for text, role in urgent[-1] if text.startswith("+")) == "warn"


async def test_a_key_that_answers_a_finding_is_shown_only_where_there_is_one() -> None:
    over = finding(key="r", stage="retrieve", ended="back to usual")
    for findings, answers in (((), False), ((over,), False), ((finding(),), True)):
        async with running_dashboard(snapshot(judgement=judgement(28, *findings))) as dashboard:
            await dashboard.press("i")
            await dashboard.until(lambda: dashboard.app.place == "findings")
            assert ("accept" in dashboard.rows()[-1]) is answers and dashboard.rows()[-1].rstrip().endswith("Esc back")


async def test_a_long_notice_is_whole_in_the_list_of_notices() -> None:
    """It was cut there too, and stood nowhere else."""
    async with running_dashboard(snapshot(), size=(60, 15)) as dashboard:
        dashboard.app.say(f"restore point made; not in git: {'/a/long/folder' * 6} is not a git repository", "warn")
        await dashboard.press("e")
        await dashboard.until(lambda: "is not a git repository" in dashboard.text())
        assert "…" not in "".join(row for row in dashboard.rows()[:8])


def test_signs_stand_once_in_help() -> None:
    signs = [sign for sign, _ in SIGNS if sign]
    assert len(set(signs)) == len(signs)


def test_the_models_name_is_whole_or_left_out() -> None:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.facts is not None
    name = "llama3.2:3b-instruct-q4_K_M"
    known = view(replace(snap, llm=replace(snap.llm, facts=replace(snap.llm.facts, model=name))))
    for width in range(40, 200, 7):
        shown = plain(cache_line(known, width))
        assert name in shown or "llama" not in shown
    assert name in plain(cache_line(known, 200))


# -- the answer to a flip

MOVED = (
    FlagChange(flag="tail-mode", label="tail mode", before=True, after=False),
    FlagChange(flag="raw", label="raw", before=True, after=False),
)


def flipped(**changes: Any) -> Snapshot:
    """A verdict on a flip of two flags, and nothing else of the judgement."""
    state = judgement(30)
    assert state.verdict is not None
    sentence = "helped: LLM ×0.41 [0.36, 0.47] at equal work, V2V -420ms, n = 11 against 18"
    verdict = replace(state.verdict, changes=MOVED, sentence=sentence, outcome="helped")
    return replace(snapshot(), judgement=replace(state, verdict=replace(verdict, **changes), diagnoses=()))


@pytest.mark.parametrize("width", range(34, 80))
def test_where_not_all_has_room_the_answer_is_ahead_of_what_was_asked(width: int) -> None:
    """``tail mode off→on, raw on→off: h…  u undo`` said nothing."""
    text = plain(verdict_line(view(flipped()), width))
    assert text.startswith("helped: tail mode off→on") and text.endswith("  u undo") and len(text) <= width


def test_a_wide_line_asks_first_and_answers_then() -> None:
    text = plain(verdict_line(view(flipped()), 120))
    assert text.startswith("tail mode off→on, raw on→off: helped: LLM ×0.41") and text.endswith("u undo")


def test_a_narrow_line_says_how_many_turns_a_verdict_still_takes() -> None:
    text = plain(verdict_line(view(flipped(wanted=2, sentence="too few turns: 2 more")), 40))
    assert text.startswith("too few turns: 2 more: tail mode")


@pytest.mark.parametrize("size", [(40, 10), (60, 15)])
def test_on_the_smallest_panes_the_answer_is_on_the_screen(size: tuple[int, int]) -> None:
    text = "\n".join(map(plain, live_lines(view(flipped()), *size)))
    assert "helped: tail mode" in text


def test_on_a_single_line_the_headlines_finding_does_not_hide_the_verdict() -> None:
    told = flipped()
    state = judgement(30, finding())
    snap = replace(told, judgement=replace(state, verdict=told.judgement.verdict if told.judgement else None))
    assert says_finding(view(snap), 60) and not says_finding(view(snap), 40)
    (one,) = said_lines(view(snap), 60, 1)
    assert plain(one).startswith("helped: ") and "finding" not in plain(one) and "u undo  " in plain(one)
    (first,) = said_lines(view(snap), 40, 1)
    assert plain(first).startswith("▲ LLM slower"), "the headline has no room for it there"


def test_the_page_of_all_there_is_says_a_heading_once() -> None:
    rows = [plain(row).strip() for row, _ in said_rows(view(full()), 80)]
    for heading in ("cache", "context"):
        said = rows[rows.index(heading) + 1]
        assert heading not in said and said, said


def test_the_headline_has_a_finding_in_the_place_of_the_largest_part() -> None:
    """Eight figures in a row were read by nobody."""
    quiet, told = (
        plain(headline_line(view(snapshot(judgement=state)), 120)) for state in (None, judgement(30, finding()))
    )
    assert "largest " in quiet and "largest " not in told and "▲ LLM +290ms ×1.38" in told


@pytest.mark.parametrize(("n", "said"), [(20, False), (12, True)])
def test_the_number_of_turns_is_said_where_the_window_is_not_full(n: int, said: bool) -> None:
    snap = snapshot()
    assert snap.headline is not None
    text = plain(headline_line(view(replace(snap, window=20, headline=replace(snap.headline, n=n))), 120))
    assert "p50·20t " in text and (f"n {n}" in text) == said


WHOLE = (
    "+478ms over your usual (with a memory store, 34 tokens): "
    "STT +124ms, store +88ms (first store in 5 turns), rest −4ms"
)


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (24, "+478ms: STT +124ms…"),
        (32, "+478ms: STT +124ms…"),
        (40, "+478ms over your usual: STT +124ms…"),
        (80, "+478ms over your usual: STT +124ms, store +88ms (first store in 5 turns)…"),
        (84, "+478ms over your usual: STT +124ms, store +88ms (first store in 5 turns), rest −4ms"),
        (140, WHOLE),
    ],
)
def test_where_a_diagnosis_has_no_room_it_leaves_out_what_it_was_compared_with_and_ends_behind_a_figure(
    width: int, said: str
) -> None:
    """``retrieval +57ms, wait…`` and ``turn 45: +76ms over your usual:…`` told half of it."""
    snap = snapshot()
    assert snap.judgement is not None and snap.judgement.diagnosis is not None
    told = replace(
        snap.judgement.diagnosis, sentence=WHOLE, compared_with="with a memory store, 34 tokens", excess_ms=478.0
    )
    v = view(replace(snap, judgement=replace(snap.judgement, diagnoses=(told,))))
    assert plain(diagnosis_line(v, width, v.newest_turn)[0]) == said


def test_a_turn_that_was_not_judged_says_so_as_far_as_it_fits() -> None:
    told = Diagnosis(ordinal=1, excess_ms=None, sentence="failed: Generate API error, model runner stopped; again")
    assert fitting_diagnosis(told, 30).startswith("failed: Generate API error…")
    assert fitting_diagnosis(told, 100) == told.sentence


@given(st.integers(1, 200))
def test_a_diagnosis_is_never_wider_than_its_room(width: int) -> None:
    told = Diagnosis(ordinal=1, excess_ms=478.0, sentence=WHOLE, compared_with="with a memory store, 34 tokens")
    text = fitting_diagnosis(told, width)
    assert len(text) <= width and (width < 19 or "STT +124ms" in text)


@pytest.mark.parametrize(("outcome", "role"), [("helped", "good"), ("hurt", "bad"), ("no change", "info")])
@pytest.mark.parametrize("width", [60, 120])
def test_the_answer_to_a_flip_has_the_colour_of_its_row(outcome: str, role: str, width: int) -> None:
    """It was teal, as keys are and TTS is."""
    snap = full()
    assert snap.judgement is not None and snap.judgement.verdict is not None
    verdict = replace(snap.judgement.verdict, outcome=outcome, sentence=f"{outcome}: LLM ×0.40", wanted=0)
    spans = verdict_line(view(replace(snap, judgement=replace(snap.judgement, verdict=verdict))), width)
    assert role in {span[1] for span in spans if span[0].startswith(outcome)}


@pytest.mark.parametrize("key", CRITICAL)
def test_the_page_of_a_stage_has_the_names_of_its_events_whole_at_40_columns(key: str) -> None:
    """It ended in ``v34_classification_comple…``."""
    text = " ".join(plain(row) for row, _ in card_rows(key, view(full()), 40))
    stage = BY_KEY[key]
    assert "…" not in text and all(event in text for event in (*stage.starts, *stage.ends))
