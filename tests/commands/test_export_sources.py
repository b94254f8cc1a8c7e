"""Where ``timmy-tui export`` gets its turns, and what it refuses rather than writing files that lack some."""

import sqlite3
from pathlib import Path

import pytest

from tests.commands.reporting import DATA, LATENCY, V34, run
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from timmy_tui.commands import export as command
from timmy_tui.core import machine_name
from timmy_tui.core.errors import HistoryError
from timmy_tui.model.endings import ERROR_REPORTED
from timmy_tui.storage.parquet.files import read_head

pytestmark = pytest.mark.timeout(120)
LOGS = ("--log", LATENCY, "--log", V34)


@pytest.fixture
def timmy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TimmyFolder:
    folder = make_timmy(tmp_path)
    for name, value in folder.environment.items():
        monkeypatch.setenv(name, value)
    return folder


def export(timmy: TimmyFolder, *arguments: str | Path) -> None:
    """In this process; raises what the command's line is made of."""
    command.export.main(["--root", str(timmy.root), *map(str, arguments)], standalone_mode=False)


def test_a_history_that_stays_locked_ends_the_command_and_nothing_is_written(
    timmy: TimmyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ("--parquet", tmp_path / "turns", "--csv", tmp_path / "turns.csv")
    export(timmy, *target)
    before = {path: path.read_bytes() for path in tmp_path.rglob("turns*/*/*.parquet")}
    (tmp_path / "turns.csv").unlink()
    monkeypatch.setattr(command, "HISTORY_WAIT_S", 0.05)
    other = sqlite3.connect(timmy.state / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match="locked") as caught:
        export(timmy, *target)
    assert "Nothing was exported" in caught.value.hint and not (tmp_path / "turns.csv").exists()
    assert {path: path.read_bytes() for path in tmp_path.rglob("turns*/*/*.parquet")} == before
    other.execute("ROLLBACK")
    other.close()
    export(timmy, *target)
    assert (tmp_path / "turns.csv").exists()


def test_a_history_of_a_newer_version_ends_the_command_and_without_one_the_logs_are_exported(
    timmy: TimmyFolder, tmp_path: Path
) -> None:
    timmy.state.mkdir(parents=True)
    database = sqlite3.connect(timmy.state / "history.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    said = run("export", "--root", timmy.root, "--csv", "-", code=1)
    assert "newer version" in said and "Nothing was exported" in said
    timmy.settings.write_text("[history]\nenabled = false\n")
    assert len(run("export", "--root", timmy.root, "--csv", "-").splitlines()) > 24


def test_two_formats_are_not_mixed_in_one_stream() -> None:
    assert "Only one format" in run("export", *LOGS, "--csv", "-", "--jsonl", "-", code=2)


def test_a_file_that_exists_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "turns.csv").write_text("mine")
    said = run("export", *LOGS, "--csv", tmp_path / "turns.csv", code=1)
    assert said.startswith(f"timmy-tui: Export: {tmp_path}/turns.csv exists already")


def test_what_reads_logs_alone_does_not_take_parquet_for_an_empty_log(timmy: TimmyFolder, tmp_path: Path) -> None:
    run("export", *LOGS, "--machine", "a", "--parquet", tmp_path / "turns")
    (path,) = (tmp_path / "turns").glob("*/*.parquet")
    for words in (("history", "--import"), ("mark", "3", "bad", "--yes")):
        assert "is a Parquet file" in run(*words, "--root", timmy.root, "--log", path, code=1)
        assert "is a directory" in run(*words, "--root", timmy.root, "--log", tmp_path / "turns", code=1)


def test_another_machine_with_the_same_name_and_path_is_refused(
    timmy: TimmyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ("--machine", "pi", "--parquet", tmp_path / "turns")
    hashes = []
    for machine, text in (("one", "4c4c4544\n"), ("two", "8d8d8544\n")):
        (tmp_path / machine).write_text(text)
        monkeypatch.setattr(machine_name, "ID_FILES", (tmp_path / "missing", tmp_path / machine))
        if machine == "one":
            export(timmy, *target)
            export(timmy, *target)
        else:
            with pytest.raises(Exception, match="another Timmy"):
                export(timmy, *target)
        hashes.append(machine_name.hash_on_machine(str(timmy.root)))
    heads = [read_head(path) for path in (tmp_path / "turns").glob("*/*.parquet")]
    assert {head.origin.timmy for head in heads if head is not None} == {hashes[0]}
    assert len({*hashes, machine_name.hash_anywhere(str(timmy.root))}) == 3
    assert all("4c4c" not in one and len(one) == 12 for one in hashes)


def test_a_new_name_for_the_same_timmy_is_refused(timmy: TimmyFolder, tmp_path: Path) -> None:
    export(timmy, "--machine", "old", "--parquet", tmp_path / "turns")
    said = run("export", "--root", timmy.root, "--machine", "new", "--parquet", tmp_path / "turns", code=1)
    assert "under the name old" in said and "--machine old" in said
    assert {path.stem for path in (tmp_path / "turns").glob("*/*.parquet")} == {"old"}


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("pipecat/text/pipecat.log", "OLLamaLLMService#2 exception"),
        ("home-assistant/runs.jsonl", "speech-to-text failed"),
    ],
)
def test_what_another_systems_error_says_leaves_in_no_format(tmp_path: Path, log: str, said: str) -> None:
    """Its text is foreign from the first word on."""
    text = (DATA / "profiles" / log).read_text()
    assert said in text
    source = tmp_path / Path(log).name
    source.write_text(text.replace(said, "xyzzy what was said"))
    to = [tmp_path / name for name in ("turns", "t.csv", "t.jsonl")]
    run("export", "--log", source, "--parquet", to[0], "--csv", to[1], "--jsonl", to[2])
    for path in (*to[0].glob("*/*.parquet"), *to[1:]):
        data = path.read_bytes()
        assert b"xyzzy" not in data and b"what was said" not in data, path
        assert ERROR_REPORTED.encode() in data and b"failed" in data
