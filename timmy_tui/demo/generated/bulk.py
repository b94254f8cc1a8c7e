"""Writes a very long ``latency.log`` in seconds: right format and plausible numbers, without the simulated engine."""

import random
import time
from pathlib import Path

from timmy_tui.demo.latencies import DECODE_MS_PER_TOKEN, PREFILL_BASE_MS

_BATCH = 2000
"""Turns between two writes to the file."""
_SESSION_TURNS = 33
_ENDPOINT = '"endpoint": "http://localhost:5000/api/webhook"'

Step = tuple[float, str, str, str]
"""Milliseconds since the previous event, service, event, metadata as JSON without braces."""


def write_latency_log(path: Path, events: int, seed: int = 0, start: float = 1_700_000_000.0) -> int:
    """Write at least ``events`` events in whole turns of 25 or 27; returns their number. 4 s per million."""
    conversation = _Conversation(seed)
    stamps = _Timestamps(start)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("w", encoding="ascii") as file:
        while written < events:
            lines: list[str] = []
            for _ in range(_BATCH):
                request_id = f"{conversation.random.getrandbits(32):08x}"
                lines += [stamps.line(request_id, step) for step in conversation.next_turn()]
                stamps.at += conversation.random.uniform(0.4, 1.4)
                if written + len(lines) >= events:
                    break
            file.write("".join(lines))
            written += len(lines)
    return written


class _Timestamps:
    def __init__(self, start: float) -> None:
        self.at = start
        self._second, self._text = -1, ""

    def line(self, request_id: str, step: Step) -> str:
        """One event; the same bytes as json.dumps would give."""
        ms, service, event, metadata = step
        self.at += ms / 1000
        second = int(self.at)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(second))
        return (
            f'{{"timestamp": {self.at!r}, "iso_time": "{self._text}.{int((self.at - second) * 1e6):06d}", '
            f'"request_id": "{request_id}", "service": "{service}", "event": "{event}", "metadata": {{{metadata}}}}}\n'
        )


class _Conversation:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"bulk {seed}")
        self.turn = 0
        self.session = ""

    def next_turn(self) -> list[Step]:
        """The events of one turn."""
        number = self.turn % _SESSION_TURNS
        if not number:
            bits = self.random.getrandbits
            self.session = f"{bits(32):08x}-0000-4000-8000-{bits(48):012x}"
        self.turn += 1
        tokens = max(5, round(51 * self.random.lognormvariate(0, 0.28)))
        reply = round(3.3 * tokens)
        return [*self._recognize(), *self._retrieve(), *self._generate(number, tokens, reply), *self._speak(reply)]

    def _recognize(self) -> list[Step]:
        noise, text = self.random.lognormvariate, self.random.randint(15, 60)
        length = f'"text_length": {text}'
        return [
            (500.0, "stt", "stt_pause_detected", '"pause_threshold": 0.5'),
            (38 * noise(0, 0.12), "stt", "stt_transcript_finalized", length),
            (1.0, "stt", "stt_sending_to_v34", length),
            (0.1, "stt", "stt_http_request_start", _ENDPOINT),
            (5 * noise(0, 0.2), "v34", "v34_flask_handler_entry", ""),
            (0.1, "v34", "v34_webhook_received", f'{length}, "session_id": "{self.session}"'),
            (0.3, "v34", "v34_classification_start", ""),
            (29 * noise(0, 0.15), "v34", "v34_classification_complete", f'"importance": {text % 10}'),
        ]

    def _retrieve(self) -> list[Step]:
        noise = self.random.lognormvariate
        slow = self.random.uniform(2, 5) if self.random.random() < 0.05 else 1.0
        store, query = 390 * noise(0, 0.18), 40 * noise(0, 0.2) * slow
        steps: list[Step] = []
        if self.random.random() < 0.5:
            steps = [
                (0.2, "v34", "v34_memory_storage_start", ""),
                (store, "v34", "v34_memory_storage_complete", f'"duration_ms": {round(store, 2)}'),
            ]
        retrieved = f'"duration_ms": {round(query, 2)}, "num_parents": 10, "num_candidate_chunks": 10'
        return [
            *steps,
            (0.2, "v34", "v34_retrieval_start", ""),
            (0.1, "v34", "v34_retrieval_embedding_start", ""),
            (7.2, "v34", "v34_retrieval_embedding_complete", '"duration_ms": 7.2'),
            (0.1, "v34", "v34_retrieval_query_start", ""),
            (query, "v34", "v34_retrieval_query_complete", retrieved),
            (3.0, "v34", "v34_retrieval_complete", '"num_chunks": 5'),
        ]

    def _generate(self, number: int, tokens: int, reply: int) -> list[Step]:
        noise = self.random.lognormvariate
        prompt = 610 + 64 * number
        prefill = (PREFILL_BASE_MS + 1000 / 4100 * (680 if number else 610)) * noise(0, 0.025)
        decode = DECODE_MS_PER_TOKEN * tokens * noise(0, 0.01)
        built = f'"prompt_chars": {prompt * 5}, "prompt_tokens_est": {prompt * 5 // 4}, "tail_mode": false'
        counts = f'"prompt_eval_count": {prompt}, "eval_count": {tokens}'
        times = f'"prompt_eval_duration_ms": {round(prefill, 4)}, "eval_duration_ms": {round(decode, 4)}'
        received = f'"response_length": {reply}, "new_context_length": 0, {counts}, {times}'
        sent = '"temperature": 0.4, "kv_context_length": 0, "has_kv_cache": false'
        return [
            (3 * noise(0, 0.2), "v34", "v34_prompt_built", built),
            (1.0, "v34", "v34_ollama_sent", sent),
            (106 + 0.84 * tokens + prefill + decode, "v34", "v34_ollama_received", received),
            (2.5, "v34", "v34_sending_to_tts", f'"response_length": {reply}'),
        ]

    def _speak(self, reply: int) -> list[Step]:
        synthesis = 640 * self.random.lognormvariate(0, 0.025) + 0.45 * reply
        return [
            (5.0, "tts", "tts_request_received", f'"text_length": {reply}'),
            (2.0, "stt", "stt_http_response_received", '"status_code": 200'),
            (1.0, "tts", "tts_pause_sent", ""),
            (206.0, "tts", "tts_synthesis_start", ""),
            (synthesis, "tts", "tts_audio_playback_start", ""),
            (250.0 + 28 * reply, "tts", "tts_audio_playback_complete", f'"chunks_written": {reply}'),
            (300.0, "tts", "tts_resume_sent", ""),
        ]
