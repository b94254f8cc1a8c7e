"""Every query of docs/parquet.md runs on exported files, and its percentiles are those of ``timmy-tui report``."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.commands.reporting import LATENCY, V34, run

PAGE = (Path(__file__).parents[2] / "docs/parquet.md").read_text()
QUERIES = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
pytestmark = pytest.mark.timeout(180)
LOGS = ("--log", LATENCY, "--log", V34)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("queries")
    run("export", *LOGS, "--machine", "laptop", "--parquet", base / "turns")
    return base


def rows_of(query: str, folder: Path) -> list[dict[str, Any]]:
    """With the folder where the page has ``turns``."""
    result = duckdb.connect().execute(query.replace("'turns/", f"'{folder}/turns/"))
    return [dict(zip([name for name, *_ in result.description or ()], row, strict=True)) for row in result.fetchall()]


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_every_query_of_the_page_returns_rows(folder: Path, number: int) -> None:
    assert "'turns/*/*.parquet'" in QUERIES[number]
    assert rows_of(QUERIES[number], folder)


def test_the_percentiles_are_those_of_the_report(folder: Path) -> None:
    report = json.loads(run("report", *LOGS, "--json"))
    headline, stages = QUERIES[:2]
    rows = {row.pop("span"): row for row in rows_of(headline, folder)}
    assert rows[report["headline"].pop("span")] == pytest.approx(report["headline"])
    of_stages = {row.pop("stage").removesuffix("_ms"): row for row in rows_of(stages, folder)}
    assert sorted(of_stages) == ["decode", "llm", "prefill", "retrieve", "tts"]
    for stage, row in of_stages.items():
        assert row == pytest.approx(report["stages"][stage]), stage


def test_days_machines_and_gaps_are_whole(folder: Path) -> None:
    _, _, days, flags, gaps = QUERIES
    (day,) = rows_of(days, folder)
    assert (str(day["day"]), day["machine"], day["turns"], day["not_complete"]) == ("2025-11-28", "laptop", 14, 1)
    assert sum(row["n"] for row in rows_of(flags, folder)) == 13
    report = json.loads(run("report", *LOGS, "--json"))
    whole = sum(turn["unattributed_ms"] for turn in report["turns"] if turn["state"] == "complete")
    assert sum(row["ms"] for row in rows_of(gaps, folder)) == pytest.approx(whole)


@pytest.fixture(scope="module")
def two_versions(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of an older version, with fewer columns, before and behind one of today, and another machine's."""
    base = tmp_path_factory.mktemp("versions")
    run("export", *LOGS, "--machine", "laptop", "--parquet", base / "turns")
    run("export", *LOGS, "--machine", "desktop", "--parquet", base / "turns")
    (today,) = (folder / "turns").glob("*/*.parquet")
    table = pq.read_table(today, partitioning=None).drop_columns(["gaps", "unmeasured", "tail_mode", "llm_ms", "model"])
    old = table.set_column(0, "machine", [["old"] * len(table)])
    for day in ("2024-01-01", "2027-01-01"):
        (base / f"turns/day={day}").mkdir()
        pq.write_table(old, base / f"turns/day={day}/old.parquet")
    return base


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_files_of_two_versions_are_one_table(two_versions: Path, folder: Path, number: int) -> None:
    """The old ones are of a machine of another name: they come on top, with NULL for what they do not have."""
    query = QUERIES[number]
    rows = rows_of(query, two_versions)
    if "machine = 'laptop'" in query:
        assert sorted(map(str, rows)) == sorted(map(str, rows_of(query, folder)))
    else:
        assert len(rows) >= len(rows_of(query, folder))


@pytest.mark.parametrize("logs", [LOGS[:2], LOGS[2:]])
def test_the_headline_is_that_of_the_report_whatever_its_span(tmp_path: Path, logs: tuple[str, Path]) -> None:
    for name in ("laptop", "desktop"):
        run("export", *logs, "--machine", name, "--parquet", tmp_path / "turns")
    report = json.loads(run("report", *logs, "--json"))
    rows = {row.pop("span"): row for row in rows_of(QUERIES[0], tmp_path)}
    assert rows[report["headline"].pop("span")] == pytest.approx(report["headline"])
