"""Sends every finished turn to a collector of OpenTelemetry, from a thread of its own; the SDK is imported there.

A turn goes out once it has settled, and again with the same ids when it was revised. A batch that nobody takes waits,
with pauses of 1 s to 60 s or as the server says; at most 2,000 turns do. One that is refused is dropped and
counted: it would be refused again. What was not sent goes out at a later start, as long as the newest turns of the logs
have it, or with ``timmy-tui export --otlp``, which sends what the history has.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from timmy_tui.core.foreign.addresses import mask_url
from timmy_tui.core.formatting import plural
from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.telemetry.answer import Answer, Verdict
from timmy_tui.telemetry.attributes import TurnContext
from timmy_tui.telemetry.identity import TurnKey
from timmy_tui.telemetry.new_turns import NewTurn, NewTurns
from timmy_tui.telemetry.samples import empty_histograms, samples_of_now, samples_of_turn, zero_counts
from timmy_tui.telemetry.spans import TurnTrace, trace_of
from timmy_tui.telemetry.told_turns import ToldTurns

if TYPE_CHECKING:
    from timmy_tui.telemetry.otlp_sdk import Sender

NAME = "otel"
MISSING = "OpenTelemetry is not installed: pip install 'timmy-tui[otel]'"
TICK_S = 0.5
BATCH = 64
"""Most turns of one request, some 20 spans each."""
AGAIN_S = 3.0
"""After so long a Timmy whose turns another process sends is tried again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
METRICS_S = 15.0
"""Between two sendings of the metrics."""
REFUSED_METRICS_S = 300.0
"""The same behind one that was refused: the server may be another one by then."""
DISABLED = "OTEL_SDK_DISABLED"


class OtlpOptions(NamedTuple):
    """What the settings say."""

    endpoint: str
    """Of the collector, as written."""
    traces: bool = True
    metrics: bool = True
    text: bool = False


class _Outgoing(NamedTuple):
    one: NewTurn
    key: TurnKey


