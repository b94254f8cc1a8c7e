"""The guide to the KV cache, chapter by chapter, by the commands that README names for it, and by hand.

The tests of this module are its chapters and stand in its order; each goes on where the one before has ended.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.timmy_files import git
from tests.guide.timmy import TAG, GuidedTimmy, guided_timmy
from tests.waiting import wait_for

SETS_RAW = '    if raw:\n        payload["raw"] = True\n'
"""What *Change 1* takes out of ``llm.py``."""
REMOVED = "    # Removed: raw=True prevents context array returns in Ollama\n"


@pytest.fixture(scope="module")
def timmy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuidedTimmy]:
    """One Timmy for the whole guide."""
    with guided_timmy(tmp_path_factory.mktemp("guide")) as timmy:
        yield timmy


def counted(value: str) -> tuple[int, int]:
    """``(3, 5)`` of ``3 of 5 turns, …``."""
    found = re.match(r"(\d+) of (\d+) turns", value)
    assert found, value
    return int(found[1]), int(found[2])


def repository(timmy: GuidedTimmy) -> list[str]:
    """Its branches and tags, where HEAD points, and what differs from it."""
    asked = (("show-ref", "--heads", "--tags"), ("symbolic-ref", "HEAD"), ("status", "--porcelain"))
    return [git(timmy.root, *arguments) for arguments in asked]


def save(path: Path, text: str) -> None:
    """As an editor does: a new file under the old name."""
    beside = path.with_name(f".{path.name}.edited")
    beside.write_text(text)
    os.replace(beside, path)


def test_create_the_restore_point(timmy: GuidedTimmy) -> None:
    """The user's tag is one, and so is what timmy-tui makes; the repository stays as it is."""
    before = repository(timmy)
    timmy.run("restore-points", "create", "my-own")
    listed = timmy.run("restore-points", "list")
    assert re.search(rf"^{TAG} +git tag +4 files", listed, re.M), listed
    assert re.search(r"^my-own +own +4 files", listed, re.M), listed
    assert repository(timmy) == before


def test_diagnostic_findings(timmy: GuidedTimmy) -> None:
    """With raw=True no context array comes back, and the whole prompt is sent."""
    timmy.talk(4)
    assert set(timmy.grepped()) == {0}
    found = timmy.criteria()
    for key in ("context_returned", "phase1_context"):
        assert found[key][0] == "misleading" and counted(found[key][1])[0] == 0
    for key in ("phase2_tail", "phase2_llm", "phase2_total", "phase2_quality"):
        assert found[key][0] == "not judged" and found[key][1].startswith("tail mode is off")


def test_change_1_by_hand(timmy: GuidedTimmy) -> None:
    """*Remove raw=True* in llm.py, restart in the control panel, talk and type, look, and go back to the tag."""
    llm = timmy.root / "v34/llm.py"
    before = llm.read_text()
    assert SETS_RAW in before
    timmy.restart_by_panel()
    save(llm, before.replace(SETS_RAW, REMOVED))
    assert "v34 serves" in timmy.run("restart", "--yes", "--now")
    assert ("POST", "/api/stop/v34") in timmy.panel.requests and ("POST", "/api/start/v34") in timmy.panel.requests
    timmy.talk(3)
    assert timmy.type("what did I say about the doctor?")
    assert min(timmy.grepped()) > 0
    found = timmy.criteria()
    assert found["phase1_context"][0] == "pass" and counted(found["phase1_context"][1])[0] >= 3
    assert (
        timmy.run("flip", "raw", "off", "--yes")
        == "raw off: already running; v34/app.py says on, and does not decide\n"
    )
    assert "raw=True" in (timmy.root / "v34/app.py").read_text()
    timmy.run("restore-points", "restore", TAG, "v34/llm.py", "--yes", "--now")
    assert llm.read_text() == before


