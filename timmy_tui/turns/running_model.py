"""Which model v34 uses now, as its debug log tells."""

from collections.abc import Sequence

from timmy_tui.model.turn import Turn


def running_model(turns: Sequence[Turn], restarted: bool) -> str | None:
    """The newest ``Model=`` of the newest session; None where its turns name none. ``turns``: in their order.

    ``restarted``: v34 was started since the newest turn, perhaps with another model.
    """
    if restarted:
        return None
    for turn in reversed(turns):
        if turn.session != turns[-1].session:
            return None
        if turn.model:
            return turn.model
    return None
