"""Actions of the keys that change something: plan, show the plan, do it on a second key, say the result."""

from collections.abc import Coroutine
from typing import Any

from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.user_requests import (
    AnswerFinding,
    ChangeRequest,
    Flip,
    MarkTurn,
    NoteTurn,
    PipelineRequest,
    Quality,
)
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import COMMANDS
from timmy_tui.ui.messages import ActionRequest, Backend, EnterValue, Plan
from timmy_tui.ui.threads import in_thread

PROBE = (
    "Asks Ollama the same short prompts several times, on the model that v34 uses.",
    "It uses the GPU for some seconds and takes the voice prompt's place in the cache:",
    "the next turn will be a cold one.",
)
WARM = (
    "Sends an empty prompt with v34's model, num_ctx and keep_alive, so that the model is loaded.",
    "Nothing is generated; a loaded model is only kept longer.",
)
WRITE_FILES = ("save", "export")
"""Commands that leave a file of what is on the screen."""


class Requests:
    """Carries out requests in the background; dangerous ones are confirmed first."""

    def __init__(self, host: Host, backend: Backend) -> None:
        self._host, self._source, self._control, self._llm = host, backend.source, backend.control, backend.llm
        self._refusal = backend.read_only if backend.looks_only else ""
        self.unavailable = unavailable_commands(backend)

    def refuses(self, command: str) -> bool:
        """True, with a notice that says why, when a command does not work here."""
        reason = self.unavailable.get(command)
        if reason is not None:
            label = next((one.label for one in COMMANDS if one.id == command), command.replace("_", " "))
            self._host.say(f"{label} does not work here: {reason}", "warn")
        return reason is not None

    def ask(self, request: ActionRequest) -> None:
        """Carry out the request of a screen."""
        match request:
            case MarkTurn():
                self.mark(request)
            case AnswerFinding():
                self.answer_finding(request)
            case EnterValue(key=key):
                self.enter_value(key)
            case _:
                self.change("act", request)

    # -- control

    def change(self, command: str, request: ChangeRequest) -> None:
        """Plan a change, show the plan, and start it on the second key."""
        if not self.refuses(command):
            self.run(command, self.plan_and_confirm(request))

    async def plan_and_confirm(self, request: ChangeRequest) -> None:
        assert self._control is not None
        plan: Plan = await in_thread(self._control.plan, request)
        if plan.refusal:
            self._host.say(f"{plan.label}: {plan.refusal}", "warn")
            return
        if plan.done:
            self._host.say(f"{plan.label}: {plan.done}")
            return
        answer = await self.confirm(plan.label, plan.preview, plan.other_word if plan.other else "")
        chosen = plan.other if answer == "other" else plan
        if answer and chosen is not None:
            self._host.say(await in_thread(self._control.start, chosen))

    def enter_value(self, key: str) -> None:
        """Ask for the value of a flag that has no list of choices, then plan the flip."""
        if not self.refuses("act"):
            self.run("act", self._enter_value(key))

    async def _enter_value(self, key: str) -> None:
        control = self._host.view.control
        flag = next((f for f in control.flags if f.key == key), None) if control else None
        if flag is None:
            return
        text = await self.ask_text(flag.label, flag.file_value)
        if text is not None:
            await self.plan_and_confirm(Flip(((key, text),)))

    def flip_tail_mode(self) -> None:
        """Flip tail mode: the opposite of the value that runs, or of that in the file where no turn shows it."""
        control = self._host.view.control
        flag = next((f for f in control.flags if f.key == "tail-mode"), None) if control else None
        if flag is None and not self.refuses("tail_mode"):
            self._host.say("tail mode: the flag was not found in v34's configuration", "warn")
        elif flag is not None:
            now = flag.running_value if flag.running_value in ("on", "off") else flag.file_value
            self.change("tail_mode", Flip(((flag.key, "off" if now == "on" else "on"),)))

    def answer(self, command: str, choice: str) -> None:
        """Give the user's answer to the running change."""
        if self.refuses(command):
            return
        change = self._host.view.control.change if self._host.view.control else None
        if change is None or choice not in change.choices:
            self._host.say(f"{choice}: no running change waits for this answer", "warn")
            return
        self.run(command, self._send_answer(choice))

    # -- the model

    def probe(self) -> None:
        """Run the probe after a confirmation; its results go to the event log."""
        if not self.refuses("probe"):
            self.run("probe", self._probe())

    async def _probe(self) -> None:
        assert self._llm is not None
        if await self.confirm("probe the prompt cache", PROBE):
            self._host.say("probing …")
            for text in await in_thread(self._llm.probe):
                self._host.say(text)
            self._host.say("probe done: e shows the answers", "good")

    def warm(self) -> None:
        """Load the model after a confirmation."""
        if not self.refuses("warm"):
            self.run("warm", self._warm())

    async def _warm(self) -> None:
        assert self._llm is not None
        if await self.confirm("load the model", WARM):
            self._host.say("loading the model …")
            self._host.say(await in_thread(self._llm.warm), "good")

    # -- judgement

    def mark_shown(self, quality: Quality) -> None:
        """Mark the turn under the live screen's cursor, else the newest."""
        view = self._host.view
        turn = (view.cursor_turn if self._host.current_mode == "live" else None) or view.newest_turn
        if turn is None:
            self._host.say("there is no turn to mark yet", "warn")
        else:
            self.mark(MarkTurn(turn.ordinal, quality))

    def mark(self, request: MarkTurn) -> None:
        """Mark a turn; the same mark again removes it."""
        name = self._host.view.turn_name(request.ordinal)
        message = f"{name} marked {request.quality}"
        if self._host.view.marks.get(request.ordinal) == request.quality:
            message = f"{name}: mark {request.quality} removed"
            request = MarkTurn(request.ordinal, None)
        self.run("mark", self._send(request, message))

    def note(self) -> None:
        """Ask for a note on the newest marked turn."""
        marked = max(self._host.view.marks, default=None)
        if marked is None:
            self._host.say(
                f"mark a turn first: {self._host.view.keys['good']} or {self._host.view.keys['bad']}", "warn"
            )
        else:
            self.run("note", self._note(marked))

    async def _note(self, ordinal: int) -> None:
        name = self._host.view.turn_name(ordinal)
        previous = self._host.view.notes.get(ordinal, "")
        text = await self.ask_text(f"note on {name}", previous)
        if text is not None and text != previous:
            message = f"{name}: note {'saved' if text else 'removed'}"
            await self._send(NoteTurn(ordinal, text), message)

    def accept_newest(self) -> None:
        """Accept the level of the finding that the screen speaks of; else of the newest."""
        view = self._host.view
        found = view.leading or next(iter(view.findings), None)
        if found is not None:
            self.answer_finding(AnswerFinding(found.key, "accept"))
        else:
            self._host.say("there is no finding", "muted")

    def answer_finding(self, request: AnswerFinding) -> None:
        """Accept, acknowledge or mute a finding."""
        words = {"accept": "accepted as the new usual level", "acknowledge": "acknowledged", "mute": "muted"}
        self.run("finding", self._send(request, f"{request.key} {words[request.answer]}"))

    # -- helpers

    async def ask_text(self, heading: str, text: str) -> str | None:
        from timmy_tui.ui.screens.text_prompt import TextPrompt

        return await self._host.push_screen_wait(TextPrompt(heading, text))

    async def _send(self, request: PipelineRequest, message: str) -> None:
        if self._refusal:
            raise ControlError(self._refusal)
        await in_thread(self._source.request, request)
        self._host.say(message)

    async def _send_answer(self, choice: str) -> None:
        assert self._control is not None
        self._host.say(await in_thread(self._control.answer, choice))

    async def confirm(self, title: str, lines: tuple[str, ...], other: str = "", go: str = "go ahead") -> str:
        from timmy_tui.ui.screens.confirm import ConfirmScreen

        dialog = ConfirmScreen(title, lines, self._host.view.read_only, other, go)
        return await self._host.push_screen_wait(dialog) or ""

    def run(self, name: str, task: Coroutine[Any, Any, None]) -> None:
        async def run_and_report() -> None:
            try:
                await task
            except TimmyError as error:
                self._host.say(f"{error.title}: {error.message} {error.hint}".strip(), "bad")

        self._host.run_task(run_and_report(), name, "requests")


def unavailable_commands(backend: Backend) -> dict[str, str]:
    """Command id → why it does not work here."""
    unavailable = dict(backend.lacking)
    for command in COMMANDS:
        writes = command.needs or command.id in WRITE_FILES
        if backend.read_only and (command.danger or command.needs == "control" or (backend.looks_only and writes)):
            unavailable[command.id] = backend.read_only
        elif command.needs == "control" and backend.control is None:
            unavailable[command.id] = "not connected to a running Timmy"
        elif command.needs == "llm" and backend.llm is None:
            unavailable[command.id] = "not connected to Ollama"
    return unavailable
