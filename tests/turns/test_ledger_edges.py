"""The ledger on, just over and just under its edges, worked out by hand."""

import pytest

from tests.turns.events import event, read_one
from timmy_tui.core.settings import Settings
from timmy_tui.model.turn import Event, Gap, Span
from timmy_tui.turns.account.plausibility import USUAL_LIMITS

STEPPED, ASLEEP = "a clock stepped", "asleep, or a clock stepped: a gap above the time-out"
NAMES = (
    "stt_pause_detected",
    "stt_http_request_start",
    "v34_flask_handler_entry",
    "v34_classification_complete",
    "v34_memory_storage_start",
    "v34_memory_storage_complete",
    "v34_retrieval_start",
    "v34_retrieval_complete",
    "v34_ollama_sent",
    "v34_ollama_received",
    "v34_sending_to_tts",
    "tts_request_received",
    "tts_synthesis_start",
    "tts_audio_playback_start",
)


def turn_events(**at_us: int) -> list[Event]:
    """Every event 10 ms after the one before, but for those that are given."""
    return [
        event(name, at_us.get(name, 10_000 * number), {"pause_threshold": 0.5} if number == 0 else None)
        for number, name in enumerate(NAMES)
    ]


def moved(one: Event, us_later: int) -> Event:
    stamp = (round(one.timestamp * 1e6) + us_later) / 1e6
    return Event(stamp, one.request_id, one.event, one.service, one.metadata)


def without(events: list[Event], *names: str) -> list[Event]:
    return [one for one in events if one.event not in names]


def test_a_whole_turn_by_hand() -> None:
    """13 steps of 10 ms after the pause, 500 ms of endpointing before it; two steps are between named stages."""
    turn = read_one(turn_events())
    assert turn.span is Span.V2V
    assert turn.headline_ms == turn.v2v_ms == 630.0
    assert turn.gaps == (Gap("classify", "store", 10.0), Gap("store", "retrieve", 10.0))
    assert turn.unattributed_ms == 20.0
    measured = {key: value for key, value in turn.stages.items() if value is not None}
    assert measured == {
        "endpointing": 500.0, "stt_final": 10.0, "hop_in": 10.0, "classify": 10.0, "store": 10.0, "retrieve": 10.0,
        "prompt": 10.0, "llm": 10.0, "reply": 10.0, "hop_out": 10.0, "mute": 10.0, "tts": 10.0,
        "network": 20.0,
    }  # fmt: skip
    assert dict(turn.unmeasured) == {}


@pytest.mark.parametrize(("back_us", "stepped"), [(0, False), (1, False), (999, False), (1000, False), (1001, True)])
def test_a_gap_that_runs_backwards_is_a_step_from_a_millisecond_on(back_us: int, stepped: bool) -> None:
    """Storage, on v34's clock, begins so long before classification, on the same clock, has ended (at 30 ms)."""
    turn = read_one(turn_events(v34_memory_storage_start=30_000 - back_us))
    # 20 ms are on the path between the end of storage (50 ms) and retrieval (60 ms) and the overlap.
    assert turn.stages["store"] == 20.0 + back_us / 1000
    if stepped:
        assert dict(turn.unmeasured) == dict.fromkeys(("hop_in", "hop_out", "network", "V2V"), STEPPED)
        assert (turn.headline_ms, turn.unattributed_ms, turn.gaps) == (None, None, ())
    else:
        assert dict(turn.unmeasured) == {}
        assert turn.unattributed_ms == pytest.approx(10.0 - back_us / 1000)


def test_v34_that_goes_back_behind_its_entry_is_seen() -> None:
    """Nothing lies between the entry and storage but a gap, and nothing of TTS is there."""
    turn = read_one(
        [
            event("stt_http_request_start", 0), event("v34_flask_handler_entry", 10_000),
            event("v34_memory_storage_start", 8000), event("v34_memory_storage_complete", 50_000),
            event("v34_sending_to_tts", 60_000),
        ]
    )  # fmt: skip
    assert dict(turn.unmeasured) == dict.fromkeys(("hop_in", "V2V"), STEPPED)
    assert (turn.stages["store"], turn.span, turn.headline_ms) == (42.0, Span.SPEECH_TO_REPLY, None)


