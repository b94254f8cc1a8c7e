"""What is drawn of the turns that are over is kept as long as they are the same, and no longer."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import running_dashboard
from tests.ui.snapshots import control_state, finding, judgement, open_turn, snapshot
from timmy_tui.model.llm import ContextState
from timmy_tui.model.snapshot import Counts, Listening, Snapshot, SourceCondition, SourceState
from timmy_tui.ui.view import alike

OTHER = snapshot(30, judgement=judgement(30, finding()))


def context(**changes: Any) -> ContextState:
    known = snapshot().llm
    assert known is not None and known.context is not None
    return replace(known.context, **changes)


def with_llm(snap: Snapshot, **changes: Any) -> Snapshot:
    assert snap.llm is not None
    return replace(snap, llm=replace(snap.llm, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"taken": 5.0}, {"listening": Listening(pauses=9, per_minute=80.0)}, {"log_tail": (("latency.log", "x"),)},
        {"sources": (SourceState("v34.log", SourceCondition.STALLED),)}, {"counts": Counts(complete=99)},
        {"open_turn": open_turn()}, {"unparsed": {"torn": 3}}, {"restarted": 2},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_what_no_closed_turn_is_part_of_makes_no_difference(changes: dict[str, Any]) -> None:
    assert alike(snapshot(), snapshot()) is False, "other turns"
    snap = snapshot()
    same = replace(snap, epochs=(*snap.epochs,), marks=(*snap.marks,), **changes)
    assert alike(snap, same)
    assert alike(snap, with_llm(same, context=context(), learned=()))


@pytest.mark.parametrize("name", ["turns", "judgement", "headline", "stages", "epochs", "marks", "llm"])
def test_whatever_is_made_of_closed_turns_does(name: str) -> None:
    snap = snapshot()
    empty = () if isinstance(getattr(snap, name), tuple) else None
    for value in (getattr(OTHER, name), empty):
        assert not alike(snap, replace(snap, **{name: value}))


@pytest.mark.parametrize(
    "changes",
    [{"warnings": ("unloads in 3m",)}, {"context": None}, {"context": "fuller"}, {"criteria": ()}, {"reuse": ()}],
    ids=str,
)
def test_so_does_what_is_said_of_the_model(changes: dict[str, Any]) -> None:
    snap = snapshot()
    changes = {"context": context(fill=0.9)} if changes.get("context") == "fuller" else changes
    assert not alike(snap, with_llm(snap, **changes))


def test_and_the_window_of_the_statistics() -> None:
    snap = snapshot()
    assert not alike(snap, replace(snap, window=50)) and not alike(snap, replace(snap, preview=True))


async def test_flags_that_moved_are_drawn_though_no_turn_is_over() -> None:
    control = FakeControl(control_state())
    snap = snapshot()
    async with running_dashboard(snap, size=(200, 50), control=control) as dashboard:
        await dashboard.until(lambda: "flags: file / running" in dashboard.text())
        flags = control.shown_state.flags
        moved = replace(flags[2], file_value="4096")
        control.shown_state = replace(control.shown_state, flags=(*flags[:2], moved, *flags[3:]))
        await dashboard.publish(replace(snap, taken=snap.taken + 1))
        await dashboard.until(lambda: "4096 / 8000" in dashboard.text())


async def test_the_logs_new_lines_are_drawn_though_no_turn_is_over() -> None:
    snap = snapshot()
    async with running_dashboard(snap, size=(200, 50)) as dashboard:
        line = '{"timestamp": 1764350601.5, "request_id": "ff", "event": "stt_pause_detected", "service": "stt"}'
        await dashboard.publish(replace(snap, log_tail=(*snap.log_tail, ("latency.log", line))))
        assert dashboard.app.snapshot is not snap
        await dashboard.press("6")
        await dashboard.until(lambda: "pause_detected" in dashboard.text())


async def test_other_keys_another_theme_and_other_glyphs_are_drawn_at_once() -> None:
    """They are in the lines that are kept as long as no turn is over."""
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        app = dashboard.app
        await dashboard.press("4")
        assert "more criteria  Enter" in dashboard.text()
        app.use_keymap({"criteria": "f5"})
        await dashboard.until(lambda: "more criteria  f5" in dashboard.text())
        kept = app.view.cached_lines
        assert kept
        app.themes.use("timmy-light")
        assert app.view.cached_lines is not kept
        kept = app.view.cached_lines
        app.use_glyphs(True)
        assert app.view.cached_lines is not kept
