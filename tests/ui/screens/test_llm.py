"""The LLM screen: every figure with its source, and a dash with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.running import running_dashboard
from tests.ui.snapshots import NOW, TICK, finding, judgement, snapshot
from timmy_tui.model.llm import Certainty, Criterion, LlmState, OllamaFacts, Reuse
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.ui.charts.share_columns import ShareColumn, share_cells
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE
from timmy_tui.ui.paint.lines import Line, cells, plain
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.panels.llm.criteria import criteria_lines, criteria_rows
from timmy_tui.ui.panels.llm.over_turns import fill_column, reuse_column
from timmy_tui.ui.panels.llm.prompt_parts import PromptParts, prompt_parts, strip_lines
from timmy_tui.ui.panels.llm.screen import llm_layout, llm_lines, turn_at
from timmy_tui.ui.panels.skyline.window import GUTTER, window_of
from timmy_tui.ui.view import View

SIZES = [(40, 10), (60, 15), (80, 24), (120, 30), (200, 50)]
KEYS = {"criteria": "Enter", "cursor_back": "←", "cursor_on": "→"}


def view(snap: Snapshot, **changes: Any) -> View:
    return replace(View(snap, now=NOW, tick=TICK, keys=KEYS), **changes)


def reuse(**changes: Any) -> Reuse:
    known: dict[str, Any] = {
        "ordinal": 30, "prompt_tokens": 2000, "reused": 1500, "share": 0.75, "certainty": Certainty.MEASURED,
        "reason": "Ollama reports it",
    }  # fmt: skip
    return Reuse(**(known | changes))


def with_newest(**changes: Any) -> Snapshot:
    """The newest turn's prompt is this one."""
    snap = snapshot()
    assert snap.llm is not None
    return replace(snap, llm=replace(snap.llm, reuse=(*snap.llm.reuse[:-1], reuse(**changes))))


RANGE: dict[str, Any] = {"reused": 1200, "share": 0.6, "least": 0.4, "most": 0.7, "certainty": Certainty.ESTIMATED}
UNKNOWN: dict[str, Any] = {"reused": None, "share": None, "certainty": Certainty.UNKNOWN, "reason": "no cold turn yet"}
LOADED: dict[str, Any] = {"reused": 0, "share": 0.0, "certainty": Certainty.KNOWN, "loaded": True, "cold": True}


# -- the prompt of a turn


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, PromptParts(2000, 1500, 0, 500)),
        (RANGE, PromptParts(2000, 800, 600, 600)),
        (UNKNOWN, PromptParts(2000, 0, 2000, 0)),
        (LOADED, PromptParts(2000, 0, 0, 2000)),
        ({"reused": None}, PromptParts(2000, 1500, 0, 500)),
    ],
)
def test_a_prompt_in_parts(changes: dict[str, Any], parts: PromptParts) -> None:
    found = prompt_parts(reuse(**changes), None)
    assert found == parts
    assert found.reused + found.unknown + found.evaluated == found.total


def test_a_prompt_without_a_length_has_no_parts() -> None:
    assert prompt_parts(reuse(prompt_tokens=None), None) is None


@pytest.mark.parametrize(
    ("turn", "cut", "estimated"),
    [
        ({"context_sent": 9000, "prompt_tokens_est": 500}, 7000, False),
        ({"prompt_tokens_est": 2600}, 600, True),
        ({"prompt_tokens_est": 2000}, None, False),
        ({}, None, False),
    ],
)
def test_what_was_cut_off_is_known_from_the_array_or_estimated_or_not_known(
    turn: dict[str, Any], cut: int | None, estimated: bool
) -> None:
    found = prompt_parts(reuse(cut=True), Turn(ordinal=30, **turn))
    assert found is not None and (found.cut, found.cut_estimated) == (cut, estimated)
    uncut = prompt_parts(reuse(), Turn(ordinal=30, **turn))
    assert uncut is not None and uncut.cut == 0


def strip(width: int = 120, ascii_only: bool = False, **changes: Any) -> tuple[str, str]:
    shown = view(with_newest(**changes), glyphs=ASCII if ascii_only else UNICODE)
    assert shown.newest_prompted is not None
    bar, words = strip_lines(shown, shown.newest_prompted, width)
    assert cells(bar) == width and cells(words) <= width
    return plain(bar), plain(words)


