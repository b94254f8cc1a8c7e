"""The door to the terminal: encodings, closed and full streams, readers that end, JSON that reads back unchanged."""

import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.core.foreign.test_sanitize import EVIL
from timmy_tui.core.foreign.sanitize import UNSAFE
from timmy_tui.core.json_text import json_text
from timmy_tui.core.output import OutputLost, discard, prepare_streams, say, say_lines, say_while_working


def stream_of(descriptor: int, encoding: str = "utf-8") -> io.TextIOWrapper:
    return os.fdopen(descriptor, "w", encoding=encoding)


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", b"~>=1.8s -> . ?\n"), ("latin-1", b"~>=1.8s -> \xb7 ?\n"), ("utf-8", None)]
)
def test_what_the_encoding_lacks_is_replaced(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: bytes | None
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    prepare_streams()
    say("~≥1.8s → · 日")
    assert written.getvalue() == (shown or "~≥1.8s → · 日\n".encode())


def test_one_call_is_one_line_and_foreign_text_begins_none(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"name\nforged line\r{EVIL}")
    say_lines(["a\nb", "c"])
    out = capsys.readouterr().out
    assert out.count("\n") == 3
    assert not UNSAFE & {ord(character) for character in out.replace("\n", "")}


def test_a_full_disk_is_one_error_and_nothing_is_left_to_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    full = stream_of(os.open("/dev/full", os.O_WRONLY))
    monkeypatch.setattr(sys, "stdout", full)
    with pytest.raises(OutputLost, match="No space left on device"):
        say("a line")
    full.close()


def test_a_reader_that_ends_is_no_error_of_ours_and_work_goes_on_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    pipe = stream_of(writer)
    monkeypatch.setattr(sys, "stdout", pipe)
    say_while_working("read")
    assert os.read(reader, 100) == b"read\n"
    os.close(reader)
    say_while_working("not read")
    say("dropped: the stream takes everything now")
    pipe.close()


def test_a_reader_that_has_ended_is_told_to_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    pipe = stream_of(writer)
    monkeypatch.setattr(sys, "stdout", pipe)
    with pytest.raises(BrokenPipeError):
        say("not read")
    pipe.close()


def test_a_standard_error_that_takes_nothing_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    full = stream_of(os.open("/dev/full", os.O_WRONLY))
    monkeypatch.setattr(sys, "stderr", full)
    say("a message", err=True)
    discard(full)
    full.close()


@pytest.mark.parametrize("closed", ["0", "1", "2", "0 1 2"])
def test_no_file_gets_the_number_of_a_closed_stream(closed: str) -> None:
    """Else what is printed would go into it."""
    code = (
        "import os, sys\nfrom timmy_tui.core.output import prepare_streams\nprepare_streams()\n"
        "assert os.open('/dev/null', os.O_RDONLY) > 2\nassert sys.stdin.read() == ''\nsys.stderr.write('')\n"
        "try:\n    sys.stdout.write('x')\nexcept OSError: pass\n"
    )
    redirect = " ".join({"0": "<&-", "1": ">&-", "2": "2>&-"}[one] for one in closed.split())
    done = subprocess.run(["sh", "-c", f'"$0" -c "$1" {redirect}', sys.executable, code], stdin=subprocess.DEVNULL)
    assert done.returncode == 0


STRANGE: list[Any] = [
    EVIL,
    "\x00\x1b[2J\x7f\x85\u2028",
    "</script><!--",
    "\ud800 alone",
    {"\x9b key": [None, -1.5, True]},
    "\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f4bb",
    "a\nb\t",
]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("value", STRANGE)
def test_json_reads_back_unchanged_and_holds_nothing_that_a_terminal_obeys(value: Any, encoding: str) -> None:
    text = json_text({"value": value}, encoding)
    assert json.loads(text) == {"value": value}
    assert not (UNSAFE | {ord("<")}) & {ord(character) for character in text if character != "\n"}
    text.encode(encoding)


def test_what_json_has_not_is_null() -> None:
    assert json.loads(json_text([float("nan"), float("inf"), "\ud800", 1.0])) == [None, None, "\ud800", 1.0]
    assert json.loads(json_text([float("nan"), -float("inf")])) == [None, None]
