"""The JSON contract of ``timmy-tui report --json``: schema 2, documented in docs/report-json.md."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.pass_time import pass_bound
from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats
from timmy_tui.analysis.stats.turn_times import Spread, Trend, llm_trend, mean_steps, prompt_trend, turn_times
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.snapshot import Listening, SourceState, StageStat
from timmy_tui.model.stages.watched import KEYS
from timmy_tui.model.turn import Session, Turn
from timmy_tui.report.conclusions import Conclusions
from timmy_tui.report.sessions import turns_by_session
from timmy_tui.report.words.llm import NOT_LOOKED_AT

SCHEMA = 2

_COPIED = (
    "number",
    "request_id",
    "typed",
    "session_id",
    "session",
    "reason",
    "started",
    "ended",
    "logs",
    "headline_ms",
    "measured_ms",
    "end_to_end_ms",
    "processing_ms",
    "v2v_ms",
    "unattributed_ms",
    "prompt_tokens",
    "output_tokens",
    "cached_tokens",
    "prefill_ms",
    "decode_ms",
    "load_ms",
    "ollama_total_ms",
    "context_returned",
    "context_sent",
    "tail_mode",
    "raw",
    "num_ctx",
    "model",
    "temperature",
    "prompt_chars",
    "prompt_tokens_est",
    "text_length",
    "reply_length",
    "importance",
    "chunks",
    "pause_threshold",
)
"""Fields of a turn that are copied unchanged. What the user said and what Timmy answered are not among them."""


class LogSummary(Protocol):
    """What a report says of the logs themselves."""

    @property
    def sessions(self) -> tuple[Session, ...]: ...
    @property
    def sources(self) -> tuple[SourceState, ...]: ...
    @property
    def unparsed(self) -> Mapping[str, int]: ...
    @property
    def listening(self) -> Listening: ...


def turn_object(turn: Turn, why: Diagnosis | None = None, reuse: Reuse | None = None) -> dict[str, Any]:
    """One turn. Durations are in ms, times in seconds since the epoch; unknown is null."""
    copied = {name: getattr(turn, name) for name in _COPIED}
    return {
        **copied,
        "state": str(turn.state),
        "span": str(turn.span),
        "headline_bound": "lower" if turn.is_lower_bound else None,
        "reuse": reuse_object(reuse),
        "stages": {key: turn.stages.get(key) for key in KEYS},
        "skipped": sorted(turn.skipped),
        "gaps": [{"after": gap.after, "before": gap.before, "ms": gap.ms} for gap in turn.gaps],
        "offset_bounds_ms": list(turn.offset_bounds),
        "unmeasured": dict(turn.unmeasured),
        "signals": sorted(turn.signals),
        "diagnosis": None
        if why is None or why.excess_ms is None
        else {"excess_ms": why.excess_ms, "slow": why.slow, "sentence": why.sentence},
    }


def reuse_object(reuse: Reuse | None) -> dict[str, Any]:
    """How much of the prompt came from the cache, and how that is known; always an object with a reason."""
    if reuse is None:
        return {"share": None, "certainty": str(Certainty.UNKNOWN), "reason": NOT_LOOKED_AT}
    return {"share": reuse.share, "certainty": str(reuse.certainty), "reason": reuse.reason}


def spread_object(of_all: Spread | None) -> dict[str, Any]:
    """Mean, shortest and longest of ``n`` values; null without any."""
    mean, low, high, n = of_all or (None, None, None, 0)
    return {"mean": mean, "min": low, "max": high, "n": n}


def trend_object(of_session: Trend | None) -> dict[str, Any]:
    """The same with the first and the last value."""
    first, last = (None, None) if of_session is None else of_session[:2]
    return {"first": first, "last": last, **spread_object(None if of_session is None else of_session.spread)}


def stat_object(stat: StageStat) -> dict[str, Any]:
    """The statistics of one stage, in ms."""
    return {"p50": stat.p50, "p95": stat.p95, "max": stat.max, "n": stat.n}


def source_object(source: SourceState) -> dict[str, Any]:
    """One log file, and how much of it was read."""
    return {
        "name": source.name,
        "condition": str(source.condition),
        "detail": source.detail,
        "lines": source.lines,
        "dropped": source.dropped,
        "gaps": source.gaps,
    }


def report_object(turns: Sequence[Turn], reading: LogSummary, conclusions: Conclusions) -> dict[str, Any]:
    """The whole report. ``stages`` and ``headline`` are computed from its complete turns.

    ``reading``: of the logs that the turns are from.
    """
    why, reuse = conclusions
    window = max(len(turns), 1)
    headline = headline_stat(turns, window)
    offset = offset_over(turns)
    by_session = turns_by_session(turns)
    return {
        "schema": SCHEMA,
        "turns": [turn_object(turn, why.get(turn.ordinal), reuse.get(turn.ordinal)) for turn in turns],
        "listening": listening_object(reading.listening),
        "stages": {stat.key: stat_object(stat) for stat in stage_stats(turns, window)},
        "headline": None if headline is None else {"span": headline.key, **stat_object(headline)},
        "times": {key: spread_object(of_all) for key, of_all in turn_times(turns).items()},
        "steps": [{"step": name, **spread_object(of_step)} for name, of_step in mean_steps(turns).items()],
        "sessions": [session_object(session, by_session.get(session.number, [])) for session in reading.sessions],
        "clock_offset": None
        if offset is None
        else {
            "low_ms": offset.low_ms,
            "high_ms": offset.high_ms,
            "turns": offset.turns,
            "skewed": offset.skewed,
            "stepped": offset.stepped,
        },
        "sources": [source_object(source) for source in reading.sources],
        "unparsed": dict(reading.unparsed),
    }


def listening_object(listening: Listening) -> dict[str, Any]:
    """Pauses without text, and what their rhythm tells of the wait before a turn."""
    bound = pass_bound(listening)
    return {
        "pauses": listening.pauses,
        "per_minute": listening.per_minute,
        "threshold_s": listening.threshold_s,
        "waited_s": None if bound is None else bound.waited_s,
        "pass_s": None if bound is None else bound.pass_s,
    }


def session_object(session: Session, own: Sequence[Turn]) -> dict[str, Any]:
    """One session: a run of the v34 process. ``own``: its turns in the report, which its trends are of."""
    llm = llm_trend(own)
    return {
        "number": session.number,
        "session_id": session.session_id,
        "started": session.started,
        "turns": session.turns,
        "llm": trend_object(llm),
        "llm_first_to_others": None if llm is None else llm.first_to_others,
        "prompt_tokens_est": trend_object(prompt_trend(own)),
    }
