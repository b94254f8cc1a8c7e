"""Laws of noise, each by itself: what real machines do to a log in which nothing became slower or faster.

Every law draws its size for each log. Where a source is named it is the reference of this project's own measurements;
"assumed" is a size that nobody has measured.
"""

from collections.abc import Callable, Iterable

import numpy as np

from bench.judgement.draft import GPU, Array, Draft

Law = Callable[[Draft], None]
STEADY = {"mute": 0.2}
"""Mostly a fixed sleep of 200 ms (upstream's code): so much of what happens to other stages happens to it."""


def _outliers(log: Draft) -> None:
    """5 % of the values of a stage are 2 to 5 times as long. Source: upstream's own turns."""
    for key, noise in log.noise.items():
        if key not in STEADY:
            hit = log.chance.random(log.count) < 0.05
            noise += np.where(hit, np.log(log.chance.uniform(2, 5, log.count)), 0.0)


def _levels(log: Draft, spread: float) -> None:
    """Every session has a level of its own by chance."""
    for key, noise in log.noise.items():
        levels = log.chance.normal(0, spread, int(log.session.max()) + 1)
        noise += STEADY.get(key, 1.0) * levels[log.session]


def light(log: Draft) -> None:
    """Log-normal noise, single outliers, sessions that differ by 2 %: the ground of every world but one."""
    for key, noise in log.noise.items():
        noise += log.chance.normal(0, log.scale[key], log.count)
    _outliers(log)
    _levels(log, 0.02)


def heavy(log: Draft) -> None:
    """Tails of Laplace or of Student's t with three degrees, of the same standard deviation."""
    laplace = log.chance.random() < 0.5
    for key, noise in log.noise.items():
        if laplace:
            noise += log.chance.laplace(0, log.scale[key] / np.sqrt(2), log.count)
        else:
            noise += log.scale[key] * log.chance.standard_t(3, log.count) / np.sqrt(3)
    _outliers(log)
    _levels(log, 0.02)


def bursts(log: Draft) -> None:
    """A stage is 1.5 to 4 times as long for 2 to 4 turns, once in 60 to 150. Source: a fifth of the outliers."""
    for key, noise in log.noise.items():
        if key not in STEADY:
            _in_runs(log, [noise], 1 / log.chance.uniform(60, 150), (1.5, 4.0))


def shared_gpu(log: Draft) -> None:
    """Another process has the card for 2 to 4 turns, once in 40 to 120: all its stages are 1.3 to 2.5 times as long."""
    _in_runs(log, [log.noise[key] for key in GPU], 1 / log.chance.uniform(40, 120), (1.3, 2.5))


def _in_runs(log: Draft, targets: Iterable[Array], rate: float, factors: tuple[float, float]) -> None:
    starts = np.flatnonzero(log.chance.random(log.count) < rate)
    targets = list(targets)
    for start in starts:
        end = start + int(log.chance.integers(2, 5))
        factor = log.chance.uniform(*factors)
        for target in targets:
            target[start:end] += np.log(factor)


def correlated(log: Draft) -> None:
    """Noise of neighbouring turns is alike, by 0.15 to 0.4: worse than the measured logs, where it was 0.15."""
    _alike(log, log.chance.uniform(0.15, 0.4))


def somewhat_correlated(log: Draft) -> None:
    """By 0.1 to 0.2, as in the measured logs."""
    _alike(log, log.chance.uniform(0.1, 0.2))


def _alike(log: Draft, like: float) -> None:
    for key, noise in log.noise.items():
        drawn = log.chance.normal(0, log.scale[key], log.count)
        for turn in range(1, log.count):
            drawn[turn] = like * drawn[turn - 1] + np.sqrt(1 - like**2) * drawn[turn]
        noise += drawn
    _outliers(log)
    _levels(log, 0.02)


def daily(log: Draft) -> None:
    """All levels rise and fall by 3 to 6 % in 150 to 400 turns: a warm room, a thermal limit. Assumed."""
    for key, noise in log.noise.items():
        swing, period, phase = log.chance.uniform(0.03, 0.06), log.chance.uniform(150, 400), log.chance.random()
        noise += STEADY.get(key, 1.0) * swing * np.sin(2 * np.pi * (np.arange(log.count) / period + phase))


def restarts(log: Draft) -> None:
    """Sessions differ by 3 to 5 % by chance and not by 2. Assumed: what a restart does to memory and caches."""
    _levels(log, log.chance.uniform(0.025, 0.045))


def rare(log: Draft) -> None:
    """Memory is stored in 5 to 15 % of turns, and retrieval takes place in a half."""
    log.present["store"] = log.chance.random(log.count) < log.chance.uniform(0.05, 0.15)
    log.present["retrieve"] = log.chance.random(log.count) < 0.5


def bimodal(log: Draft) -> None:
    """Classification, retrieval and storage have two levels, cached or not: 2 to 4 times apart, 20 to 50 % of turns."""
    for key in ("classify", "retrieve", "store"):
        cached = log.chance.random(log.count) < log.chance.uniform(0.2, 0.5)
        log.noise[key] -= np.where(cached, np.log(log.chance.uniform(2, 4)), 0.0)


def coarse(log: Draft) -> None:
    """The machine of STT and TTS stamps in steps of 15.625 ms: Python before 3.13 on Windows."""
    log.tick = 15.625


def without_tokens(log: Draft) -> None:
    """Ollama's counts are missing in all turns, or in 10 to 40 % of them."""
    share = 1.0 if log.chance.random() < 0.5 else log.chance.uniform(0.1, 0.4)
    log.tokens_known = log.chance.random(log.count) >= share


def interleaved(log: Draft) -> None:
    """Two or three sessions at the same time, in any order."""
    log.streams = int(log.chance.integers(2, 4))
    log.draw_sessions()


def between(log: Draft) -> None:
    """Lone pauses and typed turns in between: a quiet room writes 75 to 100 ids a minute, here up to 3 a turn."""
    log.pauses, log.typed = log.chance.uniform(0.5, 3.0), log.chance.uniform(0.1, 0.4)


def layouts(log: Draft) -> None:
    """The prompt has its memories first, or nothing of it is reused, and the number of memories varies."""
    log.layout = ("history first", "memories first", "nothing reused")[int(log.chance.integers(3))]
    log.chunks_usual = np.full(log.count, log.chance.uniform(2, 6))
    log.draw_sessions()
