"""Changes from the screen: shown first, begun on a second key, answered."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import running_dashboard
from tests.ui.snapshots import NOW, control_state, judgement, snapshot
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.change import ChangeState, ControlState, JournalEntry, RestorePoint
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.judgement import StageVerdict
from timmy_tui.model.user_requests import Flip, Restore, RestoreLatest, Undo
from timmy_tui.ui.key_commands import key_name
from timmy_tui.ui.paint.lines import plain
from timmy_tui.ui.panels.changes.screen import change_rows, progress_lines, verdict_lines
from timmy_tui.ui.panels.facts import change_line, choice_parts, notice_line
from timmy_tui.ui.screens.changes import next_value
from timmy_tui.ui.view import Notice, View


async def test_tail_mode_is_shown_before_it_is_flipped_on_a_second_key() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        assert control.calls == [("plan", Flip((("tail-mode", "on"),)))], "v34 runs with it off; the file has it on"
        assert "- USE_FULL_MEGA_PROMPT = True" in dashboard.text() and "V2V ≥3.14s" in dashboard.text()
        await dashboard.press("t")
        assert len(control.calls) == 1
        await dashboard.press("y")
        await dashboard.until(lambda: "started" in dashboard.text())
        assert control.calls[-1][0] == "start"


async def test_leaving_the_question_does_nothing() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("r")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("escape")
        assert [call[0] for call in control.calls] == ["plan"] and "go ahead" not in dashboard.text()


async def test_a_plan_that_is_refused_says_why() -> None:
    control = FakeControl(control_state(), refusal="config.py binds it twice: lines 4 and 9")
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "config.py binds it twice" in dashboard.text())
        assert "go ahead" not in dashboard.text()


async def test_an_error_is_a_sentence_with_a_way_out() -> None:
    control = FakeControl(control_state(), error="the lock is held")
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("asterisk")
        await dashboard.until(lambda: "Change: the lock is held look at the log" in dashboard.text())


async def test_enter_acts_on_the_row_under_the_cursor() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), size=(100, 40), control=control) as dashboard:
        await dashboard.press("5", "j", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("escape", "end", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("escape", "k", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
    assert control.calls == [
        ("plan", Flip((("raw", "on"),))),
        ("plan", Undo("op1")),
        ("plan", Restore("before-tail-mode-20251128")),
    ]


async def test_the_row_below_the_restore_points_returns_to_latest() -> None:
    state = control_state()
    restored = tuple(replace(point, restored=True) for point in state.restore_points)
    control = FakeControl(replace(state, restore_points=restored))
    async with running_dashboard(snapshot(), size=(100, 40), control=control) as dashboard:
        await dashboard.press("5", "end", "k", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
    assert control.calls == [("plan", RestoreLatest())]


async def test_restore_points_show_their_number_of_files_and_what_is_missing() -> None:
    problem = "git's tags cannot be listed: git does not trust /srv/timmy: it belongs to another user."
    files = tuple(f"v34/t{number}.py" for number in range(300))
    points = (
        RestorePoint("plenty", NOW, "git tag", files, "before the fix"),
        RestorePoint("one", NOW, "own", ("v34/app.py",), left_out=("v34/a.py (a symbolic link)",)),
        RestorePoint("a-blob", NOW, "git tag", None, problem="not a commit: it names a blob"),
    )
    control = FakeControl(replace(control_state(), restore_points=points, restore_problems=(problem,)))
    async with running_dashboard(snapshot(), size=(110, 50), control=control) as dashboard:
        await dashboard.press("5")
        rows = {row.split()[0]: " ".join(row.split()) for row in dashboard.text().splitlines() if row.strip()}
        assert rows["plenty"].endswith("git tag 300 files before the fix")
        assert rows["one"].endswith("own 1 file 1 left out")
        assert rows["a-blob"].endswith("git tag — not a commit: it names a blob")
        assert problem in dashboard.text()


@pytest.mark.parametrize(("number", "older"), [(50, ""), (51, "1 older:"), (70, "20 older:")])
async def test_the_newest_fifty_restore_points_are_on_the_screen(number: int, older: str) -> None:
    points = tuple(RestorePoint(f"point-{at}", NOW - at, "own", ("v34/app.py",)) for at in range(number))
    control = FakeControl(replace(control_state(), restore_points=points))
    async with running_dashboard(snapshot(), size=(110, 100), control=control) as dashboard:
        await dashboard.press("5")
        text = dashboard.text()
        assert "point-49 " in text and "point-50 " not in text
        assert older in text if older else "older:" not in text


async def test_the_running_change_is_answered_only_with_what_it_offers() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5", "full_stop")
        assert "no running change waits for this answer" in dashboard.text()
        await dashboard.press("equals_sign")
        await dashboard.until(lambda: "keep: done" in dashboard.text())
    assert control.calls == [("answer", "keep")]


async def test_changes_show_file_and_running_values_verdict_and_journal() -> None:
    async with running_dashboard(snapshot(), size=(110, 40), control=FakeControl(control_state())) as dashboard:
        await dashboard.press("5")
        for words in ("--debug wins", "pid 4242, 3m, reloader", "evidence 1/2", "×0.41 (0.36–0.47)", "too few turns",
                      "marked bad: 3 of 11", "before-tail-mode-20251128", "Enter undoes it"):  # fmt: skip
            assert words in dashboard.text(), words
    async with running_dashboard(snapshot(0), control=FakeControl(ControlState(read_only="no lock"))) as dashboard:
        await dashboard.press("5", "enter")
        assert "read-only: no lock" in dashboard.text() and "nothing was changed yet" in dashboard.text()


async def test_what_does_not_fit_of_the_row_under_the_cursor_is_on_the_lines_below_it() -> None:
    meaning = "How much of the prompt is sent on each turn. The whole prompt once, then only a tail with the context."
    state = control_state()
    flags = (replace(state.flags[0], meaning=meaning), replace(state.flags[1], meaning=meaning), *state.flags[2:])
    control = FakeControl(replace(state, flags=flags, change=None))
    async with running_dashboard(snapshot(), size=(80, 24), control=control) as dashboard:
        await dashboard.press("5")
        for cursor, other in (("tail mode", "raw"), ("raw", "context size")):
            rows = dashboard.rows()
            at = next(at for at, row in enumerate(rows) if row.startswith(f"> {cursor}"))
            end = next(below for below, row in enumerate(rows) if below > at and row.startswith(f"  {other}"))
            shown = " ".join(row[50:].strip() for row in rows[at:end])
            assert shown == meaning and all(not row[:50].strip() for row in rows[at + 1 : end])
            assert sum(meaning[:20] in row for row in rows) == 2, "the other one is cut"
            await dashboard.press("down")


def test_a_narrow_pane_has_whole_headings() -> None:
    view = View(snapshot=snapshot(), control=control_state())
    (head,) = [plain(row) for row, _ in change_rows(view, 40) if plain(row).strip().startswith("flag")]
    assert head.split() == ["flag", "file", "running"] and len(head) <= 40


def test_of_a_bar_of_progress_the_last_state_is_shown() -> None:
    known = control_state()
    assert known.change is not None
    change = replace(known.change, log_lines=("  0%| 0/1\r 50%|█\r100%|██ 1/1\r", "* Running"))
    lines = [plain(row) for row in progress_lines(change, View(snapshot(), now=NOW, control=known), 100)]
    assert "  100%|██ 1/1" in lines and not any("50%" in text for text in lines)


def test_flags_go_round_their_choices() -> None:
    flags = {flag.key: flag for flag in control_state().flags}
    assert next_value(flags["tail-mode"]) == "off" and next_value(flags["num-ctx"]) == "4096"
    assert next_value(replace(flags["num-ctx"], file_value="6000")) == "4096"
    assert next_value(flags["debug"]) == ""


async def test_what_was_asked_to_the_letter_has_a_key_of_its_own() -> None:
    control = FakeControl(control_state(), other="only tail mode")
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "o only tail mode" in dashboard.text())
        await dashboard.press("o")
        await dashboard.until(lambda: "started" in dashboard.text())
        assert control.calls[-1] == ("start", "flip only tail mode")


async def test_the_other_way_is_no_way_where_there_is_none() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("o")
        assert "go ahead" in dashboard.text() and [call[0] for call in control.calls] == ["plan"]


@pytest.mark.parametrize("key", ["space", "down", "j", "1", "y"])
async def test_any_key_stops_the_countdown_to_a_rollback_and_does_nothing_else(key: str) -> None:
    state = control_state()
    assert state.change is not None
    counting = replace(state, change=replace(state.change, countdown=7.0, choices=("stop waiting",)))
    control = FakeControl(counting)
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5")
        assert control.calls == [("answer", "stop waiting")]
        control.calls.clear()
        await dashboard.press(key)
        await dashboard.until(lambda: control.calls == [("answer", "stop waiting")])
        assert "rolling back in 7s" in dashboard.text() and dashboard.app.current_mode == "live"
        assert dashboard.app.view.live_snapshot is None


async def test_the_running_change_is_answered_from_the_live_screen() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        assert "= keep  u undo" in dashboard.text()
        await dashboard.press("equals_sign")
        await dashboard.until(lambda: ("answer", "keep") in control.calls)
        await dashboard.press("exclamation_mark")
        await dashboard.until(lambda: "go now: no running change waits for this answer" in dashboard.text())


async def test_a_flag_without_choices_asks_for_its_value() -> None:
    state = control_state()
    size = replace(state.flags[2], choices=())
    control = FakeControl(replace(state, flags=(size,)))
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5", "enter")
        await dashboard.until(lambda: dashboard.app.focused is not None)
        await dashboard.press("backspace", "9", "enter")
        await dashboard.until(lambda: control.calls == [("plan", Flip((("num-ctx", "8009"),)))])
        await dashboard.until(lambda: "go ahead" in dashboard.text())


@pytest.mark.parametrize("state", list(ChangeState))
def test_a_change_that_is_over_leaves_the_room_to_its_verdict(state: ChangeState) -> None:
    """Eight lines of the service's log stood between it and the verdict."""
    known = control_state()
    assert known.change is not None
    change = replace(known.change, state=state, message=f"{state}, 2 turns show it", choices=())
    control = replace(known, change=change)
    lines = [plain(row) for row in progress_lines(change, View(snapshot(), now=NOW, control=control), 100)]
    over = state in (ChangeState.KEPT, ChangeState.ROLLED_BACK)
    assert any("* Restarting with stat" in text for text in lines) is not over
    assert any(text.startswith("last change") for text in lines) is over
    assert "2 turns show it" in lines, "its state is said one line above"


