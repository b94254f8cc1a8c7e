"""Each shipped profile on its golden log, turn by turn, against what was put into the log."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.zones import local_zone
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.profiles.choice import recognized
from timmy_tui.profiles.load import load
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.records.days import Days, LogDays

DATA = Path(__file__).parents[1] / "data" / "profiles"
Told = dict[str, Any]
NEAR_MS = 0.01
"""Stamps have microseconds."""


@pytest.fixture(autouse=True)
def local_time() -> Iterator[None]:
    """The text logs have local time: of New York and Oslo; only differences are compared here."""
    with local_zone("America/New_York"):
        yield


def read(profile: str, log: str) -> list[Turn]:
    reading = ProfileReading(load(profile), 30.0)
    return list(reading.read_once([("log", (DATA / log).read_bytes().splitlines())]))


def told(folder: str, *without: str) -> list[Told]:
    turns = json.loads((DATA / folder / "truth.json").read_text("utf-8"))["turns"]
    return [turn for turn in turns if turn["kind"] not in without]


def assert_account(turn: Turn, stages: dict[str, float | None]) -> None:
    """The stages are these, and with what is left they are the headline."""
    measured = {key: value for key, value in turn.stages.items() if value is not None}
    wanted = {key: value for key, value in stages.items() if value is not None}
    assert list(measured) == list(wanted), turn.ordinal
    for key, value in wanted.items():
        assert measured[key] == pytest.approx(value, abs=NEAR_MS), (turn.ordinal, key)
    assert turn.unmeasured == {}


def assert_headline(turn: Turn, headline_ms: float | None, rest_ms: float | None) -> None:
    if headline_ms is None:
        assert turn.headline_ms is None, turn.ordinal
        return
    assert turn.headline_ms == pytest.approx(headline_ms, abs=NEAR_MS), turn.ordinal
    assert turn.unattributed_ms == pytest.approx(rest_ms, abs=NEAR_MS), turn.ordinal


LOGS = (
    ("little-timmy-v2", "little-timmy-v2/little_timmy.log"), ("little-timmy-v2", "little-timmy-v2/journal.json"),
    ("pipecat", "pipecat/tail.jsonl"), ("pipecat", "pipecat/every-push/tail.jsonl"),
    ("pipecat-log", "pipecat/text/pipecat.log"), ("livekit", "livekit/session_report.json"),
    ("livekit", "livekit/preemptive/session_report.json"), ("home-assistant", "home-assistant/runs.jsonl"),
)  # fmt: skip


@pytest.mark.parametrize(("profile", "log"), LOGS)
def test_a_golden_log_shows_whose_it_is(profile: str, log: str) -> None:
    found = recognized(DATA / log)
    assert found is not None and found.profile.name == profile


V2_STAGES = {"overrun": "speech"}
V2_STATES = {"typed_error": TurnState.FAILED, "llm_error": TurnState.FAILED}


@pytest.mark.parametrize("log", ["little_timmy.log", "journal.json"])
def test_little_timmy_v2(log: str) -> None:
    turns, truth = read("little-timmy-v2", f"little-timmy-v2/{log}"), told("little-timmy-v2", "discarded")
    assert len(turns) == len(truth)
    for turn, put in zip(turns, truth, strict=True):
        assert turn.state is V2_STATES.get(put["kind"], TurnState.COMPLETE), put["n"]
        assert turn.text == put["text"]
        assert turn.typed == (put["kind"] in ("typed", "typed_error", "injected"))
        if put["perf"] is None:
            assert turn.headline_ms is None
            continue
        assert_account(turn, {V2_STAGES.get(key, key): value for key, value in put["stages_ms"].items()})
        if put["kind"] == "muted":
            assert (turn.span, turn.headline_ms) == (Span.SPEECH_TO_REPLY, put["perf"]["reply_lag"])
        else:
            assert_headline(turn, put["headline_ms"], put["rest_ms"])


def test_a_run_of_little_timmy_v2_over_three_midnights_is_on_the_right_days() -> None:
    reading = ProfileReading(load("little-timmy-v2"), 30.0)
    put = json.loads((DATA / "little-timmy-v2" / "truth.json").read_text("utf-8"))
    reading.begin_log(LogDays(Days(date.fromisoformat(put["first_date"]), 0)))
    lines = (DATA / "little-timmy-v2" / "little_timmy.log").read_bytes().splitlines()
    turns = reading.read_once([("log", lines)])
    journal = read("little-timmy-v2", "little-timmy-v2/journal.json")
    assert len(turns) == len(journal)
    for turn, same in zip(turns, journal, strict=True):
        assert turn.started is not None and same.started is not None
        assert -0.1 <= same.started - turn.started < 2.1, "whole seconds; the log's line of another thread"
    assert len(reading.sessions) == len(put["starts"])


PIPECAT_STAGES = {
    "endpointing_wait": "endpointing",
    "sentence_aggregation": "sentence",
    "llm_inference_2": "llm_inference",
}
SMALL = ("sentence_aggregation", "output_transport", "llm_tool_call", "function_handler")
"""Parts that pipecat lists from 5 ms on only."""
LOST = ("llm_inference", "llm_tool_call")
"""Parts that are lost where Tail tells its observers of every push."""
BROKEN_OFF = {"failed": TurnState.FAILED, "unheard": TurnState.ABORTED, "no words": TurnState.ABORTED}


def pipecat_stages(put: Told, every_push: bool) -> tuple[dict[str, float | None], float]:
    """Stages of the profile, and what no part accounts for."""
    stages: dict[str, float | None] = {}
    rest = 0.0
    for key, value in put["stages_ms"].items():
        name = PIPECAT_STAGES.get(key, key)
        cleared = put["kind"] == "cleared" and key in ("endpointing_wait", "transcription")
        if (value < 5 and key in SMALL) or key == "turn_timeout" or cleared or (every_push and name in LOST):
            rest += value
        else:
            stages[name] = (stages.get(name) or 0.0) + value
    return stages, rest


@pytest.mark.parametrize("folder", ["pipecat", "pipecat/every-push"])
def test_pipecat(folder: str) -> None:
    turns, truth = read("pipecat", f"{folder}/tail.jsonl"), told(folder, "greeting")
    assert len(turns) == len(truth)
    for turn, put in zip(turns, truth, strict=True):
        assert turn.state is BROKEN_OFF.get(put["kind"], TurnState.COMPLETE), put["n"]
        assert (turn.text or "") == put["text"]
        counts = (turn.prompt_tokens, turn.cached_tokens, turn.output_tokens)
        assert counts == (put["prompt"], put["cached"], put["completion"]), put["n"]
        if put["headline_ms"] is None:
            assert turn.headline_ms is None
            continue
        stages, rest = pipecat_stages(put, folder.endswith("every-push"))
        assert_account(turn, dict(sorted(stages.items(), key=lambda one: [*turn.stages].index(one[0]))))
        assert_headline(turn, put["headline_ms"], rest)
        assert turn.span is Span.V2V


def test_pipecat_text_log() -> None:
    turns, truth = read("pipecat-log", "pipecat/text/pipecat.log"), told("pipecat/text")
    remarks = [turn for turn in turns if turn.headline_ms is None and turn.state is TurnState.COMPLETE]
    assert len(remarks) == 2, "a greeting and a remark sound, and nobody asked for them"
    asked = [turn for turn in turns if turn not in remarks]
    for turn, put in zip(asked, truth[1:], strict=True):
        assert turn.state is BROKEN_OFF.get(put["kind"], TurnState.COMPLETE), put["n"]
        if put["headline_ms"] is None:
            assert turn.headline_ms is None
            continue
        # Lines are stamped to the ms, and say seconds with three places.
        assert turn.headline_ms == pytest.approx(put["headline_ms"], abs=1)
        known = put["stages_ms"]
        speech = known["speech_synthesis"] + known["output_transport"]
        assert turn.stages["speech"] == pytest.approx(speech, abs=1.01)
        if "transcription" in known:
            assert turn.stages["transcription"] == pytest.approx(known["transcription"], abs=1.01)
            assert turn.unattributed_ms == pytest.approx(0, abs=1.01)


LIVEKIT = {"failed": TurnState.ABORTED, "unheard": TurnState.ABORTED}


@pytest.mark.parametrize("folder", ["livekit", "livekit/preemptive"])
def test_livekit(folder: str) -> None:
    """Also where the answer began before the turn was over, so that the parts are longer than the headline."""
    turns, truth = read("livekit", f"{folder}/session_report.json"), told(folder)
    assert len(turns) == len(truth)
    for turn, put in zip(turns, truth, strict=True):
        assert turn.state is LIVEKIT.get(put["kind"], TurnState.COMPLETE), put["n"]
        if put["headline_ms"] is None:
            assert turn.headline_ms is None
            continue
        assert turn.text == put["text"]
        known = put["stages_ms"]
        assert_headline(turn, put["headline_ms"], 0.0)
        before = known["transcription"] + known["endpointing"] + known["callback"]
        answer = put["headline_ms"] - before - known["tts_ttfb"] - known["playback"]
        assert_account(turn, {
            "transcription": known["transcription"], "endpointing": known["endpointing"], "callback": known["callback"],
            "answer": answer, "tts": known["tts_ttfb"], "playback": known["playback"], "llm_ttft": known["llm_ttft"],
            "sentence": known["sentence"],
        })  # fmt: skip


def test_home_assistant() -> None:
    """Fetched midway and again, a run is one turn."""
    turns, truth = read("home-assistant", "home-assistant/runs.jsonl"), told("home-assistant")
    assert len(turns) == len(truth)
    for turn, put in zip(turns, truth, strict=True):
        failed = put["kind"] in ("no text", "stt failed")
        assert turn.state is (TurnState.FAILED if failed else TurnState.COMPLETE), put["n"]
        assert turn.request_id == put["run_id"]
        assert bool(turn.reason) == failed
        if put["headline_ms"] is None:
            assert turn.headline_ms is None
            continue
        # No record has the setting: it is taken to be 0.7 s; the segmenter adds up to two chunks of 10 ms.
        assumed = put["headline_ms"] - (put["silence_s"] - 0.7) * 1000
        assert turn.headline_ms == pytest.approx(assumed, abs=20.01)
        assert turn.span is Span.SPEECH_TO_REPLY
        stages = {"silence": 700.0, "stt": put["stages_ms"]["stt"], "intent": put["stages_ms"]["intent"]}
        assert {key: turn.stages[key] for key in stages} == pytest.approx(stages, abs=1)
        assert turn.unattributed_ms == pytest.approx(0, abs=1)
