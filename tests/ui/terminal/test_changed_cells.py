"""What a terminal is sent: enough for the whole picture, and little more than what changed of it."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, Start, running_dashboard, strips_of
from tests.ui.snapshots import NOW, TICK, control_state, open_turn, snapshot
from tests.ui.terminal.emulated import CONSOLE, EmulatedTerminal, SendingApp, painted
from timmy_tui.model.snapshot import OpenTurn
from timmy_tui.ui.paint.lines import FEW_ALIKE
from timmy_tui.ui.panels.live.screen import HEAD
from timmy_tui.ui.terminal.changed_cells import ChangedCells, step

STYLES = [
    Style.null(),
    *map(
        Style.parse, ("red", "bold red on blue", "on blue", "#102030 on #405060", "dim", "underline green", "reverse")
    ),
    Style(color="red", link="https://example.org"),
]
SEGMENTS = st.lists(
    st.tuples(st.text("ab █▁日é́", min_size=1, max_size=6), st.sampled_from(STYLES)), min_size=1, max_size=6
)


def strip_of(segments: list[tuple[str, Style]], width: int) -> Strip:
    return Strip([Segment(text, style) for text, style in segments]).adjust_cell_length(width, Style.null())


@given(SEGMENTS, SEGMENTS, st.lists(st.tuples(st.integers(0, 19), st.integers(1, 6)), min_size=1, max_size=4))
def test_cells_that_are_asked_for_are_those_of_the_frame_and_all_others_stay_or_are_too(
    old: list[tuple[str, Style]], new: list[tuple[str, Style]], asked: list[tuple[int, int]]
) -> None:
    width = 20
    before, now = strip_of(old, width), strip_of(new, width)
    terminal = EmulatedTerminal(width, 2)
    terminal.rows[1] = painted([before], width)[0]
    spans: list[tuple[int, int, int]] = []
    for start, size in sorted(asked):
        if not spans or start > spans[-1][2]:
            spans.append((1, start, min(start + size, width)))
    terminal.feed(ChangedCells([{0: None}, {0: now}], spans, [[width], [width]]).render_segments(CONSOLE))
    was, whole = painted([before], width)[0], painted([now], width)[0]
    wanted = {x for _, start, end in spans for x in range(start, end)}
    assert all(terminal.rows[1][x] == whole[x] for x in wanted)
    assert all(terminal.rows[1][x] in (was[x], whole[x]) for x in range(width))
    assert terminal.looks_plain
    if all(cell_len(char) == 1 for text, _ in new for char in text):
        assert {x for x, _ in terminal.written} == wanted and len(terminal.written) == len(wanted)


@pytest.mark.parametrize(
    ("before", "after", "blank", "codes"),
    [
        ("red on blue", "green on blue", False, "\x1b[32m"),
        ("red on blue", "red", False, "\x1b[49m"),
        ("red on blue", "bold red on blue", False, "\x1b[1m"),
        ("bold red on blue", "red on blue", False, "\x1b[0;31;44m"),
        ("bold red on blue", "green on blue", True, ""),
        ("underline red", "red", True, "\x1b[0;31m"),
        ("red", "red on blue", True, "\x1b[44m"),
    ],
)
def test_of_a_style_is_said_what_differs(before: str, after: str, blank: bool, codes: str) -> None:
    assert step(Style.parse(before), Style.parse(after), blank, ColorSystem.STANDARD)[0] == codes


class Sent:
    """A dashboard and a terminal that has got all of its frames."""

    def __init__(self, dashboard: RunningDashboard) -> None:
        self._dashboard = dashboard
        self._app = cast(SendingApp, dashboard.app)
        self._taken = 0
        self.terminal = EmulatedTerminal(*dashboard.app.size)

    def take(self) -> int:
        """Bytes since the last time; the terminal shows the whole picture."""
        frames = self._app.frames[self._taken :]
        self._taken += len(frames)
        self.terminal.written.clear()
        self.terminal.feed("".join(frames))
        assert self.terminal.rows == painted(strips_of(self._app), self._dashboard.app.size.width)
        return len("".join(frames).encode())


async def test_a_turn_that_ends_sends_the_cells_that_change_once_and_few_others() -> None:
    """At 200×50 each of 30 turns has several cells, and all of them move."""
    async with running_dashboard(snapshot(30), (200, 50), start=Start(app=SendingApp)) as dashboard:
        sent = Sent(dashboard)
        sent.take()
        was = [list(row) for row in sent.terminal.rows]
        await dashboard.publish(snapshot(31))
        took = sent.take()
        now = sent.terminal.rows
        changed = sum(old != new for rows in zip(was, now, strict=True) for old, new in zip(*rows, strict=True))
        written = len(sent.terminal.written)
        assert changed > 1000, "the test sees a picture that moves"
        assert len(set(sent.terminal.written)) == written <= (1 + FEW_ALIKE / 6) * changed
        # Most cells have three bytes; the rest is colours and places.
        assert took <= 8 * written


def young() -> OpenTurn:
    """A turn in flight whose column is low, and grows by a cell or two with each step of the clock."""
    whole = open_turn()
    begun = {key: whole.turn.stages[key] for key in ("endpointing", "stt_final")}
    return OpenTurn(replace(whole.turn, stages=begun, gaps=()), "llm", TICK - 0.1, TICK - 0.7)


async def test_a_step_of_the_turn_in_flight_sends_its_own_cells_alone() -> None:
    ticks = [0.0]
    start = Start(app=SendingApp, clock=lambda: (NOW, TICK + ticks[0]))
    async with running_dashboard(snapshot(31, open_turn=young()), (200, 50), start=start) as dashboard:
        sent = Sent(dashboard)
        sent.take()
        grown: set[tuple[int, int]] = set()
        for _ in range(8):
            ticks[0] += 0.25
            dashboard.app.refresh_view()
            await dashboard.pilot.pause()
            took = sent.take()
            below = {place for place in sent.terminal.written if place[1] >= HEAD}
            # Otherwise the rows as a whole: 200 cells of each.
            assert len(below) <= 2 * 5 and all(column >= 200 - 5 for column, _ in below)
            assert took <= 1000
            grown |= below
        assert len({row for _, row in grown}) > 5, "the test sees a column that grows"


@pytest.mark.parametrize("screen", "123456")
async def test_the_picture_is_whole_on_every_screen(screen: str) -> None:
    said = replace(snapshot(31).turns[-1], text="日本 e\u0301 said")
    wide = replace(snapshot(31), turns=(*snapshot(31).turns[:-1], said))
    async with running_dashboard(snapshot(30), (120, 30), start=Start(app=SendingApp)) as dashboard:
        sent = Sent(dashboard)
        await dashboard.press(screen)
        for snap in (snapshot(30, open_turn=open_turn(31)), wide, snapshot(30)):
            await dashboard.publish(snap)
            sent.take()
        for key in ("down", "left", "question_mark", "down", "escape", "v", "end"):
            await dashboard.press(key)
            sent.take()


async def test_the_picture_is_whole_over_and_behind_what_opens() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(30), (80, 24), control, start=Start(app=SendingApp)) as dashboard:
        sent = Sent(dashboard)
        for key in ("colon", "a", "escape", "t", "escape", "d", "space", "space"):
            await dashboard.press(key)
            sent.take()