def test_two_clocks_minutes_apart_are_no_step() -> None:
    """The reply arrives at TTS, on TTS's clock, 7 s before v34, on its own, has sent it."""
    events = [moved(one, -7_000_000) if one.service in ("stt", "tts") else one for one in turn_events()]
    turn = read_one(events)
    assert dict(turn.unmeasured) == {"hop_in": "clocks differ", "hop_out": "clocks differ"}
    assert (turn.stages["hop_in"], turn.stages["hop_out"], turn.stages["network"]) == (None, None, 20.0)
    assert (turn.headline_ms, turn.unattributed_ms) == (630.0, 20.0)
    assert turn.offset_bounds == (6990.0, 7010.0)


@pytest.mark.parametrize(
    ("later_us", "hops"),
    [
        (-10_001, (0.0, 20.0)), (-10_999, (0.0, 20.0)), (-11_000, (None, None)), (-10_000, (0.0, 20.0)),
        (-9999, (0.001, 19.999)), (9999, (19.999, 0.001)), (10_999, (20.0, 0.0)), (11_000, (None, None)),
    ],
)  # fmt: skip
def test_a_hop_shows_two_clocks_apart_from_a_millisecond_on(
    later_us: int, hops: tuple[float | None, float | None]
) -> None:
    """Each hop takes 10 ms, and v34's clock is so much later: less than nothing is nothing, and the sum stays."""
    turn = read_one([moved(one, later_us) if one.service == "v34" else one for one in turn_events()])
    assert (turn.stages["hop_in"], turn.stages["hop_out"]) == hops
    assert turn.stages["network"] == 20.0
    assert (turn.headline_ms, turn.unattributed_ms, len(turn.gaps)) == (630.0, 20.0, 2)
    assert set(turn.unmeasured) == ({"hop_in", "hop_out"} if None in hops else set())


@pytest.mark.parametrize(("longer_us", "stepped"), [(20_000, False), (20_999, False), (21_000, False), (21_001, True)])
def test_bounds_that_contradict_by_more_than_a_millisecond_are_a_step(longer_us: int, stepped: bool) -> None:
    """v34's clock goes forward within the request by that much, so that both hops of 10 ms sum to less than nothing."""
    before = NAMES.index("v34_ollama_received")
    events = [moved(one, longer_us) if 2 <= at <= 10 and at >= before else one for at, one in enumerate(turn_events())]
    turn = read_one(events)
    of_v34 = {"classify", "store", "retrieve", "prompt", "llm", "reply"}
    if stepped:
        gone = of_v34 | {"hop_in", "hop_out", "network", "V2V", "wait", "merge"}
        assert dict(turn.unmeasured) == dict.fromkeys(gone, STEPPED)
        assert turn.offset_bounds == (None, None)
        measured = {key: ms for key, ms in turn.stages.items() if ms is not None}
        assert measured == {"endpointing": 500.0, "stt_final": 10.0, "mute": 10.0, "tts": 10.0}
        return
    assert turn.stages["llm"] == 10.0 + longer_us / 1000
    assert (turn.stages["network"], turn.headline_ms) == (0.0, 630.0)
    # What both hops lack to nothing is left to a gap.
    assert turn.unattributed_ms == pytest.approx(20.0 + 20.0 - longer_us / 1000)


