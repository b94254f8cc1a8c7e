"""Polling Ollama's read-only endpoints: the schedule of requests, and every kind of wrong response."""

import math
import socket
from typing import Any

import pytest

from tests.sources.services.servers import as_json, serving
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.sources.services.http import LIMIT, HttpClient
from timmy_tui.sources.services.ollama import OllamaClient, OllamaPoller, depth_cost, parse_duration, parse_timestamp

NOW = 1_790_000_000.0
PS = {
    "name": "m:latest",
    "model": "m:latest",
    "size": 1000,
    "size_vram": 700,
    "digest": "abc",
    "details": {"parameter_size": "3.2B", "quantization_level": "Q4_K_M"},
    "expires_at": "2026-09-21T15:13:20.1234567+02:00",
    "context_length": 8000,
}


def answering(ps: Any = None, version: Any = "0.12.11", show: Any = None) -> Any:
    def reply(path: str) -> tuple[int, bytes]:
        bodies = {
            "/api/version": {"version": version},
            "/api/ps": {"models": [PS]} if ps is None else ps,
            "/api/show": show or {"details": {"parameter_size": "1B", "quantization_level": "F16"}},
        }
        response: tuple[int, bytes] = as_json(bodies[path])
        return response

    return reply


def test_version_and_models_are_asked_for_each_in_its_own_interval() -> None:
    with serving(answering()) as (url, requested):
        poller = OllamaPoller(url, model="m")
        first = poller.poll(NOW)
        assert requested == ["/api/version", "/api/ps", "/api/show"]
        assert poller.poll(NOW + 4.9) is first
        assert poller.poll(NOW + 5.0) is first, "they told nothing new"
        # The shape of a model does not change: it is asked for once.
        assert requested == ["/api/version", "/api/ps", "/api/show", "/api/ps"]
        poller.poll(NOW + 6.0, turn_closed=True)
        assert len(requested) == 4
        poller.poll(NOW + 7.0)
        assert len(requested) == 5
        assert poller.due_in_s(NOW + 7.0, 20.0) == 20.0
        poller.poll(NOW + 26.9, every_s=20.0)
        assert len(requested) == 5
        poller.poll(NOW + 27.0, every_s=20.0)
        assert len(requested) == 6
        poller.poll(NOW - 3600.0, every_s=20.0)
        assert len(requested) == 7, "a clock that was set back makes nobody wait"
        poller.close()


def test_what_is_said_of_the_model() -> None:
    with serving(answering()) as (url, _):
        poller = OllamaPoller(url, keep_alive_s=3600.0, model="m")
        facts = poller.poll(NOW)
        poller.close()
    assert (facts.reachable, facts.since, facts.problem, facts.version) == (True, NOW, "", "0.12.11")
    assert (facts.model, facts.parameters, facts.quantization) == ("m:latest", "3.2B", "Q4_K_M")
    assert (facts.size, facts.size_vram, facts.context_length, facts.loaded) == (1000, 700, 8000, True)
    assert facts.expires == pytest.approx(1789996400.123, abs=0.001)
    assert facts.last_activity == pytest.approx(1789992800.123, abs=0.001)


def test_details_are_asked_for_once_when_nothing_is_loaded() -> None:
    with serving(answering(ps={"models": []})) as (url, requested):
        poller = OllamaPoller(url, model="m:latest")
        facts = poller.poll(NOW)
        poller.poll(NOW + 10)
        poller.close()
    assert (facts.loaded, facts.parameters, facts.size, facts.expires) == (False, "1B", None, None)
    assert requested.count("/api/show") == 1


@pytest.mark.parametrize(
    "ps",
    [
        {"models": [{}]},
        {"models": [{"name": None, "size": None, "size_vram": "much", "expires_at": None, "context_length": None}]},
        {"models": [None, 3, "x"]},
        {"models": None},
    ],
)
def test_nulls_and_nonsense_are_unknown_not_zero(ps: Any) -> None:
    with serving(answering(ps=ps)) as (url, _):
        poller = OllamaPoller(url, model="m")
        facts = poller.poll(NOW)
        poller.close()
    assert facts.reachable is True
    assert (facts.size, facts.size_vram, facts.context_length, facts.expires, facts.last_activity) == (None,) * 5


@pytest.mark.parametrize("version", ["0.0.0", "0.34.0-rc1"])
def test_odd_versions_are_shown_as_they_are(version: str) -> None:
    with serving(answering(version=version)) as (url, _):
        poller = OllamaPoller(url, model="m")
        assert poller.poll(NOW).version == version
        poller.close()


