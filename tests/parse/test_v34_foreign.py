"""Foreign text in v34's log: it ends where v34's own next line stands, whatever it holds, and it tells of nothing."""

import pytest

from timmy_tui.model.log_format import DebugFact
from timmy_tui.parse.v34_log import NOTHING_AFTER_LINES, NOTHING_UNDERSTOOD, V34Parser

D = "*** Debug: "
BEGIN = "*" * 45 + "BEGIN" + "*" * 45
TOTAL = "--- Total process_user_message took: 0.92s"
ADDED = f"{D}Assistant response added to conversation history only (not stored in vector memory)"
ACCESS = '172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 0.930024'
FORGED = (
    "--- Total process_user_message took: 99.00s",
    ACCESS,
    BEGIN,
    f"{D}Received user_message via webhook: not said [request_id=deadbeef]",
    f"{D}Processing user message: not said [request_id=deadbeef]",
    "--- Step 5 (Megaprompt LLM Call) took: 98.00s",
    f"{D}KV stats: prompt_eval_count=1 eval_count=1",
    f"{D}Error in handle_user_message: forged",
    " * Restarting with stat",
    "(7) wsgi starting up on http://0.0.0.0:5000",
    "--- Total process_user_message took: 99.00s",
)


def read(*lines: str) -> list[DebugFact]:
    return V34Parser().feed([line.encode() for line in lines])


def kinds(*lines: str) -> list[str]:
    return [fact.kind for fact in read(*lines)]


def test_an_answer_that_looks_like_a_log_is_one_answer() -> None:
    told = read(f"{D}LLM response received: well", *FORGED, "so.", ADDED, TOTAL, ACCESS)
    assert [fact.kind for fact in told] == ["answer", "answer_added", "total", "access"]
    assert told[0].values["reply"] == "\n".join(("well", *FORGED, "so."))
    assert told[2].values["ms"] == 920.0


def test_an_answer_that_was_cut_by_a_restart_ends_there() -> None:
    """v34 is killed with half of the answer in its buffer; the next answer shows that its own lines went on."""
    rest = (f"{D}Received user_message via webhook: hi [request_id=bbbbbbbb]", "--- Step 1 (Name) took: 0.03s")
    told = read(
        f"{D}LLM response received: one", "two", " * Restarting with stat", BEGIN, *rest,
        f"{D}LLM response received: three", ADDED, TOTAL,
    )  # fmt: skip
    assert [fact.kind for fact in told] == [
        "answer", "restarting", "begin", "message", "step", "answer", "answer_added", "total",
    ]  # fmt: skip
    assert [fact.values["reply"] for fact in told if fact.kind == "answer"] == ["one\ntwo", "three"]


def test_a_typed_message_of_several_lines_is_text_up_to_its_repetition() -> None:
    words = ("one", "--- Total process_user_message took: 99.00s", "", BEGIN)
    repeated = (*words[1:-1], f"{BEGIN} [request_id=None]")
    told = read(
        BEGIN, f"{D}Received user_message via WebSocket: {words[0]}", *words[1:],
        f"{D}Processing user message: {words[0]}", *repeated, "--- Step 1 (Name) took: 0.03s",
    )  # fmt: skip
    assert [fact.kind for fact in told] == ["begin", "message", "message", "step"]
    assert told[2].values == {"text": "\n".join(words), "typed": True}
    assert told[2].request_id == ""


def test_a_typed_message_may_look_like_another_one() -> None:
    forged = (BEGIN, f"{D}Received user_message via webhook: b [request_id=deadbeef]")
    told = read(
        BEGIN, f"{D}Received user_message via WebSocket: a", *forged, f"{D}Processing user message: a",
        forged[0], f"{forged[1]} [request_id=None]", TOTAL,
    )  # fmt: skip
    assert [fact.kind for fact in told] == ["begin", "message", "message", "total"]
    assert told[2].values["text"] == "\n".join(("a", *forged))


def test_a_message_that_was_not_processed_does_not_swallow_the_next_turn() -> None:
    told = read(
        BEGIN, f"{D}Received user_message via WebSocket: a", "Traceback (most recent call last):", BEGIN,
        f"{D}Received user_message via webhook: b [request_id=bbbbbbbb]",
        f"{D}Processing user message: b [request_id=bbbbbbbb]", TOTAL,
    )  # fmt: skip
    assert [fact.kind for fact in told] == ["begin", "message", "begin", "message", "message", "total"]
    assert told[3].request_id == "bbbbbbbb"


@pytest.mark.parametrize("lines", [199, 200, 201, 300])
def test_a_long_message_is_repeated_whole(lines: int) -> None:
    text = [f"{n}" for n in range(lines - 1)] + [TOTAL]
    told = read(
        f"{D}Received user_message via WebSocket: {text[0]}", *text[1:], f"{D}Processing user message: {text[0]}",
        *text[1:-1], f"{TOTAL} [request_id=None]", TOTAL.replace("0.92", "1.50"),
    )  # fmt: skip
    assert [fact.kind for fact in told] == ["message", "message", "total"]
    assert told[-1].values["ms"] == 1500.0


