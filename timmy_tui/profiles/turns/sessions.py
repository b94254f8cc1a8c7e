"""Runs of a system's process, as its log tells of them, and the turns of each."""

from msgspec.structs import replace

from timmy_tui.model.turn import Session, Turn


class Sessions:
    """Runs of the system's process, numbered from 1; turns before the first known one have the number 0."""

    def __init__(self) -> None:
        self.current = 0
        self.name: str | None = None
        self._records: dict[int, Session] = {}
        self._names: dict[int, str | None] = {}
        self._by_name: dict[str, int] = {}

    def begin(self, name: str | None) -> int:
        """A run of this name, or of none; its number. A name that is known is the same run."""
        if name is not None and name in self._by_name:
            self.current = self._by_name[name]
        else:
            self.current = len(self._names) + 1
            self._names[self.current] = name
            if name is not None:
                self._by_name[name] = self.current
        self.name = name
        return self.current

    def count(self, turn: Turn) -> None:
        """A turn that has closed, once."""
        if not turn.session:
            return
        known = self._records.get(turn.session)
        if known is None:
            self._records[turn.session] = Session(
                number=turn.session, session_id=self._names.get(turn.session), started=turn.started, turns=1,
                first=turn.ordinal, last=turn.ordinal,
            )  # fmt: skip
        else:
            first, last = min(known.first, turn.ordinal), max(known.last, turn.ordinal)
            self._records[turn.session] = replace(known, turns=known.turns + 1, first=first, last=last)

    @property
    def all(self) -> tuple[Session, ...]:
        """Those that have turns, oldest first."""
        return tuple(session for _, session in sorted(self._records.items()))
