"""Which system a process watches: each call in a process of its own, as its user makes it."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.started import run_python

DATA = Path(__file__).parents[1] / "data"
V2 = DATA / "profiles/little-timmy-v2/little_timmy.log"
JOURNAL = DATA / "profiles/little-timmy-v2/journal.json"


def call(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TIMMY_TUI", "XDG"))}
    environment |= {"HOME": str(home), "TZ": "America/New_York", **more}
    return run_python(["-m", "timmy_tui", *arguments], environment, home)


def stages(home: Path, *arguments: str, **more: str) -> set[str]:
    """Keys of the stages in a report."""
    done = call(home, "report", *arguments, "--json", **more)
    assert done.returncode == 0, done.stderr
    report: Mapping[str, list[Mapping[str, Mapping[str, object]]]] = json.loads(done.stdout)
    return set(report["turns"][0]["stages"])


def test_a_named_log_shows_whose_it_is(tmp_path: Path) -> None:
    assert {"endpoint", "llm_ft", "sentence"} < stages(tmp_path, "--log", str(V2))
    assert {"endpoint", "llm_ft", "sentence"} < stages(tmp_path, f"--log={JOURNAL}")
    assert {"endpointing", "llm", "tts"} < stages(tmp_path, "--log", str(DATA / "latency.log"))


def test_an_option_wins_over_what_the_log_shows(tmp_path: Path) -> None:
    done = call(tmp_path, "report", "--profile", "little-timmy-v2", "--log", str(DATA / "latency.log"))
    assert "no turns in these logs" in done.stdout


def test_a_log_of_another_program_is_read_as_v34s(tmp_path: Path) -> None:
    other = tmp_path / "syslog"
    other.write_text("Nov 26 10:00:00 box kernel: nothing of ours\n")
    assert "no turns in these logs" in call(tmp_path, "report", "--log", str(other)).stdout


def test_the_profile_of_the_settings_and_its_source(tmp_path: Path) -> None:
    folder = tmp_path / ".config/timmy_tui"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text(f'[system]\nprofile = "little-timmy-v2"\nsource = "{V2}"\n')
    assert {"endpoint", "llm_ft"} < stages(tmp_path)
    assert "V2V 2.12s" in call(tmp_path, "status").stdout
    assert {"endpointing", "llm"} < stages(tmp_path, "--log", str(DATA / "latency.log"))


def test_a_profile_of_ones_own_by_name_and_by_path(tmp_path: Path) -> None:
    folder = tmp_path / ".config/timmy_tui/profiles"
    folder.mkdir(parents=True)
    shipped = Path(__file__).parents[2] / "timmy_tui/profiles/shipped/little-timmy-v2.toml"
    text = shipped.read_text().replace('key = "queue"', 'key = "waiting"')
    (folder / "mine.toml").write_text(text.replace('name = "little-timmy-v2"', 'name = "mine"'))
    assert "waiting" in stages(tmp_path, "--profile", "mine", "--log", str(V2))
    assert "waiting" in stages(tmp_path, f"--profile={folder / 'mine.toml'}", "--log", str(V2))
    assert "waiting" in stages(tmp_path, "--log", str(V2), TIMMY_TUI_PROFILE="mine")
    assert "mine               Little Timmy v2" in call(tmp_path, "profile", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "--profile", "alexa"), "there is no profile 'alexa'"),
        (("report", "--profile"), "--profile needs a value"),
        (("report", "--profile", "none.toml"), "none.toml does not exist"),
        (("report", "--source", "x.log"), "no profile is named"),
        (("report", "--profile", "little-timmy-v2", "--source", "none.log"), "none.log"),
    ],
)
def test_a_wrong_choice_is_explained(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = call(tmp_path, *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_two_systems_never_mix_in_the_history(tmp_path: Path) -> None:
    """Both logs lie in one folder, as both systems may."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "v34").mkdir()
    (tmp_path / "v34/config.py").write_text("")
    (tmp_path / "shared/latency.log").write_bytes((DATA / "latency.log").read_bytes())
    own = tmp_path / "shared/little_timmy.log"
    own.write_bytes(V2.read_bytes())
    system = ("--profile", "little-timmy-v2", "--source", str(own))
    for arguments in ((), system):
        assert call(tmp_path, "report", "--root", str(tmp_path), *arguments).returncode == 0
    shown = ("history", "--turns", "--days", "36500", "--json")
    of_v34 = json.loads(call(tmp_path, *shown, "--root", str(tmp_path)).stdout)
    of_v2 = json.loads(call(tmp_path, *shown, *system).stdout)
    assert (len(of_v34["turns"]), len(of_v2["turns"])) == (14, 37)
    assert "14 turns" in call(tmp_path, "history", "--days", "36500", "--root", str(tmp_path)).stdout
    said = call(tmp_path, "history", "--days", "36500", *system).stdout
    assert "V2V p50" in said and "LLM p50" not in said


