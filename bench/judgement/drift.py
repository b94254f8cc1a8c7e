"""A B A against A B, while the machine itself drifts: who takes the drift for the change?

``python -m bench.judgement.drift``. Every trial has three stretches of 12 turns. In the drift rows all stages become
slower from turn to turn, whatever the flag; in the change rows the LLM alone is slower in B; in the clean rows nothing
happens. Counted: LLM or V2V called faster or slower by each design.
"""

import sys
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bench.judgement.turns import make_turns
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.model.turn import Turn

STRETCH = 13
"""The first turn of each is cold and dropped."""
TRIALS = 150
MOVED = ("faster", "slower")


def stretches(seed: int, drift: float, change: float) -> list[list[Turn]]:
    """A, B, A again: ``drift`` is the ratio that the last turn has reached, ``change`` the LLM's in B."""
    made = list(make_turns(3 * STRETCH, seed))
    sides: list[list[Turn]] = []
    for number in range(3):
        side = made[number * STRETCH : (number + 1) * STRETCH]
        sides.append([_slowed(turn, number, drift, change) for turn in side])
    return sides


def _slowed(turn: Turn, number: int, drift: float, change: float) -> Turn:
    place = (turn.ordinal % (3 * STRETCH)) / (3 * STRETCH)
    factor = 1 + (drift - 1) * place
    stages = {key: None if ms is None else ms * factor for key, ms in turn.stages.items()}
    if number == 1 and stages.get("llm") is not None:
        for key in ("llm", "prefill", "decode", "wait"):
            ms = stages.get(key)
            stages[key] = None if ms is None else ms * change
    headline = turn.headline_ms
    if headline is not None:
        headline += sum((stages[key] or 0) - (turn.stages.get(key) or 0) for key in stages if key in _TOP)
    return replace(
        turn,
        session=number,
        session_id=f"s{number}",
        stages=stages,
        headline_ms=headline,
        prefill_ms=stages.get("prefill"),
        decode_ms=stages.get("decode"),
    )


_TOP = frozenset(
    ("stt_final", "hop_in", "classify", "store", "retrieve", "prompt", "llm", "reply", "hop_out", "mute", "tts")
)


def measure(trials: int = TRIALS, seed: int = 70_000) -> Iterator[str]:
    """Lines of the table."""
    yield "| what happens | trials | A B calls LLM or V2V | A B A calls it | A B A says drifted |"
    yield "|---|---|---|---|---|"
    for name, drift, change in (
        ("nothing", 1.0, 1.0),
        ("a drift of +60 % over the three", 1.6, 1.0),
        ("a drift of +150 %", 2.5, 1.0),
        ("the change: LLM ×1.5", 1.0, 1.5),
        ("the change: LLM ×0.4", 1.0, 0.4),
        ("LLM ×0.4 and a drift of +60 %", 1.6, 0.4),
    ):
        plain = balanced = drifted = 0
        for trial in range(trials):
            a, b, again = stretches(seed + trial, drift, change)
            plain += _called(compare(a, b).stages)
            rows = compare_crossover((a, b, again)).stages
            balanced += _called(rows)
            drifted += any(row.verdict == "drifted" for row in rows)
        yield (f"| {name} | {trials} | {plain / trials:.0%} | {balanced / trials:.0%} | {drifted / trials:.0%} |")


def _called(stages: Sequence[object]) -> bool:
    return any(getattr(row, "stage", "") in ("llm", "V2V") and getattr(row, "verdict", "") in MOVED for row in stages)


if __name__ == "__main__":
    for line in measure(int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS):
        print(line, flush=True)
