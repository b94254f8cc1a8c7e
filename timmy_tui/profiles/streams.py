"""What reads the source of the chosen profile, where that is not a growing file: a journal, an address, a document."""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from timmy_tui.core.errors import SourceError
from timmy_tui.profiles.choice import chosen, source

if TYPE_CHECKING:
    from timmy_tui.core.foreign.source_address import SourceAddress
    from timmy_tui.core.settings import TailSettings
    from timmy_tui.profiles.spec import Profile
    from timmy_tui.sources.files.tail_thread import Polled

DOCUMENTS = ("document", "poll")
"""Kinds of source whose file is read as a whole."""

Batches = Iterable[tuple[list[bytes], int]]
"""Whole lines, and how many were dropped because they are too long."""


def followed(name: str, limits: "TailSettings") -> "Polled | None":
    """What follows it; None for a growing file and without a profile. ``name``: of a file, on the screen.

    Raises SourceError for a profile that does not fit its source.
    """
    profile, address = chosen(), source()
    if profile is None or address is None:
        return None
    _check(profile, address)
    if address.kind == "journal":
        from timmy_tui.sources.streams.journal import Journal

        return Journal(address, limits.line_kib * 1024)
    if address.kind == "http":
        from timmy_tui.sources.streams.fetched import Fetched

        return Fetched(address, profile.source.every_s, partial(_age_of_newest, profile))
    if profile.source.kind in DOCUMENTS:
        from timmy_tui.sources.streams.document import Document

        return Document(address.place.absolute(), name)
    return None


def is_stream(path: Path) -> bool:
    """The path stands for the source of the profile, and is not a file."""
    address = source()
    return address is not None and address.path is None and path == address.place


def batches_of(path: Path, line_limit: int, newest: int | None = None) -> Batches | None:
    """All that a log holds now, or its newest entries where it is a journal; None: read it as a file of lines.

    ``path``: of a file, or what stands for the source of the profile. Raises NotFound or SourceError.
    """
    profile, address = chosen(), source()
    if profile is None:
        return None
    if address is None or not is_stream(path):
        if profile.source.kind not in DOCUMENTS:
            return None
        from timmy_tui.sources.streams.document import read_documents

        return ((lines, 0) for lines in read_documents(path))
    _check(profile, address)
    if address.kind == "journal":
        from timmy_tui.sources.streams.journal import read_journal

        return read_journal(address, line_limit, newest)
    from timmy_tui.sources.streams.fetched import fetch

    return [(fetch(address), 0)]


def _age_of_newest(profile: "Profile", lines: Sequence[bytes]) -> float:
    """How long ago the newest record of a document was written, in seconds; 0 where no record says it."""
    from timmy_tui.profiles.records.reader import RecordReader
    from timmy_tui.profiles.records.times import StampReader

    stamp_of = StampReader(profile.time)
    if stamp_of.needs_day:
        return 0.0
    stamps = (stamp_of(record) for record in RecordReader(profile.source).feed(lines))
    newest = max((stamp for stamp in stamps if stamp is not None), default=None)
    return 0.0 if newest is None else max(time.time() - newest / 1e6, 0.0)


def _check(profile: "Profile", address: "SourceAddress") -> None:
    are_documents = profile.source.kind in DOCUMENTS
    if address.kind == "http" and not are_documents:
        raise SourceError(f"{address.shown} is fetched, and {profile.profile.name} reads {profile.source.kind}.")
    if address.kind == "journal" and are_documents:
        raise SourceError(f"{address.shown} is a journal, and {profile.profile.name} reads a document.")
