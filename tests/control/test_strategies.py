"""The four ways to restart: what each says before, does, and refuses."""

import json
import os
import shutil
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.control.services import FakePanel, RealV34, free_port, until
from timmy_tui.control.command import KEPT, run_command
from timmy_tui.control.panel import Panel
from timmy_tui.control.refused import Refused
from timmy_tui.control.serving import Answer, Listener, Serving, ask, who_serves
from timmy_tui.control.strategies import ByPanel, Command, Manual, Reload, RestartFailed, Strategy, make_strategy
from timmy_tui.settings import Control, Services, Settings
from timmy_tui.sources.urls import resolve_urls

SERVES = Serving(5000, (Listener(4711, 1.0, Path("/t/v34"), True, 4710, 0.5),))
NOBODY = Serving(5000)


@pytest.fixture
def go_on() -> threading.Event:
    return threading.Event()


def cancel_when(cancelled: threading.Event, what: Callable[[], object]) -> None:
    """The user's word, once something is so."""

    def run() -> None:
        until(what)
        cancelled.set()

    threading.Thread(target=run, daemon=True).start()


# -- reload and manual


def test_reload_needs_nothing_but_the_edit(tmp_path: Path, go_on: threading.Event) -> None:
    config = tmp_path / "config.py"
    config.write_text("A = 1\n")
    os.utime(config, (1000, 1000))
    way = Reload(config, 5.0)
    assert way.refusal(SERVES) == "" and "notices the edit" in way.preview(SERVES)[0]
    way.restart(SERVES, (config,), go_on)
    assert config.stat().st_mtime == 1000
    way.restart(SERVES, (), go_on)
    assert config.stat().st_mtime > time.time() - 5 and config.read_text() == "A = 1\n"
    first = config.stat().st_mtime_ns
    way.restart(SERVES, (), go_on)
    assert config.stat().st_mtime_ns // 10**9 > first // 10**9


def test_reload_is_no_way_without_a_reloader(tmp_path: Path) -> None:
    way = Reload(tmp_path / "config.py", 5.0)
    without = Serving(5000, (Listener(4711, 1.0, Path("/t/v34"), False),))
    unknown = Serving(5000, (Listener(4711, 1.0, None, None),))
    assert "without its debug reloader" in way.refusal(without)
    assert way.refusal(unknown) == "" and "cannot be seen" in way.preview(unknown)[0]
    assert "not running" in way.preview(NOBODY)[0]
    with pytest.raises(RestartFailed):
        way.restart(SERVES, (), threading.Event())


def test_manual_tells_what_to_type(tmp_path: Path, go_on: threading.Event) -> None:
    way = Manual(tmp_path)
    assert way.limit_s is None
    assert way.restart(SERVES, (), go_on) == f"Ctrl+C in its terminal, then cd {tmp_path} && python app.py --debug"
    assert way.restart(NOBODY, (), go_on) == f"cd {tmp_path} && python app.py --debug"


def test_the_settings_name_the_way(tmp_path: Path) -> None:
    def made(**control: object) -> Strategy:
        settings = Settings(
            control=Control(**control),  # type: ignore[arg-type]
            services=Services(panel="http://me:secret@127.0.0.1:5555"),
        )
        return make_strategy(settings, tmp_path, resolve_urls(settings, tmp_path), tmp_path)

    assert [made(strategy=name).name for name in ("reload", "panel", "command", "manual")] == [
        "reload", "panel", "command", "manual"
    ]  # fmt: skip
    assert "no control.command" in made(strategy="command").refusal(SERVES)
    assert "not a program" in made(strategy="command", command=("no-such-thing-7",)).refusal(SERVES)
    assert "not a folder" in made(strategy="command", command=("true",), command_dir="/no/such").refusal(SERVES)
    assert made(strategy="command", command=("true",)).preview(SERVES)[0].startswith("runs /")
    assert "secret" not in repr(made(strategy="panel").preview(SERVES))


# -- command


