"""A dashboard begun after logs were cut off, renamed or begun anew tells what one tells that saw all of it.

It lacks what is in no file any more: a turn, or a part of one. What it has stands in the same order, in the same runs
of v34, and with the same figures where all lines of the turn are still there.
"""

import gzip
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.pipeline.conftest import Watch, following
from tests.pipeline.test_numbers import dashboard
from tests.pipeline.test_order_of_turns import Exchange
from tests.pipeline.watcher import Watcher
from tests.turns.debug_lines import SERVING
from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.settings import Settings, TailSettings, state_dir
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import logs_of, read_logs
from timmy_tui.sources.files import file_chain

FIRST = 0x1A00
"""Number of the first turn: its name is in no figure of the logs."""
_ACTS = """What the letters of a story mean:
s  a spoken turn, t  a typed one, r  v34 is started again: its log is deleted, and its code is another session
T  the latency log is cut off in place, R  it is renamed, and begun anew with the next line
V  v34's log is cut off in place, W  it is renamed
h  from here on v34 holds back its lines (8 KiB of stdout); access lines are not held back
( )  what stands in them happens in the middle of a spoken turn
"""


class Story:
    """Writes both logs of an installation, and knows what is in them."""

    def __init__(self, timmy: Installation) -> None:
        self.latency, self.v34 = timmy.latency_log, timmy.v34_log
        self.written = {"latency.log": 0, "v34.log": 0}
        """Lines of each, those included that are gone."""
        self._count, self._session = FIRST, 0
        self._holds = False
        self.before_loss: Callable[[], object] = lambda: None
        """Called before what happens in the middle of a turn."""

    def begin(self) -> None:
        """Two empty logs: a run of v34 that was there before."""
        self.latency.write_text("")
        self.v34.write_text("")

    def act(self, letter: str, inside: str = "") -> None:
        """One letter, or a spoken turn with others inside."""
        acts: dict[str, Callable[[], object]] = {
            "T": lambda: self.latency.write_text(""),
            "R": lambda: self.latency.rename(self.latency.with_suffix(".log.1")),
            "V": lambda: self.v34.write_text(""),
            "W": lambda: self.v34.rename(self.v34.with_suffix(".log.1")),
            "r": self._restart, "h": self._hold,
        }  # fmt: skip
        if letter in acts:
            acts[letter]()
        else:
            self._talk(letter == "t", inside)

    def _hold(self) -> None:
        self._holds = True

    def _restart(self) -> None:
        self.v34.unlink()
        self._session += 1
        self._write(self.v34, [SERVING])

    def _talk(self, is_typed: bool, inside: str) -> None:
        one = Exchange(self._count, f"session {self._session}", is_typed)
        self._count += 1
        events, debug = one.events(), one.debug()
        self._write(self.latency, events[:2])
        self._write(self.v34, [] if self._holds else debug[:2])
        for letter in inside:
            self.before_loss()
            self.act(letter)
        self._write(self.v34, [] if self._holds else debug[2:-1])
        self._write(self.latency, events[2:])
        self._write(self.v34, [] if is_typed else [_access(one)])
        self._write(self.v34, [] if self._holds else debug[-1:])

    def _write(self, path: Path, lines: Sequence[str]) -> None:
        if lines:
            with path.open("a") as file:
                file.write("".join(f"{line}\n" for line in lines))
            self.written[path.name] += len(lines)

    def whole(self) -> set[str]:
        """Names of the spoken turns of which all lines are in the files that have the names of the logs."""
        found = [json.loads(line)["request_id"] for line in self.latency.read_text().splitlines()]
        debug = self.v34.read_text()
        return {name for name in found if found.count(name) == 4 and debug.count(name) == 2}

    def told(self) -> set[str]:
        """Names of the turns of which there is any line, or in mid-turn any that has a name."""
        lines = self.latency.read_text() + self.v34.read_text()
        return {name for name in (f"{place:08x}" for place in range(FIRST, self._count)) if name in lines}


def _access(one: Exchange) -> str:
    stamp = time.strftime("%d/%b/%Y %H:%M:%S", time.localtime(one.answered + 0.02))
    return f'172.21.128.1 - - [{stamp}] "POST /api/webhook HTTP/1.1" 200 445 1.004000'


def name_of(turn: Turn) -> str:
    return turn.text or turn.request_id


def has_read(story: Story) -> Callable[[Snapshot], bool]:
    def fits(shown: Snapshot) -> bool:
        lines = {source.name: source.lines for source in shown.sources}
        return all(lines[name] == count for name, count in story.written.items())

    return fits


def tell(story: Story, letters: str, after_each: Callable[[], object]) -> None:
    """All acts in their order; the one that watches has read each before the next."""
    rest = letters
    while rest:
        inside, letter = "", rest[0]
        if rest.startswith("("):
            inside, _, rest = rest[1:].partition(")")
            letter, rest = "s", " " + rest
        story.act(letter, inside)
        after_each()
        rest = rest[1:]


def opened(watcher: Watcher) -> Snapshot:
    return watcher.wait(lambda shown: shown.opened and not shown.preview)


def figures(turn: Turn) -> tuple[object, ...]:
    return turn.state, turn.logs, turn.headline_ms, turn.stages, turn.prompt_tokens, turn.started, turn.session_id


