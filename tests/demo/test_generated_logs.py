"""Both generated logs: their formats, the two medians of the guide, and the ground truth of each scenario."""

import itertools
import json
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from timmy_tui.demo.generated.bulk import write_latency_log
from timmy_tui.demo.generated.conversation import ConversationPlan, GeneratedLogs, generate_logs, write_logs
from timmy_tui.demo.scenarios import SCENARIOS
from timmy_tui.demo.v34.access import ACCESS_FORMS
from timmy_tui.demo.voice.microphone import SPEECH_S_PER_CHARACTER
from timmy_tui.model.stages.watched import CRITICAL

Events = dict[str, dict[str, dict[str, Any]]]


def by_request(logs: GeneratedLogs) -> Events:
    turns: Events = {}
    for line in logs.latency:
        event = json.loads(line)
        turns.setdefault(event["request_id"], {})[event["event"]] = event
    return {key: events for key, events in turns.items() if "v34_webhook_received" in events}


def span(events: dict[str, dict[str, Any]], start: str, end: str) -> float:
    return 1000 * float(events[end]["timestamp"] - events[start]["timestamp"])


def llm_ms(logs: GeneratedLogs) -> list[float]:
    return [span(events, "v34_ollama_sent", "v34_ollama_received") for events in by_request(logs).values()]


def llm_truth(logs: GeneratedLogs) -> list[dict[str, Any]]:
    return [entry["llm"] for entry in logs.ground_truth if entry["what"] == "turn" and entry["llm"]]


def test_a_conversation_is_written_into_both_logs() -> None:
    logs = generate_logs(ConversationPlan(40, seed=5))
    turns = by_request(logs)
    assert len(turns) == 40
    first = next(iter(turns.values()))
    assert list(first)[:4] == [
        "stt_pause_detected",
        "stt_transcript_finalized",
        "stt_sending_to_v34",
        "stt_http_request_start",
    ]
    assert list(first)[-1] == "tts_resume_sent"
    assert set(first["v34_ollama_received"]["metadata"]) == {
        "response_length",
        "new_context_length",
        "prompt_eval_count",
        "eval_count",
        "prompt_eval_duration_ms",
        "eval_duration_ms",
    }
    assert len({events["v34_webhook_received"]["metadata"]["session_id"] for events in turns.values()}) == 2
    stored = sum("v34_memory_storage_complete" in events for events in turns.values())
    assert 10 < stored < 30
    text = "\n".join(logs.v34)
    assert text.count("BEGIN") == 40 + 40 // 9
    for line in ("Timings ms ~ load=", "Tail mode active=False", "raw_mode=True, context_provided=False", "[KV CACHE]"):
        assert line in text
    for key in turns:
        assert f"[request_id={key}]" in text


def test_the_figures_of_both_logs_belong_together() -> None:
    logs = generate_logs(ConversationPlan(12, typed_every=0, lone_pauses=False))
    received = [events["v34_ollama_received"]["metadata"] for events in by_request(logs).values()]
    stats = [line.split(": ", 1)[1] for line in logs.v34 if "KV stats" in line]
    assert stats == [
        f"KV stats: prompt_eval_count={m['prompt_eval_count']} eval_count={m['eval_count']}" for m in received
    ]
    prefill = [int(line.split("prompt_eval=")[1].split()[0]) for line in logs.v34 if "Timings ms ~" in line]
    assert prefill == [round(m["prompt_eval_duration_ms"] * 1e6) for m in received]


@pytest.mark.parametrize("seed", range(3))
def test_llm_time_is_about_800_ms_and_about_300_in_tail_mode(seed: int) -> None:
    full = llm_ms(generate_logs(ConversationPlan(330, seed=seed)))
    tail = generate_logs(ConversationPlan(99, seed=seed, tail_mode=True, raw=False))
    assert 760 < statistics.median(full) < 840
    assert llm_ms(tail)[0] > 600, "the first request of a session is never a tail"
    assert 275 < statistics.median(llm_ms(tail)[1:]) < 325
    assert [events["v34_prompt_built"]["metadata"]["tail_mode"] for events in by_request(tail).values()][:3] == [
        False,
        True,
        True,
    ]


def test_prompts_grow_and_most_of_them_is_reused() -> None:
    served = llm_truth(generate_logs(ConversationPlan(33, typed_every=0)))
    assert 560 < served[0]["prompt_tokens"] < 660
    assert 2300 < served[-1]["prompt_tokens"] < 3300
    assert all(500 < request["evaluated"] < 800 for request in served)
    assert all(request["reused"] / request["prompt_tokens"] > 0.6 for request in served[25:])


def test_tail_mode_with_raw_sends_tails_without_their_context() -> None:
    served = llm_truth(generate_logs(ConversationPlan(10, tail_mode=True, raw=True, typed_every=0)))
    assert all(request["prompt_tokens"] < 200 and request["context_sent"] == 0 for request in served[1:])


