"""Which turns are remembered whole, and of which only the id and the time are."""

import pytest

from tests.turns.events import event
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


def test_of_an_unknown_event_that_comes_twice_the_first_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_UNKNOWN_NAMES", 2)
    store = Drafts()
    draft = store.create("aaaaaaaa")
    for name, stamp_us in (("a", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)):
        store.store_unknown(draft, name, stamp_us)
    assert draft.unknown_events == {"a": 1, "b": 3} and not store.dropped
    store.store_unknown(draft, "c", 6)
    assert draft.unknown_events == {"a": 1, "b": 3}
    assert store.dropped == {drafts.TOO_MANY_NAMES: 1}


@pytest.mark.parametrize(("count", "dropped"), [(499, 0), (500, 0), (501, 1), (503, 3)])
def test_the_first_500_events_of_a_turn_are_stored(count: int, dropped: int) -> None:
    store = Drafts()
    draft = store.create("aaaaaaaa")
    draft.events.extend(event("stt_pause_detected", number) for number in range(count))
    first = draft.events[0]
    store.limit_events(draft)
    assert len(draft.events) == count - dropped and draft.events[0] is first
    assert store.dropped == ({drafts.TOO_MANY_EVENTS: dropped} if dropped else {})


FIGURES = {"prompt_tokens": 10, "output_tokens": 5, "prefill_ms": 100.0}


@pytest.mark.parametrize(
    ("figures", "found"),
    [
        (FIGURES, True), (FIGURES | {"prefill_ms": 100.05}, True), (FIGURES | {"prefill_ms": 99.95}, True),
        (FIGURES | {"prefill_ms": 100.07}, False), (FIGURES | {"prefill_ms": 99.93}, False),
        (FIGURES | {"prompt_tokens": 11}, False), (FIGURES | {"output_tokens": 6}, False),
        ({"prompt_tokens": 10, "output_tokens": 5}, False), ({"prompt_tokens": 10, "prefill_ms": 100.0}, False),
        ({"output_tokens": 5, "prefill_ms": 100.0}, False),
    ],
)  # fmt: skip
def test_a_turn_is_found_by_its_figures(figures: dict[str, float], found: bool) -> None:
    store = Drafts()
    older, newer, other = (store.create(name) for name in ("aaaaaaaa", "bbbbbbbb", "cccccccc"))
    for draft in (older, newer):
        draft.fields.update(FIGURES)
    other.fields.update(FIGURES | {"prompt_tokens": 99})
    assert store.find_by_figures(figures) is (newer if found else None)


@pytest.mark.parametrize("missing", FIGURES)
def test_turns_that_lack_the_same_figure_are_not_the_same_for_that(missing: str) -> None:
    store = Drafts()
    known = {name: value for name, value in FIGURES.items() if name != missing}
    store.create("aaaaaaaa").fields.update(known)
    assert store.find_by_figures(known) is None


def test_the_newest_turn_in_flight() -> None:
    store = Drafts()
    assert store.in_flight() is None
    turns = [store.create(name) for name in ("aaaaaaaa", "bbbbbbbb", "cccccccc")]
    assert [turn.ordinal for turn in turns] == [0, 1, 2] and store.take_ordinal() == 3
    store.open = {turn.ordinal: turn for turn in (turns[1], turns[2], turns[0])}
    assert store.in_flight() is turns[2]
