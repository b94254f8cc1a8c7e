"""Is a change of latency seen before it is read? Twelve kinds of log, with new seeds each time.

By heights, without eyes: a change is seen when the median height of its row's columns since it began differs from that
before by at least two steps; a row in which nothing changed is false when the same holds for it.

On Trends, as it opens at 120×30, the same is asked of the charts under the headline, in dots; and whether a level has
the colour of a change, in which direction, and from which turn on.

``python -m bench picture FOLDER [SEED]`` also draws one live screen and one of the trends of each kind, every letter
and digit masked, under names that tell nothing, for a reader who has not seen the seeds; ``truth.json`` beside them is
opened afterwards. They are SVG, and PNG where cairosvg or rsvg-convert is there.
"""

import html
import json
import random
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from bench.judgement.lines import log_lines
from bench.judgement.shapes import slowed
from bench.judgement.turns import Truth, make_turns
from timmy_tui.bootstrap.wiring import make_analyzer
from timmy_tui.core.settings import Settings
from timmy_tui.model.judgement import RATIO_KEYS
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.trend_history import HEADLINE
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder
from timmy_tui.ui.charts.ratio_row import height_of
from timmy_tui.ui.exports.trends import chart_svg
from timmy_tui.ui.paint.themes import DEFAULT, load_themes
from timmy_tui.ui.panels.against_usual import row_points
from timmy_tui.ui.panels.trends.levels import QUIET
from timmy_tui.ui.panels.trends.plot import series_of
from timmy_tui.ui.panels.trends.screen import LEAST_STRIP, Options, trend_lines
from timmy_tui.ui.panels.trends.series import companions
from timmy_tui.ui.panels.trends.window import trend_window
from timmy_tui.ui.view import View

TURNS = 90
LOGS = 8
"""Logs of each kind."""
COLUMNS = (24, 44, 60, 80)
STEPS = 2
TRENDS = (120, 3, 120)
"""Width of the screen, charts under the headline, turns in the chart: as Trends opens at 120×30."""
NEAR = 5
"""Turns."""
ROWS = tuple(key for key in RATIO_KEYS if key != "network")


class Kind(Struct, frozen=True):
    """What was done to a log."""

    name: str
    stage: str = ""
    """Key of the row that shows it; empty where nothing lasting was done."""
    factor: float = 1.0
    """For the unattributed time: ms."""
    ago: int = 30
    """Turns since it began; where nothing was done, where quiet rows are cut in two."""
    drift: int = 0
    once: bool = False
    """Only that turn."""
    restart: bool = False
    """A flip of tail mode at a restart."""


KINDS = (
    *(Kind(f"nothing {number}", ago=ago) for number, ago in enumerate((15, 25, 40), 1)),
    *(Kind(f"RAG ×1.8 {number}", "retrieve", 1.8, 25) for number in (1, 2)),
    *(Kind(f"LLM +25 % {number}", "llm", 1.25, 30) for number in (1, 2)),
    Kind("TTS +40 %", "tts", 1.4, 12),
    Kind("unnamed gap of 400 ms", "unattributed", 400.0, 20),
    Kind("LLM ×0.4, tail mode on at a restart", "llm", 0.4, 35, restart=True),
    Kind("one slow turn", "", 5.0, 5, once=True),
    Kind("store drifts to ×2", "store", 2.0, 45, drift=45),
)


def turns_of(kind: Kind, seed: int) -> list[Turn]:
    """A conversation in which that happened."""
    at = TURNS - kind.ago
    truth = Truth(stage=kind.stage, factor=kind.factor, at=at, drift=kind.drift) if kind.stage else None
    turns = make_turns(TURNS, seed, truth)
    if kind.once:
        turns[at] = slowed(turns[at], "llm", kind.factor)
    if kind.restart:
        turns[at:] = [replace(turn, session_id="after the flip", tail_mode=True) for turn in turns[at:]]
    return turns


