"""``--log`` with Parquet files of ``timmy-tui export``, which may be of several machines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace as with_fields

from timmy_tui.commands.shared.options import LogOptions
from timmy_tui.core.errors import NotFound
from timmy_tui.core.formatting import plural
from timmy_tui.core.output import say
from timmy_tui.model.snapshot import Listening, SourceCondition, SourceState
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import LogReading
from timmy_tui.storage.parquet.turns import is_parquet, read_parquet
from timmy_tui.storage.session_runs import sessions_of

WITHOUT = "Parquet: no events, so no timelines and no steps; no pauses; what error lines say is not there"
"""What such a reading cannot tell, for whoever reads the report."""


def names_parquet(options: LogOptions) -> bool:
    """The options name Parquet files. Raises NotFound where they name logs as well, or a machine of logs."""
    found = [is_parquet(path) for path in options.logs]
    if any(found) and not all(found):
        raise NotFound("logs and Parquet files are not read together.", "Name them in two calls.")
    if options.machine and not any(found):
        raise NotFound("--machine chooses among Parquet files, and there are none.", "Logs do not say whose they are.")
    return any(found)


def read_machines(options: LogOptions) -> Mapping[str, LogReading]:
    """The turns of named Parquet files, by the name of their machine. Raises ParquetError, NotFound."""
    reading = read_parquet(options.logs)
    for path in reading.foreign:
        say(f"timmy-tui: {path} is not a file of timmy-tui: passed over", err=True)
    return {name: _reading_of(name, turns) for name, turns in sorted(reading.machines.items())}


def _reading_of(machine: str, turns: tuple[Turn, ...]) -> LogReading:
    state = SourceState(name=machine, condition=SourceCondition.OK, detail=WITHOUT, lines=len(turns))
    return LogReading(
        turns=turns, sessions=sessions_of(turns), sources=(state,), unparsed=Counter(), listening=Listening()
    )


def read_one_machine(options: LogOptions) -> LogReading:
    """The turns of the machine that the options choose, or of the only one. Raises as ``read_machines``, NotFound."""
    machines = read_machines(options)
    names = ", ".join(machines)
    if options.machine:
        if options.machine not in machines:
            raise NotFound(f"there is no machine {options.machine!r} in these files.", f"There is {names}.")
        return machines[options.machine]
    if len(machines) > 1:
        raise NotFound(
            f"these files are of {plural(len(machines), 'machine')}: {names}.", "Choose one: --machine NAME."
        )
    return next(iter(machines.values()))


class SeveralMachines(NamedTuple):
    """Turns of several machines, one machine behind the other, and whose each is."""

    turns: Sequence[Turn]
    machine_of: Mapping[int, str]
    """Ordinal → name."""


def side_by_side(machines: Mapping[str, LogReading]) -> SeveralMachines:
    """All turns with ordinals and sessions of their own; no session is of two machines."""
    turns: list[Turn] = []
    machine_of: dict[int, str] = {}
    sessions = 0
    for name, reading in machines.items():
        for turn in reading.turns:
            machine_of[len(turns)] = name
            turns.append(with_fields(turn, ordinal=len(turns), session=turn.session + sessions))
        sessions = turns[-1].session if turns else 0
    return SeveralMachines(turns, machine_of)