def test_overflow_grows_past_num_ctx_and_breaks_the_prefix() -> None:
    logs = generate_logs(ConversationPlan(20, "overflow", typed_every=0))
    served = llm_truth(logs)
    truncated = [request["truncated"] for request in served]
    assert not any(truncated[:5]) and all(truncated[12:])
    assert all(
        request["prompt_tokens"] == 8000 and request["reused"] <= 5 for request in served if request["truncated"]
    )
    longest = max(e["v34_ollama_received"]["metadata"]["new_context_length"] for e in by_request(logs).values())
    assert longest > 8000


def test_cold_start_shows_loads_and_a_stolen_slot() -> None:
    logs = generate_logs(ConversationPlan(20, "cold-start", typed_every=0))
    served = {entry["turn"]: entry["llm"] for entry in logs.ground_truth if entry["what"] == "turn"}
    assert [turn for turn, request in served.items() if request["loaded"]] == [4, 14]
    cold = [turn for turn, request in served.items() if request["reused"] <= 5]
    assert set(cold) == {1, 2, 4, 8, 14, 18}, "the first turn has no history, so the second shares no prefix with it"
    assert served[4]["load_ms"] > 1000 > served[8]["load_ms"]


def test_regression_is_in_retrieval_alone_from_turn_13_on() -> None:
    logs = generate_logs(ConversationPlan(60, "regression", lone_pauses=False))
    turns = list(by_request(logs).values())

    def median(start: str, end: str, part: list[dict[str, dict[str, Any]]]) -> float:
        return statistics.median(span(events, start, end) for events in part)

    def ratio(start: str, end: str) -> float:
        return median(start, end, turns[12:]) / median(start, end, turns[:12])

    assert 1.35 < ratio("v34_retrieval_start", "v34_retrieval_complete") < 1.85
    assert 0.85 < ratio("v34_classification_start", "v34_classification_complete") < 1.15
    (recorded,) = [entry for entry in logs.ground_truth if entry["what"] == "slow"]
    assert (recorded["turn"], recorded["stage"], recorded["factor"]) == (13, "retrieve", 1.6)
    assert recorded["stage"] in CRITICAL


def test_clock_skew_moves_stt_and_tts_but_not_v34() -> None:
    turns = list(by_request(generate_logs(ConversationPlan(12, "clock-skew"))).values())
    hops = [span(events, "stt_http_request_start", "v34_flask_handler_entry") for events in turns]
    assert all(-5000 < hop < -4900 for hop in hops[:8])
    assert all(-3000 < hop < -2900 for hop in hops[8:])


def test_faults_leave_every_kind_of_damage(tmp_path: Path) -> None:
    logs = write_logs(tmp_path, ConversationPlan(14, "faults"))
    raw = (tmp_path / "shared/latency.log").read_bytes()
    text = (tmp_path / "testing-interface/logs/v34.log").read_text("utf-8", "replace")
    assert b"\x00" * 64 in raw and b"\xff\xfe" in raw and b"not json" in raw
    bad = 0
    for line in raw.splitlines():
        try:
            bad += not isinstance(json.loads(line), dict)
        except ValueError:
            bad += 1
    assert bad == 6, "two torn lines, a block of NULs, bad UTF-8, a list, and words"
    for shown in (
        "Generate API call failed: 500 Server Error",
        "Empty streamed response received",
        "Could not connect to TTS API",
        "<|start_header_id|>assistant<|end_header_id|>",
        "I appear to be having trouble speaking. How embarrassing.",
    ):
        assert shown in text
    assert {entry["what"] for entry in logs.ground_truth} >= {
        "torn",
        "llm 500",
        "evil",
        "empty",
        "crash",
        "garbage",
        "leak",
    }


def lone_pauses(logs: GeneratedLogs) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in logs.latency]
    counts = Counter(event["request_id"] for event in events)
    return [event for event in events if counts[event["request_id"]] == 1]


def test_a_quiet_room_writes_75_to_100_lone_pauses_a_minute() -> None:
    lone = lone_pauses(generate_logs(ConversationPlan(1, pauses_s=(600.0, 600.0), typed_every=0)))
    assert 75 <= len(lone) / 10 <= 100
    assert {event["event"] for event in lone} == {"stt_pause_detected"}
    assert {event["metadata"]["pause_threshold"] for event in lone} == {0.5}
    spacings = [b["timestamp"] - a["timestamp"] for a, b in itertools.pairwise(lone)]
    assert min(spacings) > 0.5
    assert 0.65 < statistics.median(spacings) < 0.78


