"""The scorer itself: it must see a bad method as bad, and the logs must carry the truth to the detector."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bench.judgement.baselines import BASELINES, method_of
from bench.judgement.changes import OTHERS, STEPS, WORK, Change
from bench.judgement.clairvoyant import Clairvoyant
from bench.judgement.grade import Effort, run
from bench.judgement.lines import log_lines
from bench.judgement.otava import PLACE, otava_or_reason
from bench.judgement.pairs import RECIPES, Verdict, judge_pairs
from bench.judgement.scenarios import SHAPES, Labelled, clean_logs, one_step
from bench.judgement.score import Alarm, count_false, count_found, detect, looks_ahead
from bench.judgement.tables import matrix, others, peers_by_world, poisson, silence, steps, wilson
from bench.judgement.turns import make_turns
from bench.judgement.worlds import WORLDS, Request, Seeds, draw, null_logs
from timmy_tui.model.stages.watched import CRITICAL
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


# --- worlds ---


@pytest.mark.parametrize("world", WORLDS)
def test_a_world_draws_other_logs_for_tuning_for_reporting_and_for_every_number(world: str) -> None:
    request = Request(world, "small", None, 2, 0)
    drawn = [
        log for seeds in (Seeds("tune", 1), Seeds("report", 1), Seeds("report", 2)) for log in draw(request, seeds)
    ]
    times = {tuple(turn.headline_ms for turn in log.turns) for log in drawn}
    assert len(times) == len(drawn) == 6
    again = next(draw(request, Seeds("tune", 1)))
    assert [turn.stages for turn in again.turns] == [turn.stages for turn in drawn[0].turns]
    assert all(turn.headline_ms is not None for log in drawn for turn in log.turns if turn.state == "complete")


@pytest.mark.parametrize("change", [*STEPS, *OTHERS], ids=lambda change: change.name)
def test_a_change_begins_where_the_label_says(change: Change) -> None:
    """Of the changed stage the values behind the change are off the truth, those ahead of it are not."""
    for log in draw(Request("light tails", "middle", change, 3, 0), Seeds("tune", 2)):
        assert log.at is not None and log.stage
        if log.stage in log.residuals and change in STEPS:
            of = log.residuals[log.stage]
            moved = np.nanmedian(of[log.place :]) - np.nanmedian(of[: log.place])
            assert moved == pytest.approx(math.log(change.factor), abs=0.12)


@pytest.mark.parametrize("change", WORK, ids=lambda change: change.name)
def test_work_alone_is_no_change_of_a_stage(change: Change) -> None:
    log = next(draw(Request("light tails", "middle", change, 1, 0), Seeds("tune", 3)))
    assert (log.at, log.stage) == (None, "")
    usual = [turn.output_tokens or 0 for turn in log.turns]
    memories = [turn.chunks or 0 for turn in log.turns]
    ahead, behind = slice(log.place), slice(log.place, None)
    assert not 0.8 < np.median(usual[behind]) / np.median(usual[ahead]) < 1.25 or np.mean(
        memories[behind]
    ) > 1.5 * np.mean(memories[ahead])


def test_laws_do_what_they_say() -> None:
    def logs(world: str) -> list[Labelled]:
        return list(draw(Request(world, "middle", None, 3, 0), Seeds("tune", 4)))

    ticks = [turn.stages["tts"] for log in logs("stamps of 15.6 ms") for turn in log.turns]
    assert all(ms is not None and ms / 15.625 == pytest.approx(round(ms / 15.625)) for ms in ticks)
    assert {turn.state for log in logs("pauses and typed turns") for turn in log.turns} >= {"aborted", "complete"}
    assert any(turn.typed for log in logs("pauses and typed turns") for turn in log.turns)
    stored = [turn.stages["store"] is not None for log in logs("rare stages") for turn in log.turns]
    assert 0.02 < np.mean(stored) < 0.2
    assert any(turn.output_tokens is None for log in logs("token counts missing") for turn in log.turns)
    (sessions, *_) = [[turn.session for turn in log.turns] for log in logs("sessions interleaved")]
    assert sessions != sorted(sessions)
    alike = [
        float(np.corrcoef(np.sign(of[1:] - np.median(of)), np.sign(of[:-1] - np.median(of)))[0, 1])
        for log in logs("neighbours alike, φ .15–.4")
        for stage, of in log.residuals.items()
        if stage in ("reply", "prompt", "decode") and not np.isnan(of).any()
    ]
    assert 0.1 < np.mean(alike) < 0.4, "of signs: two thirds of that of the values"


def test_the_clairvoyant_sees_a_doubling_and_nothing_in_clean_logs() -> None:
    seeds = Seeds("tune", 5)
    clean = list(null_logs(Request("light tails", "middle", None, 60, 1), seeds))
    test = Clairvoyant(clean, 80, 0.05)
    doubled = list(draw(Request("light tails", "middle", STEPS[-1], 6, 2), seeds))
    assert all(test.finds(log) for log in doubled)
    others = null_logs(Request("light tails", "middle", None, 60, 3), seeds)
    assert sum(test.finds(replace(log, stage="classify")) for log in others) <= 3


def test_intervals_of_counts() -> None:
    """Clopper–Pearson's and Wilson's textbook values."""
    assert poisson(0, 1.0) == pytest.approx((0.0, 3.689), abs=0.001)
    assert poisson(10, 2.0) == pytest.approx((4.795 / 2, 18.39 / 2), abs=0.005)
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_grade_counts_by_world_and_prints_every_table() -> None:
    grades = run(_always, Effort(150, 1, 1, 1), Seeds("tune", 6), ["light tails"])
    one = grades["light tails"]
    alarms, turns = one.false
    assert alarms == turns and set(one.clean) == {"small", "middle", "large"}
    assert all(found.logs == 3 for found in one.changes.values())
    text = "\n".join(line for table in (silence, steps, matrix, others) for line in table(grades))
    assert "1000.00 [" in text and "| **worst** |" in text and "all GPU stages ×1.5" in text
    names, _, cells, every = matrix(grades)
    assert names.count("|") == cells.count("|") == every.count("|") == 2 + len(STEPS) + len(OTHERS)
    assert every.replace("**all**", "light tails") == cells
    beside = list(peers_by_world({"one": grades, "two": grades}))
    assert beside[0] == "| world | one | two |" and beside[2].count("1000.00 [") == 2


def test_otava_says_where_a_series_moved_or_why_it_is_not_run() -> None:
    if not (PLACE / "bin" / "python").exists():
        pytest.skip("its environment is made by the bench, not by a test")
    otava = otava_or_reason()
    assert not isinstance(otava, str)
    log = one_step("classify", 3.0, seed=8)
    assert any(alarm.stage == "classify" and alarm.slower for alarm in otava(log.turns))
    otava.close()
