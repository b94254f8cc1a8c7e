"""Switches of Little Timmy v2 flipped from here, as its user does it: the commands, and the dashboard in a terminal."""

import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.control.switches.standin import DEFAULTS, Standin
from tests.profiles.test_choice import call
from tests.programs import needs
from tests.tmux_pane import Pane

SYSTEM = ("--profile", "little-timmy-v2")


class Home:
    """A home with a Little Timmy v2 in it: its log, its switches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file, self.log = folder / "little_timmy/data/lt_runtime_toggles.json", folder / "little_timmy.log"
        self.file.parent.mkdir(parents=True)
        self.file.write_text(json.dumps(DEFAULTS, indent=2))
        os.utime(self.file, (time.time() - 3600, time.time() - 3600))
        self._turns = 0
        self.log.write_text(f"{stamp(-300)} [timmy] INFO: === Little Timmy starting ===\n")

    @property
    def system(self) -> tuple[str, ...]:
        return (*SYSTEM, "--source", str(self.log))

    def turns(self, number: int, at: float) -> None:
        """More of them in the log, all within the second ``at`` from now.

        A flip from the shell has been looked at for two seconds when its command ends: a turn of then is behind it.
        """
        clock = stamp(at)
        with self.log.open("a") as log:
            for _ in range(number):
                self._turns += 1
                stt = 200 + self._turns
                log.write(f"{clock} [timmy] INFO: [DAN] Hello {self._turns}. (STT: {stt}ms, SPK: 40ms)\n")
                log.write(
                    f"{clock} [timmy] INFO: [PERF] endpoint=512ms queue=3ms spk=40ms stt={stt}ms retrieval=30ms "
                    f"build=5ms llm_ft=500ms llm=2000ms tts=800ms e2e=3000ms reply_lag={1390 + stt}ms "
                    "speech_to_reply=5000ms\n"
                )

    def run(self, *arguments: str, code: int = 0) -> str:
        """A command, and what it says."""
        done = call(self.folder, *arguments, *self.system)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout + done.stderr

    def values(self) -> dict[str, object]:
        held: dict[str, object] = json.loads(self.file.read_bytes())
        return held


def stamp(seconds: float) -> str:
    """As its log has it, so many seconds from now, where the tests' calls are at home."""
    there = ZoneInfo("America/New_York")
    return datetime.fromtimestamp(time.time() + seconds, there).strftime("%H:%M:%S")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TZ", "America/New_York")
    return Home(tmp_path / "home")


def test_from_the_shell_a_flip_is_made_begins_an_epoch_and_is_undone(home: Home) -> None:
    before = home.file.read_bytes()
    home.turns(5, at=-60)
    assert ["muted", "off", "off"] in [line.split() for line in home.run("flags").splitlines()]
    said = home.run("flip", "muted", "on", "--yes")
    assert '- "tts_muted": false' in said and "kept, the file says so" in said
    assert home.values() == {**DEFAULTS, "tts_muted": True}
    home.turns(3, at=0)
    report = home.run("report", "--sessions")
    assert "5 turns  restart\n" in report or "5 turns  first turn\n" in report
    assert "3 turns  muted off→on\n" in report
    assert "undo" in home.run("journal")
    home.run("undo", "--yes")
    assert home.file.read_bytes() == before
    home.turns(2, at=2)
    assert "2 turns  muted on→off\n" in home.run("report", "--sessions")
    assert "nothing" not in home.run("journal")


def test_a_named_log_tells_for_itself_alone(home: Home) -> None:
    home.turns(5, at=-60)
    home.run("flip", "muted", "on", "--yes")
    home.turns(3, at=0)
    done = call(home.folder, "report", "--log", str(home.log), "--sessions", *SYSTEM)
    assert "muted" not in done.stdout.split("not visible")[0]


def test_what_its_own_panel_flips_is_found_in_its_log(home: Home) -> None:
    home.turns(4, at=-60)
    with Standin(home.file, home.log) as v2:
        v2.set("tts_muted", True)
        v2.set("tts_muted", False)
    home.turns(3, at=0)
    home.run("flip", "muted", "on", "--yes")
    home.turns(2, at=0)
    report = home.run("report", "--sessions")
    assert "2 turns  muted off→on\n" in report and "flags of the newest" in report


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("flip", "model", "llama", "--yes"), "its panel stops and starts model servers with it"),
        (("flip", "idle-gate", "900", "--yes"), "it takes a number from 0 to 300"),
        (("restore-points", "list"), "restore-points is for Little Timmy; Little Timmy v2 has nothing for it."),
        (("trial", "start", "muted"), "trial is for Little Timmy"),
        (("undo", "--yes"), "there is no change to undo"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(home: Home, arguments: tuple[str, ...], said: str) -> None:
    answer = home.run(*arguments, code=1)
    assert said in answer and "v34" not in answer and "Traceback" not in answer
    assert home.values() == DEFAULTS


def test_the_settings_name_another_file(home: Home) -> None:
    folder = home.folder / ".config/timmy_tui"
    folder.mkdir(parents=True)
    own = home.folder / "own.json"
    own.write_text('{"tts_muted": false}')
    settings = folder / "settings.toml"
    settings.write_text('[system]\nprofile = "little-timmy-v2"\ncontrol_file = "~/own.json"\n')
    home.run("flip", "muted", "on", "--yes")
    assert own.read_text() == '{"tts_muted": true}' and home.values() == DEFAULTS
    settings.write_text('[system]\nprofile = "pipecat"\ncontrol_file = "~/own.json"\n')
    home.run("flip", "muted", "on", "--yes")
    assert own.read_text() == '{"tts_muted": true}' and home.values()["tts_muted"] is True
    settings.write_text('[system]\ncontrol_file = "own.json"\n')
    assert "control_file" in home.run("flip", "muted", "off", "--yes", code=1)


@needs("tmux")
def test_in_the_dashboard_a_flip_is_confirmed_shown_as_an_epoch_and_undone(home: Home, tmp_path: Path) -> None:
    before = home.file.read_bytes()
    home.turns(6, at=-60)
    command = [sys.executable, "-m", "timmy_tui", *home.system]
    environment = {"HOME": str(home.folder), "XDG_STATE_HOME": str(tmp_path / "state"), "TZ": "America/New_York"}
    with Pane(command, tmp_path, size=(150, 45), environment=environment) as pane:
        pane.until("6 turns")
        pane.press("5")
        pane.until("muted", "face authority", "its panel stops and starts")
        pane.press("Down")
        pane.press("Enter")
        asked = pane.until('- "tts_muted": false', '+ "tts_muted": true', "nothing restarts")
        assert "v34" not in asked
        pane.press("y")
        pane.until("kept, the file says so")
        assert home.values()["tts_muted"] is True
        home.turns(6, at=2)
        pane.until("verdict, muted off→on")
        pane.press("u")
        pane.until("byte for byte as before")
        pane.press("y")
        pane.until_ended("undo muted off→on", "done")
        assert home.file.read_bytes() == before
        text = pane.text()
        for word in ("v34", "Ollama", "tail mode", "restore point", "keep_alive"):
            assert word not in text, word
