"""The git binary, asked so that nothing of the user's repository moves: no checkout, a private index, no hooks."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.edit.atomic_replace import LIMIT
from timmy_tui.control.errors import Refused

LIMIT_S = 10.0
"""Seconds for one call."""
REFS = "refs/timmy-tui/restore/"
"""Outside refs/heads and refs/tags: not pushed by default, and a commit may hold the file with the password."""
_MOST = 500
"""Refs listed, and files of one commit."""
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotepath=false",
    "gc.auto=0",
    "maintenance.auto=false",
)
_IDENTITY = {
    "GIT_AUTHOR_NAME": "timmy-tui",
    "GIT_AUTHOR_EMAIL": "timmy-tui@localhost",
    "GIT_COMMITTER_NAME": "timmy-tui",
    "GIT_COMMITTER_EMAIL": "timmy-tui@localhost",
}


class GitError(Refused):
    """git is absent, refused, or took longer than LIMIT_S; what was asked for has not happened."""


@dataclass(frozen=True)
class Ref:
    """A ref that can be restored from."""

    name: str
    """Full: ``refs/tags/before-kv-cache-fix``."""
    at: float | None
    subject: str
    """Foreign text."""


@dataclass(frozen=True)
class Blob:
    """A regular file of a commit."""

    path: str
    """Relative to the root."""
    sha: str
    size: int


class Git:
    """One repository, whose top is ``root``."""

    def __init__(self, root: Path) -> None:
        """Raises GitError when git is absent, or ``root`` is not the top of a repository that git trusts."""
        binary = shutil.which("git")
        if binary is None:
            raise GitError("git is not installed.")
        self.root = root
        self._binary = binary
        try:
            top = self._line("rev-parse", "--show-toplevel")
        except GitError as error:
            raise GitError(_why(error.reason, root)) from None
        if os.path.realpath(top) != os.path.realpath(root):
            raise GitError(f"{root} is not the top of its repository, which is {top}.")

    def commit(self, rev: str) -> str | None:
        """The commit that ``rev`` names, as a hash; None when it names none."""
        try:
            return self._line("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}")
        except GitError:
            return None

    def refs(self, *prefixes: str) -> list[Ref]:
        """Refs below ``prefixes``, newest first, at most 500."""
        form = "--format=%(refname)%00%(creatordate:unix)%00%(contents:subject)"
        out = self.run("for-each-ref", f"--count={_MOST}", "--sort=-creatordate", form, *prefixes)
        found = []
        for line in out.decode(errors="replace").splitlines():
            name, _, rest = line.partition("\0")
            when, _, subject = rest.partition("\0")
            found.append(Ref(name, float(when) if when.isdigit() else None, subject))
        return found

    def files(self, rev: str, folders: Sequence[str]) -> list[Blob]:
        """Regular files of a commit below ``folders``; links and submodules are left out."""
        out = self.run("ls-tree", "-r", "-l", "-z", "--end-of-options", rev, "--", *folders)
        blobs = []
        for record in out.decode(errors="surrogateescape").split("\0"):
            facts, _, path = record.partition("\t")
            parts = facts.split()
            if len(parts) == 4 and parts[0] in ("100644", "100755") and parts[3].isdigit():
                blobs.append(Blob(path, parts[2], int(parts[3])))
        return blobs[:_MOST]

    def hashes(self, paths: Sequence[str]) -> list[str]:
        """Blob hashes that these files of the work tree would get, clean filters applied; nothing is stored."""
        if not paths:
            return []
        out = self.run("hash-object", "--stdin-paths", stdin="".join(f"{path}\n" for path in paths).encode())
        return out.decode().split()

    def read(self, rev: str, path: str) -> bytes:
        """A file of a commit as a checkout would write it: the repository's line-end rules applied."""
        data = self.run("cat-file", "--filters", f"{rev}:{path}")
        if len(data) > LIMIT:
            raise GitError(f"{path} is larger than {LIMIT >> 20} MiB.")
        return data

    def keep(self, ref: str, files: Sequence[str], message: str) -> str:
        """Record ``files`` as they are on disk in a new commit under ``ref``; its hash. Raises GitError if it is taken.

        HEAD, index and work tree stay byte for byte: the commit is built in an index of its own.
        """
        with tempfile.TemporaryDirectory(prefix="timmy-tui-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            head = self.commit("HEAD")
            self.run(*(("read-tree", head) if head else ("read-tree", "--empty")), env=env)
            self.run("add", "-f", "--", *(f":(literal){file}" for file in files), env=env)
            tree = self._line("write-tree", env=env)
        parent = ("-p", head) if head else ()
        commit = self._line("commit-tree", tree, *parent, "-m", message, env=_IDENTITY)
        self.run("update-ref", "--create-reflog", "-m", message, ref, commit, "", env=_IDENTITY)
        return commit

    def _line(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        return self.run(*arguments, env=env).decode(errors="surrogateescape").strip()

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> bytes:
        """One call. Raises GitError with git's own first line of complaint."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        argv = [self._binary, "-C", str(self.root), "--no-pager", "--no-optional-locks", *settings, *arguments]
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(env or {}),
                start_new_session=True,
            )
        except OSError as error:
            raise GitError(f"git cannot be started: {error.strerror}.") from None
        with process:
            try:
                out, complaint = process.communicate(stdin, timeout=LIMIT_S)
            except subprocess.TimeoutExpired:
                # its filters are children that hold the same pipes
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise GitError(f"git {arguments[0]} took longer than {LIMIT_S:.0f} s.") from None
        if process.returncode != 0:
            lines = complaint.decode(errors="replace").strip().splitlines()
            raise GitError(lines[0] if lines else f"git {arguments[0]} failed ({process.returncode}).")
        return out


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's git settings by environment, no questions, messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **extra}


def _why(complaint: str, root: Path) -> str:
    """The reason for the screen; safe.directory is the user's to set, never ours."""
    if re.search("dubious ownership", complaint):
        return f"git does not trust {root}: it belongs to another user (dubious ownership)."
    if re.search("not a git repository", complaint):
        return f"{root} is not a git repository."
    return complaint