def test_few_lone_pauses_come_between_turns_and_none_while_the_microphone_is_closed() -> None:
    logs = generate_logs(ConversationPlan(30, typed_every=0))
    assert 20 < len(lone_pauses(logs)) < 100
    closed = False
    for line in logs.latency:
        event = json.loads(line)["event"]
        assert not (closed and event == "stt_pause_detected")
        closed = event == "stt_transcript_finalized" or (closed and event != "tts_resume_sent")


def test_without_lone_pauses_the_turns_are_the_same() -> None:
    whole, turns = (generate_logs(ConversationPlan(8, lone_pauses=lone)) for lone in (True, False))
    left_out = {event["request_id"] for event in lone_pauses(whole)}
    assert left_out
    assert turns.latency == [line for line in whole.latency if json.loads(line)["request_id"] not in left_out]
    assert turns.v34 == whole.v34


def test_the_event_comes_about_a_second_after_the_user_is_silent() -> None:
    logs = generate_logs(ConversationPlan(1, typed_every=0))
    (text,) = [line.split("webhook: ")[1].split(" [")[0] for line in logs.v34 if "via webhook" in line]
    (turn,) = by_request(logs).values()
    started = ConversationPlan(1).start + len(text) * SPEECH_S_PER_CHARACTER
    assert 0.75 < turn["stt_pause_detected"]["timestamp"] - started < 1.5


def test_an_access_line_stands_before_the_total_of_its_own_turn() -> None:
    logs = generate_logs(ConversationPlan(20, typed_every=0))
    totals = [(index, line) for index, line in enumerate(logs.v34) if "Total process_user_message" in line]
    accesses = [(index, line) for index, line in enumerate(logs.v34) if "POST /api/webhook" in line]
    assert len(totals) == len(accesses) == 20
    for (total_at, total), (access_at, access) in zip(totals, accesses, strict=True):
        assert access_at < total_at
        seconds = float(total.split("took: ")[1].rstrip("s"))
        assert seconds - 0.006 < float(access.rsplit(" ", 1)[1]) < seconds + 0.05


@pytest.mark.parametrize("form", ACCESS_FORMS)
def test_access_lines_of_each_server(form: str) -> None:
    logs = generate_logs(ConversationPlan(3, access_form=form, typed_every=0))
    lines = [line for line in logs.v34 if "/api/webhook HTTP" in line]
    assert len(lines) == 3
    assert all(line.endswith("200 -") == form.startswith("werkzeug") for line in lines)
    assert any("accepted (" in line for line in logs.v34) == (form == "eventlet")


def test_a_typed_turn_is_heard_and_not_logged() -> None:
    logs = generate_logs(ConversationPlan(3, typed_every=3))
    text = "\n".join(logs.v34)
    assert text.count("Received user_message via WebSocket: ") == 1
    assert text.count("[request_id=None]") == 1
    assert text.count("POST /api/webhook") == 3
    assert len(by_request(logs)) == 3
    resumed = [event["tts_resume_sent"]["timestamp"] for event in by_request(logs).values()]
    after = [event["timestamp"] - resumed[-1] for event in lone_pauses(logs) if event["timestamp"] > resumed[-1]]
    gaps = [b - a for a, b in itertools.pairwise([0.0, *after])]
    assert max(gaps) > 2.0, "the microphone was closed while the reply was spoken"
    assert after[0] < 1.0, "STT went on listening while v34 worked"


def test_a_changed_threshold_is_logged_and_waited_for() -> None:
    lone = lone_pauses(generate_logs(ConversationPlan(1, pauses_s=(60.0, 60.0), pause_threshold_s=0.3)))
    assert {event["metadata"]["pause_threshold"] for event in lone} == {0.3}
    assert 110 <= len(lone) <= 135


def test_raw_off_prints_none() -> None:
    assert "*** Debug: raw_mode=None, context_provided=False" in generate_logs(ConversationPlan(1, raw=False)).v34


def hops(events: dict[str, dict[str, Any]]) -> tuple[float, float]:
    """Both network hops, ms."""
    return (
        span(events, "stt_http_request_start", "v34_flask_handler_entry"),
        span(events, "v34_sending_to_tts", "tts_request_received"),
    )


def test_v34_s_clock_steps_inside_the_llm_call_ahead_and_back() -> None:
    turns = list(by_request(generate_logs(ConversationPlan(8, "v34-clock-step", typed_every=0))).values())
    llm = [span(events, "v34_ollama_sent", "v34_ollama_received") for events in turns]
    assert 4400 < llm[2] < 7000
    assert -3800 < llm[5] < -1000
    assert all(400 < llm[index] < 3000 for index in (0, 1, 3, 4, 6, 7)), "the turns around are as usual"
    assert all(sum(hops(turns[index])) < 100 for index in (0, 1, 3, 4, 6, 7))
    assert 3900 < hops(turns[3])[0] < 4100, "until the step back v34 is ahead"


