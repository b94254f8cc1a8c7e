"""A writer that does anything at any time, and a model of the lines that the tail must return."""

import os
import random
from pathlib import Path

import pytest

from timmy_tui.core.settings import TailSettings
from timmy_tui.sources.files.file_chain import ROTATE_WAIT_S
from timmy_tui.sources.files.tail import OpenMode, Tail


class World:
    """One path, its writer and its follower. Every line is unique, so that loss and repetition can be detected."""

    def __init__(self, folder: Path, seed: int, hold: bool) -> None:
        self.rng = random.Random(seed)
        self.path = folder / "latency.log"
        self.now = 0.0
        self.hold = hold
        self.tail = Tail(self.path, "latency.log", TailSettings(), OpenMode(hold=hold), lambda: self.now)
        self.number = 0
        self.file_lines: list[bytes] = []
        """Whole lines in the file that has the name now, in order."""
        self.partial = b""
        self.expect_rest = b""
        self.unseen: list[bytes] = []
        """Whole lines that the next polls must return."""
        self.may_be_lost: set[bytes] = set()
        self.may_repeat: set[bytes] = set()
        self.complete: set[bytes] = set()
        self.seen: list[bytes] = []
        self.renamed = 0
        # A file that is replaced before its first poll was never followed.
        self.path.touch()
        self.tail.poll()

    def make_lines(self, count: int) -> list[bytes]:
        lines = []
        for _ in range(count):
            self.number += 1
            lines.append(b"%06d %s" % (self.number, self.rng.randbytes(self.rng.randint(0, 45)).hex().encode()))
        return lines

    def append(self) -> None:
        lines = self.make_lines(self.rng.randint(1, 30))
        rest = b""
        if self.rng.random() < 0.3:
            whole = self.make_lines(1)[0]
            cut = self.rng.randint(1, len(whole))
            rest, after = whole[:cut], whole[cut:]
        first = self.partial + lines[0]
        with self.path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines) + rest)
        lines[0] = first
        self.record(lines)
        self.partial = b""
        if rest:
            self.partial = rest
            self.expect_rest = after

    def finish_line(self) -> None:
        if not self.partial:
            return
        with self.path.open("ab") as file:
            file.write(self.expect_rest + b"\n")
        self.record([self.partial + self.expect_rest])
        self.partial = b""

    def record(self, lines: list[bytes]) -> None:
        self.file_lines += lines
        self.unseen += lines
        self.complete.update(lines)

    def truncate(self) -> None:
        self.destroy()
        if self.path.exists():
            os.truncate(self.path, 0)

    def regrow(self) -> None:
        """Truncated and longer than before, all between two polls."""
        size = self.path.stat().st_size if self.path.exists() else 0
        self.destroy()
        lines = self.make_lines(1)
        while sum(len(line) + 1 for line in lines) <= size:
            lines += self.make_lines(5)
        self.path.write_bytes(b"".join(line + b"\n" for line in lines))
        self.record(lines)

    def overwrite_end(self) -> None:
        """The last lines are replaced by others, as two writers do to each other."""
        if len(self.file_lines) < 3 or self.partial:
            return
        count = self.rng.randint(1, 2)
        old = self.file_lines[-count:]
        size = sum(len(line) + 1 for line in old)
        begin = self.path.stat().st_size - size
        new = self.make_lines(count + self.rng.randint(0, 2))
        while sum(len(line) + 1 for line in new) < size:
            new += self.make_lines(1)
        with self.path.open("r+b") as file:
            file.seek(begin)
            file.write(b"".join(line + b"\n" for line in new))
        self.may_be_lost.update(old)
        # A short file is read again from its beginning when none of its last bytes are unchanged.
        self.may_repeat.update(self.file_lines)
        self.file_lines = self.file_lines[:-count]
        self.unseen = [line for line in self.unseen if line not in set(old)]
        self.record(new)

    def rotate(self) -> None:
        if not self.path.exists():
            return
        self.renamed += 1
        moved = self.path.with_suffix(f".{self.renamed}")
        self.path.rename(moved)
        if not self.hold:
            self.may_be_lost.update(self.unseen)
            self.unseen = []
        elif self.rng.random() < 0.5:
            self.poll()
            late = self.make_lines(self.rng.randint(1, 5))
            with moved.open("ab") as file:
                file.write(b"".join(line + b"\n" for line in late))
            late[0] = self.partial + late[0]
            self.partial = b""
            self.record(late)
        self.new_file()

    def unlink(self) -> None:
        if not self.path.exists():
            return
        self.path.unlink()
        if not self.hold:
            self.may_be_lost.update(self.unseen)
            self.unseen = []
        self.new_file()

    def new_file(self) -> None:
        if self.partial and self.hold:
            # The file is finished: its last line counts although it has no end.
            self.complete.add(self.partial)
            self.unseen.append(self.partial)
        self.file_lines, self.partial = [], b""
        self.path.write_bytes(b"")
        self.append()
        if self.hold:
            # As the file system's event makes it: what is opened now can be renamed and deleted again at once.
            self.tail.look()
        else:
            # A second rotation before the follower has opened this file would take its lines unseen.
            self.settle()

    def destroy(self) -> None:
        self.may_be_lost.update(self.unseen)
        self.unseen, self.file_lines, self.partial = [], [], b""

    def poll(self) -> None:
        self.now += self.rng.choice((0.05, 0.25, 1.0))
        for batch in self.tail.poll():
            self.seen += batch.lines

    def settle(self) -> None:
        for _ in range(3):
            self.now += ROTATE_WAIT_S + 0.1
            self.poll()
        wanted = set(self.unseen)
        got = [line for line in self.seen if line in wanted]
        missing = wanted - set(got)
        assert not missing, sorted(missing)[:3]
        order = [line for line in got if line not in self.may_repeat]
        assert order == [line for line in self.unseen if line not in self.may_repeat]
        self.unseen = []

    def check(self) -> None:
        self.settle()
        strange = [line for line in self.seen if line not in self.complete]
        assert not strange, strange[:3]
        counts: dict[bytes, int] = {}
        for line in self.seen:
            counts[line] = counts.get(line, 0) + 1
        twice = [line for line, count in counts.items() if count > 1 and line not in self.may_repeat]
        assert not twice, twice[:3]
        assert self.complete - set(counts) <= self.may_be_lost


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_writer_does_nothing_is_lost_doubled_or_cut(tmp_path: Path, seed: int, hold: bool) -> None:
    world = World(tmp_path, seed, hold)
    actions = [
        world.append,
        world.append,
        world.append,
        world.finish_line,
        world.truncate,
        world.regrow,
        world.overwrite_end,
        world.rotate,
        world.unlink,
    ]
    for _ in range(60):
        world.rng.choice(actions)()
        for _ in range(world.rng.randint(0, 3)):
            world.poll()
    world.check()
    world.tail.close()
