"""Detects turns that are reported out of order: the debug log has typed turns at a time of its own."""

from timmy_tui.model.turn import Turn


def is_late(turn: Turn, newest: Turn | None) -> bool:
    """``turn`` came before ``newest``, which has been judged already: it is shown, and no longer judged.

    The latency log is in order. The debug log is buffered, and v34's statistics are asked now and then.
    """
    return newest is not None and turn.logs != "latency" and turn.position < newest.position
