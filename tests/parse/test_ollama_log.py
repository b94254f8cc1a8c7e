"""Ollama's server log: real lines of four generations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.parse.ollama_patterns import is_generation, match_line, parse_time
from timmy_tui.sources.services.http import HttpClient

SLOT = (
    "time=2025-10-03T13:22:30.008+02:00 level=DEBUG source=cache.go:104 "
    'msg="loading cache slot" id=0 cache=26 prompt=40 used=26 remaining=14'
)
CUT = (
    "time=2025-10-03T13:22:30.001+02:00 level=WARN source=runner.go:129 "
    'msg="truncating input prompt" limit=2048 prompt=3940 keep=5 new=2048'
)
LLAMA = """\
slot get_availabl: id  0 | task -1 | selected slot by LCP similarity, sim_best = 0.948 (> 0.100 thold), f_keep = 0.924
slot launch_slot_: id  0 | task 164 | processing task, is_child = 0
slot   operator(): id  0 | task 164 | new prompt, n_ctx_slot = 2048, n_keep = 4, task.n_tokens = 1978
slot   operator(): id  0 | task 164 | cached n_tokens = 36, memory_seq_rm [36, end)
slot   operator(): id  0 | task 164 | cached n_tokens = 548, memory_seq_rm [548, end)
srv  get_availabl: prompt cache update took 29.91 ms
slot print_timing: id  0 | task 164 | prompt eval time =     420.97 ms /  1942 tokens (0.22 ms per token)
       eval time =     595.06 ms /    65 tokens (    9.15 ms per token,   109.23 tokens per second)
      total time =    1016.03 ms /  2007 tokens
