"""Overlays, opened over a screen: help, event log, findings, criteria."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from textual.screen import Screen

from timmy_tui.core.formatting import local_time
from timmy_tui.model.stages.watched import label
from timmy_tui.model.user_requests import AnswerFinding, FindingAnswer
from timmy_tui.report.words.findings import end_words, level_words
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import MOVES, Command, key_names, screen_bindings, where
from timmy_tui.ui.messages import Requested
from timmy_tui.ui.paint.lines import Line, Row, cells, foreign, left, line, plain, wrap_text
from timmy_tui.ui.paint.wording import clock_time, finding_role, finding_words, row_name, stage_name
from timmy_tui.ui.panels.headline import with_count
from timmy_tui.ui.panels.live.layout import GIVES_WAY
from timmy_tui.ui.panels.live.said_page import STAMP, said_rows
from timmy_tui.ui.panels.live.stage_card import card_rows
from timmy_tui.ui.panels.llm.criteria import criteria_rows
from timmy_tui.ui.panels.row_columns import DROPS
from timmy_tui.ui.screens.palette import CommandList, CommandPicker
from timmy_tui.ui.screens.scroll_page import BACK, ScrollScreen
from timmy_tui.ui.view import View


def open_overlay(name: str, host: Host) -> Screen[Any]:
    """The overlay of that name for the screen that is open."""
    if name == "help":
        return HelpScreen("help", "help", partial(help_rows, host.commands, host.unavailable))
    if name == "events":
        return EventsScreen("events", "notices, newest first", partial(event_rows, host.events))
    if name == "findings":
        return FindingsScreen()
    if name == "criteria":
        return CriteriaScreen("criteria", "the guide's criteria", criteria_rows)
    if name == "across":
        from timmy_tui.ui.screens.across import AcrossScreen

        return AcrossScreen()
    if name == "stage":
        key = host.view.row
        return ScrollScreen("stage", f"{row_name(key, label(key), 40)}: what this row is", partial(card_rows, key))
    return CommandPicker(providers=[CommandList], placeholder="command")


def help_rows(commands: Iterable[Command], unavailable: Mapping[str, str], view: View, width: int) -> list[Row]:
    """Rows of the help page: keys, stages, signs and sizes, each from its table."""
    from timmy_tui.model.stages.watched import STAGES

    rows: list[Line] = [line(("keys", "title"))]
    for command in commands:
        reason = unavailable.get(command.id)
        why = (f"  not here: {reason}", "warn") if reason else ("", "text")
        place = f" ({words})" if (words := where(command)) else ""
        rows.append(line((left(key_names(command.keys), 9), "key"), command.help, (place, "muted"), why))
    rows += [line(), line(("keys that move", "title"))]
    rows += [
        line((left(key_names(move.keys), 9), "key"), move.help, (f" ({', '.join(move.screens)})", "muted"))
        for move in MOVES
    ]
    rows += [line((left(keys, 9), "key"), meaning) for keys, meaning in IN_DIALOGS]
    rows += [line(), line(("stages, in the order of a turn; ● together with ? they sum to V2V", "title"))]
    for stage in STAGES:
        mark = view.glyphs.ok if stage.critical else " "
        ends = f"{_names(stage.starts)} → {_names(stage.ends)}" if stage.ends else stage.parent and "part of a stage"
        rows.append(line((f"{mark} {left(stage_name(stage.key), 8)}", "label"), stage.meaning, (f"  {ends}", "muted")))
    rows += [line(), line(("signs", "title"))]
    rows += [line((left(sign, 9), "key"), meaning) for sign, meaning in SIGNS]
    rows += [line(), line(("a narrow pane drops of the stage rows, in this order: ", "title"), DROPS)]
    rows += [line(("a low pane gives way in this order: ", "title"), GIVES_WAY)]
    rows += [line(("panes grow in these steps; what is left out is counted in the footer", "title"))]
    rows += [line((left(size, 9), "key"), meaning) for size, meaning in SIZES]
    return [(row, None) for whole in rows for row in _wrapped(whole, width)]


def _wrapped(row: Line, width: int) -> list[Line]:
    """A row that does not fit, continued below its text."""
    if cells(row) <= width or len(row) < 2:
        return [row]
    head, indent = row[0], " " * cells(row[:1])
    first, *rest = wrap_text(plain(row[1:]).strip(), max(width - len(indent) - 1, 12))
    return [line(head, first), *(line(indent, part) for part in rest)]


def _names(events: tuple[str, ...]) -> str:
    return events[0] if events else "speech end"


IN_DIALOGS = (
    ("y", "In a question: yes, once all of it was shown; nowhere else does y do anything"),
    ("o", "In a question: the other way that it names"),
    ("Esc n q", "In a question: no; Esc also leaves a page, a filter, a line that is typed, and never quits"),
    ("Tab", "Between a filter line and the rows"),
    ("wheel", "With the mouse on: rows up and down; a click selects a row"),
)
SIZES = (
    ("less", "one line, as `timmy-tui status` prints it"),
    ("40×10", "headline, the turn in flight, the five largest stages, cache and sources"),
    ("60×15", "the skyline, and the last turn's waterfall"),
    ("80×24", "what is usual, and a line for everything that has something to say"),
    ("120×30", "stage rows with names written out, 44 turns a row, the skyline's ruler"),
    ("200×50", "80 turns a row; the newest turns, last prompt, log and flags under them"),
)
SIGNS = (
    ("V2V", "voice to voice, at least (≥): from the silence threshold ahead of the pause event to the first sound"),
    ("ENDPT", "that threshold, a setting: STT looks once a pass, so you wait longer; screen 5 says how much, if known"),
    ("usual", "median of the newest complete turns (·20t: of 20); while a change is shown, the level ahead of it"),
    ("▁▂▃▄▅▆▇█", "one column a turn: its time over the usual at equal work, 10 % a step; ▄ half height is the usual"),
    ("", "off by less than 10 ms is drawn as usual; colour is by the ms lost or won, of a turn and its neighbours"),
    ("change", "ms a turn, then the ratio at equal work; from its first turn on (in reverse) the row is coloured"),
    ("◂25t", "a change that began 25 turns ago, ahead of the first column"),
    (
        "▁ bar",
        "the usual for that turn's work, behind its bar; what goes beyond is red, of this turn alone",
    ),
    ("● turn", "red from 15 % and 200 ms over its usual, more from 40 % and 500 ms"),
    (
        "sound",
        "is logged before its first block goes to the device: its buffer and the voice's first silence come on top",
    ),
    ("turn 17", "its number: `explain 17` and `mark 17 good` take it too; without a history, its place in these logs"),
    ("—", "not measured; never zero"),
    ("skipped", "did not happen in that turn"),
    ("~", "estimate"),
    ("≥ ≤", "bound"),
    ("gap", "unnamed time between two named stages, shown where it sits; gaps: all of it"),
    ("p95", "grey below 20 turns: close to the maximum then; left out where it is of other turns than the usual"),
    ("▴", "on a column: cut at 1.25 × p90, the turn was longer; under the skyline: the cursor's turn"),
    ("◂ 25t", "began 25 turns ago, further to the left than is shown"),
    ("✗ ○ t", "in the skyline: failed or timed out, aborted, typed; ? is not measured, or of another span"),
    ("╵−20", "the twentieth-last turn"),
    ("█ ▒ ╱ ░", "a prompt: reused, new, either of the two, cut off; over turns ░ is what may have been reused"),
    ("l c b", "no share of reuse: the model was loaded, the prompt was cut, the machine was busy"),
    ("≠", "misleading: a sign of the guide that does not show what it is taken for"),
    ("· in a row", "a turn without this stage, or one that did not complete; grey: nothing to judge it by yet"),
    ("╱ bar", "clocks differ: no hop is a duration; each is drawn as half of their sum (NET)"),
    ("┊", "under the skyline: v34 was started again"),
    ("┃", "there too: a flag moved; the words beside it say which, and what it did"),
)


def event_rows(events: Iterable[Any], view: View, width: int) -> list[Row]:
    """Rows of the event log: notices, newest first."""
    rows: list[Row] = []
    for notice in reversed([*events]):
        at = f"{clock_time(notice.at)}  "
        for text in wrap_text(foreign(notice.text, 2000), width - len(at)):
            rows.append((line((at, "muted"), (text, notice.role)), None))
            at = " " * len(at)
    return rows or [(line(("nothing yet", "muted")), None)]


def finding_rows(view: View, width: int) -> list[Row]:
    """Rows of the findings page, in the order of the judgement; behind them whatever else there is to say."""
    judgement = view.snapshot.judgement
    rows: list[Row] = []
    for item in judgement.findings if judgement else ():
        words = finding_words(with_count(view, item), view.glyphs, 30)
        first = next((turn for turn in view.turns if turn.ordinal == item.since), None)
        at = f" · {local_time(first.started, STAMP)}" if first is not None and first.started is not None else ""
        since = f"{view.turn_name(item.since, item.since_id)}{at}"
        level = f"{level_words(item)} since {since}"
        confidence = f"confidence {item.confidence:.0%}"
        adjusted = f"adjusted for {', '.join(foreign(name, 20) for name in item.adjusted_for)}" * bool(
            item.adjusted_for
        )
        adjusted = foreign(item.cause, 100) or adjusted or foreign(item.note, 100)
        end = foreign(end_words(item), 40) if item.ended else "acknowledged" if item.acknowledged else ""
        role = "muted" if item.ended else finding_role(item)
        # A row without a target has no room for the cursor ahead of it.
        ahead = ("  " if item.ended else "", "text")
        text = line(ahead, (left(stage_name(item.stage), 14), "label"), (left(words, 24), role), f" {level}  ")
        rows.append(((*text, (f"{confidence}  {adjusted}  {end}", "muted")), None if item.ended else item.key))
    rows = rows or [(line(("no significant level change", "muted")), None)]
    return [*rows, (line(), None), *said_rows(view, width)]


class HelpScreen(ScrollScreen):
    """Letters do nothing here but search and leave."""

    BINDINGS = [*screen_bindings("help")]


class EventsScreen(ScrollScreen):
    """All notices, which can be searched."""

    BINDINGS = [*screen_bindings("events")]


class CriteriaScreen(ScrollScreen):
    """Every criterion of the guide, whole."""

    BINDINGS = [*screen_bindings("criteria")]


class FindingsScreen(ScrollScreen):
    """Findings with a cursor; the keys answer the finding under it."""

    BINDINGS = [*screen_bindings("findings")]

    def __init__(self) -> None:
        """Can be opened over any screen."""
        super().__init__("findings", "findings", finding_rows)

    def _footer(self, view: View, width: int) -> Line:
        """Without a finding to answer, only the way out."""
        return super()._footer(view, width) if any(not one.ended for one in view.findings) else BACK

    def action_answer(self, answer: FindingAnswer) -> None:
        """Accept, acknowledge or mute."""
        key = self.current()
        if key is not None:
            self.post_message(Requested(AnswerFinding(str(key), answer)))
