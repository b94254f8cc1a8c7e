"""The table of what Ollama's figures mean."""

import pytest

from timmy_tui.analysis.llm.ollama_versions import (
    RULES,
    PromptEvalCount,
    Truncation,
    parse_version,
    rule_for,
    truncated_counts,
)


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
def test_version_strings_are_parsed_or_unknown(text: str | None, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "counts", "timed", "cut"),
    [
        ("0.1.48", PromptEvalCount.MISSES, True, Truncation.BLOCKS),
        ("0.2.0", PromptEvalCount.FULL, True, Truncation.BLOCKS),
        ("0.3.14", PromptEvalCount.FULL, True, Truncation.BLOCKS),
        ("0.4.0", PromptEvalCount.FULL, True, Truncation.WINDOW),
        ("0.12.4", PromptEvalCount.FULL, True, Truncation.WINDOW),
        ("0.12.5", PromptEvalCount.FULL, False, Truncation.WINDOW),
        ("0.12.6", PromptEvalCount.FULL, False, Truncation.WINDOW),
        ("0.12.7", PromptEvalCount.FULL, True, Truncation.WINDOW),
        ("0.12.11", PromptEvalCount.FULL, True, Truncation.WINDOW),
        ("0.24.0", PromptEvalCount.FULL, True, Truncation.WINDOW),
        ("0.30.0", PromptEvalCount.MISSES, True, Truncation.ONE_LESS),
        ("0.30.1", PromptEvalCount.FULL, True, Truncation.ONE_LESS),
        ("0.30.11", PromptEvalCount.FULL, True, Truncation.HALF),
        ("0.33.3", PromptEvalCount.FULL, True, Truncation.HALF),
        ("0.34.0-rc1", PromptEvalCount.FULL, True, Truncation.HALF),
    ],
)
def test_every_version_has_its_rule(version: str, counts: PromptEvalCount, timed: bool, cut: Truncation) -> None:
    rule = rule_for(version)
    assert rule is not None
    assert (rule.counts, rule.times_all_uncached, rule.truncation) == (counts, timed, cut)


def test_an_unknown_version_has_no_rule() -> None:
    assert rule_for("0.0.0") is None
    assert rule_for(None) is None


def test_rows_are_in_order_and_say_something() -> None:
    assert [rule.since for rule in RULES] == sorted(rule.since for rule in RULES)
    assert all(rule.note for rule in RULES)


def test_counts_that_give_a_cut_away() -> None:
    assert truncated_counts(8000, Truncation.WINDOW) == {8000}
    assert truncated_counts(8000, Truncation.ONE_LESS) == {7999}
    assert truncated_counts(8000, Truncation.HALF) == {4002, 4003}
    assert truncated_counts(8000, Truncation.BLOCKS) == set()
