"""The tuned numbers stand in one place, each with what set it, and the page about them has them as they are."""

import ast
import re
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from timmy_tui.analysis.stats import tuning
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages import table as stage_table
from timmy_tui.model.stages import watched as stages
from timmy_tui.model.stages.watched import STAGES

ROOT = Path(__file__).parents[3]
ANALYSIS = ROOT / "timmy_tui/analysis"
PAGE = (ANALYSIS / "detect/STATISTICS.md").read_text()
ROOMS = ("detect", "compare", "stats")

COUNTING = {0, 1, 2}
MATHEMATICS = {
    ("comparison.py", 1.959964): "normal quantile of a two-sided 95 % interval",
    ("epochs.py", 1000): "a bound of memory: nothing is judged by it",
    ("exact_test.py", 1e-9): "tables that are as likely but for the last bits of a float",
    ("cusum.py", 0.5): "exponent of the normal density",
    ("cusum.py", 1e-300): "keeps the logarithm of a density finite",
    ("flag_changes.py", 1000): "milliseconds of a second",
    ("judged_level.py", 12): "variance of the Mann–Whitney statistic",
    ("level.py", 1.4826): "median absolute deviation to standard deviation of a normal",
    ("judged_level.py", 1.57): "π/2: variance of a median over that of a mean",
    ("occurrences.py", 0.5): "half a turn more on each side keeps an error finite",
    ("share.py", 0.5): "half a turn: Jeffreys' prior",
    ("moves.py", 1.57): "π/2: variance of a median over that of a mean",
    ("moves.py", 1.959964): "normal quantile of a two-sided 95 % interval",
    ("restart_noise.py", 16): "bytes of a digest",
    ("pass_time.py", 0.2): "the two sleeps of upstream's loop, s",
    ("pass_time.py", 0.25): "the first quartile",
    ("pass_time.py", 0.5): "the median",
    ("pass_time.py", 0.75): "the third quartile",
    ("pass_time.py", 4096): "samples of a chunk of audio",
    ("pass_time.py", 16000): "samples of a second of audio",
    ("percentiles.py", 0.5): "the median",
    ("percentiles.py", 0.95): "the 95th percentile, which its row is called after",
    ("rank_shift.py", 1.959964): "normal quantile of a two-sided 95 % interval",
    ("rank_shift.py", 12): "variance of the Mann–Whitney statistic",
    ("rank_shift.py", 1e-12): "keeps a quotient finite",
    ("selections.py", 86_400): "seconds of a day",
    ("session_noise.py", 100): "percent",
    ("setting_gain.py", 1000): "milliseconds of a second",
    ("workload.py", 1.4826): "median absolute deviation to standard deviation of a normal",
    ("workload.py", 1e-12): "keeps a quotient finite",
}
"""(file, number) → why it is no tuned number."""

UNITS = (
    "Chance", "Evidence", "Findings", "Log ms per log", "Log units", "ms", "Ratio", "Restarts", "Rounds", "Scales",
    "Seconds", "Sessions", "Share", "Squared standard deviations", "Stages", "Standard deviation", "Standard errors",
    "Times", "Tokens", "Turns", "Values",
)  # fmt: skip


def documented() -> Iterator[tuple[str, str, str]]:
    """Class, field and the string behind the field, of every class of numbers."""
    for node in (
        *ast.parse(Path(tuning.__file__).read_text()).body,
        *ast.parse(Path(stage_table.__file__).read_text()).body,
    ):
        if not isinstance(node, ast.ClassDef) or node.name == "Tuning":
            continue
        for line, behind in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and is_number(line):
                told = behind.value if isinstance(behind, ast.Expr) else None
                text = told.value if isinstance(told, ast.Constant) and isinstance(told.value, str) else ""
                yield node.name, line.target.id, " ".join(text.split())


