"""The table of commands: key bindings, footer, help and palette are made from it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from textual.binding import Binding

from timmy_tui.core.foreign.decode import Unreadable, decode_toml
from timmy_tui.core.foreign.sanitize import clean

Needs = Literal["", "control", "llm", "source"]
SCREENS = ("live", "turns", "trends", "llm", "changes", "log")
OVERLAYS = ("help", "events", "findings", "turn", "line", "postcard", "columns", "criteria", "across")
"""Pages over a screen; dialogs and the palette have keys of their own."""
PAGES = tuple(name for name in OVERLAYS if name != "help")
LIST_PAGES = tuple(name for name in OVERLAYS if name != "across")
"""Those that have rows."""
READING = ("log",)
"""Screens on which a letter moves and searches: what marks a turn or changes Timmy does nothing there."""


class Command(Struct, frozen=True):
    """Something the user can ask for."""

    id: str
    """Name in the keymap file."""
    keys: str
    """Comma-separated, as Textual names them."""
    label: str
    """Label in the footer and the palette."""
    help: str
    screens: tuple[str, ...] = ()
    """Screens and overlays that have an action for it. Empty: all screens; the app acts by ``id``."""
    action: str = ""
    """The screen's Textual action; empty is the id."""
    danger: bool = False
    """Changes the monitored system or makes the model work: confirmed first, and not bound when read-only."""
    needs: Needs = ""
    """What it needs to work."""
    rank: int = 0
    """Place in the footer, lowest first; 0 is not shown there."""
    not_on: tuple[str, ...] = ()
    """Of all screens, those on which the app does not act."""
    overlays: tuple[str, ...] = ()
    """Overlays on which the app acts too."""