@pytest.mark.parametrize(("took_us", "measured"), [(-1001, None), (-1000, None), (-1, None), (0, 0.0), (1, 0.001)])
def test_a_stage_on_one_clock_may_take_no_time_but_not_less(took_us: int, measured: float | None) -> None:
    """The request is sent at 80 ms."""
    turn = read_one(turn_events(v34_ollama_received=80_000 + took_us))
    assert turn.stages["llm"] == measured
    reason = STEPPED if took_us == -1001 else "ends before it begins" if took_us < 0 else None
    assert turn.unmeasured.get("llm") == turn.unmeasured.get("wait") == reason
    # The reply leaves at 100 ms whatever happened before.
    assert turn.stages["reply"] == (20_000 - took_us) / 1000
    assert turn.headline_ms == (None if took_us == -1001 else 630.0)


@pytest.mark.parametrize("sound_us", [-1, 0, 1])
def test_a_headline_may_be_nothing_but_not_less(sound_us: int) -> None:
    turn = read_one([event("v34_flask_handler_entry", 0), event("tts_audio_playback_start", sound_us)])
    assert turn.span is Span.V34_TO_SOUND
    assert turn.headline_ms == turn.unattributed_ms == (None if sound_us < 0 else sound_us / 1000)
    assert dict(turn.unmeasured) == ({"V2V": "ends before it begins"} if sound_us < 0 else {})


def test_a_headline_that_runs_backwards_leaves_no_gap() -> None:
    turn = read_one(
        [event("stt_pause_detected", 0, {"pause_threshold": 0.5}), event("tts_audio_playback_start", -500_001)]
    )
    assert (turn.span, turn.headline_ms, turn.v2v_ms, turn.gaps, turn.unattributed_ms) == (
        Span.V2V, None, None, (), None,
    )  # fmt: skip
    assert dict(turn.unmeasured) == {"V2V": STEPPED}


@pytest.mark.parametrize(
    ("span", "kept"), [(Span.V34_TO_SOUND, NAMES[2:]), (Span.SPEECH_TO_REPLY, NAMES[:11])]
)  # fmt: skip
@pytest.mark.parametrize("apart_us", [10_999, 11_000])
def test_a_headline_from_one_clock_to_the_other_needs_them_to_agree(
    span: Span, kept: tuple[str, ...], apart_us: int
) -> None:
    """Its only hop takes 10 ms; alone, it is believed as long as it is not negative by a millisecond."""
    sign = 1 if span is Span.V34_TO_SOUND else -1
    events = [
        moved(one, sign * apart_us) if one.service == "v34" else one for one in turn_events() if one.event in kept
    ]
    turn = read_one(events)
    hop = "hop_out" if span is Span.V34_TO_SOUND else "hop_in"
    assert (turn.span, turn.stages["network"]) == (span, None)
    if apart_us == 11_000:
        assert dict(turn.unmeasured) == {hop: "clocks differ", "V2V": "clocks differ"}
        assert (turn.stages[hop], turn.headline_ms, turn.gaps) == (None, None, ())
    else:
        assert (turn.stages[hop], dict(turn.unmeasured)) == (0.0, {})
        assert turn.headline_ms is not None


def test_gaps_between_two_clocks_that_differ_are_one() -> None:
    """Without the reply's event only one hop is there; what v34's clock adds ahead of it, it takes away behind it."""
    events = [one for one in turn_events() if one.event != "v34_sending_to_tts"]
    plain = read_one(events)
    turn = read_one([moved(one, -3_000_000) if one.service == "v34" else one for one in events])
    assert dict(turn.unmeasured) == {"hop_in": "clocks differ"}
    assert turn.headline_ms == plain.headline_ms == 630.0
    assert [gap.ms for gap in plain.gaps] == [10.0, 10.0, 20.0]
    assert turn.gaps == (*plain.gaps[:2], Gap("llm", "mute", 30.0))


