"""The one table of stages: what each measures, between which events, on whose clock."""

from typing import Literal

from msgspec import Struct

Clock = Literal["stt", "v34", "tts", "cross", "ollama"]
Owner = Literal["setting", "service", "hop", "code", "speech", "none"]


class Stage(Struct, frozen=True):
    """A named span of a turn."""

    key: str
    label: str
    """At most six cells, for rows and bars."""
    starts: tuple[str, ...]
    """Events that open it; the first one present counts."""
    ends: tuple[str, ...]
    """Events that close it; the first one present counts."""
    clock: Clock
    owner: Owner
    meaning: str
    critical: bool = False
    """Part of voice-to-voice: these and the unattributed time sum to it."""
    optional: bool = False
    """May be left out of a turn: then it is *skipped*, not *not measured*."""
    parent: str = ""
    """Key of the stage that this one is a part of."""


STAGES: tuple[Stage, ...] = (
    Stage(
        "endpointing",
        "ENDPT",
        (),
        ("stt_pause_detected",),
        "stt",
        "setting",
        "silence waited for before the sentence counts as ended (pause_threshold)",
        critical=True,
    ),
    Stage(
        "stt_final",
        "STT",
        ("stt_pause_detected",),
        ("stt_http_request_start", "stt_sending_to_v34"),
        "stt",
        "service",
        "end of the pause to the finished text leaving the STT server",
        critical=True,
    ),
    Stage(
        "hop_in",
        "NET→",
        ("stt_http_request_start", "stt_sending_to_v34"),
        ("v34_flask_handler_entry", "v34_webhook_received"),
        "cross",
        "hop",
        "network from STT to v34, across two clocks",
        critical=True,
    ),
    Stage(
        "classify",
        "CLASS",
        ("v34_flask_handler_entry", "v34_webhook_received"),
        ("v34_classification_complete",),
        "v34",
        "service",
        "topic and importance of the message",
        critical=True,
    ),
    Stage(
        "store",
        "STORE",
        ("v34_memory_storage_start",),
        ("v34_memory_storage_complete",),
        "v34",
        "code",
        "writing the message to memory, only if it is worth keeping",
        critical=True,
        optional=True,
    ),
    Stage(
        "retrieve",
        "RAG",
        ("v34_retrieval_start",),
        ("v34_retrieval_complete",),
        "v34",
        "service",
        "finding memories for the prompt",
        critical=True,
    ),
    Stage(
        "prompt",
        "PROMPT",
        ("v34_retrieval_complete",),
        ("v34_ollama_sent",),
        "v34",
        "code",
        "building the prompt and writing the payload file",
        critical=True,
    ),
    Stage(
        "llm",
        "LLM",
        ("v34_ollama_sent",),
        ("v34_ollama_received",),
        "v34",
        "service",
        "request to last token; never time to first token",
        critical=True,
    ),
    Stage(
        "reply",
        "REPLY",
        ("v34_ollama_received",),
        ("v34_sending_to_tts",),
        "v34",
        "code",
        "last token to the reply leaving v34",
        critical=True,
    ),
    Stage(
        "hop_out",
        "→NET",
        ("v34_sending_to_tts",),
        ("tts_request_received",),
        "cross",
        "hop",
        "network from v34 to TTS, across two clocks",
        critical=True,
    ),
    Stage(
        "mute",
        "MUTE",
        ("tts_request_received",),
        ("tts_synthesis_start",),
        "tts",
        "setting",
        "microphone muted before speaking; holds a fixed 0.2 s sleep",
        critical=True,
    ),
    Stage(
        "tts",
        "TTS",
        ("tts_synthesis_start",),
        ("tts_audio_playback_start",),
        "tts",
        "service",
        "synthesis asked to first sound",
        critical=True,
    ),
    Stage(
        "playback",
        "PLAY",
        ("tts_audio_playback_start",),
        ("tts_audio_playback_complete",),
        "tts",
        "speech",
        "length of the speech, not latency",
    ),
    Stage(
        "rearm",
        "REARM",
        ("tts_audio_playback_complete",),
        ("tts_resume_sent",),
        "tts",
        "setting",
        "speech end to the microphone being open; holds a fixed 0.3 s sleep",
    ),
    Stage(
        "deaf",
        "DEAF",
        ("stt_transcript_finalized",),
        ("tts_resume_sent",),
        "stt",
        "none",
        "microphone closed: whatever is said is lost",
    ),
    Stage(
        "embed",
        "embed",
        ("v34_retrieval_embedding_start",),
        ("v34_retrieval_embedding_complete",),
        "v34",
        "service",
        "embedding of the message for retrieval",
        parent="retrieve",
    ),
    Stage(
        "query",
        "query",
        ("v34_retrieval_query_start",),
        ("v34_retrieval_query_complete",),
        "v34",
        "service",
        "database queries of retrieval, summed",
        parent="retrieve",
    ),
    Stage("merge", "merge", (), (), "v34", "code", "rest of retrieval", parent="retrieve"),
    Stage(
        "wait",
        "wait",
        (),
        (),
        "v34",
        "service",
        "LLM request minus prefill and decode: load, queue, network",
        parent="llm",
    ),
    Stage("load", "load", (), (), "ollama", "service", "Ollama's load_duration; not 0 on a warm model", parent="llm"),
    Stage(
        "prefill",
        "prefil",
        (),
        (),
        "ollama",
        "service",
        "evaluating the prompt tokens that the cache did not hold",
        parent="llm",
    ),
    Stage("decode", "decode", (), (), "ollama", "service", "generating the answer", parent="llm"),
)
"""In the order of a turn; children behind the top level."""

BY_KEY = {stage.key: stage for stage in STAGES}
KEYS = tuple(BY_KEY)
CRITICAL = tuple(stage.key for stage in STAGES if stage.critical)
"""The stages that, with the unattributed time, sum to voice-to-voice."""
TOP = tuple(stage.key for stage in STAGES if not stage.parent)
UNATTRIBUTED = "unattributed"
"""Key of the time between the named critical stages."""
UNATTRIBUTED_LABEL = "?"


def label(key: str) -> str:
    """Short label of a stage, of the unattributed time, or the key itself where it is neither."""
    if key == UNATTRIBUTED:
        return UNATTRIBUTED_LABEL
    stage = BY_KEY.get(key)
    return stage.label if stage else key
