"""A comparison in one sentence: what was measured, what of it remains at equal work, and what was not judged."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

from timmy_tui.analysis.compare.equal_work import Sides
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.formatting import duration, plural, signed_duration
from timmy_tui.model.judgement import ShareChange, StageVerdict
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, GAP, V2V, label

_TUNING = TUNING.comparison
MOVED = ("faster", "slower")
DRIFTED = "drifted"
"""It was another time before the change and behind it."""
UNCLEAR = "cannot tell"
"""The interval leaves 1 out, and looking at all stages together chance is not."""


def sentence_of(
    stages: Sequence[StageVerdict], n_a: int, n_b: int, wanted: int, shares: Sequence[ShareChange] = ()
) -> str:
    """The comparison in one sentence; ``n_a`` and ``n_b`` count the usable turns."""
    if wanted:
        return f"too few turns: {wanted} more"
    whole = next((row for row in stages if row.stage == V2V), None)
    moved = _moved(stages)
    parts = [_moved_words(row) for row in moved[: _TUNING.named_stages]]
    parts += [share_words(share) for share in shares]
    if whole is not None:
        parts += _whole_words(whole)
    n = f"n = {n_b} against {n_a}"
    told = {share.stage for share in shares}
    stages = [row for row in stages if row.stage not in told or row.verdict != "too few turns"]
    if not parts:
        return f"{_no_change(whole)}, {n}{_not_judged(stages, '; ')}"
    more = len(moved) - _TUNING.named_stages
    if more > 0:
        return f"{', '.join(parts)}, {n}, {plural(more, 'more stage')} moved"
    return f"{', '.join(parts)}, {n}, {_not_judged(stages, '') or 'other stages unchanged'}"


def _moved(stages: Sequence[StageVerdict]) -> list[StageVerdict]:
    """What moved most first; a part of what moved the same way behind all others, for its whole has said it."""
    moved = {row.stage: row for row in stages if row.verdict in MOVED and row.stage != V2V}

    def place(row: StageVerdict) -> tuple[bool, float]:
        whole = moved.get(BY_KEY[row.stage].parent) if row.stage in BY_KEY else None
        return whole is not None and whole.verdict == row.verdict, -abs((row.after_ms or 0.0) - (row.before_ms or 0.0))

    return sorted(moved.values(), key=place)


def _moved_words(row: StageVerdict) -> str:
    raw = " (raw: its work is not known)" if row.note else ""
    limit = _TUNING.ratio_words_below
    # Two times say a large ratio, but where the work explains a part of it.
    plain = row.ratio is not None and not 1 / limit < row.ratio < limit and not _measured(row)
    if not row.before_ms or row.ratio is None or plain:
        return f"{stage_words(row.stage)} {duration(row.before_ms)}→{duration(row.after_ms)}{raw}"
    return f"{stage_words(row.stage)} {_ratio(row)}{_measured(row)}{raw}"


def _whole_words(whole: StageVerdict) -> Iterator[str]:
    """What was measured of V2V, and what of it remains at equal work."""
    measured = f"{duration(whole.before_ms)} → {duration(whole.after_ms)}"
    if whole.verdict in MOVED:
        apart = _is_apart(whole)
        yield f"V2V {_difference(whole)}" + (f" at equal work (measured {measured})" if apart else "")
    elif whole.raw_moved and whole.verdict != DRIFTED:
        if whole.verdict == UNCLEAR:
            yield f"V2V {measured}; at equal work {_ratio(whole)}, which may be chance{whole.work_words}"
        else:
            yield f"V2V {measured}; at equal work no change beyond chance, {_ratio(whole)}{whole.work_words}"


def _no_change(whole: StageVerdict | None) -> str:
    if whole is None or whole.ratio is None:
        return "no change found"
    if whole.verdict == DRIFTED:
        return "cannot tell yet"
    if whole.verdict == UNCLEAR:
        return f"cannot tell yet: V2V {_ratio(whole)} may be chance{_further(whole)}"
    if is_narrow(whole):
        return f"no change beyond ±{_TUNING.asked_share:.0%}: V2V {_ratio(whole)}".replace("%:", " %:")
    return f"cannot tell yet: V2V {_ratio(whole)}{_further(whole)}"


def _further(row: StageVerdict) -> str:
    """How many turns would tell; an estimate, for the spread of so few turns is known but roughly."""
    if row.to_tell is None:
        return ", and sessions differ too much by chance to tell ±10 %"
    if row.to_tell and row.more is not None:
        return f", ~{plural(row.more, 'more turn')} would tell ±10 %"
    return f", ~{plural(row.to_tell, 'turn')} a side would tell ±10 %" if row.to_tell else ""


def is_narrow(row: StageVerdict) -> bool:
    """The interval holds 1 and lies within the difference that is asked about."""
    reach = 1 + _TUNING.asked_share
    return row.low is not None and row.high is not None and 1 / reach <= row.low <= 1 <= row.high <= reach


def _not_judged(stages: Sequence[StageVerdict], before: str) -> str:
    """Which stages nothing can be said of, where there are any: not all others are unchanged then."""
    open_rows = [row for row in stages if row.verdict in ("too few turns", UNCLEAR) and row.stage != V2V]
    if not open_rows:
        return ""
    few = [stage_words(row.stage) for row in open_rows if row.verdict == "too few turns"]
    unclear = [f"{stage_words(row.stage)} {_ratio(row)}" for row in open_rows if row.verdict == UNCLEAR]
    parts = [f"too few of {' and '.join(few)}"] * bool(few) + [f"{', '.join(unclear)} may be chance"] * bool(unclear)
    return f"{before}{'; '.join(parts)}; other stages unchanged"


def share_words(share: ShareChange) -> str:
    """``memory store in 9 of 10 turns, was 1 of 10``."""
    name = (BY_KEY[share.stage].name if share.stage in BY_KEY else "") or stage_words(share.stage)
    if not share.optional and share.had_b == 0:
        return f"{name} is not in the turns any more (it was in {share.had_a} of {share.n_a})"
    return f"{name} in {share.had_b} of {share.n_b} turns, was {share.had_a} of {share.n_a}"


def work_words(sides: Sides) -> str:
    """``: answers were 3.0× shorter``: how the work of two sides differs; empty where it hardly does."""
    kinds = (("output_tokens", "answers"), ("prompt_tokens", "prompts"), ("text_length", "messages"))
    parts = []
    for field, name in kinds:
        a, b = ([value for turn, _ in side if (value := getattr(turn, field))] for side in sides)
        if min(len(a), len(b)) < _TUNING.least_values:
            continue
        ratio = median(b) / median(a)
        if abs(math.log(ratio)) >= _TUNING.both_ratios_apart:
            parts.append(f"{name} were {max(ratio, 1 / ratio):.1f}× {'longer' if ratio > 1 else 'shorter'}")
    return f": {' and '.join(parts)}" if parts else ""


def stage_words(stage: str) -> str:
    """Its label; of a part of another stage its key; of a gap, between what it lies."""
    if stage.startswith(GAP):
        after, _, before = stage.removeprefix(GAP).partition("→")
        return f"gap {label(after)}→{label(before)}"
    return label(stage) if stage in CRITICAL else stage


def _ratio(row: StageVerdict) -> str:
    assert row.ratio is not None and row.low is not None and row.high is not None
    return f"×{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]"


def _is_apart(row: StageVerdict) -> bool:
    """The plain ratio and that at equal work are so far apart that both are said."""
    if not row.ratio or not row.raw_ratio:
        return False
    return abs(math.log(row.raw_ratio / row.ratio)) >= _TUNING.both_ratios_apart


def _measured(row: StageVerdict) -> str:
    """The plain medians, if the amount of work explains a large part of their difference."""
    if not row.adjusted_for or not _is_apart(row):
        return ""
    return f" at equal work (measured {duration(row.before_ms)}→{duration(row.after_ms)})"


def _difference(row: StageVerdict) -> str:
    """The ratio as milliseconds of the usual V2V before."""
    assert row.ratio is not None and row.low is not None and row.high is not None
    shift, low, high = (
        signed_duration((row.before_ms or 0.0) * (ratio - 1)) for ratio in (row.ratio, row.low, row.high)
    )
    return f"{shift} [{low}, {high}]"
