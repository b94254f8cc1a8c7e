"""Every query of docs/parquet.md runs on exported files, and its percentiles are those of ``timmy-tui report``."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
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
    (row,) = rows_of(headline, folder)
    assert report["headline"].pop("span") == "V2V"
    assert row == pytest.approx(report["headline"])
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
