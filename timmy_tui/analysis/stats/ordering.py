"""Detects turns that are reported out of order: the debug log has typed turns at a time of its own."""

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.turn import Turn


def is_late(turn: Turn, newest: Turn | None) -> bool:
    """``turn`` came before ``newest``, which has been judged already: it is shown, and no longer judged.

    The latency log is in order. In the debug log a turn's time stands on a line of its own, which may not be there yet:
    then its session, and its place in the growing prompt, say where it belongs.
    """
    if newest is None or turn.logs in ("latency", "both"):
        return False
    if turn.session != newest.session:
        return turn.session < newest.session
    if turn.started is None or newest.started is None:
        return None not in (turn.prompt_tokens, newest.prompt_tokens) and (
            (turn.prompt_tokens or 0) < (newest.prompt_tokens or 0)
        )
    return turn.started < newest.started - TUNING.series.clocks_apart_s
