"""Work that a signal ends, and its end, which none does."""

import signal
from collections.abc import Callable, Iterator

import pytest

from timmy_tui.bootstrap.until_signal import ENDING, run_until_signal


@pytest.fixture(autouse=True)
def not_ignored() -> Iterator[None]:
    """Who started the tests with nohup has SIGHUP ignored."""
    before = {one: signal.getsignal(one) for one in ENDING}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for one in ENDING[1:]:
        signal.signal(one, signal.SIG_DFL)
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def raising(*numbers: int) -> Callable[[], None]:
    """Work in which these signals come, one after the other; the first must end it."""

    def work() -> None:
        for number in numbers:
            signal.raise_signal(number)
        assert not numbers, "it went on"

    return work


class End:
    """The end of the work: signals come in it, and it says whether it went through."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers
        self.done = 0

    def __call__(self) -> None:
        for number in self._numbers:
            signal.raise_signal(number)
        self.done += 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_these_signals_end_the_work_without_an_error(number: int) -> None:
    end, before = End(), [signal.getsignal(one) for one in ENDING]
    run_until_signal(raising(number), end)
    assert end.done == 1
    assert [signal.getsignal(one) for one in ENDING] == before


def test_ctrl_c_ends_it_as_elsewhere() -> None:
    end = End()
    with pytest.raises(KeyboardInterrupt):
        run_until_signal(raising(signal.SIGINT), end)
    assert end.done == 1


def test_work_that_is_over_has_its_end() -> None:
    end = End()
    run_until_signal(raising(), end)
    assert end.done == 1


@pytest.mark.parametrize("later", ENDING)
@pytest.mark.parametrize("first", ENDING)
def test_a_signal_during_the_end_does_nothing(first: int, later: int) -> None:
    end = End(later, later)
    try:
        run_until_signal(raising(first), end)
    except KeyboardInterrupt:
        assert first == signal.SIGINT
    else:
        assert first != signal.SIGINT
    assert end.done == 1


@pytest.mark.parametrize("later", ENDING)
def test_what_ended_the_work_is_raised_whatever_comes_during_its_end(later: int) -> None:
    def broken() -> None:
        raise BrokenPipeError

    end = End(later)
    with pytest.raises(BrokenPipeError):
        run_until_signal(broken, end)
    assert end.done == 1


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_between_work_and_end_takes_nothing_from_the_end(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the first of them is about to be ignored, it comes."""
    install, came = signal.signal, list[int]()

    def signal_first(one: int, handler: object) -> object:
        if handler is signal.SIG_IGN and not came:
            came.append(number)
            signal.raise_signal(number)
        return install(one, handler)  # type: ignore[arg-type]

    end = End(*ENDING)
    monkeypatch.setattr(signal, "signal", signal_first)
    try:
        run_until_signal(raising(), end)
    except KeyboardInterrupt:
        assert number == signal.SIGINT
    assert (came, end.done) == ([number], 1)


def test_one_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        went_on: list[bool] = []

        def work() -> None:
            signal.raise_signal(signal.SIGHUP)
            went_on.append(True)

        run_until_signal(work, End())
        assert went_on and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
