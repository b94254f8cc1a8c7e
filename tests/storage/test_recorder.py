"""What a snapshot brings that is new goes into the history, in a thread of its own, and nothing of it twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from timmy_tui.model.judgement import Comparison, Finding, JudgementState, StageVerdict
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.history import History
from timmy_tui.storage.recorder import Recorder

ROOT = "/timmy"


def turn(number: int, **facts: Any) -> Turn:
    told: dict[str, Any] = {"started": 1_700_000_000.0 + 10 * number, "text": "what was said", **facts}
    return Turn(
        ordinal=number, request_id=f"id{number:06}", session=0, session_id="s", state=TurnState.COMPLETE,
        headline_ms=2000.0, **told,
    )  # fmt: skip


def finding(**facts: Any) -> Finding:
    return Finding(
        key="llm:3", stage="llm", direction="slower", raised=9, raised_id="id000009", since=3, since_id="id000003",
        ratio=1.4, before_ms=800.0, after_ms=1100.0, n=7, confidence=0.99, **facts,
    )  # fmt: skip


def verdict(word: str, wanted: int = 0) -> Comparison:
    stage = StageVerdict(
        stage="llm", ratio=0.4, low=0.3, high=0.5, raw_ratio=0.4, n_a=9, n_b=9, verdict=word, wanted=wanted
    )
    return Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(stage,), sentence=word, wanted=wanted)


@contextmanager
def recording(path: Path, said: list[str]) -> Iterator[Recorder]:
    recorder = Recorder(path, ROOT, 0, False, said.append)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def kept(path: Path) -> History:
    return History(path, ROOT)


def test_turns_marks_notes_and_changes_are_written_once_and_without_words(path: Path) -> None:
    said: list[str] = []
    with recording(path, said) as recorder:
        first = turn(1)
        recorder.see(Snapshot(turns=(first,)))
        recorder.see(Snapshot(turns=(first, turn(2))))
        recorder.mark(first, "bad")
        recorder.note(first, "too curt")
        recorder.change("change", "tail mode off→on")
        recorder.change("outside", "v34/config.py edited")
    history = kept(path)
    try:
        assert [one.request_id for one in history.turns()] == ["id000001", "id000002"]
        assert all(one.text is None for one in history.turns())
        assert history.marks() == {"id000001": ("bad", "too curt")}
        assert [(label, state) for _, _, label, state in history.changes()] == [
            ("tail mode off→on", "change"), ("v34/config.py edited", "outside")
        ]  # fmt: skip
    finally:
        history.close()
    assert said == []


def test_a_finding_is_written_again_only_when_it_changed(path: Path) -> None:
    with recording(path, []) as recorder:
        for judged in (finding(), finding(), finding(acknowledged=True), finding(ended="accepted")):
            recorder.see(Snapshot(judgement=JudgementState(findings=(judged,))))
    history = kept(path)
    try:
        ((_, told),) = history.findings()
        assert told.ended == "accepted"
    finally:
        history.close()


def test_a_verdict_is_written_when_it_speaks_and_when_it_says_something_else(path: Path) -> None:
    with recording(path, []) as recorder:
        for judged in (verdict("faster", wanted=3), verdict("faster"), verdict("faster"), verdict("unchanged")):
            recorder.see(Snapshot(judgement=JudgementState(verdict=judged)))
    history = kept(path)
    try:
        assert [one.sentence for _, one in history.comparisons()] == ["faster", "unchanged"]
    finally:
        history.close()


def test_a_locked_file_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.storage.recorder.RETRY_S", 0.05)
    monkeypatch.setattr("timmy_tui.storage.recorder.STOP_S", 30.0)
    kept(path).close()
    said: list[str] = []
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    with recording(path, said) as recorder:
        recorder.see(Snapshot(turns=(turn(1),)))
        recorder.change("change", "raw on→off")
        held.execute("ROLLBACK")
        held.close()
    history = kept(path)
    try:
        assert len(history.turns()) == 1 and len(history.changes()) == 1
    finally:
        history.close()
