"""What the refs of a repository name, and which code files their commits hold.

An object of git never changes, so each is read once: the first listing of 500 tags takes some ten calls of git, every
later one takes one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from timmy_tui.control.restore.code import FOLDERS, UNPRINTABLE, passed_over
from timmy_tui.control.restore.git import Git, GitError

_DAMAGED = "the repository lacks objects of it: it is damaged"
_TREE, _FILES, _LINK = "40000", ("100644", "100755", "100664"), "120000"
_EXECUTABLE = "100755"


@dataclass(frozen=True)
class Blob:
    """A code file of a commit."""

    path: str
    """Relative to the root."""
    sha: str
    mode: str

    @property
    def executable(self) -> bool:
        return self.mode == _EXECUTABLE

    @property
    def left_out(self) -> str:
        """Why it is not restored, though it looks like code; empty when it is."""
        if self.mode == _LINK:
            return "a symbolic link"
        return "" if self.path.isprintable() else UNPRINTABLE


@dataclass(frozen=True)
class CommittedCode:
    """The code files of a commit."""

    blobs: tuple[Blob, ...]
    """Sorted by path."""
    left_out: tuple[str, ...]
    """What looks like a code file and is not restored, with the reason. Foreign text."""

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(blob.path for blob in self.blobs)


@dataclass(frozen=True)
class Named:
    """What a ref names."""

    commit: str = ""
    """Empty when it names none; ``problem`` says what it names instead."""
    at: float | None = None
    """When the commit, or the annotated tag, was made: seconds since the epoch."""
    subject: str = ""
    """Foreign text."""
    problem: str = ""
    tree: str = ""
    """Of the commit."""


@dataclass(frozen=True)
class _Head:
    """A commit or an annotated tag, as far as it is needed."""

    target: str
    target_kind: str
    at: float | None
    subject: str


class Catalog:
    """Commits, tags and trees that were read, of one repository."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self._kinds: dict[str, str] = {}
        self._heads: dict[str, _Head] = {}
        self._tops: dict[str, tuple[tuple[str, str], ...]] = {}
        """Root tree → (name, tree) of FOLDERS."""
        self._entries: dict[str, tuple[tuple[str, str, str], ...]] = {}
        """Tree → (mode, name, object) of the code files and folders in it."""
        self._code: dict[str, CommittedCode] = {}

    def named(self, objects: Sequence[str]) -> list[Named]:
        """What each object of a ref names, annotated tags followed to their end. Raises GitError."""
        self._read_heads(objects)
        return [self._resolved(one) for one in objects]

    def code(self, named: Sequence[Named]) -> list[CommittedCode | None]:
        """The code files of each commit; None without a commit, or with a damaged one. Raises GitError."""
        fresh = [one.tree for one in named if one.tree and one.tree not in self._code]
        self._read_trees(fresh)
        for tree in dict.fromkeys(fresh):
            try:
                blobs = [blob for name, top in self._tops[tree] for blob in self._below(top, name)]
            except KeyError:
                continue
            blobs.sort(key=lambda blob: blob.path)
            self._code[tree] = CommittedCode(
                tuple(blob for blob in blobs if not blob.left_out),
                tuple(f"{blob.path} ({blob.left_out})" for blob in blobs if blob.left_out),
            )
        return [self._code.get(one.tree) for one in named]

    # -- commits and tags

    def _read_heads(self, objects: Sequence[str]) -> None:
        fresh = [one for one in dict.fromkeys(objects) if one not in self._kinds]
        self._kinds |= {one: kind for one, (kind, _) in self.git.kinds(fresh).items()}
        wanted = [one for one in objects if self._unread(one)]
        while wanted:
            found = self.git.contents(list(dict.fromkeys(wanted)))
            for one, data in found.items():
                head = _head(data)
                self._heads[one] = head
                self._kinds[head.target] = head.target_kind
            wanted = [head.target for one in found if self._unread((head := self._heads[one]).target)]

    def _unread(self, one: str) -> bool:
        return self._kinds.get(one) in ("commit", "tag") and one not in self._heads

    def _resolved(self, one: str) -> Named:
        first = self._heads.get(one)
        named = Named(at=first.at, subject=first.subject) if first else Named()
        while self._kinds.get(one) == "tag" and one in self._heads:
            one = self._heads[one].target
        kind = self._kinds.get(one)
        if kind == "commit" and one in self._heads:
            return replace(named, commit=one, tree=self._heads[one].target)
        if kind in ("tree", "blob"):
            names = {"tree": "a folder", "blob": "the content of a file"}[kind]
            return replace(named, problem=f"not a commit: it names {names} (a {kind})")
        return replace(named, problem=_DAMAGED)

    # -- trees

    def _read_trees(self, roots: Sequence[str]) -> None:
        fresh = [tree for tree in dict.fromkeys(roots) if tree not in self._tops]
        for tree, data in self.git.contents(fresh).items():
            entries = _entries(data, len(tree) // 2)
            self._tops[tree] = tuple((name, one) for mode, name, one in entries if mode == _TREE and name in FOLDERS)
        wanted = {one for tree in fresh for _, one in self._tops.get(tree, ())} - self._entries.keys()
        while wanted:
            found = self.git.contents(list(wanted))
            for tree, data in found.items():
                self._entries[tree] = tuple(_useful(_entries(data, len(tree) // 2)))
            below = {one for tree in found for mode, _, one in self._entries[tree] if mode == _TREE}
            wanted = below - self._entries.keys()

    def _below(self, tree: str, folder: str) -> Iterator[Blob]:
        """Raises KeyError for a tree that the repository lacks."""
        for mode, name, one in self._entries[tree]:
            path = f"{folder}/{name}"
            if mode == _TREE:
                yield from self._below(one, path)
            else:
                yield Blob(path, one, mode)


def _entries(tree: bytes, width: int) -> Iterator[tuple[str, str, str]]:
    """(mode, name, object) of a raw tree; ``width``: bytes of a hash. Raises ValueError for one that is cut."""
    at = 0
    while at < len(tree):
        space = tree.index(b" ", at)
        end = tree.index(b"\0", space)
        name = tree[space + 1 : end].decode(errors="surrogateescape")
        yield tree[at:space].decode(), name, tree[end + 1 : end + 1 + width].hex()
        at = end + 1 + width


def _useful(entries: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Folders, and Python files that are not hidden; submodules are left out."""
    for mode, name, one in entries:
        python = name.endswith(".py") and not name.startswith(".")
        if (mode == _TREE and not passed_over(name)) or (mode in (*_FILES, _LINK) and python):
            yield mode, name, one


def _head(data: bytes) -> _Head:
    """A commit or an annotated tag. Raises GitError for one that git would not have written."""
    facts, _, text = data.partition(b"\n\n")
    lines = facts.decode(errors="replace").splitlines()
    fields = {key: value for key, _, value in (line.partition(" ") for line in reversed(lines)) if key}
    subject = " ".join(text.decode(errors="replace").strip().partition("\n\n")[0].split())
    who = (fields.get("tagger") or fields.get("committer", "")).split()
    at = float(who[-2]) if len(who) > 2 and who[-2].isdigit() else None
    if "tree" in fields:
        return _Head(fields["tree"], "tree", at, subject)
    if "object" not in fields:
        raise GitError("git gave an object that is no commit and no tag.")
    return _Head(fields["object"], fields.get("type", ""), at, subject)
