"""The application: snapshots in, one view out, keys to whoever does the work."""

import os
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.reactive import var
from textual.worker import Worker, WorkerState

from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings, config_dir
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.actions.requests import Requests
from timmy_tui.ui.actions.table import action_table
from timmy_tui.ui.actions.theme_choice import remembered_theme
from timmy_tui.ui.actions.trial import TrialActions
from timmy_tui.ui.commands import SCREENS, Command, footer_words, key_name, read_keymap, with_keys
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.messages import Asked, Backend, Noticed, SnapshotArrived
from timmy_tui.ui.paint.glyphs import choose_glyphs
from timmy_tui.ui.paint.themes import Palette, choose_theme, load_themes
from timmy_tui.ui.screens.registry import open_screen
from timmy_tui.ui.terminal import shutdown
from timmy_tui.ui.terminal.bell import Bell
from timmy_tui.ui.view import Notice, View

IDLE_S, BUSY_S = 1.0, 0.25
"""Between two ticks of the clocks on the screen."""
SETTLED = (ChangeState.IDLE, ChangeState.KEPT, ChangeState.ROLLED_BACK, ChangeState.NEEDS_ATTENTION)


class TimmyApp(App[None]):
    """The dashboard. Everything it shows is in ``view``; only this class writes it."""

    ENABLE_COMMAND_PALETTE = False
    DEFAULT_MODE = "live"
    MODES: ClassVar = {name: open_screen(name) for name in SCREENS}
    CSS = """
    Screen { background: $background; color: $foreground; }
    CommandPalette SearchIcon { display: none; }
    .-plain DataTable { scrollbar-size-vertical: 0; }
    .-plain CommandPalette * { border: none; scrollbar-size-vertical: 0; }
    """
    view: var[View] = var(View(), init=False)

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        clock: Callable[[], tuple[float, float]] = lambda: (time.time(), time.monotonic()),
    ) -> None:
        """``clock`` gives time.time() and time.monotonic()."""
        # Without colours the terminal's own two are kept; Textual would otherwise make greys of a theme's.
        no_colour = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if no_colour else None)
        self.settings = settings
        self.events: deque[Notice] = deque(maxlen=200)
        self.snapshot = Snapshot()
        self._clock_now = clock
        self._had_terminal = not shutdown.terminal_gone()
        why = backend.read_only or ("read-only by the settings" if settings.control.read_only else "")
        self.backend = replace(backend, read_only=why)
        keymap, problems = read_keymap(config_dir() / "keymap.toml")
        self.palettes: Mapping[str, Palette]
        self.palettes, theme_problems = load_themes()
        self.requests = Requests(self, self.backend)
        self.commands: Sequence[Command] = with_keys(keymap)
        self.set_keymap(keymap)
        self._actions = action_table(self, self.requests, TrialActions(self.requests, self, backend.source))
        self._bell = Bell(settings.view.bell)
        self._asked_to_quit = -10.0
        self.mouse = settings.view.mouse
        self._bind_commands(why)
        self._problems = [*problems, *theme_problems]
        footers = {name: footer_words(self.commands, name, self.requests.absent) for name in SCREENS}
        keys = {command.id: key_name(command.keys) for command in self.commands}
        glyphs = choose_glyphs(settings.view.ascii)
        self.set_class(glyphs.plain, "-plain")
        self.set_reactive(TimmyApp.view, View(glyphs=glyphs, footers=footers, keys=keys, read_only=why))

    def _bind_commands(self, read_only: str) -> None:
        for command in self.commands:
            if command.screens or not command.keys or (read_only and command.danger):
                continue
            self.bind(command.keys, f"do('{command.id}')", description=command.word, show=False)
        self.bind("escape", "back", show=False)

    # -- life

    def on_mount(self) -> None:
        """Colours first, then the clock, then the data."""
        for palette in self.palettes.values():
            self.register_theme(palette.theme)
        configured = self.settings.view.theme
        chosen = remembered_theme(configured)
        few = self.ansi_color or self.console.color_system in (None, "standard", "windows")
        theme, problem = choose_theme(
            chosen or configured, chosen is not None, few and not self.is_headless, self.palettes
        )
        self.use_theme(theme)
        self._forget_signals = shutdown.end_on_signals(self.exit)
        self._clock = self.set_interval(IDLE_S, self._tick)
        self._fast_clock = self.set_interval(BUSY_S, self._tick, pause=True)
        for trouble in filter(None, [*self._problems, problem]):
            self.say(trouble, "warn")
        # Behind the first frame: a source imports parsers and pandas, and would hold the interpreter before it.
        self.call_after_refresh(self.backend.source.start, self.publish)

    def on_unmount(self) -> None:
        """Stop the source before the loop ends, so that nothing publishes into a closed one."""
        self._forget_signals()
        self.backend.source.stop()

    def _tick(self) -> None:
        if self._had_terminal and shutdown.terminal_gone():
            shutdown.last_resort(1)
            self.exit()
            return
        self.renew()

    # -- the view

    def publish(self, snapshot: Snapshot) -> None:
        """Hand over a new picture, from any thread; only the newest that waits is looked at."""
        self.post_message(SnapshotArrived(snapshot))

    def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        """Take the newest picture."""
        self.snapshot = message.snapshot
        busy = self.snapshot.open_turn is not None or self._changing()
        (self._fast_clock.resume if busy else self._fast_clock.pause)()
        if self._bell.hear(self.snapshot, time.monotonic()):
            self.bell()
        self.renew()

    def _changing(self) -> bool:
        change = self.view.control.change if self.view.control else None
        return change is not None and change.state not in SETTLED

    def renew(self) -> None:
        """Make the view of now. While frozen, the picture and its clocks stand still."""
        backend = self.backend
        control = backend.control.state() if backend.control is not None else backend.control_state
        if self.view.newest is not None:
            self.view = replace(self.view, newest=self.snapshot, control=control)
            return
        now, tick = self._clock_now()
        kept = self.view.kept if self.snapshot is self.view.snapshot else {}
        self.view = replace(self.view, snapshot=self.snapshot, now=now, tick=tick, control=control, kept=kept)

    def say(self, text: str, role: str = "info") -> None:
        """A word in the status line, kept in the event log."""
        notice = Notice(self._clock_now()[0], clean(text), role)
        self.events.append(notice)
        self.view = replace(self.view, notice=notice)

    def on_noticed(self, message: Noticed) -> None:
        """The same from another thread."""
        self.say(message.notice.text, message.notice.role)

    def on_line_widget_failed(self, message: LineWidget.Failed) -> None:
        """A panel that cannot be drawn becomes a health line, once."""
        if message.fault.message not in {fault.message for fault in self.view.faults}:
            self.view = replace(self.view, faults=(*self.view.faults, message.fault))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Work that failed says so instead of ending in silence."""
        if event.state is WorkerState.ERROR:
            self.say(f"{event.worker.name}: {type(event.worker.error).__name__}: {event.worker.error}", "bad")

    def on_asked(self, message: Asked) -> None:
        """A screen asks for what is not its own to do."""
        self.requests.ask(message.request)

    @property
    def absent(self) -> Mapping[str, str]:
        """Command id → why it does not work here."""
        return self.requests.absent

    def run_task(self, task: Coroutine[Any, Any, None], name: str, group: str) -> None:
        """Run in the background; a failure becomes a word in the status line."""
        self.run_worker(task, name=name, group=group, exit_on_error=False)

    def report_mouse(self, on: bool) -> bool:
        """Turn mouse reporting on or off; returns what it is now."""
        from timmy_tui.ui.terminal.clipboard import set_mouse

        return set_mouse(self, on)

    def use_theme(self, name: str) -> None:
        """Paint in this theme from now on."""
        self.theme = name
        self.view = replace(self.view, styles=self.palettes[name].styles)

    # -- keys

    async def on_event(self, event: events.Event) -> None:
        """Any key stops the countdown to a rollback, and does nothing else."""
        change = self.view.control.change if self.view.control else None
        if isinstance(event, events.Key) and change is not None and change.countdown is not None:
            event.stop()
            self.requests.answer("stop", "stop waiting")
            return
        await super().on_event(event)

    def action_do(self, command: str) -> None:
        """Run a command of the table."""
        if not self.requests.refuses(command):
            self._actions[command]()

    async def action_back(self) -> None:
        """Escape closes what lies over the screen; it never quits."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_help_quit(self) -> None:
        """The second ctrl+c within two seconds quits."""
        if time.monotonic() - self._asked_to_quit < 2:
            self.exit()
        self._asked_to_quit = time.monotonic()
        self.say("press ctrl+c again to quit", "warn")
