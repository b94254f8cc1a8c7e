"""A finding in words, for the screen and for reports."""

from timmy_tui.core.formatting import duration, plural, signed_duration
from timmy_tui.model.judgement import Finding

LARGEST_RATIO = 10.0
"""From here on, and below its inverse, a ratio is said in milliseconds: ×2134 tells nobody that a gap takes 640 ms."""


def ratio_words(ratio: float) -> str:
    """``×1.38``, ``×0.40``, in all places; empty where it would be a large number, or a part of one."""
    return f"×{ratio:.2f}" if 1 / LARGEST_RATIO < ratio < LARGEST_RATIO else ""


def size_words(finding: Finding) -> str:
    """``×1.38``, or ``+640ms`` where a ratio would be a large number."""
    return ratio_words(finding.ratio) or signed_duration(finding.after_ms - finding.before_ms)


def what_words(finding: Finding) -> str:
    """``slower ×1.38``, or of a stage that takes place more often ``in 9 of 10 turns, was 1 of 10``."""
    share = finding.share
    if share is None:
        return f"{finding.direction} {size_words(finding)}"
    return f"in {share.had_b} of {share.n_b} turns, was {share.had_a} of {share.n_a}"


def level_words(finding: Finding) -> str:
    """``52ms → 72ms``; of a stage that takes place more often the mean of turns with and without it."""
    words = f"{duration(finding.before_ms)} → {duration(finding.after_ms)}"
    return words if finding.share is None else f"{words} a turn"


def turns_of(finding: Finding) -> int:
    """Of one that has ended those that it lasted."""
    return finding.lasted if finding.ended else finding.n


def is_drift(finding: Finding) -> bool:
    """It came in several steps, or is still moving."""
    return finding.steps > 1 or (finding.goes_on and not finding.ended)


def span_words(finding: Finding) -> str:
    """``over 300 turns, still rising``, or ``12 turns``."""
    turns = plural(turns_of(finding), "turn")
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
