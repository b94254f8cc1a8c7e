"""A second reading of the latency log: what upstream's two scripts make of it, told from their meaning, slowly.

Nothing of the package is used, and nothing of upstream's code: whoever has a checkout compares this reading with the
scripts themselves (``python -m bench upstream PATH``); the tests, which have none, compare the report with this.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bench.upstream.printed import STEP_CUT, SUMMARY_STEP_CUT, Group, Request, Row, Shown, Summary

SOUND, SPOKEN = "tts_audio_playback_start", "tts_audio_playback_complete"
Event = Mapping[str, Any]
Events = Mapping[str, Sequence[Event]]


def events_by_id(lines: Iterable[str]) -> dict[str, list[Event]]:
    """The events of each id, ids and events in the order of the file; what is no JSON object with an id is left out."""
    found: dict[str, list[Event]] = {}
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("request_id"):
            found.setdefault(event["request_id"], []).append(event)
    return found


def by_stamp(events: Sequence[Event]) -> list[Event]:
    """Earliest first; events of one stamp stay in the order of the file."""
    return sorted(events, key=lambda event: float(event["timestamp"]))


def steps(events: Sequence[Event]) -> list[tuple[str, str, float]]:
    """Each event, the next one by its stamp, and the seconds between them."""
    ordered = by_stamp(events)
    stamps = [float(event["timestamp"]) for event in ordered]
    return [
        (ordered[at]["event"], ordered[at + 1]["event"], stamps[at + 1] - stamps[at]) for at in range(len(ordered) - 1)
    ]


def request(events: Sequence[Event]) -> Request:
    """One request: with a single event everything is 0 and it has no time of day."""
    if len(events) == 1:
        return Request("", Shown(0.0), Shown(0.0), Shown(0.0))
    ordered = by_stamp(events)
    first, last = float(ordered[0]["timestamp"]), float(ordered[-1]["timestamp"])
    speeches = [took for before, after, took in steps(events) if (before, after) == (SOUND, SPOKEN)]
    speech = speeches[-1] if speeches else 0.0
    return Request(
        start=datetime.fromtimestamp(first).strftime("%H:%M:%S"),
        processing=Shown(last - first - speech),
        playback=Shown(speech),
        total=Shown(last - first),
        timeline=[(Shown(float(one["timestamp"]) - first), one["service"], one["event"]) for one in ordered],
        # Of two steps of one name the later one stays.
        steps={f"{before} → {after}"[:STEP_CUT].strip(): Shown(took) for before, after, took in steps(events)},
    )


def summary(of: Events) -> Summary:
    """Averages and extremes over these requests, each counting once, whatever it is."""
    requests = [request(events) for events in of.values()]
    named: dict[str, list[float]] = {}
    for events in of.values():
        own = {(before, after): took for before, after, took in steps(events)}
        for (before, after), took in own.items():
            if (before, after) != (SOUND, SPOKEN):
                named.setdefault(f"{before} → {after}"[:SUMMARY_STEP_CUT].strip(), []).append(took)
    return Summary(
        requests=len(requests),
        processing=_average_and_extremes([one.processing for one in requests]),
        playback=_average_and_extremes([one.playback for one in requests]),
        total=_average_and_extremes([one.total for one in requests]),
        steps={name: Shown(sum(took) / len(took)) for name, took in named.items()},
    )


def _average_and_extremes(shown: Sequence[Shown | None]) -> list[Shown]:
    values = [one.value for one in shown if one is not None]
    return [Shown(sum(values) / len(values)), Shown(min(values)), Shown(max(values))] if values else []


def groups(of: Events) -> dict[str, dict[str, list[Event]]]:
    """By the session that an event itself names, ``unknown`` without one; then by id."""
    found: dict[str, dict[str, list[Event]]] = {}
    # In the order of the file, which ids alone do not keep; no figure depends on it.
    for name, events in of.items():
        for event in events:
            session = event.get("metadata", {}).get("session_id") or "unknown"
            found.setdefault(session, {}).setdefault(name, []).append(event)
    return found


def group(of: Events) -> Group:
    """One group of requests; trends in the order in which the ids come, the table is sorted by time."""
    rows = {name: row(events) for name, events in of.items()}
    timed = [one for one in rows.values() if one.ollama is not None and one.ollama.value]
    times, sizes = [one.ollama.value for one in timed if one.ollama], [one.prompt for one in timed]
    found = Group(len(rows), rows)
    if times:
        found.ollama, found.prompt = [Shown(times[0])], [Shown(sizes[0])]
    if len(times) > 1:
        others = sum(times[1:]) / (len(times) - 1)
        found.ollama += [Shown(times[-1]), *_average_and_extremes([Shown(took) for took in times])]
        found.prompt += [Shown(sizes[-1]), Shown(sum(sizes) // len(sizes))]
        found.impact = [Shown(times[0]), Shown(others), Shown(times[0] / others)]
    return found


def row(events: Sequence[Event]) -> Row:
    """One request of a group, of whose events these are in the group."""
    ordered = by_stamp(events)
    whole = float(ordered[-1]["timestamp"]) - float(ordered[0]["timestamp"]) if len(ordered) > 1 else None
    sent = [float(one["timestamp"]) for one in events if one["event"] == "v34_ollama_sent"]
    received = [float(one["timestamp"]) for one in events if one["event"] == "v34_ollama_received"]
    answer = _metadata(events, "v34_ollama_received")
    built = _metadata(events, "v34_prompt_built") or {}
    count = None if answer is None else answer.get("prompt_eval_count", 0)
    return Row(
        total=None if whole is None else Shown(whole),
        ollama=Shown(received[-1] - sent[-1]) if sent and received else None,
        prompt=built.get("prompt_tokens_est", 0),
        kv=count == 0,
        evaluated=count,
        tail=bool(built.get("tail_mode", False)),
    )


def _metadata(events: Sequence[Event], name: str) -> Mapping[str, Any] | None:
    """Of the first event of this name in the file."""
    return next((one.get("metadata", {}) for one in events if one["event"] == name), None)


class Reading:
    """What the scripts print of one log, by this reading."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def requests(self) -> dict[str, Request]:
        """Of every id with more than one event."""
        return {name: request(events) for name, events in self._events.items() if len(events) > 1}

    def summary(self, ids: Collection[str]) -> Summary:
        """Of these alone."""
        return summary({name: self._events[name] for name in ids})

    def groups(self) -> dict[str, Group]:
        """Of the whole log, by session id or ``unknown``."""
        return {session: group(of) for session, of in groups(self._events).items()}

    def group(self, ids: Collection[str]) -> Group:
        """Of all events of these, as one group."""
        return group({name: self._events[name] for name in ids})
