"""The view from across the room: state and figure as large as the pane, with glyph, word and colour."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.running import running_dashboard
from tests.ui.snapshots import NOW, TICK, conversation, finding, judgement, open_turn, snapshot, turn
from timmy_tui.model.snapshot import Listening, Snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.charts.big_text import big_text, largest
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE, to_ascii
from timmy_tui.ui.paint.lines import Line, cells, plain
from timmy_tui.ui.panels.live.across import across_lines
from timmy_tui.ui.view import View

LISTENING = replace(snapshot(), listening=Listening(pauses=5, per_minute=84.0, arrived=TICK - 1))
SIZES = ((40, 8), (40, 10), (60, 15), (80, 24), (120, 30), (200, 50))


def drawn(snap: Snapshot, size: tuple[int, int] = (80, 24), **changes: object) -> list[Line]:
    return across_lines(replace(View(snapshot=snap, now=NOW, tick=TICK), **changes), *size)


def text_of(lines: list[Line]) -> str:
    return "\n".join(plain(row).rstrip() for row in lines)


def block(lines: list[Line], text: str, ascii_only: bool = False) -> str:
    """The role in which the text stands in blocks; empty where it does not, in any size."""
    for rows in range(len(lines), 2, -1):
        size = largest(text, cells(lines[0]), rows, ascii_only)
        wanted = [row.strip() for row in big_text(text, size, ascii_only)] if size else []
        for at in range(len(lines) - len(wanted) + 1) if wanted else ():
            if [plain(row).strip() for row in lines[at : at + len(wanted)]] == wanted:
                spans = (span for row in lines[at : at + len(wanted)] for span in row)
                return next(role for part, role in spans if part.strip())
    return ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_size_is_filled_exactly(size: tuple[int, int], glyphs: object) -> None:
    for snap in (LISTENING, snapshot(), Snapshot(), snapshot(open_turn=open_turn())):
        lines = drawn(snap, size, glyphs=glyphs)
        assert len(lines) == size[1] and {cells(row) for row in lines} == {size[0]}
        assert all(to_ascii(plain(row)).isascii() for row in lines)


@pytest.mark.parametrize("size", SIZES[1:])
def test_the_state_and_the_figure_stand_in_blocks(size: tuple[int, int]) -> None:
    lines = drawn(LISTENING, size)
    assert block(lines, "LISTENING") == "good" and block(lines, "≥3.14s")
    assert "● LISTENING" in plain(lines[0])
    rows = sum("█" in plain(row) or "▀" in plain(row) for row in lines)
    assert rows >= 0.6 * size[1]


def test_where_there_is_no_room_for_both_the_figure_is_large() -> None:
    lines = drawn(LISTENING, (40, 10), glyphs=ASCII)
    assert block(lines, "≥3.14s", ascii_only=True) and "LISTENING" in plain(lines[0])


def test_a_turn_that_is_late_says_so_in_colour_and_word() -> None:
    late, early = open_turn(31, "llm"), open_turn(31, "llm")
    late, early = replace(late, phase_since=TICK - 30), replace(early, phase_since=TICK - 0.1)
    assert block(drawn(snapshot(open_turn=late)), "THINKING") == "warn"
    assert "late" in plain(drawn(snapshot(open_turn=late))[0])
    assert block(drawn(snapshot(open_turn=early)), "THINKING") == "value"
    assert "what is the weather" not in text_of(drawn(snapshot(open_turn=late), (200, 50)))


def test_how_bad_the_turn_is_has_glyph_word_and_colour() -> None:
    slower = drawn(snapshot(judgement=judgement(30, finding())))
    assert block(slower, "≥3.14s") == "bad" and "▲ LLM slower +290ms" in text_of(slower)
    slow = drawn(snapshot())
    assert block(slow, "≥3.14s") == "slower.slightly" and "▲ slow +640ms over your usual" in text_of(slow)
    judged = judgement(30)
    usual = replace(judged, diagnoses=(replace(judged.diagnoses[0], slow=False, excess_ms=12.0),))
    normal = drawn(snapshot(judgement=usual))
    assert block(normal, "≥3.14s") == "good" and "● as usual" in text_of(normal)
    alone = drawn(snapshot(judgement=None))
    assert block(alone, "≥3.14s") == "value" and "○ nothing to compare it with yet" in text_of(alone)


@pytest.mark.parametrize("state", [TurnState.FAILED, TurnState.TIMED_OUT, TurnState.ABORTED])
def test_a_turn_that_did_not_complete_has_its_state_in_place_of_the_figure(state: TurnState) -> None:
    lines = drawn(snapshot(turns=(*conversation(30), turn(30, state=state))))
    words = str(state).replace("_", " ")
    assert block(lines, words.upper()) == "bad" and f"✗ turn 430 {words}" in text_of(lines)


def test_unknown_is_a_dash_and_never_zero() -> None:
    lines = drawn(Snapshot())
    assert block(lines, "—") == "muted" and "○ V2V is not known" in text_of(lines) and "0" not in text_of(lines)
    assert block(lines, "UNKNOWN") == "muted"


def test_the_age_of_the_figure_is_always_there() -> None:
    for size in SIZES[1:]:
        assert "5s ago" in text_of(drawn(snapshot(judgement=judgement(30, finding())), size))


async def test_the_key_opens_it_and_the_same_key_or_escape_or_q_closes_it() -> None:
    async with running_dashboard(LISTENING) as dashboard:
        for away in ("B", "escape", "q"):
            await dashboard.press("B")
            assert dashboard.app.place == "across" and "● LISTENING" in dashboard.rows()[0]
            await dashboard.press(away)
            assert dashboard.app.place == "live" and "1 Live" in dashboard.text()


async def test_it_follows_and_frozen_it_says_so() -> None:
    async with running_dashboard(LISTENING) as dashboard:
        await dashboard.press("2", "B")
        await dashboard.publish(replace(LISTENING, open_turn=open_turn(31, "playback"), listening=Listening()))
        assert "SPEAKING" in dashboard.rows()[0]
        await dashboard.press("space")
        await dashboard.publish(replace(LISTENING, turns=(*LISTENING.turns, turn(31))))
        assert "FROZEN +1 turn" in dashboard.rows()[0] and "SPEAKING" in dashboard.rows()[0]
        view = dashboard.app.view
        assert block(across_lines(view, 80, 24), "SPEAKING") == "muted" == block(across_lines(view, 80, 24), "≥3.14s")
        await dashboard.press("space")
        assert "LISTENING" in dashboard.rows()[0]


@pytest.mark.parametrize("width", range(40, 80))
def test_ahead_of_the_age_stands_no_rest_of_a_count(width: int) -> None:
    """``▲ RAG slower +25ms ×1.49      …  2m ago``: one of two more findings had no room."""
    others = (finding(), finding(key="tts:20", stage="tts"), finding(key="store:20", stage="store"))
    last = text_of(drawn(snapshot(judgement=judgement(30, *others)), (width, 10))).splitlines()[-1]
    assert last.startswith("▲ LLM slower +290ms") and " …" not in last and last.rstrip().endswith("ago")
