"""v34's latency log, read by its profile, gives the ledger of the built-in parser, to the microsecond."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.judgement.lines import log_lines
from bench.judgement.turns import make_turns
from timmy_tui.model.stages.v34 import STAGES
from timmy_tui.model.turn import Turn
from timmy_tui.profiles.load import load
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.spec import stage_row
from timmy_tui.turns.ingest import Ingest

DATA = Path(__file__).parents[1] / "data"
LEDGER = (
    "span", "headline_ms", "v2v_ms", "stages", "unattributed_ms", "gaps", "skipped", "unmeasured", "end_to_end_ms",
)  # fmt: skip
FIGURES = (
    "request_id", "session", "session_id", "started", "ended", "prompt_tokens", "output_tokens", "cached_tokens",
    "prefill_ms", "decode_ms", "load_ms", "ollama_total_ms", "text_length", "reply_length", "tail_mode", "importance",
    "chunks", "prompt_chars", "prompt_tokens_est", "temperature", "context_sent", "context_returned",
    "pause_threshold",
)  # fmt: skip


def both(lines: list[bytes]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """The turns of the built-in parser, and those of the profile."""
    built_in = Ingest(60.0).read_once([("latency", lines)])
    return built_in, ProfileReading(load("v34"), 60.0).read_once([("v34", lines)])


def differences(lines: list[bytes]) -> list[tuple[str, str, object, object]]:
    """(turn, field, built in, by profile) where they differ."""
    built_in, by_profile = both(lines)
    assert len(built_in) == len(by_profile) > 0
    fields = (*LEDGER, *FIGURES)
    return [
        (one.request_id, name, getattr(one, name), getattr(other, name))
        for one, other in zip(built_in, by_profile, strict=True)
        for name in fields
        if getattr(one, name) != getattr(other, name)
    ]


@pytest.mark.parametrize("log", ["latency.log", "typed/latency.log"])
def test_every_sample_log(log: str) -> None:
    assert differences((DATA / log).read_bytes().splitlines()) == []


def test_a_long_log_of_made_up_turns() -> None:
    assert differences([line.encode() for line in log_lines(make_turns(300, seed=11))]) == []


def with_events_left_out(lines: list[bytes], share: float) -> Iterator[bytes]:
    chance = random.Random(7)
    yield from (line for line in lines if chance.random() > share)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_a_log_in_which_events_are_missing(share: float) -> None:
    """Other spans, stages without one of their ends, skipped stages, sums of hops that are not known."""
    lines = [line.encode() for line in log_lines(make_turns(200, seed=12))]
    found = differences([*with_events_left_out(lines, share)])
    # The whole turn, end to end, is timed by the voice services' clock alone in the built-in parser.
    assert [one for one in found if one[1] in LEDGER[:-1]] == []


def test_the_states_are_the_same_but_where_only_the_answer_tells() -> None:
    """A turn without the model's figures failed: that is v34's own sign, and no profile has a word for it."""
    built_in, by_profile = both((DATA / "latency.log").read_bytes().splitlines())
    states = [(one.state, other.state, one.reason) for one, other in zip(built_in, by_profile, strict=True)]
    assert {reason for a, b, reason in states if a != b} <= {"the model gave no answer"}


def test_the_rows_of_its_stages_are_those_of_the_table() -> None:
    rows = [stage_row(rule, place) for place, rule in enumerate(load("v34").stage, 1)]
    for row, own in zip(rows, STAGES, strict=True):
        for name in own.__struct_fields__:
            if name in ("starts", "ends") and own.measured in ("reported", "rest", "sum"):
                continue
            if name == "name" and not own.name:
                assert row.name in ("", own.label)
            elif name in ("teaches", "sleep_ms"):
                continue  # What the session noise learns from is not a thing that a profile says.
            elif name == "measured" and own.measured == "reported":
                assert row.measured == "events"
            else:
                assert getattr(row, name) == getattr(own, name), (own.key, name)
