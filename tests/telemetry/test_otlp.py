"""Turns as a collector gets them: with the official SDK over a real socket, whatever the collector does."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from tests.telemetry.prometheus_server import free_port
from tests.telemetry.receiver import Receiver, Reply, SeenSpan, receiving
from tests.telemetry.turns import new_turns, reuse_of, snapshot_of
from tests.telemetry.waiting import until
from timmy_tui.bootstrap.wiring import SourceOptions, snapshot_observers
from timmy_tui.core.settings import Otel, Settings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.model.turn import Epoch
from timmy_tui.sources.timmy import timmy_at
from timmy_tui.telemetry.new_turns import NewTurns
from timmy_tui.telemetry.otlp import MISSING, OtlpExporter, OtlpOptions, is_installed
from timmy_tui.telemetry.told_turns import ToldTurns


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are for a person's machine are for none here."""
    for name, value in (("TICK_S", 0.02), ("AGAIN_S", 0.05), ("FIRST_PAUSE_S", 0.05), ("METRICS_S", 0.1)):
        monkeypatch.setattr(f"timmy_tui.telemetry.otlp.{name}", value)
    monkeypatch.setattr("timmy_tui.telemetry.otlp_sdk.TIMEOUT_S", 0.8)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@contextmanager
def exporting(
    port: int, told: ToldTurns | None = None, notices: list[str] | None = None, path: str = "", **options: bool
) -> Iterator[OtlpExporter]:
    """An exporter whose turns settle at once."""
    wanted = OtlpOptions(f"http://127.0.0.1:{port}{path}", **options)
    notify = notices.append if notices is not None else print
    exporter = OtlpExporter(wanted, told or ToldTurns(None), "/timmy", notify, NewTurns(settle_s=0.0))
    exporter.start()
    try:
        yield exporter
    finally:
        exporter.stop(time.monotonic() + 10.0)


def root_of(spans: list[SeenSpan]) -> SeenSpan:
    (root,) = [span for span in spans if not span.parent_id]
    return root


def count(receiver: Receiver, metric: str, **attributes: str) -> float:
    """The value of a counter, or how many values a histogram has."""
    for found, point in receiver.newest_metrics().get(metric, []):
        if attributes.items() <= found.items():
            return float(point.count if hasattr(point, "bucket_counts") else point.as_int or point.as_double)
    return 0.0


def test_each_turn_is_one_trace_whose_children_sum_to_its_root(receiver: Receiver) -> None:
    turns = new_turns(6)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns, [reuse_of(turn) for turn in turns]))
        receiver.wait(lambda seen: len(seen.traces()) == 6)
        until(lambda: exporter.state.condition is SourceCondition.OK)
    for spans in receiver.traces().values():
        root = root_of(spans)
        turn = next(one for one in turns if one.request_id == root.attributes["timmy.request_id"])
        assert turn.headline_ms is not None
        children = [span for span in spans if span.parent_id == root.span_id]
        assert sum(span.length_ns for span in children) == root.length_ns == round(1e6 * turn.headline_ms)
        (request,) = [span for span in spans if span.kind == 3]
        assert request.name == f"chat {turn.model}"
        assert request.attributes.get("gen_ai.usage.input_tokens") == turn.prompt_tokens
        assert root.failed is (turn.state.value == "failed")
        assert root.attributes["timmy.v2v_seconds"] == turn.v2v_ms / 1000 if turn.v2v_ms else True
    assert receiver.content_types == {"application/x-protobuf"}
    assert receiver.resources[0]["service.name"] == "little-timmy"


