"""A comparison on both sides of its limits: counts, what is said of work, shares, gaps and turns that would tell."""

import math
import random
from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.comparison import compare, with_verdict_for_every_look, with_verdicts
from timmy_tui.analysis.compare.words import is_narrow
from timmy_tui.analysis.stats.session_noise import Noise, SessionNoise
from timmy_tui.model.judgement import Comparison, StageVerdict
from timmy_tui.model.turn import Gap, Span, Turn, TurnState


def side(count: int, first: int = 0, each: Any = None, **more: Any) -> list[Turn]:
    """A session of a cold turn and so many of a second; ``each``: further fields of the n-th one."""
    fields: dict[str, Any] = {"session": 1, "span": Span.V2V, "headline_ms": 1000.0, "stages": {"classify": 30.0}}
    fields |= more
    return [complete_turn(first + n, **{**fields, **(each(n) if each else {})}) for n in range(count + 1)]


def row(told: Comparison, stage: str) -> StageVerdict:
    return next(one for one in told.stages if one.stage == stage)


def test_marks_and_signals_of_each_side_are_counted_apart() -> None:
    """Three, two and one before; one, two and three since: good, bad, with a signal."""
    a = side(9, each=lambda n: {"signals": frozenset({"error"})} if n == 8 else {})
    b = side(9, 100, each=lambda n: {"signals": frozenset({"template_leak"})} if n > 6 else {})
    marks = {1: "good", 2: "good", 3: "good", 4: "bad", 5: "bad", 101: "good", 102: "bad", 103: "bad", 7: ""}
    told = compare(a, b, marks=marks)
    assert (told.good, told.bad, told.signals) == ((3, 1), (2, 2), (1, 3))
    assert told.compared == (10, 10)
    words = "but 2 of 10 turns marked bad and 3 of 10 with an empty, canned or leaking reply or an error"
    assert told.sentence.endswith(words)


def test_the_noise_is_said_of_the_stages_that_were_compared() -> None:
    """Learned for v34's own and for the voice; of V2V nothing is known, and of the voice too few turns."""
    noise = SessionNoise({"v34": Noise(0.03, 6), "voice": Noise(0.07, 9)})
    voice = side(9, 100, lambda n: {"stages": {"classify": 30.0, "mute": 200.0 if n < 3 else None}})
    told = compare(side(9), voice, noise=noise)
    assert told.noise == "session noise ~3 % (from 6 restarts; 2.5 % assumed elsewhere)"


# --- where sessions have one turn each ---


def singles(count: int, first: int = 0, ms: float = 30.0) -> list[Turn]:
    return [
        complete_turn(first + n, session=first + n, span=Span.V2V, headline_ms=1000.0, stages={"classify": ms})
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "words"), [(4, "too few turns: 5 more"), (5, "first turns of sessions: ")])
def test_five_first_turns_are_compared_where_there_are_no_others(count: int, words: str) -> None:
    told = compare(singles(count), singles(9, 100, 60.0))
    assert told.sentence.startswith(words)
    assert (told.n_a, told.n_b) == ((5, 9) if count == 5 else (0, 0))


def test_first_turns_that_failed_or_are_not_first_are_none_of_them() -> None:
    a = singles(6)
    a += [complete_turn(50, session=50, state=TurnState.FAILED), complete_turn(51, session=5), singles(1, 60)[0]]
    assert compare(a, singles(9, 100)).n_a == 7


def test_warm_turns_are_compared_where_both_sides_have_them() -> None:
    warm, few = (side(count, 50, session=99) for count in (5, 4))
    told = compare([*singles(9), *warm], warm)
    assert (told.n_a, told.n_b, told.turns) == (5, 5, "")
    assert compare([*singles(9), *few], [*singles(9, 100), *warm]).turns == "first turns of sessions"


# --- what is said of the work ---


def of_work(field: str, a: tuple[int | None, ...], b: tuple[int | None, ...]) -> str:
    """What is said of the work of two sides, where so much is known of each turn's."""
    before, after = side(len(a) - 1, 0, lambda n: {field: a[n]}), side(len(b) - 1, 100, lambda n: {field: b[n]})
    return row(compare(before, after), "V2V").work_words


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (100, 300, ": {} were 3.0× longer"), (300, 100, ": {} were 3.0× shorter"), (1000, 1284, ""),
        (1000, 1285, ": {} were 1.3× longer"), (1285, 1000, ": {} were 1.3× shorter"), (1284, 1000, ""),
        (100, 100, ""), (100, None, ""), (None, 300, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("field", "name"), [("output_tokens", "answers"), ("prompt_tokens", "prompts"), ("text_length", "messages")]
)
def test_the_work_that_differs_by_a_quarter_is_named(
    field: str, name: str, a: int | None, b: int | None, words: str
) -> None:
    """A quarter of a log unit: ×1.284. That nothing is known of the other kinds keeps none out."""
    assert of_work(field, (a,) * 10, (b,) * 10) == words.format(name)


