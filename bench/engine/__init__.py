"""The dashboard's reading of prompt reuse on a real engine: llama.cpp with a model of random weights.

``python -m bench engine`` reads the recordings of this folder; ``python -m bench engine record FOLDER SEEDS [SHAPE]``
makes new ones with the extra ``engine``, some minutes for each seed (``6`` or ``6,7``); run again, it goes on where it
was ended. ``python -m bench engine FOLDER`` reads those. In front of
the engine stands what Ollama 0.12.11 does around its own; the truth is the engine's own count of cached tokens. Errors
are of the figures, in percentage points of the prompt; a bias above 0: more reuse was shown than there was. "ranges":
turns shown as a range, how many of them held the truth, and their median width in points. "loaded, cut": turns shown
so. "nothing shown": a dash with its reason (not "busy"). "wide range": more than 30 points, at most 50.

Two clocks: on a machine of one's own, Ollama's wall time is the time in which its engine had a core. The recordings
were made on a shared one, where others took the core away in the middle of a prefill; so the tables count the time with
a core, as on a machine without them. The busy neighbours are in wall time, because they are what that form is about,
and the last table is in wall time as a whole. The time with a core contains some ms beside the evaluation (sampling,
JSON) that Ollama's field does not: newer recordings have it measured, the first ones show it as evaluated tokens.
"""

from collections.abc import Sequence
from pathlib import Path

from bench.engine.forms import BUSY
from bench.engine.record import record_all
from bench.engine.score import CORE, WALL, Recording, read, score, table
from timmy_tui.model.llm import LearnedRate, PrefillKey

RECORDINGS = Path(__file__).parent / "recordings"
TUNING = frozenset((1, 2))
"""Seeds of the recordings with which thresholds were chosen; no table below is made of them."""
EARLIER = {"small": 1}
"""Shape → seed of the earlier run whose cold rate the second table begins with."""


def measure(folder: Path = RECORDINGS) -> list[str]:
    """Lines of the tables over the recordings in ``folder``."""
    recordings = [read(path) for path in sorted(folder.glob("*.jsonl"))]
    earlier = [one for one in recordings if one.seed == EARLIER.get(one.shape)]
    fresh = [one for one in recordings if one.seed not in TUNING and one not in earlier] or recordings
    fresh.sort(key=lambda one: one.form in BUSY)
    kept: dict[PrefillKey, LearnedRate] = {}
    for recording in earlier:
        score(recording, CORE, kept=kept)
    seeds = ", ".join(sorted({f"{one.shape} {one.seed}" for one in fresh}))
    lines = [f"Recordings: {seeds}. At first nothing is known of the machine:", "", *table(fresh, CORE)]
    again = [one for one in fresh if one.shape in {one.shape for one in earlier}]
    if again:
        lines += ["", "With the cold rate that an earlier run has left:", "", *table(again, CORE, kept=kept)]
    return [*lines, "", "Wall time, on a machine that others used:", "", *table(fresh, WALL)]


def main(arguments: Sequence[str]) -> None:
    """``record FOLDER SEEDS [SHAPE]``, or a folder of recordings; without arguments those of this folder."""
    if arguments and arguments[0] == "record":
        for seed in arguments[2].split(","):
            record_all(Path(arguments[1]), int(seed), *arguments[3:4])
        return
    print("\n".join(measure(Path(arguments[0]) if arguments else RECORDINGS)))


__all__ = ["Recording", "main", "measure"]
