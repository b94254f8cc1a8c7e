"""Opens the dashboard: makes sources, pipeline, controller and app, and connects them."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from timmy_tui.bootstrap.deferred import DeferredController, DeferredLog, DeferredSource
from timmy_tui.bootstrap.startup import DashboardOptions, usable_state_folder, with_view_options
from timmy_tui.core.errors import ProgramFault
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.running.start_objects import begin_start, end_start
from timmy_tui.core.settings import Settings, config_dir, load_settings, state_dir
from timmy_tui.core.web_page import REASON, is_web_page
from timmy_tui.model.stages.system import watched
from timmy_tui.sources.timmy import Timmy

if TYPE_CHECKING:
    from timmy_tui.model.trend_history import TimeBuckets
    from timmy_tui.pipeline.live_source import LiveSource
    from timmy_tui.ui.application.app import TimmyApp
    from timmy_tui.ui.messages import Backend

if os.environ.get("TMUX") or os.environ.get("SSH_CONNECTION"):
    # Textual reads these when it is imported: fewer repaints, no animations.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_FPS", "15")
else:
    # The screen is drawn only after a change, so this limits the delay, not the rate: 4 ms instead of 17.
    os.environ.setdefault("TEXTUAL_FPS", "240")


VIEW = "view.json"
"""In the folder of this Timmy's journal: what the screen looked like when the dashboard was last open."""


def open_live(timmy: Timmy, options: DashboardOptions) -> None:
    """Run the dashboard on a Timmy, until the user quits."""
    begin_start()
    from timmy_tui.bootstrap.ollama_actions import OllamaActions
    from timmy_tui.model.user_requests import RememberRate
    from timmy_tui.ui.application.app import TimmyApp
    from timmy_tui.ui.last_view import LastViewFile
    from timmy_tui.ui.messages import Backend, Noticed
    from timmy_tui.ui.view import Notice

    def notify(message: str, role: str = "warn") -> None:
        app.post_message(Noticed(Notice(time.time(), clean(message), role)))

    def make() -> "LiveSource":
        from timmy_tui.bootstrap.wiring import SourceOptions, live_source
        from timmy_tui.control.controller import Controller

        if state_problem:
            return live_source(timmy, SourceOptions(services=services, export=not looks_only), notify)
        if reason_if_profile():
            only_read = SourceOptions(services=False, record=options.record, export=not looks_only)
            return live_source(timmy, only_read, notify)
        controller = Controller(timmy, never, notify, lambda kind, label: source.add_change_marker(kind, label))
        record = options.record
        trials = watched().is_built_in
        source_options = SourceOptions(services=services, record=record, export=not looks_only, trials=trials)
        source = live_source(timmy, source_options, notify, controller.observe)
        # From here on the controller adds markers for what it finds; before, there was no source to add them to.
        controller.open()
        controller_proxy.controller = controller
        return source

    state_problem, state = usable_state_folder(timmy.state)
    timmy = Timmy(with_view_options(timmy.settings, options), timmy.installation, state)
    services = not options.no_services and watched().is_built_in
    looks_only = is_web_page()
    never = reason_if_web_page() or ("--read-only" if options.read_only else state_problem) or reason_if_profile()
    second = "" if never else reason_if_second_dashboard(timmy)
    read_only = never or second
    controller_proxy = DeferredController()
    deferred = DeferredSource(make, refuse=read_only if looks_only else "")
    llm = None
    if services and not looks_only:
        llm = OllamaActions(timmy, lambda rate: deferred.request(RememberRate(rate)))
    past = turn_history(timmy) if options.record and not state_problem else None
    log = DeferredLog(deferred)
    backend = Backend(deferred, controller_proxy, llm, read_only, log=log, history=past, looks_only=looks_only)
    backend = replace(with_settings_file(backend, options), second=bool(second), lacking=lacking_commands())
    if not state_problem and not looks_only:
        first = not reason_if_second_dashboard(timmy)
        backend = replace(backend, last_view=LastViewFile(timmy.control_folder / VIEW, first, options.fresh))
    app = TimmyApp(timmy.settings, backend)
    try:
        run_app(app)
    finally:
        controller_proxy.close()