def test_foreign_text_is_cleaned() -> None:
    evil = {"models": [{**PS, "name": "hf.co/\x1b]0;owned\x07b"}]}
    with serving(answering(ps=evil, version="1\x1b[2J")) as (url, _):
        poller = OllamaPoller(url, model="m:latest")
        facts = poller.poll(NOW)
        poller.close()
    assert facts.version is not None
    assert "\x1b" not in (facts.model or "") + facts.version


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("hang", "no answer in time"),
        ("html", "the answer is HTML"),
        ("500", "HTTP 500: llama runner process has terminated: exit status 2"),
        ("half json", "the answer is not JSON"),
        ("50 MB", f"an answer of more than {LIMIT >> 20} MiB"),
    ],
)
def test_each_fault_is_a_state_and_ends(fault: str, problem: str) -> None:
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000)) as stand_in:
        poller = OllamaPoller(stand_in.url, model=MODEL)
        stand_in.fail_next(fault)
        facts = poller.poll(NOW)
        assert (facts.reachable, facts.problem, facts.since) == (False, problem, NOW)
        later = poller.poll(NOW + 5)
        assert (later.reachable, later.problem, later.since, later.version) == (True, "", NOW + 5, "0.12.11")
        stand_in.fail_next(fault, path="/api/ps")
        again = poller.poll(NOW + 10)
        assert (again.reachable, again.problem, again.loaded) == (False, problem, None)
        poller.close()


def test_a_version_is_asked_for_again_after_an_absence() -> None:
    stand_in = OllamaStandIn(StandInOptions("0.12.11", speed=1000))
    with stand_in:
        poller = OllamaPoller(stand_in.url)
        assert poller.poll(NOW).version == "0.12.11"
        port = int(stand_in.url.rpartition(":")[2])
    gone = poller.poll(NOW + 5)
    assert (gone.reachable, gone.since) == (False, NOW + 5)
    assert poller.poll(NOW + 10).since == NOW + 5
    listener = socket.create_server(("127.0.0.1", port))
    with OllamaStandIn(StandInOptions("0.30.11", speed=1000), listener):
        back = poller.poll(NOW + 15)
        assert (back.reachable, back.version) == (True, "0.30.11")
    poller.close()


def test_old_versions_without_ps_are_reachable() -> None:
    def reply(path: str) -> tuple[int, bytes]:
        response: tuple[int, bytes] = as_json({"version": "0.1.20"})
        return response if path == "/api/version" else (404, b"404 page not found")

    with serving(reply) as (url, _):
        poller = OllamaPoller(url, model="m")
        facts = poller.poll(NOW)
        poller.close()
    assert (facts.reachable, facts.version, facts.loaded) == (True, "0.1.20", None)


def test_proxies_in_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(answering()) as (url, _):
        client = OllamaClient(url)
        assert client.version().problem == ""
        client.close()


