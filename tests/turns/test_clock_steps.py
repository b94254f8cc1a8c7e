"""A clock that steps in mid-turn, at every place of a turn: no figure that is shown differs from the true one.

The steps that no log can show are named in ``hides``; for all others every figure is either unknown or right.
"""

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turns.events import event, read_one
from timmy_tui.model.stages.events import EVENTS
from timmy_tui.model.stages.watched import STAGES
from timmy_tui.model.turn import Event, Turn, TurnState

VOICE = ("stt", "tts")
PATH = [name for name in EVENTS if name != "stt_http_response_received"]
SENT, RECEIVED = PATH.index("v34_ollama_sent"), PATH.index("v34_ollama_received")
FIRST_V34, LAST_V34 = PATH.index("v34_flask_handler_entry"), PATH.index("v34_sending_to_tts")
LLM_MS = 800.0
TOLD = {"load_duration_ms": 90.0, "prompt_eval_duration_ms": 200.0, "eval_duration_ms": 480.0}
"""Ollama's own durations of a request of 800 ms: 30 less."""
LIMIT_MS = 60_000.0
STEPS_MS = [sign * size for sign in (-1, 1) for size in (30.0, 300.0, 2000.0, 3_600_000.0)]


def true_times(seed: int) -> list[int]:
    """µs of each event of a turn on a true clock."""
    chance = random.Random(seed)
    times, now = [], 0
    for slot in range(len(PATH)):
        times.append(now)
        now += round(1000 * LLM_MS) if slot == SENT else chance.choice([20, 700, 2500, 6000, 20_000, 250_000])
    return times


def logged(times: Sequence[int], told: bool) -> list[Event]:
    """The events with these stamps."""
    metadata = {"stt_pause_detected": {"pause_threshold": 0.5}, "v34_ollama_received": TOLD if told else {}}
    return [event(name, at, metadata.get(name)) for name, at in zip(PATH, times, strict=True)]


def stepped(times: Sequence[int], voice: bool, at: int, step_ms: float) -> list[int]:
    """The stamps where one clock steps ahead of event number ``at``."""
    return [
        stamp + round(1000 * step_ms) if slot >= at and is_voice(slot) is voice else stamp
        for slot, stamp in enumerate(times)
    ]


def is_voice(slot: int) -> bool:
    return PATH[slot].startswith(VOICE)


def figures(turn: Turn) -> Iterator[tuple[str, float]]:
    """Every figure of the turn that is known."""
    yield from ((key, ms) for key, ms in turn.stages.items() if ms is not None)
    whole = (("end to end", turn.end_to_end_ms), ("processing", turn.processing_ms))
    for key, ms in (("headline", turn.headline_ms), ("V2V", turn.v2v_ms), ("rest", turn.unattributed_ms), *whole):
        if ms is not None:
            yield key, ms
    yield from ((f"{gap.after}→{gap.before}", gap.ms) for gap in turn.gaps)


def hides(times: Sequence[int], voice: bool, at: int, step_ms: float, told: bool) -> bool:
    """No log can show this step."""
    before = max((slot for slot in range(at) if is_voice(slot) is voice), default=None)
    behind = min((slot for slot in range(at, len(PATH)) if is_voice(slot) is voice), default=None)
    if before is None or behind is None:
        return False
    on_the_way = before < FIRST_V34 and behind > LAST_V34 if voice else True
    took = (times[behind] - times[before]) / 1000
    both_ways = (times[FIRST_V34] - times[FIRST_V34 - 1] + times[LAST_V34 + 1] - times[LAST_V34]) / 1000 + (
        step_ms if voice else -step_ms
    )
    if on_the_way and (both_ways < -1 or both_ways > LIMIT_MS):
        return False
    if not (voice and on_the_way) and took + step_ms < -1:
        return False
    if before == SENT and not voice and told:
        ollama = sum(TOLD.values())
        return not (took + step_ms - ollama > LIMIT_MS or ollama - took - step_ms > 10)
    if voice and on_the_way:
        return True
    return took + step_ms <= LIMIT_MS


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**32),
    st.booleans(),
    st.integers(0, len(PATH)),
    st.sampled_from(STEPS_MS),
    st.booleans(),
)
def test_what_a_step_leaves_is_true(seed: int, voice: bool, at: int, step_ms: float, told: bool) -> None:
    times = true_times(seed)
    if hides(times, voice, at, step_ms, told):
        return
    true = dict(figures(read_one(logged(times, told))))
    shown = read_one(logged(stepped(times, voice, at, step_ms), told))
    for key, ms in figures(shown):
        if key in ("hop_in", "hop_out") and shown.stages["network"] is not None:
            continue  # a difference of the clocks that is less than the hop that it shortens; the sum is checked
        assert ms == pytest.approx(true[key], abs=1.0), (key, shown.unmeasured)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.integers(1, len(PATH) - 1), st.sampled_from([-3_600_000.0, -10_000.0]))
