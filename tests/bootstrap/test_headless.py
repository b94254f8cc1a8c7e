"""The watcher's parts: what it says of snapshots, and which turns no snapshot had."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import finding
from timmy_tui.bootstrap import watched_source
from timmy_tui.bootstrap.log_import import UnseenTurns
from timmy_tui.bootstrap.watched_source import MOST_NOTICES, Inbox, WatchedSource
from timmy_tui.bootstrap.wiring import SourceOptions
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import HistorySettings, Paths, Settings
from timmy_tui.model.judgement import Comparison, JudgementState, StageVerdict
from timmy_tui.model.snapshot import Counts, Health, Snapshot, SourceCondition, SourceState
from timmy_tui.model.turn import Epoch, FlagChange, Span, Turn, TurnState
from timmy_tui.report.backlog import SETTLED_S
from timmy_tui.report.watch.events import MOST_KNOWN, NUMBER_S, DatedLines, Once, WatchEvents, notice
from timmy_tui.report.words.losses import LOSS_S
from timmy_tui.sources.timmy import Timmy


def turn(ordinal: int, number: int | None = None, **fields: Any) -> Turn:
    known = {
        "request_id": f"{ordinal:08x}", "state": TurnState.COMPLETE, "typed": False, "span": Span.V2V,
        "headline_ms": 1830.0, "v2v_ms": 1830.0, "stages": {"endpointing": 500.0, "llm": 812.0},
    }  # fmt: skip
    return Turn(ordinal=ordinal, number=number, **{**known, **fields})


def log(condition: SourceCondition = SourceCondition.OK, detail: str = "", lines: int = 1) -> SourceState:
    return SourceState(name="latency.log", condition=condition, detail=detail, lines=lines)


def snapshot(*turns: Turn, **fields: Any) -> Snapshot:
    return Snapshot(**{"turns": turns, "sources": (log(),), "opened": True, **fields})


class Said:
    """A watcher's words, from snapshots at chosen moments."""

    def __init__(self, numbered: bool = True, *before: Turn) -> None:
        self.events = WatchEvents(numbered)
        self.at = 0.0
        self.say(snapshot(*before, opened=False))
        self.first = self.say(snapshot(*before))

    def say(self, seen: Snapshot, after: float = 0.0) -> list[str]:
        self.at += after
        return [one.words for one in self.events.look(seen, self.at)]


def test_what_was_in_the_logs_before_is_only_counted() -> None:
    said = Said(True, turn(0, 1), turn(1, 2))
    assert said.first == ["2 turns in the logs; what comes now is said"]
    assert said.say(snapshot(turn(0, 1), turn(1, 2))) == []
    assert said.say(snapshot(turn(0, 1), turn(1, 2), turn(2, 3))) == [
        "turn 3 · 00000002 complete  V2V ≥1.83s  LLM 812ms"
    ]


@pytest.mark.parametrize(
    ("fields", "over"),
    [({}, True), ({"opened": False}, False), ({"preview": True}, False), ({"opened": False, "preview": True}, False)],
)
def test_the_logs_are_read_when_the_snapshot_says_so(fields: dict[str, bool], over: bool) -> None:
    """However long that takes: there is no time after which one that is not there yet is taken for read."""
    events = WatchEvents(True)
    kinds = [one.kind for tick in (0.0, 100.0) for one in events.look(snapshot(turn(0, 1), **fields), tick)]
    assert ("ready" in kinds) is over


@pytest.mark.parametrize("condition", [SourceCondition.OK, SourceCondition.DOWN, SourceCondition.BUSY])
def test_typed_turns_that_v34_alone_tells_of_were_before_too(condition: SourceCondition) -> None:
    """It holds back 8 KiB of its log, and is asked at the start: its first answer is waited for, five seconds."""
    events = WatchEvents(True)
    asked = SourceState(name="v34", condition=SourceCondition.WAITING)
    kinds = []
    for tick, service in ((0.0, asked), (SETTLED_S - 0.01, asked), (SETTLED_S, replace(asked, condition=condition))):
        kinds += [one.kind for one in events.look(snapshot(turn(0, 1), sources=(log(), service)), tick)]
    assert [kind for kind in kinds if kind != "source"] == ["ready"]
    silent = WatchEvents(True)
    list(silent.look(snapshot(sources=(log(), asked)), 0.0))
    waited = [[*silent.look(snapshot(sources=(log(), asked)), tick)] for tick in (SETTLED_S - 0.01, SETTLED_S)]
    assert [len(one) for one in waited] == [0, 1]


