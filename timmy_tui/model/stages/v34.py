"""v34's table of stages: what each measures, where it is shown, how it is judged.

A new stage is one row here, between the rows that it lies between. Its events need no other mention: the reader, the
ledger, the table of turns (CSV, parquet), detector, comparison, trends and reports go by this table.
"""

from timmy_tui.model.stages.table import V2V as V2V
from timmy_tui.model.stages.table import Covariate, Stage, StageTable

# fmt: off
ROWS: tuple[Stage, ...] = (
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
        critical=True, request=True, group="LLM", teaches=False, on_gpu=True, trend=1,
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
        key="wait", label="wait", name="LLM wait", parent="llm", clock="v34", owner="service", measured="rest",
        fill="hole",
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


TABLE = StageTable(ROWS)

STAGES = TABLE.rows
BY_KEY = TABLE.by_key
KEYS = TABLE.keys
CRITICAL = TABLE.critical
OUTSIDE = TABLE.outside
HOPS = TABLE.hops
NETWORK = TABLE.network
PARTS = TABLE.parts
top_of = TABLE.top_of
with_parts = TABLE.with_parts

REPLIED = "v34_sending_to_tts"
"""The event with which v34 is done."""
AFTER_REPLY = TABLE.top[next(at for at, key in enumerate(TABLE.top) if REPLIED in BY_KEY[key].starts) :]
"""Top stages behind v34's answer, in order."""
PAUSE = "stt_pause_detected"
"""STT has heard a pause, and does not know yet whether there is a text."""
BEFORE_TEXT = frozenset(stage.key for stage in STAGES if PAUSE in stage.starts)
"""Stages in which there may never be a text."""