def test_a_step_back_that_its_clock_shows_spoils_what_spans_it_and_no_other_stage(
    seed: int, voice: bool, at: int, step_ms: float
) -> None:
    """It stands between two events of one clock, so that what lies ahead of them or behind them is as it was."""
    times = true_times(seed)
    whole = read_one(logged(times, told=False))
    turn = read_one(logged(stepped(times, voice, at, step_ms), told=False))
    clocks = VOICE if voice else ("v34",)
    spans = {
        stage.key
        for stage in STAGES
        if stage.starts
        and stage.clock in clocks
        and PATH.index(stage.starts[0]) < at
        and max(PATH.index(name) for name in stage.ends) >= at
    }
    for key, ms in whole.stages.items():
        if key not in {*spans, "hop_in", "hop_out", "network", "merge", "query"}:
            assert turn.stages[key] == pytest.approx(ms, abs=0.001), key


STEPPED = "a clock stepped"
CASES: dict[str, tuple[bool | None, float, str]] = {
    # v34's clock goes on by two seconds within the request, back by two, and the laptop sleeps for two hours there.
    "forward": (False, 2000.0, STEPPED),
    "back": (False, -2000.0, STEPPED),
    "asleep": (None, 7_200_000.0, "asleep, or a clock stepped: a gap above the time-out"),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_that_spans_a_step_within_the_request_is_told(case: str) -> None:
    voice, step_ms, reason = CASES[case]
    times = true_times(7)
    if voice is None:
        later = [stamp + round(1000 * step_ms) * (slot > SENT) for slot, stamp in enumerate(times)]
    else:
        later = stepped(times, voice, RECEIVED, step_ms)
    true, turn = read_one(logged(times, told=True)), read_one(logged(later, told=True))
    assert turn.state is TurnState.COMPLETE
    for key in ("llm", "wait", "hop_in", "hop_out", "network"):
        assert (turn.stages[key], turn.unmeasured[key]) == (None, reason)
    assert (turn.headline_ms, turn.v2v_ms, turn.unattributed_ms, turn.gaps) == (None, None, None, ())
    assert turn.unmeasured["V2V"] == reason
    assert turn.offset_bounds == (None, None)
    for key in ("stt_final", "mute", "tts", "prefill", "decode", "load"):
        assert turn.stages[key] == true.stages[key]
    # What each case says of v34's other stages: where the step was is known, but for the one that only the hops show.
    assert (turn.stages["retrieve"] is None) is (case == "forward")


def test_the_turn_behind_a_step_is_as_usual() -> None:
    """v34's clock stays two seconds back, and the hops of the next turns are unknown and nothing else."""
    times = true_times(7)
    behind = stepped(times, False, 0, -2000.0)
    turn, true = read_one(logged(behind, told=True)), read_one(logged(times, told=True))
    assert dict(turn.unmeasured) == {"hop_in": "clocks differ", "hop_out": "clocks differ"}
    assert (turn.headline_ms, turn.unattributed_ms, turn.gaps) == (true.headline_ms, true.unattributed_ms, true.gaps)
    assert turn.stages == {**true.stages, "hop_in": None, "hop_out": None}


def test_a_turn_with_a_step_begins_and_ends_with_its_first_and_last_line() -> None:
    times = true_times(7)
    turn = read_one(logged(stepped(times, True, PATH.index("tts_pause_sent"), -3_600_000.0), told=False))
    assert turn.started == logged(times, told=False)[0].timestamp
    assert turn.ended == pytest.approx((turn.started or 0.0) + times[-1] / 1e6 - 3600)
