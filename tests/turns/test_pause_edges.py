"""Pauses, silences and ids, asked of their own tables: what is remembered, for how long, and what is counted once."""

import pytest

from tests.turns.account.test_offset_steps import World
from tests.turns.events import event
from timmy_tui.model.turn import Event, Span, TurnState
from timmy_tui.turns.assembler import TurnAssembler
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.lone_pauses import LonePauses, without_lone_pauses
from timmy_tui.turns.silence import Silence


def pause(number: int, seconds: float, threshold: object = 0.5) -> Event:
    return event("stt_pause_detected", round(seconds * 1e6), {"pause_threshold": threshold}, f"p{number:07d}")


def heard(*seconds: float) -> LonePauses:
    pauses = LonePauses()
    for number, at in enumerate(seconds):
        pauses.add(pause(number, at), None)
    return pauses


def rhythm(pauses: LonePauses) -> list[float]:
    return [round(spacing, 6) for spacing in pauses.listening.spacings_s]


def test_a_pause_is_new_once() -> None:
    pauses = LonePauses()
    assert [pauses.add(pause(0, 1.0), at) for at in (10.0, 20.0)] == [True, False]
    assert (pauses.count, pauses.listening.arrived) == (1, 10.0)
    assert pauses.add(pause(1, 1.6), 30.0)
    assert (pauses.count, pauses.listening.arrived, rhythm(pauses)) == (2, 30.0, [0.6])


def test_the_rhythm_is_that_of_the_newest_512_spacings() -> None:
    pauses = heard(*(0.5 * number for number in range(514)))
    assert (len(rhythm(pauses)), pauses.count) == (512, 514)
    assert pauses.listening.per_minute == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("seconds", "known"), [(0.0, []), (0.001, [0.001]), (-0.001, []), (5.0, [5.0]), (5.001, []), (0.6, [0.6])]
)
def test_the_time_between_two_rounds_of_silence(seconds: float, known: list[float]) -> None:
    pauses = heard(100.0, 100.0 + seconds)
    assert rhythm(pauses) == known
    assert pauses.listening.per_minute == (pytest.approx(60 / known[0], rel=1e-3) if known else None)


def test_the_pause_of_a_turn_takes_its_spacing_with_it_and_no_other() -> None:
    pauses = heard(0.0, 0.6, 1.2)
    assert pauses.take("p0000002") == pause(2, 1.2)
    assert (rhythm(pauses), pauses.count) == ([0.6], 2)
    # Behind it nothing is one round later, also not the same id again.
    assert pauses.add(pause(2, 1.7), None)
    assert (rhythm(pauses), pauses.count) == ([0.6], 3)
    assert pauses.take("p0000002") is not None
    assert (rhythm(pauses), pauses.count) == ([0.6], 2)


def test_an_older_pause_that_becomes_a_turn_leaves_the_rhythm() -> None:
    pauses = heard(0.0, 0.6, 1.2)
    assert pauses.take("p0000001") is not None
    assert rhythm(pauses) == [0.6, 0.6]
    assert pauses.take("p0000001") is None
    assert pauses.count == 2
    pauses.add(pause(9, 1.9), None)
    assert rhythm(pauses) == [0.6, 0.6, 0.7]
    pauses.interrupt()
    pauses.add(pause(10, 2.5), None)
    assert rhythm(pauses) == [0.6, 0.6, 0.7]


@pytest.mark.parametrize(
    ("threshold", "known"), [(0.5, 0.5), (1, 1.0), (0, 0.0), (True, None), ("0.5", None), (None, None)]
)
def test_a_threshold_is_a_number(threshold: object, known: float | None) -> None:
    pauses = LonePauses()
    pauses.add(pause(0, 1.0, threshold), None)
    assert pauses.listening.threshold_s == known


def test_another_threshold_begins_a_rhythm_anew() -> None:
    pauses = heard(0.0, 0.6)
    pauses.add(pause(7, 1.1, 0.4), None)
    assert (rhythm(pauses), pauses.listening.threshold_s) == ([], 0.4)
    pauses.add(pause(8, 1.6, 0.4), None)
    assert rhythm(pauses) == [0.5]


def test_of_lines_in_a_row_only_the_last_pause_can_be_one_of_a_turn() -> None:
    lines = [
        b"stt_pause_detected 1",
        b"stt_pause_detected 2",
        b"other",
        b"stt_pause_detected 3",
        b"stt_pause_detected 4",
    ]
    assert without_lone_pauses(lines) == [lines[1], lines[2], lines[4]]
    assert without_lone_pauses([]) == []


# --- silence ---


def test_a_turn_without_a_line_is_not_silent() -> None:
    silence = Silence(60.0)
    silence.begun = 1000
    assert not silence.is_over(Draft(0, "aaaaaaaa"))


SENT = event("v34_ollama_sent", 0)


def begins(number: int, paused: bool) -> list[Event]:
    """An id that ends no older turn."""
    name = f"n{number:07d}"
    first = [event("stt_pause_detected", number, None, name)] if paused else []
    return [*first, event("v34_ollama_sent", number, None, name)]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(("later", "over"), [(63, False), (64, True)])
def test_each_later_id_counts_once_with_a_pause_ahead_of_it_or_without(later: int, over: bool, paused: bool) -> None:
    assembler = TurnAssembler()
    turns = assembler.add_events([SENT, *(one for number in range(later) for one in begins(number, paused))])
    assert ("aaaaaaaa" in {turn.request_id for turn in turns}) is over


