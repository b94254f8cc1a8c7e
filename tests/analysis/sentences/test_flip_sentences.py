"""After a flip: which turns were compared, flags that no turn shows, and what was undone."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from timmy_tui.analysis.compare.selections import select
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.flags.table import FLAGS, KnownFlags, WrittenValue
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import Turn

PART = 30


def sessions(tail_modes: Sequence[bool], factor: float = 0.4) -> list[Turn]:
    """Sessions of PART turns in the given modes; the LLM of those in tail mode takes ``factor`` times as long."""
    turns = []
    for turn in make_turns(PART * len(tail_modes), seed=14):
        number = turn.ordinal // PART
        tail = tail_modes[number]
        one = slowed(turn, "llm", factor if tail else 1.0)
        turns.append(replace(one, session=number, session_id=str(number), tail_mode=tail and turn.ordinal % PART > 0))
    return turns


def verdict(turns: Sequence[Turn], known: KnownFlags | None = None) -> Comparison | None:
    judge = Judge(known)
    for turn in turns:
        judge.add(turn)
    return judge.state().verdict


@pytest.mark.parametrize(
    ("modes", "names"),
    [
        ((False, True), ("epoch:1", "epoch:2")),
        ((False, False, True), ("epochs:1-2", "epoch:3")),
        ((False, True, True), ("epoch:1", "epochs:2-3")),
    ],
)
def test_the_words_name_the_turns_that_were_compared(modes: tuple[bool, ...], names: tuple[str, str]) -> None:
    """Several epochs were compared as "epoch 2"."""
    turns = sessions(modes)
    told = verdict(turns)
    assert told is not None and (told.a, told.b) == names
    for name, count in zip(names, told.compared, strict=True):
        assert len(select(turns, name)) == count


def test_what_was_undone_is_history() -> None:
    told = verdict(sessions((False, True, False)))
    assert told is not None and told.undone
    assert (told.a, told.b) == ("epoch:1", "epoch:2")
    assert told.sentence.startswith("undone; while it ran: helped: LLM ×")
    again = verdict(sessions((False, True)))
    assert again is not None and not again.undone


@pytest.mark.parametrize("flag", ["retrieval", "retrieved-chunks", "recency-weight"])
def test_a_flag_that_no_turn_shows_has_a_verdict(flag: str) -> None:
    """By the journal or by v34's files: there was none, and an unexplained change of level."""
    row = next(one for one in FLAGS if one.key == flag)
    turns = sessions((False, False))
    turns = [slowed(turn, "retrieve", 3.0 if turn.ordinal >= PART else 1.0) for turn in turns]
    at = (turns[PART - 1].started or 0.0) + 1.0
    before, after = (True, False) if row.key == "retrieval" else (5, 10) if "weight" not in row.key else (0.75, 0.25)
    told = verdict(turns, KnownFlags(written=(WrittenValue(at=at, flag=row.key, value=after, before=before),)))
    assert told is not None
    assert [change.flag for change in told.changes] == [row.key]
    assert "RAG ×" in told.sentence
