"""Small profiles and logs for the tests: a system with three durations a turn, printed in a line each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import convert

from timmy_tui.model.turn import Turn
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.spec import Profile

PROFILE = """
spec = 1
[profile]
name = "box"
title = "Box"
[source]
kind = "jsonl"
event = "event"
[time]
field = "t"
format = "unix_s"
[turn]
by = "key"
key = "id"
complete = ["sound"]
failed = ["error"]
reason = "error.what"
[[headline]]
span = "V2V"
from = ["heard"]
to = ["sound"]
[[event]]
name = "heard"
[[event]]
name = "asked"
take.prompt = {path = "prompt", unit = "count"}
[[event]]
name = "answered"
take.took = {path = "took"}
[[event]]
name = "sound"
[[event]]
name = "error"
take.what = {path = "what", unit = "text"}
[[stage]]
key = "listen"
label = "LISTEN"
meaning = "hearing"
owner = "service"
from = ["heard"]
to = ["asked"]
critical = true
[[stage]]
key = "think"
label = "THINK"
meaning = "thinking"
owner = "service"
from = ["asked"]
to = ["answered"]
critical = true
[[stage]]
key = "speak"
label = "SPEAK"
meaning = "speaking"
owner = "service"
from = ["answered"]
to = ["sound"]
critical = true
"""


def profile(**changes: Any) -> Profile:
    """The profile above, with these tables changed (a list or a value takes the place of what was there)."""
    import tomllib

    data = tomllib.loads(PROFILE)
    for name, change in changes.items():
        if isinstance(change, dict):
            data[name] = {**data.get(name, {}), **change}
        else:
            data[name] = change
    return convert(data, Profile)


def line(at: float, key: str, event: str, **more: Any) -> bytes:
    """One record."""
    return json.dumps({"t": at, "id": key, "event": event, **more}).encode()


def whole_turn(at: float, key: str, took: Sequence[float] = (0.2, 1.0, 0.3)) -> list[bytes]:
    """The four records of a turn."""
    stamps = [at, at + took[0], at + took[0] + took[1], at + sum(took)]
    return [
        line(stamp, key, event) for stamp, event in zip(stamps, ("heard", "asked", "answered", "sound"), strict=True)
    ]


def turns_of(read_by: Profile, lines: Sequence[bytes]) -> list[Turn]:
    """All turns of these lines."""
    return [*ProfileReading(read_by, 60.0).read_once([("", lines)])]


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    """A profile's file."""
    path = folder / name
    path.write_text(text)
    return path


def events_of_box() -> list[dict[str, Any]]:
    """The rules of its events."""
    asked, answered = {"prompt": {"path": "prompt", "unit": "count"}}, {"took": {"path": "took"}}
    error = {"what": {"path": "what", "unit": "text"}}
    return [{"name": "heard"}, {"name": "asked", "take": asked}, {"name": "answered", "take": answered},
            {"name": "sound"}, {"name": "error", "take": error}]  # fmt: skip


def states(turns: Sequence[Turn]) -> list[str]:
    """How they ended."""
    return [str(turn.state) for turn in turns]


AT = 1_000_000.0
BY_ORDER = profile(turn={"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"], "late_s": 5.0})
