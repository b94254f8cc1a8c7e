"""Screen 5 as rows: flags, the running change, the verdict, restore points, the journal."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, plural
from timmy_tui.model.change import ChangeProgress, ChangeState, ControlState, FlagState, JournalEntry, RestorePoint
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import V2V
from timmy_tui.ui.paint.lines import BLANK, Line, Row, foreign, left, line, plain, right, wrap, wrap_text
from timmy_tui.ui.paint.wording import clock_time
from timmy_tui.ui.panels.changes.verdict_stages import stage_rows
from timmy_tui.ui.panels.facts import behind_state, choice_parts, trial_line
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.panels.waits import wait_lines
from timmy_tui.ui.view import View

ROOM_FOR_MEANING = 60
"""Cells for what a flag means, ahead of a long value's."""
ROOM_FOR_VALUES = 76
"""Cells from which names and values have all of their cells, and there is room for what they mean."""
LONGEST = 400
"""Characters of what is said of a flag."""
CHANGE_HEADINGS = ("running change", "last change")
RETURN = clean("\r")
"""What a carriage return is in text that was made printable."""
POINTS_SHOWN = 50
"""Newest restore points on the screen: all rows are made again for every frame, and the journal stands below them."""


def change_rows(view: View, width: int) -> list[Row]:
    """All rows: first what the user can change, then what was changed. A target is (kind, key)."""
    control = view.control
    rows: list[Row] = []
    if view.read_only:
        rows.append((line((f"read-only: {foreign(view.read_only, width)}", "warn")), None))
    if control is None:
        if watched().is_built_in:
            rows.append((line(("not connected to a running Timmy", "muted")), None))
        rows.extend((row, None) for row in verdict_lines(view, width))
        return rows
    if control.read_only and control.read_only != view.read_only:
        rows.append((line((f"read-only: {foreign(control.read_only, width)}", "warn")), None))
    if control.service:
        rows.extend((row, None) for row in _service_lines(control.service, width))
    rows.append((_flag_head(control.flags, width), None))
    rows.extend(view.remembered("flag rows", (control.flags, width), lambda: _flag_rows(control.flags, width)))
    rows.extend((row, None) for row in progress_lines(control.change, view, width))
    rows.extend((row, None) for row in trial_lines(view, width))
    rows.extend((row, None) for row in verdict_lines(view, width))
    rows.extend(_section((row, None) for row in wait_lines(view, width)))
    rows.extend(_section(_point_rows(control, view, width)) if control.has_points else ())
    rows.extend(_section([(title("journal, newest first", width, view), None)]))
    rows.extend((_entry(entry, control.change), ("op", entry.op)) for entry in control.journal)
    if not control.journal:
        rows.append((line(("nothing was changed yet", "muted")), None))
    return rows


def _section(rows: Iterable[Row]) -> list[Row]:
    """With a blank row above, as the running change has: headings are found at a glance."""
    known = list(rows)
    return [(BLANK, None), *known] if known else []


def _service_lines(service: str, width: int) -> Iterator[Line]:
    """Whole, also the command that starts it again: that is there to be copied."""
    head = "service  "
    texts = textwrap.wrap(foreign(service, 600), max(width - len(head), 8), break_on_hyphens=False)
    for number, text in enumerate(texts):
        yield line((" " * len(head) if number else head, "muted"), text)


def _flag_columns(flags: Sequence[FlagState], width: int) -> tuple[int, int, int]:
    """Cells of the name, of the value in the file and of that which runs; a blank at the end of each.

    A value as long as a model's name has what room is left beside the meanings.
    """
    if width < ROOM_FOR_VALUES:
        return 18, 10, 10
    most = (width - 22 - ROOM_FOR_MEANING) // 2
    file = max((cell_len(flag.file_value) for flag in flags), default=0)
    running = max((cell_len(flag.running_value) for flag in flags), default=0)
    return 20, max(14, min(file + 2, most)), max(14, min(running + 2, most))


