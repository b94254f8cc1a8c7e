"""Events, turns, and what groups them: sessions, epochs, markers."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from timmy_tui.model.stages.system import watched

FlagValue = bool | int | float | str
"""What a flag of v34 can hold, in the terms of its file."""

LATEST = 1e11
"""Seconds since 1970; a larger timestamp (year 5138) is not a time of day."""


class Event(Struct, frozen=True, gc=False):
    """One line of the latency log."""

    timestamp: Annotated[float, Meta(gt=0, lt=LATEST)]
    """Seconds since 1970, on the clock of the process that wrote the line."""
    request_id: Annotated[str, Meta(min_length=1)]
    """First eight characters of a UUID4. They collide about 16 times in 370 000 turns: use id and time as the key."""
    event: Annotated[str, Meta(min_length=1)]
    """Name of the event. Names that are not in the stage table are shown too."""
    service: str = ""
    """stt, v34 or tts; empty if the line does not name it."""
    metadata: dict[str, Any] = {}
    """Everything the writer added, unknown fields included."""


class Unparsed(Struct, frozen=True, gc=False):
    """A line, or a part of one, that could not be parsed as an event."""

    reason: str
    """One of a small set of words, by which such lines are counted."""
    size: int = 0
    """Number of bytes skipped."""


class TurnState(StrEnum):
    """How a turn ended, or that it is open."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"

    @property
    def words(self) -> str:
        """``timed out``: for people."""
        return self.value.replace("_", " ")


FAILED_STATES = (TurnState.FAILED, TurnState.TIMED_OUT)
"""It was to be answered, and was not."""
NOT_COMPLETED = (*FAILED_STATES, TurnState.ABORTED)


class Span(StrEnum):
    """The span that a turn's headline measures: the widest one that its events allow."""

    V2V = "V2V"
    """Speech end (pause minus its threshold) to the first sound: the full voice-to-voice."""
    PAUSE_TO_SOUND = "pause→sound"
    """The speech end is not known (no threshold or no pause event): from the first STT event to the first sound."""
    V34_TO_SOUND = "v34→sound"
    """No STT events: from v34's handler to the first sound."""
    SPEECH_TO_REPLY = "speech→reply"
    """No TTS events: from the speech end, or the first STT event, to the reply leaving v34."""
    V34 = "v34"
    """No STT and TTS events: from v34's handler entry to the reply leaving v34, or the total in the debug log."""
    NONE = "none"
    """Too few events to measure any span."""


class Reason(StrEnum):
    """Why a figure of a turn is not a measurement although its events are there."""

    STEPPED = "a clock stepped"
    CLOCKS_DIFFER = "clocks differ"
    ASLEEP = "asleep, or a clock stepped: a gap above the time-out"
    EXCEEDS_WHOLE = "longer than the whole it is part of"
    SETTING = "setting out of reason"
    BACKWARDS = "ends before it begins"


SPOILED = frozenset((Reason.STEPPED, Reason.ASLEEP))
"""A clock stepped, or the machine slept: the stamps of the turn are not of one time."""
NOT_ONE_TIME = SPOILED | {Reason.CLOCKS_DIFFER}
"""The same, where two machines' stamps are compared."""


class Gap(Struct, frozen=True, gc=False):
    """Unattributed time between two stages of the critical path."""

    after: str
    """Key of the stage before it; ``start`` at the head."""
    before: str
    """Key of the stage behind it; ``end`` at the tail."""
    ms: float


