"""The one table of formats of ``timmy-tui report``. A new format is a class here and its place in the table.

Its name and help become the option ``--NAME`` of the command, which knows no format.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from timmy_tui.core.output import say_block, say_json, say_lines
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.llm import LearnedRate, OllamaFacts, Reuse
from timmy_tui.model.snapshot import Listening, SourceState
from timmy_tui.model.turn import Session, Turn
from timmy_tui.storage.parquet.files import Origin

if TYPE_CHECKING:
    import pandas as pd

    from timmy_tui.report.conclusions import Conclusions


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportData:
    """What the logs say, and which of their turns were asked for."""

    turns: tuple[Turn, ...]
    """Those that were asked for, in the order of the report."""
    all_turns: tuple[Turn, ...]
    """All turns of the logs: a diagnosis compares a turn with those before it."""
    sessions: tuple[Session, ...]
    sources: tuple[SourceState, ...]
    unparsed: Mapping[str, int]
    listening: Listening
    """The pauses without text in these logs."""
    single: bool
    """One turn was asked for by its id: no summary."""
    read_flags: Callable[[], KnownFlags] = KnownFlags
    """The flags, and what journal and files tell of them; takes 20–70 ms."""
    read_facts: Callable[[], OllamaFacts | None] = lambda: None
    """What Ollama's server log tells, where the settings name one."""

    read_rates: Callable[[], Iterable[LearnedRate]] = tuple
    """Cold rates that the dashboard, or a probe, has kept."""

    read_origin: Callable[[], Origin] = lambda: Origin("")
    """Whose turns these are, for a file that may stand beside another machine's."""

    @cached_property
    def known_flags(self) -> KnownFlags:
        """The flags, read once."""
        return self.read_flags()

    @cached_property
    def reuse(self) -> Mapping[int, Reuse]:
        """Prompt reuse by ordinal, from all turns of the logs."""
        from timmy_tui.analysis.llm.summary import reuse_by_turn

        return reuse_by_turn(self.all_turns, self.known_flags, self.read_facts(), self.read_rates())

    @cached_property
    def conclusions(self) -> "Conclusions":
        """Diagnosis (3 ms a turn) and prompt reuse of each turn that was asked for, from all turns of the logs."""
        from timmy_tui.analysis.detect.diagnosis import diagnose_newest
        from timmy_tui.report.conclusions import Conclusions

        return Conclusions(diagnose_newest(self.all_turns, self.turns), self.reuse)


class ExportError(Exception):
    """The report cannot be written in this format; the message says why, and what to do."""


class Exporter(Protocol):
    """One format."""

    name: ClassVar[str]
    """Name of its option without the dashes; empty for the default, which has no option."""
    help: ClassVar[str]
    """Help text of its option."""
    for_programs: ClassVar[bool]
    """Formats for programs exclude each other; a format for people that is named beside one is ignored."""
    to_file: ClassVar[bool]
    """Its option takes the path of a new file; else it is a switch, and the report goes to standard output."""

    def write(self, data: ReportData, path: Path | None) -> None:
        """Write to standard output, or to the file ``path``, which does not exist yet. Raises ExportError."""


class Text:
    """Each turn with timeline, deltas and ledger, then the summary."""

    name: ClassVar[str] = ""
    help: ClassVar[str] = ""
    for_programs: ClassVar[bool] = False
    to_file: ClassVar[bool] = False

    def write(self, data: ReportData, path: Path | None) -> None:
        say_lines(self.lines(data))

    def lines(self, data: ReportData) -> Iterator[str]:
        """The whole report."""
        from timmy_tui.report.summary import listening_lines, slow_lines, source_lines, summary_lines

        if not data.turns:
            yield "no turns in these logs"
        yield from self.body(data)
        if not data.single:
            yield from summary_lines(data.turns, data.reuse)
            yield from source_lines(data.sources, data.unparsed)
            yield from listening_lines(data.listening)
            yield from slow_lines(data.turns, data.conclusions.diagnoses)

    def body(self, data: ReportData) -> Iterator[str]:
        """The lines before the summary."""
        from timmy_tui.report.text import turn_lines

        for turn in data.turns:
            yield from turn_lines(turn, data.conclusions)
            yield ""


class SessionsText(Text):
    """A table for each session instead of the single turns, then the summary."""

    name: ClassVar[str] = "sessions"
    help: ClassVar[str] = "A table for each run of v34, with its trends."

    def body(self, data: ReportData) -> Iterator[str]:
        from timmy_tui.analysis.stats.epochs import epochs_of
        from timmy_tui.report.epochs import epoch_lines
        from timmy_tui.report.sessions import session_lines

        yield from session_lines(data.sessions, data.turns, data.reuse)
        known = data.known_flags
        yield from epoch_lines(epochs_of(data.all_turns, known).epochs, known)


class Json:
    """The object that docs/report-json.md describes, indented."""

    name: ClassVar[str] = "json"
    help: ClassVar[str] = "The documented, versioned contract."
    for_programs: ClassVar[bool] = True
    to_file: ClassVar[bool] = False

    def write(self, data: ReportData, path: Path | None) -> None:
        from timmy_tui.analysis.stats.epochs import epochs_of
        from timmy_tui.report.epochs import epoch_objects
        from timmy_tui.report.json import report_object

        known = data.known_flags
        report = report_object(data.turns, data, data.conclusions)
        say_json({**report, **epoch_objects(epochs_of(data.all_turns, known).epochs, known)})


class Csv:
    """The columns of analysis/frame.py, one row for each turn; no cell is a formula (report/csv_cells.py)."""

    name: ClassVar[str] = "csv"
    help: ClassVar[str] = "One row a turn: times, stages, prompt reuse."
    for_programs: ClassVar[bool] = True
    to_file: ClassVar[bool] = False

    def write(self, data: ReportData, path: Path | None) -> None:
        from timmy_tui.report.csv_cells import with_safe_text

        say_block(with_safe_text(_frame(data)).to_csv(index=False))


class Parquet:
    """One file with the columns of ``export --parquet``. Needs pyarrow."""

    name: ClassVar[str] = "parquet"
    help: ClassVar[str] = "One new file, as `export --parquet` writes them by day."
    for_programs: ClassVar[bool] = True
    to_file: ClassVar[bool] = True

    def write(self, data: ReportData, path: Path | None) -> None:
        from timmy_tui.storage.parquet.files import file_bytes, replace_whole
        from timmy_tui.storage.parquet.turn_table import row_of
        from timmy_tui.storage.session_runs import in_one_order

        assert path is not None
        placed = in_one_order([data.turns])
        rows = [row_of(turn, data.reuse[one.ordinal]) for turn, one in zip(placed, data.turns, strict=True)]
        replace_whole(path, file_bytes(rows, data.read_origin()))


def _frame(data: ReportData) -> "pd.DataFrame":
    from timmy_tui.analysis.frame import TurnFrame, with_reuse

    frame = TurnFrame()
    for turn in data.turns:
        frame.put(turn)
    return with_reuse(frame.data(), [data.reuse[turn.ordinal] for turn in data.turns])


DEFAULT: Exporter = Text()
_WITH_OPTION: tuple[Exporter, ...] = (SessionsText(), Json(), Csv(), Parquet())
EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in _WITH_OPTION}
"""The table, by the names of the options, in the order of the command's help."""
