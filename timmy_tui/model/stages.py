"""The one table of stages: what each measures, where it is shown, how it is judged.

A new stage is one row here, between the rows that it lies between. Its events need no other mention: the reader, the
ledger, the table of turns (CSV, parquet), detector, comparison, trends and reports go by this table.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from msgspec import Struct

Clock = Literal["stt", "v34", "tts", "cross", "ollama"]
Owner = Literal["setting", "service", "hop", "code", "speech", "none"]
Group = Literal["LLM", "voice", "hops", "v34", "none"]
Measured = Literal["events", "setting", "pairs", "reported", "rest", "sum"]
Fill = Literal["owner", "service", "setting", "code", "hole"]

SOFT_MS = 0.5
"""``soft_ms`` of what has no row, or says nothing else."""


class Covariate(Struct, frozen=True):
    """A measure of a stage's work, and how the stage's time is expected to follow it."""

    work: str
    """In the words of the screen; what it is of a turn says ``analysis/stats/workload.py``."""
    slope: float
    """Log ms per log work: 1 is in proportion. Not measured by a bench."""
    spread: float
    """Standard deviation of the slope: how far the turns may move it. Not measured by a bench."""


class Stage(Struct, frozen=True, kw_only=True):
    """A named span of a turn."""

    key: str
    label: str
    """At most six cells, for rows and bars."""
    name: str = ""
    """In a sentence; empty: the label."""
    starts: tuple[str, ...] = ()
    """Events that open it; the first one present counts. At most two."""
    ends: tuple[str, ...] = ()
    """Events that close it; the first one present counts. At most two."""
    clock: Clock
    """Whose clock stamps it; ``cross`` is two clocks."""
    owner: Owner
    """What it depends on; also the look of its bar."""
    meaning: str

    critical: bool = False
    """Part of voice-to-voice: these and the unattributed time sum to it."""
    optional: bool = False
    """May be left out of a turn: then it is *skipped*, not *not measured*."""
    parent: str = ""
    """Key of the stage that this one is a part of."""
    measured: Measured = "events"
    """Between its events; from the setting that its end carries; as the sum of its pairs of events; reported by
    Ollama; as what its siblings leave of the parent; or as the sum of the stages across two clocks."""

    judged: bool = True
    """The detector reports when its level moves."""
    compared: bool = True
    """A comparison of two sets of turns has a verdict on it."""
    group: Group
    """Stages whose sessions differ by chance for the same reason: model and GPU, the voice services, the network, v34's
    process. ``none``: not learned, assumed."""
    sleep_ms: float | None = None
    """ms. The fixed sleep in upstream's code that is a part of it; None: there is none. Not measured: a constant."""
    teaches: bool = True
    """What its sessions differ by is learned for its group. Not: sums of others, and sleeps."""
    on_gpu: bool = False
    """Stages that move the same way at the same time are then one finding."""
    covariates: tuple[Covariate, ...] = ()
    """What its time follows; empty: nothing that is logged."""
    soft_ms: float = SOFT_MS
    """ms. Added to a time before its logarithm: below it there are only clocks and schedulers. Network: a local one
    takes 1–5 ms, and the scheduler as much again. Not measured."""
    least_move_ms: float = 1.5
    """ms. A level that moved by less is not reported. Network: a busy machine's scheduler. Not measured by
    itself."""

    trend: int = 50
    """Place on the trends screen, lowest first; 0 is not shown."""
    fill: Fill = "owner"
    """Look of its bar where it is drawn as a part of another stage."""