def test_the_strip_shows_what_is_known_and_hatches_what_is_not() -> None:
    bar, words = strip(100)
    assert bar == "█" * 75 + "▒" * 25
    assert "reused 1 500 (75%)" in words and "new 500" in words and "~" not in words and "≥" not in words
    bar, words = strip(100, **RANGE)
    assert bar == "█" * 40 + "╱" * 30 + "▒" * 30
    assert "reused ≥800 (~40–70%)" in words and "not known ~600" in words and "new ≥600" in words
    bar, words = strip(100, **UNKNOWN)
    assert bar == "╱" * 100 and "no cold turn yet" in words and "reused" not in words and "new" not in words
    bar, words = strip(100, **(RANGE | {"least": None, "most": None}))
    assert bar == "█" * 60 + "▒" * 40 and "reused ~1 200 (~60%)" in words and "new ~800" in words
    bar, words = strip(100, **LOADED)
    assert bar == "▒" * 100 and "reused 0 (loaded)" in words


def test_the_four_fills_differ_without_colours_too() -> None:
    bar, _ = strip(100, ascii_only=True, **RANGE)
    assert bar == "#" * 40 + "/" * 30 + "=" * 30


def test_a_prompt_that_was_cut_shows_how_much() -> None:
    snap = with_newest(cut=True, **{**LOADED, "loaded": False})
    turns = (*snap.turns[:-1], replace(snap.turns[-1], prompt_tokens_est=4000))
    shown = view(replace(snap, turns=turns))
    bar, words = strip_lines(shown, turns[-1], 100)
    assert plain(bar) == "▒" * 50 + "░" * 50 and "cut ~2 000" in plain(words)


def test_a_turn_that_never_reached_the_model_has_no_prompt() -> None:
    snap = snapshot()
    assert snap.llm is not None
    shown = view(replace(snap, llm=replace(snap.llm, reuse=snap.llm.reuse[:-1])))
    bar, words = strip_lines(shown, snap.turns[-1], 80)
    assert plain(bar) == "╱" * 80 and "prompt —" in plain(words) and "nothing is known" in plain(words)
    assert shown.newest_prompted is snap.turns[-2]


# -- over turns


def test_a_column_is_solid_as_far_as_is_certain_and_hollow_above_it() -> None:
    solid = [text for text, _ in share_cells(ShareColumn(0.5, 0.5), 4, UNICODE)]
    assert solid == ["█", "█", " ", " "]
    ranged = [text for text, _ in share_cells(ShareColumn(0.25, 0.75), 4, UNICODE)]
    assert ranged == ["█", "░", "░", " "]
    assert [text for text, _ in share_cells(ShareColumn(0.0, 0.0), 2, UNICODE)] == ["▁", " "]
    assert [text for text, _ in share_cells(ShareColumn(0.0, 0.1), 2, UNICODE)] == ["░", " "]
    assert [text for text, _ in share_cells(ShareColumn(1.0, 1.0, cut=True), 2, UNICODE)] == ["█", "▴"]
    assert [text for text, _ in share_cells(ShareColumn(sign="l"), 2, UNICODE)] == ["l", " "]


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({}, ""), (RANGE, ""), (UNKNOWN, "?"), (LOADED, "l"), ({**LOADED, "loaded": False, "cut": True}, "c"),
        ({**UNKNOWN, "busy": True}, "b"),
    ],
)  # fmt: skip
def test_a_turn_without_a_share_has_a_sign_with_its_word_in_the_legend(changes: dict[str, Any], sign: str) -> None:
    shown = view(with_newest(**changes))
    assert reuse_column(shown, shown.turns[-1]).sign == sign
    legend = next(plain(row) for row in llm_lines(shown, 120, 30) if "←→ turn" in plain(row))
    words = {"?": "? not known", "l": "l loaded", "c": "c cut", "b": "b busy"}
    assert [word in legend for word in words.values()] == [one == sign for one in words]


def test_reuse_and_context_stand_on_the_columns_of_the_skyline() -> None:
    snap = with_newest(**LOADED)
    for width in (60, 120):
        rows = [plain(row) for row in llm_lines(view(snap), width, 30)]
        live = [plain(row) for row in live_lines(view(snap), width, 30)]
        chart = next(at for at, row in enumerate(rows) if row.lstrip().startswith("reuse  "))
        plot = next(row for row in live if row.lstrip().startswith("0s "))
        window = window_of(view(snap), width)
        newest = max(row[: GUTTER + window.columns - window.flight].rfind("l") for row in rows[chart + 1 : chart + 4])
        assert newest == GUTTER + window.column_of(30), "where its column is wide, in the middle"
        assert plot[newest].strip() and not plot[newest + window.width_of(30) :].strip()
        assert rows[chart].index("reuse") == plot.index("0s") - 3, "the names stand where the ticks do"


