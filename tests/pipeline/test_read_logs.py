"""Logs that commands read whole: which files, of which format, and why one cannot be read."""

import os
from pathlib import Path

import pytest

from tests.sources.replay.saved import event, turn, write
from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import Paths, TailSettings
from timmy_tui.pipeline.live_source import play_logs
from timmy_tui.pipeline.read_logs import detect_format, logs_of, named_logs, read_logs


def test_files_that_cannot_be_read_are_explained(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        detect_format(tmp_path / "nothing")
    with pytest.raises(SourceError, match="is a directory, not a log"):
        detect_format(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SourceError, match="a FIFO"):
        play_logs([tmp_path / "fifo"], None)
    with pytest.raises(SourceError, match="cannot be read"):
        detect_format(tmp_path / "a\0b")


def test_logs_are_read_in_the_order_of_their_formats_whatever_the_order_of_their_names(tmp_path: Path) -> None:
    debug = write(tmp_path / "one.log", turn("aaaaaaaa"))
    latency = write(tmp_path / "two.log", [event(1000, "aaaaaaaa", "v34_webhook_received")])
    reading = read_logs(named_logs([debug, latency]), TailSettings())
    assert [source.name for source in reading.sources] == ["two.log", "one.log"]
    assert [(turn.request_id, turn.logs) for turn in reading.turns] == [("aaaaaaaa", "both")]


def test_an_installation_without_logs_names_both_places(tmp_path: Path) -> None:
    installation = installation_at(tmp_path, Paths(latency_log="a.log", v34_logs=("b.log", "c.log")))
    with pytest.raises(NotFound) as caught:
        logs_of(installation)
    assert caught.value.message == f"neither {tmp_path}/a.log nor {tmp_path}/b.log exists yet."
    (tmp_path / "b.log").touch()
    assert [(path.name, row.kind) for path, row in logs_of(installation)] == [("b.log", "v34")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_log_that_powershell_wrote_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "v34.log"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_text(mark + "".join(f"{line}\r\n" for line in ["first", *turn("aaaaaaaa")]), encoding=encoding)
    reading = read_logs(named_logs([path]), TailSettings())
    assert [turn.request_id for turn in reading.turns] == ["aaaaaaaa"]


def test_a_log_path_that_is_a_loop_of_links_is_named_with_its_reason(tmp_path: Path) -> None:
    installation = installation_at(tmp_path, Paths(latency_log="a.log", v34_logs=("b.log",)))
    (tmp_path / "a.log").symlink_to("a.log")
    (tmp_path / "b.log").symlink_to("c.log")
    with pytest.raises(SourceError, match="a.log cannot be read: Too many levels of symbolic links"):
        read_logs(logs_of(installation), TailSettings())
    assert installation.v34_log == tmp_path / "b.log"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("more", "read"), [(-1, 2), (0, 2), (1, 1)])
def test_a_line_end_of_two_bytes_is_no_part_of_a_line(tmp_path: Path, end: str, more: int, read: int) -> None:
    """The dashboard, which has its lines from the same splitter, counts the same."""
    first, second = (event(1000, name, "v34_webhook_received") for name in ("aaaaaaaa", "bbbbbbbb"))
    longest = first.replace("{", "{" + " " * (1024 + more - len(first)), 1)
    assert len(longest) == 1024 + more
    path = tmp_path / "latency.log"
    path.write_bytes(end.join([longest, second, "", "torn"]).encode())
    reading = read_logs(named_logs([path]), TailSettings(line_kib=1))
    (source,) = reading.sources
    assert (source.lines, source.dropped, len(reading.turns)) == (4, 2 - read, read)
    assert reading.unparsed.total() == 1
