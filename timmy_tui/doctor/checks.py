"""Checks everything that the dashboard depends on, changes nothing, and says what to do.

CHECKS is the table of all checks. Each returns lines of output; a failed check is a line too.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, parse_version, rule_for
from timmy_tui.core.errors import NotFound, SettingsError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import ago, percent
from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.settings import Settings, config_dir, load_settings
from timmy_tui.doctor.addresses import address_lines
from timmy_tui.doctor.files import Sample, file_lines, sample_logs
from timmy_tui.doctor.flags import flag_lines
from timmy_tui.doctor.profile import profile_lines
from timmy_tui.doctor.result import FAIL, OK, WARN, DoctorLine
from timmy_tui.doctor.terminal import terminal_lines, tmux_lines
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.profiles.choice import chosen
from timmy_tui.sources.services.http import HttpClient, HttpResponse
from timmy_tui.sources.services.ollama import OllamaPoller, parse_duration
from timmy_tui.sources.services.urls import ServiceConfig
from timmy_tui.sources.services.v34 import V34Client


@dataclass
class CheckContext:
    """What the checks examine."""

    settings: Settings
    settings_path: Path
    settings_error: str = ""
    installation: Installation | None = None
    missing: NotFound | None = None
    now: float = 0.0
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sample: Sample = field(default_factory=Sample)
    services: ServiceConfig = field(default_factory=lambda: ServiceConfig(Settings(), None))


Check = Callable[[CheckContext], Iterable[DoctorLine]]


def run_checks(root: Path | None, settings_path: Path | None, now: float) -> list[DoctorLine]:
    """All lines, in the order of the table. ``now``: time.time(). Raises nothing for a wrong installation."""
    context = make_context(root, settings_path, now)
    if chosen() is not None:
        own = (_settings, lambda context: profile_lines(context.settings), _terminal)
        return [line for check in own for line in check(context)]
    return [line for check in CHECKS for line in check(context)]


def make_context(root: Path | None, settings_path: Path | None, now: float) -> CheckContext:
    """Settings, installation and the ends of the logs, as far as they exist."""
    path = settings_path or config_dir() / "settings.toml"
    context = CheckContext(Settings(), path, now=now)
    try:
        context.settings = load_settings(settings_path)
    except SettingsError as error:
        context.settings_error = error.message
    if chosen() is not None:
        return context
    try:
        context.installation = find_installation(context.settings, root)
    except NotFound as error:
        context.missing = error
    place = context.installation.root if context.installation is not None else None
    context.services = ServiceConfig(context.settings, place)
    if context.installation is not None:
        context.sample = sample_logs(context.installation, context.settings)
    return context


def _settings(context: CheckContext) -> Iterator[DoctorLine]:
    if context.settings_error:
        yield DoctorLine("settings", FAIL, context.settings_error, "Correct it. Until then the defaults are used.")
    elif context.settings_path.exists():
        yield DoctorLine("settings", OK, f"{context.settings_path}")
    else:
        yield DoctorLine(
            "settings", OK, f"no settings file, the defaults are used; its path would be {context.settings_path}"
        )


def _installation(context: CheckContext) -> Iterator[DoctorLine]:
    if context.installation is not None:
        yield DoctorLine("timmy", OK, f"{context.installation.root}")
    elif context.missing is not None:
        yield DoctorLine("timmy", FAIL, context.missing.message, context.missing.hint)


def _files(context: CheckContext) -> Iterable[DoctorLine]:
    if context.installation is None:
        return ()
    return file_lines(context.installation, context.sample, context.settings, context.now)


def _clocks(context: CheckContext) -> Iterator[DoctorLine]:
    if context.installation is None:
        return
    offset = context.sample.offset
    if offset is None:
        yield DoctorLine("clocks", WARN, "no turn yet with STT and v34 events: the two clocks cannot be compared")
    elif offset.stepped:
        yield DoctorLine(
            "clocks", WARN, f"a clock jumped within the newest {offset.turns} turns",
            "The network hops of these turns are not durations. In WSL: sudo hwclock -s",
        )  # fmt: skip
    elif offset.skewed:
        low, high = offset.low_ms or 0.0, offset.high_ms or 0.0
        offset_ms = low if low > 0 else high
        yield DoctorLine(
            "clocks", WARN,
            f"v34's clock is at least {abs(offset_ms):.0f}ms {'ahead of' if offset_ms > 0 else 'behind'} STT's",
            "The screen shows the network hops hatched. In WSL: sudo hwclock -s",
        )  # fmt: skip
    else:
        yield DoctorLine(
            "clocks", OK, f"no offset between the clocks of STT and v34 is visible in {offset.turns} turns"
        )
    newest = context.sample.newest
    if newest is not None and newest - context.now > 2:
        ahead = newest - context.now
        yield DoctorLine(
            "clocks", WARN, f"the newest event is {ahead:.0f}s in the future of this machine's clock", "Set the clock."
        )


def _addresses(context: CheckContext) -> Iterable[DoctorLine]:
    return address_lines(context.services.urls)


def _ollama(context: CheckContext) -> Iterator[DoctorLine]:
    model = context.services.model
    wanted = context.sample.model or model.model
    poller = OllamaPoller(context.services.urls.ollama, parse_duration(model.keep_alive or "1h"), wanted)
    try:
        facts = poller.poll(context.now)
    finally:
        poller.close()
    if not facts.reachable:
        yield DoctorLine(
            "ollama", FAIL, f"{facts.url}: {facts.problem}",
            "Start it, or set its URL: OLLAMA_API_URL in v34/config.py or [services] ollama in the settings.",
        )  # fmt: skip
        return
    yield DoctorLine("ollama", OK, f"{facts.url} answers, version {facts.version}")
    yield from _version(facts)
    yield from _residency(facts, context)


def _version(facts: OllamaFacts) -> Iterator[DoctorLine]:
    rule = rule_for(facts.version)
    if rule is None:
        text = f"{facts.version} is not a release; its figures are read like those of 0.12.7 and later"
        yield DoctorLine("ollama", WARN, text, "timmy-tui probe shows what its figures mean.")
    elif not rule.times_all_uncached:
        text = f"{facts.version} {rule.note}"
        yield DoctorLine("ollama", WARN, text, "Update to 0.12.7 or later, or follow its log: [paths] ollama_log.")
    elif rule.counts is PromptEvalCount.MISSES:
        yield DoctorLine(
            "ollama",
            WARN,
            f"{facts.version} {rule.note}",
            "It does not report the reuse. Update it, or follow its log.",
        )
    else:
        ending = "" if rule.reports_cached_tokens else ": prompt_eval_count says nothing about the cache"
        yield DoctorLine("ollama", OK, f"{facts.version} {rule.note}{ending}")
    if facts.version is not None and (parse_version(facts.version) or (9, 0, 0)) < (0, 1, 38):
        yield DoctorLine("ollama", WARN, "versions before 0.1.38 do not report the loaded model")


def _residency(facts: OllamaFacts, context: CheckContext) -> Iterator[DoctorLine]:
    configured = context.services.model
    if facts.cloud:
        yield DoctorLine("model", OK, f"{facts.model} runs in the cloud: nothing of it is loaded here")
        return
    if facts.model is None:
        text = "neither v34's config nor a Model= line of its log names the model"
        yield DoctorLine("model", WARN, text, "Its cache, window and memory are not known.")
        return
    if not facts.loaded:
        if facts.loaded is None:
            text = f"whether {facts.model} is loaded is not known"
        else:
            text = f"{facts.model} is not loaded: the next turn has to wait for the load"
        yield DoctorLine("model", WARN, text, "timmy-tui warm")
        return
    window = f", num_ctx {facts.context_length}" if facts.context_length else ""
    about = f"{facts.model} {facts.parameters or ''} {facts.quantization or ''}{window}".strip()
    yield DoctorLine("model", OK, f"{about}{_unloading(facts, context.now)}")
    if facts.gpu_share is not None and facts.gpu_share < 0.995:
        part = percent(facts.gpu_share)
        yield DoctorLine("model", WARN, f"only {part} of it is in GPU memory", "A smaller num_ctx or model would fit.")
    if configured.num_ctx and facts.context_length and configured.num_ctx != facts.context_length:
        windows = f"loaded with num_ctx {facts.context_length}, v34 asks for {configured.num_ctx}"
        text = f"{windows}: its next turn reloads the model"
        yield DoctorLine("model", WARN, text, "timmy-tui warm")


def _unloading(facts: OllamaFacts, now: float) -> str:
    """What keep_alive comes to: ``; unloads in 59m without a turn``. Empty when it is not reported."""
    if facts.expires is None:
        return ""
    if facts.expires == float("inf"):
        return "; stays loaded"
    return f"; unloads in {ago(facts.expires - now)} without a turn"


def _v34(context: CheckContext) -> Iterator[DoctorLine]:
    urls = context.services.urls
    client = V34Client(urls.v34)
    try:
        response = client.stats(5)
    finally:
        client.close()
    count = len(response.body.get("stats") or ()) if isinstance(response.body, dict) else 0
    text = f"answers, {count} newest entries of kv_stats" if not response.problem else "answers, without kv_stats"
    yield _service("v34", urls.masked_url("v34"), response, text, "Start v34: python app.py --debug in v34/.")


def _speech(context: CheckContext) -> Iterator[DoctorLine]:
    urls = context.services.urls
    for name, url, path in (("tts", urls.tts, "/health"), ("stt", urls.stt, "/transcript")):
        client = HttpClient(url)
        try:
            response = client.request(path)
        finally:
            client.close()
        provider = response.body.get("provider") if isinstance(response.body, dict) else None
        text = "answers" + (f", on {clean(provider, 20)}" if isinstance(provider, str) else "")
        yield _service(name, urls.masked_url(name), response, text, f"Start the {name.upper()} server on Windows.")


def _service(name: str, url: str, response: HttpResponse, text: str, hint: str) -> DoctorLine:
    if response.timed_out:
        return DoctorLine(name, WARN, f"{url} is busy: it accepted the request and answers late")
    if response.status is None:
        return DoctorLine(name, FAIL, f"{url}: {response.problem}", hint)
    if response.status >= 500:
        return DoctorLine(name, WARN, f"{url}: {response.problem}")
    return DoctorLine(name, OK, f"{url} {text}")


def _flags(context: CheckContext) -> Iterable[DoctorLine]:
    if context.installation is None:
        return ()
    return flag_lines(context.installation, context.sample.turns)


def _terminal(context: CheckContext) -> Iterable[DoctorLine]:
    return (*terminal_lines(context.environ), *tmux_lines(context.environ))


CHECKS: Sequence[Check] = (
    _settings,
    _installation,
    _files,
    _clocks,
    _addresses,
    _ollama,
    _v34,
    _speech,
    _flags,
    _terminal,
)
