"""A JSON document in a file that is written anew, replaced, half written, or none."""

import json
import os
from pathlib import Path

import pytest

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.streams.document import Document, read_document


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
        read_document(watched.path)
    with pytest.raises(NotFound):
        read_document(tmp_path / "none.json")
    watched.path.rmdir()
    with watched.path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    assert watched.poll() == []
    assert watched.said == (SourceCondition.ERROR, "more than 64 MiB")
    with pytest.raises(SourceError, match="more than 64 MiB"):
        read_document(watched.path)


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
