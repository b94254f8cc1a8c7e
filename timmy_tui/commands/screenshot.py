"""``timmy-tui screenshot``: the dashboard on the demo's logs, as an SVG file."""

import re
import tempfile
import threading
import time
from pathlib import Path

import click
from msgspec.structs import replace

from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot

_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""The picture must not fetch anything when it is looked at; any monospace font will do."""

SIZES = {"80x24": (80, 24), "120x30": (120, 30), "200x50": (200, 50)}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--size", type=click.Choice(list(SIZES)), default="120x30", help="Columns × rows.")
@click.option("--keys", default="", help="Keys to press first, separated by spaces: '2 down down'.")
@click.option("--turns", type=click.IntRange(1, 2000), default=60, help="Turns of the conversation.")
@click.option("--scenario", default="steady", help="As in `timmy-tui demo`.")
@click.option("--seed", type=int, default=0)
def screenshot(file: Path, size: str, keys: str, turns: int, scenario: str, seed: int) -> None:
    """Draw the dashboard, on a conversation of the demo, into an SVG FILE."""
    from timmy_tui.ui.screenshot import screenshot as draw

    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        snapshot = snapshot_of_demo(Path(folder), settings, turns, scenario, seed)
    picture = draw(snapshot, SIZES[size], settings, keys.split())
    file.write_text(_FONTS.sub("", picture), encoding="utf-8")
    click.echo(f"wrote {file}")


def snapshot_of_demo(root: Path, settings: Settings, turns: int, scenario: str, seed: int) -> Snapshot:
    """The last snapshot of a pipeline that has read a whole conversation; its newest turn is still in flight."""
    from timmy_tui.bootstrap.wiring import make_analyst
    from timmy_tui.demo.generate import ConversationPlan, write_logs
    from timmy_tui.pipeline.live_source import LiveSource, play

    write_logs(root, ConversationPlan(turns, scenario, seed))
    latency = root / "shared/latency.log"
    _leave_last_turn_open(latency)
    source = LiveSource(
        settings, play([latency, root / "testing-interface/logs/v34.log"], None), analyst=make_analyst(), replayed=True
    )
    whole = threading.Event()
    newest = [Snapshot()]

    def publish(snapshot: Snapshot) -> None:
        newest[0] = snapshot
        if all(state.detail == "replay ended" for state in snapshot.sources) and snapshot.open_turn is not None:
            whole.set()

    source.start(publish)
    whole.wait(30)
    source.stop()
    return _as_it_was(newest[0])


def _as_it_was(snapshot: Snapshot) -> Snapshot:
    """Taken while the turn was in flight, so many seconds after it began: the conversation is of another day."""
    flight = snapshot.open_turn
    if flight is None or flight.turn.started is None:
        return snapshot
    return replace(snapshot, taken=flight.turn.started + time.monotonic() - flight.since)


def _leave_last_turn_open(log: Path) -> None:
    """Cut behind the last request to the model, so that the picture shows a turn in flight."""
    lines = log.read_bytes().splitlines(keepends=True)
    sent = [number for number, line in enumerate(lines) if b'"v34_ollama_sent"' in line]
    if sent:
        log.write_bytes(b"".join(lines[: sent[-1] + 1]))
