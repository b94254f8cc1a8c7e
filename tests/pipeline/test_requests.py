"""What the user asks for, from the source of the snapshots to what the next one shows."""

import queue
import threading
from pathlib import Path

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.bootstrap.deferred import DeferredSource
from timmy_tui.core.errors import HistoryError
from timmy_tui.core.settings import Settings
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import ActOnTrial, AnswerFinding, BeginTrial, MarkTurn, NoteTurn, PipelineRequest
from timmy_tui.pipeline.live_source import LiveSource, play_logs
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.pipeline.turn_analyzer import TurnAnalyzer
from timmy_tui.storage.history import History
from timmy_tui.storage.recorder import Recorder
from timmy_tui.storage.trial_file import TrialFile

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def analyzer(tmp_path: Path) -> TurnAnalyzer:
    return TurnAnalyzer(trials=TrialFile(tmp_path))


def turn(ordinal: int) -> Turn:
    return complete_turn(ordinal, started=1000.0 + ordinal, request_id=f"{ordinal:08x}")


def judged(analyzer: TurnAnalyzer) -> JudgementState:
    state = analyzer.judgement()
    assert state is not None
    return state


def test_a_mark_and_its_note_are_set_and_taken_back(analyzer: TurnAnalyzer) -> None:
    turns = {7: turn(7)}
    analyzer.request(MarkTurn(7, "bad"), turns)
    analyzer.request(NoteTurn(7, "too curt"), turns)
    assert (judged(analyzer).quality, judged(analyzer).notes) == (((7, "bad"),), ((7, "too curt"),))
    analyzer.request(NoteTurn(7, ""), turns)
    assert (judged(analyzer).quality, judged(analyzer).notes) == (((7, "bad"),), ())
    analyzer.request(MarkTurn(7, None), turns)
    assert judged(analyzer).quality == ()


def test_a_turn_that_is_not_at_hand_takes_no_mark_and_no_note(analyzer: TurnAnalyzer) -> None:
    analyzer.request(MarkTurn(8, "good"), {7: turn(7)})
    analyzer.request(MarkTurn(7, "good"), {7: turn(7)})
    analyzer.request(NoteTurn(7, "fine"), {8: turn(8)})
    assert (judged(analyzer).quality, judged(analyzer).notes) == (((7, "good"),), ())


def test_the_guided_test_is_begun_left_resumed_and_ended(analyzer: TurnAnalyzer) -> None:
    asked: list[tuple[PipelineRequest, tuple[str, bool] | None]] = [
        (BeginTrial("test-2"), ("Test 2: tail mode", False)),
        (ActOnTrial("leave"), ("Test 2: tail mode", True)),
        (ActOnTrial("resume"), ("Test 2: tail mode", False)),
        (ActOnTrial("stop"), None),
    ]
    analyzer.add(turn(1), None)
    for request, wanted in asked:
        analyzer.request(request, {})
        trial = judged(analyzer).trial
        assert (None if trial is None else (trial.label, trial.left)) == wanted, request


def test_a_guided_test_that_is_not_open_cannot_be_ended(analyzer: TurnAnalyzer) -> None:
    with pytest.raises(HistoryError, match="no guided test is open"):
        analyzer.request(ActOnTrial("stop"), {})


def test_where_nothing_can_be_changed_there_is_no_guided_test() -> None:
    analyzer = TurnAnalyzer()
    analyzer.request(BeginTrial("guide"), {})
    analyzer.request(ActOnTrial("stop"), {})
    assert judged(analyzer).trial is None


class RecordingAnalyzer:
    """Remembers what it was asked, and concludes nothing."""

    def __init__(self) -> None:
        self.requests: list[PipelineRequest] = []
        self.ordinals: list[int] = []
        self.done = threading.Event()

    epochs = ()

    def add(self, turn: Turn, facts: object) -> None: ...

    def llm(self, facts: object, now: float) -> None: ...

    def judgement(self) -> None: ...

    def request(self, request: PipelineRequest, turns: object) -> None:
        assert isinstance(turns, dict)
        self.requests.append(request)
        self.ordinals = sorted(turns)
        if isinstance(request, ActOnTrial):
            self.done.set()


EVERY: tuple[PipelineRequest, ...] = (
    MarkTurn(3, "good"), NoteTurn(3, "cats"), AnswerFinding("llm:20", "mute"), BeginTrial("guide"), ActOnTrial("leave"),
)  # fmt: skip


def test_every_request_reaches_the_analyzer_as_it_was_made(tmp_path: Path) -> None:
    """Through the stand-in of the source, the pipeline's thread and the reading that is shown."""
    analyzer = RecordingAnalyzer()
    warnings: list[str] = []
    snapshots: queue.SimpleQueue[Snapshot] = queue.SimpleQueue()
    recorder = Recorder(tmp_path / "history.db", "/timmy", 0, True, warnings.append)
    feeds = play_logs([DATA / "latency.log", DATA / "v34.log"], None)
    pipeline = Pipeline(Settings(), feeds, analyzer=analyzer, replayed=True)
    source = DeferredSource(lambda: LiveSource(pipeline, recorder=recorder))
    source.request(MarkTurn(3, "bad"))  # before there is anything that could take it
    source.start(snapshots.put)
    while sum(turn.logs == "both" for turn in snapshots.get(timeout=20).turns) < 14:
        pass
    for request in EVERY:
        source.request(request)
    assert analyzer.done.wait(20)
    source.stop()
    assert analyzer.requests == list(EVERY) and 3 in analyzer.ordinals
    history = History(tmp_path / "history.db", "/timmy", True)
    assert [mark[:2] for mark in history.marks().values()] == [("good", "cats")] and warnings == []
    history.close()


def test_whoever_is_shown_a_turn_can_mark_it_at_once(tmp_path: Path) -> None:
    """In the moment of the first snapshot that has it, as a key that waits there would."""
    warnings: list[str] = []
    recorder = Recorder(tmp_path / "history.db", "/timmy", 0, True, warnings.append)
    feeds = play_logs([DATA / "latency.log", DATA / "v34.log"], None)
    source = LiveSource(Pipeline(Settings(), feeds, replayed=True), recorder=recorder)
    marked = threading.Event()

    def mark_the_first(snapshot: Snapshot) -> None:
        first = next((turn for turn in snapshot.turns if turn.logs == "both"), None)
        if first is not None and not marked.is_set():
            source.request(MarkTurn(first.ordinal, "good"))
            marked.set()

    source.start(mark_the_first)
    assert marked.wait(20)
    source.stop()
    history = History(tmp_path / "history.db", "/timmy", True)
    assert [mark[0] for mark in history.marks().values()] == ["good"] and warnings == []
    history.close()
