"""What the LLM analyses need of a turn: Ollama's figures and v34's statements on the prompt, without text or events."""

from collections.abc import Mapping

from msgspec import Struct

from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.llm import ServedPrompt
from timmy_tui.model.model_names import canonical_model
from timmy_tui.model.turn import FlagValue, Turn


class LlmRequest(Struct, frozen=True, kw_only=True):
    """The request to Ollama behind one turn. None: not known. Times in seconds since the epoch, counts in tokens."""

    ordinal: int
    position: tuple[int, ...]
    """Its place among all requests, as in Turn."""
    session_id: str | None
    session: int
    started: float | None
    ended: float | None
    prompt_tokens: int | None
    """Ollama's prompt_eval_count; what it counts depends on the version."""
    output_tokens: int | None
    cached_tokens: int | None
    prefill_ms: float | None
    decode_ms: float | None
    load_ms: float | None
    ollama_total_ms: float | None
    llm_ms: float | None
    """v34's wall time from sending the request to the last token."""
    wait_ms: float | None
    """llm_ms minus prefill and decode: load, queue and network."""
    model: str | None
    """In one spelling."""
    num_ctx: int | None
    tail_mode: bool | None
    prompt_tokens_est: int | None
    """v34's estimate of the prompt's length, characters / 4."""
    context_sent: int | None
    context_returned: int | None
    flags: Mapping[str, FlagValue] = {}
    """Key of a flag → what it was sent under, in the terms of v34's files."""
    served: ServedPrompt | None = None
    """The same request in Ollama's server log."""

    @property
    def has_figures(self) -> bool:
        """Ollama reported at least one of its figures."""
        return self.prompt_tokens is not None or self.prefill_ms is not None or self.decode_ms is not None

    @property
    def decode_step_ms(self) -> float | None:
        """Time of one decode step. The first token comes out of the prefill, whose time contains its step."""
        if not self.output_tokens or not self.decode_ms or self.output_tokens < 2:
            return None
        return self.decode_ms / (self.output_tokens - 1)

    @property
    def decode_rate(self) -> float | None:
        """Tokens per second."""
        step_ms = self.decode_step_ms
        return None if step_ms is None else 1000 / step_ms

    @property
    def full_prompt_tokens(self) -> int | None:
        """Tokens of the full prompt. The server log has them even for versions whose count has only the misses."""
        logged = self.served.prompt if self.served is not None else None
        return self.prompt_tokens if logged is None else logged

    @property
    def slot_tokens(self) -> int | None:
        """Tokens in the cache slot after the reply: full prompt plus output."""
        return None if self.full_prompt_tokens is None else self.full_prompt_tokens + (self.output_tokens or 0)


def request_of(
    turn: Turn, served: ServedPrompt | None = None, flags: Mapping[str, FlagValue] | None = None
) -> LlmRequest:
    """The request behind a turn. ``served``: the same request in the server log, if it was matched.

    ``flags``: what its session runs under; what the turn itself shows comes first.
    """
    shown = {flag.key: value for flag in FLAGS if flag.turn is not None and (value := flag.turn(turn)) is not None}
    return LlmRequest(
        ordinal=turn.ordinal,
        position=turn.position,
        session_id=turn.session_id,
        session=turn.session,
        started=turn.started,
        ended=turn.ended,
        prompt_tokens=turn.prompt_tokens,
        output_tokens=turn.output_tokens,
        cached_tokens=turn.cached_tokens,
        prefill_ms=None if "prefill" in turn.unmeasured else turn.prefill_ms,
        decode_ms=None if "decode" in turn.unmeasured else turn.decode_ms,
        load_ms=None if "load" in turn.unmeasured else turn.load_ms,
        ollama_total_ms=turn.ollama_total_ms,
        llm_ms=turn.stages.get("llm"),
        wait_ms=turn.stages.get("wait"),
        model=canonical_model(turn.model) if turn.model else None,
        num_ctx=turn.num_ctx,
        tail_mode=turn.tail_mode,
        prompt_tokens_est=turn.prompt_tokens_est,
        context_sent=turn.context_sent,
        context_returned=turn.context_returned,
        flags={**(flags or {}), **shown},
        served=served,
    )