def snapshot_of(turns: Sequence[Turn], taken: float | None = None) -> Snapshot:
    """What the program makes of their log."""
    builder = SnapshotBuilder(Settings(), make_analyzer())
    builder.feed(LogSource("latency"), [text.encode() for text in log_lines(turns)], None)
    return builder.snapshot(Snapshot(taken=taken or (turns[-1].started or 0.0) + 30.0), None)


def seen(view: View, key: str, columns: int, ago: int) -> bool | None:
    """Whether the heights of a row differ before and since; None where a side has no turn with the stage."""
    points = row_points(view, key, columns)
    sides = points[:-ago], points[-ago:]
    heights = [[height_of(point) for point in side if point is not None] for side in sides]
    if not all(heights):
        return None
    before, since = (statistics.median(side) for side in heights)
    return abs(since - before) >= STEPS


def measure(first: int | None = None) -> list[str]:
    """A row for each kind: changes seen and false rows, by columns."""
    first = random.SystemRandom().randrange(10**6) if first is None else first
    rows = [f"seed {first}, {LOGS} logs of each kind, {TURNS} turns each", ""]
    rows += [f"| kind | {' | '.join(f'seen, {width} columns' for width in COLUMNS)} | false rows |"]
    rows += ["|---" * (len(COLUMNS) + 2) + "|"]
    totals = {width: [0, 0, 0, 0] for width in COLUMNS}
    for place, kind in enumerate(KINDS):
        views = [View(snapshot_of(turns_of(kind, first + 1000 * place + number))) for number in range(LOGS)]
        cells = []
        for width in COLUMNS:
            changed, quiet = _counted(kind, views, width)
            cells.append(f"{sum(changed)} of {len(changed)}" if changed else "")
            for at, add in enumerate((sum(changed), len(changed), sum(quiet), len(quiet))):
                totals[width][at] += add
        rows.append(f"| {kind.name} | {' | '.join(cells)} | {sum(quiet)} of {len(quiet)} |")
    rows.append(f"| all | {' | '.join(f'{seen} of {of}' for seen, of, _, _ in totals.values())} | |")
    rows.append(f"| false | {' | '.join(f'{false} of {of}' for _, _, false, of in totals.values())} | |")
    return [*rows, *measure_trends(first)]


def charted(view: View, kind: Kind) -> tuple[dict[str, bool | None], dict[str, int]]:
    """Of the charts under the headline on Trends: series → heights seen, and series → turns ago of a coloured level.

    The latter is negative where the level is faster.
    """
    heights: dict[str, bool | None] = {}
    marked: dict[str, int] = {}
    window = trend_window(view, TRENDS[0], TRENDS[2])
    for key in companions(view, HEADLINE, TRENDS[1]):
        series = series_of(view, window, key)
        scale = series.scale(True, LEAST_STRIP - 1)
        drawn = [None if ms is None else scale.height(ms) for ms in series.values]
        sides = [[height for height in side if height is not None] for side in (drawn[: -kind.ago], drawn[-kind.ago :])]
        if all(sides):
            before, since = (statistics.median(side) for side in sides)
            heights[key] = abs(since - before) >= STEPS
        moved = next((level for level in series.levels if level.role != QUIET), None)
        if moved is not None:
            back = len(view.turns) - moved.start
            marked[key] = back if "slower" in moved.role else -back
    return heights, marked


