"""Turns to tell of, and the snapshots that hold them."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from tests.turns.golden import LATENCY, V34, read
from timmy_tui.model.llm import Certainty, LlmState, Reuse
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.model.turn import Turn

GOLDEN = read(("latency", LATENCY), ("v34", V34))
"""Fourteen turns of both logs; the fifth failed."""


def new_turns(count: int = 3, first: int = 0, **changes: Any) -> list[Turn]:
    """Golden turns that have just ended, each with an id of its own."""
    now = time.time()
    turns = []
    for ordinal in range(first, first + count):
        turn = GOLDEN[ordinal % len(GOLDEN)]
        by = now - 5.0 - (turn.ended or 0.0)
        times = {name: (getattr(turn, name) or 0.0) + by for name in ("started", "ended", "answered")}
        turns.append(
            replace(turn, ordinal=ordinal, request_id=f"{ordinal:08x}", text=None, reply=None, events=(), **times)
        )
    return [replace(turn, **changes) for turn in turns]


def snapshot_of(turns: Iterable[Turn], reuse: Sequence[Reuse] = (), **changes: Any) -> Snapshot:
    llm = LlmState(facts=None, reuse=tuple(reuse), context=None, criteria=())
    sources = (SourceState("latency.log", SourceCondition.OK, lines=27),)
    return replace(Snapshot(taken=time.time(), turns=tuple(turns), llm=llm, sources=sources), **changes)


def reuse_of(turn: Turn, certainty: Certainty = Certainty.MEASURED, **changes: Any) -> Reuse:
    """Half of the prompt came from the cache."""
    tokens = turn.prompt_tokens or 0
    known = Reuse(
        ordinal=turn.ordinal, prompt_tokens=tokens, reused=tokens // 2, share=0.5, certainty=certainty, reason="a test"
    )
    return replace(known, **changes)
