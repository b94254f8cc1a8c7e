"""Files by day: each turn once, in one step, whatever happens between two exports."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from tests.waiting import wait_for
from timmy_tui.analysis.columns import EXPORTED_COLUMNS
from timmy_tui.core.errors import NotFound, ParquetError
from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.turn import Gap, Span, Turn, TurnState
from timmy_tui.storage.parquet.days import ParquetDays, Written
from timmy_tui.storage.parquet.files import SCHEMA, Origin, file_bytes, read_head, read_rows
from timmy_tui.storage.parquet.turn_days import NO_DAY, by_day
from timmy_tui.storage.parquet.turn_table import NOT_EXPORTED, Row, plain_name, row_of
from timmy_tui.storage.parquet.turns import is_parquet, read_parquet

NOON = 1_795_953_600.0
"""2026-11-29 12:00 UTC."""
DAY = 86_400.0
LAPTOP = Origin("laptop", "0123456789ab")


def turn(number: int, at: float | None = NOON, **fields: Any) -> Turn:
    known = {
        "number": number, "request_id": f"{number:08x}", "started": None if at is None else at + 20 * number,
        "session_id": "one", "session": 1, "stages": {"llm": 800.0 + number}, "prompt_tokens": 600 + number,
        "prefill_ms": 100.0 + number, "text": "my secret", "reply": "my answer",
    }  # fmt: skip
    return complete_turn(number, **{**known, **fields})


def no_reuse() -> Mapping[int, Reuse]:
    return {}


def put(folder: Path, turns: Sequence[Turn], origin: Origin = LAPTOP, since: float | None = None) -> Written:
    return ParquetDays(folder, origin).put(turns, no_reuse, since)


def stored(folder: Path, machine: str = "laptop") -> dict[str, list[int | None]]:
    """Day → the numbers of its turns, in order."""
    return {
        path.parent.name.removeprefix("day="): [row.turn.number for row in read_rows(path)[1]]
        for path in sorted(folder.glob(f"day=*/{machine}.parquet"))
    }


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its bytes and its inode, which another writing would change."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_ino) for path in files}


def test_a_day_is_that_of_the_turns_start_in_utc() -> None:
    just_before, midnight = NOON + DAY / 2 - 0.001, NOON + DAY / 2
    days = by_day([turn(0, just_before), replace(turn(1), started=midnight)])
    assert {day: [one.number for one in own] for day, own in days.items()} == {"2026-11-29": [0], "2026-11-30": [1]}


def test_a_turn_without_a_time_is_of_the_day_of_the_one_before_it_or_else_behind_it() -> None:
    untimed = [turn(0, None), turn(1), turn(2, None), turn(3, NOON + DAY), turn(4, None)]
    days = by_day(untimed)
    assert {day: [one.number for one in own] for day, own in days.items()} == {
        "2026-11-29": [0, 1, 2], "2026-11-30": [3, 4],
    }  # fmt: skip
    assert list(by_day([turn(0, None)])) == [NO_DAY]


def test_no_turns_are_no_files(tmp_path: Path) -> None:
    assert put(tmp_path / "turns", []) == Written(0, 0, 0)
    assert contents(tmp_path / "turns") == {}
    assert not is_parquet(tmp_path / "turns")
    with pytest.raises(NotFound):
        read_parquet([tmp_path / "turns"])


def test_every_field_of_a_turn_comes_back_but_for_what_was_said(tmp_path: Path) -> None:
    whole = turn(
        7, typed=False, state=TurnState.FAILED, reason="Generate API call failed: my secret", ended=NOON + 300.5,
        answered=NOON + 200.25, logs="both", span=Span.V2V, headline_ms=2000.5, v2v_ms=2000.5, unattributed_ms=0.5,
        unmeasured={"hop_in": "clocks differ"}, skipped=frozenset({"store"}), gaps=(Gap("classify", "retrieve", 0.5),),
        end_to_end_ms=6000.25, processing_ms=1800.5, offset_bounds=(-1.5, None), output_tokens=40, cached_tokens=12,
        decode_ms=400.5, load_ms=95.0, ollama_total_ms=640.5, context_returned=700, context_sent=0, tail_mode=True,
        raw=False, num_ctx=8000, model="llama3.2:3b-instruct-q4_K_M", temperature=0.7, prompt_chars=2400,
        prompt_tokens_est=600, text_length=30, reply_length=120, importance=7.5, chunks=5, pause_threshold=0.5,
        switches={"vad": True, "top-k": 5, "threshold": 0.5, "voice": "amy"},
        signals=frozenset({"error", "empty_reply"}), errors=("Generate API call failed: my secret",),
    )  # fmt: skip
    left = {name for name in Turn.__struct_fields__ if getattr(whole, name) == getattr(complete_turn(7), name)}
    # When the log told of a switch is asked beside this machine's journal alone, which files are read without.
    assert left == {"ordinal", "place", "events", "switches_at"}, "a field that this test does not know"
    put(tmp_path, [whole])
    (back,) = read_parquet([tmp_path]).machines["laptop"]
    assert back == replace(
        whole, ordinal=0, text=None, reply=None, errors=(NOT_EXPORTED,), reason="Generate API call failed",
        stages={**dict.fromkeys(back.stages), **whole.stages},
    )  # fmt: skip
    everything = b"".join(data for data, _ in contents(tmp_path).values())
    assert b"secret" not in everything and b"answer\0" not in everything


@pytest.mark.parametrize("field", ["request_id", "session_id", "model", "reason"])
@pytest.mark.parametrize("before", ["", "x: "])
def test_what_is_no_name_leaves_as_a_hash(tmp_path: Path, field: str, before: str) -> None:
    """A log is foreign text: what was said can stand where an id should."""
    said = "call my sister, the number is secret"
    fields: dict[str, Any] = {field: f"{before}{said}"}
    put(tmp_path, [turn(1, **fields)])
    assert b"secret" not in b"".join(data for data, _ in contents(tmp_path).values())
    assert b"sister" not in b"".join(data for data, _ in contents(tmp_path).values())


def test_a_name_is_left_as_it_is_and_two_texts_are_told_apart() -> None:
    assert plain_name("hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M") == (
        "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M"
    )
    assert plain_name("x" * 80) == "x" * 80
    hashed = plain_name("x" * 81)
    assert hashed is not None and hashed.startswith("text-") and plain_name(hashed) == hashed
    assert plain_name("a b") != plain_name("a c")
    assert plain_name(None) is None


def test_every_file_has_the_same_columns_and_types_also_where_nothing_is_known(tmp_path: Path) -> None:
    put(tmp_path, [turn(0), replace(complete_turn(1), started=NOON + DAY)])
    schemas = [pq.read_schema(path) for path in sorted(tmp_path.glob("*/*.parquet"))]
    assert len(schemas) == 2 and schemas[0].equals(schemas[1], check_metadata=False)
    assert schemas[0].names == [column.name for column in EXPORTED_COLUMNS]
    assert not [field for field in schemas[1] if pa.types.is_null(field.type)]
    assert schemas[0].metadata[b"timmy_tui.schema"] == str(SCHEMA).encode()


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 1 << 63, -(1 << 63) - 1])
def test_a_value_that_no_column_holds_is_not_known(tmp_path: Path, odd: Any) -> None:
    put(tmp_path, [turn(1, prompt_tokens=odd if isinstance(odd, int) else 1, temperature=odd, importance=odd)])
    (back,) = read_parquet([tmp_path]).machines["laptop"]
    assert (back.temperature, back.importance) == (None, None)


def test_the_same_export_again_writes_nothing(tmp_path: Path) -> None:
    turns = [turn(0), turn(1), turn(2, NOON + DAY)]
    assert put(tmp_path, turns) == Written(2, 0, 3)
    before = contents(tmp_path)
    assert put(tmp_path, turns) == Written(0, 2, 3)
    assert contents(tmp_path) == before


def test_only_a_day_that_changed_is_written_again(tmp_path: Path) -> None:
    put(tmp_path, [turn(0), turn(1, NOON + DAY)])
    before = contents(tmp_path)
    told = [turn(0), turn(1, NOON + DAY, logs="both"), turn(2, NOON + DAY)]
    assert put(tmp_path, told) == Written(1, 1, 3)
    assert stored(tmp_path) == {"2026-11-29": [0], "2026-11-30": [1, 2]}
    first, second = sorted(before)
    assert contents(tmp_path)[first] == before[first] and contents(tmp_path)[second] != before[second]


def test_a_turn_that_the_source_has_lost_stays_where_it_stood(tmp_path: Path) -> None:
    put(tmp_path, [turn(n) for n in range(6)])
    put(tmp_path, [turn(n) for n in (1, 2, 4, 5)])
    assert stored(tmp_path)["2026-11-29"] == [0, 1, 2, 3, 4, 5]
    put(tmp_path, [turn(6)])
    assert stored(tmp_path)["2026-11-29"] == [0, 1, 2, 3, 4, 5, 6]


def test_since_catches_up_and_changes_nothing_before(tmp_path: Path) -> None:
    turns = [turn(n, NOON + DAY * n) for n in range(4)]
    put(tmp_path, turns[:1])
    second = turns[2].started
    assert second is not None
    assert put(tmp_path, turns, since=second) == Written(2, 0, 2)
    assert sorted(stored(tmp_path)) == ["2026-11-29", "2026-12-01", "2026-12-02"]
    assert put(tmp_path, turns, since=second + 0.001).turns == 1
    assert put(tmp_path, turns) == Written(1, 3, 4)


def test_since_in_the_middle_of_a_day_leaves_its_morning_in_the_file(tmp_path: Path) -> None:
    turns = [turn(n) for n in range(6)]
    put(tmp_path, turns[:4])
    put(tmp_path, turns, since=turns[3].started)
    assert stored(tmp_path)["2026-11-29"] == [0, 1, 2, 3, 4, 5]


def test_a_turn_whose_time_is_told_later_is_in_one_file_only(tmp_path: Path) -> None:
    put(tmp_path, [turn(0), turn(1, None)])
    assert stored(tmp_path) == {"2026-11-29": [0, 1]}
    put(tmp_path, [turn(0), turn(1, NOON + 9 * DAY)])
    assert stored(tmp_path) == {"2026-11-29": [0], "2026-12-08": [1]}


def test_a_turn_that_moves_across_midnight_is_in_one_file_only(tmp_path: Path) -> None:
    late = NOON + DAY / 2 - 1
    put(tmp_path, [replace(turn(0), started=late)])
    put(tmp_path, [replace(turn(0), started=late + 2)])
    assert stored(tmp_path) == {"2026-11-30": [0]}, "and the file without turns is gone"


def test_a_clock_that_stepped_years_ahead_hides_no_later_turn(tmp_path: Path) -> None:
    put(tmp_path, [turn(0), turn(1, NOON + 3000 * DAY)])
    put(tmp_path, [turn(0), turn(1, NOON + 3000 * DAY), turn(2), turn(3, NOON - 3000 * DAY)])
    assert sum(stored(tmp_path).values(), []) == [3, 0, 2, 1]


def test_two_turns_that_look_the_same_are_two(tmp_path: Path) -> None:
    alike = [replace(complete_turn(n), started=NOON, session=1) for n in range(3)]
    put(tmp_path, alike[:2])
    put(tmp_path, alike)
    put(tmp_path, alike[:1])
    assert len(stored(tmp_path)["2026-11-29"]) == 3


def test_prompt_reuse_is_asked_only_when_something_is_written(tmp_path: Path) -> None:
    asked = []

    def reuse() -> Mapping[int, Reuse]:
        asked.append(1)
        known = Reuse(
            ordinal=0, prompt_tokens=600, reused=150, share=0.25, certainty=Certainty.MEASURED, reason="the server log"
        )
        return {0: known}

    for _ in range(2):
        ParquetDays(tmp_path, LAPTOP).put([turn(0)], reuse)
    assert len(asked) == 1
    ((row,),) = [read_rows(path)[1] for path in tmp_path.glob("*/*.parquet")]
    assert row.reuse == (0.25, "measured", "the server log")


# ---- other machines, other files


def test_two_machines_in_one_folder_do_not_mix(tmp_path: Path) -> None:
    put(tmp_path, [turn(0), turn(1)])
    put(tmp_path, [turn(0, session_id="two")], Origin("desktop", "ba9876543210"))
    assert stored(tmp_path) == {"2026-11-29": [0, 1]}
    reading = read_parquet([tmp_path])
    assert {name: [one.number for one in own] for name, own in reading.machines.items()} == {
        "desktop": [0], "laptop": [0, 1],
    }  # fmt: skip


def test_another_timmy_of_the_same_name_is_refused(tmp_path: Path) -> None:
    put(tmp_path, [turn(0)])
    before = contents(tmp_path)
    with pytest.raises(ParquetError, match="another Timmy"):
        put(tmp_path, [turn(5)], Origin("laptop", "ffffffffffff"))
    assert contents(tmp_path) == before
    put(tmp_path, [turn(5)], Origin("laptop"))  # named logs: whose they are is the user's word
    assert stored(tmp_path)["2026-11-29"] == [0, 5]


def foreign(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": [1, 2]}), path)


def test_a_foreign_file_in_our_place_is_left_as_it_is(tmp_path: Path) -> None:
    foreign(tmp_path / "day=2026-11-29/laptop.parquet")
    before = contents(tmp_path)
    with pytest.raises(ParquetError, match="not a file of timmy-tui"):
        put(tmp_path, [turn(0)])
    assert contents(tmp_path) == before


def test_foreign_files_in_the_folder_are_neither_touched_nor_read(tmp_path: Path) -> None:
    places = [
        tmp_path / "theirs.parquet",
        tmp_path / "day=2026-11-29/theirs.parquet",
        tmp_path / "day=soon/laptop.parquet",
    ]
    for path in places:
        foreign(path)
    before = contents(tmp_path)
    put(tmp_path, [turn(0)])
    assert {name: found for name, found in contents(tmp_path).items() if name in before} == before
    reading = read_parquet([tmp_path])
    assert (len(reading.machines["laptop"]), sorted(reading.foreign)) == (1, sorted(places))
    with pytest.raises(ParquetError, match="not a file of timmy-tui"):
        read_parquet([places[0]])


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 64 + b"PAR1", b"not parquet"])
def test_a_damaged_file_is_said_and_left_as_it_is(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "day=2026-11-29/laptop.parquet"
    path.parent.mkdir()
    path.write_bytes(data)
    for act in (lambda: put(tmp_path, [turn(0)]), lambda: read_parquet([tmp_path]), lambda: read_parquet([path])):
        with pytest.raises(ParquetError, match=str(path)):
            act()
    assert path.read_bytes() == data


def rewritten(path: Path, **metadata: str) -> None:
    table = pq.read_table(path, partitioning=None)
    known = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    changed = {**known, **{f"timmy_tui.{name}": value for name, value in metadata.items()}}
    pq.write_table(table.replace_schema_metadata(changed), path)


@pytest.mark.parametrize("version", [str(SCHEMA + 1), "x", "-1"])
def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path, version: str) -> None:
    put(tmp_path, [turn(0)])
    (path,) = tmp_path.glob("*/*.parquet")
    rewritten(path, schema=version)
    before = contents(tmp_path)
    for act in (lambda: put(tmp_path, [turn(1)]), lambda: read_parquet([tmp_path])):
        with pytest.raises(ParquetError, match="newer version"):
            act()
    assert contents(tmp_path) == before


def test_the_turns_of_another_system_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    """Its stages have other names: they would be read as not measured."""
    put(tmp_path, [turn(0)])
    (path,) = tmp_path.glob("*/*.parquet")
    rewritten(path, system="pipecat")
    before = contents(tmp_path)
    for act in (lambda: put(tmp_path, [turn(1)]), lambda: read_parquet([tmp_path])):
        with pytest.raises(ParquetError, match="another system, pipecat"):
            act()
    assert contents(tmp_path) == before


def test_an_older_file_with_fewer_columns_is_read_and_becomes_one_of_today(tmp_path: Path) -> None:
    put(tmp_path, [turn(0), turn(1)])
    (path,) = tmp_path.glob("*/*.parquet")
    table = pq.read_table(path, partitioning=None)
    fewer = table.drop_columns(["gaps", "unmeasured", "signals", "ollama_prefill_ms", "llm_ms"])
    pq.write_table(fewer.replace_schema_metadata({**table.schema.metadata, b"timmy_tui.schema": b"0"}), path)
    back = read_parquet([tmp_path]).machines["laptop"]
    assert [(one.number, one.prefill_ms, one.stages["llm"]) for one in back] == [(0, None, None), (1, None, None)]
    put(tmp_path, [turn(0), turn(1), turn(2)])
    assert pq.read_schema(path).names == [column.name for column in EXPORTED_COLUMNS]
    assert stored(tmp_path)["2026-11-29"] == [0, 1, 2]


def test_a_file_of_a_version_before_the_metadata_is_read(tmp_path: Path) -> None:
    """As ``report --parquet`` wrote it with pandas: no machine, no details, category columns as dictionaries."""
    put(tmp_path / "turns", [turn(0)])
    (path,) = (tmp_path / "turns").glob("*/*.parquet")
    table = pq.read_table(path, partitioning=None).drop_columns(["machine", "ended", "gaps", "unmeasured", "skipped"])
    at = table.column_names.index("state")
    old = table.set_column(at, "state", table.column("state").dictionary_encode())
    pq.write_table(old.replace_schema_metadata({b"pandas": b"{}"}), tmp_path / "old.parquet")
    reading = read_parquet([tmp_path / "old.parquet"])
    assert [one.number for one in reading.machines["unnamed"]] == [0]


# ---- faults


@contextmanager
def smallest_disk(size: int) -> Iterator[None]:
    """No file can grow above this: the kernel's own EFBIG, as ENOSPC in the same call."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [0, 1, 4096])
