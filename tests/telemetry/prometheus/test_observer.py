"""The figures of new turns as a real Prometheus reads them, and what the page does with readers of any kind."""

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from tests.programs import needs
from tests.telemetry.prometheus_server import free_port, scraping
from tests.telemetry.turns import new_turns, reuse_of, snapshot_of
from tests.telemetry.waiting import until
from timmy_tui.bootstrap.wiring import SourceOptions, snapshot_observers
from timmy_tui.core.running.threads import clear_failure, thread_failures
from timmy_tui.core.settings import Prometheus, Settings
from timmy_tui.model.llm import Reuse
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.model.turn import Span, Turn
from timmy_tui.sources.timmy import timmy_at
from timmy_tui.telemetry.new_turns import NewTurns
from timmy_tui.telemetry.prometheus.observer import PrometheusServer
from timmy_tui.telemetry.prometheus.page import MetricsPage
from timmy_tui.telemetry.samples import Sample, samples_of_turn
from timmy_tui.telemetry.told_turns import ToldTurns


@contextmanager
def serving(told: ToldTurns | None = None, port: int = 0) -> Iterator[PrometheusServer]:
    """A server whose turns settle at once."""
    server = PrometheusServer(port, told or ToldTurns(None), "/timmy", NewTurns(settle_s=0.0))
    server.start()
    try:
        yield server
    finally:
        server.stop(time.monotonic() + 5.0)


def is_up(server: PrometheusServer) -> bool:
    return server.state.condition is SourceCondition.OK


def page(server: PrometheusServer, host: str = "127.0.0.1", path: str = "/metrics") -> str:
    until(lambda: is_up(server))
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return str(answer.read().decode())


def value(text: str, series: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    return float(line.split()[-1])


@needs("prometheus")
def test_a_real_prometheus_scrapes_the_turns(tmp_path: Path) -> None:
    turns = new_turns(6)
    with serving() as server:
        until(lambda: is_up(server))
        with scraping(server.port, tmp_path) as prometheus:
            prometheus.wait('timmy_turns_total{state="complete"}', 0)
            server.observe(snapshot_of(turns, [reuse_of(turn) for turn in turns]))
            prometheus.wait('timmy_turns_total{state="complete"}', 5)
            prometheus.wait('increase(timmy_turns_total{state="failed"}[1m]) > bool 0', 1)
            headlines = sum(turn.headline_ms or 0.0 for turn in turns if turn.ordinal != 4) / 1000
            ((_, total),) = prometheus.query('timmy_turn_seconds_sum{span="V2V"}')
            assert total == pytest.approx(headlines)
            quantile = "histogram_quantile(0.5, sum by (le) (timmy_turn_seconds_bucket))"
            assert 1.75 <= prometheus.query(quantile)[0][1] <= 3.5


def test_it_listens_on_this_machine_alone() -> None:
    with serving() as server:
        until(lambda: is_up(server))
        own = {one.address for many in psutil.net_if_addrs().values() for one in many if one.family == socket.AF_INET}
        for address in (*(own - {"127.0.0.1"}), "127.0.0.2"):
            with pytest.raises(OSError):
                socket.create_connection((str(address), server.port), timeout=5).close()


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [("evil.example", "/metrics", 403), ("evil.example:80", "/metrics", 403), ("localhost", "/", 404)],
)
def test_a_foreign_name_and_another_page_get_nothing(host: str, path: str, status: int) -> None:
    with serving() as server, pytest.raises(urllib.error.HTTPError) as refused:
        page(server, host, path)
    with refused.value:
        assert refused.value.code == status


def test_readers_that_go_away_or_say_nothing_cost_no_other_reader() -> None:
    with serving() as server:
        until(lambda: is_up(server))
        silent = socket.create_connection(("127.0.0.1", server.port))
        gone = socket.create_connection(("127.0.0.1", server.port))
        gone.sendall(b"GET /metr")
        gone.close()
        garbage = socket.create_connection(("127.0.0.1", server.port))
        garbage.sendall(b"\x00\xff\n\n")
        assert "timmy_turns_total" in page(server)
        silent.close()
        garbage.close()


def test_a_fault_in_what_is_served_is_said_and_costs_the_turn_that_has_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from timmy_tui.telemetry.prometheus import observer as prometheus

    def samples(turn: Turn, reuse: Reuse | None) -> Iterable[Sample]:
        if turn.ordinal == 1:
            raise ValueError("odd turn")
        return samples_of_turn(turn, reuse)

    monkeypatch.setattr(prometheus, "samples_of_turn", samples)
    try:
        with serving() as server:
            until(lambda: is_up(server))
            server.observe(snapshot_of(new_turns(3)))
            until(lambda: any("odd turn" in one.message for one in thread_failures()))
            until(lambda: has_counted(server, 2))
    finally:
        clear_failure("prometheus")


