"""Screen 5 and the shell show flags and restore points, and change nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on
from tests.control.services import Service
from tests.control.shell import Shell
from timmy_tui.core.errors import ControlError
from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs
from timmy_tui.model.user_requests import ChangeRequest, CreatePoint, Flip, Restore, RestoreLatest, Undo


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """With logs of a few turns, and as little code as there can be."""
    service = Service(tmp_path / "timmy")
    write_logs(service.root, ConversationPlan(6))
    service.folder.mkdir(exist_ok=True)
    service.config.write_text('USE_FULL_MEGA_PROMPT = True\nDEBUG_MODE = False\nDB_CONFIG = {"password": "canary"}\n')
    service.app.write_text("llm.generate_api_call(p, context=c, raw=True, temperature=t)\n")
    return service


@pytest.fixture
def harness(service: Service, state: Path) -> Iterator[ControlHarness]:
    with controller_on(service, state) as harness:
        yield harness


def test_flags_are_seen_and_nothing_else_of_the_file(harness: ControlHarness) -> None:
    harness.controller.poll()
    shown = harness.controller.state()
    values = {flag.key: flag.file_value for flag in shown.flags}
    assert values["tail-mode"] == "off"
    assert values["raw"] == "on"
    assert shown.service.startswith("port 9: not running; start it, for example: cd ")
    assert "canary" not in repr(shown)


def test_a_restore_point_is_made_and_listed(harness: ControlHarness) -> None:
    before = harness.contents()
    plan = harness.plan(CreatePoint("before-trying"))
    assert plan.refusal == ""
    assert "before-trying" in harness.controller.start(plan)
    assert harness.restore_points() == ["before-trying"]
    assert harness.contents() == before


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Flip((("tail-mode", "perhaps"),)), "it takes on or off"),
        (Flip((("tail-mod", "on"),)), "Did you mean tail-mode?"),
        (Flip((("debug-mode", "on"),)), "--debug on v34's command line overwrites it"),
        (Flip((("tail-mode", "off"),)), "has that value already"),
        (Undo(), "there is no change to undo"),
        (Undo("nothing"), "the journal has no operation nothing"),
        (Restore("nowhere"), "there is no own restore point nowhere, and git's tags could not be looked at"),
        (RestoreLatest(), "nothing was restored"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(harness: ControlHarness, asked: ChangeRequest, why: str) -> None:
    before = harness.contents()
    plan = harness.plan(asked)
    assert why in plan.refusal
    with pytest.raises(ControlError):
        harness.controller.start(plan)
    assert harness.contents() == before


def test_an_answer_that_nobody_waits_for_is_refused(harness: ControlHarness) -> None:
    with pytest.raises(ControlError, match="no change is running"):
        harness.controller.answer("keep")


def test_the_shell_shows_the_same_flags_and_restore_points(service: Service, tmp_path: Path) -> None:
    shell = Shell(service.root, tmp_path / "xdg")

    def printed(*arguments: str) -> str:
        done = shell.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    flags = {flag["key"]: flag for flag in json.loads(printed("flags", "--json"))}
    assert flags["tail-mode"]["file"] == "off"
    assert flags["tail-mode"]["running"] == "off"
    assert "canary" not in json.dumps(flags)
    assert "point-one" in printed("restore-points", "create", "point-one")
    assert "point-one" in printed("restore-points", "list")
    assert "no code file differs" in printed("restore-points", "show", "point-one")
    service.app.write_text("x = 1\n")
    assert "v34/app.py" in printed("restore-points", "show", "point-one")
