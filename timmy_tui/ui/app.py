"""The application: takes snapshots, makes the view, and passes keys to actions."""

import os
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.driver import Driver
from textual.reactive import var
from textual.worker import Worker, WorkerState

from timmy_tui.core.errors import TimmyError
from timmy_tui.core.interruptions import InterruptionWatch, Kind, elapsed
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings, config_dir
from timmy_tui.model.change import ChangeState, ControlState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.report.line import line_values, pane_title
from timmy_tui.ui.actions import local
from timmy_tui.ui.actions.table import action_table
from timmy_tui.ui.actions.theme_choice import remembered_theme
from timmy_tui.ui.actions.trial import TrialActions
from timmy_tui.ui.actions.user_requests import Requests
from timmy_tui.ui.config_files import EVERY_S, LIVE, ConfigFiles, differences
from timmy_tui.ui.key_commands import (
    OVERLAYS,
    SCREENS,
    Command,
    footer_words,
    key_name,
    read_keymap,
    with_keys,
    works_on,
)
from timmy_tui.ui.last_view import EVERY_S as REMEMBER_S
from timmy_tui.ui.last_view import Choices
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.messages import (
    Backend,
    BeginFlagTest,
    LogOfSpan,
    LogReader,
    Noticed,
    Requested,
    SnapshotArrived,
    TurnHistory,
)
from timmy_tui.ui.paint.glyphs import choose_glyphs, to_ascii
from timmy_tui.ui.paint.terminal_colours import TerminalColours, settle_no_color, terminal_colours
from timmy_tui.ui.paint.theme_choice import fitting_theme, without_colours
from timmy_tui.ui.paint.themes import BEFORE_ANY, Palette, is_monochrome, load_themes
from timmy_tui.ui.remembering import SINCE_S, Remembering
from timmy_tui.ui.screens.table import open_screen
from timmy_tui.ui.session_record import SessionRecord
from timmy_tui.ui.terminal import shutdown
from timmy_tui.ui.terminal.bell import Bell
from timmy_tui.ui.terminal.driver import StopsAndGoesOn, stops_and_goes_on
from timmy_tui.ui.terminal.resize import ResizeGate
from timmy_tui.ui.terminal.title import has_title
from timmy_tui.ui.threads import in_thread
from timmy_tui.ui.view import Notice, View

IDLE_S, BUSY_S = 1.0, 0.25
"""Seconds between two ticks of the clocks on the screen; the second while a turn or a change runs."""
SETTLED = (ChangeState.IDLE, ChangeState.KEPT, ChangeState.ROLLED_BACK, ChangeState.NEEDS_ATTENTION)


