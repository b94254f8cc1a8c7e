"""The committed logs of other systems against their ``truth.json``, by a slow reading of what a line looks like."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[1] / "data" / "profiles"
V2 = DATA / "little-timmy-v2"


def truth(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((DATA / name / "truth.json").read_text("utf-8"))
    return read


def printed(line: str) -> dict[str, Any]:
    """``key=value`` words of a line; ``Nonems`` is None, ``12ms`` is 12."""
    figures: dict[str, Any] = {}
    for word in line.split():
        key, _, value = word.partition("=")
        if value:
            bare = value.removesuffix("ms")
            figures[key] = {"None": None, "True": True, "False": False}.get(bare, bare)
            if isinstance(figures[key], str):
                figures[key] = int(bare)
    return figures


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return (V2 / "little_timmy.log").read_text("utf-8").split("\n")


BEGINS = {
    "heard": ("[audio.capture] INFO: Finalized speech (",), "user": ("[timmy] INFO: [",),
    "audio": ("[timmy] INFO: [PERF-AUDIO] ",), "perf": ("[timmy] INFO: [PERF] ",),
    "timmy": ("[timmy] INFO: [TIMMY] ",), "tool": ("[conversation.tool_router] INFO: [TOOL ",),
    "aggregate": ("[timmy] INFO: [PERF-AGG] ",),
}  # fmt: skip


def test_each_line_of_a_turn_is_where_the_truth_says_and_says_what_was_put_in(lines: list[str]) -> None:
    turns = truth("little-timmy-v2")["turns"]
    assert [turn["n"] for turn in turns] == list(range(1, len(turns) + 1))
    for turn in turns:
        for role, number in turn["lines"].items():
            line = lines[number - 1]
            assert line[9:].startswith(BEGINS[role]), (turn["n"], role, line)
            if role in ("perf", "audio"):
                assert printed(line) == turn[role], (turn["n"], role)
        assert set(turn["lines"]) >= ({"perf"} if turn.get("perf") else set()), turn["n"]


def test_no_turn_of_the_log_is_missing_in_the_truth(lines: list[str]) -> None:
    turns = truth("little-timmy-v2")["turns"]
    for role in ("perf", "audio", "aggregate", "tool", "heard"):
        stated = [turn["lines"][role] for turn in turns if role in turn["lines"]]
        found = [number for number, line in enumerate(lines, 1) if line[9:].startswith(BEGINS[role])]
        assert sorted(stated) == found, role


def test_stages_and_rest_are_the_headline_and_sound_is_a_synthesis_after_the_answer() -> None:
    spoken = [turn for turn in truth("little-timmy-v2")["turns"] if turn.get("headline_ms") is not None]
    assert len(spoken) > 15
    for turn in spoken:
        stages = [value for value in turn["stages_ms"].values() if value is not None]
        assert sum(stages) + turn["rest_ms"] == turn["headline_ms"]
        assert 0 <= turn["rest_ms"] < 300, turn["n"]
        difference = turn["audio"]["true_reply_lag"] - turn["perf"]["reply_lag"]
        assert abs(difference - turn["audio"]["overrun"]) <= 1


def test_every_trap_of_this_log_is_in_it(lines: list[str]) -> None:
    told = truth("little-timmy-v2")
    clock = [line[:8] for line in lines if line[2:3] == ":" and line[5:6] == ":" and line[8:10] == " ["]
    steps = list(zip(clock, clock[1:], strict=False))
    assert steps.count(("00:00:00", "23:59:59")) == 2, "a second back over midnight"
    assert sum(before.startswith("23:59:") and after.startswith("00:0") for before, after in steps) == 3 + 2, (
        "midnights"
    )
    kinds = {turn["kind"] for turn in told["turns"]}
    assert kinds == {
        "speech", "typed", "typed_error", "injected", "tool", "muted", "unspoken", "direct", "discarded", "llm_error",
    }  # fmt: skip
    late = [turn["n"] for turn in told["turns"] if turn["lines"].get("audio", 0) > turn["lines"].get("perf", 10**6)]
    assert len(late) == 3, "sounds after its closing line"
    assert any(other["lines"]["user"] < turn["lines"]["audio"] for turn, other in _neighbours(told["turns"]))
    assert any("\n\n" in turn.get("reply", "") for turn in told["turns"])
    assert len(told["starts"]) == 4
    assert sum("=== Little Timmy starting" in line for line in lines) == 4


def _neighbours(turns: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    both = [turn for turn in turns if {"audio", "user"} <= set(turn["lines"])]
    return list(zip(both, both[1:], strict=False))


def test_the_journal_is_the_same_run_line_by_line_and_a_little_more(lines: list[str]) -> None:
    entries = [json.loads(line) for line in (V2 / "journal.json").read_text("utf-8").splitlines()]
    said = [entry["MESSAGE"] for entry in entries if entry["_PID"] != "1"]
    texts = [bytes(one).decode() if isinstance(one, list) else one for one in said]
    beside = {"Traceback (most recent call last):", "httpx.ConnectError: All connection attempts failed"}
    logged = [line for line in lines if line]
    assert [text for text in texts if text not in beside] == [line for line in logged if line not in beside]
    assert any(isinstance(one, list) for one in said), "a message with an escape sequence is a list of bytes"
    stamps = [int(entry["__REALTIME_TIMESTAMP"]) for entry in entries]
    assert stamps == sorted(stamps)


PIPECAT = DATA / "pipecat"
SMALL = ("sentence_aggregation", "output_transport", "llm_tool_call", "function_handler", "turn_timeout")
"""Parts that pipecat lists only from 5 ms on, or has no name for."""


def recorded(folder: Path) -> list[tuple[float, dict[str, Any]]]:
    rows = [json.loads(line) for line in (folder / "tail.jsonl").read_text("utf-8").splitlines()]
    return [(row["t"], row["message"]) for row in rows]


def latencies(folder: Path) -> list[tuple[float, dict[str, Any]]]:
    """When the user fell silent, Unix s; the record's data."""
    found = [(t, one["data"]) for t, one in recorded(folder) if one["type"] == "tail-latency"]
    return [(t - data["latency_secs"], data) for t, data in found if not data["first_bot_speech"]]


