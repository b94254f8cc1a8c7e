"""The refs of the user's repository as restore points: those of timmy-tui, and the user's tags, which are only read."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from timmy_tui.control.edit.atomic_replace import LIMIT, FileImage
from timmy_tui.control.errors import Refused, Unsafe
from timmy_tui.control.restore.catalog import Catalog, CommittedCode
from timmy_tui.control.restore.git import REFS, Git, GitError
from timmy_tui.model.change import RestorePoint

TAGS = "refs/tags/"


class GitPoint:
    """A commit; a file is what a checkout would write: git's filters and rules for line ends are applied."""

    partial = False

    def __init__(self, git: Git, code: CommittedCode) -> None:
        self._git = git
        self._blobs = {blob.path: blob for blob in code.blobs}
        self._contents: dict[str, bytes | Refused] = {}
        self.left_out = code.left_out

    @property
    def paths(self) -> tuple[str, ...]:
        """See StoredPoint."""
        return tuple(self._blobs)

    def contents(self, paths: Sequence[str]) -> Mapping[str, bytes | Refused]:
        """See StoredPoint; two calls of git for all that were not read yet."""
        fresh = [path for path in dict.fromkeys(paths) if path not in self._contents]
        sizes = self._git.kinds([self._blobs[path].sha for path in fresh])
        fits = []
        for path in fresh:
            _, size = sizes.get(self._blobs[path].sha, ("", None))
            if size is None:
                self._contents[path] = Refused(f"{path} cannot be read: the repository is damaged.")
            elif size > LIMIT:
                self._contents[path] = _too_large(path)
            else:
                fits.append(path)
        found = self._git.checked_out([(self._blobs[path].sha, path) for path in fits])
        for path, data in zip(fits, found, strict=True):
            self._contents[path] = data if len(data) <= LIMIT else _too_large(path)
        return {path: self._contents[path] for path in paths}

    def unchanged(self, images: Mapping[str, FileImage]) -> set[str]:
        """See StoredPoint: what git would store as the same, or a checkout would write so.

        The second is asked as well, because ``hash-object`` does not know what the index says of line ends: with
        ``core.autocrlf`` it calls a file changed whose CR LF is in the repository.
        """
        paths = list(images)
        hashes = self._git.hashes(paths)
        same = {path for path, sha in zip(paths, hashes, strict=True) if sha == self._blobs[path].sha}
        others = self.contents([path for path in paths if path not in same])
        return same | {path for path, data in others.items() if data == images[path].data}

    def executable(self, path: str) -> bool:
        """See StoredPoint."""
        return self._blobs[path].executable


def _too_large(path: str) -> Unsafe:
    return Unsafe(f"{path} is larger than {LIMIT >> 20} MiB.")


class GitRefs:
    """Every method raises GitError when git cannot be asked; the next call asks again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._catalog: Catalog | None = None

    def git(self) -> Git:
        """The repository whose top is the root."""
        return self._read().git

    def _read(self) -> Catalog:
        if self._catalog is None:
            self._catalog = Catalog(Git(self._root))
        return self._catalog

    def points(self, own: Collection[str]) -> list[RestorePoint]:
        """All of them; refs of timmy-tui with a name in ``own`` are left out: the copy is the same point."""
        catalog = self._read()
        refs = {
            name: one
            for name, one in catalog.git.refs(REFS, TAGS).items()
            if not (name.startswith(REFS) and name.removeprefix(REFS) in own)
        }
        named = catalog.named(list(refs.values()))
        found = []
        for ref, what, code in zip(refs, named, catalog.code(named), strict=True):
            short = ref.removeprefix(REFS).removeprefix(TAGS)
            problem = what.problem or ("" if code else "its files cannot be read: the repository is damaged")
            found.append(
                RestorePoint(
                    ref if short in own or (ref.startswith(TAGS) and REFS + short in refs) else short,
                    what.at,
                    "git ref" if ref.startswith(REFS) else "git tag",
                    code.paths if code else None,
                    what.subject,
                    problem=problem,
                    left_out=code.left_out if code else (),
                )
            )
        return found

    def has_own(self, name: str) -> bool:
        """Whether timmy-tui's refs have the name; False, without an error, when git cannot be asked."""
        try:
            return REFS + name in self.git().refs(REFS + name)
        except GitError:
            return False

    def find(self, name: str) -> GitPoint | None:
        """The point of this name, a full ref name as it is; None when there is none.

        Raises Refused for a ref that names no commit, or one whose files cannot be read.
        """
        if not name.isprintable():
            return None
        catalog = self._read()
        wanted = [name] if name.startswith((REFS, TAGS)) else [REFS + name, TAGS + name]
        refs = catalog.git.refs(*wanted)
        ref = next((ref for ref in wanted if ref in refs), None)
        if ref is None:
            return None
        (named,) = catalog.named([refs[ref]])
        if named.problem:
            raise Refused(f"{name} is {named.problem}; only a commit can be restored.")
        (code,) = catalog.code([named])
        if code is None:
            raise Refused(f"The files of {name} cannot be read: the repository is damaged.")
        return GitPoint(catalog.git, code)
