"""Small files of the program's own, that their user alone may read, replaced in one step."""

import os
from pathlib import Path


def replace_private(path: Path, data: bytes) -> None:
    """Make ``data`` the content of the file, wholly or not at all; its mode is 0600 from the start. Raises OSError.

    It does not wait for the disk, so not for what must outlive a power cut. Imports the standard library only.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        with open(os.open(scratch, flags, 0o600), "wb") as file:
            file.write(data)
        os.replace(scratch, path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
