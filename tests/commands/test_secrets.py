"""The database password and a URL's user are in v34's config; they are in nothing that the program says or keeps."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from timmy_tui.demo.generated.conversation import ConversationPlan, write_logs

pytestmark = pytest.mark.timeout(240)  # Every command as a process of its own, 0.7 s each; on a busy machine more.
CANARY = "canary-7f3a-never-show-this"
COMMANDS = (
    ("report",),
    ("report", "--json"),
    ("report", "--csv"),
    ("report", "--sessions"),
    ("criteria",),
    ("criteria", "--json"),
    ("status",),
    ("doctor",),
    ("doctor", "--json"),
    ("flags",),
    ("flags", "--json"),
    ("journal",),
    ("restore-points", "create", "one"),
    ("restore-points", "list"),
    ("restore-points", "show", "one"),
    ("flip", "retrieved-chunks", "4", "--yes"),
    ("flip", "tail-mode", "perhaps", "--yes"),
    ("journal", "--json"),
    ("undo", "--yes"),
    ("probe", "--yes"),
    ("warm", "--yes"),
    ("regressions", "--json"),
    ("compare", "turns:1-10", "turns:11-20"),
    ("history",),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "timmy"
    write_logs(root, ConversationPlan(24))
    (root / "v34").mkdir(exist_ok=True)
    (root / "v34/config.py").write_text(
        "USE_FULL_MEGA_PROMPT = True\nNUM_RETRIEVED_CHUNKS = 5\nMODEL_NAME = 'llama3.2:3b-instruct-q4_K_M'\n"
        f"DB_CONFIG = {{'password': '{CANARY}'}}\n"
        f"OLLAMA_API_URL = 'http://user:{CANARY}@127.0.0.1:9/api/generate'\n"
        f"TTS_API_URL = 'http://user:{CANARY}@127.0.0.1:9/'\nV34_PORT = 9\n"
    )
    (root / "v34/app.py").write_text("llm.generate_api_call(p, context=c, raw=True, temperature=t)\n")
    return root


def test_no_command_says_or_keeps_a_secret(root: Path, tmp_path: Path) -> None:
    """Each by an interpreter of its own, with nothing loaded beforehand: as a user starts it."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "timmy_tui", *command, "--root", str(root)],
            capture_output=True, text=True, timeout=50, env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, (command, done.stderr)
        assert done.returncode in (0, 1, 3, 4), (command, done.returncode, done.stderr)
        assert CANARY not in done.stdout + done.stderr, command
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert any(path.name == "journal.jsonl" for path in kept)
    for path in kept:
        if CANARY.encode() in path.read_bytes():
            # the exact old bytes of a changed file, private, outside the repository
            assert "backups" in path.parts or "blobs" in path.parts, path
            assert path.stat().st_mode & 0o077 == 0
