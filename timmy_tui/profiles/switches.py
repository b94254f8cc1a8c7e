"""Switches of a system whose values stand in its log: what each event says of them, and what they are by now."""

from collections.abc import Callable, Mapping

from timmy_tui.model.stages.system import Switch, SwitchFile
from timmy_tui.model.turn import FlagValue
from timmy_tui.profiles.flag_rules import TYPES, FlagRule
from timmy_tui.profiles.load import capture_names, event_names
from timmy_tui.profiles.records.matching import Capture, Hit
from timmy_tui.profiles.spec import Profile

_WORDS: Mapping[str, bool] = {
    "true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False,
}  # fmt: skip


def switches_of(profile: Profile) -> tuple[Switch, ...]:
    """The flags of a profile: its log tells of them, and its file may have them."""
    return tuple(
        Switch(
            key=rule.key, label=rule.label, type=TYPES[rule.type], meaning=rule.meaning, touches=rule.touches,
            stored=rule.stored, default=_typed(rule, rule.default), taken=rule.taken,
            choices=tuple(value for choice in rule.choices if (value := _typed(rule, choice)) is not None),
            least=rule.least, most=rule.most, read_only=rule.read_only,
        )
        for rule in profile.flag
    )  # fmt: skip


def switch_file_of(profile: Profile) -> SwitchFile | None:
    """The file that has its switches; None where it names none."""
    rule = profile.control
    return SwitchFile(path=rule.file, unit=rule.unit) if rule is not None else None


def _typed(rule: FlagRule, value: FlagValue | None) -> FlagValue | None:
    return float(value) if rule.type == "float" and type(value) is int else value


_USES = ("turn", "stage ", "headline ", "counts", "figures.")
"""Where a capture is named that a turn needs; not where a switch's is, or one that is hidden."""


class Switches:
    """The values by now. What was never said is unknown; a restart changes nothing."""

    def __init__(self, profile: Profile) -> None:
        self._rules: dict[str, list[FlagRule]] = {}
        for rule in profile.flag:
            self._rules.setdefault(rule.value.partition(".")[0], []).append(rule)
        self.values: Mapping[str, FlagValue] = {}
        """Replaced, never changed: turns keep the one that they began under."""
        self.said_at: Mapping[str, float] = {}
        """When each of them was said, in seconds since 1970; likewise."""

        self._of_turns = _of_turns(profile)

    @property
    def events(self) -> frozenset[str]:
        """Those that are about switches."""
        return frozenset(self._rules)

    def take(self, hit: Hit) -> bool:
        """Whether the event is about switches alone, and belongs to no turn."""
        rules = self._rules.get(hit.event)
        for rule in rules or ():
            if all(hit.captures.get(name) == wanted for name, wanted in rule.when.items()):
                value = _READERS[rule.type](hit.captures.get(rule.value))
                if value is not None:
                    self.values = {**self.values, rule.key: value}
                    if hit.stamp_us is not None:
                        self.said_at = {**self.said_at, rule.key: hit.stamp_us / 1e6}
        return rules is not None and hit.event not in self._of_turns


def _of_turns(profile: Profile) -> frozenset[str]:
    """Events that turns, stages, headline or figures use."""
    events = {name for _, name in event_names(profile)}
    events |= {name.partition(".")[0] for where, name in capture_names(profile) if where.startswith(_USES)}
    return frozenset(events)


def _bool(value: Capture | None) -> FlagValue | None:
    return value if isinstance(value, bool) else _WORDS.get(str(value).lower())


def _int(value: Capture | None) -> FlagValue | None:
    number = _float(value)
    return int(number) if isinstance(number, float) and number == int(number) else None


def _float(value: Capture | None) -> FlagValue | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except ValueError:
        return None


def _str(value: Capture | None) -> FlagValue | None:
    return None if value is None else str(value)


_READERS: Mapping[str, Callable[[Capture | None], FlagValue | None]] = {
    "bool": _bool, "int": _int, "float": _float, "str": _str,
}  # fmt: skip
