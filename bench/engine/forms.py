"""Conversations, each a form that users have had: what v34 sends, and what it could send instead."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bench.engine.model import WORDS_FROM

PERSONA, MEMORY, TIME, QUESTION = 420, 36, 14, 22
"""Tokens of v34's persona, of one of its five memories, of the time, and of a question."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request. ``of_v34``: False is another client's, which no log of Timmy's shows."""

    prompt: list[int]
    predict: int
    session: int = 0
    num_ctx: int = 8000
    raw: bool = True
    chained: bool = False
    """Send back the context array of the answer before."""
    tail: bool = False
    of_v34: bool = True
    unload_before: bool = False
    neighbours: int = 0
    """Busy processes beside it."""


@dataclass
class Talk:
    """A conversation as it grows. ``answered`` must be called with each answer's tokens."""

    random: random.Random
    vocabulary: int
    history: list[int] = field(default_factory=list)
    persona: list[int] = field(default_factory=list)
    question: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.persona = self.words(PERSONA)

    def words(self, count: int) -> list[int]:
        """New text of about so many tokens."""
        exact = max(1, round(count * self.random.uniform(0.7, 1.3)))
        return [self.random.randrange(WORDS_FROM, self.vocabulary) for _ in range(exact)]

    def ask(self, tokens: int = QUESTION) -> list[int]:
        """A new question."""
        self.question = self.words(tokens)
        return self.question

    def memories(self) -> list[int]:
        """Five memories, other ones each turn."""
        return [token for _ in range(5) for token in self.words(MEMORY)]

    def reply_tokens(self) -> int:
        """Length of the next answer."""
        return self.random.randint(12, 64)

    def answered(self, tokens: Sequence[int]) -> None:
        """Add the exchange to the history."""
        self.history += [*self.question, *tokens]

    def restart(self) -> None:
        """A new session: v34 has forgotten."""
        self.history = []


Order = Callable[[Talk], list[int]]
Steps = Iterator[Step]


def history_first(talk: Talk) -> list[int]:
    """As v34 builds it."""
    return [*talk.history, *talk.persona, *talk.words(TIME), *talk.memories(), *talk.ask()]


def persona_first(talk: Talk) -> list[int]:
    """The persona before the history."""
    return [*talk.persona, *talk.history, *talk.words(TIME), *talk.memories(), *talk.ask()]


def memories_middle(talk: Talk) -> list[int]:
    """What changes stands before the history."""
    return [*talk.persona, *talk.memories(), *talk.history, *talk.ask()]


def time_first(talk: Talk) -> list[int]:
    """Nothing can be reused."""
    return [*talk.words(TIME), *talk.persona, *talk.history, *talk.ask()]


def growing(talk: Talk) -> list[int]:
    """Only appended to."""
    return [*talk.persona, *talk.history, *talk.ask()]


def short(talk: Talk) -> list[int]:
    """Thirty tokens."""
    return talk.ask(30)


def _sessions(talk: Talk, order: Order, turns: int, length: int, unload: Sequence[int] = ()) -> Steps:
    for turn in range(turns):
        if turn and turn % length == 0:
            talk.restart()
        prompt = order(talk)
        yield Step(prompt=prompt, predict=talk.reply_tokens(), session=turn // length, unload_before=turn in unload)


def _plain(order: Order, turns: int = 40, length: int = 1000, every: int = 0) -> Callable[[Talk], Steps]:
    """``length``: turns of a session; ``every``: the model is unloaded before each such turn."""
    return lambda talk: _sessions(talk, order, turns, length, range(every, turns, every) if every else ())


def _other_client(talk: Talk) -> Steps:
    for turn, step in enumerate(_sessions(talk, history_first, 45, 15)):
        if turn % 8 == 5:
            yield Step(prompt=talk.words(150), predict=12, of_v34=False)
        yield step


def _busy(talk: Talk) -> Steps:
    for turn, step in enumerate(_sessions(talk, history_first, 45, 23, (23,))):
        yield replace(step, neighbours=2 if turn % 15 >= 9 else 0)


def _cut_raw(talk: Talk) -> Steps:
    talk.history = talk.words(900)
    for turn in range(35):
        if turn == 25:
            talk.restart()
        yield Step(prompt=history_first(talk), predict=talk.reply_tokens(), num_ctx=2048, session=turn // 25)


def _tail(talk: Talk, turns: int, num_ctx: int, length: int, tail: int) -> Steps:
    for turn in range(turns):
        first = turn % length == 0
        prompt = [*talk.persona, *talk.memories(), *talk.ask()] if first else talk.words(tail)
        yield Step(
            prompt=prompt, predict=talk.reply_tokens() // (1 if first else 2), session=turn // length,
            num_ctx=num_ctx, raw=False, chained=not first, tail=not first,
        )  # fmt: skip


def _deep(order: Order, per_turn: int) -> Callable[[Talk], Steps]:
    def steps(talk: Talk) -> Steps:
        for _turn in range(30):
            yield Step(prompt=order(talk), predict=talk.reply_tokens())
            talk.history += talk.words(per_turn)
            if len(talk.history) > 7000:
                # As v34 trims: the oldest goes.
                del talk.history[: len(talk.history) // 2]

    return steps


def _one_new_token(talk: Talk) -> Steps:
    prompt = talk.words(7600)[:7700]
    for _ in range(12):
        yield Step(prompt=list(prompt), predict=talk.reply_tokens())
        prompt = [*prompt, *talk.words(1)[:1]]


def _num_ctx_changes(talk: Talk) -> Steps:
    for turn, step in enumerate(_sessions(talk, history_first, 36, 1000)):
        yield replace(step, num_ctx=4096 if 12 <= turn < 24 else 8000)


FORMS: dict[str, Callable[[Talk], Steps]] = {
    "growing": _plain(growing),
    "memories in the middle": _plain(memories_middle),
    "history first (v34)": _plain(history_first, length=20),
    "persona first": _plain(persona_first),
    "timestamp first": _plain(time_first, turns=30),
    "tail mode": lambda talk: _tail(talk, 40, 8000, 20, 60),
    "cut, raw": _cut_raw,
    "cut, context array": lambda talk: _tail(talk, 35, 2048, 1000, 150),
    "another client": _other_client,
    "restarts with a load": _plain(history_first, turns=45, length=9, every=9),
    "restarts, persona first": _plain(persona_first, turns=45, length=9),
    "restarts, history first": _plain(history_first, turns=45, length=9),
    "unloads": _plain(history_first, turns=40, every=9),
    "busy neighbours": _busy,
    "deep, history first": _deep(history_first, 330),
    "deep, memories in the middle": _deep(memories_middle, 330),
    "short prompts": _plain(short, turns=25, length=1000),
    "8k, one token new": _one_new_token,
    "num_ctx changes": _num_ctx_changes,
}
"""Each begins with a load of the model."""
BUSY = frozenset(("busy neighbours",))
