"""What v34's debug log says about one turn, from BEGIN to the line with the total."""

import time
from typing import Any

from timmy_tui.model.log_format import DebugFact

_TURN_FIELDS = frozenset(
    (
        "importance",
        "chunks",
        "prompt_chars",
        "prompt_tokens_est",
        "context_sent",
        "context_returned",
        "model",
        "num_ctx",
        "load_ms",
        "prefill_ms",
        "decode_ms",
        "ollama_total_ms",
        "prompt_tokens",
        "output_tokens",
    )
)
"""Values that become fields of a Turn unchanged."""


class DebugRecord:
    """The facts of one turn so far."""

    __slots__ = (
        "ended", "errors", "finished", "raw", "reply", "request_id", "retrieval", "started", "steps", "storage_ms",
        "tail_mode", "text", "total_ms", "values",
    )  # fmt: skip

    def __init__(self) -> None:
        self.request_id = ""
        self.values: dict[str, Any] = {}
        """By field of Turn."""
        self.steps: dict[int, float] = {}
        """Number of the step → ms."""
        self.storage_ms: float | None = None
        self.retrieval: dict[str, float] = {}
        self.tail_mode: bool | None = None
        self.raw: bool | None = None
        self.errors: list[str] = []
        self.text: str | None = None
        self.reply: str | None = None
        self.total_ms: float | None = None
        self.started: float | None = None
        self.ended: float | None = None
        self.finished = False

    def add_fact(self, fact: DebugFact) -> None:
        """Add one fact. The prompt's size occurs several times; the last one is what was sent."""
        values = fact.values
        if fact.request_id:
            self.request_id = fact.request_id
        if fact.kind == "message":
            self.text = values["text"]
        elif fact.kind == "step":
            self.steps[values["step"]] = values["ms"]
        elif fact.kind == "storage":
            self.storage_ms = values["ms"]
        elif fact.kind == "retrieval":
            self.retrieval = dict(values)
        elif fact.kind == "tail_mode":
            self.tail_mode = values["tail_mode"]
        elif fact.kind == "raw":
            self.raw = values["raw"]
        elif fact.kind == "first_request":
            self.values["context_sent"] = 0
        elif fact.kind == "answer":
            self.reply = values["reply"]
        elif fact.kind in ("failure", "tts_failure"):
            self.errors.append(values["error"])
        elif fact.kind == "total":
            self.total_ms = values["ms"]
            self.finished = True
        else:
            self.values.update((name, value) for name, value in values.items() if name in _TURN_FIELDS)

    def add_access_line(self, fact: DebugFact) -> None:
        """Add the access line: local time at the end of the request, in whole seconds, and its duration in seconds."""
        try:
            ended = time.mktime(time.strptime(fact.values["stamp"], "%d/%b/%Y %H:%M:%S"))
        except (ValueError, OverflowError):
            return
        self.ended = ended
        self.started = ended - fact.values["seconds"]

    @property
    def store_skipped(self) -> bool:
        """Memory storage (step 3) took no time and reported nothing."""
        return self.storage_ms is None and self.steps.get(3) == 0.0

    def stages(self) -> dict[str, float | None]:
        """Stage key → ms. Steps are rounded to 10 ms; the parts of a step are finer."""
        stages: dict[str, float | None] = {
            "classify": self.steps.get(1),
            "store": None
            if self.store_skipped
            else self.storage_ms
            if self.storage_ms is not None
            else self.steps.get(3),
            "retrieve": self.retrieval.get("ms", self.steps.get(4)),
            "embed": self.retrieval.get("embed_ms"),
            "query": self.retrieval.get("query_ms"),
            "llm": self.steps.get(5),
            "prefill": self.values.get("prefill_ms"),
            "decode": self.values.get("decode_ms"),
            "load": self.values.get("load_ms"),
        }
        llm, prefill, decode = stages["llm"], stages["prefill"], stages["decode"]
        if llm is not None and prefill is not None and decode is not None and llm >= prefill + decode:
            stages["wait"] = round(llm - prefill - decode, 6)
        return stages
