"""What was said does not leave: text in every field of everything that is told, and no byte of it on the wire."""

from collections.abc import Mapping
from typing import Any, get_type_hints

import pytest
from msgspec import structs
from msgspec.structs import replace

from tests.telemetry.prometheus.test_observer import page, serving, value
from tests.telemetry.receiver import receiving
from tests.telemetry.test_otlp import exporting, root_of
from tests.telemetry.turns import GOLDEN, new_turns, reuse_of, snapshot_of
from tests.ui.snapshots import snapshot as whole_snapshot
from timmy_tui.model.llm import LlmState, OllamaFacts, Reuse
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Epoch, Event, FlagValue, Gap, Turn
from timmy_tui.telemetry.attributes import TurnContext
from timmy_tui.telemetry.foreign_names import flag_text, host_or_none, name_or_none
from timmy_tui.telemetry.samples import samples_of_now
from timmy_tui.telemetry.spans import trace_of

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


SECRETS = ("http://me:hunter2@nas:11434", "sk-proj-abc123", "me@example.org", "hydrangea", "nas:11434/?key=abc")
"""Of one word, as what was said or what a file holds may be."""


@pytest.mark.parametrize("secret", SECRETS)
def test_a_flag_of_the_users_own_tells_no_text(secret: str) -> None:
    """Its constant may hold anything: no pattern tells a key from the name of a model."""
    epoch = Epoch(
        number=1, session_id=None, started=None, first=0, turns=1,
        flags={"url": secret, "own": 5, "model": "llama3.2:3b"},
    )  # fmt: skip
    told = {
        dict(one.labels)["flag"]: dict(one.labels)["value"] for one in samples_of_now(snapshot_of([], epochs=(epoch,)))
    }
    assert told == {"own": "5", "model": "llama3.2:3b"}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("http://me:hunter2@nas:11434", None), ("http://nas:11434", None), ("me@example.org", None), ("a b", None),
        ("", None), (None, None), ("llama3.2:3b-instruct-q4_K_M", "llama3.2:3b-instruct-q4_K_M"),
        ("hf.co/bartowski/Llama-3.2:Q4", "hf.co/bartowski/Llama-3.2:Q4"), ("-o", None), ("x" * 129, None),
    ],
)  # fmt: skip
def test_only_what_looks_like_a_name_is_one(value: str | None, name: str | None) -> None:
    assert name_or_none(value) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (1048576, "1048576"),
        (0.1, "0.1"),
        (8000.0, "8000"),
        (1e-7, "1e-07"),
        ("a", "a"),
    ],
)
def test_a_figure_is_told_as_it_is(value: FlagValue, text: str) -> None:
    assert flag_text(value, is_known=True) == text


@pytest.mark.parametrize("host", ["::1", "fe80::1", "127.0.0.1", "windows-host", "nas.local"])
def test_where_ollama_is_is_told_whole(host: str) -> None:
    made = trace_of(GOLDEN[3], "1" * 32, TurnContext(server=(host, 11434)))
    assert made is not None
    (request,) = [span for span in made.spans if span.is_client]
    assert (request.attributes["server.address"], request.attributes["server.port"]) == (host, 11434)


def test_a_port_without_its_machine_is_not_told() -> None:
    assert host_or_none("two words") is None
    made = trace_of(GOLDEN[3], "1" * 32, TurnContext(server=("two words", 11434)))
    assert made is not None
    assert not [span for span in made.spans if "server.port" in span.attributes]
