"""Which system a call watches where names, settings and logs differ: nothing is dropped without a word."""

import json
import os
from pathlib import Path

import pytest

from tests.profiles.test_choice import DATA, V2, call
from tests.profiles.worlds import PROFILE, whole_turn
from tests.started import run_python
from timmy_tui.profiles.choice import recognized

SHOW = """
import os, sys
from timmy_tui.profiles.choice import choose_for, chosen, source
rest = choose_for(sys.argv[1:], os.environ)
print(chosen().profile.name if chosen() else "v34", source().name if source() else "-", " ".join(rest))
print(os.environ.get("TIMMY_TUI_PROFILE", "-"), os.environ.get("TIMMY_TUI_SOURCE", "-"))
"""


def choose(home: Path, *arguments: str, **more: str) -> tuple[str, str]:
    """The system with its source and the rest of the call; what a process that this one starts would be told."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TIMMY_TUI", "XDG"))}
    done = run_python(["-c", SHOW, *arguments], environment | {"HOME": str(home), **more}, home)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    return first, second


def own_profile(home: Path, name: str = "box", detect: str = "") -> Path:
    folder = home / ".config/timmy_tui/profiles"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    text = PROFILE.replace('name = "box"', f'name = "{name}"')
    path.write_text(text.replace('event = "event"', f'event = "event"\ndetect = {json.dumps(detect)}'))
    return path


def settings(home: Path, **system: str) -> Path:
    folder = home / ".config/timmy_tui"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.toml"
    path.write_text("[system]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in system.items()))
    path.chmod(0o600)
    return path


def box_log(home: Path, name: str = "box.log") -> Path:
    log = home / name
    log.write_bytes(
        b"\n".join(one for number in range(3) for one in whole_turn(1e9 + 60 * number, f"t{number}")) + b"\n"
    )
    return log


@pytest.mark.parametrize("arguments", [("report",), ("report", "--log", "x.log"), ("status",)])
def test_a_profile_with_the_name_of_little_timmy_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It would be read as that one, with its services and its switches."""
    own = own_profile(tmp_path, "v34")
    done = call(tmp_path, *arguments, "--profile", str(own), "--source", str(box_log(tmp_path)))
    assert done.returncode == 1
    assert "v34 is Little Timmy, which is read without a profile" in done.stderr


def test_a_profile_with_that_name_recognizes_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    own_profile(tmp_path, "v34", '"event": "heard"')
    assert recognized(box_log(tmp_path)) is None
    own_profile(tmp_path, "box", '"event": "heard"')
    found = recognized(box_log(tmp_path))
    assert found is not None and found.profile.name == "box"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--profile", "v34", "--source", "x.log"), "--source is for a profile"),
        (("--source", "x.log"), "no profile is named"),
        (("--source", "x.log", "--log", str(DATA / "latency.log")), "no profile is named"),
    ],
)
def test_a_source_that_nothing_reads_is_said(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = call(tmp_path, "report", *arguments)
    assert done.returncode == 1
    assert said in done.stderr


def test_the_profile_of_the_settings_reads_a_log_that_nothing_recognizes(tmp_path: Path) -> None:
    own_profile(tmp_path)
    settings(tmp_path, profile="box", source="usual.log")
    log = box_log(tmp_path)
    assert choose(tmp_path, "report", "--log", str(log))[0] == f"box {log} report --log {log}"
    assert choose(tmp_path, "report")[0] == "box usual.log report"
    # What a log shows is surer: of another profile, and of Little Timmy.
    assert choose(tmp_path, "report", f"--log={V2}")[0].startswith(f"little-timmy-v2 {V2} ")
    assert choose(tmp_path, "report", "--log", str(DATA / "latency.log"))[0].startswith("v34 - ")
    assert choose(tmp_path, "report", "--log", str(DATA / "v34.log"))[0].startswith("v34 - ")
    # An export of turns, a folder, what does not exist: nothing is known of them.
    (tmp_path / "turns.parquet").write_bytes(b"PAR1 and more")
    for name in ("turns.parquet", ".", "none.log"):
        assert choose(tmp_path, "report", "--log", name)[0].startswith("v34 - "), name


SECRET = "http://me:secret@127.0.0.1:1/turns"


def test_what_stands_in_the_settings_is_in_no_environment(tmp_path: Path) -> None:
    """A process that this one starts reads the same settings."""
    own_profile(tmp_path)
    settings(tmp_path, profile="box", source=SECRET)
    assert choose(tmp_path, "report") == (f"box {SECRET} report", "- -")
    elsewhere = settings(tmp_path, profile="box", source=SECRET).rename(tmp_path / "other.toml")
    assert choose(tmp_path, "report", f"--settings={elsewhere}")[1] == "- -"


def test_what_the_call_says_is_passed_on(tmp_path: Path) -> None:
    own = own_profile(tmp_path)
    assert choose(tmp_path, "report", "--profile", "box", "--source", "x.log")[1] == f"{own} x.log"
    settings(tmp_path, profile="box", source=SECRET)
    assert choose(tmp_path, "report", "--source", "x.log") == ("box x.log report", "- x.log")
    assert choose(tmp_path, "report", TIMMY_TUI_SOURCE="x.log")[0] == "box x.log report"


def test_each_line_of_a_logs_beginning_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``^`` and ``$`` are those of a line, wherever it stands among the first ones."""
    monkeypatch.setenv("HOME", str(tmp_path))
    own_profile(tmp_path, "box", r'^\{"t": \d+[.\d]*, "id": "t0".*\}$')
    log = box_log(tmp_path)
    first = log.read_bytes()
    for before in (b"", b"a banner\n", b"\n" * 50, b"x" * 4000 + b"\n"):
        log.write_bytes(before + first)
        found = recognized(log)
        assert found is not None and found.profile.name == "box", before
    log.write_bytes(b"> " + first.replace(b"\n", b"\n> "))
    assert recognized(log) is None


def test_a_rotated_pipecat_log_that_begins_with_another_line_is_recognized(tmp_path: Path) -> None:
    log = tmp_path / "pipecat.log"
    log.write_bytes(b"Traceback of the last run\n" + (DATA / "profiles/pipecat/text/pipecat.log").read_bytes())
    found = recognized(log)
    assert found is not None and found.profile.name == "pipecat-log"


@pytest.mark.parametrize("arguments", [("status",), ("report",), ("watch", "--for", "1"), ("doctor",)])
def test_a_profile_whose_log_nobody_names_is_said_to_have_none(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Also where a Little Timmy stands in the folder: its log is not that of the profile."""
    for name in ("latency.log", "v34.log"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    done = call(tmp_path, *arguments, "--profile", str(own_profile(tmp_path, "box")))
    said = done.stdout + done.stderr
    assert "the profile does not say where its lo" in said and "no Timmy" not in said and "V2V" not in said


def test_watch_asks_no_service_of_little_timmy_where_another_system_is_watched(tmp_path: Path) -> None:
    log = box_log(tmp_path)
    own = own_profile(tmp_path, "box")
    done = call(tmp_path, "watch", "--json", "--for", "3", "--profile", str(own), "--source", str(log))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["name"] for one in told if one["event"] == "source"} == {"box.log"}