@pytest.mark.parametrize(("gap_us", "slept"), [(60_000_000, False), (60_000_001, True)])
def test_a_gap_of_more_than_the_time_out_is_no_part_of_a_turn(gap_us: int, slept: bool) -> None:
    """Between synthesis and sound; the machine sleeps for two hours there, or Timmy is very slow."""
    turn = read_one(turn_events(tts_audio_playback_start=120_000 + gap_us), timeout_s=60.0)
    if slept:
        assert dict(turn.unmeasured) == dict.fromkeys(("tts", "V2V"), ASLEEP)
        assert (turn.headline_ms, turn.stages["tts"], turn.stages["network"]) == (None, None, 20.0)
    else:
        assert dict(turn.unmeasured) == {}
        assert turn.stages["tts"] == 60_000.0
    other = read_one(turn_events(tts_audio_playback_start=120_000 + gap_us), timeout_s=61.0)
    assert dict(other.unmeasured) == {}


@pytest.mark.parametrize("told", [None, 59_999.9, 0.0])
def test_a_request_that_ollama_accounts_for_was_not_slept_through(told: float | None) -> None:
    """It takes 119.9 s: that Ollama decoded for 60 of them leaves as much as the time-out."""
    later = {name: 119_900_000 + 10_000 * at for at, name in enumerate(NAMES) if at >= 9}
    events = [
        event(one.event, later[one.event], {} if told is None else {"eval_duration_ms": told})
        if one.event == "v34_ollama_received"
        else one
        for one in turn_events(**later)
    ]
    turn = read_one(events, timeout_s=60.0)
    if told:
        assert dict(turn.unmeasured) == {}
        assert turn.stages["llm"] is not None and turn.stages["llm"] > 119_000
    else:
        assert dict(turn.unmeasured) == dict.fromkeys(("llm", "wait", "hop_in", "hop_out", "network", "V2V"), ASLEEP)


def test_a_long_speech_spoils_nothing_ahead_of_it() -> None:
    ends = [event("tts_audio_playback_complete", 130_000 + 70_000_000)]
    turn = read_one([*turn_events(), *ends])
    assert dict(turn.unmeasured) == {"playback": ASLEEP}
    assert turn.headline_ms == 630.0


@pytest.mark.parametrize(("threshold", "span"), [(10.0, Span.V2V), (10.001, Span.PAUSE_TO_SOUND)])
def test_a_threshold_out_of_reason_is_no_wait(threshold: float, span: Span) -> None:
    events = [event("stt_pause_detected", 0, {"pause_threshold": threshold}), *turn_events()[1:]]
    turn = read_one(events)
    assert (turn.span, turn.pause_threshold) == (span, threshold)
    believed = span is Span.V2V
    assert turn.headline_ms == (10_130.0 if believed else 130.0)
    assert turn.stages["endpointing"] == (10_000.0 if believed else None)
    assert dict(turn.unmeasured) == ({} if believed else {"endpointing": "setting out of reason"})
    longer = read_one(events, longest_threshold_s=10.001)
    assert longer.span is Span.V2V


@pytest.mark.parametrize(
    ("decode", "network_us", "gone", "reason"),
    [
        # The request takes 10 ms, and up to 10 more are a matter of rounding.
        (20.0, 20_000, {"wait"}, "longer than the whole it is part of"),
        # Half a millisecond more, and the network has room for as much: a clock was set back within the request.
        (20.5, 20_000, {"llm", "wait", "hop_in", "hop_out", "network", "V2V"}, "a clock stepped"),
        # It has none: what Ollama said is wrong.
        (22.1, 11_000, {"decode", "wait"}, "longer than the whole it is part of"),
        (22.0, 11_000, {"llm", "wait", "hop_in", "hop_out", "network", "V2V"}, "a clock stepped"),
    ],
)
def test_parts_longer_than_their_whole(decode: float, network_us: int, gone: set[str], reason: str) -> None:
    later = {name: 110_000 + 10_000 * at + network_us - 20_000 for at, name in enumerate(NAMES[11:])}
    told = {"eval_duration_ms": decode, "prompt_eval_duration_ms": 0.0}
    events = [
        event(one.event, 90_000, told) if one.event == "v34_ollama_received" else one for one in turn_events(**later)
    ]
    turn = read_one(events)
    assert dict(turn.unmeasured) == dict.fromkeys(gone, reason)
    assert turn.stages["decode"] == (None if "decode" in gone else decode)
    # As Ollama said it, whatever is made of it.
    assert turn.decode_ms == decode


