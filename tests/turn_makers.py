"""Turns for tests; every maker takes the fields of Turn that a test wants otherwise."""

from typing import Any

from msgspec.structs import replace

from timmy_tui.model.turn import Turn, TurnState


def complete_turn(ordinal: int, **fields: Any) -> Turn:
    """A turn that came to its end, and of which nothing else is known."""
    return replace(Turn(ordinal=ordinal, state=TurnState.COMPLETE), **fields)


def logged_turn(ordinal: int, session: int, **fields: Any) -> Turn:
    """One as both logs tell it of a v34 in tail mode that sends its prompts raw."""
    known = {"session": session, "tail_mode": True, "context_returned": 400, "output_tokens": 20, "logs": "both"}
    return complete_turn(ordinal, **{**known, **fields})