@pytest.mark.parametrize(("known", "said"), [(4, False), (5, True)])
def test_work_that_is_known_of_fewer_than_five_turns_is_not_named(known: int, said: bool) -> None:
    """The first turn of a session is not compared."""
    some = (None, *[300] * known, *[None] * 6)
    assert bool(of_work("text_length", (100,) * 10, some)) is said
    assert bool(of_work("text_length", some, (100,) * 10)) is said


def test_all_kinds_of_work_that_differ_are_named() -> None:
    b = side(9, 100, output_tokens=150, text_length=10, prompt_tokens=1000)
    told = compare(side(9, output_tokens=50, text_length=20, prompt_tokens=1000), b)
    assert row(told, "V2V").work_words == ": answers were 3.0× longer and messages were 2.0× shorter"


# --- how many turns would tell ---


def noisy(count: int, first: int, spread: float = 0.12) -> list[Turn]:
    chance = random.Random(first)
    return side(count, first, lambda n: {"headline_ms": 1000.0 * math.exp(chance.gauss(0, spread))})


def reach(one: StageVerdict) -> float:
    assert one.low is not None and one.high is not None
    return math.log(one.high / one.low) / 2


def reach_at(one: StageVerdict, noise: float, n_a: int, n_b: int) -> float:
    """Half of the interval with so many turns: what turns scatter goes with 1/n, what sessions differ by stays."""
    fixed = 1.959964 * noise * math.sqrt(2)
    own = (reach(one) ** 2 - fixed**2) * (1 / n_a + 1 / n_b) / (1 / one.n_a + 1 / one.n_b)
    return math.sqrt(own + fixed**2)


@pytest.mark.parametrize(("n_a", "n_b"), [(10, 10), (30, 8), (12, 25)])
def test_so_many_turns_make_the_interval_as_narrow_as_ten_per_cent(n_a: int, n_b: int) -> None:
    one = row(compare(noisy(n_a, 0), noisy(n_b, 100)), "V2V")
    tell, asked = one.to_tell, math.log(1.1)
    assert tell is not None and tell > max(n_b, 10)
    assert reach_at(one, 0.025, tell, tell) <= asked < reach_at(one, 0.025, tell - 1, tell - 1)
    if one.more is not None:
        assert reach_at(one, 0.025, n_a, n_b + one.more) <= asked * 1.02
        assert reach_at(one, 0.025, n_a, n_b + one.more - 1) > asked * 0.98


@pytest.mark.parametrize("n_a", [10, 20, 30])
@pytest.mark.parametrize("spread", [0.09, 0.1, 0.11, 0.12, 0.14, 0.17])
def test_a_side_of_less_than_half_of_them_is_too_short_whatever_the_other_one_is(spread: float, n_a: int) -> None:
    one = row(compare(noisy(n_a, 0, spread), noisy(10, 100, spread)), "V2V")
    assert one.to_tell
    assert (one.more is None) is (2 * n_a <= one.to_tell)


def test_more_turns_of_the_change_alone_tell_only_where_enough_were_before_it() -> None:
    few = row(compare(noisy(10, 0), noisy(10, 100)), "V2V")
    assert few.to_tell is not None and few.to_tell >= 20 and few.more is None
    many = row(compare(noisy(60, 0), noisy(10, 100)), "V2V")
    assert many.more is not None and 1 <= many.more <= 200


@pytest.mark.parametrize(("share", "told"), [(0.034, True), (0.035, False)])
def test_where_sessions_differ_by_more_no_number_of_turns_tells(share: float, told: bool) -> None:
    """1.96 · √2 · 3.4 % is 9.4 % in log units, and ten per cent are 9.5 %."""
    noise = SessionNoise({"V2V": Noise(share, 9)})
    one = row(compare(noisy(10, 0), noisy(10, 100), noise=noise), "V2V")
    assert (one.to_tell is not None) is told
    assert (one.more, one.to_tell) == (None, one.to_tell)


