"""What a colour says is seen without colours too, and with sixteen of them."""

from __future__ import annotations

import pytest

from tests.ui.fakes import FakeControl, FakeLlm
from tests.ui.running import Start, running_dashboard
from tests.ui.snapshots import control_state, snapshot
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.ui.paint.theme_choice import without_colours
from timmy_tui.ui.paint.themes import load_themes, packaged_folder

LOOKS = ["timmy-dark", "timmy-light", "ansi16", ""]
"""Themes; empty: NO_COLOR."""


def start(theme: str, monkeypatch: pytest.MonkeyPatch) -> Start:
    if not theme:
        monkeypatch.setenv("NO_COLOR", "1")
    return Start(view=ViewSettings(theme=theme or "timmy-dark"))


@pytest.mark.parametrize("theme", LOOKS)
@pytest.mark.parametrize("keys", [("t",), ("r",), ("5", "enter"), ("4", "p"), ("colon",)])
async def test_what_a_question_is_about_stays_in_view(
    keys: tuple[str, ...], theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The colour of a screen that is drawn over another has no opacity among the terminal's own colours."""
    control = FakeControl(control_state())
    async with running_dashboard(
        snapshot(), control=control, llm=FakeLlm(), start=start(theme, monkeypatch)
    ) as dashboard:
        await dashboard.press(*keys)
        await dashboard.until(lambda: len(dashboard.app.screen_stack) > 1)
        assert dashboard.app.screen.styles.background.a < 1


@pytest.mark.parametrize("theme", LOOKS)
async def test_the_chosen_command_of_the_palette_looks_like_no_other(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control, start=start(theme, monkeypatch)) as dashboard:
        await dashboard.press("colon", *"tail")

        def looks() -> dict[str, object]:
            """Of the entries' names."""
            names = ("tail mode  t", "test tail mode")
            found: dict[str, object] = {}
            for one in dashboard.segments():
                if one.text.strip() in names and one.style is not None:
                    style = one.style
                    found[one.text.strip()] = (style.color, style.bgcolor, style.underline, style.reverse)
            return found

        await dashboard.until(lambda: len(looks()) == 2)
        await dashboard.pilot.pause()
        first, second = looks().values()
        assert first != second


def test_a_line_that_matches_is_underlined_where_it_has_no_colour() -> None:
    for palette in load_themes([packaged_folder()])[0].values():
        bare = without_colours(palette.styles)
        assert bare["match"].underline and bare["match"] != bare["text"]
        assert palette.styles["match"] != palette.styles["text"]
