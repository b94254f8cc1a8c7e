"""What stands before, within and behind a line of v34's: each form of a prefix, and what is between two lines."""

import pytest

from tests.parse.test_v34_foreign import ADDED, BEGIN, TOTAL, D, kinds, read
from timmy_tui.parse.v34_answers import ALL_STEPS, total_agrees
from timmy_tui.parse.v34_lines import LineReader

GOOD = (
    "Nov 19 01:34:47 box python[12]: ", "Nov  9 01:34:47 b x[1]:", "Nov 19 01:34:47 ",
    "2025-11-19T01:34:47 ", "2025-11-19 01:34:47 ", "2025-11-19T01:34:47.1 ", "2025-11-19T01:34:47,123456 ",
    "2025-11-19T01:34:47Z ", "2025-11-19T01:34:47+0100 ", "2025-11-19T01:34:47.5-05:30 ",
    "2025-11-19T01:34:47Z my-box.local /usr/bin/python3.11@v34[1234]: ",
    "v34-1  | ", "v34 |", "a.b_c-1 | 2025-11-19T01:34:47.123456789Z ",
)  # fmt: skip
NONE = (
    "nov 19 01:34:47 ", "No 19 01:34:47 ", "Nov 9 01:34:47 ", "Nov 19 1:34:47 ", "Nov 19 01:34:47", "Nov 19 01:34 ",
    "2025-11-19x01:34:47 ", "25-11-19 01:34:47 ", "2025-11-19 01:34:47. ", "2025-11-19T01:34:47z ",
    "2025-11-19T01:34:47+1:00 ", "v34|", "| ", "v 34 | ", "x 2025-11-19T01:34:47Z ",
)  # fmt: skip


@pytest.mark.parametrize("prefix", GOOD)
def test_each_form_of_a_prefix_is_taken_off_once_it_has_hidden_a_line(prefix: str) -> None:
    reader = LineReader()
    assert reader.text(f"{prefix}noise".encode(), foreign=False) == f"{prefix}noise"
    assert reader.raw(f"{prefix}{BEGIN}".encode()) == f"{prefix}{BEGIN}"
    assert reader.text(f"{prefix}{BEGIN}\r\n".encode(), foreign=False) == BEGIN
    # From then on of every line, in foreign text too, and of what an answer is counted by.
    assert reader.text(f"{prefix}noise".encode(), foreign=True) == "noise"
    assert reader.raw(f"{prefix}a\rb".encode()) == "a\rb"
    assert reader.text(b"noise", foreign=False) == reader.raw(b"noise") == "noise"


@pytest.mark.parametrize("prefix", NONE)
def test_what_nearly_is_a_prefix_stays(prefix: str) -> None:
    reader = LineReader()
    assert reader.text(f"{prefix}{BEGIN}".encode(), foreign=False) == f"{prefix}{BEGIN}"
    assert reader.text(f"{prefix}noise".encode(), foreign=False) == f"{prefix}noise"


def test_in_foreign_text_nothing_shows_a_prefix() -> None:
    reader = LineReader()
    assert reader.text(f"v34 | {BEGIN}".encode(), foreign=True) == f"v34 | {BEGIN}"
    assert reader.text(b"v34 | noise", foreign=False) == "v34 | noise"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"a\rb\rc\r\n", "c"), (b"a\0b\n", "ab"), (b"\xffa", "\ufffda"), (b"\x1b[0;35mPOST\x1b[m \x1b[1A", "POST "),
        (b"\x1b]0;x", "\x1b]0;x"), (b"\x1b[35", "\x1b[35"), (b" a \n", " a "),
    ],
)  # fmt: skip
def test_what_a_terminal_would_not_show_is_no_text(line: bytes, text: str) -> None:
    assert LineReader().text(line, foreign=False) == text


HEALTH = "*** Health: tts DOWN latency=7ms url=x error=None"


def test_a_health_line_between_the_users_words_is_none_of_them() -> None:
    """Another thread prints it. In an answer it may be the model's."""
    told = read(
        f"{D}Received user_message via WebSocket: one", HEALTH, "two", f"{D}Processing user message: one",
        "two [request_id=None]", TOTAL,
    )  # fmt: skip
    assert [fact.kind for fact in told] == ["message", "message", "total"]
    assert told[1].values["text"] == "one\ntwo"
    told = read(f"{D}LLM response received: one", HEALTH, "two", ADDED, TOTAL)
    assert told[0].values["reply"] == f"one\n{HEALTH}\ntwo"


@pytest.mark.parametrize(
    ("line", "kind"), [(" * Restarting with stat", "restarting"), ("(7) wsgi starting up on http://x", "serving")]
)
def test_a_restart_behind_an_answer_ends_it(line: str, kind: str) -> None:
    assert kinds(f"{D}LLM response received: one", ADDED, line) == ["answer", "answer_added", kind]
    assert kinds(f"{D}LLM response received: one", ADDED, "noise", HEALTH, line) == [
        "answer", "answer_added", "health", kind,
    ]  # fmt: skip


@pytest.mark.parametrize(("between", "ended"), [(0, False), (48, False), (49, False), (50, True)])
def test_so_much_noise_behind_an_old_answers_end_is_no_part_of_it(between: int, ended: bool) -> None:
    """The end that v34 printed when it stored its answers; nothing v34 prints decides yet."""
    told = kinds(f"{D}LLM response received: one", f"{D}Skipped storing assistant message: x", *["noise"] * between)
    assert told == (["answer", "answer_added"] if ended else [])


STEPS = dict.fromkeys(sorted(ALL_STEPS), 100.0)


@pytest.mark.parametrize(
    ("ms", "agrees"), [(375.0, True), (374.999, False), (400.0, True), (2425.0, True), (2425.001, False)]
)
def test_a_total_that_can_be_that_of_four_steps(ms: float, agrees: bool) -> None:
    """400 ms in all, five figures rounded by 5 ms, and two seconds outside of the steps."""
    assert total_agrees(STEPS, ms) is agrees
    lacking = {number: took for number, took in STEPS.items() if number != 3}
    assert total_agrees(lacking, ms) is (ms >= 280.0)
    assert total_agrees(lacking, 279.999) is False
    assert total_agrees({**STEPS, 2: 0.0}, ms - 5.0 if ms < 400 else ms + 5.0) is agrees


@pytest.mark.parametrize("via", ["webhook", "WebSocket"])
@pytest.mark.parametrize(("shown", "meant"), [("", ""), ("a", "a"), ("a [request_id=b]", "a [request_id=b]")])
def test_the_id_stands_behind_the_words_also_behind_none(via: str, shown: str, meant: str) -> None:
    """Of a typed turn, which has none, v34 prints that it has none."""
    request_id = "None" if via == "WebSocket" else "abc123de"
    (fact,) = read(f"{D}Received user_message via {via}: {shown} [request_id={request_id}]")
    assert (fact.values["text"], fact.request_id) == (meant, "" if via == "WebSocket" else "abc123de")
