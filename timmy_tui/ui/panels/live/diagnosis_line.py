"""Why the shown turn took as long as it did, on one line: as much of the sentence as fits, cut behind a figure."""

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import signed_duration
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.turn import Turn
from timmy_tui.ui.paint.lines import Line, beginnings, foreign, line, size_of
from timmy_tui.ui.paint.wording import diagnosis_words
from timmy_tui.ui.view import View


def diagnosis_line(view: View, width: int, turn: Turn | None) -> tuple[Line, bool]:
    """The line, and whether it matters now: the turn was slow, or the user asked for it."""
    asked = view.cursor_turn is not None
    diagnosis = view.diagnosis_of(turn.ordinal) if turn is not None else None
    if turn is None or not (diagnosis_words(diagnosis) or asked):
        return (), False
    slow = diagnosis is not None and diagnosis.slow
    head = f"{view.turn_name(turn.ordinal, turn.request_id)}: " if asked else ""
    room = max(width - len(head), 1)
    words = fitting_diagnosis(diagnosis, room) if diagnosis is not None else foreign("was not judged", room)
    return line((head, "value"), (words, "slower.slightly" if slow else "muted")), slow or asked


def fitting_diagnosis(diagnosis: Diagnosis, width: int) -> str:
    """Its sentence; without room first without what the turn was compared with, then without its last parts.

    ``+478ms over your usual (with a memory…`` told nothing, and ``retrieval…`` not by how much.
    """
    whole, brief = clean(diagnosis_words(diagnosis)), clean(diagnosis.brief)
    if size_of(whole) <= width or diagnosis.excess_ms is None:
        return foreign(whole, width)
    terse = f"{signed_duration(diagnosis.excess_ms)}: {brief.partition(': ')[2]}"
    for text in (brief, terse):
        # Ahead of its colon there is no figure of a part yet.
        ends = (shorter for shorter in beginnings(text) if ":" in shorter)
        fitting = next((one for one in (text, *ends) if size_of(one) <= width), None)
        if fitting is not None:
            return fitting
    return foreign(terse, width)
