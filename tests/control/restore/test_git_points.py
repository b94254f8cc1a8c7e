"""Refs of every kind as restore points: how many code files each holds, why one cannot be restored, at what cost."""

import time
from pathlib import Path

import pytest

from tests.control.shell import Shell
from tests.control.timmy_files import CODE, aged, git
from timmy_tui.control.errors import Refused
from timmy_tui.control.restore.git import Git
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.core.errors import NotFound
from timmy_tui.model.change import RestorePoint

BLOB = "not a commit: it names the content of a file (a blob)"
TREE = "not a commit: it names a folder (a tree)"
NO_SERVICE = '[services]\nv34 = "http://127.0.0.1:9"\n'


@pytest.fixture
def tagged(repository: Path) -> Path:
    """A tag of every kind; ``small`` has one code file."""
    git(repository, "tag", "blobtag", "HEAD:v34/app.py")
    git(repository, "tag", "treetag", "HEAD^{tree}")
    git(repository, "tag", "-a", "annotated", "-m", "the first\nstate\n\nand more", "HEAD")
    git(repository, "-c", "advice.nestedTag=false", "tag", "-a", "tag-of-tag", "-m", "again", "annotated")
    git(repository, "tag", "-a", "tag-of-blob", "-m", "a blob", "blobtag")
    tree = git(repository, "rev-parse", "HEAD:shared").strip()
    git(repository, "read-tree", "--empty")
    git(repository, "read-tree", "--prefix=shared/", tree)
    small = git(repository, "commit-tree", git(repository, "write-tree").strip(), "-m", "small").strip()
    git(repository, "update-ref", "refs/tags/-small", small)
    git(repository, "update-ref", "refs/tags/größe/1", small)
    return repository


def listed(points: RestorePoints) -> dict[str, RestorePoint]:
    return {point.name: point for point in points.list()}


def test_every_ref_has_its_true_number_of_files_or_the_reason(tagged: Path, state: Path) -> None:
    points = listed(RestorePoints(tagged, state))
    assert {name: (point.files, point.problem) for name, point in points.items()} == {
        "before-kv-cache-fix": (CODE, ""),
        "annotated": (CODE, ""),
        "tag-of-tag": (CODE, ""),
        "-small": (("shared/latency_tracker.py",), ""),
        "größe/1": (("shared/latency_tracker.py",), ""),
        "blobtag": (None, BLOB),
        "tag-of-blob": (None, BLOB),
        "treetag": (None, TREE),
    }
    assert points["annotated"].note == "the first state" and points["-small"].note == "small"
    made = points["tag-of-tag"].at
    assert made is not None and abs(made - time.time()) < 3600
    assert points["blobtag"].at is None


@pytest.mark.parametrize("name", ["blobtag", "refs/tags/treetag", "tag-of-blob"])
def test_what_is_not_a_commit_is_refused_with_what_it_is(tagged: Path, state: Path, name: str) -> None:
    points = RestorePoints(tagged, state)
    for act in (points.diff, points.plan):
        with pytest.raises(Refused) as refused:
            act(name)
        kind = TREE if "tree" in name else BLOB
        assert refused.value.message == f"{name} is {kind}; only a commit can be restored."
        assert "Did you mean" not in str(refused.value)


@pytest.mark.parametrize("name", ["annotated", "tag-of-tag", "refs/tags/annotated", "-small", "größe/1"])
def test_a_tag_is_followed_to_its_commit(tagged: Path, state: Path, name: str) -> None:
    edited = aged(tagged / "shared/latency_tracker.py", b"EDITED = True\n")
    RestorePoints(tagged, state).restore(name, ["shared"])
    assert edited.read_bytes() == b"def log_line(line):\n    print(line)\n"


@pytest.mark.parametrize(
    "name",
    ["annotated~1", "annotated^{tree}", "annotated:v34", "annotated@{0}", "annot*", "größe", "a\nb", "-x"],
)
def test_only_the_whole_name_of_a_ref_is_one(tagged: Path, state: Path, name: str) -> None:
    with pytest.raises(NotFound, match="there is no restore point"):
        RestorePoints(tagged, state).diff(name)


def test_the_command_lists_counts_and_reasons(tagged: Path, tmp_path: Path) -> None:
    shell = Shell(tagged, tmp_path / "xdg", NO_SERVICE)
    assert "5 files" in shell.run("restore-points", "create", "mine").stdout
    done = shell.run("restore-points", "list")
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in done.stdout.splitlines()}
    assert rows["mine"] == "own 5 files"
    assert rows["annotated"] == "git tag 4 files the first state"
    assert rows["-small"] == "git tag 1 file small"
    assert rows["blobtag"] == f"git tag — files {BLOB}"
    for command in (("show", "blobtag"), ("restore", "blobtag", "--yes")):
        refused = shell.run("restore-points", *command)
        assert refused.returncode == 1 and f"blobtag is {BLOB}" in refused.stderr
    assert "own 5 files" in " ".join(shell.run("restore-points", "list").stdout.split())
    assert shell.run("restore-points", "show", "refs/tags/-small").returncode == 0


