"""The values of a turn that are judged."""

import math

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from timmy_tui.analysis.stats.series import ms_of, soft_of, values_of
from timmy_tui.model.stages.watched import STAGES
from timmy_tui.model.turn import Turn

FIRST, TURN = next(
    (before, turn)
    for before, turn in zip(make_turns(60, seed=3), make_turns(60, seed=3)[1:], strict=False)
    if before.session == turn.session and turn.stages["store"] is not None and not turn.skipped
)


def test_every_judged_stage_has_a_value_and_no_other_has() -> None:
    known = {value.series for value in values_of(TURN, FIRST, loaded=False) if not value.series.startswith("gap:")}
    # The whole LLM is judged only where its parts are not known; this turn has no load.
    assert known == {stage.key for stage in STAGES if stage.judged} - {"llm", "load"}


def test_the_whole_is_judged_where_a_part_is_not_known() -> None:
    bare = replace(TURN, decode_ms=None, stages={**TURN.stages, "decode": None})
    known = {value.series for value in values_of(bare, FIRST, loaded=False)}
    assert "llm" in known and not known & {"wait", "prefill", "decode", "load"}


def test_a_loaded_model_leaves_out_the_request_only() -> None:
    known = {value.series for value in values_of(TURN, FIRST, loaded=True)}
    assert not known & {"llm", "wait", "prefill", "decode", "load"}
    assert {"tts", "classify"} <= known


def test_hops_are_judged_as_their_sum() -> None:
    """Where the clocks differ the sum is known as ever; where one stepped it is not."""
    assert {"hop_in", "hop_out", "network"} & series_of(TURN) == {"network"}
    apart = replace(TURN, stages={**TURN.stages, "hop_in": None, "hop_out": None})
    assert {"hop_in", "hop_out", "network"} & series_of(apart) == {"network"}
    assert "network" not in series_of(replace(TURN, stages={**TURN.stages, "network": None}))


def series_of(turn: Turn) -> set[str]:
    return {value.series for value in values_of(turn, FIRST, loaded=False)}


def test_what_ollama_reports_is_read_from_the_turn_where_the_stages_lack_it() -> None:
    assert ms_of(TURN, "load") is None
    lent = replace(TURN, load_ms=95.0)
    assert ms_of(lent, "load") == 95.0
    assert "load" in {value.series for value in values_of(lent, FIRST, loaded=False)}
    assert ms_of(replace(TURN, decode_ms=None), "decode") == TURN.stages["decode"]
    assert ms_of(TURN, "classify") == TURN.stages["classify"]


@pytest.mark.parametrize(("series", "soft"), [("network", 2.0), ("classify", 0.5), ("gap:start→end", 5.0)])
def test_a_value_is_the_logarithm_of_the_softened_time(series: str, soft: float) -> None:
    assert soft_of(series) == soft
    values = {value.series: value.log_ms for value in values_of(TURN, FIRST, loaded=False)}
    ms = TURN.stages.get(series)
    assert ms is None or values[series] == pytest.approx(math.log(ms + soft))
