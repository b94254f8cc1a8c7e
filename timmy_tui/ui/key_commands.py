"""The table of commands: key bindings, footer, help and palette are made from it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from textual.binding import Binding

from timmy_tui.core.decode import Unreadable, decode_toml
from timmy_tui.core.sanitize import clean

Needs = Literal["", "control", "llm", "source"]
SCREENS = ("live", "turns", "trends", "llm", "changes", "log")


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
    """Screens that have an action for it. Empty: all screens; the app acts by ``id``."""
    action: str = ""
    """The screen's Textual action; empty is the id."""
    danger: bool = False
    """Changes the monitored system or makes the model work: confirmed first, and not bound when read-only."""
    needs: Needs = ""
    """What it needs to work."""
    rank: int = 0
    """Place in the footer, lowest first; 0 is not shown there."""


COMMANDS: tuple[Command, ...] = (
    Command("live", "1", "live", "How long did I wait, and where did the time go"),
    Command("turns", "2", "turns", "Every turn, with waterfall, raw events and diagnosis"),
    Command("trends", "3", "trends", "Stages over time, by session and epoch"),
    Command("llm", "4", "LLM", "Prefill, decode, prompt cache, context window, the guide's criteria"),
    Command("changes", "5", "changes", "Flags, the running change, restore points, journal"),
    Command("log", "6", "log", "Both logs as they come in"),
    Command("freeze", "space", "freeze", "Freeze the view; turns are still read", rank=20),
    Command("help", "question_mark,f1", "help", "This page", rank=30),
    Command("quit", "q", "quit", "Back to the live screen; from there, quit", rank=40),
    Command("suspend", "ctrl+z", "stop", "Stop, and give the terminal back; `fg` in the shell continues"),
    Command("palette", "colon", "commands", "Find a command by name", rank=70),
    Command("tail_mode", "t", "tail mode", "Turn tail mode on or off, verified and undoable", danger=True,
            needs="control", rank=50),
    Command("restart", "r", "restart", "Restart v34 by the strategy of the settings", danger=True, needs="control",
            rank=60),
    Command("restore_point", "b", "restore point", "Make a restore point of the code files", danger=True,
            needs="control"),
    Command("undo", "u", "undo", "Undo the last change, or the running one", danger=True,
            needs="control", rank=65),
    Command("keep", "K", "keep", "Keep the running change without waiting for verification", danger=True,
            needs="control"),
    Command("go_now", "N", "go now", "Do not wait for the turn in flight: cut it", danger=True, needs="control"),
    Command("stop", "S", "stop waiting", "Stop waiting for the running change", danger=True, needs="control"),
    Command("listen", "L", "listen again", "Ask the STT server to listen again after a cut turn", danger=True,
            needs="control"),
    Command("warm", "w", "warm", "Load the model before the first turn needs it", danger=True, needs="llm"),
    Command("good", "g", "good", "Mark the newest turn's answer good, or the cursor's; again removes the mark",
            needs="source"),
    Command("bad", "x", "bad", "Mark the newest turn's answer bad, or the cursor's; again removes the mark",
            needs="source"),
    Command("note", "n", "note", "Write down why the turn marked last was good or bad", needs="source"),
    Command("guided", "G", "guided test", "The guide's Test 1 and Test 2, step by step: begin, next step, leave",
            needs="control"),
    Command("accept", "a", "accept", "Accept the newest finding's level as the new usual", needs="source"),
    Command("findings", "i", "findings", "All there is to say: findings, to accept, acknowledge or mute, and the rest"),
    Command("events", "e", "events", "All notices so far"),
    Command("theme", "T", "theme", "Next theme; the choice is remembered"),
    Command("mouse", "m", "mouse", "Mouse on or off; on takes over the terminal's own selection"),
    Command("copy", "y", "copy", "Copy the screen's text, without the conversation"),
    Command("save", "Y", "save", "Write the same into a file"),
    Command("cursor_back", "left", "turn before", "Look at the turn before: its rows, waterfall, diagnosis",
            ("live",), "app.do('cursor_back')", rank=21),
    Command("cursor_on", "right", "turn after", "Look at the turn after it; after the newest is now",
            ("live",), "app.do('cursor_on')"),
    Command("cursor_back_5", "shift+left", "five turns before", "Five turns back: from now, the fifth-last turn",
            ("live",), "app.do('cursor_back_5')"),
    Command("cursor_on_5", "shift+right", "five turns on", "Five turns on", ("live",), "app.do('cursor_on_5')"),
    Command("cursor_first", "home", "oldest turn", "Look at the oldest turn", ("live",),
            "app.do('cursor_first')"),
    Command("now", "end", "now", "Back to the newest turn; so does Esc", ("live",), "app.do('now')"),
    Command("row_down", "down,j", "row", "The stage row below, to ask what it is with ? or Enter; Esc leaves the rows",
            ("live",), "app.do('row_down')", rank=41),
    Command("row_up", "up,k", "row above", "The stage row above", ("live",), "app.do('row_up')"),
    Command("row_card", "enter", "what is it", "What the chosen stage row is, from where to where, and its usual",
            ("live",), "app.do('row_card')"),
    Command("row_scale", "v", "ms/ratio", "Stage rows: time over the usual at equal work, or ms from zero", ("live",),
            "app.do('row_scale')", rank=42),
    Command("filter", "slash", "filter", "Show only what contains a text; escape clears", ("turns", "log"), rank=11),
    Command("follow", "f,end", "follow", "Go to the newest and stay there", ("turns", "log"), rank=12),
    Command("turn", "enter", "open", "The turn under the cursor, with all its raw events", ("turns",), rank=13),
    Command("chart", "right,l", "next stage", "Chart of the next stage", ("trends",), rank=11),
    Command("chart_back", "left,h", "stage before", "Chart of the stage before", ("trends",)),
    Command("longer", "minus", "more turns", "Twice as many turns in the chart", ("trends",), rank=12),
    Command("shorter", "plus", "fewer turns", "Half as many turns in the chart", ("trends",), rank=13),
    Command("probe", "p", "probe", "Ask Ollama whether its prompt cache works (generates)", ("llm",), "app.do('probe')",
            danger=True, needs="llm", rank=11),
    Command("act", "enter", "act", "Flip the flag, undo the operation or restore the point under the cursor",
            ("changes",), danger=True, needs="control", rank=11),
)  # fmt: skip
"""In the order of the help page."""

