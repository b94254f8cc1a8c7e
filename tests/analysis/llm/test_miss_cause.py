"""Why a prompt shared nothing with the one before: a flag that differs is named by the table."""

import pytest
from msgspec.structs import replace

from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.miss_cause import broken_cause
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.model.flags import FLAGS, Flag
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.turn import FlagValue, Turn, TurnState

VALUES: dict[type[FlagValue], tuple[FlagValue, FlagValue]] = {
    bool: (False, True), int: (4, 5), float: (0.25, 0.5), str: ("a", "b"),
}  # fmt: skip


def cause(before: dict[str, FlagValue], now: dict[str, FlagValue]) -> str:
    turn = Turn(ordinal=0, state=TurnState.COMPLETE, prompt_tokens=2000)
    first = ChainedRequest(request_of(turn, flags=before), 0.0)
    return broken_cause(ChainedRequest(request_of(replace(turn, ordinal=1), flags=now), 1.0, previous=first))


@pytest.mark.parametrize("flag", [one for one in FLAGS if one.changes_prompt], ids=lambda one: one.key)
def test_every_flag_that_changes_the_prompt_is_a_cause(flag: Flag) -> None:
    old, new = VALUES[flag.type]
    assert cause({flag.key: old}, {flag.key: new}) == f"{flag.label} changed"
    assert "changed head" in cause({flag.key: old}, {flag.key: old})
    assert "changed head" in cause({}, {flag.key: new}), "what is not known has not changed"


def test_flags_that_leave_the_prompt_alone_are_none() -> None:
    beside = [flag.key for flag in FLAGS if not flag.changes_prompt]
    assert beside == ["pause-threshold", "debug-mode", "use-chat-endpoint"]
    assert "changed head" in cause(dict.fromkeys(beside, True), dict.fromkeys(beside, False))


def test_a_flag_of_the_users_own_is_a_cause_behind_those_of_the_table() -> None:
    assert cause({"store": True}, {"store": False}) == "store changed"
    assert cause({"store": True, "raw": True}, {"store": False, "raw": False}) == "raw changed"


def test_a_turn_is_believed_before_what_its_session_is_said_to_run_under() -> None:
    turn = Turn(ordinal=0, state=TurnState.COMPLETE, num_ctx=8000, tail_mode=True)
    said = request_of(turn, flags={"context-size": 4096, "retrieved-chunks": 5}).flags
    assert said == {"context-size": 8000, "retrieved-chunks": 5, "tail-mode": False}


def test_a_revision_keeps_what_was_said_of_its_session() -> None:
    """The debug log comes later, and knows nothing of the files."""

    def turn(ordinal: int, prompt: int, cold: bool = True, load: float = 95.0) -> Turn:
        return Turn(
            ordinal=ordinal, state=TurnState.COMPLETE, started=10.0 * ordinal, prompt_tokens=prompt, output_tokens=50,
            prefill_ms=9.3 + (prompt if cold else 600) / 4.1, decode_ms=465.0, load_ms=load, num_ctx=8000,
        )  # fmt: skip

    facts = OllamaFacts(url="", reachable=True, since=None, version="0.12.11")
    tracker = ReuseTracker()
    tracker.add(turn(0, 600, load=2200.0), facts, flags={"recency-weight": 0.75})
    tracker.add(turn(1, 2000, cold=False), facts, flags={"recency-weight": 0.75})
    tracker.add(turn(2, 2100), facts, flags={"recency-weight": 0.25})
    assert tracker.reuse[-1].broken == "recency weight changed"
    revised = tracker.add(replace(turn(2, 2100), load_ms=96.0), facts)
    assert revised.broken == "recency weight changed"
