"""What the fuzzers put into texts, and the edits that they make to lines and files that the real programs wrote."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from hypothesis import strategies as st

from timmy_tui.demo.dialogue import HOSTILE_LINES, USER_LINES
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs

SCENARIOS = ("steady", "faults", "clock-skew", "cold-start", "voice-clock-step")
"""Of the demo: those whose logs differ most."""
STAR = b"*" * 45

PIECES: tuple[bytes, ...] = (
    b"", b"\0", b"\r", b"\n", b"\t", b" ", b"\x1b[2J", b"\x1b]0;owned\x07", b"\x9b31m", b"\xc2\x9b31m", b"\x7f",
    "\u202e".encode(), "\u2066".encode(), "\u2028".encode(), "\ufeff".encode(), "\U000e0041".encode(),
    b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\\x1b", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"#(id)",
    b"NaN", b"Infinity", b"-1", b"0", b"-0.0", b"1e400", b"1e308", b"1e-400", b"9" * 309, b"9" * 20, b"0" * 400,
    b"null", b"true", b'"1"', b"[" * 250, b'{"a":' * 300, b"1e15", b"253402300800", b"100000000000", b"=1+1",
    b'{"timestamp"', b'"request_id": "', b" [request_id=None]", b" [request_id=abc123de]", b"*** Debug: ", STAR,
    b"BEGIN", b"--- Total process_user_message took: ", b"took: -1.0s", b"inf", b"nan", "٣".encode(), "²".encode(),
    b"</script>", b"[bold]", b"x" * 5000, "é".encode(), "😀".encode(),
)  # fmt: skip
"""Each has cost some program a line, a thread or a terminal."""


class Op(NamedTuple):
    """One edit; the numbers are taken modulo what there is."""

    kind: int
    line: int
    column: int
    piece: bytes


def pieces() -> st.SearchStrategy[bytes]:
    """Bytes to put in."""
    return st.sampled_from(PIECES) | st.binary(max_size=8)


def ops(most: int = 12) -> st.SearchStrategy[list[Op]]:
    """Edits, from none to ``most``."""
    one = st.builds(Op, st.integers(0, 11), st.integers(0, 1000), st.integers(0, 400), pieces())
    return st.lists(one, max_size=most)


def edited(lines: Sequence[bytes], edits: Sequence[Op]) -> list[bytes]:
    """Lines after these edits; none holds a line end, since one that is put in splits its line."""
    result = list(lines)
    for op in edits:
        at = op.line % len(result) if result else 0
        _EDITS[op.kind % len(_EDITS)](result, at, op)
    return b"\n".join(result).split(b"\n") if result else []


def edited_bytes(text: bytes, edits: Sequence[Op]) -> bytes:
    """A file after the same edits."""
    return b"\n".join(edited(text.split(b"\n"), edits))


def _insert(lines: list[bytes], at: int, op: Op) -> None:
    if lines:
        line = lines[at]
        column = op.column % (len(line) + 1)
        lines[at] = line[:column] + op.piece + line[column:]


def _replace_rest(lines: list[bytes], at: int, op: Op) -> None:
    if lines:
        lines[at] = lines[at][: op.column % (len(lines[at]) + 1)] + op.piece


def _overwrite(lines: list[bytes], at: int, op: Op) -> None:
    if lines:
        line = lines[at]
        column = op.column % (len(line) + 1)
        lines[at] = line[:column] + op.piece + line[column + max(len(op.piece), 1) :]


def _replace_value(lines: list[bytes], at: int, op: Op) -> None:
    """A number, a word or a text behind ``=`` or ``:`` becomes the piece."""
    if not lines:
        return
    line = lines[at]
    starts = [index + 1 for index, byte in enumerate(line) if byte in b":=~("]
    if starts:
        start = starts[op.column % len(starts)]
        while line[start : start + 1] == b" ":
            start += 1
        end = next((index for index in range(start, len(line)) if line[index] in b",})] "), len(line))
        lines[at] = line[:start] + op.piece + line[end:]


def _new_line(lines: list[bytes], at: int, op: Op) -> None:
    lines.insert(at, op.piece)


def _delete(lines: list[bytes], at: int, op: Op) -> None:
    del lines[at : at + 1 + op.column % 5]


def _repeat(lines: list[bytes], at: int, op: Op) -> None:
    if lines:
        lines[at:at] = [lines[at]] * (1 + op.column % 3)


def _move(lines: list[bytes], at: int, op: Op) -> None:
    if lines:
        line = lines.pop(at)
        lines.insert(op.column % (len(lines) + 1), line)


def _join(lines: list[bytes], at: int, op: Op) -> None:
    """As two writers without a lock do."""
    if len(lines) > at + 1:
        line = lines[at]
        column = op.column % (len(line) + 1)
        lines[at : at + 2] = [line[:column] + lines[at + 1] + line[column:]]


def _reverse(lines: list[bytes], at: int, op: Op) -> None:
    end = at + 1 + op.column % 20
    lines[at:end] = lines[at:end][::-1]


def _again(lines: list[bytes], at: int, op: Op) -> None:
    """A run of lines comes a second time, as of a log that is read again."""
    lines += lines[at : at + 1 + op.column % 60]


def _two(lines: list[bytes], at: int, op: Op) -> None:
    """The same piece at two places of a line."""
    _insert(lines, at, op)
    _insert(lines, at, op._replace(column=op.column * 7 + 3))


_EDITS: tuple[Callable[[list[bytes], int, Op], None], ...] = (
    _insert, _replace_rest, _overwrite, _replace_value, _new_line, _delete, _repeat, _move, _join, _reverse, _again,
    _two,
)  # fmt: skip


class Logs(NamedTuple):
    """Lines of both logs of one conversation."""

    latency: list[bytes]
    v34: list[bytes]


@cache
def conversation(index: int) -> Logs:
    """A conversation of the demo, the scenarios in turn; every other one has words that try to be lines of a log."""
    plan = ConversationPlan(
        8,
        scenario=SCENARIOS[index % len(SCENARIOS)],
        seed=index,
        session_turns=4,
        tail_mode=index % 3 == 0,
        lines=HOSTILE_LINES if index % 2 else USER_LINES,
    )
    logs = generate_logs(plan)
    latency, v34 = ([line.encode("utf-8", "surrogateescape") for line in lines] for lines in (logs.latency, logs.v34))
    return Logs(latency, b"\n".join(v34).split(b"\n"))


CONVERSATIONS = 10


class Part(NamedTuple):
    """A stretch of a log, and what is done to it."""

    conversation: int
    start: int
    length: int
    edits: list[Op]

    def of(self, lines: Sequence[bytes]) -> list[bytes]:
        """Its lines."""
        start = self.start % max(len(lines), 1)
        return edited(lines[start : start + self.length], self.edits)


def parts(longest: int = 150) -> st.SearchStrategy[Part]:
    """Stretches of up to ``longest`` lines before the edits."""
    return st.builds(
        Part, st.integers(0, CONVERSATIONS - 1), st.integers(0, 800), st.integers(0, longest), ops()
    )  # fmt: skip
