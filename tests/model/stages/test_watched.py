"""The stage table: it holds together, and a row more is a stage more, everywhere."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.model.stages.with_a_row import AT, TURNS, USUAL_MS
from timmy_tui.model.stages.events import EVENTS, NEVER, SLOT, no_stamps
from timmy_tui.model.stages.watched import (
    BY_KEY,
    CRITICAL,
    HOPS,
    IN_ORDER,
    KEYS,
    NETWORK,
    OUTSIDE,
    SPLIT,
    STAGES,
    Stage,
    label,
    parts_of_headline,
    top_of,
)
from timmy_tui.turns.ingest import Ingest

SCRIPT = Path(__file__).with_name("with_a_row.py")
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.key)
def test_a_row_holds_together(stage: Stage) -> None:
    assert 1 <= len(stage.label) <= 6
    assert len(stage.starts) <= 2 and len(stage.ends) <= 2
    assert bool(stage.starts) == (stage.measured in ("events", "pairs"))
    assert not stage.parent or BY_KEY[stage.parent] is not stage
    assert not (stage.critical and stage.parent)
    assert stage.measured != "rest" or stage.parent
    assert stage.group != "none" or not stage.judged
    assert not stage.covariates or stage.compared


def test_every_event_of_the_table_has_one_place() -> None:
    assert len(EVENTS) == len(set(EVENTS)) == len(SLOT) == NEVER
    assert {event for stage in STAGES for event in (*stage.starts, *stage.ends)} <= set(EVENTS)
    assert no_stamps() == [None] * (NEVER + 1)


def test_what_is_derived_from_the_table() -> None:
    assert len(KEYS) == len(STAGES) and sorted(IN_ORDER) == sorted(KEYS)
    assert SPLIT == {"llm": ("wait", "prefill", "decode")}
    assert OUTSIDE == ("playback", "rearm", "deaf", "network")
    assert (HOPS, NETWORK) == (("hop_in", "hop_out"), "network")
    assert (top_of("load"), top_of("wait"), top_of("llm"), top_of("merge")) == ("llm", "llm", "llm", "retrieve")
    assert (label("llm"), label("unattributed"), label("nothing")) == ("LLM", "?", "nothing")


@pytest.mark.parametrize(
    ("known", "parts"),
    [
        ({"hop_in": 2.0, "llm": 9.0, "hop_out": 3.0, "network": 5.0}, [("network", 5.0), ("llm", 9.0)]),
        # The clocks differ: the hops are unknown, their sum is not.
        ({"hop_in": None, "llm": 9.0, "hop_out": None, "network": 5.0}, [("network", 5.0), ("llm", 9.0)]),
        # Nothing of TTS: one hop alone is what it is.
        ({"hop_in": 2.0, "llm": 9.0, "network": None}, [("hop_in", 2.0), ("llm", 9.0)]),
        ({"llm": 0.0, "playback": 7.0}, [("llm", 0.0)]),
    ],
)
def test_a_headline_is_made_of_stages_with_the_network_both_ways(
    known: dict[str, float | None], parts: list[tuple[str, float]]
) -> None:
    assert list(parts_of_headline(known)) == parts


def test_events_of_a_new_stage_stand_where_it_stands(outputs: dict[str, Any]) -> None:
    order = outputs["events"]
    stored, started = order.index("v34_memory_storage_complete"), order.index("v34_retrieval_start")
    assert order[stored + 1 : started] == ["v34_rerank_start", "v34_rerank_complete"]
    assert [name for name in order if "rerank" not in name] == list(EVENTS)


def with_a_row(folder: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder / "latency.log"), *words],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "TZ": "UTC", "HOME": str(folder)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outputs: dict[str, Any] = json.loads(done.stdout)
    return outputs


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program says of a log whose rerank takes twice as long from turn 90 on."""
    folder = tmp_path_factory.mktemp("row")
    return with_a_row(folder, "2", "judged") | {"log": (folder / "latency.log").read_bytes()}


@pytest.mark.timeout(180)
def test_its_time_is_in_the_ledger_and_no_longer_unattributed(outputs: dict[str, Any]) -> None:
    ingest = Ingest(60.0)
    read = [*ingest.feed("latency", outputs["log"].splitlines()), *ingest.assembler.finish()]
    without = sorted(read, key=lambda turn: turn.ordinal)
    assert len(outputs["stages"]) == len(without) == TURNS
    for turn, ms, rest in zip(without, outputs["stages"], outputs["unattributed"], strict=True):
        assert ms > 0.5 * USUAL_MS
        assert turn.unattributed_ms == pytest.approx(rest + ms)
    shown = outputs["json"]["turns"][-1]
    named = sum(shown["stages"][key] or 0.0 for key in (*CRITICAL, "rerank"))
    assert shown["headline_ms"] == pytest.approx(named + shown["unattributed_ms"])
    skipped = [one["skipped"] for one in outputs["json"]["turns"]]
    assert skipped == [sorted(turn.skipped) for turn in without]
    assert ["store"] in skipped
    assert outputs["phase"] == "rerank"


@pytest.mark.timeout(180)
def test_it_is_judged_and_compared(outputs: dict[str, Any]) -> None:
    (alarm,) = outputs["regressions"]
    assert (alarm["stage"], alarm["direction"]) == ("rerank", "slower")
    assert AT <= int(alarm["since"], 16) < AT + 5
    verdicts = {one["stage"]: one["verdict"] for one in outputs["compare"]["stages"]}
    assert verdicts.pop("rerank") == "slower"
    assert set(verdicts.values()) == {"unchanged"}
    assert outputs["compare"]["sentence"].startswith("RERANK ×")


@pytest.mark.timeout(180)
def test_it_is_in_table_export_and_report(outputs: dict[str, Any]) -> None:
    assert outputs["frame"] == outputs["stages"]
    rows = list(csv.DictReader(io.StringIO(outputs["csv"])))
    assert [float(row["rerank_ms"]) for row in rows] == outputs["stages"]
    assert [one["stages"]["rerank"] for one in outputs["json"]["turns"]] == outputs["stages"]
    assert outputs["json"]["stages"]["rerank"]["n"] == TURNS
    assert outputs["text"].count("RERANK  sorting what was found") == TURNS
    assert any(line.startswith("rerank ") for line in outputs["text"].splitlines())


@pytest.mark.timeout(180)
def test_it_is_on_the_screen(outputs: dict[str, Any]) -> None:
    assert any(line.startswith("RERANK  p50 ") and "100 turns" in line for line in outputs["trends"])
    assert any(line.startswith("RERANK ") for line in outputs["ledger"])


@pytest.mark.timeout(180)
def test_a_stage_that_is_not_judged_is_never_a_finding(tmp_path: Path) -> None:
    """Not even at forty times its time; it is compared nevertheless, as its row says."""
    quiet = with_a_row(tmp_path, "40")
    assert quiet["regressions"] == []
    assert {one["stage"]: one["verdict"] for one in quiet["compare"]["stages"]}["rerank"] == "slower"
