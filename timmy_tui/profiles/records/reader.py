"""Lines of a source to records: text with fields, lines of JSON, or items of a JSON document."""

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import regex

from timmy_tui.core.foreign.decode import Unreadable, decode_json, decode_lines
from timmy_tui.profiles.records.begun_document import OPENS, BegunDocument, document_of
from timmy_tui.profiles.spec import SourceRule
from timmy_tui.sources.streams.journal import stamp_of

PATTERN_LIMIT_S = 0.05
"""A pattern that takes longer on one line is given up: usual ones take 2–20 µs."""
MOST_SLOW = 5
"""A pattern that was given up so often without a match in between is not tried any more."""
MOST_SLOW_EVER = 100
"""Nor one that was given up so often at all: that were 5 s."""
MOST_DOCUMENT_BYTES = 64 << 20
"""A document that grows beyond this without an end is not one."""

JOURNAL_STAMP = b'"__REALTIME_TIMESTAMP"'
"""Stands in each line of ``journalctl -o json``."""
DOCUMENT_BEGINS = b"\x1e"
"""Stands before a document where its source knows that one begins (RFC 7464); what came before it has no end."""
MOST_SEEN = 1 << 16
"""Records of documents that are known again; of a document with more of them, all are."""

NOT_A_RECORD = "not an object"
TOO_SLOW = "pattern given up"
NO_DOCUMENT = "not a JSON document"


class Record(NamedTuple):
    """What one entry of a source says."""

    fields: Mapping[str, Any]
    text: str
    """Of a line; empty for JSON."""
    carrier_us: int | None
    """When the journal took it, in µs since 1970; None where no carrier says it."""
    document: str
    """Whose records the document has, in its own words; empty for lines."""
    identity: str = ""
    """Of a document's record: the same for the same record, however often it is read; empty for lines."""


class Pattern:
    """A pattern that is given up where it takes too long, and for good where it does so again and again."""

    def __init__(self, pattern: str, name: str, unparsed: Counter[str]) -> None:
        """``name``: how it is called where it is given up. Raises regex.error for a pattern that is none."""
        self._compiled = regex.compile(pattern)
        self._name = name
        self._unparsed = unparsed
        self._slow = self._slow_ever = 0

    @classmethod
    def of(cls, pattern: str) -> "Pattern":
        """One that nobody counts."""
        return cls(pattern, "", Counter())

    def search(self, text: str) -> "regex.Match[str] | None":
        """The first match; None as well where the pattern was given up."""
        if self._slow >= MOST_SLOW:
            return None
        try:
            found = self._compiled.search(text, timeout=PATTERN_LIMIT_S)
        except TimeoutError:
            self._slow_ever += 1
            self._slow = self._slow + 1 if self._slow_ever < MOST_SLOW_EVER else MOST_SLOW
            self._unparsed[f"{TOO_SLOW}: {self._name}"] += 1
            return None
        if found is not None:
            self._slow = 0
        return found


Get = Callable[[Any], Any]


def getter(dotted: str) -> Get:
    """A function from a record's fields to the value at ``a.b.0``, through objects and lists; None: there is none.

    One and two levels, which nearly all are, without a loop: a log has 20 such reads a line.
    """
    keys = dotted.split(".")
    if len(keys) == 1:
        return lambda fields: fields.get(dotted) if fields.__class__ is dict else None
    if len(keys) == 2 and not keys[1].lstrip("-").isdecimal():
        outer, inner = keys

        def read(fields: Any) -> Any:
            value = fields.get(outer) if fields.__class__ is dict else None
            return value.get(inner) if value.__class__ is dict else None

        return read
    return lambda fields: _walk(fields, keys)


