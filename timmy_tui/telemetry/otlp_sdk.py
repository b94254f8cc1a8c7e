"""OpenTelemetry's own SDK and OTLP/HTTP exporter. The only module that imports them, 250 ms of work; see ``otlp``.

Spans get their ids from the turn (``identity``), and the times of the turn, not those of now. What a server says to a
batch is read by the session itself, because the exporter takes any answer below 400 for a success and writes the rest
to a log: a login page, or a web server that says 200 to everything, must not look like a collector.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from http.client import responses
from typing import Any

import requests
from google.protobuf.message import DecodeError
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Observation
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader, MetricsData
from opentelemetry.sdk.metrics.export import Histogram as HistogramPoints
from opentelemetry.sdk.metrics.export import HistogramDataPoint as HistogramPoint
from opentelemetry.sdk.metrics.export import Metric as MetricPoints
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from timmy_tui import __version__
from timmy_tui.core.foreign.addresses import signal_url
from timmy_tui.core.foreign.decode import decode_json, whole_number
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.answer import Answer, Verdict
from timmy_tui.telemetry.published_names import Metric
from timmy_tui.telemetry.samples import Labels, Sample
from timmy_tui.telemetry.spans import SpanValue, TurnTrace
from timmy_tui.telemetry.timed_answers import TimedAdapter

TIMEOUT_S = 10.0
"""For one batch, with the exporter's own repetitions of it."""
MOST_ANSWER_BYTES = 1 << 12
AGAIN = frozenset((429, 502, 503, 504))
"""The statuses after which OTLP has a client try again."""

NOT_SENT = Answer(Verdict.REFUSED, "cannot be sent: OTEL_EXPORTER_OTLP_HEADERS, or the size")
"""The SDK made no request of it, and would make none the next time."""

# Else a refused batch would be printed over the screen.
logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
logging.getLogger("opentelemetry").propagate = False


class _GivenUp(requests.RequestException):
    """The SDK is not to send this batch again: its own repetitions are timed by a clock that can step."""


class _TooSlow(requests.Timeout):
    """It answered, and was not done in time."""


class _Session(requests.Session):
    """Remembers what the server said last, as far as it matters."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # No proxy: what is sent to this machine stays on it.
        for scheme in ("http://", "https://"):
            self.mount(scheme, TimedAdapter())
        self.answer = Answer(Verdict.LATER)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send, and read at most 4 KiB of the answer in the time that a batch has. Raises _GivenUp unless taken."""
        deadline = time.monotonic() + TIMEOUT_S
        options |= {"stream": True, "timeout": TIMEOUT_S}
        try:
            try:
                response = super().send(request, **options)
            except requests.ConnectionError as error:
                if isinstance(error, requests.exceptions.SSLError | requests.Timeout):
                    raise
                if time.monotonic() >= deadline:
                    raise _TooSlow from None
                response = super().send(request, **options)  # A connection that was kept open had ended.
            content = _read(response, deadline)
        except requests.RequestException as error:
            self.answer = Answer(Verdict.LATER, _words(error))
            raise _GivenUp from None
        self.answer = _answer(response, content)
        if self.answer.verdict is not Verdict.TAKEN:
            raise _GivenUp
        return response


def _words(error: requests.RequestException) -> str:
    """Why there is no answer."""
    for kind, words in (
        (_TooSlow, f"answered too slowly: not done in {TIMEOUT_S:g} s"),
        (requests.Timeout, f"no answer in {TIMEOUT_S:g} s"),
        (requests.exceptions.SSLError, "its certificate is not accepted, or it does not speak TLS"),
        (requests.ConnectionError, "cannot be reached"),
        ((requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema), "is not a valid address"),
    ):
        if isinstance(error, kind):
            return words
    return "broke off its answer"


def _read(response: requests.Response, deadline: float) -> bytes:
    content = b""
    # Byte by byte: a larger piece is waited for until it is whole. An answer has some 20 bytes.
    for byte in response.iter_content(1):
        content += byte
        if time.monotonic() > deadline:
            response.close()
            raise _TooSlow
        if len(content) > MOST_ANSWER_BYTES:
            response.close()
            return b"<"  # No collector writes so much.
    return content


def _answer(response: requests.Response, content: bytes) -> Answer:
    status = response.status_code
    words = f"{status} {responses.get(status, '')}".rstrip()
    if status in AGAIN:
        return Answer(Verdict.LATER, words, _seconds(response.headers.get("Retry-After", "")))
    if not 200 <= status < 300:
        return Answer(Verdict.REFUSED, words)
    rejected = _rejected(content)
    if rejected is None:
        return Answer(Verdict.REFUSED, f"{status}, not a collector's answer")
    return Answer(Verdict.TAKEN, rejected=rejected)


def _seconds(text: str) -> float | None:
    """Of Retry-After, where it is a number of seconds; a date in it needs two clocks that agree."""
    return float(text) if text.strip().isdecimal() else None


def _rejected(content: bytes) -> int | None:
    """Spans or data points that were not taken; None for an answer that no collector gives.

    Traces and metrics have answers of one form; some servers write them as JSON, or none at all.
    """
    if content.strip() in (b"", b"{}"):
        return 0
    try:
        answer = ExportTraceServiceResponse.FromString(content)
    except DecodeError:
        return _rejected_by_json(content)
    rejected: int = answer.partial_success.rejected_spans
    return rejected


def _rejected_by_json(content: bytes) -> int | None:
    answer = decode_json(content)
    partial = answer.get("partialSuccess") if isinstance(answer, dict) else None
    if not isinstance(partial, dict):
        return None
    number = partial.get("rejectedSpans", partial.get("rejectedDataPoints", 0))
    text = str(number)  # A number of 64 bits is a text in JSON.
    return whole_number(text) or 0 if text.isdecimal() else 0


