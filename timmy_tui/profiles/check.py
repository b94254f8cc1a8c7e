"""How well a profile reads a log: what was matched, what was not, and whether every turn's account comes out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import duration, percent, plural
from timmy_tui.model.stages.table import StageTable
from timmy_tui.model.turn import Gap, Reason, Turn, TurnState
from timmy_tui.profiles.choice import start_of
from timmy_tui.profiles.load import captures_of
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.records.days import scan
from timmy_tui.profiles.records.reader import MOST_DOCUMENT_BYTES, NOT_A_RECORD, TOO_SLOW, Pattern
from timmy_tui.profiles.spec import Profile
from timmy_tui.sources.files.whole_file import line_batches

SHAPES = 5
FEW = 0.2
"""Of the turns that ended well: with fewer headlines than this the rule for them is wrong, not the log."""
LEAST_MS = 20.0
"""A shorter turn, in the median, is one whose figures are read in another unit."""
SAME_MS = 0.0005
LINE_BYTES = 1 << 20
"""A longer line is not read."""


class Verdict(Struct, frozen=True):
    """What a profile makes of a log."""

    lines: int
    matched: int
    """Records that were an event."""
    unknown: Sequence[tuple[str, int]]
    """The most frequent shapes of the others, with their number; those of lines without their form aside."""
    other: int
    """Records that were none."""
    formless: int
    """Of these, lines that ``source.line`` does not match. They are not shown: words of the talk stand in them."""
    turns: int
    ended: int
    """Turns that ended well."""
    with_headline: int
    unfit: int
    """Turns whose parts are longer than their headline, overlap, or stand outside it."""
    never: Sequence[str]
    """Captures that no record had."""
    unmeasured: Sequence[str]
    """Stages that no turn has."""
    median_ms: float | None
    """Of the headlines."""
    problems: Sequence[str]
    """What is wrong with the profile for this log; empty where it reads it."""


def check(profile: Profile, path: Path, timeout_s: float = 60.0) -> Verdict:
    """Read a whole log by a profile. Raises NotFound or SourceError."""
    reading = ProfileReading(profile, timeout_s)
    for days in scan(path, profile, LINE_BYTES) if reading.needs_days else ():
        if days is not None:
            reading.begin_log(days)
    turns: dict[int, Turn] = {}
    for lines, _ in line_batches(
        path, LINE_BYTES if profile.source.kind in ("lines", "jsonl") else MOST_DOCUMENT_BYTES
    ):
        for turn in reading.feed("", lines):
            turns[turn.ordinal] = turn
    for turn in reading.finish():
        turns[turn.ordinal] = turn
    verdict = _judge(profile, reading, [*turns.values()])
    return replace(verdict, problems=[*_slow_detect(profile, path), *verdict.problems])


def _slow_detect(profile: Profile, path: Path) -> Iterator[str]:
    """Each log that is named without its profile is looked at with this pattern."""
    counts: Counter[str] = Counter()
    pattern = Pattern(profile.source.detect, "source.detect", counts)
    for line in start_of(path).decode("utf-8", "replace").splitlines() if profile.source.detect else ():
        pattern.search(line)
    yield from (_too_slow(reason, number) for reason, number in counts.items())


def _too_slow(reason: str, number: int) -> str:
    return f"{reason}: it took longer than 50 ms on {plural(number, 'line')}"


def _judge(profile: Profile, reading: ProfileReading, turns: Sequence[Turn]) -> Verdict:
    table = reading.assembler.maker.settler.table
    ended = [turn for turn in turns if turn.state is TurnState.COMPLETE]
    counted = [turn for turn in turns if turn.headline_ms is not None]
    unfit = [turn for turn in turns if _is_unfit(turn, profile.ledger.tolerance_ms)]
    names = [f"{rule.name}.{name}" for rule in profile.event for name in captures_of(rule)]
    used = [key for key in table.keys if not any(turn.stages.get(key) is not None for turn in turns)]
    problems = [*_problems(profile, reading, turns, table)]
    return Verdict(
        lines=reading.lines,
        matched=reading.matched,
        unknown=reading.shapes.most_common(SHAPES),
        other=reading.other,
        formless=reading.formless,
        turns=len(turns),
        ended=len(ended),
        with_headline=len(counted),
        unfit=len(unfit),
        never=[name for name in names if name not in reading.captured],
        unmeasured=used if turns else [],
        median_ms=median(turn.headline_ms or 0.0 for turn in counted) if counted else None,
        problems=problems,
    )


def _problems(profile: Profile, reading: ProfileReading, turns: Sequence[Turn], table: StageTable) -> Iterator[str]:
    for reason, number in sorted(reading.unparsed.items()):
        if reason.startswith(TOO_SLOW):
            yield _too_slow(reason, number)
    if not reading.matched:
        if profile.source.items and reading.unparsed[NOT_A_RECORD]:
            yield f"its documents have no list at {profile.source.items!r} (source.items)"
        yield "no record is an event of this profile: a log of another program?"
        return
    if not turns:
        yield f"there are events and no turn: {_why_no_turn(profile)}"
        return
    ended = [turn for turn in turns if turn.state is TurnState.COMPLETE and not turn.typed]
    headlines = [turn for turn in turns if turn.headline_ms is not None]
    if len(headlines) <= FEW * len(ended) or not headlines:
        few = f"{len(headlines)} of {plural(len(turns), 'turn')} have one"
        yield f"the headline never comes: {few}; look at [[headline]]"
    if not ended:
        yield "no turn ended well: look at turn.complete"
    unfit = [turn for turn in turns if Reason.EXCEEDS_WHOLE in turn.unmeasured.values()]
    if unfit:
        yield f"stages overlap: in {plural(len(unfit), 'turn')} they are longer than their headline"
    yield from _overlaps(turns, profile.ledger.tolerance_ms)
    wrong = [turn for turn in headlines if abs(_sum(turn, table) - (turn.headline_ms or 0.0)) > SAME_MS]
    if wrong:
        yield f"stages and gaps are not the headline in {plural(len(wrong), 'turn')}"
    if profile.time.field and not any(turn.started for turn in turns):
        yield f"no time could be read: time.field is {profile.time.field!r}, time.format {profile.time.format!r}"


def _why_no_turn(profile: Profile) -> str:
    if profile.turn.by != "key":
        return "look at [turn]"
    if profile.turn.key:
        return f"no record has the field {profile.turn.key!r} (turn.key)"
    return f"its documents have no field {profile.source.group!r} (source.group)"


def _overlaps(turns: Iterable[Turn], tolerance_ms: float) -> Iterator[str]:
    """Pairs of stages of which the second begins before the first has ended, in any turn."""
    pairs: Counter[tuple[str, str]] = Counter()
    counted = 0
    for turn in turns:
        counted += turn.headline_ms is not None
        pairs.update((gap.after, gap.before) for gap in _overlapping(turn, tolerance_ms))
    for (after, before), number in pairs.most_common(3):
        yield f"stages overlap: {_overlap_words(after, before)} in {number} of {plural(counted, 'turn')}"


def _overlap_words(after: str, before: str) -> str:
    if after == "start":
        return f"{before} begins ahead of the headline" if before != "end" else "they are longer than the headline"
    return f"{after} ends behind the headline" if before == "end" else f"{before} begins before {after} ends"


def _overlapping(turn: Turn, tolerance_ms: float) -> list[Gap]:
    """Gaps below zero. Where the stages have no place there is one, for all of them and what each is rounded by."""
    known = sum(ms is not None for ms in turn.stages.values())
    counts = [known if (gap.after, gap.before) == ("start", "end") else 1 for gap in turn.gaps]
    return [gap for gap, count in zip(turn.gaps, counts, strict=True) if gap.ms < -max(tolerance_ms * count, 1.0)]


def _is_unfit(turn: Turn, tolerance_ms: float) -> bool:
    return Reason.EXCEEDS_WHOLE in turn.unmeasured.values() or bool(_overlapping(turn, tolerance_ms))


def _sum(turn: Turn, table: StageTable) -> float:
    """Measured critical stages and gaps, added anew from the turn's own figures."""
    parts = sum(ms for _, ms in table.parts_of_headline(turn.stages))
    return parts + sum(gap.ms for gap in turn.gaps)


