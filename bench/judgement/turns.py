"""Turns with known truth: what a session of Timmy looks like, and what was done to it.

Everything is drawn anew for each log: base levels, noise, the length of sessions.
Answers, texts and prompts vary; a longer answer takes longer and is no regression.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from timmy_tui.model.stages.watched import CRITICAL, HOPS, KEYS, NETWORK
from timmy_tui.model.turn import Gap, Span, Turn, TurnState

BASES: dict[str, tuple[float, float]] = {
    "stt_final": (6.0, 0.20),
    "hop_in": (2.5, 0.30),
    "classify": (30.0, 0.15),
    "store": (330.0, 0.15),
    "retrieve": (50.0, 0.22),
    "prompt": (4.0, 0.10),
    "prefill": (1.0, 0.06),
    "decode": (1.0, 0.03),
    "wait": (1.0, 0.03),
    "reply": (3.0, 0.15),
    "hop_out": (6.0, 0.30),
    "mute": (210.0, 0.015),
    "tts": (1.0, 0.09),
}
"""Usual ms (1: from the work) and log-normal noise of each stage."""


@dataclass
class Truth:
    """What is done to a log."""

    stage: str = ""
    factor: float = 1.0
    at: int = 0
    """First turn that is slower (or faster)."""
    drift: int = 0
    """Turns over which the factor is reached; 0 at once."""
    workload: Callable[[int], tuple[float, float]] = field(default=lambda number: (1.0, 1.0))
    """Turn → factors on answer length and prompt growth: work that changes without a regression."""


def make_turns(
    count: int, seed: int, truth: Truth | None = None, heavy: bool = False, session_noise: float = 0.02
) -> list[Turn]:
    """``count`` complete turns; ``heavy`` gives noise with Laplace tails instead of normal ones.

    ``session_noise``: how far the levels of sessions differ by chance, in log units.
    """
    return list(_turns(count, random.Random(seed), truth or Truth(), heavy, session_noise))


def _turns(count: int, chance: random.Random, truth: Truth, heavy: bool, session_noise: float) -> Iterator[Turn]:
    bases = {key: base * chance.lognormvariate(0, 0.25) for key, (base, _) in BASES.items()}
    noises = {key: noise * chance.lognormvariate(0, 0.2) for key, (_, noise) in BASES.items()}
    session, remaining, prompt = 0, 0, 0.0
    shifts: dict[str, float] = {}
    at = 1.7e9
    for number in range(count):
        first = remaining == 0
        if first:
            session, remaining, prompt = session + 1, chance.randint(10, 60), 600.0
            shifts = {key: chance.gauss(0, session_noise) for key in BASES}
        remaining -= 1
        longer, growing = truth.workload(number)
        output = max(8, int(chance.lognormvariate(math.log(50 * longer), 0.45)))
        grown = (60 + output) * growing * chance.uniform(0.7, 1.3) if not first else 0.0
        prompt += grown
        trimmed = prompt > 7000.0
        prompt = 3500.0 if trimmed else prompt
        text = max(5, int(chance.lognormvariate(math.log(45), 0.5)))
        evaluated = prompt if first or trimmed else grown + 450
        work = {
            "prefill": (2.0 + evaluated / 4.1),
            "decode": output * 9.25 * (1 + prompt / 60_000),
            "wait": 98.0 + 0.84 * output,
            "tts": 610.0 * (output * 4.3 / 190) ** 0.6,
            "store": (text / 45) ** 0.15,
        }
        stages: dict[str, float | None] = dict.fromkeys(KEYS)
        stages["endpointing"] = 500.0
        for key in BASES:
            noise = _noise(chance, noises[key], heavy)
            outlier = chance.uniform(2, 5) if chance.random() < 0.05 and key != "mute" else 1.0
            ms = bases[key] * work.get(key, 1.0) * math.exp(shifts[key] + noise) * outlier
            stages[key] = ms * _factor(truth, key, number)
        if chance.random() < 0.5:
            stages["store"] = None
        gap = _gap(chance, truth, number)
        yield _turn(_Drawn(number, session, at, stages, gap, int(prompt), output, text))
        at += chance.uniform(8, 40)


def _noise(chance: random.Random, scale: float, heavy: bool) -> float:
    if not heavy:
        return chance.gauss(0, scale)
    return chance.choice((-1, 1)) * chance.expovariate(1.0) * scale / math.sqrt(2)


def _factor(truth: Truth, key: str, number: int) -> float:
    stages = {"gpu": ("prefill", "decode", "tts"), "llm": ("prefill", "decode", "wait")}.get(
        truth.stage, (truth.stage,)
    )
    if key not in stages or number < truth.at:
        return 1.0
    if not truth.drift:
        return truth.factor
    return 1.0 + (truth.factor - 1.0) * min((number - truth.at) / truth.drift, 1.0)


def _gap(chance: random.Random, truth: Truth, number: int) -> float:
    usual = 0.2 * chance.lognormvariate(0, 0.3)
    return usual + (truth.factor if truth.stage == "unattributed" and number >= truth.at else 0.0)


@dataclass(frozen=True)
class _Drawn:
    """What was drawn for one turn."""

    number: int
    session: int
    at: float
    stages: dict[str, float | None]
    gap: float
    prompt: int
    output: int
    text: int


def _turn(drawn: _Drawn) -> Turn:
    stages, gap, output = drawn.stages, drawn.gap, drawn.output
    stages["llm"] = sum(stages[part] or 0.0 for part in ("prefill", "decode", "wait"))
    stages[NETWORK] = sum(stages[hop] or 0.0 for hop in HOPS)
    total = sum(stages[key] or 0.0 for key in CRITICAL) + gap
    return Turn(
        ordinal=drawn.number,
        request_id=f"{drawn.number:08x}",
        session=drawn.session,
        session_id=f"s{drawn.session}",
        state=TurnState.COMPLETE,
        started=drawn.at,
        span=Span.V2V,
        headline_ms=total,
        v2v_ms=total,
        stages=stages,
        skipped=frozenset({"store"}) if stages["store"] is None else frozenset(),
        unattributed_ms=gap,
        gaps=(Gap("classify", "retrieve" if stages["store"] is None else "store", gap),),
        prompt_tokens=drawn.prompt,
        output_tokens=output,
        prefill_ms=stages["prefill"],
        decode_ms=stages["decode"],
        text_length=drawn.text,
        reply_length=int(output * 4.3),
        tail_mode=False,
    )
