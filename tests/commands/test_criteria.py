"""`timmy-tui criteria`: every line of the guide, the same values and words as screen 4, and what cannot be judged."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.sources.services.servers import as_json, serving
from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.bootstrap.wiring import make_analyzer
from timmy_tui.commands.criteria import criteria
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import Settings
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder

DATA = Path(__file__).parents[1] / "data"
BOTH = ("--log", str(DATA / "latency.log"), "--log", str(DATA / "v34.log"))
TYPED = ("--log", str(DATA / "typed/latency.log"), "--log", str(DATA / "typed/v34.log"))
LABELS_OF_THE_GUIDE = {
    "Success Metrics": ("context_length > 0", "prompt_eval_count = 0, requests 2+", "Ollama ~800", "total ~11s"),
    "Phase 1": ("replies keep their quality", "context arrays returned", "no errors", "latency may stay the same"),
    "Phase 2": ("everything from Phase 1", "Ollama ~300ms, requests 2+", "total better by 500ms+", "replies still"),
    "Something broke": ("response quality degrades", "loses context", "does not follow personality", "errors in logs"),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(criteria, list(arguments), catch_exceptions=False)

    yield run


def by_key(result: Result) -> dict[str, dict[str, Any]]:
    return {item["key"]: item for item in json.loads(result.output)["criteria"]}


def joined(result: Result) -> str:
    """The text without its line breaks."""
    return re.sub(r"\n +", " ", result.output)


def test_every_line_of_the_guide_stands_under_its_heading(run: Callable[..., Result]) -> None:
    parts = run(*BOTH).output.split("== ")[1:]
    assert [part.splitlines()[0] for part in parts] == list(LABELS_OF_THE_GUIDE)
    for part in parts:
        heading, text = part.split("\n", 1)
        assert all(label in text for label in LABELS_OF_THE_GUIDE[heading]), heading


def test_values_verdicts_and_notes_are_printed_within_80_columns(run: Callable[..., Result]) -> None:
    done = run(*BOTH)
    assert done.exit_code == 0, "also where criteria fail"
    assert max(map(len, done.output.splitlines())) <= 80
    text = joined(done)
    assert "now epoch 2, 7 turns: restart, tail mode off→on, raw on→off" in re.sub(" +", " ", text)
    assert "before epoch 1, 7 turns: first turn" in re.sub(" +", " ", text)
    for line in (
        "misleading  context_length > 0: 7 of 7 turns, newest 1385 ids",
        "misleading  prompt_eval_count = 0, requests 2+: 0 of 6 turns, median 1058 tok, ~90% reused",
        "fail        replies keep their quality: 0 of 7 bad, reply 46 chars, was 127 (under half)",
        "not seen    errors in logs: 0 of 7 turns",
        "seen        does not follow personality: reply 46 chars, was 127 (under half)",
    ):
        assert line in text
    assert text.count("token ids, sent back as text") == 1, "a note stands once"


def test_what_cannot_be_judged_says_why(run: Callable[..., Result]) -> None:
    text = joined(run(*TYPED))
    assert "not judged  tail mode on, because tail mode is off; on in 0 of 3 turns" in text
    assert "not judged  total better by 500ms+, because tail mode is off; 6.52s, was 8.22s · 3t/3t" in text
    alone = joined(run(*BOTH[:2]))
    assert "response quality degrades, because v34's log, which has the replies, is not among these logs" in alone


def test_a_log_without_a_turn_is_printed_too(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "latency.log").write_text("\n")
    done = run("--log", str(tmp_path / "latency.log"))
    assert done.exit_code == 0
    assert done.output.startswith("no turns in these logs: nothing is judged\n")
    assert done.output.count("\nnot judged  ") == 18
    printed = json.loads(run("--log", str(tmp_path / "latency.log"), "--json").output)
    assert (printed["epoch"], printed["before"]) == (None, None)


def test_a_log_that_is_not_there_is_an_error(run: Callable[..., Result]) -> None:
    with pytest.raises(NotFound):
        run("--log", "/none/such.log")


def test_the_json_has_value_reason_and_note_of_each(run: Callable[..., Result]) -> None:
    printed = json.loads(run(*TYPED, "--json").output)
    assert printed["schema"] == "timmy-tui.criteria/1"
    assert (printed["epoch"]["number"], printed["epoch"]["turns"], printed["epoch"]["reason"]) == (3, 4, "restart")
    assert (printed["before"]["number"], printed["ollama_version"]) == (2, None)
    for item in printed["criteria"]:
        assert set(item) == {"key", "label", "group", "verdict", "value", "note", "because"}
        assert item["verdict"] in ("pass", "fail", "misleading", "not judged")
        assert bool(item["because"]) is (item["verdict"] == "not judged")


def dashboard_snapshot(latency: Path, v34: Path) -> Snapshot:
    """What the dashboard has of these logs after its start."""
    analyzer = make_analyzer()
    builder = SnapshotBuilder(Settings(), analyzer)
    builder.begin_backlog()
    kinds: tuple[tuple[LogKind, Path], ...] = (("latency", latency), ("v34", v34))
    for kind, path in kinds:
        builder.feed(LogSource(kind), path.read_bytes().splitlines(), None)
    builder.end_backlog(None, 0.0)
    return snapshot(llm=analyzer.llm(None, 0.0))


@pytest.mark.parametrize("logs", [BOTH, TYPED])
async def test_the_values_are_those_of_screen_4(run: Callable[..., Result], logs: tuple[str, ...]) -> None:
    shown = dashboard_snapshot(Path(logs[1]), Path(logs[3]))
    assert shown.llm is not None
    printed = by_key(run(*logs, "--json"))
    on_screen = {item.key: (item.verdict, item.value, item.because) for item in shown.llm.criteria}
    assert {key: (one["verdict"], one["value"], one["because"]) for key, one in printed.items()} == on_screen
    text = joined(run(*logs))
    async with running_dashboard(shown, size=(200, 50)) as dashboard:
        await dashboard.press("4")
        rows = [
            line
            for line in dashboard.text().splitlines()
            if line[2:].startswith(("pass", "fail", "mislead", "not ", "seen"))
        ]
    assert len(rows) > 10
    for row in rows:
        verdict, label, value = row[2:13].strip(), row[13:49].strip(), row[49:].split("  ")[0].strip()
        assert f"{verdict:12}{label.removesuffix('…')}" in text
        assert value in text


def timmy(root: Path, url: str) -> Path:
    """An installation with the golden logs, whose config names this Ollama."""
    for folder in ("v34", "shared", "testing-interface/logs"):
        (root / folder).mkdir(parents=True)
    (root / "v34/config.py").write_text(f"OLLAMA_API_URL = '{url}/api/generate'\n")
    (root / "v34/app.py").write_text("llm.generate_api_call(p, context=c, raw=True, temperature=t)\n")
    (root / "shared/latency.log").write_bytes((DATA / "latency.log").read_bytes())
    (root / "testing-interface/logs/v34.log").write_bytes((DATA / "v34.log").read_bytes())
    return root


def ollama(version: str) -> Callable[[str], tuple[int, bytes]]:
    return lambda path: as_json({"version": version} if path == "/api/version" else {"models": []})


def test_the_version_of_the_ollama_that_answers_decides_what_its_counts_mean(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """0.12.5 reports the prefill time of the last 512 tokens alone: nothing can be estimated from it."""
    with serving(ollama("0.12.5")) as (url, requested):
        root = timmy(tmp_path / "timmy", url)
        asked = by_key(run("--root", str(root), "--json"))["prefix_reuse"]
        assert (asked["verdict"], asked["because"]) == ("not judged", "none of 6 turns shows it, 3 are needed")
        assert "\nOllama  0.12.5, llama3.2" in run("--root", str(root)).output
        assert set(requested) == {"/api/version", "/api/ps", "/api/show"}, "nothing that makes it work"
        requested.clear()
        unasked = by_key(run("--root", str(root), "--no-services", "--json"))["prefix_reuse"]
        assert unasked["value"] == "~90% reused · 6t"
        run(*BOTH)
        assert requested == []


def test_an_ollama_that_does_not_answer_is_said_and_the_logs_are_judged(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    done = run("--root", str(timmy(tmp_path / "timmy", "http://127.0.0.1:9")))
    assert done.exit_code == 0
    assert "Ollama  does not answer (connection refused): its counts are read like those of 0.12.7" in joined(done)
    assert "prompt reused, requests 2+: ~90% reused · 6t" in done.output


def test_after_a_restart_the_model_of_the_config_is_asked_for_not_that_of_the_turns_before_it(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    loaded = {"name": "other:3b", "size": 10, "size_vram": 10, "context_length": 4096}
    with serving(lambda path: as_json({"models": [loaded]} if path == "/api/ps" else {"version": "0.12.11"})) as (
        url,
        _,
    ):
        root = timmy(tmp_path / "timmy", url)
        v34 = root / "v34"
        log = root / "testing-interface/logs/v34.log"
        (v34 / "config.py").write_text((v34 / "config.py").read_text() + "\nMODEL_NAME = 'other:3b'\n")
        before = run("--root", str(root)).output
        with log.open("a") as file:
            file.write("(4711) wsgi starting up on http://0.0.0.0:5000\n")
        after = run("--root", str(root)).output
    assert "other:3b" not in before and "other:3b" in after


def test_a_word_of_a_server_does_not_act_on_the_terminal(run: Callable[..., Result], tmp_path: Path) -> None:
    with serving(ollama("0.12\x1b]0;own\x07")) as (url, _):
        assert "\x1b" not in run("--root", str(timmy(tmp_path / "timmy", url))).output


def test_the_command_is_in_the_table() -> None:
    from timmy_tui.commands.table import COMMANDS, load_command

    assert load_command(COMMANDS["criteria"][0]) is criteria
