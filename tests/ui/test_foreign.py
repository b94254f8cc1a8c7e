"""Text from a log never acts: no control byte in a strip, no action in a meta, no markup."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, Start, running_dashboard
from tests.ui.snapshots import control_state, finding, judgement, snapshot, sources, turn
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.model.change import ControlState, FlagState, JournalEntry, RestorePoint
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.llm import Criterion, LlmState
from timmy_tui.model.snapshot import Health, OpenTurn, Snapshot, SourceCondition, SourceState
from timmy_tui.model.turn import Epoch, Event, FlagChange, Marker, TurnState

EVIL = "\x1b]0;own\x07\x1b[2J\x9b31m\u202eabc\x7f[@click=app.do('quit')]x[/foo] [bold]\x00日本 \U000e0041\r\n"
FORBIDDEN = {*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u202e", "\u200b", "\u2028"}

CHANGE = FlagChange(flag="model", label=EVIL, before=EVIL, after=f"{EVIL}2")


def evil_snapshot() -> Snapshot:
    """Every field that can hold foreign text holds it."""
    bad = {"request_id": EVIL, "session_id": EVIL, "reason": EVIL, "text": EVIL, "reply": EVIL, "model": EVIL}
    events = (Event(1.0, EVIL, EVIL, EVIL, {EVIL: EVIL, "list": [EVIL]}), Event(float("nan"), "", EVIL, "v34", {}))
    turns = tuple(
        turn(n, **bad, events=events, errors=(EVIL,), signals=frozenset({EVIL}),
             state=TurnState.FAILED if n % 3 == 0 else TurnState.COMPLETE)
        for n in range(24)
    )  # fmt: skip
    base = snapshot()
    llm = base.llm
    assert llm is not None and llm.facts is not None and llm.context is not None
    return replace(
        base,
        turns=turns,
        open_turn=OpenTurn(turn(24, **bad), EVIL, 0.0, 0.0),
        sources=(*sources(), SourceState(EVIL, SourceCondition.DOWN, EVIL)),
        unparsed={EVIL: 4},
        health=(Health(EVIL, EVIL, 0.0),),
        epochs=(Epoch(number=1, session_id=EVIL, started=0.0, first=3, turns=9, changes=(CHANGE,)),),
        marks=(Marker(at=float("inf"), ordinal=5, kind=EVIL, label=EVIL),),
        llm=LlmState(
            replace(llm.facts, model=EVIL, version=EVIL, problem=EVIL, parameters=EVIL, quantization=EVIL),
            llm.reuse, replace(llm.context, note=EVIL), (Criterion(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL),), (EVIL,),
        ),
        judgement=replace(
            judgement(23, finding(stage=f"gap:{EVIL}→llm", adjusted_for=(EVIL,)), finding(key="x", direction=EVIL)),
            diagnoses=(Diagnosis(ordinal=23, excess_ms=1.0, sentence=EVIL),),
        ),
        log_tail=((EVIL, EVIL),) * 40,
    )  # fmt: skip


def evil_control() -> ControlState:
    state = control_state()
    assert state.change is not None
    return replace(
        state,
        flags=(FlagState("tail-mode", EVIL, EVIL, EVIL, EVIL, True, (EVIL,), EVIL, EVIL),),
        change=replace(state.change, label=EVIL, message=EVIL, log_lines=(EVIL,), choices=(EVIL,)),
        journal=(JournalEntry(EVIL, 0.0, EVIL, EVIL, True, EVIL),),
        restore_points=(RestorePoint(EVIL, None, EVIL, (EVIL,), EVIL),),
        service=EVIL,
    )


def check(dashboard: RunningDashboard) -> None:
    """What stands in the strips is what goes to the terminal."""
    for segment in dashboard.segments():
        assert not FORBIDDEN & set(segment.text), repr(segment.text)
        meta = segment.style.meta if segment.style else {}
        assert not any("click" in key for key in meta), meta
        assert not segment.style or not segment.style.link


@pytest.mark.parametrize("size", [(39, 6), (80, 24), (200, 50)])
async def test_no_screen_lets_it_through(size: tuple[int, int]) -> None:
    async with running_dashboard(evil_snapshot(), size=size, control=FakeControl(evil_control())) as dashboard:
        check(dashboard)
        for keys in ("2", "3", "4", "5", "6", "1", "i", "e", "?"):
            await dashboard.press(keys)
            check(dashboard)
            if keys in "ie?":
                await dashboard.press("escape")


async def test_no_page_or_dialog_lets_it_through() -> None:
    async with running_dashboard(evil_snapshot(), control=FakeControl(evil_control())) as dashboard:
        await dashboard.press("2", "enter")
        assert "turn 423 ␛]0;own␇" in dashboard.text()
        check(dashboard)
        await dashboard.press("escape", "5", "enter")
        check(dashboard)
        await dashboard.press("escape")
        dashboard.app.say(EVIL)
        await dashboard.press("1", "e")
        check(dashboard)


async def test_markup_stays_text() -> None:
    async with running_dashboard(evil_snapshot()) as dashboard:
        await dashboard.press("6")
        assert "[@click=app.do('quit')]x[/foo] [bold]" in dashboard.text()
        assert dashboard.app.is_running


async def test_the_filter_takes_any_text() -> None:
    async with running_dashboard(evil_snapshot()) as dashboard:
        await dashboard.press("2", "slash")
        for character in "[/foo]":
            await dashboard.pilot.press(
                {"[": "left_square_bracket", "]": "right_square_bracket", "/": "slash"}.get(character, character)
            )
        await dashboard.pilot.pause()
        check(dashboard)
        assert "24 of 24 turns · [/foo]" in dashboard.text()


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_ascii_means_ascii_in_every_view(size: tuple[int, int]) -> None:
    start = Start(view=ViewSettings(ascii=True))
    async with running_dashboard(
        evil_snapshot(), size=size, control=FakeControl(evil_control()), start=start
    ) as dashboard:
        for key in ("1", "2", "3", "4", "5", "6", "question_mark", "escape", "t", "escape", "colon"):
            await dashboard.press(key)
            assert [row for row in dashboard.rows() if not row.isascii()] == []
