"""``python -m bench.dashboard.film FILE``: an animated SVG of a flip, from the real dashboard on the demo's processes.

The program runs without a terminal; keys are pressed as a user would press them, and a frame is kept whenever the
picture says what comes next. A row of the screen that stays the same from one frame to the next is in the file once.
"""

import asyncio
import html
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace
from textual.pilot import Pilot

from timmy_tui.bootstrap.dashboard import open_live
from timmy_tui.bootstrap.startup import DashboardOptions
from timmy_tui.core.settings import Settings
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.sources.timmy import timmy_at
from timmy_tui.ui.application.app import TimmyApp

SIZE = (100, 28)
SPEED = 20.0
LOOK_S = 0.25
LONGEST_WAIT_S = 180.0
RULE = re.compile(r"\.terminal-\d+-(r\d+) \{ ([^}]*?) *\}")
ELEMENT = re.compile(
    r'<rect fill="[^"]*" x="[^"]*" y="[^"]*"[^>]*?crispEdges"/>|<text class="[^"]*r\d+".*?</text>', re.S
)
ROW_HEIGHT = 24.4


@dataclass(frozen=True)
class Frame:
    """One picture, and for how many seconds it stays."""

    svg: str
    seconds: float


def words(svg: str) -> str:
    """What the picture says."""
    said = html.unescape(" ".join(re.findall(r">([^<]+)</text>", svg)))
    return " ".join(said.replace("\xa0", " ").split())


async def drive(pilot: Pilot[Any], frames: list[Frame]) -> None:
    """The flip, from the turns before it to its verdict."""

    def picture() -> str:
        return pilot.app.export_screenshot(title="timmy-tui")

    async def until(wanted: str, on_the_way: float = 0.0) -> str:
        """Wait for the words. ``on_the_way``: keep what changes meanwhile, for so many seconds each."""
        end = time.monotonic() + LONGEST_WAIT_S
        said = ""
        while not re.search(wanted, said):
            if time.monotonic() > end:
                raise TimeoutError(f"never shown: {wanted}; shown: {said}")
            await asyncio.sleep(LOOK_S)
            svg = picture()
            if on_the_way and steps(words(svg)) != steps(said):
                frames.append(Frame(svg, on_the_way))
            said = words(svg)
        return picture()

    def steps(said: str) -> list[str]:
        return re.findall(r"writing|restart\w*|waiting for v34|verif\w+|\d of \d turns|kept", said)

    frames.append(Frame(await until(r"V2V ≥\d.* sources ok"), 3.0))
    await pilot.press("t")
    frames.append(Frame(await until("y go ahead"), 4.0))
    await pilot.press("y")
    frames.append(Frame(await until("kept", on_the_way=1.2), 2.5))
    frames.append(Frame(await until(r"tail mode V2V ×|measured \d|helped|cannot tell yet"), 5.0))
    pilot.app.exit()


def take(size: tuple[int, int]) -> list[Frame]:
    """Run the demo and the dashboard, and take the pictures."""
    frames: list[Frame] = []
    run: Callable[..., Any] = TimmyApp.run

    def run_unseen(app: TimmyApp, **_: Any) -> Any:
        async def pilot(pilot: Pilot[Any]) -> None:
            await drive(pilot, frames)

        return run(app, headless=True, size=size, auto_pilot=pilot)

    with Demo(DemoOptions(speed=SPEED, seed=3)) as demo, patch.object(TimmyApp, "run", run_unseen):
        assert demo.root is not None
        paths = replace(Settings().paths, root=str(demo.root), ollama_log=str(demo.ollama_log))
        timmy = timmy_at(demo.root, replace(Settings(), paths=paths), demo.root / "demo" / "state")
        open_live(timmy, DashboardOptions(record=False))
    return frames


def film(frames: Sequence[Frame]) -> str:
    """One SVG that shows them in turn, again and again."""
    styles: dict[str, str] = {}
    parts: dict[str, dict[int, str]] = {}
    for number, frame in enumerate(frames):
        for row, content in rows(frame.svg, styles).items():
            parts.setdefault(row, {})[number] = content
    whole = sum(frame.seconds for frame in frames)
    ends = list(accumulate(frame.seconds for frame in frames))
    shown: dict[tuple[int, ...], str] = {}
    body = []
    for contents in parts.values():
        for content in dict.fromkeys(contents.values()):
            when = tuple(number for number in range(len(frames)) if contents.get(number) == content)
            name = shown.setdefault(when, f"f{len(shown)}")
            body.append(content if len(when) == len(frames) else f'<g class="{name}">{content}</g>')
    rules = [f".{name} {{ {rule} }}" for rule, name in styles.items()]
    for when, name in shown.items():
        stops = "".join(
            f"{100 * (ends[number] - frames[number].seconds) / whole:.2f}% {{ visibility: "
            f"{'visible' if number in when else 'hidden'} }} "
            for number in range(len(frames))
        )
        rules.append(f"@keyframes {name} {{ {stops}}}")
        rules.append(f".{name} {{ animation: {name} {whole:.1f}s step-end infinite }}")
    head, foot = frame_around(frames[0].svg)
    return "\n".join([head.replace("</style>", "\n".join(rules) + "\n</style>", 1), *body, foot])


def rows(svg: str, styles: dict[str, str]) -> dict[str, str]:
    """Row of the screen → its elements. ``styles``: CSS rule → its class, the same in all frames; it is added to."""
    own = {name: styles.setdefault(rule, f"s{len(styles)}") for name, rule in RULE.findall(svg)}
    found: dict[str, list[str]] = {}
    for element in ELEMENT.findall(svg):
        top = re.search(r' y="([\d.]+)"', element)
        assert top is not None
        row = str(int(float(top[1]) / ROW_HEIGHT - (0.7 if element.startswith("<text") else 0.0)))
        element = re.sub(r'class="terminal-\d+-(r\d+)"', lambda match: f'class="{own[match[1]]}"', element)
        found.setdefault(row, []).append(re.sub(r' clip-path="[^"]*"', "", element))
    return {row: "".join(elements) for row, elements in found.items()}


def frame_around(svg: str) -> tuple[str, str]:
    """What stands before the first element of the screen, without classes and fonts, and behind its last."""
    places = list(ELEMENT.finditer(svg))
    head = re.sub(r"@font-face \{.*?\}", "", svg[: places[0].start()], flags=re.S)
    head = RULE.sub("", re.sub(r"<clipPath id=\"[^\"]*line.*?</clipPath>", "", head, flags=re.S))
    return head, "</g></svg>" if "<g" in head.rsplit("</g>", 1)[-1] else "</svg>"


def main(arguments: Sequence[str]) -> None:
    """Take it and write it to the file."""
    frames = take(SIZE)
    Path(arguments[0]).write_text(film(frames), encoding="utf-8")
    print(f"{len(frames)} frames, {sum(frame.seconds for frame in frames):.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
