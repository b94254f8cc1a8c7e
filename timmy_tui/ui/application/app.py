"""The application: takes snapshots, makes the view, and passes keys to actions."""

import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from textual import events
from textual.driver import Driver

from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.running.start_objects import end_start
from timmy_tui.core.settings import Settings, config_dir
from timmy_tui.model.change import ControlState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.report.status_line.line import line_values, pane_title
from timmy_tui.ui.actions import local
from timmy_tui.ui.actions.commands import CommandActions
from timmy_tui.ui.application.behind_first_frame import BehindFirstFrame
from timmy_tui.ui.application.bound_keys import BoundKeys
from timmy_tui.ui.application.config_files import EVERY_S
from timmy_tui.ui.application.config_reload import ConfigReload
from timmy_tui.ui.application.first_screen import FirstScreenApp
from timmy_tui.ui.application.interruption_notices import InterruptionNotices
from timmy_tui.ui.application.leaving import Leaving, is_changing
from timmy_tui.ui.application.remembering import Remembering
from timmy_tui.ui.application.session_record import SessionRecord
from timmy_tui.ui.application.snapshot_inbox import SnapshotInbox
from timmy_tui.ui.application.styles import STYLES
from timmy_tui.ui.key_commands import Command, read_keymap
from timmy_tui.ui.last_view import EVERY_S as REMEMBER_S
from timmy_tui.ui.last_view import Choices
from timmy_tui.ui.messages import Backend, LogOfSpan, LogReader, Requested, TurnHistory
from timmy_tui.ui.noticing_app import NoticingApp
from timmy_tui.ui.paint.glyphs import choose_glyphs, to_ascii
from timmy_tui.ui.paint.terminal_colours import settle_no_color, terminal_colours
from timmy_tui.ui.paint.themes import BEFORE_ANY
from timmy_tui.ui.terminal import shutdown
from timmy_tui.ui.terminal.bell import Bell, BellFor
from timmy_tui.ui.terminal.driver import StopsAndGoesOn, stops_and_goes_on
from timmy_tui.ui.terminal.resize import ResizeGate
from timmy_tui.ui.terminal.title import has_title
from timmy_tui.ui.themes_in_use import ThemesInUse
from timmy_tui.ui.view import View, alike

IDLE_S, BUSY_S = 1.0, 0.25
"""Seconds between two ticks of the clocks on the screen; the second while a turn or a change runs."""


