"""A process in which the stage table has one row more: ``python with_a_row.py LOG FACTOR [judged]``.

It writes LOG, a latency log in which the new stage takes FACTOR times as long from turn 90 on, runs the program's own
commands over it, draws the screen, and prints what each of them has of the new stage as JSON.
"""

import contextlib
import importlib.util
import io
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROW = """
    Stage(
        key="rerank", label="RERANK", clock="v34", owner="service",
        starts=("v34_rerank_start",), ends=("v34_rerank_complete",),
        meaning="sorting what was found", critical=True, group="v34", {more}
    ),
"""
BEHIND = '    Stage(\n        key="retrieve"'
USUAL_MS, AT, TURNS = 40.0, 90, 130


def add_row(judged: bool) -> None:
    """Run the table's own source with the row in it, as if the file held it."""
    spec = importlib.util.find_spec("timmy_tui.model.stages.v34")
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).read_text()
    assert source.count(BEHIND) == 1
    row = ROW.format(more="" if judged else "judged=False")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    exec(compile(source.replace(BEHIND, row + BEHIND), spec.origin, "exec"), module.__dict__)


def lines(factor: float) -> Iterator[str]:
    """Lines of a latency log; the new stage lies ahead of retrieval, and everything behind it is later by its time."""
    from bench.judgement.lines import log_lines
    from bench.judgement.turns import make_turns

    chance = random.Random(5)
    number, later, known = 0, 0.0, ""
    for text in log_lines(make_turns(TURNS, seed=42)):
        line = json.loads(text)
        if line["request_id"] != known:
            known, later, number = line["request_id"], 0.0, number + 1
        if line["event"] == "v34_retrieval_start":
            yield json.dumps({**line, "event": "v34_rerank_start", "metadata": {}}) + "\n"
            later = USUAL_MS / 1000 * chance.lognormvariate(0, 0.1) * (factor if number > AT else 1.0)
            line["timestamp"] += later
            yield json.dumps({**line, "event": "v34_rerank_complete", "metadata": {}}) + "\n"
        else:
            line["timestamp"] += later
        yield json.dumps(line) + "\n"


def said_by(*arguments: str) -> str:
    """What a command of the program prints."""
    from timmy_tui.cli import main

    sys.argv = ["timmy-tui", *arguments]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main()
    return out.getvalue()


def drawn(turns: Sequence[Any]) -> dict[str, list[str]]:
    """Lines of the trends screen and of the ledger pane that name the stage."""
    from timmy_tui.model.snapshot import Snapshot
    from timmy_tui.ui.panels.live.stage_rows import ledger_lines
    from timmy_tui.ui.panels.trends.screen import Options, trend_lines
    from timmy_tui.ui.panels.trends.series import series_keys
    from timmy_tui.ui.view import View

    view = View(Snapshot(turns=tuple(turns)))
    charts = [line for key in series_keys(view) for line in trend_lines(view, Options(key, turns=100), None, 100, 20)]
    panels = {"trends": charts, "ledger": ledger_lines(view, 100, 40)}
    texts = {name: ["".join(text for text, *_ in line) for line in panel] for name, panel in panels.items()}
    return {name: [text for text in panel if "RERANK" in text] for name, panel in texts.items()}


def phase_behind(event: str, log: Path) -> str:
    """What a turn in flight is said to be doing once its newest line is this event."""
    from timmy_tui.turns.ingest import Ingest

    head = log.read_bytes().splitlines()
    until = next(number for number, line in enumerate(head, 1) if f'"{event}"'.encode() in line)
    ingest = Ingest(60.0)
    ingest.feed("latency", head[:until])
    return ingest.assembler.phase


def main(log: Path, factor: float, judged: bool) -> None:
    """Print everything."""
    add_row(judged)
    log.write_text("".join(lines(factor)))
    from timmy_tui.analysis.frame import TurnFrame
    from timmy_tui.model.stages.events import EVENTS
    from timmy_tui.turns.ingest import Ingest

    ingest = Ingest(60.0)
    read = [*ingest.feed("latency", log.read_bytes().splitlines()), *ingest.assembler.finish()]
    turns = sorted(read, key=lambda turn: turn.ordinal)
    frame = TurnFrame()
    for turn in turns:
        frame.put(turn)
    given = ("--log", str(log))
    print(
        json.dumps(
            {
                "stages": [turn.stages["rerank"] for turn in turns],
                "unattributed": [turn.unattributed_ms for turn in turns],
                "frame": frame.data()["rerank_ms"].tolist(),
                "events": EVENTS,
                "phase": phase_behind("v34_rerank_start", log),
                "regressions": json.loads(said_by("regressions", *given, "--json")),
                "compare": json.loads(
                    said_by("compare", *given, "--json", f"turns:60-{AT}", f"turns:{AT + 1}-{TURNS}")
                ),
                "text": said_by("report", *given),
                "csv": said_by("report", *given, "--csv"),
                "json": json.loads(said_by("report", *given, "--json")),
                **drawn(turns),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), "judged" in sys.argv[3:])
