"""A cache that stops helping is called that, before anything is called slower; what only looks like it is not."""

import random

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from tests.analysis.sentences.worlds import judged
from tests.turn_makers import generated_turn
from timmy_tui.analysis.detect.broken_reuse import ReuseWatch
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Turn

AT = 30


def requests(count: int, broken: bool = True, counted: bool = True, first_cold: int = 10) -> list[Turn]:
    """0.25 ms a token that is evaluated; four of five tokens are reused up to turn AT, and none from then on."""
    turns = []
    for n in range(count):
        prompt = 2000 + 20 * (n % first_cold)
        is_cold = n % first_cold == 0
        reused = 0 if is_cold or (broken and n >= AT) else round(0.8 * prompt)
        prefill = 0.25 * (prompt - reused)
        fields = {"session": n // first_cold, "cached_tokens": reused if counted else None}
        stages = {"prefill": prefill, "decode": 460.0, "wait": 95.0, "llm": 555.0 + prefill}
        turns.append(replace(generated_turn(n, prompt, prefill, headline_ms=555.0 + prefill, **fields), stages=stages))
    return turns


def cache(turns: list[Turn]) -> list[Finding]:
    return [one for one in judged(turns).findings if one.stage == "prompt cache"]


@pytest.mark.parametrize("counted", [True, False])
def test_a_broken_reuse_is_called_that(counted: bool) -> None:
    """By Ollama's count, or by the time that a whole prompt takes."""
    state = judged(requests(AT + 12, counted=counted))
    (found,) = [one for one in state.findings if not one.ended]
    assert (found.stage, found.since, found.direction) == ("prompt cache", AT + 1, "slower")
    assert found.cause.startswith("prompt cache stopped helping: +")
    assert found.after_ms - found.before_ms == pytest.approx(0.25 * 0.8 * 2090, rel=0.05)
    assert state.leading == found


@pytest.mark.parametrize(("behind", "said"), [(3, False), (4, False), (5, True)])
def test_four_turns_without_reuse_are_enough(behind: int, said: bool) -> None:
    """The first of them is the first of its session, which is cold anyhow."""
    assert bool(cache(requests(AT + behind))) is said


def test_one_that_works_is_not_called_broken() -> None:
    assert cache(requests(AT + 12, broken=False)) == []
    assert cache(requests(AT + 12, broken=False, counted=False)) == []


def test_a_slower_card_is_no_broken_cache() -> None:
    """Without counts the prefill of a card that is four times as slow looks like a whole prompt."""

    def slower(turn: Turn) -> Turn:
        return replace(turn, prefill_ms=4.5 * (turn.prefill_ms or 0.0), decode_ms=4.5 * (turn.decode_ms or 0.0))

    turns = requests(AT + 9, False, False)
    assert cache([slower(turn) if turn.ordinal >= AT else turn for turn in turns]) == []
    only_prefill = [replace(turn, prefill_ms=4.5 * (turn.prefill_ms or 0.0)) for turn in turns[AT:]]
    assert cache([*turns[:AT], *only_prefill])


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_said_of_clean_logs(seed: int) -> None:
    turns = make_turns(200, 300 + seed)
    assert all(cache(turns[:count]) == [] for count in range(40, 200, 20))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"load_ms": 4000.0}, " (the model is loaded anew)"),
        ({"prompt_tokens": 2000}, " (prompts are cut, so their beginning is another one)"),
    ],
)
def test_its_likeliest_reason_is_named(change: dict[str, float], reason: str) -> None:
    turns = [replace(turn, **(change if turn.ordinal >= AT else {})) for turn in requests(AT + 9)]
    (found,) = cache(turns)
    assert found.cause.partition(" a turn")[2] == reason


def watched(turns: list[Turn], most: int = 500) -> Finding | None:
    watch = ReuseWatch(most)
    for turn in turns:
        watch.add(turn)
    return watch.finding()


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_turns_that_come_late_or_again_say_the_same(counted: bool, seed: int) -> None:
    """Each first without its figures, in any order, and then once more as it is."""
    turns = requests(AT + 9, counted=counted)
    shuffled = random.Random(seed).sample(turns, len(turns))
    bare = [replace(turn, prefill_ms=None, cached_tokens=None) for turn in shuffled]
    found = watched([*bare, *shuffled])
    assert found is not None and found == watched(turns)


@pytest.mark.parametrize(("most", "said"), [(20, True), (16, False)])
def test_only_the_newest_turns_are_looked_at(most: int, said: bool) -> None:
    """Eight turns without reuse, nine behind the cold one, and of the ten before them at least eight warm ones."""
    turns = requests(AT + 9)
    assert (watched(turns, most) is not None) is said
    # One that comes late drops none of the rest, and the oldest at hand is no first turn of its session.
    assert (watched([*turns[:-3], turns[-2], turns[-1], turns[-3]], most) is not None) is said


def test_a_turn_that_comes_late_makes_no_cold_one_of_the_oldest_at_hand() -> None:
    """Of one session the cold turn is gone, and some warm ones are left; two cold ones must be known."""

    def bare(number: int, session: int, ms: float) -> Turn:
        fields = {"session": session, "cached_tokens": None}
        return generated_turn(number, 1000, ms, **fields)

    turns = [bare(number, 0, 200.0 if number else 1000.0) for number in range(6)]
    turns += [bare(6 + number, 1, 200.0 if number else 1000.0) for number in range(21)]
    turns += [bare(27 + number, 1, 1000.0) for number in range(6)]
    late = [*turns[:-2], turns[-1], turns[-2]]
    assert watched(turns, 33) is not None and watched(late, 33) is not None
    assert watched(turns, 30) is None and watched(late, 30) is None


def test_the_oldest_turn_at_hand_is_no_cold_one() -> None:
    """Of the first turns of sessions one is at hand: what a whole prompt takes is not known."""
    turns = requests(AT + 9, counted=False)
    assert watched(turns, 30) is not None
    assert watched(turns, 18) is None
