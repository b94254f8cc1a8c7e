"""The four ways to restart: what each says before, does, and refuses."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.control.service.listeners import Listener, Serving
from timmy_tui.control.service.restart_command import find_program
from timmy_tui.control.service.restart_strategies import (
    STRATEGIES,
    ByPanel,
    Command,
    Manual,
    Reload,
    RestartFailed,
    StartedBy,
    Strategy,
    make_strategy,
)  # fmt: skip
from timmy_tui.control.service.start_command import CommandFile
from timmy_tui.core.errors import SettingsError
from timmy_tui.core.settings import Control, Services, Settings
from timmy_tui.sources.timmy import timmy_at

RUNNING = Serving(5000, (Listener(4711, 1.0, Path("/t/v34"), True, 4710, 0.5),))
NOT_RUNNING = Serving(5000)


# -- reload and manual


def test_reload_needs_nothing_but_the_edit(tmp_path: Path, never_cancelled: threading.Event) -> None:
    config = tmp_path / "config.py"
    config.write_text("A = 1\n")
    os.utime(config, (1000, 1000))
    strategy = Reload(config, 5.0)
    assert strategy.refusal(RUNNING) == "" and "restarts itself" in strategy.preview(RUNNING)[0]
    strategy.restart(RUNNING, (config,), never_cancelled)
    assert config.stat().st_mtime == 1000
    assert strategy.restart(RUNNING, (), never_cancelled) == "v34 restarts itself: config.py touched"
    assert config.stat().st_mtime > time.time() - 5 and config.read_text() == "A = 1\n"
    first = config.stat().st_mtime_ns
    strategy.restart(RUNNING, (), never_cancelled)
    assert config.stat().st_mtime_ns // 10**9 > first // 10**9


def test_reload_is_refused_without_a_reloader(tmp_path: Path) -> None:
    strategy = Reload(tmp_path / "config.py", 5.0)
    without = Serving(5000, (Listener(4711, 1.0, Path("/t/v34"), False),))
    unknown = Serving(5000, (Listener(4711, 1.0, None, None),))
    assert "does not restart itself" in strategy.refusal(without)
    assert strategy.refusal(unknown) == "" and "cannot be seen" in strategy.preview(unknown)[0]
    assert "not running" in strategy.preview(NOT_RUNNING)[0]
    with pytest.raises(RestartFailed):
        strategy.restart(RUNNING, (), threading.Event())


def test_a_restart_by_the_reloader_speaks_of_no_edit_where_no_file_is_changed(tmp_path: Path) -> None:
    """``no file is changed`` stood above ``v34 restarts itself when it sees the edit``: the file is only touched."""
    said = Reload(tmp_path / "config.py", 1.0).preview(RUNNING)
    assert said[0] == "v34 restarts itself when it sees a file's new time" and not any("edit" in text for text in said)


def test_the_manual_strategy_says_what_to_type(tmp_path: Path, never_cancelled: threading.Event) -> None:
    strategy = Manual(tmp_path, CommandFile(tmp_path / "none"))
    assert strategy.limit_s is None
    assert (
        strategy.restart(RUNNING, (), never_cancelled)
        == f"Ctrl+C in its terminal, then cd {tmp_path} && python app.py --debug"
    )
    assert strategy.restart(NOT_RUNNING, (), never_cancelled) == f"cd {tmp_path} && python app.py --debug"


def test_a_command_is_shown_with_the_place_of_its_program_and_all_its_arguments(tmp_path: Path) -> None:
    def preview(*argv: str) -> tuple[str, ...]:
        return Command(argv, tmp_path, 5.0, tmp_path / "log").preview(RUNNING)

    assert preview("no-such-thing-7", "restart", "v34") == (f"runs no-such-thing-7 restart v34 in {tmp_path}",)
    assert preview("no-such-thing-7") == (f"runs no-such-thing-7 in {tmp_path}",)
    assert preview("sh", "-c", "true") == (f"runs {find_program('sh')} -c true in {tmp_path}",)


def test_the_settings_name_the_strategy(tmp_path: Path) -> None:
    def made(**control: Any) -> Strategy:
        settings = Settings(control=Control(**control), services=Services(panel="http://me:secret@127.0.0.1:5555"))
        return make_strategy(timmy_at(tmp_path, settings, tmp_path))

    assert [made(strategy=name).name for name in ("reload", "panel", "command", "manual")] == [
        "reload", "panel", "command", "manual"
    ]  # fmt: skip
    assert "no control.command" in made(strategy="command").refusal(RUNNING)
    assert "not a program" in made(strategy="command", command=("no-such-thing-7",)).refusal(RUNNING)
    assert "not a folder" in made(strategy="command", command=("true",), command_dir="/no/such").refusal(RUNNING)
    assert made(strategy="command", command=("true",)).preview(RUNNING)[0].startswith("runs /")
    assert "secret" not in repr(made(strategy="panel").preview(RUNNING))
    with pytest.raises(SettingsError, match="Invalid enum value 'kill' - at `\\$.control.strategy`"):
        made(strategy="kill")


@pytest.mark.parametrize(
    ("strategy", "started_by", "gone_s"),
    [
        (Reload, StartedBy.RELOADER, 1.0),
        (Manual, StartedBy.USER, None),
        (Command, StartedBy.STRATEGY, 10.0),
        (ByPanel, StartedBy.STRATEGY, 10.0),
    ],
)
def test_each_says_who_starts_v34_and_when_its_absence_is_an_exit(
    strategy: type[Strategy], started_by: StartedBy, gone_s: float | None
) -> None:
    assert (strategy.started_by, strategy.gone_s) == (started_by, gone_s)


def test_a_name_that_is_not_in_the_table_is_refused_when_the_settings_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "timmy").mkdir()
    path = tmp_path / "settings.toml"
    place = Place(root=tmp_path / "timmy", settings_path=path)
    for name in STRATEGIES:
        path.write_text(f'[control]\nstrategy = "{name}"\n')
        path.chmod(0o600)
        assert find_timmy(place).settings.control.strategy == name
    path.write_text('[control]\nstrategy = "kill"\n')
    with pytest.raises(SettingsError) as caught:
        find_timmy(place)
    assert caught.value.message == f"{path}: Invalid enum value 'kill' - at `$.control.strategy`."
    assert caught.value.hint == "Known are reload, panel, command, manual."
