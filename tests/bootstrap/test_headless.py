"""The watcher's parts: what it says of snapshots, and which turns no snapshot had."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import finding
from timmy_tui.bootstrap.headless import MOST_NOTICES, Inbox, UnseenTurns
from timmy_tui.model.judgement import Comparison, JudgementState, StageVerdict
from timmy_tui.model.snapshot import Counts, Health, Snapshot, SourceCondition, SourceState
from timmy_tui.model.turn import Epoch, FlagChange, Span, Turn, TurnState
from timmy_tui.report.backlog import SETTLED_S
from timmy_tui.report.watch_events import MOST_KNOWN, NUMBER_S, Once, WatchEvents


def turn(ordinal: int, number: int | None = None, **fields: Any) -> Turn:
    known = {
        "request_id": f"{ordinal:08x}", "state": TurnState.COMPLETE, "typed": False, "span": Span.V2V,
        "headline_ms": 1830.0, "v2v_ms": 1830.0, "stages": {"endpointing": 500.0, "llm": 812.0},
    }  # fmt: skip
    return Turn(ordinal=ordinal, number=number, **{**known, **fields})


def log(condition: SourceCondition = SourceCondition.OK, detail: str = "", lines: int = 1) -> SourceState:
    return SourceState(name="latency.log", condition=condition, detail=detail, lines=lines)


def snapshot(*turns: Turn, **fields: Any) -> Snapshot:
    return Snapshot(**{"turns": turns, "sources": (log(),), **fields})


class Said:
    """A watcher's words, from snapshots at chosen moments."""

    def __init__(self, numbered: bool = True, *before: Turn) -> None:
        self.events = WatchEvents(numbered)
        self.at = 0.0
        self.say(snapshot(*before))
        self.first = self.say(snapshot(*before), SETTLED_S)

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
    ("after", "condition", "over"),
    [(SETTLED_S - 0.01, SourceCondition.OK, False), (SETTLED_S, SourceCondition.OK, True),
     (SETTLED_S + 9, SourceCondition.READING, False)],
)  # fmt: skip
def test_the_logs_are_read_once_their_lines_have_settled(after: float, condition: SourceCondition, over: bool) -> None:
    events = WatchEvents(True)
    seen = snapshot(turn(0, 1), sources=(log(condition),))
    list(events.look(seen, 0.0))
    assert bool([one for one in events.look(seen, after) if one.kind == "ready"]) is over


def test_a_timmy_without_logs_has_nothing_to_be_read() -> None:
    events, empty = WatchEvents(True), snapshot(sources=(log(SourceCondition.WAITING, lines=0),))
    list(events.look(empty, 0.0))
    assert [one.kind for one in events.look(empty, SETTLED_S - 0.01)] == []
    assert [one.words for one in events.look(empty, SETTLED_S)] == ["0 turns in the logs; what comes now is said"]
    first = list(events.look(snapshot(turn(0, 1)), SETTLED_S + 1))
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
    list(events.look(seen, 0.0))
    assert [one.words for one in events.look(seen, SETTLED_S)] == [
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


def test_no_more_is_known_than_a_bound() -> None:
    once = Once()
    assert all(once.add(number) for number in range(MOST_KNOWN + 1))
    assert not once.add(1) and once.add(0), "the oldest is forgotten first"


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
    assert inbox.wait(0.0) == (None, [])
    first, second = snapshot(), snapshot()
    for one in (first, second):
        inbox.put(one)
    for number in range(MOST_NOTICES + 2):
        inbox.notify(str(number))
    seen, notices = inbox.wait(0.0)
    assert seen is second and notices == [str(number) for number in range(2, MOST_NOTICES + 2)]
    assert inbox.wait(0.0) == (None, [])
