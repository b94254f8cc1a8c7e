"""Changes, each by itself: what is done to a log from one turn on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.judgement.draft import GPU, PARTS_OF_LLM, Array, Draft
from timmy_tui.model.stages.watched import HOPS, NETWORK

AFTER = 80
"""Turns that follow a change."""
FELT = 2.0
"""ms. A step that moves its stage by less is drawn for another stage: no log shows it beside the scheduler."""


@dataclass(frozen=True)
class Change:
    """``apply`` changes a log from turn ``at`` on and says which stage it was; "" is work alone."""

    name: str
    factor: float
    """Of the time; above 1 is slower. 1: nothing became slower or faster."""
    apply: Callable[[Draft, int], str]
    turns: int = AFTER
    """That follow its beginning."""


def step(factor: float) -> Change:
    """One stage takes ``factor`` times as long."""
    return Change(
        f"×{factor:g}", factor, lambda log, at: _multiply(log, _stage(log, factor), np.log(_ramp(log, at, 0, factor)))
    )


def drift(factor: float, turns: int) -> Change:
    """The same, reached little by little."""
    return Change(
        f"drift to ×{factor:g} in {turns}", factor,
        lambda log, at: _multiply(log, _stage(log, factor), np.log(_ramp(log, at, turns, factor))), AFTER + turns,
    )  # fmt: skip


def _ramp(log: Draft, at: int, turns: int, factor: float) -> Array:
    share = np.clip((np.arange(log.count) - at + (0 if turns else 1)) / max(turns, 1), 0, 1)
    return np.asarray(1 + (factor - 1) * share)


def _multiply(log: Draft, stage: str, added: Array) -> str:
    for key in HOPS if stage == NETWORK else (stage,):
        log.noise[key] += added
    return stage


def _stage(log: Draft, factor: float) -> str:
    """A stage that the log has and can show, and in which the step is felt; the hops are one."""
    usual = {key: float(np.median(log.usual(key))) for key in log.noise}
    usual[NETWORK] = sum(usual.pop(hop) for hop in HOPS)
    hidden = {*(() if log.tokens_known.all() else PARTS_OF_LLM), *(("stt_final", NETWORK) if log.tick else ())}
    fit = [key for key, ms in usual.items() if abs(factor - 1) * ms >= FELT and key not in hidden]
    return fit[int(log.chance.integers(len(fit)))]


def _gpu(log: Draft, at: int) -> str:
    for key in GPU:
        log.noise[key][at:] += np.log(1.5)
    return "gpu"


def _uncounted(log: Draft, at: int) -> str:
    """In a log that has no token counts, of a v34 that logs lengths."""
    log.tokens_known[:] = False
    for key in PARTS_OF_LLM:
        log.noise[key][at:] += np.log(1.5)
    return "llm"


def _unmeasured_work(log: Draft, at: int) -> str:
    """In a log that tells nothing of the work of the LLM."""
    log.lengths_known = False
    return _uncounted(log, at)


def _gap(log: Draft, at: int) -> str:
    log.gap[at:] += log.chance.uniform(200, 800)
    return "unattributed"


def _vanish(log: Draft, at: int) -> str:
    stage = ("classify", "retrieve")[int(log.chance.integers(2))]
    log.present[stage][at:] = False
    return stage


def _occur(log: Draft, at: int) -> str:
    log.present["store"] = log.chance.random(log.count) < np.where(np.arange(log.count) < at, 0.1, 0.9)
    return "store"


def _cache(log: Draft, at: int) -> str:
    log.reuse[at:] = False
    return "prefill"


def _answers(log: Draft, at: int) -> str:
    log.longer[at:] *= (0.4, 2.0)[int(log.chance.integers(2))]
    log.draw_sessions()
    return ""


def _memories(log: Draft, at: int) -> str:
    log.chunks_usual[at:] = log.chance.uniform(8, 12)
    log.draw_sessions()
    return ""


STEPS = (step(1.2), step(1.5), step(2.0))
OTHERS = (
    step(0.65), drift(1.6, 80), Change("all GPU stages ×1.5", 1.5, _gpu), Change("a new gap of 200–800 ms", 2.0, _gap),
    Change("a stage vanishes", 0.5, _vanish), Change("memory stored in 90 % and not in 10 %", 2.0, _occur),
    Change("the prompt cache stops helping", 2.0, _cache), Change("the LLM ×1.5, tokens not counted", 1.5, _uncounted),
    Change("the LLM ×1.5, nothing known of its work", 1.5, _unmeasured_work),
)  # fmt: skip
WORK = (Change("answers ×0.4 or ×2", 1.0, _answers), Change("8 to 12 memories and not 2 to 6", 1.0, _memories))
"""Work alone: every alarm is a false one."""
