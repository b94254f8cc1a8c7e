"""The context window: how full it is, how fast it fills, and after how many turns prompts will be truncated."""

from collections import deque
from statistics import median

from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.ollama_versions import ASSUMED_RULE, PromptEvalCount, VersionRule, rule_for
from timmy_tui.analysis.llm.request_chain import ChainedRequest, RequestChain
from timmy_tui.analysis.llm.truncation import is_truncated
from timmy_tui.model.llm import ContextState, OllamaFacts, ServedPrompt
from timmy_tui.model.turn import Turn

GROWTH_STEPS = 64
"""Differences between successive prompts; the growth is their median."""


class ContextTracker:
    """Takes turns one by one; ``state`` describes the newest one with figures."""

    def __init__(self, config_window: int | None = None, history_limit: int | None = None) -> None:
        """LLM_CONTEXT_SIZE and MAX_TOKENS of v34's config, in tokens; None: not known."""
        self._config_window = config_window
        self._history_limit = history_limit
        self._chain = RequestChain(200)
        self._growth_steps: deque[int] = deque(maxlen=GROWTH_STEPS)
        self._facts: OllamaFacts | None = None
        self._logged_window: int | None = None
        self._version: str | None = None

    def add(self, turn: Turn, facts: OllamaFacts | None = None, served: ServedPrompt | None = None) -> None:
        """Add a turn; the same ordinal again is a revision."""
        self.set_facts(facts)
        request = request_of(turn, served)
        known = self._chain.get(request.ordinal)
        if known is None and not request.has_figures:
            return
        self._logged_window = request.num_ctx or self._logged_window
        for chained in self._chain.put(request):
            chained.truncated = is_truncated(chained, self._logged_window or self._window()[0], self._rule)
            if known is None and chained.request.ordinal == request.ordinal:
                self._add_growth(chained)

    def set_facts(self, facts: OllamaFacts | None) -> None:
        """What Ollama reports now; None changes nothing."""
        if facts is not None:
            self._facts = facts
            self._version = facts.version or self._version

    @property
    def state(self) -> ContextState | None:
        """None before the first turn with figures."""
        newest = self._chain.newest
        if newest is None:
            return None
        window, source = self._window()
        used = self._used_tokens(newest)
        fill = used / window if used is not None and window else None
        if newest.truncated and fill is not None:
            fill = max(fill, 1.0)
        growth = median(self._growth_steps) if len(self._growth_steps) >= 2 else None
        turns_left = None
        if window and used is not None and growth is not None and growth >= 1:
            turns_left = max(int((window - used) // growth), 0)
        return ContextState(
            window=window,
            window_source=source,
            fill=fill,
            used=used,
            growth=growth,
            turns_left=turns_left,
            truncated=newest.truncated,
            note=self._note_on(newest, window),
            used_estimated=newest.truncated and not newest.request.context_sent,
        )

    @property
    def _rule(self) -> VersionRule:
        return rule_for(self._version) or ASSUMED_RULE

    def _window(self) -> tuple[int | None, str]:
        """num_ctx in tokens, and where it comes from."""
        facts = self._facts
        if facts is not None and facts.context_length:
            return facts.context_length, "loaded"
        if self._logged_window:
            return self._logged_window, "v34 log"
        if self._config_window:
            return self._config_window, "config"
        return None, ""

    def _add_growth(self, chained: ChainedRequest) -> None:
        """Store the growth since the previous turn; skip truncated and trimmed prompts. A new session starts again."""
        previous = chained.previous
        if chained.first_in_session or previous is None:
            self._growth_steps.clear()
            return
        tokens, before = _full_prompt_tokens(chained, self._rule), _full_prompt_tokens(previous, self._rule)
        if tokens is None or before is None or chained.truncated or previous.truncated or tokens < 0.9 * before:
            return
        self._growth_steps.append(tokens - before)

    def _used_tokens(self, chained: ChainedRequest) -> int | None:
        """Tokens that this prompt and its reply need in the window."""
        tokens = _full_prompt_tokens(chained, self._rule)
        if chained.truncated:
            # Only the context array shows what was sent; v34's estimate counts the text beside it.
            sent = (chained.request.context_sent or 0) or (chained.request.prompt_tokens_est or 0)
            tokens = max(tokens or 0, sent) or None
        return None if tokens is None else tokens + (chained.request.output_tokens or 0)

    def _note_on(self, chained: ChainedRequest, window: int | None) -> str:
        """The context array; without one, the limit that is reached before the window is full."""
        request = chained.request
        if request.context_sent or request.context_returned:
            sent = "none" if not request.context_sent else str(request.context_sent)
            returned = "none" if not request.context_returned else str(request.context_returned)
            return f"context array: {sent} ids sent, {returned} returned"
        limit = self._history_limit
        if limit is not None and window is not None and limit < window:
            return f"v34 trims at {limit} estimated tokens: one cold turn then"
        return ""


def _full_prompt_tokens(chained: ChainedRequest, rule: VersionRule) -> int | None:
    """Tokens of the full prompt; None where Ollama counts only the misses and its log does not show the prompt."""
    served = chained.request.served
    if served is not None and served.prompt is not None:
        return served.prompt
    return None if rule.counts is PromptEvalCount.MISSES else chained.request.prompt_tokens
