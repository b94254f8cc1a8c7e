"""The restarts of a long history are read with few turns held at once, and computed once; the result is the same."""

import math
import random
from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from timmy_tui.analysis.compare import restart_noise
from timmy_tui.analysis.compare.equal_work import log_times, usable, values_of_stage
from timmy_tui.analysis.compare.restart_noise import LEARNED, Computed, Difference, estimate, learn, unchanged_restarts
from timmy_tui.analysis.stats.epochs import epochs_of
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.turn import Turn


def slow_restarts(turns: Sequence[Turn], changed: Sequence[float]) -> list[tuple[list[Turn], list[Turn]]]:
    """All epochs first, then every pair of neighbours."""
    tracker = epochs_of(turns)
    ordinals = [set(tracker.members(one.number)) for one in tracker.epochs]
    members = [[turn for turn in turns if turn.ordinal in own] for own in ordinals]
    pairs = []
    for number in range(1, len(members)):
        before, after, epoch = members[number - 1], members[number], tracker.epochs[number]
        began, ended = before[0].started or 0.0, after[0].started or 0.0
        if epoch.restarted and epoch.changes == () and all(at < began or at > ended for at in changed):
            pairs.append((before, after))
    return pairs


def slow_noise(turns: Sequence[Turn], changed: Sequence[float]) -> SessionNoise:
    """Every difference of the newest restarts, stage by stage."""
    groups = {}
    for group, stages in LEARNED.items():
        found = []
        for number, (before, after) in enumerate(
            slow_restarts(turns, changed)[-TUNING.session_noise.newest_restarts :]
        ):
            sides = [usable(before), usable(after)]
            for stage in stages:
                values = values_of_stage(stage, sides)
                if min(map(len, values)) >= TUNING.comparison.least_values:
                    times = log_times(stage, values, sides)
                    shift = times.shift(0.0)
                    error = math.hypot(shift.error / TUNING.comparison.inflation, times.work_error)
                    found.append(Difference(shift.shift, error, number))
        if found:
            groups[group] = estimate(found)
    return SessionNoise(groups)


def history(seed: int, count: int = 330) -> list[Turn]:
    """Sessions, some of which run under other flags, and two that say nothing of them."""
    rng = random.Random(seed)
    turns = make_turns(count, seed=seed, session_noise=0.04)
    tail = {turn.session: rng.choice((False, False, True)) for turn in turns}
    silent = set(rng.sample(sorted(tail), 2))
    return [
        replace(turn, tail_mode=None if turn.session in silent else tail[turn.session], raw=rng.choice((None, True)))
        for turn in turns
    ]


@pytest.mark.parametrize("seed", range(3))
def test_one_by_one_gives_the_same_to_the_last_digit(seed: int) -> None:
    turns = history(seed)
    changed = [turns[len(turns) // 2].started or 0.0]
    slow = slow_restarts(turns, changed)
    assert 1 <= len(slow) < len({turn.session for turn in turns}) - 1
    assert list(unchanged_restarts(iter(turns), changed)) == slow
    assert learn(iter(turns), changed).groups == slow_noise(turns, changed).groups
    computed: Computed = {}
    half = [turn for turn in turns if turn.session <= turns[len(turns) // 2].session]
    assert learn(iter(half), changed, computed).groups == slow_noise(half, changed).groups
    assert learn(iter(turns), changed, computed).groups == slow_noise(turns, changed).groups


def test_no_more_than_two_sessions_and_a_turn_are_taken_before_a_pair_is_given() -> None:
    turns = [replace(turn, session=turn.ordinal // 10, session_id=f"s{turn.ordinal // 10}")
             for turn in make_turns(60, seed=2)]  # fmt: skip
    taken: list[int] = []

    def each() -> Iterator[Turn]:
        for turn in turns:
            taken.append(turn.ordinal)
            yield turn

    seen = [(len(taken), len(before), len(after)) for before, after in unchanged_restarts(each())]
    assert seen == [(21, 10, 10), (31, 10, 10), (41, 10, 10), (51, 10, 10), (60, 10, 10)]


def test_a_restart_is_computed_once_while_its_sessions_are_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def counted(*given: object) -> object:
        nonlocal calls
        calls += 1
        return log_times(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(restart_noise, "log_times", counted)
    turns = make_turns(150, seed=5)
    sessions = sorted({turn.session for turn in turns})
    fresh = learn(turns).groups
    each, calls = calls, 0
    computed: Computed = {}
    earlier = [turn for turn in turns if turn.session < sessions[-1]]
    learn(earlier, (), computed)
    before, calls = calls, 0
    assert learn(turns, (), computed).groups == fresh
    assert 0 < calls == each - before
    calls = 0
    # The oldest turns are forgotten, and all others have other ordinals and numbers of sessions.
    later = [turn for turn in turns if turn.session > sessions[0]]
    moved = [replace(turn, ordinal=at, session=turn.session + 7) for at, turn in enumerate(later)]
    assert learn(moved, (), computed).groups == slow_noise(later, ()).groups
    assert calls == 0
    # A log told more of a turn.
    other = [replace(turn, stages={**turn.stages, "decode": 4 * (turn.stages["decode"] or 1)}) if at == 9 else turn
             for at, turn in enumerate(moved)]  # fmt: skip
    assert learn(other, (), computed).groups == slow_noise(other, ()).groups
    assert calls > 0
    # Of what is not asked for any more nothing is kept.
    only: Computed = {}
    assert learn(other, (), only).groups == learn(other, (), computed).groups and computed == only


def test_two_restarts_that_say_the_same_count_twice() -> None:
    one = [turn for turn in make_turns(60, seed=4) if turn.session == 1][:20]
    turns = [
        replace(turn, ordinal=20 * session + at, session=session, session_id=None, started=1000.0)
        for session in range(4)
        for at, turn in enumerate(one)
    ]
    assert len(one) >= 10
    computed: Computed = {}
    for _ in range(2):
        assert learn(turns, (), computed).of("decode").restarts == 3
    assert learn(turns, (), computed).groups == slow_noise(turns, ()).groups