@pytest.mark.parametrize("key", ["asterisk", "f5", ""])
async def test_the_key_that_makes_a_restore_point_is_the_one_that_does(key: str) -> None:
    """It was said to be ``b``, which makes none any more."""
    state = replace(control_state(), restore_points=())
    view = View(snapshot=snapshot(), control=state, keys={"restore_point": key_name(key)} if key else {})
    (words,) = [plain(row) for row, _ in change_rows(view, 80) if "none yet" in plain(row)]
    assert words == (f"none yet; {key_name(key)} makes one" if key else "none yet")


@pytest.mark.parametrize(("width", "said"), [(80, True), (79, False), (120, True)])
def test_how_many_turns_a_verdict_needs_is_said_whole_or_not_at_all(width: int, said: bool) -> None:
    few = StageVerdict(
        stage="store", ratio=None, low=None, high=None, raw_ratio=None, n_a=16, n_b=4, wanted=1,
        verdict="too few turns",
    )  # fmt: skip
    state = judgement(30)
    assert state.verdict is not None
    snap = snapshot(judgement=replace(state, verdict=replace(state.verdict, stages=(few,))))
    (row,) = [plain(row) for row in verdict_lines(View(snapshot=snap), width) if "too few turns" in plain(row)]
    assert row.rstrip().endswith("n 16, 4  1 more" if said else "n 16, 4") and len(row) <= width


