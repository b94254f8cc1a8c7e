"""The server log as it is saved: behind a journal's, a container's or a console's prefix, coloured, in UTF-16."""

import json
from collections.abc import Callable

import pytest

from timmy_tui.model.llm import ServedPrompt
from timmy_tui.parse.ollama_log import CONTRADICTORY, MAX_TASKS, TOO_LONG, TWO_SERVERS, OllamaLogParser
from timmy_tui.parse.ollama_prefix import strip_prefixes

SLOG = "time=2025-11-19T01:34:47.008+01:00 level=DEBUG source=cache.go:104 msg="

REQUESTS: dict[str, tuple[str, tuple[int, int, int]]] = {
    "0.12": (SLOG + '"loading cache slot" id=0 cache=26 prompt=40 used=26 remaining=14', (40, 26, 14)),
    "0.30": (
        "slot launch_slot_: id  0 | task 7 | processing task, is_child = 0\n"
        "slot   operator(): id  0 | task 7 | new prompt, n_ctx_slot = 2048, n_keep = 4, task.n_tokens = 1978\n"
        "slot   operator(): id  0 | task 7 | cached n_tokens = 36, memory_seq_rm [36, end)\n"
        "slot print_timing: id  0 | task 7 | prompt eval time =     420.97 ms /  1942 tokens (0.22 ms per token)\n"
        "slot print_timing: id  0 | task 7 |        eval time =     595.06 ms /    65 tokens (9.15 ms per token)",
        (1978, 36, 1942),
    ),
    "0.30, timing on two lines": (
        "slot launch_slot_: id  0 | task 35 | processing task\n"
        "slot update_slots: id  0 | task 35 | new prompt, n_ctx_slot = 16384, n_keep = 0, n_prompt_tokens = 422\n"
        "slot update_slots: id  0 | task 35 | kv cache rm [185, end)\n"
        "slot      release: id  0 | task 35 | stop processing: n_past = 434, truncated = 0\n"
        "slot print_timing: id  0 | task 35 | \n"
        "prompt eval time =     182.78 ms /   237 tokens (    0.77 ms per token,  1296.63 tokens per second)\n"
        "       eval time =     342.29 ms /    13 tokens (   26.33 ms per token,    37.98 tokens per second)\n"
        "      total time =     525.07 ms /   250 tokens",
        (422, 185, 237),
    ),
    "MLX": (SLOG + '"cache hit" total=49091 matched=34900 cached=34816 left=14275', (49091, 34816, 14275)),
    "MLX, first": (SLOG + '"Cache miss" left=337', (337, 0, 337)),
    "0.3": (
        "DEBUG [update_slots] slot progression | ga_i=0 n_past=30 n_past_se=0 n_prompt_tokens_processed=12 slot_id=0 "
        'task_id=7 tid="140" timestamp=1719000000\n'
        'DEBUG [update_slots] kv cache rm [p0, end) | p0=30 slot_id=0 task_id=7 tid="140" timestamp=1719000000',
        (42, 30, 12),
    ),
    "0.1": (
        '{"function":"update_slots","ga_i":0,"level":"INFO","line":1821,"msg":"slot progression","n_past":22,'
        '"n_past_se":0,"n_prompt_tokens_processed":365,"slot_id":0,"task_id":62462,"tid":"1","timestamp":1710561010}\n'
        '{"function":"update_slots","level":"INFO","line":1848,"msg":"kv cache rm [p0, end)","p0":22,"slot_id":0,'
        '"task_id":62462,"tid":"1","timestamp":1710561010}',
        (387, 22, 365),
    ),
}
"""By release: the lines of one request, and its prompt, what was reused and what was evaluated."""


def of_docker_file(line: str) -> str:
    return json.dumps({"log": line + "\n", "stream": "stderr", "time": "2025-11-19T00:34:47.123456789Z"})