def test_links_submodules_and_names_that_cannot_be_printed_are_not_counted(repository: Path, state: Path) -> None:
    (repository / "v34/config.py").touch()  # git would take it for unchanged by its size and time
    (repository / "v34/link.py").symlink_to("app.py")
    (repository / "v34/a\nb").mkdir()
    aged(repository / "v34/a\nb/x.py", b"X = 1\n")
    aged(repository / "v34/with space.py", b"X = 1\n")
    aged(repository / "v34/-dash.py", b"X = 1\n")
    aged(repository / "v34/ünï.py", b"X = 1\n")
    (repository / "v34/site-packages").mkdir()
    aged(repository / "v34/site-packages/x.py", b"X = 1\n")
    inner = repository / "v34/inner"
    inner.mkdir()
    git(inner, "init", "-q")
    aged(inner / "x.py", b"X = 1\n")
    git(inner, "add", "x.py")
    git(inner, "commit", "-qm", "inner")
    git(repository, "-c", "advice.addEmbeddedRepo=false", "add", "-A")
    git(repository, "commit", "-qm", "all")
    git(repository, "tag", "all")
    expected = tuple(sorted([*CODE, "v34/new.py", "v34/with space.py", "v34/-dash.py", "v34/ünï.py"]))
    points = RestorePoints(repository, state)
    tag = listed(points)["all"]
    assert tag.files == expected
    assert tag.left_out == (
        "v34/a\nb/x.py (its name has characters that cannot be printed)", "v34/link.py (a symbolic link)",
    )  # fmt: skip
    own = points.create("mine")
    assert own.files == expected
    assert own.left_out == tuple(sorted([*tag.left_out, "v34/inner/ (a repository of its own)"]))
    assert own.not_in_git == "", "git takes what is no file of a submodule"
    assert points.diff("all") == () == points.diff("mine")
    for name in ("v34/with space.py", "v34/-dash.py", "v34/ünï.py"):
        aged(repository / name, b"X = 2\n")
    points.restore("all", ["v34/with space.py", "v34/-dash.py", "v34/ünï.py"])
    assert points.diff("all") == ()
    with pytest.raises(Refused, match="v34/inner is not restored: v34/inner/ is a repository of its own"):
        points.plan("all", ["v34/inner"])


def test_a_repository_that_lacks_objects_says_so_for_the_refs_that_need_them(tagged: Path, state: Path) -> None:
    git(tagged, "update-ref", "refs/tags/other", git(tagged, "rev-parse", "refs/tags/-small").strip())
    for lost in ("before-kv-cache-fix^{tree}", "tag-of-tag"):
        name = git(tagged, "rev-parse", lost).strip()
        (tagged / ".git/objects" / name[:2] / name[2:]).unlink()
    points = RestorePoints(tagged, state)
    found = listed(points)
    assert points.list_problems == ()
    assert found["-small"].files == ("shared/latency_tracker.py",) and found["blobtag"].problem == BLOB
    assert found["before-kv-cache-fix"].files is None and "damaged" in found["before-kv-cache-fix"].problem
    assert found["tag-of-tag"].files is None and "damaged" in found["tag-of-tag"].problem
    for name in ("before-kv-cache-fix", "tag-of-tag"):
        with pytest.raises(Refused, match="damaged"):
            points.diff(name)
    blob = git(tagged, "rev-parse", "refs/tags/-small:shared/latency_tracker.py").strip()
    (tagged / ".git/objects" / blob[:2] / blob[2:]).unlink()
    aged(tagged / "shared/latency_tracker.py", b"EDITED = True\n")
    with pytest.raises(Refused, match="damaged"):
        points.plan("-small", ["shared/latency_tracker.py"])


def test_a_second_listing_of_many_tags_asks_git_once(
    repository: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    for number in range(40):
        tree = git(repository, "rev-parse", "HEAD^{tree}").strip()
        made = git(repository, "commit-tree", tree, "-m", f"state {number}").strip()
        git(repository, "update-ref", f"refs/tags/state-{number}", made)
    asked: list[str] = []
    run = Git.run

    def counted(self: Git, *arguments: str, **options: object) -> bytes:
        asked.append(arguments[0])
        return run(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Git, "run", counted)
    points = RestorePoints(repository, state)
    assert len([point for point in points.list() if point.files == CODE]) == 41
    assert len(asked) <= 8
    asked.clear()
    assert len(points.list()) == 41 and asked == ["for-each-ref"]
    git(repository, "tag", "one-more", commit)
    assert len(points.list()) == 42


def test_more_refs_than_five_hundred_are_all_listed(repository: Path, state: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD").strip()
    lines = [f"{commit} refs/tags/n{number}" for number in range(501)]
    with (repository / ".git/packed-refs").open("a") as packed:
        packed.write("\n".join(["# pack-refs with: peeled fully-peeled sorted ", *sorted(lines)]) + "\n")
    points = listed(RestorePoints(repository, state))
    assert len(points) == 502 and points["n500"].files == CODE


def test_own_refs_have_the_code_of_the_disk_and_no_file_that_was_gone(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    (repository / "shared/latency_tracker.py").unlink()
    (repository / "v34/notes.md").write_text("data\n")
    git(repository, "add", "v34/notes.md")
    git(repository, "commit", "-qm", "notes")
    RestorePoints(repository, tmp_path / "one").create("mine")
    # Another machine's copies: only git has the point here.
    points = RestorePoints(repository, tmp_path / "other")
    point = listed(points)["mine"]
    assert point.kind == "git ref" and point.files == ("v34/app.py", "v34/config.py", "v34/llm.py", "v34/new.py")
    assert points.diff("mine") == ()
    assert "v34/notes.md" in git(repository, "ls-tree", "-r", "--name-only", "refs/timmy-tui/restore/mine")
