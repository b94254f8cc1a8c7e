"""When a prompt cache has stopped helping: on both sides of each limit, one session of prompts of 1000 tokens."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.turn_makers import generated_turn
from timmy_tui.analysis.detect.broken_reuse import ReuseWatch
from timmy_tui.analysis.judge import Judge
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Turn, TurnState

AT = 20
"""First turn without reuse."""


def turn(number: int, cached: int | None, prefill_ms: float, **more: Any) -> Turn:
    return generated_turn(
        number, 1000, prefill_ms, **{"session": 1, "cached_tokens": cached, "request_id": f"id{number}", **more}
    )


def log(
    before: Sequence[int] = (800,) * AT, after: Sequence[int] = (0,) * 6, ms: tuple[float, float] = (50.0, 250.0)
) -> list[Turn]:
    """Tokens from the cache of each turn, and prefill times before and since."""
    first = [turn(number, cached, ms[0]) for number, cached in enumerate(before)]
    return [*first, *(turn(len(before) + number, cached, ms[1]) for number, cached in enumerate(after))]


def found(turns: Sequence[Turn]) -> Finding | None:
    watch = ReuseWatch(500)
    for one in turns:
        watch.add(one)
    return watch.finding()


def test_a_finding_says_since_when_how_long_and_how_much() -> None:
    one = found(log())
    assert one is not None
    # Four turns are enough: the fourth is the one at which it is noticed.
    assert (one.since, one.since_id, one.raised, one.raised_id) == (AT, f"id{AT}", AT + 3, f"id{AT + 3}")
    assert (one.n, one.age) == (6, 2)
    assert (one.before_ms, one.after_ms, one.cost_ms, one.ratio) == (50.0, 250.0, 200.0, 5.0)
    assert (one.stage, one.key, one.direction, one.confidence) == ("prompt cache", f"prompt cache:{AT}", "slower", 1.0)
    assert one.cause.startswith("prompt cache stopped helping: +200ms a turn")


def test_where_it_took_less_than_a_millisecond_the_ratio_is_to_one() -> None:
    one = found(log(ms=(0.5, 250.0)))
    assert one is not None
    assert one.ratio == 250.0


@pytest.mark.parametrize(("run", "said"), [(3, False), (4, True)])
def test_four_turns_in_a_row_are_enough(run: int, said: bool) -> None:
    assert (found(log(after=(0,) * run)) is not None) is said


@pytest.mark.parametrize(("cached", "said"), [(201, False), (200, True), (199, True)])
def test_a_turn_that_evaluates_four_fifths_reused_next_to_nothing(cached: int, said: bool) -> None:
    assert (found(log(after=(cached,) * 6)) is not None) is said


@pytest.mark.parametrize(("working", "said"), [(1, True), (3, True), (4, False)])
def test_four_turns_that_reuse_again_end_it(working: int, said: bool) -> None:
    one = found(log(after=(0,) * 8 + (800,) * working))
    assert (one is not None) is said
    # They are not of what is broken.
    assert one is None or (one.since, one.n) == (AT, 8)


def test_one_that_reused_in_between_is_none() -> None:
    """It was over, and four turns later a new finding."""
    again = found(log(after=(0, 0, 0, 0, 800, 0, 0, 0, 0)))
    assert again is not None
    assert (again.since, again.n) == (AT, 9)


@pytest.mark.parametrize(("later", "said"), [((0, 800) * 4, True), ((800, 800, 0) * 4, False)])
def test_where_half_of_the_turns_reuse_it_has_not_stopped(later: tuple[int, ...], said: bool) -> None:
    assert (found(log(after=(0, 0, 0, 0, *later))) is not None) is said


@pytest.mark.parametrize(("cached", "said"), [(350, True), (349, False)])
def test_the_cache_worked_where_half_of_the_turns_evaluated_two_thirds(cached: int, said: bool) -> None:
    assert (found(log(before=(cached,) * AT)) is not None) is said


@pytest.mark.parametrize(("before", "said"), [(8, False), (9, True)])
def test_eight_turns_must_show_that_it_worked(before: int, said: bool) -> None:
    """The first one of the session is cold, and none of them."""
    assert (found(log(before=(800,) * before)) is not None) is said


@pytest.mark.parametrize(("older", "said"), [(60, True), (31, True), (29, False)])
def test_the_newest_sixty_of_them_count(older: int, said: bool) -> None:
    """So many that worked, and before these as many as you like that did not."""
    assert (found(log(before=(*([0] * 100), *([800] * older)))) is not None) is said


@pytest.mark.parametrize(("now", "said"), [(69.9, False), (70.0, True)])
def test_less_than_twenty_milliseconds_are_no_loss(now: float, said: bool) -> None:
    assert (found(log(ms=(50.0, now))) is not None) is said


@pytest.mark.parametrize("unknown", [{"prompt_tokens": None}, {"prefill_ms": None}, {"state": TurnState.FAILED}])
def test_turns_of_which_it_is_not_known_are_left_out(unknown: dict[str, Any]) -> None:
    turns = log(after=(0,) * 4)
    assert found([*turns[:-1], replace(turns[-1], **unknown)]) is None
    assert found([*turns, replace(turn(99, 800, 50.0), **unknown)]) is not None


# --- where Ollama does not count: by the time of a cold prompt, which two first turns of sessions tell ---


def uncounted(
    after_ms: float = 1000.0, step: float = 1.0, colds: int = 2, last: Sequence[dict[str, Any]] = ()
) -> list[Turn]:
    """1 ms a token: first turns of sessions take a second, the others 200 ms, and the last six ``after_ms``."""
    turns = [turn(number, None, 1000.0, session=number) for number in range(colds)]
    turns += [turn(colds + number, None, 200.0, session=colds - 1) for number in range(AT)]
    late = [turn(colds + AT + number, None, after_ms, session=colds - 1, decode_ms=455.0 * step) for number in range(6)]
    return [*turns, *(replace(one, **more) for one, more in zip(late, [*last, *({},) * 6][:6], strict=True))]


@pytest.mark.parametrize(("colds", "said"), [(1, False), (2, True)])
def test_two_cold_turns_tell_what_a_whole_prompt_takes(colds: int, said: bool) -> None:
    assert (found(uncounted(colds=colds)) is not None) is said


@pytest.mark.parametrize(("after_ms", "said"), [(849.0, False), (850.0, True), (1250.0, True), (1251.0, False)])
def test_by_time_it_is_about_that_of_a_whole_prompt(after_ms: float, said: bool) -> None:
    assert (found(uncounted(after_ms)) is not None) is said


@pytest.mark.parametrize(("step", "said"), [(1.25, True), (1.26, False)])
def test_where_a_token_of_the_answer_is_slower_too_it_is_the_card(step: float, said: bool) -> None:
    assert (found(uncounted(step=step)) is not None) is said


@pytest.mark.parametrize(("counted", "said"), [(0, False), (1, False), (5, False), (6, True)])
def test_a_slower_card_is_ruled_out_only_where_every_turn_is_counted(counted: int, said: bool) -> None:
    assert (found(uncounted(step=1.26, last=[{"cached_tokens": 0}] * counted)) is not None) is said


@pytest.mark.parametrize("unknown", [{"decode_ms": None}, {"output_tokens": None}, {"output_tokens": 0}])
def test_where_the_answers_pace_is_not_known_nothing_is_said(unknown: dict[str, Any]) -> None:
    assert found(uncounted(last=[unknown] * 6)) is None
    assert found(uncounted(last=[unknown] * 5)) is not None, "one of them tells it"


def test_by_counts_a_slower_card_is_none() -> None:
    slow = [replace(one, decode_ms=9000.0) if one.ordinal >= AT else one for one in log()]
    assert found(slow) is not None


# --- the reason ---


@pytest.mark.parametrize(("shown", "named"), [(3, False), (4, True), (6, True)])
@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ({"load_ms": 500.1}, "the model is loaded anew"),
        ({"prompt_tokens": 990}, "prompts are cut, so their beginning is another one"),
    ],
)
def test_a_reason_is_named_where_most_turns_show_it(shown: int, named: bool, sign: dict[str, Any], words: str) -> None:
    """Other prompts grow by ten tokens a turn."""
    grown = [replace(one, prompt_tokens=1000 + 10 * one.ordinal) for one in log(before=(900,) * AT)]
    turns = [replace(one, **sign) if one.ordinal >= AT + 6 - shown else one for one in grown]
    one = found(turns)
    assert one is not None
    assert one.cause == "prompt cache stopped helping: +200ms a turn" + (f" ({words})" if named else "")


def test_half_a_second_is_an_ordinary_load_yet() -> None:
    turns = [replace(one, load_ms=500.0, prompt_tokens=1000 + 10 * one.ordinal) for one in log()]
    one = found(turns)
    assert one is not None and "loaded" not in one.cause


@pytest.mark.parametrize(("prompt", "cut"), [(1000, True), (1001, False)])
def test_a_prompt_that_does_not_grow_is_cut(prompt: int, cut: bool) -> None:
    turns = [replace(one, prompt_tokens=1000 + (prompt - 1000) * one.ordinal) for one in log()]
    one = found(turns)
    assert one is not None and ("prompts are cut" in one.cause) is cut


@pytest.mark.parametrize("between", [True, False])
def test_another_session_may_ask_in_between(between: bool) -> None:
    """Every other turn is of another session; or none is."""
    turns = [
        replace(one, ordinal=(2 if between else 1) * one.ordinal, prompt_tokens=1000 + 10 * one.ordinal)
        for one in log()
    ]
    one = found(turns)
    assert one is not None
    assert ("another session asks in between" in one.cause) is between


# --- what the judge makes of it ---


def judge(turns: Sequence[Turn]) -> Judge:
    told = Judge()
    for one in turns:
        told.add(one)
    return told


def test_the_user_answers_it_as_any_other_finding() -> None:
    told = judge(log())
    (one,) = told.state().findings
    assert not one.acknowledged
    told.answer(one.key, "acknowledge")
    assert [each.acknowledged for each in told.state().findings] == [True]
    told.answer(one.key, "accept")
    assert [each.ended for each in told.state().findings] == ["accepted"]


def test_one_that_is_muted_is_not_said() -> None:
    told = judge(log())
    told.answer(told.state().findings[0].key, "mute")
    assert [each.ended for each in told.state().findings] == ["muted"]


@pytest.mark.parametrize(("remembered", "first"), [(500, 0), (501, 1)])
def test_five_hundred_turns_are_at_hand(remembered: int, first: int) -> None:
    told = Judge()
    for number in range(remembered):
        told.add(Turn(ordinal=number, state=TurnState.FAILED, session=1))
    assert (len(told.turns), told.turns[0].ordinal) == (500, first)


def test_a_count_that_comes_late_is_told_at_once_and_not_with_the_next_turn() -> None:
    """Ollama's log may tell what it reused after the turn was closed; the state of before was looked at already."""
    judge = Judge()
    turns = log()
    for one in turns[:-3]:
        judge.add(one)
    for one in turns[-3:]:
        judge.add(replace(one, cached_tokens=800))
        assert not judge.state().findings
    for one in turns[-3:]:
        judge.add(one)
    assert [one.stage for one in judge.state().findings] == ["prompt cache"]
