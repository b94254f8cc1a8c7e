"""The guide's lines, each with its live value."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.llm.criteria import CRITERIA, evaluate
from timmy_tui.model.llm import Certainty, Criterion, Reuse
from timmy_tui.model.turn import Turn, TurnState


def turns(count: int, first: int = 0, length_s: float = 11.0, **fields: Any) -> list[Turn]:
    """Turns of ``length_s``, 20 s apart."""
    known: dict[str, Any] = {
        "session_id": "one", "prompt_tokens": 2600, "output_tokens": 51, "context_returned": 0, "context_sent": 0,
        "reply_length": 60, "tail_mode": False, "stages": {"llm": 800.0}, "logs": "both", **fields,
    }  # fmt: skip
    starts = [(n, 1000.0 + 20 * n) for n in range(first, first + count)]
    return [complete_turn(n, started=start, end_to_end_ms=1000 * length_s, **known) for n, start in starts]


def reuse(count: int, share: float | None = 0.73, certainty: Certainty = Certainty.ESTIMATED) -> Mapping[int, Reuse]:
    return {
        n: Reuse(ordinal=n, prompt_tokens=2600, reused=None, share=share, certainty=certainty, reason="")
        for n in range(count)
    }


def judged(
    current: list[Turn], before: list[Turn] | None = None, shares: Mapping[int, Reuse] | None = None
) -> dict[str, Criterion]:
    return {item.key: item for item in evaluate(current, before or [], shares or {})}


def test_every_line_of_the_guide_is_there_also_without_a_turn() -> None:
    found = judged([])
    assert len(found) == len(CRITERIA) == 18
    assert {item.verdict for item in found.values()} == {"not judged"}
    assert {item.group for item in found.values()} == {"Success Metrics", "Phase 1", "Phase 2", "Something broke"}
    assert all(item.because and not item.value for item in found.values() if item.key != "phase2_phase1")
    assert found["phase2_phase1"].because == "3 of the 3 are not judged"


def test_the_guides_signs_do_not_fail_but_mislead_and_say_why() -> None:
    found = judged(turns(8), shares=reuse(8))
    assert found["context_returned"].verdict == "misleading"
    assert "0 of 8" in found["context_returned"].value
    assert "not the cache" in found["context_returned"].note
    count = found["count_zero"]
    assert count.verdict == "misleading"
    assert "median 2600 tok" in count.value
    assert "~73% reused" in count.value
    assert "never 0" in count.note
    assert found["prefix_reuse"].verdict == "pass"
    assert found["prefix_reuse"].value == "~73% reused · 7t"


def test_measured_reuse_carries_no_tilde() -> None:
    assert judged(turns(8), shares=reuse(8, 0.1, Certainty.MEASURED))["prefix_reuse"].value == "10% reused · 7t"
    assert judged(turns(8), shares=reuse(8, 0.1, Certainty.MEASURED))["prefix_reuse"].verdict == "fail"


def test_tail_mode_as_the_guide_hopes_for() -> None:
    before = turns(8)
    tail = {"tail_mode": True, "context_returned": 900, "context_sent": 850, "session_id": "two"}
    after = turns(8, 8, length_s=9.5, stages={"llm": 310.0}, **tail)
    found = judged(after, before)
    assert found["context_returned"].verdict == "misleading", "an array that comes back is no cache either"
    hoped = [
        "llm_time",
        "total_time",
        "phase1_context",
        "phase2_phase1",
        "phase2_tail",
        "phase2_llm",
        "phase2_total",
    ]
    assert {key: found[key].verdict for key in hoped} == dict.fromkeys(hoped, "pass")
    assert found["llm_time"].value == "p50 310ms · 7t, was 800ms, goal ~300ms"
    assert found["phase2_total"].value == "9.50s, was 11.00s · 8t/8t"


def test_phase_2_waits_for_tail_mode() -> None:
    found = judged(turns(8, 8, length_s=9.5), turns(8))
    assert found["phase2_total"].verdict == "not judged"
    assert (found["phase2_total"].value, found["phase2_total"].because) == (
        "9.50s, was 11.00s · 8t/8t", "tail mode is off",
    )  # fmt: skip


def test_a_slower_turn_fails_its_criteria() -> None:
    found = judged(turns(8, 8, stages={"llm": 1000.0}), turns(8))
    assert found["phase1_latency"].verdict == "fail"
    assert found["llm_time"].verdict == "fail"


@pytest.mark.parametrize("signal", ["template_leak", "empty_reply", "canned_reply"])
def test_broken_replies_are_seen(signal: str) -> None:
    current = turns(5) + turns(1, 5, signals=frozenset((signal,)))
    found = judged(current)
    assert found["broke_quality"].verdict == "fail"
    assert found["phase1_quality"].verdict == "fail"
    assert found["phase2_phase1"].verdict == "fail"


def test_answers_of_another_length_are_seen() -> None:
    found = judged(turns(6, 6, reply_length=200), turns(6))
    assert found["broke_persona"].verdict == "fail"
    assert found["broke_persona"].value == "reply 200 chars, was 60 (over twice)"


def test_errors_and_failures_are_seen() -> None:
    assert judged(turns(5))["broke_errors"].verdict == "pass"
    found = judged(turns(5) + turns(1, 5, state=TurnState.FAILED, errors=("500",)))
    assert found["broke_errors"].verdict == "fail"
    assert found["broke_errors"].value == "1 of 6 turns"


def test_a_lost_array_and_a_cut_prompt_are_seen() -> None:
    lost = turns(3, context_sent=900) + turns(1, 3, context_sent=0)
    assert judged(lost)["broke_context"].verdict == "fail"
    cut = {0: Reuse(ordinal=0, prompt_tokens=8000, reused=5, share=0.0, certainty=Certainty.ESTIMATED, reason="",
                    broken="the prompt was cut to fit the window")}  # fmt: skip
    assert judged(turns(3), shares=cut)["broke_context"].verdict == "fail"
    assert judged(turns(3))["broke_context"].verdict == "pass"


def test_without_v34s_log_nothing_is_said_of_what_was_answered() -> None:
    found = judged(turns(5, logs="latency"), turns(5, logs="latency"))
    for key in ("phase1_quality", "broke_quality"):
        assert found[key].verdict == "not judged"
        assert found[key].because == "v34's log, which has the replies, is not among these logs"
    assert found["broke_quality"].value == "0 empty of 5"
    assert found["broke_errors"].verdict == "pass"
    assert "without v34's log" in found["broke_errors"].note
    assert found["phase2_phase1"].because == "1 of the 3 is not judged", "that no array was returned is no failure"
    # What the latency log alone shows is seen.
    empty = turns(4, logs="latency") + turns(1, 4, logs="latency", signals=frozenset({"empty_reply"}))
    found = judged(empty)
    assert (found["phase1_quality"].verdict, found["broke_quality"].verdict) == ("fail", "fail")
    assert found["broke_quality"].value == "1 empty of 5"
    assert judged(turns(5))["broke_errors"].note == ""


def test_no_turn_and_single_turns_prove_nothing() -> None:
    assert {item.verdict for item in judged([]).values()} == {"not judged"}
    assert judged(turns(2))["llm_time"].verdict == "not judged"
