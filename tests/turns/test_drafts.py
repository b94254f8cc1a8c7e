"""Which turns are remembered whole, and of which only the id and the time are."""

import pytest

from timmy_tui.turns import drafts
from timmy_tui.turns.drafts import Drafts


def make_closed(store: Drafts, number: int) -> None:
    draft = store.create(f"{number:08x}")
    draft.last_stamp = float(number)
    draft.closed = True


def test_the_newest_are_found_and_older_ones_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MIN_OLD_IDS", 10)
    store = Drafts(remember=5)
    for number in range(1, 101):
        make_closed(store, number)
        found = [old for old in range(1, number + 1) if store.find(f"{old:08x}")]
        recognised = [old for old in range(1, number + 1) if store.last_stamp_of_old(f"{old:08x}") == old]
        assert found[-1] == number
        assert number - found[0] <= 5
        assert min(10, found[0] - 1) <= len(recognised) <= 20
        assert recognised == list(range(found[0] - len(recognised), found[0]))


def test_an_open_turn_is_never_forgotten() -> None:
    store = Drafts(remember=2)
    store.create("first")
    for number in range(10):
        make_closed(store, number)
    assert store.find("first") is not None
    assert store.last_stamp_of_old("first") is None


def test_the_same_id_again_hides_the_older_turn() -> None:
    store = Drafts()
    older, newer = store.create("aaaaaaaa"), store.create("aaaaaaaa")
    assert store.find("aaaaaaaa") is newer
    assert older.ordinal < newer.ordinal


def test_a_turn_without_an_id_is_not_kept() -> None:
    store = Drafts()
    store.create("")
    assert store.find("") is None
