"""What a profile says that would be read and mean nothing: keys of another kind of source, turn, stage or value."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import regex

from timmy_tui.profiles.records.times import UNIX_FORMATS
from timmy_tui.profiles.spec import EventRule, HeadlineRule, Profile, StageRule, Unit

_TEXTS = frozenset(("model", "text", "reply"))
_FLAGS = frozenset(("tail_mode", "raw"))
_A_MOMENT = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)


def unused_keys(profile: Profile) -> Iterator[str]:
    """Each of them in plain words. Its patterns must be valid."""
    yield from _of_source(profile)
    yield from _of_time(profile)
    yield from _of_turns(profile)
    for event in profile.event:
        yield from (f"event {event.name}: {fault}" for fault in _of_event(event, profile))
    for stage in profile.stage:
        yield from (f"stage {stage.key}: {fault}" for fault in _of_stage(stage, profile))
    for number, headline in enumerate(profile.headline, 1):
        yield from (f"headline {number}: {fault}" for fault in _of_headline(headline, profile))
    yield from _of_another_unit(profile)


def _of_source(profile: Profile) -> Iterator[str]:
    source = profile.source
    for key, kinds in (("line", ("lines",)), ("items", ("document", "poll")), ("group", ("document", "poll")),
                       ("url", ("poll",))):  # fmt: skip
        if getattr(source, key) and source.kind not in kinds:
            yield f"source.{key} is for {' and '.join(kinds)}, and source.kind is {source.kind}"


def _of_time(profile: Profile) -> Iterator[str]:
    form = profile.time.format
    if form in UNIX_FORMATS or form == "iso":
        return
    if any(code in form for code in ("%d", "%j")) and not any(code in form for code in ("%Y", "%y", "%G")):
        yield f"time.format {form!r} has a day and no year, which would be 1900"
        return
    try:
        if "%" not in form:
            raise ValueError("it has no %")
        datetime.strptime(_A_MOMENT.strftime(form), form)
    except ValueError as error:
        yield f"time.format {form!r} is not iso, {', '.join(UNIX_FORMATS)} or a format of strptime: {error}"


def _of_turns(profile: Profile) -> Iterator[str]:
    turn = profile.turn
    if turn.by != "order" and turn.opens:
        yield f"turn.opens is for by order, and turn.by is {turn.by}"
    if turn.by == "record":
        for key in ("enough", "not_alone", "join"):
            if getattr(turn, key):
                yield f"turn.{key} means nothing where each record is a turn"
    if turn.by == "order" and turn.key:
        yield "turn.key is for by key and by record, and turn.by is order"


def _of_event(rule: EventRule, profile: Profile) -> Iterator[str]:
    is_text = profile.source.kind == "lines"
    if rule.match and not is_text:
        yield f"match is for lines, and source.kind is {profile.source.kind}"
    if rule.parts is not None and is_text:
        yield "parts is for JSON, and source.kind is lines"
    for field, value in rule.where.items() if is_text else ():
        if not isinstance(value, str):
            yield f'where {field} is {value!r}, and fields of a line are texts: write "{value}"'
    groups = regex.compile(rule.match).groupindex if rule.match else ()
    if others := [name for name in rule.units if name not in groups]:
        yield f"units is for groups of match, and {others[0]!r} is none"
    if rule.latest and rule.add:
        yield "latest and add: of several events either the last one counts or their sum"
    if rule.after and profile.turn.by != "order":
        yield f"after is for by order, and turn.by is {profile.turn.by}"


def _of_stage(rule: StageRule, profile: Profile) -> Iterator[str]:
    if rule.lasts and rule.lasts_ms is not None:
        yield "lasts and lasts_ms: one of them would not be read"
    if rule.minus and not rule.lasts:
        yield "minus is for lasts"
    if rule.pairs and (rule.lasts or rule.lasts_ms is not None or rule.critical or not (rule.begins and rule.ends)):
        yield "pairs is for from and to alone, beside the critical stages"
    is_between = rule.begins and rule.ends and not rule.lasts and rule.lasts_ms is None
    if is_between and profile.time.resolution_ms:
        yield "from and to measure nothing where time.resolution_ms says that stamps only order"


def _of_headline(rule: HeadlineRule, profile: Profile) -> Iterator[str]:
    if rule.lasts and (rule.begins or rule.ends):
        yield "lasts, and from or to: one of them would not be read"
    if rule.last_event and not rule.lasts:
        yield "last_event is for lasts"
    if rule.less and rule.less_ms:
        yield "less and less_ms: one of them would not be read"
    if not rule.lasts and profile.time.resolution_ms:
        yield "from and to measure nothing where time.resolution_ms says that stamps only order"


def _of_another_unit(profile: Profile) -> Iterator[str]:
    """Texts where a figure is needed, and the like."""
    units = {name: unit for rule in profile.event for name, unit in _units_of(rule)}
    for where, name, wanted in _uses(profile):
        unit = units.get(name)
        if unit is None:
            continue  # A part, which is a duration; or no capture at all, which is said elsewhere.
        kind = unit if unit in ("text", "flag") else "figure"
        if kind != wanted:
            yield f"{where} needs a {wanted}, and {name} is a {kind}"


def _units_of(rule: EventRule) -> Iterator[tuple[str, Unit]]:
    groups = regex.compile(rule.match).groupindex if rule.match else ()
    units: Mapping[str, Unit] = rule.units
    yield from ((f"{rule.name}.{name}", units.get(name, rule.unit)) for name in groups)
    yield from ((f"{rule.name}.{name}", take.unit) for name, take in rule.take.items())


def _uses(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Where a capture is used, its name, and what it must be."""
    for key, sources in profile.figures.items():
        wanted = "text" if key in _TEXTS else "flag" if key in _FLAGS else "figure"
        yield from ((f"figures.{key}", name, wanted) for name in ([sources] if isinstance(sources, str) else sources))
    counts = profile.counts
    yield from (("counts", name, "figure") for name in (counts.prompt, counts.cached, counts.output))
    for stage in profile.stage:
        yield from ((f"stage {stage.key}", name, "figure") for name in (*stage.lasts, *stage.minus))
    for number, headline in enumerate(profile.headline, 1):
        yield from ((f"headline {number}", name, "figure") for name in (*headline.lasts, headline.less))
    yield from ((f"turn.{key}", name, "text") for key, name in
                (("reason", profile.turn.reason), ("session", profile.turn.session)))  # fmt: skip
    for rule in profile.event:
        yield from ((f"event {rule.name}: add", f"{rule.name}.{name}", "figure") for name in rule.add)
