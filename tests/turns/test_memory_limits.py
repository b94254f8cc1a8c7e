"""How much is remembered, in numbers: turns that say what is usual, turns that late lines reach, clocks."""

import pytest

from tests.turns.events import event
from timmy_tui.model.turn import Event, Turn, TurnState
from timmy_tui.turns.account.offset_steps import Doubt, OffsetSteps
from timmy_tui.turns.assembler import TurnAssembler
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.silence import Silence


def observed(*tts_ms: float) -> list[Doubt]:
    """Turns whose synthesis took so long; before the last of them the voice services' clock had gone on by 290 ms."""
    steps = OffsetSteps()
    doubts: list[Doubt] = []
    for number, ms in enumerate(tts_ms):
        bounds = (-300.0, -290.0) if number == len(tts_ms) - 1 else (0.0, 10.0)
        turn = Turn(
            ordinal=number, request_id=f"{number:08x}", state=TurnState.COMPLETE, offset_bounds=bounds,
            stages={"tts": ms},
        )  # fmt: skip
        doubts += steps.observe(turn)
    return doubts


LONG, SHORT = 990.0, 700.0


@pytest.mark.parametrize(
    ("earlier", "doubted"),
    [
        # The turn in question is the last but one; of the seven around it four are short, whatever was before them.
        ((LONG, SHORT, SHORT, SHORT, LONG, LONG, LONG), True), ((SHORT, SHORT, SHORT, SHORT, LONG, LONG, LONG), True),
        ((SHORT, LONG, SHORT, SHORT, LONG, LONG, LONG), False), ((SHORT, SHORT, LONG, SHORT, LONG, LONG, LONG), False),
    ],
)  # fmt: skip
def test_seven_turns_say_what_a_stage_usually_takes(earlier: tuple[float, ...], doubted: bool) -> None:
    doubts = observed(*earlier, LONG, SHORT)
    assert [doubt.ordinal for doubt in doubts] == ([7] if doubted else [])
    assert all({"tts", "V2V"} <= doubt.keys for doubt in doubts)


@pytest.mark.parametrize(("others", "told"), [(15, True), (16, False)])
def test_the_clocks_of_sixteen_services_are_remembered(others: int, told: bool) -> None:
    silence = Silence(60.0)
    for number in range(others):
        silence.note(Event(1.0, "a", "x", f"service {number}"))
    first = Event(1.0, "a", "x", "one more")
    silence.note(Event(61.001, "b", "x", "one more"))
    assert silence.is_over(Draft(0, "a", events=[first], last_stamp=1.0)) is told


@pytest.mark.parametrize(("later", "found"), [(511, True), (512, False)])
def test_late_lines_reach_the_newest_512_turns(later: int, found: bool) -> None:
    drafts = Drafts()
    for number in range(1 + later):
        drafts.create(f"{number:08x}").closed = True
    assert (drafts.find("00000000") is not None) is found
    assert (drafts.last_stamp_of_old("00000000") is not None) is not found


@pytest.mark.parametrize(("turns", "ended"), [(64, []), (65, ["00000000"]), (66, ["00000000", "00000001"])])
def test_at_most_64_turns_are_in_flight(turns: int, ended: list[str]) -> None:
    """Live, where no later id ends a turn; none of these events ends an older one."""
    assembler = TurnAssembler()
    over = [
        turn.request_id
        for number in range(turns)
        for turn in assembler.add_events([event("v34_ollama_sent", number, None, f"{number:08x}")], 1.0)
    ]
    assert over == ended