PREFIXES: dict[str, str | Callable[[str], str]] = {
    "none": "",
    "journal, short": "Nov 19 01:34:47 box ollama[1234]: ",
    "journal, one digit": "Aug  2 22:01:40 ollama-ubuntu-jammy ollama[387]: ",
    "journal, without a host": "Sep 11 00:03:06   ollama[]: ",
    "journal, short-iso": "2025-11-19T01:34:47+0100 box ollama[1234]: ",
    "journal, short-iso-precise": "2025-11-19T01:34:47.008123+01:00 box ollama[1234]: ",
    "journal, short-full": "Wed 2025-11-19 01:34:47 CET box ollama[1234]: ",
    "journal, with-unit": "Wed 2025-11-19 01:34:47 CET box ollama.service[1234]: ",
    "journal, short-unix": "1763512487.008123 box ollama[1234]: ",
    "journal, short-monotonic": "[ 1234.567890] box ollama[1234]: ",
    "syslog": "<30>Nov 19 01:34:47 box ollama[1234]: ",
    "docker --timestamps": "2025-11-19T00:34:47.123456789Z ",
    "docker's own file": of_docker_file,
    "podman": "2025-11-19T01:34:47.123456789+01:00 stderr F ",
    "compose": "ollama  | ",
    "compose, coloured": "\x1b[36mollama-1  |\x1b[0m ",
    "compose --timestamps": "ollama-1  | 2025-11-19T00:34:47.123456789Z ",
    "kubectl --prefix": "[pod/ollama-7d9c5/ollama] ",
    "compose in a journal": "Nov 19 01:34:47 box docker[99]: ollama-1  | ",
    "PowerShell": "ollama.exe : ",
}
OWN = {
    "time and level": "10.54.639.911 I ",
    "time": "0.00.500.000 ",
    "level": "I ",
    "port, time and level": "[35729] 0.02.354.755 I ",
}
"""What llama.cpp itself puts before its lines."""

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode() + b"\n",
    "utf-8 with a mark": lambda text: text.encode("utf-8-sig") + b"\n",
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode() + b"\r\n",
    "utf-16": lambda text: (text.replace("\n", "\r\n") + "\r\n").encode("utf-16"),
    "utf-16, other end first": lambda text: ("\ufeff" + text + "\n").encode("utf-16-be"),
}


def served(data: bytes) -> tuple[list[tuple[int | None, int | None, int | None]], OllamaLogParser]:
    parser = OllamaLogParser()
    # As every reader of files splits them.
    found = parser.feed(data.split(b"\n"))
    return [figures(one) for one in found], parser


def figures(one: ServedPrompt) -> tuple[int | None, int | None, int | None]:
    return one.prompt, one.reused, one.evaluated


def behind(prefix: str | Callable[[str], str], text: str) -> str:
    lines = text.split("\n")
    return "\n".join(prefix + line if isinstance(prefix, str) else prefix(line) for line in lines)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("release", REQUESTS)
def test_a_request_of_every_release_behind_every_prefix_in_every_encoding(
    release: str, prefix: str, encoding: str
) -> None:
    text, expected = REQUESTS[release]
    found, parser = served(ENCODINGS[encoding](behind(PREFIXES[prefix], text)))
    assert found == [expected]
    assert parser.unreadable == {}


@pytest.mark.parametrize("outer", ["none", "journal, short", "docker --timestamps", "docker's own file", "compose"])
@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("release", ["0.30", "0.30, timing on two lines"])
def test_llama_cpps_own_time_and_level(release: str, own: str, outer: str) -> None:
    text, expected = REQUESTS[release]
    # Only the first of two lines that are printed at once has a prefix.
    lines = [OWN[own] + line if line.startswith(("slot", "srv")) else line for line in text.split("\n")]
    found, _ = served(behind(PREFIXES[outer], "\n".join(lines)).encode())
    assert found == [expected]


@pytest.mark.parametrize("release", REQUESTS)
def test_colours_anywhere(release: str) -> None:
    text, expected = REQUESTS[release]
    if text.startswith("{"):
        pytest.skip("the JSON of 0.1 is never coloured")
    coloured = "\n".join(f"\x1b[0;32m{line}\x1b[0m\x1b[K" for line in text.split("\n"))
    found, _ = served(coloured.replace("| task", "|\x1b[1m task").encode())
    assert found == [expected]


