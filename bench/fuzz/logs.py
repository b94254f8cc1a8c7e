"""Fuzzers of the logs: latency, v34, both joined, and Ollama's server log."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis import target

from bench.fuzz.invariants import assert_finite, assert_nothing_raised, assert_printable, assert_reports, assert_turns
from bench.fuzz.texts import Op, Part, conversation, edited, ops, parts
from timmy_tui.bootstrap.wiring import make_analyzer
from timmy_tui.core.settings import Settings, TailSettings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.stages.v34 import PAUSE
from timmy_tui.parse.latency_log import LatencyParser
from timmy_tui.parse.ollama_log import UNREADABLE, OllamaLogParser
from timmy_tui.parse.table import FORMATS
from timmy_tui.parse.v34_log import V34Parser
from timmy_tui.pipeline.read_logs import read_logs
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder
from timmy_tui.report.report_formats import ReportData
from timmy_tui.report.status_line.line import WIDTH, line_values, status_line
from timmy_tui.turns.ingest import Ingest

LIMITS = TailSettings(line_kib=8)
"""A short limit, so that some lines are above it."""
_BEGINNING = b'{"timestamp"'


def latency_inputs() -> st.SearchStrategy[Part]:
    return parts()


def check_latency(part: Part) -> None:
    """Each line gives an event or is counted, in whatever batches it comes; no event is lost, doubled or made up."""
    lines = part.of(conversation(part.conversation).latency)
    parser, single = LatencyParser(), LatencyParser()
    events = parser.feed(lines)
    one_by_one = []
    for line in lines:
        counted = sum(single.unparsed.values()) - single.unparsed["metadata is not an object"]
        found = single.feed([line])
        counted = sum(single.unparsed.values()) - single.unparsed["metadata is not an object"] - counted
        one_by_one += found
        if line:
            assert len(found) + counted >= 1, f"neither read nor counted: {line!r}"
            assert line.find(_BEGINNING, 1) > 0 or len(found) + counted == 1, f"read and counted: {line!r}"
    assert parser.lines == len(lines)
    assert (events, parser.unparsed) == (one_by_one, single.unparsed), "batches change what is read"
    assert_nothing_raised(parser.unparsed)
    ingest = Ingest(60.0)
    turns = ingest.read_once([("latency", lines)])
    assert_turns(turns)
    assert_nothing_raised(ingest.unparsed)
    kept = Counter(id_of(event) for turn in turns for event in turn.events)
    given = Counter(map(id_of, events))
    assert kept <= given, f"made up: {kept - given}"
    asked = {event.request_id for event in events if event.event != PAUSE}
    assert asked <= {turn.request_id for turn in turns}, "an id with more than a pause has no turn"
    target(len(turns) + sum(turn.headline_ms is not None for turn in turns), label="turns of the latency log")


def id_of(event: object) -> str:
    """An event as text, since its metadata cannot be hashed."""
    return repr(event)


class Cut(NamedTuple):
    """A stretch, and where the batches end."""

    part: Part
    batches: list[int]


def v34_inputs() -> st.SearchStrategy[Cut]:
    return st.builds(Cut, parts(300), st.lists(st.integers(1, 80), min_size=1, max_size=6))


def batches_of(lines: Sequence[bytes], sizes: Sequence[int]) -> list[list[bytes]]:
    """The lines in batches of these sizes, again and again."""
    batches: list[list[bytes]] = []
    at = number = 0
    while at < len(lines):
        size = sizes[number % len(sizes)]
        batches.append(list(lines[at : at + size]))
        at, number = at + size, number + 1
    return batches


def check_v34(cut: Cut) -> None:
    """Each line is counted as read; facts do not depend on the batches; figures are finite, texts bounded."""
    lines = cut.part.of(conversation(cut.part.conversation).v34)
    whole, in_batches = V34Parser(), V34Parser()
    facts = whole.feed(lines)
    others = [fact for batch in batches_of(lines, cut.batches) for fact in in_batches.feed(batch)]
    assert facts == others, "batches change what is read"
    assert whole.lines == in_batches.lines == len(lines)
    assert whole.noise == in_batches.noise <= len(lines)
    assert len(facts) <= 2 * len(lines), "more facts than lines can tell"
    assert_nothing_raised(whole.unparsed)
    for fact in facts:
        assert_finite(fact.values, fact.kind)
    ingest = Ingest(60.0)
    turns = ingest.read_once([("v34", lines)])
    assert_turns(turns)
    assert_nothing_raised(ingest.unparsed)
    assert len(turns) <= len(lines)
    target(len({fact.kind for fact in facts}), label="kinds of lines")


class Both(NamedTuple):
    """The same conversation in both logs."""

    latency: Part
    v34: Part
    batches: list[int]
    latency_first: bool


def joined_inputs() -> st.SearchStrategy[Both]:
    return st.builds(Both, parts(250), parts(500), st.lists(st.integers(1, 60), min_size=1, max_size=6), st.booleans())


def check_joined(both: Both) -> None:
    """Read whole, and fed live in turns: every line counted, ledgers exact, nothing shown that a terminal obeys."""
    logs = conversation(both.latency.conversation)
    latency, v34 = both.latency.of(logs.latency), both.v34.of(logs.v34)
    with tempfile.TemporaryDirectory(prefix="timmy-fuzz-", dir=memory_folder()) as folder:
        files = [(Path(folder) / FORMATS[kind].file_name, FORMATS[kind]) for kind in ("latency", "v34")]
        for (path, _), lines in zip(files, (latency, v34), strict=True):
            path.write_bytes(b"".join(line + b"\n" for line in lines))
        reading = read_logs(files, LIMITS)
    for source, lines in zip(reading.sources, (latency, v34), strict=True):
        assert source.lines == len(lines), f"{source.name}: {source.lines} of {len(lines)} lines are accounted for"
        too_long = sum(len(line.replace(b"\0", b"")) > LIMITS.line_kib * 1024 for line in lines)
        assert source.dropped == too_long, f"{source.name}: {source.dropped} of {too_long} too long"
    assert_turns(reading.turns)
    assert_nothing_raised(reading.unparsed)
    data = ReportData(
        turns=reading.turns,
        all_turns=reading.turns,
        sessions=reading.sessions,
        sources=reading.sources,
        unparsed=reading.unparsed,
        listening=reading.listening,
        single=False,
    )
    # What is printed takes ten times longer than what is read: every third time, so that more is read.
    if both.batches[0] % 3 == 0:
        assert_reports(data, tables=both.batches[0] % 12 == 0)
    check_live(both, latency, v34)
    target(sum(turn.logs == "both" for turn in reading.turns), label="turns of both logs")


def check_live(both: Both, latency: Sequence[bytes], v34: Sequence[bytes]) -> None:
    """As the pipeline takes them: a batch of one log, a batch of the other."""
    builder = SnapshotBuilder(Settings(), make_analyzer())
    queues = {"latency": batches_of(latency, both.batches), "v34": batches_of(v34, both.batches[::-1])}
    order = sorted(queues, reverse=not both.latency_first)
    now = 1000.0
    while any(queues.values()):
        for kind in order:
            if queues[kind]:
                builder.feed(LogSource("latency" if kind == "latency" else "v34", now), queues[kind].pop(0), None)
        now += 0.5
        builder.tick(now, None)
    builder.tick(now + 1e4, None)
    snapshot = builder.snapshot(Snapshot(taken=1_764_400_000.0), None)
    assert not builder.failures, builder.failures
    assert_nothing_raised(snapshot.unparsed)
    assert_turns(snapshot.turns)
    assert snapshot.counts.open == 0, "a turn in flight is not given up"
    line = status_line(line_values(snapshot))
    assert_printable(line)
    assert len(line) <= WIDTH


@cache
def memory_folder() -> str | None:
    """A folder in memory, if there is one: a disk would take most of the time."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


