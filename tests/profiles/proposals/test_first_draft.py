"""A first draft of a profile: it finds the turns of a log never seen before, and is valid whatever the log holds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from timmy_tui.core.errors import TimmyError
from timmy_tui.profiles.check import Verdict, check
from timmy_tui.profiles.load import read
from timmy_tui.profiles.proposals.first_draft import propose
from timmy_tui.profiles.spec import Profile

DATA = Path(__file__).parents[2] / "data/profiles"


def drafted(folder: Path, log: Path, name: str = "mine") -> tuple[Profile, Verdict]:
    """The draft, unedited, and what it makes of its own log."""
    own = folder / "draft.toml"
    own.write_text(propose(log, name))
    profile = read(own)
    return profile, check(profile, log)


@pytest.mark.parametrize(
    ("log", "truth"),
    [
        ("pipecat/tail.jsonl", "pipecat"),
        ("little-timmy-v2/little_timmy.log", "little-timmy-v2"),
        ("little-timmy-v2/journal.json", "little-timmy-v2"),
    ],
)
def test_a_draft_finds_four_of_five_turns_unedited(tmp_path: Path, log: str, truth: str) -> None:
    """And its account of them comes out: no duration that contains others stands beside them."""
    turns = json.loads((DATA / truth / "truth.json").read_text())["turns"]
    profile, verdict = drafted(tmp_path, DATA / log)
    assert 0.8 * len(turns) <= verdict.turns <= len(turns)
    assert verdict.with_headline >= 0.8 * verdict.turns
    assert verdict.problems == []
    assert len(profile.stage) >= 3


def write(folder: Path, records: Sequence[Any]) -> Path:
    log = folder / "some.log"
    log.write_text("".join(f"{json.dumps(one) if isinstance(one, dict) else one}\n" for one in records))
    return log


def test_nested_records_whose_fields_end_alike(tmp_path: Path) -> None:
    records = [{"t": 1e9 + n, "stt": {"ms": 200 + n}, "llm": {"ms": 900}, "total": {"ms": 1200 + n}} for n in range(9)]
    profile, verdict = drafted(tmp_path, write(tmp_path, records))
    assert {take.path for take in profile.event[0].take.values()} == {"stt.ms", "llm.ms", "total.ms"}
    assert (verdict.turns, verdict.with_headline, verdict.problems) == (9, 9, [])
    assert [stage.lasts for stage in profile.stage] == [("turn.ms",), ("turn.llm_ms",)]


def test_what_contains_another_does_not_stand_beside_it(tmp_path: Path) -> None:
    """``answer`` is ``first`` and what follows: in three of ten records all would fit into the whole by chance."""
    records = [
        {"t": 1e9 + n, "stt_ms": 200, "first_ms": 500, "answer_ms": 600, "total_ms": 1400 if n < 3 else 900}
        for n in range(10)
    ]
    profile, verdict = drafted(tmp_path, write(tmp_path, records))
    assert [stage.lasts for stage in profile.stage] == [("turn.stt_ms",), ("turn.answer_ms",)]
    assert verdict.problems == []


def test_a_stage_that_not_every_record_has_is_one(tmp_path: Path) -> None:
    lines = [
        f"10:00:0{n} [x] [DONE] stt=200ms tool={'None' if n % 2 else 300}ms llm=400ms total=900ms" for n in range(8)
    ]
    profile, verdict = drafted(tmp_path, write(tmp_path, lines))
    assert [stage.lasts for stage in profile.stage] == [("turn.stt",), ("turn.tool",), ("turn.llm",)]
    assert (verdict.turns, verdict.problems) == (8, [])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My Box", "my-box"), ("_x", "x"), ("Ünï", "n"), ("!!", "my-system"), ("a" * 60, "a" * 40), ("tea.2", "tea-2")],
)
def test_any_name_becomes_a_valid_one(tmp_path: Path, name: str, expected: str) -> None:
    log = write(tmp_path, [{"stt_ms": 1, "total_ms": 2}] * 3)
    profile, _ = drafted(tmp_path, log, name)
    assert (profile.profile.name, profile.profile.title) == (expected, name)


@pytest.mark.parametrize("kind", ["turn.metrics", "LLM metrics", "it's", '"', "tür", "a=b", "[x]"])
def test_any_name_of_an_event(tmp_path: Path, kind: str) -> None:
    records = [{"type": one, "stt_ms": 1, "llm_ms": 3, "total_ms": 5} if one == kind else {"type": one}
               for _ in range(6) for one in (kind, "other")]  # fmt: skip
    _, verdict = drafted(tmp_path, write(tmp_path, records))
    assert (verdict.turns, verdict.with_headline, verdict.problems) == (6, 6, [])


@pytest.mark.parametrize("part", ["_x", "A B", "1", "tea.time", "é", '"'])
def test_any_name_of_a_part(tmp_path: Path, part: str) -> None:
    parts = [{"name": part, "duration": 0.5}, {"name": "rest", "duration": 0.25}]
    profile, verdict = drafted(
        tmp_path, write(tmp_path, [{"t": 1e9 + n, "latency": 1.0, "parts": parts} for n in range(5)])
    )
    assert len(profile.stage) == 2
    assert verdict.turns == 5


TEXTS = some.text(max_size=12)
FIGURES = some.floats(0, 1e5) | some.integers(0, 10**5)
FIELDS = some.dictionaries(
    TEXTS | some.sampled_from(["a_ms", "b_secs", "c.ms", "total_ms"]), FIGURES | TEXTS, max_size=5
)
RECORDS = some.dictionaries(
    TEXTS | some.sampled_from(["a_ms", "b_ms", "type", "parts"]),
    FIGURES | TEXTS | FIELDS | some.lists(some.fixed_dictionaries({"name": TEXTS, "took_ms": FIGURES}), max_size=3),
    max_size=6,
)


@given(some.lists(RECORDS, min_size=1, max_size=6), TEXTS)
def test_a_draft_is_a_valid_profile_or_there_is_none(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], name: str
) -> None:
    folder = tmp_path_factory.mktemp("draft")
    try:
        drafted(folder, write(folder, records), name)
    except ValueError as error:
        assert "a draft" in str(error) or "no draft" in str(error)


@given(
    some.lists(some.text(max_size=60) | some.from_regex(r"\A(\S{1,9} )?[a-z']{1,4}=\d{1,3}ms [a-z-]{1,4}: \d{1,3}s\Z"))
)
def test_nor_is_one_of_lines_of_text_ever_not_valid(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("draft")
    log = folder / "some.log"
    log.write_bytes("\n".join(lines).encode("utf-8", "replace"))
    try:
        drafted(folder, log)
    except ValueError as error:
        assert "a draft" in str(error) or "no draft" in str(error)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TimmyError, match="a directory"):
        propose(tmp_path, "mine")
    with pytest.raises(TimmyError, match="does not exist"):
        propose(tmp_path / "none.log", "mine")
    with pytest.raises(ValueError, match="no record holds several durations"):
        propose(write(tmp_path, ["hello"]), "mine")


# -- a log whose records are events, with a field that says whose


def murmur(turns: int = 12, **more: Any) -> list[dict[str, Any]]:
    """Of a program nobody has described: other names, levels, a heartbeat, every fifth turn without an answer."""
    records: list[dict[str, Any]] = []
    for number in range(turns):
        at = 1.764e9 + 30 * number
        steps = [("mic.closed", 0.0), ("text.ready", 0.25), ("brain.asked", 0.3), ("brain.done", 1.2),
                 ("mouth.open", 1.5), ("mouth.shut", 4.0)]  # fmt: skip
        if number % 5 == 4:
            steps = [*steps[:3], ("brain.error", 3.0)]
        for what, later in steps:
            tokens = {"in_tokens": 900, "cached": 700} if what == "brain.asked" else {}
            records.append({"ts": at + later, "lvl": "info", "what": what, "utt": f"u-{number}", **tokens, **more})
        records.append({"ts": at + 9.0, "lvl": "debug", "what": "heartbeat", "mem_mb": 512})
    return records


def test_events_with_the_name_of_their_turn_become_stages_between_them(tmp_path: Path) -> None:
    profile, verdict = drafted(tmp_path, write(tmp_path, murmur()))
    assert (verdict.turns, verdict.ended, verdict.with_headline, verdict.problems) == (12, 10, 10, [])
    assert (profile.turn.key, profile.turn.complete, profile.turn.failed) == ("utt", ("mouth-shut",), ("brain-error",))
    # What the user hears begins with the first of the last two.
    assert (profile.headline[0].begins, profile.headline[0].ends) == (("mic-closed",), ("mouth-open",))
    assert [(stage.begins[0], stage.ends[0]) for stage in profile.stage] == [
        ("mic-closed", "text-ready"), ("text-ready", "brain-asked"), ("brain-asked", "brain-done"),
        ("brain-done", "mouth-open"),
    ]  # fmt: skip
    assert (profile.counts.prompt, profile.counts.cached) == ("brain-asked.prompt", "brain-asked.cached")


def test_a_field_that_a_whole_session_shares_names_no_turn(tmp_path: Path) -> None:
    """Nor does one of the level, or of the part of the program."""
    records = murmur(30, run="r-1", comp="core")
    for number, record in enumerate(records):
        record["run"] = f"r-{number * 4 // len(records)}"
    assert drafted(tmp_path, write(tmp_path, records))[0].turn.key == "utt"
    for record in records:
        record.pop("utt", None)
    with pytest.raises(ValueError, match="no field names the turn of an event"):
        propose(write(tmp_path, records), "mine")


def test_the_first_line_need_not_have_a_time(tmp_path: Path) -> None:
    assert drafted(tmp_path, write(tmp_path, [{"banner": "murmur 2"}, *murmur()]))[1].turns == 12
