"""What one turn adds to the metrics, and what a snapshot says of now: the same figures for both systems."""

from collections.abc import Iterator
from typing import NamedTuple

from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.foreign_names import flag_text, name_or_none
from timmy_tui.telemetry.published_names import Metric
from timmy_tui.telemetry.stage_rows import all_stages, is_series, measured_stages, request_ms

CERTAIN = (Certainty.MEASURED, Certainty.KNOWN)
OWN_FLAGS = frozenset(flag.key for flag in KnownFlags().flags)
"""Flags of this program's table, or of the profile: not those that a user's settings add."""
Labels = tuple[tuple[str, str], ...]
"""Pairs, in the order in which they are written."""


class Sample(NamedTuple):
    """One value of one metric."""

    metric: Metric
    value: float
    """In the metric's unit: s, tokens, turns."""
    labels: Labels = ()


def zero_counts() -> Iterator[Sample]:
    """A zero of every counter: a server sees the first turn as an increase only where there was a value before it."""
    for state in TurnState:
        if state is not TurnState.OPEN:
            yield Sample(names.TURNS, 0, (("state", state.value),))
    for metric in (names.PROMPT_TOKENS, names.OUTPUT_TOKENS_TOTAL, names.BROKEN_REUSE):
        yield Sample(metric, 0)
    for certainty in Certainty:
        if certainty is not Certainty.UNKNOWN:
            for metric in (names.CACHED_TOKENS, names.JUDGED_TOKENS):
                yield Sample(metric, 0, (("how", certainty.value),))


def empty_histograms() -> Iterator[tuple[Metric, Labels]]:
    """Every histogram that begins without a value, for the same reason."""
    for span in Span:
        if span is not Span.NONE:
            yield names.TURN, (("span", span.value),)
    for key, owner in all_stages():
        yield names.STAGE_TIME, (("stage", key), ("owner", owner))


def samples_of_turn(turn: Turn, reuse: Reuse | None) -> Iterator[Sample]:
    """What a turn adds, once. Times only of a complete turn, as in the percentiles of ``report``."""
    yield Sample(names.TURNS, 1, (("state", turn.state.value),))
    if turn.state is TurnState.COMPLETE:
        if turn.headline_ms is not None:
            yield Sample(names.TURN, turn.headline_ms / 1000, (("span", turn.span.value),))
        for key, owner, ms in measured_stages(turn):
            yield Sample(names.STAGE_TIME, max(ms, 0.0) / 1000, (("stage", key), ("owner", owner)))
    if turn.prompt_tokens is not None:
        yield Sample(names.PROMPT_TOKENS, turn.prompt_tokens)
    if turn.output_tokens is not None:
        yield Sample(names.OUTPUT_TOKENS_TOTAL, turn.output_tokens)
    yield from _reuse_samples(reuse)
    yield from _llm_samples(turn, reuse)


def _reuse_samples(reuse: Reuse | None) -> Iterator[Sample]:
    if reuse is None:
        return
    if reuse.certainty is not Certainty.UNKNOWN and reuse.reused is not None and reuse.prompt_tokens is not None:
        how = (("how", reuse.certainty.value),)
        yield Sample(names.CACHED_TOKENS, reuse.reused, how)
        yield Sample(names.JUDGED_TOKENS, reuse.prompt_tokens, how)
    yield Sample(names.BROKEN_REUSE, 1 if reuse.broken else 0)


def _llm_samples(turn: Turn, reuse: Reuse | None) -> Iterator[Sample]:
    model = name_or_none(turn.model)
    labels: Labels = ((names.OPERATION, names.LLM_SPAN), (names.PROVIDER_NAME, names.PROVIDER))
    if model is not None:
        labels = (*labels, (names.REQUEST_MODEL, model))
    ms = request_ms(turn)
    if ms is not None:
        yield Sample(names.LLM_TIME, ms / 1000, labels)
    text = (*labels, (names.MODALITY, "text"))
    for kind, metric, tokens in (
        ("input", names.INPUT_USAGE, turn.prompt_tokens),
        ("output", names.OUTPUT_USAGE, turn.output_tokens),
    ):
        if tokens is not None:
            yield Sample(names.TOKEN_USAGE, tokens, (*labels, ("gen_ai.token.type", kind)))
            yield Sample(metric, tokens, text)
    if reuse is not None and reuse.reused is not None and reuse.certainty in CERTAIN:
        yield Sample(names.CACHE_READ_USAGE, reuse.reused, text)
    if turn.decode_ms is not None and turn.output_tokens:
        yield Sample(names.TOKEN_TIME, turn.decode_ms / 1000 / turn.output_tokens, labels)


def samples_of_now(snapshot: Snapshot) -> Iterator[Sample]:
    """What holds now: flags of the newest epoch, bounds of the clocks, findings that last and are slower."""
    if snapshot.epochs:
        for flag, value in snapshot.epochs[-1].flags.items():
            text = flag_text(value, flag in OWN_FLAGS)
            if text is not None and name_or_none(flag) is not None:
                yield Sample(names.FLAG_INFO, 1, (("flag", flag), ("value", text)))
    if snapshot.clock is not None:
        for bound, ms in (("low", snapshot.clock.low_ms), ("high", snapshot.clock.high_ms)):
            if ms is not None:
                yield Sample(names.CLOCK_OFFSET, ms / 1000, (("bound", bound),))
    judgement = snapshot.judgement
    lasting = [one for one in judgement.findings if not one.ended] if judgement is not None else []
    slower = [one.stage for one in lasting if one.direction == "slower" and one.notable]
    for stage in filter(is_series, dict.fromkeys(slower)):
        yield Sample(names.FINDINGS, slower.count(stage), (("stage", stage),))
