"""What really stands on the screens: its roles are those of the themes, and its text can be read, the toolkit's too."""

from __future__ import annotations

import pytest
from rich.segment import Segment

from tests.ui.fakes import FakeControl, FakeLlm
from tests.ui.paint.colours import ALL_COLOURS, DEPTHS, PALETTES_16, contrast, pair
from tests.ui.paint.test_theme_colours import GRAPHICS, READ, SIXTEEN, THEMES
from tests.ui.running import RunningDashboard, Start, running_dashboard
from tests.ui.snapshots import control_state, finding, judgement, snapshot, troubled, turn
from tests.ui.test_key_walk import WAYS
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.key_commands import OVERLAYS, SCREENS
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.themes import OVER
from timmy_tui.ui.screens.turn_table import TurnTable

AFTER_MS = (760.0, 1120.0, 680.0, 320.0)
"""A stage of 720 ms slower and faster, by less and by more than what makes its row bright."""


def has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


def drawn_roles(dashboard: RunningDashboard) -> set[tuple[str, bool]]:
    """(role, words are drawn in it) of every panel on the screen."""
    panels = dashboard.app.screen.query(LineWidget)
    return {(role, has_words(text)) for panel in panels for row in panel.lines for text, role in row}


def check_roles(roles: set[tuple[str, bool]]) -> None:
    known = {*THEMES["timmy-dark"].styles, ""}
    assert {part for role, _ in roles for part in role.split(OVER)} <= known
    assert {role for role, words in roles if words and role.split(OVER)[0] in GRAPHICS} == set()


@pytest.mark.parametrize("place", [*SCREENS, *OVERLAYS])
async def test_words_are_drawn_only_in_roles_that_can_be_read(place: str) -> None:
    async with running_dashboard(troubled(), (160, 45), FakeControl(control_state()), FakeLlm()) as dashboard:
        await dashboard.press(*WAYS[place])
        await dashboard.until(lambda: dashboard.app.place == place)
        roles = drawn_roles(dashboard)
        await dashboard.press("down")
        check_roles(roles | drawn_roles(dashboard))


@pytest.mark.parametrize("after", AFTER_MS)
async def test_so_they_are_where_a_stage_has_moved(after: float) -> None:
    moved = snapshot(judgement=judgement(31, finding(after_ms=after, ratio=after / 720.0)))
    async with running_dashboard(moved, (120, 30)) as dashboard:
        check_roles(drawn_roles(dashboard))


def palette_segments(dashboard: RunningDashboard) -> list[Segment]:
    """Those of the palette alone: what is behind it is dimmed on purpose."""
    strips = dashboard.strips()
    parts = [widget.region for widget in dashboard.app.screen.query("Input, OptionList") if widget.display]
    return [segment for part in parts for y in part.line_range for segment in strips[y].crop(part.x, part.right)]


def hard_to_read(segments: list[Segment], theme: str) -> dict[str, float]:
    """Text → contrast, where it is too low."""
    depth = PALETTES_16["Linux console"] if theme == SIXTEEN else DEPTHS[ALL_COLOURS]
    found = {}
    for segment in segments:
        if has_words(segment.text):
            assert segment.style is not None
            ratio = contrast(pair(segment.style, depth))
            if ratio < READ:
                found[segment.text] = ratio
    return found


@pytest.mark.parametrize("theme", sorted(THEMES))
async def test_cursor_row_filter_selection_dialog_and_palette_can_be_read(theme: str) -> None:
    start = Start(view=ViewSettings(theme=theme))
    control = FakeControl(control_state())
    async with running_dashboard(troubled(), (120, 30), control, FakeLlm(), start) as dashboard:
        for keys in (("2", "down"), ("slash",), ("l", "l"), ("shift+left",), ("escape", "escape", "r")):
            await dashboard.press(*keys)
            assert hard_to_read(dashboard.segments(), theme) == {}, keys
        await dashboard.press("escape", "colon")
        await dashboard.until(lambda: "freeze" in "".join(part.text for part in palette_segments(dashboard)))
        assert hard_to_read(palette_segments(dashboard), theme) == {}
        await dashboard.press("t")
        assert hard_to_read(palette_segments(dashboard), theme) == {}


@pytest.mark.parametrize("theme", sorted(THEMES))
async def test_the_sign_of_a_failed_turn_can_be_seen_in_the_table_and_under_its_cursor(theme: str) -> None:
    """It is dark on light: without its own ground it was dark on dark, and under the cursor light on light."""
    turns = tuple(turn(n, state=TurnState.FAILED, reason="no answer") if n > 8 else turn(n) for n in range(1, 11))
    depth = PALETTES_16["Linux console"] if theme == SIXTEEN else DEPTHS[ALL_COLOURS]
    async with running_dashboard(
        snapshot(turns=turns, stages=()), (120, 30), start=Start(view=ViewSettings(theme=theme))
    ) as dashboard:
        await dashboard.press("2")
        table = dashboard.app.screen.query_one(TurnTable).region
        signs = [
            segment
            for strip in dashboard.strips()[table.y : table.bottom]
            for segment in strip.crop(table.x, table.x + 3)
            if "✗" in segment.text
        ]
        assert len(signs) == 2
        assert [one for one in signs if one.style is None or contrast(pair(one.style, depth)) < READ] == []


async def test_the_example_in_a_filter_is_not_dimmed_in_sixteen_colours() -> None:
    """Dim white is what a terminal makes of it, and often no more than half as bright."""
    start = Start(view=ViewSettings(theme=SIXTEEN))
    async with running_dashboard(snapshot(), (80, 24), start=start) as dashboard:
        await dashboard.press("2", "slash")
        shown = [segment for segment in dashboard.segments() if "lm>1s failed" in segment.text]
        assert shown and not any(segment.style is not None and segment.style.dim for segment in shown)
