"""Makes the golden logs anew: ``python -m tests.data.make``. See README.md.

The ids of the turns stay those that the tests name; everything else comes from the generator of the demo.
"""

import json
from pathlib import Path

from timmy_tui.demo.generated.conversation import ConversationPlan, GeneratedLogs, generate_logs
from timmy_tui.demo.scenarios import Incident

DATA = Path(__file__).parent
BEFORE = ("21636369", "28ce6f24", "ac0ae4e2", "e79a27e6", "c4cf8b96", "686e80a9", "f90ee1f2")
AFTER = ("ead6b3cb", "c98c9e51", "99c90e88", "a4560002", "ed6897d8", "2bfc7ffd", "3f8de0e1")
SESSIONS = ("3ceb3ffd-0000-4000-8000-8b5297b75092", "775c303c-0000-4000-8000-ade55a58b185")
LINES = (
    "Do you remember the names of the two new cats?",
    "What's the time?",
    "Tell me a joke about solenoids [not markup]",
    "Can you hear me, buddy?",
    "I want to talk about your memory.",
)
PLAN = ConversationPlan(
    turns=14,
    seed=417,
    pauses_s=(3.0, 9.0),
    typed_every=0,
    session_turns=7,
    lines=LINES,
    faults={
        5: Incident("llm 500"),
        13: Incident("slow", "store", 2.0),
        14: Incident("slow", "store", 1.0),
    },
    flips=True,
)
TYPED = ConversationPlan(turns=9, seed=3, pauses_s=(2.0, 5.0), typed_every=2, session_turns=3, lines=LINES)
"""Spoken and typed turns across two restarts."""


def main() -> None:
    """Write both pairs of logs."""
    logs = generate_logs(PLAN)
    turns = [entry for entry in logs.ground_truth if entry["what"] == "turn"]
    names = {turn["request_id"]: name for turn, name in zip(turns, (*BEFORE, *AFTER), strict=True)}
    sessions = dict.fromkeys(turn["session_id"] for turn in turns)
    names.update(zip(sessions, SESSIONS, strict=True))
    write(DATA, logs, names)
    write(DATA / "typed", generate_logs(TYPED), {})


def write(folder: Path, logs: GeneratedLogs, names: dict[str, str]) -> None:
    """Write one pair; ``names``: new names of ids."""
    folder.mkdir(exist_ok=True)
    for name, lines in (("latency.log", logs.latency), ("v34.log", logs.v34)):
        text = "".join(line + "\n" for line in lines)
        for old, new in names.items():
            text = text.replace(old, new)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    for line in (folder / "latency.log").read_text().splitlines():
        json.loads(line)


if __name__ == "__main__":
    main()
