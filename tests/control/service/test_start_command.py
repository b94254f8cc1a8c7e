"""The command that started v34: read while it lives, offered when it has died."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.control.services import RealV34, free_port
from tests.waiting import wait_for
from timmy_tui.control.edit.masking import MASK
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.control.service.start_command import CommandFile, StartCommand, command_of, script_of
from timmy_tui.control.service.watch import V34Watch

CANARY = "canary-of-the-environment"


@pytest.mark.parametrize(
    ("argv", "script"),
    [
        (["python", "app.py", "--debug"], "app.py"),
        (["/venv/bin/python", "/home/u/v34/app.py", "--debug"], "app.py"),
        (["python", "-u", "-X", "dev", "-W", "ignore", "app.py"], "app.py"),
        (["python", "-m", "flask", "run"], "-m flask"),
        (["python", "-c", "print()", "app.py"], ""),
        (["vim", "+3", "app.py"], "+3"),
        (["python"], ""),
        ([], ""),
    ],
)
def test_the_script_of_a_command_line(argv: list[str], script: str) -> None:
    assert script_of(argv) == script


def test_a_v34_started_as_its_user_types_it_is_a_reloaders_child(tmp_path: Path) -> None:
    """The child runs behind the full path of the interpreter; its parent is ``python``, as typed."""
    with RealV34(tmp_path) as v34:
        (one,) = wait_for(lambda: who_serves(v34.port).listeners)
        assert one.reloader is True and one.parent is not None
        assert psutil.Process(one.parent).cmdline() == ["python", "app.py", "--debug"]
        assert psutil.Process(one.pid).cmdline()[1:] == ["app.py", "--debug"]


def test_a_child_of_something_else_that_inherited_the_variable_is_no_reloaders(tmp_path: Path) -> None:
    """A terminal that was opened from v34 has the variable too; nothing restarts what is started there."""
    port = free_port()
    child = f"import socket\nheld = socket.create_server(('127.0.0.1', {port}))\ninput()"
    parent = [sys.executable, "-c", f"import subprocess, sys; subprocess.call([sys.executable, '-c', {child!r}])"]
    process = subprocess.Popen(
        parent, stdin=subprocess.PIPE, env={**os.environ, "WERKZEUG_RUN_MAIN": "true"}, cwd=tmp_path
    )
    try:
        (one,) = wait_for(lambda: who_serves(port).listeners)
        assert one.reloader is False
    finally:
        process.communicate(b"\n")


def test_the_command_that_ran_is_offered_by_the_next_program_after_its_death(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET_OF_V34", CANARY)
    root, control = tmp_path / "little timmy", tmp_path / "control"
    control.mkdir()
    with RealV34(root) as v34:
        usual = V34Watch(v34.url, v34.folder, control).start_hint
        assert usual == f"start it, for example: cd '{v34.folder}' && python app.py --debug"
        wait_for(lambda: who_serves(v34.port).listeners)
        living = V34Watch(v34.url, v34.folder, control)
        living.look()
        ran = f"cd '{v34.folder}' && {sys.executable} app.py --debug >> '{v34.log}' 2>&1"
        assert living.start_hint == f"start it again: {ran}"
        living.save_command()
    dead = V34Watch(v34.url, v34.folder, control)
    assert not dead.look().listeners
    assert dead.start_hint == f"start it again: {ran}"
    (kept,) = control.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert CANARY.encode() not in kept.read_bytes()


def test_the_command_of_another_copy_is_not_offered(tmp_path: Path) -> None:
    control, other = tmp_path / "control", tmp_path / "other" / "v34"
    control.mkdir()
    with RealV34(tmp_path / "timmy") as v34:
        wait_for(lambda: who_serves(v34.port).listeners)
        watch = V34Watch(v34.url, other, control)
        assert watch.look().listeners
        watch.save_command()
        assert watch.start_hint == f"start it, for example: cd {other} && python app.py --debug"
    assert not list(control.iterdir())


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Path]:
    """A script that runs until its standard input ends."""
    script = tmp_path / "app.py"
    script.write_text("import msgspec\nprint('up', flush=True)\ninput()\n")
    yield script


def test_the_arguments_are_kept_and_what_looks_like_a_secret_is_not(waiting: Path) -> None:
    arguments = ["--debug", "--token", "t0k3n", "--db-password=hunter2", "--port", "5000", "name with space"]
    process = subprocess.Popen(
        [sys.executable, waiting.name, *arguments], cwd=waiting.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        command = command_when_it_runs(process)
        kept = ["app.py", "--debug", "--token", MASK, f"--db-password={MASK}", "--port", "5000", "name with space"]
        assert list(command.argv[1:]) == kept
        assert command.shell_line.endswith("--port 5000 'name with space'")
    finally:
        process.communicate(b"\n")


def test_an_interpreter_found_in_another_path_is_that_of_its_virtual_environment(waiting: Path) -> None:
    """``python`` alone does not say which; the compiled packages that it has loaded do."""
    venv = Path(str(msgspec.__file__)).parents[4]
    if not (venv / "pyvenv.cfg").exists():
        pytest.skip("the tests run without a virtual environment")
    environment = {**os.environ, "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        ["python", waiting.name], cwd=waiting.parent, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        command = command_when_it_runs(process)
        assert command.argv[0] == str(venv / "bin" / "python")
    finally:
        process.communicate(b"\n")


def test_an_interpreter_by_a_relative_path_is_made_absolute(waiting: Path) -> None:
    (waiting.parent / "bin").mkdir()
    (waiting.parent / "bin" / "py").symlink_to(sys.executable)
    process = subprocess.Popen(["bin/py", "-S", "-c", "input()"], cwd=waiting.parent, stdin=subprocess.PIPE)
    try:
        command = command_when_it_runs(process)
        assert command.argv[0] == f"{waiting.parent}/bin/py"
    finally:
        process.communicate(b"\n")


def command_when_it_runs(process: subprocess.Popen[bytes]) -> StartCommand:
    """Until it is another program, a new process has no command line."""
    command = wait_for(lambda: command_of(psutil.Process(process.pid)))
    assert command is not None
    return command


def outputs_of(stdout: int, stderr: int, folder: Path) -> tuple[str, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], cwd=folder, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr
    )
    try:
        command = command_when_it_runs(process)
        return command.output, command.errors
    finally:
        process.communicate(b"\n")


def test_only_a_file_that_is_still_there_is_named_as_the_output(tmp_path: Path) -> None:
    log = tmp_path / "v34.log"
    with log.open("ab") as file:
        assert outputs_of(file.fileno(), subprocess.DEVNULL, tmp_path) == (str(log), "")
        assert outputs_of(subprocess.DEVNULL, file.fileno(), tmp_path) == ("", str(log))
        log.unlink()
        assert outputs_of(file.fileno(), file.fileno(), tmp_path) == ("", "")
    assert outputs_of(subprocess.PIPE, subprocess.PIPE, tmp_path) == ("", "")
    terminal, other_end = pty.openpty()
    try:
        assert outputs_of(other_end, other_end, tmp_path) == ("", "")
    finally:
        os.close(terminal)
        os.close(other_end)


@pytest.mark.parametrize(
    ("output", "errors", "end"),
    [
        ("", "", "app.py"),
        ("/l/v34.log", "/l/v34.log", "app.py >> /l/v34.log 2>&1"),
        ("/l/a log", "", "app.py >> '/l/a log'"),
        ("", "/l/e", "app.py 2>> /l/e"),
        ("/l/o", "/l/e", "app.py >> /l/o 2>> /l/e"),
    ],
)
def test_where_the_output_went_is_part_of_the_line(output: str, errors: str, end: str) -> None:
    command = StartCommand(argv=("python", "app.py"), folder="/t", output=output, errors=errors)
    assert command.shell_line == f"cd /t && python {end}"


@pytest.mark.parametrize("kept", [b"", b"{", b'{"argv": 3, "folder": "/t"}', b"\xff", b'{"argv": ["python"]}'])
def test_a_damaged_file_is_as_none(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "v34-command.json"
    path.write_bytes(kept)
    assert CommandFile(path).read() is None
    CommandFile(path).save(StartCommand(argv=("python", "app.py"), folder="/t"))
    assert CommandFile(path).read() == StartCommand(argv=("python", "app.py"), folder="/t")


def test_a_folder_that_is_gone_keeps_nothing_and_stops_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "control"
    folder.write_text("a file")
    CommandFile(folder / "v34-command.json").save(StartCommand(argv=("python",), folder="/t"))
    assert CommandFile(folder / "v34-command.json").read() is None
