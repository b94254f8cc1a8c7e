"""Prometheus' text format 0.0.4, by hand: its client library takes 143 ms to import, for these 60 lines.

``promtool check metrics`` is the test of it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from timmy_tui.telemetry.published_names import Metric
from timmy_tui.telemetry.samples import Labels, Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_SERIES = 1000
"""Of one metric: label values come from logs, and a server keeps every one that it ever saw."""


class _Histogram:
    def __init__(self, buckets: Sequence[float]) -> None:
        self.counts = [0] * (len(buckets) + 1)
        """Values of each bucket alone; the last one is above all bounds."""
        self.sum = 0.0


class Series:
    """Counters and histograms of one process, from 0 at its start."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        """``metrics``: all that will be added to; those without a name in Prometheus are left out."""
        self._counters: dict[Metric, dict[Labels, float]] = {}
        self._histograms: dict[Metric, dict[Labels, _Histogram]] = {}
        for metric in metrics:
            if metric.prometheus and metric.kind == "counter":
                self._counters[metric] = {}
            elif metric.prometheus and metric.kind == "histogram":
                self._histograms[metric] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        """Add values; what is of another metric is ignored."""
        for metric, value, labels in samples:
            if metric in self._counters:
                counters = self._counters[metric]
                if labels in counters or len(counters) < MOST_SERIES:
                    counters[labels] = counters.get(labels, 0) + value
            elif metric in self._histograms:
                histograms = self._histograms[metric]
                if labels not in histograms and len(histograms) < MOST_SERIES:
                    histograms[labels] = _Histogram(metric.buckets)
                if labels in histograms:
                    histograms[labels].counts[bisect_left(metric.buckets, value)] += 1
                    histograms[labels].sum += value

    def begin(self, metric: Metric, labels: Labels) -> None:
        """Show a histogram that has no value yet."""
        self._histograms[metric].setdefault(labels, _Histogram(metric.buckets))

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        for metric, counters in self._counters.items():
            yield from _head(metric)
            for labels, value in counters.items():
                yield f"{metric.prometheus}{_braces(labels)} {_number(value)}"
        for metric, histograms in self._histograms.items():
            yield from _head(metric)
            for labels, histogram in histograms.items():
                yield from _histogram_lines(metric, labels, histogram)


def gauge_lines(metrics: Iterable[Metric], samples: Iterable[Sample]) -> Iterator[str]:
    """The lines of what holds now. ``metrics``: those that get a head also without a value."""
    by_metric: dict[Metric, list[Sample]] = {metric: [] for metric in metrics}
    for sample in samples:
        by_metric.setdefault(sample.metric, []).append(sample)
    for metric, values in by_metric.items():
        yield from _head(metric)
        for _, value, labels in values[:MOST_SERIES]:
            yield f"{metric.prometheus}{_braces(labels)} {_number(value)}"


def _head(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.prometheus} {metric.help}"
    yield f"# TYPE {metric.prometheus} {metric.kind}"


def _histogram_lines(metric: Metric, labels: Labels, histogram: _Histogram) -> Iterator[str]:
    name, total = metric.prometheus, 0
    for bound, count in zip((*metric.buckets, float("inf")), histogram.counts, strict=True):
        total += count
        yield f"{name}_bucket{_braces((*labels, ('le', _number(bound))))} {total}"
    yield f"{name}_sum{_braces(labels)} {_number(histogram.sum)}"
    yield f"{name}_count{_braces(labels)} {total}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(round(float(value), 9))


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
