"""A flag that moved begins an epoch: what it touches is learned anew, and everything else goes on being judged."""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS, KnownFlags, WrittenValue
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Turn

AT = 60
"""First turn behind the restart."""
OWN = Flag(key="store", label="store all", file="v34/config.py", constant="STORE_ALL", type=bool)


def conversation(change: Callable[[Turn], Turn], seed: int = 14) -> list[Turn]:
    """Sixty turns, a restart, and as many that ``change`` was applied to."""
    turns = []
    for turn in make_turns(2 * AT, seed=seed):
        later = turn.ordinal >= AT
        one = replace(turn, session=2 if later else 1, session_id="two" if later else "one")
        turns.append(change(one) if later else one)
    return turns


def known(turns: Sequence[Turn], flag: str, before: bool | int | float, after: bool | int | float) -> KnownFlags:
    """The flag was changed half a second before the restart's first turn."""
    started = turns[AT].started
    assert started is not None
    written = (WrittenValue(at=started - 0.5, flag=flag, value=after, before=before),)
    return KnownFlags(flags=(*FLAGS, OWN), written=written)


def findings(turns: Sequence[Turn], flags: KnownFlags | None = None) -> list[Finding]:
    """All that were raised behind the restart."""
    detector = RegressionDetector(flags)
    for turn in turns:
        detector.add(turn)
    return [one for one in detector.findings if one.raised >= AT]


def more_memories(turn: Turn) -> Turn:
    return slowed(slowed(turn, "prefill", 2.5), "retrieve", 2.5)


def no_memories(turn: Turn) -> Turn:
    """As v34 writes it: the two events 0.1 ms apart, no chunk, a shorter prompt."""
    one = slowed(slowed(turn, "prefill", 0.4), "retrieve", 1.0)
    assert one.headline_ms is not None and one.stages["retrieve"] is not None
    total = one.headline_ms - one.stages["retrieve"] + 0.1
    return replace(one, stages={**one.stages, "retrieve": 0.1}, chunks=0, headline_ms=total, v2v_ms=total)


def test_chunks_that_moved_unseen_are_level_changes() -> None:
    found = {one.stage for one in findings(conversation(more_memories))}
    assert found & {"prefill", "llm"} and "retrieve" in found


def test_chunks_that_the_journal_tells_of_are_not() -> None:
    turns = conversation(more_memories)
    assert findings(turns, known(turns, "retrieved-chunks", 5, 20)) == []


def test_a_retrieval_that_was_turned_off_is_no_level_change_and_the_verdict_names_it() -> None:
    """The turns show it; no journal is needed."""
    turns = conversation(no_memories)
    before = [replace(turn, chunks=5) for turn in turns[:AT]]
    judge = Judge()
    for turn in (*before, *turns[AT:]):
        judge.add(turn)
    state = judge.state()
    assert [one for one in state.findings if one.raised >= AT] == []
    assert state.verdict is not None
    assert changes_words(state.verdict.changes) == "retrieval on→off"
    assert {one.stage: one.verdict for one in state.verdict.stages}["retrieve"] == "faster"


@pytest.mark.parametrize(("stage", "flag"), [("classify", "retrieved-chunks"), ("tts", "recency-weight")])
def test_a_stage_that_the_flag_does_not_touch_goes_on_being_judged(stage: str, flag: str) -> None:
    turns = conversation(lambda turn: slowed(turn, stage, 2.0))
    flags = known(turns, flag, 1, 2)
    assert [(one.stage, one.direction) for one in findings(turns, flags)] == [(stage, "slower")]
    (found,) = findings(turns, flags)
    assert found.raised < AT + 10, "from the level of before: nothing had to be learned anew"


def test_a_flag_of_the_users_own_may_touch_everything() -> None:
    turns = conversation(lambda turn: slowed(turn, "classify", 2.0))
    assert findings(turns, known(turns, "store", True, False)) == []


def test_a_lasting_finding_ends_with_the_epoch_only_where_the_flag_touches_it() -> None:
    """Retrieval and classification had both become slower; then the number of chunks is changed."""
    turns = [slowed(slowed(turn, "retrieve", 2.0), "classify", 2.0) if turn.ordinal >= 30 else turn
             for turn in conversation(lambda turn: turn)]  # fmt: skip
    detector = RegressionDetector(known(turns, "retrieved-chunks", 5, 3))
    for turn in turns[: AT + 1]:
        detector.add(turn)
    ended = {one.stage: one.ended for one in detector.findings}
    assert ended == {"retrieve": "new epoch", "classify": ""}


def test_what_the_journal_tells_after_the_session_began_counts_for_the_next() -> None:
    turns = conversation(more_memories)
    judge = Judge()
    for turn in turns[: AT + 1]:
        judge.add(turn)
    judge.update_written(known(turns, "retrieved-chunks", 5, 20).written)
    for turn in turns[AT + 1 :]:
        judge.add(turn)
    assert not any(epoch.changes for epoch in judge.epochs)


def test_a_flip_that_falls_between_two_sessions_is_judged_across_later_restarts() -> None:
    """The verdict sets all that ran under the new value against all that ran under the old."""
    turns = [
        replace(turn, session=1 + turn.ordinal // 30) for turn in conversation(lambda turn: slowed(turn, "llm", 0.4))
    ]
    judge = Judge(known(turns, "recency-weight", 0.75, 0.25))
    for turn in turns:
        judge.add(turn)
    verdict = judge.state().verdict
    assert verdict is not None and (verdict.n_a, verdict.n_b) == (58, 58), "less the first turn of each session"
    assert changes_words(verdict.changes) == "recency weight 0.75→0.25"
    assert verdict.sentence.startswith("helped: LLM ×0.4")
