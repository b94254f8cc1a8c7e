"""What a real engine served, as recorded: no fact is missed, and hardly a turn is blamed wrongly."""

import pytest

from bench.engine import RECORDINGS, TUNING
from bench.engine.forms import FORMS
from bench.engine.score import CORE, FAR, WALL, Recording, Score, read, row, score, turns_of
from timmy_tui.model.llm import Certainty, Reuse

FRESH = [one for path in sorted(RECORDINGS.glob("*.jsonl")) if (one := read(path)).seed not in TUNING]


@pytest.fixture(scope="module", params=[CORE, WALL], ids=["time with a core", "wall time"])
def total(request: pytest.FixtureRequest) -> Score:
    result = Score()
    for recording in FRESH:
        result.merge(score(recording, request.param))
    return result


def test_every_form_was_recorded() -> None:
    assert {recording.form for recording in FRESH} == set(FORMS)
    assert len({(recording.form, recording.seed) for recording in FRESH}) == len(FRESH) >= 50


def test_every_loaded_and_every_cut_turn_is_called_so_and_no_other(total: Score) -> None:
    assert total.known > 150
    assert total.facts_missed == 0


def test_hardly_a_turn_is_called_cold_that_was_not(total: Score) -> None:
    assert total.false_cold <= 0.005 * total.turns
    assert total.cold > 300


def test_the_figures_are_no_worse_than_the_documents_say(total: Score) -> None:
    sizes = sorted(abs(error) for error in total.errors)
    assert len(sizes) > 400
    assert sizes[len(sizes) // 2] <= 0.02
    assert sizes[int(len(sizes) * 0.9)] <= 0.12
    assert sum(size > FAR for size in sizes) <= 0.03 * len(sizes)
    assert sum(inside for _, inside in total.ranges) >= 0.85 * len(total.ranges)
    assert total.unknown <= 0.2 * total.turns
    assert total.unknown + total.vague <= 0.35 * total.turns


def test_a_recording_without_its_truth_is_read_the_same() -> None:
    """The reading sees only what v34's figures show."""
    recording = next(one for one in FRESH if one.form == "another client")
    blind = Recording(
        recording.form, recording.seed, recording.shape,
        [{**line, "evaluated": 1} if "n" in line else line for line in recording.lines],
    )  # fmt: skip
    seen, unseen = score(recording, CORE), score(blind, CORE)
    assert (seen.busy, seen.unknown, seen.known, len(seen.errors)) == (
        unseen.busy, unseen.unknown, unseen.known, len(unseen.errors),
    )  # fmt: skip


def test_a_range_of_more_than_thirty_points_is_counted_as_wide() -> None:
    def counted(least: float, most: float) -> Score:
        result = Score()
        shown = Reuse(
            ordinal=0, prompt_tokens=100, reused=50, share=0.5, certainty=Certainty.ESTIMATED, reason="",
            least=least, most=most,
        )  # fmt: skip
        result.add(shown, {"evaluated": 45, "n": 100, "loaded": False, "cut": False})
        return result

    narrow, wide = counted(0.4, 0.69), counted(0.4, 0.71)
    assert (narrow.vague, wide.vague) == (0, 1)
    assert [inside for one in (narrow, wide) for _, inside in one.ranges] == [True, True]
    assert row("x", wide).endswith("| 0 (0%) | 1 (100%) | 0 (0%) |")


def test_the_time_beside_the_evaluation_is_taken_off_the_time_with_a_core_alone() -> None:
    line = {"n": 100, "evaluated": 10, "out": 20, "ms": [12.0, 10.0], "decode": [40.0, 40.0], "load": 95.0, "est": 97}
    recording = Recording("growing", 9, "small", [line], overhead_ms=0.5)
    (wall, _), (core, _) = turns_of(recording, WALL)[0], turns_of(recording, CORE)[0]
    assert (wall.prefill_ms, core.prefill_ms) == (12.0, 9.5)
