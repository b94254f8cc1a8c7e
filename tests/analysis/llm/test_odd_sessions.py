"""Sessions that no estimate was made for: nothing cold, everything cold, mixed models, stepped clocks, missing figures.

A prompt token takes 0.25 ms, a decode step 10 ms; only the depth of the prompt costs nothing here.
"""

from typing import Any

import pytest

from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.model.llm import Certainty, OllamaFacts, Reuse
from timmy_tui.model.turn import Turn


def facts(version: str | None = "0.12.11") -> OllamaFacts:
    return OllamaFacts(url="", reachable=True, since=None, version=version, depth_cost=0.0)


def turn(ordinal: int, prompt: int, evaluated: int, **more: Any) -> Turn:
    """``loads``: the model is loaded for it, so that it evaluates the whole prompt."""
    load = more.pop("loads", False)
    evaluated = prompt if load else evaluated
    return Turn(
        **{
            "ordinal": ordinal, "prompt_tokens": prompt, "output_tokens": 41, "decode_ms": 400.0,
            "prefill_ms": 10.0 + 0.25 * evaluated * (1.08 if load else 1.0), "load_ms": 2200.0 if load else 95.0,
            "num_ctx": 8000, "model": "m", "session_id": "one", "started": 10.0 * ordinal, **more,
        }
    )  # fmt: skip


def read(*turns: Turn, version: str | None = "0.12.11") -> tuple[Reuse, ...]:
    tracker = ReuseTracker()
    for one in turns:
        tracker.add(one, facts(version))
    return tracker.reuse


def test_without_a_cold_turn_there_is_no_figure_but_also_no_blame() -> None:
    found = read(*(turn(n, 2000 + 50 * n, 1900) for n in range(12)))
    assert {item.certainty for item in found} == {Certainty.UNKNOWN}
    assert not any(item.cold or item.broken or item.busy for item in found)


def test_without_a_cold_turn_what_is_faster_than_any_card_is_a_range_for_a_model_nothing_is_known_of() -> None:
    found = read(*(turn(n, 2000 + 50 * n, 600) for n in range(12)))
    assert {item.certainty for item in found} == {Certainty.ESTIMATED}
    assert all(item.least is not None and item.least <= item.share <= (item.most or 0) for item in found if item.share)
    # The card reads 40 tokens in the time in which it generates one: within the range of 25 to 65.
    assert all(abs((item.share or 0) - (1 - 600 / (item.prompt_tokens or 1))) < 0.05 for item in found)


def test_where_every_turn_is_cold_the_head_of_the_prompt_changes_and_nobody_is_blamed() -> None:
    found = read(*(turn(n, 1000 + 100 * n, 1000 + 100 * n, loads=n < 2) for n in range(16)))
    assert all((item.share or 0.0) < 0.005 for item in found)
    words = "the head of the prompt changes every turn: within its first ~100 tokens; which part is not logged"
    assert {item.broken for item in found[13:]} == {words}
    assert all(item.broken.startswith("the head of the prompt changes every turn") for item in found[9:])
    assert not any("client" in item.broken for item in found)


def test_a_model_that_is_switched_in_has_its_own_rate() -> None:
    found = read(
        turn(0, 1000, 1000, loads=True), turn(1, 1000, 1000, loads=True), turn(2, 1200, 300),
        turn(3, 1300, 1200, model="n"), turn(4, 1400, 300),
    )  # fmt: skip
    assert found[2].share == pytest.approx(0.75, abs=0.01)
    assert found[3].certainty is Certainty.UNKNOWN
    assert found[4].share == pytest.approx(1 - 300 / 1400, abs=0.01)


def test_two_models_interleaved_do_not_make_each_other_busy_or_cold() -> None:
    turns = []
    for n in range(0, 40, 2):
        turns.append(turn(n, 1000 + n, 300, loads=n < 4))
        slow = {"prefill_ms": 30.0 + 300.0 * (3.6 if n < 4 else 1.0), "decode_ms": 1200.0}
        turns.append(turn(n + 1, 1000 + n, 300, model="slow", loads=n < 4, **slow))
    assert not any(item.busy or item.broken for item in read(*turns))


