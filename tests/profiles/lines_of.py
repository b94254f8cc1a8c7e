"""The lines of each turn and stage of a log of another system: ``python lines_of.py PROFILE LOG`` prints them as JSON.

In a process of its own: a process watches one system.
"""

import json
import sys
from pathlib import Path

MOST = 6
"""Turns that are asked for, with all their stages."""


def main(name: str, log: Path, forget: bool) -> None:
    """Print turn, key, why there are no lines, the lines. ``forget``: what the events said is not known any more."""
    from timmy_tui.profiles.choice import learn_days, new_reading, watch
    from timmy_tui.profiles.load import load

    watch(load(name), log)
    from msgspec.structs import replace

    from timmy_tui.model.stages.system import watched
    from timmy_tui.model.stages.watched import KEYS
    from timmy_tui.pipeline.log_history import LogFile, LogHistory
    from timmy_tui.sources.files.blocks import Part
    from timmy_tui.ui.panels.log.events import event_entries
    from timmy_tui.ui.panels.log.spans import lines_of_span

    reading = new_reading(60.0, whole=True)
    for _ in learn_days(reading, log, 1 << 20):
        pass
    turns = reading.read_once([(watched().name, log.read_bytes().splitlines())])
    history = LogHistory(lambda: [LogFile("log", watched().name, Part(log, log.stat().st_size))])
    shown = []
    for turn in turns[:MOST]:
        for key in ("", *KEYS):
            asked = replace(turn, events=()) if forget else turn
            page = history.of_turn(lines_of_span(asked, key))
            shown.append(
                {"turn": turn.ordinal, "key": key, "problem": page.problem,
                 "lines": [entry.text for entry in page.entries],
                 "steps": [entry.delta_ms for entry in page.entries if entry.delta_ms is not None],
                 "events": [f"{event.event}" for event in turn.events]}
            )  # fmt: skip
    pages = history.before(history.newest()).entries
    steps = [entry.delta_ms for turn in turns for entry in event_entries(turn.events)]
    print(json.dumps({"shown": shown, "page": [entry.delta_ms for entry in pages], "strip": steps}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), "forget" in sys.argv[3:])
