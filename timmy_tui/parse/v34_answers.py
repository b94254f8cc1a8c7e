"""Where an answer ends in v34's debug log: a model may itself print the line that v34 prints behind it.

The latency log has the length of a spoken turn's answer: a line within it has less text before it. Of any other turn,
v34 prints the total next, which agrees with the steps before the answer. Where two ends fit: turns/debug/facts.py.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from timmy_tui.model.log_format import DebugFact

ALL_STEPS = frozenset((1, 3, 4, 5))
"""Every step that v34 prints."""
ROUNDING_MS = 5.0
"""Steps and total are printed with two decimals of a second."""
BETWEEN_STEPS_MS = 2000.0
"""Most that v34 needs outside of its steps: it builds no prompt and calls nobody there."""

_BEGINNING = "*** Debug: LLM response received: "
_NOT_STORED = "*** Debug: Assistant response added to conversation history only"
"""Behind this line v34 prints nothing before the total. Older versions store the answer there."""
_BETWEEN = frozenset({"", "access", "health", "tts_failure"})
"""Kinds of lines that another thread, or the other stream, can print there."""
_MOST_BETWEEN = 50
NOTED = frozenset({"begin", "message", "step", "storage", "retrieval", "counts"})
"""Kinds of lines that tell whose answer is next, how long its turn took, and how many tokens it has."""


SPECIAL_TOKENS = 8
"""Tokens of an answer that are no text of it: the end mark, and white space around it that v34 takes off."""
_MOST_LINES = 400
"""Lines of an answer with several ends; what has more is not known."""


def too_short(text: str, tokens: int) -> bool:
    """An answer of so many tokens has more text: each but a few is one byte of it at least."""
    return len(text.encode("utf-8", "replace")) + SPECIAL_TOKENS < tokens


def total_agrees(steps: Mapping[int, float], ms: float) -> bool:
    """A total can be that of a turn with these steps, in ms: not below their sum, nor far above it if all are there."""
    steps_ms, rounding_ms = sum(steps.values()), ROUNDING_MS * (len(steps) + 1)
    if ms < steps_ms - rounding_ms - 1e-6:
        return False
    return not steps.keys() >= ALL_STEPS or ms <= steps_ms + rounding_ms + BETWEEN_STEPS_MS + 1e-6


class AnswerEnd:
    """What is known of the turn whose answer is being read, and what that says of a line that may be its end."""

    def __init__(self) -> None:
        self.reply_length_of: Callable[[str], int | float | None] = lambda request_id: None
        """Characters of the answer of the turn with this id, as the latency log has them; None if it has not."""
        self.held: list[str] = []
        """Lines since one that may be v34's behind the answer: the next ones decide."""
        self._request_id = ""
        self._steps: dict[int, float] = {}
        self._tokens: int | None = None
        self._length: int

    def note(self, fact: DebugFact) -> None:
        """A line outside of foreign text."""
        if fact.kind == "begin" or fact.values.get("typed") is not None:
            self._request_id, self._steps, self._tokens = "", {}, None
        if fact.kind == "counts":
            self._tokens = fact.values.get("output_tokens")
        if fact.request_id:
            self._request_id = fact.request_id
        if fact.kind == "step" and "ms" in fact.values:
            self._steps[fact.values["step"]] = fact.values["ms"]

    def begin(self, raw: str) -> None:
        """The answer's first line, as it is in the file."""
        self._length = len(raw.partition(_BEGINNING)[2])

    def add(self, raw: str) -> None:
        """Another line of it."""
        self._length += len(raw) + 1

    def by_length(self) -> bool | None:
        """The answer is as long as the latency log says, so that this is its end; None: it does not say."""
        length = self.reply_length_of(self._request_id) if self._request_id else None
        return None if length is None else self._length >= length

    def by_next(self, fact: DebugFact | None) -> bool | None:
        """The held lines are v34's own, as the next line shows; None: a later one will."""
        kind = "" if fact is None else fact.kind
        if fact is not None and kind == "total":
            return "ms" in fact.values and (fact.values["ms"] < 0 or total_agrees(self._steps, fact.values["ms"]))
        if kind in _BETWEEN:
            return None if len(self.held) < _MOST_BETWEEN else not self.held[0].startswith(_NOT_STORED)
        return kind in ("serving", "restarting") or not self.held[0].startswith(_NOT_STORED)

    def doubt(self, text: Sequence[str]) -> "DoubtedEnd | None":
        """What follows must show whether the answer ends with ``text``, which is too short for Ollama's count."""
        if self._tokens is None or not too_short("\n".join(text), self._tokens):
            return None
        return DoubtedEnd(text, self._steps, self._tokens)


class DoubtedEnd:
    """An answer that seems to have ended, but has too little text for its tokens. A whole turn may be forged in it.

    Behind a real end the next turn is whole, and another one begins. Behind a forged one comes a second end, with a
    total that is the turn's and not that of what stood between.
    """

    def __init__(self, text: Sequence[str], steps: Mapping[int, float], tokens: int) -> None:
        self.text = list(text)
        self.lines: list[str] = []
        """All since then, v34's lines behind the answer among them."""
        self.end = 0
        """Number of lines before the newest line that can be v34's behind the answer."""
        self._steps, self._tokens = dict(steps), tokens
        self._others: dict[int, float] = {}
        self._said = self._is_others = self._whole = False

    def add(self, fact: DebugFact | None, text: str) -> bool | None:
        """Whether the answer ended where it seemed to; None: not known yet."""
        self.lines.append(text)
        kind = "" if fact is None else fact.kind
        if fact is None or len(self.lines) > _MOST_LINES:
            return None if len(self.lines) <= _MOST_LINES else True
        if kind == "begin":
            self._others = {}
            return True if self._whole else None
        if kind == "step" and "ms" in fact.values:
            self._others[fact.values["step"]] = fact.values["ms"]
        elif kind == "answer":
            self._said = True
        elif kind == "answer_added":
            self.end, self._is_others, self._said = len(self.lines) - 1, self._said, False
        elif kind == "total" and self.end and "ms" in fact.values:
            others = self._is_others and total_agrees(self._others, fact.values["ms"])
            self._whole = self._whole or self._is_others
            whole = "\n".join([*self.text, *self.lines[: self.end]])
            if not others and total_agrees(self._steps, fact.values["ms"]) and not too_short(whole, self._tokens):
                return False
        return None


class LongerAnswer:
    """What the newest answer would be if it had not ended where it seemed to."""

    def __init__(self) -> None:
        self.lines: deque[str] | None = None
        """Of the answer and of all that came since, the newest 400; None: not known. The parser adds to it."""
        self._ends: int

    def begin(self, lines: Sequence[str]) -> None:
        """The answer seems to have ended with these lines."""
        self.lines, self._ends = deque(lines, maxlen=_MOST_LINES), 0

    def at_end(self) -> str | None:
        """The newest line may be v34's behind the answer. The text before it, if it is not the first such line."""
        if self.lines is None:
            return None
        self._ends += 1
        if self._ends == 1 or len(self.lines) == _MOST_LINES:
            return None
        return "\n".join(list(self.lines)[:-1])
