"""The scorer itself: it must see a bad method as bad, and the logs must carry the truth to the detector."""

from collections.abc import Sequence

from bench.judgement.baselines import BASELINES, method_of
from bench.judgement.lines import log_lines
from bench.judgement.pairs import RECIPES, Verdict, judge_pairs
from bench.judgement.scenarios import SHAPES, Labelled, clean_logs, one_step
from bench.judgement.score import Alarm, count_false, count_found, detect, looks_ahead
from bench.judgement.turns import make_turns
from timmy_tui.model.stages import CRITICAL
from timmy_tui.model.turn import Turn
from timmy_tui.turns.ingest import Ingest


def read(lines: Sequence[str]) -> list[Turn]:
    ingest, found = Ingest(60.0), dict[int, Turn]()
    for turn in [*ingest.feed("latency", [line.encode() for line in lines]), *ingest.assembler.finish()]:
        found[turn.ordinal] = turn
    return [found[ordinal] for ordinal in sorted(found)]


def test_the_written_log_reads_as_the_turns_it_was_made_of() -> None:
    made = make_turns(80, seed=3)
    found = read(list(log_lines(made)))
    assert len(found) == len(made)
    for one, other in zip(made, found, strict=True):
        assert one.headline_ms is not None and other.headline_ms is not None
        assert abs(one.headline_ms - other.headline_ms) < 0.01
        for stage in CRITICAL:
            left, right = one.stages[stage], other.stages[stage]
            assert (left is None) == (right is None)
            assert left is None or right is None or abs(left - right) < 0.01
        assert (one.output_tokens, one.prompt_tokens, one.session) == (
            other.output_tokens, other.prompt_tokens, other.session,
        )  # fmt: skip


def test_alarms_are_the_same_by_way_of_the_log() -> None:
    log = one_step("retrieve", 2.0, seed=8)
    assert detect(log.turns) == detect(read(list(log_lines(log.turns)))) != []


def _always(turns: Sequence[Turn]) -> list[Alarm]:
    return [Alarm(turn.ordinal, "retrieve", True) for turn in turns]


def _late(turns: Sequence[Turn]) -> list[Alarm]:
    return [Alarm(turns[0].ordinal, "retrieve", True)] if len(turns) > 60 else []


def test_a_method_that_always_cries_is_counted() -> None:
    result = count_false(_always, [Labelled("plain", make_turns(50, seed=1))])
    assert (result.rate, result.stages["retrieve"]) == (1000.0, 50)


def test_wrong_stage_wrong_way_and_delay() -> None:
    classify = Labelled("×2", make_turns(50, seed=1), "classify", 2.0, 20)
    faster = Labelled("×0.5", make_turns(50, seed=1), "retrieve", 0.5, 20)
    right = Labelled("×2", make_turns(50, seed=1), "retrieve", 2.0, 20)
    result = count_found(_always, [classify, faster, right])
    assert (result.logs, result.found, result.wrong, result.backwards) == (3, 1, 1, 1)
    assert result.delays == [1]
    assert result.mistaken == {"classify→retrieve": 1}


def test_looking_ahead_is_noticed() -> None:
    assert looks_ahead(_late, make_turns(100, seed=1), [30, 50, 70]) == 2


def test_the_shapes_of_clean_logs_differ() -> None:
    plain, heavy, no_stt, no_tts = clean_logs(len(SHAPES), seed=5)
    assert [log.kind for log in (plain, heavy, no_stt, no_tts)] == list(SHAPES)
    assert all(turn.stages["hop_in"] is None for turn in no_stt.turns)
    assert all(turn.stages["tts"] is None for turn in no_tts.turns)
    assert {turn.stages["tts"] for turn in plain.turns} & {turn.stages["tts"] for turn in heavy.turns} == set()


def test_every_baseline_runs_and_the_plainest_is_as_noisy_as_it_is_known_to_be() -> None:
    log = Labelled("plain", make_turns(150, seed=6))
    rates = {name: count_false(method_of(*made), [log]).rate for name, made in BASELINES.items()}
    assert rates["mean ± 3σ on ms"] > 20
    assert set(rates) == set(BASELINES)


def test_recipes_are_scored_against_the_known_ratio() -> None:
    def blind(a: Sequence[Turn], b: Sequence[Turn]) -> dict[str, Verdict]:
        return {stage: Verdict("faster", 0.9, 1.1) for stage in ("classify", "retrieve")}

    result = judge_pairs(blind, 10, 13, 1.5, seed=9)
    # Thirteen stages take turns: twice it is one of these two, called the wrong way; the other is falsely called.
    assert (result.pairs, result.called, result.backwards, result.pairs_false) == (13, 0, 2, 13)
    assert result.tests == 24
    assert (result.intervals, result.covered) == (26, 24)
    assert all(judge_pairs(recipe, 10, 2, 1.0, seed=9).tests for recipe in RECIPES.values())
