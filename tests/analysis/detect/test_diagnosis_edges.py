"""One slow turn, on both sides of each limit, in turns whose usual times are the same to the millisecond."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect import diagnosis
from timmy_tui.analysis.detect.diagnosis import Diagnoser, diagnose_newest
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.turn import Turn, TurnState


def turn(ordinal: int, classify: float = 100.0, retrieve: float = 200.0, **more: Any) -> Turn:
    """300 ms in all, of one session."""
    stages: dict[str, float | None] = {"classify": classify, "retrieve": retrieve, **more.pop("stages", {})}
    whole = sum(ms for ms in stages.values() if ms is not None)
    known: dict[str, Any] = {"session": 1, "stages": stages, "headline_ms": whole, "unattributed_ms": 0.0}
    return complete_turn(ordinal, **{**known, "text_length": 30, **more})


def last(newest: Turn, before: int = 20) -> Diagnosis:
    diagnoser = Diagnoser()
    for ordinal in range(before):
        diagnoser.add(turn(ordinal))
    return diagnoser.add(newest)


@contextmanager
def limit(name: str, value: float) -> Iterator[None]:
    """One limit of a diagnosis is another."""
    usual = getattr(TUNING.diagnosis, name)
    object.__setattr__(TUNING.diagnosis, name, value)
    try:
        yield
    finally:
        object.__setattr__(TUNING.diagnosis, name, usual)


def parts(found: Diagnosis) -> dict[str, float]:
    return {one.stage: one.ms for one in found.contributions}


@pytest.mark.parametrize(("before", "said"), [(7, False), (8, True)])
def test_eight_turns_make_a_usual(before: int, said: bool) -> None:
    assert (last(turn(99), before=before).excess_ms is not None) is said


@pytest.mark.parametrize(("excess", "slow"), [(300.0, False), (300.1, True), (-90.0, False)])
def test_a_turn_is_slow_from_300_ms_over_its_usual_on(excess: float, slow: bool) -> None:
    found = last(turn(99, classify=100.0 + excess))
    assert found.slow is slow
    assert found.excess_ms == pytest.approx(excess, abs=0.01)


def test_where_turns_scatter_slow_is_four_scales_of_their_excess() -> None:
    """Half of the turns are 100 ms over, half 100 ms under their middle: 4 · 1.4826 · 100 = 593 ms."""

    def after(excess: float) -> Diagnosis:
        diagnoser = Diagnoser()
        for ordinal in range(60):
            diagnoser.add(turn(ordinal, retrieve=1000.0 + (100.0 if ordinal % 2 else -100.0)))
        usual = diagnoser.add(turn(97, retrieve=1000.0)).excess_ms
        assert usual is not None
        return diagnoser.add(turn(99, retrieve=1000.0 - usual + excess))

    assert not after(560.0).slow
    assert after(640.0).slow


@pytest.mark.parametrize(
    ("classify", "retrieve", "named"),
    [
        # Over their usual by so much: below 20 ms, or below a tenth of the whole, is the rest.
        (19.0, 40.0, {"retrieve": 40.0, "rest": 19.0}),
        (21.0, 40.0, {"retrieve": 40.0, "classify": 21.0, "rest": 0.0}),
        (49.0, 451.0, {"retrieve": 451.0, "rest": 49.0}),
        (51.0, 449.0, {"retrieve": 449.0, "classify": 51.0, "rest": 0.0}),
        (400.0, 50.0, {"classify": 400.0, "retrieve": 50.0, "rest": 0.0}),
        (400.0, -50.0, {"classify": 400.0, "rest": -50.0}),
        (-60.0, -30.0, {"classify": -60.0, "retrieve": -30.0, "rest": 0.0}),
        (-60.0, 10.0, {"classify": -60.0, "rest": 10.0}),
        (-60.0, -19.0, {"classify": -60.0, "rest": -19.0}),
    ],
)
def test_what_is_named(classify: float, retrieve: float, named: dict[str, float]) -> None:
    found = parts(last(turn(99, 100.0 + classify, 200.0 + retrieve)))
    assert found == pytest.approx(named, abs=0.01)
    assert list(found) == list(named)


@pytest.mark.parametrize(("stores", "over"), [(0, 400.0), (2, 400.0), (3, 0.0), (10, 0.0)])
def test_a_store_is_set_against_stores_from_three_on(stores: int, over: float) -> None:
    """400 ms each. Before, a usual turn leaves it out; a turn without one is not under its usual."""

    def after(one: Turn) -> Diagnosis:
        diagnoser = Diagnoser()
        for ordinal in range(40):
            stored = ordinal < stores
            diagnoser.add(turn(ordinal, stages={"store": 400.0 if stored else None},
                               skipped=frozenset() if stored else frozenset({"store"})))  # fmt: skip
        return diagnoser.add(one)

    told = after(turn(99, stages={"store": 400.0}))
    assert parts(told).get("store", 0.0) == pytest.approx(over, abs=1.0)
    assert told.excess_ms == pytest.approx(over, abs=1.0)
    since = 41 - stores if stores else 41
    assert ("with a memory store" in told.sentence) is (stores >= 3)
    assert f"400ms (first store in {since} turns)" in told.sentence
    assert after(turn(99, skipped=frozenset({"store"}))).excess_ms == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize(("quiet", "why"), [(1, ""), (2, "first store in 3 turns"), (5, "first store in 6 turns")])
def test_a_store_after_a_while_is_said_to_be_the_first(quiet: int, why: str) -> None:
    diagnoser = Diagnoser()
    for ordinal in range(20):
        diagnoser.add(turn(ordinal, stages={"store": 400.0}))
    for ordinal in range(20, 20 + quiet):
        diagnoser.add(turn(ordinal))
    found = diagnoser.add(turn(99, stages={"store": 900.0}))
    assert {one.stage: one.why for one in found.contributions}["store"] == why


def request(ordinal: int, prefill: float = 100.0, wait: float = 95.0, **more: Any) -> Turn:
    """A turn whose request is known in its parts."""
    stages = {"wait": wait, "prefill": prefill, "decode": 400.0, "llm": wait + prefill + 400.0}
    fields: dict[str, Any] = {
        "session": 1, "stages": stages, "headline_ms": stages["llm"], "prefill_ms": prefill, "decode_ms": 400.0,
        "prompt_tokens": 1000 + 10 * ordinal, "output_tokens": 40, "load_ms": 90.0,
    }  # fmt: skip
    return complete_turn(ordinal, **{**fields, **more})


@pytest.mark.parametrize(
    ("changes", "stage", "why"),
    [
        ({"prefill": 900.0, "session": 2}, "prefill", "first turn after a restart"),
        ({"prefill": 900.0, "prompt_tokens": 1100}, "prefill", "prefix broken: the prompt was cut"),
        ({"prefill": 900.0, "prompt_tokens": 1290}, "prefill", ""),
        ({"prefill": 900.0}, "prefill", ""),
        ({"wait": 2000.0, "load_ms": 500.1}, "wait", "the model was loaded"),
        ({"wait": 2000.0, "load_ms": 500.0}, "wait", ""),
        ({"wait": 2000.0, "load_ms": None}, "wait", ""),
    ],
)
def test_why_a_part_of_the_request_was_slow(changes: dict[str, Any], stage: str, why: str) -> None:
    diagnoser = Diagnoser()
    for ordinal in range(30):
        diagnoser.add(request(ordinal))
    found = diagnoser.add(request(30, **changes))
    assert {one.stage: one.why for one in found.contributions}[stage] == why
    assert "llm" not in parts(found)


def test_a_turn_that_did_not_complete_is_named_by_its_end() -> None:
    found = last(turn(99, state=TurnState.TIMED_OUT, reason="no further event"))
    assert (found.excess_ms, found.sentence) == (None, "timed out: no further event")
    assert last(turn(99, headline_ms=None)).excess_ms is None


def test_the_newest_are_diagnosed_against_what_came_before_them() -> None:
    turns = [turn(ordinal) for ordinal in range(450)]
    found = diagnose_newest(turns, turns)
    assert sorted(found) == list(range(250, 450))
    assert all(one.excess_ms is not None for one in found.values())
    one = diagnose_newest(turns, [turns[5]])
    assert (list(one), one[5].excess_ms) == ([5], None)
    assert diagnose_newest(turns, []) == {}


@pytest.mark.parametrize("rest", [79.6, 80.4])
def test_an_excess_of_almost_nothing_still_has_a_side(rest: float) -> None:
    """Two parts of −50 and −30 ms and one that makes up for them: what pulls to that side is named, most first."""
    diagnoser = Diagnoser()
    plain = {"prompt": 300.0}
    for ordinal in range(20):
        diagnoser.add(turn(ordinal, stages=plain))
    found = diagnoser.add(turn(99, 70.0, 150.0, stages={"prompt": 300.0 + rest}))
    assert found.excess_ms == pytest.approx(rest - 80.0, abs=0.01)
    assert list(parts(found)) == (["retrieve", "classify", "rest"] if rest < 80.0 else ["prompt", "rest"])
    mirrored = diagnoser.add(turn(100, 130.0, 250.0, stages={"prompt": 300.0 - rest}))
    assert list(parts(mirrored)) == (["retrieve", "classify", "rest"] if rest < 80.0 else ["prompt", "rest"])


@pytest.mark.parametrize(
    ("excess", "sentence"),
    [
        (0.0, "as usual for that work"),
        (19.9, "as usual for that work"),
        (-19.9, "as usual for that work"),
        (20.1, "+20ms over your usual: CLASS +20ms, rest normal"),
        (-20.1, "−20ms under your usual: CLASS −20ms, rest normal"),
    ],
)
def test_below_20_ms_a_turn_is_as_usual(excess: float, sentence: str) -> None:
    assert last(turn(99, classify=100.0 + excess)).sentence == sentence


@pytest.mark.parametrize(
    ("retrieve", "rest"), [(19.0, "rest normal"), (24.0, "rest +24ms"), (-24.0, "rest −24ms"), (-19.0, "rest normal")]
)
def test_a_rest_below_20_ms_is_normal(retrieve: float, rest: str) -> None:
    """Of 300 ms a tenth is worth a name, so that 24 ms are part of the rest."""
    found = last(turn(99, 400.0, 200.0 + retrieve))
    assert found.sentence.endswith(f"over your usual: CLASS +300ms, {rest}")


@pytest.mark.parametrize(
    ("off", "sentence"),
    [
        (19.0, "as usual for that work"),
        (80.0, "as usual in sum: retrieval +80ms, rest −80ms"),
        (-80.0, "as usual in sum: CLASS +80ms, rest −80ms"),
    ],
)
def test_what_is_made_up_for_is_not_called_usual(off: float, sentence: str) -> None:
    """A row says how far each stage is off."""
    assert last(turn(99, 100.0 - off, 200.1 + off)).sentence == sentence


def test_a_stage_that_is_over_in_parts_is_not_called_usual() -> None:
    """Neither of its parts is worth a name; its row shows their sum."""
    usual = {"llm": 600.0, "wait": 100.0, "prefill": 200.0, "decode": 300.0}
    over = {"llm": 630.0, "wait": 115.0, "prefill": 215.0, "decode": 300.0}
    diagnoser = Diagnoser()
    for ordinal in range(20):
        diagnoser.add(turn(ordinal, stages=usual, headline_ms=900.0))
    found = diagnoser.add(turn(99, 85.0, 185.0, stages=over, headline_ms=900.0))
    assert found.sentence == "as usual in sum: no part stands out"
    assert found.usuals["llm"] == pytest.approx(600.0, abs=0.01)


def test_a_rest_that_sums_to_nothing_is_not_called_normal() -> None:
    plain = {"prompt": 300.0, "reply": 300.0, "tts": 300.0}
    diagnoser = Diagnoser()
    for ordinal in range(20):
        diagnoser.add(turn(ordinal, stages=plain))
    found = diagnoser.add(turn(99, 2100.0, stages={**plain, "reply": 400.0, "tts": 205.0}))
    assert found.sentence == "+2.00s over your usual: CLASS +2.00s, rest +5ms"
    assert found.usuals == pytest.approx({"classify": 100, "retrieve": 200, **plain, "unattributed": 0}, abs=0.01)


@pytest.mark.parametrize(
    ("each", "sentence"),
    [
        (15.0, "+30ms over your usual: no part stands out"),
        (19.9, "+40ms over your usual: no part stands out"),
        (-15.0, "−30ms under your usual: no part stands out"),
        (20.1, "+40ms over your usual: CLASS +20ms, retrieval +20ms, rest normal"),
    ],
)
def test_a_rest_is_only_said_beside_a_part(each: float, sentence: str) -> None:
    """Alone it is the whole once more."""
    assert last(turn(99, 100.0 + each, 200.0 + each)).sentence == sentence


def test_parts_have_names_that_can_be_read() -> None:
    diagnoser = Diagnoser()
    for ordinal in range(20):
        diagnoser.add(turn(ordinal, unattributed_ms=50.0))
    found = diagnoser.add(turn(99, unattributed_ms=250.0))
    assert found.sentence == "+200ms over your usual: unnamed gap +200ms, rest normal"
    assert last(turn(99, retrieve=400.0)).sentence == "+200ms over your usual: retrieval +200ms, rest normal"


@pytest.mark.parametrize(("chosen", "first"), [(440, 240), (201, 1), (200, 0), (5, 0)])
def test_200_turns_before_the_first_chosen_one_are_its_usual(
    monkeypatch: pytest.MonkeyPatch, chosen: int, first: int
) -> None:
    """And all that follow, for another chosen one may be among them."""
    fed: list[int] = []

    class Recorder(Diagnoser):
        def add(self, turn: Turn) -> Diagnosis:
            fed.append(turn.ordinal)
            return super().add(turn)

    monkeypatch.setattr(diagnosis, "Diagnoser", Recorder)
    turns = [turn(ordinal) for ordinal in range(450)]
    assert sorted(diagnose_newest(turns, [turns[chosen], turns[449]])) == [chosen, 449]
    assert fed == list(range(first, 450))


@pytest.mark.parametrize(("ms", "said"), [(19.9, False), (20.0, True), (20.1, True)])
def test_a_part_that_nothing_is_known_of_is_told_from_20_ms_on(ms: float, said: bool) -> None:
    found = last(turn(99, stages={"prompt": ms}))
    assert ("not judged: PROMPT 20ms (too few turns like it)" in found.sentence) is said


@pytest.mark.parametrize(("ms", "named"), [(19.9, False), (20.0, True), (20.1, True)])
def test_a_part_has_a_name_from_20_ms_on(ms: float, named: bool) -> None:
    """A first store is over its usual by all that it takes."""
    assert ("store" in parts(last(turn(99, stages={"store": ms})))) is named


@pytest.mark.parametrize(("beside", "named"), [(-1e-9, True), (0.0, True), (1e-9, False)])
@pytest.mark.parametrize("side", [1, -1])
def test_on_the_limit_a_part_has_a_name_on_both_sides(side: int, beside: float, named: bool) -> None:
    """The limit is put where the part is, just below it and just above."""
    slow = turn(99, classify=100.0 + side * 60.0)
    ms = parts(last(slow))["classify"]
    with limit("worth_ms", abs(ms) + beside):
        assert ("classify" in parts(last(slow))) is named


@pytest.mark.parametrize(("beside", "usual"), [(-1e-9, False), (0.0, False), (1e-9, True)])
@pytest.mark.parametrize("side", [1, -1])
def test_on_the_limit_a_turn_is_not_as_usual(side: int, beside: float, usual: bool) -> None:
    odd = turn(99, classify=100.0 + side * 60.0)
    excess = last(odd).excess_ms
    assert excess is not None
    with limit("worth_ms", abs(excess) + beside):
        assert last(odd).sentence.startswith("as usual") is usual


@pytest.mark.parametrize(("beside", "slow"), [(-1e-9, True), (0.0, False), (1e-9, False)])
def test_a_slow_turn_is_beyond_the_limit_and_not_on_it(beside: float, slow: bool) -> None:
    odd = turn(99, classify=900.0)
    excess = last(odd).excess_ms
    assert excess is not None
    with limit("slow_ms", excess + beside):
        assert last(odd).slow is slow


@pytest.mark.parametrize(("beside", "normal"), [(-1e-9, False), (0.0, False), (1e-9, True)])
@pytest.mark.parametrize("side", [1, -1])
def test_on_the_limit_a_rest_is_told(side: int, beside: float, normal: bool) -> None:
    odd = turn(99, 400.0, 200.0 + side * 24.0)
    rest = parts(last(odd))["rest"]
    with limit("worth_ms", abs(rest) + beside):
        assert last(odd).sentence.endswith("rest normal") is normal


def test_a_part_that_usually_takes_no_time_is_over_its_usual_by_all_of_it() -> None:
    """No time between the stages is known to be usual; it is not unknown."""
    found = last(turn(99, unattributed_ms=200.0))
    assert found.excess_ms == pytest.approx(200.0, abs=0.1)
    assert found.sentence == "+200ms over your usual: unnamed gap +200ms, rest normal"
