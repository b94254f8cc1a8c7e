"""The report against what upstream's two scripts print, by the second reading of the log where no checkout is given."""

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.upstream.compare import Comparison, Ours, Outcome
from bench.upstream.figures import BY_KEY, FIGURES, REASONS, document
from bench.upstream.printed import (
    Group,
    NotInTable,
    Request,
    Row,
    Shown,
    Summary,
    read_latency_output,
    read_sessions_output,
    seconds,
)
from bench.upstream.reading import Reading, events_by_id, group, request, summary
from bench.upstream.scripts import compare as compare_scripts
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
GOLDEN = DATA / "latency.log"
NOT_COMPARED = {"one request", "tail", "clear"}
"""What only a command line asks for."""


def compare(log: Path, change: Callable[[Reading], Any] = lambda reading: reading) -> list[Outcome]:
    events = events_by_id(log.read_text("utf-8").splitlines())
    return Comparison(events, Ours.of(log), change(Reading(events))).run()


@cache
def golden() -> list[Outcome]:
    return [*compare(GOLDEN), *compare(DATA / "typed" / "latency.log")]


def test_every_figure_of_the_golden_logs_is_equal_or_another_one_for_a_named_reason() -> None:
    assert [one for one in golden() if one.unexplained] == []
    equal = Counter(one.key for one in golden() if one.equal)
    for figure in FIGURES:
        if figure.key not in NOT_COMPARED and (not figure.means_else or figure.key == "requests"):
            assert equal[figure.key] > 1, figure.key


def test_on_the_golden_logs_only_pauses_without_text_and_what_was_not_logged_make_a_difference() -> None:
    """And that the group ``unknown`` is the whole log."""
    apart = {(one.key, reason) for one in golden() for reason in one.reasons}
    assert apart == {
        ("mean processing", "lone pause"), ("mean playback", "lone pause"), ("mean total", "lone pause"),
        ("row eval", "not logged"),
        ("ollama trend", "whole log"), ("prompt trend", "whole log"), ("prompt trend", "rounded down"),
        ("prompt trend", "not logged"), ("speedup", "whole log"),
    }  # fmt: skip


@pytest.mark.parametrize("scenario", ["clock-skew", "v34-clock-step", "voice-clock-step", "sleep", "writer-behind"])
def test_where_clocks_differ_or_step_that_is_the_reason(tmp_path: Path, scenario: str) -> None:
    log = tmp_path / "latency.log"
    log.write_text("".join(f"{line}\n" for line in generate_logs(ConversationPlan(12, scenario, seed=7)).latency))
    found = compare(log)
    assert [one for one in found if one.unexplained] == []
    assert any("clocks" in one.reasons for one in found)


def turn_lines(request_id: str, *rows: tuple[str, float], **metadata: Any) -> Iterator[str]:
    """Lines of the tracker, ms after a time of day."""
    for name, at in rows:
        service = name.partition("_")[0]
        told = metadata.get(name, {})
        yield json.dumps(
            {"timestamp": 1764350000 + at / 1000, "request_id": request_id, "service": service, "event": name,
             "metadata": told}
        )  # fmt: skip


