"""What a profile says that would mean nothing is a fault, and none of the shipped ones says such a thing."""

from typing import Any

import pytest

from tests.profiles.worlds import events_of_box, profile
from timmy_tui.profiles.load import faults, load, names

STAGE = {"key": "think", "label": "THINK", "meaning": "thinking", "owner": "service", "critical": True}
BETWEEN = {"from": ["asked"], "to": ["answered"]}
BESIDE = {**STAGE, "key": "beside", "critical": False}
LINES: dict[str, Any] = {"kind": "lines", "event": ""}


def events(**changes: Any) -> list[dict[str, Any]]:
    """Those of the small system, the first one with these keys."""
    first, *others = events_of_box()
    return [{**first, **changes}, *others]


def stages(**more: Any) -> list[dict[str, Any]]:
    return [{**STAGE, **BETWEEN}, {**BESIDE, **more}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"private": ["asked.secrt"]}, "private names 'asked.secrt'"),
        ({"event": events(add=["tokns"])}, "event heard: add names 'heard.tokns'"),
        ({"event": events(zero_is_none=["tokns"])}, "event heard: zero_is_none names 'heard.tokns'"),
        ({"turn": {"join": [{"event": "sound", "same": [], "needs": ["asked.promt"]}]}}, "turn.join sound names"),
        ({"headline": [{"span": "V2V", "from": ["heard"], "to": ["sound"], "unless": ["mutd"]}]},
         "headline 1 names the event 'mutd'"),
        ({"turn": {"unanswered": ["eror"]}}, "turn.unanswered names the event 'eror'"),
        ({"event": events(after=["askd"]), "turn": {"by": "order", "key": "", "opens": ["heard"]}},
         "event heard: after names the event 'askd'"),
        ({"event": events(match="^x$")}, "event heard: match is for lines, and source.kind is jsonl"),
        ({"event": events(parts={"path": "p", "key": "k", "lasts": "l"}), "source": LINES},
         "event heard: parts is for JSON"),
        ({"event": events(where={"code": 5}), "source": LINES}, 'write "5"'),
        ({"event": events(units={"took": "s"})}, "event heard: units is for groups of match, and 'took' is none"),
        ({"event": events(take={"n": {"path": "n"}}, add=["n"], latest=True)}, "event heard: latest and add"),
        ({"event": events(after=["asked"])}, "event heard: after is for by order"),
        ({"source": {"line": "^x"}}, "source.line is for lines, and source.kind is jsonl"),
        ({"source": {"items": "x"}}, "source.items is for document and poll"),
        ({"source": {"group": "x"}}, "source.group is for document and poll"),
        ({"source": {"url": "http://x/"}}, "source.url is for poll"),
        ({"time": {"format": "%b %d %H:%M:%S"}}, "has a day and no year"),
        ({"time": {"format": "unix"}}, "time.format 'unix' is not iso, unix_s, unix_ms, unix_us or"),
        ({"time": {"format": "%Y-%m-%d %Q"}}, "time.format '%Y-%m-%d %Q' is not iso"),
        ({"turn": {"opens": ["heard"]}}, "turn.opens is for by order, and turn.by is key"),
        ({"turn": {"by": "record", "enough": ["heard"]}}, "turn.enough means nothing"),
        ({"turn": {"by": "order", "opens": ["heard"]}}, "turn.key is for by key and by record"),
        ({"stage": stages(lasts=["answered.took"], lasts_ms=5)}, "stage beside: lasts and lasts_ms"),
        ({"stage": stages(minus=["answered.took"], **BETWEEN)}, "stage beside: minus is for lasts"),
        ({"stage": stages(pairs=True, lasts=["answered.took"], **BETWEEN)}, "stage beside: pairs is for from and to"),
        ({"stage": [{**STAGE, **BETWEEN, "pairs": True}]}, "stage think: pairs is for from and to"),
        ({"stage": stages(lasts=["answered.took"]), "time": {"resolution_ms": 1000},
          "headline": [{"span": "V2V", "lasts": ["answered.took"]}]}, "stage think: from and to measure nothing"),
        ({"stage": [{**STAGE, "lasts": ["answered.took"]}], "time": {"resolution_ms": 1000}},
         "headline 1: from and to measure nothing"),
        ({"headline": [{"span": "V2V", "from": ["heard"], "to": ["sound"], "lasts": ["answered.took"]}]},
         "headline 1: lasts, and from or to"),
        ({"headline": [{"span": "V2V", "from": ["heard"], "to": ["sound"], "last_event": "sound"}]},
         "headline 1: last_event is for lasts"),
        ({"headline": [{"span": "V2V", "from": ["heard"], "to": ["sound"], "less": "answered.took", "less_ms": 5}]},
         "headline 1: less and less_ms"),
        ({"figures": {"text_length": "error.what"}}, "figures.text_length needs a figure, and error.what is a text"),
        ({"figures": {"model": ["answered.took"]}}, "figures.model needs a text, and answered.took is a figure"),
        ({"figures": {"raw": "answered.took"}}, "figures.raw needs a flag, and answered.took is a figure"),
        ({"counts": {"prompt": "error.what"}}, "counts needs a figure, and error.what is a text"),
        ({"stage": stages(lasts=["error.what"])}, "stage beside needs a figure, and error.what is a text"),
        ({"headline": [{"span": "V2V", "lasts": ["error.what"]}]}, "headline 1 needs a figure"),
        ({"turn": {"reason": "answered.took"}}, "turn.reason needs a text, and answered.took is a figure"),
    ],
)  # fmt: skip
def test_each_is_named(changes: dict[str, Any], said: str) -> None:
    assert [fault for fault in faults(profile(**changes)) if said in fault], [*faults(profile(**changes))]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stage": stages(pairs=True, **BETWEEN)},
        {"private": ["error.what"]},
        {"time": {"format": "%d.%m.%Y %H:%M:%S"}},
        {"time": {"format": "%a %b %d %H:%M:%S.%f %y"}},
        {"time": {"format": "%I:%M:%S %p"}},
        {"time": {"format": "%Y-%m-%dT%H:%M:%S%z"}},
    ],
)
def test_what_means_something_is_none(changes: dict[str, Any]) -> None:
    assert [*faults(profile(**changes))] == []


@pytest.mark.parametrize("name", names())
def test_no_shipped_profile_has_one(name: str) -> None:
    assert [*faults(load(name))] == []
