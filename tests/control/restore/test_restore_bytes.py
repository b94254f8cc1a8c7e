"""What a restore writes is what git's own checkout writes, and nothing differs afterwards, whatever rules git has."""

import shutil
from pathlib import Path

import pytest

from tests.control.timmy_files import aged, git
from timmy_tui.control.restore.git import GitError
from timmy_tui.control.restore.points import RestorePoints

LF, CRLF = b"A = 1\nB = 2\nC = 3\n", b"A = 1\r\nB = 2\r\nC = 3\r\n"
FILES = {
    "v34/lf.py": LF,
    "v34/crlf.py": CRLF,
    "v34/mixed.py": b"A = 1\r\nB = 2\nC = 3\r\n",
    "v34/no end.py": b"A = 1",
    "shared/empty.py": b"",
    "shared/marked.py": b"# $Id$\nA = 'PLACE'\n",
    "shared/grüße.py": "A = 'grün'\n".encode(),
}
"""Upstream has both kinds of line ends in its repository."""
FILTER = ("filter.place.smudge=sed s/PLACE/%real%/", "filter.place.clean=sed s/%real%/PLACE/")
RULES = {
    "none": ((), ""),
    "autocrlf": (("core.autocrlf=true",), ""),
    "autocrlf input": (("core.autocrlf=input",), ""),
    "autocrlf and safecrlf": (("core.autocrlf=true", "core.safecrlf=true"), ""),
    "core.eol": (("core.eol=crlf",), "*.py text=auto\n"),
    "text": ((), "*.py text\n"),
    "eol=crlf": ((), "*.py text eol=crlf\n"),
    "eol=lf": (("core.autocrlf=true",), "*.py text eol=lf\n"),
    "binary": (("core.autocrlf=true",), "*.py -text\n"),
    "ident": ((), "*.py ident\n"),
    "filter": (FILTER, "*.py filter=place\n"),
    "filter and autocrlf": ((*FILTER, "core.autocrlf=true"), "*.py filter=place\n"),
    "a filter that is not set": ((), "*.py filter=absent\n"),
}


@pytest.fixture
def committed(root: Path) -> Path:
    """FILES as they are, byte for byte, in a commit with a tag."""
    git(root, "init", "-q", "-b", "main")
    for name, data in FILES.items():
        aged(root / name, data)
    git(root, "add", "v34", "shared/latency_tracker.py", *FILES)
    git(root, "commit", "-qm", "first")
    return root


def set_rules(root: Path, settings: tuple[str, ...], attributes: str) -> None:
    """Then the files as git writes them now."""
    for setting in settings:
        git(root, "config", *setting.split("=", 1))
    (root / ".gitattributes").write_text(attributes)
    git(root, "add", ".gitattributes")
    git(root, "commit", "-qm", "rules", "--allow-empty")
    git(root, "tag", "old")
    for name in FILES:
        (root / name).unlink()
    git(root, "checkout", "old", "--", "v34/", "shared/")


@pytest.mark.parametrize("rules", RULES)
def test_restored_bytes_are_those_of_a_checkout(committed: Path, state: Path, tmp_path: Path, rules: str) -> None:
    root = committed
    set_rules(root, *RULES[rules])
    points = RestorePoints(root, state)
    assert points.diff("old") == (), "nothing was edited yet"

    if "filter=place" in RULES[rules][1]:
        assert b"%real%" in (root / "shared/marked.py").read_bytes()
    for name in FILES:
        aged(root / name, b"EDITED = True\n" + (root / name).read_bytes())
    (root / "v34/lf.py").unlink()
    assert [one.path for one in points.diff("old")] == sorted(FILES)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy, symlinks=True)

    points.restore("old", ["v34/", "shared/"])
    git(copy, "checkout", "old", "--", "v34/", "shared/")
    for name in FILES:
        assert (root / name).read_bytes() == (copy / name).read_bytes(), name
    assert points.diff("old") == ()
    assert git(root, "diff", "--stat") == git(copy, "diff", "--stat")
    assert git(root, "status", "--porcelain").replace("D ", "") == git(copy, "status", "--porcelain").replace("D ", "")


def test_a_filter_that_is_required_and_fails_is_said_and_nothing_is_written(committed: Path, state: Path) -> None:
    set_rules(committed, FILTER, "*.py filter=place\n")
    edited = aged(committed / "v34/lf.py", b"EDITED = True\n")
    git(committed, "config", "filter.place.smudge", "false")
    git(committed, "config", "filter.place.required", "true")
    points = RestorePoints(committed, state)
    with pytest.raises(GitError, match="git says: external filter .false. failed"):
        points.restore("old")
    assert edited.read_bytes() == b"EDITED = True\n"


def test_only_the_ends_of_lines_differ(committed: Path, state: Path) -> None:
    git(committed, "tag", "old")
    aged(committed / "v34/crlf.py", LF)
    (only,) = RestorePoints(committed, state).diff("old")
    assert (only.path, only.added, only.removed) == ("v34/crlf.py", 0, 0)


def test_a_program_that_is_made_again_is_one(committed: Path, state: Path) -> None:
    program = committed / "v34/lf.py"
    git(committed, "update-index", "--chmod=+x", "v34/lf.py")
    git(committed, "commit", "-qm", "program")
    git(committed, "tag", "old")
    program.unlink()
    RestorePoints(committed, state).restore("old")
    assert program.stat().st_mode & 0o111 and git(committed, "status", "--porcelain", "v34") == ""
