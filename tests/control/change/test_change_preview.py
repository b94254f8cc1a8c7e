"""What the user is shown before a change, line by line, and which restore points it makes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import NO_SERVICE, ControlHarness, controller_on
from tests.control.services import Service
from tests.control.timmy_files import aged, git
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.core.errors import ControlError
from timmy_tui.core.settings import FlagSetting
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import (
    ChangeRequest,
    CreatePoint,
    Flip,
    Restart,
    Restore,
    RestoreLatest,
    Undo,
)

STOPPED = "v34 is not running: its next start reads the file"
BAD_TAILS = "Tail mode with raw on sends tails without any context: raw brings no context back to chain."
BAD_RAW = "Raw off with the whole prompt on every turn grows the context past num_ctx; prompts are cut silently."
TAIL_LINES = ("v34/config.py:8", "- USE_FULL_MEGA_PROMPT = True", "+ USE_FULL_MEGA_PROMPT = False")
CALL = "return llm.generate_api_call(prompt_to_send, context=prev_ctx, raw={}, temperature=temperature)"
RAW_LINES = ("v34/app.py:26", f"- {CALL.format('True')}", f"+ {CALL.format('False')}")
OWN = {
    "port": FlagSetting(name="V34_PORT", type="int", warning="Careful."),
    "beside": FlagSetting(name="RETRIES", type="int", file="shared/own.py"),
}


def first_point(name: str) -> str:
    return f"a restore point before-{name}-… is made first, unless this session has one"


@pytest.fixture
def harness(root: Path, state: Path) -> Iterator[ControlHarness]:
    """Of a Timmy in a repository, whose first state has a tag."""
    aged(root / "shared/own.py", b"API_KEY, RETRIES = 1, 2\nRETRY_TOKEN = RETRIES = 3\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "v34", "shared")
    git(root, "commit", "-qm", "first")
    git(root, "tag", "first-state")
    with controller_on(Service(root), state, replace(NO_SERVICE, flags=OWN)) as harness:
        yield harness


def shown(harness: ControlHarness, request: ChangeRequest) -> tuple[str, tuple[str, ...]]:
    """Label and lines of a plan that is not refused."""
    plan = harness.plan(request)
    assert plan.refusal == ""
    return plan.label, plan.preview


def test_one_flag_shows_its_line_before_and_after(harness: ControlHarness) -> None:
    assert shown(harness, Flip((("retrieved-chunks", "3"),))) == (
        "retrieved chunks 5→3",
        (
            "v34/config.py:12", "- NUM_RETRIEVED_CHUNKS = 5", "+ NUM_RETRIEVED_CHUNKS = 3",
            first_point("retrieved-chunks"), STOPPED,
        ),
    )  # fmt: skip


def test_several_flags_show_their_lines_then_their_warnings(harness: ControlHarness) -> None:
    assert shown(harness, Flip((("context-size", "4096"), ("port", "5001"), ("retrieval", "off")))) == (
        "context size 8000→4096, port 5000→5001, retrieval on→off",
        (
            "v34/config.py:23",
            "- LLM_CONTEXT_SIZE = 8000  # num_ctx: a change reloads the model",
            "+ LLM_CONTEXT_SIZE = 4096  # num_ctx: a change reloads the model",
            "v34/config.py:36", "- V34_PORT = 5000", "+ V34_PORT = 5001",
            "v34/config.py:11", "- RETRIEVAL_ENABLED = True", "+ RETRIEVAL_ENABLED = False",
            "A change loads the model again: the first turn waits for it.", "Careful.",
            first_point("context-size"), STOPPED,
        ),
    )  # fmt: skip


def test_a_flag_that_has_its_value_already_is_left_out(harness: ControlHarness) -> None:
    plan = harness.plan(Flip((("context-size", "8000"), ("retrieved-chunks", "3"))))
    assert plan.label == "retrieved chunks 5→3" and plan.point == "retrieved-chunks"
    assert [(flag.key, value) for flag, value in plan.requested] == [("retrieved-chunks", 3)]
    assert "A change loads the model again: the first turn waits for it." not in plan.preview


def test_a_good_pair_is_proposed_and_the_wish_alone_is_beside_it(harness: ControlHarness) -> None:
    plan = harness.plan(Flip((("tail-mode", "on"),)))
    assert (plan.label, plan.other_word, plan.point) == (
        "tail mode off→on, raw on→off", "only tail mode off→on", "tail-mode",
    )  # fmt: skip
    assert plan.preview == (
        BAD_TAILS, "Both are changed together, as one change:", *TAIL_LINES, *RAW_LINES, first_point("tail-mode"),
        STOPPED,
    )  # fmt: skip
    other = plan.other
    assert other is not None and other.label == "tail mode off→on" and other.other is None
    assert other.preview == (BAD_TAILS, *TAIL_LINES, first_point("tail-mode"), STOPPED)


def test_the_wish_alone_is_warned_of_and_not_doubled(harness: ControlHarness) -> None:
    """The sentence of the pair takes the place of the flag's own warning."""
    assert shown(harness, Flip((("raw", "off"),), only=True)) == (
        "raw on→off", (BAD_RAW, *RAW_LINES, first_point("raw"), STOPPED),
    )  # fmt: skip
    assert shown(harness, Flip((("tail-mode", "on"), ("raw", "off")))) == (
        "tail mode off→on, raw on→off", (*TAIL_LINES, *RAW_LINES, first_point("tail-mode"), STOPPED),
    )  # fmt: skip


