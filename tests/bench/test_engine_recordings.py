"""What a real engine served, as recorded: no fact is missed, and hardly a turn is blamed wrongly."""

import pytest

from bench.engine import RECORDINGS, TUNING
from bench.engine.forms import FORMS
from bench.engine.score import CORE, WALL, Recording, Score, read, score

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
    assert sizes[len(sizes) // 2] <= 0.04
    assert sizes[int(len(sizes) * 0.9)] <= 0.16
    assert sum(inside for _, inside in total.ranges) >= 0.7 * len(total.ranges)


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
