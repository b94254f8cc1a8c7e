"""Sessions that differ by more than is assumed: what is called before and after the history has taught it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.judgement.pairs import Pair, Verdicts, sessions_of, verdicts_of
from bench.judgement.shapes import slowed
from bench.judgement.turns import BASES, make_turns
from timmy_tui.analysis.compare.restart_noise import learn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.model.turn import Turn

PAST = 700
"""Turns of the history: about twenty restarts."""
THEN = 400
"""Turns behind it, which are judged."""
WARM = 30
"""Warm turns of each session of a pair."""


@dataclass
class Learned:
    """One way of knowing the session noise, over many installations."""

    same: Verdicts = field(default_factory=Verdicts)
    slower: Verdicts = field(default_factory=Verdicts)
    alarms: int = 0
    turns: int = 0


def judge_noise(noise: float, count: int, seed: int, watched: int) -> tuple[Learned, Learned, float]:
    """``count`` pairs without and with +20 %, as assumed and as learned, and the median of what was learned of decode.

    The detector runs over the first ``watched`` installations only.
    """
    assumed, learned = Learned(), Learned()
    shares = []
    for number, (turns, pairs) in enumerate(_installations(noise, count, seed)):
        taught = learn(turns[:PAST])
        shares.append(taught.of("decode").share)
        for tally, known in ((assumed, SessionNoise()), (learned, taught)):
            for pair in pairs:
                tally.same.take(pair, verdicts_of(pair.a, pair.b, known))
                changed = Pair(pair.a, [slowed(turn, pair.stage, 1.2) for turn in pair.b], pair.stage, 1.2)
                tally.slower.take(changed, verdicts_of(changed.a, changed.b, known))
            if number < watched:
                tally.alarms += _alarms(turns, known)
                tally.turns += len(turns) - PAST
    return assumed, learned, median(shares)


def _installations(noise: float, count: int, seed: int) -> Iterator[tuple[list[Turn], list[Pair]]]:
    """All turns, and pairs of consecutive sessions behind the history, of one machine after the other."""
    stages, made = list(BASES), 0
    while made < count:
        seed += 1
        turns = make_turns(PAST + THEN, seed, heavy=seed % 3 == 2, session_noise=noise)
        sessions = sessions_of(turns[PAST:])[1:]
        pairs = []
        for before, after in zip(sessions, sessions[1:], strict=False):
            if min(len(before), len(after)) > WARM and made < count:
                pairs.append(Pair(before[: WARM + 1], after[: WARM + 1], stages[made % len(stages)], 1.0))
                made += 1
        if pairs:
            yield turns, pairs


def _alarms(turns: Sequence[Turn], noise: SessionNoise) -> int:
    """Raised behind the history."""
    detector = RegressionDetector()
    detector.learn(noise)
    return sum(finding.raised == turn.ordinal >= PAST for turn in turns for finding in detector.add(turn))


def called(tally: Verdicts) -> str:
    """Share of the pairs whose stage was called the right way."""
    return f"{tally.called / tally.pairs:.0%}" if tally.pairs else "—"