def run_app(app: "TimmyApp") -> None:
    """Run until the user quits; then what the dashboard leaves is printed, on the screen that was there before it.

    Raises ProgramFault when a fault ended it; the terminal is given back by then.
    """
    import shutil

    from timmy_tui.core.output import say_while_working
    from timmy_tui.ui.paint.lines import cut

    app.on_terminal = True
    try:
        app.run(mouse=app.settings.view.mouse)
    finally:
        end_start()
    if app.fault is not None:
        raise ProgramFault from app.fault
    width = shutil.get_terminal_size().columns
    for text in app.farewell:
        say_while_working(cut(text, width, "." if text.isascii() else "…"))


class StoredTurns:
    """The history's turns, opened for each question; what reads it is imported with the first one."""

    def __init__(self, timmy: Timmy) -> None:
        self._timmy = timmy

    def buckets(self, edges: Sequence[float]) -> "TimeBuckets":
        """See pipeline.turn_history.TurnHistory."""
        from timmy_tui.pipeline.turn_history import TurnHistory
        from timmy_tui.storage.history import History

        path, root = state_dir() / "history.db", self._timmy.key
        return TurnHistory(path, lambda: History(path, root)).buckets(edges)


def turn_history(timmy: Timmy) -> StoredTurns | None:
    """What the charts over days read; None where the settings keep no history."""
    return StoredTurns(timmy) if timmy.settings.history.enabled else None


def with_settings_file(backend: "Backend", options: DashboardOptions) -> "Backend":
    """The backend with the file that the settings are read from again; as it is where they are not the user's."""
    if options.settings_fixed:
        return backend

    def reload() -> Settings:
        return with_view_options(load_settings(options.settings_path), options)

    return replace(backend, settings_file=options.settings_path or config_dir() / "settings.toml", reload=reload)


def reason_if_second_dashboard(timmy: Timmy) -> str:
    """Why the dashboard is read-only when another one is open on the same Timmy; empty when none is."""
    from timmy_tui.control.journal.lock import dashboard_lock, other_dashboard

    owner = dashboard_lock(timmy.control_folder).owner()
    return other_dashboard(owner) if owner is not None else ""


def reason_if_web_page() -> str:
    """Why the dashboard is read-only as a web page: whoever reaches the port could change flags. Empty elsewhere."""
    return REASON if is_web_page() else ""


def reason_if_profile() -> str:
    """Why the dashboard is read-only on a system whose profile names nothing to change; empty on every other."""
    can_change = watched().is_built_in or watched().switch_file is not None
    return "" if can_change else f"{watched().title} is only read"


def lacking_commands() -> Mapping[str, str]:
    """Commands that work on Little Timmy alone → why they do not on the system that is watched."""
    system = watched()
    if system.is_built_in:
        return {}
    named = {
        "tail_mode": "tail mode", "restore_point": "restore points", "listen": "a speech server that could be paused",
        "guided": "guided tests", "test_flag": "guided tests",
    }  # fmt: skip
    lacking = {command: f"{system.title} has no {what} here" for command, what in named.items()}
    if system.switch_file is None or not system.switch_file.unit:
        lacking["restart"] = f"the profile of {system.title} names no unit to restart"
    return lacking


def open_replay(settings: Settings, files: Sequence[Path], speed: float | None) -> None:
    """Run the dashboard on saved logs; nothing can be changed. ``speed``: times real time; None: at once."""
    begin_start()
    from timmy_tui.ui.application.app import TimmyApp
    from timmy_tui.ui.messages import Backend

    def make() -> "LiveSource":
        from timmy_tui.bootstrap.wiring import replay_source

        return replay_source(settings, tuple(files), speed)

    deferred = DeferredSource(make)
    backend = Backend(deferred, read_only="a replay", log=DeferredLog(deferred))
    run_app(TimmyApp(settings, backend))