def measure_trends(first: int) -> list[str]:
    """A row for each kind: the changed stage has a chart, its heights differ, its level has a colour since then."""
    columns = ("on Trends", "seen", "coloured, right way", "within 5 turns", "false heights", "false colours")
    rows = ["", f"| kind, {LOGS} each | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for place, kind in enumerate(KINDS):
        views = [View(snapshot_of(turns_of(kind, first + 1000 * place + number))) for number in range(LOGS)]
        found = [charted(view, kind) for view in views]
        quiet = [seen for heights, _ in found for key, seen in heights.items() if key != kind.stage]
        colours = sum(key != kind.stage for _, marked in found for key in marked)
        cells = ["", "", "", ""]
        if kind.stage:
            sign = -1 if kind.factor < 1 else 1
            marks = [marked[kind.stage] * sign for _, marked in found if kind.stage in marked]
            shown = sum(kind.stage in heights for heights, _ in found)
            exact = sum(abs(back - kind.ago) <= NEAR for back in marks)
            seen = sum(bool(heights.get(kind.stage)) for heights, _ in found)
            cells = [str(number) for number in (shown, seen, sum(back > 0 for back in marks), exact)]
        rows.append(f"| {kind.name} | {' | '.join(cells)} | {sum(map(bool, quiet))} of {len(quiet)} | {colours} |")
    return rows


def _counted(kind: Kind, views: Sequence[View], width: int) -> tuple[list[bool], list[bool]]:
    """(changed rows, quiet rows): whether each was seen. A change ahead of the first column has nothing before it."""
    changed: list[bool] = []
    quiet: list[bool] = []
    for view in views:
        for key in ROWS:
            was_seen = seen(view, key, width, kind.ago)
            if was_seen is not None:
                (changed if key == kind.stage else quiet).append(was_seen)
    return changed, quiet


MASKED = re.compile(r"[^\W_]")
"""A letter or a digit in any script."""
_TEXT = re.compile(r"(<text[^>]*>)([^<]*)(</text>)")


def draw(folder: Path, first: int, size: tuple[int, int] = (120, 30)) -> Iterator[str]:
    """One masked live screen and one of the trends of each kind, in random order; says where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(first)
    truth = {}
    for place, kind in enumerate(KINDS):
        snapshot = snapshot_of(turns_of(kind, first + 1000 * place))
        for screen, picture in (("live", live_picture), ("trends", trends_picture)):
            name = f"{screen}-{chance.getrandbits(32):08x}"
            (folder / f"{name}.svg").write_text(masked(picture(snapshot, size)), encoding="utf-8")
            truth[name] = {"kind": kind.name, "row": kind.stage, "factor": kind.factor, "turns ago": kind.ago}
            to_png(folder / f"{name}.svg")
    order = dict(sorted(truth.items()))
    (folder / "truth.json").write_text(json.dumps(order, indent=1, ensure_ascii=False), encoding="utf-8")
    yield f"{len(truth)} pictures in {folder}: which row moved, in which direction, how many turns ago?"


def live_picture(snapshot: Snapshot, size: tuple[int, int]) -> str:
    """The live screen as SVG in which blocks are drawn: as text a row of 90 of them was up to three cells too short."""
    from timmy_tui.ui.application.screenshot import Picture, screenshot
    from timmy_tui.ui.exports.compact_svg import compact_svg

    return compact_svg(screenshot(snapshot, Picture(size=size, title="")), size)


def trends_picture(snapshot: Snapshot, size: tuple[int, int]) -> str:
    """Trends as it opens, as SVG in which dots are drawn: few fonts have braille."""
    view = View(snapshot, now=snapshot.taken, styles=load_themes()[0][DEFAULT].styles)
    return chart_svg(trend_lines(view, Options(), None, *size), view)


def masked(svg: str) -> str:
    """The picture with every letter and digit of its texts replaced; blocks, lines and colours stay."""

    def mask(found: re.Match[str]) -> str:
        text = MASKED.sub("▪", html.unescape(found[2]))
        return f"{found[1]}{html.escape(text).replace(chr(160), '&#160;')}{found[3]}"

    return _TEXT.sub(mask, svg)


def to_png(svg: Path) -> bool:
    """A PNG beside it, by whatever is installed; False where nothing is."""
    png = svg.with_suffix(".png")
    try:
        import cairosvg
    except ImportError:
        if shutil.which("rsvg-convert") is None:
            return False
        subprocess.run(["rsvg-convert", str(svg), "-o", str(png)], check=True)
        return True
    text = svg.read_text(encoding="utf-8").replace("Fira Code", "DejaVu Sans Mono")
    cairosvg.svg2png(bytestring=text.encode(), write_to=str(png))
    return True


def main(arguments: Sequence[str]) -> None:
    """FOLDER [SEED]: the table, and the pictures."""
    seed = int(arguments[1]) if len(arguments) > 1 else random.SystemRandom().randrange(10**6)
    for line in (*measure(seed), *draw(Path(arguments[0]), seed)):
        print(line, flush=True)
