"""How far sessions differ by chance: learned from restarts that changed nothing, and what a verdict makes of it."""

import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.pairs import make_pairs
from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.restart_noise import Difference, estimate, learn, unchanged_restarts
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.judge import Judge
from timmy_tui.analysis.stats.session_noise import GROUPS, Noise, SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import StageVerdict
from timmy_tui.model.turn import Turn

QUIETEST, LOUDEST = TUNING.session_noise.quietest, TUNING.session_noise.loudest


def differences(noise: float, count: int, seed: int, error: float = 0.02) -> list[Difference]:
    chance = random.Random(seed)
    spread = (2 * noise**2 + error**2) ** 0.5
    return [Difference(chance.gauss(0, spread), error, number) for number in range(count)]


@pytest.mark.parametrize("noise", [0.02, 0.03, 0.05])
def test_the_estimate_finds_the_noise_it_was_made_with(noise: float) -> None:
    told = sorted(estimate(differences(noise, 60, seed)).share for seed in range(40))
    assert told[20] == pytest.approx(noise, rel=0.12)
    assert told[4] > 0.6 * noise
    assert told[-5] < 1.4 * noise


def test_differences_that_know_little_weigh_little() -> None:
    steady = differences(0.04, 40, seed=1, error=0.01)
    unsteady = [Difference(0.0, 0.5, one.restart) for one in steady]
    assert estimate([*steady, *unsteady]).share == pytest.approx(estimate(steady).share, rel=0.05)


def test_few_restarts_stay_near_what_is_assumed() -> None:
    one = estimate([Difference(0.3, 0.001, 0)])
    assert one.restarts == 1
    many = estimate([Difference(0.3 * (-1) ** number, 0.001, number) for number in range(30)])
    assert one.share < 0.03
    assert 0.06 < many.share < LOUDEST
    assert estimate(differences(0.05, 3, seed=2)).share < estimate(differences(0.05, 60, seed=2)).share


def test_the_share_of_chance_stays_above_its_least_value() -> None:
    still = [Difference(0.0, 0.01, number) for number in range(100)]
    told = estimate(still)
    assert QUIETEST < told.share < 1.05 * QUIETEST
    assert estimate([Difference(0.0, 0.0, number) for number in range(3)]).share > 1.3 * QUIETEST


def test_updates_between_two_sessions_do_not_pass_for_chance() -> None:
    quiet = differences(0.02, 30, seed=3)
    moved = [Difference(1.0, 0.02, 100 + number) for number in range(3)]
    assert estimate([*quiet, *moved]).share < 1.5 * estimate(quiet).share


@pytest.mark.parametrize("noise", [0.02, 0.04, 0.06])
def test_generated_histories_teach_their_noise(noise: float) -> None:
    told = learn(make_turns(1000, seed=8, session_noise=noise))
    assert told.of("decode").restarts >= 15
    assert told.of("decode").share == pytest.approx(noise, rel=0.3)
    assert told.of("llm") is told.of("prefill")
    assert set(told.groups) == set(GROUPS)


def test_a_short_history_says_how_little_it_is() -> None:
    told = learn(make_turns(120, seed=9))
    assert 0 < told.of("tts").restarts < 8
    assert learn(make_turns(9, seed=9)).groups == {}
    assert learn([]).of("V2V") == Noise()


def three_sessions() -> list[Turn]:
    sizes = (10, 12, 12)
    turns = make_turns(sum(sizes), seed=4)
    sessions = [number for number, size in enumerate(sizes) for _ in range(size)]
    return [replace(turn, session=session) for turn, session in zip(turns, sessions, strict=True)]


def sessions_of(turns: Sequence[Turn], changed: Sequence[float] = ()) -> list[tuple[int, int]]:
    return [(a[0].session, b[0].session) for a, b in unchanged_restarts(turns, changed)]


def test_a_restart_with_another_flag_teaches_nothing() -> None:
    turns = three_sessions()
    assert sessions_of(turns) == [(0, 1), (1, 2)]
    flipped = [replace(turn, raw=turn.session < 1) for turn in turns]
    assert sessions_of(flipped) == [(1, 2)]


