"""The same logs give the same figures, whichever of them is read first, and in whatever pieces."""

import json
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


class Arrivals:
    """Pieces of both logs, in the order in which their threads read them: one more with each look of the pipeline."""

    def __init__(self, parts: Sequence[tuple[LogKind, Sequence[bytes]]]) -> None:
        self.to_come = [(kind, TailBatch(list(lines), restarted=False, offset=0, end=0)) for kind, lines in parts]
        self.waiting: dict[LogKind, list[TailBatch]] = {"latency": [], "v34": []}

    def feeds(self) -> list["OrderedFeed"]:
        return [OrderedFeed(kind, self) for kind in self.waiting]


class OrderedFeed(FeedOfBatches):
    """A log that hands over what has been read of it."""

    def __init__(self, kind: LogKind, arrivals: Arrivals) -> None:
        super().__init__(kind=kind)
        self._arrivals = arrivals

    @property
    def opened(self) -> bool:
        return all(kind != self.kind for kind, _ in self._arrivals.to_come)

    def start(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        notify()

    def drain(self) -> list[TailBatch]:
        if self.kind == "latency" and self._arrivals.to_come:
            kind, batch = self._arrivals.to_come.pop(0)
            self._arrivals.waiting[kind].append(batch)
            self._notify()
        taken, self._arrivals.waiting[self.kind] = self._arrivals.waiting[self.kind], []
        return taken


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
    source = LiveSource(Pipeline(Settings(), Arrivals(parts).feeds(), analyzer=make_analyzer()))
    watcher = Watcher()
    source.start(watcher.publish)
    try:
        return watcher.wait(lambda shown: shown.opened and shown.judgement is not None)
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
    latency, v34 = conversation(seed)
    seen = {name: figures(read(parts)) for name, parts in orders(latency, v34).items()}
    first, *others = seen.values()
    assert first[0] and all(other == first for other in others), [name for name in seen if seen[name] != first]


def test_turns_stand_in_their_order_though_the_log_that_v34_began_anew_is_read_first() -> None:
    """It begins it at each start, and the latency log goes on: the turns before stood behind all of its turns."""
    latency, v34 = conversation(4)
    begun = [at for at, line in enumerate(v34) if b"wsgi starting up" in line]
    anew = v34[begun[-1] :]
    assert len(begun) > 1 and len(anew) < len(v34) / 2
    heard = [*dict.fromkeys(json.loads(line)["request_id"] for line in latency if b'"stt_transcript_final' in line)]
    for name, parts in orders(latency, anew).items():
        shown = read(parts).turns
        assert [turn.request_id for turn in shown if turn.request_id] == heard, name
        assert [turn.session for turn in shown] == sorted(turn.session for turn in shown), name


def conversation(seed: int) -> list[list[bytes]]:
    """The lines of both logs."""
    logs = generate_logs(ConversationPlan(TURNS, seed=seed, session_turns=16))
    return [[line.encode("utf-8", "surrogateescape") for line in lines] for lines in (logs.latency, logs.v34)]


def test_a_snapshot_says_when_what_every_log_held_is_in_it() -> None:
    """``flip`` asked for the value that runs when the latency log alone had been read, which does not tell it."""
    latency, v34 = conversation(3)
    parts = orders(latency, v34)["v34 in pieces, late"]
    source = LiveSource(Pipeline(Settings(), Arrivals(parts).feeds()))
    watcher = Watcher()
    source.start(watcher.publish)
    try:
        watcher.wait(lambda shown: shown.opened)
    finally:
        source.stop()
    assert any(one.turns and not one.opened for one in watcher.all), "turns are there before"
    told = [[turn.prompt_tokens is not None for turn in one.turns] for one in watcher.all if one.opened]
    assert told and all(sum(one) == sum(told[-1]) > TURNS // 2 for one in told)
