"""Everything that the screen says of the model, composed: cache, window, criteria, warnings."""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from timmy_tui.analysis.llm.context_window import ContextTracker
from timmy_tui.analysis.llm.criteria import evaluate
from timmy_tui.analysis.llm.log_join import LogJoiner
from timmy_tui.analysis.llm.prompt_reuse import KEPT, ReuseTracker
from timmy_tui.model.llm import ContextState, Criterion, LlmState, OllamaFacts, Reuse
from timmy_tui.model.turn import FlagValue, Turn, TurnState

UNLOAD_S = 300.0
"""A load costs a turn about two seconds: said this long before."""
SPILL = 0.995
"""Share of the model in GPU memory below which a part of it sits in main memory."""
FEW_TURNS = 5
LATE = 16
"""Turns that newly read lines of the server log can still belong to."""


class LlmSummary:
    """Takes every closed turn; ``state`` is cheap unless something changed."""

    def __init__(self, config_window: int | None = None, history_limit: int | None = None) -> None:
        """``config_window`` and ``history_limit``: LLM_CONTEXT_SIZE and MAX_TOKENS of v34's config."""
        self._reuse = ReuseTracker()
        self._context = ContextTracker(config_window, history_limit)
        self._joiner = LogJoiner()
        self._unjoined: OrderedDict[int, Turn] = OrderedDict()
        self._joined = False
        self._unread = False
        """The server log told of requests that older turns have not been compared with."""
        self._judged: tuple[object, tuple[Criterion, ...]] = (None, ())

    def add(self, turn: Turn, facts: OllamaFacts | None = None, flags: Mapping[str, FlagValue] | None = None) -> Reuse:
        """Take a turn in; the same ordinal again is a revision. ``flags``: what it ran under; None: as said before."""
        if facts is not None and facts.served:
            self._unread |= self._joiner.note(facts.served)
        served = self._joiner.find(turn) if turn.state is not TurnState.LONE_PAUSE else None
        if served is None:
            self._unjoined[turn.ordinal] = turn
            if len(self._unjoined) > KEPT:
                self._unjoined.popitem(last=False)
        else:
            self._unjoined.pop(turn.ordinal, None)
        self._context.add(turn, facts, served)
        return self._reuse.add(turn, facts, served, flags)

    def state(self, facts: OllamaFacts | None, current: Sequence[Turn], before: Sequence[Turn], now: float) -> LlmState:
        """``current`` and ``before``: turns of the running epoch and of the one before it; ``now``: time.time()."""
        if facts is not None:
            self._reuse.note_version(facts.version)
            self._join_late(facts)
        self._context.note(facts)
        reuse = self._reuse.reuse
        context = self._context.state
        return LlmState(
            facts=facts,
            reuse=reuse,
            context=context,
            criteria=self._criteria(current, before, reuse),
            warnings=warnings(facts, context, now),
        )

    def _join_late(self, facts: OllamaFacts) -> None:
        """The server log's lines can come after the turn has closed."""
        if facts.served:
            self._unread |= self._joiner.note(facts.served)
        if not self._unread:
            return
        self._unread = False
        newest = list(self._unjoined.values())[-LATE if self._joined else -KEPT :]
        self._joined = True
        for turn in newest:
            if self._joiner.find(turn) is not None:
                self.add(turn, facts)

    def _criteria(
        self, current: Sequence[Turn], before: Sequence[Turn], reuse: tuple[Reuse, ...]
    ) -> tuple[Criterion, ...]:
        """Judged anew only when turns or their reuse changed."""
        basis = (tuple(map(id, current)), tuple(map(id, before)), id(reuse))
        if self._judged[0] != basis:
            criteria = evaluate(current, before, {item.ordinal: item for item in reuse})
            # The turns are kept with the verdict: an id may be used again once its object is gone.
            self._judged = (basis, criteria)
            self._basis = (current, before, reuse)
        return self._judged[1]


def warnings(facts: OllamaFacts | None, context: ContextState | None, now: float) -> tuple[str, ...]:
    """One line each, worst first."""
    found: list[str] = []
    if facts is not None and facts.reachable is False:
        found.append(f"Ollama does not answer: {facts.problem}" if facts.problem else "Ollama does not answer")
    if context is not None and context.truncated:
        found.append("the newest prompt was cut silently: Timmy forgets, and every turn is cold")
    if facts is not None and facts.reachable:
        found.extend(_residency(facts, now))
    if context is not None and not context.truncated and (left := context.turns_left) is not None and left < FEW_TURNS:
        found.append(f"the context window is full in about {left} turn{'' if left == 1 else 's'}")
    return tuple(found)


def _residency(facts: OllamaFacts, now: float) -> list[str]:
    if facts.loaded is False:
        return ["the model is not loaded: the next turn waits for it (w warms it)"]
    found: list[str] = []
    if facts.size and facts.size_vram is not None and facts.size_vram / facts.size < SPILL:
        outside = 1 - facts.size_vram / facts.size
        found.append(f"{outside:.0%} of the model sits in main memory: every token is slower")
    left = None if facts.expires is None or math.isinf(facts.expires) else facts.expires - now
    # The time stands in the past while a request runs: it is written anew when that ends.
    if left is not None and 0 < left < UNLOAD_S:
        when = f"in {left:.0f}s" if left < 90 else f"in {left / 60:.0f} min"
        found.append(f"the model unloads {when}: the next turn would be cold (w warms it)")
    return found
