"""The context window: how full it is, how fast it fills, and when it will be cut."""

from collections import deque
from statistics import median

from timmy_tui.analysis.llm.ollama_versions import ASSUMED, Counts, VersionRule, rule_for
from timmy_tui.analysis.llm.request_chain import Chain, Link
from timmy_tui.analysis.llm.requests import request_of
from timmy_tui.analysis.llm.truncation import was_cut
from timmy_tui.model.llm import ContextState, OllamaFacts, ServedPrompt
from timmy_tui.model.turn import Turn

STEPS = 64
"""Differences between turns that the growth is the median of."""


class ContextTracker:
    """Takes turns one by one; ``state`` is of the newest one with figures."""

    def __init__(self, config_window: int | None = None, history_limit: int | None = None) -> None:
        """``config_window`` is LLM_CONTEXT_SIZE, ``history_limit`` MAX_TOKENS of v34's config; None: not known."""
        self._config_window = config_window
        self._history_limit = history_limit
        self._chain = Chain(200)
        self._steps: deque[int] = deque(maxlen=STEPS)
        self._facts: OllamaFacts | None = None
        self._logged: int | None = None
        self._version: str | None = None

    def add(self, turn: Turn, facts: OllamaFacts | None = None, served: ServedPrompt | None = None) -> None:
        """Take a turn in; the same ordinal again is a revision."""
        self.note(facts)
        request = request_of(turn, served)
        known = self._chain.find(request.ordinal)
        if known is None and not request.answered:
            return
        self._logged = request.num_ctx or self._logged
        for link in self._chain.put(request, 0):
            link.cut = was_cut(link, self._logged or self._window()[0], self._rule)
            if known is None and link.request.ordinal == request.ordinal:
                self._step(link)

    def note(self, facts: OllamaFacts | None) -> None:
        """What Ollama says now."""
        if facts is not None:
            self._facts = facts
            self._version = facts.version or self._version

    @property
    def state(self) -> ContextState | None:
        """None before the first turn with figures."""
        last = self._chain.last
        if last is None:
            return None
        window, source = self._window()
        used = self._used(last)
        fill = used / window if used is not None and window else None
        if last.cut and fill is not None:
            fill = max(fill, 1.0)
        growth = median(self._steps) if len(self._steps) >= 2 else None
        left = None
        if window and used is not None and growth is not None and growth >= 1:
            left = max(int((window - used) // growth), 0)
        return ContextState(
            window=window,
            window_source=source,
            fill=fill,
            used=used,
            growth=growth,
            turns_left=left,
            truncated=last.cut,
            note=self._note(last, window),
        )

    @property
    def _rule(self) -> VersionRule:
        return rule_for(self._version) or ASSUMED

    def _window(self) -> tuple[int | None, str]:
        facts = self._facts
        if facts is not None and facts.context_length:
            return facts.context_length, "loaded"
        if self._logged:
            return self._logged, "v34 log"
        if self._config_window:
            return self._config_window, "config"
        return None, ""

    def _step(self, link: Link) -> None:
        """Growth since the turn before; a new session starts anew, a cut or trimmed prompt says nothing."""
        before = link.before
        if link.nth == 1 or before is None:
            self._steps.clear()
            return
        now, then = _whole(link, self._rule), _whole(before, self._rule)
        if now is None or then is None or link.cut or before.cut or now < 0.9 * then:
            return
        self._steps.append(now - then)

    def _used(self, link: Link) -> int | None:
        """Tokens that the newest exchange would need in the window."""
        whole = _whole(link, self._rule)
        if link.cut:
            # What was sent is known only from the array; the estimate counts the text beside it.
            sent = (link.request.context_sent or 0) or (link.request.estimate or 0)
            whole = max(whole or 0, sent) or None
        return None if whole is None else whole + (link.request.output or 0)

    def _note(self, link: Link, window: int | None) -> str:
        """The context array, and what comes before the window is full."""
        request = link.request
        if request.context_sent or request.context_returned:
            sent = "none" if not request.context_sent else str(request.context_sent)
            back = "none" if not request.context_returned else str(request.context_returned)
            return f"context array: {sent} ids sent, {back} returned"
        limit = self._history_limit
        if limit is not None and window is not None and limit < window:
            return f"v34 trims its history above {limit} estimated tokens: one cold turn then"
        return ""


def _whole(link: Link, rule: VersionRule) -> int | None:
    """Tokens of the whole prompt; not told where only misses are counted."""
    served = link.request.served
    if served is not None and served.prompt is not None:
        return served.prompt
    return None if rule.counts is Counts.MISSES else link.request.prompt
