"""What may stand before a line of Ollama's server log, form by form: its shortest and longest, and what is none."""

import json

import pytest

from timmy_tui.parse.ollama_patterns import MAX_CHARACTERS, match_line
from timmy_tui.parse.ollama_prefix import Prefixed, strip_prefixes

SLOT = "slot launch_slot_: id  0 | task 164 | processing task"
SLOG = "time=2025-10-03T13:22:30.008+02:00 level=INFO source=x.go:1 msg=hello"

WITH_TIME: dict[str, tuple[str, str]] = {
    # journalctl -o short-iso, short-iso-precise, short-unix; the program in brackets, or a known one
    "2025-11-19T01:34:47+0100 box ollama[12]: ": ("box ollama[12] ", "2025-11-19T01:34:47+0100"),
    "2025-11-19T01:34:47.1+01:00 b o[1]: ": ("b o[1] ", "2025-11-19T01:34:47.1+01:00"),
    "2025-11-19 01:34:47,123456789-05:30 box ollama: ": ("box ollama ", "2025-11-19 01:34:47,123456789-05:30"),
    "2025-11-19T01:34:47Z ollama-linux-amd64: ": ("ollama-linux-amd64 ", "2025-11-19T01:34:47Z"),
    "2025-11-19T01:34:47   box   llama-server: ": ("box llama-server ", "2025-11-19T01:34:47"),
    "999999999.5 box ollama[]: ": ("box ollama[] ", "999999999.5"),
    "1763512487.123456 box ollama[12]: ": ("box ollama[12] ", "1763512487.123456"),
    # docker logs --timestamps, podman, Kubernetes
    "2025-11-19T01:34:47.123456789Z ": ("", "2025-11-19T01:34:47.123456789Z"),
    "2025-11-19T01:34:47Z stdout F ": ("", "2025-11-19T01:34:47Z"),
    "2025-11-19T01:34:47Z stderr P ": ("", "2025-11-19T01:34:47Z"),
    "2025-11-19 01:34:47 ": ("", "2025-11-19 01:34:47"),
}  # fmt: skip
"""Prefix → what names the server, and the time."""

WITHOUT: dict[str, str] = {
    # journalctl's usual form, with -o short-precise, short-full, short-monotonic; syslog with a priority
    "Nov 19 01:34:47 box ollama[12]: ": "box ollama[12] ",
    "Nov 9 01:34:47 box ollama[12]: ": "box ollama[12] ",
    "Nov  9 01:34:47 box ollama[12]: ": "box ollama[12] ",
    "Nov 19 01:34:47.1 box ollama[12]: ": "box ollama[12] ",
    "<3>Nov 19 01:34:47 box ollama[12]: ": "box ollama[12] ",
    "<191>Nov 19 01:34:47 box ollama[12]: ": "box ollama[12] ",
    "Wed 2025-11-19 01:34:47 UT box ollama[12]: ": "box ollama[12] ",
    "Wed 2025-11-19 01:34:47.5 +01 box ollama[12]: ": "box ollama[12] ",
    "[1.5] box ollama[12]: ": "box ollama[12] ",
    "[    1234.567890] box /usr/bin/ollama@1.service[12]: ": "box /usr/bin/ollama@1.service[12] ",
    "Nov 19 01:34:47 ollama: ": "ollama ",
    "Nov 19 01:34:47 llama-server: ": "llama-server ",
    # docker compose, kubectl logs --prefix
    "o | ": "o ", "ollama-1  | ": "ollama-1 ", "ollama|": "ollama ", "0.llama_x-1     |": "0.llama_x-1 ",
    "[pod/o] ": "o ", "[pod/ollama-0/ollama] ": "ollama-0/ollama ",
    # PowerShell
    "ollama : ": "", "ollama.exe : ": "",
}  # fmt: skip
"""Prefix → what names the server; none of these has a time that is read."""


@pytest.mark.parametrize("line", [SLOT, SLOG])
@pytest.mark.parametrize("prefix", [*WITH_TIME, *WITHOUT])
def test_each_form_is_taken_off(prefix: str, line: str) -> None:
    server, at = WITH_TIME[prefix] if prefix in WITH_TIME else (WITHOUT[prefix], None)
    assert strip_prefixes(prefix + line) == Prefixed(line, server, at)


RAW = ("slot x", "srv x", "que x", "res x", "main: x")


@pytest.mark.parametrize("line", RAW)
@pytest.mark.parametrize(
    "own", ["0.1.2 ", "123456.123.456.789 ", "0.00.12 I ", "0.00.12   W   ", *(f"{level} " for level in "DIWEVT")]
)
def test_llama_cpps_time_and_level_stand_before_its_own_words(own: str, line: str) -> None:
    assert strip_prefixes(own + line) == Prefixed(line)
    assert strip_prefixes(own + line[1:]) == Prefixed(own + line[1:])


@pytest.mark.parametrize(
    ("prefix", "rest"), [("[80] ", "0.1.2 x"), ("[655350] ", "X y"), ("[8080]   ", "slot x"), ("[8080] ", "srv x")]
)
def test_a_port_stands_before_what_llama_server_writes(prefix: str, rest: str) -> None:
    assert strip_prefixes(prefix + rest) == Prefixed(rest, prefix.strip(" []") + " ")