def test_the_time_of_a_prefix_is_that_of_lines_that_have_none() -> None:
    text, _ = REQUESTS["0.30"]
    parser = OllamaLogParser()
    first, *rest = behind("2025-11-19T00:34:47.5Z ", text).split("\n")
    later = [line.replace("47.5Z", "55.5Z") for line in rest]
    (one,) = parser.feed(line.encode() for line in (first, *later))
    assert one.at == 1763512487.5
    (one,) = OllamaLogParser().feed(behind("1763512487.25 box ollama[1]: ", text).encode().split(b"\n"))
    assert one.at == 1763512487.25
    (one,) = OllamaLogParser().feed(behind("Nov 19 01:34:47 box ollama[1]: ", text).encode().split(b"\n"))
    assert one.at is None


@pytest.mark.parametrize(
    "line",
    [
        "slot   operator(): id  0 | task 7 | new prompt",
        "srv  update_slots: all slots are idle",
        "INFO [update_slots] input truncated | n_ctx=2048",
        "time=2025-11-19T01:34:47.008+01:00 level=INFO source=x.go:1 msg=load",
        '[GIN] 2024/11/04 - 21:54:31 | 200 | 15s | ::1 | POST "/api/chat"',
        "llama_model_loader: - kv   5: general.name str = x",
        "print_info: file type   = Q4_K | medium",
    ],
)
def test_what_has_no_prefix_keeps_all_of_itself(line: str) -> None:
    assert strip_prefixes(line) == (line, "", None)
    for prefix in ("2025-11-19T00:34:47Z ", "ollama-1  | ", "Nov 19 01:34:47 box ollama[1]: "):
        assert strip_prefixes(prefix + line).text == line


def interleaved(first: str, second: str) -> list[bytes]:
    pairs = zip(first.split("\n"), second.split("\n"), strict=True)
    return [line.encode() for pair in pairs for line in pair]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ollama-1  | ", "ollama-2  | "),
        ("Nov 19 01:34:47 box ollama[1]: ", "Nov 19 01:34:47 box ollama[2]: "),
        ("[pod/a/ollama] ", "[pod/b/ollama] "),
        ("[35729] 0.02.354.755 I ", "[32947] 0.04.950.046 I "),
    ],
)
@pytest.mark.parametrize("release", ["0.30", "0.30, timing on two lines", "0.3"])
def test_two_servers_that_are_named_keep_to_themselves_though_their_tasks_have_one_number(
    release: str, one: str, other: str
) -> None:
    text, expected = REQUESTS[release]
    if release == "0.3" and one.startswith("["):
        pytest.skip("0.3 is never behind a port")
    second = text.replace("1978", "178").replace("1942", "142").replace("422", "322").replace("237", "137")
    second = second.replace("processed=12", "processed=70")
    rest = {"0.30": (178, 36, 142), "0.30, timing on two lines": (322, 185, 137), "0.3": (100, 30, 70)}[release]
    only_slots = one.startswith("[3")

    def prefixed(prefix: str, lines: str) -> str:
        # llama.cpp puts its own only before the first of two lines that are printed at once.
        return "\n".join(prefix + line if not only_slots or line[:4] == "slot" else line for line in lines.split("\n"))

    if only_slots and "two lines" in release:
        pytest.skip("the second line names no server")
    found = OllamaLogParser().feed(interleaved(prefixed(one, text), prefixed(other, second)))
    assert [figures(request) for request in found] == [expected, rest]


def test_two_servers_without_names_are_told_apart_by_their_figures() -> None:
    text, expected = REQUESTS["0.30"]
    second = text.replace("1978", "178").replace("36", "40").replace("1942", "138")
    parser = OllamaLogParser()
    found = parser.feed(line.encode() for line in (*text.split("\n")[:3], *second.split("\n"), text.split("\n")[3]))
    assert [figures(one) for one in found] == [(178, 40, 138), expected]
    assert parser.unreadable == {}


def test_two_servers_that_cannot_be_told_apart_are_counted_and_not_guessed() -> None:
    text, _ = REQUESTS["0.30"]
    second = text.replace("1978", "1979")
    parser = OllamaLogParser()
    assert parser.feed(interleaved(text, second)) == []
    assert parser.unreadable == {TWO_SERVERS: 2}


def test_figures_without_a_name_behind_two_servers_are_counted_and_not_guessed() -> None:
    text, _ = REQUESTS["0.30, timing on two lines"]
    lines = text.split("\n")
    named = [[f"[{port}] {line}" if line[:4] == "slot" else line for line in lines] for port in (35729, 32947)]
    parser = OllamaLogParser()
    assert parser.feed(interleaved(*("\n".join(one) for one in named))) == []
    assert parser.unreadable == {TWO_SERVERS: 2}


