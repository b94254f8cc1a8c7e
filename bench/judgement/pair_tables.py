"""The tables of before and after in every world, with the interval of every share."""

from collections.abc import Callable, Iterator, Mapping

from bench.judgement.tables import wilson
from bench.judgement.world_pairs import COMPARED, PairGrade, Share, Tally

FEW, MANY = COMPARED

FALSE: tuple[tuple[str, Callable[[PairGrade], Share]], ...] = (
    ("pairs ever called in 36 looks [95 %]", lambda grade: grade.ever),
    ("false, a stage test", lambda grade: grade.same.false_tests),
    ("pairs with any", lambda grade: grade.same.false_pairs),
    ("work alone: a test", lambda grade: grade.work.false_tests),
    ("pairs", lambda grade: grade.work.false_pairs),
    ("looked at once: a test", lambda grade: grade.once_same.false_tests),
    ("pairs", lambda grade: grade.once_same.false_pairs),
    ("work alone: a test", lambda grade: grade.once_work.false_tests),
    ("pairs", lambda grade: grade.once_work.false_pairs),
)
FOUND: tuple[tuple[str, Callable[[PairGrade], Share]], ...] = (
    ("coverage, no change", lambda grade: grade.same.covered),
    ("work alone", lambda grade: grade.work.covered),
    ("±20 %", lambda grade: grade.slower.covered + grade.faster.covered),
    (f"+20 % called, n = {FEW}", lambda grade: grade.slower.called[FEW]),
    (f"n = {MANY}", lambda grade: grade.slower.called[MANY]),
    (f"−20 % called, n = {FEW}", lambda grade: grade.faster.called[FEW]),
    (f"n = {MANY}", lambda grade: grade.faster.called[MANY]),
    ("±10 % told by when it was said", lambda grade: grade.told_by_then),
)


def false_calls(grades: Mapping[str, PairGrade]) -> Iterator[str]:
    """What is called where nothing became slower or faster: a row a world."""
    return _table(grades, FALSE)


def found(grades: Mapping[str, PairGrade]) -> Iterator[str]:
    """Coverage and power, with the correction for looking on."""
    yield from _table(grades, FOUND)
    backwards = sum(_backwards(grade.slower) + _backwards(grade.faster) for grade in grades.values())
    yield ""
    yield f"Called the wrong way round: {backwards}."


def _backwards(tally: Tally) -> int:
    return tally.backwards


def _table(
    grades: Mapping[str, PairGrade], columns: tuple[tuple[str, Callable[[PairGrade], Share]], ...]
) -> Iterator[str]:
    yield "| world |" + "".join(f" {name} |" for name, _ in columns)
    yield "|---" * (len(columns) + 1) + "|"
    for world, grade in grades.items():
        yield f"| {world} |" + "".join(f" {_cell(read(grade))} |" for _, read in columns)
    shares = [[read(grade) for grade in grades.values()] for _, read in columns]
    yield "| **mean of worlds** |" + "".join(f" {_mean(one)} |" for one in shares)
    yield "| **all together [95 %]** |" + "".join(f" {_whole(sum(one, Share()))} |" for one in shares)


def _cell(share: Share) -> str:
    return f"{share.value:.1%} ({share.hits}/{share.of})" if share.of else "—"


def _mean(shares: list[Share]) -> str:
    known = [share.value for share in shares if share.of]
    return f"{sum(known) / len(known):.1%}" if known else "—"


def _whole(share: Share) -> str:
    low, high = wilson(share.hits, share.of)
    return f"{share.value:.1%} [{low:.1%}, {high:.1%}]" if share.of else "—"
