"""``python -m bench steady [MINUTES] [LOOPS]``: an hour of the demo's steady turns, and what the headline says of them.

The demo runs at ``--speed 20`` for MINUTES (60), beside LOOPS processes that do nothing but compute (0). Its logs are
then read turn by turn, as the dashboard reads them. Each finding that has led, which is what headline, status line and
bell speak of, is set beside the durations that the stage itself has written: their median from its first turn until it
was raised, and in the 30 turns before. Nothing of the judge's is used for that. A finding is borne out if the
two differ in its direction by at least a third of what it says.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from timmy_tui.analysis.detect.news import News
from timmy_tui.analysis.judge import Judge
from timmy_tui.bootstrap.startup import Place, find_timmy
from timmy_tui.core.settings import Settings
from timmy_tui.demo.run import Demo, DemoOptions
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import V2V
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.pipeline.read_logs import logs_of, read_logs

SPEED = 20.0
BEFORE = 30
"""Turns before a change that its stage's durations are compared with."""
SHARE = 1 / 3
"""Of a finding's size that its stage's written durations must show."""
NEWEST = 5
"""Turns at whose durations a drift is looked at: it says where the level is now, not where it has been on average."""
PARTS = {"gpu": ("llm", "tts"), "prompt cache": ("prefill",)}
"""Stages that the judge names, and which the ledger calls otherwise."""
LOOP = "while True: pass"


def main(arguments: Sequence[str]) -> None:
    """Run it and print the table's row, then each finding that led."""
    minutes = float(arguments[0]) if arguments else 60.0
    loops = int(arguments[1]) if len(arguments) > 1 else 0
    # Kept, so that an alarm can be looked into.
    root = Path(tempfile.mkdtemp(prefix="timmy-steady-")) / "timmy"
    with busy(loops), Demo(DemoOptions(speed=SPEED, history=0), root):
        time.sleep(minutes * 60)
    turns = turns_of(root)
    print(f"logs: {root}")
    print("\n".join(table(turns, f"{minutes:g} min, {loops} busy loops")))


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """So many processes that only compute."""
    running = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(loops)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def turns_of(root: Path) -> list[Turn]:
    """The closed turns of both logs, in order."""
    timmy = find_timmy(Place(root=root))
    turns = read_logs(logs_of(timmy.installation), timmy.settings.tail, keep_events=False).turns
    return [turn for turn in turns if turn.state is not TurnState.OPEN]


def led(turns: Sequence[Turn]) -> list[tuple[Finding, int]]:
    """Each finding that has led, as it was when it first did, and the ordinal of the turn at which it did."""
    judge = Judge(news=News(*msgspec.structs.astuple(Settings().findings)))
    seen: dict[str, tuple[Finding, int]] = {}
    for turn in turns:
        judge.add(turn)
        leading = judge.state().leading
        if leading is not None:
            seen.setdefault(leading.key, (leading, turn.ordinal))
    return list(seen.values())


def written_ms(turn: Turn, finding: Finding) -> float | None:
    """What this turn itself says of the finding's stage, in ms."""
    if finding.stage == V2V:
        return turn.headline_ms
    if finding.gap:
        return next((gap.ms for gap in turn.gaps if f"{gap.after}→{gap.before}" == finding.gap), None)
    parts = [turn.stages.get(key) for key in PARTS.get(finding.stage, (finding.stage,))]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def levels(turns: Sequence[Turn], finding: Finding, at: int) -> tuple[float | None, float | None]:
    """Medians of the stage's written durations: in the turns before the finding's first one, and from it to ``at``."""
    before = [written_ms(turn, finding) for turn in turns if turn.ordinal < finding.since][-BEFORE:]
    after = [written_ms(turn, finding) for turn in turns if finding.since <= turn.ordinal <= at]
    if finding.steps > 1:
        after = after[-NEWEST:]
    found = [[value for value in values if value is not None] for values in (before, after)]
    return (median(found[0]) if found[0] else None, median(found[1]) if found[1] else None)


def is_borne_out(finding: Finding, before: float | None, after: float | None) -> bool:
    """Whether the durations moved in its direction, by at least a third of what it says."""
    if before is None or after is None:
        return False
    return (after - before) / (finding.after_ms - finding.before_ms) >= SHARE


def table(turns: Sequence[Turn], name: str) -> list[str]:
    """One row for the run; below it each finding that led, beside its stage's durations."""
    rows = []
    borne_out = 0
    for finding, at in led(turns):
        before, after = levels(turns, finding, at)
        right = is_borne_out(finding, before, after)
        borne_out += right
        written = "no durations" if before is None or after is None else f"{before:.0f} → {after:.0f} ms written"
        rows.append(
            f"- turn {at}: {finding.stage} {finding.gap} {finding.direction} since {finding.since}, "
            f"{finding.before_ms:.0f} → {finding.after_ms:.0f} ms; {written}{'' if right else ': NOT BORNE OUT'}"
        )
    return [
        "| run | turns | findings that led | borne out | not |",
        "|---|---|---|---|---|",
        f"| {name} | {len(turns)} | {len(rows)} | {borne_out} | {len(rows) - borne_out} |",
        "",
        *rows,
    ]
