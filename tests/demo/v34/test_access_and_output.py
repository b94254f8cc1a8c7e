"""Access lines in the forms of three servers, and the order of stdout and stderr in one captured file."""

import time

import pytest

from timmy_tui.demo.v34.access import ACCESS_FORMS, Access
from timmy_tui.demo.v34.output import BUFFER_BYTES, CapturedOutput

AT = time.mktime((2025, 11, 19, 1, 34, 47, 0, 0, -1))
ACCESS = Access("172.21.128.1", AT, "POST /api/webhook HTTP/1.1", 200, 445, 1.4000239)
LINES = {
    "eventlet": '172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024',
    "gevent": '172.21.128.1 - - [2025-11-19 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024',
    "werkzeug": '172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 -',
    "werkzeug-coloured": ('172.21.128.1 - - [19/Nov/2025 01:34:47] "\x1b[37mPOST /api/webhook HTTP/1.1\x1b[0m" 200 -'),
    "werkzeug-logged": ('INFO:werkzeug:172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 -'),
}


@pytest.mark.parametrize("form", ACCESS_FORMS)
def test_an_access_line(form: str) -> None:
    assert ACCESS.log_line(form) == LINES[form]


def test_stderr_overtakes_what_stdout_holds_back() -> None:
    captured = CapturedOutput()
    output = captured.start_process()
    output.debug("first")
    output.error("access")
    output.stdout.flush()
    assert captured.lines() == ["access", "first"]


def test_stdout_comes_in_blocks_of_8_kib() -> None:
    captured = CapturedOutput()
    output = captured.start_process()
    line = "x" * 127
    for _ in range(BUFFER_BYTES // 128):
        output.debug(line)
    output.error("access")
    assert captured.lines() == ["access"], "a full block is held back until more comes"
    for _ in range(BUFFER_BYTES // 128):
        output.debug(line)
    output.error("access")
    lines = captured.lines()
    assert lines[0] == "access" and lines[-1] == "access"
    assert lines.count(line) == BUFFER_BYTES // 128
    output.stdout.flush()
    assert captured.lines().count(line) == 2 * BUFFER_BYTES // 128


def test_one_process_after_another_writes_into_the_same_file() -> None:
    captured = CapturedOutput()
    first = captured.start_process()
    first.debug("one")
    first.stdout.flush()
    second = captured.start_process()
    second.debug("two")
    del first
    second.error("three")
    second.stdout.flush()
    assert captured.lines() == ["one", "three", "two"]
