"""The guided test on the screen: one key for every next step."""

from timmy_tui.model.judgement import TrialState
from timmy_tui.model.user_requests import ActOnTrial, BeginTrial, Flip, Undo
from timmy_tui.ui.actions.user_requests import Requests
from timmy_tui.ui.host import Host
from timmy_tui.ui.messages import SnapshotSource

BEGIN = (
    "Test 1 takes raw off and keeps the whole prompt: does a context come back, does it help?",
    "Test 2 turns tail mode on, with raw off: 2-3 times faster from the second request on?",
    "Each measures some turns as it is, asks for the change, measures as many with it, and says what came of it.",
    "It can be left and resumed at any time, also days later; the turns of this session count already.",
)


class TrialActions:
    """The action of the key, by the phase of the test."""

    def __init__(self, requests: Requests, host: Host, source: SnapshotSource) -> None:
        self._requests, self._host, self._source = requests, host, source

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
        else:
            self._requests.run("guided", self._pause(trial))

    async def _begin(self, done: TrialState | None) -> None:
        last_result = (f"The last one: {done.sentence}",) if done is not None else ()
        answer = await self._requests.confirm(
            "guided test", (*last_result, *BEGIN), "begin with Test 2", "begin with Test 1"
        )
        if answer:
            if done is not None:
                self._source.request(ActOnTrial("stop"))
            self._request(BeginTrial("guide" if answer == "go" else "test-2"), "the guided test has begun")

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
            self._request(ActOnTrial("undo"), "undone")
            await self._requests.plan_and_confirm(Undo())

    def _request(self, request: BeginTrial | ActOnTrial, message: str) -> None:
        self._source.request(request)
        self._host.say(f"guided test: {message}")
