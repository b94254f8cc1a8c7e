"""A JSON document in a file that is written anew, replaced, half written, or none."""

import json
import os
from pathlib import Path

import pytest

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.streams import document
from timmy_tui.sources.streams.document import Document, read_documents


def whole(path: Path) -> list[bytes]:
    """All lines, read once."""
    return [line for lines in read_documents(path) for line in lines]


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A document and what follows it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "runs.json"
        self.clock = Clock()
        self.document = Document(self.path, "runs.json", self.clock)

    def poll(self) -> list[bytes]:
        return [line for batch in self.document.poll() for line in batch.lines]

    def write(self, text: str) -> None:
        """As a whole, and with another time even where the file system's clock is coarse."""
        self.path.write_text(text)
        self.clock.now += 1.0
        os.utime(self.path, ns=(0, round(self.clock.now * 1e9)))

    @property
    def said(self) -> tuple[SourceCondition, str]:
        return self.document.state.condition, self.document.state.detail


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_without_a_line_end_at_its_end_it_is_read_at_once(watched: Watched) -> None:
    assert watched.poll() == []
    assert watched.said == (SourceCondition.WAITING, "does not exist yet")
    watched.write('[{"id": "a"}]')
    assert watched.poll() == [b'\x1e[{"id": "a"}]']
    assert watched.poll() == []
    assert watched.said == (SourceCondition.OK, "")
    assert watched.document.state.lines == 1


def test_one_that_is_rewritten_comes_whole_again_and_the_same_content_does_not(watched: Watched) -> None:
    watched.write('[{"id": "a"}]')
    watched.poll()
    watched.write('[{"id": "a"}]')
    assert watched.poll() == []
    watched.write('[\n{"id": "a"},\n{"id": "b"}\n]\n')
    assert watched.poll() == [b"\x1e[", b'{"id": "a"},', b'{"id": "b"}', b"]", b""]
    other = watched.path.with_suffix(".new")
    other.write_text('[{"id": "c"}]')
    other.replace(watched.path)
    assert watched.poll() == [b'\x1e[{"id": "c"}]']


def test_half_of_one_is_not_read_before_the_rest_is_there(watched: Watched) -> None:
    watched.write('[{"id": "a"},\n')
    assert watched.poll() == []
    assert watched.said == (SourceCondition.WAITING, "unfinished")
    watched.clock.now += 4.9
    assert watched.poll() == []
    assert not watched.document.state.partial
    watched.clock.now += 0.1
    assert watched.poll() == []
    assert watched.document.state.partial
    watched.write('[{"id": "a"},\n{"id": "b"}]')
    assert len(watched.poll()) == 2
    assert not watched.document.state.partial


def test_half_of_one_that_ends_like_a_whole_one_is_read_when_it_has_stood(watched: Watched) -> None:
    """Also several documents, one behind the other: they are not one."""
    watched.write('{"id": "a"}\n{"id": "b"}')
    assert watched.poll() == []
    watched.clock.now += 0.19
    assert watched.poll() == []
    watched.clock.now += 0.02
    assert watched.poll() == [b'\x1e{"id": "a"}', b'{"id": "b"}']


def test_of_documents_behind_each_other_only_new_ones_come(watched: Watched) -> None:
    watched.write('{"id": "a"}\n')
    assert watched.poll() == [b'\x1e{"id": "a"}', b""]
    watched.write('{"id": "a"}\n{"id": "b"}\n')
    assert watched.poll() == [b'\x1e{"id": "b"}', b""]
    watched.write('{"id": "A"}\n{"id": "b"}\n{"id": "c"}\n')
    watched.poll()
    watched.clock.now += 0.2
    assert watched.poll() == [b'\x1e{"id": "A"}', b'{"id": "b"}', b'{"id": "c"}', b""]


def test_what_goes_away_comes_back(watched: Watched) -> None:
    watched.write("[]")
    watched.poll()
    watched.path.unlink()
    assert watched.poll() == []
    assert watched.said == (SourceCondition.WAITING, "does not exist yet")
    watched.write('{"id": "a"}')
    assert watched.poll() == [b'\x1e{"id": "a"}']