def test_histograms_and_counters_have_every_new_turn_once(receiver: Receiver) -> None:
    turns = new_turns(6)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns, [reuse_of(turn) for turn in turns]))
        receiver.wait(lambda seen: bool(seen.metrics) and count(seen, "timmy.turns", state="complete") == 5)
        assert count(receiver, "timmy.turns", state="failed") == 1
        assert count(receiver, "timmy.prompt_tokens") == sum(turn.prompt_tokens or 0 for turn in turns)
        assert count(receiver, "timmy.cached_tokens", how="measured") == sum(
            (turn.prompt_tokens or 0) // 2 for turn in turns
        )
        assert count(receiver, "timmy.stage", stage="llm", owner="service") == 5
        usage = "gen_ai.client.inference.usage"
        assert count(receiver, f"{usage}.input_tokens") == sum(turn.prompt_tokens or 0 for turn in turns)
        assert count(receiver, f"{usage}.cache_read.input_tokens", **{"gen_ai.token.modality": "text"}) == sum(
            (turn.prompt_tokens or 0) // 2 for turn in turns
        )
        ((_, point),) = [one for one in receiver.newest_metrics()["timmy.turn"] if one[0] == {"span": "V2V"}]
        assert point.sum == pytest.approx(sum(turn.headline_ms or 0 for turn in turns if turn.ordinal != 4) / 1000)
        assert list(point.explicit_bounds)[:3] == [0.5, 0.75, 1.0]
        ((labels, point),) = receiver.newest_metrics()["gen_ai.client.inference.duration"]
        assert list(point.explicit_bounds)[:3] == [0.01, 0.02, 0.04]
        assert labels["gen_ai.provider.name"] == "ollama"


def test_a_revised_turn_goes_out_again_under_the_same_ids_and_is_counted_once(receiver: Receiver) -> None:
    (turn,) = new_turns(1)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of([turn]))
        receiver.wait(lambda seen: len(seen.batches) == 1 and bool(seen.metrics))
        # The debug log told of its own time before: another first event, the same turn.
        exporter.observe(snapshot_of([replace(turn, prompt_tokens=1, started=(turn.started or 0) + 0.7)]))
        receiver.wait(lambda seen: len(seen.batches) == 2 and count(seen, "timmy.turns", state="complete") == 1)
    first, second = receiver.batches
    assert [span.span_id for span in first] == [span.span_id for span in second]
    assert {span.trace_id for span in (*first, *second)} == {first[0].trace_id}
    assert count(receiver, "timmy.turns", state="complete") == 1


def test_a_restart_sends_and_counts_only_what_was_not(receiver: Receiver, tmp_path: Path) -> None:
    turns = new_turns(3)
    with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as exporter:
        exporter.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.traces()) == 3 and bool(seen.metrics))
    before = len(receiver.taken)
    receiver.metrics.clear()
    with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as exporter:
        exporter.observe(snapshot_of([*turns, *new_turns(1, 3)]))
        receiver.wait(lambda seen: len(seen.traces()) == 4 and bool(seen.metrics))
        receiver.wait(lambda seen: count(seen, "timmy.turns", state="complete") == 1)
    assert len({span.trace_id for span in receiver.taken[before:]}) == 1
    ids = [resource["service.instance.id"] for resource in receiver.resources]
    assert len(set(ids)) == 2


def test_what_was_over_before_the_start_is_sent_with_its_own_time_and_not_counted(receiver: Receiver) -> None:
    old = new_turns(2, started=1.7e9, ended=1.7e9 + 9, answered=1.7e9 + 5)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of([*old, *new_turns(1, 2)]))
        receiver.wait(lambda seen: len(seen.traces()) == 3 and bool(seen.metrics))
    assert count(receiver, "timmy.turns", state="complete") == 1
    assert sorted(root_of(spans).start_ns // 10**9 for spans in receiver.traces().values())[0] == 1_699_999_999


def test_of_two_on_one_timmy_one_sends_and_the_other_takes_over(receiver: Receiver, tmp_path: Path) -> None:
    turns = new_turns(3)
    with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as first:
        first.observe(snapshot_of(turns[:2]))
        receiver.wait(lambda seen: len(seen.traces()) == 2)
        with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as second:
            second.observe(snapshot_of(turns))
            until(lambda: "another timmy-tui" in second.state.detail)
            first.stop(time.monotonic() + 10.0)
            receiver.wait(lambda seen: len(seen.traces()) == 3)
            until(lambda: second.state.condition is SourceCondition.OK)
    assert len({span.span_id for span in receiver.taken}) == len(receiver.taken)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_collector_gets_the_batch_again(receiver: Receiver, status: int) -> None:
    receiver.replies = [Reply(status, headers={"Retry-After": "0"})]
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(new_turns(2)))
        receiver.wait(lambda seen: len(seen.traces()) == 2)
        until(lambda: exporter.state.condition is SourceCondition.OK)
    again = [span.span_id for batch in receiver.batches[1:] for span in batch]
    assert [span.span_id for span in receiver.batches[0]] == again
    assert exporter.state.detail == ""


