"""What the LLM analyses need of a turn: Ollama's figures and what v34 said of the prompt, without text or events."""

from collections.abc import Mapping

from msgspec import Struct

from timmy_tui.model.flags import FLAGS
from timmy_tui.model.llm import ServedPrompt
from timmy_tui.model.turn import FlagValue, Turn


class Request(Struct, frozen=True, kw_only=True):
    """One turn as Ollama saw it. None is not told."""

    ordinal: int
    session_id: str | None
    session: int
    started: float | None
    ended: float | None
    prompt: int | None
    """prompt_eval_count: what it counts depends on the version."""
    output: int | None
    cached: int | None
    prefill_ms: float | None
    decode_ms: float | None
    load_ms: float | None
    total_ms: float | None
    llm_ms: float | None
    """v34's wall time from sending to the last token."""
    wait_ms: float | None
    """llm_ms less prefill and decode: load, queue, network."""
    model: str | None
    num_ctx: int | None
    tail_mode: bool | None
    estimate: int | None
    """v34's own idea of the prompt's length, characters / 4."""
    context_sent: int | None
    context_returned: int | None
    flags: Mapping[str, FlagValue] = {}
    """Key of a flag → what it was sent under, in the terms of v34's files."""
    served: ServedPrompt | None = None
    """The same request in Ollama's log."""

    @property
    def answered(self) -> bool:
        """Ollama gave figures."""
        return self.prompt is not None or self.prefill_ms is not None or self.decode_ms is not None

    @property
    def decode_rate(self) -> float | None:
        """Tokens a second."""
        if not self.output or not self.decode_ms:
            return None
        return self.output / self.decode_ms * 1000

    @property
    def whole(self) -> int | None:
        """Tokens of the whole prompt: the server log knows them also where the count is of misses alone."""
        told = self.served.prompt if self.served is not None else None
        return self.prompt if told is None else told

    @property
    def held(self) -> int | None:
        """Tokens in the slot once it was answered."""
        return None if self.whole is None else self.whole + (self.output or 0)


def request_of(turn: Turn, served: ServedPrompt | None = None, flags: Mapping[str, FlagValue] | None = None) -> Request:
    """The request behind a turn, with its line of the server log where one was found.

    ``flags``: what its session runs under; what the turn itself shows comes first.
    """
    shown = {flag.key: value for flag in FLAGS if flag.turn is not None and (value := flag.turn(turn)) is not None}
    return Request(
        ordinal=turn.ordinal,
        session_id=turn.session_id,
        session=turn.session,
        started=turn.started,
        ended=turn.ended,
        prompt=turn.prompt_tokens,
        output=turn.output_tokens,
        cached=turn.cached_tokens,
        prefill_ms=turn.prefill_ms,
        decode_ms=turn.decode_ms,
        load_ms=turn.load_ms,
        total_ms=turn.ollama_total_ms,
        llm_ms=turn.stages.get("llm"),
        wait_ms=turn.stages.get("wait"),
        model=turn.model,
        num_ctx=turn.num_ctx,
        tail_mode=turn.tail_mode,
        estimate=turn.prompt_tokens_est,
        context_sent=turn.context_sent,
        context_returned=turn.context_returned,
        flags={**(flags or {}), **shown},
        served=served,
    )