class OtlpExporter:
    """An observer of snapshots."""

    def __init__(
        self,
        options: OtlpOptions,
        told: ToldTurns,
        root: str,
        notify: Callable[[str], None],
        turns: NewTurns | None = None,
    ) -> None:
        """``told``: who of several processes sends, and what was sent. ``root``: of the Timmy. ``notify`` gets messages
        for the user.
        """
        self._options, self._told, self._root, self._notify = options, told, root, notify
        self._turns = turns or NewTurns()
        self._snapshot = Snapshot()
        self._sender: Sender | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = SourceState(NAME, SourceCondition.WAITING, "no turn yet", time.time())
        self._refused = 0
        """Turns that the collector did not take."""
        self._rejected = {"span": 0, "data point": 0}
        """What it did not take of a request that it took."""
        self._pause_s = 0.0
        self._not_before = self._metrics_due = 0.0
        """time.monotonic()."""
        self._said: dict[str, Answer] = {}
        """What was said last, of ``traces`` and ``metrics``."""

    @property
    def state(self) -> SourceState:
        """``ok`` once a batch was taken; how many turns were dropped, and why."""
        return self._state

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread = guarded_thread(NAME, self._run, self._stopping)
        self._thread.start()

    def observe(self, snapshot: Snapshot) -> None:
        """Take a snapshot."""
        self._snapshot = snapshot
        self._turns.observe(snapshot)

    def stop(self, until: float) -> None:
        """Send what is known by now, unless the collector does not answer."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(max(until - time.monotonic(), 0.0))

    def _run(self) -> None:
        if not is_installed():
            self._show(SourceCondition.ERROR, "not installed")
            self._notify(MISSING)
            return
        if is_disabled():
            self._show(SourceCondition.ERROR, f"{DISABLED} is set")
            return
        while not self._told.hold():
            self._show(SourceCondition.WAITING, "another timmy-tui sends the turns of this Timmy")
            if self._stopping.wait(AGAIN_S):
                return
        while not self._stopping.wait(TICK_S):
            if time.monotonic() >= self._not_before:
                self._step(self._open())
        if not self._pause_s and (self._sender is not None or self._turns.waiting):
            sender = self._open()
            self._step(sender, unsettled=True)
            if self._options.metrics:
                self._send_metrics(sender)
        self._told.release()

    def _step(self, sender: "Sender", unsettled: bool = False) -> None:
        """Send the metrics when they are due, first of all zeros, and a batch of turns."""
        if self._options.metrics and time.monotonic() >= self._metrics_due and not self._pause_s:
            self._send_metrics(sender)
        # Behind a batch that nobody took, one turn shows whether the collector is back: 64 cost 0.1 s to write again.
        while new := self._turns.take(unsettled, 1 if self._pause_s else BATCH):
            try:
                if self._send(sender, new):
                    break
            except BaseException:
                self._turns.put_back(new)
                raise

    def _send(self, sender: "Sender", new: Sequence[NewTurn]) -> bool:
        """Send what was not sent. False if that was all of it."""
        outgoing = [_Outgoing(one, self._told.key(one.turn, self._root)) for one in new]
        if self._options.metrics:
            self._count(sender, outgoing)
        if not self._options.traces:
            return False
        outgoing = [out for out in outgoing if out.one.is_revision or not self._told.has("t", out.key)]
        traces = [trace for out in outgoing if (trace := self._trace(out)) is not None]
        if not traces:
            return False
        answer = sender.send(traces)
        if answer.verdict is Verdict.LATER:
            self._turns.put_back([out.one for out in outgoing])
            self._wait(answer)
        else:
            self._pause_s = 0.0
        if answer.verdict is Verdict.TAKEN:
            # The debug log may still tell of one that has not settled: the next start sends it again, whole.
            self._told.add("t", [out.key for out in outgoing if out.one.is_settled])
            self._rejected["span"] += answer.rejected
            if self._said.get("metrics", answer).verdict is Verdict.LATER:
                self._metrics_due = 0.0
        elif answer.verdict is Verdict.REFUSED:
            self._refused += len(traces)
        self._show_answer("traces", answer)
        return True

    def _trace(self, out: _Outgoing) -> TurnTrace | None:
        arrived = None if out.one.is_old else out.one.arrived
        context = TurnContext(out.one.reuse, arrived, self._server(), self._options.text)
        return trace_of(out.one.turn, out.key.trace_id, context)

    def _count(self, sender: "Sender", outgoing: Sequence[_Outgoing]) -> None:
        """Each turn once, whatever becomes of its trace; not those that were over before the start."""
        for one, key in outgoing:
            if one.is_settled and not (one.is_old or one.is_revision or self._told.has("c", key)):
                self._told.add("c", [key])
                sender.add(samples_of_turn(one.turn, one.reuse))

    def _send_metrics(self, sender: "Sender") -> None:
        """All metrics as they are now, also in an hour without a turn: a value that stays away is gone for a server."""
        answer = sender.send_metrics()
        pause_s = {Verdict.TAKEN: METRICS_S, Verdict.LATER: METRICS_S, Verdict.REFUSED: REFUSED_METRICS_S}
        self._metrics_due = time.monotonic() + max(pause_s[answer.verdict], answer.retry_after_s or 0.0)
        self._rejected["data point"] += answer.rejected
        self._show_answer("metrics", answer)

    def _open(self) -> "Sender":
        if self._sender is None:
            from timmy_tui.telemetry.otlp_sdk import Sender

            self._sender = Sender(self._options.endpoint, lambda: samples_of_now(self._snapshot))
            if self._options.metrics:
                self._sender.begin(zero_counts(), empty_histograms())
        return self._sender

    def _server(self) -> tuple[str, int] | None:
        facts = self._snapshot.llm.facts if self._snapshot.llm is not None else None
        if facts is None:
            return None
        parts = urlsplit(facts.url)
        usual = 443 if parts.scheme == "https" else 80
        return (parts.hostname, parts.port or usual) if parts.hostname else None

    def _wait(self, answer: Answer) -> None:
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._not_before = time.monotonic() + max(answer.retry_after_s or 0.0, self._pause_s)

    def _show_answer(self, signal: str, answer: Answer) -> None:
        """What is wrong with traces, else with metrics; ahead of it what was lost, which no narrow screen may cut."""
        self._said[signal] = answer
        parts = self._losses()
        condition = SourceCondition.OK
        for prefix, worst in (("", self._said.get("traces")), ("metrics: ", self._said.get("metrics"))):
            if worst is not None and worst.verdict is not Verdict.TAKEN:
                is_later = worst.verdict is Verdict.LATER
                condition = SourceCondition.DOWN if is_later else SourceCondition.ERROR
                place = f" ({mask_url(self._options.endpoint).rpartition('://')[2]})" if is_later else ""
                parts.append(f"{prefix}{worst.words}{place}")
                break
        if condition is SourceCondition.OK and self._told.problem:
            parts.append(self._told.problem)
        self._show(condition, ", ".join(parts))

    def _losses(self) -> list[str]:
        waiting = f"{plural(self._turns.waiting, 'turn')} waiting" if self._pause_s else ""
        dropped = self._refused + self._turns.dropped
        lost = [waiting, f"{plural(dropped, 'turn')} dropped" if dropped else ""]
        lost += [f"{plural(number, kind)} refused" if number else "" for kind, number in self._rejected.items()]
        return [words for words in lost if words]

    def _show(self, condition: SourceCondition, detail: str) -> None:
        if (condition, detail) != (self._state.condition, self._state.detail):
            same = condition is self._state.condition
            since = self._state.since if same else time.time()
            notable = condition is SourceCondition.OK and bool(detail)
            self._state = SourceState(NAME, condition, detail, since, notable=notable)


def is_disabled() -> bool:
    """The SDK's own switch: with it a request would be empty, and every turn of it taken."""
    return os.environ.get(DISABLED, "").strip().lower() == "true"


def is_installed() -> bool:
    """The extra is there. Imports nothing of it but empty packages."""
    try:
        found = [find_spec(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")]
    except ModuleNotFoundError:
        return False
    return None not in found