def test_a_full_disk_leaves_the_old_file_byte_for_byte_and_nothing_beside_it(tmp_path: Path, size: int) -> None:
    put(tmp_path, [turn(0)])
    before = contents(tmp_path)
    with smallest_disk(size), pytest.raises(OSError) as caught:
        put(tmp_path, [turn(0), turn(1)])
    assert caught.value.filename is not None
    assert contents(tmp_path) == before
    put(tmp_path, [turn(0), turn(1)])
    assert stored(tmp_path)["2026-11-29"] == [0, 1]


def test_what_a_killed_exporter_left_is_removed_by_the_next(tmp_path: Path) -> None:
    put(tmp_path, [turn(0)])
    left = tmp_path / "day=2026-11-29/.laptop.parquet.123.tmp"
    theirs = tmp_path / "day=2026-11-29/.desktop.parquet.123.tmp"
    left.write_bytes(b"half"), theirs.write_bytes(b"theirs, and perhaps being written")
    assert not [one for one in read_parquet([tmp_path]).foreign if "tmp" in one.name]
    put(tmp_path, [turn(0)])
    assert not left.exists() and theirs.exists()


EXPORTER = """
import os, sys
from pathlib import Path
from tests.storage.parquet.test_days import DAY, NOON, LAPTOP, no_reuse, turn
from timmy_tui.storage.parquet.days import ParquetDays
turns = [turn(n, NOON + DAY * (n // 5)) for n in range(int(sys.argv[2]))]
for _ in range(int(sys.argv[3])):
    print("begun", flush=True)
    ParquetDays(Path(sys.argv[1]), LAPTOP).put(turns, no_reuse)
"""