def test_what_is_none(watched: Watched, tmp_path: Path) -> None:
    watched.path.mkdir()
    assert watched.poll() == []
    assert watched.said == (SourceCondition.NOT_A_FILE, "a directory")
    with pytest.raises(SourceError, match="a directory"):
        whole(watched.path)
    with pytest.raises(NotFound):
        whole(tmp_path / "none.json")
    watched.path.rmdir()
    with watched.path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert watched.poll() == []
    assert watched.said == (SourceCondition.ERROR, "more than 64 MiB")
    with pytest.raises(SourceError, match="more than 64 MiB"):
        whole(watched.path)


def test_the_age_of_what_was_there_before_and_of_what_is_new(watched: Watched) -> None:
    watched.write("[]")
    (first,) = watched.document.poll()
    assert first.age_s > 1e9
    watched.write("[1]")
    (second,) = watched.document.poll()
    assert second.age_s == 0.0


def test_a_document_of_one_long_line(watched: Watched) -> None:
    text = json.dumps([{"id": str(number), "text": "x" * 100} for number in range(20_000)])
    watched.write(text)
    assert watched.poll() == [b"\x1e" + text.encode()]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test reaches: a document of 1000 bytes, pieces of 300."""
    monkeypatch.setattr(document, "MOST_BYTES", 1000)
    monkeypatch.setattr(document, "PIECE_BYTES", 300)


def lines_of(*numbers: int, width: int = 40) -> str:
    return "".join(json.dumps({"id": f"{number:05}", "pad": "x" * width}) + "\n" for number in numbers)


def ids(lines: list[bytes]) -> list[str]:
    return [json.loads(line.removeprefix(b"\x1e"))["id"] for line in lines if line]


def settled(watched: Watched) -> list[bytes]:
    """What comes until nothing more does."""
    lines: list[bytes] = []
    for _ in range(100):
        lines += watched.poll()
        watched.clock.now += 0.25
    return lines


@pytest.mark.usefixtures("small")
def test_a_file_with_a_document_a_line_may_be_of_any_size(watched: Watched) -> None:
    """As a script writes it that fetches and appends: what was there, and each line that comes."""
    watched.write(lines_of(*range(100)))
    assert watched.path.stat().st_size > 6000
    assert ids(whole(watched.path)) == [f"{number:05}" for number in range(100)]
    first = watched.document.poll()
    assert first[0].age_s > 1e9 and watched.document.more
    assert ids([*first[0].lines, *settled(watched)]) == [f"{number:05}" for number in range(100)]
    assert watched.said == (SourceCondition.OK, "")
    for number in range(100, 104):
        watched.write(lines_of(*range(number + 1)))
        (batch,) = watched.document.poll()
        assert (ids(batch.lines), batch.age_s) == ([f"{number:05}"], 0.0)
    watched.write(lines_of(*range(104)))
    assert settled(watched) == [], "touched"


@pytest.mark.usefixtures("small")
def test_pieces_of_what_was_there_before_are_all_old(watched: Watched) -> None:
    watched.write(lines_of(*range(60)))
    ages = []
    for _ in range(60):
        ages += [batch.age_s for batch in watched.document.poll()]
        watched.clock.now += 0.25
    assert len(ages) > 5
    assert min(ages) > 1e9


@pytest.mark.usefixtures("small")
def test_only_what_is_new_has_a_limit(watched: Watched) -> None:
    watched.write(lines_of(*range(8)))
    assert len(ids(settled(watched))) == 8
    watched.write(lines_of(*range(16)))
    assert ids(settled(watched)) == [f"{number:05}" for number in range(8, 16)]
    watched.write(lines_of(*range(16)) + "[" + " " * 1000)
    assert watched.poll() == []
    assert watched.said == (SourceCondition.ERROR, "more than 0 MiB")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("change", ["first", "middle", "last"])
def test_a_large_file_that_is_written_anew_is_read_anew(watched: Watched, change: str) -> None:
    numbers = [*range(50)]
    watched.write(lines_of(*numbers))
    settled(watched)
    numbers[{"first": 0, "middle": 25, "last": 49}[change]] = 99
    watched.write(lines_of(*numbers))
    assert ids(settled(watched)) == [f"{number:05}" for number in numbers]
    numbers[0] = 98
    watched.write(lines_of(*numbers, 50))
    assert ids(settled(watched)) == [f"{number:05}" for number in (*numbers, 50)]


def test_an_empty_file_is_not_one_yet(watched: Watched) -> None:
    watched.write("")
    assert watched.poll() == []
    assert watched.said == (SourceCondition.WAITING, "unfinished")
    watched.write("[]")
    assert watched.poll() == [b"\x1e[]"]
