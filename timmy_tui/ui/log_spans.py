"""Which lines of a turn are those of one stage: from the event that begins it to the one that ends it."""

from timmy_tui.model.log_entry import TurnLines
from timmy_tui.model.stages import BY_KEY, GAP, HOPS, NETWORK, label, top_of
from timmy_tui.model.turn import Turn


def lines_of_turn(turn: Turn) -> TurnLines:
    """All lines of it."""
    return TurnLines(turn.request_id, turn.text or "")


def lines_of_span(turn: Turn, key: str) -> TurnLines:
    """Those of a stage, of the gap between two stages, or all where the key names neither.

    A part that no event bounds (prefill, decode) has the lines of the stage that it is a part of.
    """
    if key.startswith(GAP):
        after, _, before = key.removeprefix(GAP).partition("→")
        begins = BY_KEY[after].ends if after in BY_KEY else ()
        return TurnLines(turn.request_id, turn.text or "", begins, BY_KEY[before].starts if before in BY_KEY else ())
    if key == NETWORK:
        return TurnLines(turn.request_id, turn.text or "", BY_KEY[HOPS[0]].starts, BY_KEY[HOPS[-1]].ends)
    stage = BY_KEY.get(key)
    if stage is not None and not stage.ends:
        stage = BY_KEY[top_of(key)]
    if stage is None:
        return lines_of_turn(turn)
    return TurnLines(turn.request_id, turn.text or "", stage.starts, stage.ends)


def span_name(key: str) -> str:
    """``LLM``, ``gap RAG→PROMPT``; empty for the whole turn."""
    if key.startswith(GAP):
        after, _, before = key.removeprefix(GAP).partition("→")
        return f"gap {label(after)}→{label(before)}"
    return label(key) if key in BY_KEY else ""