def exporter(folder: Path, turns: int, times: int = 1) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", EXPORTER, str(folder), str(turns), str(times)]
    root = Path(__file__).parents[3]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": "."})


def has_files(folder: Path, number: int, running: subprocess.Popen[str]) -> bool:
    return len(list(folder.glob("day=*/*.parquet"))) >= number or running.poll() is not None


def test_a_killed_exporter_leaves_whole_files_and_the_next_one_catches_up(tmp_path: Path) -> None:
    turns = [turn(n, NOON + DAY * (n // 5)) for n in range(200)]
    seen = 0
    for files in (1, 7, 20):
        running = exporter(tmp_path, 200)
        wait_for(partial(has_files, tmp_path, files, running))
        running.kill()
        running.communicate()
        found = sum(map(len, stored(tmp_path).values()))
        assert seen <= found <= 200
        seen = found
    put(tmp_path, turns)
    assert [number for own in stored(tmp_path).values() for number in own] == list(range(200))
    assert list(tmp_path.rglob("*.tmp")) == []


def test_two_exporters_at_once_write_each_turn_once(tmp_path: Path) -> None:
    both = [exporter(tmp_path, 100, 3), exporter(tmp_path, 100, 3)]
    for one in both:
        out, _ = one.communicate(timeout=50)
        assert (one.returncode, out.count("begun")) == (0, 3)
    assert [number for own in stored(tmp_path).values() for number in own] == list(range(100))


def test_an_exporter_waits_for_another_and_says_so_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.storage.parquet.days.WAIT_S", 0.0)
    fd = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    with pytest.raises(ParquetError, match="another export"):
        put(tmp_path, [turn(0)])
    os.close(fd)
    put(tmp_path, [turn(0)])


# ---- reading back


def test_a_single_file_beside_the_folder_that_has_its_turns_adds_none(tmp_path: Path) -> None:
    turns = [turn(0), turn(1, NOON + DAY)]
    put(tmp_path / "turns", turns)
    single = tmp_path / "one.parquet"
    single.write_bytes(file_bytes([row_of(one, None) for one in [*turns, turn(2, NOON + DAY)]], LAPTOP))
    back = read_parquet([tmp_path / "turns", single]).machines["laptop"]
    assert sorted(one.number or 0 for one in back) == [0, 1, 2]
    assert [one.ordinal for one in back] == [0, 1, 2]


def test_sessions_go_on_across_midnight_and_are_told_apart_without_ids(tmp_path: Path) -> None:
    def served(number: int, session: int, at: float, name: str | None) -> Turn:
        return turn(number, at, session=session, session_id=name)

    put(tmp_path, [
        served(0, 4, NOON, None), served(1, 5, NOON, None), served(2, 5, NOON, "a"),
        served(3, 5, NOON + DAY, "a"), served(4, 5, NOON + DAY, None), served(5, 6, NOON + DAY, "b"),
    ])  # fmt: skip
    back = read_parquet([tmp_path]).machines["laptop"]
    assert [one.session for one in back] == [1, 2, 2, 2, 2, 3]


def test_a_head_says_whose_a_file_is_and_whether_times_are_missing(tmp_path: Path) -> None:
    cases = (
        ([turn(3)], False, (3, 3)), ([turn(5), turn(4, None)], True, (4, 5)),
        ([replace(turn(0), number=None)], False, None),
    )  # fmt: skip
    for turns, untimed, numbers in cases:
        path = tmp_path / "x.parquet"
        path.write_bytes(file_bytes([Row(one) for one in turns], LAPTOP, "abc"))
        assert read_head(path) == (LAPTOP, "abc", untimed, numbers)
