"""The stand-in for Ollama over HTTP: streams, loaded models, queueing, its log, and injected faults."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from timmy_tui.demo.ollama.log import go_duration
from timmy_tui.demo.ollama.responses import MODEL, go_time
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[OllamaStandIn]:
    with OllamaStandIn(StandInOptions(speed=500, log_path=tmp_path / "server.log")) as running:
        yield running


@pytest.fixture
def client(stand_in: OllamaStandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stand_in.url, verify=False, trust_env=False, timeout=20) as opened:
        yield opened


def body(prompt: str = "Hello there", **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "prompt": prompt, "options": {"num_ctx": 8000}, **more}


def test_a_stream_ends_with_the_figures(client: httpx.Client) -> None:
    with client.stream("POST", "/api/generate", json=body(raw=True)) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        chunks = [json.loads(line) for line in response.iter_lines()]
    assert [chunk["done"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    whole = client.post("/api/generate", json=body(raw=True, stream=False)).json()
    assert whole["response"] and "".join(chunk["response"] for chunk in chunks)
    assert list(chunks[-1]) == list(whole)
    assert chunks[-1]["eval_count"] == len(chunks), "the stop token is counted, the done chunk is not a token"


def test_generate_needs_post_and_a_known_model(client: httpx.Client) -> None:
    assert client.get("/api/generate").status_code == 405
    assert client.get("/").text == "Ollama is running"
    assert client.get("/metrics").status_code == 404
    missing = client.post("/api/generate", json={"model": "nope", "prompt": "x"})
    assert (missing.status_code, missing.json()["error"]) == (404, "model 'nope' not found")
    assert client.post("/api/generate", content=b"{").status_code == 400


def test_an_empty_prompt_loads_and_unloads(client: httpx.Client, stand_in: OllamaStandIn) -> None:
    assert client.get("/api/ps").json() == {"models": []}
    assert client.post("/api/generate", json=body("", stream=False)).json()["done_reason"] == "load"
    assert len(client.get("/api/ps").json()["models"]) == 1
    client.post("/api/generate", json=body("One", stream=False))
    assert not stand_in.requests[-1].loaded
    gone = client.post("/api/generate", json=body("", keep_alive=0, stream=False)).json()
    assert (gone["done"], gone["done_reason"]) == (True, "unload")
    assert client.get("/api/ps").json() == {"models": []}
    client.post("/api/generate", json=body("One", stream=False))
    assert stand_in.requests[-1].loaded and stand_in.requests[-1].reused == 0


def test_another_num_ctx_reloads_the_model(client: httpx.Client, stand_in: OllamaStandIn) -> None:
    for num_ctx, loads in ((8000, True), (8000, False), (4096, True), (8000, True)):
        client.post("/api/generate", json=body(stream=False, options={"num_ctx": num_ctx}))
        assert stand_in.requests[-1].loaded == loads


def test_expires_at_follows_keep_alive(client: httpx.Client) -> None:
    def expires_in(keep_alive: object) -> float:
        client.post("/api/generate", json=body(keep_alive=keep_alive, stream=False))
        text = client.get("/api/ps").json()["models"][0]["expires_at"]
        head, _, rest = text.partition(".")
        assert len(rest.rstrip("Z").split("+")[0].split("-")[0]) <= 7
        return datetime.fromisoformat(head[:19]).timestamp() - datetime.now().timestamp()

    assert 3500 < expires_in("1h") < 3601
    assert 80 < expires_in(90) < 91
    assert expires_in(-1) > 250 * 365 * 86400
    assert go_time(1.5).startswith(datetime.fromtimestamp(1).strftime("%Y-%m-%dT%H:%M:%S.5"))
    assert client.post("/api/generate", json=body(keep_alive="soon", stream=False)).status_code == 400


def test_a_model_that_spills_says_so(tmp_path: Path) -> None:
    with OllamaStandIn(StandInOptions(speed=500, gpu_share=0.8)) as stand_in:
        httpx.post(stand_in.url + "/api/generate", json=body("", stream=False), verify=False, trust_env=False)
        (resident,) = httpx.get(stand_in.url + "/api/ps", verify=False, trust_env=False).json()["models"]
    assert resident["size_vram"] == int(resident["size"] * 0.8)


def test_the_wait_of_a_second_request_is_only_in_the_total(tmp_path: Path) -> None:
    with OllamaStandIn() as stand_in, httpx.Client(base_url=stand_in.url, verify=False, trust_env=False) as client:
        stand_in.engine.load(8000)
        stand_in.expires = time.time() + 60
        entered = threading.Event()

        def first() -> None:
            with client.stream("POST", "/api/generate", json=body(raw=True)) as response:
                for _ in response.iter_lines():
                    entered.set()

        thread = threading.Thread(target=first)
        thread.start()
        assert entered.wait(10)
        answer = client.post("/api/generate", json=body(raw=True, stream=False)).json()
        thread.join()
    rest = answer["total_duration"] - sum(answer[f"{name}_duration"] for name in ("load", "prompt_eval", "eval"))
    assert stand_in.requests[1].queue_ms > 0
    assert rest > stand_in.requests[1].queue_ms * 1e6


def test_a_go_runner_writes_its_own_log_lines(client: httpx.Client, stand_in: OllamaStandIn, tmp_path: Path) -> None:
    for _ in range(2):
        answer = client.post("/api/generate", json=body("long " * 1200, stream=False, options={"num_ctx": 1024})).json()
    client.post("/api/generate", json=body("next", context=answer["context"], stream=False))
    log = (tmp_path / "server.log").read_text()
    served = stand_in.requests[1]
    assert f"(version {stand_in.version})" in log
    numbers = f"prompt={served.prompt_tokens} used={served.reused} remaining={served.evaluated}"
    assert 'msg="loading cache slot" id=0 cache=' in log and numbers in log
    assert f'msg="truncating input prompt" limit=1024 prompt={served.sent_tokens} keep=5 new=1024' in log
    assert "KvSize:1024" in log and "llama runner started in" in log
    assert "the context field is deprecated" in log
    assert log.count('| POST     "/api/generate"') == 3


def test_a_llama_server_writes_its_own_log_lines(tmp_path: Path) -> None:
    log_path = tmp_path / "server.log"
    with OllamaStandIn(StandInOptions("0.30.11", speed=500, log_path=log_path, debug=False)) as stand_in:
        for _ in range(2):
            httpx.post(
                stand_in.url + "/api/generate", json=body("long " * 300, stream=False), verify=False, trust_env=False
            )
    log, served = log_path.read_text(), stand_in.requests[1]
    assert f"task.n_tokens = {served.prompt_tokens}" in log
    assert f"cached n_tokens = {served.reused}, memory_seq_rm [{served.reused}, end)" in log
    assert "/     1 tokens" in log and "prompt eval time =" in log
    assert "level=DEBUG" not in log


def test_the_ground_truth_is_available_over_http(client: httpx.Client, stand_in: OllamaStandIn) -> None:
    client.post("/api/generate", json=body(stream=False))
    (entry,) = client.get("/demo/truth").json()
    assert entry["reused"] == 0 and entry["evaluated"] == entry["prompt_tokens"]
    assert entry["total_ms"] == pytest.approx(stand_in.requests[0].total_ms)


def test_a_fault_hits_one_request_to_its_path(client: httpx.Client, stand_in: OllamaStandIn) -> None:
    stand_in.fail_next("html", path="/api/ps")
    assert client.get("/api/version").json() == {"version": "0.12.11"}
    assert client.get("/api/ps").text.startswith("<!doctype")
    assert client.get("/api/ps").json() == {"models": []}
    client.post("/demo/fault", json={"kind": "500"})
    assert client.post("/api/generate", json=body()).status_code == 500
    stand_in.fail_next("half json")
    with pytest.raises(json.JSONDecodeError):
        client.get("/api/version").json()
    stand_in.fail_next("50 MB")
    assert len(client.get("/api/version").content) > 50_000_000
    with pytest.raises(ValueError, match="unknown fault"):
        stand_in.fail_next("gremlins")


def test_a_hanging_answer_ends_with_the_stand_in(client: httpx.Client, stand_in: OllamaStandIn) -> None:
    stand_in.fail_next("hang")
    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/version", timeout=0.2)
    assert client.get("/api/version").status_code == 200


def test_broken_and_strange_streams_can_be_asked_for(client: httpx.Client, stand_in: OllamaStandIn) -> None:
    def lines(kind: str) -> list[dict[str, Any]]:
        stand_in.fail_next(kind)
        return [json.loads(line) for line in client.post("/api/generate", json=body(raw=True)).iter_lines()]

    assert "error" in lines("error line")[-1]
    assert lines("no done")[-1]["done"] is False
    (only,) = lines("empty")
    assert only["done"] and only["eval_count"] == 1
    assert "".join(part["response"] for part in lines("leak")).startswith("<|start_header_id|>assistant")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.000033313, "33.313µs"), (0.0152, "15.2ms"), (2.5, "2.5s"), (64.2, "1m4s")]
)
def test_durations_are_written_as_go_writes_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text