def test_change_1_and_test_1(timmy: GuidedTimmy) -> None:
    """Raw off alone, the whole prompt as before; 3–5 turns, spoken and typed; then every check of Phase 1."""
    timmy.talk(4)
    said = timmy.run("flip", "raw", "off", "--only", "--yes", "--now", "--wait", "--then", "keep")
    assert "kept, 2 turns show it" in said
    assert "raw=False" in (timmy.root / "v34/app.py").read_text()
    assert "USE_FULL_MEGA_PROMPT = True" in (timmy.root / "v34/config.py").read_text()
    timmy.talk(3)
    assert timmy.type("and what did the doctor say?")
    found = timmy.criteria()
    for key, told in (("context_returned", "misleading"), ("phase1_context", "pass")):
        returned, turns = counted(found[key][1])
        assert found[key][0] == told and returned == turns >= 5
        newest = int(found[key][1].split("newest ")[1].split(" ids")[0])
        # v34 writes its log in blocks: the latency log has told of the turn before.
        wait_for(lambda newest=newest: newest in timmy.grepped(last=100))  # type: ignore[misc]
    assert min(timmy.grepped()) > 0
    assert found["phase1_errors"][0] == "pass"
    assert " bad, reply " in found["phase1_quality"][1]
    assert ", was " in found["phase1_latency"][1], "against the epoch before"
    assert found["phase2_tail"][1].startswith("tail mode is off")
    assert found["count_zero"][0] == "misleading", "a count of 0 is not possible since Ollama 0.2"


def test_analyze_latency(timmy: GuidedTimmy) -> None:
    """``analyze_latency.py --tail 5``: five turns with their times, the context array, and Ollama's time."""
    timmy.talk(3)  # The newest turns may be those that the last restart cut.
    text = timmy.run("report", "--tail", "5")
    arrays = [int(one) for one in re.findall(r"context array sent \d+, returned (\d+)", text)]
    assert len(arrays) >= 3 and min(arrays) > 0
    assert len(re.findall(r"processing [\d.]+m?s \(without playback\)", text)) >= 3
    assert re.search(r"^llm +\d+ms", text, re.M) and re.search(r"^processing +[\d.]+m?s", text, re.M)


def test_change_2_and_test_2(timmy: GuidedTimmy) -> None:
    """Tail mode; then every check of Phase 2, and the signs that something broke."""
    said = timmy.run("flip", "tail-mode", "on", "--yes", "--now", "--wait", "--then", "keep")
    assert "kept, 2 turns show it" in said
    assert "USE_FULL_MEGA_PROMPT = False" in (timmy.root / "v34/config.py").read_text()
    timmy.talk(5)
    found = timmy.criteria()
    shown, later = counted(re.sub("^on in ", "", found["phase2_tail"][1]))
    assert found["phase2_tail"][0] == "pass" and shown == later >= 5, (
        "the first turn of a session is never in tail mode"
    )
    assert found["llm_time"] == found["phase2_llm"] and found["llm_time"][0] == "pass"
    assert found["total_time"][0] == "pass"
    for key in ("phase2_total", "phase2_quality"):
        assert found[key][0] in ("pass", "fail") and "was " in found[key][1]
    for key in ("broke_quality", "broke_context", "broke_persona", "broke_errors"):
        assert found[key][0] != "not judged"
    assert found["phase2_phase1"][1].endswith("3 pass")


def test_issues_and_solutions(timmy: GuidedTimmy) -> None:
    """*Issue 1* and *2*: signs in the replies; *Issue 3*: one SESSION_ID, the array passed on, the model in memory."""
    found = timmy.criteria()
    assert re.match(r"\d+ with template tokens, \d+ empty of \d+", found["broke_quality"][1])
    assert re.match(r"\d+ prompts cut, array lost 0× in \d+ turns", found["broke_context"][1])
    sessions = timmy.run("report", "--sessions", "--json")
    turns = [turn for turn in json.loads(sessions)["turns"] if turn["session_id"]]
    assert len({turn["session_id"] for turn in turns[-5:]}) == 1, "a turn without the session would start from nothing"
    assert re.search(r"^ok +model .*; unloads in (59m|1h00m) without a turn$", timmy.run("doctor"), re.M)