def test_the_gauge_and_the_newest_column_are_one_figure() -> None:
    shown = view(snapshot())
    assert fill_column(shown, shown.turns[-1]).least == 0.34
    before = shown.turns[-2]
    expected = ((before.prompt_tokens or 0) + (before.output_tokens or 0)) / 8000
    assert fill_column(shown, before).least == pytest.approx(expected)


def test_a_prompt_that_was_cut_fills_its_window() -> None:
    snap = snapshot()
    assert snap.llm is not None
    items = (*snap.llm.reuse[:29], reuse(ordinal=29, cut=True, prompt_tokens=7900), snap.llm.reuse[30])
    shown = view(replace(snap, llm=replace(snap.llm, reuse=items)))
    column = fill_column(shown, shown.turns[29])
    assert column.least >= 1 and column.cut and column.role == "bad"


def test_the_cursor_shows_that_turns_prompt_and_request() -> None:
    shown = view(snapshot()).with_cursor(3)
    rows = [plain(row) for row in llm_lines(shown, 120, 30)]
    assert any(row.startswith("turn 403 prompt 803 tok") for row in rows)
    assert any("27t back" not in row and "turn 403 ·" in row for row in rows)
    assert any(row.lstrip().startswith("403 ") for row in rows), "its row is among the requests"


async def test_the_keys_of_the_live_screen_move_the_cursor_here_too() -> None:
    async with running_dashboard(snapshot(), size=(120, 30)) as dashboard:
        await dashboard.press("4", "left", "left")
        assert "turn 429 prompt" in dashboard.text()
        await dashboard.press("right")
        assert "turn 430 prompt" in dashboard.text()
        await dashboard.press("shift+left")
        assert "turn 425 prompt" in dashboard.text()
        await dashboard.press("1")
        assert "turn 425 ·" in dashboard.text()
        await dashboard.press("4", "end")
        assert "turn 430 prompt" in dashboard.text() and "turn 425" not in dashboard.rows()[4]


def test_a_click_on_a_column_finds_its_turn() -> None:
    shown, size = view(snapshot()), (120, 30)
    rows = [plain(row) for row in llm_lines(shown, *size)]
    chart = next(at for at, row in enumerate(rows) if row.lstrip().startswith("reuse  "))
    # Three cells a turn, two of the one in flight.
    assert [turn_at(shown, size, (x, chart)) for x in range(114, 119)] == [29, 30, 30, 30, None]
    assert turn_at(shown, size, (116, chart - 1)) is None and turn_at(shown, size, (GUTTER, chart)) is None


# -- criteria


MISLEADING = Criterion("count_zero", "prompt_eval_count = 0", "Success Metrics", "misleading", "0 of 9", "never 0")


def test_a_misleading_sign_has_a_glyph_a_word_and_a_colour_that_are_not_those_of_a_failure() -> None:
    failed = replace(MISLEADING, verdict="fail")
    rows = [criteria_lines((item,), view(snapshot()), 120, 9)[-1] for item in (MISLEADING, failed)]
    assert plain(rows[0]).startswith("≠ misleading ") and plain(rows[1]).startswith("✗ fail")
    assert rows[0][0][1] == "misleading" and rows[1][0][1] == "bad"
    ascii_row = plain(criteria_lines((MISLEADING,), view(snapshot(), glyphs=ASCII), 120, 9)[-1])
    assert ascii_row.startswith("! misleading") and ascii_row.isascii()


@pytest.mark.parametrize("theme", ["timmy-dark", "timmy-light", "okabe-ito", "ansi16"])
def test_no_theme_gives_it_the_colour_of_a_failure(theme: str) -> None:
    from timmy_tui.ui.paint.themes import load_themes, packaged_folder

    styles = load_themes([packaged_folder()])[0][theme].styles
    assert styles["misleading"].color != styles["bad"].color


def test_what_does_not_fit_is_counted_with_the_key_that_shows_it_whole() -> None:
    snap = snapshot()
    assert snap.llm is not None
    criteria = snap.llm.criteria
    for height in range(4, 12):
        lines = [plain(row) for row in criteria_lines(criteria, view(snap), 100, height)]
        assert len(lines) <= height
        shown = sum(row.startswith(("●", "✗", "○")) for row in lines)
        assert shown == len(criteria) or lines[-1] == f"+{len(criteria) - shown} more criteria  Enter"
    (counts,) = criteria_lines(criteria, view(snap), 100, 3)
    assert plain(counts) == "the guide's criteria:  2 pass  2 fail  1 not judged  Enter"
    page = "\n".join(plain(row) for row, _ in criteria_rows(view(snap), 40))
    assert "counts all tokens" in page and "…" not in page