COMMANDS: tuple[Command, ...] = (
    Command("live", "1", "live", "How long did I wait, and where did the time go", overlays=OVERLAYS),
    Command("turns", "2", "turns", "Every turn, with waterfall, raw events and diagnosis", overlays=OVERLAYS),
    Command("trends", "3", "trends", "Stages over time, by session and epoch", overlays=OVERLAYS),
    Command("llm", "4", "LLM", "Prefill, decode, prompt cache, context window, the guide's criteria",
            overlays=OVERLAYS),
    Command("changes", "5", "changes", "Flags, the running change, restore points, journal", overlays=OVERLAYS),
    Command("log", "6", "log", "Both logs, merged, as they come in", overlays=OVERLAYS),
    Command("freeze", "space", "freeze", "Freeze the view; turns are still read", overlays=("across",), rank=30),
    Command("across", "B", "across the room", "Listening, thinking, speaking and V2V as large as the pane; again: back",
            overlays=("across",)),
    Command("help", "question_mark,f1", "help", "This page", rank=20),
    Command("quit", "q", "quit", "Back to the live screen; from there, quit (Ctrl+C twice and Ctrl+Q too)",
            overlays=OVERLAYS, rank=40),
    Command("quit_summary", "Q", "quit, say", "Quit at once and leave a summary of this session in the terminal",
            overlays=("across",)),
    Command("suspend", "ctrl+z", "stop", "Stop, and give the terminal back; `fg` in the shell continues",
            overlays=OVERLAYS),
    Command("palette", "colon", "commands", "Find a command by name", rank=70),
    Command("tail_mode", "t", "tail mode", "Turn tail mode on or off, verified and undoable", danger=True,
            needs="control", rank=50, not_on=READING),
    Command("restart", "r", "restart", "Restart v34 by the strategy of the settings", danger=True, needs="control",
            rank=60, not_on=READING),
    Command("restore_point", "asterisk", "restore point", "Make a restore point of the code files", danger=True,
            needs="control", not_on=READING),
    Command("undo", "u", "undo", "Undo the last change, or the running one", danger=True,
            needs="control", rank=65, not_on=READING),
    Command("keep", "equals_sign", "keep", "Keep the running change without waiting for verification", danger=True,
            needs="control"),
    Command("go_now", "exclamation_mark", "go now", "Do not wait for the turn in flight: cut it", danger=True,
            needs="control"),
    Command("stop", "full_stop", "stop waiting", "Stop waiting for the running change", danger=True, needs="control"),
    Command("listen", "comma", "listen again", "Ask the STT server to listen again after a cut turn", danger=True,
            needs="control"),
    Command("warm", "w", "warm", "Load the model before the first turn needs it", danger=True, needs="llm",
            not_on=READING),
    Command("good", "g", "good", "Mark the newest turn's answer good, or the cursor's; again removes the mark",
            needs="source", not_on=("turns", *READING)),
    Command("bad", "x", "bad", "Mark the newest turn's answer bad, or the cursor's; again removes the mark",
            needs="source", not_on=("turns", *READING)),
    Command("note", "n", "note", "Write down why the turn marked last was good or bad", needs="source",
            not_on=READING),
    Command("guided", "h", "guided test", "A guided test, step by step: begin the guide's 1 or 2, next step, leave",
            needs="control", not_on=READING),
    Command("accept", "a", "accept", "Accept the level of the finding that leads, else of the newest, as the new usual",
            needs="source", not_on=READING),
    Command("findings", "i", "findings", "What changed, and when: findings, flags, restarts; all there is to say",
            rank=75),
    Command("events", "e", "events", "All notices so far"),
    Command("theme", "d", "theme", "Next theme, dark or light; the choice is remembered"),
    Command("mouse", "m", "mouse", "Mouse on or off: wheel and clicks; on takes over the terminal's own selection"),
    Command("copy", "C", "copy", "Copy the screen's text, without the conversation", overlays=PAGES),
    Command("save", "F", "save", "Copy the same, and write it into a file", overlays=PAGES),
    Command("cursor_back", "left", "turn before", "Look at the turn before: its rows, waterfall, diagnosis",
            ("live", "llm", "trends"), "app.do('cursor_back')", rank=43),
    Command("cursor_on", "right", "turn after", "Look at the turn after it; after the newest is now",
            ("live", "llm", "trends"), "app.do('cursor_on')"),
    Command("cursor_back_5", "shift+left", "five turns before", "Five turns back: from now, the fifth-last turn",
            ("live", "llm", "trends"), "app.do('cursor_back_5')"),
    Command("cursor_on_5", "shift+right", "five turns on", "Five turns on", ("live", "llm", "trends"),
            "app.do('cursor_on_5')"),
    Command("cursor_first", "home", "oldest turn", "Look at the oldest turn", ("live", "llm", "trends"),
            "app.do('cursor_first')"),
    Command("now", "end", "now", "Back to the newest turn; so does Esc", ("live", "llm", "trends"),
            "app.do('now')"),
    Command("row_down", "down,j", "row", "The stage row below: ? says what it is, Enter shows its lines, Esc leaves",
            ("live",), "app.do('row_down')", rank=41),
    Command("row_up", "up,k", "row above", "The stage row above", ("live",), "app.do('row_up')"),
    Command("row_log", "enter", "its lines", "Only the log lines of the chosen stage row, in the turn that is shown",
            ("live",), "app.do('row_log')"),
    Command("row_scale", "v", "ms/ratio", "Stage rows: time over the usual at equal work, or ms from zero", ("live",),
            "app.do('row_scale')", rank=42),
    Command("turn_log", "l", "log of turn", "All log lines of the turn under the cursor; without one, of the newest",
            not_on=READING, overlays=("turn",)),
    Command("postcard", "c", "postcard", "The turn under the cursor, or the newest, on twelve plain lines; copied too",
            not_on=READING, overlays=("turn",)),
    Command("filter", "slash", "filter", "Only some: text, llm>1s, failed, tail:on, epoch:3, mark:bad, time:14:30",
            ("turns",), rank=11),
    Command("sort", "s", "sort", "Sort by the next column, the largest first", ("turns",), rank=14),
    Command("sort_back", "S", "other way", "Sort the other way round", ("turns",)),
    Command("columns", "v", "columns", "Choose the columns; they are remembered", ("turns",), rank=15),
    Command("export", "X", "export", "Write the turns that are shown as CSV", ("turns",), rank=16),
    Command("toggle", "enter", "show or hide", "Show or hide the column under the cursor", ("columns",),
            "show_or_hide", rank=11),
    Command("search", "slash", "search", "Show only the lines that contain a text; Esc shows all",
            ("help", "events", "criteria"), "filter", rank=11),
    Command("pattern", "slash", "search", "Search all lines with a regular expression; n and N go to matches",
            ("log",), "filter", rank=11),
    Command("next_match", "n", "next match", "The match below", ("log",), "match(1)"),
    Command("previous_match", "N", "match before", "The match above", ("log",), "match(-1)"),
    Command("only_matches", "ampersand", "matches only", "Only the lines that match, or all again", ("log",),
            "only_matches"),
    Command("service", "s", "service", "All lines, events without v34's own lines, or one service", ("log",), rank=15),
    Command("failures", "E", "failures", "Only what tells of a failure, or all again", ("log",), rank=16),
    Command("row_turn", "l", "its turn", "Only the lines of the turn under the cursor", ("log",), rank=13),
    Command("line", "enter", "raw", "The line as it stands in the file, whole", ("log",), rank=17),
    Command("wrap", "w", "wrap", "Long lines on several rows, or cut", ("log",), rank=18),
    Command("log_right", "right", "right", "What is further right", ("log",), "sideways(1)"),
    Command("log_left", "left", "left", "Back to the left", ("log",), "sideways(-1)"),
    Command("follow", "f,end", "follow", "Go to the newest and stay there", ("turns", "log"), rank=12),
    Command("turn", "enter", "open", "The turn under the cursor, with all its raw events", ("turns",), rank=13),
    Command("good_turn", "g", "good", "Mark the turn under the cursor good; the same key removes the mark",
            ("turns",), "mark('good')", needs="source"),
    Command("bad_turn", "x", "bad", "Mark the turn under the cursor bad; the same key removes the mark",
            ("turns",), "mark('bad')", needs="source"),
    Command("chart", "down,j", "next stage", "Chart of the next stage; the headline is the first", ("trends",),
            rank=11),
    Command("chart_back", "up,k", "stage before", "Chart of the stage before", ("trends",)),
    Command("range", "s", "range", "Turns, hours, days, or this week over last week", ("trends",), rank=12),
    Command("kind", "v", "chart", "Over time, before and after the newest change, or LLM time against prompt tokens",
            ("trends",), rank=13),
    Command("zero", "z", "zero", "Scale from zero, or over the data's own range", ("trends",), rank=14),
    Command("export_chart", "X", "export", "Write the chart as SVG, text and CSV", ("trends",), rank=15),
    Command("longer", "minus", "longer", "Twice as many turns, hours or days in the chart", ("trends",), rank=16),
    Command("shorter", "plus", "shorter", "Half as many", ("trends",), rank=17),
    Command("probe", "p", "probe", "Ask Ollama whether its prompt cache works (generates)", ("llm",), "app.do('probe')",
            danger=True, needs="llm", rank=11),
    Command("criteria", "enter", "criteria", "All of the guide's criteria, whole, each with what it really shows",
            ("llm",), "app.do('criteria')", rank=12),
    Command("act", "enter", "act", "Flip the flag, undo the operation or restore the point under the cursor",
            ("changes",), danger=True, needs="control", rank=11),
    Command("test_flag", "v", "test", "Guided test of the flag under the cursor: measure, change, measure, verdict",
            ("changes",), needs="control", rank=12),
    Command("accept_finding", "a", "accept", "Accept the level of the finding under the cursor as the new usual",
            ("findings",), "answer('accept')", needs="source", rank=11),
    Command("acknowledge", "c", "acknowledge", "You know of the finding under the cursor", ("findings",),
            "answer('acknowledge')", needs="source", rank=12),
    Command("silence", "s", "mute the stage", "Hear no more of the stage of the finding under the cursor",
            ("findings",), "answer('mute')", needs="source", rank=13),
)  # fmt: skip
"""In the order of the help page."""