@pytest.mark.parametrize("folder", ["pipecat", "pipecat/every-push"])
def test_each_recorded_latency_is_what_was_put_in_to_the_millisecond(folder: str) -> None:
    turns = [turn for turn in truth(folder)["turns"] if turn["headline_ms"] is not None]
    found = latencies(DATA / folder)
    assert len(found) == len(turns)
    for turn, (at, data) in zip(turns, found, strict=True):
        assert at == pytest.approx(turn["at"], abs=1e-3)
        assert data["latency_secs"] * 1000 == pytest.approx(turn["headline_ms"], abs=0.01), turn["n"]


def test_each_part_of_the_recording_is_what_was_put_in_but_where_an_interruption_cleared_it() -> None:
    turns = [turn for turn in truth("pipecat")["turns"] if turn["headline_ms"] is not None]
    cleared = 0
    for turn, (_, data) in zip(turns, latencies(PIPECAT), strict=True):
        if turn["kind"] == "cleared":
            assert data["total_secs"] > 60 > data["latency_secs"]
            assert data["measured_from"] == "client_connected"
            cleared += 1
            continue
        listed = [(one["key"], one["duration_secs"] * 1000) for one in data["contributions"]]
        assert sum(value for _, value in listed) == pytest.approx(turn["headline_ms"], abs=0.01)
        put = [
            (key.removesuffix("_2"), value) for key, value in turn["stages_ms"].items()
            if key != "turn_timeout" and (value >= 5 or key not in SMALL)
        ]  # fmt: skip
        assert [key for key, _ in listed if key != "pipeline"] == [key for key, _ in put], turn["n"]
        for (key, value), (_, wanted) in zip(listed, put, strict=False):
            assert value == pytest.approx(wanted, abs=0.01), (turn["n"], key)
    assert cleared == 1


