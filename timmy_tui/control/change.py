"""One change on its way: guarded, written, restarted, healthy, verified; kept, rolled back, or left to the user."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.config_file import HalfDone, write
from timmy_tui.control.evidence import WANTED, evidence
from timmy_tui.control.journal import (
    Entry,
    Journal,
    Operation,
    Standing,
    classify,
    file_records,
    new_op,
    plan_rollback,
    remove_leftovers,
)
from timmy_tui.control.plans import ChangePlan
from timmy_tui.control.progress import KEEP, UNDO, Kept, Progress, Sight, Stopped, TakenBack
from timmy_tui.control.restart import Service, Unhealthy, Unnoticed
from timmy_tui.control.restore_points import RestorePoints
from timmy_tui.control.serving import Serving
from timmy_tui.control.strategies import Strategy
from timmy_tui.errors import ControlError, TimmyError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.settings import Control

LOOK_S = 0.5
ROLLED_BACK = "rolled back"
ASKING = "asking"
"""Journal stage of a change that waits for the user's word; open, so that the next start asks again."""
IN_OLD_CODE = "v34 runs with what it read before"

Tell = Callable[[str, str], None]
"""(word, role) for the status line."""
Marked = Callable[[str, str], None]
"""(kind, label) for the charts."""


@dataclass(frozen=True)
class Hands:
    """What a change works with."""

    limits: Control
    journal: Journal
    points: RestorePoints
    strategy: Strategy
    port: int
    url: str
    folder: Path
    """Where v34 runs."""
    config: Path
    sight: Callable[[], Sight]
    tell: Tell
    mark: Marked
    first: Callable[[], bool]
    """True once a session: then a restore point is made before anything is changed."""


class Ended(Exception):
    """The change is over: the state it ends in, and a sentence."""

    def __init__(self, state: ChangeState, word: str) -> None:
        super().__init__(word)
        self.state, self.word = state, word


