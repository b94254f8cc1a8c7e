"""What a profile can say: the shape of its TOML file. ``docs/profiles/README.md`` explains each key with an example."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from timmy_tui.model.stages.table import Covariate, Fill, Measured, Owner, Stage
from timmy_tui.model.turn import Span
from timmy_tui.profiles.flag_rules import ControlRule, FlagRule, Name, Names

Unit = Literal["us", "ms", "s", "count", "text", "flag"]
"""What a figure is counted in. ``flag`` is true or false."""


class About(Struct, frozen=True, forbid_unknown_fields=True):
    """Which system it is."""

    name: Name
    title: str
    """Its name in a sentence and on the screen."""
    program: str = ""
    """What writes these records, with the versions that were tried."""
    note: str = ""
    """What its figures do not say, in a sentence for the user."""


class SourceRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the records are, and what one is."""

    kind: Literal["lines", "jsonl", "document", "poll"]
    """A record is a line of text, a line of JSON, or an item of a JSON document, read from a file or fetched by HTTP.
    A journal's lines (``journalctl -o json``) are lines of text, their time is taken from the journal."""
    path: str = ""
    """Where it usually is; ``~`` is the user's home. Empty: the user says it."""
    url: str = ""
    """Of a poll."""
    every_s: Annotated[float, Meta(ge=0.2, le=3600.0)] = 2.0
    """Time between two polls."""
    detect: str = ""
    """A pattern that no line of another program matches; a log that has it in its first lines is this system's."""
    line: str = ""
    """For lines: a pattern around each; its groups are the fields of the record, ``text`` what events match."""
    items: str = ""
    """For documents: the field with the list of records. Empty: the document is the list, or is one record."""
    group: str = ""
    """For documents: the field of the document that says whose records these are; records have it as ``document``."""
    event: str = ""
    """The field that names the event of a record; without it the patterns of the events decide."""
    none: Names = ()
    """Words that are printed where there is no value."""


class TimeRule(Struct, frozen=True, forbid_unknown_fields=True):
    """When a record was written."""

    field: str = ""
    """The field of the record. Empty: the carrier's time, or none."""
    format: str = "iso"
    """``iso``, ``unix_s``, ``unix_ms``, ``unix_us``, or as for strptime. Without a date, midnights tell the day."""
    zone: Literal["local", "utc"] = "local"
    """Of a time that does not say it."""
    resolution_ms: Annotated[float, Meta(ge=0.0, le=60_000.0)] = 0.0
    """Stamps that are coarser than a stage are no measure of it: above 0 they only order the records."""


class Join(Struct, frozen=True, forbid_unknown_fields=True):
    """To which turn an event belongs, where its place in the log does not tell."""

    event: str
    same: Names
    """Equations of captures, as ``perf.lag + audio.over = audio.lag``; all must hold. Two unknown sides are equal."""
    needs: Names = ()
    """Captures that the turn must have."""
    within_ms: Annotated[float, Meta(ge=0.0, le=60_000.0)] = 1.0


