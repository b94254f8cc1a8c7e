"""A log without dates in the dashboard's pipeline: its end first, then the whole, then what comes; and once more."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROFILE = r"""
spec = 1
[profile]
name = "clock"
title = "Clock"
[source]
kind = "lines"
line = '^(?P<t>\d\d:\d\d:\d\d) (?P<text>.*)$'
[time]
field = "t"
format = "%H:%M:%S"
resolution_ms = 1000
[turn]
by = "order"
opens = ["heard"]
complete = ["sound"]
[[headline]]
span = "V2V"
lasts = ["sound.took"]
[[event]]
name = "heard"
match = "heard"
[[event]]
name = "sound"
match = 'sound (?P<took>\d+)'
[[stage]]
key = "all"
label = "ALL"
meaning = "all"
owner = "service"
lasts = ["sound.took"]
critical = true
"""
WATCH = """
import json, sys, threading
from timmy_tui.profiles.choice import choose_for
choose_for(sys.argv[2:], {})
from msgspec.structs import replace
from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.core.settings import Settings
from timmy_tui.pipeline.live_source import LiveSource, follow_logs
from timmy_tui.pipeline.thread import Pipeline
timmy = find_timmy(Place())
settings = replace(timmy.settings, tail=replace(timmy.settings.tail, head_kib=int(sys.argv[1])))
feeds, waker = follow_logs(settings, timmy.installation)
last, more = [], threading.Event()
def show(snapshot):
    starts = [turn.started for turn in snapshot.turns]
    if starts and [snapshot.preview, starts] != last[-1:]:
        last.append([snapshot.preview, starts])
        print(json.dumps([snapshot.preview, starts]), flush=True)
source = LiveSource(Pipeline(settings, feeds), waker=waker)
source.start(show)
sys.stdin.readline()
source.stop()
"""


def of_turn(at: float) -> list[bytes]:
    """The lines of a turn that began then, seconds since 1970, in UTC."""
    text = time.strftime("%H:%M:%S", time.gmtime(at))
    return [f"{text} heard".encode(), f"{text} sound 700".encode()]


@pytest.mark.parametrize("head_kib", [4, 4096], ids=["its end first", "at once"])
def test_the_dates_of_the_end_the_whole_and_what_comes(tmp_path: Path, head_kib: int) -> None:
    """The last write was on a day of the last week; what comes is of today, and stays so at the next start."""
    (tmp_path / "clock.toml").write_text(PROFILE)
    log = tmp_path / "clock.log"
    now = int(time.time())
    old = [float(now - 6 * 86_400 - 3_600 * hours) for hours in range(400, 0, -5)]
    padding = b"no stamp " + b"x" * 200
    log.write_bytes(b"\n".join(line for at in old for line in (*of_turn(at), padding)) + b"\n")
    os.utime(log, (old[-1], old[-1]))

    def watch(*come: float) -> list[tuple[bool, list[float]]]:
        """What is shown until the whole log is, and then the turns that come."""
        environment = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "TZ": "UTC"}
        arguments = [str(head_kib), "--profile", str(tmp_path / "clock.toml"), "--source", str(log)]
        watcher = subprocess.Popen(
            [sys.executable, "-c", WATCH, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        shown: list[tuple[bool, list[float]]] = []
        assert watcher.stdout is not None
        expected = len(old) + len(come)
        try:
            for text in watcher.stdout:
                shown.append(tuple(json.loads(text)))
                if not shown[-1][0] and come:
                    with log.open("ab") as file:
                        file.write(b"\n".join(line for at in come for line in of_turn(at)) + b"\n")
                    come = ()
                if not shown[-1][0] and len(shown[-1][1]) == expected:
                    return shown
        finally:
            watcher.communicate("\n", timeout=30)
        raise AssertionError(shown)

    first = watch(float(now))
    for preview, starts in first:
        assert starts[-1] in (old[-1], now), preview
    assert any(preview for preview, _ in first) == (head_kib == 4)
    assert first[-1][1] == [*old, now]
    old.append(float(now))
    assert watch()[-1][1] == old
