"""A film shows each frame in its time, and holds what stays the same once."""

import re
import xml.dom.minidom

from bench.dashboard.film import Frame, film, words

SVG = """<svg class="rich-terminal" xmlns="http://www.w3.org/2000/svg"><style>
@font-face {{ src: url("https://example.org/font") }}
    .terminal-{number}-r1 {{ fill: {one} }}
.terminal-{number}-r2 {{ fill: {two} }}
    </style><defs><clipPath id="terminal-{number}-line-0"><rect x="0" y="1.5"/></clipPath></defs>
<g transform="translate(9, 41)"><rect fill="#000" x="0" y="1.5" width="9" height="24.65" shape-rendering="crispEdges"/>
<rect fill="#000" x="0" y="25.9" width="9" height="24.65" shape-rendering="crispEdges"/>
<text class="terminal-{number}-r1" x="0" y="20" clip-path="url(#terminal-{number}-line-0)">same&#160;row</text>
<text class="terminal-{number}-r2" x="0" y="44.4" clip-path="url(#terminal-{number}-line-1)">{said}</text>
</g></svg>"""


def frame(number: int, said: str, seconds: float, swapped: bool = False) -> Frame:
    one, two = ("#222", "#111") if swapped else ("#111", "#222")
    svg = SVG.format(number=number, said=said, one=one, two=two)
    if swapped:
        svg = svg.replace(f'{number}-r1" x', f'{number}-rX" x').replace(f'{number}-r2" x', f'{number}-r1" x')
        svg = svg.replace(f'{number}-rX" x', f'{number}-r2" x')
    return Frame(svg, seconds)


def test_what_a_picture_says_is_read_as_one_line() -> None:
    assert words(frame(1, "V2V ≥1.83s", 1).svg) == "same row V2V ≥1.83s"


def test_each_frame_has_its_time_and_a_row_that_stays_is_there_once() -> None:
    made = film([frame(1, "before", 3.0), frame(22, "asked", 1.0, swapped=True), frame(333, "before", 4.0)])
    xml.dom.minidom.parseString(made)
    assert made.count("same&#160;row") == 1
    assert (made.count("before"), made.count("asked")) == (1, 1)
    (name,) = re.findall(r'<g class="(f\d+)">(?:(?!</g>).)*asked', made, re.S)
    assert f".{name} {{ animation: {name} 8.0s step-end infinite }}" in made
    (stops,) = re.findall(rf"@keyframes {name} {{(.*?)}}\n", made)
    assert re.findall(r"([\d.]+)% { visibility: (\w+) }", stops) == [
        ("0.00", "hidden"), ("37.50", "visible"), ("50.00", "hidden"),
    ]  # fmt: skip


def test_colours_are_those_of_the_frame_and_nothing_is_fetched() -> None:
    made = film([frame(1, "before", 1.0), frame(2, "after", 1.0, swapped=True)])
    of = {rule: name for name, rule in re.findall(r"\.(s\d+) { fill: (#\d+) }", made)}
    assert re.search(rf'class="{of["#222"]}"[^>]*>before', made)
    assert re.search(rf'class="{of["#222"]}"[^>]*>after', made)
    assert "http" not in made.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "clip-path" not in made