def script(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "do.py"
    path.write_text(text)
    return (sys.executable, str(path))


def run(folder: Path, text: str, limit_s: float = 20.0, cancelled: threading.Event | None = None) -> str:
    log = folder / "command.log"
    run_command(script(folder, text), folder, limit_s, log, cancelled or threading.Event())
    return log.read_text()


def test_a_command_runs_without_shell_input_or_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "canary")
    told = run(
        tmp_path,
        "import json, os, sys\n"
        "print(json.dumps([os.getcwd(), dict(os.environ), sys.stdin.read(), os.getsid(0) == os.getpid()]))\n",
    )
    folder, environment, given, leads = json.loads(told)
    assert folder == str(tmp_path) and given == "" and leads
    assert "canary" not in told
    assert all(name in KEPT or name.startswith("LC_") for name in environment)
    assert stat.S_IMODE((tmp_path / "command.log").stat().st_mode) == 0o600


def test_a_command_that_fails_says_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"exit code 3.*It said: unit timmy\.service not found"):
        run(tmp_path, "print('unit timmy.service not found\\x1b[2J'); raise SystemExit(3)")


def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has not ended within 0 s, and was ended"):
        run(tmp_path, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n", limit_s=0.4)
    pid = int((tmp_path / "command.log").read_text())
    assert not psutil.pid_exists(pid)


def test_a_command_that_ignores_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.control.command.GRACE_S", 0.3)
    with pytest.raises(Refused, match="was ended"):
        run(
            tmp_path,
            "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "print(os.getpid(), flush=True)\ntime.sleep(600)\n",
            limit_s=0.6,
        )
    assert not psutil.pid_exists(int((tmp_path / "command.log").read_text()))


def test_a_command_is_cancelled_at_once(tmp_path: Path) -> None:
    cancelled = threading.Event()
    log = tmp_path / "command.log"
    cancel_when(cancelled, lambda: log.exists() and log.read_text())
    with pytest.raises(Refused, match="not waited for"):
        run(tmp_path, "import time\nprint('here', flush=True)\ntime.sleep(600)\n", 600.0, cancelled)


def test_the_service_that_a_command_leaves_behind_is_not_waited_for_and_not_killed(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(left.pid)\n",
    )
    pid = int(told)
    assert psutil.pid_exists(pid)
    os.kill(pid, signal.SIGKILL)


def test_a_command_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not a program"):
        run_command(("no-such-thing-7",), tmp_path, 1.0, tmp_path / "log", threading.Event())


def test_a_command_restarts_the_real_thing(tmp_path: Path, go_on: threading.Event) -> None:
    with RealV34(tmp_path / "timmy") as v34:
        old = who_serves(v34.port)
        text = (
            "import os, signal, subprocess, sys\n"
            f"os.killpg({v34._started[0].pid}, signal.SIGTERM)\n"
            f"log = open({str(v34.log)!r}, 'ab')\n"
            f"subprocess.Popen([{sys.executable!r}, 'app.py', '--debug'], cwd={str(v34.folder)!r}, stdout=log,\n"
            "                 stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)\n"
        )
        way = Command(script(tmp_path, text), tmp_path, 20.0, tmp_path / "command.log")
        assert way.refusal(old) == ""
        way.restart(old, (), go_on)
        new = until(lambda: found if (found := who_serves(v34.port)).listeners else None)
        assert new.listeners[0].identity != old.listeners[0].identity
        until(lambda: ask(v34.url, 2.0) is Answer.ANSWERS)
        os.killpg(psutil.Process(new.listeners[0].pid).ppid(), signal.SIGKILL)


# -- panel


@pytest.fixture
def panel() -> Iterator[FakePanel]:
    panel = FakePanel()
    yield panel
    panel.close()


def test_the_panel_stops_and_starts_the_real_thing(tmp_path: Path, go_on: threading.Event) -> None:
    with RealV34(tmp_path) as v34:
        panel = FakePanel(v34)
        try:
            old = who_serves(v34.port)
            way = ByPanel(Panel(panel.url, panel.url), v34.folder)
            assert way.refusal(old) == "" and "pkill -9 -f app.py" in way.preview(old)[1]
            assert way.restart(old, (v34.config,), go_on) == "the panel has started it"
            new = until(lambda: found if (found := who_serves(v34.port)).listeners else None)
            assert len(new.listeners) == 1 and new.listeners[0].identity != old.listeners[0].identity
            assert [path for _, path in panel.asked] == ["/api/services", "/api/stop/v34", "/api/start/v34"]
        finally:
            panel.close()


def test_a_panel_that_did_not_start_v34_would_start_a_second_one(panel: FakePanel, tmp_path: Path) -> None:
    panel.knows = False
    way = ByPanel(Panel(panel.url, panel.url), tmp_path)
    assert "second one" in way.refusal(SERVES)
    assert way.refusal(NOBODY) == ""


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, b'{"success": false, "error": "Service not running"}', "Service not running"),
        (200, b'{"success": false, "error": "\\u001b]0;title"}', "did not stop"),
        (200, b'{"success": false}', "no reason given"),
        (200, b'{"success": "yes"}', "did not stop"),
        (200, b'{"pid": 4}', "did not stop"),
        (200, b"[]", "not an object"),
        (200, b"<html>hello</html>", "not JSON"),
        (200, b'{"success": tr', "not JSON"),
        (200, b'{"success": true, "x": "' + b"x" * 70_000 + b'"}', "more than 64 KiB"),
        (500, b"oops", "status 500"),
        (302, b"moved", "status 302"),
    ],
)
def test_every_other_answer_of_the_panel_is_a_word_and_nothing_is_started(
    panel: FakePanel, tmp_path: Path, go_on: threading.Event, status: int, body: bytes, why: str
) -> None:
    panel.answers["/api/stop/v34"] = (status, body, 0.0)
    panel.headers["Location"] = f"{panel.url}/api/start/v34" if status == 302 else ""
    way = ByPanel(Panel(panel.url, panel.url), tmp_path)
    with pytest.raises(RestartFailed) as failed:
        way.restart(SERVES, (), go_on)
    assert why in failed.value.message and "\x1b" not in failed.value.message
    assert [path for _, path in panel.asked] == ["/api/stop/v34"]