class Turn(Struct, frozen=True, kw_only=True, gc=False):
    """One exchange: what the user said, what Little Timmy answered, and how long each stage took."""

    ordinal: int
    """Position in order of arrival in this run of the program; unique."""
    number: int | None = None
    """Its name for the user. The history keeps it for good; where there is none, its place in these logs, from 1."""
    request_id: str = ""
    """Empty for a typed (web chat) turn, which has none, and for spoken ones in logs of November 2025 and before."""
    typed: bool | None = None
    """Typed in the web chat, not spoken. None: not known, as when only v34's statistics have the turn."""
    place: tuple[int, ...] = ()
    """Its place among all turns where that is not its ordinal's, because a log or a source told of it late."""
    session_id: str | None = None
    """UUID of the v34 process that served it; another one means that v34 was restarted."""
    session: int = 0
    """Number of the session in order of arrival; it also rises at a restart that is visible without an id."""
    state: TurnState = TurnState.OPEN
    reason: str = ""
    """Why it failed, was aborted or timed out; else empty."""
    started: float | None = None
    """Time of the first event. With the debug log alone: the time of its access line minus its duration."""
    ended: float | None = None
    answered: float | None = None
    """When v34 had the model's answer, on v34's clock: of two turns this may be compared, ``started`` may not."""
    logs: str = "latency"
    """Which logs contain it: ``latency``, ``v34`` or ``both``; or v34's statistics, ``kv_stats``."""

    span: Span = Span.NONE
    headline_ms: float | None = None
    """Length of ``span``."""
    v2v_ms: float | None = None
    """Voice-to-voice; None unless ``span`` is V2V."""
    stages: Mapping[str, float | None] = {}
    """Milliseconds by stage key (every key of stages.KEYS), zero or more; None: not measured."""
    unmeasured: Mapping[str, str] = {}
    """Key of a stage, or ``V2V`` for the headline and with it the unattributed time and the gaps → why it is None
    although its events are there: one of the phrases of Reason."""
    skipped: frozenset[str] = frozenset()
    """Stages that did not take place in this turn (memory storage). They differ from stages that were not measured."""
    unattributed_ms: float | None = None
    """headline_ms minus the sum of the measured critical stages, ms."""
    gaps: tuple[Gap, ...] = ()
    """The unattributed time by position; sums to unattributed_ms."""
    end_to_end_ms: float | None = None
    """First to last event, speech included. None with fewer than two events, and where no one clock vouches for it."""
    processing_ms: float | None = None
    """``end_to_end_ms`` without the speech. None where one of the two events of the speech is missing."""
    offset_bounds: tuple[float | None, float | None] = (None, None)
    """Bounds in ms on the clock offset (v34's clock minus the STT/TTS clock), from the two hops; None as well where a
    step or a sleep lies between them."""

    prompt_tokens: int | None = None
    """Ollama's prompt_eval_count as logged; what it counts depends on Ollama's version."""
    output_tokens: int | None = None
    """Ollama's eval_count, the stop token included."""
    cached_tokens: int | None = None
    """prompt_eval_cached_count, which Ollama 0.33.3 and later report."""
    prefill_ms: float | None = None
    """This and the next three are as Ollama reported them, also where ``unmeasured`` names the stage."""
    decode_ms: float | None = None
    load_ms: float | None = None
    ollama_total_ms: float | None = None
    """Ollama's own total_duration, which ends before the context array is tokenized."""
    context_returned: int | None = None
    """Length of the deprecated context array in the response (token ids, not a reference to the KV cache)."""
    context_sent: int | None = None
    tail_mode: bool | None = None
    raw: bool | None = None
    switches: Mapping[str, FlagValue] = {}
    """Flags of another system than Little Timmy: key → the value by its log when the turn began."""
    switches_at: Mapping[str, float] = {}
    """When its log said each of them, in seconds since 1970; of one without a stamp there is nothing."""
    num_ctx: int | None = None
    model: str | None = None
    temperature: float | None = None
    prompt_chars: int | None = None
    prompt_tokens_est: int | None = None
    """v34's estimate, characters / 4."""
    text_length: int | None = None
    """Characters of what the user said."""
    reply_length: int | None = None
    """Characters of the answer."""
    importance: float | None = None
    """The classifier's 0–10 for the message; storage happens above a threshold."""
    chunks: int | None = None
    """Memory chunks that retrieval injected."""
    pause_threshold: float | None = None
    """Seconds of silence that end a sentence: a setting."""

    signals: frozenset[str] = frozenset()
    """Quality signals in the logs: empty_reply, canned_reply, template_leak, error."""
    errors: tuple[str, ...] = ()
    """Its error lines, as logged (foreign text)."""
    text: str | None = None
    """What the user said (private: only shown in the dashboard)."""
    reply: str | None = None
    """What Little Timmy answered (private: only shown in the dashboard)."""
    events: tuple[Event, ...] = ()
    """The raw events in file order; dropped from old turns."""

    @property
    def is_spoken(self) -> bool:
        """Somebody waited for a voice. Not a typed turn, nor one that only v34's statistics have."""
        return not self.typed and self.logs != "kv_stats"

    @property
    def went_wrong(self) -> bool:
        """It failed, timed out or has an error line."""
        return self.state in FAILED_STATES or bool(self.errors) or "error" in self.signals

    @property
    def measured_ms(self) -> float | None:
        """``headline_ms`` without the silence threshold in it, which is a setting: what stamps tell.

        Differences, alarms and verdicts rest on it; None where the headline is.
        """
        if self.headline_ms is None:
            return None
        return self.headline_ms - sum(self.stages.get(key) or 0.0 for key in watched().stages.settings)

    @property
    def is_lower_bound(self) -> bool:
        """The headline begins with a setting: the user waited at least so long, and longer by an unknown time."""
        return self.headline_ms is not None and any(
            self.stages.get(key) is not None for key in watched().stages.settings
        )

    @property
    def position(self) -> tuple[int, ...]:
        """Sorts turns in the order in which they happened, which no clock tells: two write, and each may step.

        ``(ordinal, 0)``, or the ordinal of a turn of the latency log, −1 before or 1 behind it, and a number there.
        """
        return self.place or (self.ordinal, 0)


def newest_spoken(turns: Sequence[Turn]) -> Turn | None:
    """The turn that headline, status line and ``last`` tell of: the newest spoken one, in whatever state it ended.

    The newest of all where none was spoken.
    """
    return next((turn for turn in reversed(turns) if turn.is_spoken), turns[-1] if turns else None)


class Session(Struct, frozen=True, kw_only=True):
    """All turns of one run of the v34 process."""

    number: int
    session_id: str | None
    started: float | None
    turns: int
    first: int
    """Ordinal of its first turn."""
    last: int


class FlagChange(Struct, frozen=True, kw_only=True):
    """One flag that moved, in the values of v34's files."""

    flag: str
    """Key in the table of flags."""
    label: str
    before: FlagValue
    after: FlagValue


class Epoch(Struct, frozen=True, kw_only=True):
    """A run of turns under the same flags and the same session."""

    number: int
    session_id: str | None
    started: float | None
    first: int
    """Ordinal of its first turn."""
    turns: int
    flags: Mapping[str, FlagValue] = {}
    """Key of a flag → the value that it ran under, as far as turns, journal or files tell."""
    restarted: bool = False
    """It began with a restart of v34."""
    changes: tuple[FlagChange, ...] = ()
    """The flags that moved at its beginning."""


class Marker(Struct, frozen=True, kw_only=True):
    """Something that happened between two turns, shown on the charts."""

    at: float
    """Seconds since 1970, on this machine's clock."""
    ordinal: int
    """Ordinal of the first turn after it."""
    kind: str
    """``change``, ``restart``, ``outside``, ``gap``."""
    label: str
