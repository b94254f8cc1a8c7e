"""There and back again: what came and went with the change is said, and nothing else is called unchanged."""

from collections.abc import Callable

from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.analysis.sentences.test_comparison_sentences import stored
from tests.analysis.sentences.worlds import with_extra
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.turn import Gap, Turn

PART = 30


def told(change: Callable[[Turn, int], Turn], marks: dict[int, str] | None = None) -> Comparison:
    """Three stretches; ``change`` is given the number of each."""
    turns = [change(turn, turn.ordinal // PART) for turn in make_turns(3 * PART, 14)]
    turns = [replace(turn, session=turn.ordinal // PART) for turn in turns]
    return compare_crossover((turns[:PART], turns[PART : 2 * PART], turns[2 * PART :]), marks=marks)


def without_rag(turn: Turn) -> Turn:
    return with_extra(turn, -(turn.stages["retrieve"] or 0.0), retrieve=None)


def test_a_stage_that_the_change_takes_away_is_said() -> None:
    """Retrieval off, there and back: "too few of RAG; other stages unchanged"."""
    one = told(lambda turn, part: without_rag(turn) if part == 1 else turn)
    assert [share.stage for share in one.shares] == ["retrieve"]
    assert one.sentence.startswith("retrieval is not in the turns any more (it was in 58 of 58)")
    assert "baselines differ" not in one.sentence


def test_a_share_that_does_not_come_back_is_a_drift() -> None:
    one = told(lambda turn, part: stored(turn, 1 if part == 0 else 9))
    assert one.shares == ()
    assert "the two baselines differ (memory store in" in one.sentence
    back = told(lambda turn, part: stored(turn, 9 if part == 1 else 1))
    assert [share.stage for share in back.shares] == ["store"]
    assert "memory store in 26 of 29 turns, was" in back.sentence and "baselines differ" not in back.sentence


def test_beside_a_drift_others_are_not_called_unchanged() -> None:
    """It said "other stages unchanged; the two baselines differ (retrieve ×3)"."""

    def both(turn: Turn, part: int) -> Turn:
        turn = slowed(turn, "llm", 0.4 if part == 1 else 1.0)
        return slowed(turn, "retrieve", 3.0 if turn.ordinal >= 45 else 1.0)

    sentence = told(both).sentence
    assert "LLM ×0.4" in sentence and "; the two baselines differ (RAG ×" in sentence
    assert "unchanged" not in sentence


def test_a_gap_has_its_name_and_its_size() -> None:
    """It was "gap:reply→mute ×2000.00"."""

    def later(turn: Turn, part: int) -> Turn:
        if part < 2:
            return turn
        return replace(
            with_extra(turn, 200.0),
            gaps=(*turn.gaps, Gap("reply", "mute", 200.0)),
            unattributed_ms=(turn.unattributed_ms or 0.0) + 200.0,
        )

    assert "the two baselines differ (gap REPLY→MUTE 0.0ms→200ms)" in told(later).sentence


def test_marks_are_said_there_as_everywhere() -> None:
    marks = {PART + 3: "bad"}
    one = told(lambda turn, part: slowed(turn, "llm", 0.4 if part == 1 else 1.0), marks)
    assert one.sentence.endswith(", but 1 of 30 turns marked bad")
