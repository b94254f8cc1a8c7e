"""A second reading of one turn's events, written from the stage table of the design and from nothing in the package.

Slow and plain: the events by name, each stage looked up by the names in its row, one subtraction each; then, rule by
rule, what of it no clock can vouch for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from timmy_tui.model.turn import Event

ENTRY = ("v34_flask_handler_entry", "v34_webhook_received")
ASKED = ("stt_http_request_start", "stt_sending_to_v34")
PATH: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...] = (
    # key, from (the first of these that is there), to, on two clocks
    ("stt_final", ("stt_pause_detected",), ASKED, False),
    ("hop_in", ASKED, ENTRY, True),
    ("classify", ENTRY, ("v34_classification_complete",), False),
    ("store", ("v34_memory_storage_start",), ("v34_memory_storage_complete",), False),
    ("retrieve", ("v34_retrieval_start",), ("v34_retrieval_complete",), False),
    ("prompt", ("v34_retrieval_complete",), ("v34_ollama_sent",), False),
    ("llm", ("v34_ollama_sent",), ("v34_ollama_received",), False),
    ("reply", ("v34_ollama_received",), ("v34_sending_to_tts",), False),
    ("hop_out", ("v34_sending_to_tts",), ("tts_request_received",), True),
    ("mute", ("tts_request_received",), ("tts_synthesis_start",), False),
    ("tts", ("tts_synthesis_start",), ("tts_audio_playback_start",), False),
)
BESIDE = (
    ("playback", "tts_audio_playback_start", "tts_audio_playback_complete"),
    ("rearm", "tts_audio_playback_complete", "tts_resume_sent"),
    ("deaf", "stt_transcript_finalized", "tts_resume_sent"),
    ("embed", "v34_retrieval_embedding_start", "v34_retrieval_embedding_complete"),
)
AFTER_THE_REPLY = ("hop_out", "mute", "tts")
SPEECH = ("stt_pause_detected", "stt_transcript_finalized", "stt_sending_to_v34", "stt_http_request_start")
SOUND, REPLY, PAUSE = "tts_audio_playback_start", "v34_sending_to_tts", "stt_pause_detected"
EAR = SPEECH
BRAIN = (
    "v34_flask_handler_entry", "v34_webhook_received", "v34_classification_start", "v34_classification_complete",
    "v34_memory_storage_start", "v34_memory_storage_complete", "v34_retrieval_start", "v34_retrieval_embedding_start",
    "v34_retrieval_embedding_complete", "v34_retrieval_query_start", "v34_retrieval_query_complete",
    "v34_retrieval_complete", "v34_prompt_built", "v34_ollama_sent", "v34_ollama_received", "v34_sending_to_tts",
)  # fmt: skip
MOUTH = (
    "tts_request_received", "tts_pause_sent", "tts_synthesis_start", "tts_audio_playback_start",
    "tts_audio_playback_complete", "tts_resume_sent",
)  # fmt: skip
"""In the order of a turn. STT's and TTS's are of one clock."""
ORDER = (*EAR, *BRAIN, *MOUTH)
TOLD = {"load_duration_ms": "load", "prompt_eval_duration_ms": "prefill", "eval_duration_ms": "decode"}
MS, MINUTE = 1000, 60_000_000


@dataclass
class Reading:
    """Whole microseconds; what is not there is not measured."""

    span: str = "none"
    headline: int | None = None
    stages: dict[str, int] = field(default_factory=dict)
    gaps: list[tuple[str, str, int]] = field(default_factory=list)
    skipped: bool = False
    low: int | None = None
    high: int | None = None
    unmeasured: set[str] = field(default_factory=set)
    """What is not measured although its events are there; V2V is the headline."""


def read_slowly(events: Sequence[Event]) -> Reading:
    """The figures of one turn, whose events these are in file order."""
    times: dict[str, int] = {}
    for event in events:
        times.setdefault(event.event, round(event.timestamp * 1e6))
    wait = next(
        (
            round(event.metadata["pause_threshold"] * 1e6)
            for event in events
            if event.event == PAUSE and "pause_threshold" in event.metadata
        ),
        None,
    )
    found = Reading()
    if wait is not None and wait > 10_000_000:
        wait = None
        found.unmeasured.add("endpointing")
    began, ended = _headline(found, times, wait)
    path = _path(times, wait)
    if found.span != "none" and SOUND not in times:
        path = [row for row in path if row[0] not in AFTER_THE_REPLY]
    found.stages = {key: end - start for key, start, end in path}
    for key, opens, closes in BESIDE:
        if opens in times and closes in times:
            found.stages[key] = times[closes] - times[opens]
    _add_queries(found, events)
    _add_told(found, events)
    apart = Doubt(found, times).judge()
    hops = {key: found.stages.pop(key) for key in [*found.stages] if key in ("hop_in", "hop_out")}
    _show_hops(found, hops)
    for key in found.unmeasured & found.stages.keys():
        del found.stages[key]
    _add_rests(found)
    if found.span != "none" and "V2V" not in found.unmeasured:
        if ended < began:
            found.unmeasured.add("V2V")
        else:
            found.headline = ended - began
            _add_gaps(found, path, hops, (began, ended))
            if apart and found.span != "v34":
                _join_gaps(found)
    storing = {"v34_memory_storage_start", "v34_memory_storage_complete"} & times.keys()
    # Behind storage, v34 goes on to one of these; with retrieval off, to the request alone.
    later = {"v34_retrieval_start", "v34_retrieval_complete", "v34_ollama_sent", "v34_ollama_received"}
    found.skipped = not storing and "v34_classification_complete" in times and bool(later & times.keys())
    return found


def _first(times: dict[str, int], names: Sequence[str]) -> int | None:
    return next((times[name] for name in names if name in times), None)


def _headline(found: Reading, times: dict[str, int], wait: int | None) -> tuple[int, int]:
    """The widest span that the events allow: from the speech end, an STT event or v34's entry; to sound or reply."""
    speech, entry = _first(times, SPEECH), _first(times, ENTRY)
    if speech is not None and PAUSE in times and wait is not None:
        speech -= wait
    ended = times.get(SOUND, times.get(REPLY))
    began = speech if speech is not None else entry
    if ended is None or began is None:
        return 0, 0
    if SOUND in times:
        whole = PAUSE in times and wait is not None
        found.span = "V2V" if whole else "pause→sound" if speech is not None else "v34→sound"
    else:
        found.span = "speech→reply" if speech is not None else "v34"
    return began, ended


