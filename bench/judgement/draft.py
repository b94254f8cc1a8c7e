"""One log as arrays, before it is turns: what was asked of the system, how long stages took, and what the log shows.

Everything is drawn anew for each log. A law of noise or a change adds to it; ``turns_of`` makes turns of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.judgement.turns import BASES
from timmy_tui.model.stages.watched import CRITICAL, HOPS, KEYS, NETWORK
from timmy_tui.model.turn import Gap, Span, Turn, TurnState

Array = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

SYSTEM = 450.0
"""Tokens of persona and rules: upstream's system block, some 600 with its memories (its own latency analysis)."""
CHUNK = 45.0
"""Tokens of a memory: upstream's chunks are a sentence or two. Assumed."""
BEGUN = 1.7e9
"""Seconds since 1970 of the first turn; one follows every 20 s."""
CHARACTERS = 4.3
"""Of a reply per token: upstream's replies. Of a text: 4."""
ESTIMATED = 0.98
"""v34's estimate over Ollama's count of a prompt: 2557 and 2616 in upstream's log."""
PARTS_OF_LLM = ("prefill", "decode", "wait")
GPU = ("prefill", "decode", "tts")


@dataclass
class Draft:
    """``count`` turns of one installation."""

    chance: np.random.Generator
    count: int
    longer: Array
    """Turn → factor on the length of answers."""
    chunks_usual: Array
    """Turn → mean number of memories in the prompt."""
    layout: str = "history first"
    """Of the prompt: ``history first`` (upstream's), ``memories first``, or ``nothing reused``."""
    noise: dict[str, Array] = field(default_factory=dict)
    """Stage → log units of each turn."""
    scale: dict[str, float] = field(default_factory=dict)
    """Stage → standard deviation of its own noise, log units."""
    base: dict[str, float] = field(default_factory=dict)
    present: dict[str, Mask] = field(default_factory=dict)
    gap: Array = field(default_factory=lambda: np.zeros(0))
    """ms between classification and what follows."""
    tick: float = 0.0
    """ms. The clock of STT and TTS moves in such steps."""
    tokens_known: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    lengths_known: bool = True
    """v34 logs the length of the reply and its estimate of the prompt; an older one did not."""
    streams: int = 1
    """Sessions that run at the same time."""
    typed: float = 0.0
    """Share of typed turns, in between."""
    pauses: float = 0.0
    """Lone pauses ahead of a turn, on average."""
    reuse: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """The prompt cache helps in this turn."""
    session_turns: tuple[int, int] = (10, 60)
    """Shortest and longest session."""
    restart_at: int = 0
    """Every session ends ahead of this turn; 0: they end as their lengths say."""

    def __post_init__(self) -> None:
        chance, n = self.chance, self.count
        self.base = {key: base * float(chance.lognormal(0, 0.25)) for key, (base, _) in BASES.items()}
        self.scale = {key: noise * float(chance.lognormal(0, 0.2)) for key, (_, noise) in BASES.items()}
        self.noise = {key: np.zeros(n) for key in BASES}
        self.present = {key: np.ones(n, dtype=bool) for key in BASES}
        self.present["store"] = chance.random(n) < 0.5
        self.gap = 0.2 * chance.lognormal(0, 0.3, n)
        self.tokens_known = np.ones(n, dtype=bool)
        self.reuse = np.ones(n, dtype=bool)
        self.draw_sessions()

    def draw_sessions(self) -> None:
        """Sessions one after the other, ``streams`` of them at a time; then what was asked in them."""
        chance, n = self.chance, self.count
        shortest, longest = self.session_turns
        stream = chance.integers(0, self.streams, n)
        self.session = np.zeros(n, dtype=int)
        self.first = np.zeros(n, dtype=bool)
        running, left, number = [0] * self.streams, [0] * self.streams, 0
        for turn in range(n):
            at = int(stream[turn])
            if turn and turn == self.restart_at:
                left = [0] * self.streams
            if not left[at]:
                number += 1
                running[at], left[at] = number, int(chance.integers(shortest, longest + 1))
                self.first[turn] = True
            left[at] -= 1
            self.session[turn] = running[at]
        self._draw_work()

    def _draw_work(self) -> None:
        chance, n = self.chance, self.count
        self.output = np.maximum(8, chance.lognormal(np.log(50 * self.longer), 0.45)).astype(int)
        self.text = np.maximum(5, chance.lognormal(np.log(45), 0.5, n)).astype(int)
        most = 2 * np.ceil(self.chunks_usual).astype(int)
        self.chunks = chance.binomial(most, self.chunks_usual / most)
        memories = self.chunks * CHUNK * chance.lognormal(0, 0.15, n)
        self.prompt, self.evaluated = np.zeros(n), np.zeros(n)
        history: dict[int, float] = {}
        last: dict[int, float] = {}
        for turn in range(n):
            session = int(self.session[turn])
            past, exchange = history.get(session, 0.0), last.get(session, 0.0)
            past += exchange
            trimmed = past > 6000.0
            past = 3000.0 if trimmed else past
            asked = self.text[turn] / 4
            self.prompt[turn] = SYSTEM + memories[turn] + past + asked
            new = exchange + SYSTEM + memories[turn] + asked
            if self.layout == "memories first":
                new = memories[turn] + past + asked
            if self.first[turn] or trimmed or self.layout == "nothing reused":
                new = self.prompt[turn]
            self.evaluated[turn] = new
            history[session], last[session] = past, asked + float(self.output[turn]) + 12.0

    def usual(self, stage: str) -> Array:
        """ms of a stage without noise, for the work of each turn."""
        return self.base[stage] * self._work(stage)

    def _work(self, stage: str) -> Array:
        if stage == "prefill":
            return 2.0 + np.where(self.reuse, self.evaluated, self.prompt) / 4.1
        if stage == "decode":
            return self.output * 9.25 * (1 + self.prompt / 60_000)
        if stage == "wait":
            return 98.0 + 0.84 * self.output
        if stage == "tts":
            return np.asarray(610.0 * (self.output * CHARACTERS / 190) ** 0.6)
        if stage == "store":
            return np.asarray((self.text / 45) ** 0.15)
        return np.ones(self.count)

    def times(self) -> dict[str, Array]:
        """Stage → ms of each turn; NaN where it did not take place. Coarse clocks round what they stamp."""
        times = {}
        for key in BASES:
            ms = self.usual(key) * np.exp(self.noise[key])
            if self.tick and key in COARSE:
                begin = self.chance.uniform(0, self.tick, self.count)
                ms = np.floor((begin + ms) / self.tick) * self.tick
            times[key] = np.where(self.present[key], ms, np.nan)
        return times


