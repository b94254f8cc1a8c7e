"""The doctor: a true page on an empty machine and on the demo, and nothing changed by it."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.reading.logs import event_line, turn_lines
from tests.sources.services.servers import as_json, serving
from timmy_tui.commands.llm import doctor
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.demo.start import write_installation
from timmy_tui.doctor.checks import run_checks
from timmy_tui.doctor.flags import raw_keyword
from timmy_tui.doctor.result import DoctorLine
from timmy_tui.doctor.terminal import terminal_lines, tmux_lines
from timmy_tui.sources.services.http import HttpClient

CANARY = "canary-7f3a-never-show-this"
PORTS = {"ollama": 1, "tts": 1, "stt": 1, "v34": 1}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.chdir(folder)
    return folder


def timmy(folder: Path, turns: int = 12, **ports: int) -> Path:
    root = folder / "timmy"
    root.mkdir()
    write_installation(root, {**PORTS, **ports})
    if turns:
        write_logs(root, ConversationPlan(turns, start=time.time() - 30 * turns))
    return root


def texts(lines: list[DoctorLine], subject: str, level: str = "") -> list[str]:
    return [line.text for line in lines if line.subject == subject and level in ("", line.level)]


def test_an_empty_machine(home: Path) -> None:
    lines = run_checks(None, None, time.time())
    assert texts(lines, "timmy", "fail")
    assert all(line.hint for line in lines if line.level == "fail")
    for service in ("ollama", "v34", "tts", "stt"):
        assert texts(lines, service, "fail")
    assert "its path would be" in texts(lines, "settings", "ok")[0]
    assert list(home.rglob("*")) == [], "nothing was created"


def test_the_demo(tmp_path: Path) -> None:
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000)) as stand_in:
        port = int(stand_in.url.rpartition(":")[2])
        root = timmy(tmp_path, ollama=port)
        client = HttpClient(stand_in.url, timeout_s=20)
        client.request(
            "/api/generate", {"model": MODEL, "prompt": "", "keep_alive": "1h", "options": {"num_ctx": 4096}}
        )
        client.close()
        lines = run_checks(root, None, time.time())
    assert "version 0.12.11" in texts(lines, "ollama", "ok")[0]
    assert "prompt_eval_count says nothing about the cache" in texts(lines, "ollama", "ok")[1]
    assert texts(lines, "model", "warn") == [
        "loaded with num_ctx 4096, v34 asks for 8000: its next turn reloads the model"
    ]
    assert texts(lines, "model", "ok")[0].endswith("num_ctx 4096; unloads in 59m without a turn"), "keep_alive"
    assert "events in" in texts(lines, "latency.log", "ok")[0]
    assert "with request ids" in texts(lines, "v34.log", "ok")[0]
    assert texts(lines, "clocks", "ok")
    flags = texts(lines, "flags", "ok")
    assert "USE_FULL_MEGA_PROMPT = True" in flags
    assert "raw = True (app.py)" in flags
    assert CANARY not in repr(lines)


def configured(tmp_path: Path, before: str, after: str) -> Path:
    """The demo's folder without turns, one line of whose config is another."""
    root = timmy(tmp_path, turns=0)
    config = root / "v34/config.py"
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, after))
    return root


@pytest.mark.parametrize("written", ["ftp://me:secret@box/api/generate", "http:/box:11434", "box:port"])
def test_an_address_that_is_none_is_named(tmp_path: Path, written: str) -> None:
    root = configured(tmp_path, "http://127.0.0.1:1/api/generate", written)
    lines = run_checks(root, None, time.time())
    named = texts(lines, "ollama", "fail")[0]
    assert named.startswith("OLLAMA_API_URL in v34/config.py is '")
    assert named.endswith("is not an HTTP address; http://localhost:11434 is asked")
    assert "secret" not in repr(lines)


def test_the_path_of_a_proxy_is_kept(tmp_path: Path) -> None:
    def proxied(path: str) -> tuple[int, bytes]:
        version = as_json({"version": "0.12.11", "models": []})
        return version if path.startswith("/ollama/api/") else (404, b"404 page not found")

    with serving(proxied) as (url, _):
        root = configured(tmp_path, "http://127.0.0.1:1/api/generate", f"{url}/ollama/api/generate")
        lines = run_checks(root, None, time.time())
    assert texts(lines, "ollama", "ok")[0] == f"{url}/ollama answers, version 0.12.11"


