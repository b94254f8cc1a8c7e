"""What happens on a key that changes something: ask for a plan, show it, do it on a second key, say how it went."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from timmy_tui.core.errors import TimmyError
from timmy_tui.ui.commands import COMMANDS
from timmy_tui.ui.host import Host
from timmy_tui.ui.messages import Control, LlmActions, Plan, SnapshotSource
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


class Requests:
    """Turns requests into work in the background, each confirmed where it is dangerous."""

    def __init__(
        self,
        host: Host,
        source: SnapshotSource,
        control: Control | None,
        llm: LlmActions | None,
        read_only: str,
    ) -> None:
        """What is None is absent; ``read_only`` says why nothing dangerous is done at all."""
        self._host, self._source, self._control, self._llm = host, source, control, llm
        self.absent = absent_commands(control is not None, llm is not None, read_only)

    def refuses(self, command: str) -> bool:
        """Say why a command does not work here, if it does not."""
        reason = self.absent.get(command)
        if reason is not None:
            self._host.say(f"{command.replace('_', ' ')}: {reason}", "warn")
        return reason is not None

    def ask(self, what: str, arguments: Mapping[str, Any]) -> None:
        """Do what a screen asks for: ``mark``, ``finding``, ``change`` or ``value``."""
        if what == "mark":
            self.mark(arguments["quality"], arguments.get("ordinal"))
        elif what == "finding":
            self.answer_finding(arguments["answer"], arguments.get("key"))
        elif what == "change":
            self.change("act", arguments["kind"], **arguments["values"])
        elif what == "value":
            self.set_value(arguments["key"])

    # -- control

    def change(self, command: str, kind: str, **arguments: Any) -> None:
        """Plan, show, and on the second key start a change."""
        if not self.refuses(command):
            self.work(command, self.changed(kind, arguments))

    async def changed(self, kind: str, arguments: Mapping[str, Any]) -> None:
        assert self._control is not None
        plan: Plan = await in_thread(self._control.plan, kind, arguments)
        if plan.refusal:
            self._host.say(f"{plan.label}: {plan.refusal}", "warn")
            return
        answer = await self.confirmed(plan.label, plan.preview, plan.other_word if plan.other else "")
        chosen = plan.other if answer == "other" else plan
        if answer and chosen is not None:
            self._host.say(await in_thread(self._control.start, chosen))

    def set_value(self, key: str) -> None:
        """Ask for the value of a flag that has no list of choices, then go on as with any flip."""
        if not self.refuses("act"):
            self.work("act", self._set_value(key))

    async def _set_value(self, key: str) -> None:
        control = self._host.view.control
        flag = next((f for f in control.flags if f.key == key), None) if control else None
        if flag is None:
            return
        text = await self._typed(flag.label, flag.file_value)
        if text is not None:
            await self.changed("flip", {"key": key, "value": text})

    def flip_tail_mode(self) -> None:
        """The other value than the file's."""
        control = self._host.view.control
        flag = next((f for f in control.flags if f.key == "tail-mode"), None) if control else None
        if flag is None and not self.refuses("tail_mode"):
            self._host.say("tail mode: the flag was not found in v34's configuration", "warn")
        elif flag is not None:
            self.change("tail_mode", "flip", key=flag.key, value="off" if flag.file_value == "on" else "on")

    def answer(self, command: str, choice: str) -> None:
        """Tell the running change what the user wants."""
        if self.refuses(command):
            return
        change = self._host.view.control.change if self._host.view.control else None
        if change is None or choice not in change.choices:
            self._host.say(f"{choice}: no running change asks for that", "warn")
            return
        assert self._control is not None
        self.work(command, self.said(self._control.answer, choice))

    # -- the model

    def probe(self) -> None:
        """The probe, confirmed; its lines go to the event log."""
        if not self.refuses("probe"):
            self.work("probe", self._probe())

    async def _probe(self) -> None:
        assert self._llm is not None
        if await self.confirmed("probe the prompt cache", PROBE):
            self._host.say("probing …")
            for text in await in_thread(self._llm.probe):
                self._host.say(text)
            self._host.say("probe done: e shows the answers", "good")

    def warm(self) -> None:
        """Load the model, confirmed."""
        if not self.refuses("warm"):
            self.work("warm", self._warm())

    async def _warm(self) -> None:
        assert self._llm is not None
        if await self.confirmed("load the model", WARM):
            self._host.say("loading the model …")
            self._host.say(await in_thread(self._llm.warm), "good")

    # -- judgement

    def mark(self, quality: str, ordinal: int | None = None) -> None:
        """Marker a turn, the newest unless said; the mark it has already is taken back."""
        turn = self._host.view.newest_turn
        chosen = ordinal if ordinal is not None else turn.ordinal if turn else None
        if chosen is None:
            self._host.say("there is no turn to mark yet", "warn")
            return
        had = self._host.view.marks.get(chosen) == quality
        word = f"turn {chosen}: mark {quality} taken back" if had else f"turn {chosen} marked {quality}"
        self.work("mark", self.said(self._source.mark, chosen, None if had else quality, word=word))

    def note(self, ordinal: int | None = None) -> None:
        """Ask for a note on a marked turn, the newest of them unless said."""
        marks = self._host.view.marks
        chosen = ordinal if ordinal is not None else max(marks, default=None)
        if chosen is None or chosen not in marks:
            self._host.say("a note goes on a mark: g or x first", "warn")
            return
        self.work("note", self._note(chosen))

    async def _note(self, ordinal: int) -> None:
        had = self._host.view.notes.get(ordinal, "")
        text = await self._typed(f"note on turn {ordinal}", had)
        if text is not None and text != had:
            word = f"turn {ordinal}: note {'kept' if text else 'taken away'}"
            await self.said(self._source.note, ordinal, text, word=word)

    def answer_finding(self, answer: str, key: str | None = None) -> None:
        """Accept, acknowledge or mute a finding, the newest unless said."""
        findings = self._host.view.findings
        chosen = key if key is not None else findings[0].key if findings else None
        if chosen is None:
            self._host.say("there is no finding", "muted")
            return
        word = {"accept": "accepted as the new usual", "acknowledge": "acknowledged", "mute": "muted"}[answer]
        self.work("finding", self.said(self._source.answer_finding, chosen, answer, word=f"{chosen} {word}"))

    # -- how

    async def _typed(self, heading: str, text: str) -> str | None:
        from timmy_tui.ui.screens.text_prompt import TextPrompt

        return await self._host.push_screen_wait(TextPrompt(heading, text))

    async def said(self, function: Callable[..., object], *arguments: object, word: str = "") -> None:
        answer = await in_thread(function, *arguments)
        self._host.say(word or str(answer))

    async def confirmed(self, title: str, lines: tuple[str, ...], other: str = "", go: str = "go ahead") -> str:
        from timmy_tui.ui.screens.confirm import ConfirmScreen

        asked = ConfirmScreen(title, lines, self._host.view.read_only, other, go)
        return await self._host.push_screen_wait(asked) or ""

    def work(self, name: str, task: Coroutine[Any, Any, None]) -> None:
        async def work() -> None:
            try:
                await task
            except TimmyError as error:
                self._host.say(f"{error.title}: {error.message} {error.hint}".strip(), "bad")

        self._host.run_task(work(), name, "requests")


def absent_commands(control: bool, llm: bool, read_only: str) -> dict[str, str]:
    """Command → why it does not work here."""
    absent: dict[str, str] = {}
    for command in COMMANDS:
        if command.danger and read_only:
            absent[command.id] = read_only
        elif command.needs == "control" and not control:
            absent[command.id] = "there is no running Timmy to change here"
        elif command.needs == "llm" and not llm:
            absent[command.id] = "there is no Ollama to ask here"
    return absent
