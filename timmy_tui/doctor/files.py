"""Checks of the logs: whether they exist, what is in them, and how old it is."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.pass_time import pass_bound
from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import Settings
from timmy_tui.doctor.result import FAIL, OK, WARN, DoctorLine
from timmy_tui.doctor.server_log import server_log_lines
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import ClockOffset, Listening
from timmy_tui.model.turn import Turn
from timmy_tui.parse.table import log_files
from timmy_tui.sources.files.content import ABSENT, problem_of
from timmy_tui.sources.files.end_of_file import end_lines
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.lone_pauses import without_lone_pauses
from timmy_tui.turns.running_model import running_model

END_BYTES = 512 << 10
"""Size of each log's end that is read: about 120 turns."""
PAUSE_BYTES = 1 << 17
"""Of the latency log's end, for the rhythm of its pauses: about 680 of them, eight minutes of a quiet room."""
OLD_S = 86400.0
"""Age of the newest event from which the log counts as old."""
NEWER_EVENTS = (
    "stt_pause_detected",
    "stt_http_request_start",
    "v34_flask_handler_entry",
    "v34_retrieval_embedding_start",
)
"""Events that older versions of the tracker do not write."""


@dataclass
class Sample:
    """The ends of all logs, read."""

    turns: tuple[Turn, ...] = ()
    events: Counter[str] = field(default_factory=Counter)
    unparsed: Counter[str] = field(default_factory=Counter)
    offset: ClockOffset | None = None
    newest: float | None = None
    """Stamp of the newest event."""
    debug_turns: int = 0
    """Number of turns in the debug log."""
    model: str | None = None
    """The model that v34 uses now, by its debug log."""
    listening: Listening = field(default_factory=Listening)
    """The pauses without text at the end of the latency log."""


def sample_logs(installation: Installation, settings: Settings) -> Sample:
    """Turns, events and unparsed lines from the end of each log."""
    ingest = Ingest(settings.tail.turn_timeout_s, longest_threshold_s=settings.tail.longest_threshold_s)
    logs = log_files(installation)
    turns = ingest.read_once((row.kind, end_lines(path, END_BYTES, without_lone_pauses)) for path, row in logs)
    return Sample(
        turns=turns,
        events=Counter(event.event for turn in turns for event in turn.events),
        unparsed=ingest.unparsed,
        offset=offset_over(turns[-20:]),
        newest=ingest.newest_stamp,
        model=running_model(turns, ingest.assembler.restarted),
        debug_turns=sum(turn.logs in ("v34", "both") for turn in turns),
        listening=_listening(installation.latency_log),
    )


def _listening(path: Path) -> Listening:
    """What the pauses without text at the end of the latency log say."""
    ingest = Ingest(timeout_s=0.0, keep_events=False)
    ingest.feed("latency", end_lines(path, PAUSE_BYTES))
    return ingest.assembler.listening


def file_lines(installation: Installation, sample: Sample, settings: Settings, now: float) -> Iterator[DoctorLine]:
    """The lines for each log."""
    for path, row in log_files(installation):
        check = _CHECKS.get(row.kind)
        if check is not None:
            yield from check(installation, sample, now)
        else:
            problem = problem_of(path)
            yield DoctorLine(row.file_name, WARN if problem else OK, f"{path} {problem or 'can be read'}")
    yield from server_log_lines(settings, installation.root)


def _latency(installation: Installation, sample: Sample, now: float) -> Iterator[DoctorLine]:
    path = installation.latency_log
    problem = problem_of(path)
    if problem:
        advice = "Talk to Timmy once: the first turn creates it." if problem == ABSENT else "Make it a plain file."
        yield DoctorLine("latency.log", FAIL, f"{path} {problem}", advice)
        return
    if not sample.events:
        heard = f", only {sample.listening.pauses} pauses without text: STT listens" * bool(sample.listening.pauses)
        yield DoctorLine("latency.log", WARN, f"{path} contains no turn yet{heard}", "Talk to Timmy once.")
        return
    total, turns = sum(sample.events.values()), sum(bool(turn.events) for turn in sample.turns)
    age = _age(now - sample.newest) if sample.newest is not None else ""
    old = sample.newest is not None and now - sample.newest > OLD_S
    text = f"{total} events in {turns} turns at its end, the newest {age} ago"
    yield DoctorLine("latency.log", WARN if old else OK, text, "Is Timmy running?" if old else "")
    yield from _wait(sample.listening)
    missing = [name for name in NEWER_EVENTS if name not in sample.events]
    if missing:
        yield DoctorLine("latency.log", OK, f"an older version of the tracker, without the events {', '.join(missing)}")
    if sample.unparsed:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sample.unparsed.most_common(3))
        yield DoctorLine("latency.log", WARN, f"skipped lines: {reasons}", "Several writers share it without a lock.")


def _wait(listening: Listening) -> Iterator[DoctorLine]:
    """What is known of the wait before a turn; nothing where no pause names its threshold."""
    if listening.threshold_s is None:
        return
    bound = pass_bound(listening)
    known = (
        f"waited ≥ {bound.waited_s:.2f} s, a pass of STT takes ≥ {10 * int(100 * bound.pass_s)} ms, "
        f"from {bound.pauses} pauses; assumes upstream's STT loop"
        if bound is not None
        else "the wait before a turn is longer, by how much is not known"
    )
    yield DoctorLine("stt", OK, f"setting {listening.threshold_s:g} s; {known}")


def _debug(installation: Installation, sample: Sample, now: float) -> Iterator[DoctorLine]:
    problems = {path: problem_of(path) for path in installation.v34_logs}
    if all(problems.values()):
        yield DoctorLine(
            "v34.log", WARN, ", ".join(f"{path} {problem}" for path, problem in problems.items()),
            "Start v34 with --debug and its output in one of them. Without it, load times and replies are not visible.",
        )  # fmt: skip
        return
    path = installation.v34_log
    if not sample.debug_turns:
        yield DoctorLine(
            "v34.log", WARN, f"{path} contains no turn", "Start v34 with --debug: it prints turns only then."
        )
        return
    ids = sum(bool(turn.request_id) for turn in sample.turns if turn.logs in ("v34", "both"))
    form = "with request ids" if ids else "without request ids (before November 2025)"
    yield DoctorLine("v34.log", OK, f"{path}: {sample.debug_turns} turns at its end, {form}")


_CHECKS: dict[LogKind, Callable[[Installation, Sample, float], Iterator[DoctorLine]]] = {
    "latency": _latency,
    "v34": _debug,
}
"""Checks of what stands in a log, by kind; of any other log it is said whether it can be read."""


def _age(seconds: float) -> str:
    seconds = max(seconds, 0.0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
