"""Reuse in three states: measured, estimated with its ground, unknown with its reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.turn_makers import generated_turn
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.model.llm import Certainty, OllamaFacts, Reuse, ServedPrompt
from timmy_tui.model.turn import Turn

REAL = (
    (2616, 177.2, 65, 595.1, 95.0, 925.9),
    (2781, 246.6, 95, 886.6, 95.9, 1311.7),
    (2828, 196.5, 43, 397.4, 94.5, 725.5),
    (2865, 155.3, 31, 282.5, 97.0, 565.1),
    (2910, 149.2, 63, 587.1, 95.5, 887.3),
)
"""Prompt, prefill ms, output, decode ms, load ms, total ms of five turns of a real log (Ollama 0.12.11)."""


def facts(version: str | None) -> OllamaFacts:
    return OllamaFacts(url="", reachable=version is not None, since=None, version=version, depth_cost=0.0)


def cold(ordinal: int, tokens: int = 1000, **more: Any) -> Turn:
    """After a load, and so 8 % slower than at 4100 tokens a second."""
    return generated_turn(ordinal, tokens, 9.3 + 1.08 * tokens / 4.1, load_ms=2200.0, **more)


def real_turns() -> list[Turn]:
    return [
        Turn(
            ordinal=n, prompt_tokens=prompt, prefill_ms=prefill, output_tokens=output, decode_ms=decode, load_ms=load,
            ollama_total_ms=total, num_ctx=8000,
        )
        for n, (prompt, prefill, output, decode, load, total) in enumerate(REAL)
    ]  # fmt: skip


def test_the_real_log_reads_65_to_80_percent_instead_of_no_cache() -> None:
    tracker = ReuseTracker()
    for one in real_turns():
        tracker.add(one, facts("0.12.11"))
    shares = [item.share for item in tracker.reuse]
    assert [round(share or 0, 2) for share in shares] == [0.73, 0.65, 0.73, 0.79, 0.8]
    assert {item.certainty for item in tracker.reuse} == {Certainty.ESTIMATED}
    assert all("prior rate, not calibrated" in item.reason for item in tracker.reuse)
    assert not any(item.cold or item.broken or item.loaded for item in tracker.reuse)
    assert all((item.queue_ms or 0) < 2 for item in tracker.reuse)
    assert [round(item.decode_rate or 0) for item in tracker.reuse] == [108, 106, 106, 106, 106]


def test_without_a_version_the_assumption_is_named() -> None:
    tracker = ReuseTracker()
    for one in real_turns():
        item = tracker.add(one, facts(None))
        assert item.certainty is Certainty.ESTIMATED
        assert item.reason.startswith("assumes Ollama 0.12.7 or newer")


def test_the_version_that_comes_later_holds_for_the_log_before_it() -> None:
    tracker = ReuseTracker()
    for one in real_turns():
        tracker.add(one, None)
    tracker.set_version("0.12.6")
    assert {item.certainty for item in tracker.reuse} == {Certainty.UNKNOWN}
    assert all(item.share is None and "last 512" in item.reason for item in tracker.reuse)


def test_another_version_later_leaves_the_earlier_turns_alone() -> None:
    tracker = ReuseTracker()
    first, *_, last = real_turns()
    tracker.add(first, facts("0.12.11"))
    tracker.add(last, facts("0.12.5"))
    assert [item.certainty for item in tracker.reuse] == [Certainty.ESTIMATED, Certainty.UNKNOWN]


@pytest.mark.parametrize("version", ["0.12.5", "0.12.6"])
def test_last_batch_durations_are_never_used(version: str) -> None:
    tracker = ReuseTracker()
    for n in range(3):
        tracker.add(cold(n), facts(version))
    item = tracker.add(generated_turn(3, 1000, 30.0), facts(version))
    assert (item.certainty, item.share, item.queue_ms) == (Certainty.UNKNOWN, None, None)
    assert tracker.rate is None


@pytest.mark.parametrize("version", ["0.1.48", "0.30.0"])
def test_a_count_of_misses_is_no_share(version: str) -> None:
    tracker = ReuseTracker()
    tracker.add(cold(0), facts(version))
    item = tracker.add(generated_turn(1, 40, 20.0), facts(version))
    assert (item.certainty, item.share, item.prompt_tokens) == (Certainty.UNKNOWN, None, None)
    assert item.reason.startswith("40 evaluated")
    gone = tracker.add(generated_turn(2, None, 9.0), facts(version))
    assert gone.reason.startswith("no count")


def test_the_key_in_the_answer_is_measured_whatever_the_version() -> None:
    tracker = ReuseTracker()
    item = tracker.add(generated_turn(0, 1000, 60.0, cached_tokens=800), facts("0.12.5"))
    assert (item.certainty, item.reused, item.share) == (Certainty.MEASURED, 800, 0.8)
    miss = tracker.add(generated_turn(1, 1000, 250.0, cached_tokens=0), facts("0.33.3"))
    assert (miss.certainty, miss.reused) == (Certainty.MEASURED, 0)


def test_the_server_log_is_measured_and_a_revision_keeps_it() -> None:
    tracker = ReuseTracker()
    line = ServedPrompt(number=1, prompt=1000, reused=700, evaluated=300)
    assert tracker.add(generated_turn(0, 300, 80.0), facts("0.30.0"), line).share == 0.7
    again = tracker.add(generated_turn(0, 300, 80.0, reply_length=12), facts("0.30.0"))
    assert (again.certainty, again.prompt_tokens, again.reused) == (Certainty.MEASURED, 1000, 700)
    assert len(tracker.reuse) == 1


def test_a_slow_turn_without_calibration_is_unknown_and_known_after_a_cold_one() -> None:
    tracker = ReuseTracker()
    item = tracker.add(generated_turn(0, 595, 165.0), facts("0.12.11"))
    assert (item.certainty, item.reason) == (Certainty.UNKNOWN, "no cold turn yet to compare with")
    tracker.add(cold(1), facts("0.12.11"))
    assert tracker.reuse[0].certainty is Certainty.ESTIMATED
    assert (tracker.reuse[0].share or 0) < 0.05


def test_a_cold_turn_that_other_work_made_twice_as_long_is_outvoted() -> None:
    tracker = ReuseTracker()
    tracker.add(generated_turn(0, 1000, 9.3 + 500.0, load_ms=2200.0), facts("0.12.11"))
    tracker.add(cold(1), facts("0.12.11"))
    tracker.add(cold(2), facts("0.12.11"))
    rate = tracker.rate
    assert rate is not None
    assert round(rate.tokens_per_second) == 4100
    assert (rate.samples, rate.certain) == (3, True)
    item = tracker.add(generated_turn(3, 1000, 9.3 + 300 / 4.1), facts("0.12.11"))
    assert item.reused == 700


def test_a_full_hit_still_evaluates_one_token() -> None:
    tracker = ReuseTracker()
    tracker.add(cold(0), facts("0.12.11"))
    item = tracker.add(generated_turn(1, 1000, 9.3), facts("0.12.11"))
    assert item.reused == 999


def test_calibration_holds_for_one_model_and_window_alone() -> None:
    tracker = ReuseTracker()
    tracker.add(cold(0), facts("0.12.11"))
    other = tracker.add(generated_turn(1, 1000, 200.0, num_ctx=4096), facts("0.12.11"))
    assert other.certainty is Certainty.UNKNOWN
    model = tracker.add(generated_turn(2, 1000, 200.0, model="other"), facts("0.12.11"))
    assert model.certainty is Certainty.UNKNOWN


def test_a_load_is_told_by_its_distance_from_the_warm_floor() -> None:
    tracker = ReuseTracker()
    loads = [95.0, 96.0, 94.5, 320.0, 95.0, 2200.0]
    loaded = [
        tracker.add(generated_turn(n, 1000, 100.0, load_ms=load), facts("0.12.11")).loaded
        for n, load in enumerate(loads)
    ]
    assert loaded == [False, False, False, True, False, True]
    low = ReuseTracker()
    loads = [1.4, 2.5, 6.0, 90.0]
    loaded = [
        low.add(generated_turn(n, 1000, 100.0, load_ms=load), facts("0.32.15")).loaded for n, load in enumerate(loads)
    ]
    assert loaded == [False] * 4


def test_without_load_times_a_long_wait_is_a_presumed_load() -> None:
    tracker = ReuseTracker()
    item = tracker.add(
        generated_turn(0, 1000, 253.0, load_ms=None, stages={"wait": 2300.0, "llm": 3000.0}), facts("0.12.11")
    )
    assert item.loaded
    assert tracker.rate is not None
    assert not tracker.rate.certain
    busy = tracker.add(generated_turn(1, 3000, 160.0, load_ms=None, stages={"wait": 2300.0}), facts("0.12.11"))
    assert not busy.loaded, "it was queued: what it reused proves it"
    assert (busy.share or 0) > 0.7


def test_a_stolen_slot_a_trimmed_history_and_a_cut_prompt_are_told_apart() -> None:
    def last(*turns: Turn) -> Reuse:
        tracker = ReuseTracker()
        # Two cold turns: of one alone only a range is known, and nothing is called cold that may not be.
        tracker.add(cold(-1, 600), facts("0.12.11"))
        tracker.add(cold(0, 600), facts("0.12.11"))
        for one in turns:
            item = tracker.add(one, facts("0.12.11"))
        return item

    warm = generated_turn(1, 2000, 9.3 + 600 / 4.1)
    stolen = last(warm, generated_turn(2, 2100, 9.3 + 2100 / 4.1))
    assert stolen.cold
    assert stolen.broken == "cause not known"
    trimmed = last(warm, generated_turn(2, 1300, 9.3 + 1300 / 4.1))
    assert trimmed.broken == "the history was trimmed: 2000 to 1300 tokens"
    cut = last(warm, generated_turn(2, 8000, 9.3 + 8000 / 4.1, context_sent=8398))
    assert cut.broken == "the prompt was cut to fit the window"
    flipped = last(generated_turn(1, 2000, 160.0, raw=True), generated_turn(2, 2100, 9.3 + 2100 / 4.1, raw=False))
    assert flipped.broken == "raw changed"
    fine = last(warm, generated_turn(2, 2100, 9.3 + 650 / 4.1))
    assert (fine.cold, fine.broken) == (False, "")


def test_early_turns_with_little_to_share_are_not_called_broken() -> None:
    tracker = ReuseTracker()
    tracker.add(cold(0, 600), facts("0.12.11"))
    for n, size in enumerate((690, 780, 870), start=1):
        item = tracker.add(generated_turn(n, size, 9.3 + 680 / 4.1), facts("0.12.11"))
        assert (item.cold, item.broken) == (False, "")


def test_the_first_turn_of_a_session_is_cold_and_not_broken() -> None:
    tracker = ReuseTracker()
    for n in range(3):
        tracker.add(generated_turn(n, 1500 + n, 160.0), facts("0.12.11"))
    first = generated_turn(3, 600, 9.3 + 600 / 4.1, session_id="two")
    item = tracker.add(first, facts("0.12.11"))
    # It may have shared a persona with the slot: without a turn that is certainly cold, that is not known.
    assert (item.cold, item.broken, item.least, item.most) == (False, "", 0.0, 0.5)
    tracker.add(cold(4, 600), facts("0.12.11"))
    again = next(one for one in tracker.reuse if one.ordinal == 3)
    assert (again.cold, again.broken) == (True, "")
    assert again.most is not None and again.most < 0.2


def test_an_order_of_arrival_that_is_not_the_order_of_the_prompts() -> None:
    tracker = ReuseTracker()
    tracker.add(cold(0, 600), facts("0.12.11"))
    tracker.add(generated_turn(2, 2100, 9.3 + 650 / 4.1), facts("0.12.11"))
    late = generated_turn(5, 2000, 9.3 + 600 / 4.1, session_id="", place=(0, 1, 1))
    tracker.add(late, facts("0.12.11"))
    assert [item.ordinal for item in tracker.reuse] == [0, 5, 2]
    assert not any(item.broken for item in tracker.reuse)


def test_impossible_durations_without_a_version_end_the_estimates() -> None:
    tracker = ReuseTracker()
    tracker.add(generated_turn(0, 2800, 60.0, load_ms=2200.0), None)
    item = tracker.add(generated_turn(1, 2900, 70.0), None)
    assert item.certainty is Certainty.UNKNOWN
    assert "0.12.5" in item.reason
    tracker.set_version("0.12.11")
    assert tracker.reuse[1].certainty is Certainty.ESTIMATED


def test_the_queue_is_what_nothing_else_explains() -> None:
    tracker = ReuseTracker()
    item = tracker.add(generated_turn(0, 1000, 100.0, ollama_total_ms=95.0 + 100.0 + 455.7 + 3.0 + 42.0 + 700.0), None)
    assert item.queue_ms == pytest.approx(700.0)
    assert item.ttft_ms == pytest.approx(940.0)
    wall = tracker.add(generated_turn(1, 1000, 100.0, stages={"llm": 900.0}), None)
    assert wall.queue_ms is None
    assert wall.ttft_ms == pytest.approx(444.3)


def test_a_turn_without_figures_has_no_row() -> None:
    tracker = ReuseTracker()
    item = tracker.add(Turn(ordinal=4), facts("0.12.11"))
    assert (item.certainty, item.share) == (Certainty.UNKNOWN, None)
    assert tracker.reuse == ()
    zero = tracker.add(generated_turn(5, 0, 0.0, output_tokens=0), facts("0.12.11"))
    assert zero.certainty is Certainty.UNKNOWN


def test_only_the_newest_are_kept() -> None:
    tracker = ReuseTracker(limit=5)
    for n in range(12):
        tracker.add(generated_turn(n, 1000, 100.0), facts("0.12.11"))
    assert [item.ordinal for item in tracker.reuse] == [7, 8, 9, 10, 11]


figures = st.tuples(
    st.one_of(st.none(), st.integers(0, 200_000)),
    st.one_of(st.none(), st.floats(0, 1e7)),
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.one_of(st.none(), st.integers(0, 300_000)),
    st.sampled_from(["0.1.48", "0.3.14", "0.12.5", "0.12.11", "0.30.0", "0.30.11", "0.33.3", "0.0.0", None]),
)


@given(st.lists(figures, max_size=12))
def test_whatever_comes_a_share_is_a_share(
    rows: list[tuple[int | None, float | None, float | None, int | None, str]],
) -> None:
    tracker = ReuseTracker()
    for n, (prompt, prefill, load, cached, version) in enumerate(rows):
        item = tracker.add(generated_turn(n, prompt, prefill, load_ms=load, cached_tokens=cached), facts(version))
        assert (item.share is None) == (item.certainty is Certainty.UNKNOWN) == (item.reused is None)
        assert item.share is None or 0 <= item.share <= 1
        if item.certainty is Certainty.ESTIMATED:
            assert item.reused is not None
            assert item.prompt_tokens is not None
            assert 0 <= item.reused < item.prompt_tokens
            assert version not in ("0.12.5", "0.1.48", "0.30.0")
