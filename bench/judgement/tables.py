"""The tables of a grade, with the interval of every count."""

import math
from collections.abc import Iterator, Sequence

from scipy.stats import chi2

from bench.judgement.changes import OTHERS, STEPS
from bench.judgement.grade import Found, Grade

_STEPS = [change.name for change in STEPS]


def poisson(events: int, exposure: float) -> tuple[float, float]:
    """95 % interval of a rate (exact)."""
    low = float(chi2.ppf(0.025, 2 * events)) / 2 if events else 0.0
    return low / exposure, float(chi2.ppf(0.975, 2 * events + 2)) / 2 / exposure


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    z, p = 1.959964, hits / of
    middle, half = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


def silence(grades: dict[str, Grade]) -> Iterator[str]:
    """What is said where nothing became slower or faster, and what is said wrongly: a row a world."""
    yield (
        "| world | false alarms / 1000 clean turns [95 %] (alarms/turns) | small · middle · large logs "
        "| work alone / 1000 | wrong stage first | wrong way |"
    )
    yield "|---|---|---|---|---|---|"
    for world, one in grades.items():
        sizes = " · ".join(f"{1000 * alarms / turns:.1f}" for alarms, turns in one.clean.values())
        yield f"| {world} | {_rate(*one.false)} | {sizes} | {_rate(*one.work)} | {_wrong(one)} | {_backwards(one)} |"
    every = list(grades.values())
    false = [1000 * one.false[0] / one.false[1] for one in every]
    work = [1000 * one.work[0] / max(one.work[1], 1) for one in every]
    wrong = [_wrong_share(one) for one in every]
    backwards = sum(_backwards(one) for one in every)
    means = [sum(values) / len(values) for values in (false, work, wrong)]
    yield f"| **mean** | {means[0]:.2f} | | {means[1]:.2f} | {means[2]:.1%} | {backwards} in all |"
    yield f"| **worst** | {max(false):.2f} | | {max(work):.2f} | {max(wrong):.1%} | |"


def _rate(alarms: int, turns: int) -> str:
    if not turns:
        return "—"
    low, high = poisson(alarms, turns / 1000)
    return f"{1000 * alarms / turns:.2f} [{low:.2f}, {high:.2f}] ({alarms}/{turns})"


def _wrong_counts(one: Grade) -> tuple[int, int]:
    return sum(found.wrong for found in one.changes.values()), sum(found.named for found in one.changes.values())


def _wrong_share(one: Grade) -> float:
    wrong, named = _wrong_counts(one)
    return wrong / max(named, 1)


def _wrong(one: Grade) -> str:
    wrong, named = _wrong_counts(one)
    low, high = wilson(wrong, named)
    return f"{wrong / max(named, 1):.1%} [{low:.1%}, {high:.1%}] ({wrong}/{named})"


def _backwards(one: Grade) -> int:
    return sum(found.backwards for found in one.changes.values())


def steps(grades: dict[str, Grade]) -> Iterator[str]:
    """What is found of steps, as a share of what the clairvoyant finds in the same logs: a row a world."""
    yield "| world |" + "".join(
        f" {name}: found (≤ 20) of logs; clairvoyant | share (≤ 20) | delay |" for name in _STEPS
    )
    yield "|---" * (1 + 3 * len(_STEPS)) + "|"
    for world, one in grades.items():
        yield f"| {world} |" + "".join(_step(one.changes[name]) for name in _STEPS)
    for word in ("mean", "worst"):
        yield f"| **{word}** |" + "".join(
            _summary([one.changes[name] for one in grades.values()], word) for name in _STEPS
        )


def _step(found: Found) -> str:
    counts = f"{found.found} ({found.soon}) of {found.logs}; {found.possible}"
    return f" {counts} | {_share(found):.0%} ({_share_soon(found):.0%}) | {_turns(found)} |"


def _turns(found: Found) -> str:
    """The median delay; a dash where nothing was found."""
    return "—" if found.delay is None else f"{found.delay:g}"


def _share(found: Found) -> float:
    return found.found / max(found.possible, 1)


def _share_soon(found: Found) -> float:
    return found.soon / max(found.possible, 1)