def is_number(line: ast.AnnAssign) -> bool:
    """A measure; the place of a chart among others is none."""
    return (
        any(isinstance(node, ast.Name) and node.id in ("float", "int") for node in ast.walk(line.annotation))
        and ast.unparse(line.target) != "trend"
    )


def numbers(path: Path) -> Iterator[tuple[int, float]]:
    """Line and value of every number in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            yield node.lineno, node.value


DOCUMENTED = list(documented())


@pytest.mark.parametrize(("section", "name", "text"), DOCUMENTED, ids=lambda value: value if len(value) < 40 else "")
def test_every_number_says_its_unit_and_the_bench_figure_that_set_it(section: str, name: str, text: str) -> None:
    assert text.startswith(UNITS), f"{section}.{name} begins with its unit"
    figures = re.findall(r"Measured \((bench/\w+), [^)]+\): ([^.]*\d)", text)
    assert figures or "Not measured" in text, f"{section}.{name}: a figure with its bench, or the words Not measured"
    for bench, _ in figures:
        assert (ROOT / bench / "README.md").is_file()


def test_every_section_is_documented_and_frozen() -> None:
    of_classes = {(type(section).__name__, one.name) for section in sections().values() for one in fields(section)}
    of_table = {(section, name) for section, name, _ in DOCUMENTED if section in ("Stage", "Covariate")}
    assert of_classes | of_table == {(section, name) for section, name, _ in DOCUMENTED}
    assert {name for _, name in of_table} == {"slope", "spread", "soft_ms", "least_move_ms", "sleep_ms"}
    for section in (TUNING, *sections().values()):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(section, fields(section)[0].name, 0)


def sections() -> dict[str, Any]:
    return {one.name: getattr(TUNING, one.name) for one in fields(TUNING)}


def test_no_other_tuned_number_stands_in_detector_comparison_and_statistics() -> None:
    loose = [
        f"{path.name}:{line}: {value}"
        for room in ROOMS
        for path in sorted((ANALYSIS / room).glob("*.py"))
        if path.name != "tuning.py"
        for line, value in numbers(path)
        if value not in COUNTING and (path.name, value) not in MATHEMATICS
    ]
    assert loose == []


def test_what_is_called_mathematics_is_there() -> None:
    found = {
        (path.name, value) for room in ROOMS for path in (ANALYSIS / room).glob("*.py") for _, value in numbers(path)
    }
    assert set(MATHEMATICS) - found == set()


def test_a_loose_number_is_found(tmp_path: Path) -> None:
    file = tmp_path / "loose.py"
    file.write_text("def fires(evidence):\n    return evidence > 7.5\n")
    assert list(numbers(file)) == [(2, 7.5)]


def test_the_page_has_every_number_as_it_is() -> None:
    told: dict[str, str] = dict(re.findall(r"`(\w+\.\w+)` =\s+([-\d.;e]*\d)", PAGE))
    known = {
        f"{section}.{one.name}": written(getattr(value, one.name))
        for section, value in sections().items()
        for one in fields(value)
    }
    assert told == known


def test_the_page_has_the_numbers_of_the_stage_table_as_they_are() -> None:
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if line[:1] == "|"]
    priors = [
        (stage.key, one.work, written(one.slope), written(one.spread)) for stage in STAGES for one in stage.covariates
    ]
    assert [row for row in rows if len(row) == 4 and row[0] in stages.KEYS] == priors
    noise: dict[str, tuple[str, str]] = {}
    for names, soft, least in (row for row in rows if len(row) == 3 and row[1][:1].isdigit()):
        left = [key for key in stages.KEYS if key not in noise]
        noise |= dict.fromkeys(left if names == "all others" else names.split(", "), (soft, least))
    assert noise == {one.key: (written(one.soft_ms), written(one.least_move_ms)) for one in STAGES}


def written(value: object) -> str:
    """A number as the page writes it; numbers of a tuple are joined by semicolons."""
    return ";".join(f"{one:g}" for one in value) if isinstance(value, tuple) else f"{value:g}"