def test_the_guided_test_does_it_step_by_step(timmy: GuidedTimmy) -> None:
    """*Testing Plan*: begun and left; the steps themselves are tested with the judge."""
    assert timmy.run("trial") == "no guided test is open; timmy-tui trial start begins one\n"
    timmy.run("trial", "start", "guide")
    assert json.loads(timmy.run("trial", "--json"))["label"]
    timmy.run("trial", "stop")


def test_measure_results(timmy: GuidedTimmy) -> None:
    """*Measure results*: before against after, of the stage that the guide means."""
    said = timmy.run("compare", "flag:tail-mode=off", "flag:tail-mode=on")
    assert re.search(r"^llm +\d+ms +\d+ms +×0\.\d\d ", said, re.M), said


def test_rollback(timmy: GuidedTimmy) -> None:
    """*Rollback Instructions*: by undo, byte for byte; and done once more for the next chapter."""
    refs = repository(timmy)[:2]
    said = timmy.run("undo", "--yes", "--now")
    assert "takes back the change of" in said and "done, v34 serves" in said
    config, app = (timmy.root / "v34" / name for name in ("config.py", "app.py"))
    assert "USE_FULL_MEGA_PROMPT = True" in config.read_text() and "raw=False" in app.read_text()
    assert repository(timmy)[:2] == refs
    timmy.run("flip", "tail-mode", "on", "--yes", "--now")


def test_restore_everything(timmy: GuidedTimmy) -> None:
    """``git checkout before-kv-cache-fix`` and ``… -- v34/ shared/``, without leaving the branch or touching data."""
    data = timmy.root / "shared/notes.txt"
    data.write_text("not in the repository\n")
    changed, refs = timmy.code(), repository(timmy)[:2]
    assert changed != timmy.code(TAG)
    for where in ((), ("v34/", "shared/")):
        timmy.run("restore-points", "restore", TAG, *where, "--yes", "--now")
        assert timmy.code() == timmy.code(TAG)
        assert repository(timmy)[:2] == refs and data.read_text()
        timmy.run("restore-points", "restore", "--latest", "--yes", "--now")
        assert timmy.code() == changed, "*Return to Latest*"


@pytest.mark.parametrize("name", ["v34/config.py", "v34/app.py"])
def test_restore_specific_files(timmy: GuidedTimmy, name: str) -> None:
    """``git checkout before-kv-cache-fix -- FILE``: this one, and no other."""
    changed, tagged = timmy.code(), timmy.code(TAG)
    assert changed[name] != tagged[name]
    timmy.run("restore-points", "restore", TAG, name, "--yes", "--now")
    assert timmy.code() == {**changed, name: tagged[name]}
    timmy.run("restore-points", "restore", "--latest", "--yes", "--now")
    assert timmy.code() == changed


def test_commit_if_successful(timmy: GuidedTimmy) -> None:
    """The user commits; that is no edit, and the tag can be restored as before."""
    before = timmy.code()
    git(timmy.root, "commit", "-qam", "tail mode")
    assert git(timmy.root, "status", "--porcelain", "--untracked-files=no") == ""
    flags = timmy.shell.run("flags").stdout
    assert re.search(r"^tail-mode +on ", flags, re.M), flags
    timmy.run("restore-points", "restore", TAG, "--yes", "--now")
    assert timmy.code() == timmy.code(TAG)
    timmy.run("restore-points", "restore", "--latest", "--yes", "--now")
    assert timmy.code() == before


def test_readme_names_a_command_for_each_chapter(timmy: GuidedTimmy) -> None:
    """And each of these commands was run above."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    table = text.split("| the guide | on the screen | from the shell |")[1].split("\n\n")[0]
    commands = re.findall(r"`timmy-tui ([^`]+)`", table)
    assert len(commands) >= 12
    ran = [re.sub(rf"{TAG}|my-own", "NAME", one) for one in timmy.ran]
    missing = [command for command in commands if not any(one.startswith(command) for one in ran)]
    assert missing == []
