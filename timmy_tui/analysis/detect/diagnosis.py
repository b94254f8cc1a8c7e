"""Why a turn took longer than usual: one sentence whose figures sum to the excess.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from timmy_tui.analysis.detect.level import Level
from timmy_tui.analysis.stats.ordering import NewestOfSessions
from timmy_tui.analysis.stats.series import soft_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import FEATURES, features_of, robust_scale
from timmy_tui.core.formatting import duration, plural, signed_duration
from timmy_tui.model.judgement import Contribution, Diagnosis
from timmy_tui.model.stages.watched import (
    BY_KEY,
    CRITICAL,
    HOPS,
    SETTINGS,
    SPLIT,
    STAGES,
    UNATTRIBUTED,
    V2V,
    label,
    parts_of_headline,
)
from timmy_tui.model.turn import Turn, TurnState

_TUNING = TUNING.diagnosis
_OPTIONAL = tuple(key for key in CRITICAL if BY_KEY[key].optional)
_NAMES = {**{stage.key: stage.name for stage in STAGES if stage.name}, UNATTRIBUTED: "unnamed gap"}


class _Compared(Struct, frozen=True, gc=False):
    """A piece of the headline beside what is usual."""

    stage: str
    ms: float
    usual: float | None
    """Of turns like this one; None while there are too few of them."""
    work: tuple[float, ...] | None = None
    """Behind it; None is not known."""


class Diagnoser:
    """Turns in, a diagnosis for each; constant in the length of history.

    A turn is set against turns like it: first ones of a session against first ones, a store against stores, and a stage
    whose work is not known against others of which it is not known.
    """

    def __init__(self) -> None:
        self._levels: dict[str, Level] = {}
        self._happened = {stage: deque[bool](maxlen=_TUNING.memory_turns) for stage in _OPTIONAL}
        """Of each stage that may be left out: in which of the last turns it was not."""
        self._excesses: deque[float] = deque(maxlen=_TUNING.memory_turns)
        self._sessions = NewestOfSessions(asked=True)
        self._judged = 0

    def add(self, turn: Turn) -> Diagnosis:
        """The diagnosis of a closed turn against those before it."""
        ahead = self._sessions.take(turn)
        if turn.state is not TurnState.COMPLETE or turn.headline_ms is None:
            reason = turn.reason or str(turn.state)
            sentence = f"{turn.state.words}: {reason}"
            if turn.state is TurnState.COMPLETE:
                sentence = f"not measured: {turn.unmeasured.get(V2V, 'too few events')}"
            return Diagnosis(ordinal=turn.ordinal, excess_ms=None, sentence=sentence)
        missing = _TUNING.least_turns - self._judged
        compared = self._against_usual(turn, ahead)
        if not compared:
            # Without parts nothing is over its usual, however long the turn was.
            return Diagnosis(ordinal=turn.ordinal, excess_ms=None, sentence="not judged: no stage of it is measured")
        if missing > 0:
            diagnosis = Diagnosis(ordinal=turn.ordinal, excess_ms=None, sentence=f"too few turns: {missing} more")
        else:
            diagnosis = self._diagnose(turn, ahead, compared)
        self._learn(turn, ahead, compared)
        return diagnosis

    def _diagnose(self, turn: Turn, ahead: Turn | None, compared: Sequence[_Compared]) -> Diagnosis:
        parts = {piece.stage: piece.ms - (piece.ms if piece.usual is None else piece.usual) for piece in compared}
        excess = sum(parts.values())
        sign = 1 if excess >= 0 else -1
        least = max(_TUNING.worth_ms, _TUNING.worth_share * abs(excess))
        large = [(stage, ms) for stage, ms in parts.items() if sign * ms >= least]
        large.sort(key=lambda item: -sign * item[1])
        named = [Contribution(stage, ms, self._why(stage, turn, ahead) if ms > 0 else "") for stage, ms in large]
        rest = excess - sum(part.ms for part in named)
        named.append(Contribution("rest", rest))
        told = {part.stage for part in named}
        even = _is_even({stage: ms for stage, ms in parts.items() if stage not in told})
        unknown = [piece for piece in compared if piece.usual is None and piece.ms >= _TUNING.worth_ms]
        like = self._like(turn, ahead)
        return Diagnosis(
            ordinal=turn.ordinal,
            excess_ms=excess,
            sentence=_sentence(excess, named, even, like) + self._beside(turn, named, unknown),
            compared_with=like,
            contributions=tuple(named),
            slow=self._is_slow(excess),
            usuals=_usuals(compared),
        )

    def _is_slow(self, excess: float) -> bool:
        if excess <= _TUNING.slow_ms:
            return False
        spread = robust_scale(list(self._excesses)) if len(self._excesses) >= _TUNING.least_turns else 0.0
        return excess > _TUNING.slow_scales * spread

    def _like(self, turn: Turn, ahead: Turn | None) -> str:
        """What the turns have in common that it is set against."""
        parts = ["first turn of a session"] if ahead is None and self._knows_first_turns() else []
        parts += [f"with a {_name(stage)}" for stage in _OPTIONAL if turn.stages.get(stage) and self._usual(stage)]
        if turn.output_tokens is not None and turn.stages.get("decode") is not None:
            parts.append(plural(turn.output_tokens, "token"))
        return ", ".join(parts)

    def _beside(self, turn: Turn, named: Sequence[Contribution], unknown: Sequence[_Compared]) -> str:
        """A rare stage that took its usual time, and stages that nothing is known to set against."""
        told = {part.stage for part in named}
        words = ""
        for stage in _OPTIONAL:
            why = self._first_in(stage) if turn.stages.get(stage) is not None else ""
            if why and stage not in told:
                words += f"; {_name(stage)} {duration(turn.stages[stage])} ({why})"
        if unknown:
            names = ", ".join(f"{_name(piece.stage)} {duration(piece.ms)}" for piece in unknown)
            words += f"; not judged: {names} (too few turns like it)"
        return words

    def _against_usual(self, turn: Turn, ahead: Turn | None) -> list[_Compared]:
        """Everything that the headline is made of."""
        compared: list[_Compared] = []
        for stage, ms in _pieces(turn):
            if stage in HOPS:
                # One hop without the other may be a difference of the clocks: it is as it is.
                compared.append(_Compared(stage, ms, ms))
                continue
            work = features_of(stage, turn, ahead)
            usual = self._usual_of(stage, ahead, work)
            if usual is None and stage in _OPTIONAL and sum(self._happened[stage]) < _TUNING.least_optional:
                # No turn like it: a usual turn leaves the stage out.
                usual = 0.0
            compared.append(_Compared(stage, ms, usual, work))
        return compared

    def _usual_of(self, stage: str, ahead: Turn | None, work: tuple[float, ...] | None) -> float | None:
        """Usual ms for the work of the turn, or for the usual amount where that is not known, as of a cut prompt."""
        # A store of known length is set against stores of unknown length, where there are no others: it was called
        # 370 ms over turns without one. What an LLM does differs too much for that.
        names = (_series(stage, ahead, work), stage, *((_RAW + stage,) if stage in _OPTIONAL else ()))
        known = (self._levels.get(name) for name in names)
        level = next((one for one in known if one is not None and one.ready), None)
        if level is None:
            return None
        usual = level.expected_ms(work if work is not None and level.stage == stage else ())
        return None if usual is None else usual - soft_of(stage)

    def _usual(self, stage: str) -> float | None:
        level = self._levels.get(stage)
        return level.usual_ms if level is not None and level.ready else None

    def _knows_first_turns(self) -> bool:
        return any(level.ready for name, level in self._levels.items() if name.startswith(_FIRST))

    def _first_in(self, stage: str) -> str:
        happened = self._happened[stage]
        since = next((number for number, had in enumerate(reversed(happened)) if had), len(happened))
        return f"first {stage} in {since + 1} turns" if since >= 2 else ""

    def _why(self, stage: str, turn: Turn, ahead: Turn | None) -> str:
        if stage in self._happened:
            return self._first_in(stage)
        if stage == "prefill" and ahead is None:
            return "first turn after a restart"
        if (
            stage == "prefill"
            and ahead is not None
            and None not in (turn.prompt_tokens, ahead.prompt_tokens)
            and (turn.prompt_tokens or 0) < (ahead.prompt_tokens or 0)
        ):
            return "prefix broken: the prompt was cut"
        if stage == "wait" and turn.load_ms is not None and turn.load_ms > TUNING.series.loaded_ms:
            return "the model was loaded"
        if FEATURES.get(stage) and features_of(stage, turn, ahead) is None and stage != "prefill":
            return "its work is not known"
        return ""

    def _learn(self, turn: Turn, ahead: Turn | None, compared: Sequence[_Compared]) -> None:
        self._judged += 1
        tag = (turn.ordinal, turn.request_id)
        self._excesses.append(sum(piece.ms - piece.usual for piece in compared if piece.usual is not None))
        for stage, happened in self._happened.items():
            happened.append(turn.stages.get(stage) is not None)
        for piece in compared:
            stage, ms, work = piece.stage, piece.ms, piece.work
            if ms < 0 or stage in HOPS:
                continue
            name = _series(stage, ahead, work)
            level = self._levels.get(name)
            if level is None:
                least = _TUNING.least_optional if stage in _OPTIONAL else _TUNING.least_turns
                level = self._levels[name] = Level(name, least=least)
            level.learn(math.log(ms + soft_of(stage)), (work or ()) if name == stage else (), tag)


_FIRST, _RAW = "first turn ", "raw "


def _series(stage: str, ahead: Turn | None, work: tuple[float, ...] | None) -> str:
    """The level that a time belongs to: those of first turns and of unknown work have no work taken out."""
    if ahead is None and stage not in _OPTIONAL:
        return _FIRST + stage
    return stage if work is not None else _RAW + stage


def _pieces(turn: Turn) -> list[tuple[str, float]]:
    """What the headline is made of: stages, the LLM in its parts where they are known, and the unattributed time."""
    pieces: list[tuple[str, float]] = []
    for stage, ms in parts_of_headline(turn.stages):
        if stage in SETTINGS:
            continue
        parts = [(part, value) for part in SPLIT.get(stage, ()) if (value := turn.stages.get(part)) is not None]
        pieces += parts if parts and len(parts) == len(SPLIT[stage]) else [(stage, ms)]
    if turn.unattributed_ms is not None:
        pieces.append((UNATTRIBUTED, turn.unattributed_ms))
    return pieces


def _usuals(compared: Sequence[_Compared]) -> dict[str, float]:
    """Of each stage, and of one that was compared in parts as their sum; a hop was compared with itself."""
    usuals = {piece.stage: piece.usual for piece in compared if piece.usual is not None and piece.stage not in HOPS}
    for stage, parts in SPLIT.items():
        if parts and all(part in usuals for part in parts):
            usuals[stage] = sum(usuals[part] for part in parts)
    return usuals


def _is_even(rest: Mapping[str, float]) -> bool:
    """No stage of those that are not named is off its usual, none of its parts either: 100 ms more and 100 ms less
    sum to nothing, and are not normal."""
    sums = [sum(rest.get(part, 0.0) for part in parts) for parts in SPLIT.values()]
    return all(abs(ms) < _TUNING.worth_ms for ms in (*rest.values(), *sums))


def _sentence(excess: float, named: list[Contribution], even: bool, like: str) -> str:
    alike = f" ({like})" if like else ""
    as_usual = abs(excess) < _TUNING.worth_ms
    if as_usual and even and len(named) == 1:
        return f"as usual for that work{alike}"
    side = "over" if excess > 0 else "under"
    parts = [
        f"{_name(part.stage)} {signed_duration(part.ms)}" + (f" ({part.why})" if part.why else "")
        for part in named[:-1]
    ]
    rest = named[-1].ms
    if not parts:
        parts.append("no part stands out")  # The rest alone would be the whole once more.
    else:
        parts.append("rest normal" if even and abs(rest) < _TUNING.worth_ms else f"rest {signed_duration(rest)}")
    if as_usual:
        return f"as usual in sum{alike}: {', '.join(parts)}"
    return f"{signed_duration(excess)} {side} your usual{alike}: {', '.join(parts)}"


def _name(stage: str) -> str:
    return _NAMES.get(stage, label(stage) if stage in CRITICAL else stage)


def diagnose_newest(turns: Sequence[Turn], chosen: Sequence[Turn]) -> dict[int, Diagnosis]:
    """Ordinal → diagnosis of the newest of ``chosen``, each against what came before it in ``turns``.

    At most ``diagnosed_turns`` of them, at 1.3 ms each; as many turns ahead of them are the usual that they are set
    against.
    """
    wanted = {turn.ordinal for turn in chosen[-_TUNING.diagnosed_turns :]}
    if not wanted:
        return {}
    ordered = sorted(turns, key=lambda turn: turn.position)
    first = next((at for at, turn in enumerate(ordered) if turn.ordinal in wanted), 0)
    diagnoser = Diagnoser()
    by_ordinal: dict[int, Diagnosis] = {}
    for turn in ordered[max(first - _TUNING.diagnosed_turns, 0) :]:
        diagnosis = diagnoser.add(turn)
        if diagnosis is not None and turn.ordinal in wanted:
            by_ordinal[turn.ordinal] = diagnosis
    return by_ordinal
