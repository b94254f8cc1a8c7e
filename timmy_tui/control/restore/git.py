"""The git binary, asked so that nothing of the user's repository moves: no checkout, a private index, no hooks."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from timmy_tui.control.errors import Refused
from timmy_tui.control.restore.code import FOLDERS, is_code

LIMIT_S = 10.0
"""Seconds for one call."""
FILTER_S = 0.2
"""Seconds more for every file that goes through the user's filters: each may be a program of its own."""
REFS = "refs/timmy-tui/restore/"
"""Outside refs/heads and refs/tags: not pushed by default, and a commit may hold the file with the password."""
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
    """git is absent, refused, or took longer than it may; what was asked for has not happened.

    ``reason`` says why in one sentence, ``hint`` what git itself offers as a remedy; it is never run from here.
    """

    def __init__(self, reason: str, hint: str = "", code: int = 0) -> None:
        """``code``: of git's exit; 0 when it did not run to its end."""
        super().__init__(reason, hint=hint)
        self.code = code

    @property
    def text(self) -> str:
        """Reason and remedy."""
        return f"{self.reason} {self.hint}".strip()


class Git:
    """One repository, whose top is ``root``."""

    def __init__(self, root: Path) -> None:
        """Raises GitError when git is absent, or ``root`` is not the top of a repository that git trusts."""
        binary = shutil.which("git")
        if binary is None:
            raise GitError("git is not installed.")
        self.root = root
        self._binary = binary
        top = self._line("rev-parse", "--show-toplevel")
        if os.path.realpath(top) != os.path.realpath(root):
            raise GitError(f"{root} is not the top of its repository, which is {top}.")

    def refs(self, *patterns: str) -> dict[str, str]:
        """Object by ref name, for the refs that ``patterns`` name, or are below them; no object is read."""
        out = self.run("for-each-ref", "--format=%(refname) %(objectname)", *patterns)
        return dict(line.split(" ") for line in out.decode(errors="surrogateescape").splitlines())

    def kinds(self, objects: Sequence[str]) -> dict[str, tuple[str, int]]:
        """(``commit``, ``tag``, ``tree`` or ``blob``, bytes) of each; one that the repository lacks is left out."""
        if not objects:
            return {}
        out = self.run("cat-file", "--batch-check", stdin=_lines(objects))
        facts = [line.split() for line in out.decode().splitlines()]
        return {fact[0]: (fact[1], int(fact[2])) for fact in facts if len(fact) == 3}

    def contents(self, objects: Sequence[str]) -> dict[str, bytes]:
        """The raw bytes of each; one that the repository lacks is left out."""
        if not objects:
            return {}
        out = self.run("cat-file", "--batch", stdin=_lines(objects))
        found, at = {}, 0
        while at < len(out):
            end = out.index(b"\n", at)
            name, *fact = out[at:end].decode().split()
            at = end + 1
            if len(fact) == 2:
                size = int(fact[1])
                found[name] = out[at : at + size]
                at += size + 1
        return found

    def checked_out(self, blobs: Sequence[tuple[str, str]]) -> list[bytes]:
        """Each (blob, path) as a checkout would write it: the repository's filters and rules for line ends applied."""
        if not blobs:
            return []
        mark = secrets.token_hex(16)  # git says the size before the filters, not after them
        stdin = _lines([f"{blob} {path}" for blob, path in blobs])
        out = self.run("cat-file", "--filters", f"--batch={mark}", stdin=stdin, files=len(blobs))
        found = out.split(f"{mark}\n".encode())[1:]
        if len(found) != len(blobs):
            raise GitError("git lacks some of these files: the repository is damaged.")
        return [data[:-1] for data in found]

    def hashes(self, paths: Sequence[str]) -> list[str]:
        """Blobs that these files of the work tree would become, clean filters applied; nothing is stored."""
        if not paths:
            return []
        return self.run("hash-object", "--stdin-paths", stdin=_lines(paths), files=len(paths)).decode().split()

    def keep(self, ref: str, files: Sequence[str], message: str) -> str:
        """Record the code files as they are on disk in a new commit under ``ref``; its hash.

        Raises GitError, also when the ref is taken. HEAD, index and work tree stay byte for byte: the commit is built
        in an index of its own, which is HEAD's with ``files``, and without the code files that are gone from the disk.
        """
        with tempfile.TemporaryDirectory(prefix="timmy-tui-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            head = self._head()
            self.run(*(("read-tree", head) if head else ("read-tree", "--empty")), env=env)
            self.run("add", "-f", "--", *(f":(literal){file}" for file in files), env=env, files=len(files))
            self._forget_missing(env)
            tree = self._line("write-tree", env=env)
        parent = ("-p", head) if head else ()
        commit = self._line("commit-tree", tree, *parent, "-m", message, env=_IDENTITY)
        self.run("update-ref", "--create-reflog", "-m", message, ref, commit, "", env=_IDENTITY)
        return commit

    def _head(self) -> str | None:
        """None in a repository without a commit."""
        try:
            return self._line("rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}")
        except GitError as error:
            if error.code != 1:
                raise
            return None

    def _forget_missing(self, env: Mapping[str, str]) -> None:
        known = self.run("ls-files", "-z", "--", *FOLDERS, env=env).decode(errors="surrogateescape").split("\0")
        gone = [path for path in known if is_code(path) and not os.path.lexists(self.root / path)]
        if gone:
            self.run("update-index", "--force-remove", "-z", "--stdin", env=env, stdin="\0".join(gone).encode())

    def _line(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        return self.run(*arguments, env=env).decode(errors="surrogateescape").strip()

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", files: int = 0) -> bytes:
        """One call; ``files`` is how many of them go through filters. Raises GitError with git's own complaint."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        argv = [self._binary, "-C", str(self.root), "--no-pager", "--no-optional-locks", *settings, *arguments]
        limit_s = LIMIT_S + FILTER_S * files
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
                out, complaint = process.communicate(stdin, timeout=limit_s)
            except subprocess.TimeoutExpired:
                # its filters are children that hold the same pipes
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                raise GitError(f"git {arguments[0]} took longer than {limit_s:.0f} s.") from None
        if process.returncode != 0:
            reason, hint = _explained(complaint.decode(errors="replace"), self.root)
            raise GitError(reason or f"git {arguments[0]} failed ({process.returncode}).", hint, process.returncode)
        return out


def _lines(texts: Sequence[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's git settings by environment, no questions, messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **extra}


def _explained(complaint: str, root: Path) -> tuple[str, str]:
    """git's complaint as one sentence, and the remedy that git names; empty where there is none."""
    lines = [text.strip() for text in complaint.splitlines() if text.strip()]
    said = next((text for text in lines if text.startswith(("fatal: ", "error: "))), lines[0] if lines else "")
    said = re.sub("^(fatal|error): ", "", said).rstrip(".")
    if "dubious ownership" in said:
        remedy = next((text for text in lines if text.startswith("git config --global --add safe.directory ")), "")
        hint = f"If you trust it: {remedy}" if remedy else ""
        return f"git does not trust {root}: it belongs to another user (dubious ownership).", hint
    if said.startswith("not a git repository"):
        if os.path.lexists(root / ".git"):
            return f"git cannot use {root / '.git'}: it is damaged, or may not be read.", ""
        return f"{root} is not a git repository.", ""
    if "File exists" in said and ".lock" in said:
        return f"git says: {said}.", "Another git is at work; if none is, remove that file."
    return f"git says: {said}." if said else "", ""
