"""The summary below a text report: percentiles, means as upstream's script prints them, reuse, clocks, sources."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from msgspec.structs import replace

from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.percentiles import headline_stat, newest_complete, stage_stats
from timmy_tui.analysis.stats.turn_times import mean_steps, turn_times
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, duration, plural
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.snapshot import Listening, SourceState, StageStat
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import BY_KEY
from timmy_tui.model.turn import Turn
from timmy_tui.report.text import turn_name
from timmy_tui.report.words.llm import share_words

SLOW = 5
"""Most slow turns that the summary lists."""


def summary_lines(turns: Sequence[Turn], reuse: Mapping[int, Reuse]) -> Iterator[str]:
    """Percentiles of the complete turns, means of all that are over, and prompt reuse. ``reuse``: by ordinal."""
    complete = newest_complete(turns, max(len(turns), 1))
    yield f"== summary of {len(turns)} turns, {len(complete)} complete"
    headline = headline_stat(turns, max(len(turns), 1))
    if headline is not None:
        yield ""
        yield f"{'':14} {'p50':>8} {'p95':>8} {'max':>8}    n"
        yield _stat_line(headline.key, headline)
        if any(turn.is_lower_bound for turn in complete):
            yield "  a lower bound: it begins with the silence threshold, which is a setting;"
            yield "  the wait before a turn is longer"
        for stat in stage_stats(turns, len(turns)):
            if stat.n:
                yield _stat_line(_indent(stat.key), stat)
    yield from _time_lines(turns)
    yield from _reuse_lines([reuse[turn.ordinal] for turn in turns if turn.ordinal in reuse])
    yield from _offset_lines(turns)


def source_lines(sources: Sequence[SourceState], unparsed: Mapping[str, int]) -> Iterator[str]:
    """The files that were read, and what of them could not be."""
    for source in sources:
        detail = f" ({clean(source.detail)})" if source.detail else ""
        yield f"source {clean(source.name)}: {source.condition}{detail}, {source.lines} lines, {source.dropped} dropped"
    for reason, number in sorted(unparsed.items()):
        yield f"not parsed: {reason} × {number}"


def listening_lines(listening: Listening) -> Iterator[str]:
    """How often STT wrote a pause that no text follows; they are in no other figure."""
    if listening.pauses:
        rate = "" if listening.per_minute is None else f", {listening.per_minute:.0f} a minute while it listened"
        yield f"pauses without text: {listening.pauses}{rate}"


def slow_lines(turns: Sequence[Turn], why: Mapping[int, Diagnosis]) -> Iterator[str]:
    """The newest slow turns, each with its diagnosis."""
    slow = [turn for turn in turns if turn.ordinal in why and why[turn.ordinal].slow]
    for turn in slow[-SLOW:]:
        yield f"slow {turn_name(turn)}: {clean(why[turn.ordinal].sentence)}"


def _indent(key: str) -> str:
    stage = BY_KEY.get(key)
    return ("  " if stage and stage.parent else "") + key


def _stat_line(name: str, stat: StageStat) -> str:
    return f"{name:14} {duration(stat.p50):>8} {duration(stat.p95):>8} {duration(stat.max):>8} {stat.n:4}"


_TIME_WORDS = {
    "processing": "without playback",
    "playback": "length of the speech, where it is logged",
    "end_to_end": "first to last event",
}


def _time_lines(turns: Sequence[Turn]) -> Iterator[str]:
    """Mean, shortest and longest of whole turns, and the mean of each step: docs/upstream-scripts.md."""
    times = turn_times(turns)
    if not any(times.values()) or not watched().is_built_in:
        return
    yield ""
    yield f"{'':14} {'mean':>8} {'min':>8} {'max':>8}    n"
    for key, of_all in times.items():
        values = (None, None, None) if of_all is None else of_all[:3]
        shown = " ".join(f"{duration(value):>8}" for value in values)
        yield f"{key.replace('_', ' '):14} {shown} {0 if of_all is None else of_all.n:4}  {_TIME_WORDS[key]}"
    yield "  spoken turns that are over, however they ended; no pause without text"
    yield ""
    yield f"{'mean':>8}     n  step between two events, without playback"
    for name, of_step in mean_steps(turns).items():
        yield f"{duration(of_step.mean):>8}  {of_step.n:4}  {clean(name)}"
    yield ""


def _reuse_lines(items: Sequence[Reuse]) -> Iterator[str]:
    """One line for each certainty, because an estimate is never averaged with a measurement."""
    by_certainty: dict[Certainty, list[Reuse]] = defaultdict(list)
    for item in items:
        by_certainty[item.certainty if item.share is not None else Certainty.UNKNOWN].append(item)
    for certainty in (Certainty.MEASURED, Certainty.ESTIMATED):
        known = sorted(by_certainty[certainty], key=lambda item: item.share or 0.0)
        if known:
            low, high = (share_words(replace(item, least=None, most=None)) for item in (known[0], known[-1]))
            middle = replace(known[0], share=median(item.share or 0.0 for item in known), least=None, most=None)
            yield f"prompt reuse {share_words(middle)}, {certainty}: median of {len(known)} turns, {low} … {high}"
    for words, number in Counter(share_words(item) for item in by_certainty[Certainty.KNOWN]).most_common():
        yield f"prompt reuse none in {plural(number, 'turn')}: {words}"
    reasons = ("the machine was busy" if item.busy else item.reason for item in by_certainty[Certainty.UNKNOWN])
    for reason, number in Counter(reasons).most_common():
        yield f"prompt reuse {MISSING} in {plural(number, 'turn')}: {clean(reason)}"


def _offset_lines(turns: Sequence[Turn]) -> Iterator[str]:
    offset = offset_over(turns)
    if offset is None:
        return
    low = MISSING if offset.low_ms is None else f"{offset.low_ms:+.1f}"
    high = MISSING if offset.high_ms is None else f"{offset.high_ms:+.1f}"
    problem = "a clock stepped" if offset.stepped else "clocks differ: only the sum of the hops is a duration"
    verdict = problem if offset.stepped or offset.skewed else "clocks agree within the bounds"
    yield f"clock offset v34 − STT/TTS: {low} … {high} ms over {offset.turns} turns; {verdict}"
