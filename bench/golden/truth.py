"""``truth.json``: what a script put into its log, turn by turn."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Turn = dict[str, Any]
"""One turn. ``n`` from 1 in the order of their begin; ``kind``; ``headline_ms`` (None: there is none); ``stages_ms`` in
order (what was measured; None: not measured); ``rest_ms`` = headline − sum of the stages; other keys are the system's
own."""


def write_truth(path: Path, head: dict[str, Any], turns: Sequence[Turn]) -> None:
    """One turn a line, so that a change can be read. ``head``: the system, versions, zone, counts."""
    lines = ",\n".join("  " + json.dumps(turn, ensure_ascii=False) for turn in turns)
    opening = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    path.write_text(f'{opening},\n "turns": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def rest(headline: float | None, stages: dict[str, float | None]) -> float | None:
    """What no stage accounts for, in the unit of the arguments; None without a headline."""
    if headline is None:
        return None
    return round(headline - sum(value for value in stages.values() if value is not None), 3)
