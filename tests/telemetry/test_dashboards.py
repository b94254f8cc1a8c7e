"""The Grafana dashboard and the alerts of docs/, each query asked of a real Prometheus that has scraped turns."""

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.programs import needs
from tests.telemetry.prometheus.test_observer import is_up, serving
from tests.telemetry.prometheus_server import Prometheus, promtool, scraping
from tests.telemetry.turns import GOLDEN, new_turns, reuse_of, snapshot_of
from tests.telemetry.waiting import until
from tests.ui.snapshots import finding
from tests.ui.snapshots import snapshot as whole_snapshot
from timmy_tui.model.snapshot import ClockOffset, Snapshot
from timmy_tui.model.turn import Epoch, TurnState
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.prometheus.observer import PrometheusServer

DOCS = Path(__file__).parents[2] / "docs" / "telemetry"
DASHBOARD = json.loads((DOCS / "grafana-dashboard.json").read_text())
ALERTS = (DOCS / "alerts.yml").read_text()


GRAFANAS_UNITS = frozenset(("none", "short", "s", "ms", "percentunit"))
"""Of the names in @grafana/data 13.2 (valueFormats), those that could be wanted here."""
GRAFANAS_STYLE = {
    "lineInterpolation": ("linear", "smooth", "stepBefore", "stepAfter"), "stacking": ({"mode": "normal"},),
    "fillOpacity": range(101),
}  # fmt: skip
"""Keys of GraphFieldConfig in @grafana/schema 13.2 that are used, and their values."""
OF_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel_queries() -> list[str]:
    (window,) = [one["current"]["value"] for one in DASHBOARD["templating"]["list"] if one["name"] == "window"]
    targets = [target for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [target["expr"].replace("$window", window) for target in targets]


def alert_queries() -> dict[str, str]:
    """Name → expression; YAML of the simple kind that the file is written in."""
    found = {}
    for rule in ALERTS.split("- alert: ")[1:]:
        (expression,) = re.findall(r"^ +expr: (?:>-\n)?(.*?)\n +(?:for|labels):", rule, re.DOTALL | re.MULTILINE)
        found[rule.split()[0]] = " ".join(expression.split())
    return found


def conversation(first: int, count: int, slow: bool) -> Snapshot:
    """Turns that are well, or that were slow, lost their cache, and failed, with findings."""
    usual = [one for one in GOLDEN if one.state is TurnState.COMPLETE][0]
    own = ("ordinal", "request_id", "started", "ended", "answered")
    turns = [replace(usual, **{name: getattr(one, name) for name in own}) for one in new_turns(count, first)]
    if slow:
        turns = [replace(one, headline_ms=6000.0, v2v_ms=6000.0) for one in turns]
        failed = new_turns(3, first + count, state=TurnState.FAILED)
        turns += failed
    share = 0.05 if slow else 0.75
    tokens = 2600
    reuse = [
        reuse_of(one, prompt_tokens=tokens, reused=round(share * tokens), broken="the head changed" if slow else "")
        for one in turns
    ]
    judgement = whole_snapshot().judgement
    assert judgement is not None
    judgement = replace(judgement, findings=(finding(stage="llm"),) if slow else ())
    epoch = Epoch(number=1, session_id=None, started=None, first=0, turns=1, flags={"raw": True})
    clock = ClockOffset(low_ms=-7.1, high_ms=3.7, turns=9, skewed=False, stepped=False)
    return snapshot_of(turns, reuse, epochs=(epoch,), clock=clock, judgement=judgement)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrometheusServer, Prometheus]]:
    with serving() as server:
        until(lambda: is_up(server))
        with scraping(server.port, tmp_path_factory.mktemp("prometheus")) as prometheus:
            prometheus.wait('timmy_turns_total{state="complete"}', 0)
            yield server, prometheus


@needs("promtool")
def test_promtool_finds_no_fault_in_the_alerts() -> None:
    done = promtool("check", "rules", str(DOCS / "alerts.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alert_queries())} rules found" in done.stdout


@needs("prometheus")
def test_alerts_are_silent_while_timmy_is_well_and_every_one_speaks_when_not(
    scraped: tuple[PrometheusServer, Prometheus],
) -> None:
    server, prometheus = scraped
    assert len(alert_queries()) == 5
    server.observe(conversation(0, 12, slow=False))
    prometheus.wait('timmy_turns_total{state="complete"}', 12)
    for name, query in alert_queries().items():
        assert prometheus.query(query) == [], name
    server.observe(conversation(100, 60, slow=True))
    prometheus.wait('timmy_turns_total{state="complete"}', 72)
    for name, query in alert_queries().items():
        assert prometheus.wait(query), name


def has_a_figure(prometheus: Prometheus, query: str) -> bool:
    """A row that is not NaN, as a quantile of nothing is."""
    return any(not math.isnan(value) for _, value in prometheus.query(query))


@needs("prometheus")
def test_every_panel_has_rows(scraped: tuple[PrometheusServer, Prometheus]) -> None:
    server, prometheus = scraped
    server.observe(conversation(200, 12, slow=True))
    assert len(panel_queries()) == 12
    for query in panel_queries():
        until(partial(has_a_figure, prometheus, query))


@needs("prometheus")
def test_a_legend_names_labels_that_its_rows_have(scraped: tuple[PrometheusServer, Prometheus]) -> None:
    server, prometheus = scraped
    server.observe(conversation(300, 12, slow=True))
    for target in (target for panel in DASHBOARD["panels"] for target in panel["targets"] if "legendFormat" in target):
        query = target["expr"].replace("$window", "1h")
        until(partial(has_a_figure, prometheus, query))
        wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert all(wanted <= set(labels) for labels, _ in prometheus.query(query)), target


def test_panels_and_queries_have_ids_of_their_own_and_no_panel_covers_another() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        names_of_queries = [target["refId"] for target in panel["targets"]]
        assert len(set(names_of_queries)) == len(names_of_queries), panel["title"]
        x, y, width, height = (panel["gridPos"][key] for key in "xywh")
        own = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        assert not own & cells and x + width <= 24, panel["title"]
        cells |= own


def test_everything_is_asked_of_the_datasource_that_is_chosen_and_every_variable_is_there() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert variables["datasource"] | {"type": "datasource", "query": "prometheus"} == variables["datasource"]
    for panel in DASHBOARD["panels"]:
        assert all(one["datasource"] == OF_DATASOURCE for one in (panel, *panel["targets"])), panel["title"]
        asked = re.findall(r"\$(\w+)", " ".join(target["expr"] for target in panel["targets"]))
        assert set(asked) <= variables.keys() - {"datasource"}, panel["title"]
    window = variables["window"]
    assert [one["value"] for one in window["options"]] == window["query"].split(",")
    assert [one["value"] for one in window["options"] if one["selected"]] == [window["current"]["value"]]


def test_units_and_styles_are_ones_that_grafana_knows() -> None:
    for panel in DASHBOARD["panels"]:
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults.get("unit", "none") in GRAFANAS_UNITS, panel["title"]
        for key, value in defaults.get("custom", {}).items():
            assert value in GRAFANAS_STYLE[key], panel["title"]


def test_every_metric_that_is_asked_for_is_one_of_ours() -> None:
    known = {metric.prometheus for metric in (*names.OF_TURNS, *names.OF_NOW)}
    for query in (*panel_queries(), *alert_queries().values()):
        for name in re.findall(r"timmy_[a-z_]+", query):
            assert re.sub(r"_(bucket|sum|count)$", "", name) in known, name
