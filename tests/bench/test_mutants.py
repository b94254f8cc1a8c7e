"""The faults that ``make mutants`` puts in: each kind changes what it says it changes, and nothing without effect."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from bench.mutants.groups import GROUPS, group_of, sizes
from bench.mutants.importers import importers
from bench.mutants.importers import read as importers_in
from bench.mutants.operators import OWN, Edit, Source
from bench.mutants.results import changed_lines, counted, wilson
from bench.mutants.same_code import is_same_code
from bench.mutants.selection import Reach, load


def mutants(kind: str, text: str) -> list[str]:
    source = Source(text)
    edits = [edit for edit in OWN[kind](source) if source.has_effect(edit.start)]
    return [text[: edit.start] + edit.text + text[edit.end :] for edit in edits]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("swapped_calls", "low = min(one, two)", ["low = max(one, two)"]),
        ("swapped_calls", "gone = name.startswith('a')", ["gone = name.endswith('a')"]),
        ("membership", "a = 'in' in words", ["a = 'in' not in words"]),
        ("membership", "a = b not in c", ["a = b in c"]),
        ("turned_filters", "a = [b for b in c if b > 1]", ["a = [b for b in c if not (b > 1)]"]),
        ("counted_down", "a += 1", ["a -= 1"]),
        ("dropped_statements", "def f(a):\n    a.clear()\n    return a", ["def f(a):\n    pass\n    return a"]),
        ("dropped_entries", "A = (1, 2,)", ["A = ( 2,)", "A = (1, )"]),
        ("dropped_entries", "A = {'µ': 1, 'b': 2}", ["A = { 'b': 2}", "A = {'µ': 1, }"]),
        ("nudged_numbers", "A = 0.5", ["A = 0.55", "A = 0.45"]),
        ("changed_strings", "A = ('a', 'some words for people')", ["A = ('a~', 'some words for people')"]),
        ("changed_strings", "def f(a):\n    if a == 'x': g('said')", ["def f(a):\n    if a == 'x~': g('said')"]),
        ("bent_patterns", r"A = re.compile('^a+$')", [
            "A = re.compile('a+$')", "A = re.compile('^a*$')", "A = re.compile('^a+')",
        ]),
        ("bent_patterns", r"A = r'\d\+{2,}'", [r"A = r'\D\+{2,}'", r"A = r'\d\+{3,}'"]),
    ],
)  # fmt: skip
def test_what_each_kind_changes(kind: str, text: str, wanted: list[str]) -> None:
    assert mutants(kind, text) == wanted


def test_nothing_is_changed_where_it_has_no_effect() -> None:
    text = '''"""Says 1.5 things."""
from typing import Literal

__all__ = ["A", "Word", "f"]
Word = Literal["a", "b"]

@dataclass(frozen=True)
class A(Struct, kw_only=True):
    __slots__ = ("one", "two")
    one: Literal["c", "d"]

    def f(self, x: Literal["e", "f"]) -> Literal["g", "h"]:
        """Says."""
'''
    assert {kind: found for kind in OWN if (found := mutants(kind, text))} == {}


def test_every_kind_leaves_what_can_be_read() -> None:
    """Of a mutant in a hundred nothing is left that compiles; those are drawn anew."""
    text = "A = {'a': (1.5, 'b'), **B}\n\ndef f(x):\n    if x in (1, 2):\n        raise ValueError\n    x.y = min(x)\n"
    for kind in OWN:
        for mutant in mutants(kind, text):
            assert ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("def f(a):\n    if a:\n        return None", "def f(a):\n    if a:\n        pass", True),
        ("def f(a):\n    g(a)\n    return", "def f(a):\n    g(a)\n    pass", True),
        ("def f(a):\n    if a:\n        return\n    g(a)", "def f(a):\n    if a:\n        pass\n    g(a)", False),
        ("def f(a):\n    return 1", "def f(a):\n    return True", False),
        ("A = 0.0", "A = -0.0", False),
        ("def f(a=1): ...", "def f(a=2): ...", False),
        ("A = b.c", "A = b.d", False),
        ("def f(a, b): return a", "def f(b, a): return b", False),
        ("try:\n    f()\nexcept A:\n    pass", "try:\n    f()\nexcept B:\n    pass", False),
    ],
)  # fmt: skip
def test_what_the_compiler_makes_the_same_is_no_mutant(old: str, new: str, same: bool) -> None:
    assert is_same_code(compile(old, "", "exec"), compile("# a line more\n" + new, "", "exec")) is same


def test_lines_that_run_at_import() -> None:
    source = Source("A = 1\n\ndef f(\n    a=A,\n):\n    b = 2\n    return b\n")
    assert [source.in_function(line) for line in range(1, 8)] == [False] * 5 + [True] * 2
    assert Edit(*source.span(source.tree.body[0]), "") == Edit(0, 5, "")


def test_the_first_group_with_a_match_counts() -> None:
    assert group_of("timmy_tui/turns/account/ledger.py") is GROUPS[0]
    assert group_of("timmy_tui/turns/assembler.py") not in (None, GROUPS[0])
    assert group_of("timmy_tui/ui/application/app.py") is None


def test_what_is_none_is_not_in_the_sample() -> None:
    wanted = sizes(0.1)["ledger"]
    rows = [
        {"group": "ledger", "number": number, "word": "no mutant" if number == 1 else "killed"}
        for number in reversed(range(wanted + 3))
    ]
    assert [one["number"] for one in counted(rows, 0.1)] == [0, *range(2, wanted + 1)]


def test_the_interval_of_a_share() -> None:
    """Wilson 1927, by hand for 9 of 10: (0.9 + 0.1921 ± 1.96·√(0.009 + 0.0096)) / 1.3841."""
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 10)[0] == 0.0


def test_a_change_is_shown_by_its_lines() -> None:
    assert changed_lines("a\nb = 1\nc\n", "a\nb = 2\nc\n") == ("b = 1", "b = 2")
    assert changed_lines("a\nb\nb\nc\n", "a\nb\nc\n") == ("b", "")


def test_a_table_that_is_built_at_import_is_looked_at_by_the_tests_that_import_it() -> None:
    """A test that only compares its rows calls none of its functions."""
    table = "timmy_tui/model/stages/v34.py"
    seconds = {"tests/model/test_table.py::test_rows": 0.1, "tests/turns/test_ledger.py::test_it": 0.2,
               "tests/ui/test_far.py::test_away": 0.3}  # fmt: skip
    reach = Reach(
        lines={table: {7: ["tests/turns/test_ledger.py::test_it"]}},
        seconds=seconds,
        importers={table: ["tests/model/test_table.py"]},
        by_way={},
        at_import={table: [3, 7]},
        failed=(),
    )
    both = ["tests/model/test_table.py::test_rows", "tests/turns/test_ledger.py::test_it"]
    assert reach.tests_for(table, 7) == both
    assert reach.tests_for(table, 3) == both
    assert replace(reach, at_import={}).tests_for(table, 7) == both[1:]


def test_a_table_that_is_built_at_import_is_not_left_to_the_tests_that_start_a_process() -> None:
    """They run its lines, and are slow; those that read the table run none of them."""
    table = "timmy_tui/turns/account/ledger.py"
    slow = {f"tests/commands/test_report.py::test_{number}": 20.0 for number in range(5)}
    fast = {f"tests/turns/test_ledger.py::test_{number}": 0.1 for number in range(5)}
    reach = Reach(
        lines={table: {72: list(slow), 240: [*slow, *fast]}}, seconds={**slow, **fast},
        importers={}, by_way={}, at_import={table: [72]}, failed=(),
    )  # fmt: skip
    asked = reach.tests_for(table, 72)
    assert set(asked[:5]) == set(fast)
    assert len(asked) == 7


TABLE = "timmy_tui/model/rows.py"


@pytest.mark.parametrize(
    "line",
    [
        "from timmy_tui.model.rows import ROWS",
        "from timmy_tui.model import rows",
        "from timmy_tui.model import others, rows as table",
        "from timmy_tui.model import (\n    others,\n    rows,\n)",
        "import timmy_tui.model.rows",
        "import timmy_tui.model.rows as table",
        "def test_late():\n    from timmy_tui.model.rows import ROWS",
        "import timmy_tui.model.others, timmy_tui.model.rows",
    ],
)
def test_every_form_of_an_import_is_one(line: str) -> None:
    texts = {TABLE: "ROWS = (1, 2)", "timmy_tui/model/others.py": "A = 1", "tests/model/test_rows.py": line}
    assert importers(texts)[TABLE].own == ("tests/model/test_rows.py",)


@pytest.mark.parametrize(
    "line",
    [
        "import timmy_tui",
        "from timmy_tui import model",
        "from timmy_tui.model import others",
        "from timmy_tui.model.others import rows",
        "text = '''\nfrom timmy_tui.model.rows import ROWS\n'''",
        "# from timmy_tui.model.rows import ROWS",
    ],
)
def test_what_only_looks_like_an_import_of_a_module_is_none(line: str) -> None:
    texts = {TABLE: "ROWS = (1, 2)", "timmy_tui/model/others.py": "rows = 1", "tests/model/test_rows.py": line}
    assert TABLE not in importers(texts)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("from timmy_tui.model.rows import ROWS as ROWS", True),
        ("from timmy_tui.model.rows import ROWS\nKEYS = tuple(row.key for row in ROWS)", True),
        ("from timmy_tui.model import rows\nKEYS: tuple[str, ...] = rows.KEYS", True),
        ("from timmy_tui.model.rows import watched\nTABLE = watched().table", True),
        ("import timmy_tui.model.rows as table\nFIRST = table.ROWS[0]", True),
        ("from timmy_tui.model.rows import ROWS\ndef first(): return ROWS[0]", False),
        ("from timmy_tui.model.rows import ROWS\nOTHERS = (3, 4)", False),
        ("def first():\n    from timmy_tui.model.rows import ROWS as ROWS\n    return ROWS", False),
        ("from timmy_tui.model.rows import Row\nrow: Row", False),
    ],
)
def test_a_module_passes_on_what_its_own_values_are_made_of(text: str, passes: bool) -> None:
    texts = {
        TABLE: "ROWS = (1, 2)",
        "timmy_tui/model/views.py": text,
        "tests/model/test_views.py": "from timmy_tui.model import views",
    }
    found = importers(texts)[TABLE]
    assert found.own == ("timmy_tui/model/views.py",)
    assert found.by_way == (("tests/model/test_views.py",) if passes else ())


def test_a_table_is_passed_on_by_more_than_one_module_in_a_row() -> None:
    """As v34's stages are by the system that is watched, and by the stages of whichever that is."""
    texts = {
        TABLE: "ROWS = (1, 2)",
        "timmy_tui/model/stages/system.py": "from timmy_tui.model.rows import ROWS\nKNOWN = [ROWS]",
        "timmy_tui/model/stages/watched.py": "from timmy_tui.model.stages.system import KNOWN\nSTAGES = KNOWN[0]",
        "timmy_tui/ui/bars.py": "from timmy_tui.model.stages.watched import STAGES\ndef draw(): return STAGES",
        "tests/model/test_far.py": "from timmy_tui.model.stages.watched import STAGES",
        "tests/model/test_near.py": "from timmy_tui.model.stages.system import KNOWN",
        "tests/model/test_own.py": "from timmy_tui.model import rows, stages",
        "tests/ui/test_bars.py": "from timmy_tui.ui.bars import draw",
    }
    found = importers(texts)[TABLE]
    assert found.own == ("timmy_tui/model/stages/system.py", "tests/model/test_own.py")
    assert found.by_way == (
        "timmy_tui/model/stages/watched.py", "tests/model/test_near.py",
        "timmy_tui/ui/bars.py", "tests/model/test_far.py",
    )  # fmt: skip


