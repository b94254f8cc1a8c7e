"""Holds ``timmy-tui report`` against what upstream's scripts print of the same log, figure by figure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from bench.upstream.figures import BY_KEY
from bench.upstream.printed import STEP_CUT, SUMMARY_STEP_CUT, Group, Request, Row, Shown, Summary
from bench.upstream.reading import SOUND, SPOKEN, Event, Events, by_stamp
from timmy_tui.analysis.stats.turn_times import Trend, llm_trend, mean_steps, prompt_trend, turn_times
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.turn import NOT_ONE_TIME, Turn, TurnState
from timmy_tui.pipeline.read_logs import named_logs, read_logs
from timmy_tui.report.conclusions import Conclusions
from timmy_tui.report.json import report_object

WEBHOOK = "v34_webhook_received"


class Theirs(Protocol):
    """What upstream's scripts print of one log."""

    def requests(self) -> Mapping[str, Request]:
        """Of every id with more than one event."""

    def summary(self, ids: Collection[str]) -> Summary:
        """Of these alone."""

    def groups(self) -> Mapping[str, Group]:
        """Of the whole log, by session id or ``unknown``."""

    def group(self, ids: Collection[str]) -> Group:
        """Of all events of these, as one group."""


class Ours(NamedTuple):
    """The report of the same log."""

    turns: Sequence[Turn]
    report: Mapping[str, Any]

    @classmethod
    def of(cls, log: Path) -> "Ours":
        """Read from a latency log alone."""
        reading = read_logs(named_logs([log]), TailSettings())
        return cls(reading.turns, report_object(reading.turns, reading, Conclusions()))


class Outcome(NamedTuple):
    """One comparison of one figure."""

    key: str
    where: str
    equal: bool
    reasons: frozenset[str]
    """Those of the table that hold here, where it is not equal."""

    @property
    def unexplained(self) -> bool:
        """It differs, and nothing of the table says why."""
        return not self.equal and not self.reasons


