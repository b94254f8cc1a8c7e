"""Runs of v34: which process served a turn, and how many turns it served."""

from dataclasses import dataclass

from timmy_tui.model.turn import Session, TurnState
from timmy_tui.turns.draft import Draft


@dataclass(slots=True)
class _Run:
    """A run in the making."""

    number: int
    session_id: str | None
    started: float | None = None
    turns: int = 0
    first: int = 0
    last: int = 0


class Runs:
    """Numbered from 1 in order of arrival; turns before the first one have the number 0."""

    def __init__(self) -> None:
        self._order: list[_Run] = []
        self._named: dict[str, _Run] = {}
        self.current = 0
        """Number of the run that is heard of now."""
        self.voiced: set[int] = set()
        """Numbers of those whose TTS writes events."""

    @property
    def named(self) -> bool:
        """Some turn has told the id of its process."""
        return bool(self._named)

    def join(self, draft: Draft, name: object) -> None:
        """The process that serves the turn; a new id is a new run."""
        if not isinstance(name, str) or not name:
            return
        draft.session_id = name
        run = self._named.get(name)
        if run is None:
            known = self._numbered(draft.session)
            run = self._named[name] = known if known is not None and not known.session_id else self._add(name)
            run.session_id = name
        self.current = draft.session = run.number

    def begin_nameless(self) -> None:
        """A restart was seen, and no id."""
        self.current = self._add(None).number

    def count(self, draft: Draft) -> None:
        """Add a closed turn to its run, once; a lone pause is none."""
        run = self._numbered(draft.session)
        if draft.state is TurnState.LONE_PAUSE or run is None or (run.turns and draft.ordinal <= run.last):
            return
        if not run.turns:
            run.first = draft.ordinal
            run.started = draft.first or (draft.debug.started if draft.debug else None)
        run.turns += 1
        run.last = draft.ordinal

    def _add(self, session_id: str | None) -> _Run:
        run = _Run(len(self._order) + 1, session_id)
        self._order.append(run)
        return run

    def _numbered(self, number: int) -> _Run | None:
        return self._order[number - 1] if number else None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Those with turns, oldest first."""
        return tuple(
            Session(
                number=run.number,
                session_id=run.session_id,
                started=run.started,
                turns=run.turns,
                first=run.first,
                last=run.last,
            )
            for run in self._order
            if run.turns
        )