# fmt: off
STAGES: tuple[Stage, ...] = (
    Stage(
        key="endpointing", label="ENDPT", ends=("stt_pause_detected",), clock="stt", owner="setting",
        meaning="the silence that ends a sentence; a setting (pause_threshold): the wait before it is longer",
        critical=True, measured="setting", judged=False, compared=False, group="none", trend=10,
    ),
    Stage(
        key="stt_final", label="STT", clock="stt", owner="service",
        starts=("stt_pause_detected",), ends=("stt_http_request_start", "stt_sending_to_v34"),
        meaning="end of the pause to the finished text leaving the STT server",
        critical=True, group="voice", trend=11,
    ),
    Stage(
        key="hop_in", label="NET→", clock="cross", owner="hop",
        starts=("stt_http_request_start", "stt_sending_to_v34"),
        ends=("v34_flask_handler_entry", "v34_webhook_received"),
        meaning="network from STT to v34, across two clocks",
        critical=True, judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="classify", label="CLASS", clock="v34", owner="service",
        starts=("v34_flask_handler_entry", "v34_webhook_received"), ends=("v34_classification_complete",),
        meaning="topic and importance of the message",
        critical=True, group="v34", trend=9,
    ),
    Stage(
        key="store", label="STORE", name="memory store", clock="v34", owner="code",
        starts=("v34_memory_storage_start",), ends=("v34_memory_storage_complete",),
        meaning="writing the message to memory, only if it is worth keeping",
        critical=True, optional=True, group="v34", covariates=(Covariate("text length", 0.15, 0.12),), trend=7,
    ),
    Stage(
        key="retrieve", label="RAG", name="retrieval", clock="v34", owner="service",
        starts=("v34_retrieval_start",), ends=("v34_retrieval_complete",),
        meaning="finding memories for the prompt",
        critical=True, group="v34", trend=8,
    ),
    Stage(
        key="prompt", label="PROMPT", clock="v34", owner="code",
        starts=("v34_retrieval_complete",), ends=("v34_ollama_sent",),
        meaning="building the prompt and writing the payload file",
        critical=True, group="v34", trend=12,
    ),
    Stage(
        key="llm", label="LLM", clock="v34", owner="service",
        starts=("v34_ollama_sent",), ends=("v34_ollama_received",),
        meaning="request to last token; never time to first token",
        critical=True, group="LLM", teaches=False, on_gpu=True, trend=1,
        covariates=(Covariate("output tokens", 0.55, 0.2), Covariate("prompt tokens", 0.2, 0.15)),
    ),
    Stage(
        key="reply", label="REPLY", clock="v34", owner="code",
        starts=("v34_ollama_received",), ends=("v34_sending_to_tts",),
        meaning="last token to the reply leaving v34",
        critical=True, group="v34", trend=0,
    ),
    Stage(
        key="hop_out", label="→NET", clock="cross", owner="hop",
        starts=("v34_sending_to_tts",), ends=("tts_request_received",),
        meaning="network from v34 to TTS, across two clocks",
        critical=True, judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="mute", label="MUTE", clock="tts", owner="setting",
        starts=("tts_request_received",), ends=("tts_synthesis_start",),
        meaning="microphone muted before speaking; holds a fixed 0.2 s sleep",
        critical=True, group="voice", teaches=False, sleep_ms=200.0, trend=13,
    ),
    Stage(
        key="tts", label="TTS", clock="tts", owner="service",
        starts=("tts_synthesis_start",), ends=("tts_audio_playback_start",),
        meaning="synthesis asked to first sound",
        critical=True, group="voice", on_gpu=True, covariates=(Covariate("reply length", 0.6, 0.2),), trend=6,
    ),
    Stage(
        key="playback", label="PLAY", clock="tts", owner="speech",
        starts=("tts_audio_playback_start",), ends=("tts_audio_playback_complete",),
        meaning="length of the speech, not latency",
        judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="rearm", label="REARM", clock="tts", owner="setting",
        starts=("tts_audio_playback_complete",), ends=("tts_resume_sent",),
        meaning="speech end to the microphone being open; holds a fixed 0.3 s sleep",
        judged=False, compared=False, group="none", sleep_ms=300.0, trend=0,
    ),
    Stage(
        key="deaf", label="DEAF", clock="stt", owner="none",
        starts=("stt_transcript_finalized",), ends=("tts_resume_sent",),
        meaning="microphone closed: whatever is said is lost",
        judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="network", label="NET", name="network both ways", clock="cross", owner="hop", measured="sum",
        meaning="network both ways: the sum of both hops, which no difference of the clocks changes",
        group="hops", soft_ms=2.0, least_move_ms=2.0, trend=14,
    ),
    Stage(
        key="embed", label="embed", parent="retrieve", clock="v34", owner="service",
        starts=("v34_retrieval_embedding_start",), ends=("v34_retrieval_embedding_complete",),
        meaning="embedding of the message for retrieval",
        judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="query", label="query", parent="retrieve", clock="v34", owner="service", measured="pairs",
        starts=("v34_retrieval_query_start",), ends=("v34_retrieval_query_complete",),
        meaning="database queries of retrieval, summed",
        judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="merge", label="merge", parent="retrieve", clock="v34", owner="code", measured="rest",
        meaning="rest of retrieval",
        judged=False, compared=False, group="none", trend=0,
    ),
    Stage(
        key="wait", label="wait", parent="llm", clock="v34", owner="service", measured="rest", fill="hole",
        meaning="LLM request minus prefill and decode: load, queue, network",
        group="LLM", on_gpu=True, covariates=(Covariate("output tokens", 0.2, 0.2),), trend=4,
    ),
    Stage(
        key="load", label="load", parent="wait", clock="ollama", owner="service", measured="reported", fill="hole",
        meaning="Ollama's load_duration; not 0 on a warm model",
        group="LLM", teaches=False, on_gpu=True, trend=5,
    ),
    Stage(
        key="prefill", label="prefil", parent="llm", clock="ollama", owner="service", measured="reported",
        meaning="evaluating the prompt tokens that the cache did not hold",
        group="LLM", on_gpu=True, covariates=(Covariate("evaluated tokens", 0.9, 0.1),), trend=2,
        fill="setting",
    ),
    Stage(
        key="decode", label="decode", parent="llm", clock="ollama", owner="service", measured="reported",
        meaning="generating the answer",
        group="LLM", on_gpu=True, trend=3, fill="service",
        covariates=(Covariate("output tokens", 1.0, 0.05), Covariate("prompt tokens", 0.05, 0.05)),
    ),
)
"""In the order of a turn; parts behind the top level."""
# fmt: on