def test_tokens_of_a_turn_come_after_its_latency_and_twice_with_a_tool() -> None:
    usage = [(t, one["data"]) for t, one in recorded(PIPECAT) if one["type"] == "tail-service-usage"]
    prompts = [data["prompt_tokens"] for _, data in usage if data["kind"] == "llm"]
    wanted = [turn["prompt"] for turn in truth("pipecat")["turns"] if turn["prompt"] for _ in range(turn["requests"])]
    assert prompts == wanted
    kinds = [one["type"] for _, one in recorded(PIPECAT) if one["type"] in ("tail-latency", "tail-service-usage")]
    assert ("tail-latency", "tail-service-usage") in set(zip(kinds, kinds[1:], strict=False))
    reported = [data for _, data in usage if data["kind"] == "llm"]
    cached = [turn["cached"] for turn in truth("pipecat")["turns"] if turn["prompt"] for _ in range(turn["requests"])]
    assert [data.get("cache_read_input_tokens") for data in reported] == cached


def test_with_every_push_the_same_record_comes_once_for_each_processor() -> None:
    rows = [one for _, one in recorded(PIPECAT / "every-push") if one["type"] == "tail-service-usage"]
    llm = [json.dumps(one["data"], sort_keys=True) for one in rows if one["data"]["kind"] == "llm"]
    requests = sum(turn["requests"] for turn in truth("pipecat/every-push")["turns"])
    assert len(set(llm)) == requests and len(llm) >= 4 * requests


def test_the_text_log_has_each_latency_and_each_figure_twice() -> None:
    lines = (PIPECAT / "text" / "pipecat.log").read_text("utf-8").splitlines()
    told = [turn for turn in truth("pipecat/text")["turns"] if turn["headline_ms"] is not None]
    said = [float(line.rsplit(" ", 1)[1].rstrip("s")) for line in lines if "user-bot latency:" in line]
    assert said == [pytest.approx(turn["headline_ms"] / 1000, abs=1.1e-3) for turn in told]
    first = [
        round(float(line.rsplit(" ", 1)[1].rstrip("s")) * 1000) for line in lines if "OLLamaLLMService#2 TTFB: " in line
    ]
    again = [line for line in lines if "📊 [OLLamaLLMService#2] TTFB (" in line]
    assert len(first) == len(again)
    wanted = [
        round(value) for turn in told for key, value in turn["stages_ms"].items() if key.startswith("llm_inference")
    ]
    assert set(wanted) <= set(first), "and that of turns that failed or were not heard"


def replies(folder: str) -> list[dict[str, Any]]:
    """Of a session report: each user message with what the next assistant message says of it, until the next one."""
    report = json.loads((DATA / folder / "session_report.json").read_text("utf-8"))
    found: list[dict[str, Any]] = []
    for item in report["chat_history"]["items"]:
        if item["type"] == "message" and item["role"] == "user":
            found.append({"user": item["metrics"], "text": item["content"][0], "assistant": None})
        elif item["type"] == "message" and found:
            found[-1]["assistant"] = item
    return found


@pytest.mark.parametrize("folder", ["livekit", "livekit/preemptive"])
def test_the_session_report_says_of_each_turn_what_was_put_in(folder: str) -> None:
    turns = [turn for turn in truth(folder)["turns"] if turn["kind"] != "greeting"]
    found = replies(folder)
    assert [one["text"] for one in found] == [turn["text"] for turn in turns]
    for turn, one in zip(turns, found, strict=True):
        answer = one["assistant"]
        said = (answer or {"metrics": {}})["metrics"]
        assert (answer is None) == (turn["kind"] in ("failed", "unheard")), turn["n"]
        assert ("e2e_latency" in said) == (turn["headline_ms"] is not None), turn["n"]
        if turn["headline_ms"] is None:
            continue
        assert said["e2e_latency"] * 1000 == pytest.approx(turn["headline_ms"], abs=0.01)
        assert answer["interrupted"] == (turn["kind"] == "interrupted")
        stages = turn["stages_ms"]
        assert one["user"]["end_of_turn_delay"] * 1000 == pytest.approx(stages["transcription"] + stages["endpointing"])
        assert ("llm_node_ttfs" in said) == (stages["sentence"] is not None)