def test_another_num_ctx_loads_the_model_and_has_its_own_rate() -> None:
    found = read(
        turn(0, 1000, 1000, loads=True), turn(1, 1000, 1000, loads=True), turn(2, 1100, 300),
        turn(3, 1200, 1200, num_ctx=4096, loads=True), turn(4, 1300, 800, num_ctx=4096),
    )  # fmt: skip
    assert found[3].certainty is Certainty.KNOWN
    assert found[4].least is not None and found[4].most is not None
    assert found[4].least < 1 - 800 / 1300 < found[4].most
    assert "with 1 cold turn," in found[4].reason


@pytest.mark.parametrize("prefill_ms", [-3000.0, 0.0, 1e9, float("inf")])
def test_a_clock_that_stepped_inside_a_request_spoils_that_turn_alone(prefill_ms: float) -> None:
    turns = [turn(n, 1000 + 50 * n, 300, loads=n < 2) for n in range(10)]
    fine = read(*turns)
    stepped = read(*turns[:5], turn(5, 1250, 300, prefill_ms=prefill_ms), *turns[6:])
    assert [item.share for item in stepped[6:]] == [item.share for item in fine[6:]]
    assert not stepped[5].cold and not stepped[5].broken


@pytest.mark.parametrize("prefill_ms", [12.0, 20.0, 60.0])
def test_a_load_whose_clock_stepped_leaves_the_samples_again(prefill_ms: float) -> None:
    """A load that seems far too fast makes later turns look slower than a whole prompt: six of them outvote it."""
    first = turn(0, 1000, 1000, loads=True, prefill_ms=prefill_ms)
    found = read(first, *(turn(n, 1000 + 20 * n, 600, loads=n in (1, 2)) for n in range(1, 14)))
    assert not any(item.busy for item in found)
    assert found[-1].share == pytest.approx(1 - 600 / 1260, abs=0.02)


@pytest.mark.parametrize("missing", ["prefill_ms", "decode_ms", "load_ms", "output_tokens", "prompt_tokens"])
def test_a_missing_figure_is_unknown_or_unused_and_never_zero(missing: str) -> None:
    turns = [turn(n, 1000 + 50 * n, 300, loads=n < 2) for n in range(8)]
    found = read(*turns, turn(8, 1400, 300, **{missing: None}))
    assert not found[-1].cold and not found[-1].busy
    if missing in ("prefill_ms", "prompt_tokens"):
        assert (found[-1].share, found[-1].certainty) == (None, Certainty.UNKNOWN)
    else:
        assert found[-1].share == pytest.approx(1 - 300 / 1400, abs=0.02)


@pytest.mark.parametrize("version", ["0.0.0", "weekly", "", None])
def test_a_version_that_is_not_known_is_assumed_and_said(version: str | None) -> None:
    found = read(*(turn(n, 1000, 1000 if n < 2 else 300, loads=n < 2) for n in range(4)), version=version)
    assert found[-1].reason.startswith("assumes Ollama 0.12.7 or newer; ")


def test_prompts_of_thirty_tokens_teach_nothing_and_blame_nobody() -> None:
    found = read(*(turn(n, 30, 30, loads=n % 5 == 0) for n in range(20)))
    assert not any(item.broken or item.busy for item in found)
    assert {item.certainty for item in found} <= {Certainty.KNOWN, Certainty.UNKNOWN}
    assert found[1].reason == "too short to tell: 30 tokens take 8 ms without the cache, a single one takes 10"


def test_a_short_prompt_among_long_ones_is_too_short_to_tell() -> None:
    """A token takes 0.25 ms, a step 10: 80 tokens take as long as two steps, and less is too short."""
    turns = [turn(n, 1000, 300, loads=n < 3) for n in range(6)]
    short, longer = (read(*turns, turn(6, tokens, tokens))[-1] for tokens in (79, 81))
    assert (short.certainty, short.reason.split(":")[0]) == (Certainty.UNKNOWN, "too short to tell")
    assert not longer.reason.startswith("too short")


def test_of_eight_thousand_tokens_one_is_new() -> None:
    found = read(turn(0, 7900, 7900, loads=True), *(turn(n, 7900 + n, 1) for n in range(1, 6)))
    assert all(item.share is not None and item.share > 0.999 for item in found[1:])


# -- busy


