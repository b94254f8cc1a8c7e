"""The screens on the golden log of another system: its stages, and no word of v34's."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.started import run_python

DATA = Path(__file__).parents[1] / "data/profiles"
LOGS = {
    "little-timmy-v2": ("little-timmy-v2/little_timmy.log", 37, "SENT"),
    "pipecat": ("pipecat/tail.jsonl", 33, "TTS"),
    "pipecat-log": ("pipecat/text/pipecat.log", 28, "TTS"),
    "livekit": ("livekit/session_report.json", 33, "ANSWER"),
    "home-assistant": ("home-assistant/runs.jsonl", 24, "AGENT"),
}
"""Profile → its golden log, its turns, a stage that it has."""
FOREIGN = ("v34", "Ollama", "tail mode", "the guide", "prefill", "num_ctx", "keep_alive", "is not a Python")


def screens(name: str, log: Path, sizes: Sequence[str]) -> tuple[int, Mapping[str, str]]:
    done = run_python(["-m", "tests.profiles.screens_of", name, str(log), *sizes], cwd=Path(__file__).parents[2])
    done.check_returncode()
    shown = json.loads(done.stdout)
    return shown["turns"], shown["screens"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", LOGS)
def test_every_screen_shows_its_stages_and_no_word_of_another_system(name: str) -> None:
    log, number, stage = LOGS[name]
    # A picture is a second: one system is drawn at every usual size.
    sizes = ("80x24", "120x30", "200x50") if name == "little-timmy-v2" else ("120x30",)
    turns, shown = screens(name, DATA / log, sizes)
    assert turns == number
    assert len(shown) == 6 * len(sizes) + (4 if len(sizes) > 1 else 0)
    for screen, text in shown.items():
        assert [word for word in FOREIGN if word in text] == [], screen
        assert "Traceback" not in text
    assert stage in shown["live 120x30"]
    assert " p50" in shown["trends 120x30"]
    assert str(number) in shown["turns 120x30"]