class _GivenIds(IdGenerator):
    """The ids of the next span."""

    trace_id = span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _Collected(SpanProcessor):
    """The spans that have ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class Sender:
    """Sends traces, and counts and sends metrics; from one thread."""

    def __init__(self, endpoint: str, samples_of_now: Callable[[], Iterable[Sample]]) -> None:
        """``endpoint``: of the collector, as written. ``samples_of_now``: asked when metrics are sent."""
        # Of each process its own: counters of two processes are never taken for one.
        own = {"service.name": names.SERVICE_NAME, "service.version": __version__, "service.instance.id": _new_id()}
        resource = Resource.create(own)
        self._session = _Session()
        self._ids, self._collected = _GivenIds(), _Collected()
        traces = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )  # fmt: skip
        traces.add_span_processor(self._collected)
        self._tracer = traces.get_tracer(names.SCOPE, __version__)
        traces_url, metrics_url = signal_url(endpoint, "traces"), signal_url(endpoint, "metrics")
        self._spans: SpanExporter = OTLPSpanExporter(traces_url, timeout=TIMEOUT_S, session=self._session)
        self._reader = InMemoryMetricReader()
        meter = MeterProvider([self._reader], resource, shutdown_on_exit=False).get_meter(names.SCOPE, __version__)
        self._metrics = OTLPMetricExporter(metrics_url, timeout=TIMEOUT_S, session=self._session)
        self._instruments: dict[Metric, Counter | Histogram] = {}
        self._empty: dict[Metric, list[Labels]] = {}
        self._began_ns = time.time_ns()
        for metric in names.OF_TURNS:
            make = meter.create_counter if metric.kind == "counter" else meter.create_histogram
            options = {"explicit_bucket_boundaries_advisory": metric.buckets} if metric.buckets else {}
            self._instruments[metric] = make(metric.otlp, metric.unit, metric.help, **options)
        for metric in names.OF_NOW:
            meter.create_observable_gauge(metric.otlp, [_observer(metric, samples_of_now)], metric.unit, metric.help)

    def send(self, traces: Sequence[TurnTrace]) -> Answer:
        """Send traces; blocks for at most about ``TIMEOUT_S``."""
        self._collected.spans = []
        for trace in traces:
            for span in trace.spans:
                self._make(int(trace.trace_id, 16), span)
        self._session.answer = NOT_SENT
        self._spans.export(self._collected.spans)
        return self._session.answer

    def _make(self, trace_id: int, span: SpanValue) -> None:
        self._ids.trace_id, self._ids.span_id = trace_id, int(span.span_id, 16)
        parent = Context()
        if span.parent_id:
            flags = TraceFlags(TraceFlags.SAMPLED)
            place = SpanContext(trace_id, int(span.parent_id, 16), is_remote=False, trace_flags=flags)
            parent = set_span_in_context(NonRecordingSpan(place), parent)
        kind = SpanKind.CLIENT if span.is_client else SpanKind.INTERNAL
        made = self._tracer.start_span(span.name, parent, kind, dict(span.attributes), start_time=span.start_ns)
        if span.failed:
            made.set_status(StatusCode.ERROR)
        made.end(span.end_ns)

    def begin(self, zeros: Iterable[Sample], empty: Iterable[tuple[Metric, Labels]]) -> None:
        """Send these counters and histograms from the start, before they have a value."""
        self.add(zeros)
        for metric, labels in empty:
            self._empty.setdefault(metric, []).append(labels)

    def add(self, samples: Iterable[Sample]) -> None:
        """Add to counters and histograms."""
        for metric, value, labels in samples:
            instrument = self._instruments[metric]
            if isinstance(instrument, Histogram):
                instrument.record(value, dict(labels))
            else:
                instrument.add(value, dict(labels))

    def send_metrics(self) -> Answer:
        """Send all metrics as they are now."""
        data = self._reader.get_metrics_data()
        if data is None:
            return Answer(Verdict.TAKEN)
        self._session.answer = NOT_SENT
        self._metrics.export(self._with_empty(data))
        return self._session.answer

    def _with_empty(self, data: MetricsData) -> MetricsData:
        """With a point of no value for each histogram that begins without one: the SDK makes none."""
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        by_name = {one.name: one for one in scope.metrics}
        for metric, every in self._empty.items():
            known = by_name.get(metric.otlp)
            points = list(known.data.data_points) if known and isinstance(known.data, HistogramPoints) else []
            seen = [dict(point.attributes or {}) for point in points]
            missing = [dict(labels) for labels in every if dict(labels) not in seen]
            points += [_empty_point(metric, labels, self._began_ns) for labels in missing]
            histogram = HistogramPoints(points, AggregationTemporality.CUMULATIVE)
            by_name[metric.otlp] = MetricPoints(metric.otlp, metric.help, metric.unit, histogram)
        scopes = [replace(scope, metrics=list(by_name.values()))]
        return replace(data, resource_metrics=[replace(resource, scope_metrics=scopes)])


def _empty_point(metric: Metric, labels: dict[str, str], began_ns: int) -> HistogramPoint:
    counts = [0] * (len(metric.buckets) + 1)
    return HistogramPoint(labels, began_ns, time.time_ns(), 0, 0.0, counts, metric.buckets, 0.0, 0.0)


def _new_id() -> str:
    return str(uuid.uuid4())


def _observer(
    metric: Metric, samples_of_now: Callable[[], Iterable[Sample]]
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(one.value, dict(one.labels)) for one in samples_of_now() if one.metric is metric]

    return observe
