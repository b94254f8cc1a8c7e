"""Turns in which another account of the same turn is found quickly, each once."""

from collections import defaultdict
from collections.abc import Hashable, Iterable

from timmy_tui.model.same_turn import has_figures, is_same_turn
from timmy_tui.model.turn import Turn


class KnownTurns:
    """Of two that look the same, such as two without id, figures and time, each is found once, in their order."""

    def __init__(self, turns: Iterable[Turn] = ()) -> None:
        self._by_key: dict[Hashable, list[Turn]] = defaultdict(list)
        self._found: set[int] = set()
        """Identities of the turns that were found; ``_by_key`` holds each of them."""
        for turn in turns:
            self.add(turn)

    def add(self, turn: Turn) -> None:
        """Know this turn too."""
        for key in _keys(turn):
            self._by_key[key].append(turn)

    def begin(self) -> None:
        """Another list of turns is looked up now: each is found again."""
        self._found.clear()

    def find(self, turn: Turn) -> Turn | None:
        """The known turn that this one is, which is not found again; None where none is."""
        for key in _keys(turn):
            for one in self._by_key.get(key, ()):
                if id(one) not in self._found and is_same_turn(turn, one):
                    self._found.add(id(one))
                    return one
        return None


def _keys(turn: Turn) -> list[Hashable]:
    """Two accounts of one turn have one of these in common; the surest is first."""
    keys: list[Hashable] = []
    if turn.request_id:
        keys.append(turn.request_id)
    if has_figures(turn):
        keys.append((turn.prompt_tokens, turn.output_tokens))
    return keys or [("", turn.text_length, turn.reply_length, turn.prompt_chars, turn.output_tokens)]
