"""What of a turn is doubted: each ground alone, just short of it and just above."""

import pytest

from tests.turns.events import event, read_one
from tests.turns.test_ledger_edges import ASLEEP, NAMES, STEPPED, moved, turn_events, without
from timmy_tui.model.turn import Event, Gap, Span, Turn

MINUTE = 60_000_000
APART = "clocks differ"


def apart(*events: Event) -> list[Event]:
    """v34's clock is 7 s behind."""
    return [moved(one, -7_000_000) if one.service == "v34" else one for one in events]


def later(us: int, first: str) -> list[Event]:
    """The usual turn, but everything from that event on is so much later."""
    at = NAMES.index(first)
    return [moved(one, us) if number >= at else one for number, one in enumerate(turn_events())]


@pytest.mark.parametrize(("us", "slept"), [(MINUTE - 10_000, False), (MINUTE - 9_999, True)])
@pytest.mark.parametrize(
    ("behind", "gone"),
    [
        ("stt_http_request_start", {"stt_final", "hop_in", "hop_out", "V2V"}),
        ("tts_synthesis_start", {"mute", "V2V"}),
        ("tts_audio_playback_start", {"tts", "V2V"}),
    ],
)
def test_a_sleep_is_seen_also_where_the_clocks_differ(behind: str, gone: set[str], us: int, slept: bool) -> None:
    """Ten milliseconds are there without it."""
    turn = read_one(apart(*later(us, behind)))
    hops = dict.fromkeys(("hop_in", "hop_out"), APART)
    assert dict(turn.unmeasured) == ({**hops, **dict.fromkeys(gone, ASLEEP)} if slept else hops)


@pytest.mark.parametrize(("back_us", "stepped"), [(11_000, False), (11_001, True)])
@pytest.mark.parametrize("name", ["v34_memory_storage_start", "tts_synthesis_start", "stt_http_request_start"])
def test_a_step_is_seen_also_where_the_clocks_differ(name: str, back_us: int, stepped: bool) -> None:
    """It stands 10 ms behind the event before it."""
    events = [moved(one, -back_us) if one.event == name else one for one in turn_events()]
    reasons = set(read_one(apart(*events)).unmeasured.values())
    assert (STEPPED in reasons) is stepped


def test_a_turn_of_which_v34_says_nothing_is_judged_by_the_voices_clock_alone() -> None:
    """Nothing explains the time between asking and the sound."""
    kept = ("stt_pause_detected", "tts_audio_playback_start")
    for us, slept in ((MINUTE, False), (MINUTE + 1, True)):
        turn = read_one([event(kept[0], 0, {"pause_threshold": 0.5}), event(kept[1], us)])
        assert dict(turn.unmeasured) == ({"V2V": ASLEEP} if slept else {})
        assert turn.headline_ms == (None if slept else 60_500.0)


@pytest.mark.parametrize(
    "figure", ["load_duration_ms", "prompt_eval_duration_ms", "eval_duration_ms", "total_duration_ms"]
)
@pytest.mark.parametrize(("told_ms", "slept"), [(10_000.0, False), (9_999.0, True)])
def test_each_of_ollamas_own_figures_explains_a_long_request(figure: str, told_ms: float, slept: bool) -> None:
    """It takes 70 s, 10 above the time-out."""
    events = later(70_000_000 - 10_000, "v34_ollama_received")
    told = [event(one.event, 70_080_000, {figure: told_ms}) if one.event == "v34_ollama_received" else one
            for one in events]  # fmt: skip
    turn = read_one(told)
    assert turn.stages["llm"] == (None if slept else 70_000.0)
    assert (ASLEEP in turn.unmeasured.values()) is slept


def test_ollamas_parts_explain_it_together() -> None:
    told = {"load_duration_ms": 3000.0, "prompt_eval_duration_ms": 3000.0, "eval_duration_ms": 4000.0}
    for changed in told:
        for less, slept in ((0.0, False), (1.0, True)):
            figures = {**told, changed: told[changed] - less}
            events = [
                event(one.event, 70_080_000, figures) if one.event == "v34_ollama_received" else one
                for one in later(70_000_000 - 10_000, "v34_ollama_received")
            ]
            assert (ASLEEP in read_one(events).unmeasured.values()) is slept


def test_a_long_request_explains_the_time_in_which_the_voice_services_said_nothing() -> None:
    """v34 works for 119 s, in steps of less than the time-out; STT and TTS hear nothing of it."""
    at = {"v34_ollama_sent": 59_000_000, "v34_ollama_received": 118_000_000}
    events, shift = [], 0
    for one in turn_events():
        shift = at.get(one.event, shift)
        events.append(moved(one, shift))
    assert dict(read_one(events).unmeasured) == {}
    # Without v34's first or last event as much is not explained.
    assert ASLEEP in read_one([one for one in events if one.service != "v34"]).unmeasured.values()


