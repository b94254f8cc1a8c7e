"""What telemetry asks of the table of stages; nothing else in this room knows the table."""

from collections.abc import Iterator

from timmy_tui.model.stages.watched import (
    BY_KEY,
    CRITICAL,
    GPU,
    HOPS,
    IN_ORDER,
    NETWORK,
    OUTSIDE,
    PARTS,
    PROMPT_CACHE,
    REQUEST,
    SETTINGS,
    UNATTRIBUTED,
    V2V,
    Stage,
)
from timmy_tui.model.turn import Turn


def all_stages() -> Iterator[tuple[str, str]]:
    """Key and owner of every stage that a turn can have, the rest at the end."""
    yield from ((key, BY_KEY[key].owner) for key in IN_ORDER)
    yield UNATTRIBUTED, "none"


def measured_stages(turn: Turn) -> Iterator[tuple[str, str, float]]:
    """Key, owner and ms of every stage of a turn that was measured, parts behind their whole, the rest at the end."""
    for key in IN_ORDER:
        ms = turn.stages.get(key)
        if ms is not None:
            yield key, BY_KEY[key].owner, ms
    if turn.unattributed_ms is not None:
        yield UNATTRIBUTED, "none", turn.unattributed_ms


def path_of(turn: Turn) -> Iterator[tuple[Stage, float]]:
    """What the headline is made of, in order, in ms.

    Where a hop is unknown, the sum of all stands at the place of the first.
    """
    whole = turn.stages.get(NETWORK)
    sum_stands = whole is not None and any(turn.stages.get(hop) is None for hop in HOPS)
    for key in CRITICAL:
        if sum_stands and key in HOPS:
            if key == HOPS[0] and whole is not None:
                yield BY_KEY[NETWORK], whole
            continue
        ms = turn.stages.get(key)
        if ms is not None:
            yield BY_KEY[key], ms


def gap_places(stage: Stage) -> tuple[str, ...]:
    """The keys by which a gap names what is behind it, for a row of ``path_of``."""
    return HOPS[:1] if stage.key == NETWORK else (stage.key,)


def is_sum(stage: Stage) -> bool:
    """It stands for stages that lie apart from each other."""
    return stage.key == NETWORK


def between_hops(turn: Turn) -> frozenset[str]:
    """Stages of which only the length is known, because the hop ahead of them is not."""
    if turn.stages.get(NETWORK) is None or all(turn.stages.get(hop) is not None for hop in HOPS):
        return frozenset()
    first, last = CRITICAL.index(HOPS[0]), CRITICAL.index(HOPS[-1])
    return frozenset(CRITICAL[first + 1 : last])


def parts_of(turn: Turn, key: str) -> Iterator[tuple[Stage, float]]:
    """The measured parts of a stage, without theirs, in ms."""
    for part in PARTS[key]:
        ms = turn.stages.get(part)
        if ms is not None:
            yield BY_KEY[part], ms


def outside_of(turn: Turn) -> Iterator[tuple[str, float]]:
    """Key and ms of what is no part of the headline: behind the first sound, or across everything."""
    for key in OUTSIDE:
        ms = turn.stages.get(key)
        if ms is not None and key != NETWORK:
            yield key, ms


def setting_ms(turn: Turn) -> float:
    """What the headline has ahead of its first event: a setting, no measurement."""
    return sum(turn.stages.get(key) or 0.0 for key in SETTINGS)


def is_stage(key: str) -> bool:
    """A key of the table, or of the headline."""
    return key in BY_KEY or key == V2V


def is_series(key: str) -> bool:
    """What a finding can be of."""
    return is_stage(key) or key in (UNATTRIBUTED, GPU, PROMPT_CACHE)


def is_model_request(stage: Stage) -> bool:
    """It is the one request to the language model, to its last token."""
    return stage.key == REQUEST


def request_ms(turn: Turn) -> float | None:
    """ms of that request; None where the turn has none, or the system has no such stage."""
    return turn.stages.get(REQUEST)
