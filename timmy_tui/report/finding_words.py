"""A finding in words, for the screen and for reports."""

from timmy_tui.core.formatting import plural, signed_duration
from timmy_tui.model.judgement import Finding

LARGEST_RATIO = 10.0
"""From here on, and below its inverse, a ratio is said in milliseconds: ×2134 tells nobody that a gap takes 640 ms."""


def ratio_words(ratio: float) -> str:
    """``×1.38``, ``×0.40``, in all places; empty where it would be a large number, or a part of one."""
    return f"×{ratio:.2f}" if 1 / LARGEST_RATIO < ratio < LARGEST_RATIO else ""


def size_words(finding: Finding) -> str:
    """``×1.38``, or ``+640ms`` where a ratio would be a large number."""
    return ratio_words(finding.ratio) or signed_duration(finding.after_ms - finding.before_ms)


def is_drift(finding: Finding) -> bool:
    """It came in several steps, or is still moving."""
    return finding.steps > 1 or (finding.goes_on and not finding.ended)


def span_words(finding: Finding) -> str:
    """``over 300 turns, still rising``, or ``12 turns``."""
    turns = plural(finding.n, "turn")
    if not is_drift(finding):
        return turns
    way = ("still rising" if finding.direction == "slower" else "still falling") if finding.goes_on else ""
    return ", ".join(filter(None, (f"over {turns}", way)))


def end_words(finding: Finding) -> str:
    """``back to normal after 31 turns``; empty while it lasts."""
    turns = plural(finding.lasted, "turn")
    words = {
        "back to usual": f"back to normal after {turns}",
        "accepted": f"accepted as normal after {turns}",
        "muted": "its stage was muted",
        "new epoch": f"a flag changed after {turns}",
        "moved again": f"moved again after {turns}",
    }
    return words.get(finding.ended, finding.ended)
