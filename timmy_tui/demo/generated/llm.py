"""The model server of a generated conversation: the engine of the stand-in without HTTP, on a virtual clock."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from timmy_tui.demo.clock import VirtualClock
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama.engine import Engine, GenerateRequest, RequestRejected
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.v34.llm_call import LlmError, LlmReply, ModelOptions, build_payload, call_model

_HTTP_MS = 8.0
"""What HTTP and two Python processes add to Ollama's total. Assumption."""


@dataclass(frozen=True)
class LlmSetup:
    """What is fixed in a conversation."""

    url: str
    version: str
    num_ctx: int
    raw: bool
    seed: int


class GeneratedLlm:
    """v34's call to Ollama, and what the scenarios do to it."""

    def __init__(self, setup: LlmSetup, clock: VirtualClock) -> None:
        self.setup = setup
        self.clock = clock
        self.engine = Engine(setup.version, Latencies(setup.seed + 2), setup.seed)
        self.engine.load(setup.num_ctx)
        self._fault = ""

    def inject(self, name: str) -> None:
        """``unload`` the model, ``steal`` its slot, or let the next call fail: ``llm 500``, ``empty`` or ``leak``."""
        if name == "unload":
            self.engine.unload()
        elif name == "steal":
            self.engine.serve(GenerateRequest(MODEL, "Summarise: the sky is blue.", num_ctx=self.setup.num_ctx))
        elif name in ("llm 500", "empty", "leak"):
            self._fault = name

    def ask(
        self, prompt: str, context: list[int] | None, temperature: float, print_line: Callable[[str], None]
    ) -> LlmReply:
        """The reply to a prompt; the lines of the call go to ``print_line``."""
        options = ModelOptions(MODEL, self.setup.num_ctx, "1h", "little-timmy-voice")
        payload = build_payload(options, prompt, temperature)
        if context:
            payload["context"] = context
        if self.setup.raw:
            payload["raw"] = True
        return call_model(self.setup.url, payload, print_line, self._post)

    def _post(self, url: str, payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        fault, self._fault = self._fault, ""
        if fault == "llm 500":
            self.clock.work(2000)
            raise LlmError(f"500 Server Error: Internal Server Error for url: {url}")
        request = GenerateRequest(
            MODEL,
            payload["prompt"],
            raw=bool(payload.get("raw")),
            context=tuple(payload.get("context") or ()),
            num_ctx=self.setup.num_ctx,
            reply_fault=fault,
        )
        try:
            served = self.engine.serve(request)
        except RequestRejected as rejected:
            raise LlmError(f"{rejected.status} Client Error: Bad Request for url: {url}") from None
        self.clock.work(served.total_ms + _HTTP_MS)
        yield {"model": MODEL, "created_at": "", "response": served.reply, "done": False}
        done: dict[str, Any] = {"model": MODEL, "created_at": "", "response": "", "done": True, "done_reason": "stop"}
        if served.context:
            done["context"] = list(served.context)
        yield {**done, **self.engine.report(served)}