def _summary(found: Sequence[Found], word: str) -> str:
    shares, soon = [_share(one) for one in found], [_share_soon(one) for one in found]
    delays = [one.delay for one in found if one.delay is not None] or [math.nan]
    if word == "worst":
        return f" | {min(shares):.0%} ({min(soon):.0%}) | {max(delays):g} |"
    every = sum(found, Found())
    counts = f"{every.found} ({every.soon}) of {every.logs}; {every.possible}"
    return (
        f" {counts} | {sum(shares) / len(found):.0%} ({sum(soon) / len(found):.0%}) | {sum(delays) / len(delays):.1f} |"
    )


def matrix(grades: dict[str, Grade]) -> Iterator[str]:
    """Every change in every world: found (within 20 turns) of logs, the 95 % interval of the share, the delay."""
    names = [change.name for change in (*STEPS, *OTHERS)]
    yield f"| world | {' | '.join(names)} |"
    yield "|---" * (1 + len(names)) + "|"
    for world, one in grades.items():
        yield f"| {world} | {' | '.join(_cell(one.changes[name]) for name in names)} |"
    every = [sum((one.changes[name] for one in grades.values()), Found()) for name in names]
    yield f"| **all** | {' | '.join(map(_cell, every))} |"


def _cell(found: Found) -> str:
    low, high = wilson(found.found, found.logs)
    return f"{found.found} ({found.soon}) of {found.logs} [{low:.0%}, {high:.0%}], {_turns(found)}"


def others(grades: dict[str, Grade]) -> Iterator[str]:
    """The other changes, all worlds together."""
    yield "| change | logs | found [95 %] | ≤ 20 turns | delay | wrong stage first | wrong way | fewest found in |"
    yield "|---|---|---|---|---|---|---|---|"
    for change in OTHERS:
        by_world = {world: one.changes[change.name] for world, one in grades.items()}
        every = sum(by_world.values(), Found())
        if not every.logs:
            continue
        low, high = wilson(every.found, every.logs)
        world, least = min(by_world.items(), key=lambda item: item[1].found / max(item[1].logs, 1))
        yield (
            f"| {change.name} | {every.logs} | {every.found / every.logs:.0%} [{low:.0%}, {high:.0%}] "
            f"| {every.soon / every.logs:.0%} | {_turns(every)} | {every.wrong} of {every.named} | {every.backwards} "
            f"| {world}: {least.found} of {least.logs} |"
        )


def peers(grades: dict[str, dict[str, Grade]]) -> Iterator[str]:
    """Method by method, on the same logs, all worlds together."""
    yield "| method | false alarms / 1000 clean turns | worst world | work alone / 1000 |" + "".join(
        f" {name} found (≤ 20) of logs, delay |" for name in _STEPS
    ) + " wrong stage first |"  # fmt: skip
    yield "|---" * (5 + len(_STEPS)) + "|"
    for name, worlds in grades.items():
        every = list(worlds.values())
        false = _rate(*(sum(counts) for counts in zip(*(one.false for one in every), strict=True)))
        work = _rate(*(sum(counts) for counts in zip(*(one.work for one in every), strict=True)))
        worst = max(1000 * one.false[0] / one.false[1] for one in every)
        found = [sum((one.changes[step] for one in every), Found()) for step in _STEPS]
        cells = "".join(f" {one.found} ({one.soon}) of {one.logs}, {_turns(one)} |" for one in found)
        wrong = sum(_wrong_counts(one)[0] for one in every) / max(sum(_wrong_counts(one)[1] for one in every), 1)
        yield f"| {name} | {false} | {worst:.1f} | {work} |{cells} {wrong:.0%} |"


def peers_by_world(grades: dict[str, dict[str, Grade]]) -> Iterator[str]:
    """False alarms / 1000 clean turns with their interval, and ×1.5 found (within 20 turns) of logs: world by world."""
    yield f"| world | {' | '.join(grades)} |"
    yield "|---" * (1 + len(grades)) + "|"
    for world in next(iter(grades.values())):
        yield f"| {world} | {' | '.join(_peer_cell(worlds[world]) for worlds in grades.values())} |"


def _peer_cell(one: Grade) -> str:
    found = one.changes[_STEPS[1]]
    return f"{_rate(*one.false)}; {found.found} ({found.soon}) of {found.logs}"
