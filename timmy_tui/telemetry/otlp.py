"""Sends every finished turn to a collector of OpenTelemetry, from a thread of its own; the SDK is imported there.

A turn goes out once it has settled, and again with the same ids when it was revised. A batch that nobody takes waits,
with pauses of 1 s to 60 s or as the server says; at most 2,000 turns do. One that is refused is dropped and
counted: it would be refused again. What was not sent goes out at a later start, as long as the logs have it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from timmy_tui.core.addresses import mask_url
from timmy_tui.core.formatting import plural
from timmy_tui.core.threads import guarded_thread
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.telemetry.answer import Answer, Verdict
from timmy_tui.telemetry.attributes import TurnContext
from timmy_tui.telemetry.identity import TurnKey, key_of
from timmy_tui.telemetry.new_turns import NewTurn, NewTurns
from timmy_tui.telemetry.samples import samples_of_now, samples_of_turn
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


class OtlpOptions(NamedTuple):
    """What the settings say."""

    endpoint: str
    """Of the collector, without ``/v1/…``."""
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
        self._rejected = 0
        """Spans that it did not take of turns that it took."""
        self._pause_s = 0.0
        self._not_before = self._metrics_due = 0.0
        """time.monotonic()."""
        self._counted = False
        """There are new figures since the metrics were sent."""
        self._metrics_refused = ""

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
        if self._pause_s and self._sender is not None:
            self._sender.close()  # It repeats a batch that nobody takes.
        if self._thread is not None:
            self._thread.join(max(until - time.monotonic(), 0.0))

    def _run(self) -> None:
        if not is_installed():
            self._show(SourceCondition.ERROR, "not installed")
            self._notify(MISSING)
            return
        while not self._told.hold():
            self._show(SourceCondition.WAITING, "another timmy-tui sends the turns of this Timmy")
            if self._stopping.wait(AGAIN_S):
                return
        while not self._stopping.wait(TICK_S):
            if time.monotonic() >= self._not_before:
                self._step()
        if not self._pause_s:
            self._step(unsettled=True)
            self._send_metrics(time.monotonic())
        self._told.release()

    def _step(self, unsettled: bool = False) -> None:
        """Send a batch of turns, and the metrics when they are due."""
        # Behind a batch that nobody took, one turn shows whether the collector is back: 64 cost 0.1 s to write again.
        new = self._turns.take(unsettled, 1 if self._pause_s else BATCH)
        if new:
            try:
                self._send(new)
            except BaseException:
                self._turns.put_back(new)
                raise
        now = time.monotonic()
        if now >= self._metrics_due and not self._pause_s:
            self._metrics_due = now + METRICS_S
            self._send_metrics(now)

    def _send(self, new: Sequence[NewTurn]) -> None:
        outgoing = [_Outgoing(one, self._told.known(key_of(one.turn, self._root))) for one in new]
        self._count(outgoing)
        outgoing = [out for out in outgoing if out.one.is_revision or not self._told.has("t", out.key)]
        traces = [trace for out in outgoing if (trace := self._trace(out)) is not None]
        if not traces:
            return
        answer = self._open().send(traces)
        if answer.verdict is Verdict.TAKEN:
            self._told.add("t", [out.key for out in outgoing])
            self._pause_s = 0.0
            self._rejected += answer.rejected
        elif answer.verdict is Verdict.LATER:
            self._turns.put_back([out.one for out in outgoing])
            self._wait(answer)
        else:
            self._refused += len(traces)
        self._show_answer(answer)

    def _trace(self, out: _Outgoing) -> TurnTrace | None:
        arrived = None if out.one.is_old else out.one.arrived
        context = TurnContext(out.one.reuse, arrived, self._server(), self._options.text)
        return trace_of(out.one.turn, out.key.trace_id, context)

    def _count(self, outgoing: Sequence[_Outgoing]) -> None:
        """Each turn once, whatever becomes of its trace; not those that were over before the start."""
        if not self._options.metrics:
            return
        for one, key in outgoing:
            if not (one.is_old or one.is_revision or self._told.has("c", key)):
                self._told.add("c", [key])
                self._open().add(samples_of_turn(one.turn, one.reuse))
                self._counted = True

    def _send_metrics(self, now: float) -> None:
        if not self._counted or self._sender is None or self._metrics_refused:
            return
        answer = self._sender.send_metrics()
        if answer.verdict is Verdict.TAKEN:
            self._counted = False
        elif answer.verdict is Verdict.REFUSED:
            self._metrics_refused = f"metrics: {answer.words}"
            if self._state.condition is SourceCondition.OK:
                self._show_answer(Answer(Verdict.TAKEN))

    def _open(self) -> "Sender":
        if self._sender is None:
            from timmy_tui.telemetry.otlp_sdk import Sender

            self._sender = Sender(self._options.endpoint, lambda: samples_of_now(self._snapshot))
        return self._sender

    def _server(self) -> tuple[str, int] | None:
        facts = self._snapshot.llm.facts if self._snapshot.llm is not None else None
        if facts is None:
            return None
        parts = urlsplit(facts.url)
        return (parts.hostname, parts.port or 80) if parts.hostname else None

    def _wait(self, answer: Answer) -> None:
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._not_before = time.monotonic() + max(answer.retry_after_s or 0.0, self._pause_s)

    def _show_answer(self, answer: Answer) -> None:
        dropped = self._refused + self._turns.dropped
        parts = [answer.words or self._metrics_refused] if answer.words or self._metrics_refused else []
        condition = SourceCondition.ERROR if parts else SourceCondition.OK
        if answer.verdict is Verdict.LATER:
            condition = SourceCondition.DOWN
            place = mask_url(self._options.endpoint).partition("://")[2]
            parts = [f"{place} {answer.words}", f"{plural(self._turns.waiting, 'turn')} wait"]
        if dropped:
            parts.append(f"{plural(dropped, 'turn')} dropped")
        if self._rejected:
            parts.append(f"{plural(self._rejected, 'span')} refused")
        self._show(condition, ", ".join(parts))

    def _show(self, condition: SourceCondition, detail: str) -> None:
        if (condition, detail) != (self._state.condition, self._state.detail):
            same = condition is self._state.condition
            since = self._state.since if same else time.time()
            self._state = SourceState(NAME, condition, detail, since)


def is_installed() -> bool:
    """The extra is there. Imports nothing of it but empty packages."""
    try:
        found = [find_spec(name) for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")]
    except ModuleNotFoundError:
        return False
    return None not in found
