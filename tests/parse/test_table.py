"""The table of log formats: what a file is, in which order logs are read, where an installation has them."""

from pathlib import Path

import pytest

from tests.sources.replay.saved import BEGIN, event, turn
from timmy_tui.core.installation import installation_at
from timmy_tui.core.settings import Paths
from timmy_tui.parse.table import FORMATS, detect, in_order, log_files


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (event(1, "a", "e").encode() + b"\n", "latency"),
        (b'torn "event"}\n' + event(1, "a", "e").encode() + b"\n", "latency"),
        (b"\0" * 5000 + event(1, "a", "e").encode(), "latency"),
        (b'{"request_id": "a", "event": "stt_pause_detected"}\n', "latency"),
        (b'{"name": "model output that is JSON"}\n' + BEGIN.encode(), "v34"),
        ("\n".join(turn("a")).encode(), "v34"),
        ("\n".join(turn("a")).encode() + b'\n*** Debug: Received user_message via webhook: {"timestamp": 1}\n', "v34"),
        ("\n".join(turn("a")).encode() + b"\n" + event(1, "a", "e").encode(), "v34"),
        (event(1, "a", "*** Debug: said").encode(), "latency"),
        (b'*** Debug: Received user_message via webhook: {"timestamp": 1, "event": "e"}\n', "v34"),
        (b"", "v34"),
        (b"\xff\xfe\x00garbage", "v34"),
    ],
)
def test_the_content_decides(content: bytes, kind: str) -> None:
    assert detect(content, "x.log").kind == kind


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"", "latency.log", "latency"),
        (b"", "latency.log.1", "latency"),
        (b"", "v34.log", "v34"),
        (b"", "anything", "v34"),
        ("\n".join(turn("a")).encode(), "latency.log", "v34"),
        (event(1, "a", "e").encode(), "v34.log", "latency"),
    ],
)
def test_the_name_decides_only_where_the_content_says_nothing(content: bytes, name: str, kind: str) -> None:
    assert detect(content, name).kind == kind


def test_the_latency_log_is_read_before_the_debug_log_that_tells_more_of_its_turns() -> None:
    assert [row.kind for row in in_order()] == ["latency", "v34"]
    assert all(kind == row.kind for kind, row in FORMATS.items())


def test_an_installation_says_where_each_log_is(tmp_path: Path) -> None:
    (tmp_path / "b.log").touch()
    installation = installation_at(tmp_path, Paths(latency_log="somewhere/x.log", v34_logs=("a.log", "b.log")))
    assert [(path, row.kind) for path, row in log_files(installation)] == [
        (tmp_path / "somewhere/x.log", "latency"),
        (tmp_path / "b.log", "v34"),
    ]
