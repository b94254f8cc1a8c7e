"""The places where one log can be, and which of them is followed: the one that is written."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress

from timmy_tui.sources.files.content import Content
from timmy_tui.sources.files.file_chain import ROTATE_WAIT_S, FileChain

APART_S = 0.5
"""Two places that are written within this time are one output that goes to both (``tee``), not two runs of v34."""


class Places:
    """All places are looked at, because a file can come and go in one while another is read; one of them is read."""

    def __init__(self, chains: Sequence[FileChain], clock: Callable[[], float]) -> None:
        self._chains = chains
        self._clock = clock
        self._looking_at = chains[0]
        self.current = chains[0]
        """The place that is followed."""
        self.is_first_look = True
        """Nothing has been looked at before: what is there was written before the program began."""

    def look(self) -> OSError | ValueError | None:
        """Look at every place; what went wrong at the current one, which has no file then."""
        if self.is_first_look and self.are_several:
            self.current = max(self._chains, key=_written_at)
        problem: OSError | ValueError | None = None
        for chain in self._chains:
            self._looking_at = chain
            try:
                chain.look()
            except (OSError, ValueError) as error:
                problem = error if chain is self.current else problem
        self.is_first_look = False
        return problem

    def choose(self, unread: int) -> bool:
        """Follow another place if it is written now and the current one is not. True if it is another than before.

        ``unread``: bytes of the current place that are still to be read; what it holds is read first.
        """
        current = self.current
        others = [chain for chain in self._chains if chain is not current and chain.current is not None]
        if not others or (unread and current.current is not None) or current.is_first_over:
            return False
        newest = max(others, key=lambda chain: chain.written_at)
        is_quiet = current.current is None or self._clock() - current.written_at >= ROTATE_WAIT_S
        if not is_quiet or newest.written_at <= current.written_at + APART_S:
            return False
        self.current = newest
        return True

    @property
    def is_looking_at_current(self) -> bool:
        """The file that is being opened is at the current place."""
        return self._looking_at is self.current

    @property
    def are_several(self) -> bool:
        """There is more than one place."""
        return len(self._chains) > 1

    @property
    def missed(self) -> int:
        """As FileChain.missed, of all places."""
        return sum(chain.missed for chain in self._chains)

    @property
    def gaps(self) -> int:
        """As FileChain.gaps, of all places."""
        return sum(chain.gaps for chain in self._chains)

    def contents(self) -> list[Content]:
        """The first content of each place."""
        return [chain.current for chain in self._chains if chain.current is not None]

    def close(self) -> None:
        """Close all files."""
        for chain in self._chains:
            chain.close()


def _written_at(chain: FileChain) -> float:
    """When the file at the place was last written; −inf without one."""
    with suppress(OSError, ValueError):
        return os.stat(chain.path).st_mtime
    return float("-inf")
