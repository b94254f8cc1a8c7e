"""The same logs give the same figures, whichever of them is read first, and in whatever pieces."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.pipeline.feeds import FeedOfBatches
from tests.pipeline.watcher import Watcher
from timmy_tui.bootstrap.wiring import make_analyzer
from timmy_tui.core.settings import Settings
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.sources.files.tail import TailBatch

TURNS = 45


class OrderedFeed(FeedOfBatches):
    """A log that hands over its pieces when it is its turn: the two share one order."""

    def __init__(self, kind: LogKind, order: list[tuple[LogKind, TailBatch]]) -> None:
        super().__init__(kind=kind)
        self._order = order

    @property
    def opened(self) -> bool:
        return all(kind != self.kind for kind, _ in self._order)

    def start(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        notify()

    def drain(self) -> list[TailBatch]:
        if not self._order or self._order[0][0] != self.kind:
            return []
        self._notify()
        return [self._order.pop(0)[1]]


Part = tuple[LogKind, Sequence[bytes]]


def pieces(lines: Sequence[bytes], count: int) -> Iterator[Sequence[bytes]]:
    for at in range(count):
        yield lines[len(lines) * at // count : len(lines) * (at + 1) // count]


def orders(latency: Sequence[bytes], v34: Sequence[bytes]) -> dict[str, list[Part]]:
    turn_by_turn = [
        part
        for a, b in zip(pieces(latency, TURNS), pieces(v34, TURNS), strict=True)
        for part in (("latency", a), ("v34", b))
    ]
    return {
        "latency first": [("latency", latency), ("v34", v34)],
        "v34 first": [("v34", v34), ("latency", latency)],
        "turn by turn": turn_by_turn,
        "v34 in pieces, late": [("latency", latency), *(("v34", part) for part in pieces(v34, 7))],
    }


def read(parts: list[Part]) -> Snapshot:
    batches = [(kind, TailBatch(list(lines), restarted=False, offset=0, end=0)) for kind, lines in parts]
    feeds = [OrderedFeed("latency", batches), OrderedFeed("v34", batches)]
    source = LiveSource(Pipeline(Settings(), feeds, analyzer=make_analyzer()))
    watcher = Watcher()
    source.start(watcher.publish)
    try:
        return watcher.wait(lambda shown: shown.judgement is not None and len(shown.judgement.diagnoses) >= TURNS)
    finally:
        source.stop()


def figures(shown: Snapshot) -> list[object]:
    assert shown.judgement is not None and shown.judgement.ratios is not None
    ids = {turn.ordinal: turn.request_id for turn in shown.turns}
    diagnosed = [(ids[one.ordinal], one.excess_ms, one.sentence) for one in shown.judgement.diagnoses]
    found = [(one.stage, one.ratio, one.n) for one in shown.judgement.findings]
    ratios = [(ids[one.ordinal], one.logs) for one in shown.judgement.ratios.turns]
    return [diagnosed, found, ratios, shown.judgement.ratios.usual, [turn.request_id for turn in shown.turns]]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_logs_are_read_at_the_start_changes_no_figure(seed: int) -> None:
    """The newest turn was 7 ms under its usual at one start, and 98 ms over it at the next."""
    logs = generate_logs(ConversationPlan(TURNS, seed=seed))
    latency, v34 = ([line.encode("utf-8", "surrogateescape") for line in lines] for lines in (logs.latency, logs.v34))
    seen = {name: figures(read(parts)) for name, parts in orders(latency, v34).items()}
    first, *others = seen.values()
    assert first[0] and all(other == first for other in others), [name for name in seen if seen[name] != first]


def test_a_snapshot_says_when_what_every_log_held_is_in_it() -> None:
    """``flip`` asked for the value that runs when the latency log alone had been read, which does not tell it."""
    logs = generate_logs(ConversationPlan(TURNS, seed=3))
    latency, v34 = ([line.encode("utf-8", "surrogateescape") for line in lines] for lines in (logs.latency, logs.v34))
    parts = orders(latency, v34)["v34 in pieces, late"]
    batches = [(kind, TailBatch(list(lines), restarted=False, offset=0, end=0)) for kind, lines in parts]
    source = LiveSource(Pipeline(Settings(), [OrderedFeed("latency", batches), OrderedFeed("v34", batches)]))
    watcher = Watcher()
    source.start(watcher.publish)
    try:
        watcher.wait(lambda shown: shown.opened)
    finally:
        source.stop()
    assert any(one.turns and not one.opened for one in watcher.all), "turns are there before"
    told = [[turn.prompt_tokens is not None for turn in one.turns] for one in watcher.all if one.opened]
    assert told and all(sum(one) == sum(told[-1]) > TURNS // 2 for one in told)
