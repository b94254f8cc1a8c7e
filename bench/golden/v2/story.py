"""The conversation: three evenings, each across midnight, with everything that makes this log hard to read."""

import random
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.golden.truth import Turn, write_truth
from bench.golden.v2 import journal
from bench.golden.v2.log import ZONE, Log, numbers
from bench.golden.v2.source import Source
from bench.golden.v2.timmy import Ask, Timmy

SEED = 20261123
ESCAPE = "\x1b"
MULTI = "There are three kinds of solenoid.\n\nPush, pull and latching.\n15:04:07 [timmy] is not a time, by the way."
FIRST = (
    Ask("Hello Timmy.", "Evening. You took your time.", slow={"llm_ft": 4.5, "retrieval": 9}),  # the first turn is cold
    Ask("How is the workshop today?", "Dusty. I like it.", filler="heard"),
    Ask(kind="discarded"),
    Ask("Tell me about solenoids.", MULTI, filler="heard", slow={"stream": 3}),
    Ask("what time is it", "Time to finish something.", kind="typed"),
    Ask("So what I wanted to say was", "Say it, then.", silent_chunks=10),
    Ask("Can you see [bold]me[/bold]?", f"I see {ESCAPE}[31mred{ESCAPE}[0m and a man in it.", filler="unheard"),
    Ask("We should all listen to each other.", "I am listening, doctor.", "couples_therapist", "injected"),
    Ask("And now?", "Now it is later.", step_back=True),
    Ask("Count to three.", "One. Two. Three.", filler="heard", slow={"synthesis": 2}),
    Ask("Are you tired?", "Never.", slow={"queue": 400}),  # the main loop was busy: the segment waited
    Ask("My name is Angela.", "Should I remember your voice, Angela?", "unknown_1", "direct"),
    Ask("Yes.", "Hello, Angela.", "unknown_1", silent_chunks=8),
    Ask("Hm.", kind="unspoken"),
    Ask("What are you thinking?", "Ozone, mostly.", filler="heard", busy_s=2.6),  # sounds after its [PERF]
)
SECOND = (
    Ask("Good evening.", "It was.", slow={"llm_ft": 4.2}),
    Ask("Remember that my cat is called Pixel.", "Noted.", kind="tool"),
    Ask("What is my cat called?", "Pixel. You told me a minute ago.", filler="heard"),
    Ask("Tell me a long story.", "Once there was a capacitor. It held on.", slow={"stream": 4}),
    Ask(
        "and then?", "It let go.", kind="typed", busy_s=6.5
    ),  # typed while he still speaks: sounds when the next is asked
    Ask("go on", "That was all of it.", kind="typed", busy_s=6.0),
    Ask("type", kind="typed_error"),
    Ask(kind="discarded"),
    Ask("Who else is here?", "Angela, by the window.", filler="heard"),
    Ask("Do you like her?", "She asks better questions.", "angela", slow={"stt": 6}),
    Ask("What is new?", "Nothing that I was told.", silent_chunks=10, filler="heard"),
    Ask("Is anybody there?", kind="llm_error"),
    Ask("Did you just die?", "Briefly.", slow={"llm_ft": 5}),
)
MUTED = tuple(Ask(f"Can you hear me, number {n}?", "Loud and clear.", kind="muted") for n in (1, 2))
THIRD = (
    Ask("Back again.", "I noticed.", slow={"llm_ft": 4}),
    Ask("How warm is it?", "Twenty-one degrees.", filler="heard"),
    Ask("Say nothing.", kind="unspoken"),
    Ask("Remember the milk.", "Done.", kind="tool"),
    Ask("What was that spike?", "Somebody else had the card.", slow={"llm_ft": 8, "stt": 3}),
    Ask("And this one?", "The same one.", slow={"retrieval": 40}),
    Ask("Thank you, Timmy.", "You are welcome. (STT: 1ms, SPK: 1ms) was a joke.", filler="heard"),
    Ask("Fine.", "Fine.", step_back=True),
    Ask("Good night.", "Mind the cable.", filler="unheard"),
)


def moment(text: str) -> float:
    """Unix time of a local date and time, s."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()


def make(place: Path, folder: Path) -> list[str]:
    """Write log, journal and truth of the checkout at ``place``; returns lines that say what was made."""
    log, turns = Log(Source(place)), list[Turn]()
    timmy = Timmy(log, random.Random(SEED), turns)
    _evenings(timmy)
    folder.mkdir(parents=True, exist_ok=True)
    written = log.write(folder / "little_timmy.log")
    for turn in turns:
        turn["lines"] = numbers(log.lines, turn["n"])
    tools = journal.version()
    entries = journal.write(folder / "journal.json", written) if tools else 0
    head = {
        "system": "little-timmy-v2", "commit": log.source.commit(), "zone": ZONE, "first_date": "2026-11-23",
        "starts": [round(line.created, 3) for line in log.lines if line.text.startswith("=== Little Timmy starting")],
        "aggregates": [line.number for line in log.lines if line.role == "aggregate"],
        "lines": sum(text.count("\n") + 1 for line, text in written if line.template),
        "journal_entries": entries, "systemd": tools,
    }  # fmt: skip
    write_truth(folder / "truth.json", head, turns)
    return [
        f"little_timmy_v2 {head['commit']}",
        tools or "no journal: systemd-journal-remote is missing",
        f"{len(turns)} turns",
    ]


def _evenings(timmy: Timmy) -> None:
    timmy.start(moment("2026-11-23T23:49:11.2"))
    _talk(timmy, FIRST, before=("2026-11-23T23:59:57.9", 8))
    timmy.proactive("Somebody left the soldering iron on.")
    timmy.stop()
    timmy.start(moment("2026-11-24T23:53:02.7"))
    timmy.toggle("classifier_enabled", True)
    _talk(timmy, SECOND, before=("2026-11-24T23:59:57.9", 4))
    timmy.toggle("tts_muted", True)
    _talk(timmy, MUTED)
    timmy.toggle("tts_muted", False)
    timmy.stop()
    timmy.start(moment("2026-11-25T23:56:40.0"))
    _talk(timmy, THIRD, before=("2026-11-25T23:59:57.9", 7))
    timmy.quiet(30)


def _talk(timmy: Timmy, asks: tuple[Ask, ...], before: tuple[str, int] = ("", -1)) -> None:
    """One exchange after the other; number ``before[1]`` begins at the local time ``before[0]``."""
    when, which = before
    left = moment(when) - timmy.now if when else 0.0
    for number, ask in enumerate(asks):
        if number == which:
            timmy.quiet(moment(when) - timmy.now)
        elif ask.kind == "typed":
            timmy.quiet(1.0)
        elif number > which:
            timmy.quiet(timmy.rng.uniform(9, 22))
        else:
            timmy.quiet(max(3.0, (left / (which + 1) - 12) * timmy.rng.uniform(0.6, 1.0)))
        timmy.ask(ask)
