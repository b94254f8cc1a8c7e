"""What is known of Ollama at one moment, for commands: from its server log, and from its read-only endpoints."""

from msgspec.structs import replace

from timmy_tui.model.llm import OllamaFacts
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.sources.services.server_log import end_of_server_log
from timmy_tui.sources.timmy import Timmy


def facts_of_log(timmy: Timmy) -> OllamaFacts | None:
    """The newest requests and the version in its server log; None where the settings name none, or nothing is there."""
    lines = end_of_server_log(timmy.settings, timmy.root)
    if not lines:
        return None
    parser = OllamaLogParser()
    served = tuple(parser.feed(lines))
    return OllamaFacts(url="", reachable=None, since=None, version=parser.version, served=served)


def ask_ollama(timmy: Timmy, now: float, running: str | None) -> OllamaFacts:
    """Version and v34's model, asked once, and what the server log tells. ``now``: time.time(). Takes up to 3 s.

    ``running``: the model that v34 uses by its debug log; None: what its config names.
    """
    from timmy_tui.sources.services.ollama import OllamaPoller, parse_duration

    model = timmy.services.model
    poller = OllamaPoller(timmy.services.urls.ollama, parse_duration(model.keep_alive or "1h"), running or model.model)
    try:
        facts = poller.poll(now)
    finally:
        poller.close()
    logged = facts_of_log(timmy)
    if logged is None:
        return facts
    return replace(facts, served=logged.served, version=facts.version or logged.version)
