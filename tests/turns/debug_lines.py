"""Lines as v34 prints them, and the turns that they make."""

import time

from timmy_tui.model.turn import Turn
from timmy_tui.parse.v34_log import V34Parser
from timmy_tui.turns.assembler import TurnAssembler

STAR = "*" * 45
BEGIN = f"{STAR}BEGIN{STAR}"
SERVING = "(35891) wsgi starting up on http://0.0.0.0:5000"
RESTARTING = " * Restarting with stat"


def message(words: str = "hello", request_id: str = "aaaaaaaa") -> str:
    return f"*** Debug: Received user_message via webhook: {words} [request_id={request_id}]"


def step(number: int, seconds: float) -> str:
    return f"--- Step {number} (Name) took: {seconds:.2f}s"


def total(seconds: float) -> str:
    return f"--- Total process_user_message took: {seconds:.2f}s"


def access(clock: str = "01:34:47", seconds: float = 1.5, code: int = 200) -> str:
    return f'10.0.0.1 - - [19/Nov/2025 {clock}] "POST /api/webhook HTTP/1.1" {code} 445 {seconds:.6f}'


def stamp(clock: str) -> float:
    return time.mktime(time.strptime(f"19/Nov/2025 {clock}", "%d/%b/%Y %H:%M:%S"))


class Reading:
    """Lines in, the newest state of every turn out."""

    def __init__(self) -> None:
        self.assembler = TurnAssembler()
        self._parser = V34Parser()
        self.turns: dict[int, Turn] = {}

    def feed(self, *lines: str) -> list[Turn]:
        changed = self.assembler.add_facts(self._parser.feed([line.encode() for line in lines]))
        self.turns.update((turn.ordinal, turn) for turn in changed)
        return changed

    def end(self) -> list[Turn]:
        self.turns.update((turn.ordinal, turn) for turn in self.assembler.finish())
        return [self.turns[one] for one in sorted(self.turns)]


def read(*lines: str) -> list[Turn]:
    reading = Reading()
    reading.feed(*lines)
    return reading.end()


def read_one(*lines: str) -> Turn:
    (turn,) = read(*lines)
    return turn
