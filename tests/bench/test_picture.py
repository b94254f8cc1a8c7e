"""The picture's bench: what it masks, and what it calls seen."""

import re

import pytest

from bench.dashboard.picture import KINDS, TURNS, Kind, charted, masked, seen, snapshot_of, trends_picture, turns_of
from timmy_tui.ui.view import View


def test_every_letter_and_digit_is_masked_and_blocks_stay() -> None:
    text = "RAG&#160;+41ms&#160;×1.8&#160;▁▄█&#160;&lt;é"
    svg = f'<svg><style>.r1 {{ fill: red }}</style><text class="r1">{text}</text></svg>'
    shown = masked(svg)
    assert "×▪.▪" in shown and "▁▄█" in shown and "+▪▪▪▪" in shown and "&lt;▪" in shown
    assert ".r1 { fill: red }" in shown
    assert not any(word in shown for word in ("RAG", "41", "ms", "é"))


def test_the_kinds_are_twelve_and_three_are_quiet() -> None:
    assert len(KINDS) == 12 and sum(kind.name.startswith("nothing") for kind in KINDS) == 3


@pytest.mark.parametrize("kind", [KINDS[3], KINDS[7], KINDS[9]], ids=lambda kind: kind.name)
def test_a_change_is_seen_by_heights_in_its_own_row(kind: Kind) -> None:
    view = View(snapshot_of(turns_of(kind, 7)))
    assert seen(view, kind.stage, 60, kind.ago) is True
    assert seen(view, "prompt", 60, kind.ago) is False


def test_nothing_is_before_a_change_that_began_ahead_of_the_first_column() -> None:
    view = View(snapshot_of(turns_of(KINDS[3], 7)))
    assert seen(view, "retrieve", KINDS[3].ago, KINDS[3].ago) is None
    assert seen(view, "retrieve", KINDS[3].ago + 1, KINDS[3].ago) is not None


def test_a_flip_is_in_the_log_as_tail_mode_of_a_new_session() -> None:
    turns = turns_of(next(kind for kind in KINDS if kind.restart), 7)
    assert len(turns) == TURNS and not turns[TURNS - 36].tail_mode and turns[TURNS - 35].tail_mode


@pytest.mark.parametrize(
    ("kind", "way"), [(KINDS[3], 1), (KINDS[9], -1)], ids=lambda value: getattr(value, "name", "")
)  # fmt: skip
def test_on_trends_a_change_has_a_chart_of_its_own_and_a_colour_from_its_turn_on(kind: Kind, way: int) -> None:
    heights, marked = charted(View(snapshot_of(turns_of(kind, 7))), kind)
    assert heights[kind.stage] is True and set(marked) == {kind.stage}
    assert abs(marked[kind.stage] * way - kind.ago) <= 5


def test_on_trends_a_quiet_log_has_no_colour() -> None:
    assert charted(View(snapshot_of(turns_of(KINDS[0], 7))), KINDS[0])[1] == {}


def test_the_masked_trends_have_dots_and_no_letter() -> None:
    shown = masked(trends_picture(snapshot_of(turns_of(KINDS[3], 7)), (120, 30)))
    assert shown.count("<path ") > 50 and shown.count("▪") > 100
    words = "".join(re.findall(r"<text[^>]*>([^<]*)</text>", shown)).replace("&#160;", "")
    assert not any(char.isalnum() for char in words)