def test_a_timmy_without_logs_has_nothing_to_be_read() -> None:
    events, empty = WatchEvents(True), snapshot(sources=(log(SourceCondition.WAITING, lines=0),))
    assert [one.words for one in events.look(empty, 0.0)][-1] == "0 turns in the logs; what comes now is said"
    first = list(events.look(snapshot(turn(0, 1)), 1.0))
    assert [one.kind for one in first] == ["source", "turn"]


def test_a_turn_waits_for_its_number_and_not_for_ever() -> None:
    said = Said()
    assert said.say(snapshot(turn(0))) == []
    assert said.say(snapshot(turn(0, 7)), 0.1) == ["turn 7 · 00000000 complete  V2V ≥1.83s  LLM 812ms"]
    assert said.say(snapshot(turn(0, 7), turn(1)), 0.1) == []
    assert said.say(snapshot(turn(0, 7), turn(1)), NUMBER_S - 0.01) == []
    assert said.say(snapshot(turn(0, 7), turn(1)), 0.02) == ["turn 00000001 complete  V2V ≥1.83s  LLM 812ms"]
    assert said.say(snapshot(turn(0, 7), turn(1, 8)), 0.1) == [], "and is not said again"


def test_without_a_history_no_turn_waits() -> None:
    assert len(Said(False).say(snapshot(turn(0)))) == 1


def test_turns_are_said_in_order() -> None:
    said = Said()
    assert said.say(snapshot(turn(0), turn(1, 2))) == []
    assert [words[:6] for words in said.say(snapshot(turn(0, 1), turn(1, 2)))] == ["turn 1", "turn 2"]


def test_a_preview_says_nothing_of_turns() -> None:
    assert Said().say(snapshot(turn(5, 1), preview=True)) == []


def test_a_failed_turn_and_a_typed_one() -> None:
    said = Said()
    failed = turn(0, 1, state=TurnState.TIMED_OUT, span=Span.NONE, headline_ms=None, stages={})
    typed = turn(1, 2, request_id="", typed=True, span=Span.V34, headline_ms=900.0, stages={"llm": 700.0})
    assert said.say(snapshot(failed, typed)) == [
        "turn 1 · 00000000 timed out",
        "turn 2 · typed turn complete  v34 900ms  LLM 700ms",
    ]


def test_turns_that_left_before_they_could_be_said_are_counted() -> None:
    said = Said()
    assert said.say(snapshot(turn(0), turn(1))) == []
    assert said.say(snapshot(turn(2, 3))) == [
        "turn 3 · 00000002 complete  V2V ≥1.83s  LLM 812ms", "2 turns came too fast to be said",
    ]  # fmt: skip


def test_a_finding_is_said_when_it_begins_and_when_it_is_over_with_the_numbers_of_its_turns() -> None:
    said = Said(True, turn(0, 1))
    one = finding(since=0, raised=1)
    seen = snapshot(turn(0, 1), turn(1), judgement=JudgementState(findings=(one,)))
    assert said.say(seen) == [], "its turn has no number yet"
    turn_words, finding_words = said.say(replace(seen, turns=(turn(0, 1), turn(1, 2))))
    assert turn_words.startswith("turn 2") and "since turn 1" in finding_words and "at turn 2" in finding_words
    seen = replace(seen, turns=(turn(0, 1), turn(1, 2)))
    assert said.say(replace(seen, judgement=JudgementState(findings=(replace(one, n=30),)))) == []
    ended = JudgementState(findings=(replace(one, ended="back to usual", lasted=31),))
    (over,) = said.say(replace(seen, judgement=ended))
    assert over.startswith("over: llm") and "back to normal after 31 turns" in over
    assert said.say(replace(seen, judgement=ended)) == []


def test_findings_that_last_since_before_are_counted() -> None:
    events = WatchEvents(True)
    seen = snapshot(turn(0, 1), judgement=JudgementState(findings=(finding(), finding(key="tts:1", ended="accepted"))))
    assert [one.words for one in events.look(seen, 0.0)][-1:] == [
        "1 turn in the logs; what comes now is said; 1 finding lasting"
    ]


