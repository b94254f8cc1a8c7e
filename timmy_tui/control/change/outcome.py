"""How a change ends."""

from timmy_tui.model.change import ChangeState

NOT_RUNNING = "v34 is not running: its next start reads the file"


class ChangeEnded(Exception):
    """The change is over: the state it ends in, and a sentence."""

    def __init__(self, state: ChangeState, word: str, recorded: bool = False) -> None:
        """``recorded``: the journal has it already."""
        super().__init__(word)
        self.state, self.word, self.recorded = state, word, recorded


def attention(word: str) -> ChangeEnded:
    """Nothing more can be done from here; the word says by what command the user can."""
    return ChangeEnded(ChangeState.NEEDS_ATTENTION, word)