_LISTS = ("turns", "changes", "log", *LIST_PAGES)
MOVES: tuple[Command, ...] = (
    Command("up", "up,k", "up", "One row up", _LISTS, "move(-1)"),
    Command("down", "down,j", "down", "One row down", _LISTS, "move(1)"),
    Command("page_up", "pageup", "page up", "One page up", _LISTS, "page(-1)"),
    Command("page_down", "pagedown", "page down", "One page down", _LISTS, "page(1)"),
    Command("home", "home", "to the top", "To the first row", _LISTS, "home"),
    Command("bottom", "end", "to the end", "To the last row", ("changes", *LIST_PAGES), "bottom"),
)
"""Keys that move within a screen; help has them, footer and palette do not."""

CHOICES = {
    "keep": "keep", "undo": "undo", "go now": "go_now", "stop waiting": "stop", "resume listening": "listen",
}  # fmt: skip
"""Answer to a running change → the command that gives it."""

NAMES = {
    "ctrl+z": "Ctrl+Z", "question_mark": "?", "colon": ":", "slash": "/", "f1": "F1", "end": "End", "enter": "Enter",
    "left": "←", "right": "→", "up": "↑", "down": "↓", "shift+left": "Sh+←", "shift+right": "Sh+→", "home": "Home",
    "pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "plus": "+", "minus": "-", "equals_sign": "=",
    "exclamation_mark": "!", "full_stop": "dot", "comma": "comma", "ampersand": "&",
    "asterisk": "*",
}  # fmt: skip
"""Names of keys on the screen; a dot or a comma alone is not seen beside words."""


