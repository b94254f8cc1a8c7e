"""What v34's files held, and since when: from the journal, and from the files as they are looked at."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.timmy_files import CANARY, CHUNKS, FULL, LONG_AGO, RAW, aged, lay_out
from timmy_tui.control.edit.transaction import Edit, PlannedFile, apply, plan, plan_bytes
from timmy_tui.control.flags.flag_files import PythonFlags
from timmy_tui.control.flags.written import WrittenFlags
from timmy_tui.control.journal.write_ahead import CLOSED, ROLLED_BACK, Entry, Journal, file_records
from timmy_tui.core.settings import FlagSetting, Settings
from timmy_tui.model.flags.table import WrittenValue
from timmy_tui.model.turn import FlagValue

FROM_FILE = {"tail-mode", "retrieval", "context-size", "retrieved-chunks", "recency-weight", "model"}


class Place:
    """A Timmy, and a control folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = lay_out(folder / "timmy")
        self.config, self.app = self.root / "v34/config.py", self.root / "v34/app.py"
        self.folder, self.backups = folder / "control", folder / "backups"

    @property
    def journal(self) -> Journal:
        self.folder.mkdir(exist_ok=True)
        return Journal(self.folder / "journal.jsonl")

    def look(self) -> WrittenFlags:
        return WrittenFlags(PythonFlags(Settings(), self.root), self.folder)

    def told(self, key: str) -> list[tuple[float, FlagValue | None, FlagValue | None]]:
        """(when, value, value before) by a fresh look at the journal alone."""
        values = self.look().look().written
        return [(one.at, one.value, one.before) for one in values if one.flag == key and one.at != LONG_AGO]

    def chunks(self, value: int = 3) -> Sequence[PlannedFile]:
        return plan([Edit(self.config, CHUNKS, value)], self.backups)

    def enter(self, op: str, stage: str, at: float, planned: Sequence[PlannedFile] = (), undoes: str = "") -> None:
        files = file_records(planned)
        self.journal.append(Entry(op=op, stage=stage, at=at, label=op, files=files, undoes=undoes))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield Place(tmp_path)


def values(written: Sequence[WrittenValue]) -> dict[str, FlagValue | None]:
    return {one.flag: one.value for one in written}


# -- the files


def test_a_file_tells_what_it_holds_since_it_was_written(place: Place) -> None:
    known = place.look().look()
    assert {one.at for one in known.written} == {LONG_AGO}
    assert values(known.written) == {
        "tail-mode": True, "retrieval": True, "context-size": 8000, "retrieved-chunks": 5, "recency-weight": 0.75,
        "model": "llama3.2:3b-instruct-q4_K_M",
    }  # fmt: skip
    assert all(one.before is None for one in known.written)
    assert [flag.key for flag in known.flags][:2] == ["tail-mode", "raw"]
    assert CANARY.decode() not in repr(known)


def test_the_files_word_is_not_taken_where_something_else_decides(place: Place) -> None:
    """--debug overrides DEBUG_MODE, nothing reads USE_CHAT_ENDPOINT, and llm.py once overruled the keyword raw."""
    assert set(values(place.look().look().written)) == FROM_FILE
    assert not {"debug-mode", "use-chat-endpoint", "raw"} & FROM_FILE


def test_a_later_edit_adds_and_changes_nothing_that_was_told(place: Place) -> None:
    flags = place.look()
    before = flags.look()
    assert flags.look() is before, "nothing is read while nothing is new"
    place.config.write_bytes(
        place.config.read_bytes().replace(b"RETRIEVAL_ENABLED = True", b"RETRIEVAL_ENABLED = False")
    )
    os.utime(place.config, (LONG_AGO + 50, LONG_AGO + 50))
    after = flags.look()
    assert after.written[: len(before.written)] == before.written
    (edited,) = [one for one in after.written if one.flag == "retrieval" and one.at != LONG_AGO]
    assert edited == WrittenValue(at=LONG_AGO + 50, flag="retrieval", value=False)


def test_a_value_that_can_no_longer_be_read_is_not_known(place: Place) -> None:
    flags = place.look()
    flags.look()
    place.config.write_bytes(place.config.read_bytes().replace(b"= 8000", b"= int(os.getenv('N', '8000'))"))
    os.utime(place.config, (LONG_AGO + 50, LONG_AGO + 50))
    newest = values(flags.look().written)
    assert newest["context-size"] is None and newest["retrieval"] is True


def test_files_that_are_not_there_tell_nothing_and_come_later(place: Place) -> None:
    data = place.config.read_bytes()
    place.config.unlink()
    flags = place.look()
    assert flags.look().written == ()
    aged(place.config, data)
    assert set(values(flags.look().written)) == FROM_FILE


def test_a_flag_of_the_users_own_is_told_and_one_that_may_not_be_read_is_not(place: Place) -> None:
    own = {
        "own": FlagSetting("TEMPERATURE", "float"),
        "raw": FlagSetting("X", "int"),
        "secret": FlagSetting("KEY", "str"),
    }
    known = WrittenFlags(PythonFlags(Settings(flags=own), place.root), None).look()
    assert values(known.written)["own"] == 0.4
    assert [flag.key for flag in known.flags].count("raw") == 1
    assert "secret" not in {flag.key for flag in known.flags}


