"""What v34's debug log says about one turn, from BEGIN to the line with the total."""

import re
from typing import Any

from timmy_tui.model.log_format import DebugFact
from timmy_tui.parse.v34_answers import total_agrees

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

_QUERY = re.compile(r"\?\S*")
"""The query of an address: the one of the TTS holds the whole answer."""


class DebugRecord:
    """The facts of one turn so far."""

    __slots__ = (
        "_other_total", "clock_stepped", "ended", "ends", "errors", "finished", "headless", "http_status", "raw",
        "reply", "request_id", "restarted", "retrieval", "started", "steps", "storage_ms", "tail_mode", "text",
        "total_ms", "typed", "values",
    )  # fmt: skip

    def __init__(self, headless: bool = False) -> None:
        """``headless``: the capture begins within the turn, so that its first lines are missing."""
        self.headless = headless
        self.request_id = ""
        self.typed: bool | None = None
        """It came from the web chat; None: not known."""
        self.http_status: int | None = None
        """What the access line says."""
        self.restarted = False
        """v34 was restarted before it ended."""
        self.clock_stepped = False
        """A duration is negative."""
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
        self.ends: tuple[tuple[float | None, str | None], ...] = ()
        """Where more than one end of the answer fits: total and answer of each. The duration of the request decides."""
        self.started: float | None = None
        self.ended: float | None = None
        self.finished = False
        self._other_total = False
        """There was a total that cannot be the turn's."""

    def add_fact(self, fact: DebugFact) -> None:
        """Add one fact. The prompt's size occurs several times; the last one is what was sent."""
        values = fact.values
        if fact.request_id:
            self.request_id = fact.request_id
        if fact.kind == "message":
            self.text = values["text"]
            self.typed = values.get("typed", self.typed)
        elif fact.kind == "step":
            self._add_step(values["step"], values.get("ms"))
        elif fact.kind == "storage":
            self.storage_ms = values.get("ms")
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
        elif fact.kind in ("failure", "handler_failure", "tts_failure"):
            self.errors.append(_QUERY.sub("?…", values["error"]) if fact.kind == "tts_failure" else values["error"])
        elif fact.kind == "total":
            self._add_total(values.get("ms"))
        else:
            self.values.update((name, value) for name, value in values.items() if name in _TURN_FIELDS)

    def _add_step(self, step: int, ms: float | None) -> None:
        """v34 measures with the clock of the day: when that steps back, a duration is unknown."""
        if ms is None:
            self.steps.pop(step, None)
        elif ms < 0:
            self.clock_stepped = True
        else:
            self.steps[step] = ms

    def _add_total(self, ms: float | None) -> None:
        """A total ends the turn, unless it disagrees with the steps: then it was printed by the model."""
        if ms is None:
            self._other_total = True
            return
        if ms < 0:
            self.clock_stepped = True
        elif not self.clock_stepped and not total_agrees(self.steps, ms):
            self._other_total = True
            return
        else:
            self.total_ms = ms
        self.finished = True

    def end(self) -> None:
        """No more lines. A total that was the only one was the turn's, though what it says is not its duration."""
        self.finished = self.finished or self._other_total

    @property
    def is_turn(self) -> bool:
        """There is a part of a turn, not only what v34 prints between turns."""
        return (
            self.finished
            or bool(self.steps)
            or (self.reply, self.text) != (None, None)
            or "prompt_tokens" in self.values
        )

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
