"""What each pattern of v34's lines needs, and where it ends: its figures, its anchors, its first character."""

from collections.abc import Iterator

import pytest

from tests.parse.test_v34_patterns import LINES, D
from timmy_tui.parse.v34_patterns import PATTERNS, Pattern, match_line

MAY_BE_EMPTY = frozenset({"text", "reply", "error", "path"})
"""Words, of which there can be none."""

MORE_LINES = (
    D + "Processing user message: ",
    D + "LLM response received: ",
    D + "Generate API call failed: ",
    D + "Error in handle_user_message: ",
    D + "Could not connect to TTS API: ",
    "    Topic: , Tags: []",
    ">>> Fast metadata generated: importance=7",
    "[STORAGE BREAKDOWN] request_id=a, total=1ms",
    " * Detected change in '', reloading",
    "(7) wsgi starting up on x",
)
"""Shorter than v34 prints them: each part that may be empty is."""


def rows_of(line: str) -> list[Pattern]:
    return [row for row in PATTERNS if row.regex.match(line)]


@pytest.mark.parametrize("line", MORE_LINES)
def test_what_may_be_empty_may_be(line: str) -> None:
    assert match_line(line) is not None
    assert rows_of(line)


def test_each_row_has_a_line_and_each_line_one_row() -> None:
    assert {row.regex.pattern for line in LINES for row in rows_of(line)} == {row.regex.pattern for row in PATTERNS}
    assert [line for line in (*LINES, *MORE_LINES) if len(rows_of(line)) != 1] == []


@pytest.mark.parametrize("line", [*LINES, *MORE_LINES], ids=lambda line: line[-40:])
def test_no_row_is_found_within_a_line(line: str) -> None:
    """The model may say anything, also what looks like a line of v34's."""
    assert all(row.regex.search(f"x {line}") is None for row in PATTERNS)
    assert all(row.regex.search(f"x\n{line}") is None for row in PATTERNS)


def without_one_figure() -> Iterator[str]:
    for line in LINES:
        for row in rows_of(line):
            match = row.regex.match(line)
            assert match is not None
            for name, text in match.groupdict().items():
                if text is not None and name not in MAY_BE_EMPTY:
                    yield line[: match.start(name)] + line[match.end(name) :]


@pytest.mark.parametrize("line", sorted(set(without_one_figure())))
def test_a_figure_has_at_least_one_digit_and_a_name_one_character(line: str) -> None:
    assert rows_of(line) == []
    assert match_line(line) is None


WHOLE = (
    "*" * 20 + "BEGIN" + "*" * 20,
    "--- Step 1 (Metadata Generation) took: 0.03s",
    ">>> Fast metadata generated: importance=7",
    D + "Received user_message via webhook: hi",
    D + "Processing user message: hi",
    D + "Built unified megaprompt (13843 chars)",
    D + "Tail mode active=True",
    D + "Existing context length: 0",
    D + "[KV CACHE] Sending existing context to Ollama, length: 8398",
    D + "Returned context length: 3432",
    D + "Timings ms ~ load=1 prompt_eval=2000000 eval=3500000 total=1999999999",
    D + "Durations (ns): load=0 prompt_eval=177218800 eval=595059000 total=925884800",
    D + "LLM response received: Ha.",
    D + "Parent Document Ingestion for role=assistant...",
    "--- Total process_user_message took: 1.40s",
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 500 0 0.000123',
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 500 12',
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 500 -',
    D + "Generate API call failed: 500",
    D + "Error in handle_user_message: boom",
    D + "Could not connect to TTS API: no",
    "(7) wsgi starting up on https://x:5000",
    " * Detected change in 'config.py', reloading",
    "Traceback (most recent call last):",
)
"""Of these the pattern ends with the line; of all others v34 may say more."""


@pytest.mark.parametrize("line", WHOLE)
def test_where_the_whole_line_counts_nothing_may_follow(line: str) -> None:
    assert match_line(line) is not None
    assert match_line(f"{line}\nmore") is None


def test_of_all_other_lines_more_may_follow() -> None:
    kinds = {kind for line in WHOLE if (fact := match_line(line)) is not None for kind in [fact.kind]}
    others = [line for line, (kind, _, _) in LINES.items() if kind not in kinds]
    assert len(others) > 15
    assert [line for line in others if match_line(f"{line} and more") is None] == []


@pytest.mark.parametrize("first", [*"0123456789abcdefABCDEF:"])
def test_an_access_line_begins_with_any_address(first: str) -> None:
    fact = match_line(f'{first}::1 - - [x] "POST /api/webhook HTTP/1.1" 200 445 1.5')
    assert fact is not None and fact.values == {"stamp": "x", "code": 200, "seconds": 1.5}


ACCESS = '{} - - [x] "POST /api/webhook HTTP/{}" {} {}'


@pytest.mark.parametrize(
    "line",
    [
        ACCESS.format("", "1.1", "200", "-"), ACCESS.format("::1", "", "200", "-"),
        ACCESS.format("::1", "1.1", "20", "-"), ACCESS.format("::1", "1.1", "2000", "-"),
        ACCESS.format("::1", "1.1", "200", ""), ACCESS.format("::1", "1.1", "200", "445 "),
        ACCESS.format("::1", "1.1", "200", "445 1"), ACCESS.format("::1", "1.1", "200", "445 1."),
        ACCESS.format("::1", "1.1", "200", "445 .5"), ACCESS.format("::1", "1.1", "200", " 1.5"),
        ACCESS.format("::1", "1.1", "200", "--"), ACCESS.format("::1", "1x1", "200", "-"),
        ACCESS.format("~1", "1.1", "200", "-"), ACCESS.format("g::1", "1.1", "200", "-"),
    ],
)  # fmt: skip
def test_what_no_web_server_writes_is_no_access_line(line: str) -> None:
    assert match_line(line) is None
    if line[0] not in "~g":
        assert rows_of(line) == []
