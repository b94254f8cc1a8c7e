"""What holds of every turn, text and count, whatever the input was. Each raises AssertionError."""

import contextlib
import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from timmy_tui.core.foreign.sanitize import UNSAFE
from timmy_tui.model.stages.watched import parts_of_headline
from timmy_tui.model.turn import Turn
from timmy_tui.report.report_formats import EXPORTERS, Exporter, ReportData, Text

LONGEST_TEXT = 4096 * 200
"""Characters of a user's or an answer's text in a turn: 200 lines, each cut."""
_RAISED = re.compile(r"^(?:[\w.]+:\d+|elsewhere in the program): ")
"""How core/running/failures.py names a step that raised."""
_NOT_SAFE = re.compile(f"[{re.escape(''.join(map(chr, UNSAFE - {0x0A})))}]")


def assert_nothing_raised(reasons: Iterable[str]) -> None:
    """No step raised: a guard counts what does, but it is a fault all the same."""
    raised = [reason for reason in reasons if _RAISED.match(reason)]
    assert not raised, raised


def assert_printable(text: str, lines: bool = False) -> None:
    """No terminal would obey it. ``lines``: it may have line ends."""
    found = _NOT_SAFE.search(text)
    assert found is None, f"{found[0]!r} is shown in {text[max(found.start() - 40, 0) : found.end() + 20]!r}"
    assert lines or "\n" not in text, f"a line end is shown in {text[:80]!r}"


def assert_finite(value: Any, where: str = "") -> None:
    """No NaN and no infinity anywhere in it."""
    if isinstance(value, float):
        assert math.isfinite(value), f"{where} is {value}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            assert_finite(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for item in value:
            assert_finite(item, where)


def _us(ms: float) -> int:
    return round(ms * 1000)


def assert_turn(turn: Turn) -> None:
    """The ledger is exact in whole microseconds, every figure is finite, no text is without bound."""
    assert_finite(msgspec.to_builtins(replace(turn, events=())), f"turn {turn.ordinal}")
    for text in (turn.text, turn.reply):
        assert text is None or len(text) <= LONGEST_TEXT
    if turn.headline_ms is None:
        assert turn.unattributed_ms is None, "a rest of an unknown whole"
        assert not turn.gaps, "gaps in an unknown whole"
        return
    assert turn.headline_ms >= 0, "a headline below zero"
    if turn.unattributed_ms is None:
        return
    assert _us(turn.unattributed_ms) == sum(_us(gap.ms) for gap in turn.gaps), "the gaps are not the rest"
    named = sum(_us(ms) for _, ms in parts_of_headline(turn.stages))
    assert named + _us(turn.unattributed_ms) == _us(turn.headline_ms), "the ledger does not sum to the headline"


def assert_turns(turns: Iterable[Turn]) -> None:
    """Of one reading: each ordinal once, each turn as above."""
    seen: set[int] = set()
    for turn in turns:
        assert turn.ordinal not in seen, f"two turns have the ordinal {turn.ordinal}"
        seen.add(turn.ordinal)
        assert_turn(turn)


def printed(exporter: Exporter, data: ReportData) -> str:
    """What ``timmy-tui report`` prints in this format."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exporter.write(data, None)
    return out.getvalue()


def assert_reports(data: ReportData, tables: bool) -> None:
    """Every format that is printed is safe to print, and JSON is JSON. ``tables``: CSV too, which needs pandas."""
    for exporter in (Text(), *EXPORTERS.values()):
        if exporter.to_file or (exporter.name == "csv" and not tables):
            continue
        text = printed(exporter, data)
        assert_printable(text, lines=True)
        if exporter.name == "json":
            assert_finite(json.loads(text, parse_constant=_no_constant), "report --json")


def _no_constant(name: str) -> None:
    raise AssertionError(f"report --json prints {name}")
