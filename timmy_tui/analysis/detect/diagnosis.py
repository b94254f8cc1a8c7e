"""Why a turn took longer than usual: one sentence whose figures sum to the excess.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Sequence

from timmy_tui.analysis.detect.level import Level
from timmy_tui.analysis.stats.series import soft_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import features_of, robust_scale
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Contribution, Diagnosis
from timmy_tui.model.stages import (
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


class Diagnoser:
    """Turns in, a diagnosis for each; constant in the length of history."""

    def __init__(self) -> None:
        self._levels: dict[str, Level] = {}
        self._happened = {stage: deque[bool](maxlen=_TUNING.memory_turns) for stage in _OPTIONAL}
        """Of each stage that may be left out: in which of the last turns it was not."""
        self._excesses: deque[float] = deque(maxlen=_TUNING.memory_turns)
        self._before: Turn | None = None
        self._judged = 0

    def add(self, turn: Turn) -> Diagnosis:
        """The diagnosis of a closed turn against those before it."""
        ahead = self._before if self._before is not None and self._before.session == turn.session else None
        self._before = turn
        if turn.state is not TurnState.COMPLETE or turn.headline_ms is None:
            reason = turn.reason or str(turn.state)
            sentence = f"{turn.state}: {reason}"
            if turn.state is TurnState.COMPLETE:
                sentence = f"not measured: {turn.unmeasured.get(V2V, 'too few events')}"
            return Diagnosis(ordinal=turn.ordinal, excess_ms=None, sentence=sentence)
        missing = _TUNING.least_turns - self._judged
        if missing > 0:
            diagnosis = Diagnosis(ordinal=turn.ordinal, excess_ms=None, sentence=f"too few turns: {missing} more")
        else:
            diagnosis = self._diagnose(turn, ahead)
        self._learn(turn, ahead, sum(part.ms for part in diagnosis.contributions) if missing <= 0 else None)
        return diagnosis

    def _diagnose(self, turn: Turn, ahead: Turn | None) -> Diagnosis:
        parts = {stage: value - usual for stage, value, usual in self._against_usual(turn, ahead)}
        excess = sum(parts.values())
        ordered = sorted(parts.items(), key=lambda item: -item[1] if excess >= 0 else item[1])
        least = max(_TUNING.worth_ms, _TUNING.worth_share * abs(excess))
        named = [
            Contribution(stage, ms, self._why(stage, turn, ahead) if ms > 0 else "")
            for stage, ms in ordered
            if (ms >= least if excess >= 0 else ms <= -least)
        ]
        rest = excess - sum(part.ms for part in named)
        named.append(Contribution("rest", rest))
        spread = robust_scale(list(self._excesses)) if len(self._excesses) >= _TUNING.least_turns else 0.0
        slow = excess > max(_TUNING.slow_ms, _TUNING.slow_scales * spread)
        return Diagnosis(
            ordinal=turn.ordinal,
            excess_ms=excess,
            sentence=_sentence(excess, named),
            contributions=tuple(named),
            slow=slow,
        )

    def _against_usual(self, turn: Turn, ahead: Turn | None) -> list[tuple[str, float, float]]:
        """(stage, ms, usual ms for that work) of everything that the headline is made of."""
        compared: list[tuple[str, float, float]] = []
        for stage, ms in _pieces(turn):
            level = self._levels.get(stage)
            work = features_of(stage, turn, ahead)
            expected = _expected_ms(level, work)
            usual = ms if expected is None else expected - soft_of(stage)
            if stage in self._happened:
                # It happens or not: what is usual is its share of turns, so that a first one shows.
                usual *= self._share(stage)
            compared.append((stage, ms, usual))
        for stage in turn.skipped & self._happened.keys():
            level = self._levels.get(stage)
            if level is not None and level.ready:
                compared.append((stage, 0.0, self._share(stage) * (level.usual_ms - soft_of(stage))))
        return compared

    def _share(self, stage: str) -> float:
        """Of the last turns, those that had the stage."""
        happened = self._happened[stage]
        return sum(happened) / len(happened) if happened else 0.0

    def _why(self, stage: str, turn: Turn, ahead: Turn | None) -> str:
        if stage in self._happened:
            happened = self._happened[stage]
            since = next((number for number, had in enumerate(reversed(happened)) if had), len(happened))
            return f"first {stage} in {since + 1} turns" if since >= 2 else ""
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
        return ""

    def _learn(self, turn: Turn, ahead: Turn | None, excess: float | None) -> None:
        self._judged += 1
        tag = (turn.ordinal, turn.request_id)
        pieces = _pieces(turn)
        if excess is None:
            excess = sum(value - usual for _, value, usual in self._against_usual(turn, ahead))
        self._excesses.append(excess)
        for stage, happened in self._happened.items():
            happened.append(turn.stages.get(stage) is not None)
        if ahead is None:
            return
        for stage, ms in pieces:
            work = features_of(stage, turn, ahead)
            if work is None or ms < 0 or stage in HOPS:
                # One hop without the other may be a difference of the clocks: it is as it is.
                continue
            level = self._levels.get(stage)
            if level is None:
                level = self._levels[stage] = Level(stage, least=_TUNING.least_turns)
            level.learn(math.log(ms + soft_of(stage)), work, tag)


def _expected_ms(level: Level | None, work: tuple[float, ...] | None) -> float | None:
    """Usual time for the work; where that is not known (a prompt that was cut), for the usual amount of it."""
    if level is None or not level.ready:
        return None
    return level.usual_ms if work is None else level.expected_ms(work)


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


def _sentence(excess: float, named: list[Contribution]) -> str:
    if abs(excess) < _TUNING.worth_ms:
        return "as usual for that work"
    side = "over" if excess > 0 else "under"
    parts = [f"{_name(part.stage)} {_signed(part.ms)}" + (f" ({part.why})" if part.why else "") for part in named[:-1]]
    rest = named[-1].ms
    parts.append("rest normal" if abs(rest) < _TUNING.worth_ms else f"rest {_signed(rest)}")
    return f"{_signed(excess)} {side} your usual: {', '.join(parts)}"


def _name(stage: str) -> str:
    return _NAMES.get(stage, label(stage) if stage in CRITICAL else stage)


def _signed(ms: float) -> str:
    return ("+" if ms >= 0 else "−") + duration(abs(ms))


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