# -- the whole screen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_size_is_filled_exactly_and_says_first_whether_the_cache_works(
    size: tuple[int, int], glyphs: Any
) -> None:
    snap = snapshot()
    assert snap.llm is not None
    works = Criterion("prefix_reuse", "prompt reused", "Success Metrics", "pass", "~74% reused · 11t")
    state = replace(snap.llm, criteria=(works, *snap.llm.criteria))
    rows = llm_lines(view(replace(snap, llm=state), glyphs=glyphs), *size)
    assert len(rows) == size[1] and {cells(row) for row in rows} == {size[0]}
    assert "cache works" in plain(rows[0]) and "~74% reused · 11t" in plain(rows[0])
    assert any(plain(row).lstrip().startswith("reuse ") for row in rows), "the columns are there from 40×10 on"


def test_rows_are_shared_out_and_never_lost() -> None:
    for rows in range(60):
        layout = llm_layout(rows)
        used = layout.charts + layout.requests + layout.criteria
        assert used <= rows
        assert layout.charts % 2 == 0 and layout.requests not in (1, 2, 3) and layout.criteria not in (2, 3)
    assert llm_layout(3).charts == 0 and llm_layout(4).plot == 1


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("pass", "the prompt cache works"), ("fail", "less than half of each prompt"), ("not judged", "is not known")],
)
def test_the_first_line_answers_as_the_criterion_does(verdict: str, words: str) -> None:
    snap = snapshot()
    assert snap.llm is not None
    one = Criterion("prefix_reuse", "prompt reused", "Success Metrics", verdict, "~74% reused · 11t")
    first: Line = llm_lines(view(replace(snap, llm=replace(snap.llm, criteria=(one,)))), 120, 30)[0]
    assert words in plain(first) and "~74% reused" in plain(first)


def test_it_does_not_say_that_the_cache_works_while_it_stopped_helping() -> None:
    """The criterion is of sixty turns of the epoch; the newest five were cold."""
    stopped = finding(
        key="c", stage="prompt cache", before_ms=40.0, after_ms=2150.0, ratio=53.0, cause="prompts are cut"
    )
    snap = snapshot(judgement=judgement(28, stopped))
    assert snap.llm is not None
    one = Criterion("prefix_reuse", "prompt reused", "Success Metrics", "pass", "97% reused · 64t")
    first = llm_lines(view(replace(snap, llm=replace(snap.llm, criteria=(one,)))), 120, 30)[0]
    assert plain(first).rstrip() == "✗ the prompt cache stopped helping  ▲+2.11s a turn  since turn 420"


async def test_the_llm_screen_says_where_its_figures_come_from() -> None:
    async with running_dashboard(snapshot(), size=(120, 40)) as dashboard:
        await dashboard.press("4")
        text = dashboard.text()
        for words in ("Ollama 0.12.11", "3.4 GB, 100% GPU", "unloads in 4m", "2 720 of 8 000 (loaded)",
                      "≈86 turns left", "reused ~1 813 (~74%)", "new ~637", "estimated: prefill time", "108 tok/s",
                      "cold", "✗ fail", "● pass", "○ not judged LLM time",
                      "because only 2 of 10 turns show it, 3 are needed", "● not seen   errors in logs",
                      "✗ seen       replies degrade", "counts all tokens"):  # fmt: skip
            assert words in text, words


async def test_unknown_reuse_is_a_dash_with_its_reason() -> None:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.facts is not None
    unknown = Reuse(ordinal=30, prompt_tokens=None, reused=None, share=None, certainty=Certainty.UNKNOWN,
                    reason="no cold turn seen yet")  # fmt: skip
    down = replace(snap.llm.facts, reachable=False, since=snap.taken - 14, problem="connection refused")
    state = LlmState(down, (unknown,), None, ())
    async with running_dashboard(replace(snap, llm=state), size=(120, 30)) as dashboard:
        assert "cache — (no cold turn seen yet)" in dashboard.text() and "ollama unreachable 14s" in dashboard.text()
        await dashboard.press("4")
        assert (
            "unreachable for 14s connection refused" in dashboard.text() and "no cold turn seen yet" in dashboard.text()
        )
        assert " 0%" not in dashboard.text()
    async with running_dashboard(replace(snap, llm=None)) as dashboard:
        await dashboard.press("4")
        assert "no data on the model yet" in dashboard.text()


