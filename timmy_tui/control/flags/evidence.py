"""What the turns themselves show of the running flags: the file only says what the next start will read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from timmy_tui.control.edit.literal import Value
from timmy_tui.control.flags.table import Flag
from timmy_tui.model.turn import Turn, TurnState

WANTED = 2
"""Turns of a new session that must agree: the first one never is a tail turn, so one alone proves nothing."""


@dataclass(frozen=True)
class Evidence:
    """What the turns of one session say of a wished value."""

    seen: int
    """Turns that agree, at most ``wanted``."""
    wanted: int = WANTED
    contradicts: bool = False
    """The newest turn that shows the flag shows another value."""
    possible: bool = True
    """False: no turn can ever show this flag."""


def _full_prompt(turn: Turn) -> Value | None:
    return None if turn.tail_mode is None else not turn.tail_mode


def _raw(turn: Turn) -> Value | None:
    """v34's own log says it; else Ollama does: an answer brings a context back exactly when raw is off."""
    if turn.raw is not None:
        return turn.raw
    if turn.context_returned is None or turn.state is TurnState.FAILED or not turn.output_tokens:
        return None
    return turn.context_returned == 0


_RETRIEVED_MS = 3.0
"""With retrieval off v34 still writes both of its events, some 0.1 ms apart; an embedding alone takes 7 ms."""


def _retrieval(turn: Turn) -> Value | None:
    """Off is a retrieval that took no time and found nothing; one without events is not known: lines get lost."""
    stages = turn.stages
    if turn.chunks or stages.get("embed") is not None or stages.get("query") is not None:
        return True
    took = stages.get("retrieve")
    return False if took is not None and took < _RETRIEVED_MS else None


SHOWN: Mapping[str, Callable[[Turn], Value | None]] = {
    "tail_mode": _full_prompt,
    "raw": _raw,
    "retrieval": _retrieval,
    "num_ctx": lambda turn: turn.num_ctx,
    "model": lambda turn: turn.model,
}
"""How a turn shows a flag, in the terms of the file; None where it does not."""


def running_value(flag: Flag, turns: Sequence[Turn]) -> Value | None:
    """What the newest session's turns show, in the file's terms; None without evidence. ``turns``: oldest first.

    The first turn of a session is never a tail turn, so alone it says nothing of tail mode.
    """
    if flag.evidence not in SHOWN or not turns:
        return None
    session = [turn for turn in turns if turn.session == turns[-1].session]
    return next((value for value, sure in reversed(_shown(flag, session)) if sure), None)


def evidence(flag: Flag, value: Value, turns: Sequence[Turn]) -> Evidence:
    """How far ``turns`` (all those of one new session, oldest first) agree with ``value``."""
    if flag.evidence not in SHOWN:
        return Evidence(0, possible=False)
    shown = _shown(flag, turns)
    agree = sum(found == value or not sure for found, sure in shown)
    newest = next((found for found, sure in reversed(shown) if sure), value)
    return Evidence(min(agree, WANTED), contradicts=newest != value)


def _shown(flag: Flag, session: Sequence[Turn]) -> list[tuple[Value, bool]]:
    """The values that a session's turns show, and whether each can be taken at its word."""
    show = SHOWN[flag.evidence]
    shown: list[tuple[Value, bool]] = []
    # A quiet room writes a pause a second, also between the restart and the first turn.
    for number, turn in enumerate(turn for turn in session if turn.state is not TurnState.LONE_PAUSE):
        value = show(turn)
        if value is not None:
            shown.append((value, not (flag.evidence == "tail_mode" and number == 0 and value is True)))
    return shown
