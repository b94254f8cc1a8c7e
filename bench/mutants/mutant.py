"""One fault at one place, and what became of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One fault at one place."""

    path: str
    operator: str
    occurrence: int
    """Number among the mutants of this operator in the file."""
    line: int

    @property
    def key(self) -> str:
        """Names it in one version of the tree."""
        return f"{self.path}:{self.line}:{self.operator}:{self.occurrence}"


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant."""

    word: str
    """``killed``, ``time-out``, ``survived``, or ``no mutant`` where its module cannot even be imported."""
    by: str
    """The test that failed first."""
    tests: int
    """How many tests reach it, within the budget."""
    seconds: float
