"""How long a decode step usually takes: the sign of a busy machine that does not depend on the cache.

Each step reads the weights and the keys and values of all tokens before it, so it grows with the prompt.
"""

import math
from collections import OrderedDict

MAX_ANSWERS = 200
LOW_PART = 8
"""The usual step is the one that an eighth of the answers stay below: work beside it only makes it longer."""
PRIOR_GROWTH = 3e-5
"""Growth per token of the prompt: half of 112 KiB of keys and values over 2 GB of weights, llama3.2:3b."""
MOST_GROWTH = 2e-4
GROWTH_SPAN = 2.0
"""The longest prompt over the shortest, from which on the growth is learned."""
FEW_NEW = 16
"""The line is computed again when one answer in so many is new: sorting 200 of them for each turn would cost more than
the rest of the estimate."""
MIN_ANSWERS = 4
"""Of both the long and the short prompts."""


class DecodePace:
    """The decode steps under one model, window and version."""

    def __init__(self) -> None:
        self._answers: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._line: tuple[float, float] | None = None
        """(step in ms without a prompt, growth per token); None: to be computed."""
        self._new = 0
        """Answers since it was computed."""
        self._earlier_ms: float | None = None
        self._spread: float | None = None

    def put(self, ordinal: int, prompt_tokens: int, step_ms: float) -> None:
        """Add an answer, or replace the one with this ordinal."""
        self._answers.pop(ordinal, None)
        self._answers[ordinal] = (prompt_tokens, step_ms)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)
        self._new += 1
        if self._new * FEW_NEW >= len(self._answers):
            self._line = None

    def remove(self, ordinal: int) -> None:
        """Remove an answer."""
        if self._answers.pop(ordinal, None) is not None and len(self._answers) < FEW_NEW:
            self._line = None

    def remember(self, step_ms: float | None) -> None:
        """The step without a prompt that earlier runs learned; None: none."""
        self._earlier_ms, self._line = step_ms, None

    @property
    def base_ms(self) -> float | None:
        """The usual step without a prompt; None before the first answer."""
        return self._fitted()[0] if self._answers or self._earlier_ms is not None else None

    def usual_ms(self, prompt_tokens: int) -> float | None:
        """The usual step behind a prompt of this length; None before the first answer."""
        if not self._answers and self._earlier_ms is None:
            return None
        base_ms, growth = self._fitted()
        return base_ms * (1 + growth * prompt_tokens)

    @property
    def spread(self) -> float | None:
        """Standard deviation of the logarithm of the calmer half of the steps; None while there are too few."""
        if len(self._answers) < MIN_ANSWERS:
            return None
        if self._spread is None:
            growth = self._fitted()[1]
            steps = sorted(step / (1 + growth * tokens) for tokens, step in self._answers.values())
            # The eighth and the half of a normal distribution are 1.15 standard deviations apart.
            self._spread = math.log(steps[len(steps) // 2] / steps[len(steps) // LOW_PART]) / 1.15
        return self._spread

    def _fitted(self) -> tuple[float, float]:
        if self._line is None:
            growth = self._growth()
            steps = [step / (1 + growth * tokens) for tokens, step in self._answers.values()]
            if self._earlier_ms is not None:
                # So that a run that begins busy is seen to be; from eight answers on, they decide.
                steps.append(self._earlier_ms)
            self._line, self._new, self._spread = (_low(steps), growth), 0, None
        return self._line

    def _growth(self) -> float:
        """From the faster of the long and of the short prompts."""
        lengths = [max(tokens, 1) for tokens, _ in self._answers.values()]
        if not lengths or max(lengths) < GROWTH_SPAN * min(lengths):
            return PRIOR_GROWTH
        middle = math.sqrt(max(lengths) * min(lengths))
        short = [answer for answer in self._answers.values() if answer[0] <= middle]
        long = [answer for answer in self._answers.values() if answer[0] > middle]
        if min(len(short), len(long)) < MIN_ANSWERS:
            return PRIOR_GROWTH
        low, high = _low([step for _, step in short]), _low([step for _, step in long])
        short_tokens = sum(tokens for tokens, _ in short) / len(short)
        long_tokens = sum(tokens for tokens, _ in long) / len(long)
        # (1 + g·long) / (1 + g·short) = high / low
        divisor = low * long_tokens - high * short_tokens
        return MOST_GROWTH if divisor <= 0 else min(max((high - low) / divisor, 0.0), MOST_GROWTH)


def _low(steps: list[float]) -> float:
    return sorted(steps)[len(steps) // LOW_PART]
