"""The one table of flags: what each is called, where it is written, what its values mean; and the user's own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from timmy_tui.control.edit.literal import Constant, Keyword, Selector, Value
from timmy_tui.control.edit.masking import SECRET
from timmy_tui.control.errors import Refused
from timmy_tui.core.settings import FlagSetting, Settings

_TYPES: Mapping[str, type[Value]] = {"bool": bool, "int": int, "float": float, "str": str}
_ON_OFF: Mapping[Value, str] = {True: "on", False: "off"}
_CONFIG, _APP = "config", "app"
"""Which of the files named in the settings."""


@dataclass(frozen=True)
class Flag:
    """One row of the table."""

    key: str
    """``tail-mode``: what the user types."""
    label: str
    file: str
    """Relative to the root."""
    selector: Selector
    type: type[Value]
    words: Mapping[Value, str] = field(default_factory=dict)
    """Words for values; ``tail mode on`` is ``USE_FULL_MEGA_PROMPT = False``."""
    choices: tuple[Value, ...] = ()
    """The only values allowed; empty: any of the type."""
    least: float | None = None
    most: float | None = None
    pattern: str = ""
    """What a string must look like, as a regular expression."""
    meaning: Mapping[str, str] = field(default_factory=dict)
    """By word; ``""`` is the flag itself."""
    restart: bool = True
    """The value is read when v34 starts; all built-in flags are."""
    warning: str = ""
    read_only: str = ""
    """Why it is never changed; empty when it may be."""
    unread: str = ""
    """Why it is not even read (a secret, a file outside the root); empty otherwise."""
    evidence: str = ""
    """What of a turn shows the running value, a key of evidence.SHOWN; empty: nothing does."""


FLAGS: tuple[Flag, ...] = (
    Flag(
        key="tail-mode",
        label="tail mode",
        file=_CONFIG,
        selector=Constant("USE_FULL_MEGA_PROMPT"),
        type=bool,
        words={False: "on", True: "off"},
        meaning={
            "": "How much of the prompt is sent on each turn.",
            "on": "The whole prompt once a session, then only a short tail with the context array chained.",
            "off": "The whole prompt on every turn.",
        },
        warning="Needs raw off: with raw on no context comes back, and tails go out without any.",
        evidence="tail_mode",
    ),
    Flag(
        key="raw",
        label="raw",
        file=_APP,
        selector=Keyword("generate_api_call", "raw"),
        type=bool,
        words=_ON_OFF,
        meaning={
            "": "Whether the prompt bypasses the model's template.",
            "on": "The prompt goes to the model as it is; Ollama returns no context.",
            "off": "Ollama applies the model's template and returns the context; answers may change in style.",
        },
        warning="Off with the whole prompt on every turn grows the context past num_ctx.",
        evidence="raw",
    ),
    Flag(
        key="retrieval",
        label="retrieval",
        file=_CONFIG,
        selector=Constant("RETRIEVAL_ENABLED"),
        type=bool,
        words=_ON_OFF,
        meaning={
            "": "Whether memories are searched and put into the prompt.",
            "on": "Memories are retrieved.",
            "off": "No memories.",
        },
        evidence="retrieval",
    ),
    Flag(
        key="context-size",
        label="context size",
        file=_CONFIG,
        selector=Constant("LLM_CONTEXT_SIZE"),
        type=int,
        least=512,
        most=131_072,
        meaning={"": "num_ctx in tokens: what the model can see at once, and what its cache takes of the GPU."},
        warning="The model is loaded again: the first turn waits for it.",
        evidence="num_ctx",
    ),
    Flag(
        key="retrieved-chunks",
        label="retrieved chunks",
        file=_CONFIG,
        selector=Constant("NUM_RETRIEVED_CHUNKS"),
        type=int,
        least=1,
        most=50,
        meaning={"": "Memory chunks in the prompt; each makes it longer."},
    ),
    Flag(
        key="recency-weight",
        label="recency weight",
        file=_CONFIG,
        selector=Constant("RECENCY_WEIGHT"),
        type=float,
        least=0.0,
        most=1.0,
        meaning={"": "How memories are ranked: 0 is similarity alone, 1 is newest first."},
    ),
    Flag(
        key="model",
        label="model",
        file=_CONFIG,
        selector=Constant("MODEL_NAME"),
        type=str,
        pattern=r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}",
        meaning={"": "The model as Ollama names it; it must have been pulled."},
        warning="Another model is loaded: the first turn waits for it, and Ollama may drop the old one.",
        evidence="model",
    ),
    Flag(
        key="debug-mode",
        label="DEBUG_MODE",
        file=_CONFIG,
        selector=Constant("DEBUG_MODE"),
        type=bool,
        words=_ON_OFF,
        meaning={"": "Whether v34 prints its debug log."},
        read_only="--debug on v34's command line overwrites it",
    ),
    Flag(
        key="use-chat-endpoint",
        label="USE_CHAT_ENDPOINT",
        file=_CONFIG,
        selector=Constant("USE_CHAT_ENDPOINT"),
        type=bool,
        words=_ON_OFF,
        meaning={"": "The legacy /api/chat path."},
        read_only="nothing in v34 reads it",
    ),
)
"""Built in. ``file`` is a role here; ``flag_table`` puts the path from the settings in its place."""


def flag_table(root: Path, settings: Settings) -> tuple[Flag, ...]:
    """The built-in flags, then the user's; one that may not be a flag is listed with the reason, and not read."""
    files = {_CONFIG: settings.paths.config, _APP: settings.paths.app}
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
        selector=Constant(setting.name),
        type=kind,
        words=_ON_OFF if kind is bool else {},
        choices=choices,
        meaning={"": setting.meaning} if setting.meaning else {},
        warning=setting.warning,
        unread=unread,
    )


def inside(root: Path, file: str) -> Path:
    """The real path of a Python file below ``root``. Raises Refused for any other: a link that leads out, too."""
    real = Path(os.path.realpath(root / file))
    if not real.is_relative_to(os.path.realpath(root)):
        raise Refused(f"{file} lies outside {root}.")
    if real.suffix != ".py" or not real.is_file():
        raise Refused(f"{file} is not a Python file in {root}.")
    return real
