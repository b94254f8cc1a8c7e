"""A pattern that a user types: what it matches, and that one that explodes ends at its limit."""

from __future__ import annotations

import pytest

from timmy_tui.core.foreign.pattern_search import PatternProblem, PatternSearch, ignores_case, pattern_problem


def test_the_lines_that_match() -> None:
    search = PatternSearch(r"ollama_(sent|received)")
    assert search.matches(["v34_ollama_sent", "", "tts", "OLLAMA_RECEIVED", "über\nollama_sent"]) == [0, 3, 4]
    assert (
        search.matches([]) == [] and search.matches(["none"]) == [] and search.matches(["\ud800", "ollama_sent"]) == [1]
    )
    search.close()


@pytest.mark.parametrize(
    ("pattern", "ignored"), [("llm", True), ("LLM", False), (r"\Sllm\W", True), (r"\\S", False), ("", True)]
)
def test_a_capital_letter_means_case(pattern: str, ignored: bool) -> None:
    assert ignores_case(pattern) is ignored


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<x>a)(?P<x>b)"])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    assert pattern_problem(pattern).startswith("not a valid pattern")
    with pytest.raises(PatternProblem, match="not a valid pattern"):
        PatternSearch(pattern)


def test_a_pattern_that_explodes_ends_at_the_limit() -> None:
    search = PatternSearch(r"(a+)+$", limit_s=0.2)
    assert search.matches(["aaa", "b"]) == [0]
    with pytest.raises(PatternProblem, match=r"takes longer than 0\.2s"):
        search.matches(["a" * 60 + "b"])
    with pytest.raises(PatternProblem, match="has ended"):
        search.matches(["aaa"])
    search.close()
