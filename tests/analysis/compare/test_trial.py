"""The guide's tests: each step from the turns alone, left, resumed, damaged, turned back."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.trial import Trial, make_trial, shown_word
from timmy_tui.analysis.compare.trial_state import state
from timmy_tui.analysis.compare.trial_steps import advance, answer, leave, resume
from timmy_tui.core.errors import HistoryError
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import BeginTrial
from timmy_tui.storage.trial_file import NAME, TrialFile

EVERY_S = 10.0
START = 1_700_000_000.0


MADE = tuple(make_turns(120, 5))


def stretch(first: int, count: int, session: int, factor: float = 1.0, **flags: object) -> list[Turn]:
    """``count`` turns of one session, ten seconds apart, the LLM's time times ``factor``."""
    made = MADE[first : first + count]
    turns: list[Turn] = []
    for number, turn in enumerate(made):
        stages = dict(turn.stages)
        llm = stages["llm"]
        assert llm is not None and turn.headline_ms is not None
        stages["llm"] = llm * factor
        ordinal = first + number
        turns.append(
            replace(
                turn,
                ordinal=ordinal,
                session=session,
                session_id=f"s{session}",
                started=START + ordinal * EVERY_S,
                stages=stages,
                headline_ms=turn.headline_ms + llm * (factor - 1),
                load_ms=95.0,
                **{"tail_mode": False, "raw": True, **flags},
            )
        )
    return turns


def test_test_1_from_the_first_turn_to_the_verdict() -> None:
    trial = make_trial("test-1", 6, False, START)
    before = stretch(0, 12, 0)
    told = state(trial, before[:4], {})
    assert (told.phase, told.step, told.steps, told.sentence) == ("measure", 1, 4, "3 more turns as it is")
    trial = advance(trial, before, START + 200)
    told = state(trial, before, {})
    assert (told.phase, told.wish, told.sentence) == ("change", (("raw", "off"),), "now change raw to off")
    after = stretch(30, 4, 1, factor=0.4, raw=False)
    trial = advance(trial, [*before, *after], START + 400)
    told = state(trial, [*before, *after], {})
    assert (told.phase, told.step, told.sentence) == ("measure", 3, "3 more turns with the change")
    after = stretch(30, 12, 1, factor=0.4, raw=False)
    trial = advance(trial, [*before, *after], START + 500)
    told = state(trial, [*before, *after], {})
    assert told.phase == "verdict" and told.verdict is not None
    assert {one.stage: one.verdict for one in told.verdict.stages}["llm"] == "faster"
    assert told.sentence.endswith("Keep it, or undo?")
    trial = answer(trial, "keep", [*before, *after], START + 600)
    told = state(trial, [*before, *after], {})
    assert told.phase == "done" and "Test 1: raw off" in told.sentence and "(keep)" in told.sentence


def test_the_same_turns_again_change_nothing() -> None:
    turns = stretch(0, 12, 0)
    once = advance(make_trial("guide", 6, False, START), turns, START + 200)
    assert advance(once, turns, START + 300) == once


def test_turns_while_it_was_left_do_not_count() -> None:
    trial = make_trial("test-2", 6, False, START)
    turns = stretch(0, 30, 0)
    trial = leave(trial, START + 3.5 * EVERY_S)
    assert advance(trial, turns, START + 300) == trial
    assert state(trial, turns, {}).left and "left" in state(trial, turns, {}).sentence
    assert leave(trial, START + 999) == trial
    trial = resume(trial, START + 20 * EVERY_S)
    told = state(trial, turns[:23], {})
    assert told.seen == 3 + 3  # three of the first four, the first one being a session's; then three more
    assert state(advance(trial, turns, START + 400), turns, {}).phase == "change"


def test_what_runs_already_cannot_be_tested() -> None:
    trial = make_trial("guide", 6, False, START)
    turns = stretch(0, 12, 0, raw=False)
    trial = advance(trial, turns, START + 200)
    told = state(trial, turns, {})
    assert told.label == "Test 2: tail mode"
    assert [one.sentence for one in trial.phases if one.answer] == ["already set"]


