"""The control panel's HTTP: every answer has status 200, so that only ``success`` says how it went."""

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from timmy_tui.control.errors import Refused
from timmy_tui.core.sanitize import clean

LIMIT = 64 << 10
"""Bytes of an answer."""
LOOK_S, START_S, STOP_S = 3.0, 10.0, 20.0


@dataclass(frozen=True)
class Panel:
    """One control panel. Asked for v34 alone; its stop_all and shutdown are never called."""

    url: str
    shown: str
    """The URL without a password."""

    def running(self) -> bool:
        """Whether the panel itself started a v34 that still runs. Raises Refused."""
        told = self._ask("GET", "/api/services", LOOK_S, None)
        service = told.get("v34")
        if not isinstance(service, dict) or not isinstance(service.get("running"), bool):
            raise Refused(f"The control panel at {self.shown} says nothing of v34.")
        return bool(service["running"])

    def stop(self, cancelled: threading.Event) -> None:
        """End v34. Raises Refused with the panel's own word."""
        self._order("stop", STOP_S, cancelled)

    def start(self, cancelled: threading.Event) -> None:
        """Start it; it serves some seconds later. Raises Refused."""
        self._order("start", START_S, cancelled)

    def _order(self, what: str, limit_s: float, cancelled: threading.Event) -> None:
        told = self._ask("POST", f"/api/{what}/v34", limit_s, cancelled)
        if told.get("success") is not True:
            error = told.get("error")
            why = clean(error, 120) if isinstance(error, str) and error else "no reason given"
            raise Refused(f"The control panel did not {what} v34: {why}.")

    def _ask(self, method: str, path: str, limit_s: float, cancelled: threading.Event | None) -> dict[str, Any]:
        """In a thread, so that the limit and the user's word hold against a server that trickles."""
        found: list[dict[str, Any] | str] = []
        done = threading.Event()

        def work() -> None:
            try:
                found.append(self._answer(method, path, limit_s))
            finally:
                done.set()

        threading.Thread(target=work, name="panel", daemon=True).start()
        waited = 0.0
        while not done.wait(0.05):
            waited += 0.05
            if cancelled is not None and cancelled.is_set():
                raise Refused("Not waited for.")
            if waited > limit_s:
                raise Refused(f"The control panel at {self.shown} does not answer within {limit_s:.0f} s.")
        answer = found[0] if found else "it ended without an answer"
        if isinstance(answer, str):
            raise Refused(f"The control panel at {self.shown}: {answer}.")
        return answer

    def _answer(self, method: str, path: str, limit_s: float) -> dict[str, Any] | str:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=limit_s)
        try:
            connection.request(method, parts.path.rstrip("/") + path, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read(LIMIT + 1)
        except TimeoutError:
            return "no answer in time"
        except (OSError, UnicodeError) as error:
            return clean(getattr(error, "strerror", None) or type(error).__name__, 80)
        except http.client.HTTPException as error:
            return f"not HTTP ({type(error).__name__})"
        finally:
            connection.close()
        if response.status != 200:
            return f"status {response.status}"
        if len(body) > LIMIT:
            return f"an answer of more than {LIMIT >> 10} KiB"
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return "not JSON"
        return told if isinstance(told, dict) else "not an object"
