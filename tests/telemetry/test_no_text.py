"""What was said does not leave: text in every field of everything that is told, and no byte of it on the wire."""

from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest
from msgspec import structs
from msgspec.structs import replace

from tests.telemetry.receiver import receiving
from tests.telemetry.test_otlp import exporting, root_of
from tests.telemetry.test_prometheus import page, serving, value
from tests.telemetry.turns import GOLDEN, new_turns, reuse_of, snapshot_of
from tests.ui.snapshots import snapshot as whole_snapshot
from timmy_tui.model.llm import LlmState, OllamaFacts, Reuse
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Epoch, Event, Gap, Turn

SAID = "bitte grandmother hydrangea"
EVENT = Event(1.0, SAID, SAID, SAID, {SAID: SAID})


def with_text(value: Any, kind: Any) -> Any:
    """The value, with what was said wherever its type holds text; enumerations hold their own words only."""
    if kind in (str, str | None):
        return SAID
    if kind == frozenset[str]:
        return frozenset({SAID, "error"})
    if kind == tuple[str, ...]:
        return (SAID,)
    if kind == tuple[Gap, ...]:
        return (*value, Gap(SAID, SAID, 0.0))
    if kind == tuple[Event, ...]:
        return (EVENT,)
    if kind == Mapping[str, str]:
        return {SAID: SAID, "tts": SAID, "V2V": SAID}
    if kind == Mapping[str, float | None]:
        return {**value, SAID: 5.0}
    return value


def filled(struct: Any) -> Any:
    hints = get_type_hints(type(struct))
    return replace(struct, **{name: with_text(getattr(struct, name), hints[name]) for name in struct.__struct_fields__})


def told() -> tuple[Turn, Snapshot]:
    """A snapshot that says it everywhere."""
    turn = replace(filled(new_turns(1)[0]), span=GOLDEN[0].span, state=GOLDEN[0].state)
    reuse = filled(reuse_of(turn))
    facts = filled(OllamaFacts(url="", reachable=True, since=None))
    state = replace(snapshot_of([turn]).llm or LlmState(None, (), None, ()), facts=facts, reuse=(reuse,))
    epoch = Epoch(number=1, session_id=SAID, started=None, first=0, turns=1, flags={SAID: SAID, "raw": SAID})
    judgement = whole_snapshot().judgement
    assert judgement is not None
    judgement = replace(judgement, findings=tuple(replace(filled(one), ended="") for one in judgement.findings))
    return turn, snapshot_of([turn], epochs=(epoch,), judgement=judgement, llm=state)


def test_the_fields_are_filled() -> None:
    turn, snapshot = told()
    assert (turn.text, turn.reply, turn.errors, turn.model, turn.request_id) == (SAID, SAID, (SAID,), SAID, SAID)
    assert snapshot.llm is not None
    assert snapshot.llm.reuse[0].broken == SAID and snapshot.llm.facts is not None
    texts = [name for kind in (Turn, Reuse) for name, hint in get_type_hints(kind).items() if hint in (str, str | None)]
    assert len(texts) >= 9
    assert structs.asdict(turn)["reason"] == SAID


def test_no_word_of_it_leaves_by_otlp() -> None:
    turn, snapshot = told()
    with receiving() as receiver:
        with exporting(receiver.port) as exporter:
            exporter.observe(snapshot)
            receiver.wait(lambda seen: len(seen.traces()) == 1 and bool(seen.metrics))
        assert len(receiver.bodies) >= 2
        for word in (SAID, *SAID.split()):
            assert not [body for body in receiver.bodies if word.encode() in body]
        (spans,) = receiver.traces().values()
        assert root_of(spans).length_ns == round(1e6 * (turn.headline_ms or 0.0))


def test_no_word_of_it_is_on_the_page_for_prometheus() -> None:
    _, snapshot = told()
    with serving() as server:
        server.observe(snapshot)
        text = page(server)
        assert value(text, 'timmy_turns_total{state="complete"}') == 1
        assert not [word for word in SAID.split() if word in text]


@pytest.mark.parametrize("wanted", [True, False])
def test_who_asks_for_it_gets_what_was_said_and_error_lines_and_nobody_else(wanted: bool) -> None:
    turn = new_turns(1, text=SAID, reply="I shall", errors=("no memory",), state=GOLDEN[4].state)[0]
    with receiving() as receiver, exporting(receiver.port, text=wanted) as exporter:
        exporter.observe(snapshot_of([turn]))
        receiver.wait(lambda seen: len(seen.traces()) == 1)
        attributes = root_of(receiver.taken).attributes
        if wanted:
            assert attributes["gen_ai.input.messages"] == (
                f'[{{"role": "user", "parts": [{{"type": "text", "content": "{SAID}"}}]}}]'
            )
            assert "I shall" in attributes["gen_ai.output.messages"]
            assert attributes["timmy.errors"] == ["no memory"]
        else:
            assert not {"gen_ai.input.messages", "gen_ai.output.messages", "timmy.errors"} & set(attributes)
