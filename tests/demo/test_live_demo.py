"""The demo as processes: turns are served, an edit restarts v34, a bad edit ends it, and nothing is left behind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.waiting import wait_for
from timmy_tui.core.installation import find_installation
from timmy_tui.core.settings import Settings
from timmy_tui.demo.run import Demo, DemoOptions


def events(root: Path, name: str = "") -> list[dict[str, Any]]:
    try:
        lines = (root / "shared" / "latency.log").read_bytes().splitlines()
    except FileNotFoundError:
        return []
    parsed = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and name in ("", event["event"]):
            parsed.append(event)
    return parsed


def v34_log(root: Path) -> str:
    return (root / "testing-interface/logs/v34.log").read_text("utf-8", "replace")


def send_message(demo: Demo, text: str, request_id: str | None = None) -> dict[str, Any]:
    body = {"text": text, "request_id": request_id}
    reply: dict[str, Any] = httpx.post(
        demo.urls["v34"] + "/api/webhook", json=body, trust_env=False, verify=False, timeout=20
    ).json()
    return reply


def kv_stats(demo: Demo) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(
        demo.urls["v34"] + "/api/kv_stats?limit=5", trust_env=False, verify=False, timeout=20
    ).json()
    return answer


def serves(demo: Demo) -> bool:
    try:
        return "count" in kv_stats(demo)
    except httpx.TransportError:
        return False


def edit(path: Path, old: str, new: str) -> None:
    """By replacement, with a later modification time, as an editor saves."""
    text = path.read_text()
    assert old in text
    after = path.stat().st_mtime + 2
    copy = path.with_name(".edit.tmp")
    copy.write_text(text.replace(old, new))
    os.utime(copy, (after, after))
    copy.replace(path)


@pytest.fixture
def quiet() -> Iterator[Demo]:
    """A demo in which nobody speaks, with stages fifty times as fast."""
    with Demo(DemoOptions(conversation=False, history=0, work_speed=50, import_s=0.0)) as demo:
        yield demo


def test_a_conversation_goes_through_every_process() -> None:
    with Demo(DemoOptions(speed=40, work_speed=10, import_s=0.0)) as demo:
        root = demo.root
        assert root is not None
        earlier = len(events(root, "tts_resume_sent"))
        assert 35 <= earlier <= 40, "the history of an earlier session is there at the start"
        wait_for(lambda: len(events(root, "tts_resume_sent")) >= earlier + 3)
        live = events(root)[-1]
        session = events(root, "v34_webhook_received")[-1]["metadata"]["session_id"]
        assert abs(live["timestamp"] - time.time()) < 10
        assert kv_stats(demo)["stats"][-1]["session_id"] == session
        assert find_installation(Settings(), root).latency_log == root / "shared" / "latency.log"
        last = events(root, "v34_ollama_received")[-1]["metadata"]
        truth = httpx.get(demo.urls["ollama"] + "/demo/truth", trust_env=False, verify=False).json()
        assert last["prompt_eval_count"] in [entry["prompt_tokens"] for entry in truth]
        assert "loading cache slot" in demo.ollama_log.read_text()
        wait_for(lambda: v34_log(root).count("BEGIN") > earlier + 5)
        assert "POST /api/webhook" in v34_log(root)
        assert httpx.get(demo.urls["tts"] + "/health", verify=False).json()["provider"] == "CUDA"
        assert "listening" in httpx.get(demo.urls["stt"] + "/transcript", verify=False).json()
    assert not root.exists()
    assert not _processes_in(root)


def test_an_edit_restarts_v34_with_the_new_flags(quiet: Demo) -> None:
    root = quiet.root
    assert root is not None
    wait_for(lambda: serves(quiet))
    assert "response" in send_message(quiet, "Hello?", "aaaaaaaa")
    assert kv_stats(quiet)["stats"][-1]["tail_mode"] is False
    old = kv_stats(quiet)["stats"][-1]["session_id"]
    listener = _listener(quiet)
    assert listener.environ()["WERKZEUG_RUN_MAIN"] == "true"
    parent = listener.parent()
    assert parent is not None and parent.cmdline() == [Path(sys.executable).name, "app.py", "--debug"]
    assert listener.cmdline() == [sys.executable, "app.py", "--debug"]
    assert listener.cwd() == str((root / "v34").resolve())
    edit(root / "v34" / "config.py", "USE_FULL_MEGA_PROMPT = True", "USE_FULL_MEGA_PROMPT = False")
    wait_for(lambda: "Detected change" in v34_log(root))
    wait_for(lambda: serves(quiet) and kv_stats(quiet)["count"] == 0)
    edit(root / "v34" / "app.py", "raw=True", "raw=False")
    wait_for(lambda: v34_log(root).count("Detected change") == 2)
    wait_for(lambda: serves(quiet))
    for request_id in ("bbbbbbbb", "cccccccc", "dddddddd"):
        send_message(quiet, "And now?", request_id)
    built = events(root, "v34_prompt_built")
    assert [event["metadata"]["tail_mode"] for event in built] == [False, False, True, True]
    context = [event["metadata"]["new_context_length"] for event in events(root, "v34_ollama_received")]
    assert context[0] == 0 < context[1] < context[2] < context[3]
    assert events(root, "v34_webhook_received")[-1]["metadata"]["session_id"] != old
    assert re.search(r"Detected change in '.*v34/config\.py', reloading", v34_log(root))
    assert v34_log(root).count(" * Restarting with stat") == 3


def test_a_bad_config_kills_v34_for_good(quiet: Demo) -> None:
    root = quiet.root
    assert root is not None
    wait_for(lambda: serves(quiet))
    edit(root / "v34" / "config.py", "MAX_TOKENS = 7000", "MAX_TOKENS = = 7000")
    assert quiet.processes[0].wait(20) == 1
    assert "SyntaxError" in v34_log(root)
    assert not serves(quiet)


def test_a_typed_turn_shows_in_kv_stats_and_not_in_the_latency_log(quiet: Demo) -> None:
    root = quiet.root
    assert root is not None
    wait_for(lambda: serves(quiet))
    send_message(quiet, "I am typing this.")
    assert kv_stats(quiet)["count"] == 1
    assert events(root) == []
    for path, body in (("/api/webhook", "no json"), ("/nowhere", "{}")):
        answer = httpx.post(quiet.urls["v34"] + path, content=body, trust_env=False, verify=False)
        assert answer.status_code >= 400


def test_a_message_from_the_web_chat_is_a_typed_turn(quiet: Demo) -> None:
    root = quiet.root
    assert root is not None
    wait_for(lambda: serves(quiet))
    accesses = v34_log(root).count('HTTP/1.1"')
    answer = httpx.post(quiet.urls["v34"] + "/demo/typed", json={"text": "I type."}, trust_env=False, timeout=20)
    assert answer.json()["response"]
    assert kv_stats(quiet)["count"] == 1
    assert events(root) == []
    send_message(quiet, "I speak.", "aaaaaaaa")
    edit(root / "v34" / "config.py", "MAX_TOKENS = 7000", "MAX_TOKENS = 6999")
    wait_for(lambda: "via WebSocket: I type." in v34_log(root))
    log = v34_log(root)
    assert "Processing user message: I type. [request_id=None]" in log
    assert not [line for line in log.splitlines() if "/demo/typed" in line]
    assert accesses < log.count('HTTP/1.1"')


def test_kv_stats_gives_the_newest_20_unless_it_is_asked_for_more(quiet: Demo) -> None:
    wait_for(lambda: serves(quiet))
    for number in range(21):
        send_message(quiet, f"Number {number}.")

    def count(query: str) -> int:
        url = f"{quiet.urls['v34']}/api/kv_stats{query}"
        return int(httpx.get(url, trust_env=False, timeout=20).json()["count"])

    queries = ("", "?limit=0", "?limit=-3", "?limit=many", "?limit=3", "?limit=21", "?limit=999")
    assert [count(query) for query in queries] == [20, 20, 20, 20, 3, 21, 21]


def test_with_raw_removed_the_running_value_is_none_whatever_app_py_says() -> None:
    with Demo(DemoOptions(conversation=False, history=0, work_speed=50, import_s=0.0, raw_removed=True)) as demo:
        root = demo.root
        assert root is not None
        assert "raw=True" in (root / "v34/app.py").read_text()
        assert 'payload["raw"]' not in (root / "v34/llm.py").read_text()
        wait_for(lambda: serves(demo))
        send_message(demo, "Hello?", "aaaaaaaa")
        assert events(root, "v34_ollama_received")[-1]["metadata"]["new_context_length"] > 0


def test_a_reload_in_mid_turn_can_end_v34_for_good() -> None:
    options = DemoOptions(conversation=False, history=0, work_speed=0.2, import_s=0.0, dies_in_reload=True)
    with Demo(options) as demo:
        root = demo.root
        assert root is not None
        wait_for(lambda: serves(demo))
        edit(root / "v34" / "config.py", "MAX_TOKENS = 7000", "MAX_TOKENS = 6999")
        wait_for(lambda: "Detected change" in v34_log(root))
        wait_for(lambda: serves(demo))
        assert demo.processes[0].poll() is None, "a reload between turns is harmless"
        turn = threading.Thread(target=_send_and_lose, args=(demo,))
        turn.start()
        wait_for(lambda: events(root, "v34_webhook_received"))
        edit(root / "v34" / "config.py", "MAX_TOKENS = 6999", "MAX_TOKENS = 7000")
        assert demo.processes[0].wait(20) == 256 - signal.SIGSEGV
        turn.join(20)
        assert not serves(demo)


def test_a_save_in_mid_turn_is_the_death_of_v34() -> None:
    """A whole second is between two looks of the reloader: the turn is slow enough to be caught by one."""
    with Demo(DemoOptions("death-in-reload", speed=40, work_speed=0.5, import_s=0.0, history=0)) as demo:
        assert demo.processes[0].wait(45) == 256 - signal.SIGSEGV
        root = demo.root
        assert root is not None
        assert not serves(demo)
        wait_for(lambda: "Detected change" in v34_log(root))
        said = len(events(root, "stt_sending_to_v34"))
        wait_for(lambda: len(events(root, "stt_sending_to_v34")) > said)  # STT goes on, to nobody


def test_after_the_last_word_stt_goes_on_listening() -> None:
    options = DemoOptions(speed=40, work_speed=10, import_s=0.0, history=0, quiet_after=1)
    with Demo(options) as demo:
        root = demo.root
        assert root is not None
        wait_for(lambda: events(root, "tts_resume_sent"))
        pauses = len(events(root, "stt_pause_detected"))
        wait_for(lambda: len(events(root, "stt_pause_detected")) > pauses + 20)
        assert len(events(root, "stt_transcript_finalized")) == 1


@pytest.mark.parametrize("scenario", ["v34-clock-step", "voice-clock-step", "sleep", "writer-behind"])
def test_the_clocks_of_a_scenario_step_in_the_processes(scenario: str) -> None:
    options = DemoOptions(scenario, speed=100, work_speed=20, import_s=0.0, history=0)
    with Demo(options) as demo:
        root = demo.root
        assert root is not None
        wait_for(lambda: len(events(root, "tts_resume_sent")) >= 5)
        stamps = {name: [event["timestamp"] for event in events(root, name)][:4] for name in CLOCK_EVENTS}
        sent, received, start, entry = (stamps[name] for name in CLOCK_EVENTS)
        llm = [round(after - before, 1) for before, after in zip(sent, received, strict=True)]
        hop = [round((after - before) / 3) * 3 for before, after in zip(start, entry, strict=True)]
    assert {
        "v34-clock-step": [abs(value - (4 if turn == 2 else 0)) < 1 for turn, value in enumerate(llm)],
        "voice-clock-step": [value == (-3 if turn == 3 else 0) for turn, value in enumerate(hop)],
        "sleep": [abs(value - (10_800 if turn == 3 else 0)) < 1 for turn, value in enumerate(llm)],
        "writer-behind": [value == -90 for value in hop],
    }[scenario] == [True] * 4


def test_every_scenario_of_faults_goes_on() -> None:
    with Demo(DemoOptions("faults", speed=200, work_speed=25, import_s=0.0, history=3)) as demo:
        root = demo.root
        assert root is not None
        first = _listener(demo).pid

        def recorded() -> set[str]:
            lines = (root / "demo/truth.jsonl").read_text().splitlines() if (root / "demo/truth.jsonl").exists() else []
            return {json.loads(line)["what"] for line in lines}

        wait_for(
            lambda: recorded() >= {"torn", "truncate", "rotate", "crash", "garbage", "leak", "tts down", "duplicate"}
        )
        assert (root / "shared/latency.log.1").exists()
        assert _listener(demo).pid != first
        wait_for(lambda: any(b"\xff\xfe" in line for line in (root / "shared/latency.log").read_bytes().splitlines()))
    assert not _processes_in(root)


def test_killing_the_demo_leaves_no_process_behind(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "timmy_tui.demo", "--root", str(tmp_path), "--speed", "40", "--work-speed", "10"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().strip() == str(tmp_path)
        wait_for(lambda: len(_processes_in(tmp_path)) >= 4)
        started = _processes_in(tmp_path)
        demo.send_signal(signal.SIGKILL)
    gone, alive = psutil.wait_procs(started, timeout=10)
    assert not alive and len(gone) >= 4
    assert not _processes_in(tmp_path)


def test_an_interrupted_demo_removes_its_folder() -> None:
    argv = [sys.executable, "-m", "timmy_tui.demo"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        root = Path(demo.stdout.readline().strip())
        assert root.is_dir()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(10) == 0
    assert not root.exists()


def test_importing_the_demo_is_light() -> None:
    heavy = "('numpy', 'pandas', 'textual', 'httpx')"
    code = f"import sys, timmy_tui.demo.run; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


CLOCK_EVENTS = ("v34_ollama_sent", "v34_ollama_received", "stt_http_request_start", "v34_flask_handler_entry")


def _send_and_lose(demo: Demo) -> None:
    with contextlib.suppress(httpx.HTTPError):
        send_message(demo, "Hello?", "aaaaaaaa")


def _processes_in(root: Path) -> list[psutil.Process]:
    """Processes whose working directory is the demo's folder or below it."""
    processes = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(root.resolve()) and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(process)
        except (psutil.Error, OSError):
            continue
    return processes


def _listener(demo: Demo) -> psutil.Process:
    wait_for(lambda: serves(demo))
    port = int(demo.urls["v34"].rsplit(":", 1)[1])
    (pid,) = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
    }
    assert pid is not None
    return psutil.Process(pid)