@pytest.mark.parametrize("command", [("regressions",), ("explain", "5"), ("compare", "turns:1-15", "turns:16-30")])
def test_every_conclusion_works_without_a_word_of_v34(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = call(tmp_path, *command, "--log", str(V2))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    for word in ("v34", "Ollama", "tail mode", "guide"):
        assert word not in done.stdout


@pytest.mark.parametrize("form", [(), ("--sessions",), ("--tail", "3")])
def test_no_report_has_a_word_of_v34(tmp_path: Path, form: tuple[str, ...]) -> None:
    done = call(tmp_path, "report", "--log", str(V2), *form)
    assert done.returncode == 0
    for word in ("v34", "Ollama", "tail mode", "context array", "guide"):
        assert word not in done.stdout, word


def test_a_log_without_dates_that_a_profile_is_named_for_gets_its_own_days(tmp_path: Path) -> None:
    """Not those of the usual log of that profile."""
    copy = tmp_path / "an old one.log"
    copy.write_bytes(V2.read_bytes())
    os.utime(copy, (1_700_000_000, 1_700_000_000))
    report = json.loads(call(tmp_path, "report", "--profile", "little-timmy-v2", "--log", str(copy), "--json").stdout)
    assert report["turns"][-1]["started"] == pytest.approx(1_700_000_000, abs=86_400)


def test_the_status_dates_the_end_of_a_long_log_without_dates_by_its_last_write(tmp_path: Path) -> None:
    """What it reads is the end alone: the days before are not in it."""
    log = tmp_path / "little_timmy.log"
    log.write_bytes(V2.read_bytes() * 8)
    midnight = datetime.now(ZoneInfo("America/New_York")).replace(hour=0, minute=0, second=50, microsecond=0)
    os.utime(log, (midnight.timestamp(), midnight.timestamp()))
    said = call(tmp_path, "status", "--profile", "little-timmy-v2", "--source", str(log)).stdout
    age, _, rest = said.partition("V2V ")
    assert rest.startswith("2.12s")
    assert not re.search(r"\dd", age), said


def test_what_a_process_starts_watches_the_same_system(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    shipped = Path(__file__).parents[2] / "timmy_tui/profiles/shipped/little-timmy-v2.toml"
    own.write_text(shipped.read_text())
    code = (
        "import os, sys; from timmy_tui.profiles.choice import choose_for; os.chdir(sys.argv[1])\n"
        "print(choose_for(['--profile', 'mine.toml', '--source', 'x.log', '--ascii'], os.environ))\n"
        "print(os.environ['TIMMY_TUI_PROFILE'], os.environ['TIMMY_TUI_SOURCE'])"
    )
    done = run_python(["-c", code, str(tmp_path)])
    assert done.stdout == f"['--ascii']\n{own} x.log\n"


@pytest.mark.parametrize(
    ("name", "log"), [("pipecat", "pipecat/tail.jsonl"), ("livekit", "livekit/session_report.json")]
)
@pytest.mark.parametrize("command", [("flip", "tail-mode", "on", "--yes"), ("flags",)])
def test_what_would_change_a_system_that_names_nothing_to_change_is_refused(
    tmp_path: Path, command: tuple[str, ...], name: str, log: str
) -> None:
    done = call(tmp_path, *command, "--profile", name, "--source", str(DATA / "profiles" / log))
    assert done.returncode == 1
    assert f"{command[0]} is for Little Timmy; " in done.stderr and "is only read." in done.stderr


def test_what_knows_the_code_of_little_timmy_is_refused_on_another_system(tmp_path: Path) -> None:
    done = call(tmp_path, "criteria", "--profile", "little-timmy-v2", "--source", str(V2))
    assert done.returncode == 1
    assert "criteria is for Little Timmy; Little Timmy v2 has nothing for it." in done.stderr


def test_the_doctor_looks_at_the_profile_and_its_log_alone(tmp_path: Path) -> None:
    done = call(tmp_path, "doctor", "--profile", "little-timmy-v2", "--source", str(V2))
    assert "little-timmy-v2: Little Timmy v2" in done.stdout
    assert "459 lines, 37 turns, 70% with a headline" in done.stdout
    for word in ("ollama", "v34", "tts", "clocks"):
        assert word not in done.stdout
    missing = call(tmp_path, "doctor", "--profile", "little-timmy-v2", "--source", str(tmp_path / "none.log"))
    assert missing.returncode == 1
    assert f"{tmp_path / 'none.log'} does not exist" in missing.stdout


def test_the_newest_entries_of_a_journal_can_begin_within_a_turn_and_a_whole_log_does_not(tmp_path: Path) -> None:
    """An end without its beginning is no turn of the first, and one of the second."""
    code = (
        "import json, sys; from timmy_tui.profiles.choice import choose_for, new_reading\n"
        "choose_for(['--profile', 'little-timmy-v2', '--source', sys.argv[1]], {})\n"
        "perf = next(line for line in open(sys.argv[2], 'rb') if b'[PERF] ' in line)\n"
        "print([len(new_reading(60.0, whole=whole).read_once([('log', [perf])])) for whole in (False, True)])"
    )
    for source, found in (("journal:little-timmy", "[0, 1]\n"), (str(JOURNAL), "[1, 1]\n")):
        done = run_python(["-c", code, source, str(JOURNAL)], {**os.environ, "HOME": str(tmp_path)})
        assert done.stdout == found
