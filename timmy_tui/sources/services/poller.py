"""Polls the services over HTTP in separate threads: Ollama's state, v34's statistics, and which services answer."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from timmy_tui.core.running.interruptions import InterruptionWatch
from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.llm import OllamaFacts, ServedPrompt
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.model.turn import Turn
from timmy_tui.sources.services.http import HttpClient, HttpResponse
from timmy_tui.sources.services.listening import PortWatch
from timmy_tui.sources.services.ollama import PS_INTERVAL_S, OllamaPoller, parse_duration
from timmy_tui.sources.services.server_log import NAME as LOG_NAME
from timmy_tui.sources.services.server_log import ServerLogReader, is_named, open_server_log
from timmy_tui.sources.services.urls import ServiceConfig
from timmy_tui.sources.services.v34 import POLL_INTERVAL_S, StatsReader, V34Client

TICK_S = 0.25
"""Between two looks at what is due while a turn is in flight, or when one has just ended."""
STEADY_INTERVAL_S = 20.0
"""Time between two requests to a service while nobody speaks and all of them answer: each costs 1.2 ms of CPU, and v34
writes two lines into its log for it."""
LOOK_S = 2.0
"""Between two looks, while nobody speaks, at whether each service still listens: 50 µs for all of them, and none of
them is asked. One that ends is asked at once then, and is `down` within three seconds."""
STEADY_AFTER_S = 30.0
"""So long nobody must have spoken, and every service must have answered."""
LOG_TICK_S = 1.0
"""Between two looks into Ollama's log while nobody speaks."""
JUST_ENDED_S = 3.0
"""So long behind a turn its end may still be asked about."""
BUSY_INTERVAL_S = 15.0
"""Longest time without a request to v34 while turns are in flight: one always is when it died and someone talks."""
SPEECH_INTERVAL_S = 10.0
"""Time between two requests to TTS and STT."""
SPEECH_PATHS = {"tts": "/health", "stt": "/transcript"}
REQUESTS_S = 45.0
"""Longest time between two looks at the clocks: what is asked seldom, and three requests of a few seconds each."""
SETTLING = "no answer yet since waking"
"""Detail of a service whose network may still come back after a sleep of the machine."""
MAX_SERVED = 64
"""Newest requests of Ollama's log that are part of its facts."""

Notify = Callable[[], None]


class ServerLogParser(Protocol):
    """Parses Ollama's log. It is passed in, because this package must not import ``parse``."""

    @property
    def version(self) -> str | None:
        """The version in the server's start line; None before it was read."""

    @property
    def unreadable(self) -> Counter[str]:
        """Lines whose figures could not be used, by reason."""

    def feed(self, lines: Iterable[bytes]) -> list[ServedPrompt]:
        """Requests that are complete with these lines."""