class TurnRule(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events are one turn, and how it ends."""

    by: Literal["key", "order", "record"]
    key: str = ""
    """By key: the field that all records of a turn share."""
    opens: Names = ()
    """By order: events that begin a turn."""
    complete: Names = ()
    """Events that end it well."""
    enough: Names = ()
    """Events after which a turn that nothing ends was answered all the same."""
    failed: Names = ()
    """Events that show that it went wrong; it ends with the next one that ends a turn, or with these, if also there."""
    unanswered: Names = ()
    """Events that show that it went wrong unless it ends well, as an error line of any part of the system does."""
    aborted: Names = ()
    """Events that break it off."""
    reason: str = ""
    """The capture that says why it failed."""
    typed: Names = ()
    """Events of a turn that was typed, not spoken."""
    not_alone: Names = ()
    """Events that are no turn while nothing follows them; by order, they belong to the turn that opens next."""
    restarts: Names = ()
    """Events of a process that starts: what is open then has failed, and a new session begins."""
    session: str = ""
    """The capture that names the session."""
    late_s: Annotated[float, Meta(ge=0.0, le=3600.0)] = 5.0
    """How long after its end events still belong to a turn; behind that, the same key is another turn."""
    join: tuple[Join, ...] = ()


class Take(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure or a text of a record."""

    path: str
    """The field, with dots between the levels."""
    unit: Unit = "ms"


class PartsRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A list of named durations in one record; each becomes a capture under its name, those of one name are added."""

    path: str
    key: str
    lasts: str
    starts: str = ""
    """When it began, on any one clock. Parts from before the span, which ends with the last of them, are left out."""
    unit: Literal["us", "ms", "s"] = "s"


class EventRule(Struct, frozen=True, forbid_unknown_fields=True):
    """An event, and what is taken from its record."""

    name: str
    where: Mapping[str, str | int | bool] = field(default_factory=dict)
    """Fields that must have these values."""
    match: str = ""
    """A pattern that must be found in ``text``; its named groups are captures."""
    unit: Unit = "ms"
    """Of the groups; ``units`` has the exceptions."""
    units: Mapping[str, Unit] = field(default_factory=dict)
    take: Mapping[str, Take] = field(default_factory=dict)
    parts: PartsRule | None = None
    zero_is_none: Names = ()
    """Captures that print 0 for no value."""
    service: str = ""
    """Who writes it, for the log screen."""
    after: Names = ()
    """By order: events of which its turn has had one; a turn that has had none is not its turn, but one before it."""
    add: Names = ()
    """Captures that are added up where the event comes several times; of others the first counts."""
    latest: bool = False
    """Where the event comes several times, the last one counts: its stamp, and its captures."""


class StageRule(Struct, frozen=True, forbid_unknown_fields=True):
    """A stage: between two events (``from``, ``to``), or as long as a capture says (``lasts``)."""

    key: Name
    label: Annotated[str, Meta(min_length=1, max_length=6)]
    meaning: str
    owner: Owner
    begins: Names = field(default=(), name="from")
    """Events that open it; the first one present counts."""
    ends: Names = field(default=(), name="to")
    """Events that close it; likewise."""
    lasts: Names = ()
    """Captures; the first one known counts."""
    minus: Names = ()
    """Captures that it contains and that have stages of their own; unknown, so is the stage."""
    lasts_ms: Annotated[float, Meta(ge=0.0, le=60_000.0)] | None = None
    """A setting that no record has: an assumption."""
    pairs: bool = False
    """The sum of all pairs of its events."""
    rest: bool = False
    """What its siblings leave of the parent."""
    both_ways: bool = False
    """The sum of the hops."""
    is_setting: bool = field(default=False, name="setting")
    """Waited for before the first event: part of the headline, and no measurement."""
    critical: bool = False
    request: bool = False
    """It is the one request to the language model, to its last token: for OpenTelemetry."""
    optional: bool = False
    parent: str = ""
    name: str = ""
    clock: str = "one"
    group: str = ""
    """Empty: that of its owner."""
    judged: bool | None = None
    compared: bool | None = None
    on_gpu: bool = False
    covariates: tuple[Covariate, ...] = ()
    soft_ms: float | None = None
    least_move_ms: float | None = None
    trend: int | None = None
    fill: Fill = "owner"


class HeadlineRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What a turn's headline measures; of several rules the first one that has all it needs counts."""

    span: Span
    """``V2V`` only where it ends with sound."""
    begins: Names = field(default=(), name="from")
    less: str = ""
    """The capture of a setting that was waited for before the first event."""
    less_ms: Annotated[float, Meta(ge=0.0, le=60_000.0)] = 0.0
    """The same where no record has it: an assumption."""
    ends: Names = field(default=(), name="to")
    lasts: Names = ()
    """Captures; all are added, and all must be known."""
    last: str = ""
    """Key of the last stage of the span; later ones are no part of it. Empty: all are."""
    last_event: str = ""
    """Event at which a span of captures ends; where it is known, so is where the span begins."""
    unless: Names = ()
    """Captures or events with which it is not this span."""


class CountRule(Struct, frozen=True, forbid_unknown_fields=True):
    """What the language model counted."""

    prompt: str = ""
    cached: str = ""
    output: str = ""
    inclusive: bool = True
    """The prompt's tokens include the cached ones."""


class LedgerRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How exact the parts of a turn are."""

    tolerance_ms: Annotated[float, Meta(ge=0.0, le=60_000.0)] = 1.0
    """Parts may exceed their headline by this much for each of them: the log rounds them. Beyond it they do not fit."""


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole profile."""

    spec: Literal[1]
    profile: About
    source: SourceRule
    turn: TurnRule
    event: tuple[EventRule, ...]
    stage: Annotated[tuple[StageRule, ...], Meta(min_length=1)]
    headline: Annotated[tuple[HeadlineRule, ...], Meta(min_length=1)]
    time: TimeRule = TimeRule()
    ledger: LedgerRule = LedgerRule()
    counts: CountRule = CountRule()
    figures: Mapping[str, str | Names] = field(default_factory=dict)
    """Field of a turn → the capture that it is; of several the first one known."""
    private: Names = ()
    """Captures that are neither shown nor stored."""
    flag: tuple[FlagRule, ...] = ()
    control: ControlRule | None = None


def stage_row(rule: StageRule, place: int) -> Stage:
    """The row of the stage table. ``place``: from 1, its place among the charts unless the rule has one."""
    measured: Measured = "pairs" if rule.pairs else "events"
    if rule.is_setting or rule.both_ways or rule.rest:
        measured = "setting" if rule.is_setting else "sum" if rule.both_ways else "rest"
    is_judged = not rule.is_setting and not rule.parent and rule.owner != "speech" and rule.clock != "cross"
    more: dict[str, float] = {}
    if rule.soft_ms is not None:
        more["soft_ms"] = rule.soft_ms
    if rule.least_move_ms is not None:
        more["least_move_ms"] = rule.least_move_ms
    return Stage(
        key=rule.key,
        label=rule.label,
        name=rule.name or rule.label,
        starts=rule.begins,
        ends=rule.ends,
        clock="cross" if rule.both_ways else rule.clock,
        owner=rule.owner,
        meaning=rule.meaning,
        critical=rule.critical,
        request=rule.request,
        optional=rule.optional,
        parent=rule.parent,
        measured=measured,
        judged=is_judged if rule.judged is None else rule.judged,
        compared=is_judged if rule.compared is None else rule.compared,
        group=rule.group or (rule.owner if is_judged else "none"),
        on_gpu=rule.on_gpu,
        covariates=rule.covariates,
        trend=place if rule.trend is None else rule.trend,
        fill=rule.fill,
        soft_ms=more.get("soft_ms", 0.5),
        least_move_ms=more.get("least_move_ms", 1.5),
    )