@pytest.mark.parametrize(
    ("model", "level", "text"),
    [
        ("llama3.2", "ok", "llama3.2:latest 3.2B Q4_K_M, num_ctx 8000; stays loaded"),
        ("Registry.Ollama.AI/library/LLama3.2", "ok", "llama3.2:latest 3.2B Q4_K_M, num_ctx 8000; stays loaded"),
        ("gpt-oss:120b-cloud", "ok", "gpt-oss:120b-cloud runs in the cloud: nothing of it is loaded here"),
        ("llama3.1", "warn", "llama3.1 is not loaded: the next turn has to wait for the load"),
    ],
)
def test_the_model_is_looked_for_under_all_its_names(tmp_path: Path, model: str, level: str, text: str) -> None:
    details = {"parameter_size": "3.2B", "quantization_level": "Q4_K_M"}
    loaded = {"size": 2 << 30, "size_vram": 3 << 30, "expires_at": "2318-11-03T13:13:20Z", "details": details}
    models = [
        {**loaded, "name": "nomic-embed-text:latest", "context_length": 2048},
        {**loaded, "name": "llama3.2:latest", "context_length": 8000},
    ]
    with serving(lambda path: as_json({"version": "0.12.11", "models": models})) as (url, _):
        root = configured(tmp_path, "http://127.0.0.1:1/api/generate", f"{url}/api/generate")
        config = root / "v34/config.py"
        config.write_text(config.read_text().replace(MODEL, model))
        lines = run_checks(root, None, time.time())
    assert [(line.level, line.text) for line in lines if line.subject == "model"] == [(level, text)]


@pytest.mark.parametrize(
    ("version", "words"),
    [("0.12.5", "last 512"), ("0.30.0", "regression"), ("0.0.0", "not a release"), ("0.1.20", "0.1.38")],
)
def test_versions_whose_figures_mislead_are_warned_of(tmp_path: Path, version: str, words: str) -> None:
    with OllamaStandIn(StandInOptions(version, speed=1000)) as stand_in:
        lines = run_checks(timmy(tmp_path, 0, ollama=int(stand_in.url.rpartition(":")[2])), None, time.time())
    assert any(words in text for text in texts(lines, "ollama", "warn"))


def test_nothing_is_changed(tmp_path: Path) -> None:
    root = timmy(tmp_path)

    def image() -> dict[str, tuple[int, str]]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}

    before = image()
    run_checks(root, None, time.time())
    assert image() == before


def test_logs_that_are_missing_strange_or_old(tmp_path: Path) -> None:
    root = timmy(tmp_path, 0)
    lines = run_checks(root, None, time.time())
    assert "does not exist" in texts(lines, "latency.log", "fail")[0]
    assert texts(lines, "v34.log", "warn")
    os.mkfifo(root / "shared/latency.log")
    assert "is a FIFO, not a log" in texts(run_checks(root, None, time.time()), "latency.log", "fail")[0]
    (root / "shared/latency.log").unlink()
    write_logs(root, ConversationPlan(5, start=time.time() - 9 * 86400))
    with (root / "shared/latency.log").open("ab") as file:
        file.write(b'{"timestamp": 17\nnot json\n')
    lines = run_checks(root, None, time.time())
    assert any("9 d ago" in text for text in texts(lines, "latency.log", "warn"))
    assert any("skipped lines" in text for text in texts(lines, "latency.log", "warn"))


def test_clocks_apart_are_seen(tmp_path: Path) -> None:
    root = timmy(tmp_path, 0)
    write_logs(root, ConversationPlan(8, "clock-skew", start=time.time() - 300))
    assert "v34's clock is at least" in texts(run_checks(root, None, time.time()), "clocks", "warn")[0]
    ahead = run_checks(root, None, time.time() - 3600)
    assert any("future" in text for text in texts(ahead, "clocks", "warn"))


def test_a_file_that_does_not_run_yet_is_told_from_what_runs(tmp_path: Path) -> None:
    root = timmy(tmp_path)
    config = root / "v34/config.py"
    text = config.read_text().replace("USE_FULL_MEGA_PROMPT = True", "USE_FULL_MEGA_PROMPT = False")
    config.write_text(text.replace("LLM_CONTEXT_SIZE = 8000", "LLM_CONTEXT_SIZE = 4096"))
    (root / "v34/app.py").write_text("reply = llm.generate_api_call(prompt, raw=False)\n")
    warnings = texts(run_checks(root, None, time.time()), "flags", "warn")
    assert len(warnings) == 3
    assert warnings[0].startswith("USE_FULL_MEGA_PROMPT is False in the file")
    assert warnings[1].startswith("raw is False in the file")
    config.unlink()
    assert texts(run_checks(root, None, time.time()), "flags", "fail") or texts(
        run_checks(root, None, time.time()), "timmy"
    )


