"""The chain of requests: places, sessions, what a slot holds, and what must be looked at again."""

from typing import Any

import pytest

from timmy_tui.analysis.llm.llm_requests import LlmRequest, request_of
from timmy_tui.analysis.llm.request_chain import ChainedRequest, RequestChain
from timmy_tui.model.llm import ServedPrompt
from timmy_tui.model.turn import Turn


def request(ordinal: int, tokens: int | None = 1000, **more: Any) -> LlmRequest:
    """Ten seconds after the one before it, in the same session; it answered with 50 tokens.

    ``served``: its line in the server's log; everything else are fields of Turn.
    """
    served = more.pop("served", None)
    fields = {"session_id": "one", "started": 1000.0 + 10 * ordinal, "output_tokens": 50, **more}
    return request_of(Turn(ordinal=ordinal, prompt_tokens=tokens, **fields), served)


def chained(*requests: LlmRequest, limit: int = 200) -> RequestChain:
    chain = RequestChain(limit)
    for one in requests:
        chain.put(one)
    return chain


def last(*requests: LlmRequest) -> ChainedRequest:
    newest = chained(*requests).newest
    assert newest is not None
    return newest


def order(chain: RequestChain) -> list[int]:
    return [one.request.ordinal for one in chain]


# -- places


def test_an_empty_chain_has_no_newest() -> None:
    chain = RequestChain(5)
    assert chain.newest is None and len(chain) == 0 and chain.get(0) is None


def test_a_request_that_comes_late_links_both_sides_anew() -> None:
    chain = chained(request(0), request(2))
    changed = chain.put(request(1))
    first, middle, newest = chain
    assert [one.request.ordinal for one in changed] == [1, 2]
    assert (first.previous, middle.previous, newest.previous) == (None, first, middle)
    assert chain.get(1) is middle and chain.newest is newest


def test_the_newest_request_changes_nothing_but_itself() -> None:
    chain = chained(request(0), request(1))
    assert [one.request.ordinal for one in chain.put(request(2))] == [2]


def test_a_revision_with_the_same_time_or_none_stays_the_same_request() -> None:
    chain = chained(request(0), request(1), request(2))
    known = chain.get(1)
    for started in (1010.0, None):
        changed = chain.put(request(1, 1200, started=started))
        assert [one.request.ordinal for one in changed] == [1, 2]
        assert chain.get(1) is known and known is not None
        assert known.request.prompt_tokens == 1200
    assert order(chain) == [0, 1, 2]


def test_what_leaves_the_chain_is_forgotten_on_both_sides() -> None:
    """The chain of previous requests would else grow for ever."""
    chain = chained(*(request(number) for number in range(4)), limit=3)
    assert order(chain) == [1, 2, 3] and len(chain) == 3
    first = chain.get(1)
    assert first is not None and first.previous is None and chain.get(0) is None
    assert [one.previous is not None for one in chain] == [False, True, True]


def test_one_that_is_too_old_for_the_chain_is_not_looked_at_again() -> None:
    chain = chained(*(request(number) for number in (1, 2, 3)), limit=3)
    assert [one.request.ordinal for one in chain.put(request(0))] == [1]
    assert order(chain) == [1, 2, 3]


# -- sessions


def test_a_first_request_begins_a_session_of_its_own() -> None:
    only = last(request(0))
    assert (only.session_id, only.first_in_session, only.first_prompt_tokens, only.slot_replaced) == (
        "one", True, 1000, False,
    )  # fmt: skip


def test_a_later_request_carries_the_first_prompt_and_the_session_on() -> None:
    third = last(request(0, 900), request(1, 1100), request(2, 1300, session_id=None))
    assert (third.session_id, third.first_in_session, third.first_prompt_tokens) == ("one", False, 900)
    # It hands the name on to the next one.
    fourth = last(request(0), request(1, session_id=None), request(2, session_id="two"))
    assert fourth.first_in_session