def test_an_answer_begun_before_the_turn_is_over_has_parts_longer_than_its_headline() -> None:
    early = [turn for turn in truth("livekit/preemptive")["turns"] if turn["headline_ms"] is not None]
    assert len(early) == 10
    assert all(turn["rest_ms"] + turn["early_ms"] == pytest.approx(6, abs=6) and turn["rest_ms"] < 0 for turn in early)


def test_the_production_log_has_zeros_and_minus_one_for_what_is_not_known() -> None:
    lines = [json.loads(line) for line in (DATA / "livekit" / "agent.log").read_text("utf-8").splitlines()]
    turns = [turn for turn in truth("livekit")["turns"] if turn["kind"] != "greeting"]
    ends = [line["end_of_utterance_delay"] for line in lines if line["message"] == "EOU metrics"]
    spoken = [turn for turn in turns if turn["kind"] != "typed"]
    assert len(ends) == len(spoken)
    assert [end for end, turn in zip(ends, spoken, strict=True) if turn["kind"] == "unknown"] == [0.0]
    firsts = [line["ttft"] for line in lines if line["message"] == "LLM metrics"]
    assert firsts.count(-1.0) == sum(turn["kind"] == "unheard" for turn in turns) == 1
    assert len(firsts) == sum({"failed": 0, "tool": 2}.get(turn["kind"], 1) for turn in turns)


def fetches() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "home-assistant" / "runs.jsonl").read_text("utf-8").splitlines()]


def seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["timestamp"]).timestamp()


def test_each_fetched_run_says_when_speech_ended_and_when_the_answer_was_there() -> None:
    told = truth("home-assistant")
    whole = {one["pipeline_run_id"]: one["answer"]["result"]["events"] for one in fetches() if one["answer"]["success"]}
    assert list(whole) == [turn["run_id"] for turn in told["turns"]]
    for turn in told["turns"]:
        events = {event["type"]: event for event in whole[turn["run_id"]]}
        assert "run-end" in events and events["run-end"]["data"] is None
        assert seconds(events["run-start"]) == pytest.approx(turn["at"], abs=1e-3)
        assert ("error" in events) == (turn["kind"] in ("no text", "stt failed"))
        if turn["vad_end"] is not None:
            assert seconds(events["stt-vad-end"]) == pytest.approx(turn["vad_end"], abs=1e-3)
            assert turn["vad_end"] - turn["silent"] == pytest.approx(turn["silence_s"], abs=0.03)
        if turn["headline_ms"] is not None:
            streams = [one for one in whole[turn["run_id"]] if (one["data"] or {}).get("tts_start_streaming")]
            assert bool(streams) == (turn["kind"] == "streamed")
            handed = seconds(streams[0] if streams else events["tts-start"])
            assert (handed - turn["silent"]) * 1000 == pytest.approx(turn["headline_ms"], abs=1)
            assert seconds(events["tts-start"]) == seconds(events["tts-end"]), "synthesis is not waited for"


def test_runs_fetched_midway_and_again_are_the_same_run_and_a_gone_one_is_an_error() -> None:
    told = truth("home-assistant")
    fetched = fetches()
    assert len(fetched) == told["fetches"]
    assert len({one["pipeline_run_id"] for one in fetched}) == len(told["turns"]) == len(fetched) - 4
    first = [
        one["answer"]["result"]["events"] for one in fetched if one["pipeline_run_id"] == told["turns"][8]["run_id"]
    ]
    assert len(first) == 2 and first[1][: len(first[0])] == first[0] and len(first[0]) < len(first[1])
    assert fetched[-1]["answer"]["error"]["code"] == "not_found"
    stamps = [event["timestamp"] for one in fetched[:-1] for event in one["answer"]["result"]["events"]]
    assert any("." not in stamp for stamp in stamps), "a whole second has no fraction"