def test_a_truncation_belongs_to_its_own_server() -> None:
    cut = 'time=2025-11-19T01:34:47Z level=WARN source=x.go:1 msg="truncating input prompt" limit=9 prompt=99 new=9'
    slot, _ = REQUESTS["0.12"]
    found = OllamaLogParser().feed([f"a  | {cut}".encode(), f"b  | {slot}".encode(), f"a  | {slot}".encode()])
    assert [one.truncated for one in found] == [False, True]


HUGE = "9" * 5000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (SLOG + f'"loading cache slot" id=0 prompt={HUGE} used=26 remaining=14', TOO_LONG),
        (SLOG + f'"loading cache slot" id=0 prompt={"9" * 16} used=26 remaining=14', TOO_LONG),
        (SLOG + '"loading cache slot" id=0 prompt=41 used=26 remaining=14', CONTRADICTORY),
        (SLOG + '"cache hit" total=41 matched=40 cached=26 left=14', CONTRADICTORY),
        (SLOG + f'"starting runner" cmd="x -c {HUGE}"', TOO_LONG),
        (f"slot print_timing: id  0 | task 1 | prompt eval time = 1 ms / {HUGE} tokens", TOO_LONG),
        (f"slot operator(): id 0 | task 1 | new prompt, n_ctx_slot = {HUGE}, task.n_tokens = 1", TOO_LONG),
        (f"slot operator(): id 0 | task 1 | cached n_tokens = {HUGE}, x", TOO_LONG),
        (f"slot progression | n_past={HUGE} n_prompt_tokens_processed=1", TOO_LONG),
    ],
)
def test_an_odd_line_is_counted_by_its_reason_and_costs_no_other(line: str, reason: str) -> None:
    parser = OllamaLogParser()
    slot, expected = REQUESTS["0.12"]
    found = parser.feed([slot.encode(), line.encode(), slot.encode()])
    assert [figures(one) for one in found] == [expected, expected]
    assert parser.unreadable == {reason: 1}


@pytest.mark.parametrize(
    "line",
    [
        '{"log": "' + "x" * 10,
        '{"log": 5, "msg": ["| task 1 |"]}',
        "[" * 5000 + '"msg":',
        '{"msg":' * 5000,
        '{"log":"{\\"log\\":\\"{}\\"}| task "}',
        "ollama | " * 500 + "| task 1 |",
        "\x1b[" * 500 + "msg=",
    ],
)
def test_json_that_is_none_is_noise(line: str) -> None:
    parser = OllamaLogParser()
    assert parser.feed([line.encode()]) == []
    assert (parser.facts, parser.unreadable) == ({}, {})


@pytest.mark.parametrize(("more", "measured"), [(MAX_TASKS - 1, 1), (MAX_TASKS, 0)])
def test_unfinished_tasks_are_bounded(more: int, measured: int) -> None:
    text, _ = REQUESTS["0.30"]
    lines = text.split("\n")
    others = [f"slot launch_slot_: id  0 | task {100 + number} | processing task" for number in range(more)]
    (one,) = OllamaLogParser().feed(line.encode() for line in (*lines[:3], *others, lines[3]))
    assert (one.prompt is not None) is bool(measured)


@pytest.mark.parametrize(
    ("lines", "debug"),
    [
        ([], None),
        (['time=x level=INFO source=x msg="server config" env="map[OLLAMA_DEBUG:INFO OLLAMA_HOST:]"'], False),
        (['time=x level=INFO source=x msg="server config" env="map[OLLAMA_DEBUG:false]"'], False),
        (['time=x level=INFO source=x msg="server config" env="map[OLLAMA_DEBUG:DEBUG]"'], True),
        (['time=x level=INFO source=x msg="server config" env="map[OLLAMA_DEBUG:true]"'], True),
        (['time=x level=INFO source=x msg="server config" env="map[OLLAMA_HOST:]"'], None),
        (["time=x level=DEBUG source=x msg=whatever"], True),
    ],
)
def test_whether_debug_lines_are_written(lines: list[str], debug: bool | None) -> None:
    parser = OllamaLogParser()
    parser.feed(line.encode() for line in lines)
    assert parser.debug is debug
