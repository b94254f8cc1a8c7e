"""v34's own statistics: the figures of every prompt it sent, typed ones included, which the latency log never sees."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.sources.services.http import Answer, HttpClient, text_of, whole_of

EVERY_S = 5.0
LIMIT = 50
"""Newest entries asked for; v34 keeps 200."""


class V34Client:
    """GET /api/kv_stats. It blocks while a turn is served: late is busy, not down. ``close`` it."""

    def __init__(self, base_url: str) -> None:
        self.wire = HttpClient(base_url)

    def stats(self, limit: int = LIMIT) -> Answer:
        """``{"count": n, "stats": [...]}``, newest last."""
        return self.wire.ask(f"/api/kv_stats?limit={limit}")

    def close(self) -> None:
        """Give the sockets back."""
        self.wire.close()


class StatsReader:
    """Entries of repeated answers as turns, each once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], None] = {}

    def read(self, body: Any) -> list[Turn]:
        """New entries, oldest first, with ordinal −1: whoever takes them in gives them theirs."""
        stats = body.get("stats") if isinstance(body, dict) else None
        turns = [turn_of(entry) for entry in stats if isinstance(entry, dict)] if isinstance(stats, list) else []
        return list(self._new(turn for turn in turns if turn is not None))

    def _new(self, turns: Iterable[Turn]) -> Iterable[Turn]:
        for turn in turns:
            key = (turn.session_id, turn.ended, turn.prompt_tokens, turn.output_tokens, turn.prefill_ms)
            if key not in self._seen:
                self._seen[key] = None
                yield turn
        while len(self._seen) > 1000:
            del self._seen[next(iter(self._seen))]


def turn_of(entry: dict[str, Any]) -> Turn | None:
    """One entry; None when it holds no figure. Its stamp is taken when the answer was there: the end."""
    prompt, output = whole_of(entry.get("prompt_eval_count")), whole_of(entry.get("eval_count"))
    prefill, decode = _ms(entry.get("prompt_eval_duration")), _ms(entry.get("eval_duration"))
    total, load = _ms(entry.get("total_duration")), _ms(entry.get("load_duration"))
    if prompt is None and output is None and total is None:
        return None
    ended = _stamp(entry.get("timestamp"))
    tail = entry.get("tail_mode")
    return Turn(
        ordinal=-1,
        session_id=text_of(entry.get("session_id")),
        state=TurnState.COMPLETE,
        logs="kv_stats",
        started=None if ended is None else ended - (total or 0.0) / 1000,
        ended=ended,
        stages={"prefill": prefill, "decode": decode, "load": load},
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=whole_of(entry.get("prompt_eval_cached_count")),
        prefill_ms=prefill,
        decode_ms=decode,
        load_ms=load,
        ollama_total_ms=total,
        tail_mode=tail if isinstance(tail, bool) else None,
    )


def _ms(value: object) -> float | None:
    """Nanoseconds as ms."""
    whole = whole_of(value)
    return None if whole is None else whole / 1e6


def _stamp(value: object) -> float | None:
    """Seconds since the epoch, from a number or from local ISO time."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