def has_counted(server: PrometheusServer, turns: int) -> bool:
    """Its thread may just be starting again."""
    try:
        return value(page(server), 'timmy_turns_total{state="complete"}') == turns
    except OSError:
        return False


def test_a_page_that_cannot_be_made_is_an_error_for_its_reader_and_for_us() -> None:
    def text() -> str:
        raise ValueError("no page")

    failures: list[Exception] = []
    with MetricsPage("127.0.0.1", 0, text) as served:

        def serve() -> None:
            try:
                served.answer(10.0)
            except ValueError as error:
                failures.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{served.server_port}/metrics", timeout=10)
        with refused.value:
            assert refused.value.code == 500
        thread.join(10.0)
    assert [str(one) for one in failures] == ["no page"]


def test_every_way_of_knowing_and_every_span_is_there_before_the_first_turn() -> None:
    with serving() as server:
        text = page(server)
    for how in ("measured", "known", "estimated"):
        assert value(text, f'timmy_cached_tokens_total{{how="{how}"}}') == 0
    for span in Span:
        assert (f'timmy_turn_seconds_count{{span="{span}"}} 0' in text) is (span is not Span.NONE)


def test_a_file_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with serving(ToldTurns(tmp_path / "nowhere" / "turns")) as server:
        until(lambda: is_up(server))
        assert server.state.notable
        assert server.state.detail == "turns: No such file or directory: what was sent is known to this run only"


def test_a_turn_is_counted_once_also_by_the_next_process_and_however_often_it_is_revised(tmp_path: Path) -> None:
    turns, series = new_turns(3), 'timmy_turns_total{state="complete"}'
    with serving(ToldTurns(tmp_path / "turns")) as first:
        first.observe(snapshot_of(turns))
        until(lambda: value(page(first), series) == 3)
        for tokens in (5, 6):
            first.observe(snapshot_of([*turns[:2], replace(turns[2], prompt_tokens=tokens)]))
            assert value(page(first), series) == 3
    with serving(ToldTurns(tmp_path / "turns")) as second:
        second.observe(snapshot_of([*turns, *new_turns(1, 3)]))
        until(lambda: value(page(second), series) == 1)


def test_what_was_in_the_log_before_is_not_counted_as_of_now() -> None:
    old = new_turns(2, started=1.7e9, ended=1.7e9, answered=1.7e9)
    with serving() as server:
        server.observe(snapshot_of([*old, *new_turns(1, 2)]))
        assert value(page(server), 'timmy_turns_total{state="complete"}') == 1


def test_a_preview_is_not_counted() -> None:
    with serving() as server:
        server.observe(snapshot_of(new_turns(2), preview=True))
        assert value(page(server), 'timmy_turns_total{state="complete"}') == 0


def test_of_two_dashboards_one_counts_and_the_other_says_so_and_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.telemetry.prometheus.observer.AGAIN_S", 0.05)
    with serving(ToldTurns(tmp_path / "turns")) as second_to_be:
        until(lambda: is_up(second_to_be))
        with serving(ToldTurns(tmp_path / "turns")) as other:
            until(lambda: "another timmy-tui" in other.state.detail)
            assert other.state.condition is SourceCondition.WAITING
            second_to_be.stop(time.monotonic() + 5.0)
            until(lambda: is_up(other))


def test_a_port_that_another_program_has_is_said_and_taken_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.telemetry.prometheus.observer.AGAIN_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as other, serving(port=other.getsockname()[1]) as server:
        until(lambda: server.state.condition is SourceCondition.ERROR)
        assert str(other.getsockname()[1]) in server.state.detail
        other.close()
        until(lambda: is_up(server))


def test_nothing_is_counted_and_no_port_taken_before_it_is_wanted(tmp_path: Path) -> None:

    options = SourceOptions(export=True)
    assert snapshot_observers(timmy_at(tmp_path, Settings(), tmp_path / "state"), options, print) == ()
    wanted = timmy_at(tmp_path, Settings(prometheus=Prometheus(port=free_port())), tmp_path / "state")
    assert snapshot_observers(wanted, SourceOptions(), print) == ()
    (server,) = snapshot_observers(wanted, options, print)
    server.start()
    assert server.state is None
    server.observe(snapshot_of([]))
    until(lambda: server.state is not None and server.state.condition is SourceCondition.OK)
    server.stop(time.monotonic() + 5.0)