def _path(times: dict[str, int], wait: int | None) -> list[tuple[str, int, int]]:
    rows: list[tuple[str, int, int]] = []
    if PAUSE in times and wait is not None:
        rows.append(("endpointing", times[PAUSE] - wait, times[PAUSE]))
    for key, opens, closes, _ in PATH:
        start, end = _first(times, opens), _first(times, closes)
        if start is not None and end is not None:
            rows.append((key, start, end))
    return rows


def _add_queries(found: Reading, events: Sequence[Event]) -> None:
    """Pairs in file order, summed; a start that is started again begins anew."""
    opened: int | None = None
    for event in events:
        stamp = round(event.timestamp * 1e6)
        if event.event == "v34_retrieval_query_start":
            opened = stamp
        elif event.event == "v34_retrieval_query_complete" and opened is not None:
            if stamp >= opened:
                found.stages["query"] = found.stages.get("query", 0) + stamp - opened
            opened = None


def _add_told(found: Reading, events: Sequence[Event]) -> None:
    for event in events:
        for name, key in TOLD.items():
            if event.event == "v34_ollama_received" and name in event.metadata:
                found.stages.setdefault(key, round(1000 * event.metadata[name]))


def _add_rests(found: Reading) -> None:
    for rest, whole, parts in (("wait", "llm", ("prefill", "decode")), ("merge", "retrieve", ("embed", "query"))):
        if rest not in found.unmeasured and {whole, *parts} <= found.stages.keys():
            found.stages[rest] = found.stages[whole] - sum(found.stages[part] for part in parts)