@pytest.mark.parametrize("lacking_us", [1000, 1001])
def test_a_step_on_the_way_spoils_no_headline_that_there_is_not(lacking_us: int) -> None:
    """Neither a sound nor a reply, but both ways are known: together they take less than nothing."""
    events = [
        event("stt_http_request_start", 0), event("v34_flask_handler_entry", 10_000),
        event("v34_ollama_sent", 30_000), event("tts_request_received", 20_000 - lacking_us),
    ]  # fmt: skip
    turn = read_one(events)
    assert (turn.span, turn.headline_ms) == (Span.NONE, None)
    assert dict(turn.unmeasured) == {"hop_in": APART if lacking_us == 1000 else STEPPED}
    assert "V2V" not in turn.unmeasured


@pytest.mark.parametrize(("took_us", "believed"), [(MINUTE, True), (MINUTE + 1, False)])
def test_one_way_alone_that_takes_longer_than_the_time_out_is_two_clocks_or_a_sleep(
    took_us: int, believed: bool
) -> None:
    turn = read_one([event("stt_http_request_start", 0), event("v34_flask_handler_entry", took_us)])
    assert turn.stages["hop_in"] == (60_000.0 if believed else None)
    assert dict(turn.unmeasured) == ({} if believed else {"hop_in": ASLEEP})


@pytest.mark.parametrize(("took_us", "slept"), [(MINUTE, False), (MINUTE + 1, True)])
def test_both_ways_together_longer_than_the_time_out_are_a_sleep_on_the_way(took_us: int, slept: bool) -> None:
    """10 ms there, the rest back; v34's request explains nothing of it."""
    turn = read_one(later(took_us - 20_000, "tts_request_received"))
    assert (turn.stages["network"], turn.headline_ms is None) == ((None, True) if slept else (60_000.0, False))
    assert (turn.offset_bounds == (None, None)) is slept
    if slept:
        # v34's own clock ran on, or slept with the other: none of its figures is believed.
        assert {turn.stages[key] for key in ("classify", "store", "retrieve", "prompt", "llm", "reply")} == {None}
        assert (turn.stages["stt_final"], turn.stages["mute"], turn.stages["tts"]) == (10.0, 10.0, 10.0)


def retrieval(*, end_us: int, start_us: int = 0) -> Turn:
    """Embedding 10 ms, a query of 20, and the end of retrieval."""
    return read_one(
        [
            event("v34_retrieval_start", start_us),
            event("v34_retrieval_embedding_start", 0), event("v34_retrieval_embedding_complete", 10_000),
            event("v34_retrieval_query_start", 10_000), event("v34_retrieval_query_complete", 30_000),
            event("v34_retrieval_complete", end_us),
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("end_us", "gone"),
    [
        # As long as its parts; a millisecond less is another thread's stamp, and leaves no rest.
        (30_000, {}), (29_999, {"merge": "longer than the whole it is part of"}),
        (29_000, {"merge": "longer than the whole it is part of"}),
        (28_999, dict.fromkeys(("retrieve", "query", "merge"), STEPPED)),
    ],
)  # fmt: skip
def test_parts_of_retrieval_longer_than_the_whole(end_us: int, gone: dict[str, str]) -> None:
    turn = retrieval(end_us=end_us)
    assert dict(turn.unmeasured) == gone
    assert turn.stages["merge"] == (None if gone else 0.0)
    assert turn.stages["retrieve"] == (None if "retrieve" in gone else end_us / 1000)


def test_a_sleep_within_a_query_spoils_the_query_and_retrieval_and_no_embedding() -> None:
    turn = read_one(
        [
            event("v34_retrieval_start", 0),
            event("v34_retrieval_embedding_start", 0), event("v34_retrieval_embedding_complete", 10_000),
            event("v34_retrieval_query_start", 10_000), event("v34_retrieval_query_complete", 70_000_000),
            event("v34_retrieval_complete", 70_010_000), event("v34_ollama_sent", 70_020_000),
        ]
    )  # fmt: skip
    assert dict(turn.unmeasured) == dict.fromkeys(("query", "retrieve", "merge"), ASLEEP)
    assert (turn.stages["embed"], turn.stages["prompt"]) == (10.0, 10.0)


def test_a_part_without_a_duration_is_no_part_that_exceeds() -> None:
    """Decoding alone is longer than the request of 10 ms, and no network has room for it."""
    told = {"eval_duration_ms": 40.0, "prompt_eval_duration_ms": 0.0}
    events = [event(one.event, 90_000, told) if one.event == "v34_ollama_received" else one for one in turn_events()]
    turn = read_one(events)
    assert dict(turn.unmeasured) == dict.fromkeys(("decode", "wait"), "longer than the whole it is part of")
    assert turn.stages["prefill"] == 0.0


def test_the_gap_of_a_turn_without_both_hops_lies_where_the_clocks_meet_last() -> None:
    """No hop at all is measured, and v34's clock is behind."""
    events = without(turn_events(), "stt_http_request_start", "tts_request_received")
    plain, turn = read_one(events), read_one(apart(*events))
    assert turn.headline_ms == plain.headline_ms == 630.0
    assert [gap.ms for gap in plain.gaps] == [20.0, 10.0, 10.0, 20.0]
    assert turn.gaps == (Gap("classify", "store", 10.0), Gap("store", "retrieve", 10.0), Gap("reply", "tts", 40.0))
