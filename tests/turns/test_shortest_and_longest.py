"""Figures of a turn just inside and just outside of what can be true: rests, waits, sleeps and requests."""

import pytest

from tests.turns.debug_lines import read
from tests.turns.events import BASE_US, event, read_one
from tests.turns.test_access_pairs import failed, line, minutes
from tests.turns.test_doubt_edges import MINUTE
from tests.turns.test_ledger_edges import ASLEEP, NAMES, moved, turn_events, without
from timmy_tui.model.stages.events import SLOT
from timmy_tui.model.stages.v34 import HOPS
from timmy_tui.model.turn import Event, Span
from timmy_tui.turns.account.plausibility import USUAL_LIMITS, Limits, clocks_apart, is_plain


def answered(at_us: int, **figures: float) -> list[Event]:
    """The usual turn, in which the request of 10 ms tells figures of its own; ``at_us``: later by so much behind it."""
    behind = NAMES.index("v34_ollama_received")
    events = [moved(one, at_us) if number >= behind else one for number, one in enumerate(turn_events())]
    told = {f"{name}_duration_ms": ms for name, ms in figures.items()}
    return [Event(one.timestamp, one.request_id, one.event, one.service, told) if one.event == "v34_ollama_received"
            else one for one in events]  # fmt: skip


@pytest.mark.parametrize(
    ("decode_ms", "wait_ms"),
    [(4.9, 0.1), (4.999, 0.001), (5.0, 0.0), (5.001, None), (5.5, None), (5.999, None), (6.0, None), (7.0, None)],
)
def test_a_wait_below_zero_by_however_little_is_no_figure(decode_ms: float, wait_ms: float | None) -> None:
    """The request took 10 ms, its prefill 5."""
    turn = read_one(answered(0, prompt_eval=5.0, eval=decode_ms))
    assert turn.stages["wait"] == (None if wait_ms is None else pytest.approx(wait_ms, abs=1e-6))
    assert ("wait" in turn.unmeasured) is (wait_ms is None)
    assert (turn.stages["llm"], turn.prefill_ms, turn.decode_ms) == (10.0, 5.0, decode_ms)


@pytest.mark.parametrize("figures", [{"prompt_eval": 12.0, "eval": 8.0}, {"total": 20.0, "prompt_eval": 1.0}])
def test_what_ollama_tells_may_exceed_the_request_by_ten_milliseconds(figures: dict[str, float]) -> None:
    """The debug log rounds its seconds to 10 ms: of a request of 10 ms Ollama may tell 20, and no more."""
    turn = read_one(answered(0, **figures))
    assert turn.stages["llm"] == 10.0 and turn.headline_ms == 630.0
    name, most = max(figures.items(), key=lambda item: item[1])
    doubted = read_one(answered(0, **{**figures, name: most + 0.002}))
    assert doubted.stages["llm"] is None or "prefill" in doubted.unmeasured


@pytest.mark.parametrize(("told_ms", "slept"), [(10_020.0, False), (9_000.0, True)])
def test_ollamas_own_time_explains_a_wait_also_where_its_request_was_not_logged(told_ms: float, slept: bool) -> None:
    """From the end of retrieval to the answer it takes a minute and ten seconds; when it was asked is not known."""
    turn = read_one(without(answered(MINUTE + 10_000_000, prompt_eval=told_ms), "v34_ollama_sent"))
    assert (ASLEEP in turn.unmeasured.values()) is slept
    assert (turn.headline_ms is None) is slept


@pytest.mark.parametrize("lost", ["v34_ollama_sent", "v34_retrieval_complete", "v34_classification_complete"])
def test_ollamas_own_time_explains_nothing_that_ends_before_or_begins_behind_it(lost: str) -> None:
    for first in ("v34_retrieval_start", "v34_sending_to_tts"):
        at = NAMES.index(first)
        events = [moved(one, MINUTE + 10_000_000) if number >= at else one for number, one in enumerate(turn_events())]
        told = [Event(one.timestamp, one.request_id, one.event, one.service, {"eval_duration_ms": 10_020.0})
                if one.event == "v34_ollama_received" else one for one in without(events, lost)]  # fmt: skip
        assert ASLEEP in read_one(told).unmeasured.values()


def stamps(**at_us: int) -> list[int | None]:
    """By slot: v34's clock is 7 s behind."""
    found: list[int | None] = [None] * (max(SLOT.values()) + 1)
    for number, name in enumerate(NAMES):
        found[SLOT[name]] = BASE_US + at_us.get(name, 10_000 * number - (7_000_000 if name.startswith("v34") else 0))
    return found


@pytest.mark.parametrize(("us", "alone"), [(MINUTE - 1, True), (MINUTE, True), (MINUTE + 1, False)])
def test_nothing_but_the_clocks_is_wrong_with_a_turn_up_to_the_time_out(us: int, alone: bool) -> None:
    """From the pause to the sound, on the voice's own clock."""
    doubts = clocks_apart(stamps(tts_audio_playback_start=us), dict.fromkeys(HOPS, 1.0), Span.V2V, USUAL_LIMITS)
    assert (doubts is not None) is alone
    if doubts is not None:
        assert doubts.apart and not doubts.stepped and set(doubts.reasons) == set(HOPS)


@pytest.mark.parametrize(("early_us", "apart"), [(999, False), (1_000, True), (5_000, True), (10_001, False)])
def test_the_first_stamp_behind_v34_tells_how_far_its_clock_is(early_us: int, apart: bool) -> None:
    """It is 10 ms there: a ms below zero is two clocks, and more below than there is there is no sum of both ways."""
    found: list[int | None] = [None] * (max(SLOT.values()) + 1)
    for number, name in enumerate(NAMES):
        found[SLOT[name]] = BASE_US + 10_000 * number
    first = next(name for name in NAMES if name.startswith("tts_"))
    found[SLOT[first]] = BASE_US + 10_000 * (NAMES.index(first) - 1) - early_us
    doubts = clocks_apart(found, dict.fromkeys(HOPS, 1.0), Span.V2V, USUAL_LIMITS)
    assert (doubts is not None) is apart


@pytest.mark.parametrize(("limit_us", "plain"), [(129_999, False), (130_000, True), (130_001, True)])
def test_a_turn_is_plain_that_is_as_long_as_the_time_out(limit_us: int, plain: bool) -> None:
    found: list[int | None] = [None] * (max(SLOT.values()) + 1)
    for number, name in enumerate(NAMES):
        found[SLOT[name]] = BASE_US + 10_000 * number
    assert is_plain(found, Limits(gap_us=limit_us)) is plain
    found[SLOT["v34_ollama_sent"]] = BASE_US
    assert not is_plain(found, Limits(gap_us=limit_us))


@pytest.mark.parametrize(("seconds", "fits"), [(29.981, True), (29.979, False), (29.992, True), (30.0, True)])
def test_the_steps_of_a_long_turn_are_as_exact_as_those_of_a_short_one(seconds: float, fits: bool) -> None:
    """Three steps of 30 s in all, rounded by half of a hundredth each, and half of one for the total."""
    turns = read(*failed((1, 10.0), (4, 10.0), (5, 10.0)), line(1, seconds, 500))
    assert minutes(turns) == [1 if fits else None]


def test_an_event_of_the_request_alone_makes_no_sleep() -> None:
    turn = read_one([event("v34_flask_handler_entry", 0), event("v34_sending_to_tts", MINUTE)])
    assert turn.headline_ms == MINUTE / 1000 and not turn.unmeasured
