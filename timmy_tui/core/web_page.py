"""Whether this process is a dashboard that is served as a web page. Such a dashboard only looks, and writes nothing."""

import errno
import os

REASON = "read-only: served as a web page"


def is_web_page() -> bool:
    """textual-serve started this process, whose screen goes to a browser."""
    return "web_driver" in os.environ.get("TEXTUAL_DRIVER", "")


def refuse_to_write() -> None:
    """Raises OSError in a web page: what a browser asks for leaves no file, not even that of a choice."""
    if is_web_page():
        raise OSError(errno.EROFS, REASON)
