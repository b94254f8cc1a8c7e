"""The cold rate that fits what is known: cold turns, an earlier run, and how the prefill grows with the prompt.

The median of the cold turns counts (the lower one of two): other work makes some of them longer, and each deviates by
some percent in both directions. Deviations are standard deviations of the logarithm of a cost per token.
"""

import math
from dataclasses import replace

from timmy_tui.analysis.llm.prefill.constant_head import HeadRate
from timmy_tui.analysis.llm.prefill.curve import ColdSample, PrefillRate

DEPTH_FACTORS = tuple(1.25**power for power in range(-7, 8))
"""Multiples of the expected κ that are tried when cold turns of different lengths are known: 0.4 to 2.4."""
DEPTH_DOUBT = 0.35
"""Deviation of κ from what was expected, before cold turns of different lengths tell."""
DEPTH_SPAN = 2.0
"""The longest cold turn over the shortest, from which on κ is fitted."""
TURN_NOISE = 0.08
"""Deviation of one turn from the curve, as long as nothing shows it."""
OUTLIER = 3.0
"""Deviations of one turn; what is further away counts as so far, so that one spoiled clock does not blur all."""
NOISE_WEIGHT = 4
"""That expectation counts as so many cold turns."""
LOAD_NOISE = 0.07
"""Deviation of the first prompt after a load, beside its usual 8 %."""
EARLIER_NOISE = 0.06
"""Deviation of a rate from an earlier run: another day, another clock."""
RATE_NOISE = 0.05
"""However many cold turns: the machine is not the same all the time."""
LOWEST_RATIO = 8.0
"""Prompt tokens read while one is generated: 25 and more on graphics cards, 18 on a processor. A single cold turn far
below that was probably slowed by other work in its prefill alone."""
PRESUMED_WEIGHT = 0.33
"""A turn that is only presumed cold makes the rate surer by so much of what a certain one does."""
AGREES = (0.75, 1.35)
"""A turn that is only presumed cold counts beside certain ones if it costs about as much per token: a persona that was
still in the cache would take off a third or more."""
EARLIER_WEIGHT = 3
"""What earlier runs learned weighs as much as so many cold turns of this run, at most."""
SHARED_AT_MOST = 2.0
"""A turn that is only presumed cold may have reused half of its prompt: a persona that stands first, say."""


def fitted_rate(
    samples: list[ColdSample], earlier: PrefillRate | None, expected_depth: float, noise: float
) -> PrefillRate | None:
    """None where nothing is known. ``noise``: expected deviation of one turn from the curve."""
    certain = [sample for sample in samples if sample.certain]
    presumed = [sample for sample in samples if not sample.certain]
    if earlier is not None and not certain:
        return replace(earlier, deviation=_earlier_deviation(earlier, noise))
    if certain:
        return _of_certain(certain, presumed, earlier, expected_depth, noise)
    if not presumed:
        return None
    cost = _cost(presumed, expected_depth)
    # Their factor of two is wider than any deviation.
    return PrefillRate(
        cost, len(presumed), False, expected_depth, slowest=SHARED_AT_MOST, learned_at=_tokens_before(presumed)
    )


def _of_certain(
    certain: list[ColdSample],
    presumed: list[ColdSample],
    earlier: PrefillRate | None,
    expected_depth: float,
    noise: float,
) -> PrefillRate:
    depth = _fitted_depth(certain, expected_depth if earlier is None else earlier.depth, noise)
    cost = _cost(certain, depth)
    used = certain + [one for one in presumed if AGREES[0] <= one.ms_per_token(depth) / cost <= AGREES[1]]
    costs = [sample.ms_per_token(depth) for sample in used]
    deviation = _deviation(used, depth, noise)
    if earlier is not None:
        costs += [earlier.ms_per_token] * min(earlier.samples, EARLIER_WEIGHT)
        deviation = min(deviation, _earlier_deviation(earlier, noise))
    cost, step_ms = _lower_median(costs), certain[0].step_ms
    doubt = 1.0 if step_ms is None or len(costs) > 1 else min(step_ms / cost / LOWEST_RATIO, 1.0)
    return PrefillRate(cost, len(costs), True, depth, doubt, 1.0, deviation, _tokens_before(used))