def test_a_value_that_cannot_be_read_is_not_taken_for_half_of_a_bad_pair(harness: ControlHarness) -> None:
    aged(harness.app, harness.app.read_bytes().replace(b"raw=True", b"raw=flag"))
    plan = harness.plan(Flip((("raw", "off"),)))
    assert "computed" in plan.refusal
    label, lines = shown(harness, Flip((("tail-mode", "on"),)))
    # What raw is cannot be read, so that nothing is known to be wrong with the pair.
    assert (label, lines) == ("tail mode off→on", (*TAIL_LINES, first_point("tail-mode"), STOPPED))


def test_a_pair_in_a_file_that_may_not_be_written_is_not_proposed(harness: ControlHarness) -> None:
    harness.app.chmod(0o444)
    plan = harness.plan(Flip((("tail-mode", "on"),)))
    assert plan.label == "tail mode off→on" and plan.other is None
    assert plan.preview[0] == BAD_TAILS
    assert plan.preview[4].startswith(f"the good pair cannot be made: {harness.app} is marked read-only.")


def test_a_line_that_names_a_secret_shows_the_literal_alone(harness: ControlHarness) -> None:
    aged(harness.root / "shared/own.py", b"import os\nRETRIES = 3; os.environ['TOKEN'] = 'abc'\n")
    label, lines = shown(harness, Flip((("beside", "4"),)))
    assert (label, lines[:2]) == ("beside 3→4", ("shared/own.py:2", "  RETRIES: 3 → 4"))
    assert "abc" not in "".join(lines)


def test_an_editor_that_has_the_file_open_is_named(harness: ControlHarness) -> None:
    (harness.config.parent / ".config.py.swp").touch()
    _, lines = shown(harness, Flip((("retrieved-chunks", "3"),)))
    assert lines[3:] == (
        first_point("retrieved-chunks"), "vim seems to have config.py open (.config.py.swp).", STOPPED,
    )  # fmt: skip


def test_a_turn_in_flight_is_announced_last_and_once_for_each_way(demo_harness: ControlHarness) -> None:
    demo_harness.see(in_phase="llm")
    plan = demo_harness.plan(Flip((("tail-mode", "on"),)))
    for way in (plan, plan.other):
        assert way is not None
        assert way.preview[-1] == "a turn is in flight: the change waits until it is over"
        assert way.preview.count("a turn is in flight: the change waits until it is over") == 1


def test_a_turn_that_a_dead_v34_will_never_get_is_not_announced(harness: ControlHarness) -> None:
    harness.see(in_phase="llm")
    assert harness.plan(Flip((("tail-mode", "on"),))).preview[-1] == STOPPED


def test_a_restart_of_a_v34_that_does_not_run_is_refused_with_the_command(harness: ControlHarness) -> None:
    plan = harness.plan(Restart())
    assert (plan.label, plan.preview) == ("restart v34", ("no file is changed",))
    assert (
        plan.refusal
        == f"v34 is not running; start it, for example: cd {harness.config.parent} && python app.py --debug"
    )


@pytest.mark.parametrize(("name", "label"), [("mine", "restore point mine"), ("", "restore point")])
def test_a_restore_point_says_what_it_keeps_and_restarts_nothing(
    harness: ControlHarness, name: str, label: str
) -> None:
    lines = ("keeps the code files of v34/ and shared/, byte for byte, outside the repository",)
    assert shown(harness, CreatePoint(name)) == (label, lines)


def kept(harness: ControlHarness, key: str, value: str) -> str:
    """Change a flag and keep it; the operation."""
    op = harness.flip(key, value)
    assert harness.answer("keep") is ChangeState.KEPT
    return op


def made_at(harness: ControlHarness, op: str) -> str:
    (operation,) = [one for one in harness.journal.operations() if one.op == op]
    return f"takes back the change of {datetime.fromtimestamp(operation.started):%Y-%m-%d %H:%M:%S}"