def test_redirects_are_not_followed() -> None:
    with serving(lambda path: (302, b"")) as (url, requested):
        client = HttpClient(url)
        response = client.request("/api/version")
        client.close()
    assert (response.status, response.problem) == (302, "HTTP 302")
    assert requested == ["/api/version"]


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "nonsense", "http://127.0.0.1:1", "http://no-such-host.invalid", "http://\x00"]
)
def test_unusable_addresses_are_a_problem_not_an_error(url: str) -> None:
    client = HttpClient(url)
    response = client.request("/api/version")
    client.close()
    assert (response.status, response.body) == (None, None)
    assert response.problem


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2026-09-21T15:13:20+02:00", 1789996400.0),
        ("2026-09-21T13:13:20Z", 1789996400.0),
        ("2026-09-21T13:13:20.5Z", 1789996400.5),
        ("2026-09-21T13:13:20.123456789Z", 1789996400.123456789),
        ("2026-09-21T06:13:20.83753-07:00", 1789996400.83753),
        ("2318-11-03T13:13:20Z", math.inf),
        ("0001-01-01T00:00:00Z", None),
        ("2026-13-45T99:99:99Z", None),
        ("soon", None),
        (None, None),
        (12, None),
    ],
)
def test_stamps_are_read_or_unknown(text: object, stamp: float | None) -> None:
    parsed = parse_timestamp(text, NOW)
    assert parsed == stamp if stamp is None else parsed == pytest.approx(stamp, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600), ("5m0s", 300), ("1h30m", 5400), ("-1", math.inf), (-1, math.inf), (0, 0), ("300", 300),
        ("250ms", 0.25), ("x", None), (None, None), ("1h?", None),
    ],
)  # fmt: skip
def test_durations_are_read_or_unknown(text: object, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


SHAPE = {
    "general.architecture": "llama", "general.parameter_count": 3_212_749_888, "llama.block_count": 28,
    "llama.embedding_length": 3072, "llama.vocab_size": 128_256,
}  # fmt: skip


def test_the_cost_of_depth_follows_from_the_shape_of_the_model() -> None:
    """The published times of llama3.2:3b on an RTX 4070 give 6.7e-5."""
    cost = depth_cost(SHAPE)
    assert cost is not None and 5.8e-5 < cost < 6.7e-5
    without_words = depth_cost({key: value for key, value in SHAPE.items() if key != "llama.vocab_size"})
    assert without_words is not None and 5e-5 < without_words < cost


@pytest.mark.parametrize(
    "shape",
    [None, [], {}, {**SHAPE, "general.architecture": "qwen2"}, {**SHAPE, "llama.block_count": None},
     {**SHAPE, "general.parameter_count": 5}, {**SHAPE, "llama.embedding_length": "x"},
     {**SHAPE, "llama.vocab_size": 10**9}],
)  # fmt: skip
def test_a_shape_that_is_not_known_gives_no_cost(shape: object) -> None:
    assert depth_cost(shape) is None


def test_the_poller_says_the_cost_of_depth() -> None:
    with serving(answering(show={"details": {}, "model_info": SHAPE})) as (url, _):
        poller = OllamaPoller(url, model="m")
        facts = poller.poll(NOW)
        poller.close()
    assert facts.depth_cost == depth_cost(SHAPE)


EMBEDDING = {**PS, "name": "nomic-embed-text:latest", "model": "nomic-embed-text:latest", "context_length": 2048}


@pytest.mark.parametrize("wanted", ["m", "M:latest", "library/m", "registry.ollama.ai/library/m:LATEST"])
def test_the_model_is_found_under_any_spelling_beside_others(wanted: str) -> None:
    with serving(answering(ps={"models": [EMBEDDING, PS]})) as (url, _):
        poller = OllamaPoller(url, model=wanted)
        facts = poller.poll(NOW)
        poller.close()
    assert (facts.loaded, facts.model, facts.context_length) == (True, "m:latest", 8000)


@pytest.mark.parametrize("models", [[EMBEDDING, PS], [EMBEDDING], []])
def test_where_no_model_is_known_none_of_the_list_is_taken(models: list[Any]) -> None:
    with serving(answering(ps={"models": models})) as (url, requested):
        poller = OllamaPoller(url)
        facts = poller.poll(NOW)
        poller.close()
    assert (facts.reachable, facts.loaded, facts.model, facts.context_length) == (True, None, None, None)
    assert "/api/show" not in requested


@pytest.mark.parametrize(
    ("name", "show"),
    [
        ("gpt-oss:120b-cloud", {}), ("glm-4.6:cloud", {"details": {}}),
        ("my-own-name", {"remote_host": "https://ollama.com:443", "remote_model": "gpt-oss:120b"}),
    ],
)  # fmt: skip
def test_a_cloud_model_is_never_missed_in_the_list(name: str, show: dict[str, Any]) -> None:
    with serving(answering(ps={"models": [EMBEDDING]}, show=show or None)) as (url, _):
        poller = OllamaPoller(url, model=name)
        facts = [poller.poll(NOW), poller.poll(NOW + 5)]
        poller.close()
    assert [(one.cloud, one.loaded, one.model) for one in facts] == [(True, None, name)] * 2


def test_another_model_is_asked_for_at_once_and_has_nothing_of_the_one_before() -> None:
    with serving(answering(ps={"models": [PS, EMBEDDING]})) as (url, requested):
        poller = OllamaPoller(url, model="m")
        assert poller.poll(NOW).loaded is True
        poller.set_model("library/M:latest")
        poller.poll(NOW + 0.25)
        assert requested.count("/api/ps") == 1, "the same model"
        poller.set_model("other")
        assert (poller.facts.model, poller.facts.loaded, poller.facts.context_length) == ("other", None, None)
        facts = poller.poll(NOW + 0.5)
        poller.close()
    assert (requested.count("/api/ps"), facts.loaded, facts.model, facts.size) == (2, False, "other", None)


@pytest.mark.parametrize(
    ("size", "size_vram", "share"),
    [
        (2 << 30, 3 << 30, 1.0), (2 << 30, 2 << 30, 1.0), (4 << 30, 3 << 30, 0.75), (4, 0, 0.0), (0, 5, None),
        (None, 5, None), (4, None, None),
    ],
)  # fmt: skip
def test_the_share_in_gpu_memory_is_at_most_the_whole(size: object, size_vram: object, share: float | None) -> None:
    with serving(answering(ps={"models": [{**PS, "size": size, "size_vram": size_vram}]})) as (url, _):
        poller = OllamaPoller(url, model="m")
        assert poller.poll(NOW).gpu_share == share
        poller.close()
