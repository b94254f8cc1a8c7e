"""Creates sources, pipelines and controllers, for the dashboard and for commands; imported behind the first frame."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from timmy_tui.analysis.compare.restart_noise import Computed
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.bootstrap.flags import flag_source
from timmy_tui.core.settings import Findings, Settings, state_dir
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.stages.system import watched
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.pipeline.live_source import LiveSource, follow_logs, play_logs
from timmy_tui.pipeline.observers import LateObserver, SnapshotObserver, StatusLineFile
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.pipeline.turn_analyzer import TurnAnalyzer
from timmy_tui.sources.services.poller import ServicePoller
from timmy_tui.sources.services.urls import ModelConfig
from timmy_tui.sources.timmy import Timmy
from timmy_tui.storage.learned_noise import session_noise
from timmy_tui.storage.learned_rates import RateFile
from timmy_tui.storage.recorder import Recorder
from timmy_tui.storage.trial_file import TrialFile

if TYPE_CHECKING:
    from timmy_tui.telemetry.told_turns import ToldTurns


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What a live source has beside the two logs."""

    services: bool = True
    """Ollama, v34, STT and TTS are asked over HTTP."""
    record: bool = False
    """Turns go into the history, the status line into tmux."""
    export: bool = False
    """Turns go to the systems that the settings name: OpenTelemetry, Prometheus."""
    trials: bool = False
    """There is a guided test, stored in the control folder."""


def make_analyzer(
    config: ModelConfig | None = None,
    trials: TrialFile | None = None,
    known_flags: Callable[[], KnownFlags] = KnownFlags,
    findings: Findings | None = None,
) -> TurnAnalyzer:
    """An analyzer. ``config``: v34's config, whose context window applies until Ollama or a log shows another.

    ``known_flags``: the flags, and what journal and files tell of them; without it only turns do. ``findings``: which
    of them are news, by default as the settings have it.
    """
    config = config or ModelConfig()
    return TurnAnalyzer(config.num_ctx, config.max_tokens, trials, known_flags, findings)


def live_source(
    timmy: Timmy,
    options: SourceOptions,
    notify: Callable[[str], None],
    on_snapshot: Callable[[Snapshot], None] | None = None,
) -> LiveSource:
    """The source for a real Timmy: logs followed, services asked, turns analyzed and recorded.

    ``notify`` gets messages for the user; ``on_snapshot`` gets every snapshot, beside the screen.
    """
    settings = timmy.settings
    feeds, waker = follow_logs(settings, timmy.installation)
    trials = TrialFile(timmy.control_folder, settings.trial) if options.trials else None
    analyzer = make_analyzer(timmy.services.model, trials, flag_source(timmy), settings.findings)
    history = settings.history
    recorder = None
    if options.record and history.enabled:
        recorder = Recorder(state_dir() / "history.db", timmy.key, history.days, history.text, notify)
        recorder.rates = RateFile(state_dir())
        analyzer.remember(recorder.rates.read())
    # They are Little Timmy's: of another system nobody is asked.
    asks = options.services and watched().is_built_in
    services = ServicePoller(timmy.services, OllamaLogParser()) if asks else None
    source = LiveSource(
        Pipeline(settings, feeds, services, analyzer),
        waker=waker,
        recorder=recorder,
        on_snapshot=on_snapshot,
        observers=snapshot_observers(timmy, options, notify),
    )
    if recorder is not None:
        computed: Computed = {}
        recorder.on_new_session = lambda history: set_session_noise(source, analyzer, session_noise(history, computed))
    return source


def snapshot_observers(
    timmy: Timmy, options: SourceOptions, notify: Callable[[str], None]
) -> tuple[SnapshotObserver, ...]:
    """Who gets the snapshots of a real Timmy beside screen and history: the status line, and the ways out.

    What the settings do not want is not imported, the rest behind the first snapshot.
    """
    settings, key, observers = timmy.settings, timmy.key, list[SnapshotObserver]()
    if options.record:
        observers.append(StatusLineFile(key))
    if options.export and settings.prometheus.port:
        observers.append(LateObserver(partial(_prometheus, timmy)))
    if options.export and settings.otel.enabled:
        observers.append(LateObserver(partial(_otlp, timmy, notify)))
    return tuple(observers)


def _prometheus(timmy: Timmy) -> SnapshotObserver:
    from timmy_tui.telemetry.prometheus.observer import PrometheusServer

    return PrometheusServer(timmy.settings.prometheus.port, told_turns(timmy, "prometheus"), timmy.key)


def _otlp(timmy: Timmy, notify: Callable[[str], None]) -> SnapshotObserver:
    from timmy_tui.telemetry.otlp import OtlpExporter, OtlpOptions

    otel = timmy.settings.otel
    options = OtlpOptions(otel.endpoint, otel.traces, otel.metrics, otel.text)
    return OtlpExporter(options, told_turns(timmy, "otel"), timmy.key, notify)


def told_turns(timmy: Timmy, system: str) -> "ToldTurns":
    """Which turns that system has; for this run only where there is no folder for it."""
    from timmy_tui.telemetry.told_turns import THIS_RUN_ONLY, ToldTurns

    try:
        return ToldTurns(timmy.control_folder / f"{system}.turns")
    except OSError as error:
        told = ToldTurns(None)
        told.problem = f"{THIS_RUN_ONLY}: {error.strerror}"
        return told


def set_session_noise(source: LiveSource, analyzer: TurnAnalyzer, noise: SessionNoise) -> None:
    """Give the analyzer what was learned from the history: between two turns, in the thread that judges them."""
    source.pipeline.submit(lambda builder: analyzer.learn(noise))


def replay_source(settings: Settings, files: tuple[Path, ...], speed: float | None) -> LiveSource:
    """The source for saved logs; asks no service, records nothing. ``speed``: times real time; None: at once."""
    analyzer = make_analyzer(findings=settings.findings)
    return LiveSource(Pipeline(settings, play_logs(files, speed), analyzer=analyzer, replayed=True))
