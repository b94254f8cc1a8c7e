"""A whole log in batches of lines, for who reads it once."""

from collections.abc import Iterator
from pathlib import Path

from timmy_tui.core.errors import SourceError
from timmy_tui.sources.files.content import require_readable
from timmy_tui.sources.files.lines import LineSplitter

_CHUNK = 1 << 20


def line_batches(path: Path, line_limit: int) -> Iterator[tuple[list[bytes], int]]:
    """Whole lines in batches of about 1 MiB, and how many lines were dropped because they are longer than the limit.

    Raises NotFound, or SourceError for what is not a file of lines: a FIFO would block.
    """
    require_readable(path)
    splitter = LineSplitter(line_limit)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                dropped = splitter.dropped
                yield splitter.feed(chunk), splitter.dropped - dropped
            yield splitter.flush(), 0
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None
