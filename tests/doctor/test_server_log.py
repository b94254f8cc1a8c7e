"""Of several reasons why the server log measures nothing, the doctor names the true one."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from timmy_tui.core.settings import Paths, Settings
from timmy_tui.doctor.result import DoctorLine
from timmy_tui.doctor.server_log import server_log_lines

HEAD = "time=2025-11-19T01:30:00.000Z level=INFO source=x.go:1 msg="
LISTENS = HEAD + '"Listening on 127.0.0.1:11434 (version {})"'
CONFIG = HEAD + '"server config" env="map[OLLAMA_DEBUG:{} OLLAMA_HOST:x]"'
GIN = '[GIN] 2025/11/19 - 01:34:47 | 200 |   1.2s |   ::1 | POST     "/api/generate"'
SLOT = HEAD.replace("INFO", "DEBUG") + '"loading cache slot" id=0 prompt=40 used=26 remaining=14'
LAUNCHED = "slot launch_slot_: id  0 | task 7 | processing task, is_child = 0"
TWICE = [
    f"slot operator(): id  0 | task 7 | {text}"
    for text in (
        "new prompt, n_ctx_slot = 8, task.n_tokens = 9", "new prompt, n_ctx_slot = 8, task.n_tokens = 9",
        "cached n_tokens = 4, x", "prompt eval time = 1 ms / 5 tokens", "prompt eval time = 1 ms / 5 tokens",
    )
]  # fmt: skip

REASONS: dict[str, tuple[list[str], str, str]] = {
    "nothing at all": ([], "is empty", "Talk to Timmy"),
    "another program's log": (["INFO: Started server process [1]"] * 3, "no line of an Ollama server (3 lines read)",
                              "ollama serve"),
    "the app's log": (['{"level":"info","message":"tray"}'], "no line of an Ollama server", "app.log"),
    "started, no request": ([LISTENS.format("0.12.11")], "holds no request yet", "Talk to Timmy"),
    "without debug lines": ([LISTENS.format("0.12.11"), CONFIG.format("INFO"), GIN], "without OLLAMA_DEBUG=1",
                            "OLLAMA_DEBUG=1"),
    "without debug lines, older": ([CONFIG.format("false"), GIN], "without OLLAMA_DEBUG=1", "tray app"),
    "requests, start not seen": ([GIN, GIN], "holds 2 requests without cached tokens", "OLLAMA_DEBUG=1"),
    "debug lines, no request": ([CONFIG.format("DEBUG")], "has debug lines, and no request yet", "Talk to Timmy"),
    "llama-server, no request": ([LISTENS.format("0.33.1")], "no request that is complete yet", "Talk to Timmy"),
    "llama-server, in mid request": ([LAUNCHED, GIN], "no request that is complete yet", "Talk to Timmy"),
    "very old": ([LISTENS.format("0.3.14"), GIN], "is of 0.3.14", "OLLAMA_DEBUG=1"),
    "figures that do not agree": ([SLOT.replace("14", "15")], "no request whose figures can be used", ""),
    "behind a prefix": ([f"ollama-1  | {CONFIG.format('INFO')}", f"ollama-1  | {GIN}"], "without OLLAMA_DEBUG=1",
                        "OLLAMA_DEBUG=1"),
}  # fmt: skip


def lines_of(path: Path, **paths: object) -> list[DoctorLine]:
    settings = replace(Settings(), paths=Paths(**({"ollama_log": str(path)} | paths)))  # type: ignore[arg-type]
    return list(server_log_lines(settings, path.parent))


@pytest.mark.parametrize("name", REASONS)
def test_the_true_reason_is_named(tmp_path: Path, name: str) -> None:
    lines, reason, advice = REASONS[name]
    log = tmp_path / "server.log"
    log.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    first = lines_of(log)[0]
    assert (first.subject, first.level) == ("ollama.log", "warn")
    assert reason in first.text
    assert advice in first.hint
    if "DEBUG" not in advice and "tray" not in advice:
        assert "OLLAMA_DEBUG" not in first.hint


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_requests_that_are_measured_are_counted(tmp_path: Path, encoding: str) -> None:
    log = tmp_path / "server.log"
    log.write_text(f"Nov 19 01:34:47 box ollama[1]: {SLOT}\n" * 3, encoding=encoding)
    (line,) = lines_of(log)
    assert (line.level, "3 requests with their cached tokens" in line.text) == ("ok", True)


def test_what_cannot_be_used_is_counted_beside_it(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("\n".join([SLOT, SLOT.replace("14", "15"), *TWICE, ""]))
    good, odd = lines_of(log)
    assert good.level == "ok"
    assert "1 with figures that do not agree" in odd.text and "2 with tasks of two servers" in odd.text
    assert "one server" in odd.hint


def test_a_path_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    assert "does not exist" in lines_of(log)[0].text
    log.symlink_to(log)
    assert "Too many levels of symbolic links" in lines_of(log)[0].text
    log.unlink()
    os.mkfifo(log)
    (line,) = lines_of(log)
    assert (line.level, "is a FIFO" in line.text) == ("fail", True)


def journalctl(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = folder / "journalctl"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("script", "level", "text"),
    [
        (f"echo '{SLOT}'", "ok", "1 requests"),
        ("echo '-- No entries --'", "fail", "the journal of the unit ollama has no entries"),
        (
            "echo 'No journal files were opened due to insufficient permissions.' >&2",
            "fail",
            "insufficient permissions",
        ),
        ("echo broken >&2; exit 3", "fail", "journalctl has ended with 3: broken"),
        (f"echo '{CONFIG.format('INFO')}'", "warn", "without OLLAMA_DEBUG=1"),
    ],
)
def test_the_journal_is_read_and_its_own_reason_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, level: str, text: str
) -> None:
    journalctl(tmp_path, script, monkeypatch)
    line = lines_of(tmp_path / "x", ollama_journal=True)[0]
    assert (line.level, text in line.text) == (level, True), line.text


def test_a_machine_without_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lines_of(tmp_path / "x", ollama_journal=True)[0].text == "there is no journalctl here"


def test_a_log_that_is_not_named_is_no_fault(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path / "x", ollama_log="")
    assert (line.level, "not followed" in line.text) == ("ok", True)