@pytest.mark.parametrize("later", [63, 64])
def test_the_same_pause_again_is_no_later_id(later: int) -> None:
    assembler = TurnAssembler()
    again = [event("stt_pause_detected", number, None, "p0000000") for number in range(200)]
    others = [event("stt_pause_detected", number, None, f"q{number:07d}") for number in range(later - 1)]
    turns = assembler.add_events([SENT, *again[:100], *others, *again[100:]])
    assert [turn.state for turn in turns] == ([] if later == 63 else [TurnState.TIMED_OUT])


@pytest.mark.parametrize(("seconds", "over"), [(60.0, False), (60.001, True)])
def test_a_later_id_without_a_pause_tells_the_time_as_well(seconds: float, over: bool) -> None:
    assembler = TurnAssembler()
    later = event("v34_ollama_sent", round(seconds * 1e6), None, "bbbbbbbb")
    assert [turn.request_id for turn in assembler.add_events([SENT, later])] == ["aaaaaaaa"] * over


# --- what late lines can still reach ---


@pytest.mark.parametrize("keep_events", [False, True])
def test_a_turn_that_is_over_gives_its_events_back_where_nobody_asks_for_them(keep_events: bool) -> None:
    draft = Draft(0, "aaaaaaaa", events=[SENT], last_stamp=SENT.timestamp)
    assert draft.build(keep_events).events == ((SENT,) if keep_events else ())
    assert draft.events == [SENT]
    draft.closed = True
    assert draft.build(keep_events).events == ((SENT,) if keep_events else ())
    assert draft.events == ([SENT] if keep_events else [])


def test_a_turn_without_stamps_and_without_a_debug_log_has_no_times() -> None:
    turn = Draft(0, "aaaaaaaa").build(keep_events=True)
    assert (turn.started, turn.ended, turn.answered, turn.logs) == (None, None, None, "latency")


def drafts(*figures: dict[str, int | float]) -> Drafts:
    found = Drafts()
    for number, fields in enumerate(figures):
        found.create(f"{number:08x}").fields = fields
    return found


FIGURES = {"prompt_tokens": 900, "output_tokens": 40, "prefill_ms": 100.0}


@pytest.mark.parametrize("name", FIGURES)
def test_a_turn_is_found_by_all_its_figures_or_by_none(name: str) -> None:
    known = drafts({**FIGURES}, {**FIGURES, "prompt_tokens": 1})
    found = known.find_by_figures(FIGURES)
    assert found is not None and found.ordinal == 0
    assert known.find_by_figures({key: value for key, value in FIGURES.items() if key != name}) is None
    assert known.find_by_figures({**FIGURES, name: FIGURES[name] + 1}) is None


@pytest.mark.parametrize(("apart_ms", "found"), [(0.059, True), (0.061, False), (-0.059, True), (-0.061, False)])
def test_the_durations_of_two_logs_may_differ_by_rounding(apart_ms: float, found: bool) -> None:
    one = drafts({**FIGURES}).find_by_figures({**FIGURES, "prefill_ms": 100.0 + apart_ms})
    assert (one is not None) is found


def test_of_two_turns_with_the_same_figures_the_newest_is_found() -> None:
    found = drafts({**FIGURES}, {**FIGURES}).find_by_figures(FIGURES)
    assert found is not None and found.ordinal == 1
    # A log that lacks the duration is not contradicted by it.
    lacking = drafts({"prompt_tokens": 900, "output_tokens": 40}).find_by_figures(FIGURES)
    assert lacking is not None


def test_a_turn_is_told_from_an_old_one_by_its_id_and_only_the_newest_is_in_flight() -> None:
    known = Drafts(remember=1)
    assert known.in_flight() is None
    first = known.create("a")
    first.closed, first.last_stamp = True, 7.0
    second = known.create("b")
    assert (known.find("a"), known.find("b"), known.last_stamp_of_old("a")) == (None, second, 7.0)
    assert (known.last_stamp_of_old("b"), known.last_stamp_of_old("c")) == (None, None)
    known.open = {second.ordinal: second, 0: first}
    assert known.in_flight() is second
    assert known.take_ordinal() == 2


def test_a_step_that_the_next_turn_shows_changes_no_turn_that_is_forgotten_or_has_lost_its_id() -> None:
    """The voice services' clock goes forward by 3 s in the synthesis of the third turn; the fourth shows it."""
    for remember in (None, 1):
        world = World(assembler=TurnAssembler(remember=remember))
        for step_ms, before in ((0.0, ""), (0.0, ""), (3000.0, "tts_audio_playback_start"), (0.0, "")):
            world.talk(step_ms, before)
        spoiled = world.turns[2].v2v_ms is None
        assert spoiled is (remember is None)


# --- limits of one reading ---


@pytest.mark.parametrize(("threshold", "span"), [(10.0, Span.V2V), (10.001, Span.PAUSE_TO_SOUND)])
def test_a_reading_that_is_told_nothing_believes_a_threshold_of_ten_seconds(threshold: float, span: Span) -> None:
    lines = [
        b'{"timestamp": 1.0, "request_id": "a", "service": "stt", "event": "stt_pause_detected", '
        b'"metadata": {"pause_threshold": %g}}' % threshold,
        b'{"timestamp": 2.0, "request_id": "a", "service": "tts", "event": "tts_audio_playback_start", "metadata": {}}',
        b'{"timestamp": 3.0, "request_id": "a", "service": "tts", "event": "tts_resume_sent", "metadata": {}}',
    ]
    ingest = Ingest(60.0)
    (turn,) = ingest.feed("latency", lines)
    assert turn.span is span
    assert ingest.newest_stamp == 3.0
    assert len(turn.events) == 3
