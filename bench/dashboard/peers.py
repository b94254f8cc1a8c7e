"""The programs with which timmy_tui is compared."""

import shutil
import sys
import textwrap
from pathlib import Path

PYTHON = sys.executable
TIMMY = [PYTHON, "-m", "timmy_tui"]

MINIMAL_APP = textwrap.dedent(
    """
    from textual.app import App, ComposeResult
    from textual.widgets import Static
    class Minimal(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("FIRST FRAME")
            yield Static("", id="clock")
        def on_mount(self) -> None:
            self.seconds = 0
            self.set_interval(1, self.tick)
        def tick(self) -> None:
            self.seconds += 1
            self.query_one("#clock", Static).update(str(self.seconds))
    Minimal().run()
    """
)
"""A minimal Textual app: one text and a clock."""

JSON_LOOP = textwrap.dedent(
    """
    import json, sys, collections
    requests = collections.defaultdict(list)
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            line = line.strip()
            if line:
                entry = json.loads(line)
                requests[entry["request_id"]].append(entry)
    rows = []
    for name, events in requests.items():
        events = sorted(events, key=lambda event: event["timestamp"])
        timeline = [{key: event[key] for key in ("timestamp", "service", "event", "metadata")} for event in events]
        deltas = {}
        for before, after in zip(timeline, timeline[1:]):
            deltas[before["event"] + " → " + after["event"]] = after["timestamp"] - before["timestamp"]
        rows.append((timeline, deltas))
    print(len(rows))
    """
)
"""The method of upstream's analyze_latency.py: each line into a dict of lists, then timelines and deltas."""

DECODE_LOOP = textwrap.dedent(
    """
    import sys
    import msgspec
    from timmy_tui.model.turn import Event
    decode = msgspec.json.Decoder(Event).decode
    with open(sys.argv[1], "rb") as log:
        count = sum(1 for line in log if decode(line))
    print(count)
    """
)
"""The lower bound: each line is decoded and dropped."""

FRAME = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from timmy_tui.analysis.frame import TurnFrame
    from timmy_tui.turns.ingest import Ingest
    ingest, frame, rest = Ingest(60.0, keep_events=False), TurnFrame(), b""
    with open(sys.argv[1], "rb") as log:
        while chunk := log.read(1 << 18):
            lines = (rest + chunk).split(b"\\n")
            rest = lines.pop()
            for turn in ingest.feed("latency", lines):
                frame.put(turn)
    print(len(frame.data()))
    """
)
"""timmy_tui: each line into turns with ledgers, and the turns into the pandas frame."""


def lnav() -> list[str] | None:
    """The command lnav, or None if it is not installed."""
    path = shutil.which("lnav")
    return [path] if path else None


def make_root(folder: Path) -> Path:
    """Create the folders and the config of an installation without logs."""
    (folder / "v34").mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "v34/config.py").write_text("USE_FULL_MEGA_PROMPT = True\n")
    return folder
