"""Steps that raise: one item is lost, and the count says where and which."""

from collections.abc import Iterator

from timmy_tui.core.running.failures import ELSEWHERE, MOST_PLACES, Failures


def collect(items: list[int], bad: set[int]) -> tuple[list[int], Failures]:
    done: list[int] = []
    failures = Failures()

    def consume(remaining: Iterator[int]) -> None:
        for item in remaining:
            if item in bad:
                raise ValueError(f"bad\x1b {item}")
            done.append(item)

    failures.run(items, consume, lambda index, item: f"item {item} at {index}")
    return done, failures


def test_only_the_items_that_raise_are_lost() -> None:
    done, failures = collect([5, 6, 7, 8, 9], {5, 7, 9})
    assert done == [6, 8]
    (failure,) = failures.all
    assert failure.where.startswith("tests.core.running.test_failures:")
    assert (failure.message, failure.count) == ("ValueError: bad␛ 5 (item 5 at 0)", 3)
    assert failures.counts == {f"{failure.where}: {failure.message}": 3}


def test_nothing_raised_is_nothing() -> None:
    assert collect([], {1})[0] == []
    done, failures = collect([1, 2], set())
    assert (done, failures.all, failures.counts) == ([1, 2], (), {})


def test_places_are_bounded() -> None:
    failures = Failures()
    for number in range(MOST_PLACES + 30):
        try:
            exec(compile("\n" * number + "raise ValueError('x')", "<made>", "exec"), {"__name__": "made"})
        except ValueError as error:
            failures.note(error)
    assert [one.where for one in failures.all[:2]] == ["made:1", "made:2"]
    assert len(failures.all) == MOST_PLACES + 1
    assert (failures.all[-1].where, failures.all[-1].count) == (ELSEWHERE, 30)
    assert failures.counts.total() == MOST_PLACES + 30
