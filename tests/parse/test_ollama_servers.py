"""Whose lines a server log holds: those that only Ollama writes, and how many servers are told apart."""

import pytest

from timmy_tui.parse.ollama_log import MAX_SERVERS, MAX_TASKS, OllamaLogParser
from timmy_tui.parse.ollama_patterns import is_servers_own

OWN = (
    "time=2025-10-03T13:22:30.008+02:00 level=INFO x", "time=x level=DEBUG ", "[GIN] x", "res  remove: x | task -1 |",
    "main: x | task 164 | whatever", "slot x", "srv x", "ollama-1  | srv  x", "Nov 19 01:34:47 box ollama[1]: slot x",
)  # fmt: skip
OTHERS = (
    "time= level=INFO x", "time=x level= x", "time=x level=INFO", "xtime=x level=INFO x", "[GIN]x", "x[GIN] x",
    "| task x |", "| task 1", "|task 1 |", "slotx", "a slot x", "srv", "xsrv x", "", "hello",
)  # fmt: skip


def test_the_lines_that_only_a_server_writes() -> None:
    assert [line for line in OWN if not is_servers_own(line)] == []
    assert [line for line in OTHERS if is_servers_own(line)] == []


def test_beyond_the_first_the_lines_that_are_understood_are_counted() -> None:
    parser = OllamaLogParser()
    counts = []
    for line in ("hello", "srv  x", "srv  y", "prompt cache update took 1 ms", "hello", "srv  z"):
        parser.feed([line.encode()])
        counts.append(parser.servers_own)
    assert counts == [0, 1, 1, 2, 2, 2]
    assert parser.facts == {"restored": 1}


def lines(number: int, task: int = 1) -> list[bytes]:
    head = f"s{number} | slot operator(): id  0 | task {task} |"
    text = (f"{head} new prompt, n_ctx_slot = 2048, task.n_tokens = 100", f"{head} cached n_tokens = 60, x")
    return [line.encode() for line in text]


def timing(number: int, task: int = 1) -> bytes:
    return f"s{number} | slot print_timing: id  0 | task {task} | prompt eval time = 1 ms / 40 tokens".encode()


@pytest.mark.parametrize(("others", "known"), [(MAX_SERVERS - 1, True), (MAX_SERVERS, False)])
def test_the_newest_servers_are_told_apart(others: int, known: bool) -> None:
    assert MAX_SERVERS == 16
    parser = OllamaLogParser()
    parser.feed(lines(0))
    for number in range(1, 1 + others):
        parser.feed(lines(number))
    (request,) = parser.feed([timing(0)])
    assert request.prompt == (100 if known else None)
    (request,) = parser.feed([timing(others)])
    assert request.prompt == 100


@pytest.mark.parametrize(("more", "known"), [(MAX_TASKS - 2, True), (MAX_TASKS - 1, False)])
def test_of_several_tasks_of_one_number_the_oldest_goes_first(more: int, known: bool) -> None:
    """Two with the number 1, of which the first has the longer prompt; then so many others."""
    parser = OllamaLogParser()
    parser.feed([b"s0 | slot operator(): id  0 | task 1 | new prompt, n_ctx_slot = 2048, task.n_tokens = 900"])
    parser.feed([b"s0 | slot operator(): id  0 | task 1 | new prompt, n_ctx_slot = 2048, task.n_tokens = 30"])
    parser.feed(line for number in range(2, 2 + more) for line in lines(0, number)[:1])
    found = parser.feed([timing(0)])
    assert [one.prompt for one in found] == ([900] if known else [])
    assert sum(parser.unreadable.values()) == (not known)


def test_a_start_is_of_the_server_that_was_started_last() -> None:
    parser = OllamaLogParser()
    head = "time=x level=INFO source=x.go:1 msg="
    for server, window in (("a", 4096), ("b", 8192), ("a", 2048)):
        parser.feed([f'{server} | {head}"starting runner" cmd="x -c {window}"'.encode()])
    slot = f'{head}"loading cache slot" id=0 prompt=3 used=1 remaining=2'
    assert [one.num_ctx for one in parser.feed([f"{server} | {slot}".encode() for server in "abc"])] == [
        2048, 8192, None,
    ]  # fmt: skip