def test_modules_that_pass_values_on_to_each_other_do_not_go_round_for_ever() -> None:
    texts = {
        "timmy_tui/a.py": "from timmy_tui import b\nA = b.B",
        "timmy_tui/b.py": "from timmy_tui import a\nB = a.A",
        "tests/test_a.py": "from timmy_tui.a import A",
    }
    assert importers(texts)["timmy_tui/b.py"] == (("timmy_tui/a.py",), ("tests/test_a.py",))
    assert importers(texts)["timmy_tui/a.py"] == (("timmy_tui/b.py", "tests/test_a.py"), ())


def test_a_table_is_looked_at_by_the_tests_that_import_what_passes_it_on_behind_those_that_import_it() -> None:
    table, seconds = "timmy_tui/model/stages/v34.py", dict.fromkeys(("far", "near", "caller"), 0.1)
    names = {name: f"tests/model/test_{name}.py::test_it" for name in seconds}
    reach = Reach(
        lines={table: {20: [names["caller"]]}}, seconds={names[name]: spent for name, spent in seconds.items()},
        importers={table: ["tests/model/test_near.py"]}, by_way={table: ["tests/model/test_far.py"]},
        at_import={table: [3]}, failed=(),
    )  # fmt: skip
    assert reach.tests_for(table, 3) == [names["near"], names["far"], names["caller"]]
    assert reach.tests_for(table, 20) == [names["caller"]]


