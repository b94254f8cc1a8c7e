"""The one table of flags: where v34's files hold each, what its values mean, what it touches, what shows it."""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

from timmy_tui.model.turn import Epoch, FlagChange, FlagValue, Turn, TurnState


class Shown(StrEnum):
    """What shows the value that a session of v34 runs under."""

    TURN = "turn"
    """The turns themselves; the most trusted."""
    JOURNAL = "journal"
    """This program's own changes, written before the session began."""
    FILE = "file"
    """v34's file as it stood when the session began."""


class Flag(Struct, frozen=True, kw_only=True):
    """One row of the table. Its values are those of the file: tail mode on is ``USE_FULL_MEGA_PROMPT = False``."""

    key: str
    """``tail-mode``: what the user types."""
    label: str
    file: str
    """``config`` or ``app``: which of the files named in the settings; a path below the root in a joined table."""
    constant: str = ""
    """Name of the constant that holds it; empty where a keyword does."""
    keyword: tuple[str, str] = ("", "")
    """Function and keyword of the one call that holds it."""
    other_names: tuple[str, ...] = ()
    """Taken for the key as well."""
    type: type[FlagValue]
    words: Mapping[FlagValue, str] = {}
    """Words for values; a value without one is written as it is, True and False as on and off."""
    choices: tuple[FlagValue, ...] = ()
    """The only values allowed; empty: any of the type."""
    least: float | None = None
    most: float | None = None
    pattern: str = ""
    """What a string must look like, as a regular expression."""
    meaning: Mapping[str, str] = {}
    """By word; ``""`` is the flag itself."""
    warning: str = ""
    read_only: str = ""
    """Why it is never changed; empty when it may be."""
    unread: str = ""
    """Why it is not even read (a secret, a file outside the root); empty otherwise."""

    shown_by: tuple[Shown, ...] = (Shown.JOURNAL, Shown.FILE)
    """Empty: nothing ever tells what runs."""
    turn: Callable[[Turn], FlagValue | None] | None = None
    """The value that a turn shows, None where it shows none; a function exactly where TURN is in ``shown_by``."""
    first_turn: FlagValue | None = None
    """What the first turn of every session shows, whatever the flag says; None: it can be believed."""
    touches: tuple[str, ...] = ()
    """Stages and groups of stages whose usual times end with a change, beside V2V; empty: not known, so all."""

    @property
    def literal(self) -> str:
        """The constant, or ``function(keyword=)``: how the journal names it."""
        return self.constant or "{}({}=)".format(*self.keyword)

    @property
    def changes_prompt(self) -> bool:
        """A prompt under another value may share nothing with the one before."""
        return not self.touches or "prompt" in self.touches

    def is_named(self, name: str) -> bool:
        """By its key, with ``-`` or ``_``, by another name, or as the file writes it."""
        return name == self.literal or _plain(name) in map(_plain, (self.key, *self.other_names))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


_RETRIEVED_MS = 3.0
"""With retrieval off v34 still writes both of its events, some 0.1 ms apart; an embedding alone takes 7 ms."""


def _full_prompt(turn: Turn) -> FlagValue | None:
    return None if turn.tail_mode is None else not turn.tail_mode


def _raw(turn: Turn) -> FlagValue | None:
    """v34's own log says it; else Ollama does: an answer brings a context back exactly when raw is off."""
    if turn.raw is not None:
        return turn.raw
    if turn.context_returned is None or turn.state is TurnState.FAILED or not turn.output_tokens:
        return None
    return turn.context_returned == 0


def _retrieval(turn: Turn) -> FlagValue | None:
    """Off is a retrieval that took no time and found nothing; one without events is not known: lines get lost."""
    stages = turn.stages
    if turn.chunks or stages.get("embed") is not None or stages.get("query") is not None:
        return True
    took = stages.get("retrieve")
    return False if took is not None and took < _RETRIEVED_MS else None


def _debug(turn: Turn) -> FlagValue | None:
    """The debug log tells of turns only with --debug; without it nothing says whether it is off or not captured."""
    return True if turn.logs in ("v34", "both") else None


_ON_OFF: Mapping[FlagValue, str] = {True: "on", False: "off"}
_EVERYTHING = (Shown.TURN, Shown.JOURNAL, Shown.FILE)
_CONFIG, _APP = "config", "app"