def test_a_restart_and_a_flag_are_said_once_and_a_flag_that_shows_later_again() -> None:
    def epoch(number: int, *changes: FlagChange) -> Epoch:
        return Epoch(number=number, session_id="x", started=0.0, first=0, turns=1, restarted=True, changes=changes)

    said = Said()
    tail = FlagChange(flag="tail-mode", label="tail mode", before=True, after=False)
    assert said.say(snapshot(epochs=(epoch(1),))) == []
    assert said.say(snapshot(epochs=(epoch(1), epoch(2)))) == ["epoch 2: restart"]
    assert said.say(snapshot(epochs=(epoch(1), epoch(2)))) == []
    assert said.say(snapshot(epochs=(epoch(1), epoch(2, tail)))) == ["epoch 2: restart, tail mode off→on"]


def test_a_verdict_is_said_when_it_says_something_new() -> None:
    def verdict(words: str, ratio: float = 0.7, wanted: int = 0) -> Snapshot:
        row = StageVerdict(
            stage="llm", ratio=ratio, low=None, high=None, raw_ratio=None, n_a=9, n_b=9, verdict=words, wanted=wanted
        )
        told = Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(row,), sentence=f"LLM {words}", wanted=wanted)
        return snapshot(judgement=JudgementState(verdict=told))

    said = Said()
    assert said.say(verdict("too few turns", wanted=3)) == []
    assert said.say(verdict("faster")) == ["verdict: epoch:2 against epoch:1: LLM faster"]
    assert said.say(verdict("faster", 0.69)) == []
    assert said.say(verdict("unchanged")) == ["verdict: epoch:2 against epoch:1: LLM unchanged"]


def test_a_source_is_said_when_it_comes_or_goes_and_not_when_it_is_busy() -> None:
    said = Said()
    busy, reading, down = (
        snapshot(sources=(log(one, "unreachable 14s" if one is SourceCondition.DOWN else ""),))
        for one in (SourceCondition.BUSY, SourceCondition.READING, SourceCondition.DOWN)
    )
    assert said.say(busy) == said.say(reading) == said.say(snapshot()) == []
    assert said.say(down) == ["latency.log: down unreachable 14s"]
    assert said.say(down) == []
    assert said.say(snapshot()) == ["latency.log: ok"]


def lossy(**fields: Any) -> Snapshot:
    return snapshot(sources=(replace(log(), **fields),))


def test_what_a_source_that_is_ok_loses_is_said_once_a_minute_at_most() -> None:
    said = Said()
    assert said.say(lossy(dropped=1)) == ["latency.log: 1 dropped line"]
    assert said.say(lossy(dropped=2)) == said.say(lossy(dropped=7, gaps=1), LOSS_S - 1.0) == []
    assert said.say(lossy(dropped=9, gaps=1), 1.0) == ["latency.log: 1 lost part, 9 dropped lines"]
    assert said.say(lossy(dropped=9, gaps=1), 10 * LOSS_S) == []


def test_what_was_lost_before_the_start_is_not_news_and_what_is_lost_on_the_way_out_is() -> None:
    said = Said()
    before = replace(log(), dropped=3)
    said.events.begin_again(numbered=False)
    said.say(snapshot(sources=(before,)))
    assert said.say(snapshot(sources=(before,))) == []
    otlp = SourceState("otlp", SourceCondition.OK)
    assert said.say(snapshot(sources=(before, otlp))) == ["otlp: ok"]
    refused = replace(otlp, detail="2 turns dropped, 1 span refused", notable=True)
    assert said.say(snapshot(sources=(before, refused))) == ["otlp: 2 turns dropped, 1 span refused"]
    more = replace(refused, detail="3 turns dropped, 1 span refused")
    assert said.say(snapshot(sources=(before, more)), LOSS_S) == ["otlp: 3 turns dropped, 1 span refused"]
    assert said.say(snapshot(sources=(before, otlp)), LOSS_S) == []


def test_a_source_that_goes_says_what_it_lost_with_it() -> None:
    said = Said()
    gone = lossy(condition=SourceCondition.DOWN, detail="no such file", missed=1)
    assert said.say(gone) == ["latency.log: down no such file, 1 missed file"]
    assert said.say(gone, 10 * LOSS_S) == []


def test_trouble_inside_is_said_and_when_it_is_over() -> None:
    said = Said()
    trouble = Health("pipeline", "ValueError", 0.0)
    assert said.say(snapshot(health=(trouble,))) == ["trouble in pipeline: ValueError"]
    assert said.say(snapshot(health=(replace(trouble, message="ValueError, 2 times"),))) == []
    assert said.say(snapshot()) == ["pipeline: works again"]


def test_foreign_text_stays_on_its_line() -> None:
    said = Said()
    (words,) = said.say(snapshot(turn(0, 1, request_id="a\x1b]0;x\x07\nforged")))
    assert "\x1b" not in words and "\n" not in words


