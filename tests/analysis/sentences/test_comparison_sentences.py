"""What a comparison says is what was put in: the cause stands in the turns, and the words are read."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import Truth, make_turns
from tests.analysis.sentences.worlds import AT, mapped, with_extra
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.turn import Gap, Turn

N = 2 * AT


def halves(turns: list[Turn]) -> Comparison:
    return compare(turns[:AT], turns[AT:])


def row(told: Comparison, stage: str) -> StageVerdict:
    return next(one for one in told.stages if one.stage == stage)


def without_tokens(turn: Turn) -> Turn:
    bare = dict.fromkeys(("prefill", "decode", "wait"))
    return replace(
        turn, prompt_tokens=None, output_tokens=None, prefill_ms=None, decode_ms=None, stages={**turn.stages, **bare}
    )


def test_a_request_without_token_counts_is_judged_and_says_how() -> None:
    """LLM +1 s was dropped in silence, with "other stages unchanged"."""
    bare = [without_tokens(turn) for turn in make_turns(N, 5)]
    told = halves(mapped(bare, lambda turn: with_extra(turn, 1000.0, llm=(turn.stages["llm"] or 0.0) + 1000.0)))
    llm = row(told, "llm")
    assert (llm.verdict, llm.adjusted_for) == ("slower", ())
    # As many as the reply's characters make stand for the output tokens.
    assert llm.note == "judged without its work: no prompt tokens"
    assert "LLM ×" in told.sentence and "(raw: its work is not known)" in told.sentence


def test_only_what_is_missing_of_the_work_is_called_missing() -> None:
    """Of turns that count their answers it was said that they do not."""
    turns = [replace(turn, prompt_tokens=None, stages={**turn.stages, "prefill": None}) for turn in make_turns(N, 5)]
    told = halves(turns)
    assert row(told, "llm").note == row(told, "decode").note == "judged without its work: no prompt tokens"
    mute = halves([replace(without_tokens(turn), reply_length=None) for turn in turns])
    assert row(mute, "llm").note == "judged without its work: no output tokens and no prompt tokens"


def test_the_whole_is_adjusted_only_for_work_that_is_known() -> None:
    told = halves([without_tokens(turn) for turn in make_turns(N, 5)])
    assert "output tokens" not in row(told, "V2V").adjusted_for
    assert {"output tokens", "reply length"} <= set(row(halves(make_turns(N, 5)), "V2V").adjusted_for)


def stored(turn: Turn, share: int) -> Turn:
    """A store in ``share`` of ten turns, of 330 ms."""
    now = turn.stages["store"] or 0.0
    if turn.ordinal % 10 < share:
        return replace(with_extra(turn, 330.0 - now, store=330.0), skipped=frozenset())
    return replace(with_extra(turn, -now, store=None), skipped=frozenset({"store"}))


@pytest.mark.parametrize(("before", "after"), [(1, 9), (9, 1), (3, 8)])
def test_a_share_of_occurrence_is_a_change(before: int, after: int) -> None:
    """Stores in 90 % of the turns instead of 10 % were "V2V +447ms, other stages unchanged"."""
    turns = [stored(turn, before if turn.ordinal < AT else after) for turn in make_turns(N, 6)]
    told = halves(turns)
    (share,) = told.shares
    assert (share.stage, share.optional) == ("store", True)
    assert share.had_a / share.n_a == pytest.approx(before / 10, abs=0.05)
    assert share.had_b / share.n_b == pytest.approx(after / 10, abs=0.05)
    words = f"memory store in {share.had_b} of {share.n_b} turns, was {share.had_a} of {share.n_a}"
    assert words in told.sentence


@pytest.mark.parametrize(("before", "after"), [(5, 5), (4, 5), (0, 1), (10, 9)])
def test_a_share_that_chance_explains_is_none(before: int, after: int) -> None:
    turns = [stored(turn, before if turn.ordinal < AT else after) for turn in make_turns(N, 6)]
    assert halves(turns).shares == ()


def test_a_stage_that_vanished_is_said() -> None:
    told = halves(mapped(make_turns(N, 7), lambda turn: with_extra(turn, 0.0, retrieve=None)))
    assert "not in the turns any more" not in halves(make_turns(N, 7)).sentence
    assert "retrieval is not in the turns any more" in told.sentence
    # That says it: there are not too few of it to tell.
    assert "too few of RAG" not in told.sentence


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_new_gap_is_named_with_its_size(seed: int) -> None:
    """It is one gap, whether a turn stores or not; 640 ms are said as 640."""
    told = halves(make_turns(N, seed, Truth("unattributed", 640.0, AT)))
    gap = row(told, "gap:classify→retrieve")
    assert gap.verdict == "slower"
    assert (gap.after_ms or 0.0) - (gap.before_ms or 0.0) == pytest.approx(640.0, abs=5.0)
    assert "gap CLASS→RAG 0.2ms→640ms" in told.sentence


def test_a_gap_of_turns_that_never_had_one() -> None:
    plain = [replace(turn, gaps=(), unattributed_ms=0.0) for turn in make_turns(N, 4)]
    told = halves(
        mapped(
            plain,
            lambda turn: replace(with_extra(turn, 200.0), gaps=(Gap("reply", "mute", 200.0),), unattributed_ms=200.0),
        )
    )
    assert "gap REPLY→MUTE 0.0ms→200ms" in told.sentence


def test_small_gaps_are_no_rows() -> None:
    assert [one.stage for one in halves(make_turns(N, 1)).stages if one.stage.startswith("gap:")] == []


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_shorter_answers_are_measured_first_and_then_explained(seed: int) -> None:
    """V2V 2.7 → 2.0 s was "no difference that chance would not make"."""
    shorter = Truth(workload=lambda number: (0.33 if number >= AT else 1.0, 1.0))
    told = halves(make_turns(N, seed, shorter))
    whole = row(told, "V2V")
    assert whole.raw_moved
    assert "; at equal work " in told.sentence or " at equal work (measured " in told.sentence
    assert "answers were " in told.sentence and "× shorter" in told.sentence
    assert "no significant difference" not in told.sentence


@pytest.mark.parametrize("seed", range(40, 56))
def test_no_word_contradicts_the_interval_beside_it(seed: int) -> None:
    """ "No difference" stood beside intervals that leave 1 out."""
    chance = 1.0 + 0.03 * (seed % 7)
    told = halves(mapped(make_turns(N, seed), lambda turn: slowed(turn, "classify", chance)))
    for one in told.stages:
        if one.low is None or one.high is None or one.ratio is None:
            assert one.verdict == "too few turns"
            continue
        assert one.low <= one.ratio <= one.high
        holds_one = one.low <= 1 <= one.high
        assert (one.verdict == "unchanged") is holds_one
        assert one.verdict in {"slower": ("slower",), "faster": ("faster",)}.get(
            one.verdict, ("unchanged", "cannot tell")
        )
    everything = {"unchanged", "slower", "faster"}
    if {one.verdict for one in told.stages} - everything:
        assert not told.sentence.endswith(", other stages unchanged")


def test_others_are_unchanged_only_where_all_were_compared() -> None:
    turns = make_turns(N, 21)
    few = [
        turn if turn.ordinal in (10, 11, 12, 90, 91, 92) else with_extra(turn, 0.0, reply=None)
        for turn in (slowed(turn, "classify", 2.0 if turn.ordinal >= AT else 1.0) for turn in turns)
    ]
    told = halves(few)
    assert row(told, "reply").verdict == "too few turns"
    assert "too few of REPLY" in told.sentence


def test_one_turn_sessions_are_compared_as_first_turns() -> None:
    """Decode ×3 was "too few turns"."""
    alone = [replace(turn, session=turn.ordinal) for turn in make_turns(N, 22)]
    told = halves(mapped(alone, lambda turn: slowed(turn, "decode", 3.0)))
    assert told.sentence.startswith("first turns of sessions: ")
    assert told.turns == "first turns of sessions"
    assert row(told, "decode").verdict == "slower"
    assert (row(told, "decode").low or 0) < 3.0 < (row(told, "decode").high or 0)


def test_two_interleaved_sessions_are_compared_as_what_they_are() -> None:
    two = [replace(turn, session=turn.ordinal % 2) for turn in make_turns(N, 23)]
    told = halves(mapped(two, lambda turn: slowed(turn, "decode", 3.0)))
    assert (row(told, "decode").verdict, told.turns) == ("slower", "")


def stepped(by_ms: float) -> Callable[[Turn], Turn]:
    """v34's clock was set: one hop is longer by what the other one is shorter."""

    def change(turn: Turn) -> Turn:
        hops = {"hop_in": (turn.stages["hop_in"] or 0.0) + by_ms, "hop_out": (turn.stages["hop_out"] or 0.0) - by_ms}
        shown = {key: ms if ms >= 0 and by_ms < 1000 else None for key, ms in hops.items()}
        return replace(turn, stages={**turn.stages, **shown})

    return change


