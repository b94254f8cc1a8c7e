"""Sessions of turns that come from several readings, each of which numbered its own."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from timmy_tui.model.turn import Session, Turn


def in_one_order(runs: Iterable[Sequence[Turn]]) -> list[Turn]:
    """All turns with new ordinals, and with sessions numbered from 1.

    Within a run another number is another session, where the ids do not tell; from one run to the next only ids do.
    """
    ordered: list[Turn] = []
    session, session_id = 1, None
    for run in runs:
        stored: int | None = None
        for turn in run:
            ids_known = turn.session_id is not None and session_id is not None
            if turn.session_id != session_id if ids_known else stored not in (None, turn.session):
                session, session_id = session + 1, None
            stored, session_id = turn.session, turn.session_id or session_id
            ordered.append(replace(turn, ordinal=len(ordered), session=session, place=()))
    return ordered


def sessions_of(turns: Iterable[Turn]) -> tuple[Session, ...]:
    """The sessions of turns in one order."""
    own: dict[int, list[Turn]] = {}
    for turn in turns:
        own.setdefault(turn.session, []).append(turn)
    return tuple(
        Session(
            number=number,
            session_id=next((turn.session_id for turn in served if turn.session_id is not None), None),
            started=next((turn.started for turn in served if turn.started is not None), None),
            turns=len(served),
            first=served[0].ordinal,
            last=served[-1].ordinal,
        )
        for number, served in own.items()
    )
