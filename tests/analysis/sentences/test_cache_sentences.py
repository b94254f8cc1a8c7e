"""A cache that stops helping is called that, before anything is called slower; what only looks like it is not."""

import math
import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.changes import Change
from bench.judgement.draft import Draft
from bench.judgement.turns import make_turns
from bench.judgement.worlds import WORLDS, Request, Seeds, draw
from tests.analysis.sentences.worlds import judged
from tests.turn_makers import generated_turn
from timmy_tui.analysis.detect.broken_reuse import ReuseWatch
from timmy_tui.analysis.detect.level_changes import LevelChanges, all_findings
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Turn
from timmy_tui.report.words.findings import end_words

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
    warm = [turn if turn.ordinal % 10 == 0 else with_prefill(turn, 4.5 * (turn.prefill_ms or 0.0)) for turn in turns]
    assert cache([*turns[:AT], *warm[AT:]])
    # First turns evaluate everything anyway: where they are slower as well it is no cache.
    assert cache([*turns[:AT], *(with_prefill(turn, 4.5 * (turn.prefill_ms or 0.0)) for turn in turns[AT:])]) == []


@pytest.mark.parametrize("world", WORLDS)
def test_nothing_is_said_of_clean_logs_of_any_world(world: str) -> None:
    """Four slow turns at the beginning of a session, whose short prompts are evaluated anyway: in 12 of 60 logs."""
    for log in draw(Request(world, "middle", None, 2, 500), Seeds("tune", 9002)):
        changes = LevelChanges()
        assert [one for one in all_findings(log.turns, changes) if one.stage == "prompt cache"] == []


def test_a_prefill_that_is_twice_as_slow_is_seldom_taken_for_it() -> None:
    """By time alone, in 22 of 30 logs it was; Ollama did not count in any of these."""
    twice = Change("prefill ×2", 2.0, lambda log, at: _twice_prefill(log, at))
    logs = [log for world in WORLDS for log in draw(Request(world, "middle", twice, 2, 500), Seeds("tune", 9002))]
    assert sum(any(one.stage == "prompt cache" for one in all_findings(log.turns, LevelChanges())) for log in logs) <= 7


def _twice_prefill(log: Draft, at: int) -> str:
    log.noise["prefill"][at:] += math.log(2.0)
    return "prefill"


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_said_of_clean_logs(seed: int) -> None:
    judge = Judge()
    for turn in make_turns(200, 300 + seed):
        judge.add(turn)
        if turn.ordinal % 20 == 19:
            assert [one for one in judge.state().findings if one.stage == "prompt cache"] == []


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


# --- one cause is said once ---


def leaders(turns: list[Turn]) -> list[str]:
    """What led behind each turn, each change of it once."""
    judge = Judge()
    said: list[str] = []
    for turn in turns:
        judge.add(turn)
        one = judge.state().leading
        name = "" if one is None else f"{one.stage} {one.since}"
        said += [name] if not said or said[-1] != name else []
    return said


def varied(turns: list[Turn]) -> list[Turn]:
    """With a prefill that varies by 6 %, so that the detector has something to learn from."""
    chance = random.Random(1)
    return [with_prefill(turn, (turn.prefill_ms or 0.0) * chance.lognormvariate(0, 0.06)) for turn in turns]


def with_prefill(turn: Turn, ms: float) -> Turn:
    whole = 555.0 + ms
    stages = {**turn.stages, "prefill": ms, "llm": whole}
    return replace(turn, prefill_ms=ms, stages=stages, headline_ms=whole, v2v_ms=whole)


def mended(counted: bool, reused: Sequence[int], count: int = 40) -> list[Turn]:
    """Broken from AT on, but for the turns with these numbers."""
    broken, works = (requests(AT + count, one, counted) for one in (True, False))
    return varied([works[turn.ordinal] if turn.ordinal in reused else turn for turn in broken])


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("reused", [(), (AT + 12,), (AT + 12, AT + 23), (AT + 11, AT + 12, AT + 13)])
def test_prefill_never_leads_beside_the_cache_that_made_it_slower(counted: bool, reused: tuple[int, ...]) -> None:
    """One turn that reused in between made an end of the cache's finding: prefill led, then the cache anew."""
    judge = Judge()
    for turn in mended(counted, reused):
        judge.add(turn)
        assert {one.stage for one in judge.state().findings} <= {"prompt cache"}
    assert leaders(mended(counted, reused))[:2] == ["", f"prompt cache {AT + 1}"]
    assert not [name for name in leaders(mended(counted, reused)) if "prefill" in name]


@pytest.mark.parametrize("counted", [True, False])
def test_a_cache_that_works_again_is_over_and_no_prefill_takes_its_place(counted: bool) -> None:
    """It went without a word, and "prefill slower" led until the detector had seen that as well."""
    turns = mended(counted, range(AT + 20, AT + 60), 60)
    assert [name for name in leaders(turns) if name] == [f"prompt cache {AT + 1}"]
    (one,) = judged(turns).findings
    assert (one.stage, one.ended, one.lasted) == ("prompt cache", "back to usual", 18)
    assert end_words(one) == "back to normal after 18 turns"


@pytest.mark.parametrize(("answer", "ended"), [("accept", "accepted"), ("mute", "muted")])
def test_what_the_user_has_answered_does_not_come_back_as_prefill(answer: str, ended: str) -> None:
    judge = Judge()
    for number, turn in enumerate(mended(False, ())):
        judge.add(turn)
        if number == AT + 20:
            judge.answer(judge.state().findings[0].key, answer)
    assert judge.state().leading is None
    assert [(one.stage, one.ended) for one in judge.state().findings] == [("prompt cache", ended)]


def test_a_muted_cache_can_be_heard_again() -> None:
    judge = Judge()
    turns = mended(False, ())
    for turn in turns[: AT + 20]:
        judge.add(turn)
    key = judge.state().findings[0].key
    for _ in range(2):
        judge.answer(key, "mute")
    assert [one.stage for one in judge.state().findings if not one.ended] == ["prompt cache"]


def test_another_change_long_after_the_cache_broke_is_said() -> None:
    """Every later finding on the LLM was taken for the cache's."""
    turns = requests(AT + 90)
    waits = [
        replace(one, stages={**one.stages, "llm": (one.stages["llm"] or 0.0) + 600.0, "wait": 695.0}) for one in turns
    ]
    state = judged([*turns[: AT + 50], *waits[AT + 50 :]])
    assert {one.stage for one in state.findings if not one.ended} >= {"prompt cache", "llm"}


def test_a_flip_is_the_likeliest_reason() -> None:
    """The cache broke with tail mode: that was not said."""
    turns = [replace(turn, tail_mode=turn.ordinal < AT) for turn in requests(AT + 12)]
    (found,) = cache(turns)
    assert found.cause.endswith(" a turn (since tail mode on→off)")


def test_every_change_of_a_log_is_listed_with_the_cache_among_them() -> None:
    """``regressions`` knew no cache: it said "prefill slower"."""
    turns = mended(False, range(AT + 20, AT + 60), 60)
    found = all_findings(turns, LevelChanges())
    assert [(one.stage, one.ended) for one in found] == [("prompt cache", "back to usual")]
