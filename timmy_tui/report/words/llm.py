"""Prompt reuse and the guide's criteria as the user reads them: on the screen, in reports and from the shell."""

import re
from collections.abc import Sequence

from timmy_tui.core.formatting import MISSING, percent
from timmy_tui.model.llm import BROKE, Certainty, Criterion, OllamaFacts, Reuse

ADVICE_TURNS = 8
"""So many of the newest turns decide whether to say what would make the reuse known."""

VAGUE = 0.3
"""A range that is wider leaves the reuse as good as unknown."""
NOT_LOOKED_AT = "nothing is known of this turn's prompt"
_SIGN_WORDS = {"pass": "not seen", "fail": "seen"}
"""A sign that something broke does not pass or fail: it was seen or not."""


def share_words(reuse: Reuse | None) -> str:
    """``73%`` measured, ``~73%`` estimated, ``~40–70%`` only a range, ``loaded``, ``cut``, ``busy``, ``—`` unknown."""
    if reuse is None:
        return MISSING
    if reuse.certainty is Certainty.MEASURED:
        return percent(reuse.share)
    if reuse.certainty is Certainty.KNOWN:
        return "loaded" if reuse.loaded else "cut"
    if reuse.busy:
        return "busy"
    if reuse.share is None or reuse.certainty is not Certainty.ESTIMATED:
        return MISSING
    if reuse.least is None or reuse.most is None:
        return f"~{percent(reuse.share)}"
    return f"~{round(reuse.least * 100)}–{percent(reuse.most)}"


def source_words(reuse: Reuse | None) -> str:
    """``estimated: compared with 2 cold turns``; of an unknown share the reason alone."""
    if reuse is None:
        return NOT_LOOKED_AT
    if reuse.share is None or reuse.certainty is Certainty.UNKNOWN:
        return reuse.reason
    return f"{reuse.certainty}: {reuse.reason}"


def known_by_words(facts: OllamaFacts | None, reuse: Sequence[Reuse]) -> str:
    """What would make the reuse known where the newest turns do not show it, or show only a range; else empty."""
    newest = reuse[-ADVICE_TURNS:]
    open_ones = [item for item in newest if item.certainty is Certainty.UNKNOWN or _is_vague(item)]
    if not newest or len(open_ones) * 2 <= len(newest) or (facts is not None and facts.served):
        return ""
    version = parts_of(facts.version if facts is not None else None)
    ways = [] if all(item.busy for item in open_ones) else ["timmy-tui probe (ten seconds of GPU)"]
    if version is not None and version >= (0, 30):
        ways.append("[paths] ollama_log")
    else:
        ways.append("OLLAMA_DEBUG=1 and [paths] ollama_log")
    if version is None or version < (0, 33, 3):
        ways.append("Ollama 0.33.3 or later")
    return "to know it: " + ", or ".join(ways)


def _is_vague(reuse: Reuse) -> bool:
    """A range that says little."""
    return reuse.least is not None and reuse.most is not None and reuse.most - reuse.least > VAGUE


def parts_of(version: str | None) -> tuple[int, ...] | None:
    """``0.12.11`` as numbers; None for what is not a version."""
    match = re.match(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", version or "")
    return None if match is None else tuple(int(part or 0) for part in match.groups())


def request_words(reuse: Reuse | None) -> str:
    """What stands out of a request: ``load``, ``cut``, ``broken``, ``cold``; empty where nothing does."""
    if reuse is None:
        return ""
    if reuse.loaded:
        return "load"
    return "cut" if reuse.cut else "broken" if reuse.broken else "cold" if reuse.cold else ""


def verdict_words(criterion: Criterion) -> str:
    """``pass``, ``fail``, ``misleading``, ``not judged``; of a sign that something broke ``not seen`` or ``seen``."""
    words = _SIGN_WORDS if criterion.group == BROKE else {}
    return words.get(criterion.verdict, criterion.verdict)


def value_words(criterion: Criterion) -> str:
    """Its figure; of one that is not judged the reason, and the figure behind it where there is one."""
    if not criterion.because:
        return criterion.value
    return f"because {criterion.because}" + (f"; {criterion.value}" if criterion.value else "")
