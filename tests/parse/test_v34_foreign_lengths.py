"""How long a foreign text can be that v34 cuts: by its last line, by its characters, by its lines."""

import pytest

from tests.parse.test_v34_foreign import BEGIN, D, kinds

HEADS = {
    "excerpt": (">>> Importance calculation for: '", "...'", 55),
    "summary": (">>> Fast summary generated: ", "...", 103),
    "preview": (f"{D}Megaprompt preview: ", "...", 203), "answer_head": (f"{D}AI Response: ", "...", 103),
    "caption": ("*** Image analysis received: caption='", "' faces=1 known=['Dan']", 130),
}  # fmt: skip
"""How it begins, how its last line ends, and its characters (those of the quote and the three dots included)."""


@pytest.mark.parametrize("kind", HEADS)
def test_one_line_with_its_end_is_the_whole_text(kind: str) -> None:
    head, end, _ = HEADS[kind]
    assert kinds(f"{head}x{end}", BEGIN) == ["begin"]
    assert kinds(f"{head}{end}", BEGIN) == ["begin"]
    assert kinds(f"{head}x", BEGIN) == []
    assert kinds(f"{head}x{end} ", BEGIN) == []
    assert kinds(f"{head}x{end[1:]}", BEGIN) == []


@pytest.mark.parametrize(("missing", "whole"), [(0, True), (1, False)])
@pytest.mark.parametrize("kind", ["excerpt", "summary", "preview", "answer_head"])
def test_a_last_line_is_one_where_the_text_is_as_long_as_v34_cuts_it(kind: str, missing: int, whole: bool) -> None:
    head, end, length = HEADS[kind]
    quoted = int(kind == "excerpt")
    rest = "x" * (length - quoted - 20 - 1 - len(end) - missing) + end
    assert kinds(f"{head}{'y' * 20}", rest, BEGIN) == (["begin"] if whole else [])


@pytest.mark.parametrize(("missing", "whole"), [(0, True), (1, False)])
@pytest.mark.parametrize("kind", HEADS)
def test_a_text_has_no_more_lines_than_characters(kind: str, missing: int, whole: bool) -> None:
    head, _, length = HEADS[kind]
    assert kinds(f"{head}x", *["z"] * (length - 1 - missing), BEGIN) == (["begin"] if whole else [])


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        ("excerpt", "    Topic: t, Tags: []", "topic"),
        ("summary", f"{D}Stored parent document with ID: 7", "parent_stored"),
        ("preview", f"{D}Tail prompt size: 9 chars", "tail_prompt"),
        ("preview", f"{D}Tail mode active=True", "tail_mode"),
        ("preview", f"{D}Existing context length: 9", "context_sent"),
        ("preview", f"{D}[KV CACHE] No existing context", "first_request"),
        ("preview", f"{D}Calling generate API: x", "call"),
        ("answer_head", f"{D}Returned context length: 9", "context_returned"),
        ("answer_head", f"{D}Timings ms ~ load=1 prompt_eval=1 eval=1 total=3", "timings"),
    ],
)  # fmt: skip
def test_the_lines_that_v34_prints_next_end_it_and_no_other_text(kind: str, line: str, told: str) -> None:
    for other, (head, _, _) in HEADS.items():
        ends = other == kind
        assert kinds(f"{head}x", "y", line, BEGIN) == ([told, "begin"] if ends else []), other


@pytest.mark.parametrize("line", [" * Restarting with stat", "(7) wsgi starting up on http://x"])
@pytest.mark.parametrize("kind", HEADS)
def test_a_restart_ends_each_of_them(kind: str, line: str) -> None:
    assert kinds(f"{HEADS[kind][0]}x", "y", line, BEGIN)[1:] == ["begin"]
