"""What several commands put together from the rooms; imported behind the first frame."""

from collections.abc import Callable
from pathlib import Path

from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.bootstrap.flags import flag_source
from timmy_tui.control.controller import Controller
from timmy_tui.control.journal.lock import control_dir
from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import Settings, state_dir
from timmy_tui.model.flags import KnownFlags
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.pipeline.conclusions import Conclusions
from timmy_tui.pipeline.live_source import LiveSource, follow, play
from timmy_tui.sources.services.poller import LiveServices
from timmy_tui.sources.services.urls import model_config
from timmy_tui.storage.learned_noise import session_noise
from timmy_tui.storage.recorder import Recorder
from timmy_tui.storage.trial_file import TrialFile


def make_analyst(
    settings: Settings | None = None,
    root: Path | None = None,
    trials: TrialFile | None = None,
    known_flags: Callable[[], KnownFlags] = KnownFlags,
) -> Conclusions:
    """Everything that is concluded from turns; v34's config says what the window is while nobody else does.

    ``known_flags``: the flags, and what journal and files tell of them; without it turns alone do.
    """
    config = model_config(settings or Settings(), root)
    return Conclusions(config.num_ctx, config.max_tokens, trials, known_flags)


def live_source(
    settings: Settings,
    installation: Installation,
    services: bool,
    record: bool,
    state: Path | None,
    tell: Callable[[str], None],
    watch: Callable[[Snapshot], None],
) -> LiveSource:
    """A real Timmy: both logs followed, services asked, conclusions drawn, turns remembered.

    ``state``: where the guided test is kept; None: there is none.
    """
    feeds, waker = follow(settings, installation)
    root = str(installation.root)
    kept = settings.history
    trials = TrialFile(control_dir(installation.root, state)) if state is not None else None
    analyst = make_analyst(settings, installation.root, trials, flag_source(settings, installation.root, state))
    recorder = (
        Recorder(state_dir() / "history.db", root, kept.days, kept.text, tell) if record and kept.enabled else None
    )
    source = LiveSource(
        settings,
        feeds,
        services=LiveServices(settings, installation.root, OllamaLogParser()) if services else None,
        analyst=analyst,
        waker=waker,
        line_root=installation.root if record else None,
        recorder=recorder,
        watch=watch,
    )
    if recorder is not None:
        recorder.learn = lambda history: teach(source, analyst, session_noise(history))
    return source


def teach(source: LiveSource, analyst: Conclusions, noise: SessionNoise) -> None:
    """Between two turns, in the thread that judges them."""
    source.pipeline.order(lambda track: analyst.learn(noise))


def make_control(
    settings: Settings,
    root: Path,
    state: Path | None,
    read_only: str,
    tell: Callable[[str, str], None],
    mark: Callable[[str, str], None],
) -> Controller:
    """The hands; ``open`` lets them look at flags, journal and restore points. ``state``: None is the user's folder."""
    return Controller(settings, root, state, read_only, tell, mark)


def replay_source(settings: Settings, files: tuple[Path, ...], speed: float | None) -> LiveSource:
    """Saved logs: nothing is asked and nothing remembered."""
    return LiveSource(settings, play(files, speed), analyst=make_analyst(settings), replayed=True)
