"""What the screens say of turns with a known cause: one figure for one thing, and nothing of what was undone."""

import pytest
from msgspec import structs
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.analysis.sentences.test_flip_sentences import PART, sessions
from tests.analysis.sentences.worlds import changed
from timmy_tui.analysis.detect.news import News
from timmy_tui.analysis.judge import Judge
from timmy_tui.analysis.stats.percentiles import headline_stat, stage_stats
from timmy_tui.core.formatting import signed_duration
from timmy_tui.core.settings import Findings
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.trend_history import HEADLINE
from timmy_tui.model.turn import Turn
from timmy_tui.report.status_line.line import line_values
from timmy_tui.ui.paint.glyphs import UNICODE
from timmy_tui.ui.paint.lines import plain
from timmy_tui.ui.paint.wording import signed
from timmy_tui.ui.panels.against_usual import level_change
from timmy_tui.ui.panels.changes.screen import verdict_lines
from timmy_tui.ui.panels.headline import headline_line
from timmy_tui.ui.panels.live.across import across_lines
from timmy_tui.ui.panels.skyline.notes import epoch_notes, verdict_words
from timmy_tui.ui.panels.skyline.window import Window
from timmy_tui.ui.panels.trends.compare import changes_of
from timmy_tui.ui.panels.trends.stack import turn_line
from timmy_tui.ui.panels.turns.postcard import postcard
from timmy_tui.ui.view import View

NEWS = News(*structs.astuple(Findings()))


def seen(turns: list[Turn], *bad: int) -> View:
    """The screen behind the last turn; ``bad``: turns that the user marked."""
    judge = Judge(news=NEWS)
    for turn in turns:
        judge.add(turn)
    for ordinal in bad:
        judge.mark(turns[ordinal], "bad")
    snap = Snapshot(
        taken=turns[-1].started or 0.0, turns=tuple(turns), headline=headline_stat(turns, 20), window=20,
        stages=stage_stats(turns, 20), epochs=judge.epochs, judgement=judge.state(),
    )  # fmt: skip
    return View(snap, now=snap.taken, tick=1000.0)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("stage", ["gpu", "wait", "decode"])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_turn_is_over_its_usual_by_one_figure_on_every_screen(stage: str, factor: float, seed: int) -> None:
    """The columns of a turn said +603 ms where the headline, the reason and the status line said +515."""
    view = seen(changed(stage, factor, seed, count=110))
    diagnosis = view.diagnosis_of(view.turns[-1].ordinal)
    assert diagnosis is not None and diagnosis.excess_ms is not None
    figure = signed(diagnosis.excess_ms, UNICODE)
    told = plain(turn_line(view, view.turns[-1], 200))
    assert (f"{figure} against its usual" if figure else "as usual for its work") in told
    if view.leading is None:
        head = plain(headline_line(view, 200))
        assert signed_duration(diagnosis.excess_ms) in head or ("as usual" in head and abs(diagnosis.excess_ms) < 20)
    assert line_values(view.snapshot).delta_ms == view.excess_ms == diagnosis.excess_ms
    assert diagnosis.excess_ms > -50 or "as usual" not in "\n".join(map(plain, across_lines(view, 160, 30)))


def test_from_across_the_room_as_usual_is_near_the_usual() -> None:
    """ "as usual" stood below a turn of +1.11 s whose change had been the headline's for thirty turns."""
    turns = make_turns(125, 5)
    slow = [slowed(turn, "llm", 2.5) if turn.ordinal >= 80 else turn for turn in turns]
    view = seen(slow)
    assert view.leading is None and view.excess_ms is not None and view.excess_ms > 300
    text = "\n".join(map(plain, across_lines(view, 160, 30)))
    assert "as usual" not in text and f"{signed(view.excess_ms, UNICODE)} at equal work" in text


# --- flips ---


def test_what_was_undone_colours_no_row_and_is_not_said_of_the_undo() -> None:
    """Undone, tail mode stood in the LLM's row as "▼−513ms ×0.40 … now 347ms", and beside the undo's place."""
    view = seen(sessions((False, True, False)))
    assert view.snapshot.judgement is not None and view.snapshot.judgement.verdict is not None
    assert view.snapshot.judgement.verdict.undone
    assert level_change(view, "llm") is None
    window = Window(0, 3 * PART, 0, 3 * PART + 1)
    there, back = (one for one in epoch_notes(view, window) if any("tail mode" in text for text in one.words))
    assert any("LLM ×0.4" in text for text in there.words)
    assert not any("LLM" in text for text in back.words)
    words = [one.words for one in changes_of(view, HEADLINE) if "tail mode" in one.words]
    assert ["LLM" in text for text in words] == [True, False]


def test_a_restart_behind_a_flip_takes_nothing_from_its_rows() -> None:
    """The verdict is then on two epochs together, and no row knew it."""
    for modes in ((False, True), (False, True, True)):
        change = level_change(seen(sessions(modes)), "llm")
        assert change is not None and change.since == PART
        assert change.ratio == pytest.approx(0.4, rel=0.1)


def test_marks_are_counted_among_the_same_turns_everywhere() -> None:
    """ "1 of 15 turns marked bad" stood above "marked bad: 1 of 14"."""
    view = seen(sessions((False, True)), PART + 4)
    text = "\n".join(map(plain, verdict_lines(view, 200)))
    assert "1 of 30 turns marked bad" in text
    assert "marked bad: 1 of 30, before 0 of 30" in text


@pytest.mark.parametrize("outcome", ["cannot tell yet", "no change", "hurt"])
def test_a_place_under_the_skyline_says_what_the_verdict_says(outcome: str) -> None:
    """ "no change" stood there where the verdict was "cannot tell yet"."""
    view = seen(sessions((False, True), factor=1.0))
    judgement = view.snapshot.judgement
    assert judgement is not None and judgement.verdict is not None
    verdict: Comparison = replace(judgement.verdict, outcome=outcome)
    assert not [one for one in verdict.stages if one.verdict in ("faster", "slower")]
    assert verdict_words(verdict) == (outcome, "info")


def test_one_more_turn_is_one() -> None:
    empty = Comparison(a="", b="", n_a=9, n_b=4, stages=(), sentence="", wanted=1, outcome="cannot tell yet")
    assert verdict_words(empty) == ("verdict in 1 turn", "info")


# --- what is sent to somebody ---


def test_a_postcard_names_what_matters_most_and_not_the_newest_trifle() -> None:
    turns = [slowed(one, "retrieve", 3.0 if one.ordinal >= 80 else 1.0) for one in make_turns(125, 3)]
    turns = [slowed(one, "llm", 2.0 if one.ordinal >= 85 else 1.0) for one in turns]
    turns = [slowed(one, "reply", 2.0 if one.ordinal >= 100 else 1.0) for one in turns]
    view = seen(turns)
    assert [one.stage for one in view.findings][0] == "reply"
    assert postcard(turns[-1], view)[-1].startswith("level changes: LLM ▲ slower ×")
    assert "REPLY" not in postcard(turns[-1], view)[-1]