class TimmyApp(App[None]):
    """The dashboard. Everything it shows is in ``view``; only this class writes it."""

    ENABLE_COMMAND_PALETTE = False
    DEFAULT_MODE = "live"
    MODES: ClassVar = {name: open_screen(name) for name in SCREENS}
    CSS = """
    Screen { background: $background; color: $foreground; }
    CommandPalette > .command-palette--help-text { text-style: not bold; }
    CommandPalette SearchIcon { display: none; }
    Input > .input--placeholder { color: $muted; }
    Input:ansi { color: $foreground; background: $background; }
    DataTable:ansi > .datatable--header { background: $background; color: $primary; }
    DataTable:nocolor > .datatable--cursor { text-style: reverse; }
    .-plain DataTable { scrollbar-size-vertical: 0; }
    .-plain CommandPalette * { border: none; scrollbar-size-vertical: 0; }
    """
    view: var[View] = var(View(), init=False)

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        clock: Callable[[], tuple[float, float]] = lambda: (time.time(), elapsed()),
    ) -> None:
        """``clock`` gives time.time() and ``elapsed()``."""
        settle_no_color(os.environ)
        # With NO_COLOR the terminal's own two colours stay; Textual would turn the theme's colours into greys.
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.settings = settings
        self.events: deque[Notice] = deque(maxlen=200)
        self.snapshot = self._newest = Snapshot()
        self._announced = False
        self._clock_now = clock
        self._interruptions = InterruptionWatch()
        self._lost_terminal = shutdown.watch_terminal()
        read_only = backend.read_only or ("read-only by the settings" if settings.control.read_only else "")
        self.backend = replace(backend, read_only=read_only, second=backend.second and not settings.control.read_only)
        self._config_files = ConfigFiles(backend.settings_file)
        self._settings_read = settings
        keymap, problems = read_keymap(config_dir() / "keymap.toml")
        self.palettes: Mapping[str, Palette]
        self.palettes, theme_problems = load_themes()
        self.requests = Requests(self, self.backend)
        self._own_bindings = self._bindings.copy()
        self.commands: Sequence[Command] = ()
        self.trial = TrialActions(self.requests, self, backend)
        self._actions = action_table(self, self.requests, self.trial)
        self._bell = Bell(settings.view.bell)
        self._record = SessionRecord(clock()[0])
        self.farewell: list[str] = []
        """Lines to leave in the terminal when the dashboard has ended."""
        self.choices: Choices = {}
        self._remembering = Remembering(self, self.backend.last_view)
        self._quit_asked_at = self._stop_asked_at = -10.0
        self._log_wanted: tuple[Turn, str] | None = None
        self._resizes = ResizeGate(time.monotonic, self.set_timer, self.post_message)
        self.fault: Exception | None = None
        """What ended the dashboard without being asked to."""
        self.mouse = settings.view.mouse
        self.colours = TerminalColours()
        self._problems = [*problems, *theme_problems]
        glyphs = choose_glyphs(settings.view.ascii)
        self.set_class(glyphs.plain, "-plain")
        view = View(glyphs=glyphs, read_only=read_only)
        self.set_reactive(TimmyApp.view, self._with_keymap(view, keymap))

    def _with_keymap(self, view: View, keymap: Mapping[str, str]) -> View:
        """Bind the user's keys in place of those before; the view with their names."""
        self._keymap = keymap
        self.commands = with_keys(keymap)
        self.set_keymap(keymap)
        self._by_id = {command.id: command for command in self.commands}
        self._stop_keys = set(self._by_id["suspend"].keys.split(","))
        self._bindings = self._own_bindings.copy()
        self._bind_commands()
        places, absent = (*SCREENS, *OVERLAYS), self.requests.unavailable
        footers = {place: footer_words(self.commands, place, absent) for place in places}
        keys = {command.id: key_name(command.keys) for command in self.commands}
        return replace(view, footers=footers, keys=keys, cached_lines={})

    def _bind_commands(self) -> None:
        for command in self.commands:
            if command.keys and not command.screens:
                self.bind(command.keys, f"do('{command.id}')", description=command.label, show=False)
        self.bind("escape", "back", show=False)

    # -- start and end

    def get_driver_class(self) -> type[Driver]:
        """The platform's, which can be stopped and continued by others too."""
        return stops_and_goes_on(super().get_driver_class())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our styles ask of every theme."""
        return dict(BEFORE_ANY)

    def on_mount(self) -> None:
        """Colours first, then the clock, then the data."""
        for palette in self.palettes.values():
            self.register_theme(palette.theme)
        self.colours = terminal_colours(self.console.color_system, os.environ, not self.is_headless)
        configured = self.settings.view.theme
        chosen = remembered_theme(configured, self.colours.few)
        theme, problem = chosen or "", ""
        if theme not in self.palettes:
            theme, problem = fitting_theme(theme or configured, self.colours, self.palettes)
        self.use_theme(theme)
        self._remove_signal_handlers = shutdown.end_on_signals(self.exit)
        self._interruptions = InterruptionWatch()  # Again: a slow start is no stop.
        self._clock = self.set_interval(IDLE_S, self._tick)
        self._fast_clock = self.set_interval(BUSY_S, self._tick, pause=True)
        for warning in filter(None, [*self._problems, problem]):
            self.say(warning, "warn")
        if self.backend.second:
            self.say(f"read-only: {self.backend.read_only}", "warn")
        self.app_resume_signal.subscribe(self, self._on_resumed)
        self.set_interval(EVERY_S, self._look_at_config)
        screen = self._remembering.restore()
        if screen:
            self.call_after_refresh(self.switch_mode, screen)
        self.set_interval(REMEMBER_S, self._remembering.write)
        # After the first frame: a source imports parsers and pandas, which would delay it.
        self.call_after_refresh(self.backend.source.start, self.publish)

    def _handle_exception(self, error: Exception) -> None:
        self.fault = self.fault or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """End. Textual's own would print the values of all variables, and these hold the conversation."""
        self._close_messages_no_wait()

    def on_unmount(self) -> None:
        """Stop the source before the loop ends, so that nothing publishes into a closed one."""
        self._remembering.write_last()
        self._remove_signal_handlers()
        self.backend.source.stop()

    def _tick(self) -> None:
        if self._lost_terminal():
            shutdown.force_exit_after(1)
            self.exit()
            return
        self._say_interruption()
        self.refresh_view()

    def _say_interruption(self) -> None:
        """One line after a sleep or a stop. Of what was in flight before nothing is known until the next snapshot."""
        found = self._interruptions.look()
        if found is None:
            return
        self.say(found.words, "warn" if found.kind is Kind.CLOCK else "info")
        if found.kind is not Kind.CLOCK and self.snapshot.open_turn is not None:
            self.snapshot = replace(self.snapshot, open_turn=None)

    def stop_process(self) -> None:
        """Stop as a job of the shell and give the terminal back. Asked twice while a change runs, which stops too."""
        if self._changing() and time.monotonic() - self._stop_asked_at > 2:
            self._stop_asked_at = time.monotonic()
            keys = self.view.keys["suspend"]
            self.say(f"a change is running and would stop too; press {keys} again to stop all the same", "warn")
            return
        self.action_suspend_process()

    def _on_resumed(self, _: object) -> None:
        """After ``fg``: the terminal has forgotten the screen, of which otherwise only what changes is drawn."""
        self.refresh_view()
        self.screen.refresh(layout=True)
        self.refresh(layout=True)

    # -- settings, keymap and themes that change meanwhile

    async def _look_at_config(self) -> None:
        changed = await in_thread(self._config_files.changed)
        if "themes" in changed:
            self._reload_themes()
        if "keymap" in changed:
            keymap, problems = read_keymap(config_dir() / "keymap.toml")
            self.view = self._with_keymap(self.view, keymap)
            self._say_reloaded("keymap.toml", problems)
        if "settings" in changed and self.backend.reload is not None:
            try:
                self._apply_settings(await in_thread(self.backend.reload))
            except TimmyError as error:
                self.say(f"settings, not read again: {error.message} {error.hint}".rstrip(), "bad")

    def _say_reloaded(self, name: str, problems: Sequence[str]) -> None:
        for problem in problems:
            self.say(problem, "warn")
        if not problems:
            self.say(f"{name} read again")

    def _reload_themes(self) -> None:
        self.palettes, problems = load_themes()
        for palette in self.palettes.values():
            self.register_theme(palette.theme)
        self.use_theme(self.theme if self.theme in self.palettes else next(iter(self.palettes)))
        self._watch_theme(self.theme)  # Of the same name, with other colours.
        self._say_reloaded("themes", problems)

    def _apply_settings(self, settings: Settings) -> None:
        """Apply what can be applied now, and say what cannot."""
        changed = list(differences(self._settings_read, settings))
        self._settings_read, view = settings, settings.view
        later = [name for name in changed if name not in LIVE]
        if "view.theme" in changed and view.theme not in self.palettes:
            self.say(fitting_theme(view.theme, self.colours, self.palettes)[1], "warn")
        elif "view.theme" in changed:
            self.use_theme(view.theme)
        if "view.ascii" in changed:
            glyphs = choose_glyphs(view.ascii)
            self.set_class(glyphs.plain, "-plain")
            self.view = replace(self.view, glyphs=glyphs, cached_lines={})
        if "view.bell" in changed:
            self._bell = Bell(view.bell)
        if "view.mouse" in changed:
            self.mouse = self.report_mouse(view.mouse)
        live = {"theme": view.theme, "ascii": view.ascii, "bell": view.bell, "mouse": view.mouse}
        self.settings = replace(self.settings, view=replace(self.settings.view, **live))
        if later:
            self.say(f"settings read again; from the next start on: {', '.join(later)}", "warn")
        elif changed:
            self.say("settings read again")

    # -- the view

    def publish(self, snapshot: Snapshot) -> None:
        """Hand over a new snapshot, from any thread. The newest one alone waits, however long the screen is held up."""
        self._newest = snapshot
        if not self._announced:
            self._announced = True
            if not self.post_message(SnapshotArrived()):
                self._announced = False

    def on_snapshot_arrived(self) -> None:
        """Take the newest snapshot."""
        # In this order: what is published in between is either taken now or announced again.
        self._announced = False
        self.snapshot = self._newest
        busy = self.snapshot.open_turn is not None or self._changing()
        (self._fast_clock.resume if busy else self._fast_clock.pause)()
        self._record.see(self.snapshot, time.monotonic())
        self._remembering.react(self._record.has_begun, self._control_state)
        if self._bell.should_ring(self.snapshot, time.monotonic()):
            self.bell()
        self._show_title()
        self.refresh_view()
        self.trial.react(self.snapshot)

    def _show_title(self) -> None:
        if self.settings.view.title and isinstance(self._driver, StopsAndGoesOn) and has_title():
            text = pane_title(line_values(self.snapshot))
            self._driver.show_title(to_ascii(text) if self.view.glyphs.plain else text)

    def _changing(self) -> bool:
        change = self.view.control.change if self.view.control else None
        return change is not None and change.state not in SETTLED

    def refresh_view(self) -> None:
        """Make the present view. While frozen, the snapshot shown and its clocks stay."""
        control = self._control_state()
        if self.backend.second and control is not None and control.is_first:
            self._allow_changes()
        if self.view.live_snapshot is not None:
            self.view = replace(self.view, live_snapshot=self.snapshot, control=control)
            return
        now, tick = self._clock_now()
        cached = self.view.cached_lines if self.snapshot is self.view.snapshot else {}
        self.view = replace(self.view, snapshot=self.snapshot, now=now, tick=tick, control=control, cached_lines=cached)

    def now(self) -> float:
        """time.time(), by the dashboard's clock."""
        return self._clock_now()[0]

    def _control_state(self) -> ControlState | None:
        return self.backend.control.state() if self.backend.control is not None else self.backend.control_state

    def _allow_changes(self) -> None:
        """The dashboard that was first on this Timmy has ended."""
        self.backend = replace(self.backend, read_only="", second=False)
        self.requests = Requests(self, self.backend)
        self.trial = TrialActions(self.requests, self, self.backend)
        self._actions = action_table(self, self.requests, self.trial)
        self.view = self._with_keymap(replace(self.view, read_only=""), self._keymap)
        self.say("the other dashboard has ended: changes can be made here now")

    def say(self, text: str, role: str = "info", lasts_s: float = 15.0) -> None:
        """Show a notice in the status line; the event log has it too."""
        notice = Notice(self._clock_now()[0], clean(text), role, lasts_s)
        self.events.append(notice)
        self.view = replace(self.view, notice=notice)

    def on_noticed(self, message: Noticed) -> None:
        """A notice from another thread."""
        self.say(message.notice.text, message.notice.role)

    def on_line_widget_failed(self, message: LineWidget.Failed) -> None:
        """A panel that cannot be drawn becomes a health line; the same error only once."""
        if message.fault.message not in {fault.message for fault in self.view.faults}:
            self.view = replace(self.view, faults=(*self.view.faults, message.fault))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed background task becomes a notice."""
        if event.state is WorkerState.ERROR:
            self.say(f"{event.worker.name}: {type(event.worker.error).__name__}: {event.worker.error}", "bad")

    def on_log_of_span(self, message: LogOfSpan) -> None:
        """Show the lines that a screen asks for."""
        self.show_log(message.turn, message.key)

    def show_log(self, turn: Turn, key: str = "") -> None:
        """Go to the log screen and show only the lines of a turn, or of one of its stages."""
        self._log_wanted = (turn, key)
        local.show(self, "log")

    def take_log_wanted(self) -> tuple[Turn, str] | None:
        """What ``show_log`` was called with, once."""
        wanted, self._log_wanted = self._log_wanted, None
        return wanted

    @property
    def log_reader(self) -> LogReader | None:
        """Both logs, page by page."""
        return self.backend.log

    @property
    def turn_history(self) -> TurnHistory | None:
        """The turns that outlive the logs."""
        return self.backend.history

    def on_requested(self, message: Requested) -> None:
        """Carry out the request of a screen."""
        if isinstance(message.request, BeginFlagTest):
            self.trial.begin_flag(message.request.key)
        else:
            self.requests.ask(message.request)

    @property
    def unavailable(self) -> Mapping[str, str]:
        """Command id → why it does not work here."""
        return self.requests.unavailable

    def run_task(self, task: Coroutine[Any, Any, None], name: str, group: str) -> None:
        """Run in the background; a failure becomes a notice."""
        self.run_worker(task, name=name, group=group, exit_on_error=False)

    def report_mouse(self, on: bool) -> bool:
        """Switch mouse reporting on or off; returns the present state."""
        from timmy_tui.ui.terminal.clipboard import set_mouse

        return set_mouse(self, on)

    def use_theme(self, name: str) -> None:
        """Use this theme from now on."""
        self.theme = name
        styles = self.palettes[name].styles
        if self.colours.none:
            styles = without_colours(styles)
        self.view = replace(self.view, styles=styles, monochrome=self.colours.none or is_monochrome(styles))

    def leave(self) -> None:
        """Quit, and leave a summary of this session in the terminal."""
        lines = self._record.lines(self._clock_now()[0], self._control_state())
        self.farewell = [to_ascii(text) for text in lines] if self.view.glyphs.plain else lines
        self.exit()

    # -- keys

    async def on_event(self, event: events.Event) -> None:
        """Any key cancels the countdown to a rollback, and does nothing else. Ctrl+Z stops, whatever is open.

        New sizes of the terminal pass one by one.
        """
        if isinstance(event, events.Resize) and not self._resizes.passes(event):
            event.stop()
            return
        change = self.view.control.change if self.view.control else None
        if isinstance(event, events.Key) and change is not None and change.countdown is not None:
            event.stop()
            self.requests.answer("stop", "stop waiting")
            return
        if isinstance(event, events.Key) and event.key in self._stop_keys:
            # Here, because a dialog keeps the keys of the application from it.
            event.stop()
            self.stop_process()
            return
        await super().on_event(event)

    @property
    def place(self) -> str:
        """The screen, or the overlay on top of it, as the table of commands names it."""
        return self.current_mode if len(self.screen_stack) == 1 else self.screen.name or ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command does nothing on a screen for which its row does not name it."""
        if action == "do" and (command := self._by_id.get(str(parameters[0]))) is not None and not command.screens:
            return works_on(command, self.place)
        return super().check_action(action, parameters)

    def action_do(self, command: str) -> None:
        """Run a command of the table."""
        if not self.requests.refuses(command):
            self._actions[command]()

    async def action_back(self) -> None:
        """Escape closes an overlay, or takes away what is said of the time before, or leaves the stage rows, or the
        turn under the cursor; it never quits."""
        notice = self.view.notice
        if len(self.screen_stack) == 1 and notice is not None and notice.lasts_s == SINCE_S:
            self.view = replace(self.view, notice=None)
        elif len(self.screen_stack) > 1:
            self.pop_screen()
        elif self.view.row:
            local.leave_rows(self)
        else:
            local.look_at(self, None)

    def action_help_quit(self) -> None:
        """Quit on the second ctrl+c within two seconds."""
        if time.monotonic() - self._quit_asked_at < 2:
            self.exit()
        self._quit_asked_at = time.monotonic()
        self.say("press ctrl+c again to quit", "warn")
