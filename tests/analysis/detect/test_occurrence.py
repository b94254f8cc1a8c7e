"""Stages that take place more or less often, or not any more: found, called that, and over when it is over."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from tests.analysis.sentences.worlds import findings_of
from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.share import Share
from timmy_tui.analysis.stats.exact_test import fisher
from timmy_tui.model.judgement import Finding
from timmy_tui.model.turn import Turn
from timmy_tui.report.words.findings import level_words, what_words

AT = 60


def turn(n: int, *without: str, **more: Any) -> Turn:
    """One session; every stage takes a little more or less than usual."""
    wobble = 1 + 0.01 * (n % 3 - 1)
    base = {"stt_final": 6.0, "classify": 30.0, "store": 300.0, "retrieve": 50.0, "prompt": 4.0}
    base |= {"mute": 200.0, "tts": 700.0}
    stages = {stage: ms * wobble for stage, ms in base.items() if stage not in without}
    skipped = frozenset({"store"} & set(without))
    fields = {"request_id": f"{n:08x}", "session": 1, "stages": stages, "skipped": skipped, "text_length": 40}
    return complete_turn(n, **{**fields, "reply_length": 80, **more})


def stored(count: int, share: Callable[[int], int]) -> list[Turn]:
    """``share``: turn → in how many of ten memory is stored, evenly spread."""
    return [turn(n, *(() if (n * 7) % 10 < share(n) else ("store",))) for n in range(count)]


def of_shares(turns: Sequence[Turn]) -> list[Finding]:
    return [one for one in findings_of(turns) if one.share is not None]


def test_a_memory_that_is_stored_in_nine_of_ten_turns_and_was_in_one() -> None:
    (found,) = of_shares(stored(AT + 20, lambda n: 1 if n < AT else 9))
    assert (found.stage, found.direction, found.ended) == ("store", "slower", "")
    assert abs(found.since - AT) <= 2 and found.raised <= AT + 9
    assert found.share is not None and (found.share.had_b, found.share.n_b) == (18, 20)
    assert found.share.had_a / found.share.n_a == pytest.approx(0.1, abs=0.02)
    assert found.cause == f"memory store in 18 of 20 turns, was {found.share.had_a} of {found.share.n_a}: +245ms a turn"
    assert found.cost_ms == found.after_ms - found.before_ms == pytest.approx(0.815 * 300, abs=3)
    assert found.low < found.ratio < found.high
    assert what_words(found) == f"in 18 of 20 turns, was {found.share.had_a} of {found.share.n_a}"
    assert level_words(found) == "25ms → 270ms a turn"


@pytest.mark.parametrize(("usual", "share"), [(1, 9), (9, 1), (10, 3)])
def test_the_interval_is_that_of_a_ratio_of_two_shares_with_half_a_turn_more_on_each_side(
    usual: int, share: int
) -> None:
    """Variance of the logarithm of a share with half a turn more on each side: (n − k + ½) / (n + 1) / (k + ½)."""
    (found,) = of_shares(stored(AT + 20, lambda n: usual if n < AT else share))
    told = found.share
    assert told is not None
    (k_a, n_a), (k_b, n_b) = (told.had_a, told.n_a), (told.had_b, told.n_b)
    variance = (n_a - k_a + 0.5) / ((n_a + 1) * (k_a + 0.5)) + (n_b - k_b + 0.5) / ((n_b + 1) * (k_b + 0.5))
    reach = math.exp(1.959964 * math.sqrt(variance))
    ratio = max(found.after_ms, 0.1) / max(found.before_ms, 0.1)
    assert [found.ratio, found.low, found.high] == pytest.approx([ratio, ratio / reach, ratio * reach])


@pytest.mark.parametrize(("absent", "said"), [(3, False), (4, True)])
def test_four_turns_without_a_stage_that_all_had_are_enough(absent: int, said: bool) -> None:
    turns = [turn(n, *(("retrieve",) if n >= AT else ())) for n in range(AT + absent)]
    found = of_shares(turns)
    assert bool(found) is said
    for one in found:
        assert (one.stage, one.direction, one.since, one.raised) == ("retrieve", "faster", AT, AT + 3)
        # The first turn of the session is not judged.
        assert one.cause == "retrieval is not in the turns any more (it was in 59 of 59): −50ms a turn"


def test_stages_that_vanish_together_are_one_finding() -> None:
    """A TTS that writes nothing any more: named is what took the longest."""
    (found,) = of_shares([turn(n, *(("mute", "tts") if n >= AT else ())) for n in range(AT + 10)])
    assert (found.stage, found.since, found.n) == ("tts", AT, 10)
    assert "MUTE is not in the turns any more" in found.cause and "TTS is not in the turns any more" in found.cause
    assert found.before_ms == pytest.approx(900, abs=10) and found.after_ms == 0


def test_a_stage_that_is_new_is_said() -> None:
    (found,) = of_shares([turn(n, *(("retrieve",) if n < AT else ())) for n in range(AT + 10)])
    assert found.cause.startswith("retrieval in 10 of 10 turns, was 0 of 59: +5")


def test_one_that_is_back_is_over() -> None:
    turns = [turn(n, *(("retrieve",) if AT <= n < AT + 25 else ())) for n in range(AT + 60)]
    (found,) = of_shares(turns)
    assert (found.ended, found.lasted, found.direction) == ("back to usual", 25, "faster")


def test_one_more_step_the_same_way_is_told_together_with_the_first() -> None:
    newest, older = of_shares(stored(190, lambda n: 0 if n < AT else 5 if n < 130 else 10))
    assert (older.ended, newest.ended, newest.steps, newest.direction) == ("moved again", "", 2, "slower")
    assert newest.share is not None and newest.share.had_a == 0


def test_a_share_that_stays_says_nothing() -> None:
    for share in (0, 1, 3, 5, 9, 10):
        assert of_shares(stored(300, lambda n, share=share: share)) == []  # type: ignore[misc]


@pytest.mark.parametrize(
    "change",
    [
        {"typed": True}, {"logs": "v34"}, {"unmeasured": {"tts": "not measured", "mute": "not measured"}},
    ],
)  # fmt: skip
def test_turns_that_could_not_have_a_stage_are_not_counted(change: dict[str, Any]) -> None:
    """A typed turn has no voice, one of the debug log alone no stamps."""
    turns = [turn(n, *(("mute", "tts") if n >= AT else ()), **(change if n >= AT else {})) for n in range(AT + 30)]
    assert of_shares(turns) == []


def test_a_flag_that_touches_the_stage_begins_anew() -> None:
    """Tail mode touches how the prompt is built. The first turn of a session never shows it."""

    def turns(count: int, restart: int) -> list[Turn]:
        return [
            turn(n, *(("prompt",) if n >= AT else ()), session=1 if n < restart else 2, tail_mode=n > restart)
            for n in range(count)
        ]

    assert [one.ended for one in of_shares(turns(AT + 10, AT + 10))] == [""]
    assert [one.ended for one in of_shares(turns(AT + 14, AT + 10))] == ["new epoch"]
    assert of_shares(turns(AT + 30, AT - 1)) == []


def test_the_answers_of_the_user() -> None:
    turns = stored(AT + 20, lambda n: 1 if n < AT else 9)

    def detector() -> RegressionDetector:
        made = RegressionDetector()
        for one in turns:
            made.add(one)
        return made

    answered = detector()
    (key,) = (one.key for one in answered.findings)
    answered.acknowledge(key)
    assert [one.acknowledged for one in answered.findings] == [True]
    answered.accept(key)
    assert [one.ended for one in answered.findings] == ["accepted"]
    answered = detector()
    answered.mute("store")
    assert [one.ended for one in answered.findings] == ["muted"]
    muted = RegressionDetector()
    muted.mute("store")
    for one in turns:
        muted.add(one)
    assert muted.findings == ()


# --- against a slow one, written from the page ---


def slow_shares(values: Sequence[bool]) -> list[tuple[int, int, int, int]]:
    """Of each alarm: had and n ahead of it and since then."""
    reference: list[bool] = []
    waiting: list[bool] = []
    least, unfitted, weight = 20, 0, 1.0
    sums, lengths = [0.0] * 4, [0] * 4
    alarms = []
    for had in values:
        if len(reference) >= least:
            n, p = len(reference), (sum(reference) + 0.5) / (len(reference) + 1)
            error = 1.5 * math.sqrt(p * (1 - p) / (n + 1) / weight + (p * (1 - p) * 0.5) ** 2)
            for place, q in enumerate((0.05, 0.35, 0.65, 0.95)):
                if abs(q - p) < 0.3 and not sums[place]:
                    continue
                usual = min(max(min(p + error, q) if q > p else max(p - error, q), 0.02), 0.98)
                gain = math.log(q / usual) if had else math.log((1 - q) / (1 - usual))
                total = sums[place] + weight * max(min(gain, 2.1), -1.5)
                sums[place], lengths[place] = (total, lengths[place] + 1) if total > 0 else (0.0, 0)
        waiting.append(had)
        while len(waiting) > min(max(lengths), 40):
            reference = [*reference, waiting.pop(0)][-200:]
            unfitted += 1
            if unfitted >= 5:
                weight, unfitted = slow_weight(reference), 0
        place = max(range(4), key=lambda one: sums[one])
        newest = waiting[-lengths[place] :]
        if sums[place] < 8.3:
            continue
        table = (sum(reference), len(reference), sum(newest), len(newest))
        off = abs(table[0] / table[1] - table[2] / table[3])
        rows = [[table[0], table[1] - table[0]], [table[2], table[3] - table[2]]]
        if off >= 0.3 and fisher_exact(rows).pvalue <= 0.001:
            alarms.append(table)
            reference, waiting, least, unfitted, weight = newest, [], 6, 0, 1.0
            unfitted = len(reference) % 5
            weight = slow_weight(reference[: len(reference) - unfitted]) if len(reference) >= 5 else 1.0
            sums, lengths = [0.0] * 4, [0] * 4
    return alarms


def slow_weight(reference: Sequence[bool]) -> float:
    n, mean = len(reference), sum(reference) / len(reference)
    square = sum((one - mean) ** 2 for one in reference)
    if not square:
        return 1.0
    like = sum((one - mean) * (two - mean) for one, two in zip(reference, reference[1:], strict=False)) / square
    alike = min(max((n * like + 20 * 0.1) / (n + 20), 0.0), 0.5)
    return (1 - alike) / (1 + alike)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_alarms_are_those_of_a_slow_one(seed: int) -> None:
    chance = random.Random(seed)
    values: list[bool] = []
    for _ in range(4):
        share = chance.choice([0.0, 0.1, 0.4, 0.6, 0.9, 1.0])
        values += [chance.random() < share for _ in range(chance.randint(20, 90))]
    share_of, alarms = Share(), []
    for n, had in enumerate(values):
        share_of.add(had, (n, ""))
        moved = share_of.excursion()
        if moved is not None:
            alarms.append((*moved.before, *moved.after))
            share_of.move(moved.after.n)
    assert alarms == slow_shares(values)


def test_the_slow_one_is_not_silent() -> None:
    assert slow_shares([False] * 40 + [True] * 20) == [(0, 40, 4, 4)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_exact_test_is_scipys(n_a: int, n_b: int, data: st.DataObject) -> None:
    had_a, had_b = data.draw(st.integers(0, n_a)), data.draw(st.integers(0, n_b))
    wanted = fisher_exact([[had_a, n_a - had_a], [had_b, n_b - had_b]]).pvalue
    assert fisher(had_a, n_a, had_b, n_b) == pytest.approx(wanted)