def test_spoken_words_of_several_lines_have_their_id_behind_the_last() -> None:
    told = read(
        f"{D}Received user_message via webhook: one", "two [request_id=abc123de]", f"{D}Processing user message: one",
        "two [request_id=abc123de]", TOTAL,
    )  # fmt: skip
    assert [fact.kind for fact in told] == ["message", "message", "total"]
    assert (told[1].values, told[1].request_id) == ({"text": "one\ntwo", "typed": False}, "abc123de")


@pytest.mark.parametrize("via", ["webhook", "WebSocket"])
def test_no_id_is_no_id(via: str) -> None:
    for line in (
        f"Received user_message via {via}: hi [request_id=None]",
        "Processing user message: hi [request_id=None]",
    ):
        (fact,) = read(D + line)
        assert (fact.values["text"], fact.request_id) == ("hi", "")


@pytest.mark.parametrize(
    ("first", "last", "end"),
    [
        (">>> Importance calculation for: 'one", "more...'", "    Topic: t, Tags: []"),
        (">>> Fast summary generated: one", "more...", f"{D}Stored parent document with ID: 1653"),
    ],
)
def test_an_excerpt_of_several_lines_ends_at_the_line_that_follows_it(first: str, last: str, end: str) -> None:
    short = ("--- Total process_user_message took: 9s", BEGIN, last)
    assert kinds(first, *short[:1], last, end, TOTAL)[-1:] == ["total"]
    assert kinds(first, *short, end, TOTAL).count("begin") == 0
    assert kinds(first, *short, end, TOTAL).count("total") == 1


def test_a_caption_of_several_lines_ends_with_its_faces() -> None:
    line = "*** Image analysis received: caption='a"
    assert kinds(line, TOTAL, "b' faces=1 known=['Dan']", TOTAL) == ["total"]
    assert kinds("*** Image analysis received: caption='a' faces=0 known=[]", TOTAL) == ["total"]


@pytest.mark.parametrize(("missing", "wanted"), [(0, ["begin"]), (1, [])])
def test_a_preview_is_whole_with_two_hundred_characters(missing: int, wanted: list[str]) -> None:
    """Then a turn may have failed behind it, and the next one begins."""
    text = f"y\n{BEGIN}\n"
    text += "x" * (200 - len(text) - missing) + "..."
    assert kinds(*f"{D}Megaprompt preview: {text}".split("\n"), BEGIN) == wanted


@pytest.mark.parametrize(("missing", "wanted"), [(0, ["begin"]), (1, [])])
def test_the_head_of_an_answer_is_whole_with_a_hundred_characters(missing: int, wanted: list[str]) -> None:
    text = "y" * 50 + "\n" + "x" * (49 - missing) + "..."
    assert kinds(*f"{D}AI Response: {text}".split("\n"), BEGIN) == wanted


PREFIXES = (
    "Nov 19 01:34:47 box python[12]: ",
    "Nov  9 01:34:47 box python3.11[12]: ",
    "2025-11-19T01:34:47+0100 box python[12]: ",
    "2025-11-19T01:34:47.123456+01:00 box python[12]: ",
    "2025-11-19T01:34:47.123456789Z ",
    "v34-1  | ",
    "v34-1  | 2025-11-19T01:34:47.123456789Z ",
)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_a_journal_puts_before_each_line_is_removed(prefix: str) -> None:
    lines = (
        "noise", BEGIN, f"{D}Received user_message via webhook: hi [request_id=abc123de]",
        f"{D}LLM response received: one", "two", " * Restarting with stat", ADDED, TOTAL, ACCESS,
    )  # fmt: skip
    told = read(*(prefix + line for line in lines))
    assert [fact.kind for fact in told] == ["begin", "message", "answer", "answer_added", "total", "access"]
    assert told[2].values["reply"] == "one\ntwo\n * Restarting with stat"


def test_a_prefix_in_an_answer_is_text() -> None:
    told = read(f"{D}LLM response received: one", PREFIXES[0] + BEGIN, PREFIXES[0] + ADDED, ADDED, TOTAL)
    assert [fact.kind for fact in told] == ["answer", "answer_added", "total"]
    assert told[0].values["reply"] == f"one\n{PREFIXES[0]}{BEGIN}\n{PREFIXES[0]}{ADDED}"


def test_colours_are_removed() -> None:
    line = '127.0.0.1 - - [19/Nov/2025 01:34:47] "\x1b[35m\x1b[1mPOST /api/webhook HTTP/1.1\x1b[0m" 500 -'
    assert [(fact.kind, fact.values["code"]) for fact in read(line)] == [("access", 500)]


@pytest.mark.parametrize(("lines", "counted"), [(NOTHING_AFTER_LINES - 1, {}), (NOTHING_AFTER_LINES, None)])
def test_many_lines_without_one_of_v34_are_counted(lines: int, counted: dict[str, int] | None) -> None:
    parser = V34Parser()
    parser.feed([b"anything"] * lines)
    assert dict(parser.unparsed) == ({NOTHING_UNDERSTOOD: lines} if counted is None else counted)
    parser.feed([BEGIN.encode()])
    assert dict(parser.unparsed) == {}
