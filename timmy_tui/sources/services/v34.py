"""Reads v34's own statistics: figures of every prompt, including typed turns, which are not in the latency log."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.sources.services.http import HttpClient, HttpResponse, as_count, clean_text

POLL_INTERVAL_S = 5.0
LIMIT = 50
"""Number of newest entries to request; v34 keeps 200."""


class V34Client:
    """GET /api/kv_stats. v34 does not answer while it serves a turn: a timeout means busy. ``close`` it."""

    def __init__(self, base_url: str) -> None:
        self.http = HttpClient(base_url)

    def stats(self, limit: int = LIMIT) -> HttpResponse:
        """``{"count": n, "stats": [...]}``, newest last."""
        return self.http.request(f"/api/kv_stats?limit={limit}")

    def close(self) -> None:
        """Close all connections."""
        self.http.close()


class StatsReader:
    """Turns from repeated responses, each one once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], None] = {}

    def read(self, body: Any) -> list[Turn]:
        """Turns of new entries, oldest first, with ordinal −1; the caller numbers them."""
        stats = body.get("stats") if isinstance(body, dict) else None
        turns = (
            [turn_from_stats(entry) for entry in stats if isinstance(entry, dict)] if isinstance(stats, list) else []
        )
        return list(self._new(turn for turn in turns if turn is not None))

    def _new(self, turns: Iterable[Turn]) -> Iterable[Turn]:
        for turn in turns:
            key = (turn.session_id, turn.ended, turn.prompt_tokens, turn.output_tokens, turn.prefill_ms)
            if key not in self._known:
                self._known[key] = None
                yield turn
        while len(self._known) > 1000:
            del self._known[next(iter(self._known))]


def turn_from_stats(entry: dict[str, Any]) -> Turn | None:
    """The turn of one entry, or None if it has no figures. Its timestamp is the end of the request."""
    prompt, output = as_count(entry.get("prompt_eval_count")), as_count(entry.get("eval_count"))
    prefill, decode = _ms(entry.get("prompt_eval_duration")), _ms(entry.get("eval_duration"))
    total, load = _ms(entry.get("total_duration")), _ms(entry.get("load_duration"))
    if prompt is None and output is None and total is None:
        return None
    ended = _timestamp(entry.get("timestamp"))
    tail_mode = entry.get("tail_mode")
    return Turn(
        ordinal=-1,
        session_id=clean_text(entry.get("session_id")),
        state=TurnState.COMPLETE,
        logs="kv_stats",
        started=None if ended is None else ended - (total or 0.0) / 1000,
        ended=ended,
        answered=ended,
        stages={"prefill": prefill, "decode": decode, "load": load},
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=as_count(entry.get("prompt_eval_cached_count")),
        prefill_ms=prefill,
        decode_ms=decode,
        load_ms=load,
        ollama_total_ms=total,
        tail_mode=tail_mode if isinstance(tail_mode, bool) else None,
    )


def _ms(value: object) -> float | None:
    """Milliseconds of a number of nanoseconds."""
    nanoseconds = as_count(value)
    return None if nanoseconds is None else nanoseconds / 1e6


def _timestamp(value: object) -> float | None:
    """Seconds since 1970 of a number or of a local ISO time; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
