"""Why a prompt shared nothing with the one before: a flag that differs is named by the table."""

import pytest
from msgspec.structs import replace

from timmy_tui.analysis.llm.llm_requests import LlmRequest, request_of
from timmy_tui.analysis.llm.miss_cause import NOT_KNOWN, broken_cause
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.analysis.llm.request_chain import ChainedRequest
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import FLAGS
from timmy_tui.model.llm import OllamaFacts, ServedPrompt
from timmy_tui.model.turn import FlagValue, Turn, TurnState

VALUES: dict[type[FlagValue], tuple[FlagValue, FlagValue]] = {
    bool: (False, True), int: (4, 5), float: (0.25, 0.5), str: ("a", "b"),
}  # fmt: skip


def cause(before: dict[str, FlagValue], now: dict[str, FlagValue]) -> str:
    turn = Turn(ordinal=0, state=TurnState.COMPLETE, prompt_tokens=2000)
    first = ChainedRequest(request_of(turn, flags=before))
    return broken_cause(ChainedRequest(request_of(replace(turn, ordinal=1), flags=now), previous=first))


@pytest.mark.parametrize("flag", [one for one in FLAGS if one.changes_prompt], ids=lambda one: one.key)
def test_every_flag_that_changes_the_prompt_is_a_cause(flag: Flag) -> None:
    old, new = VALUES[flag.type]
    assert cause({flag.key: old}, {flag.key: new}) == f"{flag.label} changed"
    assert cause({flag.key: old}, {flag.key: old}) == NOT_KNOWN
    assert cause({}, {flag.key: new}) == NOT_KNOWN, "what is not known has not changed"


def test_flags_that_leave_the_prompt_alone_are_none() -> None:
    beside = [flag.key for flag in FLAGS if not flag.changes_prompt]
    assert beside == ["pause-threshold", "debug-mode", "use-chat-endpoint"]
    assert cause(dict.fromkeys(beside, True), dict.fromkeys(beside, False)) == NOT_KNOWN


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
            prefill_ms=9.3 + (prompt if cold else 600) / 4.1, decode_ms=9.3 * 49, load_ms=load, num_ctx=8000,
        )  # fmt: skip

    facts = OllamaFacts(url="", reachable=True, since=None, version="0.12.11", depth_cost=0.0)
    tracker = ReuseTracker()
    tracker.add(turn(0, 600, load=2200.0), facts, flags={"recency-weight": 0.75})
    tracker.add(turn(1, 2000, cold=False), facts, flags={"recency-weight": 0.75})
    tracker.add(turn(2, 2100), facts, flags={"recency-weight": 0.25})
    assert tracker.reuse[-1].broken == "recency weight changed"
    revised = tracker.add(replace(turn(2, 2100), load_ms=96.0), facts)
    assert revised.broken == "recency weight changed"


# -- evidence


def request(ordinal: int, number: int | None) -> LlmRequest:
    served = None if number is None else ServedPrompt(number=number, prompt=2000, reused=5, evaluated=1995)
    return request_of(Turn(ordinal=ordinal, prompt_tokens=2000), served)


@pytest.mark.parametrize(("then", "now", "other"), [(1, 2, False), (1, 3, True), (1, None, False), (None, 2, False)])
def test_another_request_is_a_cause_only_where_the_server_log_shows_it(
    then: int | None, now: int | None, other: bool
) -> None:
    chained = ChainedRequest(request(1, now), previous=ChainedRequest(request(0, then)))
    assert ("another request used the slot" in broken_cause(chained)) is other
    # Evidence of one request comes before the pattern of many.
    assert ("another request used the slot" in broken_cause(chained, [5, 5, 5])) is other


WITHIN = "the head of the prompt changes every turn: within its first ~{} tokens; which part is not logged"
BEHIND = "the prompt changes every turn behind its first ~{} tokens; which part is not logged"


@pytest.mark.parametrize(
    ("heads", "words"),
    [
        ([], NOT_KNOWN), ([30], NOT_KNOWN), ([30, 80], NOT_KNOWN), ([30, 81, 5], WITHIN.format(90)),
        ([0, 0, 0], WITHIN.format(10)), ([30, 80, 5], WITHIN.format(80)),
    ],
)  # fmt: skip
def test_three_misses_in_a_row_are_a_head_that_changes_as_far_in_as_any_of_them_can_have_reused(
    heads: list[int], words: str
) -> None:
    chained = ChainedRequest(request(1, None), previous=ChainedRequest(request(0, None)))
    assert broken_cause(chained, heads) == words


@pytest.mark.parametrize(
    ("head", "words"),
    [(0, WITHIN.format(100)), (99, WITHIN.format(100)), (100, BEHIND.format(100)), (421, BEHIND.format(430))],
)
def test_a_head_that_all_turns_share_says_where_the_prompt_changes(head: int, words: str) -> None:
    chained = ChainedRequest(request(1, None), previous=ChainedRequest(request(0, None)))
    assert broken_cause(chained, [], head) == broken_cause(chained, [7, 7, 7], head) == words
    trimmed = ChainedRequest(request(1, None), previous=ChainedRequest(replace(request(0, None), prompt_tokens=4000)))
    assert broken_cause(trimmed, [], head).startswith("the history was trimmed")


def conversation(head: int | None) -> list[str]:
    """What is said of each turn: a persona of so many tokens, then what changes; None: history first."""
    tracker = ReuseTracker()
    facts = OllamaFacts(url="", reachable=True, since=None, version="0.12.11", depth_cost=0.0)
    for n in range(24):
        prompt = 700 + 90 * n
        evaluated = prompt if not n else 500 if head is None else prompt - head
        tracker.add(
            Turn(
                ordinal=n, state=TurnState.COMPLETE, started=10.0 * n, prompt_tokens=prompt, output_tokens=50,
                prefill_ms=9.3 + evaluated / 4.1 * (1.08 if not n else 1.0), decode_ms=9.3 * 49,
                load_ms=95.0 if n else 2200.0, num_ctx=8000,
            ),
            facts,
        )  # fmt: skip
    return [item.broken for item in tracker.reuse]


def test_memories_behind_a_persona_lose_the_history_every_turn() -> None:
    """Nothing is wholly cold at first: what is reused is the persona, and nothing else."""
    said = conversation(420)
    assert said[:3] == ["", "", ""]
    (words,) = set(said[14:])
    assert words.startswith("the prompt changes every turn behind its first ~4")


def test_a_time_at_the_very_beginning_loses_everything_every_turn() -> None:
    assert set(conversation(3)[12:]) == {WITHIN.format(100)}


def test_history_first_loses_nothing_that_it_could_keep() -> None:
    assert set(conversation(None)) == {""}
