"""The live screen's layout: how many rows each panel gets, and what gives way first where there are too few.

From a tall pane to a low one, panels give way in this order (``GIVES_WAY``, which the help page shows):

1. the lists at the foot: flags, last prompt, log, turns;
2. the rows outside voice-to-voice (playback, re-arm …), which the stage rows leave out by themselves;
3. the skyline, down to eight rows of plot;
4. quiet stage rows: below 3 % of the headline and without a finding, counted in their last line;
5. the skyline, down to four rows of plot;
6. further stage rows, the smallest first, down to five;
7. the status lines, below 80×24, the least urgent first, down to one (two where there is no skyline);
8. the skyline as a whole, below 60×15;
9. the footer, below 14 rows.

Headline and turn in flight always have their line. Lists and the skyline that are left out are counted in the footer,
with the keys of the screens that have them; stage rows and status lines in their own last line.
"""

from msgspec import Struct

from timmy_tui.ui.panels.skyline.panel import LEAST_ROWS, SEPARATE_RULER

GIVES_WAY = "lists at the foot, skyline to eight rows, quiet stage rows, skyline to four rows, small stage rows"
SKYLINE_FROM = (60, 15)
"""(width, height) in cells."""
ROOM_FOR_WORDS = (80, 24)
"""(width, height) in cells, from which on whatever has something to say has its own line."""
MOST_WORDS = 12
"""Lines that can have something to say at once."""
FOOTER_FROM = 14
LEAST_STAGES = 5
GOOD_PLOT = 8
"""Rows of the plot that a stage of a tenth of the headline needs to be seen."""
RULER_FROM = 22
"""Rows of skyline and stages together from which the ruler has a line of its own before quiet stages have one."""
LEAST_LIST = 5
"""Rows of the lists at the foot, with their heading."""
LIST_WIDTH = 48
"""Cells of one list."""
LISTS = 4


class Wanted(Struct, frozen=True):
    """What the panels have to show, in lines."""

    notable: int
    """Stage rows that are not quiet."""
    stages: int
    """All stage rows of the headline."""
    outside: int
    """Stage rows outside of it."""
    status: int
    """Status lines that have something to say."""


class Layout(Struct, frozen=True):
    """Rows of each panel, in the order of the screen; 0: not shown."""

    skyline: int
    stages: int
    """The stage rows, with their heading."""
    lists: int
    list_columns: int
    status: int
    footer: int


def live_layout(width: int, height: int, wanted: Wanted) -> Layout:
    """The rows of the panels below headline and turn in flight; they sum to ``height`` − 2."""
    footer = int(height >= FOOTER_FROM)
    status = min(wanted.status, most_status(width, height))
    body = height - 2 - footer - status
    if not has_skyline(width, height):
        stages = body
        lists = max(body - wanted.stages - wanted.outside - 1, 0)
        lists = lists if lists >= LEAST_LIST else 0
        return _layout(width, (0, stages - lists, lists), status, footer)
    return _layout(width, _shared(body, wanted), status, footer)


def has_skyline(width: int, height: int) -> bool:
    """There is room for it."""
    return width >= SKYLINE_FROM[0] and height >= SKYLINE_FROM[1]


def has_room_for_words(width: int, height: int) -> bool:
    """Whatever has something to say can have its own line."""
    return width >= ROOM_FOR_WORDS[0] and height >= ROOM_FOR_WORDS[1]


def most_status(width: int, height: int) -> int:
    """Greatest number of status lines: all of them from ROOM_FOR_WORDS on."""
    if not has_skyline(width, height):
        return 2 if height < 12 else 4
    if has_room_for_words(width, height):
        return min(height - 3 - LEAST_ROWS - LEAST_STAGES, MOST_WORDS)
    return max(1, (height - 12) // 4)


def _shared(body: int, wanted: Wanted) -> tuple[int, int, int]:
    """(skyline, stages, lists): what each needs least, and of the rest to each in turn what makes it better."""
    notes = LEAST_ROWS - 4
    skyline, stages = LEAST_ROWS, LEAST_STAGES
    rest = body - skyline - stages
    # Heading and count are a line each.
    for panel, rows in (
        ("stages", wanted.notable + 2),
        ("skyline", SEPARATE_RULER if body >= RULER_FROM else GOOD_PLOT + notes),
        ("stages", wanted.stages + 1),
        ("skyline", max(SEPARATE_RULER, body * 2 // 5)),
        ("stages", wanted.stages + wanted.outside + 2),
    ):
        if panel == "stages":
            more = min(max(rows - stages, 0), max(rest, 0))
            stages += more
        else:
            more = min(max(rows - skyline, 0), max(rest, 0))
            skyline += more
        rest -= more
    if rest >= LEAST_LIST:
        return skyline, stages, rest
    return skyline + max(rest, 0), stages + min(rest, 0), 0


def _layout(width: int, rows: tuple[int, int, int], status: int, footer: int) -> Layout:
    skyline, stages, lists = rows
    columns = min(max(width // LIST_WIDTH, 1), LISTS) if lists else 0
    return Layout(skyline, stages, lists, columns, status, footer)
