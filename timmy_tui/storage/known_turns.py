"""Which known turn each turn of a list is: one rule for the history, for Parquet files and for what is read back.

A turn with an id, or with Ollama's figures, is found by these. One without, such as a typed turn that failed, looks
like all of its kind: it is found by the time of its line, else by its place between turns that were found.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple, Protocol

from timmy_tui.model.same_turn import (
    SAME_STAMP_S,
    START_TOLERANCE_S,
    distance_ms,
    has_figures,
    has_name,
    has_same_stamp,
    is_near,
    is_same_turn,
)
from timmy_tui.model.turn import LATEST, Turn

FIRST, LAST = float("-inf"), float("inf")
"""Before and behind all places."""


class Account(NamedTuple):
    """A known turn, and where it stands."""

    key: Hashable
    turn: Turn
    place: float
    """Ascends in the order in which the turns happened."""
    at: float | None
    """When it began, or the turn beside it where that is not known; None: no turn beside it is timed either."""


class Known(Protocol):
    """The known turns."""

    one_numbering: bool
    """Their numbers, and those of the turns that are looked up, were given by the same history or reading."""

    def alike(self, turn: Turn) -> Sequence[Account]:
        """Those that ``is_same_turn`` takes for this one, by place."""

    def next_named(self, place: float, forward: bool) -> float:
        """Place of the nearest turn with a name behind this place, or before it; ±infinity where there is none."""


def find_each(turns: Sequence[Turn], times: Sequence[float | None], known: Known) -> list[Account | None]:
    """For each turn, in their order, the known one that it is; none is found twice. ``times``: as ``times_of``."""
    search = _Search(turns, times, known)
    search.find_named()
    search.find_others()
    return search.found


class _Stretch(NamedTuple):
    """Turns without a name that were not found, between two that were."""

    members: Sequence[int]
    """By their index."""
    before: Account | None
    behind: Account | None
    beside: Collection[int]
    """Members with no named turn between them and the one turn that was found; empty where two or none were."""
    edge: float
    """Place of the next named turn among the known ones, from that one turn on."""
    same_numbers: bool
    """The turns that were found have the numbers that they had, if any were: then its own have, too."""

    @property
    def backwards(self) -> bool:
        """Counted from the turn behind it."""
        return self.before is None and self.behind is not None

    def is_beside(self, place: float) -> bool:
        """A known turn at this place has no named one between it and the one turn that was found."""
        return place > self.edge if self.backwards else place < self.edge


class _Search:
    """The state of ``find_each``."""

    def __init__(self, turns: Sequence[Turn], times: Sequence[float | None], known: Known) -> None:
        self._turns, self._times, self._known = turns, times, known
        self._taken: set[Hashable] = set()
        self.found: list[Account | None] = [None] * len(turns)

    def find_named(self) -> None:
        """Those of which something is sure: id, figures, or the time of their line."""
        for index, turn in enumerate(self._turns):
            if turn.started is not None or has_name(turn):
                free = [one for one in self._known.alike(turn) if one.key not in self._taken]
                self._take(index, _surest(turn, free))

    def find_others(self) -> None:
        """By their place."""
        start, ends = 0, [at for at, account in enumerate(self.found) if account is not None]
        for end in [*ends, len(self._turns)]:
            members = [at for at in range(start, end) if not has_name(self._turns[at])]
            if members:
                self._find_in(self._stretch(members, start - 1, end))
            start = end + 1

    def _take(self, index: int, account: Account | None) -> None:
        if account is not None:
            self.found[index] = account
            self._taken.add(account.key)

    def _stretch(self, members: Sequence[int], before: int, behind: int) -> _Stretch:
        """``before`` and ``behind``: index of the turns that were found, or beyond the ends of the list."""
        low = self.found[before] if before >= 0 else None
        high = self.found[behind] if behind < len(self.found) else None
        pairs = [(self._turns[at], one) for at, one in ((before, low), (behind, high)) if one is not None]
        same_numbers = self._known.one_numbering and all(_numbers_agree(turn, one.turn) for turn, one in pairs)
        if low is not None and high is not None and low.place >= high.place:
            high = None  # the known ones are in another order
        one = low or high
        if one is None or (low is not None and high is not None):
            return _Stretch(members, low, high, (), LAST, same_numbers)
        beside = [*takewhile(lambda at: not has_name(self._turns[at]), range(before + 1, behind))]
        if low is None:
            beside = [*takewhile(lambda at: not has_name(self._turns[at]), range(behind - 1, before, -1))]
        return _Stretch(members, low, high, beside, self._known.next_named(one.place, low is not None), same_numbers)

    def _find_in(self, stretch: _Stretch) -> None:
        """Each in the order of the stretch, beginning beside the turn that was found."""
        low = FIRST if stretch.before is None else stretch.before.place
        high = LAST if stretch.behind is None else stretch.behind.place
        for index in reversed(stretch.members) if stretch.backwards else stretch.members:
            turn = self._turns[index]
            fitting = [
                one
                for one in self._known.alike(turn)
                if low < one.place < high and one.key not in self._taken and self._may_be(index, one, stretch)
            ]
            chosen = next(iter(reversed(fitting) if stretch.backwards else fitting), None)
            self._take(index, chosen)
            if chosen is not None:
                low, high = (low, chosen.place) if stretch.backwards else (chosen.place, high)

    def _may_be(self, index: int, account: Account, stretch: _Stretch) -> bool:
        """Whether the place allows it; that both look alike is known."""
        turn, at = self._turns[index], self._times[index]
        if stretch.same_numbers and not _numbers_agree(turn, account.turn):
            return False
        if stretch.before is not None and stretch.behind is not None:
            return True
        if turn.started is not None and account.turn.started is not None:
            return False  # of one line both would have the same time
        if stretch.before is not None or stretch.behind is not None:
            is_beside = index in stretch.beside and stretch.is_beside(account.place)
            return is_beside or is_near(at, account.at, START_TOLERANCE_S)
        if at is not None and account.at is not None:
            return is_near(at, account.at, SAME_STAMP_S)
        # Of a log that grew: none of its turns had a time until now.
        return self._known.one_numbering or account.at is None


def _surest(turn: Turn, alike: Sequence[Account]) -> Account | None:
    """Of several that fit the nearest: by the id, else by the figures, else by the time of the line."""
    if turn.request_id:
        own = [one for one in alike if one.turn.request_id == turn.request_id]
        if own:
            return min(own, key=lambda one: _apart(turn, one))
    if has_figures(turn):
        return min(alike, key=lambda one: distance_ms(turn, one.turn), default=None)
    own = [one for one in alike if has_same_stamp(turn, one.turn)]
    return min(own, key=lambda one: _apart(turn, one), default=None)


def _numbers_agree(turn: Turn, other: Turn) -> bool:
    return None in (turn.number, other.number) or turn.number == other.number


def _apart(turn: Turn, account: Account) -> float:
    """Seconds between the two; 0 where one has no time."""
    return 0.0 if turn.started is None or account.at is None else abs(turn.started - account.at)


def times_of(turns: Iterable[Turn], known: Mapping[int, float] | None = None) -> list[float | None]:
    """When each began: its own time, or that of the one before it, or else of the first one behind it.

    ``known``: number → the time of a turn that has none itself.
    """
    return carried_on([_own_time(turn, known or {}) for turn in turns])


def carried_on(own: Sequence[float | None]) -> list[float | None]:
    """Each time; where there is none that of the one before it, or else of the first one behind it."""
    latest = next((at for at in own if at is not None), None)
    times = []
    for at in own:
        latest = latest if at is None else at
        times.append(latest)
    return times


def up_to_known_places(turns: Sequence[Turn], wanted: Container[int], has_place: Callable[[Turn], bool]) -> list[int]:
    """Indexes of the turns with these ordinals, and of those before and behind each up to one that ``has_place``.

    Where a turn belongs that nothing names, only the ones around it tell.
    """
    near: set[int] = set()
    for way in (range(len(turns)), range(len(turns) - 1, -1, -1)):
        reached = False
        for at in way:
            if turns[at].ordinal in wanted:
                reached = True
                near.add(at)
            elif reached:
                near.add(at)
                reached = not has_place(turns[at])
    return sorted(near)


def _own_time(turn: Turn, known: Mapping[int, float]) -> float | None:
    at = known.get(turn.number or 0) if turn.started is None else turn.started
    return at if at is not None and 0 < at < LATEST else None


class KnownTurns:
    """Turns in one order, as of a folder of files or of a whole history."""

    one_numbering = True

    def __init__(self, turns: Iterable[Turn], times: Sequence[float | None] | None = None) -> None:
        """``times``: by default as ``times_of``."""
        turns = list(turns)
        self._by_key: dict[Hashable, list[Account]] = defaultdict(list)
        self._named = [place for place, turn in enumerate(turns) if has_name(turn)]
        for place, (turn, at) in enumerate(zip(turns, times or times_of(turns), strict=True)):
            for key in _keys(turn):
                self._by_key[key].append(Account(place, turn, place, at))

    def alike(self, turn: Turn) -> Sequence[Account]:
        """As ``Known``."""
        found = {one.place: one for key in _keys(turn) for one in self._by_key.get(key, ())}
        return [one for _, one in sorted(found.items()) if is_same_turn(turn, one.turn)]

    def next_named(self, place: float, forward: bool) -> float:
        """As ``Known``."""
        if forward:
            at = bisect_right(self._named, place)
            return self._named[at] if at < len(self._named) else LAST
        at = bisect_left(self._named, place)
        return self._named[at - 1] if at else FIRST


def _keys(turn: Turn) -> list[Hashable]:
    """Two accounts of one turn have one of these in common; the surest is first."""
    keys: list[Hashable] = []
    if turn.request_id:
        keys.append(turn.request_id)
    if has_figures(turn):
        keys.append((turn.prompt_tokens, turn.output_tokens))
    return keys or [("", turn.text_length, turn.reply_length, turn.prompt_chars, turn.output_tokens)]
