"""More turns than the other log can complete at a time: none is there twice, and the newest are whole."""

from collections import Counter
from pathlib import Path

import pytest

from timmy_tui.core.settings import Settings, TailSettings
from timmy_tui.demo.generated.conversation import ConversationPlan, GeneratedLogs, generate_logs
from timmy_tui.pipeline.read_logs import named_logs, read_logs
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder
from timmy_tui.turns.drafts import MAX_CLOSED_TURNS

TURNS = MAX_CLOSED_TURNS + 150


@pytest.fixture(scope="module")
def logs() -> GeneratedLogs:
    return generate_logs(ConversationPlan(TURNS, seed=2))


def as_bytes(lines: list[str]) -> list[bytes]:
    return [line.encode("utf-8", "surrogateescape") for line in lines]


def test_every_turn_of_long_logs_is_told_once_by_both(logs: GeneratedLogs, tmp_path: Path) -> None:
    """A report reads one log to its end and then the other: none of them had the other's figures."""
    for name, lines in (("latency.log", logs.latency), ("v34.log", logs.v34)):
        (tmp_path / name).write_bytes(b"\n".join(as_bytes(lines)) + b"\n")
    turns = read_logs(named_logs([tmp_path / "latency.log", tmp_path / "v34.log"]), TailSettings(), False).turns
    spoken = [turn for turn in turns if not turn.typed]
    assert Counter(turn.logs for turn in spoken) == {"both": TURNS}
    assert len({turn.request_id for turn in spoken}) == TURNS


def test_the_newest_turns_of_a_long_backlog_are_whole_and_none_is_there_twice(logs: GeneratedLogs) -> None:
    """A start of the dashboard: the turns were v34's alone, without speech and sound, and those of both logs gone."""
    builder = SnapshotBuilder(Settings())
    builder.begin_backlog()
    for kind, lines in (("latency", logs.latency), ("v34", logs.v34)):
        builder.feed(LogSource(kind), as_bytes(lines), None)
    builder.end_backlog(None, 0.0)
    spoken = [turn for turn in builder.turns() if not turn.typed]
    assert len(spoken) > 400 and {turn.logs for turn in spoken} == {"both"}
    assert all(count == 1 for count in Counter(turn.request_id for turn in spoken).values())
    last = [line.split('"request_id": "')[1][:8] for line in logs.latency if "tts_resume_sent" in line]
    assert [turn.request_id for turn in spoken] == last[-len(spoken) :]