SERVER = b"""\
time=2025-11-19T01:34:47.008+01:00 level=INFO source=routes.go:1524 msg="Listening on 127.0.0.1:11434 (version 0.12.11)"
time=2025-11-19T01:34:47.008+01:00 level=INFO source=runner.go:893 msg=load request="{Operation:commit LoraPath:[] Parallel:1 KvSize:8000 KvCacheType:}"
time=2025-11-19T01:34:48.008+01:00 level=INFO source=server.go:1332 msg="llama runner started in 1.76 seconds"
time=2025-11-19T01:34:49.001+01:00 level=WARN source=runner.go:129 msg="truncating input prompt" limit=2048 prompt=3940 keep=5 new=2048
time=2025-11-19T01:34:50.008+01:00 level=DEBUG source=cache.go:104 msg="loading cache slot" id=0 cache=26 prompt=40 used=26 remaining=14
time=2025-11-19T01:34:51.008+01:00 level=DEBUG source=x.go:1 msg="cache hit" total=49091 matched=34900 cached=34816 left=14275
time=2025-11-19T01:34:51.508+01:00 level=DEBUG source=x.go:1 msg="Cache miss" left=337
slot get_availabl: id  0 | task -1 | selected slot by LCP similarity, sim_best = 0.948 (> 0.100 thold), f_keep = 0.924
slot launch_slot_: id  0 | task 164 | processing task, is_child = 0
slot   operator(): id  0 | task 164 | new prompt, n_ctx_slot = 2048, n_keep = 4, task.n_tokens = 1978
slot   operator(): id  0 | task 164 | cached n_tokens = 36, memory_seq_rm [36, end)
srv  get_availabl: prompt cache update took 29.91 ms
slot print_timing: id  0 | task 164 | prompt eval time =     420.97 ms /  1942 tokens (0.22 ms per token)
slot launch_slot_: id  0 | task 35 | processing task
slot update_slots: id  0 | task 35 | new prompt, n_ctx_slot = 16384, n_keep = 0, n_prompt_tokens = 422
slot update_slots: id  0 | task 35 | kv cache rm [185, end)
slot print_timing: id  0 | task 35 |\x20
prompt eval time =     182.78 ms /   237 tokens (    0.77 ms per token,  1296.63 tokens per second)
       eval time =     342.29 ms /    13 tokens (   26.33 ms per token,    37.98 tokens per second)
DEBUG [update_slots] slot progression | ga_i=0 n_past=30 n_past_se=0 n_prompt_tokens_processed=12 slot_id=0 task_id=7 tid="140" timestamp=1719000000
DEBUG [update_slots] kv cache rm [p0, end) | p0=30 slot_id=0 task_id=7 tid="140" timestamp=1719000000
INFO [update_slots] input truncated | n_ctx=2048 n_erase=1300 n_keep=4 n_left=2044 n_shift=1022
Nov 19 01:34:47 box ollama[1234]: [GIN] 2025/11/19 - 01:34:47 | 200 |   15.2285805s |             ::1 | POST     "/api/generate"
{"log":"slot print_timing: id  0 | task 9 | prompt eval time = 4.5 ms / 19 tokens\\n","stream":"stderr","time":"2025-11-19T00:34:47.1Z"}
ollama-1  | slot print_timing: id  0 | task 10 | prompt eval time = 4.5 ms / 20 tokens (0.22 ms per token)
""".splitlines()  # noqa: E501
"""A line or more of each release, as in the tests of the parser."""


