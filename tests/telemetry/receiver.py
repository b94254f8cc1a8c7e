"""A collector of OpenTelemetry for tests: decodes what comes by OTLP, and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

WAIT_S = 20.0


@dataclass
class Reply:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/x-protobuf"})


@dataclass
class SeenSpan:
    """A span as it arrived."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    failed: bool
    attributes: dict[str, Any]

    @property
    def length_ns(self) -> int:
        return self.end_ns - self.start_ns


def plain(value: Any) -> Any:
    """The value of an AnyValue."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind)


def plain_attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: plain(pair.value) for pair in pairs}


class Receiver:
    """Everything that came, and what is answered."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        """To the next requests for traces, in order; behind them each is taken."""
        self.metric_replies: list[Reply] = []
        """The same for metrics."""
        self.paths: list[str] = []
        self.slow = threading.Event()
        """While it is set, a request waits for ``go_on``."""
        self.go_on = threading.Event()
        self.asked = threading.Event()
        """A request has come."""
        self.bodies: list[bytes] = []
        self.batches: list[list[SeenSpan]] = []
        """Of each request for traces, also those that were not taken."""
        self.taken: list[SeenSpan] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.resources: list[dict[str, Any]] = []
        self.content_types: set[str] = set()
        self.port = 0
        self._changed = threading.Condition()

    def wait(self, fits: Callable[["Receiver"], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: fits(self), WAIT_S), (len(self.batches), len(self.taken))

    def traces(self) -> dict[str, list[SeenSpan]]:
        """The spans that were taken, of the newest copy of each, by trace."""
        newest = {span.span_id: span for span in self.taken}
        found: dict[str, list[SeenSpan]] = {}
        for span in newest.values():
            found.setdefault(span.trace_id, []).append(span)
        return found

    def newest_metrics(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """Attributes and data point of each metric, as it was sent last."""
        return self.metrics_of(-1)

    def metrics_of(self, sending: int) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        found: dict[str, list[tuple[dict[str, Any], Any]]] = {}
        for resource in self.metrics[sending].resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    points = getattr(metric, metric.WhichOneof("data")).data_points
                    found[metric.name] = [(plain_attributes(point.attributes), point) for point in points]
        return found

    def take(self, path: str, content_type: str, body: bytes) -> Reply:
        self.asked.set()
        if self.slow.is_set():
            self.go_on.wait(WAIT_S)
        with self._changed:
            self.bodies.append(body)
            self.paths.append(path)
            self.content_types.add(content_type)
            reply = self._traces(body) if path.endswith("/v1/traces") else self._metrics(body)
            self._changed.notify_all()
        return reply

    def _traces(self, body: bytes) -> Reply:
        request = ExportTraceServiceRequest.FromString(body)
        spans = []
        for resource in request.resource_spans:
            self.resources.append(plain_attributes(resource.resource.attributes))
            spans += [seen(span) for scope in resource.scope_spans for span in scope.spans]
        self.batches.append(spans)
        reply = self.replies.pop(0) if self.replies else Reply()
        if reply.status == 200 and not reply.body.startswith(b"<"):
            self.taken += spans
        return reply

    def _metrics(self, body: bytes) -> Reply:
        reply = self.metric_replies.pop(0) if self.metric_replies else Reply()
        if reply.status == 200:
            self.metrics.append(ExportMetricsServiceRequest.FromString(body))
        return reply


def seen(span: Any) -> SeenSpan:
    return SeenSpan(
        span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name, span.kind,
        span.start_time_unix_nano, span.end_time_unix_nano, span.status.code == 2, plain_attributes(span.attributes),
    )  # fmt: skip


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver on a loopback port, until the end."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = receiver.take(self.path, self.headers["Content-Type"], body)
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", port), Handler) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.go_on.set()
            server.shutdown()
            thread.join()
