"""``timmy-tui screenshot``: the dashboard on the demo's logs, as an SVG file."""

import tempfile
import threading
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.commands.shared.options import takes
from timmy_tui.core.errors import ThemeError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.output import say
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.settings import Settings, View
from timmy_tui.model.snapshot import Snapshot

SIZES = {"80x24": (80, 24), "120x30": (120, 30), "200x50": (200, 50)}


class Conversation(Struct, frozen=True, kw_only=True):
    """Which conversation of the demo is shown."""

    turns: int
    scenario: str
    seed: int


class ScreenshotOptions(Conversation, frozen=True, kw_only=True):
    """The file, the size and theme of the screen, and the keys pressed first."""

    file: Path
    size: str
    theme: str
    keys: str


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--size", type=click.Choice(list(SIZES)), default="120x30", help="Columns × rows.")
@click.option("--theme", default="timmy-dark", help="Name of a theme.")
@click.option("--keys", default="", help="Keys to press first, separated by spaces: '2 down down'.")
@click.option("--turns", type=click.IntRange(1, 2000), default=60, help="Turns of the conversation.")
@click.option("--scenario", default="steady", help="As in `timmy-tui demo`.")
@click.option("--seed", type=int, default=0)
@takes(ScreenshotOptions)
def screenshot(options: ScreenshotOptions) -> None:
    """Write a picture of the dashboard, with a conversation of the demo, to FILE as SVG."""
    from timmy_tui.ui.application.screenshot import Picture
    from timmy_tui.ui.application.screenshot import screenshot as take_screenshot
    from timmy_tui.ui.exports.compact_svg import compact_svg
    from timmy_tui.ui.paint.themes import load_themes

    themes = load_themes()[0]
    if options.theme not in themes:
        raise ThemeError(f"There is no theme {clean(options.theme, 40)}; there are {', '.join(sorted(themes))}.")
    settings = Settings(view=View(theme=options.theme, title=False))
    size = SIZES[options.size]
    with tempfile.TemporaryDirectory() as folder:
        snapshot = snapshot_of_demo(Path(folder), settings, options)
    picture = take_screenshot(snapshot, Picture(size=size, settings=settings, keys=options.keys.split()))
    options.file.write_text(compact_svg(picture, size), encoding="utf-8")
    say(f"wrote {options.file}")


def snapshot_of_demo(root: Path, settings: Settings, conversation: Conversation) -> Snapshot:
    """The last snapshot of a pipeline that has read the whole conversation; its newest turn is in flight."""
    from timmy_tui.bootstrap.wiring import make_analyzer
    from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
    from timmy_tui.pipeline.live_source import LiveSource, play_logs
    from timmy_tui.pipeline.thread import Pipeline

    write_logs(root, ConversationPlan(conversation.turns, conversation.scenario, conversation.seed))
    latency = root / "shared/latency.log"
    _cut_last_turn(latency)
    feeds = play_logs([latency, root / "testing-interface/logs/v34.log"], None)
    source = LiveSource(Pipeline(settings, feeds, analyzer=make_analyzer(findings=settings.findings), replayed=True))
    complete = threading.Event()
    newest = [Snapshot()]

    def publish(snapshot: Snapshot) -> None:
        newest[0] = snapshot
        if all(state.detail == "replay ended" for state in snapshot.sources) and snapshot.open_turn is not None:
            complete.set()

    source.start(publish)
    complete.wait(30)
    source.stop()
    return _with_time_of_turn(newest[0])


def _with_time_of_turn(snapshot: Snapshot) -> Snapshot:
    """The snapshot as if taken while its turn was in flight: the stamps of the conversation are from another day."""
    open_turn = snapshot.open_turn
    if open_turn is None or open_turn.turn.started is None:
        return snapshot
    return replace(snapshot, taken=open_turn.turn.started + elapsed() - open_turn.since)


def _cut_last_turn(log: Path) -> None:
    """Cut the log after the last request to the model, so that the picture shows a turn in flight."""
    lines = log.read_bytes().splitlines(keepends=True)
    sent = [number for number, line in enumerate(lines) if b'"v34_ollama_sent"' in line]
    if sent:
        log.write_bytes(b"".join(lines[: sent[-1] + 1]))
