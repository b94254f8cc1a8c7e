"""How long STT's pass over the audio takes, from the rhythm of pauses without text: a bound without any audio.

STT looks at its silence timer once a pass. A pass takes T and is followed by two sleeps of 0.1 s, so two pauses of a
quiet room are a whole number k of (T + 0.2 s) apart, with the smallest k that exceeds the threshold. Several (k, T) fit
most spacings; only where one of them is a time that such a pass is known to take is anything said.
"""

from collections.abc import Sequence

from timmy_tui.analysis.stats.percentiles import percentile
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.snapshot import Listening, PassBound

SLEEP_S = 0.2
"""Upstream's two sleeps at the end of every pass (timmy_hears.py, transcribe_audio)."""
QUARTILES = (0.25, 0.5, 0.75)
CHUNK_S = 4096 / 16000
"""Audio comes in chunks of 4096 samples at 16 kHz. The last word may be complete a chunk before its last sound."""


def pass_times(spacing_s: float, threshold_s: float) -> list[tuple[int, float]]:
    """Every (k, T in s) that fits a spacing of two pauses: k·(T + 0.2), while k − 1 rounds are not over the threshold.

    Empty where none fits: the spacing is not over the threshold.
    """
    fitting: list[tuple[int, float]] = []
    rounds = 1
    while spacing_s > threshold_s and spacing_s / rounds > SLEEP_S:
        if (rounds - 1) * spacing_s / rounds <= threshold_s:
            fitting.append((rounds, spacing_s / rounds - SLEEP_S))
        rounds += 1
    return fitting


def pass_bound(listening: Listening) -> PassBound | None:
    """What the rhythm tells of STT's pass and of the wait before a turn; None where it fits several times, or too few.

    A quiet pass is faster than one over speech, which has a text to find, so its time is a lower bound of that.
    """
    tuning, spacings = TUNING.listening, sorted(listening.spacings_s)
    if listening.threshold_s is None or len(spacings) < tuning.least_spacings:
        return None
    shares = [percentile(spacings, share) for share in QUARTILES]
    fits = [_documented(share, listening.threshold_s) for share in shares if share is not None]
    if any(len(fit) != 1 for fit in fits) or len({fit[0][0] for fit in fits}) != 1:
        return None
    (_, pass_s), spacing_s = fits[1][0], shares[1] or 0.0
    return PassBound(
        threshold_s=listening.threshold_s,
        waited_s=shortest_wait(pass_s, spacing_s, listening.threshold_s),
        pass_s=pass_s,
        pauses=len(spacings) + 1,
    )


def shortest_wait(pass_s: float, spacing_s: float, threshold_s: float) -> float:
    """The least time from the last sound to the pause event, in s, where a pass over speech takes ``pass_s`` or longer.

    The sound is in a pass of T, then rounds of T + 0.2 s follow until they exceed the threshold; a longer pass may need
    fewer of them. The last word may have been complete one chunk before the last sound.
    """
    waits = [pass_s + spacing_s]
    rounds = 1
    while (longer_s := threshold_s / rounds - SLEEP_S) >= pass_s:
        if longer_s <= TUNING.listening.longest_pass_s:
            waits.append(longer_s + threshold_s)
        rounds += 1
    return min(waits) - CHUNK_S


def _documented(spacing_s: float, threshold_s: float) -> Sequence[tuple[int, float]]:
    """Those that are within the times that a pass is known to take."""
    tuning = TUNING.listening
    return [
        fit for fit in pass_times(spacing_s, threshold_s) if tuning.shortest_pass_s <= fit[1] <= tuning.longest_pass_s
    ]