# -- the journal


def test_nothing_is_made_and_a_journal_that_cannot_be_read_tells_nothing(place: Place) -> None:
    assert set(values(place.look().look().written)) == FROM_FILE
    assert not place.folder.exists()
    place.journal.path.mkdir()
    assert set(values(place.look().look().written)) == FROM_FILE


APPLIED = {"restarting", "healthy", "verifying", "asking", "kept", "needs attention", ROLLED_BACK}


@pytest.mark.parametrize("stage", sorted({"editing", "restarting", "healthy", "verifying", "asking"} | CLOSED))
def test_a_change_counts_once_it_is_in_the_file(place: Place, stage: str) -> None:
    """From its first line on, which is written before the file is touched."""
    place.enter("one", "editing", 100.0, place.chunks())
    if stage != "editing":
        place.enter("one", stage, 130.0)
    expected: list[tuple[float, int, int]] = [(100.0, 3, 5)] if stage in APPLIED else []
    if stage == ROLLED_BACK:
        expected.append((130.0, 5, 3))
    assert place.told("retrieved-chunks") == expected


def test_what_was_taken_back_by_another_operation_is_told_once(place: Place) -> None:
    """The undo's own lines end in "rolled back" too, and name whole files."""
    planned = place.chunks()
    place.enter("one", "editing", 100.0, planned)
    place.enter("one", "kept", 120.0)
    apply([Edit(place.config, CHUNKS, 3)], place.backups)
    back = (plan_bytes(place.config, planned[0].after, planned[0].image.data, place.backups),)
    place.enter("two", "editing", 200.0, back, undoes="one")
    place.enter("one", ROLLED_BACK, 201.0)
    place.enter("two", ROLLED_BACK, 230.0)
    aged(place.config, planned[0].image.data)
    assert place.told("retrieved-chunks") == [(100.0, 3, 5), (201.0, 5, 3)]


def test_after_a_restore_the_journal_does_not_know(place: Place) -> None:
    """Only of the files that it put back."""
    planned = place.chunks()
    place.enter("one", "editing", 100.0, planned)
    place.enter("one", "kept", 120.0)
    new = place.config.read_bytes() + b"# of yesterday\n"
    restored = (plan_bytes(place.config, planned[0].before, new, place.backups),)
    place.enter("two", "editing", 200.0, restored)
    place.enter("two", "kept", 220.0)
    assert place.told("retrieved-chunks") == [(100.0, 3, 5), (200.0, None, None)]
    assert place.told("retrieval") == [(200.0, None, None)]
    assert place.told("raw") == []


def test_several_flags_of_one_change_and_those_that_only_turns_show(place: Place) -> None:
    edits = [Edit(place.config, FULL, False), Edit(place.config, CHUNKS, 9), Edit(place.app, RAW, False)]
    place.enter("one", "editing", 100.0, plan(edits, place.backups))
    place.enter("one", "kept", 120.0)
    assert place.told("tail-mode") == [(100.0, False, True)]
    assert place.told("retrieved-chunks") == [(100.0, 9, 5)]
    assert place.told("raw") == []


def test_files_and_journal_are_told_in_order_of_time(place: Place) -> None:
    flags = place.look()
    flags.look()
    place.enter("one", "editing", LONG_AGO + 10.0, place.chunks())
    place.enter("one", "kept", LONG_AGO + 30.0)
    place.config.write_bytes(place.config.read_bytes().replace(b"CHUNKS = 5", b"CHUNKS = 3"))
    os.utime(place.config, (LONG_AGO + 11, LONG_AGO + 11))
    told = [(one.at - LONG_AGO, one.value) for one in flags.look().written if one.flag == "retrieved-chunks"]
    assert told == [(0.0, 5), (10.0, 3), (11.0, 3)]


def test_a_line_that_is_not_of_these_flags_is_passed_over(place: Place) -> None:
    (record,) = file_records(place.chunks())
    strange = replace(record.literals[0], name="DB_PASSWORD")
    garbled = replace(record.literals[0], new="five", old="5")
    files = (replace(record, literals=(strange, garbled)), replace(record, path="/elsewhere/config.py"))
    place.journal.append(Entry(op="one", stage="kept", at=100.0, files=files))
    assert {one.at for one in place.look().look().written} == {LONG_AGO}


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_literal_that_says_nothing_hides_none_beside_it(place: Place, at: int) -> None:
    """One of no flag, one whose value cannot be read, one that only turns show: each ahead of two that count."""
    edits = [Edit(place.config, FULL, False), Edit(place.config, CHUNKS, 9)]
    (record,) = file_records(plan(edits, place.backups))
    nothing = (
        replace(record.literals[0], name="DB_PASSWORD"), replace(record.literals[0], new="five", old="5"),
        replace(record.literals[0], name="raw"),
    )  # fmt: skip
    files = (replace(record, literals=(nothing[at], *record.literals)),)
    place.journal.append(Entry(op="one", stage="kept", at=100.0, files=files))
    assert place.told("tail-mode") == [(100.0, False, True)]
    assert place.told("retrieved-chunks") == [(100.0, 9, 5)]
