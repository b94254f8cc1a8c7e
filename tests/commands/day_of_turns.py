"""A day of turns, written as Timmy's processes write them, and what was written: nothing of it is read by the program.

Each line is written with an open of its own. The latency log has spoken turns and pauses of a quiet room; the debug log
has spoken and typed turns and, of the typed ones that fail, nothing that would tell two of them apart.
"""

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

THRESHOLD_US = 500_000
SESSION = "5e55{:04x}-0000-4000-8000-000000000000"
BEGIN = "*" * 45 + "BEGIN" + "*" * 45
CANNED = "I appear to be having trouble speaking. How embarrassing."
ADDED = "*** Debug: Assistant response added to conversation history only (not stored in vector memory)"

EventRow = tuple[int, str, str, str, dict[str, object]]
"""µs, request id, service, event, metadata."""


class Facts(NamedTuple):
    """What tells a turn apart, as written or as stored."""

    started_us: int | None
    """µs since 1970 of its first event; None of a typed turn, whose log has no times."""
    headline_us: int | None
    state: str


class DayOfTurns:
    """Writes turns one by one; ``written`` has those that are whole."""

    def __init__(self, root: Path, start: float, step_s: float) -> None:
        """``start``: time of the first turn; ``step_s``: from one turn to the next, by the stamps."""
        self.latency, self.v34 = root / "shared/latency.log", root / "testing-interface/logs/v34.log"
        self.written: list[Facts] = []
        self._now_us = round(start * 1e6)
        self._step_us = round(step_s * 1e6)
        self._count = self._rounds = self._sessions = 0
        for log in (self.latency, self.v34):
            log.parent.mkdir(parents=True, exist_ok=True)
        self.restart_v34()

    def restart_v34(self) -> None:
        """The control panel deletes v34's log and starts it again."""
        self._sessions += 1
        self.v34.unlink(missing_ok=True)
        self._debug(["(35891) wsgi starting up on http://127.0.0.1:5000"])

    def rotate(self) -> None:
        """The latency log is renamed; writers open a new one."""
        self.latency.replace(self.latency.with_name("latency.log.1"))

    def clear(self) -> None:
        """It is deleted, as upstream's ``analyze_latency.py --clear`` does."""
        self.latency.unlink()

    def truncate(self) -> None:
        """It is cut to nothing in place. Lines that were not read by then are lost."""
        os.truncate(self.latency, 0)

    def some(self, number: int) -> None:
        """So many rounds: a pause, a spoken turn, and at times typed ones, of which some fail."""
        for _ in range(number):
            for _ in self.round():
                pass

    def fail(self, number: int) -> None:
        """So many typed turns that nothing tells apart."""
        for _ in range(number):
            self._typed_and_failed()

    def round(self) -> Iterator[None]:
        """One of them; it stops once, in the middle of the spoken turn."""
        self._rounds += 1
        self._pause()
        yield from self._spoken()
        if self._rounds % 3 == 0:
            self._typed()
        if self._rounds % 4 == 0:
            self._typed_and_failed()
        if self._rounds % 8 == 0:
            self._typed_and_failed()
            self._typed_without_model()

    def _next(self) -> tuple[int, str]:
        """When the next turn begins, and its id."""
        self._count += 1
        self._now_us += self._step_us
        return self._now_us, f"{self._count:08x}"

    def _pause(self) -> None:
        self._now_us += self._step_us // 2
        name = f"f{self._count:07x}"
        self._event((self._now_us, name, "stt", "stt_pause_detected", {"pause_threshold": THRESHOLD_US / 1e6}))

    def _spoken(self) -> Iterator[None]:
        at, name = self._next()
        llm_us = 700_000 + 1_013 * (self._count % 97)
        sound = 400_000 + llm_us + 137 * self._count % 50_000
        prompt, output = 2000 + self._count, 20 + self._count % 50
        prefill_ns, decode_ns = 170_000_000 + 1000 * self._count, 400_000_000 + 1000 * self._count
        figures = {
            "prompt_eval_count": prompt, "eval_count": output,
            "prompt_eval_duration_ms": prefill_ns / 1e6, "eval_duration_ms": decode_ns / 1e6,
        }  # fmt: skip
        session = SESSION.format(self._sessions)
        rows: list[tuple[int, str, str, dict[str, object]]] = [
            (0, "stt", "stt_pause_detected", {"pause_threshold": THRESHOLD_US / 1e6}),
            (40_000, "stt", "stt_transcript_finalized", {"text_length": 21}),
            (41_000, "stt", "stt_sending_to_v34", {"text_length": 21}),
            (60_000, "v34", "v34_webhook_received", {"text_length": 21, "session_id": session}),
            (61_000, "v34", "v34_classification_start", {}),
            (91_000, "v34", "v34_classification_complete", {"importance": 3}),
            (92_000, "v34", "v34_retrieval_start", {}),
            (130_000, "v34", "v34_retrieval_complete", {"num_chunks": 5}),
            (140_000, "v34", "v34_prompt_built", {"prompt_chars": 8000, "tail_mode": False}),
            (141_000, "v34", "v34_ollama_sent", {"temperature": 0.4, "kv_context_length": 0, "has_kv_cache": False}),
            (
                141_000 + llm_us,
                "v34",
                "v34_ollama_received",
                {"response_length": 12, "new_context_length": 0, **figures},
            ),
            (142_000 + llm_us, "v34", "v34_sending_to_tts", {"response_length": 12}),
            (160_000 + llm_us, "tts", "tts_request_received", {"text_length": 12}),
            (170_000 + llm_us, "tts", "tts_pause_sent", {}),
            (171_000 + llm_us, "tts", "tts_synthesis_start", {}),
            (sound, "tts", "tts_audio_playback_start", {}),
            (sound + 3_000_000, "tts", "tts_audio_playback_complete", {"chunks_written": 9}),
            (sound + 3_300_000, "tts", "tts_resume_sent", {}),
        ]
        for number, (offset, service, event, metadata) in enumerate(rows):
            if number == len(rows) // 2:
                yield
            self._event((at + offset, name, service, event, metadata))
        self._debug([
            BEGIN,
            f"*** Debug: Received user_message via webhook: hello [request_id={name}]",
            f"*** Debug: Processing user message: hello [request_id={name}]",
            *self._answered(prompt, output, f"prompt_eval={prefill_ns} eval={decode_ns}"),
            *self._ended(llm_us + 10_000 - llm_us % 10_000),
        ])  # fmt: skip
        self.written.append(Facts(at, sound + THRESHOLD_US, "complete"))

    def _typed(self) -> None:
        """Its duration and Ollama's figures tell it from others."""
        self._next()
        llm_us = 950_000 + 10_000 * (self._count % 900)
        durations = f"prompt_eval={100_000_000 + 1000 * self._count} eval=300000000"
        answered = self._answered(5000 + self._count, 30, durations)
        self._debug([*self._typed_head(), *answered, *self._ended(llm_us)])
        self.written.append(Facts(None, llm_us + 90_000, "complete"))

    def _typed_and_failed(self) -> None:
        """Nothing tells two of these apart."""
        self._next()
        self._debug(
            [*self._typed_head(), "*** Debug: Error in handle_user_message: connection to the database is lost"]
        )
        self.written.append(Facts(None, None, "failed"))

    def _typed_without_model(self) -> None:
        """Only its duration tells it from others."""
        self._next()
        llm_us = 2_000_000 + 10_000 * (self._count % 900)
        failure = "*** Debug: Generate API call failed: HTTPConnectionPool(host='windows-host', port=11434)"
        self._debug([*self._typed_head(), failure, *self._ended(llm_us, CANNED)])
        self.written.append(Facts(None, llm_us + 90_000, "failed"))

    def _answered(self, prompt: int, output: int, durations: str) -> list[str]:
        return [
            f"*** Debug: KV stats: prompt_eval_count={prompt} eval_count={output}",
            f"*** Debug: Durations (ns): load=95000000 {durations} total=695000000",
        ]

    def _ended(self, llm_us: int, reply: str = "hello to you") -> list[str]:
        """Its steps, its reply and its duration, which is 90 ms longer than the request to the model."""
        return [
            "--- Step 1 (Metadata Generation) took: 0.03s",
            "--- Step 4 (Context Retrieval) took: 0.04s",
            f"--- Step 5 (Megaprompt LLM Call) took: {llm_us / 1e6:.2f}s",
            f"*** Debug: LLM response received: {reply}",
            ADDED,
            f"--- Total process_user_message took: {(llm_us + 90_000) / 1e6:.2f}s",
        ]

    def _typed_head(self) -> list[str]:
        return [
            BEGIN,
            "*** Debug: Received user_message via WebSocket: hello [request_id=None]",
            "*** Debug: Processing user message: hello [request_id=None]",
        ]

    def _event(self, row: EventRow) -> None:
        stamp_us, name, service, event, metadata = row
        stamp = stamp_us / 1e6
        iso = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(stamp)) + f".{stamp_us % 1_000_000:06}"
        line = {
            "timestamp": stamp, "iso_time": iso, "request_id": name, "service": service, "event": event,
            "metadata": metadata,
        }  # fmt: skip
        _append(self.latency, [json.dumps(line)])

    def _debug(self, lines: Iterable[str]) -> None:
        _append(self.v34, lines)


def _append(path: Path, lines: Iterable[str]) -> None:
    with path.open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def stored(history: Path, root: Path) -> list[Facts]:
    """What the history has, by plain SQL, in its order."""
    with sqlite3.connect(f"file:{history}?mode=ro", uri=True, timeout=10) as database:
        rows = database.execute(
            "SELECT started, json_extract(CAST(data AS TEXT), '$.headline_ms'), state FROM turns WHERE root = ? "
            "ORDER BY place",
            (str(root.resolve()),),
        ).fetchall()
    database.close()
    return [Facts(_us(started, 1e6), _us(headline_ms, 1e3), state) for started, headline_ms, state in rows]


def _us(value: float | None, factor: float) -> int | None:
    return None if value is None else round(value * factor)


def difference(history: Path, day: DayOfTurns, root: Path) -> dict[str, list[Facts]]:
    """Turns that are not in the history as often as they were written; empty where all are."""
    try:
        found = Counter(stored(history, root))
    except sqlite3.OperationalError:  # It is not there yet.
        found = Counter()
    written = Counter(day.written)
    both = {"missing": written - found, "too many": found - written}
    return {name: sorted(some.elements(), key=str) for name, some in both.items() if some}
