"""The pace of two checkouts is that of each one's own judge, on the same logs and alternately. No time is asserted."""

from pathlib import Path

import pytest

from bench.judgement.pace import OWN, NoTree, paces, told

TURNS = """
class Turn:
    def __init__(self, headline_ms):
        self.headline_ms = headline_ms

def make_turns(count, seed):
    return [Turn({headline} + seed) for _ in range(count)]
"""
JUDGE = """
class Judge:
    def __init__(self):
        with open({heard!r}, "a") as heard:
            print("new in {name}", file=heard)

    def add(self, turn):
        with open({heard!r}, "a") as heard:
            print("add", turn.headline_ms, file=heard)

    def state(self):
        with open({heard!r}, "a") as heard:
            print("state", file=heard)
"""


def checkout(folder: Path, heard: Path, headline: int = 1000) -> Path:
    """One whose judge writes what is asked of it."""
    for name, text in (
        ("bench/judgement/turns.py", TURNS.format(headline=headline)),
        ("timmy_tui/analysis/judge.py", JUDGE.format(heard=str(heard), name=folder.name)),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
        for package in (folder / name).relative_to(folder).parents:
            (folder / package / "__init__.py").touch()
    return folder


def test_checkouts_take_turns_and_each_has_its_own_judge(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    trees = [checkout(tmp_path / name, heard) for name in ("old", "new")]
    found = paces(trees, seeds=(7,), runs=2, turns=2)
    run = ["add 1007", "state", "add 1007", "state"]
    assert heard.read_text().splitlines() == ["new in old", *run, "new in new", *run] * 2
    assert [one.wholes for one in found] == [("2014",)] * 2


def test_logs_that_differ_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (checkout(tmp_path / name, tmp_path / "heard", ms) for name, ms in (("old", 1), ("new", 2)))
    monkeypatch.setattr("bench.judgement.pace.OWN", new)
    lines = [*told(range(1), old)]
    assert len(lines) == 3
    assert str(old) in lines[1]
    assert "different logs" in lines[2]
    monkeypatch.setattr("bench.judgement.pace.OWN", old)
    assert len([*told(range(1), old)]) == 2


def test_a_folder_without_a_judge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoTree, match=r"no bench/judgement/turns\.py"):
        paces([OWN, tmp_path], seeds=(1,))


def test_this_checkout_beside_itself_draws_the_same_logs() -> None:
    one, other = paces([OWN, OWN], seeds=(3, 4), runs=1, turns=30)
    assert one.wholes == other.wholes
    assert len(set(one.wholes)) == 2
