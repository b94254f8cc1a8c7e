"""The stage table once more, written by hand: every column of every row, and what is derived from them.

A row that is changed or added in the table is changed or added here too: who moves a figure moves it on purpose. Rows
across two clocks are looked at by the tests of the network.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from timmy_tui.model.stages import v34 as v34_stages
from timmy_tui.model.stages import watched as stages
from timmy_tui.model.stages.events import EVENTS, NEVER, SLOT
from timmy_tui.model.stages.watched import BY_KEY, Covariate, Stage

USUAL: Mapping[str, Any] = {
    "name": "", "critical": False, "request": False, "optional": False, "parent": "", "measured": "events",
    "judged": True, "compared": True, "sleep_ms": None, "teaches": True, "on_gpu": False, "covariates": (),
    "soft_ms": 0.5, "least_move_ms": 1.5, "fill": "owner", "starts": (), "ends": (),
}  # fmt: skip
"""What a row has that says nothing else."""

UNJUDGED: Mapping[str, Any] = {"judged": False, "compared": False, "group": "none"}

# fmt: off
ROWS: Mapping[str, Mapping[str, Any]] = {
    "endpointing": {
        "label": "ENDPT", "clock": "stt", "owner": "setting", "critical": True, "measured": "setting", "trend": 10,
        "ends": ("stt_pause_detected",), **UNJUDGED,
    },
    "stt_final": {
        "label": "STT", "clock": "stt", "owner": "service", "critical": True, "group": "voice", "trend": 11,
        "starts": ("stt_pause_detected",), "ends": ("stt_http_request_start", "stt_sending_to_v34"),
    },
    "classify": {
        "label": "CLASS", "clock": "v34", "owner": "service", "critical": True, "group": "v34", "trend": 9,
        "starts": ("v34_flask_handler_entry", "v34_webhook_received"), "ends": ("v34_classification_complete",),
    },
    "store": {
        "label": "STORE", "name": "memory store", "clock": "v34", "owner": "code", "critical": True, "optional": True,
        "group": "v34", "trend": 7, "covariates": (Covariate("text length", 0.15, 0.12),),
        "starts": ("v34_memory_storage_start",), "ends": ("v34_memory_storage_complete",),
    },
    "retrieve": {
        "label": "RAG", "name": "retrieval", "clock": "v34", "owner": "service", "critical": True, "group": "v34",
        "trend": 8, "starts": ("v34_retrieval_start",), "ends": ("v34_retrieval_complete",),
    },
    "prompt": {
        "label": "PROMPT", "clock": "v34", "owner": "code", "critical": True, "group": "v34", "trend": 12,
        "starts": ("v34_retrieval_complete",), "ends": ("v34_ollama_sent",),
    },
    "llm": {
        "label": "LLM", "clock": "v34", "owner": "service", "critical": True, "request": True, "group": "LLM",
        "teaches": False, "on_gpu": True, "trend": 1, "starts": ("v34_ollama_sent",), "ends": ("v34_ollama_received",),
        "covariates": (Covariate("output tokens", 0.55, 0.2), Covariate("prompt tokens", 0.2, 0.15)),
    },
    "reply": {
        "label": "REPLY", "clock": "v34", "owner": "code", "critical": True, "group": "v34", "trend": 0,
        "starts": ("v34_ollama_received",), "ends": ("v34_sending_to_tts",),
    },
    "mute": {
        "label": "MUTE", "clock": "tts", "owner": "setting", "critical": True, "group": "voice", "teaches": False,
        "sleep_ms": 200.0, "trend": 13, "starts": ("tts_request_received",), "ends": ("tts_synthesis_start",),
    },
    "tts": {
        "label": "TTS", "clock": "tts", "owner": "service", "critical": True, "group": "voice", "on_gpu": True,
        "trend": 6, "covariates": (Covariate("reply length", 0.6, 0.2),),
        "starts": ("tts_synthesis_start",), "ends": ("tts_audio_playback_start",),
    },
    "playback": {
        "label": "PLAY", "clock": "tts", "owner": "speech", "trend": 0, **UNJUDGED,
        "starts": ("tts_audio_playback_start",), "ends": ("tts_audio_playback_complete",),
    },
    "rearm": {
        "label": "REARM", "clock": "tts", "owner": "setting", "sleep_ms": 300.0, "trend": 0, **UNJUDGED,
        "starts": ("tts_audio_playback_complete",), "ends": ("tts_resume_sent",),
    },
    "deaf": {
        "label": "DEAF", "clock": "stt", "owner": "none", "trend": 0, **UNJUDGED,
        "starts": ("stt_transcript_finalized",), "ends": ("tts_resume_sent",),
    },
    "embed": {
        "label": "embed", "parent": "retrieve", "clock": "v34", "owner": "service", "trend": 0, **UNJUDGED,
        "starts": ("v34_retrieval_embedding_start",), "ends": ("v34_retrieval_embedding_complete",),
    },
    "query": {
        "label": "query", "parent": "retrieve", "clock": "v34", "owner": "service", "measured": "pairs", "trend": 0,
        "starts": ("v34_retrieval_query_start",), "ends": ("v34_retrieval_query_complete",), **UNJUDGED,
    },
    "merge": {
        "label": "merge", "parent": "retrieve", "clock": "v34", "owner": "code", "measured": "rest", "trend": 0,
        **UNJUDGED,
    },
    "wait": {
        "label": "wait", "name": "LLM wait", "parent": "llm", "clock": "v34", "owner": "service",
        "measured": "rest", "fill": "hole", "group": "LLM", "on_gpu": True, "trend": 4,
        "covariates": (Covariate("output tokens", 0.2, 0.2),),
    },
    "load": {
        "label": "load", "parent": "wait", "clock": "ollama", "owner": "service", "measured": "reported",
        "fill": "hole", "group": "LLM", "teaches": False, "on_gpu": True, "trend": 5,
    },
    "prefill": {
        "label": "prefil", "parent": "llm", "clock": "ollama", "owner": "service", "measured": "reported",
        "fill": "setting", "group": "LLM", "on_gpu": True, "trend": 2,
        "covariates": (Covariate("evaluated tokens", 0.9, 0.1),),
    },
    "decode": {
        "label": "decode", "parent": "llm", "clock": "ollama", "owner": "service", "measured": "reported",
        "fill": "service", "group": "LLM", "on_gpu": True, "trend": 3,
        "covariates": (Covariate("output tokens", 1.0, 0.05), Covariate("prompt tokens", 0.05, 0.05)),
    },
}
# fmt: on


def without_hops(keys: tuple[str, ...]) -> list[str]:
    """The keys of stages on one clock."""
    return [key for key in keys if BY_KEY[key].clock != "cross"]


def test_every_stage_on_one_clock_is_here_and_in_this_order() -> None:
    assert without_hops(stages.KEYS) == list(ROWS)


@pytest.mark.parametrize("key", ROWS)
def test_every_column_of_a_row_is_what_was_meant(key: str) -> None:
    row = {name: getattr(BY_KEY[key], name) for name in Stage.__struct_fields__}
    assert row.pop("meaning")
    assert row == {**USUAL, "key": key, **ROWS[key]}


def test_a_row_that_says_little_is_judged_and_drawn_in_the_common_way() -> None:
    row = msgspec.structs.asdict(Stage(key="new", label="NEW", clock="v34", owner="code", meaning="new", group="v34"))
    usual = {"key": "new", "label": "NEW", "clock": "v34", "owner": "code", "meaning": "new", "group": "v34"}
    assert row == {**USUAL, **usual, "trend": 50}


def test_the_parts_of_voice_to_voice_and_what_lies_outside() -> None:
    parts = ["endpointing", "stt_final", "classify", "store", "retrieve", "prompt", "llm", "reply", "mute", "tts"]
    assert without_hops(stages.CRITICAL) == parts
    assert without_hops(stages.OUTSIDE) == ["playback", "rearm", "deaf"]
    assert without_hops(stages.TOP) == [*parts, "playback", "rearm", "deaf"]
    assert without_hops(stages.HOPS) == [] and {"hop_in", "hop_out"} == set(stages.HOPS)


def test_parts_stand_behind_their_whole() -> None:
    parts = {"retrieve": ("embed", "query", "merge"), "llm": ("wait", "prefill", "decode"), "wait": ("load",)}
    assert {whole: found for whole, found in stages.PARTS.items() if found} == parts
    assert list(stages.PARTS) == list(stages.KEYS)
    assert list(stages.with_parts("llm")) == ["llm", "wait", "load", "prefill", "decode"]
    assert without_hops(stages.IN_ORDER) == [
        "endpointing", "stt_final", "classify", "store", "retrieve", "embed", "query", "merge", "prompt",
        "llm", "wait", "load", "prefill", "decode", "reply", "mute", "tts", "playback", "rearm", "deaf",
    ]  # fmt: skip


def test_only_a_stage_with_a_judged_rest_is_split() -> None:
    """Retrieval has a rest as well, but it is not judged."""
    assert stages.SPLIT == {"llm": ("wait", "prefill", "decode")}


def test_what_shares_the_gpu_and_what_is_learned_together() -> None:
    """Top stages alone: a part moves with its whole."""
    assert stages.GPU_STAGES == ("llm", "tts")
    assert stages.GROUPS == ("voice", "v34", "LLM", "hops")


def test_the_charts_in_the_order_of_the_trends_screen() -> None:
    """The language model and its parts first; what has no place is not shown."""
    assert without_hops(stages.TRENDS) == [
        "llm", "prefill", "decode", "wait", "load", "tts", "store", "retrieve", "classify", "endpointing",
        "stt_final", "prompt", "mute",
    ]  # fmt: skip


def test_what_follows_the_answer_of_v34() -> None:
    assert v34_stages.REPLIED == "v34_sending_to_tts"
    assert without_hops(v34_stages.AFTER_REPLY) == ["mute", "tts", "playback", "rearm", "deaf"]
    assert {"stt_final"} == v34_stages.BEFORE_TEXT, "text is made in it"
    assert "hop_out" in v34_stages.AFTER_REPLY and "hop_in" not in v34_stages.AFTER_REPLY


def test_the_names_of_series_that_are_no_stage() -> None:
    """They stand in exports and in the history, so that they must stay."""
    assert (stages.UNATTRIBUTED, stages.GAP, stages.V2V, stages.GPU) == ("unattributed", "gap:", "V2V", "gpu")
    assert not {stages.UNATTRIBUTED, stages.V2V, stages.GPU} & set(stages.KEYS)


def test_the_events_of_the_tracker_in_the_order_of_a_turn() -> None:
    """As upstream's three programs write them; some belong to no stage."""
    assert EVENTS[:27] == (
        "stt_pause_detected", "stt_transcript_finalized", "stt_sending_to_v34", "stt_http_request_start",
        "v34_flask_handler_entry", "v34_webhook_received", "v34_classification_start", "v34_classification_complete",
        "v34_memory_storage_start", "v34_memory_storage_complete", "v34_retrieval_start",
        "v34_retrieval_embedding_start", "v34_retrieval_embedding_complete", "v34_retrieval_query_start",
        "v34_retrieval_query_complete", "v34_retrieval_complete", "v34_prompt_built", "v34_ollama_sent",
        "v34_ollama_received", "v34_sending_to_tts", "stt_http_response_received", "tts_request_received",
        "tts_pause_sent", "tts_synthesis_start", "tts_audio_playback_start", "tts_audio_playback_complete",
        "tts_resume_sent",
    )  # fmt: skip
    assert [SLOT[event] for event in EVENTS] == list(range(NEVER))
