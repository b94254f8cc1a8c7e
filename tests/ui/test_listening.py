"""The idle line says that Timmy listens, and only while it does."""

import pytest

from tests.ui.snapshots import snapshot
from timmy_tui.model.snapshot import Listening, Snapshot
from timmy_tui.ui.panels.headline import flight_line
from timmy_tui.ui.view import View


def shown(listening: Listening, tick: float, base: Snapshot | None = None) -> str:
    from msgspec.structs import replace

    picture = replace(base or snapshot(), open_turn=None, listening=listening)
    return "".join(text for text, _ in flight_line(View(snapshot=picture, tick=tick), 120))


QUIET = Listening(pauses=412, per_minute=83.6, threshold_s=0.5, arrived=100.0)


@pytest.mark.parametrize(("tick", "word"), [(100.0, "listening  "), (105.0, "listening"), (105.1, "idle")])
def test_it_listens_while_pauses_come(tick: float, word: str) -> None:
    assert shown(QUIET, tick).startswith(word)


def test_nothing_is_said_of_a_microphone_that_nobody_heard_of() -> None:
    assert shown(Listening(), 5.0).startswith("idle")
    assert shown(Listening(pauses=1, arrived=5.0), 5.0).startswith("idle")


def test_before_the_first_turn_it_is_said_as_well() -> None:
    assert "waiting for the first turn" in shown(QUIET, 100.0, Snapshot())
    assert "84 pauses/min" in shown(QUIET, 100.0, Snapshot())


def test_lone_pauses_are_no_failure_to_count() -> None:
    assert "412" not in shown(QUIET, 100.0)
