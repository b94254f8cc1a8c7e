"""Prompt reuse and the guide's criteria as the user reads them: on the screen, in reports and from the shell."""

from timmy_tui.core.formatting import MISSING, percent
from timmy_tui.model.llm import BROKE, Certainty, Criterion, Reuse

NOT_LOOKED_AT = "nothing is known of this turn's prompt"
_PREFIXES = {Certainty.MEASURED: "", Certainty.ESTIMATED: "~"}
_SIGN_WORDS = {"pass": "not seen", "fail": "seen"}
"""A sign that something broke does not pass or fail: it was seen or not."""


def share_words(reuse: Reuse | None) -> str:
    """``73%`` measured, ``~73%`` estimated, ``—`` unknown."""
    if reuse is None or reuse.share is None or reuse.certainty not in _PREFIXES:
        return MISSING
    return f"{_PREFIXES[reuse.certainty]}{percent(reuse.share)}"


def source_words(reuse: Reuse | None) -> str:
    """``estimated: compared with 2 cold turns``; of an unknown share the reason alone."""
    if reuse is None:
        return NOT_LOOKED_AT
    known = reuse.share is not None and reuse.certainty in _PREFIXES
    return f"{reuse.certainty}: {reuse.reason}" if known else reuse.reason


def request_words(reuse: Reuse | None) -> str:
    """What stands out of a request: ``load``, ``broken``, ``cold``; empty where nothing does."""
    if reuse is None:
        return ""
    return "load" if reuse.loaded else "broken" if reuse.broken else "cold" if reuse.cold else ""


def verdict_words(criterion: Criterion) -> str:
    """``pass``, ``fail`` or ``not judged``; of a sign that something broke ``not seen`` or ``seen``."""
    words = _SIGN_WORDS if criterion.group == BROKE else {}
    return words.get(criterion.verdict, criterion.verdict)


def value_words(criterion: Criterion) -> str:
    """Its figure; of one that is not judged the reason, and the figure behind it where there is one."""
    if not criterion.because:
        return criterion.value
    return f"because {criterion.because}" + (f"; {criterion.value}" if criterion.value else "")