def test_a_long_retry_after_is_waited_for_beyond_the_exporters_own_patience(receiver: Receiver) -> None:
    """Longer than a batch may take: the SDK gives up, the turn waits on, and the screen says so."""
    receiver.replies, turns = [Reply(503, headers={"Retry-After": "3600"})], new_turns(2)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns[:1]))
        until(lambda: exporter.state.condition is SourceCondition.DOWN)
        assert exporter.state.detail == f"1 turn waiting, 503 Service Unavailable (127.0.0.1:{receiver.port})"
        exporter.observe(snapshot_of(turns))
    assert len(receiver.batches) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(415), "415 Unsupported Media Type"),
        (Reply(404, b"<html>no</html>"), "404 Not Found"),
        (Reply(302, headers={"Location": "http://127.0.0.1:9/login"}), "302 Found"),
        (Reply(599), "599"),
        (Reply(200, b"<!doctype html><p>Hello</p>"), "200, not a collector's answer"),
        (Reply(200, b"<" * 200_000), "200, not a collector's answer"),
    ],
    ids=["415", "404", "login", "599", "web page", "endless"],
)
def test_what_is_no_collector_costs_the_batch_which_is_counted_and_said_once(
    receiver: Receiver, reply: Reply, words: str
) -> None:
    receiver.replies, turns = [reply], new_turns(3)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns[:2]))
        until(lambda: exporter.state.condition is SourceCondition.ERROR)
        assert exporter.state.detail == f"2 turns dropped, {words}"
        assert not exporter.state.notable
        exporter.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.traces()) == 1)
        until(lambda: exporter.state.condition is SourceCondition.OK)
        assert exporter.state.detail == "2 turns dropped"
        assert exporter.state.notable, "shown although all is well now"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""), (b"{}", ""), (b'{"partialSuccess":{}}', ""),
        (b'{ "partialSuccess": {"rejectedSpans": "3"}}', "3 spans refused"),
        (b'{"partialSuccess": {"rejectedSpans": 2}}', "2 spans refused"),
        (b'{"partialSuccess": {"rejectedSpans": []}}', ""),
    ],
)  # fmt: skip
def test_a_collector_that_answers_in_few_words_or_json_is_one(receiver: Receiver, body: bytes, words: str) -> None:
    receiver.replies = [Reply(200, body)]
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        until(lambda: exporter.state.condition is SourceCondition.OK)
        assert exporter.state.detail == words


def test_data_points_that_a_collector_did_not_take_are_said(receiver: Receiver) -> None:
    receiver.metric_replies = [Reply(200, b'{"partialSuccess": {"rejectedDataPoints": "4"}}')]
    with exporting(receiver.port) as exporter:
        until(lambda: exporter.state.detail == "4 data points refused")


def test_spans_that_a_collector_took_only_in_part_are_said(receiver: Receiver) -> None:
    partial = ExportTracePartialSuccess(rejected_spans=3, error_message="what it thinks")
    answer = ExportTraceServiceResponse(partial_success=partial)
    receiver.replies = [Reply(200, answer.SerializeToString())]
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(new_turns(2)))
        until(lambda: exporter.state.condition is SourceCondition.OK)
        assert exporter.state.detail == "3 spans refused"


