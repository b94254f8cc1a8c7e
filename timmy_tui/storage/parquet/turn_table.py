"""A turn as a row of the exported table (analysis/columns.py), and a row as the turn that it was.

Nothing that was said is in a row: neither the texts of a turn nor its events nor what its error lines say.
"""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from timmy_tui.analysis.columns import DETAIL_COLUMNS, REUSE_COLUMNS, TURN_COLUMNS, stage_keys
from timmy_tui.core.foreign.decode import decode_json
from timmy_tui.model.endings import without_what_was_said
from timmy_tui.model.llm import Reuse
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import LATEST, FlagValue, Gap, Span, Turn, TurnState

_NAME = re.compile(r"[\x21-\x7e]{0,80}")
"""What an id or the name of a model looks like: no blank, not longer than any that is known (a model's path has 60)."""
_HASH = re.compile(r"text-[0-9a-f]{12}")
_INT64 = 1 << 63
NOT_EXPORTED = "(not exported)"
"""Stands for each error line of a turn that is read back."""

Cells = Mapping[str, Any]
"""Name of a column → its value; None or not there: not known."""


class ReuseCells(NamedTuple):
    """What was concluded of a prompt when the row was written."""

    share: float | None = None
    certainty: str | None = None
    reason: str | None = None


class Row(NamedTuple):
    """A turn, and what is concluded of it."""

    turn: Turn
    reuse: ReuseCells = ReuseCells()


def row_of(turn: Turn, reuse: Reuse | None) -> Row:
    """The row of a turn."""
    return Row(turn, ReuseCells() if reuse is None else ReuseCells(reuse.share, str(reuse.certainty), reuse.reason))


def plain_name(text: str | None) -> str | None:
    """An id, or the name of a model, as it is. Anything else may be what somebody said: of that a hash."""
    return text if text is None or _NAME.fullmatch(text) else _hash(text)


def _hash(text: str) -> str:
    """The same for the same text; of a hash itself."""
    if _HASH.fullmatch(text):
        return text
    return f"text-{hashlib.blake2b(text.encode(errors='replace'), digest_size=6).hexdigest()}"


def plain_reason(turn: Turn) -> str:
    """Why it did not complete, in this program's or v34's own words. Of any other text, an exception's, a hash."""
    own = without_what_was_said(turn.reason)
    return own if own is not None else _hash(turn.reason)


def cells_of(row: Row, machine: str) -> tuple[Any, ...]:
    """The values in the order of EXPORTED_COLUMNS. Times are µs since 1970."""
    turn = row.turn
    stages = (_number(turn.stages.get(key)) for key in stage_keys())
    return (machine, *(read(turn) for read in _TURN), *stages, *row.reuse, *(read(turn) for read in _DETAILS))


def row_from(cells: Cells) -> Row:
    """The row of the values by name. Raises ValueError where a state or span is not one of this program's."""
    values = {name: cells.get(column) for column, name in _COPIED.items()}
    low, high = cells.get("offset_low_ms"), cells.get("offset_high_ms")
    turn = Turn(
        **{name: value for name, value in values.items() if value is not None},
        ordinal=cells.get("ordinal") or 0,
        session=cells.get("session") or 0,
        state=TurnState(cells.get("state") or "complete"),
        span=Span(cells.get("span") or "none"),
        started=_seconds(cells.get("started")),
        ended=_seconds(cells.get("ended")),
        answered=_seconds(cells.get("answered")),
        stages={key: cells.get(f"{key}_ms") for key in stage_keys()},
        offset_bounds=(low, high),
        errors=(NOT_EXPORTED,) * min(cells.get("error_lines") or 0, 1000),
        signals=frozenset(cells.get("signals") or ()),
        skipped=frozenset(cells.get("skipped") or ()),
        switches={key: _switch(key, text) for key, text in cells.get("switches") or ()},
        unmeasured=dict(cells.get("unmeasured") or ()),
        gaps=tuple(Gap(one["after"], one["before"], one["ms"]) for one in cells.get("gaps") or ()),
    )
    reuse = ReuseCells(*(cells.get(column.name) for column in REUSE_COLUMNS))
    return Row(turn, reuse)


def _switch_text(value: FlagValue) -> str:
    """``true``, ``0.5``, or the text itself."""
    return plain_name(value) or "" if isinstance(value, str) else msgspec.json.encode(value).decode()


def _switch(key: str, text: str) -> FlagValue:
    """The value again, which the table of switches says to be a text or not."""
    kind = next((one.type for one in watched().switches if one.key == key), None)
    value = text if kind is str else decode_json(text)
    return value if isinstance(value, bool | int | float) else text


_COPIED = {
    **{
        column.name: column.name
        for column in TURN_COLUMNS
        if column.name not in ("ordinal", "session", "state", "span", "started")
    },
    "pause_threshold": "pause_threshold",
    "ollama_prefill_ms": "prefill_ms",
    "ollama_decode_ms": "decode_ms",
    "ollama_load_ms": "load_ms",
}
"""Column → field of Turn that has its value as it is."""


def _number(value: Any) -> Any:
    """As it is; None for what no column holds: NaN, infinity, a whole number of more than 63 bits."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if isinstance(value, int) and not -_INT64 <= value < _INT64 else value


def _micros(stamp: float | None) -> int | None:
    return round(stamp * 1e6) if stamp is not None and 0 < stamp < LATEST else None


def _seconds(micros: int | None) -> float | None:
    return micros / 1e6 if micros is not None and 0 < micros < LATEST * 1e6 else None


def _reader(name: str) -> Callable[[Turn], Any]:
    return lambda turn: _number(getattr(turn, name))


_READERS: dict[str, Callable[[Turn], Any]] = {
    "request_id": lambda turn: plain_name(turn.request_id),
    "session_id": lambda turn: plain_name(turn.session_id),
    "model": lambda turn: plain_name(turn.model),
    "state": lambda turn: str(turn.state),
    "span": lambda turn: str(turn.span),
    "logs": lambda turn: plain_name(turn.logs),
    "reason": plain_reason,
    "started": lambda turn: _micros(turn.started),
    "ended": lambda turn: _micros(turn.ended),
    "answered": lambda turn: _micros(turn.answered),
    "ollama_prefill_ms": _reader("prefill_ms"),
    "ollama_decode_ms": _reader("decode_ms"),
    "ollama_load_ms": _reader("load_ms"),
    "offset_low_ms": lambda turn: _number(turn.offset_bounds[0]),
    "offset_high_ms": lambda turn: _number(turn.offset_bounds[1]),
    "error_lines": lambda turn: len(turn.errors) or (None if "error" in turn.signals else 0),
    "signals": lambda turn: sorted(turn.signals),
    "skipped": lambda turn: sorted(turn.skipped),
    "switches": lambda turn: sorted((key, _switch_text(value)) for key, value in turn.switches.items()),
    "unmeasured": lambda turn: sorted(turn.unmeasured.items()),
    "gaps": lambda turn: [{"after": gap.after, "before": gap.before, "ms": _number(gap.ms)} for gap in turn.gaps],
}
"""Columns that are not a field of Turn as it is."""


def _readers(names: Sequence[str]) -> tuple[Callable[[Turn], Any], ...]:
    return tuple(_READERS.get(name) or _reader(name) for name in names)


_TURN = _readers([column.name for column in TURN_COLUMNS])
_DETAILS = _readers([column.name for column in DETAIL_COLUMNS])