def test_what_was_measured_comes_back_from_its_file(tmp_path: Path) -> None:
    test = "tests/model/test_table.py::test_rows"
    reach = Reach(
        lines={TABLE: {3: [test]}}, seconds={test: 0.1}, importers={TABLE: ["tests/model/test_table.py"]},
        by_way={TABLE: ["timmy_tui/model/stages/system.py"]}, at_import={TABLE: [1, 3]}, failed=["tests/a.py::test_b"],
    )  # fmt: skip
    reach.save(tmp_path / "reach.json")
    assert load(tmp_path / "reach.json") == reach


def test_the_stage_table_is_looked_at_by_the_test_that_has_every_column_of_it() -> None:
    root = Path(__file__).parents[2]
    found = importers_in(root)["timmy_tui/model/stages/v34.py"]
    assert "tests/model/stages/test_table.py" in found.own
    assert "tests/model/stages/test_watched.py" in found.by_way


def test_a_test_that_reads_by_the_helper_of_another_test_is_asked_too() -> None:
    texts = {
        TABLE: "ROWS = (1, 2)",
        "tests/model/reading.py": "from timmy_tui.model.rows import ROWS\ndef read(): return ROWS",
        "tests/model/test_lengths.py": "from tests.model.reading import read",
    }
    assert importers(texts)[TABLE] == (("tests/model/reading.py",), ("tests/model/test_lengths.py",))