def with_head(rate: PrefillRate, head: HeadRate, noise: float) -> PrefillRate:
    """Both, each by its certainty; a rate that is only presumed gives way."""
    of_head = max(head.deviation, RATE_NOISE)
    apart = replace(rate, deviation=0.0).deviation_of(round(head.learned_at), 0.0)
    of_rate = math.hypot(math.sqrt(max(rate.deviation**2 - noise**2, RATE_NOISE**2)), apart)
    weight = of_head**-2 / (of_head**-2 + of_rate**-2) if rate.certain else 1.0
    both = max((of_head**-2 + of_rate**-2) ** -0.5, RATE_NOISE) if rate.certain else of_head
    return replace(
        rate,
        ms_per_token=head.ms_per_token**weight * rate.ms_per_token ** (1 - weight),
        learned_at=weight * head.learned_at + (1 - weight) * rate.learned_at,
        deviation=math.hypot(noise, both),
        fastest=1.0,
        slowest=1.0,
    )


def _deviation(samples: list[ColdSample], depth: float, noise: float) -> float:
    """Of one more turn from the curve through these; those that are only presumed cold do not make it surer."""
    costs = [math.log(sample.ms_per_token(depth)) for sample in samples]
    middle, most = _lower_median(costs), (OUTLIER * noise) ** 2
    squares = sum(min((cost - middle) ** 2, most) for cost in costs)
    turn = math.sqrt((NOISE_WEIGHT * noise**2 + squares) / (NOISE_WEIGHT + len(costs) - 1))
    loads = sum(sample.after_load for sample in samples) / len(samples)
    number = sum(1.0 if sample.certain else PRESUMED_WEIGHT for sample in samples)
    return math.hypot(turn, max(math.sqrt((turn**2 + loads * LOAD_NOISE**2) / number), RATE_NOISE))


def _earlier_deviation(earlier: PrefillRate, noise: float) -> float:
    """Of one more turn from an earlier run's curve."""
    learned = (noise**2 + LOAD_NOISE**2) / max(earlier.samples, 1)
    return math.hypot(noise, EARLIER_NOISE, math.sqrt(learned))


def _tokens_before(samples: list[ColdSample]) -> float:
    """Tokens before an evaluated one, in the mean."""
    return sum(sample.behind + sample.tokens / 2 for sample in samples) / len(samples)


def _cost(samples: list[ColdSample], depth: float) -> float:
    return _lower_median([sample.ms_per_token(depth) for sample in samples])


def _lower_median(costs: list[float]) -> float:
    return sorted(costs)[(len(costs) - 1) // 2]


def _fitted_depth(samples: list[ColdSample], expected: float, noise: float) -> float:
    """κ with which long and short cold turns cost the same per token, as far as they outweigh what was expected."""
    lengths = [sample.tokens for sample in samples]
    if max(lengths) < DEPTH_SPAN * min(lengths):
        return expected
    middle = math.sqrt(max(lengths) * min(lengths))
    short = [sample for sample in samples if sample.tokens <= middle]
    long = [sample for sample in samples if sample.tokens > middle]
    turn_noise = math.hypot(noise, LOAD_NOISE) if any(sample.after_load for sample in samples) else noise
    doubt = turn_noise * math.sqrt(1 / len(short) + 1 / len(long))

    def misfit(factor: float) -> float:
        depth = expected * factor
        difference = math.log(_cost(long, depth) / _cost(short, depth))
        return (difference / doubt) ** 2 + (math.log(factor) / DEPTH_DOUBT) ** 2

    return expected * min(DEPTH_FACTORS, key=misfit)
