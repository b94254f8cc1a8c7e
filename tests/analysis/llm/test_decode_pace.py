"""How long a decode step usually takes: the faster answers, longer behind a long prompt."""

import pytest

from timmy_tui.analysis.llm.decode_pace import MOST_GROWTH, PRIOR_GROWTH, DecodePace


def pace(*answers: tuple[int, float]) -> DecodePace:
    found = DecodePace()
    for ordinal, (tokens, step_ms) in enumerate(answers):
        found.put(ordinal, tokens, step_ms)
    return found


def test_before_the_first_answer_nothing_is_usual() -> None:
    assert (pace().base_ms, pace().usual_ms(1000)) == (None, None)


def test_the_usual_step_is_among_the_faster_ones_and_not_the_very_fastest() -> None:
    found = pace((0, 5.0), *((0, 10.0) for _ in range(30)), *((0, 40.0) for _ in range(30)))
    assert found.base_ms == 10.0


def test_a_step_grows_with_the_prompt_as_far_as_is_known() -> None:
    assert pace(*((1000, 10.0) for _ in range(20))).usual_ms(2000) == pytest.approx(
        10.0 * (1 + 2000 * PRIOR_GROWTH) / (1 + 1000 * PRIOR_GROWTH)
    )


@pytest.mark.parametrize(("answers", "learned"), [(4, True), (3, False)])
def test_growth_is_learned_from_four_short_and_four_long_prompts(answers: int, learned: bool) -> None:
    """10 ms without a prompt, 1e-4 per token."""
    found = pace(*((1000, 11.0) for _ in range(answers)), *((4000, 14.0) for _ in range(answers)))
    usual = found.usual_ms(8000)
    assert usual is not None
    assert (usual == pytest.approx(18.0)) is learned


@pytest.mark.parametrize(("long", "learned"), [(1999, False), (2000, True)])
def test_growth_is_learned_once_prompts_span_a_factor_of_two(long: int, learned: bool) -> None:
    found = pace(*((1000, 11.0) for _ in range(6)), *((long, 10.0 + long / 1000) for _ in range(6)))
    assert (found.base_ms == pytest.approx(10.0)) is learned


def test_growth_has_limits() -> None:
    """A spell of other work beside all the long prompts is not growth; nor do steps become shorter."""
    busy = pace(*((1000, 10.0) for _ in range(6)), *((4000, 90.0) for _ in range(6)))
    base_ms, usual = busy.base_ms, busy.usual_ms(4000)
    assert base_ms is not None and usual == pytest.approx(base_ms * (1 + 4000 * MOST_GROWTH))
    shorter = pace(*((1000, 10.0) for _ in range(6)), *((4000, 9.0) for _ in range(6)))
    assert shorter.usual_ms(8000) == shorter.base_ms


def test_an_earlier_run_counts_as_one_answer() -> None:
    found = DecodePace()
    found.remember(5.0)
    assert found.base_ms == 5.0
    found.put(0, 0, 10.0)
    assert found.base_ms == 5.0
    for ordinal in range(1, 40):
        found.put(ordinal, 0, 10.0)
    assert found.base_ms == 10.0


def test_an_answer_that_is_removed_or_pushed_out_does_not_count() -> None:
    found = pace((0, 10.0), (0, 20.0))
    found.remove(0)
    assert found.base_ms == 20.0
    found.remove(1)
    assert found.base_ms is None
    many = pace(*((0, 1.0) for _ in range(100)), *((0, 10.0) for _ in range(200)))
    assert many.base_ms == 10.0


def test_a_revision_of_an_answer_replaces_it() -> None:
    found = pace((0, 10.0))
    found.put(0, 0, 30.0)
    assert found.base_ms == 30.0
