"""A stand-in for Ollama: a real HTTP server whose prefix cache, counts and durations follow the version it plays."""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from timmy_tui.demo.child_processes import follow_lifeline
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.ollama import facts
from timmy_tui.demo.ollama.engine import Engine, Order, Refused, Served
from timmy_tui.demo.ollama.facts import FOREVER_S, keep_alive_s, utc_now
from timmy_tui.demo.ollama.http import FAULTS, OllamaServer
from timmy_tui.demo.ollama.log import ServerLog

_QUEUED_S = 0.005
"""Less is not waiting but the machine."""
_DETOKENIZE_MS = 2.0
"""Between the total being stamped and the done chunk, where a context array is returned."""


class OllamaStandIn:
    """Start it, talk to ``url``, stop it. Also a context manager.

    ``speed`` shortens the waiting alone: the durations that it reports stay physical. ``requests`` is the truth.
    """

    def __init__(
        self,
        version: str = "0.12.11",
        seed: int = 0,
        speed: float = 1.0,
        log_path: Path | None = None,
        *,
        gpu_share: float = 1.0,
        debug: bool = True,
        listener: socket.socket | None = None,
    ) -> None:
        self.version = version
        self.speed = speed
        self.gpu_share = gpu_share
        """size_vram / size; below 1 a part of the model sits in main memory."""
        self.latencies = Latencies(seed)
        self.engine = Engine(version, self.latencies, seed)
        self.log = ServerLog(log_path, self.engine.rules, version, debug)
        self.stopping = threading.Event()
        self.expires = 0.0
        """time.time() at which the model is unloaded."""
        self._listener = listener
        self._server: OllamaServer | None = None
        self._thread: threading.Thread | None = None
        self._slot = threading.Lock()
        """OLLAMA_NUM_PARALLEL=1: one request at a time, the others wait unseen."""
        self._state = threading.Lock()
        self._faults: list[tuple[str, str]] = []

    @property
    def requests(self) -> list[Served]:
        """What really happened, request by request."""
        return self.engine.requests

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``; only while it runs."""
        if self._server is None:
            raise RuntimeError("the stand-in is not running")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> "OllamaStandIn":
        """Listen, in a thread."""
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
        """Stop listening; requests that hang are let go."""
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

    def fail(self, kind: str, times: int = 1, path: str = "") -> None:
        """Let the next ``times`` requests (to ``path``, or to any) fail in one of the ways of FAULTS."""
        if kind not in FAULTS:
            raise ValueError(f"unknown fault {kind!r}")
        with self._state:
            self._faults += [(kind, path)] * times

    def next_fault(self, path: str) -> str:
        """The fault that this request is due, or an empty string."""
        with self._state:
            for index, (kind, wanted) in enumerate(self._faults):
                if wanted in ("", path):
                    del self._faults[index]
                    return kind
        return ""

    def generate(self, request: dict[str, Any], quirk: str = "") -> Generator[dict[str, Any]]:
        """The chunks of an answer, each when it is due. Raises Refused before the first."""
        model = str(request.get("model", ""))
        facts.require_model(model)
        if not request.get("prompt"):
            return _alone(self._touch(request, model))
        return self._stream(request, model, quirk)

    def residents(self) -> dict[str, Any]:
        """/api/ps."""
        self._expire()
        return facts.residents(self.engine.rules, self.engine.loaded_ctx, self.expires, self.gpu_share)

    def _stream(self, request: dict[str, Any], model: str, quirk: str) -> Generator[dict[str, Any]]:
        """Check and queue now, so that a refusal comes as a status; generate lazily."""
        options = request.get("options") or {}
        context = request.get("context") or []
        order = Order(
            model=model,
            prompt=str(request["prompt"]),
            raw=bool(request.get("raw")),
            context=tuple(context),
            dressed=bool(request.get("system") or request.get("template")),
            num_ctx=int(options.get("num_ctx") or 0),
            num_predict=int(options.get("num_predict") or 0),
            truncate=request.get("truncate") is not False,
            quirk=quirk,
        )
        arrived = time.monotonic()
        self._slot.acquire()
        try:
            self._expire(busy=False)
            queued_s = time.monotonic() - arrived
            held = len(self.engine.slot)
            served = self.engine.serve(order, queued_s * 1000 * self.speed if queued_s > _QUEUED_S else 0.0)
        except Refused:
            self._slot.release()
            raise
        if order.context:
            self.log.deprecated()
        if served.loaded:
            self.log.loaded(self.engine.loaded_ctx, served.load_ms / 1000)
        self.log.served(served, self.engine.loaded_ctx, 0 if served.loaded else held)
        return self._chunks(served, request)

    def _chunks(self, served: Served, request: dict[str, Any]) -> Generator[dict[str, Any]]:
        try:
            due = time.monotonic() + (served.load_ms + served.prefill_ms) / 1000 / self.speed
            pieces = self.engine.tokenizer.pieces(served.reply)
            step = (served.decode_ms + served.other_ms) / 1000 / self.speed / (len(pieces) + 1)
            for piece in pieces:
                due += step
                self._wait(due)
                yield {"model": served.model, "created_at": utc_now(), "response": piece, "done": False}
            self._wait(due + step + (_DETOKENIZE_MS / 1000 / self.speed if served.context else 0.0))
            done = {"model": served.model, "created_at": utc_now(), "response": "", "done": True, "done_reason": "stop"}
            if served.context:
                done["context"] = list(served.context)
            yield {**done, **self.engine.report(served)}
        finally:
            self._keep(request.get("keep_alive"))
            self._slot.release()

    def _touch(self, request: dict[str, Any], model: str) -> dict[str, Any]:
        """An empty prompt loads the model, or unloads it with keep_alive 0."""
        with self._slot:
            keep = request.get("keep_alive")
            leaving = keep is not None and keep_alive_s(keep) == 0
            if not leaving:
                cold = self.engine.load(int((request.get("options") or {}).get("num_ctx") or 0))
                self._wait(time.monotonic() + cold / 1000 / self.speed)
            self._keep(keep)
        reason = "unload" if leaving else "load"
        return {"model": model, "created_at": utc_now(), "response": "", "done": True, "done_reason": reason}

    def _keep(self, keep_alive: object) -> None:
        seconds = 300.0 if keep_alive is None else keep_alive_s(keep_alive)
        self.expires = time.time() + (FOREVER_S if seconds < 0 else seconds)
        if seconds == 0:
            self.engine.unload()
            self.log.unloaded()

    def _expire(self, busy: bool | None = None) -> None:
        busy = self._slot.locked() if busy is None else busy
        if self.engine.loaded_ctx and time.time() > self.expires and not busy:
            self.engine.unload()
            self.log.unloaded()

    def _wait(self, due: float) -> None:
        self.stopping.wait(max(0.0, due - time.monotonic()))


def _alone(part: dict[str, Any]) -> Generator[dict[str, Any]]:
    yield part


def main() -> None:
    """Run in a process: ``python -m timmy_tui.demo.ollama.server '{"fd": 3, …}'``."""
    order = json.loads(sys.argv[1])
    follow_lifeline()
    listener = socket.socket(fileno=order["fd"]) if "fd" in order else None
    log_path = Path(order["log"]) if order.get("log") else None
    stand_in = OllamaStandIn(order["version"], order["seed"], order["speed"], log_path, listener=listener)
    if order.get("preload"):
        stand_in.engine.load(order["preload"])
        stand_in.expires = time.time() + 3600
    stand_in.start()
    print(stand_in.url, flush=True)
    stand_in.stopping.wait()
    os._exit(0)


if __name__ == "__main__":
    main()
