"""A report that is made in several runs: what is stored, what a later run does, and when it may not go on."""

import json
from collections import Counter
from math import inf
from pathlib import Path

import pytest

from bench.judgement import publication
from bench.judgement.grade import Effort, Found, Grade
from bench.judgement.publication import OtherCode, Part, Publication
from bench.judgement.score import Method
from bench.judgement.worlds import Seeds

FOUND = Found(logs=3, found=2, soon=1, delays=[4, 9], missed=Counter(llm=1), possible=3, possible_soon=2)
PARTS = [Part("one", lambda turns: [], Effort(1, 1, 1, 1)), Part("two", lambda turns: [], Effort(2, 2, 2, 2))]


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """(world, turns asked for, round) of every grade that was computed."""
    calls: list[tuple[str, int, int]] = []

    def grade(method: Method, world: str, effort: Effort, seeds: Seeds) -> Grade:
        calls.append((world, effort.clean_turns, seeds.round))
        return Grade({"small": (len(calls), 700)}, (1, 2), {"×1.2": FOUND}, {"llm": 1}, {"llm→tts": 1})

    monkeypatch.setattr(publication, "grade", grade)
    monkeypatch.setattr(publication, "WORLDS", ["calm", "wild"])
    return calls


def open_report(folder: Path, share: float = 0.5) -> Publication:
    rounds = folder / "rounds"

    def new_seeds() -> Seeds:
        number = int(rounds.read_text()) if rounds.exists() else 7
        rounds.write_text(str(number + 1))
        return Seeds("report", number)

    return Publication(share, folder / "publication.jsonl", new_seeds)


def test_a_later_run_goes_on_where_the_first_ended(tmp_path: Path, graded: list[tuple[str, int, int]]) -> None:
    first = open_report(tmp_path)
    assert not first.go_on(PARTS, -inf) and graded == []
    assert first.go_on(PARTS[:1], inf)
    later = open_report(tmp_path, share=1.0)
    assert (later.share, later.seeds) == (0.5, Seeds("report", 7))
    assert later.grades("one") == first.grades("one") and list(later.grades("one")) == ["calm", "wild"]
    assert later.grades("one")["wild"].changes == {"×1.2": FOUND}
    assert later.grades("one")["wild"].clean == {"small": (2, 700)}
    assert later.go_on(PARTS, inf)
    assert graded == [("calm", 1, 7), ("wild", 1, 7), ("calm", 2, 7), ("wild", 2, 7)]


def test_a_finished_report_is_followed_by_one_on_other_logs(tmp_path: Path, graded: list[tuple[str, int, int]]) -> None:
    first = open_report(tmp_path)
    first.go_on(PARTS, inf)
    first.finish()
    second = open_report(tmp_path, share=1.0)
    assert (second.share, second.seeds.round, second.grades("one")) == (1.0, 8, {})


def test_figures_of_two_versions_of_the_code_are_not_one_report(
    tmp_path: Path, graded: list[tuple[str, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_report(tmp_path).go_on(PARTS[:1], inf)
    monkeypatch.setattr(publication, "code_digest", lambda: "another")
    with pytest.raises(OtherCode, match="round 7 was begun with other code"):
        open_report(tmp_path)


def test_the_code_is_what_the_figures_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("timmy_tui/analysis/detect/cusum.py", "bench/judgement/laws.py", "bench/judgement/tables.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a = 1\n")
    monkeypatch.setattr(publication, "ROOT", tmp_path)
    digests = [publication.code_digest()]
    for name in ("bench/judgement/tables.py", "bench/judgement/laws.py", "timmy_tui/analysis/detect/cusum.py"):
        (tmp_path / name).write_text("a = 2\n")
        digests.append(publication.code_digest())
    assert digests[0] == digests[1] and len(set(digests)) == 3


def test_the_file_is_a_line_a_part(tmp_path: Path, graded: list[tuple[str, int, int]]) -> None:
    open_report(tmp_path).go_on(PARTS, inf)
    lines = [json.loads(line) for line in (tmp_path / "publication.jsonl").read_text().splitlines()]
    assert lines[0]["round"] == 7 and [(line["method"], line["world"]) for line in lines[1:]] == [
        ("one", "calm"), ("one", "wild"), ("two", "calm"), ("two", "wild"),
    ]  # fmt: skip