def test_an_undo_takes_the_newest_change_or_the_one_that_is_named(harness: ControlHarness) -> None:
    first, second = kept(harness, "retrieved-chunks", "3"), kept(harness, "retrieval", "off")
    plan = harness.plan(Undo())
    assert (plan.label, plan.undoes, plan.point) == ("undo retrieval on→off", second, "")
    assert plan.preview == (
        made_at(harness, second), "v34/config.py: byte for byte as before",
        "  RETRIEVAL_ENABLED: False → True", STOPPED,
    )  # fmt: skip
    named = harness.plan(Undo(first))
    assert (named.label, named.undoes) == ("undo retrieved chunks 5→3", first)
    assert named.preview == (
        made_at(harness, first), f"{harness.config} was changed since; its bytes stay. Only this is put back:",
        "v34/config.py:12", "- NUM_RETRIEVED_CHUNKS = 3", "+ NUM_RETRIEVED_CHUNKS = 5", STOPPED,
    )  # fmt: skip


def test_an_undo_never_goes_on_to_an_older_change_unasked(harness: ControlHarness) -> None:
    """Pressed twice, or by two people, it must not take back what nobody has looked at."""
    first, second = kept(harness, "retrieved-chunks", "3"), kept(harness, "retrieval", "off")
    harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert harness.plan(Undo()).refusal == (
        f"retrieval on→off is undone already. To undo the one before it, retrieved chunks 5→3: timmy-tui undo {first}"
    )
    assert harness.plan(Undo(second)).refusal == "retrieval on→off is undone already."
    harness.start(Undo(first))
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert harness.plan(Undo()).refusal == "retrieval on→off is undone already."


def test_the_undo_of_an_undo_is_a_flip(harness: ControlHarness) -> None:
    kept(harness, "retrieval", "off")
    harness.start(Undo())
    harness.until_over()
    undo = harness.journal.operations()[-1]
    assert harness.plan(Undo(undo.op)).refusal == "undo retrieval on→off is an undo itself."


def test_without_a_change_there_is_nothing_to_undo_or_keep(harness: ControlHarness) -> None:
    assert harness.plan(Undo()).refusal == "there is no change to undo."
    with pytest.raises(ControlError, match="no change is open: nothing was changed yet"):
        harness.controller.keep()


def test_a_keep_after_the_end_says_how_it_ended(harness: ControlHarness) -> None:
    op = kept(harness, "retrieved-chunks", "3")
    with pytest.raises(ControlError, match=r"no change is open: retrieved chunks 5→3 has ended, kept\."):
        harness.controller.keep()
    harness.start(Undo())
    harness.until_over()
    with pytest.raises(ControlError, match="retrieved chunks 5→3 has ended, rolled back"):
        harness.controller.keep(op)
    with pytest.raises(ControlError, match="the journal has no operation none"):
        harness.controller.keep("none")


def test_an_undo_by_hand_leaves_nothing_to_undo(harness: ControlHarness) -> None:
    before = harness.config.read_bytes()
    op = kept(harness, "retrieved-chunks", "3")
    aged(harness.config, before)
    assert harness.plan(Undo()).refusal == "Nothing to undo: the files are as they were before the change."
    assert harness.plan(Undo(op)).refusal == "Nothing to undo: the files are as they were before the change."
    assert harness.plan(Undo("none")).refusal == "the journal has no operation none."


POINT_FIRST = "a restore point before-restore-… is made first"


def test_a_restore_takes_every_code_file_that_differs(harness: ControlHarness) -> None:
    kept(harness, "retrieved-chunks", "3")
    aged(harness.root / "shared/own.py", b"RETRIES = 5\n")
    assert shown(harness, Restore("first-state")) == (
        "restore first-state",
        (
            "2 code files are put back as in first-state: +3 −2 lines", POINT_FIRST, STOPPED,
            "shared/own.py +2 −1", "v34/config.py +1 −1",
        ),
    )  # fmt: skip
    for names in (("shared/own.py",), ("shared/",)):
        assert harness.plan(Restore("first-state", names)).preview == (
            "1 code file is put back as in first-state: +2 −1 lines",
            "left as it is: 1 code file, not asked for", POINT_FIRST, STOPPED,
            "shared/own.py +2 −1", "left as it is: v34/config.py (differs +1 −1)",
        )  # fmt: skip
    assert harness.plan(Restore("first-state", ("v34/", "shared"))).preview == shown(harness, Restore("first-state"))[1]


