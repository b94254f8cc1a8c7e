"""Lines of all logs in, turns out: the parsers and the assembler of one reading."""

from collections import Counter
from collections.abc import Iterable, Sequence

from timmy_tui.model.log_format import EventLog, EventParser, FactParser, LogKind, ReadsReplies
from timmy_tui.model.turn import Session, Turn
from timmy_tui.parse.table import in_order
from timmy_tui.turns.assembler import TurnAssembler
from timmy_tui.turns.drafts import MAX_CLOSED_TURNS

CHUNK_LINES = 400
"""Lines decoded before they are assembled: 240 KB of events fit in the CPU core's cache, 12 % faster than 1 350."""


class Ingest:
    """One reading of the logs, from their first lines on. Closed turns are returned; a known ordinal is a revision."""

    def __init__(
        self,
        timeout_s: float,
        keep_events: bool = True,
        longest_threshold_s: float = 10.0,
        remember: int | None = MAX_CLOSED_TURNS,
    ) -> None:
        """Limits in seconds, as in the settings of ``tail``.

        ``remember``: closed turns that the other log can still complete; None: all, for logs read one behind the other.
        """
        self.assembler = TurnAssembler(timeout_s, keep_events, remember, longest_threshold_s)
        self._events: dict[LogKind, EventParser] = {}
        self._facts: dict[LogKind, FactParser] = {}
        for row in in_order():
            if isinstance(row, EventLog):
                self._events[row.kind] = row.parser()
            else:
                self._facts[row.kind] = parser = row.parser()
                if isinstance(parser, ReadsReplies):
                    parser.use_reply_lengths(self.assembler.reply_length_of)
        self.newest_stamp: float | None = None
        """Stamp of the newest event, in seconds since the epoch, on its writer's clock."""

    def feed(self, kind: LogKind, lines: Sequence[bytes], arrived: float | None = None) -> list[Turn]:
        """Whole lines of one log, in file order. Raises KeyError for a kind that is not in the table of formats.

        ``arrived``: ``elapsed()`` when they were written; None for lines of a backlog or a replay.
        """
        if kind in self._facts:
            return self.assembler.add_facts(self._facts[kind].feed(lines))
        parser = self._events[kind]
        turns: list[Turn] = []
        for start in range(0, len(lines), CHUNK_LINES):
            events = parser.feed(lines[start : start + CHUNK_LINES])
            if events:
                self.newest_stamp = events[-1].timestamp
                turns += self.assembler.add_events(events, arrived)
        return turns

    def read_once(self, logs: Iterable[tuple[LogKind, Sequence[bytes]]]) -> tuple[Turn, ...]:
        """All turns of these lines in the order in which they happened, those that they leave open included."""
        turns = {turn.ordinal: turn for kind, lines in logs for turn in self.feed(kind, lines)}
        turns.update((turn.ordinal, turn) for turn in self.finish())
        return tuple(sorted(turns.values(), key=lambda turn: turn.position))

    def finish(self) -> list[Turn]:
        """At the end of the logs: what was held back, and the turns that they leave open."""
        rest = [fact for parser in self._facts.values() if isinstance(parser, ReadsReplies) for fact in parser.finish()]
        return [*self.assembler.add_facts(rest), *self.assembler.finish()]

    @property
    def lone_pauses(self) -> int:
        """How many pauses without text there were so far."""
        return self.assembler.lone_pauses

    @property
    def unparsed(self) -> Counter[str]:
        """Lines that could not be read, by reason, over all logs."""
        parsers: list[EventParser | FactParser] = [*self._events.values(), *self._facts.values()]
        return sum((parser.unparsed for parser in parsers), self.assembler.unparsed)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Runs of v34 so far."""
        return self.assembler.sessions
