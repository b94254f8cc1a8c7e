"""The flags of one Timmy: the built-in table with the paths of the settings, and the user's own flags behind it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.control.edit.literal import Constant, Keyword, Selector
from timmy_tui.control.edit.masking import SECRET
from timmy_tui.control.errors import Refused
from timmy_tui.core.settings import FlagSetting, Settings
from timmy_tui.model.flags.flag import Flag, Shown
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.turn import FlagValue

_TYPES: Mapping[str, type[FlagValue]] = {"bool": bool, "int": int, "float": float, "str": str}


def flag_table(root: Path, settings: Settings) -> tuple[Flag, ...]:
    """The built-in flags, then the user's own; ``unread`` says why one of those is neither read nor changed."""
    files = {"config": settings.paths.config, "app": settings.paths.app, "stt": settings.paths.stt}
    table = [replace(flag, file=files[flag.file]) for flag in FLAGS]
    taken = {flag.key for flag in table}
    for key, setting in settings.flags.items():
        table.append(_own_flag(root, key, setting, key in taken))
    return tuple(table)


def _own_flag(root: Path, key: str, setting: FlagSetting, taken: bool) -> Flag:
    kind = _TYPES[setting.type]
    choices = tuple(float(choice) if kind is float and type(choice) is int else choice for choice in setting.choices)
    unread = ""
    if taken:
        unread = f"{key} is the name of a built-in flag"
    elif SECRET.search(setting.name) or SECRET.search(key):
        unread = "its name is that of a secret"
    elif not setting.name.isidentifier():
        unread = "its name is not that of a constant"
    elif any(type(choice) is not kind for choice in choices):
        unread = f"one of its choices is not of type {setting.type}"
    else:
        try:
            inside(root, setting.file)
        except Refused as refused:
            unread = refused.reason
    return Flag(
        key=key,
        label=setting.label or key,
        file=setting.file,
        constant=setting.name,
        type=kind,
        words={True: "on", False: "off"} if kind is bool else {},
        choices=choices,
        meaning={"": setting.meaning} if setting.meaning else {},
        warning=setting.warning,
        unread=unread,
        shown_by=() if unread else (Shown.JOURNAL, Shown.FILE),
    )


def selector(flag: Flag) -> Selector:
    """Where the value stands in the file, as the editor of literals takes it."""
    return Constant(flag.constant) if flag.constant else Keyword(*flag.keyword)


def by_literal(root: Path, table: Sequence[Flag]) -> dict[tuple[str, str], Flag]:
    """(real path of the file, literal) → flag, as the journal names literals. Of two rows for one literal the first."""
    return {(os.path.realpath(root / flag.file), flag.literal): flag for flag in reversed(table)}


def inside(root: Path, file: str) -> Path:
    """The real path of a Python file below ``root``. Raises Refused for other files, and for links out of ``root``."""
    real = Path(os.path.realpath(root / file))
    if not real.is_relative_to(os.path.realpath(root)):
        raise Refused(f"{file} lies outside {root}.")
    if real.suffix != ".py" or not real.is_file():
        raise Refused(f"{file} is not a Python file in {root}.")
    return real
