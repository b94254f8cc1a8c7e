"""The switches of a system that a profile reads, as flags."""

from collections.abc import Mapping

from timmy_tui.model.flags.flag import Flag, Shown
from timmy_tui.model.stages.system import Switch, System
from timmy_tui.model.turn import FlagValue

ON_OFF: Mapping[FlagValue, str] = {True: "on", False: "off"}
EVERYTHING = (Shown.TURN, Shown.JOURNAL, Shown.FILE)


def switch_flags(system: System) -> tuple[Flag, ...]:
    """The flags of a system that a profile reads."""
    return tuple(_of_switch(switch, system) for switch in system.switches)


def _of_switch(switch: Switch, system: System) -> Flag:
    return Flag(
        key=switch.key,
        label=switch.label,
        file="",
        constant=switch.stored or switch.key,
        type=switch.type,
        words=ON_OFF if switch.type is bool else {},
        choices=switch.choices,
        least=switch.least,
        most=switch.most,
        meaning={"": switch.meaning},
        read_only=_why_only_read(switch, system),
        shown_by=EVERYTHING if switch.stored else (Shown.TURN,),
        turn=lambda turn: turn.switches.get(switch.key),
        said_at=lambda turn: turn.switches_at.get(switch.key),
        live=switch.taken == "live",
        default=switch.default,
        touches=switch.touches,
    )


def _why_only_read(switch: Switch, system: System) -> str:
    if system.switch_file is None:
        return f"{system.title} is only read"
    if switch.read_only:
        return switch.read_only
    if not switch.stored:
        return "its file does not have it"
    if switch.taken == "start" and not system.switch_file.unit:
        return f"{system.title} reads it when it starts, and its profile names no unit to restart"
    return ""