STT = NAMES[:2]
SOUND = "tts_audio_playback_start"
TTS = NAMES[11:]


@pytest.mark.parametrize(
    ("gone", "span", "headline"),
    [
        # The sound is at 130 ms, the reply at 100, the handler at 20, the request at 10, the pause at 0.
        ((), Span.V2V, 630.0),
        (("stt_pause_detected",), Span.PAUSE_TO_SOUND, 120.0),
        (STT, Span.V34_TO_SOUND, 110.0),
        ((*STT, "v34_flask_handler_entry"), Span.NONE, None),
        ((SOUND,), Span.SPEECH_TO_REPLY, 600.0),
        ((SOUND, "stt_pause_detected"), Span.SPEECH_TO_REPLY, 90.0),
        ((SOUND, *STT), Span.V34, 80.0),
        ((SOUND, *STT, "v34_flask_handler_entry"), Span.NONE, None),
        ((SOUND, "v34_sending_to_tts"), Span.NONE, None),
    ],
)
def test_the_widest_span_that_the_events_allow(gone: tuple[str, ...], span: Span, headline: float | None) -> None:
    turn = read_one(without(turn_events(), *gone))
    assert (turn.span, turn.headline_ms) == (span, headline)
    assert turn.v2v_ms == (headline if span is Span.V2V else None)


def test_a_pause_without_its_threshold_begins_the_span_itself() -> None:
    events = [event("stt_pause_detected", 0), *turn_events()[1:]]
    with_sound, without_sound = read_one(events), read_one(without(events, SOUND))
    assert (with_sound.span, with_sound.headline_ms) == (Span.PAUSE_TO_SOUND, 130.0)
    assert (without_sound.span, without_sound.headline_ms) == (Span.SPEECH_TO_REPLY, 100.0)
    assert with_sound.stages["endpointing"] is None


@pytest.mark.parametrize(
    ("first", "headline"),
    [
        ("stt_pause_detected", 130.0), ("stt_transcript_finalized", 129.0), ("stt_sending_to_v34", 128.0),
        ("stt_http_request_start", 120.0),
    ],
)  # fmt: skip
def test_each_event_of_the_ear_can_begin_the_span(first: str, headline: float) -> None:
    order = ["stt_pause_detected", "stt_transcript_finalized", "stt_sending_to_v34", "stt_http_request_start"]
    times = dict(zip(order, (0, 1000, 2000, 10_000), strict=True))
    heard = [event(name, times[name]) for name in order[order.index(first) :]]
    turn = read_one([*heard, *turn_events()[2:]])
    assert (turn.span, turn.headline_ms) == (Span.PAUSE_TO_SOUND, headline)


def test_the_second_choice_of_an_event_stands_in_for_the_first_and_never_goes_before_it() -> None:
    """The older logs have no HTTP start and no handler entry. Sent at 8 ms or 10, received at 20 or 22."""
    older = [event("stt_sending_to_v34", 8000), event("v34_webhook_received", 22_000)]
    both = read_one([*older, *turn_events()])
    assert (both.stages["stt_final"], both.stages["hop_in"], both.stages["classify"]) == (10.0, 10.0, 10.0)
    assert both.offset_bounds == (-10.0, 10.0)
    alone = read_one([*older, *without(turn_events(), "stt_http_request_start", "v34_flask_handler_entry")])
    assert (alone.stages["stt_final"], alone.stages["hop_in"], alone.stages["classify"]) == (8.0, 14.0, 8.0)
    assert alone.offset_bounds == (-10.0, 14.0)


