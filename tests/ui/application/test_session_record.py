"""What the dashboard leaves in the terminal: of this session alone, in a few plain lines."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.programs import needs
from tests.tmux_pane import Pane
from tests.ui.fakes import FakeControl
from tests.ui.running import running_dashboard
from tests.ui.snapshots import NOW, control_state, finding, judgement, snapshot, turn
from timmy_tui.model.change import ControlState, JournalEntry
from timmy_tui.model.judgement import Finding
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import FlagChange, Span, TurnState
from timmy_tui.report.backlog import SETTLED_S
from timmy_tui.ui.application.session_record import MOST_LINES, SessionRecord

BEFORE = snapshot(31)


def record(*snapshots: Snapshot) -> SessionRecord:
    """A session that found BEFORE in the logs, and saw these behind it."""
    made = SessionRecord(NOW)
    for tick in (0.0, SETTLED_S):
        made.see(BEFORE, tick)
    for snap in snapshots:
        made.see(snap, SETTLED_S + 1)
    return made


def lines(made: SessionRecord, journal: Sequence[JournalEntry] = ()) -> list[str]:
    return made.lines(NOW + 4320, ControlState(journal=tuple(journal)))


def longer(*ms: float | TurnState) -> Snapshot:
    """BEFORE and a turn for each: with this V2V, or in this state."""
    more = [
        turn(31 + at, v2v_ms=one) if not isinstance(one, TurnState) else turn(31 + at, state=one)
        for at, one in enumerate(ms)
    ]
    return replace(BEFORE, turns=(*BEFORE.turns, *more))


def with_findings(*findings: Finding) -> Snapshot:
    return replace(BEFORE, judgement=judgement(30, *findings))


def test_nothing_that_was_in_the_logs_before_is_counted() -> None:
    said = lines(record())
    assert said[0].startswith("timmy_tui: 1h12m, ")
    assert said[1:] == ["turns: 0", "V2V: —, n 0", "findings: none", "changes: none"]
    assert lines(SessionRecord(NOW))[1:3] == ["turns: 0", "V2V: —, n 0"]


def test_turns_are_counted_and_summed_up() -> None:
    seen = record(longer(1000.0), longer(1000.0, 3000.0, TurnState.FAILED, TurnState.ABORTED, TurnState.TIMED_OUT))
    assert lines(seen)[1:3] == ["turns: 5, 1 failed, 1 timed out, 1 aborted", "V2V: p50 ≥2.00s, p95 ≥2.90s, n 2"]


def test_a_revision_takes_the_place_of_what_was_known() -> None:
    seen = record(longer(1000.0, 3000.0), longer(1000.0, TurnState.FAILED))
    assert lines(seen)[1:3] == ["turns: 2, 1 failed", "V2V: p50 ≥1.00s, p95 ≥1.00s, n 1"]


def test_another_span_is_no_v2v() -> None:
    other = replace(BEFORE, turns=(*BEFORE.turns, turn(31, span=Span.V34, v2v_ms=None)))
    assert lines(record(other))[1:3] == ["turns: 1", "V2V: —, n 0"]


def test_findings_of_this_session_and_how_they_ended() -> None:
    old, lasts = finding(raised=30), finding(key="llm:31", raised=31, cost_ms=290.0)
    over = finding(key="tts:32", stage="tts", raised=32, cost_ms=900.0, ended="back to usual", lasted=31)
    assert lines(record(with_findings(old, over, lasts)))[3:] == [
        "finding: LLM slower ×1.38, 720ms → 1.01s, 11 turns",
        "finding: TTS slower ×1.38, 720ms → 1.01s; ended: back to normal after 31 turns",
        "changes: none",
    ]


def test_a_finding_that_ended_later_is_said_as_ended() -> None:
    first, later = finding(key="llm:31", raised=31), finding(key="llm:31", raised=31, ended="accepted", lasted=7)
    assert "; ended: accepted as normal after 7 turns" in lines(record(with_findings(first), with_findings(later)))[3]


def test_changes_of_this_session_with_their_verdict() -> None:
    flag = FlagChange(flag="tail-mode", label="tail mode", before=True, after=False)
    judged = judgement(30)
    assert judged.verdict is not None
    seen = record(replace(BEFORE, judgement=replace(judged, verdict=replace(judged.verdict, changes=(flag,)))))
    journal = (
        JournalEntry("a", NOW - 0.1, "raw on→off", "kept", True),
        JournalEntry("b", NOW, "tail mode off→on", "kept", True),
        JournalEntry("c", NOW + 9, "context size 8000→4096", "rolled back", False),
    )
    said = lines(seen, journal)[4:]
    assert len(said) == 2 and said[0].startswith("change: tail mode off→on, kept ")
    assert said[0].endswith("; LLM faster ×0.41 (0.36–0.47)")
    assert said[1].startswith("change: context size 8000→4096, rolled back ")


def test_many_are_counted_and_it_stays_short_and_without_control_bytes() -> None:
    findings = [finding(key=f"llm:{at}", raised=40 + at) for at in range(9)]
    journal = [JournalEntry(str(at), NOW + at, "evil \x1b[2J\n" + "x" * 300, "kept", True) for at in range(9)]
    said = lines(record(with_findings(*findings)), journal)
    assert len(said) <= MOST_LINES and "… 6 more findings" in said and "… 6 more changes" in said
    assert all(text.isprintable() for text in said)


async def test_the_key_quits_on_every_screen_and_q_leaves_nothing() -> None:
    for keys, left in ((("Q",), True), (("2", "Q"), True), (("6", "Q"), True), (("B", "Q"), True), (("q",), False)):
        async with running_dashboard(snapshot(), control=FakeControl(control_state())) as dashboard:
            await dashboard.press(*keys)
            assert bool(dashboard.app.farewell) is left and not dashboard.app.is_running


@needs("tmux")
@pytest.mark.parametrize(("locale", "unknown"), [("C.UTF-8", "V2V: —, n 0"), ("C", "V2V: -, n 0")])
def test_it_stands_in_the_scrollback_of_a_real_terminal(tmp_path: Path, locale: str, unknown: str) -> None:
    dashboard = shlex.join([sys.executable, "-m", "tests.ui.dashboard_process"])
    shell = f"printf 'before\\n'; {dashboard}; printf 'behind\\n'; exec cat"
    with Pane(["sh", "-c", shell], tmp_path, size=(44, 20), environment={"LC_ALL": locale}) as pane:
        pane.until("V2V", "3.14s")
        pane.press("Q")
        rows = pane.until("before", "behind").splitlines()
        assert not pane.alternate()
        at = rows.index("before")
        assert rows[at + 1].startswith("timmy_tui: ") and rows[at + 2 : at + 6] == [
            "turns: 0", unknown, "findings: none", "changes: none",
        ]  # fmt: skip
        assert rows[at + 6] == "behind"