def assert_same(live: Sequence[Turn], second: Sequence[Turn], story: Story) -> None:
    names = [name_of(turn) for turn in second]
    there = [turn for turn in live if name_of(turn) in names]
    assert names == [name_of(turn) for turn in there]
    assert set(names) >= story.told()
    whole = [(a, b) for a, b in zip(there, second, strict=True) if name_of(a) in story.whole()]
    assert [figures(a) for a, _ in whole] == [figures(b) for _, b in whole]
    # A run of v34 is one run in both, and two are two, as far as both have an id for them.
    pairs = {(a.session_id, b.session_id) for a, b in zip(there, second, strict=True)}
    known = {(a, b) for a, b in pairs if b is not None}
    assert all(a == b for a, b in known), pairs
    assert [turn.session for turn in second] == sorted(turn.session for turn in second)


STORIES = {
    "cut off": "sstTsst",
    "cut off in mid-turn": "sst(T)sts",
    "cut off, and the newest lines of v34 held back": "sstsTshs",
    "the same behind a start of v34": "sstrsstsThss",
    "cut off when v34 had been started a second time": "srstThst",
    "renamed": "sstRsst",
    "renamed in mid-turn": "sst(R)sts",
    "renamed, and the newest lines of v34 held back": "rsstsRhs",
    "cut off and renamed": "sstTstRshs",
    "both renamed": "sstRWsts",
    "both renamed in mid-turn": "sst(RW)sts",
    "v34's log cut off": "sstVsts",
    "both cut off, with lines held back": "srstVTsths",
}


@pytest.fixture
def timmy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(file_chain, "ROTATE_WAIT_S", 0.2)
    for folder in ("v34", "shared", "testing-interface/logs"):
        (tmp_path / "timmy" / folder).mkdir(parents=True)
    (tmp_path / "timmy/v34/app.py").write_text("")
    return find_installation(Settings(), tmp_path / "timmy")


@pytest.mark.parametrize("letters", list(STORIES.values()), ids=list(STORIES))
def test_a_second_start_tells_what_the_first_saw(timmy: Installation, watch: Watch, letters: str) -> None:
    story = Story(timmy)
    story.begin()
    live = watch(following(timmy))
    opened(live)
    story.before_loss = lambda: live.wait(has_read(story))
    tell(story, letters, story.before_loss)
    first = live.wait(has_read(story)).turns
    second = opened(watch(following(timmy)))
    assert_same(first, second.turns, story)
    assert [turn.number for turn in second.turns] == [*range(1, len(second.turns) + 1)]
    read = read_logs(logs_of(timmy), TailSettings()).turns
    assert [name_of(turn) for turn in read if name_of(turn)] == [name_of(turn) for turn in second.turns]


@pytest.mark.parametrize("fate", ["there", "gone", "compressed"])
def test_a_renamed_log_beside_the_new_one_is_not_read_whatever_became_of_it(
    timmy: Installation, watch: Watch, fate: str
) -> None:
    story = Story(timmy)
    story.begin()
    tell(story, "rsstsRhs", lambda: None)
    renamed = timmy.latency_log.with_suffix(".log.1")
    if fate == "compressed":
        renamed.with_suffix(".1.gz").write_bytes(gzip.compress(renamed.read_bytes()))
    if fate != "there":
        renamed.unlink()
    shown = opened(watch(following(timmy))).turns
    assert [(name_of(turn), turn.logs) for turn in shown] == [
        *((f"{FIRST + place:08x}", "v34") for place in range(4)), (f"{FIRST + 4:08x}", "latency"),
    ]  # fmt: skip
    assert {turn.session for turn in shown} == {1}
    assert {turn.session_id for turn in shown} == {"session 1"}


def test_a_debug_log_waits_for_the_older_part_of_a_long_latency_log(timmy: Installation, watch: Watch) -> None:
    """Its lines were taken first, because it is short: the turns before its first one stood behind its last one."""
    story = Story(timmy)
    story.begin()
    tell(story, "st" * 40 + "r" + "st" * 4, lambda: None)
    settings = replace(Settings(), tail=TailSettings(head_kib=16))
    assert story.v34.stat().st_size < 16 << 10 < story.latency.stat().st_size
    source = following(timmy, settings)
    watcher = watch(source)
    shown = opened(watcher).turns
    assert any(one.preview for one in watcher.all)
    read = read_logs(logs_of(timmy), TailSettings()).turns
    assert [name_of(turn) for turn in shown] == [name_of(turn) for turn in read]
    assert sum(turn.typed or False for turn in shown) == 4 and len(shown) == 48


@pytest.mark.parametrize("letters", [*STORIES.values(), "sttsttst", "stsrtstts"])
def test_a_history_that_is_new_numbers_the_turns_in_their_order(
    timmy: Installation, watch: Watch, letters: str
) -> None:
    """Typed turns had the last numbers: they were stored when the debug log came, behind the turns of the other."""
    story = Story(timmy)
    story.begin()
    tell(story, letters, lambda: None)
    seen = []
    for _ in range(3):
        source = dashboard(timmy)
        shown = watch(source).wait(lambda shown: bool(shown.turns) and all(turn.number for turn in shown.turns))
        source.stop()
        seen.append([(turn.number, name_of(turn)) for turn in shown.turns])
    (state_dir() / "history.db").unlink()
    fresh = watch(dashboard(timmy)).wait(lambda shown: bool(shown.turns) and all(turn.number for turn in shown.turns))
    seen.append([(turn.number, name_of(turn)) for turn in fresh.turns])
    assert [number for number, _ in seen[0]] == [*range(1, len(seen[0]) + 1)]
    assert all(one == seen[0] for one in seen), seen