def test_what_is_made_again_and_what_stays_is_said(harness: ControlHarness) -> None:
    (harness.root / "v34/llm.py").unlink()
    aged(harness.root / "shared/new.py", b"A = 1\n")
    aged(harness.root / "shared/newer.py", b"A = 1\n")
    aged(harness.root / "shared/own.py", harness.root.joinpath("shared/own.py").read_bytes().replace(b"\n", b"\r\n"))
    harness.app.with_name("second-name").hardlink_to(harness.app)
    _, lines = shown(harness, Restore("first-state"))
    assert lines[1:3] == (
        "not on disk now, and made again: v34/llm.py", "left as they are: 2 code files, only on disk",
    )  # fmt: skip
    two_names = "has 2 names (hard links); replacing it would separate them"
    assert lines[3] == f"cannot be restored: v34/app.py ({two_names})"
    assert lines[4:7] == (POINT_FIRST, STOPPED, "shared/own.py only the ends of lines")
    assert lines[7].startswith("v34/llm.py +") and lines[7].endswith(" −0, made again")
    assert lines[8:] == (
        "left as it is: shared/new.py (only on disk)", "left as it is: shared/newer.py (only on disk)",
        f"left as it is: v34/app.py (cannot be restored: {two_names})",
    )  # fmt: skip


def test_a_restore_of_what_is_the_same_is_refused(harness: ControlHarness) -> None:
    assert harness.plan(Restore("first-state")).refusal == "Nothing to restore: no code file differs from first-state."
    same = "Nothing to restore: v34/app.py, v34/llm.py do not differ from first-state."
    assert harness.plan(Restore("first-state", ("v34/app.py", "v34/llm.py"))).refusal == same


def test_at_most_six_other_files_are_named(harness: ControlHarness) -> None:
    for number in range(8):
        aged(harness.root / f"shared/own{number}.py", b"A = 1\n")
    git(harness.root, "add", "shared")
    git(harness.root, "commit", "-qm", "more")
    git(harness.root, "tag", "second-state")
    for number, more in ((6, ""), (7, " and 1 more"), (8, " and 2 more")):
        for changed in range(number):
            aged(harness.root / f"shared/own{changed}.py", b"A = 222\n")
        names = ", ".join(f"shared/own{changed}.py" for changed in range(6))
        refusal = harness.plan(Restore("second-state", ("v34/app.py",))).refusal
        assert refusal.endswith(f"does not differ from second-state. Others do: {names}{more}."), number


def test_a_restore_makes_its_own_restore_point_each_time(harness: ControlHarness) -> None:
    kept(harness, "retrieved-chunks", "3")
    harness.start(Restore("first-state"))
    assert harness.until_over() is ChangeState.KEPT
    assert harness.marks[-1] == ("change", "restore first-state")
    assert len(harness.restore_points("before-restore-")) == 1
    assert shown(harness, RestoreLatest()) == (
        "return to latest",
        (
            "1 code file is put back as before the first restore: +1 −1 lines", POINT_FIRST, STOPPED,
            "v34/config.py +1 −1",
        ),
    )  # fmt: skip
    harness.start(RestoreLatest())
    harness.until_over()
    assert len(harness.restore_points("before-restore-")) == 2
    assert "NUM_RETRIEVED_CHUNKS = 3" in harness.config.read_text()


def test_only_the_first_change_of_a_run_makes_a_restore_point(harness: ControlHarness, root: Path, state: Path) -> None:
    for key, value in (("retrieved-chunks", "3"), ("retrieval", "off"), ("retrieved-chunks", "4")):
        kept(harness, key, value)
    (name,) = harness.restore_points("before-")
    assert name.startswith("before-retrieved-chunks-")
    assert [notice for notice in harness.notices if "restore point" in notice[0]] == [
        (f"restore point {name} made", "muted")
    ]
    harness.controller.close()
    with controller_on(Service(root), state, replace(NO_SERVICE, flags=OWN)) as again:
        kept(again, "retrieval", "on")
        assert len(again.restore_points("before-retrieval-")) == 1


def test_an_undo_makes_no_restore_point(harness: ControlHarness, root: Path, state: Path) -> None:
    kept(harness, "retrieved-chunks", "3")
    harness.controller.close()
    with controller_on(Service(root), state, replace(NO_SERVICE, flags=OWN)) as again:
        again.start(Undo())
        assert again.until_over() is ChangeState.ROLLED_BACK
        assert len(again.restore_points("before-")) == 1


def test_a_plan_that_cannot_be_made_has_the_word_of_its_request(harness: ControlHarness) -> None:
    def refused(request: ChangeRequest) -> ChangePlan:
        plan = harness.plan(request)
        assert plan.refusal and plan.preview == () and plan.planned == ()
        return plan

    words = [refused(one).label for one in (Flip((("none", "1"),)), Undo(), Restore("none"), RestoreLatest())]
    assert words == ["flip", "undo", "restore", "latest"]
