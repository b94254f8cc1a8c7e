"""v34's debug log: plain lines without stamps, mixed with whatever the model and its libraries print.

Inside foreign text (the user's words, a prompt preview, an answer) only the line that v34 prints next is read, so that
no text can end itself, and no answer can tell of a turn.
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from timmy_tui.core.failures import Failures
from timmy_tui.model.log_format import DebugFact, FactLog
from timmy_tui.parse.v34_answers import NOTED, AnswerEnd, LongerAnswer
from timmy_tui.parse.v34_lines import LineReader
from timmy_tui.parse.v34_patterns import PATTERNS, match_line

__all__ = ["FORMAT", "NOTHING_UNDERSTOOD", "PATTERNS", "V34Parser", "match_line"]

_ID = re.compile(r"^(?P<text>.*) \[request_id=(?P<request_id>[0-9A-Za-z-]{1,64})\]$", re.DOTALL)

_RESTART = frozenset({"serving", "restarting"})
_NEXT_TURN = frozenset({"begin", "message", "step"})
"""What follows a restart and comes before the next answer, if the restart is real."""


class _Foreign(NamedTuple):
    """A foreign text of several lines: how it ends."""

    ends: frozenset[str]
    """Kinds of the lines that v34 prints next. Every other line is text."""
    length: int = 10_000
    """Characters of the whole text, where v34 cuts it and puts ``...`` behind it. It has no more lines than that."""
    restarts: bool = True
    """A line of a restart ends it: v34 was killed while it printed, or before its buffer was written."""


_FOREIGN: dict[str, _Foreign] = {
    "message": _Foreign(frozenset()),
    "excerpt": _Foreign(frozenset({"topic"}), length=55),
    "summary": _Foreign(frozenset({"parent_stored"}), length=103),
    "caption": _Foreign(frozenset(), length=130),
    "preview": _Foreign(frozenset({"tail_prompt", "tail_mode", "context_sent", "first_request", "call"}), length=203),
    "answer_head": _Foreign(frozenset({"context_returned", "timings"}), length=103),
    "answer": _Foreign(frozenset({"answer_added"}), restarts=False),
}
"""By the kind of the line that begins it. The user's words end where v34 begins to process them: it repeats them."""

_LAST_LINE = {
    "excerpt": re.compile(r"\.\.\.'$"),
    "summary": re.compile(r"\.\.\.$"),
    "preview": re.compile(r"\.\.\.$"),
    "answer_head": re.compile(r"\.\.\.$"),
    "caption": re.compile(r"' faces=\d+ known=\[[^\[]*\]$"),
}
"""By the kind of the text: how its last line ends."""

NOTHING_UNDERSTOOD = "no line of v34"
NOTHING_AFTER_LINES = 100
"""So many lines without one that v34 prints are counted as not understood; a start alone prints some fifty warnings."""

_LIMIT = 4096
"""Characters stored of a message or an answer."""
_LINE_LIMIT = 200
"""Lines stored of an answer."""
_MOST_REPLAYS = 2
"""Restarts in a row that each cut an answer; a model that forges more of them must not cost more time."""
_MESSAGE_LIMIT = 10_000
"""Lines that can be the user's words. v34 did not process what has more, and these are its own lines."""


