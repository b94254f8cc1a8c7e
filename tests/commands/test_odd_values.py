"""One odd line or value costs that line or value, in every command that reads logs, and the count says why."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.commands.reporting import LATENCY, V34, run
from timmy_tui.core.settings import TailSettings
from timmy_tui.pipeline.read_logs import LogReading, named_logs, read_logs

DEEP = b'{"timestamp": 1764350005.1, "request_id": "deepdeep", "event": "v34_x", "metadata": {"a": %s}}\n' % (
    b"[" * 1000 + b"]" * 1000
)
TOO_DEEP = "nested more than 200 levels deep"
COMMANDS = ("report", "status", "regressions", "explain 1", "criteria", "compare last:3 turns:1-3", "report --json")


def with_one(pattern: bytes, replacement: Callable[[re.Match[bytes]], bytes], path: Path) -> bytes:
    data = path.read_bytes()
    changed = re.sub(pattern, replacement, data, count=1)
    assert changed != data
    return changed


def with_figure(figure: bytes, match: re.Match[bytes]) -> bytes:
    return match[1] + figure + match[2]


def read(*paths: Path) -> LogReading:
    return read_logs(named_logs(paths), TailSettings())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_line_that_is_too_deep_changes_nothing_else(command: str, tmp_path: Path) -> None:
    lines = LATENCY.read_bytes().splitlines(keepends=True)
    (tmp_path / "latency.log").write_bytes(b"".join([*lines[:60], DEEP, *lines[60:]]))
    options = command.split(" ")
    printed = run(*options, "--log", tmp_path / "latency.log")
    expected = run(*options, "--log", LATENCY)
    if command == "report":
        assert f"not parsed: {TOO_DEEP} × 1" in printed
    if command == "report --json":
        assert json.loads(printed)["unparsed"] == {TOO_DEEP: 1}
        assert json.loads(printed)["turns"] == json.loads(expected)["turns"]
    if command in ("regressions", "explain 1", "compare last:3 turns:1-3"):
        assert printed == expected


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 309, "9" * 5000, '"\\ud800"'])
def test_an_odd_figure_is_unknown_and_its_event_is_there(odd: str, tmp_path: Path) -> None:
    path = tmp_path / "latency.log"
    key = b'"eval_duration_ms": '
    path.write_bytes(with_one(key + rb"[\d.]+", lambda match: key + odd.encode(), LATENCY))
    expected, reading = read(LATENCY), read(path)
    pairs = list(zip(expected.turns, reading.turns, strict=True))
    ((before, turn),) = [(before, turn) for before, turn in pairs if turn.decode_ms != before.decode_ms]
    assert turn.decode_ms is None and before.decode_ms is not None
    for name in ("headline_ms", "prefill_ms", "output_tokens", "unattributed_ms", "state"):
        assert getattr(turn, name) == getattr(before, name)
    assert reading.unparsed == {}


@pytest.mark.parametrize(
    ("pattern", "group"),
    [
        (rb"(took: )[\d.]+(s)", b"%s.01"),
        (rb"(user_message took: )[\d.]+(s)", b"%s"),
        (rb"(total=)[\d.]+(ms)", b"%s"),
        (rb"(importance=)\d+()", b"%s"),
        (rb"(200 \d+ )[\d.]+(\n)", b"%s.5"),
        (rb"(prompt_eval_count=)\d+()", b"%s"),
        (rb"(megaprompt \()\d+()", b"%s"),
        (rb"(prompt_eval=)\d+()", b"%s"),
        (rb"(num_ctx=)\d+()", b"%s"),
        (rb"(Retrieved )\d+()", b"%s"),
    ],
)
def test_a_figure_of_v34s_log_that_is_too_long_is_unknown(pattern: bytes, group: bytes, tmp_path: Path) -> None:
    path = tmp_path / "v34.log"
    for digits in (309, 5000):
        figure = group % (b"9" * digits)
        path.write_bytes(with_one(pattern, partial(with_figure, figure), V34))
        assert len(read(path).turns) == len(read(V34).turns)
    assert "9" * 30 not in run("report", "--log", path, "--csv")
