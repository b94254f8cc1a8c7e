"""Everything the dashboard shows about the model: prompt cache, context window, criteria and warnings."""

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from timmy_tui.analysis.llm.context_window import ContextTracker
from timmy_tui.analysis.llm.criteria import evaluate
from timmy_tui.analysis.llm.log_join import LogJoin
from timmy_tui.analysis.llm.prompt_reuse import MAX_REQUESTS, ReuseTracker
from timmy_tui.analysis.stats.epochs import EpochTracker
from timmy_tui.core.formatting import plural
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.llm import ContextState, Criterion, LearnedRate, LlmState, OllamaFacts, Reuse
from timmy_tui.model.turn import FlagValue, Turn

UNLOAD_WARNING_S = 300.0
"""Warn this long before the model unloads; a load costs a turn about two seconds."""
ALL_IN_GPU = 0.995
"""Below this share of the model in GPU memory, a part of it is in main memory."""
FEW_TURNS_LEFT = 5
LOOK_BACK_TURNS = MAX_REQUESTS // 2
"""Each turn is looked at again when at least so many have followed, as long as the tracker has it."""
LATE_TURNS = 16
"""Turns to which new lines of the server log can still belong."""


class LlmSummary:
    """Takes every closed turn. ``state`` is cheap unless something changed."""

    def __init__(self, config_window: int | None = None, history_limit: int | None = None) -> None:
        """``config_window`` and ``history_limit``: LLM_CONTEXT_SIZE and MAX_TOKENS of v34's config, in tokens."""
        self._reuse = ReuseTracker()
        self._context = ContextTracker(config_window, history_limit)
        self._log_join = LogJoin()
        self._unmatched: OrderedDict[int, Turn] = OrderedDict()
        self._matched_before = False
        self._new_log_requests = False
        """The server log had requests that were not compared with earlier turns yet."""
        self._criteria_cache: tuple[object, tuple[Criterion, ...]] = (None, ())

    def add(self, turn: Turn, facts: OllamaFacts | None = None, flags: Mapping[str, FlagValue] | None = None) -> Reuse:
        """Add a turn; the same ordinal again is a revision. ``flags``: what it ran under; None: as said before."""
        if facts is not None and facts.served:
            self._new_log_requests |= self._log_join.add_requests(facts.served)
        served = self._log_join.match(turn)
        if served is None:
            self._unmatched[turn.ordinal] = turn
            if len(self._unmatched) > MAX_REQUESTS:
                self._unmatched.popitem(last=False)
        else:
            self._unmatched.pop(turn.ordinal, None)
        self._context.add(turn, facts, served)
        return self._reuse.add(turn, facts, served, flags)

    def remember(self, rates: Iterable[LearnedRate]) -> None:
        """Cold rates that earlier runs or a probe learned."""
        self._reuse.remember(rates)

    def state(self, facts: OllamaFacts | None, current: Sequence[Turn], before: Sequence[Turn], now: float) -> LlmState:
        """``current`` and ``before``: turns of the running epoch and of the one before it; ``now``: time.time()."""
        if facts is not None:
            self._reuse.set_facts(facts)
            self._match_late_requests(facts)
        self._context.set_facts(facts)
        reuse = self._reuse.reuse
        context = self._context.state
        return LlmState(
            facts=facts,
            reuse=reuse,
            context=context,
            criteria=self._criteria(current, before, reuse),
            warnings=warnings(facts, context, now),
            learned=self._reuse.learned,
        )

    def _match_late_requests(self, facts: OllamaFacts) -> None:
        """Lines of the server log can arrive after their turn has closed."""
        if facts.served:
            self._new_log_requests |= self._log_join.add_requests(facts.served)
        if not self._new_log_requests:
            return
        self._new_log_requests = False
        newest = list(self._unmatched.values())[-LATE_TURNS if self._matched_before else -MAX_REQUESTS :]
        self._matched_before = True
        for turn in newest:
            if self._log_join.match(turn) is not None:
                self.add(turn, facts)

    def _criteria(
        self, current: Sequence[Turn], before: Sequence[Turn], reuse: tuple[Reuse, ...]
    ) -> tuple[Criterion, ...]:
        """Evaluated again only when turns or their reuse changed."""
        basis = (tuple(map(id, current)), tuple(map(id, before)), id(reuse))
        if self._criteria_cache[0] != basis:
            criteria = evaluate(current, before, {item.ordinal: item for item in reuse})
            # Keep the turns as long as their ids are compared: an id can be used again once its object is gone.
            self._criteria_cache = (basis, criteria)
            self._criteria_basis = (current, before, reuse)
        return self._criteria_cache[1]


def reuse_by_turn(
    turns: Sequence[Turn],
    known: KnownFlags | None = None,
    facts: OllamaFacts | None = None,
    rates: Iterable[LearnedRate] = (),
) -> dict[int, Reuse]:
    """Prompt reuse of each turn by its ordinal. ``turns``: all of them, in order; ``facts``: of Ollama's server log;

    ``rates``: what earlier runs learned.
    """
    tracker, summary = EpochTracker(known), LlmSummary()
    summary.remember(rates)
    reuse: dict[int, Reuse] = {}
    for number, turn in enumerate(turns, 1):
        tracker.add(turn)
        reuse[turn.ordinal] = summary.add(turn, facts, tracker.flags)
        if number % LOOK_BACK_TURNS == 0 or number == len(turns):
            # Later turns teach how long an evaluated token takes, which changes what is known of earlier ones.
            reuse.update((item.ordinal, item) for item in summary.state(facts, (), (), 0.0).reuse)
    return reuse


def warnings(facts: OllamaFacts | None, context: ContextState | None, now: float) -> tuple[str, ...]:
    """One line each, worst first. ``now``: time.time()."""
    lines: list[str] = []
    if facts is not None and facts.reachable is False:
        lines.append(f"Ollama does not answer: {facts.problem}" if facts.problem else "Ollama does not answer")
    if context is not None and context.truncated:
        lines.append("the newest prompt was cut silently: Timmy forgets, and every turn is cold")
    if facts is not None and facts.reachable:
        lines.extend(_memory_warnings(facts, now))
    turns_left = None if context is None or context.truncated else context.turns_left
    if turns_left is not None and turns_left < FEW_TURNS_LEFT:
        lines.append(f"the context window is full in about {plural(turns_left, 'turn')}")
    return tuple(lines)


def _memory_warnings(facts: OllamaFacts, now: float) -> list[str]:
    """The model is not loaded, is partly in main memory, or will unload soon."""
    if facts.loaded is False:
        return ["the model is not loaded: the next turn waits for it (w warms it)"]
    lines: list[str] = []
    if facts.gpu_share is not None and facts.gpu_share < ALL_IN_GPU:
        lines.append(f"{1 - facts.gpu_share:.0%} of the model is in main memory: every token is slower")
    unload_s = None if facts.expires is None or math.isinf(facts.expires) else facts.expires - now
    # While a request runs, the time is in the past: Ollama sets it again when the request ends.
    if unload_s is not None and 0 < unload_s < UNLOAD_WARNING_S:
        when = f"in {unload_s:.0f}s" if unload_s < 90 else f"in {unload_s / 60:.0f} min"
        lines.append(f"the model unloads {when}: the next turn would be cold (w warms it)")
    return lines
