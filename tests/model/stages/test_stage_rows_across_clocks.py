"""The rows of the stage table across two clocks, written by hand as the others are, and what they are in order."""

import msgspec
import pytest

from tests.model.stages.test_table import UNJUDGED, USUAL
from timmy_tui.model.stages import v34 as v34_stages
from timmy_tui.model.stages import watched as stages
from timmy_tui.model.stages.watched import BY_KEY

ROWS = {
    "hop_in": {
        "label": "NET→", "clock": "cross", "owner": "hop", "critical": True, "trend": 0, **UNJUDGED,
        "starts": ("stt_http_request_start", "stt_sending_to_v34"),
        "ends": ("v34_flask_handler_entry", "v34_webhook_received"),
    },
    "hop_out": {
        "label": "→NET", "clock": "cross", "owner": "hop", "critical": True, "trend": 0, **UNJUDGED,
        "starts": ("v34_sending_to_tts",), "ends": ("tts_request_received",),
    },
    "network": {
        "label": "NET", "name": "network both ways", "clock": "cross", "owner": "hop", "measured": "sum",
        "group": "hops", "soft_ms": 2.0, "least_move_ms": 2.0, "trend": 14,
    },
}  # fmt: skip


def test_these_are_all_stages_across_two_clocks() -> None:
    assert [key for key in stages.KEYS if BY_KEY[key].clock == "cross"] == list(ROWS)


@pytest.mark.parametrize("key", ROWS)
def test_every_column_of_a_row_across_two_clocks(key: str) -> None:
    row = msgspec.structs.asdict(BY_KEY[key])
    assert row.pop("meaning")
    assert row == {**USUAL, "key": key, **ROWS[key]}


def test_where_the_hops_and_their_sum_stand() -> None:
    assert stages.CRITICAL == (
        "endpointing", "stt_final", "hop_in", "classify", "store", "retrieve", "prompt", "llm", "reply", "hop_out",
        "mute", "tts",
    )  # fmt: skip
    assert (*stages.CRITICAL, *stages.OUTSIDE) == stages.TOP
    assert stages.OUTSIDE == ("playback", "rearm", "deaf", "network")
    assert ("hop_out", "mute", "tts", *stages.OUTSIDE) == v34_stages.AFTER_REPLY
    assert (stages.HOPS, stages.NETWORK, stages.SETTINGS) == (("hop_in", "hop_out"), "network", ("endpointing",))
    assert stages.TRENDS[-1] == "network"


def test_the_parts_of_a_headline_have_the_sum_of_the_hops_in_the_place_of_the_first() -> None:
    ms = {key: float(at) for at, key in enumerate(stages.KEYS)}
    order = [key for key, _ in stages.parts_of_headline(ms)]
    assert order == ["network" if key == "hop_in" else key for key in stages.CRITICAL if key != "hop_out"]
    alone = {**ms, "network": None, "prompt": None, "store": 0.0}
    assert [key for key, _ in stages.parts_of_headline(alone)] == [key for key in stages.CRITICAL if key != "prompt"]
    assert dict(stages.parts_of_headline(alone))["hop_out"] == ms["hop_out"]


@pytest.mark.parametrize(
    ("key", "top"), [("load", "llm"), ("wait", "llm"), ("prefill", "llm"), ("llm", "llm"), ("merge", "retrieve")]
)
def test_the_top_stage_of_a_part_of_a_part(key: str, top: str) -> None:
    assert stages.top_of(key) == top


@pytest.mark.parametrize(
    ("key", "label"), [("unattributed", "?"), ("hop_in", "NET→"), ("prefill", "prefil"), ("new", "new"), ("V2V", "V2V")]
)
def test_the_short_label_of_anything(key: str, label: str) -> None:
    assert stages.label(key) == label