@pytest.mark.parametrize(("width", "bars"), [(200, 2), (160, 2), (120, 1), (80, 0), (40, 0)])
def test_the_room_beside_the_verdict_shows_what_changed_and_how_sure_that_is(width: int, bars: int) -> None:
    """At 200 columns the right half of the table was empty."""
    state = judgement(30)
    assert state.verdict is not None
    slower = StageVerdict(
        stage="llm", ratio=1.4, low=1.3, high=1.6, raw_ratio=1.4, n_a=16, n_b=14, verdict="slower",
        before_ms=700.0, after_ms=980.0,
    )  # fmt: skip
    snap = snapshot(judgement=replace(state, verdict=replace(state.verdict, stages=(slower,))))
    rows = [plain(row) for row in verdict_lines(View(snapshot=snap), width)]
    (row,) = [row for row in rows if row.startswith("  LLM")]
    assert ("█▓" in row) is (bars > 0) and ("●" in row) is (bars > 1) and (len(row) <= width or not bars)
    (heading,) = [row for row in rows if "▓ more" in row] or [""]
    assert heading.rstrip().endswith("×1.60" if bars > 1 else "980ms" if bars else "")
    assert "before" in heading and len(heading) <= width if bars else not heading


async def test_the_end_of_a_change_is_said_once() -> None:
    """``done, v34 serves`` stood in the change's panel, in the line of the change and as a notice."""
    known = control_state()
    assert known.change is not None
    change = replace(
        known.change, label="undo tail mode", state=ChangeState.ROLLED_BACK, message="done, v34 serves", choices=(),
        evidence=(0, 2),
    )  # fmt: skip
    control = FakeControl(replace(known, change=change))
    async with running_dashboard(snapshot(), size=(120, 40), control=control) as dashboard:
        await dashboard.until(lambda: "rolled back" in dashboard.text())
        dashboard.app.say("undo tail mode: done, v34 serves", "good")
        await dashboard.pilot.pause()
        assert dashboard.text().count("done, v34 serves") == 1
        await dashboard.press("5")
        assert dashboard.text().count("done, v34 serves") == 1 and "last change" in dashboard.text()
        assert "evidence" not in dashboard.text(), "what was taken back needs none"
        long = f"rolled back ({'x' * 30}); the restart cut a turn: STT may still be paused"
        dashboard.app.view = replace(dashboard.app.view, control=replace(known, change=replace(change, message=long)))
        dashboard.app.say(f"undo tail mode: {long}", "good")
        await dashboard.pilot.pause()
        assert dashboard.text().count("rolled back (") == 1, "whole in its panel"
        dashboard.app.view = replace(dashboard.app.view, control=replace(known, change=change))
        await dashboard.pilot.resize_terminal(120, 8)
        await dashboard.pilot.pause()
        assert "last change" not in dashboard.text()
        assert dashboard.text().count("done, v34 serves") == 1, "its panel is out of view"


