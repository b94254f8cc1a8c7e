"""False stops of a guided test: turns go wrong at the same rate before and with the change, and it should go on."""

import random
from collections.abc import Iterator
from typing import Any

from timmy_tui.analysis.compare.guard import went_wrong
from timmy_tui.core.settings import Trials
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.trial_file import limits_of

RATES = (0.002, 0.005, 0.01, 0.02, 0.05)
"""Share of turns that go wrong by themselves, of each sign alone. Upstream's logs are too short to tell one."""
SIGNS: dict[str, dict[str, Any]] = {
    "failed": {"state": TurnState.FAILED}, "no reply": {"signals": frozenset({"empty_reply"})},
    "template text": {"signals": frozenset({"template_leak"})}, "marked bad": {},
}  # fmt: skip
TURNS = Trials().turns
LIMITS = limits_of(Trials())


def stopped(sign: str, rate: float, broken: float, chance: random.Random) -> bool:
    """One test; ``rate`` of wrong turns before, ``broken`` with the change. Looked at after every turn."""
    before, marks_before = _turns(sign, rate, 0, chance)
    during, marks = _turns(sign, broken, 100, chance)
    return any(went_wrong(before, during[: n + 1], marks_before | marks, LIMITS) for n in range(TURNS))


def _turns(sign: str, rate: float, first: int, chance: random.Random) -> tuple[list[Turn], dict[int, str]]:
    turns, marks = [], {}
    for ordinal in range(first, first + TURNS):
        wrong = chance.random() < rate
        fields = {"state": TurnState.COMPLETE, **(SIGNS[sign] if wrong else {})}
        turns.append(Turn(ordinal=ordinal, **fields))
        if wrong and sign == "marked bad":
            marks[ordinal] = "bad"
    return turns, marks


def table(count: int, seed: int) -> Iterator[str]:
    """Tests that were stopped: nothing broken, by rate; then a change that breaks a half, and all, of the turns."""
    yield "| sign |" + "".join(f" {rate:.1%} before and after |" for rate in RATES) + " 0 % → 50 % | 0 % → 100 % |"
    yield "|---" * (len(RATES) + 3) + "|"
    for place, sign in enumerate(SIGNS):
        cells = [(rate, rate) for rate in RATES] + [(0.0, 0.5), (0.0, 1.0)]
        shares = []
        for number, (before, broken) in enumerate(cells):
            chance = random.Random(seed + 1000 * place + number)
            shares.append(sum(stopped(sign, before, broken, chance) for _ in range(count)) / count)
        yield f"| {sign} |" + "".join(f" {share:.1%} |" for share in shares)
