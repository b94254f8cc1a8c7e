"""The table of what Ollama's figures mean."""

import pytest

from timmy_tui.analysis.llm.ollama_versions import RULES, Counts, Cut, cut_counts, parse_version, rule_for


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("0.12.11", (0, 12, 11)),
        ("v0.3.14", (0, 3, 14)),
        ("0.3", (0, 3, 0)),
        ("0.34.0-rc1", (0, 34, 0)),
        ("0.30.0-rc3+dirty", (0, 30, 0)),
        ("0.0.0", None),
        ("", None),
        (None, None),
        ("latest", None),
        ("1.2.3.4", None),
    ],
)
def test_version_strings(text: str | None, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "counts", "timed", "cut"),
    [
        ("0.1.48", Counts.MISSES, True, Cut.BLOCKS),
        ("0.2.0", Counts.FULL, True, Cut.BLOCKS),
        ("0.3.14", Counts.FULL, True, Cut.BLOCKS),
        ("0.4.0", Counts.FULL, True, Cut.WINDOW),
        ("0.12.4", Counts.FULL, True, Cut.WINDOW),
        ("0.12.5", Counts.FULL, False, Cut.WINDOW),
        ("0.12.6", Counts.FULL, False, Cut.WINDOW),
        ("0.12.7", Counts.FULL, True, Cut.WINDOW),
        ("0.12.11", Counts.FULL, True, Cut.WINDOW),
        ("0.24.0", Counts.FULL, True, Cut.WINDOW),
        ("0.30.0", Counts.MISSES, True, Cut.ONE_LESS),
        ("0.30.1", Counts.FULL, True, Cut.ONE_LESS),
        ("0.30.11", Counts.FULL, True, Cut.HALF),
        ("0.33.3", Counts.FULL, True, Cut.HALF),
        ("0.34.0-rc1", Counts.FULL, True, Cut.HALF),
    ],
)
def test_every_row(version: str, counts: Counts, timed: bool, cut: Cut) -> None:
    rule = rule_for(version)
    assert rule is not None
    assert (rule.counts, rule.timed, rule.cut) == (counts, timed, cut)


def test_an_unknown_version_has_no_rule() -> None:
    assert rule_for("0.0.0") is None
    assert rule_for(None) is None


def test_rows_are_in_order_and_say_something() -> None:
    assert [rule.since for rule in RULES] == sorted(rule.since for rule in RULES)
    assert all(rule.note for rule in RULES)


def test_counts_that_give_a_cut_away() -> None:
    assert cut_counts(8000, Cut.WINDOW) == {8000}
    assert cut_counts(8000, Cut.ONE_LESS) == {7999}
    assert cut_counts(8000, Cut.HALF) == {4002, 4003}
    assert cut_counts(8000, Cut.BLOCKS) == set()