def test_the_voice_clock_steps_while_v34_works_and_in_the_synthesis() -> None:
    turns = list(by_request(generate_logs(ConversationPlan(10, "voice-clock-step", typed_every=0))).values())
    both = [sum(hops(events)) for events in turns]
    synthesis = [span(events, "tts_synthesis_start", "tts_audio_playback_start") for events in turns]
    assert (2900 < both[2] < 3200, -3100 < both[6] < -2800) == (True, True)
    assert (-2500 < synthesis[4] < -1500, 3400 < synthesis[8] < 4900) == (True, True)
    assert all(0 < both[index] < 100 for index in (0, 1, 3, 4, 5, 7, 8, 9))
    assert all(500 < synthesis[index] < 2000 for index in (0, 1, 2, 3, 5, 6, 7, 9))


def test_a_sleep_of_hours_lies_inside_one_turn_of_all_clocks() -> None:
    logs = generate_logs(ConversationPlan(6, "sleep", typed_every=0))
    turns = list(by_request(logs).values())
    hour_ms = 3_600_000
    for index, events in enumerate(turns):
        assert (span(events, "v34_ollama_sent", "v34_ollama_received") > 2.9 * hour_ms) == (index == 3)
        assert 0 < sum(hops(events)) < 100
        assert (span(events, "stt_http_request_start", "stt_http_response_received") > 2.9 * hour_ms) == (index == 3)
    first = turns[0]["v34_flask_handler_entry"]["timestamp"]
    assert 0 < first - ConversationPlan(1).start < 10


def test_a_writer_90_s_behind_is_behind_in_every_line() -> None:
    for events in by_request(generate_logs(ConversationPlan(4, "writer-behind"))).values():
        hop_in, hop_out = hops(events)
        assert -90_100 < hop_in < -89_900
        assert 0 < hop_in + hop_out < 100


def test_quiet_comes_before_every_third_turn() -> None:
    logs = generate_logs(ConversationPlan(6, "quiet", typed_every=0))
    turns = list(by_request(logs).values())
    begun = [events["stt_pause_detected"]["timestamp"] for events in turns]
    assert [b - a > 600 for a, b in itertools.pairwise(begun)] == [False, True, False, False, True]
    assert 1500 < len(lone_pauses(logs)) < 2000


def test_a_database_that_fails_answers_500_and_stt_says_nothing() -> None:
    logs = generate_logs(ConversationPlan(15, "faults", typed_every=0))
    failed = logs.ground_truth[-1]["request_id"]
    last = [json.loads(line)["event"] for line in logs.latency if f'"request_id": "{failed}"' in line]
    assert last[-1] == "v34_retrieval_query_start"
    (access,) = [line for line in logs.v34 if '" 500 ' in line]
    assert access.startswith("127.0.0.1 - - [")
    assert "Traceback (most recent call last):" in logs.v34


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_gives_the_same_logs(scenario: str) -> None:
    first, second = (
        generate_logs(ConversationPlan(14, scenario, seed=9)),
        generate_logs(ConversationPlan(14, scenario, seed=9)),
    )
    assert first.latency == second.latency and first.v34 == second.v34
    assert generate_logs(ConversationPlan(14, scenario, seed=10)).latency != first.latency


def test_a_version_without_the_rule_reports_differently() -> None:
    logs = generate_logs(ConversationPlan(5, version="0.30.0", typed_every=0))
    counts = [e["v34_ollama_received"]["metadata"]["prompt_eval_count"] for e in by_request(logs).values()]
    assert counts == [request["evaluated"] for request in llm_truth(logs)]


def test_a_bulk_log_is_whole_turns_in_the_right_format(tmp_path: Path) -> None:
    path = tmp_path / "shared" / "latency.log"
    written = write_latency_log(path, 5000)
    lines = path.read_text().splitlines()
    assert 5000 <= written == len(lines) < 5028
    events = [json.loads(line) for line in lines]
    assert lines[:300] == [json.dumps(event) for event in events[:300]]
    assert all(earlier["timestamp"] <= later["timestamp"] for earlier, later in zip(events, events[1:], strict=False))
    assert (events[0]["event"], events[-1]["event"]) == ("stt_pause_detected", "tts_resume_sent")


@pytest.mark.parametrize("persona_first", [True, False])
def test_a_restart_without_a_load_leaves_a_persona_that_stands_first_in_the_slot(persona_first: bool) -> None:
    """Upstream has the history first, so that a new session's first prompt shares nothing with the slot."""
    plan = ConversationPlan(8, typed_every=0, session_turns=4, persona_first=persona_first, incidents=False)
    turns = [entry["llm"] for entry in generate_logs(plan).ground_truth if entry["what"] == "turn"]
    first = turns[4]
    assert not first["loaded"]
    share = first["reused"] / first["prompt_tokens"]
    assert (0.3 < share < 0.95) if persona_first else share < 0.05
