"""A line of the log as columns, and which lines are those of a stage."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import open_turn, snapshot, turn
from timmy_tui.model.log_entry import LogEntry, TurnLines
from timmy_tui.model.stages.system import LITTLE_TIMMY, System
from timmy_tui.model.turn import Event
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.panels.lists import log_list
from timmy_tui.ui.panels.log import rows as log_rows
from timmy_tui.ui.panels.log.events import event_entries, newest_entries
from timmy_tui.ui.panels.log.rows import (
    cells_right,
    delta_words,
    figures_text,
    header_line,
    log_columns,
    log_lines,
    time_of,
)
from timmy_tui.ui.panels.log.spans import lines_of_span, span_name
from timmy_tui.ui.view import View

WIDTHS = (40, 59, 60, 79, 80, 99, 100, 200)


def entry(**fields: Any) -> LogEntry:
    usual: dict[str, Any] = {
        "source": "latency.log", "offset": 0, "text": "{}", "at": 1_764_350_000.25, "service": "v34",
        "event": "v34_ollama_received", "metadata": {"eval_count": 65, "prompt_eval_duration_ms": 177.2},
    }  # fmt: skip
    return LogEntry(**(usual | fields))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_rows_are_as_wide_as_the_pane_and_columns_stand_below_each_other(width: int, wrapped: bool) -> None:
    columns = log_columns(width)
    assert cells(header_line(columns)) == width
    wide = entry(metadata={"words": "語" * 200}, delta_ms=12.0)
    printed = entry(at=None, event="", text="*** Debug: " + "word " * 90)
    rows = [row for one in (entry(), wide, printed) for row in log_lines(one, columns, "417", 0, wrapped)]
    assert all(cells(row) == width for row in rows)
    assert len(rows) == 3 or wrapped
    at = plain(log_lines(entry(), columns)[0]).index("v34")
    assert plain(log_lines(printed, columns)[0]).index("v34") == at == columns.prefix - 4


@pytest.mark.parametrize(("width", "name"), [(80, "retrieval_embedding_complete"), (60, "retrieval_emb…complete")])
def test_of_a_long_event_the_word_that_tells_it_from_others_stays(width: int, name: str) -> None:
    long = entry(event="v34_retrieval_embedding_complete")
    assert name in plain(log_lines(long, log_columns(width))[0])


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_what_a_quiet_room_counts_is_whole_at_every_width(width: int) -> None:
    """At 60 columns it read ``739 pauses without…``, at 40 ``9 requests of the…``."""
    paused = entry(service="stt", event="stt_pause_detected", pauses=739, metadata={"pause_threshold": 0.5})
    asked = entry(at=None, event="", text="x", asked=12)
    rows = [plain(log_lines(one, log_columns(width))[0]) for one in (paused, asked)]
    assert "739 pauses without text" in rows[0] and not any("…" in row for row in rows)
    assert (
        rows[1]
        .rstrip()
        .endswith("12 own requests" if width == 40 else "12 requests of the dashboard for its statistics")
    )
    assert width == 40 or rows[0].index("threshold") == plain(header_line(log_columns(width))).index("figures")


def test_milliseconds_where_there_is_room_and_no_time_where_there_is_none() -> None:
    assert time_of(entry(), 12).endswith(".250") and len(time_of(entry(), 8)) == 8
    assert time_of(entry(at=None), 12) == "—" and time_of(entry(at=1e300), 12).strip() == ""


# -- the newest lines of a snapshot


def test_the_list_of_the_live_screen_reads_like_the_log_screen() -> None:
    snap = snapshot()
    view = View(snap)
    for width in (48, 60, 100):
        heading, *rows = [plain(row) for row in log_list(view, width, 5)]
        assert heading.startswith("log ") and len(rows) == 4
        entries = newest_entries(snap, 4)
        numbers = {turn.request_id: str(turn.number) for turn in snap.turns}
        wanted = [log_lines(one, log_columns(width), numbers[one.request_id])[0] for one in entries]
        assert rows == [plain(row) for row in wanted]
    assert "+500ms" in rows[-1] and "stt" in rows[0] and "430 v34 flask_handler_entry" in rows[-1]
    assert log_list(view, 60, 1) == log_list(view, 60, 5)[:1]


def test_the_turn_in_flight_is_the_newest_and_printed_lines_stand_in_where_there_are_no_events() -> None:
    snap = snapshot(open_turn=open_turn())
    assert newest_entries(snap, 2)[-1].request_id == open_turn().turn.request_id
    bare = replace(snapshot(), turns=tuple(replace(one, events=()) for one in snapshot().turns))
    assert newest_entries(bare, 1)[0].text == "line 59: INFO nothing to see"
    assert newest_entries(snap, 0) == []


@pytest.mark.parametrize(
    ("event", "metadata", "failed"),
    [
        ("v34_ollama_received", {"response_length": 0}, True), ("v34_ollama_received", {"prompt_eval_count": 9}, False),
        ("stt_http_response_received", {"status_code": 399}, False),
        ("stt_http_response_received", {"status_code": 400}, True),
        ("stt_http_response_received", {"status_code": "500"}, True),
        ("stt_http_response_received", {"status_code": 200}, False), ("tts_pause_sent", {}, False),
    ],
)  # fmt: skip
def test_an_event_that_tells_of_a_failure(event: str, metadata: dict[str, Any], failed: bool) -> None:
    (one,) = event_entries([Event(1.0, "a", event, "stt", metadata)])
    assert one.failed is failed


def test_the_time_since_the_event_before_is_that_of_the_turn_and_says_where_it_crosses_clocks() -> None:
    events = [Event(1.0, "a", "x", "stt"), Event(1.5, "a", "y", "v34"), Event(1.25, "a", "z", "v34")]
    found = [(one.delta_ms, one.across_clocks) for one in event_entries(events)]
    assert found == [(None, False), (500.0, True), (-250.0, False)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"delta_ms": None}, ""), ({"delta_ms": 0.0}, "+0.0ms"), ({"delta_ms": 412.4}, "+412ms"),
        ({"delta_ms": -3.0}, "−3ms"), ({"delta_ms": 12.0, "across_clocks": True}, "~+12ms"),
        ({"delta_ms": 12.0, "pauses": 3}, ""),
    ],
)  # fmt: skip
def test_the_time_since_the_event_before(fields: dict[str, Any], words: str) -> None:
    assert delta_words(entry(**fields)) == words


def test_the_figures_that_matter_come_first_and_an_unknown_one_is_there() -> None:
    text = figures_text(entry(metadata={"new": "x", "eval_count": 65, "prompt_eval_duration_ms": 177.2}))
    assert text == "prefill 177ms  65 tok out  new=x"


@pytest.mark.parametrize("width", range(60, 140))
def test_of_figures_that_do_not_fit_none_is_half_one(width: int) -> None:
    """At 80 columns it read ``took 31ms  10 parents  10…``, at 120 ``41 tok out…``, as if the figure went on."""
    told = {"response_length": 134, "new_context_length": 3820, "prompt_eval_count": 1639, "eval_count": 41,
            "prompt_eval_duration_ms": 169.0, "eval_duration_ms": 373.0}  # fmt: skip
    columns = log_columns(width)
    figures = ["prefill 169ms", "decode 373ms", "1 639 tok in", "41 tok out", "134 chars", "context 3 820 tok"]
    row = plain(log_lines(entry(metadata=told), columns)[0])[columns.width - columns.figures :].rstrip()
    shown = row.removesuffix(" …").split("  ")
    assert shown == figures[: len(shown)] and row.endswith(" …") == (shown != figures)
    wrapped = [
        part for one in log_lines(entry(metadata=told), columns, wrapped=True)
        for part in plain(one)[columns.width - columns.figures :].rstrip().split("  ")
    ]  # fmt: skip
    assert wrapped == figures or columns.figures < len(figures[-1])
    shifted = plain(log_lines(entry(metadata=told), columns, shift=20)[0])
    assert "decode 373ms" in shifted


def test_to_the_side_there_are_figures_also_where_a_narrow_pane_has_none() -> None:
    columns = log_columns(40)
    assert "prefill" not in plain(log_lines(entry(), columns)[0]) and cells_right(entry(), columns, 0) > 0
    moved = plain(log_lines(entry(), columns, shift=20)[0])
    assert "prefill 177ms" in moved and plain(header_line(columns, 20)).index("figures") == moved.index("prefill")


def test_a_step_of_many_seconds_across_clocks_is_whole() -> None:
    long = entry(delta_ms=12_340.0, across_clocks=True)
    assert "~+12.34s" in plain(log_lines(long, log_columns(60))[0])


def test_of_another_system_a_name_means_what_it_means_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """``endpoint`` is v34's word for where a request goes, and another one's for a time."""
    box = System(
        name="box", title="Box", stages=LITTLE_TIMMY.stages, stamps_measure=False,
        counts=frozenset(("perf.eval_count",)),
    )  # fmt: skip
    monkeypatch.setattr(log_rows, "watched", lambda: box)
    told = {"endpoint": 515.0, "eval_count": 65.0, "speaker": "DAN", "filler": False}
    assert (
        figures_text(entry(event="perf", metadata=told)) == "endpoint 515ms  eval_count 65  speaker=DAN  filler=False"
    )
    assert figures_text(entry(event="tail", metadata={"llm": 1830.0})) == "llm 1.83s"
    assert "." not in time_of(entry(), 12)


@pytest.mark.parametrize("odd", [None, True, "x\x1b[2J", [1], {"a": 1}, 10**400, -1, 0.5])
def test_an_odd_value_is_shown_and_fails_nothing(odd: Any) -> None:
    keys = ("duration_ms", "eval_count", "tail_mode", "session_id", "no_parents", "other")
    assert "\x1b" not in figures_text(entry(metadata=dict.fromkeys(keys, odd)))


def test_a_shifted_line_shows_what_is_further_right() -> None:
    columns = log_columns(80)
    printed = entry(event="", at=None, text="0123456789" * 20)
    assert plain(log_lines(printed, columns, "", 20)[0])[columns.prefix :].startswith("0123456789")
    assert plain(log_lines(printed, columns, "", 205)[0])[columns.prefix :].strip() == ""


@pytest.mark.parametrize(
    ("key", "begins", "ends", "name"),
    [
        ("llm", ("v34_ollama_sent",), ("v34_ollama_received",), "LLM"),
        ("prefill", ("v34_ollama_sent",), ("v34_ollama_received",), "prefil"),
        ("gap:classify→retrieve", ("v34_classification_complete",), ("v34_retrieval_start",), "gap CLASS→RAG"),
        ("", (), (), ""),
        ("no such stage", (), (), ""),
    ],
)
def test_the_events_that_bound_a_stage(key: str, begins: tuple[str, ...], ends: tuple[str, ...], name: str) -> None:
    one = turn(3)
    assert lines_of_span(one, key) == TurnLines(one.request_id, one.text or "", begins, ends)
    assert span_name(key) == name


@pytest.mark.parametrize(("number", "words"), [(1, "1 block"), (3, "3 blocks"), (0, "0 blocks")])
def test_one_block_is_no_plural(number: int, words: str) -> None:
    assert figures_text(entry(metadata={"chunks_written": number})) == words