class ServicePoller:
    """Polls all services until it is stopped. Its properties may be read from any thread."""

    def __init__(self, config: ServiceConfig, parser: ServerLogParser | None = None) -> None:
        """``parser`` reads Ollama's server log, where the settings name one."""
        urls, model = config.urls, config.model
        self._config = config
        self._running_model: str | None = None
        self._wanted_model = model.model
        self._urls = urls
        self._poll = config.settings.services.poll
        self._ollama = OllamaPoller(urls.ollama, parse_duration(model.keep_alive or "1h"), model.model)
        self._states = {name: SourceState(name, SourceCondition.WAITING) for name in ("ollama", "v34", "tts", "stt")}
        self._open_log = partial(open_server_log, config.settings, config.root)
        self._log: ServerLogReader | None = None
        self._parser = parser
        if parser is not None and is_named(config.settings):
            self._states[LOG_NAME] = SourceState(LOG_NAME, SourceCondition.WAITING)
        self._served: tuple[ServedPrompt, ...] = ()
        self._facts: OllamaFacts | None = None
        self._polled: OllamaFacts | None = None
        self._v34 = V34Client(urls.v34)
        self._stats = StatsReader()
        self._speech = {"tts": HttpClient(urls.tts), "stt": HttpClient(urls.stt)}
        usual = {"v34": POLL_INTERVAL_S, "tts": SPEECH_INTERVAL_S, "stt": SPEECH_INTERVAL_S}
        self._asked_at = {name: time.monotonic() - interval_s for name, interval_s in usual.items()}
        """time.monotonic() of the last request to each; it outlives a failure, so that one keeps no other waiting."""
        self._asked = "v34"
        """The service that is asked now, or was last, by the thread of the three."""
        self._listening = PortWatch({name: getattr(urls, name) for name in ("ollama", *usual)})
        self._new_turns: list[Turn] = []
        self._lock = threading.Lock()
        self._turn_closed = threading.Event()
        self._busy = False
        self._closed_at = float("-inf")
        """time.monotonic() when the newest turn ended."""
        self._wrong_at = time.monotonic()
        """time.monotonic() when a service last did not answer, or was not asked yet."""
        self._wakes = {"ollama": threading.Event(), "services": threading.Event()}
        """What is due may have changed, by thread."""
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._notify: Notify = lambda: None
        self._interruptions = InterruptionWatch(longest_look_s=REQUESTS_S)

    def start(self, notify: Notify) -> None:
        """Begin polling. ``notify`` is called from the threads when something has changed."""
        self._notify = notify
        if not self._poll:
            return
        for name, run in (("ollama", self._run_ollama), ("services", self._run_services)):
            thread = guarded_thread(name, run, self._stopping, partial(self._fail, name))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop within a second; a thread that waits for a response ends later."""
        self._stopping.set()
        self._look_now()
        for thread in self._threads:
            thread.join(timeout=0.4)

    def on_turn_closed(self) -> None:
        """A turn has ended: request Ollama's state a second later."""
        self._closed_at = time.monotonic()
        self._turn_closed.set()
        self._look_now()

    def set_busy(self, busy: bool) -> None:
        """``busy``: a turn is in flight, so v34 answers late and is not polled."""
        self._busy = busy
        self._look_now()

    def _look_now(self) -> None:
        for wake in self._wakes.values():
            wake.set()

    def set_running_model(self, model: str | None) -> None:
        """The model that v34 uses now, by its debug log; None: what its config names, as that is then."""
        if model != self._running_model:
            self._running_model = model
            self._wanted_model = model or self._config.reread().model.model
            self._look_now()

    @property
    def facts(self) -> OllamaFacts | None:
        """The state of Ollama; None before the first poll."""
        return self._facts

    @property
    def states(self) -> tuple[SourceState, ...]:
        """One state per service, and one of Ollama's log where the settings name it; empty when polling is off."""
        return tuple(self._states.values()) if self._poll else ()

    def take_typed_turns(self) -> Sequence[Turn]:
        """New entries of v34's statistics since the last call. Voice turns are among them."""
        with self._lock:
            turns, self._new_turns = self._new_turns, []
        return turns

    def _fail(self, thread: str, message: str) -> None:
        """A thread has failed and will start again: what it asks is not known meanwhile."""
        self._polled = None
        self._set("ollama" if thread == "ollama" else self._asked, SourceCondition.ERROR, message)

    def _run_ollama(self) -> None:
        try:
            wake = self._wakes["ollama"]
            while not self._stopping.is_set():
                wake.clear()
                self._look_for_sleep()
                self._read_log()
                turn_closed = self._turn_closed.is_set()
                self._turn_closed.clear()
                self._ollama.set_model(self._wanted_model)
                every_s = self._interval_s("ollama")
                self._update_facts(self._ollama.poll(time.time(), turn_closed, every_s))
                wait_s = self._ollama.due_in_s(time.time(), self._interval_s("ollama"))
                wake.wait(self._wait_s(min(wait_s, LOG_TICK_S) if self._log is not None else wait_s))
        finally:
            self._ollama.close()
            # After a failure the log is read on where it was.
            if self._log is not None and self._stopping.is_set():
                self._log.close()

    def _wait_s(self, due_in_s: float) -> float:
        """Until the next look at what is due, in seconds."""
        lively = self._busy or time.monotonic() - self._closed_at < JUST_ENDED_S
        return TICK_S if lively else max(due_in_s, 0.0)

    def _interval_s(self, name: str) -> float:
        """Between two requests to a service, in seconds."""
        if self.is_steady:
            return STEADY_INTERVAL_S
        if name == "v34":
            return BUSY_INTERVAL_S if self._busy else POLL_INTERVAL_S
        return PS_INTERVAL_S if name == "ollama" else SPEECH_INTERVAL_S

    @property
    def is_steady(self) -> bool:
        """Nobody has spoken for a while, and every service has answered: nobody waits for the next answer."""
        answering = all(self._states[name].condition is SourceCondition.OK for name in ("ollama", *self._asked_at))
        if not answering:
            self._wrong_at = time.monotonic()
        since = max(self._closed_at, self._wrong_at)
        return answering and not self._busy and time.monotonic() - since >= STEADY_AFTER_S

    def _look_for_sleep(self) -> None:
        if self._interruptions.look() is not None:
            self._wrong_at = time.monotonic()

    def _look_at_ports(self) -> None:
        """Who has stopped listening is asked now, and nobody is asked seldom until all have answered for a while."""
        closed = self._listening.closed() if self.is_steady else frozenset()
        if not closed:
            return
        self._wrong_at = time.monotonic()
        for name in closed & self._asked_at.keys():
            self._asked_at[name] = float("-inf")
        if "ollama" in closed:
            self._turn_closed.set()  # As behind a turn: asked a second later.
        self._wakes["ollama"].set()

    def _update_facts(self, polled: OllamaFacts) -> None:
        """Combine the polled facts with those of the server log."""
        version = polled.version or (self._parser.version if self._parser is not None else None)
        facts = self._facts
        settling = polled.reachable is False and self._interruptions.is_settling()
        reachable = None if settling else polled.reachable
        if (
            facts is not None
            and polled is self._polled
            and facts.served is self._served
            and (facts.version, facts.reachable) == (version, reachable)
        ):
            return
        self._polled = polled
        problem = self._urls.why_not("ollama", polled.problem) if polled.problem else ""
        self._facts = replace(polled, served=self._served, version=version, problem=problem, reachable=reachable)
        condition = {True: SourceCondition.OK, False: SourceCondition.DOWN, None: SourceCondition.WAITING}
        self._set("ollama", condition[polled.reachable], polled.problem, polled.since)
        self._notify()

    def _read_log(self) -> None:
        if self._parser is None:
            return
        if self._log is None:
            self._log = self._open_log()
        if self._log is None:
            return
        new = self._parser.feed(self._log.read())
        if new:
            self._served = (*self._served, *new)[-MAX_SERVED:]
        state = self._log.state
        self._states[LOG_NAME] = replace(state, dropped=state.dropped + sum(self._parser.unreadable.values()))

    def _run_services(self) -> None:
        asked_at, wake = self._asked_at, self._wakes["services"]
        try:
            while not self._stopping.is_set():
                wake.clear()
                self._look_for_sleep()
                self._look_at_ports()
                now = time.monotonic()
                # The longest overdue first: one whose answers cannot be read must not keep the others waiting.
                for name in sorted(asked_at, key=lambda name: asked_at[name] + self._interval_s(name)):
                    if now >= asked_at[name] + self._interval_s(name) and not self._stopping.is_set():
                        self._asked = name
                        asked_at[name] = now
                        self._poll_service(name)
                due = min(asked_at[name] + self._interval_s(name) for name in asked_at)
                wait_s = self._wait_s(due - time.monotonic())
                wake.wait(min(wait_s, LOOK_S) if self.is_steady else wait_s)
        finally:
            for client in (self._v34.http, *self._speech.values()):
                client.close()

    def _poll_service(self, name: str) -> None:
        if name == "v34":
            self._poll_v34()
        else:
            self._record_response(name, self._speech[name].request(SPEECH_PATHS[name]))

    def _poll_v34(self) -> None:
        response = self._v34.stats()
        turns = self._stats.read(response.body) if not response.problem else []
        # First: whoever sees that it has answered finds what it told.
        if turns:
            with self._lock:
                self._new_turns.extend(turns)
            self._notify()
        self._record_response("v34", response)

    def _record_response(self, name: str, response: HttpResponse) -> None:
        self._set(name, *service_condition(response))

    def _set(self, name: str, condition: SourceCondition, detail: str, since: float | None = None) -> None:
        if condition is SourceCondition.DOWN and self._interruptions.is_settling():
            condition, detail = SourceCondition.WAITING, SETTLING
        if condition is SourceCondition.DOWN:
            detail = self._urls.why_not(name, detail)
        if condition is not SourceCondition.OK:
            self._look_now()
        state = self._states[name]
        if state.condition is condition and state.detail == detail:
            return
        if since is None:
            since = state.since if state.condition is condition else time.time()
        self._states[name] = replace(state, condition=condition, detail=detail, since=since)
        self._notify()


def service_condition(response: HttpResponse) -> tuple[SourceCondition, str]:
    """Condition and detail of a service. Any response shows that it is running; a timeout shows that it is busy."""
    if response.timed_out:
        return SourceCondition.BUSY, "answers late"
    if response.status is None:
        return SourceCondition.DOWN, response.problem
    if response.status >= 500:
        return SourceCondition.ERROR, response.problem
    return SourceCondition.OK, ""
