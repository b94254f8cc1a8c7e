"""Random worlds: the rows of a turn and the sentence below them tell one story."""

import random
import re
from collections.abc import Iterator
from functools import cache

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import Truth, make_turns
from tests.ui.snapshots import NOW, TICK, snapshot
from timmy_tui.analysis.judge import Judge
from timmy_tui.analysis.stats.percentiles import stage_stats
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, HOPS, SETTINGS, SPLIT, UNATTRIBUTED, top_of
from timmy_tui.model.turn import Turn
from timmy_tui.ui.charts.waterfall import LEAST_OVER_MS
from timmy_tui.ui.paint.lines import Line, plain
from timmy_tui.ui.paint.wording import row_name
from timmy_tui.ui.panels.against_usual import level_change, stage_ms, usual_ms
from timmy_tui.ui.panels.live.stage_rows import SUM_LABEL, ledger_lines
from timmy_tui.ui.panels.row_columns import WHOLE_NAME
from timmy_tui.ui.view import View

SEEDS = range(900, 910)
TURNS, AT, NEWEST, WIDTH = 90, 55, 30, 200
STAGES = ("stt_final", "classify", "retrieve", "prefill", "decode", "wait", "reply", "tts", "llm", "hop_in")
ROWS = {
    **{key: row_name(key, BY_KEY[key].label, WHOLE_NAME) for key in CRITICAL if key not in SETTINGS},
    UNATTRIBUTED: SUM_LABEL,
}


@cache
def world(seed: int) -> View:
    """A level that moves for good, and single turns of which a stage or two are off."""
    chance = random.Random(seed)
    truth = Truth(chance.choice(STAGES), chance.choice((0.5, 1.0, 1.4, 2.0)), AT)
    turns = make_turns(TURNS, seed, truth, heavy=seed % 3 == 2)
    for at in range(TURNS):
        for _ in range(chance.choice((0, 0, 1, 2))):
            turns[at] = slowed(turns[at], chance.choice(STAGES), chance.choice((0.6, 1.2, 1.5, 3.0)))
    judge = Judge()
    for turn in turns:
        judge.add(turn)
    rows = stage_stats(turns, 20)
    snap = replace(snapshot(), turns=tuple(turns), judgement=judge.state(), epochs=judge.epochs, stages=rows)
    return View(snap, now=NOW, tick=TICK)


@cache
def told(seed: int) -> tuple[tuple[Turn, Diagnosis, dict[str, Line]], ...]:
    """What every test here looks at: a turn, what is said of it, and its rows."""
    return tuple(_told(world(seed)))


def _told(view: View) -> Iterator[tuple[Turn, Diagnosis, dict[str, Line]]]:
    for turn in view.turns[-NEWEST:]:
        one = view.diagnosis_of(turn.ordinal)
        if one is not None and one.excess_ms is not None:
            lines = {plain(line)[:WHOLE_NAME].strip(): line for line in ledger_lines(view, WIDTH, 60, turn)}
            yield turn, one, {key: lines[name.strip()] for key, name in ROWS.items() if name.strip() in lines}


def is_over(row: Line) -> bool:
    return "turn +" in plain(row) or any(role == "bar.over" for _, role in row)


def row_of(part: str) -> str:
    return top_of(part) if part in BY_KEY and part not in CRITICAL else part


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_sentence_names_is_in_its_row_by_the_same_figure(seed: int) -> None:
    view, seen = world(seed), 0
    for turn, one, rows in told(seed):
        for part in one.contributions[:-1]:
            if part.stage not in rows:
                assert part.stage in ("network", *SPLIT["llm"]), "of these there is no row"
                continue
            ms, usual = stage_ms(turn, part.stage), usual_ms(view, turn, part.stage)
            assert ms is not None and usual is not None and ms - usual == pytest.approx(part.ms), one.sentence
            text = plain(rows[part.stage])
            assert f" {duration(usual)} " in text, (text, one.sentence)
            said = re.search(r"turn ([+-])(\S+)", text)
            if said is not None:
                assert said.groups() == ("+" if part.ms > 0 else "-", duration(abs(part.ms))), (text, one.sentence)
            seen += said is not None
    assert seen > 5


@pytest.mark.parametrize("seed", SEEDS)
def test_no_row_is_over_the_usual_where_the_sentence_calls_it_normal(seed: int) -> None:
    normal = 0
    for _, one, rows in told(seed):
        named = {row_of(part.stage) for part in one.contributions[:-1]}
        if not one.sentence.startswith("as usual for that work") and "rest normal" not in one.sentence:
            continue
        for key, row in rows.items():
            if key not in named:
                normal += 1
                assert not is_over(row), (plain(row), one.sentence)
    assert normal > 20


def test_worlds_have_what_could_go_wrong() -> None:
    """Levels that moved, of whole stages and of parts; usuals of every row but a hop's."""
    views = [world(seed) for seed in SEEDS]
    changes = [change for view in views for key in ROWS if (change := level_change(view, key)) is not None]
    assert {bool(change.part) for change in changes} == {True, False}
    usuals = {key for seed in SEEDS for _, one, _ in told(seed) for key in one.usuals}
    assert {key for key in ROWS if key not in HOPS} <= usuals and not usuals & set(HOPS)


def test_a_row_says_what_is_over_from_as_many_ms_on_as_the_sentence() -> None:
    assert TUNING.diagnosis.worth_ms == LEAST_OVER_MS
