"""Takes off what stands before a line of Ollama's server log when it comes through a journal, a container or a console.

journald (short, full, iso, unix), docker (timestamps, json-file), compose, Kubernetes, llama.cpp's own time and level,
PowerShell. What names a server is kept, because two of them count their tasks on their own.
"""

import re
from typing import Any, NamedTuple

from timmy_tui.core.foreign.decode import decode_json

ANSI = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_SYSLOG = r"[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d{1,9})?"
_FULL = r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? [A-Z0-9+-]{2,6}"
_UNIX = r"\d{9,11}\.\d{1,9}"
_MONOTONIC = r"\[ *\d{1,9}\.\d{1,9}\]"
_RAW = r"(?=slot |srv |que |res |main: )"

_PREFIXES = tuple(
    re.compile(prefix)
    for prefix in (
        # journald and syslog: time, host, then the program, which is one in brackets or a known one.
        rf"(?:<\d{{1,3}}>)?(?:(?P<at>{_ISO}|{_UNIX})|{_SYSLOG}|{_FULL}|{_MONOTONIC}) +(?:(?P<host>[\w.-]{{1,80}}) +)?"
        r"(?P<server>[\w.@/-]{1,80}\[\d{0,9}\]|ollama[\w.-]{0,40}|llama-server): ",
        # docker logs --timestamps; podman and Kubernetes with the stream's name behind it
        rf"(?P<at>{_ISO}) (?:std(?:out|err) [FP] )?",
        # docker compose; names are padded to one width
        r"(?P<server>[A-Za-z0-9][\w.-]{0,80}) {0,80}\| ?",
        # kubectl logs --prefix
        r"\[pod/(?P<server>[^\]\s]{1,200})\] ",
        # the port of one of several llama-servers
        r"\[(?P<server>\d{2,6})\] +(?=\d|[A-Z] |slot |srv )",
        # llama.cpp: time since the start, level, or one of them
        rf"\d{{1,6}}(?:\.\d{{1,3}}){{2,3}} +(?:[A-Z] +)?{_RAW}",
        rf"[DIWEVT] {_RAW}",
        # PowerShell names the program before its error output
        r"ollama(?:\.exe)? : ",
    )
)
MAX_PREFIXES = 6
"""A compose prefix, docker's time, a journal's prefix … one behind the other; more are no log line."""


class Prefixed(NamedTuple):
    """A line without its prefixes."""

    text: str
    server: str = ""
    """What names the server that wrote it: container, unit, process or port; empty where nothing does."""
    at: str | None = None
    """The time that the innermost prefix gives."""


def strip_prefixes(text: str) -> Prefixed:
    """The line itself. ``text`` may be coloured, or the JSON of docker's log files and of Ollama 0.1."""
    text = ANSI.sub("", text).lstrip("\ufeff")
    server, at = "", None
    for _ in range(MAX_PREFIXES):
        if text.startswith("{"):
            text, at = _from_json(text, at)
            continue
        found = next((match for prefix in _PREFIXES if (match := prefix.match(text)) is not None), None)
        if found is None:
            break
        named = found.groupdict()
        server += "".join(f"{named[key]} " for key in ("host", "server") if named.get(key))
        at = named.get("at") or at
        text = text[found.end() :]
    return Prefixed(text, server, at)


def _from_json(text: str, at: str | None) -> tuple[str, str | None]:
    """(the line, its time) of ``{"log": …, "time": …}``; of ``{"msg": …, "key": value}`` a line like those of 0.3."""
    decoded: Any = decode_json(text)
    line = decoded.get("log") if isinstance(decoded, dict) else None
    if isinstance(line, str):
        time = decoded.get("time")
        return ANSI.sub("", line).rstrip("\r\n"), time if isinstance(time, str) else at
    message = decoded.get("msg") if isinstance(decoded, dict) else None
    if isinstance(message, str):
        values = (f"{key}={value}" for key, value in decoded.items() if isinstance(value, int | float | str))
        return f"{message} | {' '.join(values)}", at
    return f"\x00{text}", at
