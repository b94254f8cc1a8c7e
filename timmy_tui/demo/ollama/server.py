"""A stand-in for Ollama: a real HTTP server with the prefix cache, counts and durations of a given version."""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama import responses
from timmy_tui.demo.ollama.engine import Engine, GenerateRequest, RequestRejected, ServedRequest
from timmy_tui.demo.ollama.http import FAULTS, OllamaServer
from timmy_tui.demo.ollama.log import ServerLog
from timmy_tui.demo.ollama.responses import FOREVER_S, keep_alive_s, utc_now
from timmy_tui.demo.parent_watchdog import start_parent_watchdog
from timmy_tui.demo.physics import Physics

_QUEUED_S = 0.005
"""A shorter wait comes from the machine, not from another request."""
_DETOKENIZE_MS = 2.0
"""With a context array: time between the end of total_duration and the last chunk."""


@dataclass(frozen=True)
class StandInOptions:
    """What is simulated."""

    version: str = "0.12.11"
    seed: int = 0
    speed: float = 1.0
    """Divides the real time that a response takes; the durations that it reports stay the same."""
    log_path: Path | None = None
    """The server log; None: not written."""
    gpu_share: float = 1.0
    """size_vram / size; below 1 a part of the model is in main memory."""
    physics: Physics = Physics()
    """How its GPU behaves."""
    debug: bool = True
    """As OLLAMA_DEBUG=1: debug lines in the server log."""


class OllamaStandIn:
    """Simulates Ollama at ``url`` between ``start`` and ``stop``; also a context manager.

    ``requests`` is the ground truth of every request.
    """

    def __init__(self, options: StandInOptions | None = None, listener: socket.socket | None = None) -> None:
        """``listener``: a socket that listens already; None: any free port."""
        self.options = options or StandInOptions()
        self.version = self.options.version
        self.engine = Engine(self.version, Latencies(self.options.seed), self.options.seed, self.options.physics)
        self.log = ServerLog(self.options.log_path, self.engine.rules, self.version, self.options.debug)
        self.stopping = threading.Event()
        """Set by ``stop``; requests that hang wait for it."""
        self.expires = 0.0
        """time.time() at which the model is unloaded."""
        self._listener = listener
        self._server: OllamaServer | None = None
        self._thread: threading.Thread | None = None
        self._slot = threading.Lock()
        """As OLLAMA_NUM_PARALLEL=1: one request at a time, while the others wait."""
        self._state = threading.Lock()
        self._faults: list[tuple[str, str]] = []

    @property
    def requests(self) -> list[ServedRequest]:
        """What really happened in each request."""
        return self.engine.requests

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``. Raises RuntimeError when it is not running."""
        if self._server is None:
            raise RuntimeError("the stand-in is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "OllamaStandIn":
        """Start serving in a thread."""
        server = OllamaServer(self)
        if self._listener is not None:
            server.socket.close()
            server.socket = self._listener
        else:
            server.server_bind()
        server.server_activate()
        server.server_address = server.socket.getsockname()
        self._server = server
        self.log.listening(server.server_address[1])
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="ollama stand-in", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, and end requests that hang."""
        self.stopping.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "OllamaStandIn":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def fail_next(self, kind: str, times: int = 1, path: str = "") -> None:
        """Make the next ``times`` requests to ``path`` (empty: to any path) fail in the way ``kind``.

        Raises ValueError if ``kind`` is not in FAULTS.
        """
        if kind not in FAULTS:
            raise ValueError(f"unknown fault {kind!r}")
        with self._state:
            self._faults += [(kind, path)] * times

    def take_fault(self, path: str) -> str:
        """Remove and return the fault for this request; empty: none."""
        with self._state:
            for index, (kind, fault_path) in enumerate(self._faults):
                if fault_path in ("", path):
                    del self._faults[index]
                    return kind
        return ""

    def generate(self, body: dict[str, Any], reply_fault: str = "") -> Generator[dict[str, Any]]:
        """The chunks of the response to /api/generate, each at its time. Raises RequestRejected before the first."""
        model = str(body.get("model", ""))
        responses.require_known_model(model)
        if not body.get("prompt"):
            return _single_chunk(self._load_or_unload(body, model))
        return self._start_generating(body, _parse(body, model, reply_fault))

    def ps_response(self) -> dict[str, Any]:
        """The response of /api/ps."""
        self._unload_if_expired(busy=self._slot.locked())
        return responses.ps_response(self.engine.rules, self.engine.loaded_ctx, self.expires, self.options.gpu_share)

    def _start_generating(self, body: dict[str, Any], request: GenerateRequest) -> Generator[dict[str, Any]]:
        """Wait for the slot and compute the reply now, so that a rejection becomes an HTTP status; stream it later."""
        arrived = time.monotonic()
        self._slot.acquire()
        try:
            self._unload_if_expired(busy=False)
            queued_s = time.monotonic() - arrived
            cached = len(self.engine.slot)
            queue_ms = queued_s * 1000 * self.options.speed if queued_s > _QUEUED_S else 0.0
            served = self.engine.serve(request, queue_ms)
        except RequestRejected:
            self._slot.release()
            raise
        if request.context:
            self.log.deprecated()
        if served.loaded:
            self.log.loaded(self.engine.loaded_ctx, served.load_ms / 1000)
        self.log.served(served, self.engine.loaded_ctx, 0 if served.loaded else cached)
        return self._chunks(served, body.get("keep_alive"))

    def _chunks(self, served: ServedRequest, keep_alive: object) -> Generator[dict[str, Any]]:
        speed = self.options.speed
        try:
            due = time.monotonic() + (served.load_ms + served.prefill_ms) / 1000 / speed
            pieces = self.engine.tokenizer.pieces(served.reply)
            step = (served.decode_ms + served.other_ms) / 1000 / speed / (len(pieces) + 1)
            for piece in pieces:
                due += step
                self._wait_until(due)
                yield {"model": served.model, "created_at": utc_now(), "response": piece, "done": False}
            self._wait_until(due + step + (_DETOKENIZE_MS / 1000 / speed if served.context else 0.0))
            done = {"model": served.model, "created_at": utc_now(), "response": "", "done": True, "done_reason": "stop"}
            if served.context:
                done["context"] = list(served.context)
            yield {**done, **self.engine.report(served)}
        finally:
            self._set_expiry(keep_alive)
            self._slot.release()

    def _load_or_unload(self, body: dict[str, Any], model: str) -> dict[str, Any]:
        """The response to an empty prompt, which loads the model, or unloads it when keep_alive is 0."""
        with self._slot:
            keep_alive = body.get("keep_alive")
            unload = keep_alive is not None and keep_alive_s(keep_alive) == 0
            if not unload:
                load_ms = self.engine.load(int((body.get("options") or {}).get("num_ctx") or 0))
                self._wait_until(time.monotonic() + load_ms / 1000 / self.options.speed)
            self._set_expiry(keep_alive)
        reason = "unload" if unload else "load"
        return {"model": model, "created_at": utc_now(), "response": "", "done": True, "done_reason": reason}

    def _set_expiry(self, keep_alive: object) -> None:
        seconds = 300.0 if keep_alive is None else keep_alive_s(keep_alive)
        self.expires = time.time() + (FOREVER_S if seconds < 0 else seconds)
        if seconds == 0:
            self.engine.unload()
            self.log.unloaded()

    def _unload_if_expired(self, busy: bool) -> None:
        if self.engine.loaded_ctx and time.time() > self.expires and not busy:
            self.engine.unload()
            self.log.unloaded()

    def _wait_until(self, due: float) -> None:
        self.stopping.wait(max(0.0, due - time.monotonic()))