CHOICES = {
    "keep": "keep", "undo": "undo", "go now": "go_now", "stop waiting": "stop", "resume listening": "listen",
}  # fmt: skip
"""Answer to a running change → the command that gives it."""

NAMES = {
    "ctrl+z": "Ctrl+Z", "question_mark": "?", "colon": ":", "slash": "/", "f1": "F1", "end": "End", "enter": "Enter",
    "left": "←", "right": "→", "up": "↑", "down": "↓", "shift+left": "Sh+←", "shift+right": "Sh+→", "home": "Home",
    "escape": "Esc", "plus": "+", "minus": "-",
}  # fmt: skip
"""Names of keys on the screen."""


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
    known = {command.id for command in COMMANDS}
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for name, value in data.items():
        keys = [value] if isinstance(value, str) else value
        if name not in known:
            problems.append(f"{clean(path.name)}: there is no command {clean(name, 40)}")
        elif not isinstance(keys, list) or not all(isinstance(key, str) and key.strip() for key in keys):
            problems.append(f"{clean(path.name)}: {name} must be a key or a list of keys")
        else:
            keymap[name] = ",".join(keys)
    return keymap, problems


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


def works_on(command: Command, screen: str) -> bool:
    """The command works on this screen, or on all."""
    return not command.screens or screen in command.screens


def screen_bindings(screen: str) -> list[Binding]:
    """Bindings of the commands that the screen itself runs; a keymap changes them by id."""
    return [
        Binding(command.keys, command.action or command.id, command.label, show=False, id=command.id)
        for command in COMMANDS
        if screen in command.screens
    ]


def footer_words(
    commands: Iterable[Command], screen: str, unavailable: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """(key, label) for the footer, by rank. ``unavailable``: command id → why it does not work."""
    shown = [c for c in commands if c.rank and c.keys and works_on(c, screen) and c.id not in unavailable]
    words = [(key_name(c.keys), c.label) for c in sorted(shown, key=lambda c: c.rank)]
    return tuple(words)
