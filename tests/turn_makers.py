"""Turns for tests; every maker takes the fields of Turn that a test wants otherwise."""

from typing import Any

from msgspec.structs import replace

from timmy_tui.model.turn import Turn, TurnState


def complete_turn(ordinal: int, /, **fields: Any) -> Turn:
    """A turn that came to its end, and of which nothing else is known."""
    return replace(Turn(ordinal=ordinal, state=TurnState.COMPLETE), **fields)


def tail_mode_turns(*shown: bool | None, session: int = 1) -> list[Turn]:
    """Turns of one session, each with the tail mode that it shows."""
    return [complete_turn(number, session=session, tail_mode=tail) for number, tail in enumerate(shown)]


def logged_turn(ordinal: int, session: int, **fields: Any) -> Turn:
    """One as both logs tell it of a v34 in tail mode that sends its prompts raw."""
    known = {"session": session, "tail_mode": True, "context_returned": 400, "output_tokens": 20, "logs": "both"}
    return complete_turn(ordinal, **{**known, **fields})


def generated_turn(ordinal: int, prompt_tokens: int | None, prefill_ms: float | None, **fields: Any) -> Turn:
    """One with Ollama's figures, ten seconds after the one before it: 5 s long, a token in 9.3 ms, the model loaded."""
    known: dict[str, Any] = {
        "session_id": "one", "started": 1000.0 + 10 * ordinal, "ended": 1005.0 + 10 * ordinal,
        "prompt_tokens": prompt_tokens, "prefill_ms": prefill_ms, "output_tokens": 50, "load_ms": 95.0,
        "context_sent": 0, "num_ctx": 8000, **fields,
    }  # fmt: skip
    # The first token comes out of the prefill.
    return complete_turn(ordinal, **{"decode_ms": 9.3 * max(known["output_tokens"] - 1, 0), **known})
