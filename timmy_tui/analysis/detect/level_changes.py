"""All changes of level, each cause said once: a prompt cache that broke stands for the prefill that is slower for it.

Formulas and sources: STATISTICS.md.
"""

from collections import deque
from collections.abc import Iterable
from heapq import merge
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.analysis.detect.broken_reuse import ReuseWatch, is_counted
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.findings import BACK
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.flags.table import KnownFlags
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import PROMPT_CACHE, V2V
from timmy_tui.model.turn import Turn

SHOWS_REUSE = ("prefill", "llm", V2V)
"""Stages whose level a broken cache moves."""
NEAR = TUNING.detector.one_cause_turns
REMEMBERED = TUNING.reuse.turns_at_hand
"""Turns that are at hand: for a verdict 200 a side and what lies between, and as many for the cache."""
_ENDED = {"accept": "accepted", "mute": "muted"}
"""The user's answer → why the finding ended."""


class _Episode(NamedTuple):
    """A cache that was broken."""

    finding: Finding
    until: int
    """Ordinal of the turn at which it was over."""


class LevelChanges:
    """Turns in, findings out: those of the detector, and a cache that broke in the place of what it moves."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        """``known``: the table of flags, and their values by journal and files."""
        self.detector = RegressionDetector(known)
        self._reuse = ReuseWatch(REMEMBERED)
        self._broken: Finding | None = None
        """As of the newest turn."""
        self._over: deque[_Episode] = deque(maxlen=TUNING.detector.ended_findings)
        """Newest first."""
        self._flips: deque[tuple[int, str]] = deque(maxlen=TUNING.reuse.least_run)
        """Ordinal of the turn that showed it, and its words."""
        self._answers: dict[str, str] = {}
        """Key of a broken cache → the user's newest answer."""
        self._is_muted = False
        self._newest = -1
        """Ordinal."""
        self._counts = False
        """The newest turn tells what Ollama reused."""
        self._is_looked = False
        """At all that is known by now."""

    def add(self, turn: Turn, is_new: bool = True) -> tuple[Finding, ...]:
        """What is new, changed or ended with this turn, as the detector has it.

        A revision of a turn tells what it reused, and is not judged again.
        """
        self._reuse.add(turn)
        self._is_looked = False
        if not is_new:
            return ()
        self._newest = turn.ordinal
        self._counts = is_counted(turn)
        changed = self.detector.add(turn)
        if self.detector.flag_changes:
            self._flips.append((turn.ordinal, changes_words(self.detector.flag_changes)))
        self._look()
        return changed

    @property
    def of_cache(self) -> tuple[Finding, ...]:
        """A cache that is broken, and the newest that was; neither where there is none."""
        over = [one.finding for one in self._over][:1]
        return tuple(one for one in (self._broken, *over) if one is not None)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Lasting ones first, then ended ones; each newest first."""
        self._look()
        mine = [] if self._broken is None or self._is_silent(self._broken) else [self._broken]
        found = self.each_cause_once(self.detector.findings)
        lasting = sorted([*mine, *(one for one in found if not one.ended)], key=lambda one: -one.raised)
        ended = [one for one in found if one.ended]
        if self._over:
            ended = [*merge((one.finding for one in self._over), ended, key=lambda one: -one.raised)]
        return (*lasting, *ended)

    def each_cause_once(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of the detector that no broken cache stands for."""
        return [one for one in findings if not self._is_told(one)]

    def answer(self, key: str, answer: str) -> None:
        """``accept`` the new level, ``acknowledge`` the finding, or ``mute`` its stage."""
        self._is_looked = False
        if key.startswith(PROMPT_CACHE):
            self._answer_for_cache(key, answer)
        elif answer == "accept":
            self.detector.accept(key)
        elif answer == "acknowledge":
            self.detector.acknowledge(key)
        elif answer == "mute":
            stage = next((one.stage for one in self.detector.findings if one.key == key), key)
            self.detector.mute(stage)

    def _answer_for_cache(self, key: str, answer: str) -> None:
        broken = self._broken if self._broken is not None and self._broken.key == key else None
        if answer == "mute" and self._is_muted:
            self._is_muted = False
            self._answers = {one: said for one, said in self._answers.items() if said != "mute"}
            return
        if broken is None or self._is_silent(broken):
            return
        self._answers[key] = answer
        self._is_muted = answer == "mute"
        if answer in _ENDED:
            self._end(broken, _ENDED[answer])
        if answer == "accept":
            # What it stands for is the same cause: it does not come up in its place.
            for one in self.detector.findings:
                if not one.ended and self._is_told(one):
                    self.detector.accept(one.key)

    def _is_silent(self, broken: Finding) -> bool:
        return self._is_muted or self._answers.get(broken.key) in _ENDED

    def _look(self) -> None:
        """What is broken now, and whether what was is over."""
        if self._is_looked:
            return
        self._is_looked = True
        was = self._broken
        now = self._reuse.finding(said=was is not None)
        if now is not None and was is None and not (self._counts or self._is_borne_out(now)):
            now = None
        if now is not None:
            flip = next((words for at, words in self._flips if abs(at - now.since) <= TUNING.reuse.least_run), "")
            seen = self._answers.get(now.key) == "acknowledge"
            now = replace(now, acknowledged=seen, cause=_with_reason(now, f"since {flip}") if flip else now.cause)
            self._forget_end_of(now)
        elif was is not None and not self._is_silent(was) and self._reuse.works_again():
            self._end(was, BACK)
        self._broken = now

    def _end(self, broken: Finding, why: str) -> None:
        self._over.appendleft(_Episode(replace(broken, ended=why, lasted=broken.n), self._newest))

    def _is_borne_out(self, broken: Finding) -> bool:
        """By time alone a few slow turns look like it: the detector has seen that they are more than that."""
        return any(
            not one.ended and one.direction == "slower" and one.stage in SHOWS_REUSE and _is_of(one, broken)
            for one in self.detector.findings
        )

    def _forget_end_of(self, broken: Finding) -> None:
        """A turn that came late may show that it was not over."""
        if any(one.finding.key == broken.key and one.finding.ended == BACK for one in self._over):
            self._over = deque((one for one in self._over if one.finding.key != broken.key), self._over.maxlen)

    def _is_told(self, finding: Finding) -> bool:
        """A broken cache is the cause of it, or that it works again."""
        if finding.stage not in SHOWS_REUSE:
            return False
        if self._broken is not None and _is_of(finding, self._broken):
            return True
        for one in self._over:
            recent = finding.ended or self._newest <= one.until + NEAR
            if recent and finding.since <= one.until and _is_of(finding, one.finding):
                return True
            if one.finding.ended == BACK and abs(finding.since - one.until) <= NEAR and finding.direction != "slower":
                return True
        return False


def _is_of(finding: Finding, broken: Finding) -> bool:
    """It began with the broken cache; of the prefill also what began later: prompts that are evaluated whole grow.

    The whole, which is judged by itself, shows it later than a stage.
    """
    since = finding.since - broken.since
    return since >= -NEAR and (since <= (2 * NEAR if finding.stage == V2V else NEAR) or finding.stage == "prefill")


def _with_reason(finding: Finding, reason: str) -> str:
    """Its cause with this one in the place of what is guessed."""
    return f"{finding.cause.partition(' (')[0]} ({reason})"


def all_findings(turns: Iterable[Turn], changes: LevelChanges) -> list[Finding]:
    """Every finding that these turns, one after another, ever make, as it stands behind the last."""
    found: dict[str, Finding] = {}
    for turn in turns:
        found.update({one.key: one for one in changes.add(turn)})
        found.update({one.key: one for one in changes.of_cache})
    # As they stand now: a level goes on moving, and may be back.
    found.update({one.key: one for one in changes.findings})
    return sorted(changes.each_cause_once(found.values()), key=lambda one: one.raised)
