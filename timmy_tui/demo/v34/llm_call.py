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
STATS = ("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration", "total_duration", "load_duration")

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
    """The six counts and durations (ns) of the last chunk, each of which may be None; empty without a last chunk."""


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
        "options": {"num_ctx": options.num_ctx, "temperature": temperature, "repeat_penalty": 1.2},
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
    _print_request(url, payload, print_line)
    pieces: list[str] = []
    done: Mapping[str, Any] | None = None
    try:
        for chunk in post(url, payload):
            # Upstream does not look for "error" in a chunk: the reply then ends without a last chunk.
            pieces.append(str(chunk.get("response") or ""))
            if chunk.get("done"):
                done = chunk
                break
    except LlmError as error:
        print_line(f"*** Debug: Generate API call failed: {error}")
        return LlmReply(CANNED_REPLY)
    return _finish("".join(pieces).strip(), done, print_line)


def _print_request(url: str, payload: Mapping[str, Any], print_line: PrintLine) -> None:
    prompt, context, options = str(payload["prompt"]), payload.get("context"), payload["options"]
    if context:
        print_line(f"*** Debug: [KV CACHE] Sending existing context to Ollama, length: {len(context)}")
    else:
        print_line("*** Debug: [KV CACHE] No existing context - this is first request in session")
    tokens = estimate_tokens(prompt, print_line)
    print_line(f"*** Debug: Calling generate API: {url}")
    print_line(
        f"*** Debug: Model={payload['model']}, num_ctx={options['num_ctx']}, keep_alive={payload['keep_alive']}, "
        f"session_id_set={bool(payload.get('session_id'))}"
    )
    print_line(f"*** Debug: Prompt size: {len(prompt)} chars, ~{tokens} tokens (estimate)")
    print_line(f"*** Debug: raw_mode={payload.get('raw')}, context_provided={'context' in payload}")


def _finish(text: str, done: Mapping[str, Any] | None, print_line: PrintLine) -> LlmReply:
    context: list[int] | None = None
    stats: dict[str, Any] = {}
    if done is not None:
        context = done.get("context")
        print_line(f"*** Debug: Ollama done chunk keys: {list(done)}")
        print_line(f"*** Debug: Ollama context field present: {'context' in done}")
        if "context" in done:
            print_line(f"*** Debug: Context type: {type(context)}, length: {len(context or [])}")
        stats = {name: done.get(name) for name in STATS}
    if text:
        print_line(f"*** Debug: AI Response: {text[:100]}...")
    else:
        print_line("*** Debug: Empty streamed response received")
    print_line(f"*** Debug: Returned context length: {len(context or [])}")
    print_line(f"*** Debug: Timings ms ~ {durations(stats)}")
    return LlmReply(text or CANNED_REPLY, context, stats)


def estimate_tokens(prompt: str, print_line: PrintLine) -> int:
    """Upstream's estimate of a prompt's tokens, 1.3 a word; it is printed each time that it is made."""
    words = len(prompt.split())
    print_line(f"*** Debug: Token estimation - Words: {words}, Estimated tokens: {int(words * 1.3)}")
    return int(words * 1.3)


def durations(stats: Mapping[str, Any]) -> str:
    """``load=… prompt_eval=… eval=… total=…`` in nanoseconds; ``None`` for a missing field."""
    names = ("load", "prompt_eval", "eval", "total")
    return " ".join(f"{name}={stats.get(name + '_duration')}" for name in names)
