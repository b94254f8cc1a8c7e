"""What holds for the ledger of any turn, against a second reading that shares no line with it."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turns.events import event, read_one
from tests.turns.slow_reading import read_slowly
from timmy_tui.model.stages.events import EVENTS
from timmy_tui.model.stages.watched import CRITICAL, KEYS, parts_of_headline
from timmy_tui.model.turn import Event, Reason, Turn

NO_END = [name for name in EVENTS if name != "tts_resume_sent"]
"""An event behind the end belongs to the turn as well; it would only be told in a revision."""

TOLD = ("v34_ollama_received",)
"""What Ollama reports of a made time would exceed it."""


def us(ms: float | None) -> int | None:
    """Whole microseconds of a figure in ms."""
    return None if ms is None else round(ms * 1000)


def metadata(name: str, chance: random.Random, pause: float | None) -> dict[str, Any]:
    if name == "v34_ollama_received":
        told = ("load_duration_ms", "prompt_eval_duration_ms", "eval_duration_ms")
        return {key: chance.choice([0.0, 5.5, 400.0, 3000.0]) for key in told if chance.random() < 0.7}
    return {"pause_threshold": pause} if name == "stt_pause_detected" and pause is not None else {}


def _any_events(seed: int) -> list[Event]:
    """Some of the events, some of them twice, in any order, with stamps in any order within some time."""
    chance = random.Random(seed)
    # One that is no pause: a pause alone is no turn.
    names = [*chance.choices(NO_END, k=chance.randint(0, 39)), "v34_prompt_built"]
    chance.shuffle(names)
    pause = chance.choice([None, 0, 0.5, 1.25, 10.0, 10.1])
    longest = chance.choice([1500, 10_000_000, 200_000_000])
    return [event(name, chance.randint(0, longest), metadata(name, chance, pause)) for name in names]


def _clean_events(seed: int) -> list[Event]:
    """Events in the order of a turn, each once at most, no clock running backwards; often two at the same time."""
    chance = random.Random(seed)
    likely, pause = chance.choice([0.5, 0.9, 1.0]), chance.choice([None, 0.5])
    found, now = [], 0
    for name in EVENTS:
        now += chance.choice([0, 1, 999, 1000, 1001, 250_000])
        if chance.random() < likely:
            found.append(event(name, now, {} if name in TOLD else metadata(name, chance, pause)))
    return found or [event("stt_pause_detected", 0, metadata("stt_pause_detected", chance, pause))]


def _damaged_events(seed: int) -> list[Event]:
    """A clean turn in which one clock, or both, step or sleep somewhere, once or twice."""
    chance = random.Random(seed)
    events = _clean_events(seed)
    for _ in range(chance.randint(1, 2)):
        at, of = chance.randrange(len(events)), chance.choice([("stt", "tts"), ("v34",), ("stt", "tts", "v34")])
        size = chance.choice([500, 1000, 1001, 30_000, 300_000, 59_000_000, 61_000_000, 3_600_000_000])
        events = [
            moved(one, size * chance_sign) if number >= at and one.service in of else one
            for chance_sign in [chance.choice([-1, 1])]
            for number, one in enumerate(events)
        ]
    if chance.random() < 0.5:
        events = [
            Event(one.timestamp, one.request_id, one.event, one.service, metadata(one.event, chance, 0.5))
            for one in events
        ]
    return events


def moved(one: Event, us_later: int) -> Event:
    stamp = (round(one.timestamp * 1e6) + us_later) / 1e6
    return Event(stamp, one.request_id, one.event, one.service, one.metadata)


# From a seed, because hypothesis takes ten times longer to draw forty stamps than the package to read them.
any_events = st.builds(_any_events, st.integers(0, 2**32))
clean_events = st.builds(_clean_events, st.integers(0, 2**32))
damaged_events = st.builds(_damaged_events, st.integers(0, 2**32))


def assert_same(turn: Turn, events: Sequence[Event]) -> None:
    slow = read_slowly(events)
    assert (str(turn.span), us(turn.headline_ms)) == (slow.span, slow.headline)
    assert us(turn.v2v_ms) == (slow.headline if slow.span == "V2V" else None)
    assert turn.unmeasured.keys() == slow.unmeasured
    measured = {key: us(value) for key, value in turn.stages.items() if value is not None}
    assert measured == slow.stages
    assert [(gap.after, gap.before, us(gap.ms)) for gap in turn.gaps] == slow.gaps
    hops = ("hop_in", "hop_out")
    path = [key for key in CRITICAL if key not in hops or "network" not in slow.stages]
    named = sum(slow.stages.get(key, 0) for key in path) + slow.stages.get("network", 0)
    assert us(turn.unattributed_ms) == (None if slow.headline is None else slow.headline - named)
    assert (turn.skipped == {"store"}) is slow.skipped
    assert tuple(map(us, turn.offset_bounds)) == (slow.low, slow.high)


@settings(max_examples=150, deadline=None)
@given(any_events)
def test_a_slow_reading_of_any_events_agrees(events: list[Event]) -> None:
    assert_same(read_one(events), events)


@settings(max_examples=300, deadline=None)
@given(damaged_events)
def test_a_slow_reading_of_a_turn_in_which_a_clock_steps_agrees(events: list[Event]) -> None:
    assert_same(read_one(events), events)


@settings(max_examples=100, deadline=None)
@given(clean_events)
def test_a_slow_reading_of_a_clean_turn_agrees(events: list[Event]) -> None:
    assert_same(read_one(events), events)


@settings(max_examples=150, deadline=None)
@given(clean_events)
def test_on_clocks_that_only_go_forward_nothing_is_negative(events: list[Event]) -> None:
    turn = read_one(events)
    assert not turn.unmeasured
    assert all(gap.ms > 0 for gap in turn.gaps)
    assert all(value >= 0 for value in turn.stages.values() if value is not None)
    assert turn.headline_ms is None or turn.headline_ms >= 0


@settings(max_examples=100, deadline=None)
@given(clean_events)
def test_the_headline_is_its_last_stamp_less_its_first(events: list[Event]) -> None:
    """In order, so that the first is the earliest event of its kind; the two kinds of end are sound and reply."""
    turn = read_one(events)
    times = {one.event: round(one.timestamp * 1e6) for one in events}
    end = times.get("tts_audio_playback_start", times.get("v34_sending_to_tts"))
    heard = [stamp for name, stamp in times.items() if name.startswith("stt_") and "response" not in name]
    entry = [times[name] for name in ("v34_flask_handler_entry", "v34_webhook_received") if name in times]
    if end is None or not (heard or entry):
        assert turn.headline_ms is None
        return
    threshold = turn.pause_threshold or 0.0
    assert us(turn.headline_ms) == end - min(heard or entry) + round(threshold * 1e6)


@settings(max_examples=100, deadline=None)
@given(any_events)
def test_a_turn_without_sound_has_no_tts_stage(events: list[Event]) -> None:
    silent = [one for one in events if one.event != "tts_audio_playback_start"]
    turn = read_one(silent or [event("stt_pause_detected", 0)])
    assert turn.stages["tts"] is None
    assert turn.stages["playback"] is None
    assert str(turn.span) in ("speech→reply", "v34", "none")
    if turn.headline_ms is not None:
        assert (turn.stages["mute"], turn.stages["hop_out"]) == (None, None)


@settings(max_examples=100, deadline=None)
@given(any_events | damaged_events)
def test_no_stage_is_negative_and_what_has_a_reason_is_unknown(events: list[Event]) -> None:
    turn = read_one(events)
    assert set(turn.stages) == set(KEYS)
    assert all(value is None or value >= 0 for value in turn.stages.values())
    assert turn.unmeasured.keys() <= {*KEYS, "V2V"}
    assert set(turn.unmeasured.values()) <= set(Reason)
    assert all(turn.stages[key] is None for key in turn.unmeasured if key != "V2V")
    if "V2V" in turn.unmeasured:
        assert (turn.headline_ms, turn.v2v_ms, turn.unattributed_ms, turn.gaps) == (None, None, None, ())
    if turn.headline_ms is not None:
        parts = sum(round(1000 * ms) for _, ms in parts_of_headline(turn.stages))
        assert us(turn.headline_ms) == parts + sum(round(1000 * gap.ms) for gap in turn.gaps)


@settings(max_examples=60, deadline=None)
@given(clean_events, st.integers(-5_000_000, 5_000_000))
def test_two_clocks_apart_hide_the_hops_and_nothing_else(events: list[Event], shift: int) -> None:
    """v34's clock set forward: their sum and all other stages stay."""
    later = [moved(one, shift) if one.service == "v34" else one for one in events]
    before, after = read_one(events), read_one(later)
    if before.headline_ms is None or str(before.span) not in ("V2V", "pause→sound"):
        return
    assert after.headline_ms == before.headline_ms
    if not {"hop_in", "hop_out"} <= {key for key, value in before.stages.items() if value is not None}:
        return
    for key in KEYS:
        if key not in ("hop_in", "hop_out"):
            assert us(after.stages[key]) == us(before.stages[key])
    hops = after.stages["hop_in"], after.stages["hop_out"]
    high, low = (us(before.stages[key]) or 0 for key in ("hop_in", "hop_out"))
    assert (None in hops) is (high + shift <= -1000 or low - shift <= -1000)
    assert None in hops or sum(us(hop) or 0 for hop in hops) == high + low


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2_000_000),
    st.none() | st.integers(0, 1500),
    st.none() | st.integers(0, 1500),
    st.none() | st.integers(0, 1500),
)
def test_the_parts_of_the_llm_request(took_us: int, prefill: int | None, decode: int | None, load: int | None) -> None:
    """Waiting is the rest of the request, with the load in it; a rest below zero is no measurement.

    What Ollama reports beyond 10 ms more than the whole says that v34's clock was set back meanwhile.
    """
    told = {"prompt_eval_duration_ms": prefill, "eval_duration_ms": decode, "load_duration_ms": load}
    figures = {key: value for key, value in told.items() if value is not None}
    turn = read_one([event("v34_ollama_sent", 0), event("v34_ollama_received", took_us, figures)])
    assert (turn.stages["prefill"], turn.stages["decode"], turn.stages["load"]) == (prefill, decode, load)
    reported = 1000 * ((prefill or 0) + (decode or 0) + (load or 0))
    if reported > took_us + 10_000:
        assert (turn.stages["llm"], turn.unmeasured["llm"]) == (None, "a clock stepped")
    if prefill is None or decode is None or prefill * 1000 + decode * 1000 > took_us or "llm" in turn.unmeasured:
        assert turn.stages["wait"] is None
    else:
        assert us(turn.stages["wait"]) == took_us - 1000 * (prefill + decode)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 100_000))
def test_the_parts_of_retrieval(embed: int, query: int, rest: int) -> None:
    """Merging is the rest of retrieval."""
    turn = read_one(
        [
            event("v34_retrieval_start", 0),
            event("v34_retrieval_embedding_start", 0),
            event("v34_retrieval_embedding_complete", embed),
            event("v34_retrieval_query_start", embed),
            event("v34_retrieval_query_complete", embed + query),
            event("v34_retrieval_complete", embed + query + rest),
        ]
    )
    parts = [us(turn.stages[key]) for key in ("embed", "query", "merge", "retrieve")]
    assert parts == [embed, query, rest, embed + query + rest]