class ServerLines(NamedTuple):
    """Numbers of lines of ``SERVER``, edits and batches."""

    order: list[int]
    edits: list[Op]
    batches: list[int]
    utf16: bool


def server_inputs() -> st.SearchStrategy[ServerLines]:
    numbers = st.lists(st.integers(0, len(SERVER) - 1), max_size=60) | st.just(list(range(len(SERVER))) * 2)
    return st.builds(ServerLines, numbers, ops(), st.lists(st.integers(1, 9), min_size=1, max_size=4), st.booleans())


def check_server(given: ServerLines) -> None:
    """Each line is a fact or noise, none raises; no request has figures that contradict each other."""
    lines = edited([SERVER[number] for number in given.order], given.edits)
    if given.utf16:
        lines = [line.decode("latin-1").encode("utf-16-le") for line in lines]
    whole, in_batches = OllamaLogParser(), OllamaLogParser()
    served = whole.feed(lines)
    assert served == [one for batch in batches_of(lines, given.batches) for one in in_batches.feed(batch)]
    assert not whole.unreadable[UNREADABLE], "a line raised"
    assert sum(whole.facts.values()) + whole.noise == len(lines), "lines read and lines passed over are not all lines"
    assert len(served) <= len(lines)
    for one in served:
        assert_finite((one.at, one.prefill_ms), "a request")
        for figure in (one.prompt, one.reused, one.evaluated, one.num_ctx, one.prefill_ms):
            assert figure is None or figure >= 0
        if one.prompt is not None:
            assert (one.reused or 0) <= one.prompt, one
            assert (one.evaluated or 0) <= one.prompt, one
    target(len(served), label="requests of the server log")