class Doubt:
    """What the clocks cannot vouch for."""

    def __init__(self, found: Reading, times: dict[str, int]) -> None:
        self.found, self.times = found, times
        self.stages = dict(found.stages)
        self.gone = found.unmeasured
        self.end = SOUND if SOUND in times else REPLY
        self.spoiled = False
        ear, brain, mouth = ([times[name] for name in names if name in times] for names in (EAR, BRAIN, MOUTH))
        self.thought = brain[-1] - brain[0] if brain else 0
        self.there = brain[0] - ear[-1] if ear and brain else None
        self.back = mouth[0] - brain[-1] if brain and mouth else None
        self.both = None if self.there is None or self.back is None else self.there + self.back

    def judge(self) -> bool:
        """Strike everything; whether the clocks differ."""
        for names in ((*EAR, *MOUTH), BRAIN):
            present = [name for name in names if name in self.times]
            for ahead, behind in zip(present, present[1:], strict=False):
                self._between(ahead, behind)
        if self.both is not None and not self.spoiled and not -MS <= self.both <= MINUTE:
            self._everything_of_v34()
            self._on_the_way()
            self._headline()
        self._parts("llm", ("prefill", "decode"), ("load",), 10 * MS)
        self._parts("retrieve", ("embed", "query"), (), MS)
        apart = self._hops()
        for key, start, end in self._spans():
            if key != "query" and self.times[end] < self.times[start]:
                self.gone.add(key)
        for rest, whole in (("wait", "llm"), ("merge", "retrieve")):
            if whole in self.gone:
                self.gone.add(rest)
        if not self.spoiled:
            if REPLY in self.times and "tts_request_received" in self.times:
                self.found.low = self.times[REPLY] - self.times["tts_request_received"]
            asked, entered = _first(self.times, ASKED), _first(self.times, ENTRY)
            if asked is not None and entered is not None:
                self.found.high = entered - asked
        return apart

    def _between(self, ahead: str, behind: str) -> None:
        took = self.times[behind] - self.times[ahead]
        way = ahead in EAR and behind in MOUTH
        if took > MINUTE:
            asking = _at(ahead) <= _at("v34_ollama_sent") and _at(behind) >= _at("v34_ollama_received")
            known = self._ollama() if asking else 0
            took = max(took - (max(known, self.thought) if way else known), 0)
        if -MS <= took <= MINUTE:
            return
        self._place(ahead, behind, slept=took > MINUTE)

    def _place(self, ahead: str, behind: str, slept: bool) -> None:
        of_v34 = ahead in BRAIN
        way = ahead in EAR and behind in MOUTH
        for key, start, end in self._spans():
            if (start in BRAIN) is not of_v34:
                continue
            if key == "query":
                last = end if end in self.times else "tts_resume_sent"
                if _at(start) < _at(behind) and _at(ahead) < _at(last):
                    self.gone.add(key)
            elif _at(start) <= _at(ahead) and _at(behind) <= _at(end):
                self.gone.add(key)
        if ahead not in MOUTH:
            self.gone |= {"hop_in", "hop_out"} & self.stages.keys()
        if _at(ahead) < _at(self.end):
            self._headline()
        if of_v34 or way:
            self.spoiled = True
            if {"hop_in", "hop_out"} <= self.stages.keys():
                self.gone.add("network")
            if slept:
                self._microphone()
                if way:
                    self._everything_of_v34()

    def _spans(self) -> Iterable[tuple[str, str, str]]:
        """Key, first and last event of every stage of one clock that is there."""
        rows = [(key, opens, closes) for key, opens, closes, two_clocks in PATH if not two_clocks]
        rows += [(key, (opens,), (closes,)) for key, opens, closes in BESIDE]
        for key, opens, closes in rows:
            start = next((name for name in opens if name in self.times), None)
            end = next((name for name in closes if name in self.times), None)
            if start is not None and end is not None:
                yield key, start, end
        if "v34_retrieval_query_start" in self.times:
            yield "query", "v34_retrieval_query_start", "v34_retrieval_complete"

    def _headline(self) -> None:
        if self.found.span != "none":
            self.gone.add("V2V")

    def _microphone(self) -> None:
        if "deaf" in self.stages:
            self.gone.add("deaf")

    def _on_the_way(self) -> None:
        self.spoiled = True
        self._microphone()
        hops = {"hop_in", "hop_out"} & self.stages.keys()
        self.gone |= hops | ({"network"} if len(hops) == 2 else set())

    def _everything_of_v34(self) -> None:
        self.gone |= {key for key, start, _ in self._spans() if start in BRAIN}

    def _ollama(self) -> int:
        return sum(self.stages.get(key, 0) for key in TOLD.values())

    def _parts(self, whole: str, parts: tuple[str, ...], more: tuple[str, ...], tolerance: int) -> None:
        if whole not in self.stages or self.stages[whole] < 0 or whole in self.gone:
            return
        # A part that is gone is still what it was logged as; a negative one counts for nothing.
        rest = {"llm": "wait", "retrieve": "merge"}[whole]
        beside = sum(max(self.stages.get(part, 0), 0) for part in parts)
        excess = beside + sum(self.stages.get(part, 0) for part in more) - self.stages[whole]
        if excess > tolerance:
            if self.both is None or self.both + MS >= excess:
                ahead, behind = next((start, end) for key, start, end in self._spans() if key == whole)
                self._place(ahead, behind, slept=False)
                return
            self.gone |= {part for part in (*parts, *more) if self.stages.get(part, 0) > 0} | {rest}
        if beside > self.stages[whole] and all(self.stages.get(part, -1) >= 0 for part in parts):
            self.gone.add(rest)

    def _hops(self) -> bool:
        ways = [way for way in (self.there, self.back) if way is not None]
        apart = any(way <= -MS for way in ways)
        if apart or (len(ways) == 1 and ways[0] > MINUTE):
            self.gone |= {"hop_in", "hop_out"} & self.stages.keys()
            if self.found.span in ("v34→sound", "speech→reply"):
                self.gone.add("V2V")
        return apart