slot      release: id  0 | task 164 | stop processing: n_tokens = 2043, truncated = 0
"""


def feed(*lines: str) -> tuple[list[tuple[int | None, int | None, int | None, bool]], OllamaLogParser]:
    parser = OllamaLogParser()
    served = parser.feed(line.encode() for line in lines)
    return [(item.prompt, item.reused, item.evaluated, item.truncated) for item in served], parser


def test_the_cache_line_of_0_4_to_0_24() -> None:
    parser = OllamaLogParser()
    (item,) = parser.feed([SLOT.encode()])
    assert (item.prompt, item.reused, item.evaluated, item.truncated) == (40, 26, 14, False)
    assert item.at == 1759490550.008


def test_a_truncation_warning_belongs_to_the_request_behind_it() -> None:
    found, _ = feed(CUT, SLOT, SLOT)
    assert [truncated for *_, truncated in found] == [True, False]


def test_llama_server_counts_uncached_tokens_and_names_the_whole() -> None:
    parser = OllamaLogParser()
    (item,) = parser.feed(LLAMA.encode().splitlines())
    assert (item.prompt, item.reused, item.evaluated, item.num_ctx) == (1978, 36, 1942, 2048)
    assert (item.prefill_ms, item.at) == (420.97, None)
    assert parser.facts["cached"] == 2


def test_interleaved_tasks_keep_to_themselves() -> None:
    other = LLAMA.replace("task 164", "task 165").replace("1978", "500").replace("1942", "400")
    first, second = LLAMA.splitlines(), other.splitlines()
    mixed = [line for pair in zip(first, second, strict=True) for line in pair]
    found, _ = feed(*mixed)
    assert [(prompt, reused) for prompt, reused, *_ in found] == [(1978, 36), (500, 100)]


def test_lines_of_the_old_runner_are_read() -> None:
    tail = 'slot_id=0 task_id=7 tid="140" timestamp=1719000000'
    found, parser = feed(
        "INFO [update_slots] input truncated | n_ctx=2048 n_erase=1300 n_keep=4 n_left=2044 n_shift=1022",
        f"DEBUG [update_slots] slot progression | ga_i=0 n_past=30 n_past_se=0 n_prompt_tokens_processed=12 {tail}",
        f"DEBUG [update_slots] kv cache rm [p0, end) | p0=30 {tail}",
    )
    assert found == [(42, 30, 12, True)]


def windows(parser: OllamaLogParser) -> list[int | None]:
    return [served.num_ctx for served in parser.feed([SLOT.encode()])]


def test_the_server_says_who_it_is_and_what_it_loads() -> None:
    head = "time=2025-11-19T01:30:00.000Z level=INFO source="
    _, parser = feed(
        head + 'routes.go:1524 msg="Listening on 127.0.0.1:11434 (version 0.12.11)"',
        head + 'runner.go:893 msg=load request="{Operation:commit LoraPath:[] Parallel:1 KvSize:8000 KvCacheType:}"',
        head + 'server.go:1332 msg="llama runner started in 1.76 seconds"',
        head + 'sched.go:333 msg="runner expired event received"',
    )
    assert parser.version == "0.12.11"
    assert [parser.facts[kind] for kind in ("started", "unloading")] == [1, 1]
    assert windows(parser) == [8000]
    newer = OllamaLogParser()
    start = 'llama_server.go:572 msg="starting llama-server" cmd="llama-server -m x -c 32768 -np 1 -b 512"'
    newer.feed([(head + start).encode()])
    assert windows(newer) == [32768]


def test_access_lines_with_and_without_colours() -> None:
    line = '[GIN] 2024/11/04 - 21:54:31 | 200 |   15.2285805s |             ::1 | POST     "/api/chat"'
    fact = match_line(line)
    assert fact is not None
    assert is_generation(fact)
    assert fact.values["duration"] == "15.2285805s"
    coloured = match_line(
        '[GIN] 2024/11/04 - 21:54:31 |\x1b[97;42m 200 \x1b[0m|   33.313µs | ::1 |\x1b[97;44m GET      \x1b[0m "/api/ps"'
    )
    assert coloured is not None
    assert not is_generation(coloured)


def test_times_are_read_or_unknown() -> None:
    assert parse_time("2025-10-03T13:22:30.123456789Z") == pytest.approx(1759497750.123456)
    assert parse_time("1719000000") == 1719000000
    assert parse_time("yesterday") is None


def test_figures_that_do_not_agree_are_not_believed() -> None:
    found, _ = feed(SLOT.replace("remaining=14", "remaining=99"))
    assert found == []
    found, _ = feed(*LLAMA.replace("task.n_tokens = 1978", "task.n_tokens = 100").splitlines())
    assert found == []


def test_an_answer_in_the_log_cannot_forge_a_request() -> None:
    found, parser = feed('the model said: msg="loading cache slot" prompt=1 used=1 remaining=0', "prompt eval time = x")
    assert found == []
    assert parser.facts == {}


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_are_parsed_without_an_error(lines: list[bytes]) -> None:
    OllamaLogParser().feed(lines)


@given(st.lists(st.sampled_from([SLOT, CUT, *LLAMA.splitlines()]), max_size=40))
def test_lines_in_any_order_never_give_a_prompt_that_is_not_the_sum_of_its_parts(lines: list[str]) -> None:
    parser = OllamaLogParser()
    for item in parser.feed(line.encode() for line in lines):
        assert item.prompt is None or (item.reused or 0) + (item.evaluated or 0) == item.prompt


@pytest.fixture(params=["0.1.48", "0.3.14", "0.12.11", "0.30.0", "0.30.11", "0.33.3"])
def stand_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OllamaStandIn]:
    with OllamaStandIn(StandInOptions(request.param, seed=2, speed=1000, log_path=tmp_path / "server.log")) as running:
        yield running


def test_every_generation_of_the_stand_in_is_read_without_loss(stand_in: OllamaStandIn) -> None:
    client = HttpClient(stand_in.url, timeout_s=20, total_timeout_s=20)
    long = " ".join(f"line {number} of a story." for number in range(150))
    for prompt, num_ctx in ((long, 8000), (long, 8000), (long + " more", 8000), ("other", 8000), (long, 512)):
        body = {"model": MODEL, "prompt": prompt, "raw": True, "stream": False, "options": {"num_ctx": num_ctx}}
        client.request("/api/generate", body)
    client.close()
    assert stand_in.log.path is not None
    parser = OllamaLogParser()
    served = parser.feed(stand_in.log.path.read_bytes().splitlines())
    figures = [(item.prompt, item.reused, item.evaluated, item.truncated) for item in served]
    assert figures == [(item.prompt_tokens, item.reused, item.evaluated, item.truncated) for item in stand_in.requests]
    assert parser.version == stand_in.version


@pytest.mark.parametrize("digits", [16, 309, 5000])
def test_a_number_too_large_costs_its_line(digits: int) -> None:
    long = "9" * digits
    bad = [line.replace("40", long) for line in (SLOT,)] + [
        line.replace(figure, long)
        for line, figure in zip(LLAMA.splitlines(), ["x", "x", "1978", "36", "548", "x", "1942"], strict=False)
        if figure != "x"
    ]
    found, parser = feed(*bad, SLOT)
    assert found == [(40, 26, 14, False)]
    assert sum(parser.unreadable.values()) == len(bad)
    assert parse_time(long) is None or digits == 16