FLAGS: tuple[Flag, ...] = (
    Flag(
        key="tail-mode",
        label="tail mode",
        file=_CONFIG,
        constant="USE_FULL_MEGA_PROMPT",
        type=bool,
        words={False: "on", True: "off"},
        meaning={
            "": "How much of the prompt is sent on each turn.",
            "on": "The whole prompt once a session, then only a short tail with the context array chained.",
            "off": "The whole prompt on every turn.",
        },
        warning="Needs raw off: with raw on no context comes back, and tails go out without any.",
        shown_by=_EVERYTHING,
        turn=_full_prompt,
        first_turn=True,
        touches=("LLM", "prompt"),
    ),
    Flag(
        key="raw",
        label="raw",
        file=_APP,
        keyword=("generate_api_call", "raw"),
        type=bool,
        words=_ON_OFF,
        meaning={
            "": "Whether the prompt bypasses the model's template.",
            "on": "The prompt goes to the model as it is; Ollama returns no context.",
            "off": "Ollama applies the model's template and returns the context; answers may change in style.",
        },
        warning="Off with the whole prompt on every turn grows the context past num_ctx.",
        # The guide turned it off in llm.py, behind the keyword's back: only the turns can be believed.
        shown_by=(Shown.TURN,),
        turn=_raw,
        touches=("LLM", "prompt"),
    ),
    Flag(
        key="retrieval",
        label="retrieval",
        file=_CONFIG,
        constant="RETRIEVAL_ENABLED",
        type=bool,
        words=_ON_OFF,
        meaning={
            "": "Whether memories are searched and put into the prompt.",
            "on": "Memories are retrieved.",
            "off": "No memories.",
        },
        shown_by=_EVERYTHING,
        turn=_retrieval,
        touches=("retrieve", "prompt", "LLM"),
    ),
    Flag(
        key="context-size",
        label="context size",
        file=_CONFIG,
        constant="LLM_CONTEXT_SIZE",
        other_names=("num_ctx",),
        type=int,
        least=512,
        most=131_072,
        meaning={"": "num_ctx in tokens: what the model can see at once, and what its cache takes of the GPU."},
        warning="The model is loaded again: the first turn waits for it.",
        shown_by=_EVERYTHING,
        turn=lambda turn: turn.num_ctx,
        touches=("LLM", "prompt"),
    ),
    Flag(
        key="retrieved-chunks",
        label="retrieved chunks",
        file=_CONFIG,
        constant="NUM_RETRIEVED_CHUNKS",
        type=int,
        least=1,
        most=50,
        meaning={"": "Memory chunks in the prompt; each makes it longer."},
        touches=("retrieve", "prompt", "LLM"),
    ),
    Flag(
        key="recency-weight",
        label="recency weight",
        file=_CONFIG,
        constant="RECENCY_WEIGHT",
        type=float,
        least=0.0,
        most=1.0,
        meaning={"": "How memories are ranked: 0 is similarity alone, 1 is newest first."},
        touches=("retrieve", "prompt", "LLM"),
    ),
    Flag(
        key="model",
        label="model",
        file=_CONFIG,
        constant="MODEL_NAME",
        type=str,
        pattern=r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}",
        meaning={"": "The model as Ollama names it; it must have been pulled."},
        warning="Another model is loaded: the first turn waits for it, and Ollama may drop the old one.",
        shown_by=_EVERYTHING,
        turn=lambda turn: turn.model,
        touches=("LLM", "prompt"),
    ),
    Flag(
        key="debug-mode",
        label="DEBUG_MODE",
        file=_CONFIG,
        constant="DEBUG_MODE",
        type=bool,
        words=_ON_OFF,
        meaning={"": "Whether v34 prints its debug log."},
        read_only="--debug on v34's command line overwrites it",
        shown_by=(Shown.TURN,),
        turn=_debug,
        touches=("v34",),
    ),
    Flag(
        key="use-chat-endpoint",
        label="USE_CHAT_ENDPOINT",
        file=_CONFIG,
        constant="USE_CHAT_ENDPOINT",
        type=bool,
        words=_ON_OFF,
        meaning={"": "The legacy /api/chat path."},
        read_only="nothing in v34 reads it",
        shown_by=(),
        touches=("LLM",),
    ),
)
"""Built in. The user's own come from the settings: control/flags/table.py joins them."""


class WrittenValue(Struct, frozen=True):
    """What v34's files held from a moment on: a session that begins after it runs under this."""

    at: float
    """Seconds since the epoch on the clock of v34's machine."""
    flag: str
    """Key."""
    value: FlagValue | None
    """None: from here on it is not known."""
    before: FlagValue | None = None
    """What it replaced; None: not known."""


class KnownFlags(Struct, frozen=True):
    """The flags of one Timmy, and what is known of them beside its turns."""

    flags: tuple[Flag, ...] = field(default_factory=lambda: FLAGS)
    written: tuple[WrittenValue, ...] = ()
    """In order of time; empty where nothing but a log is at hand."""


def shown_by_session(flag: Flag, turns: Iterable[Turn]) -> list[tuple[FlagValue, bool]]:
    """The values that the turns of one session show, oldest first, and whether each of them can be believed."""
    shown: list[tuple[FlagValue, bool]] = []
    read = flag.turn
    spoken = [turn for turn in turns if turn.state is not TurnState.LONE_PAUSE] if read is not None else []
    for number, turn in enumerate(spoken):
        value = read(turn) if read is not None else None
        if value is not None:
            shown.append((value, number > 0 or value != flag.first_turn))
    return shown


def newest_shown(flag: Flag, turns: Iterable[Turn]) -> FlagValue | None:
    """What the turns of one session show last and can be believed in; None where they show nothing."""
    return next((value for value, believed in reversed(shown_by_session(flag, turns)) if believed), None)


def word(flag: Flag | None, value: FlagValue | None) -> str:
    """A value as the user reads it; ``—`` for None. ``flag``: None for one that the table does not know."""
    if value is None:
        return "—"
    known = flag.words.get(value) if flag is not None and flag.type is type(value) else None
    return known or (("off", "on")[value] if isinstance(value, bool) else str(value))


def plain_value(flag: Flag | None, value: FlagValue) -> FlagValue:
    """For programs: on or off for a switch, a number or a text as it is."""
    return word(flag, value) if isinstance(value, bool) else value


def by_key(key: str) -> Flag | None:
    """The built-in flag; None for one of the user's own."""
    return next((flag for flag in FLAGS if flag.key == key), None)


def change_words(change: FlagChange) -> str:
    """``tail mode off→on``."""
    flag = by_key(change.flag)
    return f"{change.label} {word(flag, change.before)}→{word(flag, change.after)}"


def changes_words(changes: Iterable[FlagChange]) -> str:
    """``tail mode off→on, raw on→off``."""
    return ", ".join(map(change_words, changes))


def epoch_words(epoch: Epoch) -> str:
    """What began it: ``first turn``, ``restart``, ``restart, tail mode off→on`` …"""
    parts = (["restart"] if epoch.restarted else []) + [change_words(change) for change in epoch.changes]
    return ", ".join(parts) or "first turn"
