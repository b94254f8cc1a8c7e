"""What was lost of a log, or on the way out, in words: for the screen and for ``watch``."""

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import plural
from timmy_tui.model.snapshot import SourceState

LOSS_S = 60.0
"""Least time between two lines on one source that goes on losing."""


def counted_losses(source: SourceState) -> list[str]:
    """``2 lost parts``, ``1 missed file``, ``5 dropped lines``: of what there is."""
    counts = ((source.gaps, "lost part"), (source.missed, "missed file"), (source.dropped, "dropped line"))
    return [plural(number, word) for number, word in counts if number]


class NewLosses:
    """Which losses are new; a source that loses again and again is told of once a minute."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}
        self._told: dict[str, float] = {}

    def take_as_known(self, source: SourceState) -> None:
        """They were there before, or were just said."""
        self._known[source.name] = _losses(source)

    def words(self, source: SourceState, tick: float) -> str:
        """All that was lost so far, where it is more than was told last; else empty. ``tick``: ``elapsed()``."""
        losses = _losses(source)
        known = self._known.setdefault(source.name, [])
        if losses == known:
            return ""
        if tick - self._told.get(source.name, float("-inf")) < LOSS_S:
            return ""
        self._known[source.name] = losses
        if not losses:
            return ""
        self._told[source.name] = tick
        return ", ".join(losses)


def _losses(source: SourceState) -> list[str]:
    said = [clean(source.detail)] if source.notable and source.detail else []
    return [*said, *counted_losses(source)]
