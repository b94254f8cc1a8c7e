"""Switches that a log tells of: their values, the epochs that they begin, and what is never said."""

from pathlib import Path
from typing import Any

import pytest

from tests.profiles.test_choice import call
from tests.profiles.worlds import line, profile, turns_of, whole_turn
from timmy_tui.profiles.spec import Profile

AT = 1_000_000.0


def with_switch(kind: str = "bool") -> Profile:
    """The small system, with one switch of this type."""
    event = {
        "name": "switch",
        "take": {"name": {"path": "name", "unit": "text"}, "value": {"path": "value", "unit": "text"}},
    }
    events = [{"name": name} for name in ("heard", "asked", "answered", "sound")]
    flag = {"key": "loud", "label": "loud", "value": "switch.value", "when": {"switch.name": "loud"}, "type": kind}
    return profile(event=[*events, event], flag=[flag], turn={"failed": [], "reason": ""})


def switch(at: float, value: str, name: str = "loud") -> bytes:
    return line(at, "", "switch", name=name, value=value)


def values(*lines: bytes, kind: str = "bool") -> list[Any]:
    """The value of the switch on each turn."""
    return [turn.switches.get("loud") for turn in turns_of(with_switch(kind), lines)]


def test_a_turn_has_the_value_of_its_beginning() -> None:
    first, second = whole_turn(AT, "a"), whole_turn(AT + 10, "b")
    lines = [
        *first[:2],
        switch(AT + 0.5, "True"),
        *first[2:],
        *second,
        switch(AT + 19, "False"),
        *whole_turn(AT + 20, "c"),
    ]
    assert values(*lines) == [None, True, False]


def test_an_event_of_a_turn_in_flight_can_tell_of_a_switch() -> None:
    first = whole_turn(AT, "a")
    told = line(AT + 0.5, "a", "switch", name="loud", value="True")
    assert values(*first[:2], told, *first[2:], *whole_turn(AT + 10, "b")) == [None, True]


@pytest.mark.parametrize("place", range(4))
def test_an_event_of_a_turn_that_also_tells_of_a_switch_stays_of_the_turn(place: int) -> None:
    names = ("heard", "asked", "answered", "sound")
    name = names[place]
    take = {"loud": {"path": "loud", "unit": "flag"}}
    rule = profile(
        event=[{"name": one, **({"take": take} if one == name else {})} for one in names],
        flag=[{"key": "loud", "label": "loud", "value": f"{name}.loud"}],
        turn={"failed": [], "reason": ""},
    )
    stamps = dict(zip(names, (0.0, 0.2, 1.2, 1.5), strict=True))
    lines = [line(AT + 9 * n + at, f"t{n}", one, **({"loud": n > 0} if one == name else {}))
             for n in range(3) for one, at in stamps.items()]  # fmt: skip
    turns = turns_of(rule, lines)
    assert [(turn.headline_ms, str(turn.state)) for turn in turns] == [(1500.0, "complete")] * 3
    assert all(None not in turn.stages.values() for turn in turns)
    # The first event of a turn tells before the turn begins.
    assert [turn.switches.get("loud") for turn in turns] == ([False, True, True] if place == 0 else [None, False, True])


def test_what_no_line_has_said_is_unknown_and_another_switch_changes_nothing() -> None:
    assert values(switch(AT, "True", "quiet"), *whole_turn(AT + 1, "a")) == [None]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("bool", "True", True), ("bool", "off", False), ("bool", "perhaps", None), ("int", "3", 3), ("int", "3.5", None),
     ("float", "0.25", 0.25), ("float", "much", None), ("str", "qwen36", "qwen36"), ("str", "", "")],
)  # fmt: skip
def test_each_type(kind: str, text: str, value: object) -> None:
    assert values(switch(AT, text), *whole_turn(AT + 1, "a"), kind=kind) == [value]


def test_a_flip_begins_an_epoch_and_is_compared(tmp_path: Path) -> None:
    """Little Timmy v2's own log line; 40 turns with the picture looked at, 40 without, when the model is faster."""
    log = tmp_path / "little_timmy.log"
    texts = ["10:00:00 [timmy] INFO: === Little Timmy starting ==="]

    def turns(first: int, token_ms: int) -> None:
        for number in range(first, first + 40):
            lag = 512 + 3 + 40 + 200 + 30 + 5 + token_ms + 300 + number % 7 * 10
            clock = f"{10 + number // 60:02}:{number % 60:02}"
            texts.append(f"{clock}:10 [timmy] INFO: [DAN] Hello {number}. (STT: {200 + number}ms, SPK: 40ms)")
            texts.append(
                f"{clock}:14 [timmy] INFO: [PERF] endpoint=512ms queue=3ms spk=40ms stt={200 + number}ms "
                f"retrieval=30ms build=5ms llm_ft={token_ms + number % 7 * 10}ms llm=2000ms "
                f"tts={token_ms + number % 7 * 10 + 300}ms e2e=3000ms reply_lag={lag + number}ms speech_to_reply=5000ms"
            )
            texts.append(
                f"{clock}:14 [timmy] INFO: [PERF-AUDIO] filler_fired=False filler_dur=Nonems filler_lead=Nonems "
                f"overrun=100ms true_reply_lag={lag + number + 100}ms"
            )

    said = "[persistence.runtime_toggles] INFO: lt_runtime_toggles: vision_auto_poll_enabled ="
    texts.append(f"10:00:01 {said} True")
    turns(1, 900)
    texts.append(f"10:40:50 {said} False")
    turns(41, 500)
    log.write_text("\n".join(texts) + "\n")
    report = call(tmp_path, "report", "--log", str(log), "--sessions").stdout
    assert "vision on→off" in report and "flags of the newest: vision off" in report
    compared = call(tmp_path, "compare", "--log", str(log), "epoch:2", "epoch:1")
    assert compared.returncode == 0, compared.stderr
    assert "llm_ft" in compared.stdout and "faster" in compared.stdout