def test_a_change_that_turns_do_not_show_teaches_nothing_either() -> None:
    turns = three_sessions()
    last = max(turn.started or 0.0 for turn in turns if turn.session == 0)
    assert sessions_of(turns, [last + 0.001]) == [(1, 2)]
    assert sessions_of(turns, [1.0, 9e9]) == [(0, 1), (1, 2)]


def test_words_of_what_is_learned_and_assumed() -> None:
    assert SessionNoise().describe(["V2V", "tts"]) == "session noise 2.5 % assumed"
    same = SessionNoise({"LLM": Noise(0.0262, 7), "V2V": Noise(0.0258, 7)})
    assert same.describe(["V2V", "llm", "decode"]) == "session noise ~2.6 % (from 7 restarts)"
    assert same.describe(["V2V", "tts"]) == "session noise ~2.6 % (from 7 restarts; 2.5 % assumed elsewhere)"
    other = SessionNoise({"LLM": Noise(0.05, 6), "V2V": Noise(0.012, 1)})
    assert other.describe(["V2V", "llm"]) == "session noise ~1.2–5 % (from 1–6 restarts)"
    assert other.describe_groups() == "session noise: LLM ~5 %, V2V ~1.2 % (from 1–6 restarts)"
    assert SessionNoise({"V2V": Noise(0.012, 1)}).describe(["V2V"]) == "session noise ~1.2 % (from 1 restart)"


def loud(share: float) -> SessionNoise:
    return SessionNoise(dict.fromkeys(GROUPS, Noise(share, 12)))


def classify(turns: tuple[Sequence[Turn], Sequence[Turn]], noise: SessionNoise | None) -> StageVerdict:
    return next(one for one in compare(*turns, noise=noise).stages if one.stage == "classify")


def test_a_verdict_must_stand_out_of_what_sessions_do_by_chance() -> None:
    pair = next(make_pairs(30, 1, 1.0, seed=4))
    turns = pair.a, [slowed(turn, "classify", 1.25) for turn in pair.b]
    plain, wide = classify(turns, None), classify(turns, loud(0.08))
    assert (plain.verdict, wide.verdict) == ("slower", "unchanged")
    assert plain.ratio == wide.ratio
    assert plain.low is not None and wide.low is not None and wide.low < plain.low
    assert (plain.noise, plain.noise_restarts) == (0.025, 0)
    assert (wide.noise, wide.noise_restarts) == (0.08, 12)
    assert compare(*turns).noise == "session noise 2.5 % assumed"
    assert compare(*turns, noise=loud(0.08)).noise == "session noise ~8 % (from 12 restarts)"


def test_there_and_back_stands_out_of_it_too() -> None:
    pair = next(make_pairs(30, 1, 1.0, seed=4))
    sides = pair.a, [slowed(turn, "classify", 1.25) for turn in pair.b], pair.a
    words = [
        next(one.verdict for one in compare_crossover(sides, noise=noise).stages if one.stage == "classify")
        for noise in (None, loud(0.08))
    ]
    assert words == ["slower", "unchanged"]


def test_the_judge_weighs_its_verdict_anew_when_it_learns() -> None:
    judge = Judge()
    for turn in make_turns(60, seed=14):
        session = 2 if turn.ordinal >= 30 else 1
        judge.add(replace(turn, session=session, session_id=str(session), raw=session == 1))
    before = judge.state().verdict
    judge.learn(loud(0.05))
    after = judge.state().verdict
    assert before is not None and after is not None
    assert (before.noise, after.noise) == ("session noise 2.5 % assumed", "session noise ~5 % (from 12 restarts)")


def test_what_sessions_do_by_chance_is_no_alarm() -> None:
    turns = make_turns(1200, seed=21, session_noise=0.08)
    counts = []
    for noise in (None, loud(0.08)):
        detector = RegressionDetector()
        if noise is not None:
            detector.learn(noise)
        counts.append(sum(one.raised == turn.ordinal for turn in turns for one in detector.add(turn)))
    assert counts[1] < counts[0] / 2


def test_a_quiet_history_makes_no_alarm_more_likely() -> None:
    turns = make_turns(400, seed=22)
    told = []
    for noise in (SessionNoise(), loud(0.01)):
        detector = RegressionDetector()
        for turn in turns[:200]:
            detector.add(turn)
        detector.learn(noise)
        told.append([one for turn in turns[200:] for one in detector.add(turn)])
    assert told[0] == told[1]
