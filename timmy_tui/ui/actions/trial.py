"""The guided test on the screen: one key for every next step, and what happens when it stops by itself."""

from timmy_tui.core.settings import Trials
from timmy_tui.model.change import FlagState
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.user_requests import ActOnTrial, BeginTrial, Flip, Undo
from timmy_tui.report.flag_values import other_value, recipe_of
from timmy_tui.ui.actions.user_requests import Requests
from timmy_tui.ui.host import Host
from timmy_tui.ui.messages import Backend
from timmy_tui.ui.threads import in_thread

BEGIN = (
    "Test 1 takes raw off and keeps the whole prompt: does a context come back, does it help?",
    "Test 2 turns tail mode on, with raw off: 2–3 times faster from the second request on?",
    "Each measures some turns as it is, asks for the change, measures as many with it, and says what came of it.",
    "It can be left and resumed at any time, also days later; the turns of this session count already.",
)


class TrialActions:
    """The action of the key, by the phase of the test."""

    def __init__(self, requests: Requests, host: Host, backend: Backend) -> None:
        """``backend``: where requests go, and who changes flags."""
        self._requests, self._host, self._source = requests, host, backend.source
        self._control = None if backend.read_only else backend.control
        self._undone_for = ""
        """The stop that was undone without a question; each is reacted to once."""

    def next(self) -> None:
        """Begin, change, answer, leave or resume, whichever is next."""
        trial = self._host.view.trial
        if trial is None or trial.phase == "done":
            self._requests.run("guided", self._begin(trial))
        elif trial.left:
            self._requests.run("guided", self._resume(trial))
        elif trial.phase == "change":
            self._requests.run("guided", self._requests.plan_and_confirm(Flip(trial.wish, only=True)))
        elif trial.phase == "verdict":
            self._requests.run("guided", self._answer(trial))
        elif trial.phase == "stopped":
            self._requests.run("guided", self._decide(trial))
        else:
            self._requests.run("guided", self._pause(trial))

    async def _begin(self, done: TrialState | None) -> None:
        last_result = (f"The last one: {done.sentence}",) if done is not None else ()
        guard = guard_words(self._host.settings.trial)
        answer = await self._requests.confirm(
            "guided test", (*last_result, *BEGIN, guard), "begin with Test 2", "begin with Test 1"
        )
        if answer:
            self._start(BeginTrial("guide" if answer == "go" else "test-2"), done)

    def begin_flag(self, key: str) -> None:
        """Begin a test of any flag: ask for the value where there are more than two, then whether to begin."""
        if not self._requests.refuses("test_flag"):
            self._requests.run("guided", self._begin_flag(key))

    async def _begin_flag(self, key: str) -> None:
        trial, control = self._host.view.trial, self._host.view.control
        flag = next((one for one in control.flags if one.key == key), None) if control is not None else None
        if trial is not None and trial.phase != "done":
            self._host.say(f"a guided test is open: {self._host.view.keys['guided']} goes on with it", "warn")
        elif flag is None or not flag.editable:
            why = f": {flag.override}" if flag is not None else ""
            self._host.say(f"{flag.label if flag is not None else key} cannot be tested{why}", "warn")
        elif value := other_value(flag) or await self._requests.ask_text(
            f"{flag.label}: value to try", flag.file_value
        ):
            await self._confirm_flag(flag, value, trial)

    async def _confirm_flag(self, flag: FlagState, value: str, done: TrialState | None) -> None:
        """The change itself is only planned here, to see that it can be made; it has a question of its own."""
        assert self._control is not None
        recipe = recipe_of(flag, value)
        plan = await in_thread(self._control.plan, Flip(recipe.there, only=True))
        if plan.refusal or plan.done:
            self._host.say(f"{recipe.label}: {plan.refusal or plan.done}", "warn")
            return
        trial = self._host.settings.trial
        lines = (
            f"{trial.turns} turns as it is; those of this session count already.",
            "Then it shows the change and asks: nothing is written before that, and a restore point is made first.",
            f"{trial.turns} turns with it, and what it did: helped, hurt, or cannot tell yet. Keep it, or undo.",
            guard_words(trial),
        )
        answer = await self._requests.confirm(f"test {recipe.label}", lines, "there and back (A B A)", "begin")
        if answer:
            self._start(BeginTrial("flag", recipe, aba=answer == "other"), done)

    def _start(self, begin: BeginTrial, done: TrialState | None) -> None:
        if done is not None:
            self._source.request(ActOnTrial("stop"))
        self._source.request(begin)
        self._host.say("guided test: begun")

    async def _resume(self, trial: TrialState) -> None:
        lines = (f"step {trial.step} of {trial.steps}: {trial.sentence}",)
        answer = await self._requests.confirm(trial.label, lines, "end it", "resume it")
        if answer == "go":
            self._request(ActOnTrial("resume"), "resumed")
        elif answer == "other":
            self._request(ActOnTrial("stop"), "ended")

    async def _pause(self, trial: TrialState) -> None:
        lines = (f"step {trial.step} of {trial.steps}: {trial.sentence}",)
        answer = await self._requests.confirm(trial.label, lines, "end it", "leave it for now")
        if answer == "go":
            self._request(ActOnTrial("leave"), "left")
        elif answer == "other":
            self._request(ActOnTrial("stop"), "ended")

    async def _answer(self, trial: TrialState) -> None:
        answer = await self._requests.confirm(trial.label, (trial.sentence,), "undo it", "keep it")
        if answer == "go":
            self._request(ActOnTrial("keep"), "kept")
        elif answer == "other":
            undo = self._undo_of(trial)
            self._request(ActOnTrial("undo"), "undone")
            await self._requests.plan_and_confirm(undo or Undo())

    # -- a test that stopped by itself

    async def _decide(self, trial: TrialState) -> None:
        if trial.changed_since is None:
            if await self._requests.confirm(trial.label, (trial.sentence,), go="end it"):
                self._request(ActOnTrial("stop"), "ended")
            return
        answer = await self._requests.confirm(trial.label, (trial.sentence,), "go on all the same", "undo it")
        if answer == "go":
            undo = self._undo_of(trial)
            self._request(ActOnTrial("undo"), "ended")
            await self._requests.plan_and_confirm(undo or Undo())
        elif answer == "other":
            self._request(ActOnTrial("resume"), "goes on, and stops no more for this")

    def react(self, snapshot: Snapshot) -> None:
        """Undo a change whose test stopped by itself, where the user agreed to that when the test began."""
        trial = snapshot.judgement.trial if snapshot.judgement is not None else None
        if trial is None or not trial.undo_now:
            self._undone_for = ""
        elif self._control is not None and trial.sentence != self._undone_for:
            self._undone_for = trial.sentence
            self._requests.run("guided", self._undo_now(trial))

    async def _undo_now(self, trial: TrialState) -> None:
        assert self._control is not None
        self._host.say(f"guided test {trial.sentence}", "bad")
        undo = self._undo_of(trial)
        if undo is None:
            self._host.say(f"guided test {trial.sentence}; not undone, more was changed since", "bad")
            return
        plan = await in_thread(self._control.plan, undo)
        if plan.refusal or plan.done:
            self._host.say(f"guided test {trial.sentence}; not undone: {plan.refusal or plan.done}", "bad")
            return
        said = await in_thread(self._control.start, plan)
        self._source.request(ActOnTrial("undo"))
        self._host.say(f"guided test {trial.sentence}; {said}", "bad")

    def _undo_of(self, trial: TrialState) -> Undo | None:
        """Of the one change that was made since the test asked for it; None where that is not certain."""
        control = self._host.view.control
        if control is None or trial.changed_since is None:
            return None
        since = [entry.op for entry in control.journal if entry.at >= trial.changed_since and entry.undoable]
        if len(since) != 1:
            return None
        running = control.change is not None and control.change.op == since[0] and bool(control.change.choices)
        return Undo() if running else Undo(since[0])

    def _request(self, request: ActOnTrial, message: str) -> None:
        self._source.request(request)
        self._host.say(f"guided test: {message}")


def guard_words(trial: Trials) -> str:
    """What stops a test, and what happens then."""
    limits = (
        (trial.leaking, "with template text in the reply"), (trial.failed, "that failed"),
        (trial.empty, "without a reply"), (trial.bad, "marked bad"),
    )  # fmt: skip
    named = ", ".join(f"{count} {words}" for count, words in limits if count)
    if not named:
        return "Nothing stops it by itself (settings: trial)."
    then = "undoes the change without another question" if trial.on_trouble == "undo" else "asks what to do"
    return f"Of the turns with the change, these stop it: {named}. Then it {then}."