def test_a_first_prompt_replaces_a_slot_only_behind_a_later_one() -> None:
    """A slot that begins with the first prompt of a session shares its head with the first prompt of the next."""
    two: dict[str, Any] = {"session_id": "two"}
    assert last(request(0), request(1), request(2, **two)).slot_replaced
    assert not last(request(0), request(1, **two)).slot_replaced
    assert not last(request(0), request(1, tail_mode=True), request(2, **two)).slot_replaced
    assert not last(request(0), request(1, context_sent=5), request(2, **two)).slot_replaced
    assert last(request(0), request(1, tail_mode=False, context_sent=0), request(2, **two)).slot_replaced
    assert not last(request(0), request(1), request(2, **two), request(3, **two)).slot_replaced


# -- what the slot should hold


def test_a_whole_prompt_shares_what_came_behind_the_first_one() -> None:
    assert last(request(0, 1000), request(1, 1700), request(2, 2000)).reusable_tokens == 700
    assert last(request(0, 1000), request(1, 1700)).reusable_tokens == 0


def test_never_less_than_nothing_is_shared() -> None:
    """The history was trimmed: the prompt before is shorter than the first one."""
    assert last(request(0, 1000), request(1, 600), request(2, 2000)).reusable_tokens == 0


def test_where_the_first_prompt_is_not_known_nothing_is_shared_for_sure() -> None:
    assert last(request(0, None), request(1, 1700), request(2, 2000)).reusable_tokens == 0


@pytest.mark.parametrize(("output", "tokens"), [(50, 1750), (0, 1700), (None, 1700)])
def test_a_context_array_shares_the_whole_slot(output: int | None, tokens: int) -> None:
    before = request(1, 1700, output_tokens=output)
    assert last(request(0), before, request(2, context_sent=1)).reusable_tokens == tokens
    assert last(request(0), before, request(2, context_sent=0)).reusable_tokens == 700


def test_nothing_is_shared_in_the_first_request_of_a_session_and_behind_an_unknown_or_cut_one() -> None:
    sent: dict[str, Any] = {"context_sent": 900}
    assert last(request(0, **sent)).reusable_tokens == 0
    assert last(request(0), request(1), request(2, session_id="two", **sent)).reusable_tokens == 0
    assert last(request(0), request(1, None), request(2, **sent)).reusable_tokens == 0
    newest = last(request(0), request(1, 1700), request(2, **sent))
    assert newest.previous is not None and newest.reusable_tokens == 1750
    newest.previous.truncated = True
    assert newest.reusable_tokens == 0


def test_the_log_of_the_server_knows_the_whole_prompt() -> None:
    served = ServedPrompt(number=1, prompt=1700, reused=0, evaluated=40)
    assert last(request(0), request(1, 40, served=served), request(2)).reusable_tokens == 700
    assert last(request(0), request(1, 40, served=served), request(2, context_sent=1)).reusable_tokens == 1750


# -- neighbours


def test_each_request_knows_the_one_behind_it_also_when_that_gets_another_place() -> None:
    chain = chained(request(0), request(1), request(2))
    first, second = chain.get(0), chain.get(1)
    assert first is not None and second is not None
    assert first.following is second and second.following is chain.get(2)
    chain.put(request(2, place=(0, -1, 0)))
    assert order(chain) == [2, 0, 1]
    assert second.following is None
    moved = chain.get(2)
    assert moved is not None and moved.following is first


def test_a_request_that_was_taken_for_the_first_of_its_session_replaced_nothing_after_all() -> None:
    """The first one of the second session comes late: it is the one that replaces what the slot holds."""
    two: dict[str, Any] = {"session_id": "two"}
    chain = chained(request(0), request(1), request(3, **two))
    assert chain.newest is not None and chain.newest.slot_replaced
    chain.put(request(2, **two))
    late = chain.get(2)
    assert late is not None and late.slot_replaced
    assert (chain.newest.slot_replaced, chain.newest.first_in_session) == (False, False)


@pytest.mark.parametrize(("first", "second"), [(False, False), (True, False)])
def test_the_first_request_of_all_replaced_nothing_that_is_known(first: bool, second: bool) -> None:
    chain = chained(request(0, tail_mode=first), request(1, tail_mode=second))
    assert [one.slot_replaced for one in chain] == [False, False]