@pytest.mark.parametrize("by_ms", [-1500.0, 30.0, 4.0, -4.0])
def test_a_clock_is_never_a_network(by_ms: float) -> None:
    """−1.5 s was "→NET ×601", 30 ms "×6.4", 4 ms "×1.7, other stages unchanged"."""
    turns = make_turns(N, 24)
    assert halves(mapped(turns, stepped(by_ms))).sentence == halves(turns).sentence
    assert not {"hop_in", "hop_out"} & {one.stage for one in halves(mapped(turns, stepped(by_ms))).stages}


def test_how_many_turns_it_would_take_is_said() -> None:
    pairs = make_turns(24, 30)
    told = compare(pairs[:12], pairs[12:])
    assert told.wanted == 0
    assert "cannot tell yet: V2V ×" in told.sentence and "turns a side would tell ±10 %" in told.sentence
    more = row(told, "V2V").to_tell
    assert more is not None and more > 11


@pytest.mark.parametrize("seed", range(100, 116))
def test_what_cannot_be_told_yet_says_how_many_turns_would_tell(seed: int) -> None:
    """An interval as narrow as what is asked about, but askew, had "cannot tell yet" and no number."""
    turns = make_turns(116, seed)
    sentence = compare(turns[:58], turns[58:]).sentence
    if sentence.startswith("cannot tell yet") and "may be chance" not in sentence:
        assert " would tell ±10 %" in sentence or "too much by chance to tell ±10 %" in sentence


def test_before_is_the_same_number_wherever_it_stands() -> None:
    told = halves(mapped(make_turns(N, 31), lambda turn: slowed(turn, "llm", 3.0)))
    whole, llm = row(told, "V2V"), row(told, "llm")
    assert whole.before_ms is not None and whole.ratio is not None and llm.raw_ratio is not None
    assert llm.raw_ratio == pytest.approx((llm.after_ms or 0.0) / (llm.before_ms or 1.0))
    shift = f"V2V +{whole.before_ms * (whole.ratio - 1) / 1000:.2f}s"
    assert shift in told.sentence
