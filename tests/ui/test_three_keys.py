"""What a user wants to know takes at most three keys, each named in the footer or on the help page."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from tests.pipeline.test_log_history import history, printed, turn
from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, Start, running_dashboard
from tests.ui.screens.log.test_screen import GrowingLog
from tests.ui.snapshots import control_state, finding, judgement, snapshot
from timmy_tui.model.llm import Criterion
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.key_commands import COMMANDS, key_names
from timmy_tui.ui.paint.lines import plain
from timmy_tui.ui.screens.overlays import help_rows

YES = "yes"
"""Answers a question; the help page has it among the keys of dialogs."""


class Question(Struct, frozen=True):
    """What is asked, the commands whose keys answer it, and what is on the screen then."""

    asked: str
    commands: tuple[str, ...]
    shown: tuple[str, ...]
    size: tuple[int, int] = (120, 30)


QUESTIONS = (
    Question("why was the last turn slow", (), ("+640ms over your usual: LLM +410, STORE +180",)),
    Question("why was the last turn slow, on a small pane", (), ("+640ms over your usual",), (80, 24)),
    Question("the fifth-last turn", ("cursor_back_5",), ("turn 426 ▴", "turn 426: was not judged")),
    Question("a failed TTS", ("log", "failures"), ("failures only", "Could not connect to TTS API: refused")),
    Question("tail mode on", ("tail_mode", YES), ("started",)),
    Question("tail mode off again", ("undo", YES), ("started",)),
    Question("before against after", ("changes",), ("LLM faster ×0.41 (0.36–0.47)", "720ms →   300ms", "n 18, 11")),
    Question("does the cache work", ("llm",), ("the prompt cache works", "~74% reused · 11t")),
    Question(
        "what changed since yesterday", ("findings",),
        ("slower ×1.38", "720ms → 1.01s since turn 420 · 20", "tail mode off→on", "from turn 420 on"),
    ),
    Question("all lines of one turn", ("turn_log",), ("log · turn 430", "tts request_received")),
    Question("another theme", ("theme",), ("theme timmy-light",)),
    Question("a longer range", ("trends", "longer"), ("[3 Trends]",)),
    Question("CSV", ("turns", "export"), ("31 turns written",)),
)  # fmt: skip
BY_ID = {command.id: command for command in COMMANDS}


def picture() -> Snapshot:
    """A slow turn, a finding, a flip with its verdict, a cache that works."""
    snap = snapshot(judgement=judgement(30, finding()))
    assert snap.llm is not None
    works = Criterion("prefix_reuse", "prompt reused", "Success Metrics", "pass", "~74% reused · 11t")
    return replace(snap, llm=replace(snap.llm, criteria=(works, *snap.llm.criteria)))


def is_named(dashboard: RunningDashboard, command: str) -> bool:
    """The footer of a screen, or else the help page, has the key with what it does."""
    app = dashboard.app
    page = [plain(row) for row, _ in help_rows(app.commands, app.unavailable, app.view, 200)]
    if command == YES:
        return any(row.startswith("y ") and "yes" in row for row in page)
    row = BY_ID[command]
    keys, words = key_names(row.keys), (key_names(row.keys).split()[0], row.label)
    in_help = any(line.startswith(keys) and row.help in line and "not here" not in line for line in page)
    return in_help or any(words in footer for footer in app.view.footers.values())


async def press(dashboard: RunningDashboard, command: str) -> None:
    """The command's first key; in a question, yes."""
    assert is_named(dashboard, command)
    if command == YES:
        await see(dashboard, "y go ahead")
    await dashboard.press("y" if command == YES else BY_ID[command].keys.split(",")[0])


async def see(dashboard: RunningDashboard, words: str) -> None:
    """Wait until they are on the screen; what is there instead is in the failure."""
    for _ in range(100):
        if words in dashboard.text():
            return
        await dashboard.pilot.pause(0.01)
    assert words in dashboard.text()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.asked)
async def test_at_most_three_keys(question: Question, tmp_path: Path) -> None:
    assert len(question.commands) <= 3
    name = f"{30:08x}"
    broken = ["*** Debug: Could not connect to TTS API: refused"]
    history(tmp_path, turn(0, name), [*printed(name, "words"), *broken])
    control = FakeControl(control_state())
    start = Start(log=GrowingLog(tmp_path))
    async with running_dashboard(picture(), question.size, control, start=start) as dashboard:
        for command in question.commands:
            await press(dashboard, command)
        for words in question.shown:
            await see(dashboard, words)
        asks = YES in question.commands
        assert any(call[0] == "start" for call in control.calls) is asks