@dataclass
class Comparison:
    """All outcomes of one log."""

    events: Events
    ours: Ours
    theirs: Theirs
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self) -> list[Outcome]:
        """Every figure that both have."""
        self._turns = {turn.request_id: turn for turn in self.ours.turns if turn.request_id}
        self._present = {name: reasons_of(self.events[name], turn) for name, turn in self._turns.items()}
        self._anywhere = set[str]().union(*self._present.values())
        if any(is_lone_pause(events) for events in self.events.values()):
            self._anywhere.add("lone pause")
        self._requests()
        self._summary()
        self._rows()
        self._trends()
        return self.outcomes

    def _check(self, key: str, where: str, equal: bool, present: Collection[str]) -> bool:
        reasons = frozenset() if equal else frozenset(present) & frozenset(BY_KEY[key].reasons)
        self.outcomes.append(Outcome(key, where, equal, reasons))
        return equal

    def _requests(self) -> None:
        self._equal: dict[str, set[str]] = {}
        """Key of a figure → ids of the turns in which it is equal."""
        for name, theirs in self.theirs.requests().items():
            if is_lone_pause(self.events[name]):
                continue
            turn = self._turns[name]
            for key, equal in _request_figures(theirs, turn):
                if self._check(key, name, equal, self._present[name]):
                    self._equal.setdefault(key, set()).add(name)

    def _summary(self) -> None:
        everything = self.theirs.summary(list(self.events))
        pauses = self.ours.report["listening"]["pauses"]
        self._check("requests", "all ids", everything.requests == len(self._turns) + pauses, ())
        times, over = self.ours.report["times"], [turn for turn in self._turns.values() if _is_over(turn)]
        for key, ours in (("processing", "processing"), ("playback", "playback"), ("total", "end_to_end")):
            of = times[ours]
            told = [of["mean"], of["min"], of["max"]]
            self._check(f"mean {key}", "all ids", _all_equal(getattr(everything, key), told), self._anywhere)
            same = [turn for turn in over if turn.request_id in self._equal.get(key, ())]
            spread = turn_times(same)[ours]
            if spread is not None:
                theirs = getattr(self.theirs.summary([turn.request_id for turn in same]), key)
                self._check(f"mean {key}", f"{spread.n} equal turns", _all_equal(theirs, spread[:3]), ())
        apart = {"came twice", "clocks"}
        same = [turn for turn in over if not apart & self._present[turn.request_id]]
        for where, turns, present in (("all ids", self.ours.turns, self._anywhere), ("like turns", same, ())):
            ids = list(self.events) if turns is self.ours.turns else [turn.request_id for turn in same]
            theirs_steps = self.theirs.summary(ids).steps if ids else {}
            ours_steps = {
                _cut(name, SUMMARY_STEP_CUT): spread.mean / 1000 for name, spread in mean_steps(turns).items()
            }
            for name in {**theirs_steps, **ours_steps}:
                shown, exact = theirs_steps.get(name), ours_steps.get(name)
                self._check("steps", f"{where}: {name}", _is_equal(shown, exact), present)

    def _rows(self) -> None:
        groups = self.theirs.groups()
        sessions = self.ours.report["sessions"]
        for session_id in groups.keys() - {"unknown"}:
            turns = sum(one["turns"] for one in sessions if one["session_id"] == session_id)
            members = [turn for turn in self._turns.values() if turn.session_id == session_id]
            lacking = any(all(one["event"] != WEBHOOK for one in self.events[turn.request_id]) for turn in members)
            equal = groups[session_id].requests == turns
            self._check("members", session_id, equal, ("own group",) if lacking else ())
        for name, row in groups["unknown"].rows.items() if "unknown" in groups else ():
            turn = self._turns.get(name)
            for key, equal in _row_figures(row, turn) if turn is not None else ():
                if self._check(key, name, equal, self._present[name]):
                    self._equal.setdefault(key, set()).add(name)

    def _trends(self) -> None:
        sessions = self.ours.report["sessions"]
        whole = self.theirs.groups().get("unknown", Group())
        reasons = {*self._anywhere, *({"whole log"} if len(sessions) > 1 else ())}
        for session in sessions[:1]:
            for key, equal in _trend_figures(whole, session):
                self._check(key, "the whole log", equal, {*reasons, "rounded down"})
        for session in sessions:
            members = [turn for turn in self._turns.values() if turn.session == session["number"] and _is_over(turn)]
            both = self._equal.get("row ollama", set()) & self._equal.get("row prompt", set())
            same = [turn for turn in members if turn.request_id in both and turn.stages["llm"]]
            if not same:
                continue
            group = self.theirs.group([turn.request_id for turn in same])
            llm, sizes = llm_trend(same), prompt_trend(same)
            assert llm is not None and sizes is not None
            ours = {
                "llm": _object(llm),
                "prompt_tokens_est": _object(sizes),
                "llm_first_to_others": llm.first_to_others,
            }
            for key, equal in _trend_figures(group, ours):
                self._check(key, f"session {session['number']}", equal, ())


def is_lone_pause(events: Sequence[Event]) -> bool:
    """Nothing followed it; a damaged log may have it twice."""
    return all(event["event"] == "stt_pause_detected" for event in events)


def reasons_of(events: Sequence[Event], turn: Turn) -> set[str]:
    """Which rows of REASONS hold for this turn, by its events and, for steps and sleeps, by what it says of itself."""
    names = [event["event"] for event in events]
    ordered = [event["event"] for event in by_stamp(events)]
    found = {"came twice"} if len(set(names)) < len(names) else set()
    speech = {SOUND, SPOKEN} & set(names)
    found |= {("no speech", "half a speech", "")[len(speech)]} - {""}
    if len(speech) == 2 and (SOUND, SPOKEN) not in zip(ordered, ordered[1:], strict=False):
        found.add("event between")
    if WEBHOOK in (ordered[0], ordered[-1]):
        found.add("own group")
    if not _is_over(turn):
        found.add("in flight")
    if None in (turn.prompt_tokens_est, turn.prompt_tokens, turn.tail_mode):
        found.add("not logged")
    voice = [float(event["timestamp"]) for event in events if event["service"] in ("stt", "tts")]
    v34 = [float(event["timestamp"]) for event in events if event["service"] == "v34"]
    outside = bool(voice and v34) and (min(v34) < min(voice) or max(v34) > max(voice))
    if outside or NOT_ONE_TIME & set(turn.unmeasured.values()):
        found.add("clocks")
    return found