class V34Parser:
    """Lines in, facts out. A line that no pattern matches is counted as noise; it is not an error."""

    def __init__(self) -> None:
        self.noise = 0
        """Lines that no pattern matched."""
        self.lines = 0
        self._failures = Failures()
        self._end = AnswerEnd()
        self._longer = LongerAnswer()
        self._raw = b""
        """The line that is being read."""
        self._understood = False
        self._lines = LineReader()
        self._inside = ""
        """Kind that began the foreign text which is being read; empty outside of foreign text."""
        self._text: list[str] = []
        self._text_lines = 0
        self._doubt: list[str] = []
        """Within an answer: the lines since one that tells of a restart, or of an end that does not fit."""
        self._doubt_kinds: set[str] = set()
        self._replays = 0
        """Cut answers whose lines behind the cut are being read again, one within another."""
        self._typed = False
        """The user's words that are being read came from the web chat."""
        self._repeated: deque[str] = deque()
        """Lines of the user's words that v34 prints a second time."""

    def use_reply_lengths(self, reply_length_of: Callable[[str], int | float | None]) -> None:
        """See ReadsReplies."""
        self._end.reply_length_of = reply_length_of

    @property
    def unparsed(self) -> Counter[str]:
        """All lines, if there are many and none is v34's; else none: noise is printed by the model or a library."""
        silent = not self._understood and self.noise >= NOTHING_AFTER_LINES
        return (Counter({NOTHING_UNDERSTOOD: self.noise}) if silent else Counter()) + self._failures.counts

    def feed(self, lines: Sequence[bytes]) -> list[DebugFact]:
        """Facts of whole lines, in file order. Never raises, whatever the bytes."""
        facts: list[DebugFact] = []

        def read_all(remaining: Iterator[bytes]) -> None:
            text, read = self._lines.text, self._read
            for line in remaining:
                self._raw = line
                facts.extend(read(text(line, bool(self._inside))))

        self._failures.run(lines, read_all, lambda index, _: f"line {self.lines + index + 1} of v34's log")
        self.lines += len(lines)
        return facts

    def _read(self, text: str) -> list[DebugFact]:
        if (behind := self._longer.lines) is not None:
            behind.append(text)
        if self._inside:
            return self._read_inside(text)
        if self._repeated:
            if text == self._repeated[0] or text.startswith(f"{self._repeated[0]} [request_id="):
                self._repeated.popleft()
                return []
            self._repeated.clear()
        fact = match_line(text)
        if fact is None:
            self.noise += 1
            return []
        self._understood = True
        return self._take(fact, text)

    def _take(self, fact: DebugFact, text: str) -> list[DebugFact]:
        """A fact outside of foreign text; it may begin one."""
        kind = fact.kind
        if kind == "message":
            message = _message(str(fact.values["text"]), fact.values.get("typed"))
            self._end.note(message)
            # Of the user's words the last line carries the id; without one, more lines may follow.
            if "typed" in fact.values and message.values["text"] == fact.values["text"][:_LIMIT]:
                self._typed = bool(fact.values["typed"])
                self._begin_text(kind, str(fact.values["text"]))
            return [message]
        if kind not in _FOREIGN:
            if kind in NOTED:
                self._end.note(fact)
            elif kind == "answer_added" and (reply := self._longer.at_end()) is not None:
                return [DebugFact(kind, {"reply": reply[:_LIMIT]})]
            return [fact]
        if kind not in _LAST_LINE or not _LAST_LINE[kind].search(text):
            self._begin_text(kind, text.removeprefix("*** Debug: ").partition(": ")[2])
        return []

    def _begin_text(self, kind: str, first: str) -> None:
        self._inside, self._text, self._text_lines, self._doubt = kind, [first], 1, []
        self._doubt_kinds.clear()
        if kind == "answer":
            self._longer.lines = None
            self._end.begin(self._lines.raw(self._raw))

    def _read_inside(self, text: str) -> list[DebugFact]:
        """A line inside foreign text, or the line behind its end."""
        foreign = _FOREIGN[self._inside]
        fact = match_line(text)
        kind = "" if fact is None else fact.kind
        if fact is not None and self._inside == "message" and kind == "message" and "typed" not in fact.values:
            return self._end_message(fact, text)
        if self._end.held:
            return self._read_behind(fact, text)
        if fact is not None and kind in foreign.ends and self._inside != "answer":
            return [*self._end_text(), *self._take(fact, text)]
        if fact is not None and kind in foreign.ends:
            is_end = self._end.by_length()
            if is_end:
                return [*self._end_text(), *self._take(fact, text)]
            if is_end is None:
                self._end.held.append(text)
                return []
        if fact is not None and kind in _RESTART and foreign.restarts:
            self._inside = ""
            return [fact]
        if self._doubt or kind in _RESTART:
            self._doubt.append(text)
            self._doubt_kinds.add(kind)
            if kind == "answer" and self._doubt_kinds >= _NEXT_TURN and self._replays < _MOST_REPLAYS:
                return self._end_cut_answer()
        if self._inside == "message" and self._text_lines >= _MESSAGE_LIMIT:
            lines, self._inside = self._text, ""
            return self._end_failed_message(lines, text)
        if self._inside != "message" or kind != "health":
            self._add_text(text)
        return self._end_text() if self._is_whole(text) else []

    def _read_behind(self, fact: DebugFact | None, text: str) -> list[DebugFact]:
        """A line behind one that may be the end of an answer."""
        is_end = self._end.by_next(fact)
        if is_end is None:
            self._end.held.append(text)
            return []
        held, self._end.held = self._end.held, []
        if is_end and len(self._text) == self._text_lines:
            self._longer.begin(self._text)
        if not is_end:
            # A step of the clock spoils a total as well: if another answer follows, this one had ended here.
            self._doubt += held
            for line in held:
                self._add_text(line)
            return self._read_inside(text)
        return [*self._end_text(), *self._read_again((*held, text))]

    def _read_again(self, lines: Iterable[str]) -> list[DebugFact]:
        facts: list[DebugFact] = []
        for line in lines:
            self._raw = line.encode("utf-8", "replace")
            facts.extend(self._read(line))
        return facts

    def _add_text(self, text: str) -> None:
        if self._inside == "answer":
            self._end.add(self._lines.raw(self._raw))
        self._text_lines += 1
        if len(self._text) < _LINE_LIMIT or self._inside == "message":
            self._text.append(text)

    def _is_whole(self, text: str) -> bool:
        """``text``, the newest line, is the text's last. Of a caption only the form of the last line is known."""
        length = _FOREIGN[self._inside].length
        last = _LAST_LINE.get(self._inside)
        if last is None or not last.search(text):
            return self._text_lines >= length
        return self._inside == "caption" or sum(map(len, self._text)) + len(self._text) - 1 >= length

    def _end_message(self, fact: DebugFact, text: str) -> list[DebugFact]:
        """v34 goes on with the same words, which may be of several lines, and now with the id behind them."""
        lines, self._inside = self._text, ""
        if len(lines) == 1:
            return self._take(fact, text)
        if _message(str(fact.values["text"]), None).values["text"] != lines[0][:_LIMIT]:
            return self._end_failed_message(lines, text)
        self._repeated = deque(lines[1:])
        message = _message("\n".join(lines), self._typed)
        self._end.note(message)
        return [message]

    def _end_failed_message(self, lines: list[str], text: str) -> list[DebugFact]:
        """Other words than those that came: v34 failed before it processed them, and this is the next turn."""
        self._longer.lines = None
        begins = [
            at for at, line in enumerate(lines) if (fact := match_line(line)) is not None and fact.kind == "begin"
        ]
        behind = [*lines[begins[-1] :], text] if begins else [text]
        return self._read_again(behind)

    def _end_cut_answer(self) -> list[DebugFact]:
        """The answer ended where the doubt began: v34 is at the next answer by now."""
        behind, self._longer.lines = self._doubt, None
        self._replays += 1
        self._text = self._text[: max(self._text_lines - len(behind) + 1, 0)]
        facts = [*self._end_text(), *self._read_again(behind)]
        self._replays -= 1
        return facts

    def _end_text(self) -> list[DebugFact]:
        """The answer as a fact. Other texts give none: they repeat what was said, or cut it."""
        inside, self._inside, self._doubt = self._inside, "", []
        if inside != "answer":
            return []
        return [DebugFact("answer", {"reply": "\n".join(self._text)[:_LIMIT]})]


def _message(text: str, typed: bool | None) -> DebugFact:
    """The user's words and the request id after them, which versions before November 2025 do not print."""
    match = _ID.match(text)
    if typed and match is not None and match["request_id"] != "None":
        # A typed turn has no id: the user wrote that.
        match = None
    request_id = "" if match is None or match["request_id"] == "None" else match["request_id"]
    words = text if match is None else match["text"]
    values: dict[str, object] = {"text": words[:_LIMIT]}
    if typed is not None:
        values["typed"] = typed
    return DebugFact("message", values, request_id)


def _recognizes(line: bytes) -> bool:
    return b"*** Debug:" in line


FORMAT = FactLog(
    kind="v34",
    file_name="v34.log",
    order=20,
    recognizes=_recognizes,
    place=lambda places: places.v34_log,
    places=lambda places: places.v34_logs,
    parser=V34Parser,
)