def _walk(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        if value.__class__ is dict:
            value = value.get(key)
        elif value.__class__ is list:
            try:
                value = value[int(key)]
            except (ValueError, IndexError):
                return None
        else:
            return None
    return value


class RecordReader:
    """Whole lines in, records out, in order; what is none is counted by its reason."""

    def __init__(self, rule: SourceRule) -> None:
        self.unparsed: Counter[str] = Counter()
        self.lines = 0
        self._rule = rule
        self._line = Pattern(rule.line, "line", self.unparsed) if rule.line else None
        self._items = getter(rule.items) if rule.items else None
        self._group = getter(rule.group) if rule.group else None
        self._begun = BegunDocument()
        self._seen = _Seen()

    def feed(self, lines: Sequence[bytes]) -> Iterator[Record]:
        """The records of whole lines. A document gives its records when its last line is there."""
        self.lines += len(lines)
        if self._rule.kind == "lines":
            yield from map(self._text_record, lines)
        elif self._rule.kind == "jsonl" and lines and JOURNAL_STAMP in lines[0]:
            yield from self._json_of_a_journal(lines)
        elif self._rule.kind == "jsonl":
            for value in decode_lines(lines, dict, self._lenient):
                yield Record(value, "", None, "")
        else:
            yield from self._document_records(lines)

    def _text_record(self, line: bytes) -> Record:
        carrier_us = None
        if line.startswith(b"{") and b'"MESSAGE"' in line and not isinstance(entry := decode_json(line), Unreadable):
            text, carrier_us = _journal_entry(entry)
        else:
            text = line.replace(b"\0", b"").decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")
        found = self._line.search(text) if self._line is not None else None
        if found is None:
            return Record({}, text, carrier_us, "")
        groups = found.groupdict()
        return Record(groups, groups.get("text") or "", carrier_us, "")

    def _json_of_a_journal(self, lines: Sequence[bytes]) -> Iterator[Record]:
        """Entries of a journal whose messages are the lines of JSON."""
        for line in lines:
            text, carrier_us = _journal_entry(decode_json(line))
            for value in self._lenient(text.encode("utf-8", "surrogatepass")):
                yield Record(value, "", carrier_us, "")

    def _lenient(self, line: bytes) -> Iterator[dict[str, Any]]:
        value = decode_json(line.replace(b"\0", b"").strip() or b"null")
        if isinstance(value, dict):
            yield value
        else:
            self.unparsed[value.reason if isinstance(value, Unreadable) else NOT_A_RECORD] += 1

    def _document_records(self, lines: Sequence[bytes]) -> Iterator[Record]:
        """Also several documents, one behind the other, each on lines of its own."""
        for line in lines:
            if line.startswith(DOCUMENT_BEGINS):
                yield from self.finish()
                line = line.removeprefix(DOCUMENT_BEGINS)
            if self._begun.lines and not self._begun.goes_on_with(line):
                yield from self.finish()
            if not self._begun.lines and (whole := document_of(line)) is not None:
                yield from self._items_of(whole)
            elif self._begun.lines or line.strip():
                self._begun.add(line)
                yield from self._ended()

    def _ended(self) -> Iterator[Record]:
        """The records of what was begun, where its newest line ends it."""
        whole = document_of(b"\n".join(self._begun.lines)) if self._begun.is_closed else None
        if whole is not None:
            self._begun = BegunDocument()
            yield from self._items_of(whole)
        elif self._begun.is_closed or self._begun.size > MOST_DOCUMENT_BYTES:
            yield from self.finish()

    def _items_of(self, document: Any) -> Iterator[Record]:
        """Its records that no document had before: it may be read again when it has grown."""
        of_this: Counter[str] = Counter()
        for item, group in self._all_items(document):
            if not isinstance(item, dict):
                self.unparsed[NOT_A_RECORD] += 1
            elif identity := self._seen.new(item, group, of_this):
                yield Record(item, "", None, group, identity)
        self._seen.forget(of_this.total())

    def _all_items(self, document: Any) -> Iterator[tuple[Any, str]]:
        """Each item, and whose it is."""
        if isinstance(document, list) and self._items is not None:
            for one in document:
                yield from self._all_items(one)
            return
        group = self._group(document) if self._group is not None else None
        found = self._items(document) if self._items is not None else document
        for item in found if isinstance(found, list) else [found]:
            yield item, str(group) if group is not None else ""

    def finish(self) -> list[Record]:
        """At the end of the source, or of what is one document: what was begun and has no end is counted.

        The records of lines that are documents by themselves, behind one that was torn where it could go on with them.
        """
        begun, self._begun = self._begun.lines, BegunDocument()
        records: list[Record] = []
        for line in begun:
            value = document_of(line) if line.startswith(OPENS) else None
            if value is None:
                self.unparsed[NO_DOCUMENT] += 1
            else:
                records += self._items_of(value)
        return records


class _Seen:
    """Records of documents by their content. Two equal ones in one document are two; the same again later is none."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()

    def new(self, item: dict[str, Any], group: str, of_this: "Counter[str]") -> str:
        """The identity of a record that is new; empty for one that is known. ``of_this``: counts of its document."""
        content = json.dumps([group, item], sort_keys=True)
        name = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
        of_this[name] += 1
        identity = name if of_this[name] == 1 else f"{name}-{of_this[name]}"
        is_known = identity in self._known
        self._known[identity] = None
        self._known.move_to_end(identity)
        return "" if is_known else identity

    def forget(self, newest: int) -> None:
        """All but ``newest``, and as many others as there is room for."""
        while len(self._known) > max(newest, MOST_SEEN):
            self._known.popitem(last=False)


def line_to_show(line: bytes) -> bytes:
    """A line for the log screen: of a journal's entry the message, of all others the line."""
    if not (line.startswith(b"{") and JOURNAL_STAMP in line):
        return line.removeprefix(DOCUMENT_BEGINS)
    return _journal_entry(decode_json(line))[0].encode("utf-8", "replace") or line


def _journal_entry(entry: Any) -> tuple[str, int | None]:
    """Text and time of a line of ``journalctl -o json``; bytes that are not UTF-8 come as a list of numbers."""
    message = entry.get("MESSAGE") if isinstance(entry, dict) else None
    if isinstance(message, list):
        message = bytes(one for one in message if isinstance(one, int) and 0 <= one < 256).decode("utf-8", "replace")
    return message if isinstance(message, str) else "", stamp_of(entry)
