"""How a change ends."""

from timmy_tui.model.change import ChangeState

NOT_RUNNING = "v34 is not running: its next start reads the file"


class ChangeEnded(Exception):
    """The change has ended: its last state, and a message."""

    def __init__(self, state: ChangeState, message: str, recorded: bool = False) -> None:
        """``recorded``: the journal has the last line already."""
        super().__init__(message)
        self.state, self.message, self.recorded = state, message, recorded


def needs_attention(message: str) -> ChangeEnded:
    """The program can do no more; the message says what the user can do."""
    return ChangeEnded(ChangeState.NEEDS_ATTENTION, message)