@pytest.mark.parametrize("more", [0, 700])
def test_no_more_is_known_than_a_bound(more: int) -> None:
    once = Once()
    assert all(once.add(number) for number in range(MOST_KNOWN + more + 1))
    once.trim(more)
    assert not once.add(1) and once.add(0), "the oldest is forgotten first"


def test_what_was_asked_for_again_is_not_forgotten_before_what_was_not() -> None:
    once = Once()
    assert once.add("epoch") and once.add("turn")
    for number in range(2 * MOST_KNOWN):
        once.add(number)
        assert not once.add("epoch")
        once.trim(0)
    assert once.add("turn")


def test_what_lasts_is_said_once_however_many_turns_follow() -> None:
    """A restart, a finding and a verdict stand in every snapshot, beside turns that come and go."""
    epochs = tuple(
        Epoch(number=number, session_id="x", started=0.0, first=0, turns=1, restarted=True) for number in (1, 2)
    )
    row = StageVerdict(
        stage="llm", ratio=0.7, low=None, high=None, raw_ratio=None, n_a=9, n_b=9, verdict="faster", wanted=0
    )
    told = Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(row,), sentence="LLM faster")
    lasting = JudgementState(findings=(finding(since=0, raised=1),), verdict=told)
    said = Said(False)
    words: list[str] = []
    for first in range(0, MOST_KNOWN + 1000, 250):
        turns = tuple(turn(number) for number in range(first, first + 500))
        words += said.say(snapshot(*turns, epochs=epochs, judgement=lasting))
    others = [one for one in words if not one.startswith("turn ")]
    assert len(words) - len(others) == MOST_KNOWN + 1250
    assert [one.split()[0] for one in others] == ["epoch", "llm", "verdict:"]


def test_a_line_has_the_time_and_the_first_of_a_day_its_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    lines, midnight = DatedLines(), 1_764_288_000.0
    assert lines.lines(notice("a"), midnight - 2) == ["2025-11-27", "23:59:58  a"]
    assert lines.lines(notice("b"), midnight - 1) == ["23:59:59  b"]
    assert lines.lines(notice("c"), midnight) == ["2025-11-28", "00:00:00  c"]
    assert lines.lines(notice("d"), midnight + 86_399) == ["23:59:59  d"]
    monkeypatch.undo()
    time.tzset()


# ---- nothing that was said


SAID = "my password is swordfish"


def test_no_name_and_no_reason_of_a_turn_has_what_was_said() -> None:
    said = Said()
    one = turn(
        0, 1, request_id=SAID, session_id=SAID, model=SAID, state=TurnState.FAILED, typed=True,
        reason=f"Generate API call failed: {SAID}",
    )  # fmt: skip
    (told,) = said.events.look(snapshot(one), said.at)
    assert told.facts["reason"] == "Generate API call failed"
    assert all(str(told.facts[name]).startswith("text-") for name in ("request_id", "session_id", "model"))
    assert "swordfish" not in f"{told.words} {told.facts}"
    plain = turn(1, 2, model="llama3.2:3b-instruct-q4_K_M", session_id="5e55-1")
    (told,) = said.events.look(snapshot(one, plain), said.at)
    names = ("request_id", "session_id", "model")
    assert [told.facts[name] for name in names] == ["00000001", "5e55-1", "llama3.2:3b-instruct-q4_K_M"]


def test_a_reason_that_is_no_word_of_this_program_or_of_v34_is_a_hash() -> None:
    """Another system's error line may begin with what was said, and have no colon."""
    said = Said()
    for number, reason in enumerate((SAID, f"{SAID}: no such model", f"error: {SAID}")):
        one = turn(number, number + 1, state=TurnState.FAILED, reason=reason)
        (told,) = said.events.look(snapshot(*map(turn, range(number)), one), said.at)
        assert str(told.facts["reason"]).startswith("text-") and "swordfish" not in f"{told.words} {told.facts}"


