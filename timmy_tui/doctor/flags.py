"""Checks of v34's flags: the values in the file, the values that run, and what overrides the file."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from timmy_tui.core.foreign.python import called_name, parse_python
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.installation import Installation
from timmy_tui.doctor.result import FAIL, OK, WARN, DoctorLine
from timmy_tui.model.flags.table import FLAGS as TABLE
from timmy_tui.model.flags.table import newest_shown
from timmy_tui.model.turn import Turn
from timmy_tui.sources.services.urls import CONFIG_LIMIT, read_constants

FLAGS = (*(flag.constant for flag in TABLE if flag.constant and flag.file == "config"), "MAX_TOKENS")
"""The only constants whose values are shown, because the file also contains a password."""


def flag_lines(installation: Installation, turns: Sequence[Turn]) -> Iterator[DoctorLine]:
    """The values in the file, then what overrides them."""
    if not installation.config.is_file():
        yield DoctorLine("flags", FAIL, f"{installation.config} does not exist", "Is this Timmy's folder?")
        return
    values = read_constants(installation.config, frozenset(FLAGS))
    if not values:
        yield DoctorLine("flags", WARN, f"{installation.config} contains no known flag as a plain constant")
        return
    for name in FLAGS:
        if name in values:
            yield DoctorLine("flags", OK, f"{name} = {clean(repr(values[name]), 80)}")
    raw = raw_keyword(installation.app)
    if raw is not None:
        yield DoctorLine("flags", OK, f"raw = {raw} ({installation.app.name})")
    yield from _overrides(installation.root, values.get("DEBUG_MODE"))
    yield from _running(values, raw, turns)


def _overrides(root: Path, debug: object) -> Iterator[DoctorLine]:
    """``config.DEBUG_MODE = args.debug`` in app.py: the command line overrides the file."""
    commands = v34_commands(root)
    if not commands:
        yield DoctorLine("flags", OK, "--debug decides DEBUG_MODE when v34 starts; no v34 of this folder is running")
        return
    running = any("--debug" in command for command in commands)
    text = f"v34 runs {'with' if running else 'without'} --debug, which overrides DEBUG_MODE"
    hint = "" if running else "Restart it with --debug: without it v34.log contains no turns."
    yield DoctorLine("flags", OK if running else WARN, text + (f" = {debug}" if debug is not None else ""), hint)


def _running(values: Mapping[str, object], raw: bool | None, turns: Sequence[Turn]) -> Iterator[DoctorLine]:
    """Compares the file with the turns of the newest session. They differ when v34 was not restarted after an edit."""
    if not turns:
        return
    session = [turn for turn in turns if (turn.session, turn.session_id) == (turns[-1].session, turns[-1].session_id)]
    for flag in TABLE:
        file, shown = raw if flag.key == "raw" else values.get(flag.constant), newest_shown(flag, session)
        if not flag.read_only and type(file) is flag.type and shown is not None and shown != file:
            yield _differs(flag.constant or flag.label, file, shown)


def _differs(name: str, file: object, running: object) -> DoctorLine:
    return DoctorLine(
        "flags", WARN, f"{name} is {file} in the file, the newest turns ran with {running}", "Restart v34."
    )


def raw_keyword(app: Path) -> bool | None:
    """The argument ``raw=`` of generate_api_call in v34/app.py; None unless all calls have the same literal."""
    try:
        if app.stat().st_size > CONFIG_LIMIT:
            return None
        tree = parse_python(app.read_bytes())
    except (OSError, SyntaxError):
        return None
    values = {
        keyword.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node.func).endswith("generate_api_call")
        for keyword in node.keywords
        if keyword.arg == "raw" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
    }
    return values.pop() if len(values) == 1 else None


def v34_commands(root: Path) -> list[list[str]]:
    """Command lines of running processes of this folder's app.py, if this user may see them."""
    import psutil

    commands: list[list[str]] = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if any(Path(argument).name == "app.py" for argument in command) and Path(process.cwd()) == root / "v34":
                commands.append(command)
        except (psutil.Error, OSError):
            continue
    return commands
