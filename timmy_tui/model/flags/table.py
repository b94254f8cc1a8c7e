"""The table of flags. A row says where v34's files hold the flag, what its values mean, what it touches, what shows it.

A new flag is a new row; nothing else has to be changed.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from timmy_tui.model.flags.flag import Flag, Shown
from timmy_tui.model.flags.switches import EVERYTHING, ON_OFF, switch_flags
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import FlagValue, Turn, TurnState

_RETRIEVED_MS = 3.0
"""With retrieval off v34 still writes both events, about 0.1 ms apart. An embedding alone takes 7 ms."""


def _full_prompt(turn: Turn) -> FlagValue | None:
    return None if turn.tail_mode is None else not turn.tail_mode


def _raw(turn: Turn) -> FlagValue | None:
    """From v34's log; else from the answer: Ollama returns a context if and only if raw is off."""
    if turn.raw is not None:
        return turn.raw
    if turn.context_returned is None or turn.state is TurnState.FAILED or not turn.output_tokens:
        return None
    return turn.context_returned == 0


def _retrieval(turn: Turn) -> FlagValue | None:
    """Off: it took no time and found nothing. Without events it is unknown, because lines can get lost."""
    stages = turn.stages
    if turn.chunks or stages.get("embed") is not None or stages.get("query") is not None:
        return True
    took = stages.get("retrieve")
    return False if took is not None and took < _RETRIEVED_MS else None


def _debug(turn: Turn) -> FlagValue | None:
    """On if the debug log has the turn. Without it the flag may be off, or the output was not captured."""
    return True if turn.logs in ("v34", "both") else None


_CONFIG, _APP, _STT = "config", "app", "stt"

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
        shown_by=EVERYTHING,
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
        words=ON_OFF,
        meaning={
            "": "Whether the prompt bypasses the model's template.",
            "on": "The prompt goes to the model as it is; Ollama returns no context.",
            "off": "Ollama applies the model's template and returns the context; answers may change in style.",
        },
        warning="Off with the whole prompt on every turn grows the context past num_ctx.",
        # The guide once turned it off in llm.py while app.py still said raw=True: only the turns are right.
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
        words=ON_OFF,
        meaning={
            "": "Whether memories are searched and put into the prompt.",
            "on": "Memories are retrieved.",
            "off": "No memories.",
        },
        shown_by=EVERYTHING,
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
        warning="A change loads the model again: the first turn waits for it.",
        shown_by=EVERYTHING,
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
        warning="A change loads another model: the first turn waits for it, and Ollama may drop the old one.",
        shown_by=EVERYTHING,
        turn=lambda turn: turn.model,
        touches=("LLM", "prompt"),
    ),
    Flag(
        key="pause-threshold",
        label="pause threshold",
        file=_STT,
        constant="PAUSE_THRESHOLD",
        type=float,
        meaning={"": "Seconds of silence that end a sentence. The wait is longer: STT looks once a pass."},
        read_only="seconds, which STT reads when it starts; this program restarts v34 only",
        shown_by=(Shown.TURN,),
        turn=lambda turn: turn.pause_threshold,
        touches=("endpointing",),
    ),
    Flag(
        key="debug-mode",
        label="DEBUG_MODE",
        file=_CONFIG,
        constant="DEBUG_MODE",
        type=bool,
        words=ON_OFF,
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
        words=ON_OFF,
        meaning={"": "The legacy /api/chat path."},
        read_only="nothing in v34 reads it",
        shown_by=(),
        touches=("LLM",),
    ),
)
"""The built-in flags. control/flags/user_flags.py adds the user's own from the settings."""


class WrittenValue(Struct, frozen=True):
    """A value in v34's files from a moment on: sessions that begin after it run under this value."""

    at: float
    """Seconds since the epoch on the clock of v34's machine."""
    flag: str
    """Key."""
    value: FlagValue | None
    """None: the value is not known from here on."""
    before: FlagValue | None = None
    """The value before; None: not known."""


class KnownFlags(Struct, frozen=True):
    """The flags of one installation, and their values by journal and files."""

    flags: tuple[Flag, ...] = field(default_factory=lambda: FLAGS if watched().is_built_in else switch_flags(watched()))
    written: tuple[WrittenValue, ...] = ()
    """In order of time; empty if only logs are at hand."""


def shown_by_session(flag: Flag, turns: Iterable[Turn]) -> list[tuple[FlagValue, bool]]:
    """(value, whether it is certain) for each turn of one session that shows one, oldest first."""
    if flag.turn is None:
        return []
    shown: list[tuple[FlagValue, bool]] = []
    for number, turn in enumerate(turns):
        value = flag.turn(turn)
        if value is not None:
            shown.append((value, number > 0 or value != flag.first_turn))
    return shown


def newest_shown(flag: Flag, turns: Iterable[Turn]) -> FlagValue | None:
    """The newest certain value that the turns of one session show; None if there is none."""
    return next((value for value, certain in reversed(shown_by_session(flag, turns)) if certain), None)