def test_no_epoch_finding_or_verdict_has_what_was_said() -> None:
    change = FlagChange(flag="model", label="model", before="llama3.2:3b", after=SAID)
    epochs = tuple(
        Epoch(number=number, session_id=SAID, started=0.0, first=0, turns=1, changes=(change,), restarted=True)
        for number in (1, 2)
    )
    told = Comparison(
        a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(), sentence="LLM faster", changes=(change,)
    )  # fmt: skip
    judged = JudgementState(findings=(finding(since=0, since_id=SAID, raised=0, raised_id=SAID),), verdict=told)
    said = Said(True, turn(0, 1))
    happened = list(said.events.look(snapshot(turn(0, 1), epochs=epochs, judgement=judged), said.at))
    assert [one.kind for one in happened] == ["epoch", "finding", "verdict"]
    assert not [one for one in happened if "swordfish" in f"{one.words} {one.facts}"]
    assert "llama3.2:3b" in happened[0].words and "text-" in happened[0].words


def test_trouble_has_the_class_of_an_exception_and_not_what_it_says() -> None:
    said = Said()
    quoting = Health("pipeline", f"ValueError: {SAID} (turn 7)", 0.0, "ValueError")
    own = Health("history", "history.db cannot be used: database is locked. 3 waiting", 0.0)
    assert said.say(snapshot(health=(quoting, own))) == [
        "trouble in pipeline: ValueError",
        "trouble in history: history.db cannot be used: database is locked. 3 waiting",
    ]


# ---- the same logs read again, when the first watcher has ended


def again(said: Said, *turns: Turn, **fields: Any) -> list[str]:
    """What is said of a second reading: at its beginning, and with the next snapshot."""
    said.events.begin_again(numbered=True)
    said.say(snapshot(*turns, opened=False, **fields))
    ready = said.say(snapshot(*turns, **fields))
    assert "in the logs; what comes now is said" in ready[0] and len(ready) == 1
    return said.say(snapshot(*turns, **fields))


def test_turns_of_the_first_reading_are_not_said_again_and_those_of_between_are() -> None:
    said = Said(False, turn(0, request_id="aa"))
    assert len(said.say(snapshot(turn(0, request_id="aa"), turn(1, request_id="bb")))) == 1
    words = again(
        said,
        turn(0, 8, request_id="a0"), turn(1, 9, request_id="bb"), turn(2, 10, request_id="cc"),
    )  # fmt: skip
    assert words == ["turn 10 · cc complete  V2V ≥1.83s  LLM 812ms"], "a0 is older than what the first reading had"
    assert said.say(snapshot(turn(1, 9, request_id="bb"), turn(2, 10, request_id="cc"))) == []


def test_an_id_that_comes_again_after_a_day_is_another_turn() -> None:
    said = Said(False, turn(0, request_id="aa", started=0.0), turn(1, request_id="bb", started=1.0))
    words = again(
        said,
        turn(0, 1, request_id="bb", started=1.0), turn(1, 2, request_id="aa", started=86_400.0),
    )  # fmt: skip
    assert [one[:6] for one in words] == ["turn 2"]


def test_of_turns_that_nothing_tells_apart_as_many_are_said_as_there_are_more() -> None:
    alike: dict[str, Any] = {
        "request_id": "",
        "typed": True,
        "state": TurnState.FAILED,
        "span": Span.NONE,
        "headline_ms": None,
    }
    before = (turn(0, request_id="aa"), turn(1, **alike), turn(2, **alike))
    said = Said(False, *before)
    assert again(said, *before) == []
    more = (turn(0, 1, request_id="aa"), *(turn(number, number + 1, **alike) for number in range(1, 5)))
    assert [one[:6] for one in again(said, *more)] == ["turn 4", "turn 5"]


def test_a_turn_that_waited_for_its_number_as_the_reading_ended_is_said_by_the_next() -> None:
    said = Said(True, turn(0, 1))
    assert said.say(snapshot(turn(0, 1), turn(1))) == []
    assert [one[:6] for one in again(said, turn(0, 1), turn(1, 2))] == ["turn 2"]


def test_logs_that_were_empty_in_the_first_reading_are_said_in_the_second() -> None:
    assert [one[:6] for one in again(Said(False), turn(0, 1), turn(1, 2))] == ["turn 1", "turn 2"]


def test_a_reading_that_was_not_whole_tells_nothing_of_the_next() -> None:
    events, both = WatchEvents(False), snapshot(turn(0, 1), turn(1, 2))
    assert [one.kind for one in events.look(snapshot(turn(0), opened=False), 0.0)] == ["source"]
    events.begin_again(numbered=True)
    assert list(events.look(replace(both, opened=False), 1.0)) == []
    assert [one.kind for one in events.look(both, 2.0)] == ["ready"]
    assert list(events.look(both, 3.0)) == []