def report_lines(verdict: Verdict) -> Iterator[str]:
    """The verdict in plain lines."""
    yield f"{plural(verdict.lines, 'line')} read, {plural(verdict.matched, 'record')} matched, {verdict.other} unknown"
    for shape, number in verdict.unknown:
        yield f"  {number:>6} × {clean(shape, 100)}"
    if verdict.formless:
        yield f"  {verdict.formless:>6} × lines that source.line does not match, as those of a longer text"
    share = percent(verdict.with_headline / verdict.turns) if verdict.turns else "—"
    middle = f", p50 {duration(verdict.median_ms)}" if verdict.median_ms is not None else ""
    yield f"{plural(verdict.turns, 'turn')}, {verdict.ended} complete, {share} with a headline{middle}"
    if verdict.median_ms is not None and verdict.median_ms < LEAST_MS:
        yield 'look: nobody answers that fast; figures in seconds want unit = "s"'
    if verdict.never:
        yield f"never captured: {', '.join(verdict.never)}"
    if verdict.unmeasured:
        yield f"never measured: {', '.join(verdict.unmeasured)}"
    for problem in verdict.problems:
        yield f"wrong: {clean(problem, 300)}"
    if not verdict.problems:
        yield "stages and gaps are the headline on every turn"
    if verdict.unfit:
        yield f"{plural(verdict.unfit, 'turn')} with parts that do not fit their headline"