class Change:
    """``run`` in a thread of its own, once; everything else from any thread."""

    def __init__(self, plan: ChangePlan, hands: Hands, op: str = "") -> None:
        """``op``: of the journal, for a change that an earlier run left open."""
        self.plan, self._hands = plan, hands
        self.progress = Progress(op or new_op(), plan.label)
        self._service = Service(
            hands.strategy, hands.port, hands.url, hands.folder, hands.limits, hands.sight, self.progress
        )
        self._written = False
        self._journaled = False
        self._since_session = -1
        self._resumed_at: float | None = None

    @property
    def over(self) -> bool:
        """Ended, one way or another."""
        return self._over

    _over = False

    def run(self) -> None:
        """All the way. Never raises: what goes wrong is a state and a word."""
        try:
            self._guarded(self._carry_out)
        finally:
            self._over = True

    def resume(self, operation: Operation, standing: Standing) -> None:
        """What an earlier run left applied: ask for keep or undo, and look for evidence meanwhile. Nothing restarts."""
        self._written = self._journaled = True
        self._resumed_at = operation.started
        half = standing is Standing.HALF_APPLIED
        word = "half of it was written before the dashboard ended" if half else "applied, and not verified before"
        try:
            self._guarded(lambda: self._ask(word, (UNDO,)) if half else self._verify(word))
        finally:
            self._over = True

    # -- the way

    def _guarded(self, way: Callable[[], None]) -> None:
        """Run the way, and turn whatever ends it into an outcome."""
        try:
            try:
                way()
                raise Ended(ChangeState.KEPT, f"{self.plan.label}: kept")
            except TakenBack:
                self._roll_back("taken back")
            except Unhealthy as trouble:
                self._recover(trouble)
        except Ended as end:
            self._end(end.state, end.word)
        except HalfDone as error:
            self._end(ChangeState.NEEDS_ATTENTION, f"{error.message} {error.way_out}")
        except TimmyError as error:
            self._refuse(f"{error.message} {error.way_out}".strip())
        except Exception as error:  # noqa: BLE001  The thread must not die in silence with a change half made.
            self._end(ChangeState.NEEDS_ATTENTION, f"{type(error).__name__} in the dashboard itself: {error}")

    def _carry_out(self) -> None:
        plan, hands = self.plan, self._hands
        try:
            old = self._service.guard()
            if plan.planned or plan.kind == "restart":
                self._service.wait_for_quiet()
            self._keep_point()
        except Stopped:
            raise Ended(ChangeState.IDLE, f"{plan.label}: not begun") from None
        self._remember_turns()
        since = self._write(self.progress.op, plan)
        if plan.undoes:
            hands.journal.append(Entry(op=plan.undoes, stage=ROLLED_BACK, message=f"by {self.progress.op}"))
        hands.mark("change" if plan.planned else "restart", plan.label)
        self._bring_up(old, since)
        if plan.undoes:
            raise Ended(ChangeState.ROLLED_BACK, f"{plan.label}: done, v34 serves")
        if plan.kind != "flip":
            raise Ended(ChangeState.KEPT, f"{plan.label}: done, v34 serves")
        self._verify("")

    def _keep_point(self) -> None:
        plan, points = self.plan, self._hands.points
        if plan.kind in ("restore", "latest"):
            points.keep_before(plan.planned, plan.point if plan.kind == "restore" else "")
        elif plan.planned and plan.point and self._hands.first():
            points.create_before(plan.point)

    def _remember_turns(self) -> None:
        self._since_session = max((turn.session for turn in self._hands.sight().turns), default=-1)

    def _write(self, op: str, plan: ChangePlan) -> float:
        """Journal first, then the files; the moment, on the boot clock, at which all were in place."""
        self.progress.enter(ChangeState.EDITING, 5.0)
        self._hands.journal.append(
            Entry(
                op=op,
                stage="editing",
                label=plan.label,
                strategy=self._hands.strategy.name,
                undoes=plan.undoes,
                files=file_records(plan.planned),
            )
        )
        self._journaled = True
        if not plan.planned:
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        applied = write(plan.planned)
        self._written = True
        return applied.boottime

    def _bring_up(self, old: Serving, since: float) -> None:
        """Restart and wait; where the service cannot be blamed, the user is asked. Raises Unhealthy, Ended."""
        hands = self._hands
        self._journal(self.progress.op, "restarting")
        edited = tuple(file.image.path for file in self.plan.planned)
        try:
            one = self._service.restart(old, edited, since, hands.config)
        except Stopped:
            self._ask("not waited for")
            return
        except (Unnoticed, ControlError) as error:
            self._ask(f"{getattr(error, 'message', error)}; {IN_OLD_CODE}")
            return
        if one is None:
            self.progress.tell(message="v34 is not running: its next start reads the file")
        else:
            self._journal(self.progress.op, "healthy", service=one.identity)

    def _verify(self, word: str) -> None:
        """Until two turns of a new session show what was wished, or the user has decided. Has no limit."""
        self._journal(self.progress.op, str(ChangeState.VERIFYING))
        message = word or self.progress.shown(()).message
        self.progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO), message)
        while True:
            turns = self._new_turns()
            seen, contradicted = self._evidence(turns)
            self.progress.cut = self.progress.cut and not any(turn.state is TurnState.COMPLETE for turn in turns)
            if contradicted:
                message = f"the turns show another value of {contradicted}: keep or undo?"
            self.progress.tell(message, evidence=(seen, WANTED))
            if seen >= WANTED and not contradicted:
                raise Ended(ChangeState.KEPT, f"{self.plan.label}: kept, {seen} turns show it")
            try:
                self.progress.wait(LOOK_S)
            except Kept:
                raise Ended(ChangeState.KEPT, f"{self.plan.label}: kept without proof") from None

    def _new_turns(self) -> list[Turn]:
        """Those of the newest session, when that began since."""
        turns = self._hands.sight().turns
        since = self._since_session
        if self._resumed_at is not None:
            earlier = [one for one in turns if one.started is not None and one.started < self._resumed_at]
            since = max((one.session for one in earlier), default=-1)
        newest = turns[-1].session if turns else since
        return [turn for turn in turns if turn.session == newest] if newest > since else []

    def _evidence(self, turns: list[Turn]) -> tuple[int, str]:
        """How many turns agree with every wish, and the label of a flag that they contradict.

        A flag that no turn can show counts the turns that v34 has served since.
        """
        found = [(flag, evidence(flag, value, turns)) for flag, value in self.plan.wishes]
        served = sum(turn.state is TurnState.COMPLETE for turn in turns)
        seen = min((one.seen if one.possible else served for _, one in found), default=served)
        return min(seen, WANTED), next((flag.label for flag, one in found if one.contradicts), "")

    # -- what goes wrong

    def _ask(self, word: str, choices: tuple[str, ...] = (KEEP, UNDO)) -> None:
        """Let the user decide, for as long as it takes. Raises Ended or TakenBack."""
        if not self._written:
            raise Ended(ChangeState.NEEDS_ATTENTION, f"{self.plan.label}: {word}")
        self._journal(self.progress.op, ASKING, message=word)
        self.progress.enter(ChangeState.NEEDS_ATTENTION, None, choices, f"{word}: {' or '.join(choices)}?")
        self._hands.tell(f"{self.plan.label}: {word}", "warn")
        while True:
            try:
                self.progress.wait(LOOK_S)
            except Kept:
                raise Ended(ChangeState.KEPT, f"{self.plan.label}: kept without proof") from None
            except Stopped:
                continue

    def _recover(self, trouble: Unhealthy) -> None:
        """Count down visibly, then roll back; a rollback that fails as well is left to the user."""
        if not self._written:
            raise Ended(ChangeState.NEEDS_ATTENTION, f"{self.plan.label}: {trouble.reason}{self._start_by_hand()}")
        if self.plan.undoes:
            raise Ended(
                ChangeState.NEEDS_ATTENTION,
                f"{self.plan.label}: the file is as it was; {trouble.reason}{self._start_by_hand()}",
            )
        self._hands.tell(f"{self.plan.label}: {trouble.reason}", "bad")
        try:
            self.progress.count_down(self._hands.limits.rollback_countdown_s, trouble.reason)
        except Stopped:
            try:
                self._ask(trouble.reason)
            except TakenBack:
                self._roll_back(trouble.reason)
        else:
            self._roll_back(trouble.reason)

    def _roll_back(self, why: str) -> None:
        """A new operation with before and after swapped, through the same steps. Raises Ended."""
        operation = next(one for one in self._hands.journal.operations() if one.op == self.progress.op)
        serves = self._settled()
        op = new_op()
        label = f"undo {self.plan.label}"
        try:
            planned = plan_rollback(operation, operation.files and Path(operation.files[0].backup).parent or None)
            old = self._service.look()
            plan = ChangePlan("undo", label, planned=planned, undoes=self.progress.op)
            since = self._write(op, plan)
        except TimmyError as error:
            raise Ended(ChangeState.NEEDS_ATTENTION, f"not rolled back: {error.message} {error.way_out}") from None
        self._journal(self.progress.op, ROLLED_BACK, message=why)
        self._hands.mark("change", label)
        done = f"{self.plan.label}: rolled back ({why})"
        if not serves and self._hands.strategy.name in ("reload", "manual"):
            self._journal(op, str(ChangeState.NEEDS_ATTENTION))
            raise Ended(ChangeState.NEEDS_ATTENTION, f"{done}; v34 is not running{self._start_by_hand()}")
        edited = tuple(file.image.path for file in planned)
        try:
            self._service.restart(old, edited, since, self._hands.config)
        except (Unhealthy, Unnoticed, Stopped, TakenBack, ControlError) as error:
            reason = getattr(error, "reason", "") or getattr(error, "message", "") or str(error) or "not waited for"
            self._journal(op, str(ChangeState.NEEDS_ATTENTION), message=reason)
            raise Ended(ChangeState.NEEDS_ATTENTION, f"{done}, but {reason}{self._start_by_hand()}") from None
        self._journal(op, ROLLED_BACK)
        raise Ended(ChangeState.ROLLED_BACK, done)

    def _settled(self) -> bool:
        """An edit during a start-up is missed: serve first, or exit."""
        while True:
            with suppress(Kept, Stopped, TakenBack):
                return self._service.settle()

    def _start_by_hand(self) -> str:
        return f"; start it: cd {self._hands.folder} && python app.py --debug"

    # -- the end

    def _refuse(self, why: str) -> None:
        """Nothing was touched, unless the files were written already."""
        if self._written:
            self._end(ChangeState.NEEDS_ATTENTION, why)
            return
        if self._journaled:
            with suppress(ControlError):
                self._journal(self.progress.op, "refused", message=why)
        self.progress.enter(ChangeState.IDLE, message=why)
        self._hands.tell(f"{self.plan.label}: {why}", "bad")

    def _end(self, state: ChangeState, word: str) -> None:
        asked = "good" if self.plan.undoes else "warn"
        role = {ChangeState.KEPT: "good", ChangeState.ROLLED_BACK: asked, ChangeState.IDLE: "muted"}
        bare = word.removeprefix(f"{self.plan.label}: ")
        if self._journaled and state is not ChangeState.IDLE and not self._rolled_back:
            try:
                self._journal(self.progress.op, str(state), message=bare)
            except ControlError as error:
                word = f"{word}; {error.message}"
        self.progress.enter(state, message=bare)
        self._hands.tell(word, role.get(state, "bad"))

    @property
    def _rolled_back(self) -> bool:
        """Its last line says so already, and the rollback has lines of its own."""
        found = next((one for one in self._hands.journal.operations() if one.op == self.progress.op), None)
        return found is not None and found.stage == ROLLED_BACK

    def _journal(self, op: str, stage: str, message: str = "", service: str = "") -> None:
        self._hands.journal.append(Entry(op=op, stage=stage, message=message, service=service))


def clean_up(operation: Operation, journal: Journal) -> tuple[Standing, str]:
    """What a killed change left: half-written files away, what needs no answer closed. Only with the lock held.

    Returns how it stands and a sentence. A rollback that was killed between two files opens again what it took back.
    """
    left = remove_leftovers(operation)
    standing = classify(operation)
    word = f"someone's edit is kept in {left[0]}" if left else ""
    if operation.undoes and standing in (Standing.APPLIED, Standing.HALF_APPLIED):
        whole = standing is Standing.APPLIED
        journal.append(Entry(op=operation.undoes, stage=ROLLED_BACK if whole else ASKING))
        journal.append(Entry(op=operation.op, stage=ROLLED_BACK if whole else "not applied", message=word))
    elif standing in (Standing.NOT_APPLIED, Standing.CHANGED):
        journal.append(Entry(op=operation.op, stage=str(standing), message=word))
    return standing, word
