"""Stages whose work is not known: judged as they are, and called that; never left out in silence."""

from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.analysis.sentences.worlds import findings_of, mapped
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.stats.series import RAW, soft_of, stage_of, values_of
from timmy_tui.model.judgement import RATIO_KEYS, Finding
from timmy_tui.model.turn import Turn

PARTS = ("prefill", "decode", "wait")


def uncounted(turn: Turn) -> Turn:
    """As an Ollama that failed to count, or a log of before, shows it: only how long the request took."""
    return replace(
        turn, stages={**turn.stages, **dict.fromkeys(PARTS)}, prompt_tokens=None, output_tokens=None, prefill_ms=None,
        decode_ms=None,
    )  # fmt: skip


def nothing_known(turn: Turn) -> Turn:
    return replace(uncounted(turn), reply_length=None, prompt_tokens_est=None)


def turns(bare: Callable[[Turn], Turn], stage: str = "llm", factor: float = 1.6, count: int = 200) -> list[Turn]:
    """One session of ``count`` turns, of which a stage takes longer from AT on."""
    made = [replace(turn, session=1) for turn in make_turns(count, 23)]
    return [bare(turn) for turn in mapped(made, lambda turn: slowed(turn, stage, factor))]


def of(found: Sequence[Finding], stage: str) -> Finding:
    (one,) = [one for one in found if one.stage == stage and not one.ended]
    return one


def test_a_request_of_unknown_work_is_judged_as_it_is_and_called_that() -> None:
    found = findings_of(
        turns(lambda turn: replace(nothing_known(turn), stages={**uncounted(turn).stages, "tts": None}))
    )
    llm = of(found, "llm")
    assert (llm.direction, llm.adjusted_for) == ("slower", ())
    assert llm.note == "judged without its work: no output tokens and no prompt tokens"
    assert llm.low <= 1.6 <= llm.high
    assert [one.stage for one in found if not one.ended] == ["llm"]


def test_where_lengths_are_logged_they_stand_in_for_the_counts() -> None:
    llm = of(findings_of(turns(lambda turn: replace(uncounted(turn), prompt_tokens_est=turn.prompt_tokens))), "llm")
    assert (llm.note, llm.adjusted_for) == ("", ("output tokens", "prompt tokens"))
    assert llm.low <= 1.6 <= llm.high


@pytest.mark.parametrize(("stage", "field", "work"), [("tts", "reply_length", "reply length")])
def test_another_stage_says_what_is_not_known(stage: str, field: str, work: str) -> None:
    found = of(findings_of(turns(lambda turn: replace(turn, **{field: None}), stage, 2.0)), stage)
    assert found.note == f"judged without its work: no {work}"


def test_request_and_voice_of_unknown_work_are_one_finding() -> None:
    """The GPU is slower."""
    found = findings_of(turns(nothing_known, "gpu", 2.5))
    assert {one.stage for one in found if not one.ended} == {"gpu"}


def test_a_prompt_that_was_cut_gives_no_value() -> None:
    """How much of it was evaluated is not known, and nothing can be expected of it."""
    ahead, turn = make_turns(3, 1)[1:]
    cut = replace(turn, prompt_tokens=100)
    assert {value.series for value in values_of(turn, ahead, False)} - {
        value.series for value in values_of(cut, ahead, False)
    } == {"prefill"}


def test_the_series_of_unknown_work_is_the_stages_without_work() -> None:
    ahead, turn = make_turns(3, 1)[1:]
    known = {value.series: value for value in values_of(turn, ahead, False)}
    raw = {value.series: value for value in values_of(nothing_known(turn), ahead, False)}
    assert RAW + "llm" in raw and RAW + "tts" in raw and not {"llm", *PARTS} & set(raw)
    assert raw[RAW + "tts"].log_ms == known["tts"].log_ms and raw[RAW + "tts"].work == ()
    assert (stage_of(RAW + "llm"), stage_of("llm"), soft_of(RAW + "llm")) == ("llm", "llm", soft_of("llm"))


def test_its_row_is_drawn_too() -> None:
    detector = RegressionDetector()
    for turn in turns(nothing_known, factor=1.0, count=60):
        detector.add(turn)
    at = RATIO_KEYS.index("llm")
    assert detector.ratios.usual[at] is not None and detector.ratios.turns[-1].logs[at] is not None


def test_the_whole_is_judged_with_it() -> None:
    """V2V has an expected value although nothing is known of the work of two of its stages."""
    detector = RegressionDetector()
    for turn in turns(nothing_known, factor=1.0, count=80):
        detector.add(turn)
    assert "V2V" in {one.series for one in detector.judged}
