"""Every command on every stream: replaced characters or one line of error, the documented exit code, no traceback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.every_command import Call, calls, remove_written
from tests.commands.preloaded import STREAMS, Done, Preloaded
from tests.commands.timmy_folder import TimmyFolder, make_timmy

pytestmark = pytest.mark.timeout(240)  # Some 75 commands in one test, 0.2 s each; on a busy machine a second.
FAULTS = ("Traceback", "fault of the program", "Exception ignored", "Warning:")
EXIT_CODES = (0, 1, 2, 3, 4, 130)
TAKING, ENDED = ("utf-8", "ascii", "latin-1"), ("closed", "full", "ended")


@pytest.fixture(scope="module")
def program() -> Iterator[Preloaded]:
    running = Preloaded()
    yield running
    running.close()


def assert_documented(call: Call, done: Done) -> None:
    assert done.code in EXIT_CODES, (call, done)
    assert not any(fault in done.err for fault in FAULTS), (call, done.err)


def every_call(program: Preloaded, base: Path, stream: str) -> Iterator[tuple[Call, Done]]:
    """Each in the same state: what one has stored must not answer the next."""
    written = base / "written"
    for number, call in enumerate(calls(("1",), str(written))):
        folder = TimmyFolder(base / str(number))
        folder.base.mkdir()
        folder.root.symlink_to(base / "timmy")
        remove_written(written)
        yield call, program.run(call.line(root=folder.root), stream, folder.environment)


@pytest.mark.parametrize("stream", STREAMS)
def test_every_command_on_every_stream(program: Preloaded, tmp_path: Path, stream: str) -> None:
    make_timmy(tmp_path)
    printed = 0
    for call, done in every_call(program, tmp_path, stream):
        assert_documented(call, done)
        if stream in TAKING:
            printed += bool(done.out.decode(stream))
        elif stream == "ended":
            printed += done.code == 1 and not done.err
        elif "standard output" in done.err:
            printed += 1
            assert done.code == 1, call
            assert done.err.rstrip().endswith(
                "standard output cannot be written: "
                + ("it is closed." if stream == "closed" else "No space left on device.")
            ), (call, done.err)
    assert printed > 20, "nearly every command prints something"


def test_no_stream_is_forgotten() -> None:
    assert sorted(STREAMS) == sorted((*TAKING, *ENDED))


def unusable(base: Path, kind: str) -> str:
    """A path for XDG_STATE_HOME below which nothing can be made."""
    if kind == "a file":
        (base / "file").write_text("")
        return str(base / "file")
    return {"below a file": f"{base}/written/x", "no such place": "/proc/none", "a device": "/dev/null"}[kind]


@pytest.mark.parametrize("kind", ["a file", "below a file", "no such place", "a device"])
def test_every_command_without_a_state_folder(program: Preloaded, tmp_path: Path, kind: str) -> None:
    folder = make_timmy(tmp_path)
    written = tmp_path / "written"
    environment = {**folder.environment, "XDG_STATE_HOME": unusable(tmp_path, kind)}
    refused = 0
    for call in calls(("1",), str(written)):
        written.write_text("")
        done = program.run(call.line(root=folder.root), "utf-8", environment)
        assert_documented(call, done)
        refused += done.code == 1 and bool(done.err)
    assert refused > 5


def test_every_command_with_a_log_that_has_no_place(program: Preloaded, tmp_path: Path) -> None:
    folder = make_timmy(tmp_path)
    folder.settings.write_text("[paths]\nv34_logs = []\n")
    for call in calls(("1",), str(tmp_path / "written")):
        assert_documented(call, program.run(call.line(root=folder.root), "utf-8", folder.environment))


ODD_LINES = [
    "[" * 5000,
    "null",
    "{}",
    '{"op": 7}',
    '{"op": "x", "stage": "kept", "at": 1e999}',
    "\x00\xff",
    '{"op": "x"',
]


def test_every_command_with_a_journal_that_a_hand_edited(program: Preloaded, tmp_path: Path) -> None:
    folder = make_timmy(tmp_path)
    flip = ["flip", "retrieved-chunks", "4", "--yes", "--root", str(folder.root)]
    assert program.run(flip, environment=folder.environment).code == 0
    (journal,) = folder.state.rglob("journal.jsonl")
    lines = journal.read_text(encoding="utf-8").splitlines()
    halves = [line[: len(line) // 2] for line in lines]
    without = [line.replace('"files":', '"filed":').replace('"before":', '"bef":') for line in lines]
    journal.write_text(
        "\n".join([*ODD_LINES, *halves, *lines[1:], *without, *lines, *ODD_LINES]), encoding="latin-1", errors="replace"
    )
    for call in calls(("1", "x"), str(tmp_path / "written")):
        assert_documented(call, program.run(call.line(root=folder.root), "utf-8", folder.environment))
