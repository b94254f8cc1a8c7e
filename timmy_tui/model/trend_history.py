"""Turns of longer times, counted and summed up by stretches of time, for the charts over hours, days and weeks."""

from collections.abc import Mapping

from msgspec import Struct

from timmy_tui.model.turn import Span

HEADLINE = "headline"
"""Key of the length of a turn's span, among those of the stages."""


class Figures(Struct, frozen=True):
    """One series over the turns of a stretch; ms."""

    n: int
    p5: float
    p50: float
    p95: float


class Bucket(Struct, frozen=True):
    """The turns that began within a stretch of time."""

    start: float
    """Seconds since 1970, included."""
    end: float
    """Excluded."""
    turns: int = 0
    """In any state."""
    failed: int = 0
    """Those that failed or timed out."""
    figures: Mapping[str, Figures] = {}
    """By HEADLINE and stage key; a series without a turn that has it is not there."""
    restarts: int = 0
    """Sessions that began here behind another one, as far as turns name them."""


class TimeBuckets(Struct, frozen=True, eq=False):
    """Stretches of time, oldest first, without a gap between them."""

    buckets: tuple[Bucket, ...] = ()
    span: Span = Span.V2V
    """Of the headline: the one that most turns have; those of another are not in its figures."""
    turns: int = 0
    """That were read."""
    cut: bool = False
    """There are older ones within the time, which were not read."""
