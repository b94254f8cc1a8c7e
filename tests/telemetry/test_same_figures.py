"""A conversation of the demo, written while a dashboard's source runs: the same figures wherever its turns go."""

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from tests.programs import needs
from tests.telemetry.prometheus_server import free_port, scraping
from tests.telemetry.receiver import receiving
from tests.telemetry.test_otlp import root_of
from tests.telemetry.waiting import until
from timmy_tui.bootstrap.wiring import SourceOptions, live_source
from timmy_tui.commands.export import export
from timmy_tui.commands.report import report
from timmy_tui.core.settings import Otel, Prometheus, Settings
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs, recent_start
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.sources.timmy import timmy_at

TURNS, OK = 4, SourceCondition.OK


def reported(log: Path) -> dict[str, float]:
    """V2V in ms by request id, as ``timmy-tui report`` has it."""
    done = CliRunner().invoke(report, ["--json", "--log", str(log)], catch_exceptions=False)
    turns = json.loads(done.stdout)["turns"]
    return {turn["request_id"]: turn["v2v_ms"] for turn in turns if turn["v2v_ms"] is not None}


def exported(log: Path, folder: Path) -> dict[str, float]:
    """The same from exported Parquet, as DuckDB reads it."""
    CliRunner().invoke(export, ["--log", str(log), "--parquet", str(folder)], catch_exceptions=False)
    rows = duckdb.sql(f"SELECT request_id, v2v_ms FROM '{folder}/*/*.parquet' WHERE v2v_ms IS NOT NULL").fetchall()
    return dict(rows)


@needs("prometheus")
def test_report_prometheus_a_collector_and_parquet_have_the_same_figures(tmp_path: Path) -> None:
    root, data = tmp_path / "timmy", tmp_path / "prometheus"
    for folder in (root / "shared", data):
        folder.mkdir(parents=True)
    logs = generate_logs(ConversationPlan(TURNS, seed=7, start=recent_start(TURNS, (0.4, 1.4))))
    seen: list[Snapshot] = []
    with receiving() as receiver:
        settings = Settings(
            otel=Otel(enabled=True, endpoint=f"http://127.0.0.1:{receiver.port}"),
            prometheus=Prometheus(port=free_port()),
        )
        timmy = timmy_at(root, settings, tmp_path / "state")
        source = live_source(timmy, SourceOptions(services=False, export=True), notify=print)
        source.start(seen.append)
        try:
            with scraping(settings.prometheus.port, data) as prometheus:
                prometheus.wait('timmy_turns_total{state="complete"}', 0)
                log = root / "shared" / "latency.log"
                log.write_text("".join(f"{line}\n" for line in logs.latency))
                prometheus.wait('timmy_turn_seconds_count{span="V2V"}', TURNS)
                receiver.wait(lambda one: len(one.traces()) == TURNS)
                ((_, total),) = prometheus.query('timmy_turn_seconds_sum{span="V2V"}')
                until(lambda: {one.name for one in seen[-1].sources if one.condition is OK} >= {"otel", "prometheus"})
        finally:
            source.stop()
    wanted = reported(log)
    roots = [root_of(spans) for spans in receiver.traces().values()]
    assert {one.attributes["timmy.request_id"]: one.length_ns for one in roots} == {
        name: round(1e6 * ms) for name, ms in wanted.items()
    }
    assert total == pytest.approx(sum(wanted.values()) / 1000)
    assert exported(log, tmp_path / "turns") == wanted
