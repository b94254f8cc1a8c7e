"""v34's request to Ollama and what it prints about it."""

import http.client
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CANNED = "I appear to be having trouble speaking. How embarrassing."
TIMEOUT_S = 20.0
"""Upstream waits 120 s; a demo of a hanging server should not take that long."""

Say = Callable[[str], None]
Post = Callable[[str, Mapping[str, Any]], Iterable[Mapping[str, Any]]]


class LlmFailed(Exception):
    """The call did not bring an answer; the text is what the log shows."""


@dataclass(frozen=True)
class Answer:
    """A reply as v34 goes on with it."""

    text: str
    context: list[int] | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)
    """The done chunk; empty when the call failed."""


def build_payload(
    model: str, prompt: str, num_ctx: int, keep_alive: str, session_id: str, temperature: float
) -> dict[str, Any]:
    """The request without ``context`` and ``raw``."""
    return {
        "model": model,
        "prompt": prompt,
        "stream": True,
        "keep_alive": keep_alive,
        "session_id": session_id,
        "options": {"temperature": temperature, "num_ctx": num_ctx},
    }


def post_stream(url: str, payload: Mapping[str, Any]) -> Generator[Mapping[str, Any]]:
    """The chunks of a streamed answer. Raises LlmFailed with the words of the requests library."""
    parts = urlsplit(url)
    where = f"host='{parts.hostname}', port={parts.port}"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        try:
            connection.request("POST", parts.path, json.dumps(payload), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status >= 400:
                kind = "Client" if response.status < 500 else "Server"
                raise LlmFailed(f"{response.status} {kind} Error: {response.reason} for url: {url}")
            for line in response:
                if line.strip():
                    yield json.loads(line)
        except TimeoutError:
            raise LlmFailed(f"HTTPConnectionPool({where}): Read timed out. (read timeout={TIMEOUT_S:g})") from None
        except json.JSONDecodeError as error:
            raise LlmFailed(str(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise LlmFailed(f"HTTPConnectionPool({where}): Max retries exceeded ({error})") from None


def complete(url: str, payload: Mapping[str, Any], say: Say = print, post: Post = post_stream) -> Answer:
    """Ask and read the stream to its end, printing what upstream's debug mode prints. Never raises."""
    prompt, context = str(payload["prompt"]), payload.get("context")
    say(f"*** Debug: Calling generate API: {url}")
    options = payload["options"]
    say(
        f"*** Debug: Model={payload['model']}, num_ctx={options['num_ctx']}, keep_alive={payload['keep_alive']}, "
        f"session_id_set={bool(payload.get('session_id'))}"
    )
    say(f"*** Debug: Prompt size: {len(prompt)} chars, ~{len(prompt) // 5} tokens (estimate)")
    say(f"*** Debug: raw_mode={payload.get('raw')}, context_provided={bool(context)}")
    pieces: list[str] = []
    done: Mapping[str, Any] = {}
    try:
        for chunk in post(url, payload):
            if "error" in chunk:
                raise LlmFailed(str(chunk["error"]))
            pieces.append(str(chunk.get("response", "")))
            if chunk.get("done"):
                done = chunk
    except LlmFailed as failure:
        say(f"*** Debug: Generate API call failed: {failure}")
        return Answer(CANNED)
    return _finish("".join(pieces).strip(), done, say)


def _finish(text: str, done: Mapping[str, Any], say: Say) -> Answer:
    if done:
        say(f"*** Debug: Ollama done chunk keys: {list(done)}")
        say(f"*** Debug: Ollama context field present: {'context' in done}")
    if not text:
        say("*** Debug: Empty streamed response received")
        return Answer(CANNED)
    context = done.get("context")
    if context is not None:
        say(f"*** Debug: Context type: {type(context)}, length: {len(context)}")
    say(f"*** Debug: AI Response: {text[:100]}...")
    say(f"*** Debug: Returned context length: {len(context or [])}")
    say(f"*** Debug: Timings ms ~ {durations(done)}")
    return Answer(text, context, done)


def durations(done: Mapping[str, Any]) -> str:
    """``load=… prompt_eval=… eval=… total=…`` in nanoseconds; an absent field reads None."""
    names = ("load", "prompt_eval", "eval", "total")
    return " ".join(f"{name}={done.get(name + '_duration')}" for name in names)