def busy(ordinal: int, prompt: int, evaluated: int, factor: float) -> Turn:
    return turn(ordinal, prompt, evaluated, prefill_ms=factor * (10 + 0.25 * evaluated), decode_ms=400.0 * factor)


@pytest.mark.parametrize("factor", [1.5, 3.0, 8.0])
def test_a_busy_spell_is_neither_estimated_nor_blamed_nor_learned_from(factor: float) -> None:
    calm = [turn(n, 1000 + 20 * n, 300, loads=n < 2) for n in range(10)]
    spell = [busy(n, 1000 + 20 * n, 300, factor) for n in range(10, 20)]
    slow_load = turn(20, 1400, 1400, loads=True, prefill_ms=400.0 * factor, decode_ms=400.0 * factor)
    after = [turn(n, 1000 + 20 * n, 300) for n in range(21, 26)]
    found = read(*calm, *spell, slow_load, *after)
    for item in found[10:20]:
        assert (item.busy, item.share, item.cold, item.broken) == (True, None, False, "")
    assert (found[20].certainty, found[20].loaded) == (Certainty.KNOWN, True)
    assert [item.busy for item in found[21:]] == [False] * 5
    assert found[-1].share == pytest.approx(1 - 300 / 1500, abs=0.01)


def test_beside_a_busy_turn_nothing_is_called_cold_and_less_is_said() -> None:
    """Work that begins or ends within a prefill is not seen in its own answer."""
    calm = [turn(n, 1000 + 150 * n, 300, loads=n < 3) for n in range(10)]
    alone = read(*calm, turn(10, 2500, 1500), turn(11, 2650, 300))[10]
    assert alone.share == pytest.approx(0.4, abs=0.01)
    assert alone.least is None or (alone.most or 0) - alone.least < 0.25
    for spell in (9, 11):
        turns = [*calm, turn(10, 2500, 1500), turn(11, 2650, 300)]
        turns[spell] = busy(spell, 2400, 300, 3.0)
        beside = read(*turns)[10]
        assert beside.share is None or (beside.most or 0) - (beside.least or 0) > 0.4
        assert "beside a turn in which the machine was busy" in beside.reason
    slow = turn(10, 2500, 2500)
    assert read(*calm, slow)[10].cold
    assert not read(*calm[:9], busy(9, 2400, 300, 3.0), slow)[10].cold


def test_a_run_that_begins_busy_is_read_again_when_calm_turns_show_it() -> None:
    spell = [busy(n, 1000 + 20 * n, 300, 2.0) for n in range(5)]
    calm = [turn(n, 1000 + 20 * n, 300, loads=n < 7) for n in range(5, 30)]
    found = read(*spell, *calm)
    assert [item.busy for item in found[:5]] == [True] * 5
    assert not any(item.busy for item in found[5:])


def test_a_cold_turn_that_calmer_answers_show_to_have_been_busy_is_not_compared_with() -> None:
    """The first answer of a run is its own measure; the later ones decode in a tenth of its time."""
    load = turn(0, 1000, 1000, loads=True, prefill_ms=2500.0, decode_ms=4000.0)
    found = read(load, *(turn(n, 1000 + 20 * n, 900) for n in range(1, 12)))
    assert {item.certainty for item in found[1:]} == {Certainty.UNKNOWN}
    two = read(load, *(turn(n, 1000 + 20 * n, 900, loads=n in (1, 2)) for n in range(1, 12)))
    assert two[-1].share == pytest.approx(1 - 900 / 1220, abs=0.02)


@pytest.mark.parametrize(("factor", "cold"), [(1.24, True), (1.26, False)])
def test_nothing_is_called_cold_where_the_answer_was_decoded_slowly(factor: float, cold: bool) -> None:
    """It was read more slowly, too, though by less than it was decoded."""
    turns = [turn(n, 1000 + 150 * n, 300, loads=n < 3) for n in range(8)]
    prefill_ms = 10.0 * factor + 0.25 * 2200 * factor**0.55
    item = read(*turns, turn(8, 2200, 2200, decode_ms=400.0 * factor, prefill_ms=prefill_ms))[-1]
    assert item.share is not None and item.share < 0.1
    assert bool(item.broken) is item.cold is cold