def test_a_server_that_closes_or_talks_nonsense_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def babble() -> None:
            for _ in range(2):  # Each request is made once more at once: the connection might have been an old one.
                connection, _ = listening.accept()
                connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
                connection.close()

        thread = threading.Thread(target=babble)
        thread.start()
        with exporting(listening.getsockname()[1], metrics=False) as exporter:
            exporter.observe(snapshot_of(new_turns(1)))
            until(lambda: exporter.state.condition is SourceCondition.DOWN)
        thread.join()


def test_a_dead_collector_gets_the_turns_when_it_comes_back() -> None:
    port = free_port()
    with exporting(port) as exporter:
        exporter.observe(snapshot_of(new_turns(2)))
        until(lambda: exporter.state.detail == f"2 turns waiting, cannot be reached (127.0.0.1:{port})")
        assert exporter.state.condition is SourceCondition.DOWN
        with receiving(port) as receiver:
            receiver.wait(lambda seen: len(seen.traces()) == 2)
            until(lambda: exporter.state.condition is SourceCondition.OK)


def test_neither_a_snapshot_nor_the_end_waits_for_a_collector_that_does_not_answer(receiver: Receiver) -> None:
    """Both return while it still holds a request: it goes on only after that."""
    receiver.slow.set()
    turns = new_turns(3)
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(turns[:1]))
        assert receiver.asked.wait(20.0)
        exporter.observe(snapshot_of(turns))
        exporter.stop(time.monotonic() + 0.1)
        assert receiver.batches == [], "it has not gone on"
        receiver.go_on.set()
    assert receiver.batches


def test_what_is_known_at_the_end_still_goes_out(receiver: Receiver) -> None:
    turns = new_turns(2)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns[:1]))
        receiver.wait(lambda seen: len(seen.traces()) == 1)
        exporter.observe(snapshot_of(turns))
        exporter.stop(time.monotonic() + 10.0)
        assert len(receiver.traces()) == 2
        assert count(receiver, "timmy.turns", state="complete") == 2


def test_a_turn_that_has_not_settled_at_the_end_goes_out_and_the_next_start_completes_and_counts_it(
    receiver: Receiver, tmp_path: Path
) -> None:
    """Its debug log comes later: what is sent without is not the whole turn."""
    turns = new_turns(2)
    half = replace(turns[1], prompt_tokens=None)
    unsettled = NewTurns(settle_s=3600.0)
    exporter = OtlpExporter(
        OtlpOptions(f"http://127.0.0.1:{receiver.port}"), ToldTurns(tmp_path / "turns"), "/timmy", print, unsettled
    )
    exporter.start()
    exporter.observe(snapshot_of([turns[0], half]))
    receiver.wait(lambda seen: bool(seen.metrics))
    exporter.stop(time.monotonic() + 10.0)
    assert len(receiver.traces()) == 2
    assert count(receiver, "timmy.turns", state="complete") == 0
    with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as again:
        again.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.batches) == 2)
    assert len(receiver.traces()) == 2, "under the ids that they had"
    assert count(receiver, "timmy.turns", state="complete") == 2
    tokens = {
        span.attributes["gen_ai.usage.input_tokens"] for span in receiver.batches[1]
        if "gen_ai.usage.input_tokens" in span.attributes
    }  # fmt: skip
    assert tokens == {turn.prompt_tokens for turn in turns}


