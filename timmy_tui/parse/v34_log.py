"""v34's debug log: plain lines without stamps, mixed with whatever the model and its libraries print.

Inside foreign text (the user's words, a prompt preview, an answer) only the line that v34 prints next is read, so that
no text can end itself, and no answer can tell of a turn.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from timmy_tui.core.running.failures import Failures
from timmy_tui.model.log_format import DebugFact, FactLog
from timmy_tui.parse.v34_answers import NOTED, AnswerEnd, DoubtedEnd, LongerAnswer
from timmy_tui.parse.v34_foreign import FOREIGN, LAST_LINE, LIMIT, message_of
from timmy_tui.parse.v34_lines import LineReader
from timmy_tui.parse.v34_patterns import PATTERNS, match_line

__all__ = ["FORMAT", "NOTHING_UNDERSTOOD", "PATTERNS", "V34Parser", "match_line"]

_RESTART = frozenset({"serving", "restarting"})
_NEXT_TURN = frozenset({"begin", "message", "step"})
"""What follows a restart and comes before the next answer, if the restart is real."""


_PLAIN = frozenset(row.kind for row in PATTERNS) - FOREIGN.keys() - NOTED - {"answer_added"}
"""Kinds of lines that are facts and nothing more."""

NOTHING_UNDERSTOOD = "no line of v34"
NOTHING_AFTER_LINES = 100
"""So many lines without one that v34 prints are counted as not understood; a start alone prints some fifty warnings."""

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
        self._doubted: DoubtedEnd | None = None
        self._counts_tell = True
        """No answer had less text than its tokens make; hidden reasoning is counted, and is no text."""
        self._raw: bytes
        """The line that is being read, where its text is not all that counts."""
        self._understood = False
        self._lines = LineReader()
        self._inside = ""
        """Kind that began the foreign text which is being read; empty outside of foreign text."""
        self._text: list[str]
        self._text_lines: int
        self._doubt: list[str]
        """Within an answer: the lines since one that tells of a restart, or of an end that does not fit."""
        self._doubt_kinds: set[str] = set()
        self._replays = 0
        """Cut answers whose lines behind the cut are being read again, one within another."""
        self._typed: bool
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
            # The hottest loop when a file is read: most lines are outside of any text, and begin and end nothing.
            text_of, longer, add = self._lines.text, self._longer, facts.append
            for line in remaining:
                inside = self._inside
                text = text_of(line, inside != "")
                if longer.lines is not None:
                    longer.lines.append(text)
                if inside or self._repeated:
                    self._raw = line
                    facts.extend(self._read_inside(text) if inside else self._read_outside(text))
                    continue
                fact = match_line(text)
                if fact is None:
                    self.noise += 1
                elif fact.kind in _PLAIN:
                    self._understood = True
                    add(fact)
                else:
                    self._raw = line
                    facts.extend(self._take(fact, text))

        self._failures.run(lines, read_all, lambda index, _: f"line {self.lines + index + 1} of v34's log")
        self.lines += len(lines)
        return facts

    def _read(self, text: str) -> list[DebugFact]:
        if self._longer.lines is not None:
            self._longer.lines.append(text)
        return self._read_inside(text) if self._inside else self._read_outside(text)

    def _read_outside(self, text: str) -> list[DebugFact]:
        if self._repeated:
            if text == self._repeated[0] or text.startswith(f"{self._repeated[0]} [request_id="):
                self._repeated.popleft()
                return []
            self._repeated.clear()
        fact = match_line(text)
        if fact is None:
            self.noise += 1
            return []
        return self._take(fact, text)

    def _take(self, fact: DebugFact, text: str) -> list[DebugFact]:
        """A fact outside of foreign text; it may begin one."""
        self._understood = True
        kind = fact.kind
        if kind == "message":
            message = message_of(str(fact.values["text"]), fact.values.get("typed"))
            self._end.note(message)
            # Of the user's words the last line carries the id; without one, more lines may follow.
            if "typed" in fact.values and message.values["text"] == fact.values["text"][:LIMIT]:
                self._typed = bool(fact.values["typed"])
                self._begin_text(kind, str(fact.values["text"]))
            return [message]
        if kind not in FOREIGN:
            if kind in NOTED:
                self._end.note(fact)
            elif kind == "answer_added" and (reply := self._longer.at_end()) is not None:
                return [DebugFact(kind, {"reply": reply[:LIMIT]})]
            return [fact]
        if kind not in LAST_LINE or not LAST_LINE[kind].search(text):
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
        foreign = FOREIGN[self._inside]
        fact = match_line(text)
        if self._doubted is not None:
            return self._read_doubted(self._doubted, fact, text)
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
        ended_by_total = is_end and fact is not None and fact.kind == "total"
        if ended_by_total and self._counts_tell and self._has_whole_text:
            self._doubted = self._end.doubt(self._text)
            if self._doubted is not None:
                self._doubted.lines += [*held, text]
                return []
        if not is_end:
            # A step of the clock spoils a total as well: if another answer follows, this one had ended here.
            self._doubt += held
            for line in held:
                self._add_text(line)
            return self._read_inside(text)
        return self._end_answer((*held, text))

    @property
    def _has_whole_text(self) -> bool:
        return len(self._text) == self._text_lines

    def _end_answer(self, behind: Iterable[str]) -> list[DebugFact]:
        """The answer has ended; ``behind`` are the lines that were held back since."""
        if self._has_whole_text:
            self._longer.begin(self._text)
        return [*self._end_text(), *self._read_again(behind)]

    def _read_doubted(self, doubted: DoubtedEnd, fact: DebugFact | None, text: str) -> list[DebugFact]:
        """A line behind an end that Ollama's count refutes."""
        ended = doubted.add(fact, text)
        return [] if ended is None else self._end_doubted(doubted, ended)

    def _end_doubted(self, doubted: DoubtedEnd, where_it_seemed: bool) -> list[DebugFact]:
        self._doubted, lines = None, doubted.lines
        if where_it_seemed:
            self._counts_tell = False
            return self._end_answer(lines)
        self._text_lines += doubted.end
        self._text = [*self._text, *lines[: doubted.end]][:_LINE_LIMIT]
        return self._end_answer(lines[doubted.end :])

    def finish(self) -> list[DebugFact]:
        """See ReadsReplies."""
        return [] if self._doubted is None else self._end_doubted(self._doubted, True)

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
        length = FOREIGN[self._inside].length
        last = LAST_LINE.get(self._inside)
        if last is None or not last.search(text):
            return self._text_lines >= length
        return self._inside == "caption" or sum(map(len, self._text)) + len(self._text) - 1 >= length

    def _end_message(self, fact: DebugFact, text: str) -> list[DebugFact]:
        """v34 goes on with the same words, which may be of several lines, and now with the id behind them."""
        lines, self._inside = self._text, ""
        if len(lines) == 1:
            return self._take(fact, text)
        if message_of(str(fact.values["text"]), None).values["text"] != lines[0][:LIMIT]:
            return self._end_failed_message(lines, text)
        self._repeated = deque(lines[1:])
        message = message_of("\n".join(lines), self._typed)
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
        return [DebugFact("answer", {"reply": "\n".join(self._text)[:LIMIT]})]


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
