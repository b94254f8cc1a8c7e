"""Both logs as one: every line once, v34's lines in their turn's place, read back page by page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from timmy_tui.core.errors import SourceError
from timmy_tui.model.log_entry import ALL_LINES, LogCursor, LogEntry, LogFilter, TurnLines
from timmy_tui.pipeline import log_history
from timmy_tui.pipeline.log_history import LogFile, LogHistory
from timmy_tui.sources.files.blocks import Part

DATA = Path(__file__).parents[1] / "data"
BEGIN = "*" * 45 + "BEGIN" + "*" * 45


def history(folder: Path, events: list[str], facts: list[str]) -> LogHistory:
    for name, lines in (("latency.log", events), ("v34.log", facts)):
        (folder / name).write_text("".join(line + "\n" for line in lines))
    return reading(folder)


def reading(folder: Path) -> LogHistory:
    files = [
        LogFile(name, kind, Part(folder / name, (folder / name).stat().st_size))
        for name, kind in (("latency.log", "latency"), ("v34.log", "v34"))
    ]
    return LogHistory(lambda: files)


def event(at: float, name: str, request_id: str = "aaaaaaaa", **metadata: Any) -> str:
    service = name.partition("_")[0]
    return json.dumps(
        {"timestamp": 1000 + at, "iso_time": "", "request_id": request_id, "service": service, "event": name,
         "metadata": metadata}
    )  # fmt: skip


def printed(request_id: str = "aaaaaaaa", text: str = "hello") -> list[str]:
    return [
        BEGIN,
        f"*** Debug: Received user_message via webhook: {text} [request_id={request_id}]",
        "*** Debug: Calling generate API: http://host",
        "*** Debug: AI Response: well...",
    ]


def turn(at: float, request_id: str = "aaaaaaaa") -> list[str]:
    return [
        event(at, "stt_pause_detected", request_id, pause_threshold=0.5),
        event(at + 0.1, "v34_webhook_received", request_id),
        event(at + 0.2, "v34_ollama_sent", request_id),
        event(at + 0.9, "v34_ollama_received", request_id, prompt_eval_count=1),
        event(at + 1.0, "tts_request_received", request_id),
    ]


def words(entries: tuple[LogEntry, ...]) -> list[str]:
    return [entry.event or entry.text for entry in entries]


def all_pages(log: LogHistory, wanted: LogFilter = ALL_LINES) -> list[LogEntry]:
    cursor, entries = log.newest(), list[LogEntry]()
    while not cursor.at_start:
        page = log.before(cursor, wanted, 1)
        assert page.before != cursor
        entries[:0] = page.entries
        cursor = page.before
    return entries


def test_v34s_lines_stand_behind_the_event_that_they_were_printed_after(tmp_path: Path) -> None:
    log = history(tmp_path, turn(0), printed())
    page = log.before(log.newest(), ALL_LINES, 1)
    assert words(page.entries) == [
        "stt_pause_detected", "v34_webhook_received", *printed()[:2], "v34_ollama_sent", printed()[2],
        "v34_ollama_received", printed()[3], "tts_request_received",
    ]  # fmt: skip
    assert [entry.at is None for entry in page.entries].count(True) == 4
    assert {entry.request_id for entry in page.entries} == {"aaaaaaaa"}


def test_the_time_since_the_event_before_is_of_the_same_turn(tmp_path: Path) -> None:
    events = [event(0, "v34_ollama_sent"), event(0.5, "tts_x", "bbbbbbbb"), event(0.7, "v34_ollama_received"),
              event(0.6, "tts_request_received")]  # fmt: skip
    entries = all_pages(history(tmp_path, events, []))
    assert [entry.delta_ms if entry.delta_ms is None else round(entry.delta_ms) for entry in entries] == [
        None, None, 700, -100,
    ]  # fmt: skip
    assert [entry.across_clocks for entry in entries] == [False, False, False, True]


@pytest.mark.parametrize("page_bytes", [200, 700, 1 << 15])
def test_paged_back_every_line_comes_once_and_in_order(monkeypatch: pytest.MonkeyPatch, page_bytes: int) -> None:
    monkeypatch.setattr(log_history, "PAGE_BYTES", page_bytes)
    monkeypatch.setattr(log_history, "FACT_BYTES", page_bytes)
    entries = all_pages(reading(DATA))
    for name in ("latency.log", "v34.log"):
        offsets = [entry.offset for entry in entries if entry.source == name]
        assert offsets == sorted(set(offsets))
        lines = sum(max(entry.pauses, 1) for entry in entries if entry.source == name)
        assert lines == (DATA / name).read_bytes().count(b"\n")


def test_typed_turns_stand_behind_the_turn_before_them_and_the_newest_at_the_end(tmp_path: Path) -> None:
    typed = [BEGIN, "*** Debug: Received user_message via WebSocket: typed words [request_id=None]"]
    log = history(tmp_path, [*turn(0), *turn(10, "bbbbbbbb")], [*printed(), *typed, *printed("bbbbbbbb"), *typed])
    shown = words(tuple(all_pages(log)))
    places = [at for at, word in enumerate(shown) if "typed words" in word]
    assert places[0] == shown.index(printed()[3]) + 2 and places[1] == len(shown) - 1
    page = log.of_turn(TurnLines("", "typed words"))
    assert words(page.entries) == typed


def test_v34s_log_alone_and_the_latency_log_alone(tmp_path: Path) -> None:
    assert words(tuple(all_pages(history(tmp_path, [], printed())))) == printed()
    assert len(all_pages(history(tmp_path, turn(0), []))) == 5
    empty = history(tmp_path, [], [])
    assert empty.newest().at_start and empty.before(empty.newest()).entries == ()


def test_one_turn_and_one_stage_of_it(tmp_path: Path) -> None:
    events = [*turn(0), *turn(10, "bbbbbbbb"), *turn(20, "cccccccc")]
    log = history(tmp_path, events, [*printed(), *printed("bbbbbbbb"), *printed("cccccccc")])
    page = log.of_turn(TurnLines("bbbbbbbb"))
    assert len(page.entries) == 9 and {entry.request_id for entry in page.entries} == {"bbbbbbbb"}
    stage = TurnLines("bbbbbbbb", begins=("v34_ollama_sent",), ends=("v34_ollama_received",))
    assert words(log.of_turn(stage).entries) == ["v34_ollama_sent", printed()[2], "v34_ollama_received"]
    assert log.of_turn(TurnLines("bbbbbbbb", begins=("none",), ends=("neither",))).entries == ()
    assert log.of_turn(TurnLines("eeeeeeee")).entries == () and log.of_turn(TurnLines("")).entries == ()


def test_filters(tmp_path: Path) -> None:
    failed = "*** Debug: Generate API call failed: timeout"
    events = [
        *turn(0),
        event(5, "v34_ollama_received"),
        event(6, "stt_http_response_received", status_code=500),
        "{torn",
    ]
    log = history(tmp_path, events, [*printed(), failed])
    assert {entry.service for entry in all_pages(log, LogFilter(service="tts"))} == {"tts"}
    v34 = all_pages(log, LogFilter(service="v34"))
    assert {entry.service for entry in v34} == {"v34"} and any(entry.at is None for entry in v34)
    assert not any(entry.source == "v34.log" for entry in all_pages(log, LogFilter(service="events")))
    failures = all_pages(log, LogFilter(failures=True))
    assert words(tuple(failures)) == [failed, "v34_ollama_received", "stt_http_response_received", "{torn"]
    assert all(entry.failed for entry in failures)


def test_pauses_that_nothing_follows_are_one_row_and_a_turns_pause_is_its_own(tmp_path: Path) -> None:
    pauses = [event(at, "stt_pause_detected", f"{at:08x}") for at in range(5)]
    entries = all_pages(history(tmp_path, [*pauses, *turn(10), event(20, "stt_pause_detected", "ffffffff")], []))
    assert [entry.pauses for entry in entries] == [5, 0, 0, 0, 0, 0, 1]
    assert entries[0].at == 1004 and entries[1].event == "stt_pause_detected"


@pytest.mark.parametrize("page_bytes", [150, 400, 1000])
def test_a_page_that_ends_within_pauses_cuts_none_out_of_their_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_bytes: int
) -> None:
    """The last pause of a page was a row of its own: its page did not know that nothing follows it."""
    monkeypatch.setattr(log_history, "PAGE_BYTES", page_bytes)
    pauses = [event(10 + at, "stt_pause_detected", f"{at:08x}") for at in range(40)]
    log = history(tmp_path, [*turn(0), *pauses, *turn(90, "bbbbbbbb")], [])
    page = log.before(LogCursor(log.newest().events), ALL_LINES, 1000)
    assert [entry.pauses for entry in page.entries] == [0] * 5 + [40] + [0] * 5
    assert sum(max(entry.pauses, 1) for entry in all_pages(log)) == 50
    assert [entry.pauses for entry in all_pages(log)].count(0) == 10


def test_the_newest_page_is_one_block_also_where_it_is_one_row(tmp_path: Path) -> None:
    """Hours of pauses were read for the first page: 4 MiB."""
    pauses = [event(10 + at, "stt_pause_detected", f"{at:08x}") for at in range(3000)]
    log = history(tmp_path, [*turn(0), *pauses], [])
    end = log.newest()
    page = log.before(end, ALL_LINES, 200)
    assert len(page.entries) == 1 and end.events - page.before.events <= log_history.PAGE_BYTES
    above = log.before(page.before, ALL_LINES, 200)
    assert page.before.events - above.before.events <= log_history.QUIET_CALL_BYTES + log_history.PAGE_BYTES
    failures = log.before(end, LogFilter(failures=True), 200)
    assert failures.before.at_start, "a filter looks through more at once"


def test_a_page_that_grew_is_read_from_its_upper_end_on(tmp_path: Path) -> None:
    log = history(tmp_path, [*turn(0), event(5, "stt_pause_detected", "p0000000")], printed())
    first = log.before(log.newest(), ALL_LINES, 1)
    with (tmp_path / "latency.log").open("a") as events, (tmp_path / "v34.log").open("a") as facts:
        events.write("".join(f"{line}\n" for line in turn(10, "bbbbbbbb")))
        facts.write("".join(f"{line}\n" for line in printed("bbbbbbbb")))
    log = reading(tmp_path)
    grown, anew = log.between(first.before, log.newest()), log.before(log.newest(), ALL_LINES, 1)
    assert grown is not None and words(grown.entries) == words(anew.entries) and len(grown.entries) == 19
    assert log.between(LogCursor(-1, -1), log.newest()) is None
    assert log.between(first.before, LogCursor(1 << 40, 1 << 40)) is None, "the log is another one"


def test_a_long_line_is_cut_in_the_list_and_whole_when_asked_for(tmp_path: Path) -> None:
    long = "x" * 300_000 + " end"
    log = history(tmp_path, [], [BEGIN, long])
    entry = all_pages(log)[1]
    assert len(entry.text) == 4096 and log.whole_line(entry) == long


def test_bytes_that_are_no_text_are_shown_and_fail_nothing(tmp_path: Path) -> None:
    log = history(tmp_path, [], [])
    (tmp_path / "latency.log").write_bytes(b'\xff\xfe{"timestamp": 1e400}\n\x00\x00\n[1,2]\n"\xed\xa0\x80"\n')
    (tmp_path / "v34.log").write_bytes(b"\x1b]0;evil\x07\n\xff\n")
    log = reading(tmp_path)
    assert len(all_pages(log)) == 6


def test_a_log_that_is_gone_is_an_error_in_words(tmp_path: Path) -> None:
    log = history(tmp_path, turn(0), [])
    (tmp_path / "latency.log").unlink()
    with pytest.raises(SourceError, match="the log cannot be read: No such file"):
        log.before(log.newest())


def test_a_log_that_was_emptied_ends_the_way_back(tmp_path: Path) -> None:
    log = history(tmp_path, turn(0), printed())
    for name in ("latency.log", "v34.log"):
        (tmp_path / name).write_bytes(b"")
    assert log.before(log.newest()).before == LogCursor(0, 0)


ACCEPTED = "(4499) accepted ('127.0.0.1', 49114)"
ASKED = '127.0.0.1 - - [26/Nov/2026 21:19:24] "GET /api/kv_stats?limit=50 HTTP/1.1" 200 295 0.0002'


def test_our_own_requests_are_one_row_and_those_of_others_are_their_own(tmp_path: Path) -> None:
    other = '127.0.0.1 - - [x] "POST /api/webhook HTTP/1.1" 200 5'
    facts = [*printed(), *[ACCEPTED, ASKED] * 3, ACCEPTED, other, ACCEPTED, ASKED, ASKED, ACCEPTED]
    entries = [entry for entry in all_pages(history(tmp_path, turn(0), facts)) if entry.source == "v34.log"]
    shown = [(entry.asked, entry.text) for entry in entries[4:]]
    assert shown == [(3, ASKED), (0, ACCEPTED), (0, other), (2, ASKED), (0, ACCEPTED)]


AT_ONCE = (
    "(4049) accepted ('127.0.0.1', 41068)",
    "100%|##########| 1/1 [00:00<00:00, 24.29it/s]",
    '127.0.0.1 - - [27/Nov/2026 10:32:09] "POST /api/webhook HTTP/1.1" 200 171 0.775136',
)


def test_what_v34s_server_prints_at_once_is_of_no_turn(tmp_path: Path) -> None:
    """v34's own lines are held back until 8 KiB are full: that of turn 59's answer stood under turn 58."""
    facts = [*printed("aaaaaaaa"), *AT_ONCE, "*** Debug: Stored new context length: 3820"]
    entries = all_pages(history(tmp_path, turn(0), facts))
    of = {entry.text: entry.request_id for entry in entries if not entry.event}
    assert [of[text] for text in AT_ONCE] == ["", "", ""]
    assert {of[text] for text in facts if text not in AT_ONCE} == {"aaaaaaaa"}


def test_what_comes_in_a_quiet_room_is_told_without_the_page_above_it(tmp_path: Path) -> None:
    log = history(tmp_path, [*turn(0), event(5, "stt_pause_detected", "p0000000")], [*printed(), ACCEPTED, ASKED])
    end = log.newest()
    page = log.quiet_behind(end)
    assert page is not None and page.entries == () and page.before == end
    more = [event(6 + at, "stt_pause_detected", f"p000000{at + 1}") for at in range(2)]
    with (tmp_path / "latency.log").open("a") as events, (tmp_path / "v34.log").open("a") as facts:
        events.write("".join(f"{line}\n" for line in more))
        facts.write(f"{ACCEPTED}\n{ASKED}\n" * 2)
    log = reading(tmp_path)
    page = log.quiet_behind(end)
    assert page is not None and page.before == log.newest()
    assert [(entry.pauses, entry.asked) for entry in page.entries] == [(2, 0), (0, 2)]
    assert page.entries[0].text == more[-1]
    failures = log.quiet_behind(end, LogFilter(failures=True))
    assert failures is not None and failures.entries == () and failures.before == log.newest()


@pytest.mark.parametrize(
    ("events", "facts"),
    [
        ([event(6, "stt_transcript_finalized", "p0000000")], []),
        ([event(6, "stt_pause_detected", "p0000001"), event(6.1, "stt_transcript_finalized", "p0000001")], []),
        (["no event"], []),
        ([], ["Traceback (most recent call last):"]),
        ([], [ACCEPTED]),
    ],
)
def test_whatever_else_comes_is_read_as_a_page(tmp_path: Path, events: list[str], facts: list[str]) -> None:
    first = [*turn(0), event(5, "stt_pause_detected", "p0000000")]
    end = history(tmp_path, first, printed()).newest()
    log = history(tmp_path, [*first, *events], [*printed(), *facts])
    assert log.quiet_behind(end) is None
    assert log.quiet_behind(LogCursor(-1, -1)) is None
    assert history(tmp_path, first[:2], []).quiet_behind(end) is None, "the log is another one"