WHOLE = (
    ("stt_pause_detected", 0), ("stt_transcript_finalized", 40), ("stt_http_request_start", 41),
    ("v34_flask_handler_entry", 45), ("v34_webhook_received", 46), ("v34_prompt_built", 90), ("v34_ollama_sent", 100),
    ("v34_ollama_received", 900), ("v34_sending_to_tts", 903), ("tts_request_received", 910),
    ("stt_http_response_received", 912), ("tts_synthesis_start", 1120), ("tts_audio_playback_start", 1800),
    ("tts_audio_playback_complete", 4800), ("tts_resume_sent", 5100),
)  # fmt: skip
TOLD: dict[str, Any] = {
    "v34_webhook_received": {"session_id": "one"},
    "v34_prompt_built": {"prompt_tokens_est": 700, "tail_mode": False},
    "v34_ollama_received": {"prompt_eval_count": 690},
}
EDGES: dict[str, tuple[list[tuple[str, float]], set[tuple[str, str]]]] = {
    "as usual": ([*WHOLE], set()),
    "no speech": (
        [row for row in WHOLE if not row[0].startswith("tts")],
        {("playback", "no speech"), ("mean playback", "no speech")},
    ),
    "a speech without its end": (
        [row for row in WHOLE if row[0] != "tts_audio_playback_complete"],
        {
            ("playback", "half a speech"), ("processing", "half a speech"), ("mean playback", "half a speech"),
            ("mean processing", "half a speech"),
        },
    ),
    "a speech without its beginning": (
        [row for row in WHOLE if row[0] != "tts_audio_playback_start"],
        {
            ("playback", "half a speech"), ("processing", "half a speech"), ("mean playback", "half a speech"),
            ("mean processing", "half a speech"),
        },
    ),
    "an event within the speech": (
        [(name, 2000 if name == "stt_http_response_received" else at) for name, at in WHOLE],
        {
            ("playback", "event between"), ("processing", "event between"), ("mean playback", "event between"),
            ("mean processing", "event between"),
        },
    ),
    "two speeches": (
        [*WHOLE[:-1], ("tts_audio_playback_start", 4900), ("tts_audio_playback_complete", 5000), WHOLE[-1]],
        {
            ("playback", "came twice"), ("processing", "came twice"), ("mean playback", "came twice"),
            ("mean processing", "came twice"),
        },
    ),
    "the end twice": (
        [*WHOLE, ("tts_resume_sent", 6000)],
        {
            ("total", "came twice"), ("processing", "came twice"), ("mean total", "came twice"),
            ("mean processing", "came twice"), ("row total", "came twice"),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
def test_each_named_reason_is_the_reason_of_its_figures_alone(tmp_path: Path, name: str) -> None:
    """Beside a turn as usual, so that the means have two."""
    rows, expected = EDGES[name]
    log = tmp_path / "latency.log"
    later = [(event, at + 20_000) for event, at in WHOLE]
    log.write_text("\n".join([*turn_lines("aaaaaaaa", *rows, **TOLD), *turn_lines("bbbbbbbb", *later, **TOLD)]) + "\n")
    found = compare(log)
    assert [one for one in found if one.unexplained] == []
    assert {(one.key, reason) for one in found for reason in one.reasons} == expected


def test_a_turn_in_flight_is_counted_there_and_not_here(tmp_path: Path) -> None:
    log = tmp_path / "latency.log"
    later = [(event, at + 20_000) for event, at in WHOLE[:8]]
    log.write_text("\n".join([*turn_lines("aaaaaaaa", *WHOLE, **TOLD), *turn_lines("bbbbbbbb", *later, **TOLD)]) + "\n")
    found = compare(log)
    assert [one for one in found if one.unexplained] == []
    assert ("mean total", "in flight") in {(one.key, reason) for one in found for reason in one.reasons}
    assert ("total", True) in {(one.key, one.equal) for one in found if one.where == "bbbbbbbb"}


class Wrong(Reading):
    """A reading in which one figure is another one."""

    key = ""

    def requests(self) -> dict[str, Request]:
        return {name: self.altered(one) for name, one in super().requests().items()}

    def altered(self, one: Request) -> Request:
        moved = Shown(one.total.value + 0.01) if one.total else None
        changes: dict[str, dict[str, Any]] = {
            "start": {"start": "00:00:00"}, "processing": {"processing": moved}, "playback": {"playback": moved},
            "total": {"total": moved}, "timeline": {"timeline": one.timeline[:-1]},
            "deltas": {"steps": {name: Shown(took.value + 0.001) for name, took in one.steps.items()}},
        }  # fmt: skip
        return replace(one, **changes.get(self.key, {}))

    def summary(self, ids: Collection[str]) -> Summary:
        found = super().summary(ids)
        if self.key == "requests":
            return replace(found, requests=found.requests + 1)
        if self.key == "steps":
            return replace(found, steps={name: Shown(took.value + 0.001) for name, took in found.steps.items()})
        if not self.key.startswith("mean "):
            return found
        part = self.key.removeprefix("mean ")
        changed = [*getattr(found, part)[:2], Shown(getattr(found, part)[2].value + 0.01)]
        changes: dict[str, Any] = {part: changed}
        return replace(found, **changes)

    def groups(self) -> dict[str, Group]:
        return {name: self.altered_group(name, found) for name, found in super().groups().items()}

    def altered_group(self, name: str, found: Group) -> Group:
        if self.key == "members" and name != "unknown":
            return replace(found, requests=found.requests + 1)
        return replace(found, rows={id_: self.altered_row(row) for id_, row in found.rows.items()})

    def altered_row(self, row: Row) -> Row:
        if row.total is None or row.ollama is None:
            return row
        changes: dict[str, Row] = {
            "row total": row._replace(total=Shown(row.total.value + 0.01)),
            "row ollama": row._replace(ollama=Shown(row.ollama.value + 0.01)),
            "row prompt": row._replace(prompt=row.prompt + 1),
            "row eval": row._replace(evaluated=(row.evaluated or 0) + 1),
            "row tail": row._replace(tail=not row.tail),
        }
        return changes.get(self.key, row)

    def group(self, ids: Collection[str]) -> Group:
        found = super().group(ids)
        if self.key == "ollama trend":
            return replace(found, ollama=[Shown(one.value + 0.01) for one in found.ollama])
        if self.key == "prompt trend":
            return replace(found, prompt=[Shown(one.value + 1) for one in found.prompt])
        if self.key == "speedup" and found.impact:
            return replace(found, impact=[*found.impact[:2], Shown(found.impact[2].value + 0.02)])
        return found


@pytest.mark.parametrize(
    "key", [figure.key for figure in FIGURES if figure.key not in NOT_COMPARED and not figure.means_else] + ["requests"]
)
def test_a_figure_that_is_another_one_is_noticed(key: str) -> None:
    wrong = type("WrongFigure", (Wrong,), {"key": key})
    found = compare(GOLDEN, lambda reading: wrong(events_by_id(GOLDEN.read_text().splitlines())))
    assert {one.key for one in found if one.unexplained} == {key}


def test_reading_a_lone_event_takes_no_time_and_pulls_the_means_down() -> None:
    lone = list(events_by_id(turn_lines("aaaaaaaa", ("stt_pause_detected", 0))).values())[0]
    assert request(lone) == Request("", Shown(0.0), Shown(0.0), Shown(0.0))
    whole = list(events_by_id(turn_lines("bbbbbbbb", *WHOLE)).values())[0]
    found = summary({"a": lone, "b": whole})
    assert found.requests == 2
    assert [round(shown.value, 4) for shown in found.total] == [2.55, 0.0, 5.1]
    assert [round(shown.value, 4) for shown in found.processing] == [1.05, 0.0, 2.1]


def test_reading_a_group_goes_by_the_order_of_the_file_and_counts_what_is_missing_as_0() -> None:
    def events(id_: str, at: float, took: float, **told: Any) -> list[str]:
        rows = [("v34_prompt_built", at), ("v34_ollama_sent", at + 1), ("v34_ollama_received", at + 1 + took)]
        return list(turn_lines(id_, *rows, **told))

    later = events("b", 9000, 400, v34_prompt_built={"prompt_tokens_est": 101, "tail_mode": True})
    sooner = events("a", 0, 200, v34_prompt_built={"prompt_tokens_est": 100}, v34_ollama_received={
        "prompt_eval_count": 7})  # fmt: skip
    found = group(events_by_id([*later, *sooner]))
    assert [round(shown.value, 4) for shown in found.ollama] == [0.4, 0.2, 0.3, 0.2, 0.4]
    assert [shown.value for shown in found.prompt] == [101, 100, 100], "100.5 is rounded down"
    assert [round(shown.value, 4) for shown in found.impact] == [0.4, 0.2, 2.0]
    assert (found.rows["b"].kv, found.rows["b"].evaluated, found.rows["b"].tail) == (True, 0, True)
    assert (found.rows["a"].kv, found.rows["a"].evaluated, found.rows["a"].tail) == (False, 7, False)


@pytest.mark.parametrize(
    ("number", "unit", "value", "half"),
    [("652", "ms", 0.652, 0.0005), ("1.83", "s", 1.83, 0.005), ("0", "μs", 0.0, 5e-7), ("-3222", "ms", -3.222, 5e-4)],
)
def test_a_printed_number_is_as_exact_as_its_last_digit(number: str, unit: str, value: float, half: float) -> None:
    shown = seconds(number, unit)
    assert shown.value == pytest.approx(value)
    assert shown.half == pytest.approx(half)
    assert shown.equals(value + 0.99 * half) and not shown.equals(value + 1.01 * half + 3e-6)


def test_a_line_that_no_row_accounts_for_is_noticed() -> None:
    requests, found = read_latency_output("Request ID: aaaaaaaa\nStart Time: 17:13:20\nTotal Duration:   5.10s \n")
    assert (requests["aaaaaaaa"].total, found) == (Shown(5.1, 0.005), None)
    with pytest.raises(NotInTable):
        read_latency_output("Request ID: aaaaaaaa\nThinking Time:   5.10s ")
    with pytest.raises(NotInTable):
        read_latency_output("SUMMARY STATISTICS\nMedian: 4s")
    count, groups = read_sessions_output("Total Sessions Found: 2\nSESSION: unknown\nTotal Requests: 3\n")
    assert (count, groups["unknown"].requests) == (2, 3)
    with pytest.raises(NotInTable):
        read_sessions_output("SESSION: unknown\nOllama Processing Times:\nMedian: 4s")


STAND_IN = """
import json
from pathlib import Path
def parse_log(path):
    found = {}
    for line in path.read_text().splitlines():
        event = json.loads(line)
        found.setdefault(event["request_id"], []).append(event)
    return found
def analyze_request(events):
    return {}
def print_summary(analyses):
    print("SUMMARY STATISTICS")
def analyze_session(name, requests):
    print("SESSION:", name)
def main():
    for name in parse_log(Path(__file__).parent / "latency.log"):
        print("Request ID:", name)
        print("Mood: 4s")
"""


def test_scripts_that_print_something_else_differ(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    for name in ("analyze_latency", "analyze_sessions"):
        (tmp_path / "shared" / f"{name}.py").write_text(STAND_IN)
    _, failures = compare_scripts(tmp_path, scenarios=())
    assert failures == [
        f"data/{folder}latency.log: printed, and in no row of the table: Mood: 4s" for folder in ("", "typed/")
    ]


@pytest.mark.skipif("UPSTREAM_CHECKOUT" not in os.environ, reason="UPSTREAM_CHECKOUT names no checkout of upstream")
def test_upstreams_own_scripts_print_what_the_table_says() -> None:
    lines, failures = compare_scripts(Path(os.environ["UPSTREAM_CHECKOUT"]))
    assert failures == [], "\n".join(lines)


def test_the_document_is_printed_from_the_table() -> None:
    assert (ROOT / "docs" / "upstream-scripts.md").read_text("utf-8").splitlines() == document()
    named: Mapping[str, int] = Counter(reason for figure in FIGURES for reason in figure.reasons)
    assert named.keys() == REASONS.keys()
    assert len(BY_KEY) == len(FIGURES)