def residuals_of(draft: Draft, usual: dict[str, Array]) -> dict[str, Array]:
    """Stage → log units off ``usual``, the times without noise and change; the hops as their sum."""
    times = draft.times()
    for of in (times, usual):
        of[NETWORK] = np.sum([of.pop(hop) for hop in HOPS], axis=0)
    return {key: np.log((ms + 0.5) / (usual[key] + 0.5)) for key, ms in times.items()}


COARSE = ("stt_final", "mute", "tts")
"""Stages between two stamps of the machine that STT and TTS run on."""


def turns_of(draft: Draft) -> list[Turn]:
    """The log as turns; ordinals are those of the draft where nothing lies in between."""
    return list(_turns(draft))


def _turns(draft: Draft) -> Iterator[Turn]:
    chance, ordinal = draft.chance, 0
    times = draft.times()
    for number in range(draft.count):
        for _ in range(int(chance.poisson(draft.pauses)) if draft.pauses else 0):
            yield _pause(ordinal, int(draft.session[number]))
            ordinal += 1
        typed = bool(draft.typed and chance.random() < draft.typed)
        ms = {key: float(of[number]) for key, of in times.items()}
        stages: dict[str, float | None] = dict.fromkeys(KEYS)
        stages |= {key: value for key, value in ms.items() if value == value}
        yield _turn(draft, number, ordinal, stages, typed)
        ordinal += 1


def _pause(ordinal: int, session: int) -> Turn:
    """A pause that no text followed: a quiet room writes one every 0.7 s."""
    return Turn(
        ordinal=ordinal, request_id=f"{ordinal:08x}", session=session, session_id=None, state=TurnState.ABORTED,
        started=BEGUN + 20 * ordinal, stages=dict.fromkeys(KEYS),
    )  # fmt: skip


def _turn(draft: Draft, number: int, ordinal: int, stages: dict[str, float | None], typed: bool) -> Turn:
    gap, session, known = float(draft.gap[number]), int(draft.session[number]), bool(draft.tokens_known[number])
    if typed:
        stages.update(dict.fromkeys(("stt_final", "hop_in", "hop_out", "mute", "tts")))
    else:
        stages["endpointing"] = 500.0
        stages[NETWORK] = sum(stages[hop] or 0.0 for hop in HOPS)
    stages["llm"] = sum(stages[part] or 0.0 for part in PARTS_OF_LLM)
    if not known:
        stages.update(dict.fromkeys(PARTS_OF_LLM))
    total = sum(stages[key] or 0.0 for key in CRITICAL) + gap
    output = int(draft.output[number])
    behind = "retrieve" if stages["store"] is None else "store"
    return Turn(
        ordinal=ordinal, request_id=f"{ordinal:08x}", session=session, session_id=f"s{session}", typed=typed,
        state=TurnState.COMPLETE, started=BEGUN + 20 * ordinal, span=Span.V34 if typed else Span.V2V, headline_ms=total,
        v2v_ms=None if typed else total, stages=stages,
        skipped=frozenset({"store"}) if stages["store"] is None else frozenset(),
        unattributed_ms=gap, gaps=(Gap("classify", behind, gap),) if stages["classify"] is not None else (),
        prompt_tokens=int(draft.prompt[number]) if known else None, output_tokens=output if known else None,
        prefill_ms=stages["prefill"], decode_ms=stages["decode"], text_length=int(draft.text[number]),
        reply_length=int(output * CHARACTERS) if draft.lengths_known else None,
        prompt_tokens_est=int(ESTIMATED * draft.prompt[number]) if draft.lengths_known else None,
        chunks=int(draft.chunks[number]), tail_mode=False,
    )  # fmt: skip