class TimmyApp(FirstScreenApp, NoticingApp):
    """The dashboard. Everything it shows is in ``view``; what it is made of has a module each beside this one."""

    ENABLE_COMMAND_PALETTE = False
    CSS = STYLES
    on_terminal = False
    """It is drawn on a terminal, whose colours count; else for a picture or a test, which have all."""

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        clock: Callable[[], tuple[float, float]] = lambda: (time.time(), elapsed()),
    ) -> None:
        """``clock`` gives time.time() and ``elapsed()``."""
        settle_no_color(os.environ)
        # With NO_COLOR the terminal's own two colours stay; Textual would turn the theme's colours into greys.
        super().__init__(clock, ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.settings = settings
        self.snapshot = Snapshot()
        self._inbox = SnapshotInbox(self.post_message)
        self._interruptions = InterruptionNotices(self)
        self._lost_terminal = shutdown.watch_terminal()
        read_only = backend.read_only or ("read-only by the settings" if settings.control.read_only else "")
        self.backend = replace(backend, read_only=read_only, second=backend.second and not settings.control.read_only)
        self._config = ConfigReload(self, self.backend)
        keymap, self._problems = read_keymap(config_dir() / "keymap.toml")
        self.themes = ThemesInUse(self)
        self._behind = BehindFirstFrame(self)
        self._own_bindings = self._bindings.copy()
        self._actions = CommandActions(self, self.backend)
        self._bell = Bell(settings.view.bell)
        self._record = SessionRecord(clock()[0])
        self._leaving = Leaving(self)
        self.choices: Choices = {}
        self._remembering = Remembering(self, self.backend.last_view)
        self._log_wanted: tuple[Turn, str] | None = None
        self._resizes = ResizeGate(time.monotonic, self.set_timer, self.post_message)
        self.mouse = settings.view.mouse
        self._remove_signal_handlers: Callable[[], None] = lambda: None
        glyphs = choose_glyphs(settings.view.ascii)
        self.set_class(glyphs.plain, "-plain")
        self._keys = BoundKeys(keymap)
        self.set_reactive(TimmyApp.view, self._bind_keys(View(glyphs=glyphs, read_only=read_only)))

    def _bind_keys(self, view: View) -> View:
        """Bind the keys in place of those before; the view with their names."""
        self.set_keymap(dict(self._keys.keymap))
        self._bindings = self._own_bindings.copy()
        for command in self._keys.everywhere():
            self.bind(command.keys, f"do('{command.id}')", description=command.label, show=False)
        self.bind("escape", "back", show=False)
        return self._keys.named(replace(view, cached_lines={}), self.unavailable)

    # -- start and end

    def get_driver_class(self) -> type[Driver]:
        """The platform's, which can be stopped and continued by others too."""
        return stops_and_goes_on(super().get_driver_class())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our styles ask of every theme."""
        return dict(BEFORE_ANY)

    def on_load(self) -> None:
        """Colours first: the first screen's styles are read with them."""
        colours = terminal_colours(self.console.color_system, os.environ, self.on_terminal)
        self._problems += self.themes.begin(colours, self.settings.view.theme)

    def on_mount(self) -> None:
        """Then the clock, then the data."""
        self._remove_signal_handlers = shutdown.end_on_signals(self.exit)
        self._interruptions.begin()
        self._clock = self.set_interval(IDLE_S, self._tick)
        self._fast_clock = self.set_interval(BUSY_S, self._tick, pause=True)
        for warning in self._problems:
            self.say(warning, "warn")
        if self.backend.second:
            self.say(f"read-only: {self.backend.read_only}", "warn")
        self.app_resume_signal.subscribe(self, self._on_resumed)
        self.set_interval(EVERY_S, self._config.look)
        screen = self._remembering.restore()
        if screen:
            self.call_after_refresh(self.switch_mode, screen)
        self.set_interval(REMEMBER_S, self._remembering.write)
        # After the first frame: a source imports parsers and pandas, which would delay it.
        self.call_after_refresh(end_start)
        self.call_after_refresh(self.backend.source.start, self._inbox.put)

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
        self._interruptions.look()
        if self._inbox.waiting:
            self.on_snapshot_arrived()
        else:
            self.refresh_view()

    def stop_process(self) -> None:
        """Stop as a job of the shell and give the terminal back. Asked twice while a change runs, which stops too."""
        if self._leaving.may_stop():
            self.action_suspend_process()

    def _on_resumed(self, _: object) -> None:
        """After ``fg``: the terminal has forgotten the screen, of which otherwise only what changes is drawn."""
        self._interruptions.look()  # First: what was in flight before is drawn no more.
        self.mouse = self.report_mouse(self.mouse)
        self.refresh_view()
        self.screen.refresh(layout=True)
        self.refresh(layout=True)

    # -- what can be set up anew

    def use_keymap(self, keymap: Mapping[str, str]) -> None:
        """Bind the user's keys in place of those before."""
        self._keys = BoundKeys(keymap)
        self.view = self._bind_keys(self.view)

    def use_glyphs(self, ascii_wanted: bool) -> None:
        """Draw in these glyphs from now on."""
        glyphs = choose_glyphs(ascii_wanted)
        self.set_class(glyphs.plain, "-plain")
        self.view = replace(self.view, glyphs=glyphs, cached_lines={})

    def use_bell(self, wanted: BellFor) -> None:
        """Ring for this from now on; what there is already is not rung for."""
        self._bell = Bell(wanted)

    # -- the view

    def on_snapshot_arrived(self) -> None:
        """Take the newest snapshot."""
        self.snapshot = self._inbox.take()
        busy = self.snapshot.open_turn is not None or is_changing(self)
        (self._fast_clock.resume if busy else self._fast_clock.pause)()
        tick = elapsed()  # The clock of what has arrived: after a sleep the monotonic one is hours behind it.
        self._record.see(self.snapshot, tick)
        self._remembering.react(self._record.has_begun, self._control_state)
        if self._bell.should_ring(self.snapshot, tick):
            self.bell()
        self._show_title()
        self.refresh_view()
        self._actions.trial.react(self.snapshot)
        self._behind.begin()

    def _show_title(self) -> None:
        if self.settings.view.title and isinstance(self._driver, StopsAndGoesOn) and has_title():
            text = pane_title(line_values(self.snapshot))
            self._driver.show_title(to_ascii(text) if self.view.glyphs.plain else text)

    def refresh_view(self) -> None:
        """Make the present view. While frozen, the snapshot shown and its clocks stay."""
        control = self._control_state()
        if self.backend.second and control is not None and control.is_first:
            self._allow_changes()
        if self.view.live_snapshot is not None:
            self.view = replace(self.view, live_snapshot=self.snapshot, control=control)
            return
        now, tick = self._clock_now()
        keep = alike(self.view.snapshot, self.snapshot) and _flags(control) is _flags(self.view.control)
        cached = self.view.cached_lines if keep else {}
        self.view = replace(self.view, snapshot=self.snapshot, now=now, tick=tick, control=control, cached_lines=cached)

    def _control_state(self) -> ControlState | None:
        return self.backend.control.state() if self.backend.control is not None else self.backend.control_state

    def _allow_changes(self) -> None:
        """The dashboard that was first on this Timmy has ended."""
        self.backend = replace(self.backend, read_only="", second=False)
        self._actions = CommandActions(self, self.backend)
        self.view = self._bind_keys(replace(self.view, read_only=""))
        self.say("the other dashboard has ended: changes can be made here now")

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
    def commands(self) -> Sequence[Command]:
        """The table of commands, with the user's keys."""
        return self._keys.commands

    @property
    def farewell(self) -> Sequence[str]:
        """Lines to leave in the terminal when the dashboard has ended."""
        return self._leaving.farewell

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
        self._actions.ask(message.request)

    @property
    def unavailable(self) -> Mapping[str, str]:
        """Command id → why it does not work here."""
        return self._actions.requests.unavailable

    def run_task(self, task: Coroutine[Any, Any, None], name: str, group: str) -> None:
        """Run in the background; a failure becomes a notice."""
        self.run_worker(task, name=name, group=group, exit_on_error=False)

    def report_mouse(self, on: bool) -> bool:
        """Switch mouse reporting on or off; returns the present state."""
        from timmy_tui.ui.terminal.clipboard import set_mouse

        return set_mouse(self, on)

    def leave(self) -> None:
        """Quit, and leave a summary of this session in the terminal."""
        self._leaving.leave(self._record, self._control_state())

    # -- keys

    async def on_event(self, event: events.Event) -> None:
        """Any key cancels the countdown to a rollback, and does nothing else. Ctrl+Z stops, whatever is open.

        New sizes of the terminal pass one by one.
        """
        if isinstance(event, events.Resize) and not self._resizes.passes(event):
            event.stop()
            return
        if isinstance(event, events.Resize):
            self.pane = event.size
        change = self.view.control.change if self.view.control else None
        if isinstance(event, events.Key) and change is not None and change.countdown is not None:
            event.stop()
            self._actions.requests.answer("stop", "stop waiting")
            return
        if isinstance(event, events.Key) and event.key in self._keys.stop_keys:
            # Here, because a dialog keeps the keys of the application from it.
            event.stop()
            self.stop_process()
            return
        if isinstance(event, events.Key) and self._exit:
            event.stop()  # Typed behind the key that quits: what it would open gets no panels any more.
            return
        await super().on_event(event)

    @property
    def place(self) -> str:
        """The screen, or the overlay on top of it, as the table of commands names it."""
        return self.current_mode if len(self.screen_stack) == 1 else self.screen.name or ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A command does nothing on a screen for which its row does not name it."""
        works = self._keys.works(str(parameters[0]), self.place) if action == "do" else None
        if works is not None:
            return works
        return super().check_action(action, parameters)

    def action_do(self, command: str) -> None:
        """Run a command of the table."""
        self._actions.run(command)

    async def action_back(self) -> None:
        """Escape takes one step back; it never quits."""
        local.escape(self)

    def action_help_quit(self) -> None:
        """Quit on the second ctrl+c within two seconds."""
        self._leaving.quit_when_asked_twice()


def _flags(control: ControlState | None) -> object:
    return control.flags if control is not None else None