def key_name(keys: str) -> str:
    """Name of the first key."""
    first = keys.split(",")[0].strip()
    return NAMES.get(first, first)


def key_names(keys: str) -> str:
    """Names of all keys."""
    return " ".join(NAMES.get(key.strip(), key.strip()) for key in keys.split(",") if key.strip())


def read_keymap(path: Path) -> tuple[dict[str, str], list[str]]:
    """The user's keys: ``freeze = "z"`` or ``freeze = ["z", "f2"]``; and a message per invalid line."""
    try:
        data = decode_toml(path.read_bytes())
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{clean(path.name)} cannot be read: {clean(str(error), 120)}"]
    if isinstance(data, Unreadable):
        return {}, [f"{clean(path.name)} {clean(data.reason, 120)}"]
    known = list(dict.fromkeys(command.id for command in (*COMMANDS, *MOVES)))
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for name, value in data.items():
        keys = [value] if isinstance(value, str) else value
        if name not in known:
            from timmy_tui.core.foreign.toml_problems import nearest

            near = nearest(name, known)
            advice = f"; did you mean {near}?" if near else ""
            problems.append(f"{_line(path, name)}: there is no command {clean(name, 40)}{advice}")
        elif not isinstance(keys, list) or not all(isinstance(key, str) and key.strip() for key in keys):
            problems.append(f"{_line(path, name)}: {name} must be a key or a list of keys")
        else:
            keymap[name] = ",".join(keys)
    return keymap, problems


def _line(path: Path, name: str) -> str:
    """``keymap.toml:3``."""
    from timmy_tui.core.foreign.toml_problems import line_of

    return f"{clean(path.name)}:{line_of(path.read_text(errors='replace'), [name])}"


def with_keys(keymap: Mapping[str, str], commands: Iterable[Command] = COMMANDS) -> tuple[Command, ...]:
    """The table with the user's keys; a key given to one command is removed from the others."""
    taken = {key.strip() for keys in keymap.values() for key in keys.split(",")}
    rows: list[Command] = []
    for command in commands:
        if command.id in keymap:
            rows.append(replace(command, keys=keymap[command.id]))
        else:
            remaining = [key for key in command.keys.split(",") if key not in taken]
            rows.append(replace(command, keys=",".join(remaining)))
    return tuple(rows)


def works_on(command: Command, place: str) -> bool:
    """The command works on this screen or overlay."""
    if command.screens:
        return place in command.screens
    return place in command.overlays or (place in SCREENS and place not in command.not_on)


def where(command: Command) -> str:
    """``turns, log``: where it works, if not on all screens."""
    if command.screens:
        return ", ".join(command.screens)
    return f"not on {', '.join(command.not_on)}" if command.not_on else ""


def keys_on(keys: Mapping[str, str], place: str) -> dict[str, str]:
    """Names of keys by command; without those that do nothing on this screen or overlay."""
    return {command.id: keys.get(command.id, "") for command in COMMANDS if works_on(command, place)}


def screen_bindings(place: str) -> list[Binding]:
    """Bindings of the commands that the screen or overlay itself runs; a keymap changes them by id."""
    return [
        Binding(command.keys, command.action or command.id, command.label, show=False, id=command.id)
        for command in (*COMMANDS, *MOVES)
        if place in command.screens
    ]


def footer_words(
    commands: Iterable[Command], place: str, unavailable: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """(key, label) for the footer, by rank. ``unavailable``: command id → why it does not work."""
    shown = [c for c in commands if c.rank and c.keys and works_on(c, place) and c.id not in unavailable]
    words = [(key_name(c.keys), c.label) for c in sorted(shown, key=lambda c: c.rank)]
    if place in OVERLAYS:
        return (*(word for word in words if word != ("q", "quit")), ("Esc", "back"))
    return tuple(words)