NONE = (
    "Nov 19 01:34:47box ollama[12]: x", "Nov 19 01:34:47 box python: x", "Nov 19 01:34:47 box ollama[12]:x",
    "Nov 19 01:34:47 box ollama[12] x", "nov 19 01:34:47 box ollama[12]: x", "No 19 01:34:47 box ollama[12]: x",
    "Nov   9 01:34:47 box ollama[12]: x", "Nov 19 1:34:47 box ollama[12]: x", "Nov 19 01:34:47. box ollama[12]: x",
    "<1234>Nov 19 01:34:47 box ollama[12]: x", "<>Nov 19 01:34:47 box ollama[12]: x",
    "2025-11-19 01:34:47 UTC box ollama[12] x"[4:], "12345678.5 box ollama[12]: x", "123456789 box ollama[12]: x",
    "[1] box ollama[12]: x", "[.5] box ollama[12]: x", "[1.] box ollama[12]: x",
    "Wed 2025-11-19 01:34:47 U box ollama[12]: x", "2025-11-19T01:34:47", "2025-11-19T01:34Z x",
    "| x", "-x | y", "[pod/] x", "[pod/a b] x", "[8] slot x", "[8080]slot x", "[8080] hello", "[8080] Xy",
    "0.1 slot x", "0.1.2slot x", "0.1.2.3.4 slot x", "0.1.2 hello", "0.1234.5 slot x", "X slot x", "Islot x",
    "ollama: x", "ollama.exe: x", " ollama : x", "x ollama : y",
)  # fmt: skip


@pytest.mark.parametrize("line", NONE)
def test_what_nearly_is_a_prefix_belongs_to_the_line(line: str) -> None:
    assert strip_prefixes(line) == Prefixed(line)


@pytest.mark.parametrize(("count", "left"), [(0, 0), (1, 0), (6, 0), (7, 1), (9, 3)])
def test_six_stand_one_behind_the_other_and_no_more(count: int, left: int) -> None:
    line = strip_prefixes("a | " * count + "x")
    assert line == Prefixed("a | " * left + "x", "a " * (count - left))


def test_the_time_is_that_of_the_innermost_prefix_that_has_one() -> None:
    outer, inner = "2025-11-19T01:34:47Z", "2025-11-19T01:34:48Z"
    assert strip_prefixes(f"{outer} {inner} x") == Prefixed("x", "", inner)
    assert strip_prefixes(f"{outer} o | x") == Prefixed("x", "o ", outer)
    assert strip_prefixes(f"o | {outer} Nov 19 01:34:47 box ollama[1]: x") == Prefixed("x", "o box ollama[1] ", outer)


def test_colours_and_the_mark_of_the_byte_order_are_no_text() -> None:
    assert strip_prefixes("\ufeff\x1b[32mo\x1b[0m | \x1b[1;31mx\x1b[?25h") == Prefixed("x", "o ")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"log": "x\r\n", "time": "t"}, Prefixed("x", "", "t")), ({"log": "x", "time": 7}, Prefixed("x")),
        ({"log": "\x1b[32mx\x1b[0m"}, Prefixed("x")), ({"log": "o | x", "stream": "s"}, Prefixed("x", "o ")),
        ({"msg": "a b", "n": 1, "s": "t", "f": 0.5}, Prefixed("a b | msg=a b n=1 s=t f=0.5")),
        ({"msg": "a b", "list": [1], "none": None}, Prefixed("a b | msg=a b")),
    ],
)  # fmt: skip
def test_the_line_within_json(fields: dict[str, object], expected: Prefixed) -> None:
    assert strip_prefixes(json.dumps(fields)) == expected


@pytest.mark.parametrize("fields", [{"log": 1}, {"msg": 1}, {}, {"time": "t"}])
def test_json_without_a_line_is_no_line_of_any_kind(fields: dict[str, object]) -> None:
    text = json.dumps(fields)
    assert strip_prefixes(text) == Prefixed(f"\x00{text}")
    assert strip_prefixes("[1, 2]") == Prefixed("[1, 2]")
    assert strip_prefixes("{x") == Prefixed("\x00{x")


def test_the_time_around_json_counts_where_that_has_none() -> None:
    assert strip_prefixes('2025-11-19T01:34:47Z {"log": "x"}') == Prefixed("x", "", "2025-11-19T01:34:47Z")
    assert strip_prefixes('2025-11-19T01:34:47Z {"log": "x", "time": "t"}') == Prefixed("x", "", "t")


@pytest.mark.parametrize(("more", "seen"), [(0, True), (1, False)])
@pytest.mark.parametrize("coloured", [False, True])
def test_so_much_of_a_line_is_looked_at(more: int, seen: bool, coloured: bool) -> None:
    """The last character that is needed stands at the end of it, or one behind it."""
    line = "slot x | task 1 | cached n_tokens = 7"
    padded = line.replace("x |", "x" * (MAX_CHARACTERS - len(line) + 1 + more) + " |")
    fact = match_line(f"\x1b[32m{padded}" if coloured else padded)
    assert (fact is not None) is seen