BY_KEY = {stage.key: stage for stage in STAGES}
KEYS = tuple(BY_KEY)
CRITICAL = tuple(stage.key for stage in STAGES if stage.critical)
"""The stages that, with the unattributed time, sum to voice-to-voice."""
TOP = tuple(stage.key for stage in STAGES if not stage.parent)
SETTINGS = tuple(stage.key for stage in STAGES if stage.measured == "setting")
"""Parts of a headline that are a setting, ahead of the first event, and no measurement."""
OUTSIDE = tuple(stage.key for stage in STAGES if not stage.parent and not stage.critical)
"""Behind the first sound, or across everything: no part of voice-to-voice."""
HOPS = tuple(stage.key for stage in STAGES if stage.clock == "cross" and stage.critical)
"""Across two clocks: where these differ, no hop is a duration, only the sum of all is."""
NETWORK = next(stage.key for stage in STAGES if stage.measured == "sum")
"""Key of that sum: of all hops, and known where all are in the span. It stands for them wherever time is judged."""
GPU_STAGES = tuple(key for key in TOP if BY_KEY[key].on_gpu)
"""Top stages that share the GPU."""
GROUPS: tuple[str, ...] = tuple(group for group in get_args(Group) if group != "none")
PARTS = {whole: tuple(stage.key for stage in STAGES if stage.parent == whole) for whole in KEYS}
"""Stage → its own parts, without theirs."""
SPLIT = {
    whole: parts
    for whole, parts in PARTS.items()
    if any(BY_KEY[part].measured == "rest" and BY_KEY[part].judged for part in parts)
}
"""Stages that are judged in their parts where all of these are known: the parts sum to the whole."""
TRENDS = tuple(stage.key for stage in sorted(STAGES, key=lambda stage: stage.trend) if stage.trend)
"""Charts of the trends screen."""
REPLIED = "v34_sending_to_tts"
"""The event with which v34 is done."""
AFTER_REPLY = TOP[next(at for at, key in enumerate(TOP) if REPLIED in BY_KEY[key].starts) :]
"""Top stages behind v34's answer, in order."""
PAUSE = "stt_pause_detected"
"""STT has heard a pause, and does not know yet whether there is a text."""
BEFORE_TEXT = frozenset(stage.key for stage in STAGES if PAUSE in stage.starts)
"""Stages in which there may never be a text."""

UNATTRIBUTED = "unattributed"
"""Key of the time between the named critical stages."""
UNATTRIBUTED_LABEL = "?"
GAP = "gap:"
"""Prefix of the key of one stretch of it: ``gap:classify→retrieve``."""
V2V = "V2V"
"""Key of the whole, as a series that is judged and compared."""
PROMPT_CACHE = "prompt cache"
"""What is named when prompts are not reused any more, which shows in the prefill."""
GPU = "gpu"
"""What is named when several stages on the GPU moved as one."""


def label(key: str) -> str:
    """Short label of a stage, of the unattributed time, or the key itself where it is neither."""
    if key == UNATTRIBUTED:
        return UNATTRIBUTED_LABEL
    stage = BY_KEY.get(key)
    return stage.label if stage else key


def top_of(key: str) -> str:
    """The top stage that a stage is, or is a part of."""
    while BY_KEY[key].parent:
        key = BY_KEY[key].parent
    return key


def parts_of_headline(stages: Mapping[str, float | None]) -> Iterator[tuple[str, float]]:
    """Key and ms of what the headline is made of, in order, but for the unattributed time.

    These are the measured critical stages, with the sum of the hops, where it is known, in the place of the first.
    """
    whole = stages.get(NETWORK)
    for key in CRITICAL:
        if whole is not None and key in HOPS:
            if key == HOPS[0]:
                yield NETWORK, whole
            continue
        ms = stages.get(key)
        if ms is not None:
            yield key, ms


def with_parts(key: str) -> Iterator[str]:
    """A stage, its parts behind it, theirs behind each."""
    yield key
    for part in PARTS[key]:
        yield from with_parts(part)


IN_ORDER = tuple(key for top in TOP for key in with_parts(top))
"""All stages in the order of a turn, parts behind their whole."""
