"""How well colours can be read and told apart, also with 256 or 16 colours and by eyes without red or green cones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from rich.color import Color, ColorSystem
from rich.style import Style

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
EYES: Mapping[str, Matrix | None] = {
    "all cones": None,
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
"""What is left of linear RGB at severity 1.0: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
Simulation of Color Vision Deficiency", IEEE TVCG 15 (6), 2009."""

Depth = Callable[[Color], Color]
"""What a terminal makes of a colour."""
ALL_COLOURS, COLOURS_256 = "all colours", "256 colours"
DEPTHS: Mapping[str, Depth] = {
    ALL_COLOURS: lambda colour: colour,
    COLOURS_256: lambda colour: colour.downgrade(ColorSystem.EIGHT_BIT),
}


def _sixteen(palette: str) -> Depth:
    colours = [Color.parse(f"#{one}") for one in palette.split()]
    return lambda colour: colours[colour.number or 0]


PALETTES_16: Mapping[str, Depth] = {
    name: _sixteen(palette)
    for name, palette in {
        "Linux console": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
        "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
        "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
        "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
        "Windows Terminal": "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc "
        "767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2",
        "GNOME": "171421 c01c28 26a269 a2734c 12488b a347ba 2aa1b3 d0cfcc "
        "5e5c64 f66151 33da7a e9ad0c 2a7bde c061cb 33c7de ffffff",
        "VS Code": "000000 cd3131 0dbc79 e5e510 2472c8 bc3fbc 11a8cd e5e5e5 "
        "666666 f14c4c 23d18b f5f543 3b8eea d670d6 29b8db ffffff",
    }.items()
}
"""The sixteen colours as these terminals come."""


def pair(style: Style, depth: Depth) -> tuple[Color, Color]:
    """(colour of the glyph, colour of the ground) as they are on the screen."""
    assert style.color is not None and style.bgcolor is not None
    front, ground = depth(style.color), depth(style.bgcolor)
    return (ground, front) if style.reverse else (front, ground)


def contrast(colours: tuple[Color, Color]) -> float:
    """Contrast ratio of WCAG 2, from 1 to 21."""
    darker, lighter = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(_linear, colours)
    )
    return (lighter + 0.05) / (darker + 0.05)


def distance(first: Color, second: Color, eyes: str = "all cones") -> float:
    """In OKLab (B. Ottosson, 2020), where black and white are 1 apart; about 0.02 is just seen."""
    ours, theirs = (_oklab(_seen(_linear(colour), EYES[eyes])) for colour in (first, second))
    return math.dist(ours, theirs)


def lch(colour: Color) -> tuple[float, float]:
    """(chroma, hue in degrees) in OKLCH."""
    _, green_red, blue_yellow = _oklab(_linear(colour))
    return math.hypot(green_red, blue_yellow), math.degrees(math.atan2(blue_yellow, green_red)) % 360


def _linear(colour: Color) -> tuple[float, float, float]:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour.get_truecolor()
    )
    return red, green, blue


def _seen(rgb: Sequence[float], matrix: Matrix | None) -> Sequence[float]:
    if matrix is None:
        return rgb
    return [min(max(sum(a * b for a, b in zip(row, rgb, strict=True)), 0.0), 1.0) for row in matrix]


def _oklab(rgb: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = rgb
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )
