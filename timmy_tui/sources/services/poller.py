"""The HTTP side in threads of its own: Ollama's facts, v34's statistics, and who of the services answers."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from timmy_tui.model.llm import OllamaFacts, ServedPrompt
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.model.turn import Turn
from timmy_tui.sources.services.http import Answer, HttpClient
from timmy_tui.sources.services.ollama import OllamaWatch, parse_duration
from timmy_tui.sources.services.server_log import ServerLogLines, follow_server_log
from timmy_tui.sources.services.urls import ServiceConfig
from timmy_tui.sources.services.v34 import EVERY_S, StatsReader, V34Client

TICK_S = 0.25
SPEECH_S = 10.0
"""Between two looks at TTS and STT."""
SERVED = 64
"""Requests of Ollama's log that are handed on."""

Notify = Callable[[], None]


class ServerLogParser(Protocol):
    """What reads Ollama's log; the parser lives in another room and is handed in."""

    @property
    def version(self) -> str | None:
        """Which version the server said it is when it started."""

    def feed(self, lines: Iterable[bytes]) -> list[ServedPrompt]:
        """Requests that are told completely by now."""


class LiveServices:
    """Polls until it is stopped. Everything may be read from another thread at any time."""

    def __init__(self, config: ServiceConfig, parser: ServerLogParser | None = None) -> None:
        """``parser`` reads Ollama's server log, where the settings name one."""
        urls, model = config.urls, config.model
        self._poll = config.settings.services.poll
        self._watch = OllamaWatch(urls.ollama, parse_duration(model.keep_alive or "1h"), model.model)
        self._log: ServerLogLines | None = (
            follow_server_log(config.settings, config.root) if parser is not None else None
        )
        self._parser = parser
        self._served: tuple[ServedPrompt, ...] = ()
        self._facts: OllamaFacts | None = None
        self._v34 = V34Client(urls.v34)
        self._stats = StatsReader()
        self._speech = {"tts": HttpClient(urls.tts), "stt": HttpClient(urls.stt)}
        self._states = {name: SourceState(name, SourceCondition.WAITING) for name in ("ollama", "v34", "tts", "stt")}
        self._typed: list[Turn] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._busy = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._notify: Notify = lambda: None

    def start(self, notify: Notify) -> None:
        """Begin polling; ``notify`` is called from the threads when something changed."""
        self._notify = notify
        if not self._poll:
            return
        for name, run in (("ollama", self._run_ollama), ("services", self._run_services)):
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End within a second; a thread that waits for an answer ends behind our back."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=0.4)

    def turn_closed(self) -> None:
        """Ask Ollama again in a second."""
        self._closed.set()

    def set_busy(self, busy: bool) -> None:
        """A turn is in flight: v34 answers late and is not asked."""
        self._busy = busy

    @property
    def facts(self) -> OllamaFacts | None:
        """What Ollama says; None before it was asked."""
        return self._facts

    @property
    def states(self) -> tuple[SourceState, ...]:
        """One per service; none when polling is off."""
        return tuple(self._states.values()) if self._poll else ()

    def typed_turns(self) -> Sequence[Turn]:
        """Entries of v34's statistics since the last call; voice turns among them are not sorted out here."""
        with self._lock:
            typed, self._typed = self._typed, []
        return typed

    def _run_ollama(self) -> None:
        try:
            while not self._stopping.is_set():
                closed = self._closed.is_set()
                self._closed.clear()
                self._take_facts(self._watch.step(time.time(), closed))
                self._stopping.wait(TICK_S)
        finally:
            self._watch.close()
            if self._log is not None:
                self._log.close()

    def _take_facts(self, told: OllamaFacts) -> None:
        self._read_log()
        version = told.version or (self._parser.version if self._parser is not None else None)
        facts = self._facts
        if facts is not None and told is self._told and facts.served is self._served and facts.version == version:
            return
        self._told = told
        self._facts = replace(told, served=self._served, version=version)
        condition = {True: SourceCondition.OK, False: SourceCondition.DOWN, None: SourceCondition.WAITING}
        self._set("ollama", condition[told.reachable], told.problem, told.since)
        self._notify()

    def _read_log(self) -> None:
        if self._log is None or self._parser is None:
            return
        new = self._parser.feed(self._log.read())
        if new:
            self._served = (*self._served, *new)[-SERVED:]

    def _run_services(self) -> None:
        due = dict.fromkeys(("v34", "tts", "stt"), 0.0)
        try:
            while not self._stopping.is_set():
                now = time.monotonic()
                if now >= due["v34"] and not self._busy:
                    due["v34"] = now + EVERY_S
                    self._ask_v34()
                for name, path in (("tts", "/health"), ("stt", "/transcript")):
                    if now >= due[name] and not self._stopping.is_set():
                        due[name] = now + SPEECH_S
                        self._judge(name, self._speech[name].ask(path))
                self._stopping.wait(TICK_S)
        finally:
            for wire in (self._v34.wire, *self._speech.values()):
                wire.close()

    def _ask_v34(self) -> None:
        answer = self._v34.stats()
        self._judge("v34", answer)
        turns = self._stats.read(answer.body) if not answer.problem else []
        if turns:
            with self._lock:
                self._typed.extend(turns)
            self._notify()

    def _judge(self, name: str, answer: Answer) -> None:
        """Any answer proves that the service is there; late is busy."""
        if answer.late:
            self._set(name, SourceCondition.BUSY, "answers late")
        elif answer.status is None:
            self._set(name, SourceCondition.DOWN, answer.problem)
        elif answer.status >= 500:
            self._set(name, SourceCondition.ERROR, answer.problem)
        else:
            self._set(name, SourceCondition.OK, "")

    def _set(self, name: str, condition: SourceCondition, detail: str, since: float | None = None) -> None:
        state = self._states[name]
        if state.condition is condition and state.detail == detail:
            return
        if since is None:
            since = state.since if state.condition is condition else time.time()
        self._states[name] = replace(state, condition=condition, detail=detail, since=since)
        self._notify()

    _told: OllamaFacts | None = None
