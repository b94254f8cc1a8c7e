"""Small files that their user alone may write: the program's own are replaced in one step, others are checked."""

import os
import stat
from pathlib import Path

from timmy_tui.core.errors import SettingsError
from timmy_tui.core.leftovers import hold, remove_leftovers, scratch_of


def replace_private(path: Path, data: bytes) -> None:
    """Make ``data`` the content of the file, wholly or not at all; its mode is 0600 from the start. Raises OSError.

    It does not wait for the disk, so not for what must outlive a power cut. Imports nothing heavy.
    """
    remove_leftovers(path)
    scratch = scratch_of(path)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with open(os.open(scratch, flags, 0o600), "wb") as file:
            hold(file.fileno())
            file.write(data)
        os.replace(scratch, path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise


def check_only_ours(path: Path) -> None:
    """Raises SettingsError for a file that another user can write or put another in the place of; OSError too."""
    info = path.stat()
    if path.is_symlink():
        folder = Path(os.path.realpath(path)).parent
        folder_info = folder.stat()
        if folder_info.st_uid != os.getuid() or folder_info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise SettingsError(f"{path} is a link into {folder}, which other users can write to. It is ignored.")
    if not stat.S_ISREG(info.st_mode):
        raise SettingsError(f"{path} is not a regular file.")
    if info.st_uid != os.getuid() or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        import shlex

        raise SettingsError(
            f"other users can write {path}, and it may name commands. It is ignored.",
            shlex.join(["chmod", "600", str(path)]),
        )