def test_a_guided_test_goes_there_and_back() -> None:
    trial = make_trial("test-2", 6, True, START)
    a = stretch(0, 12, 0, raw=False)
    b = stretch(30, 12, 1, factor=0.4, tail_mode=True, raw=False)
    trial = advance(trial, a, START + 200)
    trial = advance(trial, [*a, *b], START + 500)
    told = state(trial, [*a, *b], {})
    assert told.wish == (("tail-mode", "off"), ("raw", "off"))  # raw was off before, too
    again = stretch(60, 12, 2, raw=False)
    trial = advance(trial, [*a, *b, *again], START + 900)
    told = state(trial, [*a, *b, *again], {})
    assert told.phase == "verdict" and told.verdict is not None
    assert {one.stage: one.verdict for one in told.verdict.stages}["llm"] == "faster"


def _word(turns: Sequence[Sequence[Turn]], stage: str) -> str:
    return {one.stage: one.verdict for one in compare_crossover((turns[0], turns[1], turns[2])).stages}[stage]


def test_a_drift_is_told_from_a_change_that_goes_and_comes_back() -> None:
    a, b = stretch(0, 30, 0), stretch(30, 30, 1, factor=1.5)
    assert _word([a, b, stretch(60, 30, 2)], "llm") == "slower"
    drifted = compare_crossover((a, b, stretch(60, 30, 2, factor=2.2)))
    assert {one.stage: one.verdict for one in drifted.stages}["llm"] == "drifted"
    assert "the two baselines differ" in drifted.sentence and "LLM ×2" in drifted.sentence


@pytest.mark.parametrize(
    ("turn", "flag", "value", "wanted"),
    [
        ({"tail_mode": True}, "tail-mode", "on", True),
        ({"tail_mode": None}, "tail-mode", "off", False),
        ({"raw": False}, "raw", "off", True),
        ({"raw": None, "context_returned": 400, "output_tokens": 9}, "raw", "off", True),
        ({"raw": None, "context_returned": 0, "output_tokens": 9}, "raw", "on", True),
        ({"raw": None, "context_returned": None}, "raw", "off", False),
    ],
)
def test_what_a_turn_shows_of_a_flag(turn: dict[str, object], flag: str, value: str, wanted: bool) -> None:
    (told,) = stretch(0, 1, 0, 1.0, **turn)
    assert (shown_word(told, flag) == value) is wanted


# -- the file


def test_the_screen_and_the_shell_carry_the_same_trial_on(tmp_path: Path) -> None:
    turns = stretch(0, 12, 0)
    here, there = TrialFile(tmp_path), TrialFile(tmp_path)
    assert here.update(turns, {}) is None
    here.start(BeginTrial("test-1", turns=6), turns)
    told = there.update(turns, {})
    assert told is not None and told.phase == "change"  # this session's turns are its baseline
    there.act("leave", turns)
    left = here.update(turns, {})
    assert left is not None and left.left
    with pytest.raises(HistoryError, match="already open"):
        here.start(BeginTrial("test-2", turns=6), turns)
    there.act("stop", turns)
    assert here.update(turns, {}) is None
    with pytest.raises(HistoryError, match="no guided test"):
        here.act("leave", turns)
    assert (tmp_path / NAME).exists() is False


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"name": 3}', b"\xff\xfe", b'{"schema": 99}'])
def test_a_damaged_file_is_kept_beside_and_said(tmp_path: Path, data: bytes) -> None:
    (tmp_path / NAME).write_bytes(data)
    trials = TrialFile(tmp_path)
    told = trials.update([], {})
    assert told is not None and told.phase == "done" and "cannot be read" in told.sentence
    (aside,) = tmp_path.glob(f"{NAME}.damaged-*")
    assert aside.read_bytes() == data
    trials.start(BeginTrial("test-1", turns=6), [])
    assert json.loads((tmp_path / NAME).read_text())["name"] == "test-1"
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_a_trial_of_a_newer_version_is_not_guessed_at(tmp_path: Path) -> None:
    trial: Trial = make_trial("test-1", 6, False, START)
    import msgspec

    (tmp_path / NAME).write_bytes(msgspec.json.encode(replace(trial, schema=2)))
    told = TrialFile(tmp_path).update([], {})
    assert told is not None and "cannot be read" in told.sentence