def _flag_head(flags: Sequence[FlagState], width: int) -> Line:
    name, file, running = _flag_columns(flags, width)
    head = f"  {left('flag', name)}{left('file', file)}{left('running', running)}"
    meanings = ("who decides, what it means", "what it means", "")
    return line((head + next(text for text in meanings if len(head) + len(text) <= max(width, len(head))), "title"))


def _flag_rows(flags: Sequence[FlagState], width: int) -> list[Row]:
    columns = _flag_columns(flags, width)
    return [(_flag(flag, columns), ("flag", flag.key)) for flag in flags]


def _flag(flag: FlagState, columns: tuple[int, int, int]) -> Line:
    """All that is known of it: the row under the cursor shows what does not fit."""
    same = flag.file_value == flag.running_value or flag.running_value == MISSING
    name, file, running = columns
    return line(
        (left(foreign(flag.label, name - 1), name), "label" if flag.editable else "muted"),
        (left(foreign(flag.file_value, file - 1), file), "value"),
        (left(foreign(flag.running_value, running - 1), running), "text" if same else "warn"),
        (foreign(flag.override or flag.meaning, LONGEST), "warn" if flag.override else "muted"),
        (f"  {foreign(flag.warning, LONGEST)}" if flag.warning else "", "warn"),
    )


def progress_lines(change: ChangeProgress | None, view: View, width: int) -> list[Line]:
    """The running change with the end of the service's log; of one that is over no log, so that its verdict is seen."""
    if change is None:
        return []
    over = change.state in (ChangeState.KEPT, ChangeState.ROLLED_BACK)
    # What was taken back needs none: ``0/2`` would read as a failure.
    weighed = change.evidence[1] and change.state is not ChangeState.ROLLED_BACK
    limit = f" of {change.limit:.0f}s" if change.limit is not None else ""
    facts = [
        line((foreign(change.label, 40), "value")),
        line((str(change.state), "info"), f"  {change.elapsed:.0f}s{limit}"),
        *([line((f"evidence {change.evidence[0]}/{change.evidence[1]}", "muted"))] if weighed else []),
        *([line((f"pid {change.pid}", "muted"))] if change.pid is not None else []),
        *([line(_listening(change.listeners))] if change.listeners not in (None, 1) else []),
    ]
    lines = [BLANK, title(CHANGE_HEADINGS[over], width, view), *wrap(facts, width)]
    if change.message:
        # Whole: what could not be saved, and why, stood behind the edge.
        lines.extend(line(text) for text in wrap_text(foreign(behind_state(change), 600), width))
    if change.countdown is not None:
        lines.append(line((f"rolling back in {change.countdown:.0f}s; any key cancels", "bad")))
    choices = choice_parts(change, view)
    if choices:
        lines += wrap([(*line(("choose: ", "muted")), *choices[0]), *choices[1:]], width)
    log = () if over else change.log_lines[-8:]
    lines.extend(line((f"  {foreign(_last_state(text), width - 2)}", "muted")) for text in log)
    return lines


def _listening(count: int | None) -> tuple[str, str]:
    """One is as it should be, and the pid says which."""
    return (f"{count} processes listen on its port", "warn") if count else ("nothing listens on its port", "muted")


def _last_state(text: str) -> str:
    """Of a bar of progress, which begins its line again and again: the last counts, as in a terminal.

    A log that was read has the sign for the return in its place.
    """
    return re.split(f"[\r{RETURN}]", text.rstrip(f"\r{RETURN}"))[-1]


def trial_lines(view: View, width: int) -> list[Line]:
    """The guided test, while there is one."""
    trial = view.trial
    if trial is None:
        return []
    head = trial_line(trial, view, width)
    whole = trial.sentence in plain(head)
    return [BLANK, title("guided test", width, view), head, *([] if whole else _sentence(trial.sentence, width))]