def test_a_narrow_interval_has_told_all() -> None:
    one = row(compare(noisy(30, 0, 0.01), noisy(30, 100, 0.01)), "V2V")
    assert (one.to_tell, one.more) == (0, None)


@pytest.mark.parametrize(
    ("low", "high", "narrow"),
    [
        (1 / 1.1, 1.1, True), (1 / 1.1 - 1e-6, 1.05, False), (0.95, 1.1 + 1e-6, False), (1.0, 1.0, True),
        (1.0, 1.05, True), (0.95, 1.0, True), (1.01, 1.05, False), (0.95, 0.99, False), (None, 1.0, False),
        (1.0, None, False),
    ],
)  # fmt: skip
def test_an_interval_is_narrow_within_ten_per_cent_and_around_one(
    low: float | None, high: float | None, narrow: bool
) -> None:
    assert is_narrow(verdict(low=low, high=high)) is narrow


# --- verdicts ---


def verdict(stage: str = "classify", **more: Any) -> StageVerdict:
    known: dict[str, Any] = {
        "ratio": 2.0, "low": 1.5, "high": 3.0, "raw_ratio": 2.0, "n_a": 12, "n_b": 12, "verdict": "unchanged",
        "before_ms": 30.0, "after_ms": 60.0, "p": 0.001, **more,
    }  # fmt: skip
    return StageVerdict(stage=stage, **known)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "p", "word"),
    [
        (2.0, 1.5, 3.0, 0.001, "slower"), (0.5, 0.3, 0.9, 0.001, "faster"), (2.0, 0.9, 3.0, 0.9, "unchanged"),
        (2.0, 1.0, 3.0, 0.9, "unchanged"), (0.5, 0.3, 1.0, 0.9, "unchanged"), (2.0, 1.01, 3.0, 0.9, "cannot tell"),
        (0.5, 0.3, 0.99, 0.9, "cannot tell"),
        # Whatever stands by its p, no word contradicts the interval beside it.
        (2.0, 0.99, 3.0, 0.001, "unchanged"), (0.72, 0.52, 1.01, 0.001, "unchanged"), (0.5, 0.3, 1.0, 0.0, "unchanged"),
    ],
)  # fmt: skip
def test_a_verdict_is_that_of_the_interval_and_of_all_stages_together(
    ratio: float, low: float, high: float, p: float, word: str
) -> None:
    (one,) = with_verdicts([verdict(ratio=ratio, low=low, high=high, p=p)], 0.2)
    assert one.verdict == word


def test_a_row_without_a_ratio_stays_as_it_is() -> None:
    """Too few turns are no verdict, and take no part in what is looked at together."""
    open_row = verdict("retrieve", ratio=None, low=None, high=None, p=None, verdict="too few turns")
    both = with_verdicts([open_row, verdict(p=0.2)], 0.2)
    assert [one.verdict for one in both] == ["too few turns", "slower"]


@pytest.mark.parametrize(("before_ms", "word"), [(9.9, "cannot tell"), (10.0, "slower"), (None, "cannot tell")])
def test_a_stage_below_ten_milliseconds_has_a_tenth_of_the_weight(before_ms: float | None, word: str) -> None:
    """Of two that are looked at together the first may be at half of 0.2."""
    rows = with_verdicts([verdict("retrieve", p=0.5), verdict(p=0.09, before_ms=before_ms)], 0.2)
    assert [one.verdict for one in rows] == ["cannot tell", word]


@pytest.mark.parametrize(
    ("n_b", "p", "word"),
    [
        (30, 0.07, "slower"),
        (60, 0.07, "slower"),
        (30, 0.0701, "cannot tell"),
        (60, 0.0701, "cannot tell"),
        (10, 0.0233, "slower"),
        (10, 0.0234, "cannot tell"),
    ],
)
def test_a_verdict_that_is_looked_at_after_every_turn_needs_more(n_b: int, p: float, word: str) -> None:
    """Seven per cent from the thirtieth turn on, in proportion before that."""
    told = compare(side(9), side(9, 100))
    once = Comparison(**{**{name: getattr(told, name) for name in Comparison.__struct_fields__},
                         "stages": (verdict(p=p),), "n_b": n_b})  # fmt: skip
    (one,) = with_verdict_for_every_look(once).stages
    assert one.verdict == word


# --- in how many turns a stage takes place ---