@pytest.mark.parametrize(("in_gpu", "words"), [(3 << 30, "100% GPU"), (2 << 30, "100% GPU"), (1 << 30, "50% GPU")])
async def test_a_share_is_at_most_the_whole(in_gpu: int, words: str) -> None:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.facts is not None
    facts = replace(snap.llm.facts, size=2 << 30, size_vram=in_gpu)
    async with running_dashboard(replace(snap, llm=replace(snap.llm, facts=facts)), size=(120, 40)) as dashboard:
        await dashboard.press("4")
        assert f"2.1 GB, {words}" in dashboard.text()


async def test_a_model_in_the_cloud_is_not_called_unloaded() -> None:
    snap = snapshot()
    assert snap.llm is not None
    facts = OllamaFacts(url="", reachable=True, since=None, model="gpt-oss:120b-cloud", cloud=True)
    state = replace(snap.llm, facts=facts, warnings=())
    async with running_dashboard(replace(snap, llm=state), size=(120, 40)) as dashboard:
        assert "loaded" not in dashboard.text()
        await dashboard.press("4")
        assert "gpt-oss:120b-cloud" in dashboard.text() and "runs in the cloud" in dashboard.text()
        assert "not loaded" not in dashboard.text() and "unloads" not in dashboard.text()


def test_what_a_criterion_shows_is_a_column_where_there_is_room() -> None:
    snap = snapshot()
    assert snap.llm is not None
    one = replace(snap.llm.criteria[0], note="what it shows")
    criteria = (one, replace(one, value="1 of 1"), replace(one, note=""))
    wide = [plain(row) for row in criteria_lines(criteria, view(snap), 200, 20)]
    assert len({row.index("what it shows") for row in wide if "what it shows" in row}) == 1
    long = replace(one, value="no session has a second turn yet, nor has any turn before it a figure to go by")
    (row,) = [row for row in map(plain, criteria_lines((long,), view(snap), 200, 20)) if "what it" in row]
    assert f"{long.value}  what it shows" in row, "and moves no other"
    narrow = [plain(row) for row in criteria_lines(criteria, view(snap), 100, 20)]
    assert all(f"{one.value}  what" in row or "1 of 1  what" in row for row in narrow if "what it" in row)


NOT_KNOWN = Criterion(
    "prefix_reuse", "prompt reused", "Success Metrics", "not judged", "", because="no session has two turns yet"
)


@pytest.mark.parametrize("width", [40, 50, 60, 80, 120])
def test_why_the_answer_is_not_known_is_whole_or_not_there(width: int) -> None:
    """``because no…`` stood at 40 columns."""
    snap = snapshot()
    assert snap.llm is not None
    shown = view(replace(snap, llm=replace(snap.llm, criteria=(NOT_KNOWN,))))
    first = plain(llm_lines(shown, width, 24)[0]).rstrip()
    assert "not known" in first and "…" not in first
    assert first.endswith(NOT_KNOWN.because) or (width < 60 and first.endswith(("not known yet", "is not known")))


def test_at_80_columns_a_criterion_has_its_reason_or_its_first_figure_and_no_piece_of_a_note() -> None:
    note = "this is what the two lines above should show, and what they do not"
    counted = replace(
        NOT_KNOWN, label="prompt_eval_count = 0, requests 2+", because="", note=note,
        value="0 of 14 turns, median 1178 tok, 41% reused",
    )  # fmt: skip
    short = replace(counted, value="41% reused · 14t")
    known = (replace(NOT_KNOWN, note=note), counted, short)
    rows = [plain(row).rstrip() for row in criteria_lines(known, view(snapshot()), 80, 20)][2:]
    assert [row[49:] for row in rows] == [
        "no session has two turns yet",
        "0 of 14 turns, median 1178 tok…",
        "41% reused · 14t",
    ]
    whole = plain(criteria_lines((short,), view(snapshot()), 140, 20)[2])
    assert note in whole


@pytest.mark.parametrize("width", [80, 100, 120, 140, 200])
def test_the_figures_of_a_request_have_their_units_or_their_heads(width: int) -> None:
    """``1 639  59%  107/s`` stood under nothing."""
    lines = [plain(row).rstrip() for row in llm_lines(view(snapshot()), width, 50)]
    at = next(at for at, row in enumerate(lines) if row.startswith("requests, newest first"))
    head, request = lines[at + 1], lines[at + 2]
    assert "108 tok/s" in request and len(head) <= width
    if width < 120:
        assert "prefill" in head and "not known" in head
        return
    assert head.endswith("tok  reused") and "not known" in head
    ends = [request.index("2 450") + 5, request.index("~74%") + 4]
    assert [head.rindex("tok") + 3, len(head)] == ends