def with_change(**changes: object) -> View:
    known = control_state()
    assert known.change is not None
    control = replace(known, change=replace(known.change, **changes))
    names = {"keep": "=", "undo": "u", "stop": key_name("full_stop"), "listen": key_name("comma")}
    return View(snapshot(), now=NOW, control=control, keys=names)


async def test_the_row_under_the_cursor_leaves_room_for_others_in_a_low_pane() -> None:
    """At 40×10 the whole meaning took six of eight rows."""
    state = control_state()
    flags = (replace(state.flags[0], meaning=f"{'How much of the prompt is sent. ' * 8}end"), *state.flags[1:])
    control = FakeControl(replace(state, flags=flags, change=None))
    async with running_dashboard(snapshot(), size=(40, 10), control=control) as dashboard:
        await dashboard.press("5")
        rows = dashboard.rows()
        at = next(at for at, row in enumerate(rows) if row.startswith("> tail mode"))
        below = next(below for below, row in enumerate(rows) if row.startswith("  raw"))
        assert below - at == 3 and rows[below - 1].rstrip().endswith("…")
        await dashboard.pilot.resize_terminal(40, 30)
        await dashboard.until(lambda: "end" in dashboard.text())


@pytest.mark.parametrize("width", [120, 200])
def test_a_value_as_long_as_a_models_name_takes_what_room_there_is(width: int) -> None:
    """``llama3.2:3b-…`` stood at 200 columns: the build that runs could not be told from another."""
    name = "llama3.2:3b-instruct-q4_K_M"
    state = control_state()
    flags = (*state.flags, replace(state.flags[2], key="model", label="model", file_value=name, running_value=name))
    view = View(snapshot=snapshot(), control=replace(state, flags=flags))
    rows = [plain(row) for row, _ in change_rows(view, width)]
    (row,) = [row for row in rows if row.startswith("model")]
    (head,) = [row for row in rows if row.split()[:2] == ["flag", "file"]]
    assert row.count("llama3.2:3b-instr") == 2 and (row.count(name) == 2 or width < 200)
    assert head.index("running") == row.rindex("llama") + 2, "the rows begin two cells further to the right"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_facts_of_a_running_change_go_on_below_and_are_not_cut(width: int) -> None:
    view = with_change(listeners=2)
    assert view.control is not None
    texts = [plain(row) for row in progress_lines(view.control.change, view, width)]
    assert all(len(text) <= width for text in texts)
    for words in ("tail mode off→on", "verifying  12s", "evidence 1/2", "pid 4242", "2 processes listen on its port"):
        assert any(words in text for text in texts), words


