"""Which lines of a turn are those of one stage: from the event that begins it to the one that ends it."""

from msgspec.structs import replace

from timmy_tui.model.log_entry import TurnLines
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import BY_KEY, GAP, HOPS, NETWORK, label, top_of
from timmy_tui.model.turn import Turn


def lines_of_turn(turn: Turn) -> TurnLines:
    """All lines of it."""
    if watched().is_built_in:
        return TurnLines(turn.request_id, turn.text or "")
    return TurnLines(turn.request_id, events=turn.events, since=turn.started, until=turn.ended)


def lines_of_span(turn: Turn, key: str) -> TurnLines:
    """Those of a stage, of the gap between two stages, or all where the key names neither, or no event bounds it.

    A part that no event bounds (prefill, decode) has the lines of the stage that it is a part of.
    """
    begins, ends = _bounds(key)
    return replace(lines_of_turn(turn), begins=begins, ends=ends)


def is_bounded(key: str) -> bool:
    """Events begin or end what the key names."""
    return any(_bounds(key))


def _bounds(key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Events that begin it, and that end it."""
    if key.startswith(GAP):
        after, _, before = key.removeprefix(GAP).partition("→")
        begins = BY_KEY[after].ends if after in BY_KEY else ()
        return begins, BY_KEY[before].starts if before in BY_KEY else ()
    if key == NETWORK and HOPS:
        return BY_KEY[HOPS[0]].starts, BY_KEY[HOPS[-1]].ends
    stage = BY_KEY.get(key)
    if stage is not None and not stage.ends:
        stage = BY_KEY[top_of(key)]
    return (stage.starts, stage.ends) if stage is not None else ((), ())


def span_name(key: str) -> str:
    """``LLM``, ``gap RAG→PROMPT``; empty for the whole turn."""
    if key.startswith(GAP):
        after, _, before = key.removeprefix(GAP).partition("→")
        return f"gap {label(after)}→{label(before)}"
    return label(key) if key in BY_KEY else ""
