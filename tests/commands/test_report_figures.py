"""`timmy-tui report`: the times that upstream's script prints too, and how much of each prompt was reused."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.commands.reporting import DATA, LATENCY, V34, run, upstream_groups


@pytest.fixture(scope="module")
def both() -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(run("report", "--log", LATENCY, "--log", V34, "--json"))
    return printed


def test_processing_playback_and_end_to_end_are_those_of_upstream(both: dict[str, Any]) -> None:
    """Worked out here once more, from the raw lines."""
    found: dict[str, list[float]] = {"processing": [], "playback": [], "end_to_end": []}
    for events in upstream_groups().values():
        stamps = {event["event"]: event["timestamp"] for event in events}
        if len(events) > 1:
            whole = events[-1]["timestamp"] - events[0]["timestamp"]
            speech = stamps["tts_audio_playback_complete"] - stamps["tts_audio_playback_start"]
            found["end_to_end"].append(1000 * whole)
            found["playback"].append(1000 * speech)
            found["processing"].append(1000 * (whole - speech))
    for key, values in found.items():
        told = both["times"][key]
        assert told["n"] == len(values) == 14, "no pause without text is in a mean"
        figures = (told["mean"], told["min"], told["max"])
        assert figures == pytest.approx((sum(values) / 14, min(values), max(values)), abs=0.002)


def test_the_text_has_the_times_of_the_json_to_its_last_digit(both: dict[str, Any]) -> None:
    text = run("report", "--log", LATENCY, "--log", V34)
    for key, words in (("processing", "without playback"), ("playback", "length"), ("end_to_end", "first to last")):
        of = both["times"][key]
        shown = " ".join(f"{of[name] / 1000:>7.2f}s" for name in ("mean", "min", "max"))
        assert f"{key.replace('_', ' '):14} {shown} {of['n']:4}  {words}" in text
    for step in both["steps"]:
        mean = step["mean"]
        shown = f"{mean:.1f}ms" if mean < 0.9995 else f"{mean:.0f}ms" if mean < 999.5 else f"{mean / 1000:.2f}s"
        assert f"{shown:>8}  {step['n']:4}  {step['step']}\n" in text
    assert "tts_audio_playback_start → tts_audio_playback_complete" not in [step["step"] for step in both["steps"]]
    for turn in both["turns"]:
        times = (turn["processing_ms"], turn["stages"]["playback"], turn["end_to_end_ms"])
        processing, playback, whole = (f"{ms / 1000:.2f}s" for ms in times)
        assert f"processing {processing} (without playback)   playback {playback}   end to end {whole}\n" in text


def test_the_sessions_of_the_json_have_their_trends(both: dict[str, Any]) -> None:
    first, second = both["sessions"]
    assert first["llm"]["first"] == pytest.approx(652.326)
    assert (first["llm"]["n"], second["prompt_tokens_est"]["last"], second["prompt_tokens_est"]["n"]) == (7, 93, 7)
    assert first["llm_first_to_others"] == pytest.approx(0.634, abs=0.001)


def test_typed_turns_are_in_no_time_mean_and_in_no_trend() -> None:
    typed = DATA / "typed"
    arguments = ("report", "--log", typed / "latency.log", "--log", typed / "v34.log")
    printed = json.loads(run(*arguments, "--json"))
    spoken = [turn for turn in printed["turns"] if not turn["typed"]]
    assert (len(printed["turns"]), len(spoken)) == (13, 9)
    assert {printed["times"][key]["n"] for key in ("processing", "playback", "end_to_end")} == {9}
    assert all(turn["end_to_end_ms"] is None for turn in printed["turns"] if turn["typed"])
    assert sum(session["llm"]["n"] for session in printed["sessions"]) == 9
    alone = json.loads(run("report", "--log", typed / "latency.log", "--json"))
    assert alone["times"] == printed["times"] and alone["steps"] == printed["steps"]
    assert "spoken turns that are over, however they ended; no pause without text" in run(*arguments)


def test_csv_has_reuse_with_its_certainty_and_reason_and_the_times_of_the_whole(both: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("report", "--log", LATENCY, "--log", V34, "--csv"))))
    assert list(rows[0])[-3:] == ["reuse_share", "reuse_certainty", "reuse_reason"]
    for row, turn in zip(rows, both["turns"], strict=True):
        known = turn["reuse"]
        assert (row["reuse_certainty"], row["reuse_reason"]) == (known["certainty"], known["reason"])
        assert row["reuse_share"] == "" if known["share"] is None else float(row["reuse_share"]) == known["share"]
        assert float(row["end_to_end_ms"]) == turn["end_to_end_ms"]
        assert float(row["processing_ms"]) == pytest.approx(turn["processing_ms"])
    assert {row["reuse_certainty"] for row in rows} == {"estimated", "unknown"}


def test_reuse_is_said_in_the_text_of_each_turn_in_the_words_of_the_screen(both: dict[str, Any]) -> None:
    text = re.sub(r"\n +", " ", run("report", "--log", LATENCY, "--log", V34))
    for turn in both["turns"]:
        share, known = turn["reuse"]["share"], turn["reuse"]
        limits = re.search(r"between (\d+)% and (\d+)%", known["reason"])
        shown = f"~{limits[1]}–{limits[2]}%" if limits else f"~{share or 0:.0%}"
        if share is None:
            shown = "busy" if "busy" in known["reason"] else "—"
        source = known["reason"] if share is None else f"estimated: {known['reason']}"
        assert re.search(rf"reuse {shown}( cold| broken| load)?   {re.escape(source)}", text)
    assert "reuse —   Ollama gave no figures for this turn" in text
    # The only turn to compare with is presumed cold: a session's first, which may have shared a persona.
    assert "reuse ~16–59%   estimated: " in text
    assert "prompt reuse ~87%, estimated: median of 11 turns, ~3% … ~92%" in text
    assert "prompt reuse — in 1 turn: Ollama gave no figures for this turn" in text


def test_a_turn_that_never_reached_the_model_has_its_reuse_with_a_reason(tmp_path: Path) -> None:
    log = tmp_path / "latency.log"
    log.write_text("".join(line + "\n" for line in LATENCY.read_text().splitlines()[:3]))
    (turn,) = json.loads(run("report", "--json", "--log", log))["turns"]
    assert turn["reuse"] == {
        "share": None, "certainty": "unknown", "reason": "Ollama gave no figures for this turn",
    }  # fmt: skip
    assert (
        run("report", "--csv", "--log", log).splitlines()[1].endswith(",unknown,Ollama gave no figures for this turn")
    )


def test_ollamas_server_log_makes_the_reuse_measured(tmp_path: Path, both: dict[str, Any]) -> None:
    """Where the settings name it; it is read, and nothing is asked."""
    root, log, settings = tmp_path / "timmy", tmp_path / "server.log", tmp_path / "settings.toml"
    for folder in ("v34", "shared"):
        (root / folder).mkdir(parents=True)
    (root / "v34/config.py").touch()
    (root / "shared/latency.log").write_bytes(LATENCY.read_bytes())
    settings.write_text(f'[paths]\nollama_log = "{log}"\n')
    newest = both["turns"][-1]
    at = datetime.fromtimestamp(newest["started"] + 0.3, UTC).isoformat(timespec="milliseconds")
    tokens = newest["prompt_tokens"]
    log.write_text(
        f'time={at} level=DEBUG source=cache.go:104 msg="loading cache slot" id=0 cache=1300 prompt={tokens} used=1096 '
        f"remaining={tokens - 1096}\n"
    )
    arguments = ("report", "--root", root, "--settings", settings)
    reuse = [turn["reuse"] for turn in json.loads(run(*arguments, "--json"))["turns"]]
    assert reuse[-1] == {"share": 1096 / tokens, "certainty": "measured", "reason": "Ollama's server log"}
    assert {one["certainty"] for one in reuse[:-1]} == {"estimated", "unknown"}
    assert "reuse 80%   measured: Ollama's server log\n" in run(*arguments, "--tail", "1")
    named = json.loads(run("report", "--log", LATENCY, "--settings", settings, "--json"))["turns"]
    assert named[-1]["reuse"]["certainty"] == "estimated", "named logs tell for themselves"


def test_where_clocks_differ_the_text_of_a_turn_says_which_deltas_are_none(tmp_path: Path) -> None:
    log = tmp_path / "latency.log"
    lines = [json.loads(line) for line in LATENCY.read_text().splitlines()]
    for event in lines:
        event["timestamp"] -= 5.0 * (event["service"] == "v34")
    log.write_text("".join(json.dumps(event) + "\n" for event in lines))
    words = "clocks differ: order and deltas across the clocks of v34 and STT/TTS are not to be trusted"
    assert words in run("report", "--log", log, "--request", "21636369")
    assert words not in run("report", "--log", LATENCY, "--request", "21636369")
    printed = json.loads(run("report", "--log", log, "--json"))
    usual = json.loads(run("report", "--log", LATENCY, "--json"))
    assert printed["times"] == usual["times"], "STT's and TTS's clock times a turn"
    crossing = "stt_http_request_start → v34_flask_handler_entry"
    assert crossing in {step["step"] for step in usual["steps"]} - {step["step"] for step in printed["steps"]}