def test_one_process_that_listens_is_no_news_and_none_is() -> None:
    for count, said in ((1, ""), (0, "nothing listens on its port")):
        view = with_change(listeners=count)
        assert view.control is not None
        text = "\n".join(plain(row) for row in progress_lines(view.control.change, view, 120))
        assert ("listen" in text) is bool(said) and said in text


def test_of_a_bar_of_progress_the_last_state_is_shown_as_the_log_screen_reads_it() -> None:
    """What was read has the return as a sign: all states of the bar stood in one row, with it between them."""
    view = with_change(log_lines=(clean("  0%| 0/1\r100%|██ 1/1\r"),))
    assert view.control is not None
    assert "  100%|██ 1/1" in [plain(row) for row in progress_lines(view.control.change, view, 100)]


@pytest.mark.parametrize("width", [40, 60, 79])
def test_a_narrow_pane_has_the_answers_ahead_of_the_evidence(width: int) -> None:
    """At 40 columns a running change had no keys, and so none on the live screen at 60."""
    assert plain(change_line(with_change(), width)).startswith("verifying 12s  = keep  u undo")


@pytest.mark.parametrize("width", [40, 60, 79])
def test_the_end_of_a_change_is_in_its_line_and_in_no_notice_beside_it(width: int) -> None:
    kept = with_change(state=ChangeState.KEPT, message="kept, 2 turns show it", choices=(), label="tail mode off→on")
    view = replace(kept, notice=Notice(NOW, "tail mode off→on: kept, 2 turns show it", "good"))
    assert plain(change_line(view, width)).startswith("kept 12s  u undo  2 turns show it")
    assert notice_line(view, width) == ()


def test_a_value_without_a_word_for_its_unit_has_it_in_its_row() -> None:
    (flag,) = [flag for flag in FLAGS if flag.key == "pause-threshold"]
    assert flag.read_only.startswith("seconds"), "0.5 stood there, of nothing"


def test_a_dot_and_a_comma_are_called_so_where_they_are_keys() -> None:
    view = with_change(choices=("stop waiting", "resume listening"))
    assert view.control is not None and view.control.change is not None
    words = [plain(part) for part in choice_parts(view.control.change, view)]
    assert words == ["dot stop waiting", "comma resume listening"]
    rows = [plain(row) for row in progress_lines(view.control.change, view, 40)]
    assert "choose: dot stop waiting" in rows and "comma resume listening" in rows, "none is cut"


def test_of_many_answers_a_narrow_line_has_as_many_as_fit() -> None:
    """It had none at all where not all of them did."""
    view = with_change(state=ChangeState.WAITING, limit=30.0, choices=("keep", "undo", "stop waiting"))
    assert plain(change_line(view, 40)).rstrip() == "waiting-healthy 12s/30s  = keep  u undo"
    assert "dot stop waiting" in plain(change_line(view, 60))


