"""The question before a change: yes only once all of it was on the screen."""

from __future__ import annotations

import pytest

from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import control_state, snapshot
from timmy_tui.ui.screens.confirm import ConfirmScreen


async def ask(dashboard: RunningDashboard, lines: tuple[str, ...], other: str = "") -> list[str | None]:
    """The question, and where its answer will be."""
    answers: list[str | None] = []
    dashboard.app.push_screen(ConfirmScreen("flip", lines, other=other), answers.append)
    await dashboard.until(lambda: "flip" in dashboard.text())
    await dashboard.pilot.pause()
    return answers


def says_once(text: str, words: str) -> bool:
    """What is left to read stands on the screen, with the keys that show it, and nothing says it a second time."""
    return words in text and text.count("more line") == 1


def numbered(count: int) -> tuple[str, ...]:
    return tuple(f"v34/t{number:03}.py +1 −1" for number in range(count))


async def test_a_question_that_fits_takes_yes_at_once() -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        answers = await ask(dashboard, numbered(18))
        assert "y go ahead" in dashboard.text()
        await dashboard.press("y")
        assert answers == ["go"]


@pytest.mark.parametrize("key", ["y", "o"])
async def test_one_row_more_than_fits_must_be_read_first(key: str) -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        answers = await ask(dashboard, numbered(20), "the other way")
        assert "2 more lines to read first" in dashboard.text() and "go ahead" not in dashboard.text()
        await dashboard.press(key)
        assert answers == []
        await dashboard.press("down")
        assert "1 more line to read first" in dashboard.text()
        await dashboard.press("down")
        assert "y go ahead" in dashboard.text() and "o the other way" in dashboard.text()
        await dashboard.press("up", "up", key)
        assert answers == ["go" if key == "y" else "other"]


async def test_a_jump_to_the_end_has_read_nothing_in_between() -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        answers = await ask(dashboard, numbered(100))
        await dashboard.press("end")
        assert "v34/t099.py" in dashboard.text() and "82 more lines to read first" in dashboard.text()
        await dashboard.press("y")
        assert answers == []
        await dashboard.press("home", *["pagedown"] * 8)
        assert "y go ahead" in dashboard.text()
        await dashboard.press("y")
        assert answers == ["go"]


async def test_what_was_read_counts_at_another_width_only_if_it_was_all() -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        answers = await ask(dashboard, numbered(20))
        await dashboard.press("pagedown")
        assert "go ahead" in dashboard.text()
        await dashboard.pilot.resize_terminal(41, 10)
        await dashboard.pilot.pause()
        assert "y go ahead" in dashboard.text()
        await dashboard.press("y")
        assert answers == ["go"]
        answers = await ask(dashboard, numbered(20))
        await dashboard.press("pagedown")
        await dashboard.pilot.resize_terminal(40, 10)
        await dashboard.pilot.pause()
        assert "to read first" in dashboard.text()


async def test_long_lines_are_wrapped_not_cut() -> None:
    long = f"+ MODEL = '{'x' * 200} the-end'"
    async with running_dashboard(snapshot(), size=(60, 30)) as dashboard:
        await ask(dashboard, (long, "- 語" + "語" * 60 + "末"))
        assert (
            "the-end'" in dashboard.text()
            and "末" in dashboard.text()
            and "…" not in dashboard.text().split("flip ")[1]
        )


@pytest.mark.parametrize("size", [(40, 10), (20, 5)])
async def test_a_small_pane_can_still_be_read_to_the_end(size: tuple[int, int]) -> None:
    async with running_dashboard(snapshot(), size=size) as dashboard:
        answers = await ask(dashboard, numbered(12))
        for _ in range(40):
            await dashboard.press("down")
        await dashboard.press("y")
        assert answers == ["go"]


async def test_a_long_question_is_scrolled_and_says_how_much_there_is() -> None:
    control = FakeControl(control_state())
    control.preview = numbered(300)
    async with running_dashboard(snapshot(), size=(100, 40), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "to read first" in dashboard.text())
        shown = [number for number in range(300) if f"v34/t{number:03}.py" in dashboard.text()]
        assert shown == list(range(len(shown))) and says_once(
            dashboard.text(), f"↓ space  {300 - len(shown)} more lines"
        )
        await dashboard.press("down", "j", "k", "down")
        assert "v34/t001.py" not in dashboard.text() and "v34/t002.py" in dashboard.text()
        assert says_once(dashboard.text(), f"↓ space  {298 - len(shown)} more lines")
        await dashboard.press(*["pagedown"] * 40)
        assert "v34/t299.py" in dashboard.text() and "more lines" not in dashboard.text()
        await dashboard.press(*["pageup"] * 40)
        assert "v34/t000.py" in dashboard.text() and f"cancel   ↓ {300 - len(shown)} lines" in dashboard.text()
        await dashboard.press("y")
        await dashboard.until(lambda: "started" in dashboard.text())


async def test_a_narrow_pane_names_the_way_out_with_its_word() -> None:
    async with running_dashboard(snapshot(), size=(40, 10)) as dashboard:
        await ask(dashboard, numbered(112))
        assert "↓ 106 more to read first  Esc cancel" in dashboard.text()


@pytest.mark.parametrize("width", [24, 40, 60])
async def test_every_answer_has_its_words_in_a_narrow_pane(width: int) -> None:
    """``y leave it for now   Esc cancel   o e…`` stood at 40 columns."""
    async with running_dashboard(snapshot(), size=(width, 10)) as dashboard:
        answers = await ask(dashboard, numbered(2), "only tail mode")
        for words in ("y go ahead", "Esc cancel", "o only tail mode"):
            assert words in dashboard.text()
        await dashboard.press("o")
        assert answers == ["other"]


async def test_answers_on_two_rows_hide_no_row_that_was_not_read() -> None:
    async with running_dashboard(snapshot(), size=(40, 10)) as dashboard:
        answers = await ask(dashboard, numbered(6), "only tail mode off→on")
        assert "v34/t005.py" not in dashboard.text() and "↓ 1 more to read first" in dashboard.text()
        await dashboard.press("y")
        assert answers == []
        await dashboard.press("down")
        assert "v34/t005.py" in dashboard.text() and "o only tail mode off→on" in dashboard.text()
        await dashboard.press("y")
        assert answers == ["go"]
