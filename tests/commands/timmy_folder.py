"""A Timmy with logs, files and an own state folder, for calls of commands."""

import time
from pathlib import Path

from msgspec import Struct

from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs

CONFIG = """\
USE_FULL_MEGA_PROMPT = True
NUM_RETRIEVED_CHUNKS = 5
MODEL_NAME = 'llama3.2:3b-instruct-q4_K_M'
PATTERN = '\\d'
OLLAMA_API_URL = 'http://127.0.0.1:9/api/generate'
TTS_API_URL = 'http://127.0.0.1:9/'
V34_PORT = 9
"""
APP = (
    "assert (llm, 'an assertion that Python warns of')\nllm.generate_api_call(p, context=c, raw=True, temperature=t)\n"
)


class TimmyFolder(Struct, frozen=True):
    """Where everything is."""

    base: Path

    @property
    def root(self) -> Path:
        return self.base / "timmy"

    @property
    def settings(self) -> Path:
        return self.base / "config/timmy_tui/settings.toml"

    @property
    def state(self) -> Path:
        return self.base / "state/timmy_tui"

    @property
    def environment(self) -> dict[str, str]:
        return {"XDG_STATE_HOME": str(self.base / "state"), "XDG_CONFIG_HOME": str(self.base / "config")}


def make_timmy(base: Path, turns: int = 24) -> TimmyFolder:
    """A Timmy below ``base``, with as many turns in its logs."""
    folder = TimmyFolder(base)
    plan = ConversationPlan(turns, start=time.time() - 3600)
    write_logs(folder.root, plan)
    (folder.root / "v34").mkdir(exist_ok=True)
    (folder.root / "v34/config.py").write_text(CONFIG)
    (folder.root / "v34/app.py").write_text(APP)
    folder.settings.parent.mkdir(parents=True)
    folder.settings.write_text("[services]\npanel = 'http://127.0.0.1:9'\nstt = 'http://127.0.0.1:9'\n")
    folder.settings.chmod(0o600)
    return folder