def test_a_panel_that_says_stopped_while_the_old_one_lives_starts_nothing(
    panel: FakePanel, tmp_path: Path, go_on: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.control.strategies.PANEL_STOP_S", 0.3)
    with RealV34(tmp_path) as v34:
        way = ByPanel(Panel(panel.url, panel.url), v34.folder)
        with pytest.raises(RestartFailed, match="still runs"):
            way.restart(who_serves(v34.port), (), go_on)
        assert [path for _, path in panel.asked] == ["/api/stop/v34"]


def test_a_panel_that_is_not_there_or_says_nothing_of_v34_is_refused(panel: FakePanel, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert "refused" in ByPanel(Panel(nowhere, nowhere), tmp_path).refusal(SERVES).lower()
    panel.answers["/api/services"] = (200, b'{"tts": {"running": true}}', 0.0)
    assert "says nothing of v34" in ByPanel(Panel(panel.url, panel.url), tmp_path).refusal(SERVES)


def test_a_slow_panel_does_not_hold_whoever_waits(
    panel: FakePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.control.panel.LOOK_S", 0.3)
    panel.answers["/api/services"] = (200, b"", 60.0)
    said = ByPanel(Panel(panel.url, panel.url), tmp_path).refusal(SERVES)
    assert "does not answer within" in said or "no answer in time" in said
    cancelled = threading.Event()
    panel.answers["/api/stop/v34"] = (200, b"", 60.0)
    cancel_when(cancelled, lambda: ("POST", "/api/stop/v34") in panel.asked)
    with pytest.raises(RestartFailed, match="Not waited for"):
        ByPanel(Panel(panel.url, panel.url), tmp_path).restart(SERVES, (), cancelled)


def test_nothing_else_of_the_panel_is_ever_called() -> None:
    import timmy_tui.control.panel as room

    source = Path(room.__file__).read_text()
    calls = {line.split("/api/")[1].split('"')[0] for line in source.splitlines() if '"/api/' in line}
    assert calls <= {"services", "{what}/v34"}
    assert shutil.which("pkill") is None or "pkill" not in source