def test_what_lasts_over_both_readings_is_not_said_again_and_what_ended_between_is() -> None:
    def judged(ended: str, at: int) -> dict[str, Any]:
        one = finding(key=f"llm:{at}", since=at, since_id="bb", raised=at, raised_id="bb", ended=ended, lasted=9)
        return {"judgement": JudgementState(findings=(one,))}

    def epochs(*firsts: int) -> tuple[Epoch, ...]:
        return tuple(
            Epoch(number=number, session_id="x", started=0.0, first=first, turns=1, restarted=True)
            for number, first in enumerate(firsts, 1)
        )

    first = (turn(0, request_id="aa"), turn(1, request_id="bb"))
    said = Said(False, first[0])
    words = said.say(snapshot(*first, epochs=epochs(0, 0), **judged("", 1)))
    assert [one.split()[0] for one in words] == ["epoch", "turn", "llm"]
    later = (turn(0, 2, request_id="bb"),)
    assert again(said, *later, epochs=epochs(0, 0), **judged("", 0)) == []
    ended = again(said, *later, turn(1, 3, request_id="cc"), epochs=epochs(0, 0, 1), **judged("back to usual", 0))
    assert [one.split()[0] for one in ended] == ["epoch", "turn", "over:"]


# ---- turns that no snapshot had


def counted(closed: int, *turns: Turn, **fields: Any) -> Snapshot:
    return snapshot(*turns, counts=Counts(complete=closed), **fields)


def test_turns_beyond_the_newest_are_noticed_once() -> None:
    unseen = UnseenTurns()
    assert not unseen.look(counted(900, turn(899), preview=True))
    assert unseen.look(counted(900, turn(898), turn(899)))
    assert not unseen.look(counted(901, turn(899), turn(900)))
    assert not unseen.look(counted(901, replace(turn(899), logs="both"), turn(900)))
    assert unseen.look(counted(904, turn(902), turn(903)))
    assert not unseen.look(counted(904, turn(902), turn(903)))


def test_a_log_whose_turns_are_all_in_the_snapshot_has_none_unseen() -> None:
    unseen = UnseenTurns()
    assert not unseen.look(counted(0))
    assert not unseen.look(counted(2, turn(0), turn(1)))
    states = Counts(complete=1, failed=1, aborted=1, timed_out=1, open=1)
    assert not unseen.look(snapshot(*map(turn, range(4)), counts=states))
    assert unseen.look(snapshot(*map(turn, range(5)), counts=replace(states, complete=3)))


def test_the_inbox_has_the_newest_snapshot_and_the_last_notices() -> None:
    inbox = Inbox()
    assert inbox.begin_reading() == 1
    assert inbox.wait(0.0) == (1, None, ())
    first, second = snapshot(), snapshot()
    for one in (first, second):
        inbox.put(1, one)
    for number in range(MOST_NOTICES + 2):
        inbox.notify(str(number))
    news = inbox.wait(0.0)
    assert news.snapshot is second
    assert [one.words for one in news.notices] == [str(number) for number in range(2, MOST_NOTICES + 2)]
    assert inbox.wait(0.0) == (1, None, ())


def test_a_snapshot_of_an_older_reading_is_none() -> None:
    inbox, old, new = Inbox(), snapshot(), snapshot()
    inbox.put(inbox.begin_reading(), old)
    assert inbox.begin_reading() == 2
    inbox.put(1, old)
    assert inbox.wait(0.0) == (2, None, ())
    inbox.put(2, new)
    inbox.put(1, old)
    assert inbox.wait(0.0).snapshot is new


@pytest.mark.parametrize("usable", [True, False])
def test_without_a_state_folder_turns_are_sent_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    """And a second watcher, which knows of the first, sends none."""
    made: list[SourceOptions] = []

    class Nothing:
        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *_: None

    def source(timmy: Timmy, options: SourceOptions, notify: object) -> Nothing:
        made.append(options)
        return Nothing()

    monkeypatch.setattr(watched_source, "live_source", source)
    state = tmp_path / "state"
    if not usable:
        state.write_text("a file")
    timmy = Timmy(
        replace(Settings(), history=HistorySettings(enabled=False)), installation_at(tmp_path, Paths()), state
    )
    watchers = [WatchedSource(timmy, False, Inbox()) for _ in range(2)]
    try:
        owners = [bool(watcher.start()) for watcher in watchers]
        assert owners == [False, usable]
        assert [one.export for one in made[:2]] == [True, not usable]
        assert made[0].record == usable
    finally:
        for watcher in reversed(watchers):
            watcher.stop()
