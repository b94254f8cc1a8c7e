"""v34's output can stand in several files: the dashboard follows the one that is written, also when that changes."""

from pathlib import Path

from tests.pipeline.conftest import Watch, following
from tests.sources.replay.saved import turn
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import Paths


def write(path: Path, request_id: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("".join(f"{line}\n" for line in turn(request_id)))


def test_turns_come_from_the_place_that_is_written_now(tmp_path: Path, watch: Watch) -> None:
    installation = installation_at(tmp_path, Paths())
    panel, app = installation.v34_logs
    for folder in (installation.latency_log.parent, panel.parent, app.parent):
        folder.mkdir(parents=True, exist_ok=True)
    write(panel, "aaaaaaaa")
    watcher = watch(following(installation))
    watcher.wait(lambda snapshot: [one.request_id for one in snapshot.turns] == ["aaaaaaaa"])
    write(app, "bbbbbbbb")
    snapshot = watcher.wait(lambda snapshot: [one.request_id for one in snapshot.turns] == ["aaaaaaaa", "bbbbbbbb"])
    assert {source.name for source in snapshot.sources} == {"latency.log", "v34.log"}
