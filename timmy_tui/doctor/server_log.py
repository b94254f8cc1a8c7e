"""The check of Ollama's own log: whether it measures the reuse of prompts, and if not, which of the reasons it is."""

from collections.abc import Iterator
from pathlib import Path

from timmy_tui.analysis.llm.ollama_versions import parse_version
from timmy_tui.core.settings import Settings
from timmy_tui.doctor.result import FAIL, OK, WARN, DoctorLine
from timmy_tui.parse.ollama_log import TWO_SERVERS, OllamaLogParser
from timmy_tui.sources.files.content import problem_of
from timmy_tui.sources.files.end_of_file import end_lines
from timmy_tui.sources.services.server_log import NAME, end_of_journal, is_named, server_log_path

END_BYTES = 512 << 10
"""Of the log's end: some hundred requests."""
TALK = "Talk to Timmy once."
DEBUG = "Start Ollama with OLLAMA_DEBUG=1 (on Windows quit the tray app first)."
LLAMA_SERVER = (0, 30)
"""From this release on, cached tokens stand in the log at every level."""
FIRST_DEBUG = (0, 4)
"""From this release to LLAMA_SERVER they are debug lines."""


def server_log_lines(settings: Settings, root: Path) -> Iterator[DoctorLine]:
    """Ollama's own log is optional; if the settings name one, it must be readable, and tell something."""
    if not is_named(settings):
        text = "not followed: the reuse of the prompt cache is estimated unless Ollama reports it"
        yield DoctorLine(NAME, OK, text, "To measure it, set [paths] ollama_log (0.4–0.24 need OLLAMA_DEBUG=1).")
        return
    path = server_log_path(settings, root)
    if settings.paths.ollama_journal or path is None:
        place = "journalctl -u ollama"
        lines, problem = end_of_journal()
        if problem:
            yield DoctorLine(NAME, FAIL, problem, "Correct [paths] ollama_journal, or name a file: [paths] ollama_log.")
            return
    else:
        place, problem = str(path), problem_of(path)
        if problem:
            yield DoctorLine(NAME, FAIL, f"{place} {problem}", "Correct [paths] ollama_log.")
            return
        lines = list(end_lines(path, END_BYTES))
    parser = OllamaLogParser()
    served = parser.feed(lines)
    if served:
        yield DoctorLine(NAME, OK, f"{place}: {len(served)} requests with their cached tokens at its end")
    else:
        reason, advice = no_requests_because(parser, len(lines))
        yield DoctorLine(NAME, WARN, f"{place} {reason}", advice)
    if parser.unreadable:
        reasons = ", ".join(f"{count} with {reason}" for reason, count in parser.unreadable.most_common(3))
        advice = "Follow one server: [paths] ollama_log." if TWO_SERVERS in parser.unreadable else ""
        yield DoctorLine(NAME, WARN, f"requests that could not be used: {reasons}", advice)


def no_requests_because(parser: OllamaLogParser, lines: int) -> tuple[str, str]:
    """(why these lines hold no request with its cached tokens, what to do)."""
    if not lines:
        return "is empty", TALK
    if not parser.servers_own:
        return (
            f"holds no line of an Ollama server ({lines} lines read)",
            "Name the file that `ollama serve` writes; app.log and the logs of clients are others.",
        )
    version = parse_version(parser.version)
    if parser.unreadable:
        return "holds no request whose figures can be used", ""
    if version is not None and version[:2] < FIRST_DEBUG:
        return f"is of {parser.version}, which writes cached tokens only with OLLAMA_DEBUG=1", DEBUG
    if _is_llama_server(parser, version):
        return "holds no request that is complete yet", TALK
    if parser.debug:
        return "has debug lines, and no request yet", TALK
    if parser.debug is False:
        return "was written without OLLAMA_DEBUG=1, which cached tokens need up to 0.24", DEBUG
    if parser.generations:
        text = f"holds {parser.generations} requests without cached tokens, which 0.4–0.24 write as debug lines"
        return text, DEBUG
    return "holds no request yet", TALK


def _is_llama_server(parser: OllamaLogParser, version: tuple[int, int, int] | None) -> bool:
    kinds = ("launched", "prompt", "cached", "timing of", "similar", "restored")
    return any(kind in parser.facts for kind in kinds) or (version is not None and version[:2] >= LLAMA_SERVER)