def _at(name: str) -> int:
    return ORDER.index(name)


def _show_hops(found: Reading, hops: dict[str, int]) -> None:
    """None below zero; what one lacks is taken from the other, so that the sum is as it was, or nothing."""
    if len(hops) == 2 and "network" not in found.unmeasured:
        found.stages["network"] = max(sum(hops.values()), 0)
    for key, took in hops.items():
        if key not in found.unmeasured:
            (other,) = [value for name, value in hops.items() if name != key] or [0]
            found.stages[key] = max(took + min(other, 0), 0)


def _add_gaps(found: Reading, path: list[tuple[str, int, int]], hops: dict[str, int], edges: tuple[int, int]) -> None:
    """Where the path leaves off and where it goes on. A hop takes its place where it, or the sum of both, is known."""
    placed = [
        (key, start, end)
        for key, start, end in path
        if (key in found.stages or "network" in found.stages if key in hops else end >= start)
    ]
    last_hop = next((key for key, _, _ in reversed(placed) if key in hops), "")
    short = min(sum(end - start for key, start, end in placed if key in hops), 0)
    position, name = edges[0], "start"
    for key, start, end in [*placed, ("end", edges[1], edges[1])]:
        if start != position:
            found.gaps.append((name, key, start - position))
        position, name = end - (short if key == last_hop else 0), key


OF_V34 = ("classify", "store", "retrieve", "prompt", "llm", "reply")


def _join_gaps(found: Reading) -> None:
    """Gaps from one clock to the other, as one, where the last of them was."""
    across = [gap for gap in found.gaps if (gap[0] in (*OF_V34, "hop_in")) is not (gap[1] in (*OF_V34, "hop_out"))]
    total = sum(took for _, _, took in across)
    joined = []
    for gap in found.gaps:
        if gap not in across:
            joined.append(gap)
        elif gap is across[-1] and total:
            joined.append((gap[0], gap[1], total))
    found.gaps = joined