def _sentence(text: str, width: int) -> list[Line]:
    """All of it, on as many lines as it needs."""
    return [line((row, "value")) for row in wrap_text(foreign(text, 1000), width)]


def verdict_lines(view: View, width: int) -> list[Line]:
    """The running epoch compared with the one before, stage by stage."""
    judgement = view.snapshot.judgement
    verdict = judgement.verdict if judgement else None
    if verdict is None:
        return []
    changes = f", {foreign(changes_words(verdict.changes), 60)}" if verdict.changes else ""
    lines = [
        BLANK,
        title(f"verdict{changes}: {foreign(verdict.b, 24)} against {foreign(verdict.a, 24)}", width, view),
        *_sentence(verdict.sentence, width),
        *([line((foreign(verdict.noise, width), "muted"))] if verdict.noise and not verdict.wanted else []),
        *(_whole_words(row.stage for row in verdict.stages)),
        *_quality(verdict),
    ]
    return [*lines, *stage_rows(verdict.stages, width, view.glyphs)]


def _whole_words(stages: Iterable[str]) -> Iterator[Line]:
    """Compared is what was measured: the headline of the other screens has a setting in it too."""
    if V2V in stages:
        yield line((f"{V2V} here is without endpointing, which is a setting", "muted"))


def _quality(verdict: Comparison) -> Iterator[Line]:
    for quality, (a, b), role in (("good", verdict.good, "good"), ("bad", verdict.bad, "bad")):
        if a or b:
            yield line((f"marked {quality}: {b} of {verdict.compared[1]}, before {a} of {verdict.compared[0]}", role))
    if any(verdict.signals):
        yield line((f"signs in answers: {verdict.signals[1]}, before {verdict.signals[0]}", "warn"))


def _point_rows(control: ControlState, view: View, width: int) -> Iterator[Row]:
    """Restore points, newest first, and what is not among them."""
    points = control.restore_points
    yield title("restore points", width, view), None
    for problem in control.restore_problems:
        yield from ((line((text, "warn")), None) for text in textwrap.wrap(foreign(problem, 600), max(width, 8)))
    yield from ((_point(point), ("point", point.name)) for point in points[:POINTS_SHOWN])
    older = len(points) - POINTS_SHOWN
    if older > 0:
        hint = f"{older} older: `timmy-tui restore-points list` has them all, `restore` takes their names"
        yield from ((line((text, "muted")), None) for text in textwrap.wrap(hint, max(width, 8)))
    if any(point.restored for point in points):
        yield line(("return to latest", "label"), ("  undo the restores", "muted")), ("latest", "")
    if not points:
        key = view.keys.get("restore_point", "")
        how: Line = (("; ", "muted"), (key, "key"), (" makes one", "muted")) if key else ()
        yield line(("none yet", "muted"), *how), None


def _point(point: RestorePoint) -> Line:
    files = MISSING if point.files is None else plural(len(point.files), "file")
    left_out = (f"{len(point.left_out)} left out",) if point.left_out else ()
    note = "; ".join(text for text in (point.problem, *left_out, point.note) if text)
    return line(
        (left(foreign(point.name, 40), 42), "label"),
        (f"{clock_time(point.at)}  {left(foreign(point.kind, 10), 7)}  {right(files, 9)}  ", "muted"),
        (foreign(note, 200), "warn" if point.problem else "muted"),
    )


def _entry(entry: JournalEntry, change: ChangeProgress | None) -> Line:
    running = change is not None and change.op == entry.op
    state = foreign(str(change.state) if change is not None and running else entry.state, 20)
    detail = foreign(entry.detail.removeprefix(f"{state}, "), 60)
    return line(
        (f"{clock_time(entry.at)}  ", "muted"),
        (left(foreign(entry.label, 34), 36), "label"),
        (state, "text"),
        (f"  {detail}" if detail else "", "muted"),
        ("  Enter undoes it" if entry.undoable else "", "muted"),
    )