@pytest.mark.parametrize(
    ("gone", "bounds"),
    [
        ((), (-10.0, 10.0)),
        (("tts_request_received",), (None, 10.0)),
        (("v34_sending_to_tts",), (None, 10.0)),
        (("stt_http_request_start",), (-10.0, None)),
        (("v34_flask_handler_entry",), (-10.0, None)),
    ],
)
def test_bounds_on_the_two_clocks(gone: tuple[str, ...], bounds: tuple[float | None, float | None]) -> None:
    """No message arrives before it was sent: v34's clock is ahead by −10 ms at least and 10 at most."""
    assert read_one(without(turn_events(), *gone)).offset_bounds == bounds


@pytest.mark.parametrize(
    ("gone", "skipped"),
    [
        ((), False),
        (("v34_memory_storage_start",), False),
        (("v34_memory_storage_complete",), False),
        (("v34_memory_storage_start", "v34_memory_storage_complete"), True),
        (("v34_memory_storage_start", "v34_memory_storage_complete", "v34_classification_complete"), False),
        (("v34_memory_storage_start", "v34_memory_storage_complete", "v34_retrieval_start"), True),
        # Of what lies behind it only the first is there, only the last, or nothing.
        ((*NAMES[4:6], *NAMES[7:10]), True),
        (NAMES[4:9], True),
        (NAMES[4:10], False),
        (
            (
                "v34_memory_storage_start",
                "v34_memory_storage_complete",
                "v34_retrieval_start",
                "v34_retrieval_complete",
                "v34_ollama_sent",
                "v34_ollama_received",
            ),
            False,
        ),
    ],
)
def test_storage_is_skipped_where_v34_went_on_behind_it(gone: tuple[str, ...], skipped: bool) -> None:
    turn = read_one(without(turn_events(), *gone))
    assert turn.skipped == ({"store"} if skipped else frozenset())


def test_what_comes_behind_a_reply_without_sound_is_no_part_of_it() -> None:
    turn = read_one(without(turn_events(), SOUND))
    assert (turn.stages["hop_out"], turn.stages["mute"], turn.stages["tts"]) == (None, None, None)
    # 600 ms of headline less 500 of endpointing less 8 stages of 10.
    assert turn.unattributed_ms == 20.0


def test_time_behind_the_last_stage_is_a_gap_at_the_end() -> None:
    """The sound at 130 ms, and nothing measured behind v34's reply at 100."""
    turn = read_one(without(turn_events(), "tts_request_received", "tts_synthesis_start"))
    assert turn.gaps[-1] == Gap("reply", "end", 30.0)
    assert turn.unattributed_ms == 50.0


def test_time_before_the_first_stage_is_a_gap_at_the_start() -> None:
    """Text at −1 ms, the request at 10: the first measured stage is the hop."""
    events = [event("stt_transcript_finalized", -1000), *without(turn_events(), "stt_pause_detected")]
    turn = read_one(events)
    assert turn.gaps[0] == Gap("start", "hop_in", 11.0)


@pytest.mark.parametrize(
    ("name", "opens", "closes"),
    [
        ("playback", "tts_audio_playback_start", "tts_audio_playback_complete"),
        ("rearm", "tts_audio_playback_complete", "tts_resume_sent"),
        ("deaf", "stt_transcript_finalized", "tts_resume_sent"),
        ("embed", "v34_retrieval_embedding_start", "v34_retrieval_embedding_complete"),
    ],
)
@pytest.mark.parametrize(("took_us", "measured"), [(-1, None), (0, 0.0), (1, 0.001), (2_500_000, 2500.0)])
def test_stages_beside_the_path(name: str, opens: str, closes: str, took_us: int, measured: float | None) -> None:
    turn = read_one([event("stt_http_request_start", 0), event(opens, 0), event(closes, took_us)])
    assert turn.stages[name] == measured
    assert dict(turn.unmeasured) == ({} if measured is not None else {name: "ends before it begins"})