def verdict_of(*stages: StageVerdict) -> View:
    state = judgement(30)
    assert state.verdict is not None
    return View(snapshot=snapshot(judgement=replace(state, verdict=replace(state.verdict, stages=stages))))


def of_stage(stage: str, n_b: int, verdict: str) -> StageVerdict:
    return StageVerdict(
        stage=stage, ratio=0.8, low=0.7, high=0.9, raw_ratio=0.8, n_a=16, n_b=n_b, verdict=verdict,
        before_ms=700.0, after_ms=560.0,
    )  # fmt: skip


def test_before_the_first_turn_with_a_change_no_table_repeats_that_there_is_none() -> None:
    def rows(n_b: int) -> list[str]:
        view = verdict_of(*(of_stage(stage, n_b, "too few turns") for stage in ("llm", "tts")))
        return [text for row in verdict_lines(view, 200) if "too few turns" in (text := plain(row))]

    assert rows(0) == [] and len(rows(1)) == 2


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_verdict_of_a_stage_is_in_view_at_every_width_under_a_heading(width: int) -> None:
    """At 40 columns there was a ratio and half a figure."""
    rows = [plain(row) for row in verdict_lines(verdict_of(of_stage("llm", 14, "faster")), width)]
    at = next(at for at, row in enumerate(rows) if row.startswith("  LLM"))
    assert "×0.80" in rows[at][:width] and "faster" in rows[at][:width] and len(rows[at - 1]) <= width
    assert rows[at - 1].index("verdict") == rows[at].index("faster")
    assert ("560ms" in rows[at]) is ("now" in rows[at - 1]) is (width > 40)


def test_the_journal_says_a_state_once() -> None:
    entry = JournalEntry("op0", NOW - 30, "tail mode off→on", "kept", True, "kept, 2 turns show it")
    view = View(snapshot=snapshot(), control=replace(control_state(), journal=(entry,)))
    (row,) = [plain(row) for row, target in change_rows(view, 120) if target == ("op", "op0")]
    assert row.count("kept") == 1 and row.endswith("kept  2 turns show it  Enter undoes it")


async def test_a_column_without_room_is_left_out_and_is_no_lone_ellipsis() -> None:
    """At 40 columns each flag ended in ``…`` at the right edge, below no heading."""
    state = control_state()
    flags = tuple(replace(flag, meaning="How much of the prompt is sent.") for flag in state.flags)
    control = FakeControl(replace(state, flags=flags, change=None))
    async with running_dashboard(snapshot(), size=(40, 15), control=control) as dashboard:
        await dashboard.press("5")
        await dashboard.until(lambda: "> tail mode" in dashboard.text())
        (other,) = [row.rstrip() for row in dashboard.rows() if row.startswith("  raw")]
        assert other.split() == ["raw", flags[1].file_value, flags[1].running_value]
        await dashboard.pilot.resize_terminal(80, 24)
        await dashboard.until(lambda: any(row.startswith("  raw") and "How much" in row for row in dashboard.rows()))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_what_a_running_change_says_is_whole(width: int) -> None:
    """``not in git: /tmp/timmy is not a…``: what was wrong stood behind the edge."""
    said = (
        "restore point before-tail-mode-20261127T103134Z made; not in git: /home/timmy/little-timmy is not a repository"
    )
    view = with_change(message=said)
    assert view.control is not None
    rows = [plain(row) for row in progress_lines(view.control.change, view, width)]
    assert all(len(row) <= width for row in rows)
    assert said in " ".join(" ".join(rows).split())


@pytest.mark.parametrize("key", ["model", "context-size"])
def test_what_a_flip_would_do_does_not_read_as_what_is(key: str) -> None:
    """``Another model is loaded`` stood beside the model that was loaded."""
    (flag,) = [flag for flag in FLAGS if flag.key == key]
    assert flag.warning.startswith("A change ")