def _parse(body: dict[str, Any], model: str, reply_fault: str) -> GenerateRequest:
    options = body.get("options") or {}
    return GenerateRequest(
        model=model,
        prompt=str(body["prompt"]),
        raw=bool(body.get("raw")),
        context=tuple(body.get("context") or []),
        has_template=bool(body.get("system") or body.get("template")),
        num_ctx=int(options.get("num_ctx") or 0),
        num_predict=int(options.get("num_predict") or 0),
        truncate=body.get("truncate") is not False,
        reply_fault=reply_fault,
    )


def _single_chunk(chunk: dict[str, Any]) -> Generator[dict[str, Any]]:
    yield chunk


def main() -> None:
    """Run as a process: ``python -m timmy_tui.demo.ollama.server '{"fd": 3, …}'``."""
    arguments = json.loads(sys.argv[1])
    start_parent_watchdog()
    listener = socket.socket(fileno=arguments["fd"]) if "fd" in arguments else None
    log_path = Path(arguments["log"]) if arguments.get("log") else None
    options = StandInOptions(arguments["version"], arguments["seed"], arguments["speed"], log_path)
    stand_in = OllamaStandIn(options, listener)
    if arguments.get("preload"):
        stand_in.engine.load(arguments["preload"])
        stand_in.expires = time.time() + 3600
    stand_in.start()
    print(stand_in.url, flush=True)
    stand_in.stopping.wait()
    os._exit(0)


if __name__ == "__main__":
    main()