@pytest.mark.parametrize(("left_us", "wait"), [(-1, None), (0, 0.0), (1, 0.001)])
def test_a_rest_may_be_nothing_but_not_less(left_us: int, wait: float | None) -> None:
    """Prefill and decode took 700 ms of the request; embedding and queries 30 of retrieval."""
    told = {"prompt_eval_duration_ms": 300.0, "eval_duration_ms": 400.0}
    turn = read_one(
        [
            event("v34_retrieval_start", 0),
            event("v34_retrieval_embedding_start", 0), event("v34_retrieval_embedding_complete", 10_000),
            event("v34_retrieval_query_start", 10_000), event("v34_retrieval_query_complete", 30_000),
            event("v34_retrieval_complete", 30_000 + left_us),
            event("v34_ollama_sent", 40_000), event("v34_ollama_received", 740_000 + left_us, told),
        ]
    )  # fmt: skip
    assert (turn.stages["wait"], turn.stages["merge"]) == (wait, wait)


def test_a_rest_is_told_to_the_nanosecond() -> None:
    """5 ms less 1.1234567 and 2.0 is 1.8765433; Ollama counts in nanoseconds, floats in more."""
    told = {"prompt_eval_duration_ms": 1.1234567, "eval_duration_ms": 2.0}
    turn = read_one([event("v34_ollama_sent", 0), event("v34_ollama_received", 5000, told)])
    assert turn.stages["wait"] == 1.876543


@pytest.mark.parametrize("unknown", ["prompt_eval_duration_ms", "eval_duration_ms"])
def test_a_rest_needs_all_its_parts(unknown: str) -> None:
    told = {"prompt_eval_duration_ms": 1.0, "eval_duration_ms": 2.0}
    del told[unknown]
    turn = read_one([event("v34_ollama_sent", 0), event("v34_ollama_received", 5000, told)])
    assert (turn.stages["llm"], turn.stages["wait"]) == (5.0, None)


def test_query_pairs() -> None:
    """3 ms, an end without a start, a pair that runs backwards, a start that is started again, 4 ms; 7 in all."""
    start, end = "v34_retrieval_query_start", "v34_retrieval_query_complete"
    turn = read_one(
        [
            event(start, 0), event(end, 3000), event(end, 9000), event(start, 9000), event(end, 8999),
            event(start, 9000), event(start, 10_000), event(end, 14_000),
        ]
    )  # fmt: skip
    assert turn.stages["query"] == 7.0
    assert read_one([event(start, 5000), event(end, 5000)]).stages["query"] == 0.0
    assert read_one([event(end, 5000)]).stages["query"] is None
    assert read_one([event(start, 5001), event(end, 5000)]).stages["query"] is None


def test_what_is_beyond_reason_is_what_the_settings_say_if_nobody_has_changed_them() -> None:
    tail = Settings().tail
    assert (USUAL_LIMITS.gap_us, USUAL_LIMITS.threshold_us) == (60_000_000, 10_000_000)
    assert (tail.turn_timeout_s, tail.longest_threshold_s) == (60.0, 10.0)


@pytest.mark.parametrize(("total_ms", "stepped"), [(19.9, False), (20.0, False), (20.001, True)])
@pytest.mark.parametrize("apart_us", [0, -7_000_000])
def test_ollamas_own_total_shows_that_a_clock_stepped_within_the_request(
    apart_us: int, total_ms: float, stepped: bool
) -> None:
    """The request took 10 ms by v34's clock, and the log rounds to 10; whether both clocks agree says nothing of it."""
    turn = read_one([
        Event(one.timestamp, one.request_id, one.event, one.service, {"total_duration_ms": total_ms})
        if one.event == "v34_ollama_received"
        else moved(one, apart_us if one.service in ("stt", "tts") else 0)
        for one in turn_events()
    ])  # fmt: skip
    assert turn.ollama_total_ms == total_ms
    assert turn.headline_ms == (None if stepped else 630.0)
    assert (turn.unmeasured.get("V2V") == STEPPED) is stepped
