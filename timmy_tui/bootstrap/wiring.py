"""What several commands put together from the rooms; imported behind the first frame."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.core.settings import Settings, state_dir
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.pipeline.conclusions import Conclusions
from timmy_tui.pipeline.live_source import LiveSource, follow, play
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.sources.services.poller import LiveServices
from timmy_tui.sources.services.urls import ModelConfig
from timmy_tui.sources.timmy import Timmy
from timmy_tui.storage.learned_noise import session_noise
from timmy_tui.storage.recorder import Recorder
from timmy_tui.storage.trial_file import TrialFile


@dataclass(frozen=True, kw_only=True)
class SourceParts:
    """What a live source has beside the two logs."""

    services: bool = True
    """Ollama, v34, STT and TTS are asked."""
    record: bool = False
    """Turns go into the history, the status line into tmux."""
    trials: bool = False
    """There is a guided test, kept in the control folder."""


def make_analyst(config: ModelConfig | None = None, trials: TrialFile | None = None) -> Conclusions:
    """Everything that is concluded from turns; v34's config says what the window is while nobody else does."""
    config = config or ModelConfig()
    return Conclusions(config.num_ctx, config.max_tokens, trials)


def live_source(
    timmy: Timmy,
    parts: SourceParts,
    tell: Callable[[str], None],
    watch: Callable[[Snapshot], None] | None = None,
) -> LiveSource:
    """A real Timmy: both logs followed, services asked, conclusions drawn, turns remembered.

    ``tell`` hears what a user should know; ``watch`` hears every snapshot beside the screen.
    """
    settings, root = timmy.settings, timmy.root
    feeds, waker = follow(settings, timmy.installation)
    analyst = make_analyst(timmy.services.model, TrialFile(timmy.control_folder) if parts.trials else None)
    kept = settings.history
    recorder = None
    if parts.record and kept.enabled:
        recorder = Recorder(state_dir() / "history.db", str(root), kept.days, kept.text, tell)
    services = LiveServices(timmy.services, OllamaLogParser()) if parts.services else None
    source = LiveSource(
        Pipeline(settings, feeds, services, analyst),
        waker=waker,
        recorder=recorder,
        watch=watch,
        line_root=root if parts.record else None,
    )
    if recorder is not None:
        recorder.learn = lambda history: teach(source, analyst, session_noise(history))
    return source


def teach(source: LiveSource, analyst: Conclusions, noise: SessionNoise) -> None:
    """Between two turns, in the thread that judges them."""
    source.pipeline.order(lambda builder: analyst.learn(noise))


def replay_source(settings: Settings, files: tuple[Path, ...], speed: float | None) -> LiveSource:
    """Saved logs: nothing is asked and nothing remembered."""
    return LiveSource(Pipeline(settings, play(files, speed), analyst=make_analyst(), replayed=True))