def with_store(had: int, of: int, first: int = 0, skips: bool = False) -> list[Turn]:
    return side(
        of, first,
        lambda n: {"stages": {"classify": 30.0, "store": 100.0 if 0 < n <= had else None},
                   "skipped": frozenset({"store"} if skips and n > had else ())},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ((9, 10), (1, 10), "memory store in 1 of 10 turns, was 9 of 10"),
        ((1, 10), (9, 10), "memory store in 9 of 10 turns, was 1 of 10"),
        # A difference of three tenths is one, if chance does not make it in one of a hundred logs.
        ((100, 100), (70, 100), "memory store in 70 of 100 turns, was 100 of 100"),
        ((100, 100), (71, 100), ""),
        ((20, 20), (14, 20), ""),
        ((10, 10), (0, 10), "memory store is not in the turns any more (it was in 10 of 10)"),
        ((9, 9), (0, 4), ""),
    ],
)
def test_a_stage_that_takes_place_in_other_shares_of_the_turns_is_told(
    a: tuple[int, int], b: tuple[int, int], words: str
) -> None:
    sentence = compare(with_store(*a), with_store(*b, first=500)).sentence
    assert (words in sentence) if words else "memory store" not in sentence


def test_a_stage_that_v34_skips_is_not_gone() -> None:
    """It says that it did not store: that is what is talked of, and no code that is away."""
    sentence = compare(with_store(10, 10), with_store(0, 10, 500, skips=True)).sentence
    assert "memory store in 0 of 10 turns, was 10 of 10" in sentence


@pytest.mark.parametrize(("known", "said"), [(5, True), (4, False)])
def test_turns_in_which_it_was_not_measured_do_not_count(known: int, said: bool) -> None:
    b = side(10, 500, lambda n: {"unmeasured": {"store": "a clock stepped"} if n > known else {}})
    sentence = compare(with_store(10, 10), b).sentence
    assert ("it was in 10 of 10" in sentence) is said


@pytest.mark.parametrize(("p_small", "kept"), [((10, 10, 0, 10), True), ((6, 6, 0, 6), False)])
def test_a_share_that_is_looked_at_after_every_turn_needs_more(p_small: tuple[int, ...], kept: bool) -> None:
    """Six of six against none of six is chance in one of 462 logs: not rare enough to be looked at again and again."""
    had_a, n_a, had_b, n_b = p_small
    told = compare(with_store(had_a, n_a), with_store(had_b, n_b, 500))
    assert told.shares and bool(with_verdict_for_every_look(told).shares) is kept


# --- gaps ---


def gapped(ms: float, first: int = 0, store: bool = True, **more: Any) -> list[Turn]:
    """Time between two stages; every other turn stores between them, where that is so."""

    def each(n: int) -> dict[str, Any]:
        own = [Gap("classify", "store", ms / 2), Gap("store", "retrieve", ms / 2)] if store and n % 2 else [
            Gap("classify", "retrieve", ms)]  # fmt: skip
        return {"gaps": tuple(own), "unattributed_ms": ms, **more}

    return side(9, first, each)


@pytest.mark.parametrize(("a", "b", "compared"), [(1.0, 5.0, True), (5.0, 1.0, True), (4.9, 4.9, False)])
@pytest.mark.parametrize("store", [True, False])
def test_a_gap_of_five_milliseconds_on_one_side_is_compared(a: float, b: float, compared: bool, store: bool) -> None:
    """Whether a turn stores decides where in it the storing stands: both halves are one gap."""
    told = compare(gapped(a, store=store), gapped(b, 100, store))
    found = {one.stage: one for one in told.stages if one.stage.startswith("gap:")}
    assert set(found) == ({"gap:classify→retrieve"} if compared else set())
    if compared:
        one = found["gap:classify→retrieve"]
        assert (one.before_ms, one.after_ms, one.n_a, one.n_b) == (a, b, 9, 9)


def test_turns_whose_unattributed_time_is_not_known_have_no_gaps() -> None:
    told = compare(gapped(20.0), gapped(20.0, 100, unattributed_ms=None))
    one = row(told, "gap:classify→retrieve")
    assert (one.n_a, one.n_b, one.verdict) == (9, 0, "too few turns")


def test_a_gap_that_has_come_is_named_by_its_ends() -> None:
    told = compare(gapped(0.0), gapped(200.0, 100))
    assert "gap CLASS→RAG 0.0ms→200ms" in told.sentence