def test_settings_that_are_wrong_are_a_line(tmp_path: Path, home: Path) -> None:
    path = home / "settings.toml"
    path.write_text("[view]\nwindwo = 3\n")
    path.chmod(0o600)
    (line,) = [line for line in run_checks(None, path, time.time()) if line.subject == "settings"]
    assert line.level == "fail"
    assert "windwo" in line.text


def test_the_raw_keyword_is_read_only_where_it_is_clear(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    for text, value in (
        ("x = llm.generate_api_call(p, raw=True)", True),
        ("generate_api_call(p, raw=False)", False),
        ("generate_api_call(p)", None),
        ("generate_api_call(p, raw=RAW)", None),
        ("generate_api_call(p, raw=True); generate_api_call(p, raw=False)", None),
        ("def (", None),
    ):
        app.write_text(text)
        assert raw_keyword(app) is value
    assert raw_keyword(tmp_path / "none.py") is None


def test_the_terminal() -> None:
    assert [line.level for line in terminal_lines({"TERM": "tmux-256color"})][1] == "ok"
    assert [line.level for line in terminal_lines({"TERM": "xterm", "COLORTERM": "truecolor"})][1] == "ok"
    assert [line.level for line in terminal_lines({"TERM": "dumb"})][1] == "warn"
    assert [line.level for line in terminal_lines({"TERM": "vt100"})][1] == "warn"
    assert [line.level for line in terminal_lines({"TERM": "screen"})][1] == "warn"
    console = list(terminal_lines({"TERM": "linux"}))[1]
    assert console.level == "ok" and not console.hint, "another TERM would be wrong there"


def test_tmux_options_are_read_and_rated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = tmux_lines({})
    assert line.text == "not inside tmux"
    program = tmp_path / "tmux"
    program.write_text(
        '#!/bin/sh\nif [ "$2" = -s ]; then echo "escape-time 500"; echo "set-clipboard external"; '
        'echo "default-terminal \\"screen\\""; else echo "mouse off"; echo "status-interval 2"; fi\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    lines = list(tmux_lines({"TMUX": "/tmp/x,1,0"}))
    assert {line.text.split()[0]: line.level for line in lines} == {
        "escape-time": "warn", "default-terminal": "warn", "set-clipboard": "warn", "status-interval": "ok",
        "mouse": "ok",
    }  # fmt: skip
    assert all("tmux.conf" in line.hint for line in lines if line.level == "warn")
    program.write_text("#!/bin/sh\nexit 1\n")
    assert [line.level for line in tmux_lines({"TMUX": "x"})] == ["warn"]


def test_the_command_prints_or_encodes(tmp_path: Path) -> None:
    root = str(timmy(tmp_path))
    shown = CliRunner().invoke(doctor, ["--root", root], standalone_mode=False)
    assert shown.return_value == 1
    assert "failing" in shown.stdout
    assert "→" in shown.stdout
    coded = CliRunner().invoke(doctor, ["--root", root, "--json"], standalone_mode=False)
    page = json.loads(coded.stdout)
    assert page["schema"] == "timmy-tui.doctor/1"
    assert sum(page["counts"].values()) == len(page["lines"])
    assert {line["level"] for line in page["lines"]} <= {"ok", "warn", "fail"}
    assert CANARY not in coded.stdout + shown.stdout


def quiet(log: Path, pauses: int, spacing_s: float) -> None:
    """Pauses without text at the end of a log."""
    with log.open("a") as file:
        for number in range(pauses):
            at = time.time() - spacing_s * (pauses - number)
            file.write(event_line(f"q{number:07d}", at, "stt", "stt_pause_detected", '{"pause_threshold": 0.5}'))


def test_the_wait_before_a_turn_is_a_bound_where_the_rhythm_tells_one(tmp_path: Path) -> None:
    root = timmy(tmp_path, 3)
    log = root / "shared/latency.log"
    log.write_text("")
    quiet(log, 100, 0.76)
    lines = run_checks(root, None, time.time())
    assert texts(lines, "latency.log", "warn") == [
        f"{log} contains no turn yet, only 100 pauses without text: STT listens"
    ]
    log.write_text("".join(turn_lines(1, time.time() - 300)))
    quiet(log, 100, 0.76)
    (known,) = texts(run_checks(root, None, time.time()), "stt", "ok")
    assert known.startswith("setting 0.5 s; waited ≥ 0.54 s, a pass of STT takes ≥ 180 ms, from 100 pauses")
    log.write_text("".join(turn_lines(1, time.time() - 300)))
    quiet(log, 100, 0.58)
    (unknown,) = texts(run_checks(root, None, time.time()), "stt", "ok")
    assert unknown == "setting 0.5 s; the wait before a turn is longer, by how much is not known"
