"""Which stored turns a log may still have."""

import random

from timmy_tui.storage.in_logs import InLogs, NumberRuns


def test_a_run_of_numbers_is_one_entry_in_whatever_order_they_come() -> None:
    chosen = random.Random(3)
    for _ in range(200):
        numbers = [chosen.randrange(40) for _ in range(chosen.randrange(60))]
        runs = NumberRuns()
        for number in numbers:
            runs.add(number)
        assert [one for one in range(-1, 42) if one in runs] == sorted(set(numbers))
        assert len(runs) == sum(one - 1 not in numbers for one in set(numbers))


def test_a_turn_is_in_the_logs_until_each_of_them_has_begun_again() -> None:
    logs = InLogs()
    logs.note_restarts((0, 0))
    logs.add([1])
    logs.note_restarts((3, 0))
    logs.add([2])
    assert 1 in logs and 2 in logs
    logs.note_restarts((3, 1))
    logs.add([3])
    assert 1 in logs, "it may have been read in the latency log behind its third restart"
    logs.note_restarts((4, 1))
    assert 1 in logs
    logs.note_restarts((4, 2))
    assert 1 not in logs and 2 not in logs and 3 in logs


def test_a_log_that_never_begins_again_has_all_of_them() -> None:
    logs = InLogs()
    for restarts in range(9):
        logs.note_restarts((restarts, 0))
        logs.add([restarts])
    assert all(number in logs for number in range(9))


def test_the_numbers_of_another_file_are_others() -> None:
    logs = InLogs()
    logs.add([1, 2])
    logs.clear()
    assert 1 not in logs
