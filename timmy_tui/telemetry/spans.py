"""A turn as a trace: plain values that any tracing system can take. Nothing here needs a library.

The root is what the headline measures, as for voice-to-voice from the speech end to the first sound. Its children are
the measured critical stages and, as ``timmy.gap``, the time between them that has no name: they sum to the root, so a
viewer's sums are right. Parts of a stage are its children.

**Where a span lies.** A turn holds the length of each stage, and the time of its first event. Children are laid end
to end in the order of a turn from the root's start, which is where their stamps are: lengths and gaps are differences
of neighbouring stamps. Some things are not known that way, and such a span says so (``timmy.place``):

- ``inferred``: the parts of a stage. Ollama reports a length alone, of database queries the sum is known. They are
  laid end to end from the start of their stage. So are stages between two hops of which only the sum is known: they
  can lie later, by at most that sum.
- ``unknown``: that sum itself, and all stages of a turn without a headline: its root is then as long as what was
  measured, and says nothing of how long the user waited.

Two stages that ran at the same time overlap; then the children sum to the root and ``timmy.overlap_seconds``.
What lies outside the headline (playback, the microphone opening again) is an attribute of the root: a child that
outlives its parent is drawn wrongly by viewers, and would break the sum.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from timmy_tui.model.stages.watched import Stage
from timmy_tui.model.turn import FAILED_STATES, Gap, Turn
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.attributes import TurnContext, Value, llm_attributes, turn_attributes
from timmy_tui.telemetry.identity import span_id
from timmy_tui.telemetry.stage_rows import (
    between_hops,
    gap_places,
    is_model_request,
    is_stage,
    is_sum,
    parts_of,
    path_of,
    setting_ms,
)

INFERRED, UNKNOWN = "inferred", "unknown"
ENDS = ("start", "end")
"""What a gap at the head is behind, and one at the tail ahead of."""


class SpanValue(Struct, frozen=True, kw_only=True):
    """One span."""

    name: str
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str = ""
    """Empty: the root."""
    is_client: bool = False
    start_ns: int
    """Since 1970, on the clock that the root names."""
    end_ns: int
    """At or behind the start."""
    attributes: Mapping[str, Value]
    failed: bool = False


class TurnTrace(Struct, frozen=True, kw_only=True):
    """One turn."""

    trace_id: str
    """32 hexadecimal digits."""
    spans: tuple[SpanValue, ...]
    """The root, then each stage and gap in order, the parts of a stage behind it."""


def trace_of(turn: Turn, trace_id: str, context: TurnContext) -> TurnTrace | None:
    """The trace of a closed turn; None where nothing tells when it was."""
    start_ns = _start_ns(turn, context)
    if start_ns is None:
        return None
    laid, overlap_ns = _laid_out(turn, start_ns)
    length_ns = _ns(turn.headline_ms) if turn.headline_ms is not None else sum(one.length_ns for one in laid)
    end_ns = start_ns + max(length_ns, 0)
    root_id = span_id(trace_id, names.TURN_SPAN)
    root = SpanValue(
        name=names.TURN_SPAN,
        span_id=root_id,
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=turn_attributes(turn, context, overlap_ns / 1e9),
        failed=turn.state in FAILED_STATES,
    )
    children = _Children(turn, trace_id, root_id, context)
    spans = [span for one in laid for span in children.spans(_moved_inside(one, start_ns, end_ns))]
    return TurnTrace(trace_id=trace_id, spans=(root, *spans))


def _start_ns(turn: Turn, context: TurnContext) -> int | None:
    """When the headline begins. The first event's time, less the setting that the headline has ahead of it.

    Without such a time (a typed turn that v34's debug log alone tells of): when it was seen, less its length.
    """
    if turn.started is not None:
        return round(turn.started * 1e6) * 1000 - _ns(setting_ms(turn))
    if context.arrived is not None:
        return round(context.arrived * 1e6) * 1000 - _ns(turn.headline_ms or 0.0)
    return None


def _ns(ms: float) -> int:
    return round(ms * 1e6)


class _Laid(NamedTuple):
    """A stage or a gap, where it lies."""

    start_ns: int
    length_ns: int
    what: Stage | Gap
    place: str = ""


def _laid_out(turn: Turn, start_ns: int) -> tuple[list[_Laid], int]:
    """Stages and gaps end to end, and how long two of them ran at the same time."""
    laid: list[_Laid] = []
    at_ns, overlap_ns = start_ns, 0
    uncertain = between_hops(turn)
    for ms, what in _in_order(turn):
        length_ns = _ns(ms)
        if length_ns < 0:
            # A negative gap: the next stage began before the last one had ended.
            overlap_ns -= length_ns
            at_ns = max(at_ns + length_ns, start_ns)
            continue
        place = ""
        if isinstance(what, Stage):
            place = INFERRED if what.key in uncertain else ""
            place = UNKNOWN if is_sum(what) or turn.headline_ms is None else place
        laid.append(_Laid(at_ns, length_ns, what, place))
        at_ns += length_ns
    return laid, overlap_ns


def _in_order(turn: Turn) -> Iterator[tuple[float, Stage | Gap]]:
    """What the headline is made of, with its ms; a gap may be negative."""
    remaining = list(turn.gaps)
    for stage, ms in path_of(turn):
        for gap in [gap for gap in remaining if gap.before in gap_places(stage)]:
            remaining.remove(gap)
            yield gap.ms, gap
        yield max(ms, 0.0), stage
    for gap in remaining:
        yield gap.ms, gap


def _moved_inside(laid: _Laid, start_ns: int, end_ns: int) -> _Laid:
    """Into the root: v34's debug log rounds its steps to 10 ms, which together can be longer than the whole."""
    if laid.start_ns + laid.length_ns <= end_ns:
        return laid
    fits = laid.length_ns <= end_ns - start_ns
    return laid._replace(start_ns=max(end_ns - laid.length_ns, start_ns), place=INFERRED if fits else UNKNOWN)


class _Children:
    """Makes spans of what was laid out."""

    def __init__(self, turn: Turn, trace_id: str, root_id: str, context: TurnContext) -> None:
        self._turn, self._trace_id, self._root_id, self._context = turn, trace_id, root_id, context

    def spans(self, laid: _Laid) -> Iterator[SpanValue]:
        """A gap, or a stage with its parts behind it."""
        if isinstance(laid.what, Gap):
            yield self._gap(laid, laid.what)
        else:
            whole = self._stage(laid, laid.what)
            yield whole
            yield from self._parts(whole, laid.what, laid.place or INFERRED)

    def _gap(self, laid: _Laid, gap: Gap) -> SpanValue:
        ends = ((names.GAP_AFTER, gap.after), (names.GAP_BEFORE, gap.before))
        attributes: dict[str, Value] = {name: key for name, key in ends if is_stage(key) or key in ENDS}
        return SpanValue(
            name=names.GAP_SPAN,
            span_id=span_id(self._trace_id, f"{names.GAP_SPAN} {gap.after} {gap.before}"),
            parent_id=self._root_id,
            start_ns=laid.start_ns,
            end_ns=laid.start_ns + laid.length_ns,
            attributes=attributes | ({names.PLACE: laid.place} if laid.place else {}),
        )

    def _stage(self, laid: _Laid, stage: Stage) -> SpanValue:
        attributes = _stage_attributes(stage, laid.place)
        is_request = is_model_request(stage)
        name = f"{names.STAGE_SPAN}{stage.key}"
        if is_request:
            attributes |= llm_attributes(self._turn, self._context)
            name = " ".join(filter(None, (names.LLM_SPAN, str(attributes.get(names.REQUEST_MODEL, "")))))
        return SpanValue(
            name=name,
            span_id=span_id(self._trace_id, f"{names.STAGE_SPAN}{stage.key}"),
            parent_id=self._root_id,
            is_client=is_request,
            start_ns=laid.start_ns,
            end_ns=laid.start_ns + laid.length_ns,
            attributes=attributes,
        )

    def _parts(self, whole: SpanValue, stage: Stage, place: str) -> Iterator[SpanValue]:
        """The parts of a stage end to end from its start, cut at its end: rounding may make them longer by a µs."""
        at_ns = whole.start_ns
        for part, ms in parts_of(self._turn, stage.key):
            start_ns, at_ns = at_ns, min(at_ns + _ns(max(ms, 0.0)), whole.end_ns)
            span = SpanValue(
                name=f"{names.STAGE_SPAN}{part.key}",
                span_id=span_id(self._trace_id, f"{names.STAGE_SPAN}{part.key}"),
                parent_id=whole.span_id,
                start_ns=start_ns,
                end_ns=at_ns,
                attributes=_stage_attributes(part, place),
            )
            yield span
            yield from self._parts(span, part, place)


def _stage_attributes(stage: Stage, place: str) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        names.STAGE: stage.key,
        names.STAGE_OWNER: stage.owner,
        names.STAGE_CLOCK: stage.clock,
    }
    if place:
        attributes[names.PLACE] = place
    return attributes
