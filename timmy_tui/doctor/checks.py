"""Reads everything that the dashboard depends on, changes nothing, and says of each thing what to do.

One table of checks. Each looks at one place and gives lines; a check that fails is a line, too.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from timmy_tui.analysis.llm.ollama_versions import Counts, parse_version, rule_for
from timmy_tui.core.errors import NotFound, SettingsError
from timmy_tui.core.formatting import percent
from timmy_tui.core.installation import Installation, find_installation
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings, config_dir, load_settings
from timmy_tui.doctor.files import Sample, file_lines, sample_logs
from timmy_tui.doctor.flags import flag_lines
from timmy_tui.doctor.result import FAIL, OK, WARN, DoctorLine
from timmy_tui.doctor.terminal import terminal_lines, tmux_lines
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.sources.services.http import Answer, HttpClient
from timmy_tui.sources.services.ollama import OllamaWatch, parse_duration
from timmy_tui.sources.services.urls import ModelConfig, ServiceUrls, model_config, resolve_urls
from timmy_tui.sources.services.v34 import V34Client


@dataclass
class Scene:
    """What is looked at."""

    settings: Settings
    settings_path: Path
    settings_error: str = ""
    installation: Installation | None = None
    missing: NotFound | None = None
    now: float = 0.0
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sample: Sample = field(default_factory=Sample)
    urls: ServiceUrls | None = None
    model: ModelConfig = ModelConfig()


Check = Callable[[Scene], Iterable[DoctorLine]]


def examine(root: Path | None, settings_path: Path | None, now: float) -> list[DoctorLine]:
    """Every line, in the order of the table. Never raises for what it finds."""
    scene = set_scene(root, settings_path, now)
    return [line for check in CHECKS for line in check(scene)]


def set_scene(root: Path | None, settings_path: Path | None, now: float) -> Scene:
    """Settings and installation, as far as there are any."""
    path = settings_path or config_dir() / "settings.toml"
    scene = Scene(Settings(), path, now=now)
    try:
        scene.settings = load_settings(settings_path)
    except SettingsError as error:
        scene.settings_error = error.message
    try:
        scene.installation = find_installation(scene.settings, root)
    except NotFound as error:
        scene.missing = error
    place = scene.installation.root if scene.installation is not None else None
    scene.urls = resolve_urls(scene.settings, place)
    scene.model = model_config(scene.settings, place)
    if scene.installation is not None:
        scene.sample = sample_logs(scene.installation, scene.settings)
    return scene


def _settings(scene: Scene) -> Iterator[DoctorLine]:
    if scene.settings_error:
        yield DoctorLine("settings", FAIL, scene.settings_error, "Correct it; until then the defaults hold.")
    elif scene.settings_path.exists():
        yield DoctorLine("settings", OK, f"{scene.settings_path}")
    else:
        yield DoctorLine("settings", OK, f"no file, the defaults hold; it would be {scene.settings_path}")


def _place(scene: Scene) -> Iterator[DoctorLine]:
    if scene.installation is not None:
        yield DoctorLine("timmy", OK, f"{scene.installation.root}")
    elif scene.missing is not None:
        yield DoctorLine("timmy", FAIL, scene.missing.message, scene.missing.hint)


def _files(scene: Scene) -> Iterable[DoctorLine]:
    if scene.installation is None:
        return ()
    return file_lines(scene.installation, scene.sample, scene.settings, scene.now)


def _clocks(scene: Scene) -> Iterator[DoctorLine]:
    if scene.installation is None:
        return
    offset = scene.sample.offset
    if offset is None:
        yield DoctorLine("clocks", WARN, "no turn yet with STT and v34 events: the two clocks cannot be compared")
    elif offset.stepped:
        yield DoctorLine(
            "clocks", WARN, f"a clock jumped within the newest {offset.turns} turns",
            "The hops to and from v34 are not durations there; in WSL: sudo hwclock -s",
        )  # fmt: skip
    elif offset.skewed:
        low, high = offset.low_ms or 0.0, offset.high_ms or 0.0
        near = low if low > 0 else high
        yield DoctorLine(
            "clocks", WARN, f"v34's clock is at least {abs(near):.0f}ms {'ahead of' if near > 0 else 'behind'} STT's",
            "The hops are hatched on the screen; in WSL: sudo hwclock -s",
        )  # fmt: skip
    else:
        yield DoctorLine("clocks", OK, f"STT's and v34's agree within what {offset.turns} turns can tell")
    newest = scene.sample.newest
    if newest is not None and newest - scene.now > 2:
        ahead = newest - scene.now
        yield DoctorLine(
            "clocks", WARN, f"the newest event lies {ahead:.0f}s in this machine's future", "Set the clock."
        )


def _ollama(scene: Scene) -> Iterator[DoctorLine]:
    assert scene.urls is not None
    watch = OllamaWatch(scene.urls.ollama, parse_duration(scene.model.keep_alive or "1h"), scene.model.model)
    try:
        facts = watch.step(scene.now)
    finally:
        watch.close()
    if not facts.reachable:
        yield DoctorLine(
            "ollama", FAIL, f"{facts.url}: {facts.problem}",
            "Start it, or name it: OLLAMA_API_URL in v34/config.py, or [services] ollama in the settings.",
        )  # fmt: skip
        return
    yield DoctorLine("ollama", OK, f"{facts.url} answers, version {facts.version}")
    yield from _version(facts)
    yield from _residency(facts, scene)


def _version(facts: OllamaFacts) -> Iterator[DoctorLine]:
    rule = rule_for(facts.version)
    if rule is None:
        text = f"{facts.version} is no release: its figures are read as those of 0.12.7 and later"
        yield DoctorLine("ollama", WARN, text, "timmy-tui probe shows what its figures mean.")
    elif not rule.timed:
        text = f"{facts.version} {rule.note}"
        yield DoctorLine("ollama", WARN, text, "Update to 0.12.7 or later, or follow its log: [paths] ollama_log.")
    elif rule.counts is Counts.MISSES:
        yield DoctorLine(
            "ollama", WARN, f"{facts.version} {rule.note}", "Reuse is not told; update, or follow its log."
        )
    else:
        ending = "" if rule.cached_key else ": prompt_eval_count says nothing of the cache"
        yield DoctorLine("ollama", OK, f"{facts.version} {rule.note}{ending}")
    if facts.version is not None and (parse_version(facts.version) or (9, 0, 0)) < (0, 1, 38):
        yield DoctorLine("ollama", WARN, "before 0.1.38 it does not say what is loaded")


def _residency(facts: OllamaFacts, scene: Scene) -> Iterator[DoctorLine]:
    wanted = scene.model
    if not facts.loaded:
        name = facts.model or "v34's model"
        yield DoctorLine("model", WARN, f"{name} is not loaded: the next turn waits for it", "timmy-tui warm")
        return
    window = f", num_ctx {facts.context_length}" if facts.context_length else ""
    yield DoctorLine("model", OK, f"{facts.model} {facts.parameters or ''} {facts.quantization or ''}{window}".strip())
    if facts.size and facts.size_vram is not None and facts.size_vram < 0.995 * facts.size:
        part = percent(facts.size_vram / facts.size)
        yield DoctorLine("model", WARN, f"only {part} of it is in GPU memory", "A smaller num_ctx or model would fit.")
    if wanted.num_ctx and facts.context_length and wanted.num_ctx != facts.context_length:
        text = f"loaded with num_ctx {facts.context_length}, v34 asks for {wanted.num_ctx}: its next turn reloads it"
        yield DoctorLine("model", WARN, text, "timmy-tui warm")


def _v34(scene: Scene) -> Iterator[DoctorLine]:
    assert scene.urls is not None
    client = V34Client(scene.urls.v34)
    try:
        answer = client.stats(5)
    finally:
        client.close()
    count = len(answer.body.get("stats") or ()) if isinstance(answer.body, dict) else 0
    said = f"answers, {count} newest entries of kv_stats" if not answer.problem else "answers, without kv_stats"
    yield _service("v34", scene.urls.shown("v34"), answer, said, "Start v34: python app.py --debug in v34/.")


def _speech(scene: Scene) -> Iterator[DoctorLine]:
    assert scene.urls is not None
    for name, url, path in (("tts", scene.urls.tts, "/health"), ("stt", scene.urls.stt, "/transcript")):
        wire = HttpClient(url)
        try:
            answer = wire.ask(path)
        finally:
            wire.close()
        provider = answer.body.get("provider") if isinstance(answer.body, dict) else None
        said = "answers" + (f", on {clean(provider, 20)}" if isinstance(provider, str) else "")
        yield _service(name, scene.urls.shown(name), answer, said, f"Start the {name.upper()} server on Windows.")


def _service(name: str, url: str, answer: Answer, said: str, hint: str) -> DoctorLine:
    if answer.late:
        return DoctorLine(name, WARN, f"{url} is busy: it took the question and answers late")
    if answer.status is None:
        return DoctorLine(name, FAIL, f"{url}: {answer.problem}", hint)
    if answer.status >= 500:
        return DoctorLine(name, WARN, f"{url}: {answer.problem}")
    return DoctorLine(name, OK, f"{url} {said}")


def _flags(scene: Scene) -> Iterable[DoctorLine]:
    if scene.installation is None:
        return ()
    return flag_lines(scene.installation, scene.sample.turns)


def _terminal(scene: Scene) -> Iterable[DoctorLine]:
    return (*terminal_lines(scene.environ), *tmux_lines(scene.environ))


CHECKS: Sequence[Check] = (_settings, _place, _files, _clocks, _ollama, _v34, _speech, _flags, _terminal)
