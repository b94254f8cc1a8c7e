"""What of a second reading of the same logs was said in the first: each counts turns, epochs and findings anew."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.same_turn import has_figures, is_same_turn
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn


class SaidBefore(NamedTuple):
    """What the first reading had at its end."""

    turns: tuple[Turn, ...] = ()
    """Without those that were not said yet."""
    lasting: frozenset[Hashable] = frozenset()
    verdict: Hashable = None

    def unsaid(self, turns: Sequence[Turn]) -> frozenset[int]:
        """Ordinals of those that the first reading did not have: by id and time, or by Ollama's figures.

        Turns without either look alike: of these the newest are new, as many as there are more. All that is before the
        first turn that both have is older than what the first reading still had.
        """
        by_name: dict[Hashable, list[int]] = defaultdict(list)
        for at, turn in enumerate(self.turns):
            by_name[_name(turn)].append(at)
        same = [self._same(turn, by_name) if _name(turn) else None for turn in turns]
        first = next(((at, other) for at, other in enumerate(same) if other is not None), (0, 0))
        alike = Counter(_looks(turn) for turn in self.turns[first[1] :] if not _name(turn))
        unsaid = []
        for at, turn in enumerate(turns[first[0] :], first[0]):
            if _name(turn):
                is_known = same[at] is not None
            else:
                is_known = alike[_looks(turn)] > 0
                alike[_looks(turn)] -= 1
            if not is_known:
                unsaid.append(turn.ordinal)
        return frozenset(unsaid)

    def _same(self, turn: Turn, by_name: dict[Hashable, list[int]]) -> int | None:
        return next((at for at in by_name.get(_name(turn), ()) if is_same_turn(turn, self.turns[at])), None)

    def is_news(self, finding: Finding, unsaid: frozenset[int]) -> bool:
        """It began with a turn that is new, or lasted before and does no more."""
        return finding.raised in unsaid or (bool(finding.ended) and finding_name(finding) in self.lasting)


def said_before(snapshot: Snapshot, unsaid: frozenset[int], verdict: Hashable) -> SaidBefore:
    """``snapshot``: the last one of the first reading; ``unsaid``: ordinals of its turns that were not said yet."""
    findings = snapshot.judgement.findings if snapshot.judgement is not None else ()
    return SaidBefore(
        tuple(turn for turn in snapshot.turns if turn.ordinal not in unsaid),
        frozenset(finding_name(one) for one in findings if not one.ended),
        verdict,
    )


def finding_name(finding: Finding) -> Hashable:
    """The same in each reading."""
    return finding.stage, finding.gap, finding.direction, finding.since_id


def outcome(verdict: Comparison) -> Hashable:
    """What of a verdict is news when it changes, in each reading the same."""
    return tuple((stage.stage, stage.verdict) for stage in verdict.stages)


def _name(turn: Turn) -> Hashable:
    """Two that have none of these in common are two turns; empty where nothing names it."""
    if turn.request_id:
        return turn.request_id
    return (turn.prompt_tokens, turn.output_tokens) if has_figures(turn) else ""


def _looks(turn: Turn) -> Hashable:
    return turn.state, turn.typed, turn.text_length, turn.reply_length, turn.prompt_chars
