"""The server log of the stand-in, worded as the version that it simulates."""

import threading
from datetime import UTC, datetime
from pathlib import Path

from timmy_tui.demo.ollama.engine import ServedRequest
from timmy_tui.demo.ollama.version_rules import VersionRules


class ServerLog:
    """Appends whole lines to one file, from any thread. Without a path nothing is written."""

    def __init__(self, path: Path | None, rules: VersionRules, version: str, debug: bool = True) -> None:
        self.path = path
        self.rules = rules
        self.version = version
        self.debug = debug
        """As OLLAMA_DEBUG=1, without which 0.4–0.24 write no cache lines."""
        self._lock = threading.Lock()

    def write(self, *lines: str) -> None:
        """Append lines."""
        if self.path is None or not lines:
            return
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)

    def slog(self, level: str, source: str, message: str, fields: str = "") -> None:
        """Write a line as Go's slog text handler does: time in RFC 3339 with milliseconds and the local offset."""
        if level == "DEBUG" and not self.debug:
            return
        stamp = datetime.now().astimezone().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        quoted = f'"{message}"' if " " in message else message
        self.write(f"time={stamp} level={level} source={source} msg={quoted}{' ' + fields if fields else ''}")

    def listening(self, port: int) -> None:
        """Write the line of the server's start."""
        self.slog("INFO", "routes.go:1524", f"Listening on 127.0.0.1:{port} (version {self.version})")

    def loaded(self, num_ctx: int, seconds: float) -> None:
        """Write the lines of a model load that a monitor reads."""
        if self.rules.log == "llama-server":
            self.slog("INFO", "llama_server.go:572", "starting llama-server", f'cmd="llama-server -c {num_ctx} -np 1"')
            self.slog("INFO", "llama_server.go:801", f"llama-server started in {seconds:.2f} seconds")
            return
        if self.rules.log == "slog":
            request = f'request="{{Operation:commit LoraPath:[] Parallel:1 BatchSize:512 KvSize:{num_ctx}}}"'
            self.slog("INFO", "runner.go:893", "load", request)
        self.write("load_tensors: offloaded 29/29 layers to GPU")
        self.slog("INFO", "server.go:1332", f"llama runner started in {seconds:.2f} seconds")

    def unloaded(self) -> None:
        """Write the lines of an unload, which every version writes only at debug level."""
        self.slog("DEBUG", "sched.go:333", "runner expired event received", "runner.name=llama3.2")
        self.slog("DEBUG", "server.go:1703", "stopping llama server")

    def deprecated(self) -> None:
        """Write the warning for a request with a context array, if the version has it."""
        if self.rules.deprecates_context:
            text = "the context field is deprecated and will be removed in a future version of Ollama"
            self.slog("WARN", "routes.go:440", text)

    def served(self, served: ServedRequest, num_ctx: int, cached: int) -> None:
        """Write the cache, truncation and timing lines of one request. ``cached``: tokens in the slot before it."""
        if served.truncated:
            self._truncated(served, num_ctx)
        if self.rules.log == "slog":
            fields = (
                f"id=0 cache={cached} prompt={served.prompt_tokens} used={served.reused} remaining={served.evaluated}"
            )
            self.slog("DEBUG", "cache.go:104", "loading cache slot", fields)
        elif self.rules.log == "cpp":
            self._cpp(served)
        else:
            self.write(*_llama_server(served, num_ctx))

    def access(self, status: int, seconds: float, method: str, path: str) -> None:
        """Write the access line of gin, the web framework, at the end of a request."""
        stamp = datetime.now().strftime("%Y/%m/%d - %H:%M:%S")
        method = f"{method:<8}"
        self.write(f'[GIN] {stamp} | {status} | {go_duration(seconds):>13} | {"127.0.0.1":>15} | {method} "{path}"')

    def _truncated(self, served: ServedRequest, num_ctx: int) -> None:
        if self.rules.log == "cpp":
            keep, left = 4, num_ctx - 4
            fields = f"n_ctx={num_ctx} n_erase={served.sent_tokens - served.prompt_tokens} n_keep={keep} n_left={left}"
            self.write(f"INFO [update_slots] input truncated | {fields} n_shift={left // 2}")
            return
        limit = served.prompt_tokens if self.rules.truncation == "half" else num_ctx
        keep = 5 if self.rules.truncation == "window" else 4
        fields = f"limit={limit} prompt={served.sent_tokens} keep={keep} new={served.prompt_tokens}"
        self.slog("WARN", "runner.go:129", "truncating input prompt", fields)

    def _cpp(self, served: ServedRequest) -> None:
        if not self.debug:
            return
        stamp = int(datetime.now(UTC).timestamp())
        suffix = f'slot_id=0 task_id={served.number} tid="140" timestamp={stamp}'
        self.write(
            f"DEBUG [update_slots] slot progression | ga_i=0 n_past={served.matched} n_past_se=0 "
            f"n_prompt_tokens_processed={served.prompt_tokens - served.matched} {suffix}",
            f"DEBUG [update_slots] kv cache rm [p0, end) | p0={served.reused} {suffix}",
        )


def _llama_server(served: ServedRequest, num_ctx: int) -> list[str]:
    task = served.number * 61
    head = f"id  0 | task {task} |"
    share = served.matched / served.prompt_tokens
    lines = []
    if share > 0.1:
        chosen = f"selected slot by LCP similarity, sim_best = {share:.3f} (> 0.100 thold), f_keep = {share:.3f}"
    else:
        chosen = "selected slot by LRU, t_last = -1"
    lines.append(f"slot get_availabl: id  0 | task -1 | {chosen}")
    if served.restored:
        lines.append("srv  get_availabl: prompt cache update took 29.91 ms")
    rate = served.evaluated / served.prefill_ms * 1000
    speed = served.output_tokens / served.decode_ms * 1000
    tokens = served.prompt_tokens + served.output_tokens
    lines += [
        f"slot launch_slot_: {head} processing task, is_child = 0",
        f"slot   operator(): {head} new prompt, n_ctx_slot = {num_ctx}, n_keep = 4, "
        f"task.n_tokens = {served.prompt_tokens}",
        f"slot   operator(): {head} cached n_tokens = {served.reused}, memory_seq_rm [{served.reused}, end)",
        f"slot print_timing: {head} prompt eval time = {served.prefill_ms:10.2f} ms / {served.evaluated:5d} tokens "
        f"({served.prefill_ms / served.evaluated:8.2f} ms per token, {rate:8.2f} tokens per second)",
        f"       eval time = {served.decode_ms:10.2f} ms / {served.output_tokens:5d} tokens "
        f"({served.decode_ms / served.output_tokens:8.2f} ms per token, {speed:8.2f} tokens per second)",
        f"      total time = {served.prefill_ms + served.decode_ms:10.2f} ms / {tokens:5d} tokens",
        f"slot      release: {head} stop processing: n_tokens = {tokens}, truncated = 0",
    ]
    return lines


def go_duration(seconds: float) -> str:
    """A duration as Go prints it: ``33.313µs``, ``15.2285ms``, ``2.10313825s``, ``1m4s``."""
    if seconds >= 60:
        return f"{int(seconds // 60)}m{int(seconds % 60)}s"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:.6f}".rstrip("0").rstrip(".") + unit
    return "0s"