def test_a_server_that_takes_no_metrics_is_said_and_asked_again_after_a_while(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be another server by then; one that answers 404 for ever is asked twelve times an hour."""
    receiver.metric_replies, turns = [Reply(404)], new_turns(2)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns[:1]))
        until(lambda: exporter.state.detail == "metrics: 404 Not Found")
        assert exporter.state.condition is SourceCondition.ERROR
        exporter.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.traces()) == 2)
        assert receiver.paths.count("/v1/metrics") == 1
    receiver.metric_replies = [Reply(404)]
    monkeypatch.setattr("timmy_tui.telemetry.otlp.REFUSED_METRICS_S", 0.1)
    with exporting(receiver.port) as exporter:
        receiver.wait(lambda seen: seen.paths.count("/v1/metrics") >= 3)
        until(lambda: exporter.state.condition is SourceCondition.OK)


def test_metrics_that_nobody_takes_for_a_while_are_said_and_sent_again(receiver: Receiver) -> None:
    receiver.metric_replies = [Reply(503)]
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        receiver.wait(lambda seen: bool(seen.metrics))
        until(lambda: exporter.state.condition is SourceCondition.OK)
    assert count(receiver, "timmy.turns", state="complete") == 1


def test_a_server_that_was_away_and_then_refuses_traces_still_gets_the_metrics(receiver: Receiver) -> None:
    receiver.replies = [Reply(503), Reply(404)]
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        receiver.wait(lambda seen: len(seen.batches) == 2)
        seen_before = len(receiver.metrics)
        receiver.wait(lambda seen: len(seen.metrics) >= seen_before + 2)
        assert count(receiver, "timmy.turns", state="complete") == 1


def test_metrics_go_on_without_a_new_turn_and_begin_with_zeros(receiver: Receiver) -> None:
    """A server takes a value that stays away for gone, and sees the first turn only where there was a value before."""
    epoch = Epoch(number=1, session_id=None, started=None, first=0, turns=1, flags={"raw": True})
    with exporting(receiver.port) as exporter:
        receiver.wait(lambda seen: bool(seen.metrics))
        exporter.observe(snapshot_of(new_turns(1), epochs=(epoch,)))
        receiver.wait(lambda seen: count(seen, "timmy.turns", state="complete") == 1)
        sent = len(receiver.metrics)
        receiver.wait(lambda seen: len(seen.metrics) >= sent + 2)
        assert "timmy.flag_info" in receiver.newest_metrics()
    first = receiver.metrics_of(0)
    counted = {str(found["state"]): point.as_int for found, point in first["timmy.turns"]}
    assert counted == dict.fromkeys(("complete", "failed", "aborted", "timed_out"), 0)
    assert {str(found["how"]) for found, _ in first["timmy.cached_tokens"]} == {"measured", "known", "estimated"}
    (empty,) = [point for found, point in first["timmy.turn"] if found == {"span": "V2V"}]
    assert (empty.count, empty.sum, sum(empty.bucket_counts)) == (0, 0.0, 0)
    assert len(empty.bucket_counts) == len(empty.explicit_bounds) + 1
    (now,) = [point for found, point in receiver.newest_metrics()["timmy.turn"] if found == {"span": "V2V"}]
    assert (now.count, list(now.explicit_bounds)) == (1, list(empty.explicit_bounds))


def test_traces_can_be_left_out(receiver: Receiver) -> None:
    with exporting(receiver.port, traces=False) as exporter:
        exporter.observe(snapshot_of(new_turns(2)))
        receiver.wait(lambda seen: bool(seen.metrics) and count(seen, "timmy.turns", state="complete") == 2)
        assert exporter.state.condition is SourceCondition.OK
    assert set(receiver.paths) == {"/v1/metrics"}


def test_a_collector_behind_a_path_is_asked_there(receiver: Receiver) -> None:
    with exporting(receiver.port, path="/api/default") as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        receiver.wait(lambda seen: len(seen.traces()) == 1 and bool(seen.metrics))
    assert set(receiver.paths) == {"/api/default/v1/traces", "/api/default/v1/metrics"}


def test_the_endpoint_of_the_settings_is_used_as_written(receiver: Receiver, tmp_path: Path) -> None:
    otel = Otel(enabled=True, endpoint=f"http://127.0.0.1:{receiver.port}/api/default")
    timmy = timmy_at(tmp_path, Settings(otel=otel), tmp_path / "state")
    (exporter,) = snapshot_observers(timmy, SourceOptions(export=True), print)
    exporter.observe(snapshot_of([]))
    receiver.wait(lambda seen: bool(seen.paths))
    exporter.stop(time.monotonic() + 10.0)
    assert set(receiver.paths) == {"/api/default/v1/metrics"}


def test_the_switch_of_the_sdk_is_obeyed_and_said(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "TRUE")
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        until(lambda: exporter.state.condition is SourceCondition.ERROR)
        assert exporter.state.detail == "OTEL_SDK_DISABLED is set"
    assert not receiver.bodies


def test_a_batch_that_cannot_be_sent_at_all_is_said_in_words(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%0Ab")
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        until(lambda: exporter.state.condition is SourceCondition.ERROR)
        assert exporter.state.detail == "1 turn dropped, cannot be sent: OTEL_EXPORTER_OTLP_HEADERS, or the size"


def test_a_server_without_tls_is_not_one_that_is_away(receiver: Receiver) -> None:
    wanted = OtlpOptions(f"https://127.0.0.1:{receiver.port}", metrics=False)
    exporter = OtlpExporter(wanted, ToldTurns(None), "/timmy", print, NewTurns(settle_s=0.0))
    exporter.start()
    exporter.observe(snapshot_of(new_turns(1)))
    until(lambda: "its certificate is not accepted, or it does not speak TLS" in exporter.state.detail)
    exporter.stop(time.monotonic() + 10.0)


@pytest.mark.parametrize("head", [b"Content-Length: 4000\r\n\r\n", b"X-Slow: "], ids=["body", "head"])
def test_a_server_that_drips_its_answer_is_not_waited_for_without_end(head: bytes) -> None:
    """Each byte comes in time, the whole never does."""
    go_on = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n" + head)
                while not go_on.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        with exporting(listening.getsockname()[1], metrics=False) as exporter:
            exporter.observe(snapshot_of(new_turns(1)))
            until(lambda: "answered too slowly" in exporter.state.detail)
            assert exporter.state.condition is not SourceCondition.OK
        go_on.set()
        thread.join()


def test_what_the_file_cannot_keep_is_said(receiver: Receiver, tmp_path: Path) -> None:
    with exporting(receiver.port, ToldTurns(tmp_path / "nowhere" / "turns")) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        until(lambda: exporter.state.condition is SourceCondition.OK)
        assert exporter.state.detail == "turns: No such file or directory: what was sent is known to this run only"
        assert exporter.state.notable


def test_many_turns_that_were_sent_before_hold_up_no_new_one(receiver: Receiver, tmp_path: Path) -> None:
    """The logs are read again at each start: of what they hold nothing is sent, and nothing said to be dropped."""
    told = ToldTurns(tmp_path / "turns")
    told.hold()
    turns = new_turns(300)
    told.add("t", [told.key(turn, "/timmy") for turn in turns])
    told.release()
    with exporting(receiver.port, ToldTurns(tmp_path / "turns")) as exporter:
        exporter.observe(snapshot_of([*turns, *new_turns(1, 300)]))
        receiver.wait(lambda seen: len(seen.traces()) == 1)
        until(lambda: exporter.state.condition is SourceCondition.OK)
        assert exporter.state.detail == ""
    assert len(receiver.batches) == 1


def test_metrics_can_be_left_out(receiver: Receiver) -> None:
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        receiver.wait(lambda seen: len(seen.traces()) == 1)
    assert not receiver.metrics


def test_without_the_extra_the_user_is_told_once_and_nothing_else_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.telemetry.otlp.is_installed", lambda: False)
    notices: list[str] = []
    with exporting(9, notices=notices) as exporter:
        until(lambda: exporter.state.condition is SourceCondition.ERROR)
        exporter.observe(snapshot_of(new_turns(1)))
    assert notices == [MISSING]
    assert "pip install 'timmy-tui[otel]'" in MISSING


def test_the_extra_is_looked_for_without_importing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed()
    monkeypatch.setattr("timmy_tui.telemetry.otlp.find_spec", lambda name: None)
    assert not is_installed()


def test_nothing_is_printed_whatever_the_collector_says(receiver: Receiver, capfd: pytest.CaptureFixture[str]) -> None:
    """A line on standard error would be painted over the screen."""
    receiver.replies, turns = [Reply(503), Reply(415), Reply(200, b"<html>")], new_turns(2)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns[:1]))
        receiver.wait(lambda seen: len(seen.batches) == 2)
        exporter.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.batches) == 3)
    assert capfd.readouterr() == ("", "")


SDK_LOGS = """
import logging, timmy_tui.telemetry.otlp_sdk
logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").error("as the SDK does")
"""


def test_what_the_sdk_logs_is_not_printed() -> None:
    """In a process of its own: pytest's own handlers would take it."""
    done = subprocess.run([sys.executable, "-c", SDK_LOGS], capture_output=True, text=True, timeout=50, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_two_without_a_file_between_them_send_the_same_ids_and_tell_their_counters_apart(receiver: Receiver) -> None:
    turns = new_turns(2)
    with exporting(receiver.port) as first, exporting(receiver.port) as second:
        for exporter in (first, second):
            exporter.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.batches) == 2)
    one, other = receiver.batches
    assert {(span.trace_id, span.span_id) for span in one} == {(span.trace_id, span.span_id) for span in other}
    assert len({resource["service.instance.id"] for resource in receiver.resources}) == 2


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_a_clock_that_steps_while_a_batch_waits_costs_no_turn_and_counts_none_twice(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    monkeypatch.setattr("timmy_tui.telemetry.new_turns.BEGINNING_S", 0.0)
    receiver.replies = [Reply(503), Reply(503)]
    turns = new_turns(3)
    with exporting(receiver.port) as exporter:
        exporter.observe(snapshot_of(turns[:2]))
        receiver.wait(lambda seen: bool(seen.batches))
        step_clock(monkeypatch, step_s)
        exporter.observe(snapshot_of(turns))
        receiver.wait(lambda seen: len(seen.traces()) == 3 and bool(seen.metrics))
        receiver.wait(lambda seen: count(seen, "timmy.turns", state="complete") == 3)
    starts = sorted(1e9 * ((turn.started or 0.0) - 0.5) for turn in turns)
    told = sorted(float(root_of(spans).start_ns) for spans in receiver.traces().values())
    assert told == pytest.approx(starts, rel=0, abs=10_000)


def step_clock(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + step_s)


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_a_clock_that_steps_while_a_request_is_on_its_way_makes_it_wait_no_longer(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    receiver.slow.set()
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        assert receiver.asked.wait(20.0)
        step_clock(monkeypatch, step_s)
        until(lambda: "no answer" in exporter.state.detail)
        receiver.slow.clear()
        receiver.go_on.set()
        receiver.wait(lambda seen: len(seen.traces()) == 1)
        until(lambda: exporter.state.condition is SourceCondition.OK)


def test_a_clock_that_steps_back_does_not_have_the_sdk_wait_as_long_as_the_server_says(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It times that by this clock, and would hold the thread: nothing would be said, and nothing end."""
    receiver.slow.set()
    receiver.replies = [Reply(503, headers={"Retry-After": "1000"})]
    with exporting(receiver.port, metrics=False) as exporter:
        exporter.observe(snapshot_of(new_turns(1)))
        assert receiver.asked.wait(20.0)
        step_clock(monkeypatch, -3600.0)
        receiver.go_on.set()
        until(lambda: exporter.state.condition is SourceCondition.DOWN)
