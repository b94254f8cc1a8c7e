"""The control panel's HTTP API. Every answer has status 200: only its field ``success`` says whether it worked."""

import http.client
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from timmy_tui.control.errors import Refused
from timmy_tui.core.foreign.decode import Unreadable, decode_json
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.running.threads import start_thread

ANSWER_LIMIT = 64 << 10
"""Most bytes of an answer."""
STATUS_S, START_S, STOP_S = 3.0, 10.0, 20.0
"""Longest wait for the answer to each request."""
POLL_S = 0.05


@dataclass(frozen=True)
class Panel:
    """One control panel. Only its requests for v34 are used, never stop_all or shutdown."""

    url: str
    shown: str
    """The URL without its password, for messages."""

    def running(self) -> bool:
        """Whether a v34 that the panel itself has started still runs. Raises Refused."""
        services = self._request("GET", "/api/services", STATUS_S, None)
        service = services.get("v34")
        if not isinstance(service, dict) or not isinstance(service.get("running"), bool):
            raise Refused(f"The control panel at {self.shown} says nothing of v34.")
        return bool(service["running"])

    def stop(self, cancelled: threading.Event) -> None:
        """End v34. Raises Refused with the reason that the panel gives."""
        self._command("stop", STOP_S, cancelled)

    def start(self, cancelled: threading.Event) -> None:
        """Start v34, which serves some seconds later. Raises Refused with the reason that the panel gives."""
        self._command("start", START_S, cancelled)

    def _command(self, verb: str, limit_s: float, cancelled: threading.Event) -> None:
        answer = self._request("POST", f"/api/{verb}/v34", limit_s, cancelled)
        if answer.get("success") is not True:
            error = answer.get("error")
            reason = clean(error, 120) if isinstance(error, str) and error else "no reason given"
            raise Refused(f"The control panel did not {verb} v34: {reason}.")

    def _request(self, method: str, path: str, limit_s: float, cancelled: threading.Event | None) -> dict[str, Any]:
        """The answer's JSON object. Raises Refused.

        The request runs in a thread: a server that sends one byte at a time never times out, and must not hold up the
        caller beyond ``limit_s`` or after ``cancelled``.
        """
        answers: list[dict[str, Any] | str] = []
        done = threading.Event()

        def work() -> None:
            try:
                answers.append(self._answer(method, path, limit_s))
            finally:
                done.set()

        start_thread("panel", work)
        waited_s = 0.0
        while not done.wait(POLL_S):
            waited_s += POLL_S
            if cancelled is not None and cancelled.is_set():
                raise Refused("Not waited for.")
            if waited_s > limit_s:
                raise Refused(f"The control panel at {self.shown} does not answer within {limit_s:.0f} s.")
        answer = answers[0] if answers else "it ended without an answer"
        if isinstance(answer, str):
            raise Refused(f"The control panel at {self.shown}: {answer}.")
        return answer

    def _answer(self, method: str, path: str, limit_s: float) -> dict[str, Any] | str:
        """The answer's JSON object, or why there is none."""
        parts = urlsplit(self.url)
        connection_class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connection_class(parts.hostname or "", parts.port, timeout=limit_s)
        try:
            connection.request(method, parts.path.rstrip("/") + path, headers={"Connection": "close"})
            response = connection.getresponse()
            body = response.read(ANSWER_LIMIT + 1)
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
        if len(body) > ANSWER_LIMIT:
            return f"an answer of more than {ANSWER_LIMIT >> 10} KiB"
        answer = decode_json(body)
        if isinstance(answer, Unreadable):
            return answer.reason
        return answer if isinstance(answer, dict) else "not an object"
