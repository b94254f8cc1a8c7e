"""What leads: the costliest of the young findings that a user could feel; trifles, old ones and gains are listed."""

from typing import Any

import pytest
from msgspec import structs
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.analysis.sentences.worlds import AT, changed, findings_of
from timmy_tui.analysis.detect.news import News, is_notable, leading
from timmy_tui.analysis.judge import Judge
from timmy_tui.core.settings import Findings
from timmy_tui.model.judgement import Finding
from timmy_tui.report.words.findings import end_words, size_words, span_words
from timmy_tui.ui.paint.glyphs import UNICODE
from timmy_tui.ui.paint.wording import finding_words

NEWS = News(*structs.astuple(Findings()))


def finding(before: float, after: float, **more: Any) -> Finding:
    known: dict[str, Any] = {
        "key": "s:1", "stage": "retrieve", "direction": "slower" if after > before else "faster", "raised": 5,
        "raised_id": "", "since": 1, "since_id": "", "ratio": after / before, "before_ms": before, "after_ms": after,
        "n": 12, "confidence": 0.9, "cost_ms": after - before,
    }  # fmt: skip
    return Finding(**{**known, **more})


def test_the_settings_are_those_that_the_judge_takes() -> None:
    assert all(getattr(NEWS, name) == getattr(Findings(), name) for name in Findings.__struct_fields__)


@pytest.mark.parametrize(
    ("before", "after", "notable"),
    [
        (2.0, 4.0, False), (50.0, 90.0, True), (1.0, 1.25, False),
        # By 100 ms, whatever the ratio; by a quarter and 10 ms; on and just under each.
        (1000.0, 1100.0, True), (1000.0, 1099.0, False), (40.0, 50.0, True), (40.4, 50.4, False), (30.0, 39.9, False),
        (1100.0, 1000.0, True), (50.0, 40.0, True), (50.0, 40.1, False),
    ],
)  # fmt: skip
def test_what_a_user_could_feel_or_what_is_large_for_its_stage(before: float, after: float, notable: bool) -> None:
    assert is_notable(finding(before, after), NEWS) is notable


def test_the_costliest_of_the_young_ones_leads() -> None:
    reply, rag = finding(20.0, 40.0, stage="reply"), finding(50.0, 90.0)
    assert leading([reply, rag], NEWS) is rag and leading([rag, reply], NEWS) is rag
    old = finding(500.0, 900.0, stage="tts", age=30)
    assert leading([old, reply], NEWS) is reply
    assert leading([finding(500.0, 900.0, age=29), reply], NEWS) is not reply
    assert leading([finding(900.0, 500.0)], NEWS) is None
    assert leading([finding(50.0, 90.0, ended="back to usual"), finding(50.0, 90.0, notable=False)], NEWS) is None


def test_two_ms_of_reply_never_lead_before_forty_of_retrieval() -> None:
    """Seen in the demo: REPLY 2 → 4 ms stood in the headline, RAG +40 ms in the list."""
    judge = Judge(news=NEWS)
    leaders = set()
    for turn in make_turns(160, 3):
        factor = 2.0 if turn.ordinal >= AT else 1.0
        judge.add(slowed(slowed(turn, "reply", factor), "retrieve", 1.9 if turn.ordinal >= AT + 10 else 1.0))
        state = judge.state()
        leaders.add(None if state.leading is None else state.leading.stage)
    assert leaders == {None, "retrieve"}
    assert {one.stage for one in judge.state().findings} >= {"reply", "retrieve"}


def test_a_finding_leads_for_thirty_turns() -> None:
    judge = Judge(news=NEWS)
    ages = []
    for turn in changed("classify", 4.0, 2):
        judge.add(turn)
        if (one := judge.state().leading) is not None:
            ages.append(one.age)
    # First turns of sessions are not judged, and age nothing.
    assert sorted(set(ages)) == list(range(30))


# --- words ---


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (52.0, 72.0, "×1.38"),
        (0.2, 640.2, "+640ms"),
        (640.0, 0.2, "−640ms"),
        (10.0, 99.9, "×9.99"),
        (10.0, 100.0, "+90ms"),
    ],
)
def test_a_ratio_that_tells_nothing_is_said_in_ms(before: float, after: float, words: str) -> None:
    assert size_words(finding(before, after)) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "12 turns"), ({"n": 1}, "1 turn"), ({"steps": 2, "n": 300}, "over 300 turns"),
        ({"steps": 2, "n": 300, "goes_on": True}, "over 300 turns, still rising"),
    ],
)  # fmt: skip
def test_a_drift_is_told_over_all_its_turns(fields: dict[str, Any], words: str) -> None:
    assert span_words(finding(50.0, 80.0, **fields)) == words


def test_what_is_over_says_how_long_it_lasted() -> None:
    (found,) = findings_of(changed("classify", 1.6, 2, count=200, until=111))
    assert end_words(found) == f"back to normal after {found.lasted} turns"
    assert found.lasted == pytest.approx(31, abs=4)
    assert end_words(finding(50.0, 80.0)) == ""


def test_one_that_is_over_has_one_number_of_turns() -> None:
    """ "slower ×1.60 · 34t" stood beside "back to normal after 24 turns"."""
    over = finding(50.0, 80.0, ended="back to usual", lasted=24, n=34)
    assert finding_words(over, UNICODE, 60) == "▲ slower ×1.60 · 24t"
    assert span_words(replace(over, steps=2)) == "over 24 turns"
    assert finding_words(finding(50.0, 80.0, n=34), UNICODE, 60) == "▲ slower ×1.60 · 34t"
