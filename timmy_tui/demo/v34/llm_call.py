"""v34's request to Ollama, and the lines that it prints about it."""

import http.client
import json
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CANNED_REPLY = "I appear to be having trouble speaking. How embarrassing."
"""What v34 says when the call fails or the response is empty."""
TIMEOUT_S = 20.0
"""Upstream waits 120 s, which is too long for a demo of a server that hangs."""

PrintLine = Callable[[str], None]
"""Writes one line of the debug log."""
Post = Callable[[str, Mapping[str, Any]], Iterable[Mapping[str, Any]]]
"""(URL, body) → the chunks of the response. Raises LlmError."""


class LlmError(Exception):
    """The call failed; the text is what the log shows."""


@dataclass(frozen=True)
class LlmReply:
    """The reply with which v34 goes on."""

    text: str
    context: list[int] | None = None
    stats: Mapping[str, Any] = field(default_factory=dict)
    """The last chunk of Ollama's response; empty when the call failed."""


@dataclass(frozen=True)
class ModelOptions:
    """The part of each request that comes from v34's config."""

    model: str
    num_ctx: int
    keep_alive: str
    session_id: str


def build_payload(options: ModelOptions, prompt: str, temperature: float) -> dict[str, Any]:
    """The body of /api/generate without ``context`` and ``raw``."""
    return {
        "model": options.model,
        "prompt": prompt,
        "stream": True,
        "keep_alive": options.keep_alive,
        "session_id": options.session_id,
        "options": {"temperature": temperature, "num_ctx": options.num_ctx},
    }


def post_stream(url: str, payload: Mapping[str, Any]) -> Generator[Mapping[str, Any]]:
    """The chunks of a streamed response. Raises LlmError with the messages of the requests library."""
    parts = urlsplit(url)
    address = f"host='{parts.hostname}', port={parts.port}"
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        try:
            connection.request("POST", parts.path, json.dumps(payload), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status >= 400:
                kind = "Client" if response.status < 500 else "Server"
                raise LlmError(f"{response.status} {kind} Error: {response.reason} for url: {url}")
            for line in response:
                if line.strip():
                    yield json.loads(line)
        except TimeoutError:
            raise LlmError(f"HTTPConnectionPool({address}): Read timed out. (read timeout={TIMEOUT_S:g})") from None
        except json.JSONDecodeError as error:
            raise LlmError(str(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise LlmError(f"HTTPConnectionPool({address}): Max retries exceeded ({error})") from None


def call_model(
    url: str, payload: Mapping[str, Any], print_line: PrintLine = print, post: Post = post_stream
) -> LlmReply:
    """Send the request, read the response to its end, and print what upstream's debug mode prints. Never raises."""
    prompt, context = str(payload["prompt"]), payload.get("context")
    print_line(f"*** Debug: Calling generate API: {url}")
    options = payload["options"]
    print_line(
        f"*** Debug: Model={payload['model']}, num_ctx={options['num_ctx']}, keep_alive={payload['keep_alive']}, "
        f"session_id_set={bool(payload.get('session_id'))}"
    )
    print_line(f"*** Debug: Prompt size: {len(prompt)} chars, ~{len(prompt) // 5} tokens (estimate)")
    print_line(f"*** Debug: raw_mode={payload.get('raw')}, context_provided={bool(context)}")
    pieces: list[str] = []
    done: Mapping[str, Any] = {}
    try:
        for chunk in post(url, payload):
            if "error" in chunk:
                raise LlmError(str(chunk["error"]))
            pieces.append(str(chunk.get("response", "")))
            if chunk.get("done"):
                done = chunk
    except LlmError as error:
        print_line(f"*** Debug: Generate API call failed: {error}")
        return LlmReply(CANNED_REPLY)
    return _finish("".join(pieces).strip(), done, print_line)


def _finish(text: str, done: Mapping[str, Any], print_line: PrintLine) -> LlmReply:
    if done:
        print_line(f"*** Debug: Ollama done chunk keys: {list(done)}")
        print_line(f"*** Debug: Ollama context field present: {'context' in done}")
    if not text:
        print_line("*** Debug: Empty streamed response received")
        return LlmReply(CANNED_REPLY)
    context = done.get("context")
    if context is not None:
        print_line(f"*** Debug: Context type: {type(context)}, length: {len(context)}")
    print_line(f"*** Debug: AI Response: {text[:100]}...")
    print_line(f"*** Debug: Returned context length: {len(context or [])}")
    print_line(f"*** Debug: Timings ms ~ {durations(done)}")
    return LlmReply(text, context, done)


def durations(done: Mapping[str, Any]) -> str:
    """``load=… prompt_eval=… eval=… total=…`` in nanoseconds; ``None`` for a missing field."""
    names = ("load", "prompt_eval", "eval", "total")
    return " ".join(f"{name}={done.get(name + '_duration')}" for name in names)