def _request_figures(theirs: Request, turn: Turn) -> list[tuple[str, bool]]:
    events = sorted(turn.events, key=lambda event: event.timestamp)
    started = "" if turn.started is None else datetime.fromtimestamp(turn.started).strftime("%H:%M:%S")
    timeline = [(event.timestamp - events[0].timestamp, event.service, event.event) for event in events]
    steps = {_cut(f"{before} → {after}", STEP_CUT): ms / 1000 for before, after, ms in _printed_steps(turn)}
    return [
        ("start", theirs.start == started),
        ("processing", _is_equal(theirs.processing, _seconds(turn.processing_ms))),
        ("playback", _is_equal(theirs.playback, _seconds(turn.stages.get("playback")))),
        ("total", _is_equal(theirs.total, _seconds(turn.end_to_end_ms))),
        (
            "timeline",
            len(timeline) == len(theirs.timeline)
            and all(
                shown.equals(at) and names == tuple(there)
                for (at, *names_), (shown, *there) in zip(timeline, theirs.timeline, strict=True)
                for names in [tuple(names_)]
            ),
        ),
        ("deltas", steps.keys() == theirs.steps.keys() and all(theirs.steps[one].equals(steps[one]) for one in steps)),
    ]


def _printed_steps(turn: Turn) -> list[tuple[str, str, float]]:
    """The steps as the text of a turn has them: across the clocks too."""
    events = sorted(turn.events, key=lambda event: event.timestamp)
    pairs = zip(events, events[1:], strict=False)
    return [(before.event, after.event, 1000 * (after.timestamp - before.timestamp)) for before, after in pairs]


def _row_figures(row: Row, turn: Turn) -> list[tuple[str, bool]]:
    return [
        ("row total", _is_equal(row.total, _seconds(turn.end_to_end_ms))),
        ("row ollama", _is_equal(row.ollama, _seconds(turn.stages.get("llm")))),
        ("row prompt", row.prompt == turn.prompt_tokens_est),
        ("row eval", row.evaluated == turn.prompt_tokens),
        ("row tail", row.tail is turn.tail_mode),
    ]


def _trend_figures(group: Group, session: Mapping[str, Any]) -> list[tuple[str, bool]]:
    llm, sizes = session["llm"], session["prompt_tokens_est"]
    times = [llm[key] for key in ("first", "last", "mean", "min", "max")]
    tokens = [sizes["first"], sizes["last"], None if sizes["mean"] is None else sizes["mean"] // 1]
    found = [
        ("ollama trend", _all_equal(group.ollama, times[: len(group.ollama)] if group.ollama else times)),
        (
            "prompt trend",
            _all_equal(group.prompt, [None if one is None else 1000 * one for one in tokens[: len(group.prompt) or 3]]),
        ),
    ]
    factor = session["llm_first_to_others"]
    if group.impact or factor is not None:
        equal = bool(group.impact) and factor is not None and abs(group.impact[2].value - factor) <= 0.0051
        found.append(("speedup", equal))
    return found


def _object(of_session: Trend) -> dict[str, float]:
    mean, low, high, n = of_session.spread
    return {"first": of_session.first, "last": of_session.last, "mean": mean, "min": low, "max": high, "n": n}


def _all_equal(theirs: Sequence[Shown], ours_ms: Sequence[float | None]) -> bool:
    pairs = zip(theirs, ours_ms, strict=False)
    return len(theirs) == len([one for one in ours_ms if one is not None]) and all(
        _is_equal(shown, _seconds(ms)) for shown, ms in pairs
    )


def _is_equal(theirs: Shown | None, exact_s: float | None) -> bool:
    if theirs is None or exact_s is None:
        return theirs is None and exact_s is None
    return theirs.equals(exact_s)


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _cut(name: str, length: int) -> str:
    return name[:length].strip()


def _is_over(turn: Turn) -> bool:
    return turn.state is not TurnState.OPEN
